/*
 * vectors.h: reads what tools/make-vectors.py wrote, for the unit tests.
 *
 *   struct vectors *v = vectors_open("tests/vectors/mono"); (or vectors_open_part(dir, "ref-encode"))
 *   const float *want = vectors_floats(v, "t5.out", &n);
 *   const int32_t *ids = vectors_ints(v, "t5.ids", &n);
 *   const struct json *facts = vectors_facts(v);
 *   vectors_near("mono", "t5.out", got, want, n, 1e-4);
 *   vectors_close(v);
 *
 * A reader of its own, not engine/weights: the references must not pass through the code that they test.
 * Whatever is wrong with these files ends the test ("Bail out!"): they are ours. Pointers are borrowed until close.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "base/json.h"
#include "tap.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VECTORS_BYTES_MAX (64u * 1024 * 1024)

struct vectors {
	char *bytes;              /* the file of tensors as it is, from its 8 bytes of length on */
	size_t n_bytes, header_len;
	struct json_doc *header, *facts;
	void **taken;             /* aligned copies handed out */
	size_t n_taken;
};

#define VECTORS_BAIL(...) (printf("Bail out! " __VA_ARGS__), putchar('\n'), exit(1))

static inline char *vectors_slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *ret = NULL;
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || (size_t)size > VECTORS_BYTES_MAX)
		VECTORS_BAIL("cannot read %s; run from the root of the sources", path);
	rewind(f);
	ret = malloc((size_t)size + 1);
	if (!ret || fread(ret, 1, (size_t)size, f) != (size_t)size)
		VECTORS_BAIL("cannot read all of %s", path);
	fclose(f);
	ret[size] = '\0';
	*n = (size_t)size;
	return ret;
}

static inline struct json_doc *vectors_parse(const char *text, size_t len, const char *what)
{
	struct json_doc *doc;
	struct err err = { 0 };

	if (json_parse(&doc, text, len, VECTORS_BYTES_MAX, what, ERR_MODEL, &err))
		VECTORS_BAIL("%s is no JSON", what);
	return doc;
}

/* part: "ref", "ref-continue", "ref-encode": PART.safetensors and PART.json of the folder. */
static inline struct vectors *vectors_open_part(const char *dir, const char *part)
{
	struct vectors *v = calloc(1, sizeof(*v));
	uint64_t header_len = 0;
	char path[512], *facts;
	size_t n;

	if (!v)
		VECTORS_BAIL("no memory");
	snprintf(path, sizeof(path), "%s/%s.safetensors", dir, part);
	v->bytes = vectors_slurp(path, &v->n_bytes);
	for (int i = 7; i >= 0 && v->n_bytes >= 8; i--)
		header_len = header_len << 8 | (unsigned char)v->bytes[i];
	if (v->n_bytes < 8 || header_len > v->n_bytes - 8)
		VECTORS_BAIL("%s is cut", path);
	v->header_len = (size_t)header_len;
	v->header = vectors_parse(v->bytes + 8, v->header_len, path);
	snprintf(path, sizeof(path), "%s/%s.json", dir, part);
	facts = vectors_slurp(path, &n);
	v->facts = vectors_parse(facts, n, path);
	free(facts);
	return v;
}

static inline struct vectors *vectors_open(const char *dir)
{
	return vectors_open_part(dir, "ref");
}

static inline void vectors_close(struct vectors *v)
{
	for (size_t i = 0; i < v->n_taken; i++)
		free(v->taken[i]);
	free(v->taken);
	json_free(v->header);
	json_free(v->facts);
	free(v->bytes);
	free(v);
}

static inline const struct json *vectors_facts(const struct vectors *v)
{
	return json_root(v->facts);
}

static inline int vectors_has(const struct vectors *v, const char *name)
{
	return json_member(json_root(v->header), name) != NULL;
}

/* The i-th dimension of a tensor, 0 past the last. */
static inline int vectors_dim(const struct vectors *v, const char *name, int i)
{
	const struct json *d = json_first(json_member(json_member(json_root(v->header), name), "shape"));

	while (d && i-- > 0)
		d = json_next(d);
	return (int)json_number(d, 0);
}

static inline const void *vectors_values(struct vectors *v, const char *name, const char *dtype, size_t *n)
{
	const struct json *t = json_member(json_root(v->header), name);
	const struct json *at = json_first(json_member(t, "data_offsets"));
	size_t begin = (size_t)json_number(at, 0), end = (size_t)json_number(json_next(at), 0);
	void *copy;

	if (!t || strcmp(json_string(json_member(t, "dtype"), ""), dtype) || end <= begin ||
	    end > v->n_bytes - 8 - v->header_len)
		VECTORS_BAIL("the reference has no %s of %s", name, dtype);
	copy = malloc(end - begin);
	v->taken = realloc(v->taken, (v->n_taken + 1) * sizeof(*v->taken));
	if (!copy || !v->taken)
		VECTORS_BAIL("no memory");
	memcpy(copy, v->bytes + 8 + v->header_len + begin, end - begin);
	v->taken[v->n_taken++] = copy;
	*n = (end - begin) / 4; /* F32 and I32 */
	return copy;
}

static inline const float *vectors_floats(struct vectors *v, const char *name, size_t *n)
{
	return vectors_values(v, name, "F32", n);
}

static inline const int32_t *vectors_ints(struct vectors *v, const char *name, size_t *n)
{
	return vectors_values(v, name, "I32", n);
}

/* One check: |got - want| <= tolerance (1 + |want|) for all n. Says the largest difference. */
static inline void vectors_near(const char *fixture, const char *stage, const float *got, const float *want, size_t n,
				double tolerance)
{
	double largest = 0, worst = 0;

	for (size_t i = 0; i < n; i++) {
		double d = fabs((double)got[i] - (double)want[i]);
		double part = d / (1 + fabs((double)want[i]));

		if (!(d <= largest)) /* a NaN stays */
			largest = d;
		if (!(part <= worst))
			worst = part;
	}
	OK(n > 0 && worst <= tolerance, "%s: %s", fixture, stage);
	printf("# %s %s max |d| %.2g of %zu values (allowed %g)\n", fixture, stage, largest, n, tolerance);
}

/* Logits of n_rows rows of n_k codebooks with n_v codes: got is [row][k][V], the reference [k][row][V]. They are near, and the largest
 * of each is the same one. */
static inline void vectors_near_logits(struct vectors *v, const char *fixture, const char *stage, const float *got, size_t n_rows, size_t n_k,
				       size_t n_v)
{
	size_t n, n_agree = 0;
	const float *want = vectors_floats(v, stage, &n);
	float *turned = malloc(n * sizeof(*turned));

	for (size_t row = 0; row < n_rows * n_k && n == n_rows * n_k * n_v; row++) {
		const float *from = got + (row % n_rows * n_k + row / n_rows) * n_v, *w = want + row * n_v;
		size_t best = 0, best_want = 0;

		memcpy(turned + row * n_v, from, n_v * sizeof(*from));
		for (size_t i = 1; i < n_v; i++) {
			best = from[i] > from[best] ? i : best;
			best_want = w[i] > w[best_want] ? i : best_want;
		}
		n_agree += best == best_want;
	}
	vectors_near(fixture, stage, turned, want, n, 1e-4);
	OK(n_agree == n_k * n_rows, "%s: %s has its largest value at the same code in all %zu rows", fixture, stage, n_agree);
	free(turned);
}

/* [rows, cols] of a reference as [cols, rows]: PyTorch's convolutions have time last. Borrowed until close. */
static inline const float *vectors_floats_transposed(struct vectors *v, const char *name, size_t *n)
{
	const float *in = vectors_floats(v, name, n);
	size_t rows = (size_t)vectors_dim(v, name, 0), cols = (size_t)vectors_dim(v, name, 1);
	float *copy = malloc(*n * sizeof(*copy));

	v->taken = realloc(v->taken, (v->n_taken + 1) * sizeof(*v->taken));
	if (!copy || !v->taken || rows * cols != *n)
		VECTORS_BAIL("%s has not two dimensions", name);
	for (size_t i = 0; i < *n; i++)
		copy[i % cols * rows + i / cols] = in[i];
	v->taken[v->n_taken++] = copy;
	return copy;
}

#endif
