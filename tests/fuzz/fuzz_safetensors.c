/*
 * fuzz_safetensors: any bytes as the tensors of a checkpoint; what begins with a brace is the index of two shards that
 * are in order. Every tensor that is handed out is found by its name, and all its bytes are read.
 */
#include "base/mem.h"
#include "engine/weights.h"
#include "folder.h"

#include <stdint.h>

#define INDEX "model.safetensors.index.json"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One tensor of two values each. */
static void put_shard(const char *name, const char *tensor)
{
	char file[256] = { 0 };
	int n = snprintf(file + 8, sizeof file - 8, "{\"%s\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", tensor);

	file[0] = (char)n; /* a length below 128, little-endian */
	fuzz_put(name, file, 8 + (size_t)n + 8);
}

static void use_tensor(const struct weights *w, const struct tensor *t, unsigned *sum)
{
	const unsigned char *bytes = t->data;
	struct err err = ERR_INIT;
	struct matrix m;
	float *values;

	if (!t->data || !t->dtype[0] || t->n_dims > WEIGHTS_DIMS_MAX || weights_find(w, t->name) != t)
		abort();
	for (size_t i = 0; i < t->n_bytes; i++)
		*sum += bytes[i];
	if (!t->is_float)
		return;
	values = mem_zalloc(t->n_values + 1, sizeof *values);
	if (weights_copy_f32(t, values, &err) == 0)
		*sum += values[t->n_values] != 0; /* one past the last is ours */
	if (values[t->n_values] != 0)
		abort();
	free(values);
	if (weights_matrix(w, t->name, -1, -1, &m, &err) == 0 && (size_t)m.n_rows * (size_t)m.n_cols != t->n_values)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weights *w = NULL;
	struct err err = ERR_INIT;
	uint64_t total = 0;
	unsigned sum = 0;

	if (!fuzz_dir[0]) {
		put_shard("a", "first");
		put_shard("b", "second");
	}
	fuzz_drop(INDEX);
	fuzz_put(size && data[0] == '{' ? INDEX : "model.safetensors", data, size);
	if (weights_open(&w, fuzz_folder(), &err))
		return 0;
	for (size_t i = 0; i < weights_count(w); i++) {
		use_tensor(w, weights_get(w, i), &sum);
		total += weights_get(w, i)->n_bytes;
	}
	if (total != weights_total_bytes(w))
		abort();
	weights_close(w);
	return 0;
}
