/* Safetensors folders written here, good and damaged: what is found, what is refused, and what the sentence says. */
#include "tap.h"

#include "base/fs.h"
#include "base/mem.h"
#include "engine/weights.h"

#include <unistd.h>

#define N_OF(a) (sizeof(a) / sizeof(a)[0])

static char dir[512];

/* A file of the folder: length of the header, header, n_data bytes. */
static void write_shard(const char *name, const char *header, const void *data, size_t n_data)
{
	struct strbuf sb = STRBUF_INIT(1u << 20);
	struct err err = ERR_INIT;
	char *path = fs_join(dir, name);

	for (int i = 0; i < 8; i++)
		strbuf_addc(&sb, (char)((uint64_t)strlen(header) >> 8 * i & 0xff));
	strbuf_adds(&sb, header);
	strbuf_add(&sb, data, n_data);
	if (fs_replace(path, sb.buf, sb.len, &err))
		printf("# %s\n", err.text);
	strbuf_release(&sb);
	free(path);
}

static void write_file(const char *name, const void *bytes, size_t len)
{
	struct err err = ERR_INIT;
	char *path = fs_join(dir, name);

	if (fs_replace(path, bytes, len, &err))
		printf("# %s\n", err.text);
	free(path);
}

static void remove_file(const char *name)
{
	struct err err = ERR_INIT;
	char *path = fs_join(dir, name);

	if (fs_remove(path, &err))
		printf("# %s\n", err.text);
	free(path);
}

/* ---- a good file ------------------------------------------------------------------------------------------- */

static const char good_header[] =
	"{\"__metadata__\":{\"format\":\"pt\"},"
	"\"m\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
	"\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[24,30]},"
	"\"b\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[30,34]},"
	"\"ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[34,42]},"
	"\"odd\":{\"dtype\":\"F8_E4M3\",\"shape\":[5],\"data_offsets\":[42,47]},"
	"\"one\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[47,51]},"
	"\"none\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[47,47]},"
	"\"bad\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[51,59]}} ";

static size_t good_data(unsigned char out[64])
{
	static const float m[6] = { 1, 2, 3, -4, 5.5f, 6 }, one = 7, bad[2] = { 1, INFINITY };
	static const unsigned short h[3] = { 0x3c00, 0x0001, 0xc500 }, b[2] = { 0x3f80, 0xc049 };

	memset(out, 0, 64);
	memcpy(out, m, 24);
	memcpy(out + 24, h, 6);
	memcpy(out + 30, b, 4);
	memcpy(out + 47, &one, 4);
	memcpy(out + 51, bad, 8);
	return 59;
}

static void test_shapes_in(const struct weights *w)
{
	const struct tensor *t = weights_find(w, "m");
	struct matrix m;
	struct err err = ERR_INIT;

	OK(t && t->n_dims == 2 && t->dims[0] == 2 && t->dims[1] == 3 && t->n_values == 6 && t->n_bytes == 24 && t->is_float, "m is there");
	OK(!weights_need(w, "m", WEIGHTS_DIMS(2, 3), &t, &err) && !weights_need(w, "m", WEIGHTS_DIMS(-1, 3), &t, &err), "and has its shape");
	OK(weights_need(w, "m", WEIGHTS_DIMS(3, 2), &t, &err) == -1 && err.code == ERR_MODEL && strstr(err.text, "[2, 3]") &&
		   strstr(err.text, "[3, 2]"),
	   "and no other: %s", err.text);
	OK(weights_need(w, "m", WEIGHTS_DIMS(6), &t, &err) == -1, "nor rank: %s", err.text);
	OK(weights_need(w, "q", WEIGHTS_DIMS(-1, 4), &t, &err) == -1 && strstr(err.text, "[any, 4]"), "missing: %s", err.text);
	OK(weights_need(w, "ids", WEIGHTS_DIMS(1), &t, &err) == -1 && strstr(err.text, "I64"), "no float: %s", err.text);
	OK(weights_need(w, "odd", WEIGHTS_DIMS(5), &t, &err) == -1 && strstr(err.text, "F8_E4M3"), "unknown type: %s", err.text);
	OK(!weights_matrix(w, "m", 2, 3, &m, &err) && m.n_rows == 2 && m.n_cols == 3 && m.type == WEIGHT_F32 && ((const char *)m.data)[3] == 0x3f,
	   "a matrix in place");
	OK(!weights_matrix(w, "b", -1, -1, &m, &err) && m.n_rows == 1 && m.n_cols == 2 && m.type == WEIGHT_BF16, "of any size");
	OK(weights_matrix(w, "h", 1, 3, &m, &err) == -1, "a vector is none: %s", err.text);
}

static void test_values_in(const struct weights *w)
{
	float v[6] = { 0 };
	struct err err = ERR_INIT;

	OK(!weights_vector_f32(w, "m", 6, v, &err) && v[0] == 1 && v[3] == -4 && v[4] == 5.5f, "F32 copied");
	OK(!weights_vector_f32(w, "h", 3, v, &err) && v[0] == 1 && v[1] == 0x1p-24f && v[2] == -5, "F16 widened");
	OK(!weights_vector_f32(w, "b", 2, v, &err) && v[0] == 1 && v[1] == -3.140625f, "BF16 widened");
	OK(!weights_vector_f32(w, "one", 1, v, &err) && v[0] == 7, "a single number");
	OK(!weights_vector_f32(w, "none", 0, v, &err), "no number");
	OK(weights_vector_f32(w, "m", 5, v, &err) == -1 && strstr(err.text, "6 values") && strstr(err.text, "expected 5"), "wrong count: %s",
	   err.text);
	OK(weights_vector_f32(w, "bad", 2, v, &err) == -1 && strstr(err.text, "'bad'") && strstr(err.text, "finite at [1]"), "infinite: %s", err.text);
	OK(weights_vector_f32(w, "ids", 1, v, &err) == -1 && strstr(err.text, "I64"), "not a float: %s", err.text);
	OK(weights_vector_f32(w, "q", 1, v, &err) == -1 && strstr(err.text, "'q'"), "missing: %s", err.text);
}

static void test_good(void)
{
	unsigned char data[64];
	struct weights *w = NULL;
	struct err err = ERR_INIT;

	write_shard("model.safetensors", good_header, data, good_data(data));
	if (!OK(!weights_open(&w, dir, &err), "a good file opens %s", err.text))
		return;
	IS_INT(weights_count(w), 8, "tensors");
	IS_INT(weights_total_bytes(w), 59, "bytes");
	OK(!strcmp(weights_get(w, 0)->name, "m") && !strcmp(weights_get(w, 7)->name, "bad"), "in the order of the file");
	OK(weights_find(w, "__metadata__") == NULL && weights_find(w, "") == NULL, "metadata is no tensor");
	test_shapes_in(w);
	test_values_in(w);
	weights_close(w);
	weights_close(NULL);
}

/* ---- numbers that are none ------------------------------------------------------------------------------------ */

/* One value of a tensor of zeros, anywhere in it, in every form: found there; what is finite is not. */
static void test_finite(void)
{
	static const struct {
		const char *dtype;
		enum weight_type type;
		size_t size;
		uint32_t finite, infinite, nan;
	} forms[] = { { "F32", WEIGHT_F32, 4, 0xff7fffff, 0xff800000, 0x7f800001 },
		      { "F16", WEIGHT_F16, 2, 0xfbff, 0xfc00, 0x7c01 },
		      { "BF16", WEIGHT_BF16, 2, 0xff7f, 0xff80, 0x7f81 } };
	static unsigned char data[4 * 3 * 5000 + 1];
	static const size_t places[] = { 0, 4095, 4096, 4999, 5000, 14999 }; /* blocks of 4096 are looked at together */
	struct err err = ERR_INIT;
	char place[32];

	for (size_t f = 0; f < N_OF(forms); f++) {
		struct tensor t = { .name = "x", .dtype = forms[f].dtype, .file = "f", .is_float = true, .type = forms[f].type, .n_dims = 2,
				    .dims = { 3, 5000 }, .data = data + 1, .n_values = 15000 };
		int n_missed = 0;

		for (size_t i = 0; i < N_OF(places); i++) {
			const uint32_t bad[2] = { forms[f].infinite, forms[f].nan };

			memset(data, 0, sizeof data);
			memcpy(data + 1 + places[i] * forms[f].size, &forms[f].finite, forms[f].size);
			n_missed += weights_check_finite(&t, &err) != 0;
			for (int k = 0; k < 2; k++) {
				memcpy(data + 1 + places[i] * forms[f].size, &bad[k], forms[f].size);
				snprintf(place, sizeof place, "at [%zu, %zu]:", places[i] / 5000, places[i] % 5000);
				n_missed += weights_check_finite(&t, &err) != -1 || err.code != ERR_MODEL || !strstr(err.text, place);
			}
		}
		OK(n_missed == 0, "%s: %d missed: %s", forms[f].dtype, n_missed, err.text);
		t.is_float = false;
		OK(!weights_check_finite(&t, &err), "what is no weight is not looked at");
	}
}

/* ---- damaged headers ------------------------------------------------------------------------------------------- */

static const struct {
	const char *header;
	size_t n_data;
	const char *says;
} damaged[] = {
	{ "", 0, "model.safetensors" },
	{ "[]", 0, "no JSON object" },
	{ "{\"a\":", 0, "model.safetensors" },
	{ "{\"a\":7}", 0, "'a'" },
	{ "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype" },
	{ "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "shape" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "data_offsets" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[]}}", 4, "data_offsets" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 8, "data_offsets" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 8, "data_offsets" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0.5,4.5]}}", 8, "data_offsets" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,1e300]}}", 8, "data_offsets" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 8, "lies at 4 to 0" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, "the file has 7 bytes" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 8, "2 values of F32" },
	{ "{\"a\":{\"dtype\":\"F16\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 8, "dimension 1" },
	{ "{\"a\":{\"dtype\":\"F16\",\"shape\":[2,\"x\"],\"data_offsets\":[0,4]}}", 8, "dimension 2" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 8, "more values" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 8, "dimension 1" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483648,2147483648],\"data_offsets\":[0,0]}}", 8, "'a'" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "9 dimensions" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", 8,
	  "'a' and 'b' overlap" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[4,6]}}", 8,
	  "overlap" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
	  "twice" },
};

static void expect_refusal(const char *says)
{
	struct weights *w = NULL;
	struct err err = ERR_INIT;

	OK(weights_open(&w, dir, &err) == -1 && err.code == ERR_MODEL && !w && strstr(err.text, says) && strstr(err.text, dir), "refused: %s",
	   err.text);
}

static void test_damaged(void)
{
	static const unsigned char data[64];
	static const unsigned char lengths[][9] = { { 1, 2, 3 }, { 255, 255, 255, 255, 255, 255, 255, 255, '{' }, { 0, 0, 0, 0, 1, 0, 0, 0, '{' } };

	for (size_t i = 0; i < N_OF(damaged); i++) {
		write_shard("model.safetensors", damaged[i].header, data, damaged[i].n_data);
		expect_refusal(damaged[i].says);
	}
	write_file("model.safetensors", lengths[0], 3);
	expect_refusal("3 bytes");
	write_file("model.safetensors", "", 0);
	expect_refusal("0 bytes");
	write_file("model.safetensors", lengths[1], 9);
	expect_refusal("18446744073709551615");
	write_file("model.safetensors", lengths[2], 9);
	expect_refusal("header");
	remove_file("model.safetensors");
	expect_refusal("neither");
}

/* Every prefix of a good file is refused, or (when only trailing data of no tensor is gone) opens: never a fault. */
static void test_truncated(void)
{
	unsigned char data[64];
	struct strbuf whole = STRBUF_INIT(1u << 20);
	struct err err = ERR_INIT;
	char *path = fs_join(dir, "model.safetensors");
	int n_opened = 0;

	write_shard("model.safetensors", good_header, data, good_data(data));
	if (fs_read(path, &whole, &err))
		printf("# %s\n", err.text);
	for (size_t len = 0; len < whole.len; len++) {
		struct weights *w = NULL;

		write_file("model.safetensors", whole.buf, len);
		if (!weights_open(&w, dir, &err))
			n_opened++;
		weights_close(w);
	}
	OK(whole.len > 59 && !n_opened, "none of %zu shorter files opens", whole.len);
	strbuf_release(&whole);
	free(path);
}

/* ---- shards ------------------------------------------------------------------------------------------------------- */

static void test_shards(void)
{
	static const float a = 3, b = 4;
	static const char index[] = "model.safetensors.index.json";
	struct weights *w = NULL;
	struct err err = ERR_INIT;
	float v[2] = { 0 };

	write_shard("one.safetensors", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", &a, 4);
	write_shard("two.safetensors", "{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", &b, 4);
#define INDEX(text) write_file(index, text, sizeof text - 1)
	INDEX("{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}");
	OK(!weights_open(&w, dir, &err) && weights_count(w) == 2 && !weights_vector_f32(w, "a", 1, v, &err) &&
		   !weights_vector_f32(w, "b", 1, v + 1, &err) && v[0] == 3 && v[1] == 4 && weights_total_bytes(w) == 8,
	   "two shards %s", err.text);
	weights_close(w);
	INDEX("{\"weight_map\":{\"a\":\"two.safetensors\",\"b\":\"one.safetensors\"}}");
	expect_refusal("where it is not");
	INDEX("{\"weight_map\":{\"a\":\"one.safetensors\",\"c\":\"two.safetensors\"}}");
	expect_refusal("'c'");
	INDEX("{\"weight_map\":{\"a\":\"../one.safetensors\"}}");
	expect_refusal("'../one.safetensors'");
	INDEX("{\"weight_map\":{\"a\":7}}");
	expect_refusal("(no text)");
	INDEX("{}");
	expect_refusal("weight_map");
	write_shard("two.safetensors", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", &b, 4);
	INDEX("{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}");
	expect_refusal("twice");
	INDEX("{\"weight_map\":{\"a\":\"three.safetensors\"}}");
	w = NULL;
	OK(weights_open(&w, dir, &err) == -1 && strstr(err.text, "three.safetensors"), "a missing shard: %s", err.text);
	remove_file(index);
	remove_file("one.safetensors");
	remove_file("two.safetensors");
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	struct err err = ERR_INIT;

	snprintf(dir, sizeof dir, "%s/mgbatch-test-weights.%d", tmp ? tmp : "/tmp", (int)getpid());
	OK(!fs_make_dirs(dir, &err), "a folder %s", err.text);
	test_good();
	test_finite();
	test_damaged();
	test_truncated();
	test_shards();
	remove_file("model.safetensors");
	OK(!rmdir(dir), "cleaned up");
	return tap_done();
}
