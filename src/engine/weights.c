#include "engine/weights.h"

#include "base/arena.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/strbuf.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/*
 * A file: u64 length of the header, little-endian; the header, JSON: name -> {dtype, shape, data_offsets}; the data.
 * Offsets count from the first byte after the header.
 */
#define HEADER_MAX 100000000u      /* the safetensors library's own limit */
#define INDEX_MAX (64u << 20)      /* of model.safetensors.index.json; large checkpoints have about 1e5 bytes */
#define TENSORS_MAX 100000
#define SHARDS_MAX 1000
#define JSON_INT_MAX 9007199254740992.0 /* 2^53: beyond, doubles skip integers */

struct shard {
	char *name; /* file name */
	struct fs_map map;
	const unsigned char *data; /* after the header */
	size_t n_bytes;
};

struct weights {
	struct arena arena; /* tensors' names and dtypes */
	struct shard *shards;
	size_t n_shards, shards_cap;
	struct tensor *tensors;
	size_t n_tensors, tensors_cap;
	const struct tensor **by_name; /* sorted */
	uint64_t total_bytes;
};

struct dtype {
	const char *name;
	size_t size;
	bool is_float;
	enum weight_type type;
};

static const struct dtype dtypes[] = {
	{ "F32", 4, true, WEIGHT_F32 },	 { "F16", 2, true, WEIGHT_F16 },  { "BF16", 2, true, WEIGHT_BF16 },
	{ "F64", 8, false, WEIGHT_F32 }, { "I64", 8, false, WEIGHT_F32 }, { "U64", 8, false, WEIGHT_F32 },
	{ "I32", 4, false, WEIGHT_F32 }, { "U32", 4, false, WEIGHT_F32 }, { "I16", 2, false, WEIGHT_F32 },
	{ "U16", 2, false, WEIGHT_F32 }, { "I8", 1, false, WEIGHT_F32 },  { "U8", 1, false, WEIGHT_F32 },
	{ "BOOL", 1, false, WEIGHT_F32 },
};

static const struct dtype *find_dtype(const char *name)
{
	for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
		if (!strcmp(dtypes[i].name, name))
			return &dtypes[i];
	return NULL;
}

/* ---- one tensor's entry in a header ------------------------------------------------------------------- */

static int read_whole(const struct json *n, uint64_t *ret)
{
	double v = json_number(n, -1);

	if (!json_is_number(n) || !(v >= 0 && v <= JSON_INT_MAX) || v != floor(v))
		return -1;
	*ret = (uint64_t)v;
	return 0;
}

static int read_shape(struct tensor *t, const struct json *entry, struct err *err)
{
	const struct json *shape = json_member(entry, "shape");
	size_t n = 1;

	if (!json_is_array(shape))
		return err_set(err, ERR_MODEL, "it has no array 'shape'");
	if (json_count(shape) > WEIGHTS_DIMS_MAX)
		return err_set(err, ERR_MODEL, "it has %zu dimensions, at most %d are expected", json_count(shape), WEIGHTS_DIMS_MAX);
	for (const struct json *d = json_first(shape); d; d = json_next(d)) {
		uint64_t dim;

		if (read_whole(d, &dim))
			return err_set(err, ERR_MODEL, "dimension %d of its shape is no whole number of 0 to 2^53", t->n_dims + 1);
		t->dims[t->n_dims++] = (int64_t)dim;
		if (!mem_mul(n, (size_t)dim, &n))
			return err_set(err, ERR_MODEL, "its shape has more values than this machine can count");
	}
	t->n_values = n;
	return 0;
}

static int read_range(struct tensor *t, const struct json *entry, const struct shard *shard, struct err *err)
{
	const struct json *offsets = json_member(entry, "data_offsets"), *first = json_first(offsets);
	uint64_t begin, end;

	if (!json_is_array(offsets) || json_count(offsets) != 2 || read_whole(first, &begin) || read_whole(json_next(first), &end))
		return err_set(err, ERR_MODEL, "its 'data_offsets' are not two whole numbers");
	if (begin > end || end > shard->n_bytes)
		return err_set(err, ERR_MODEL,
			       "its data lies at %" PRIu64 " to %" PRIu64 ", but the file has %zu bytes of data; is the download complete?",
			       begin, end, shard->n_bytes);
	t->data = shard->data + begin;
	t->n_bytes = (size_t)(end - begin);
	return 0;
}

static int read_entry(struct tensor *t, const struct json *entry, const struct shard *shard, struct err *err)
{
	const char *name = json_string(json_member(entry, "dtype"), NULL);
	const struct dtype *dtype;
	size_t want;

	if (!name)
		return err_set(err, ERR_MODEL, "it has no text 'dtype'");
	t->dtype = name;
	if (read_shape(t, entry, err) || read_range(t, entry, shard, err))
		return -1;
	dtype = find_dtype(name);
	if (!dtype)
		return 0; /* a type of tomorrow: kept, of no use, of unknown size */
	t->is_float = dtype->is_float;
	t->type = dtype->type;
	if (!mem_mul(t->n_values, dtype->size, &want) || want != t->n_bytes)
		return err_set(err, ERR_MODEL, "it has %zu bytes of data, but %zu values of %s need %zu each", t->n_bytes, t->n_values,
			       name, dtype->size);
	return 0;
}

/* ---- one file ------------------------------------------------------------------------------------------- */

static int add_tensor(struct weights *w, const struct json *entry, size_t i_shard, struct err *err)
{
	const struct shard *shard = &w->shards[i_shard];
	struct tensor t = { 0 };

	if (w->n_tensors == TENSORS_MAX)
		return err_set(err, ERR_MODEL, "'%s': more than %d tensors", shard->name, TENSORS_MAX);
	if (read_entry(&t, entry, shard, err))
		return err_wrap(err, "'%s': tensor '%s'", shard->name, json_name(entry));
	t.name = arena_strdup(&w->arena, json_name(entry));
	t.dtype = arena_strdup(&w->arena, t.dtype);
	t.file = shard->name;
	MEM_GROW(w->tensors, w->n_tensors, w->tensors_cap);
	w->tensors[w->n_tensors++] = t;
	w->total_bytes += t.n_bytes;
	return 0;
}

static int compare_places(const void *a, const void *b)
{
	const struct tensor *x = *(const struct tensor *const *)a, *y = *(const struct tensor *const *)b;
	uintptr_t p = (uintptr_t)x->data, q = (uintptr_t)y->data;

	if (p != q)
		return p < q ? -1 : 1;
	return (x->n_bytes > y->n_bytes) - (x->n_bytes < y->n_bytes); /* empty ones first */
}

/* Tensors first.. of one file may not share bytes. */
static int check_overlaps(const struct weights *w, size_t first, struct err *err)
{
	size_t n = w->n_tensors - first;
	const struct tensor **sorted = mem_zalloc(n + 1, sizeof *sorted);
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		sorted[i] = &w->tensors[first + i];
	qsort(sorted, n, sizeof *sorted, compare_places);
	for (size_t i = 1; i < n && !rc; i++) {
		const struct tensor *a = sorted[i - 1], *b = sorted[i];

		if ((uintptr_t)b->data - (uintptr_t)a->data < a->n_bytes)
			rc = err_set(err, ERR_MODEL, "'%s': the data of tensors '%s' and '%s' overlap", a->file, a->name, b->name);
	}
	free(sorted);
	return rc;
}

static int read_header(struct weights *w, size_t i_shard, struct err *err)
{
	struct shard *shard = &w->shards[i_shard];
	const unsigned char *bytes = shard->map.bytes;
	size_t first = w->n_tensors;
	struct json_doc *doc = NULL;
	uint64_t len = 0;
	int rc = -1;

	if (shard->map.len < 8)
		return err_set(err, ERR_MODEL, "'%s' has %zu bytes: no safetensors file; is the download complete?", shard->name,
			       shard->map.len);
	for (int i = 7; i >= 0; i--)
		len = len << 8 | bytes[i];
	if (len > HEADER_MAX || len > shard->map.len - 8)
		return err_set(err, ERR_MODEL, "'%s' says that its header has %" PRIu64 " bytes; the file has %zu, and %u are the most allowed: "
			       "is the download complete?", shard->name, len, shard->map.len, HEADER_MAX);
	shard->data = bytes + 8 + len;
	shard->n_bytes = shard->map.len - 8 - (size_t)len;
	if (json_parse(&doc, (const char *)bytes + 8, (size_t)len, HEADER_MAX, shard->name, ERR_MODEL, err))
		return -1;
	if (!json_is_object(json_root(doc))) {
		err_set(err, ERR_MODEL, "'%s': its header is no JSON object", shard->name);
		goto out;
	}
	for (const struct json *n = json_first(json_root(doc)); n; n = json_next(n))
		if (strcmp(json_name(n), "__metadata__") && add_tensor(w, n, i_shard, err))
			goto out;
	rc = check_overlaps(w, first, err);
out:
	json_free(doc);
	return rc;
}

static int open_shard(struct weights *w, const char *dir, const char *name, struct err *err)
{
	char *path = fs_join(dir, name);
	struct shard *shard;
	int rc;

	MEM_GROW(w->shards, w->n_shards, w->shards_cap);
	shard = &w->shards[w->n_shards];
	*shard = (struct shard){ .name = arena_strdup(&w->arena, name) };
	rc = fs_map_open(&shard->map, path, err);
	free(path);
	if (rc)
		return -1;
	w->n_shards++;
	return read_header(w, w->n_shards - 1, err);
}

/* ---- the folder ------------------------------------------------------------------------------------------ */

static bool have_shard(const struct weights *w, const char *name)
{
	for (size_t i = 0; i < w->n_shards; i++)
		if (!strcmp(w->shards[i].name, name))
			return true;
	return false;
}

static int open_mapped_shards(struct weights *w, const char *dir, const char *index, const struct json *map, struct err *err)
{
	if (!json_is_object(map) || json_count(map) > TENSORS_MAX)
		return err_set(err, ERR_MODEL, "'%s': no object 'weight_map' of at most %d names", index, TENSORS_MAX);
	for (const struct json *n = json_first(map); n; n = json_next(n)) {
		const char *file = json_string(n, NULL);

		if (!file || !*file || strchr(file, '/') || !strcmp(file, "..") || !strcmp(file, "."))
			return err_set(err, ERR_MODEL, "'%s': tensor '%s' is said to lie in '%s'; expected a file name beside the index", index,
				       json_name(n), file ? file : "(no text)");
		if (have_shard(w, file))
			continue;
		if (w->n_shards == SHARDS_MAX)
			return err_set(err, ERR_MODEL, "'%s' names more than %d files", index, SHARDS_MAX);
		if (open_shard(w, dir, file, err))
			return -1;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(const struct tensor *const *)a)->name, (*(const struct tensor *const *)b)->name);
}

static int sort_names(struct weights *w, struct err *err)
{
	w->by_name = mem_zalloc(w->n_tensors + 1, sizeof *w->by_name);
	for (size_t i = 0; i < w->n_tensors; i++)
		w->by_name[i] = &w->tensors[i];
	qsort(w->by_name, w->n_tensors, sizeof *w->by_name, compare_names);
	for (size_t i = 1; i < w->n_tensors; i++)
		if (!compare_names(&w->by_name[i - 1], &w->by_name[i]))
			return err_set(err, ERR_MODEL, "tensor '%s' is there twice, in '%s' and '%s'", w->by_name[i]->name,
				       w->by_name[i - 1]->file, w->by_name[i]->file);
	return 0;
}

/* Every name of the index is in the file that the index says. */
static int check_index(const struct weights *w, const char *index, const struct json *map, struct err *err)
{
	for (const struct json *n = json_first(map); n; n = json_next(n)) {
		const struct tensor *t = weights_find(w, json_name(n));

		if (!t || strcmp(t->file, json_string(n, "")))
			return err_set(err, ERR_MODEL, "'%s' says that tensor '%s' lies in '%s', where it is not", index, json_name(n),
				       json_string(n, ""));
	}
	return 0;
}

static int open_by_index(struct weights *w, const char *dir, const char *index, struct err *err)
{
	struct strbuf text = STRBUF_INIT(INDEX_MAX);
	struct json_doc *doc = NULL;
	const struct json *map;
	int rc = -1;

	if (fs_read(index, &text, err) || json_parse(&doc, text.buf, text.len, INDEX_MAX, index, ERR_MODEL, err))
		goto out;
	map = json_member(json_root(doc), "weight_map");
	if (open_mapped_shards(w, dir, index, map, err) || sort_names(w, err) || check_index(w, index, map, err))
		goto out;
	rc = 0;
out:
	json_free(doc);
	strbuf_release(&text);
	return rc;
}

int weights_open(struct weights **ret, const char *dir, struct err *err)
{
	struct weights *w = mem_zalloc(1, sizeof *w);
	char *index = fs_join(dir, "model.safetensors.index.json"), *single = fs_join(dir, "model.safetensors");
	int rc;

	if (fs_exists(index))
		rc = open_by_index(w, dir, index, err);
	else if (fs_exists(single))
		rc = open_shard(w, dir, "model.safetensors", err) || sort_names(w, err) ? -1 : 0;
	else
		rc = err_set(err, ERR_MODEL, "'%s' holds neither model.safetensors nor model.safetensors.index.json; expected a Hugging Face checkpoint folder",
			     dir);
	free(index);
	free(single);
	if (rc) {
		weights_close(w);
		return err_wrap(err, "checkpoint '%s'", dir);
	}
	*ret = w;
	return 0;
}

void weights_close(struct weights *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_shards; i++)
		fs_map_close(&w->shards[i].map);
	free(w->shards);
	free(w->tensors);
	free(w->by_name);
	arena_release(&w->arena);
	free(w);
}

/* ---- what the engine asks for ---------------------------------------------------------------------------- */

static int compare_name_key(const void *key, const void *item)
{
	return strcmp(key, (*(const struct tensor *const *)item)->name);
}

const struct tensor *weights_find(const struct weights *w, const char *name)
{
	const struct tensor **hit = bsearch(name, w->by_name, w->n_tensors, sizeof *w->by_name, compare_name_key);

	return hit ? *hit : NULL;
}

/* "[4096, 1024]"; -1 prints as "any". */
static void shape_text(char *buf, size_t size, int n_dims, const int64_t *dims)
{
	struct strbuf sb = STRBUF_INIT(size - 1);

	strbuf_addc(&sb, '[');
	for (int i = 0; i < n_dims; i++)
		if (dims[i] < 0)
			strbuf_addf(&sb, "%sany", i ? ", " : "");
		else
			strbuf_addf(&sb, "%s%" PRId64, i ? ", " : "", dims[i]);
	strbuf_addc(&sb, ']');
	memcpy(buf, sb.buf, sb.len + 1);
	strbuf_release(&sb);
}

static bool shape_fits(const struct tensor *t, int n_dims, const int64_t *dims)
{
	if (t->n_dims != n_dims)
		return false;
	for (int i = 0; i < n_dims; i++)
		if (dims[i] >= 0 && dims[i] != t->dims[i])
			return false;
	return true;
}

static int check_float(const struct tensor *t, struct err *err)
{
	if (t->is_float)
		return 0;
	return err_set(err, ERR_MODEL, "'%s': tensor '%s' has the type %s; expected F32, F16 or BF16", t->file, t->name, t->dtype);
}

int weights_need(const struct weights *w, const char *name, int n_dims, const int64_t *dims, const struct tensor **ret, struct err *err)
{
	const struct tensor *t = weights_find(w, name);
	char want[256], found[256];

	shape_text(want, sizeof want, n_dims, dims);
	if (!t)
		return err_set(err, ERR_MODEL, "tensor '%s' %s is not in %s%s", name, want, w->n_shards > 1 ? "any of the files of " : "",
			       w->n_shards > 1 ? "model.safetensors.index.json" : "model.safetensors");
	if (!shape_fits(t, n_dims, dims)) {
		shape_text(found, sizeof found, t->n_dims, t->dims);
		return err_set(err, ERR_MODEL, "'%s': tensor '%s' has the shape %s; expected %s", t->file, name, found, want);
	}
	if (check_float(t, err))
		return -1;
	*ret = t;
	return 0;
}

int weights_matrix(const struct weights *w, const char *name, int rows, int cols, struct matrix *ret, struct err *err)
{
	const struct tensor *t;

	if (weights_need(w, name, WEIGHTS_DIMS(rows, cols), &t, err))
		return -1;
	if (t->dims[0] > INT32_MAX || t->dims[1] > INT32_MAX) /* -1 accepts any: the type of n_rows does not */
		return err_set(err, ERR_MODEL, "'%s': tensor '%s' has %" PRId64 " x %" PRId64 " values: too many", t->file, name, t->dims[0],
			       t->dims[1]);
	*ret = (struct matrix){ .data = t->data, .type = t->type, .n_rows = (int)t->dims[0], .n_cols = (int)t->dims[1] };
	return 0;
}

static float read_value(const struct tensor *t, size_t i)
{
	const unsigned char *p = t->data;
	unsigned short half;
	float f;

	if (t->type == WEIGHT_F32) {
		memcpy(&f, p + 4 * i, sizeof f);
		return f;
	}
	memcpy(&half, p + 2 * i, sizeof half);
	return t->type == WEIGHT_F16 ? kernels_f16_to_f32(half) : kernels_bf16_to_f32(half);
}

int weights_copy_f32(const struct tensor *t, float *out, struct err *err)
{
	if (check_float(t, err))
		return -1;
	for (size_t i = 0; i < t->n_values; i++)
		out[i] = read_value(t, i);
	return weights_check_finite(t, err);
}

int weights_vector_f32(const struct weights *w, const char *name, size_t n, float *out, struct err *err)
{
	const struct tensor *t = weights_find(w, name);
	char found[256];

	if (!t)
		return err_set(err, ERR_MODEL, "tensor '%s' of %zu values is not in the files", name, n);
	if (t->n_values != n) {
		shape_text(found, sizeof found, t->n_dims, t->dims);
		return err_set(err, ERR_MODEL, "'%s': tensor '%s' has the shape %s, %zu values; expected %zu", t->file, name, found,
			       t->n_values, n);
	}
	return weights_copy_f32(t, out, err);
}

uint64_t weights_total_bytes(const struct weights *w)
{
	return w->total_bytes;
}

size_t weights_count(const struct weights *w)
{
	return w->n_tensors;
}

const struct tensor *weights_get(const struct weights *w, size_t i)
{
	return &w->tensors[i];
}
