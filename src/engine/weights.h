/*
 * engine/weights: the tensors of a checkpoint folder, mapped read-only and used where they lie.
 *
 *   struct weights *w;
 *   weights_open(&w, dir, err)            model.safetensors.index.json if there, else model.safetensors
 *   weights_find / weights_need           any tensor by its name in the file
 *   weights_matrix(w, "...fc1.weight", 4096, 1024, &m, err)
 *   weights_vector_f32(w, "...norm.bias", n, mine, err)
 *   weights_close(w)
 *
 * Everything in a file is distrusted: header length, depth, names, dtypes, ranks, sizes and offsets are checked
 * against the file and each other before a byte of data is used. Every error is ERR_MODEL (ERR_IO when a file
 * cannot be read) and names the file and the tensor, what was found and what was expected.
 *
 * What find, need and matrix hand out is borrowed and lives until weights_close. Data may lie at odd addresses
 * (kernels.h allows it). After weights_open nothing changes: any number of threads may read.
 */
#ifndef ENGINE_WEIGHTS_H
#define ENGINE_WEIGHTS_H

#include "base/err.h"
#include "engine/kernels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIGHTS_DIMS_MAX 8

struct weights;

struct tensor {
	const char *name;
	const char *dtype;     /* as the file spells it: "F32", "BF16", "I64", ... */
	const char *file;      /* the shard's file name, for messages */
	bool is_float;         /* F32, F16 or BF16: type is valid; others are kept but no weight */
	enum weight_type type;
	int n_dims;            /* 0 (one number) .. WEIGHTS_DIMS_MAX */
	int64_t dims[WEIGHTS_DIMS_MAX];
	const void *data;      /* row-major, little-endian, perhaps unaligned; never NULL */
	size_t n_bytes;
	size_t n_values;       /* product of dims */
};

/* dir: the folder of the checkpoint. *ret is untouched on failure. */
int weights_open(struct weights **ret, const char *dir, struct err *err) WARN_UNUSED;
void weights_close(struct weights *w); /* NULL is fine */

const struct tensor *weights_find(const struct weights *w, const char *name); /* NULL when missing */

/* The float tensor of this name and shape; a dimension of -1 accepts any.
 *   weights_need(w, "conv.weight", WEIGHTS_DIMS(64, -1, 7), &t, err) */
#define WEIGHTS_DIMS(...) ((int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))), ((const int64_t[]){ __VA_ARGS__ })
int weights_need(const struct weights *w, const char *name, int n_dims, const int64_t *dims, const struct tensor **ret,
		 struct err *err) WARN_UNUSED;

/* A 2-D float tensor [rows, cols] in place, as the kernels take it. -1 accepts any. */
int weights_matrix(const struct weights *w, const char *name, int rows, int cols, struct matrix *ret, struct err *err) WARN_UNUSED;

/* Copies a float tensor of exactly n values, whatever its shape, into out as f32 (F16 and BF16 widened exactly).
 * A value that is not finite is an error that names the tensor. For small tensors: it reads every value. */
int weights_vector_f32(const struct weights *w, const char *name, size_t n, float *out, struct err *err) WARN_UNUSED;

/* The same of a tensor that is in hand already. out: t->n_values floats. */
int weights_copy_f32(const struct tensor *t, float *out, struct err *err) WARN_UNUSED;

/* Reads all of a float tensor: is each of its values finite? The sentence says where the first is that is not. Others have none to look at. */
int weights_check_finite(const struct tensor *t, struct err *err) WARN_UNUSED;

/* Bytes of tensor data in all shards; number of tensors; the i-th in the order of the files. */
uint64_t weights_total_bytes(const struct weights *w);
size_t weights_count(const struct weights *w);
const struct tensor *weights_get(const struct weights *w, size_t i);

#endif
