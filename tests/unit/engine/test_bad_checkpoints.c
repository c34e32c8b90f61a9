/*
 * Checkpoints that are damaged, cut, or of another kind: each is refused with a sentence that names file and reason.
 * Every case is a good fixture, copied to a temporary folder and spoilt in one place; then random bytes are.
 */
#include "tap.h"

#include "base/random.h"
#include "engine/engine.h"

#include <dirent.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#define WEIGHTS "model.safetensors"
#define FC1 "decoder.model.decoder.layers.0.fc1.weight"
#define NORM "decoder.model.decoder.layers.1.final_layer_norm.weight"
#define N_FUZZ 250

enum op {
	TEXT,    /* in file: `at` becomes `put` */
	HEADER,  /* in the weights' header: `at` becomes `put` */
	FIELD,   /* in the weights' header: the value of key `key` of tensor `at` becomes `put` */
	LENGTH,  /* the header's length becomes n */
	CUT,     /* the file keeps n bytes; n < 0: half */
	REMOVE,  /* the file is not there */
	NAN_AT   /* the first value of F32 tensor `at` becomes a NaN */
};

struct spoilt {
	const char *name, *base;
	enum op op;
	const char *file, *at, *key, *put;
	long n;
	const char *says[3]; /* parts of the sentence */
};

#define EXTRA(a) "[\"" a "a\", -9.0], [\"" a "b\", -9.0], [\"" a "c\", -9.0], [\"" a "d\", -9.0], [\"" a "e\", -9.0], "

static const struct spoilt cases[] = {
	{ "weights cut in half", "mono", CUT, WEIGHTS, .n = -1, .says = { WEIGHTS, "bytes" } },
	{ "weights cut by one byte", "mono", CUT, WEIGHTS, .n = -2, .says = { WEIGHTS, "download complete" } },
	{ "weights of five bytes", "mono", CUT, WEIGHTS, .n = 5, .says = { WEIGHTS, "5 bytes" } },
	{ "weights of no bytes", "mono", CUT, WEIGHTS, .n = 0, .says = { WEIGHTS } },
	{ "weights missing", "mono", REMOVE, WEIGHTS, .says = { WEIGHTS, "neither" } },
	{ "header longer than the file", "mono", LENGTH, WEIGHTS, .n = 1 << 24, .says = { WEIGHTS, "header", "16777216" } },
	{ "header of no bytes", "mono", LENGTH, WEIGHTS, .n = 0, .says = { WEIGHTS } },
	{ "header cut", "mono", LENGTH, WEIGHTS, .n = 100, .says = { WEIGHTS } },
	{ "header no JSON", "mono", HEADER, WEIGHTS, "{", .put = "<", .says = { WEIGHTS } },
	{ "offsets past the end", "mono", FIELD, WEIGHTS, FC1, "data_offsets", "[0,99999999]", .says = { WEIGHTS, FC1, "99999999" } },
	{ "offsets the wrong way round", "mono", FIELD, WEIGHTS, FC1, "data_offsets", "[16384,0]", .says = { WEIGHTS, FC1 } },
	{ "offsets below zero", "mono", FIELD, WEIGHTS, FC1, "data_offsets", "[-16384,0]", .says = { WEIGHTS, FC1, "data_offsets" } },
	{ "offsets beyond 2^64", "mono", FIELD, WEIGHTS, FC1, "data_offsets", "[0,1e30]", .says = { WEIGHTS, FC1, "data_offsets" } },
	{ "offsets overlap", "mono", FIELD, WEIGHTS, FC1, "data_offsets", "[0,16384]", .says = { WEIGHTS, "overlap" } },
	{ "shape larger than the data", "mono", FIELD, WEIGHTS, FC1, "shape", "[4096,4096]", .says = { WEIGHTS, FC1, "16384" } },
	{ "shape whose product overflows", "mono", FIELD, WEIGHTS, FC1, "shape", "[4294967296,4294967296,4]", .says = { WEIGHTS, FC1 } },
	{ "tensor missing", "mono", HEADER, WEIGHTS, FC1, .put = "decoder.model.decoder.layers.0.fc1.wight", .says = { FC1, WEIGHTS } },
	{ "projection missing", "mono", HEADER, WEIGHTS, "enc_to_dec_proj.weight", .put = "x", .says = { "enc_to_dec_proj.weight", WEIGHTS } },
	{ "words' embeddings missing", "mono", HEADER, WEIGHTS, "text_encoder.shared.weight", .put = "x", .says = { "embed_tokens", WEIGHTS } },
	{ "another shape", "mono", FIELD, WEIGHTS, "decoder.model.decoder.layers.1.fc2.weight", "shape", "[128,32]",
	  .says = { WEIGHTS, "fc2.weight", "[32, 128]" } },
	{ "another rank", "mono", FIELD, WEIGHTS, NORM, "shape", "[32,1]", .says = { WEIGHTS, NORM } },
	{ "integers for weights", "mono", FIELD, WEIGHTS, FC1, "dtype", "\"I32\"", .says = { WEIGHTS, FC1, "I32" } },
	{ "a type that we do not know", "mono", FIELD, WEIGHTS, FC1, "dtype", "\"F8_E4M3\"", .says = { WEIGHTS, FC1, "F8_E4M3" } },
	{ "a type of another size", "mono", FIELD, WEIGHTS, FC1, "dtype", "\"F16\"", .says = { WEIGHTS, FC1, "16384" } },
	{ "shard missing", "sharded", REMOVE, "model-00002-of-00004.safetensors", .says = { "model-00002-of-00004.safetensors" } },
	{ "shard cut", "sharded", CUT, "model-00003-of-00004.safetensors", .n = -1, .says = { "model-00003-of-00004.safetensors" } },
	{ "index leads out of the folder", "sharded", TEXT, "model.safetensors.index.json", "model-00002-of-00004", .put = "../model",
	  .says = { "index.json", "../model" } },
	{ "index names the wrong shard", "sharded", TEXT, "model.safetensors.index.json",
	  "\"decoder.lm_heads.0.weight\": \"model-00004-of-00004", .put = "\"decoder.lm_heads.0.weight\": \"model-00002-of-00004",
	  .says = { "index.json", "decoder.lm_heads.0.weight" } },
	{ "index cut", "sharded", CUT, "model.safetensors.index.json", .n = -1, .says = { "index.json" } },
	{ "heads do not divide the width", "mono", TEXT, "config.json", "\"num_attention_heads\": 2", .put = "\"num_attention_heads\": 3",
	  .says = { "config.json", "num_attention_heads", "32" } },
	{ "a text model that says it follows melodies", "mono", TEXT, "config.json", "\"model_type\": \"musicgen\"", .put = "\"model_type\": \"musicgen_melody\"",
	  .says = { "audio_enc_to_dec_proj.weight", WEIGHTS } },
	{ "eleven pitch classes", "melody", TEXT, "config.json", "\"num_chroma\": 12", .put = "\"num_chroma\": 11",
	  .says = { "config.json", "num_chroma is 11, expected 12" } },
	{ "no rows of melody", "melody", TEXT, "config.json", "\"chroma_length\": 9", .put = "\"chroma_length\": 0",
	  .says = { "config.json", "chroma_length is 0" } },
	{ "a billion rows of melody", "melody", TEXT, "config.json", "\"chroma_length\": 9", .put = "\"chroma_length\": 1000000000",
	  .says = { "config.json", "chroma_length" } },
	{ "melody's projection missing", "melody", HEADER, WEIGHTS, "\"audio_enc_to_dec_proj.weight", .put = "\"x",
	  .says = { "audio_enc_to_dec_proj.weight", WEIGHTS } },
	{ "melody's projection of another shape", "melody", FIELD, WEIGHTS, "\"audio_enc_to_dec_proj.weight", "shape", "[12,32]",
	  .says = { "audio_enc_to_dec_proj.weight", "[32, 12]", WEIGHTS } },
	{ "NaN in melody's projection", "melody", NAN_AT, WEIGHTS, "\"audio_enc_to_dec_proj.weight",
	  .says = { WEIGHTS, "audio_enc_to_dec_proj.weight", "finite" } },
	{ "a hop of nothing", "melody", TEXT, "preprocessor_config.json", "\"hop_length\": 3750", .put = "\"hop_length\": 0",
	  .says = { "preprocessor_config.json", "hop_length is 0" } },
	{ "a spectrum for each sample", "melody", TEXT, "preprocessor_config.json", "\"hop_length\": 3750", .put = "\"hop_length\": 1",
	  .says = { "preprocessor_config.json", "hop_length is 1,", "4096" } },
	{ "an odd spectrum", "melody", TEXT, "preprocessor_config.json", "\"n_fft\": 4096", .put = "\"n_fft\": 4095",
	  .says = { "preprocessor_config.json", "n_fft is 4095", "even" } },
	{ "a spectrum that takes minutes", "melody", TEXT, "preprocessor_config.json", "\"n_fft\": 4096", .put = "\"n_fft\": 131042", /* 2 * 65521, a prime */
	  .says = { "preprocessor_config.json", "n_fft is 131042", "2, 3 and 5" } },
	{ "a melody's rate that is not the codec's", "melody", TEXT, "preprocessor_config.json", "\"sampling_rate\": 1000",
	  .put = "\"sampling_rate\": 32000", .says = { "preprocessor_config.json", "sampling_rate is 32000", "1000" } },
	{ "less of a sound than a window is long", "melody", TEXT, "preprocessor_config.json", "\"chunk_length\": 30", .put = "\"chunk_length\": 10",
	  .says = { "preprocessor_config.json", "chunk_length is 10", "30 s of a window" } },
	{ "a window of nothing", "mono", TEXT, "generation_config.json", "\"max_length\": 1500", .put = "\"max_length\": 0",
	  .says = { "generation_config.json", "max_length is 0, expected a whole number from 6 to 4097" } },
	{ "a window beyond all positions", "stereo", TEXT, "generation_config.json", "\"max_length\": 1500", .put = "\"max_length\": 15000",
	  .says = { "generation_config.json", "max_length is 15000" } },
	{ "a window that is a text", "melody", TEXT, "generation_config.json", "\"max_length\": 1500", .put = "\"max_length\": \"long\"",
	  .says = { "generation_config.json", "max_length is no number" } },
	{ "generation config cut", "mono", CUT, "generation_config.json", .n = -1, .says = { "generation_config.json" } },
	{ "preprocessor cut", "melody", CUT, "preprocessor_config.json", .n = -1, .says = { "preprocessor_config.json" } },
	{ "another model", "mono", TEXT, "config.json", "\"model_type\": \"musicgen\"", .put = "\"model_type\": \"bert\"",
	  .says = { "config.json", "bert", "musicgen" } },
	{ "more layers than the file has", "mono", TEXT, "config.json", "\"num_hidden_layers\": 2", .put = "\"num_hidden_layers\": 3",
	  .says = { "layers.2", WEIGHTS } },
	{ "a billion layers", "mono", TEXT, "config.json", "\"num_hidden_layers\": 2", .put = "\"num_hidden_layers\": 1000000000",
	  .says = { "config.json", "num_hidden_layers" } },
	{ "no heads", "mono", TEXT, "config.json", "\"num_attention_heads\": 2", .put = "\"num_attention_heads\": 0",
	  .says = { "config.json", "num_attention_heads" } },
	{ "five codebooks", "stereo", TEXT, "config.json", "\"num_codebooks\": 8", .put = "\"num_codebooks\": 5",
	  .says = { "config.json", "num_codebooks", "5" } },
	{ "a number that is a text", "mono", TEXT, "config.json", "\"num_codebooks\": 4", .put = "\"num_codebooks\": \"4\"",
	  .says = { "config.json", "num_codebooks" } },
	{ "padding that we do not know", "mono", TEXT, "config.json", "\"pad_mode\": \"reflect\"", .put = "\"pad_mode\": \"mirror\"",
	  .says = { "config.json", "pad_mode", "mirror" } },
	{ "norm that we do not compute", "mono", TEXT, "config.json", "\"norm_type\": \"weight_norm\"",
	  .put = "\"norm_type\": \"time_group_norm\"", .says = { "config.json", "time_group_norm" } },
	{ "config cut", "mono", CUT, "config.json", .n = -1, .says = { "config.json" } },
	{ "config missing", "mono", REMOVE, "config.json", .says = { "config.json" } },
	{ "tokenizer cut", "mono", CUT, "tokenizer.json", .n = -1, .says = { "tokenizer.json" } },
	{ "tokenizer missing", "mono", REMOVE, "tokenizer.json", .says = { "tokenizer.json" } },
	{ "tokenizer of another kind", "mono", TEXT, "tokenizer.json", "\"type\": \"Unigram\"", .put = "\"type\": \"BPE\"",
	  .says = { "tokenizer.json", "BPE" } },
	{ "tokenizer larger than the embedding", "mono", TEXT, "tokenizer.json", "[\"<unk>\", 0.0], ",
	  .put = "[\"<unk>\", 0.0], " EXTRA("1") EXTRA("2") EXTRA("3") EXTRA("4") EXTRA("5"), .says = { "tokenizer.json", "99" } },
	{ "NaN in a norm", "mono", NAN_AT, WEIGHTS, NORM, .says = { WEIGHTS, NORM, "finite" } },
	{ "NaN in a convolution", "folded", NAN_AT, WEIGHTS, "audio_encoder.decoder.layers.0.conv.weight",
	  .says = { WEIGHTS, "audio_encoder.decoder.layers.0.conv.weight", "finite" } },
	{ "NaN in the encoder", "folded", NAN_AT, WEIGHTS, "audio_encoder.encoder.layers.0.conv.weight",
	  .says = { WEIGHTS, "audio_encoder.encoder.layers.0.conv.weight", "finite" } },
	{ "NaN in the encoder's LSTM", "mono", NAN_AT, WEIGHTS, "audio_encoder.encoder.layers.7.lstm.weight_hh_l1",
	  .says = { WEIGHTS, "audio_encoder.encoder.layers.7.lstm.weight_hh_l1", "finite at [0, 0]" } },
	{ "NaN in a codebook", "mono", NAN_AT, WEIGHTS, "audio_encoder.quantizer.layers.1.codebook.embed\"",
	  .says = { WEIGHTS, "audio_encoder.quantizer.layers.1.codebook.embed'", "finite at [0, 0]" } },
	{ "encoder's convolution missing", "folded", HEADER, WEIGHTS, "audio_encoder.encoder.layers.4.conv.weight",
	  .put = "audio_encoder.encoder.layers.4.conv.wight", .says = { WEIGHTS, "audio_encoder.encoder.layers.4.conv.weight" } },
	{ "encoder's bias missing", "mono", HEADER, WEIGHTS, "audio_encoder.encoder.layers.3.conv.bias",
	  .put = "audio_encoder.encoder.layers.3.conv.bus", .says = { WEIGHTS, "audio_encoder.encoder.layers.3.conv.bias" } },
	{ "encoder's LSTM missing", "mono", HEADER, WEIGHTS, "audio_encoder.encoder.layers.7.lstm.weight_hh_l1",
	  .put = "audio_encoder.encoder.layers.7.lstm.weight_hh_x1", .says = { WEIGHTS, "audio_encoder.encoder.layers.7.lstm.weight_hh_l1" } },
	{ "encoder's bias of another shape", "stereo", FIELD, WEIGHTS, "audio_encoder.encoder.layers.0.conv.bias", "shape", "[2,2]",
	  .says = { WEIGHTS, "audio_encoder.encoder.layers.0.conv.bias", "[2, 2]" } },
	{ "encoder's channels turned", "folded", FIELD, WEIGHTS, "audio_encoder.encoder.layers.4.conv.weight", "shape", "[2,4,4]",
	  .says = { WEIGHTS, "audio_encoder.encoder.layers.4.conv.weight", "takes 4 channels, but the layer before makes 2" } },
	{ "encoder's step longer than its window", "folded", FIELD, WEIGHTS, "audio_encoder.encoder.layers.4.conv.weight", "shape", "[16,2,1]",
	  .says = { WEIGHTS, "audio_encoder.encoder.layers.4.conv.weight", "kernel of 1, expected at least its ratio 2" } },
	{ "encoder's vectors of another width", "folded", FIELD, WEIGHTS, "audio_encoder.encoder.layers.15.conv.weight", "shape", "[28,16,3]",
	  .says = { WEIGHTS, "audio_encoder.encoder.layers.15.conv.weight", "makes 28 channels, expected 12" } },
};

/* ---- files ----------------------------------------------------------------------------------------- */

struct bytes {
	char *p;
	size_t n;
};

static void path_of(char *path, size_t size, const char *dir, const char *file)
{
	snprintf(path, size, "%s/%s", dir, file);
}

static struct bytes slurp(const char *dir, const char *file)
{
	struct bytes b = { NULL, 0 };
	char path[512];
	struct stat st;
	FILE *f;

	path_of(path, sizeof(path), dir, file);
	f = fopen(path, "rb");
	if (!f || fstat(fileno(f), &st)) {
		printf("Bail out! cannot read %s; run from the root of the sources\n", path);
		exit(1);
	}
	b.n = (size_t)st.st_size;
	b.p = calloc(b.n + 1, 1);
	if (fread(b.p, 1, b.n, f) != b.n)
		abort();
	fclose(f);
	return b;
}

static void spill(const char *dir, const char *file, const char *p, size_t n)
{
	char path[512];
	FILE *f;

	path_of(path, sizeof(path), dir, file);
	f = fopen(path, "wb");
	if (!f || fwrite(p, 1, n, f) != n || fclose(f))
		abort();
}

static void copy_folder(const char *from, const char *to)
{
	DIR *d = opendir(from);

	for (struct dirent *e; d && (e = readdir(d));) {
		struct bytes b;

		if (e->d_name[0] == '.' || !strncmp(e->d_name, "ref.", 4))
			continue;
		b = slurp(from, e->d_name);
		spill(to, e->d_name, b.p, b.n);
		free(b.p);
	}
	if (d)
		closedir(d);
}

static void remove_folder(const char *dir)
{
	DIR *d = opendir(dir);
	char path[512];

	for (struct dirent *e; d && (e = readdir(d));) {
		path_of(path, sizeof(path), dir, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

/* ---- spoiling -------------------------------------------------------------------------------------- */

static uint64_t header_len(const struct bytes *b)
{
	uint64_t n = 0;

	for (int i = 7; i >= 0; i--)
		n = n << 8 | (unsigned char)b->p[i];
	return n;
}

static void set_header_len(char *p, uint64_t n)
{
	for (int i = 0; i < 8; i++)
		p[i] = (char)(unsigned char)(n >> 8 * i & 0xff);
}

/* The first `what` in b from `from` on; a case whose text is not there cannot test anything. */
static size_t find_text(const struct bytes *b, size_t from, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = from; i + n <= b->n; i++)
		if (!memcmp(b->p + i, what, n))
			return i;
	printf("Bail out! a fixture has no '%s' to spoil\n", what);
	exit(1);
}

/* Puts text in place of n bytes; inside a header its length follows. */
static void replace(const char *dir, const struct spoilt *c, const struct bytes *b, size_t at, size_t n, int in_header)
{
	size_t n_put = strlen(c->put);
	char *p = malloc(b->n + n_put);

	memcpy(p, b->p, at);
	memcpy(p + at, c->put, n_put);
	memcpy(p + at + n_put, b->p + at + n, b->n - at - n);
	if (in_header)
		set_header_len(p, header_len(b) + n_put - n);
	spill(dir, c->file, p, b->n + n_put - n);
	free(p);
}

/* The value of a key of one tensor's entry: an array or a text. */
static void replace_field(const char *dir, const struct spoilt *c, const struct bytes *b)
{
	char key[64];
	size_t at, end;

	snprintf(key, sizeof(key), "\"%s\":", c->key);
	at = find_text(b, find_text(b, find_text(b, 0, c->at), key), ":") + 1;
	end = find_text(b, at + 1, b->p[at] == '[' ? "]" : "\"") + 1;
	replace(dir, c, b, at, end - at, 1);
}

static void put_nan(const char *dir, const struct spoilt *c, struct bytes *b)
{
	static const unsigned char not_a_number[4] = { 0, 0, 0xc0, 0x7f };
	size_t at = find_text(b, find_text(b, 0, c->at), "data_offsets\":[") + strlen("data_offsets\":[");
	size_t begin = (size_t)strtoull(b->p + at, NULL, 10);

	memcpy(b->p + 8 + header_len(b) + begin, not_a_number, 4);
	spill(dir, c->file, b->p, b->n);
}

static void spoil(const char *dir, const struct spoilt *c)
{
	struct bytes b = slurp(dir, c->file);
	char path[512];

	if (c->op == TEXT || c->op == HEADER)
		replace(dir, c, &b, find_text(&b, c->op == HEADER ? 8 : 0, c->at), strlen(c->at), c->op == HEADER);
	if (c->op == FIELD)
		replace_field(dir, c, &b);
	if (c->op == NAN_AT)
		put_nan(dir, c, &b);
	if (c->op == LENGTH) {
		set_header_len(b.p, (uint64_t)c->n);
		spill(dir, c->file, b.p, b.n);
	}
	if (c->op == CUT)
		spill(dir, c->file, b.p, c->n == -1 ? b.n / 2 : c->n == -2 ? b.n - 1 : (size_t)c->n);
	path_of(path, sizeof(path), dir, c->file);
	if (c->op == REMOVE && unlink(path))
		abort();
	free(b.p);
}

/* ---- tests ----------------------------------------------------------------------------------------- */

static void make_folder(char *dir, size_t size, const char *base)
{
	const char *tmp = getenv("TMPDIR");
	char from[128];

	snprintf(dir, size, "%s/mgbatch-bad-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		abort();
	snprintf(from, sizeof(from), "tests/vectors/%s", base);
	copy_folder(from, dir);
}

static void test_case(const struct spoilt *c)
{
	struct engine *e = NULL;
	struct err err = ERR_INIT;
	int says = 1;
	char dir[256];

	make_folder(dir, sizeof(dir), c->base);
	spoil(dir, c);
	if (!OK(engine_open(&e, dir, &err) == -1 && !e, "%s: refused", c->name)) {
		if (e)
			engine_close(e);
		remove_folder(dir);
		return;
	}
	for (int i = 0; i < 3 && c->says[i]; i++)
		says = says && strstr(err.text, c->says[i]);
	OK(says && err_exit_status(err.code) == 5, "%s: %s", c->name, err.text);
	if (!says)
		printf("# expected in it: %s, %s, %s\n", c->says[0], c->says[1] ? c->says[1] : "", c->says[2] ? c->says[2] : "");
	remove_folder(dir);
}

/* A NaN in a matrix of the decoder is not looked for at open (that would read gigabytes): the sequence says that it is not finite, and
 * then it is found. */
static void test_nan_in_matrix(void)
{
	static const struct spoilt c = { "", "mono", NAN_AT, WEIGHTS, FC1, .n = 0 };
	struct batch_config config = { .n_slots = 1, .n_threads = 1, .memory_bytes = 256u << 20 };
	struct sequence_request request = { .prompt = "rain", .n_frames = 4, .guidance = 3, .temperature = 1 };
	struct sequence_result r = { .is_finite = true };
	struct engine *e = NULL;
	struct batch *b = NULL;
	struct err err = ERR_INIT;
	char dir[256];
	int step = 1, taken = 0;

	make_folder(dir, sizeof(dir), c.base);
	if (OK(!engine_open(&e, dir, &err) && !engine_check_weights(e, &err), "before it all are finite: %s", err.text))
		engine_close(e);
	spoil(dir, &c);
	if (!OK(!engine_open(&e, dir, &err) && !batch_open(&b, e, &config, &err) && batch_add(b, &request, &err) == BATCH_TAKEN,
		"NaN in a matrix: taken %s", err.text))
		goto out;
	while (step > 0 && !taken) {
		step = batch_step(b, &err);
		taken = batch_take(b, &r);
	}
	OK(taken && !r.is_finite && !r.samples, "NaN in a matrix: handed out as not finite, without samples");
	free(r.samples);
	OK(engine_check_weights(e, &err) == -1 && err.code == ERR_MODEL && strstr(err.text, WEIGHTS) && strstr(err.text, FC1 "' holds") &&
		   strstr(err.text, "finite at [0, 0]"),
	   "NaN in a matrix: found: %s", err.text);
out:
	batch_close(b);
	engine_close(e);
	remove_folder(dir);
}

/* One random byte of the part that is parsed: opens, or says why not; never anything else. */
static void test_random_bytes(const char *file)
{
	struct bytes good;
	uint64_t state = 1;
	int n_opened = 0, n_said = 0;
	char dir[256];

	make_folder(dir, sizeof(dir), "mono");
	good = slurp(dir, file);
	for (int i = 0; i < N_FUZZ; i++) {
		size_t n = strcmp(file, WEIGHTS) ? good.n : 8 + (size_t)header_len(&good);
		size_t at = (size_t)(random_bits(&state) % n);
		struct engine *e = NULL;
		struct err err = ERR_INIT;
		char was = good.p[at];

		good.p[at] = (char)(unsigned char)(random_bits(&state) & 0xff);
		spill(dir, file, good.p, good.n);
		good.p[at] = was;
		if (!engine_open(&e, dir, &err)) {
			engine_close(e);
			n_opened++;
		} else {
			n_said += err.text[0] && err.code != ERR_BUG;
		}
	}
	OK(n_opened + n_said == N_FUZZ, "%s: of %d random bytes %d let it open, %d were explained", file, N_FUZZ, n_opened, n_said);
	free(good.p);
	remove_folder(dir);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		test_case(&cases[i]);
	test_nan_in_matrix();
	test_random_bytes(WEIGHTS);
	test_random_bytes("config.json");
	test_random_bytes("tokenizer.json");
	return tap_done();
}
