/*
 * Text encoder, decoder and delay pattern against transformers, stage by stage (tests/vectors/README.md).
 * The codec's stages are in test_vectors_codec.c, whole sequences in test_vectors_greedy.c.
 */
#include "capture.h"
#include "unit/engine/reference.h"

#include "engine/crew.h"
#include "engine/engine.h"
#include "engine/kv.h"
#include "engine/lm.h"
#include "engine/model.h"
#include "engine/pattern.h"
#include "engine/t5.h"
#include "engine/tokenizer.h"

static const struct {
	const char *name, *ref; /* the checkpoint's folder, the one whose references hold */
} fixtures[] = {
	{ "mono", "mono" }, { "stereo", "stereo" }, { "folded", "folded" }, { "gated", "gated" },
	{ "causal", "causal" }, { "f16", "f16" }, { "bf16", "bf16" }, { "sharded", "mono" },
};

#define IDS_MAX ENGINE_PROMPT_TOKENS_MAX
#define COLUMNS 12

struct bench {
	const char *name;
	struct model *model;
	struct vectors *v;
	struct crew crew;
};

static void near_stage(struct bench *b, const struct capture *seen, const char *stage, const char *ref, double tolerance)
{
	const struct captured *c = capture_get(seen, stage);
	const float *want;
	size_t n;

	if (!vectors_has(b->v, ref))
		return; /* the re-saved fixtures keep the ends of the stages only */
	want = vectors_floats(b->v, ref, &n);
	if (!OK(c && (size_t)c->rows * (size_t)c->cols == n, "%s: stage %s is there, of the reference's size", b->name, stage))
		return;
	vectors_near(b->name, stage, c->data, want, n, tolerance);
}

/* ---- text ------------------------------------------------------------------------------------------ */

static int ids_of(struct vectors *v, const char *name, int *ids)
{
	size_t n;
	const int32_t *in = vectors_ints(v, name, &n);

	for (size_t i = 0; i < n && i < IDS_MAX; i++)
		ids[i] = in[i];
	return (int)n;
}

static void tokens_one(const struct bench *b, const struct tokenizer *t, const char *text, const struct json *want)
{
	const struct json *id = json_first(want);
	int ids[IDS_MAX], n = 0, same;
	struct err err = ERR_INIT;

	if (tokenizer_encode(t, text, ids, IDS_MAX, &n, &err))
		printf("# %s\n", err.text);
	same = (size_t)n == json_count(want);
	for (int i = 0; same && i < n; i++, id = json_next(id))
		same = ids[i] == (int)json_number(id, -1);
	OK(same, "%s: ids of '%.40s' equal those of the tokenizers library", b->name, text);
}

static void test_tokens(const struct bench *b)
{
	const struct json *facts = vectors_facts(b->v);
	struct tokenizer *t = NULL;
	struct err err = ERR_INIT;
	char path[256];

	snprintf(path, sizeof(path), "tests/vectors/%s/tokenizer.json", b->name);
	if (!OK(!tokenizer_open(&t, path, &err), "%s: the tokenizer opens", b->name)) {
		printf("# %s\n", err.text);
		return;
	}
	for (const struct json *c = json_first(json_member(facts, "tokens")); c; c = json_next(c))
		tokens_one(b, t, json_string(json_member(c, "text"), NULL), json_member(c, "ids"));
	tokenizer_close(t);
}

/* The bias comes query by query; the reference is [heads, queries, keys]. */
static void near_bias(struct bench *b, const struct capture *seen, int n_ids)
{
	size_t n, row = (size_t)n_ids, n_rows = (size_t)b->model->t5.n_heads * row, n_seen = 0;
	const float *want;
	float *got;

	if (!vectors_has(b->v, "t5.bias"))
		return;
	want = vectors_floats(b->v, "t5.bias", &n);
	got = malloc(n * sizeof(*got));
	for (size_t i = 0; i < n_rows && n == n_rows * row; i++) {
		const struct captured *c;
		char stage[64];

		snprintf(stage, sizeof(stage), "t5.bias.%zu.%zu", i / row, i % row);
		c = capture_get(seen, stage);
		if (!c || c->rows * c->cols != n_ids)
			continue;
		memcpy(got + i * row, c->data, row * sizeof(*got));
		n_seen++;
	}
	if (OK(n_seen == n_rows, "%s: t5.bias of all heads and queries is there", b->name))
		vectors_near(b->name, "t5.bias", got, want, n, 1e-6);
	free(got);
}

static void near_t5(struct bench *b, const struct capture *seen, int n_ids)
{
	char stage[48], last[48];

	for (int i = 0; i < b->model->t5.n_layers; i++) {
		snprintf(stage, sizeof(stage), "t5.h.%d", i);
		near_stage(b, seen, stage, stage, 1e-4);
	}
	snprintf(last, sizeof(last), "t5.h.%d", b->model->t5.n_layers);
	near_stage(b, seen, last, "t5.out", 1e-4);
	near_stage(b, seen, "cond", "cond", 1e-4);
	near_bias(b, seen, n_ids);
}

static void test_t5(struct bench *b)
{
	struct capture seen = { 0 };
	struct slab slab = SLAB_INIT;
	struct t5 t5;
	struct err err = ERR_INIT;
	int ids[IDS_MAX], n = ids_of(b->v, "t5.ids", ids);
	size_t width = (size_t)b->model->t5.width, n_want;
	float *hidden = malloc(IDS_MAX * width * sizeof(float));
	float *cond = malloc(IDS_MAX * (size_t)b->model->lm.width * sizeof(float));

	t5_init(&t5, b->model, &b->crew, IDS_MAX, &slab);
	if (slab_make(&slab, "work space", &err))
		VECTORS_BAIL("%s", err.text);
	t5_init(&t5, b->model, &b->crew, IDS_MAX, &slab);
	t5.probe = capture_probe(&seen);
	t5_encode(&t5, ids, n, hidden);
	t5_condition(&t5, hidden, n, cond);
	near_t5(b, &seen, n);
	vectors_near(b->name, "t5_encode's answer", hidden, vectors_floats(b->v, "t5.out", &n_want), (size_t)n * width, 1e-4);
	if (vectors_has(b->v, "t5.long.ids")) {
		n = ids_of(b->v, "t5.long.ids", ids);
		t5_encode(&t5, ids, n, hidden);
		vectors_near(b->name, "t5.long.out", hidden, vectors_floats(b->v, "t5.long.out", &n_want), (size_t)n * width,
			     1e-4);
	}
	capture_clear(&seen);
	slab_free(&slab);
	free(hidden);
	free(cond);
}

/* musicgen.md 2.2: 16, 32 and 64 lie on boundaries where a logarithm's last bit decides. */
static void test_buckets(void)
{
	static const int want[][2] = {
		{ 0, 0 },    { 1, 17 },   { -1, 1 },   { 7, 23 },  { -7, 7 },  { 8, 24 },  { 9, 24 },  { 11, 24 },  { 12, 25 },
		{ -15, 9 },  { 16, 26 },  { 22, 26 },  { 23, 27 }, { 31, 27 }, { 32, 28 }, { 45, 28 }, { 46, 29 },  { 63, 29 },
		{ 64, 30 },  { 90, 30 },  { 91, 31 },  { 127, 31 }, { 128, 31 }, { 500, 31 }, { -200, 15 },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		char name[48];

		snprintf(name, sizeof(name), "bucket of %d", want[i][0]);
		IS_INT(t5_bucket(want[i][0], 32, 128), want[i][1], name);
	}
}

/* ---- decoder --------------------------------------------------------------------------------------- */

/* Two streams (with the condition and without) that share one crowd of blocks. */
struct streams {
	struct kv_pool pool;
	struct kv_stream self[2], cross;
	int n_cross;
};

static void streams_open(struct streams *s, const struct bench *b, int n_cross)
{
	struct kv_shape shape = lm_kv_shape(b->model);
	struct err err = ERR_INIT;
	int n = kv_blocks_for(COLUMNS);

	*s = (struct streams){ .n_cross = n_cross };
	if (kv_open(&s->pool, &shape, 2 * n + kv_blocks_for(n_cross), &err))
		VECTORS_BAIL("%s", err.text);
	kv_take(&s->pool, &s->self[0], n);
	kv_take(&s->pool, &s->self[1], n);
	kv_take(&s->pool, &s->cross, kv_blocks_for(n_cross));
}

static struct lm_row row_at(const struct streams *s, const uint16_t *grid, int n_codebooks, int column, int stream)
{
	return (struct lm_row){
		.ids = grid + column * n_codebooks,
		.position = column,
		.self = &s->self[stream],
		.cross = stream ? NULL : &s->cross,
		.n_cross = stream ? 0 : s->n_cross,
	};
}

/* [K, S] of the reference as columns. */
static void grid_of(struct bench *b, uint16_t *grid)
{
	size_t n;
	const int32_t *ids = vectors_ints(b->v, "lm.ids", &n);
	size_t n_codebooks = n / COLUMNS;

	for (size_t i = 0; i < n; i++)
		grid[i % COLUMNS * n_codebooks + i / COLUMNS] = (uint16_t)ids[i];
}

static void near_logits(struct bench *b, const char *ref, const float *logits)
{
	if (vectors_has(b->v, ref))
		vectors_near_logits(b->v, b->name, ref, logits, COLUMNS, (size_t)b->model->lm.n_codebooks, (size_t)b->model->lm.n_codes);
}

static void near_lm(struct bench *b, const struct capture *seen)
{
	static const char *const stages[] = { "lm.self.q", "lm.self.k", "lm.self.v", "lm.cross.k", "lm.cross.v" };
	char stage[48];

	near_stage(b, seen, "lm.x0", "lm.x0", 1e-5);
	for (int i = 1; i <= b->model->lm.n_layers; i++) {
		snprintf(stage, sizeof(stage), "lm.h.%d", i);
		near_stage(b, seen, stage, stage, 1e-4);
	}
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		near_stage(b, seen, stages[i], stages[i], 1e-4);
}

/* One causal pass over all columns, and the same column by column over cached keys and values: equal bits (A13). */
static void test_steps(struct bench *b, struct lm *lm, const float *cond, int n_cond, const uint16_t *grid, const float *whole)
{
	size_t n = (size_t)(b->model->lm.n_codebooks * b->model->lm.n_codes);
	float *two = malloc(2 * n * sizeof(*two));
	struct streams s;
	int n_same = 0;

	streams_open(&s, b, n_cond);
	lm_cross(lm, cond, n_cond, &s.cross);
	for (int column = 0; column < COLUMNS; column++) {
		struct lm_row rows[2];

		for (int stream = 0; stream < 2; stream++)
			rows[stream] = row_at(&s, grid, b->model->lm.n_codebooks, column, stream);
		lm_forward(lm, rows, 2, two);
		for (int stream = 0; stream < 2; stream++)
			n_same += !memcmp(two + (size_t)stream * n, whole + (size_t)(stream * COLUMNS + column) * n,
					  n * sizeof(*two));
	}
	OK(n_same == 2 * COLUMNS, "%s: steps over the cache have the bits of one causal pass", b->name);
	kv_close(&s.pool);
	free(two);
}

static void test_lm(struct bench *b)
{
	int n_k = b->model->lm.n_codebooks, n_cond = vectors_dim(b->v, "cond", 0);
	size_t n_logits = (size_t)(COLUMNS * n_k * b->model->lm.n_codes), n;
	uint16_t *grid = malloc((size_t)(COLUMNS * n_k) * sizeof(*grid));
	float *logits = malloc(2 * n_logits * sizeof(*logits));
	const float *cond = vectors_floats(b->v, "cond", &n);
	struct lm_row rows[2][COLUMNS];
	struct capture seen = { 0 };
	struct slab slab = SLAB_INIT;
	struct err err = ERR_INIT;
	struct streams s;
	struct lm lm;

	lm_init(&lm, b->model, &b->crew, COLUMNS, &slab);
	if (slab_make(&slab, "work space", &err))
		VECTORS_BAIL("%s", err.text);
	lm_init(&lm, b->model, &b->crew, COLUMNS, &slab);
	streams_open(&s, b, n_cond);
	grid_of(b, grid);
	for (int i = 0; i < 2 * COLUMNS; i++)
		rows[i / COLUMNS][i % COLUMNS] = row_at(&s, grid, n_k, i % COLUMNS, i / COLUMNS);
	lm.probe = capture_probe(&seen);
	lm_cross(&lm, cond, n_cond, &s.cross);
	lm_forward(&lm, rows[0], COLUMNS, logits);
	lm.probe = (struct probe){ 0 };
	lm_forward(&lm, rows[1], COLUMNS, logits + n_logits);
	near_lm(b, &seen);
	near_logits(b, "lm.logits", logits);
	near_logits(b, "lm.logits.uncond", logits + n_logits);
	test_steps(b, &lm, cond, n_cond, grid, logits);
	capture_clear(&seen);
	kv_close(&s.pool);
	slab_free(&slab);
	free(grid);
	free(logits);
}

/* Rows 0..15, 1500 and 1600 of the reference. */
static void test_positions(struct bench *b)
{
	size_t n, width = (size_t)b->model->lm.width;
	const float *want;
	float *got;

	if (!vectors_has(b->v, "lm.pos"))
		return;
	want = vectors_floats(b->v, "lm.pos", &n);
	got = malloc(n * sizeof(*got));
	for (size_t i = 0; i < n / width; i++)
		model_position(got + i * width, i < 16 ? (int)i : i == 16 ? 1500 : 1600, (int)width);
	/* The reference's exp may be off by a bit of the frequency, which the far rows multiply by 1600 (seen: 7.6e-6). */
	vectors_near(b->name, "lm.pos (near)", got, want, 16 * width, 1e-6);
	vectors_near(b->name, "lm.pos (far)", got + 16 * width, want + 16 * width, n - 16 * width, 2e-5);
	free(got);
}

static void test_delay(struct bench *b)
{
	static const int lengths[] = { 7, 8, 20 };

	for (size_t i = 0; i < 3; i++) {
		struct pattern p = { b->model->lm.n_codebooks, b->model->lm.n_channels, lengths[i] - 4,
				     (uint16_t)b->model->lm.n_codes, 0, 0 };
		uint16_t column[MODEL_CODEBOOKS_MAX], codes[MODEL_CODEBOOKS_MAX * 16] = { 0 };
		const int32_t *mask;
		int n_same = 0;
		char name[32];
		size_t n;

		snprintf(name, sizeof(name), "delay.mask.%d", lengths[i]);
		if (!vectors_has(b->v, name))
			return;
		mask = vectors_ints(b->v, name, &n);
		for (int s = 0; s < lengths[i]; s++) {
			pattern_column(&p, codes, s, column);
			for (int k = 0; k < p.n_codebooks; k++)
				n_same += column[k] == (mask[k * lengths[i] + s] == -1 ? 0 : p.special);
		}
		OK(pattern_n_columns(&p) == lengths[i] && (size_t)n_same == n, "%s: %s", b->name, name);
	}
}

int main(void)
{
	test_buckets();
	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++) {
		struct bench b = { .name = fixtures[i].name };

		if (open_reference(&b.model, &b.v, &b.crew, fixtures[i].name, fixtures[i].ref)) {
			test_tokens(&b);
			test_t5(&b);
			test_positions(&b);
			test_delay(&b);
			test_lm(&b);
		}
		close_reference(b.model, b.v, &b.crew);
	}
	return tap_done();
}
