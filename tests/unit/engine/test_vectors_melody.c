/*
 * Melody models against transformers, stage by stage (tests/vectors/README.md): rows of pitch classes, text, one causal pass
 * over rows and columns; and that openings made in passes of any size, and steps after them, have the bits of that pass (A13).
 */
#include "capture.h"
#include "unit/engine/reference.h"

#include "engine/engine.h"
#include "engine/opening.h"
#include "engine/t5.h"

static const char *const fixtures[] = { "melody", "stereo-melody" };

#define COLUMNS 12
#define ROWS_MAX 64
#define IDS_MAX ENGINE_PROMPT_TOKENS_MAX

struct bench {
	const char *name;
	struct model *model;
	struct vectors *v;
	struct crew crew;
	struct slab slab;
	struct t5 t5;
	struct lm lm;
	struct kv_pool pool;
	int ids[IDS_MAX], n_text, n_rows; /* n_rows: classes, text, columns */
	uint8_t classes[ROWS_MAX];
	uint16_t *codes;    /* [K][COLUMNS - 1] frames that the columns of lm.ids hold; what is unknown there is 0 */
	uint16_t *grid;     /* [COLUMNS][K] */
	float *cond, *zero; /* [n_text, width], [width] */
};

/* ---- a bench ----------------------------------------------------------------------------------------------- */

static void lay(struct bench *b)
{
	t5_init(&b->t5, b->model, &b->crew, IDS_MAX, &b->slab);
	lm_init(&b->lm, b->model, &b->crew, ROWS_MAX, &b->slab);
	b->cond = slab_take(&b->slab, IDS_MAX * (size_t)b->model->lm.width, sizeof(float));
	b->zero = slab_take(&b->slab, (size_t)b->model->lm.width, sizeof(float));
	b->grid = slab_take(&b->slab, COLUMNS * (size_t)b->model->lm.n_codebooks, sizeof(uint16_t));
	b->codes = slab_take(&b->slab, COLUMNS * (size_t)b->model->lm.n_codebooks, sizeof(uint16_t));
}

static void read_inputs(struct bench *b)
{
	size_t n, n_k = (size_t)b->model->lm.n_codebooks;
	const int32_t *in = vectors_ints(b->v, "t5.ids", &n);

	b->n_text = (int)n;
	for (size_t i = 0; i < n; i++)
		b->ids[i] = in[i];
	in = vectors_ints(b->v, "lm.classes", &n);
	for (size_t i = 0; i < n && i < ROWS_MAX; i++)
		b->classes[i] = (uint8_t)in[i];
	in = vectors_ints(b->v, "lm.ids", &n);
	for (size_t i = 0; i < n; i++)
		b->grid[i % COLUMNS * n_k + i / COLUMNS] = (uint16_t)in[i];
	b->n_rows = b->model->lm.melody_classes + b->n_text + COLUMNS;
	if (n != COLUMNS * n_k || b->n_rows > ROWS_MAX)
		VECTORS_BAIL("%s: %d rows, %zu ids", b->name, b->n_rows, n);
}

static struct kv_stream take(struct bench *b)
{
	struct kv_stream s = { 0 };

	kv_take(&b->pool, &s, kv_blocks_for(b->n_rows));
	return s;
}

/* Row i of the whole sequence, by hand. */
static struct lm_row row_at(const struct bench *b, int i, const struct kv_stream *self, bool has_condition)
{
	struct lm_row row = { .position = i, .self = self };
	size_t width = (size_t)b->model->lm.width;
	int text = i - b->model->lm.melody_classes, column = text - b->n_text;

	if (text < 0)
		row.vector = b->model->lm_w.melody + (has_condition ? b->classes[i] : 0) * width;
	else if (column < 0)
		row.vector = has_condition ? b->cond + (size_t)text * width : b->zero;
	else
		row.ids = b->grid + column * b->model->lm.n_codebooks;
	return row;
}

/* ---- stages ------------------------------------------------------------------------------------------------ */

static void near_stage(struct bench *b, const struct capture *seen, const char *stage, const char *ref, double tolerance)
{
	const struct captured *c = capture_get(seen, stage);
	size_t n;
	const float *want = vectors_floats(b->v, ref, &n);

	if (OK(c && (size_t)c->rows * (size_t)c->cols == n, "%s: stage %s is there, of the reference's size", b->name, stage))
		vectors_near(b->name, stage, c->data, want, n, tolerance);
}

static void test_text(struct bench *b)
{
	float *hidden = malloc(IDS_MAX * (size_t)b->model->t5.width * sizeof(*hidden));
	size_t n;
	const float *want = vectors_floats(b->v, "t5.out", &n);

	t5_encode(&b->t5, b->ids, b->n_text, hidden);
	t5_condition(&b->t5, hidden, b->n_text, b->cond);
	vectors_near(b->name, "t5.out", hidden, want, n, 1e-4);
	want = vectors_floats(b->v, "cond", &n);
	vectors_near(b->name, "cond", b->cond, want, n, 1e-4);
	free(hidden);
}

/* The rows of the twelve classes, and those before the columns as the reference has them: no positions yet. */
static void test_rows(struct bench *b)
{
	size_t n, width = (size_t)b->model->lm.width, n_before = (size_t)(b->n_rows - COLUMNS);
	const float *want = vectors_floats(b->v, "audio.rows", &n);
	float *got = malloc(n_before * width * sizeof(*got));

	vectors_near(b->name, "audio.rows", b->model->lm_w.melody, want, n, 1e-5);
	for (size_t i = 0; i < n_before; i++)
		memcpy(got + i * width, row_at(b, (int)i, NULL, true).vector, width * sizeof(*got));
	want = vectors_floats(b->v, "lm.prefix", &n);
	if (OK(n == n_before * width, "%s: %zu rows lie before the columns", b->name, n_before))
		vectors_near(b->name, "lm.prefix", got, want, n, 1e-4);
	free(got);
	want = vectors_floats(b->v, "lm.pos", &n);
	vectors_near(b->name, "lm.pos", b->model->lm_w.positions, want, n, 1e-6);
}

static void near_logits(struct bench *b, const char *ref, const float *logits)
{
	vectors_near_logits(b->v, b->name, ref, logits, (size_t)b->n_rows, (size_t)b->model->lm.n_codebooks, (size_t)b->model->lm.n_codes);
}

static void whole_pass(struct bench *b, bool has_condition, float *logits)
{
	struct kv_stream self = take(b);
	struct lm_row rows[ROWS_MAX];

	for (int i = 0; i < b->n_rows; i++)
		rows[i] = row_at(b, i, &self, has_condition);
	lm_forward(&b->lm, rows, b->n_rows, logits);
	kv_give(&b->pool, &self);
}

static void test_pass(struct bench *b, float *logits[2])
{
	static const char *const stages[] = { "lm.self.q", "lm.self.k", "lm.self.v" };
	struct capture seen = { 0 };
	char stage[48];

	b->lm.probe = capture_probe(&seen);
	whole_pass(b, true, logits[0]);
	b->lm.probe = (struct probe){ 0 };
	whole_pass(b, false, logits[1]);
	near_stage(b, &seen, "lm.x0", "lm.x0", 1e-5);
	for (int i = 1; i <= b->model->lm.n_layers; i++) {
		snprintf(stage, sizeof(stage), "lm.h.%d", i);
		near_stage(b, &seen, stage, stage, 1e-4);
	}
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		near_stage(b, &seen, stages[i], stages[i], 1e-4);
	near_logits(b, "lm.logits", logits[0]);
	near_logits(b, "lm.logits.uncond", logits[1]);
	capture_clear(&seen);
}

/* ---- openings ---------------------------------------------------------------------------------------------- */

/* The frames whose columns are lm.ids, as far as they are whole: n_known frames make n_known + 1 columns. */
static struct opening opening_of(struct bench *b, bool has_condition, int n_known)
{
	const struct lm_dims *d = &b->model->lm;
	struct pattern p = { d->n_codebooks, d->n_channels, COLUMNS, (uint16_t)d->n_codes, 0, 0 };

	for (int column = 1; column < COLUMNS; column++)
		pattern_store(&p, b->codes, column, b->grid + column * d->n_codebooks);
	p.n_known = n_known;
	return (struct opening){
		.n_classes = d->melody_classes,
		.classes = has_condition ? b->classes : NULL,
		.n_text = b->n_text,
		.ids = b->ids,
		.n_ids = has_condition ? b->n_text : 0,
		.pattern = p,
		.codes = b->codes,
	};
}

/* An opening with n_known columns in passes of at most max_rows, then steps: how many of their logits have the bits of the whole pass. */
static int count_same(struct bench *b, bool has_condition, int n_known, int max_rows, const float *whole)
{
	struct kv_stream self = take(b);
	struct lm_row rows[ROWS_MAX];
	uint16_t ids[ROWS_MAX * MODEL_CODEBOOKS_MAX];
	struct prefill p = { .opening = opening_of(b, has_condition, n_known), .condition = has_condition ? b->cond : NULL, .self = &self };
	size_t n = (size_t)(b->model->lm.n_codebooks * b->model->lm.n_codes);
	float *logits = malloc(n * sizeof(*logits));
	int n_same = 0, n_passes = 1;

	b->lm.max_rows = max_rows;
	while (!prefill_pass(&p, &(struct prefill_bench){ &b->lm, rows, ids, b->zero }))
		n_passes++;
	b->lm.max_rows = ROWS_MAX;
	if (n_passes != (opening_positions(&p.opening) + max_rows - 1) / max_rows)
		OK(0, "%d passes of %d rows", n_passes, max_rows);
	for (int i = opening_positions(&p.opening); i < b->n_rows; i++) {
		struct lm_row row = row_at(b, i, &self, has_condition);

		lm_forward(&b->lm, &row, 1, logits);
		n_same += !memcmp(logits, whole + (size_t)i * n, n * sizeof(*logits));
	}
	kv_give(&b->pool, &self);
	free(logits);
	return n_same;
}

static void test_openings(struct bench *b, float *const logits[2])
{
	static const int sizes[] = { ROWS_MAX, 7, 1 };

	for (int n_known = 0; n_known < COLUMNS; n_known += 5) {
		for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
			int n_same = count_same(b, i % 2 == 0, n_known, sizes[i / 2], logits[i % 2]);

			OK(n_same == COLUMNS - n_known, "%s, %s: an opening with %d columns in passes of %d, then %d steps with the bits of one pass",
			   b->name, i % 2 ? "no condition" : "tune and text", n_known, sizes[i / 2], n_same);
		}
	}
}

/* What makes a key another one; class 0 everywhere is no tune. */
static void test_keys(struct bench *b)
{
	enum { N = 7 };
	unsigned char keys[N][HASH_BYTES], zero_key[HASH_BYTES];
	struct opening o[N];
	uint8_t zeros[ROWS_MAX] = { 0 };
	int n_equal = 0, others[IDS_MAX];

	for (int i = 0; i < N; i++)
		o[i] = opening_of(b, i != 0, 3);
	memcpy(others, b->ids, sizeof(others));
	others[0]++;
	o[6].ids = others;
	o[2].n_ids--;
	o[3].classes = zeros;
	o[4].pattern.n_known = 4;
	o[5].n_text--;
	for (int i = 0; i < N; i++)
		opening_key(&o[i], keys[i]);
	for (int i = 0; i < N; i++)
		for (int j = 0; j < i; j++)
			n_equal += !memcmp(keys[i], keys[j], HASH_BYTES);
	IS_INT(n_equal, 0, "text, tune, columns and rows make keys different");
	b->codes[1] ^= 1;
	opening_key(&o[0], zero_key);
	OK(memcmp(zero_key, keys[0], HASH_BYTES) != 0, "a code does");
	b->codes[1] ^= 1;
	o[0].classes = zeros;
	opening_key(&o[0], zero_key);
	OK(!memcmp(zero_key, keys[0], HASH_BYTES), "class 0 everywhere is no tune");
	opening_text_key(b->ids, b->n_text, zero_key);
	for (int i = 0; i < N; i++)
		n_equal += !memcmp(keys[i], zero_key, HASH_BYTES);
	IS_INT(n_equal, 0, "a text's key is no opening's");
}

static void test_fixture(struct bench *b)
{
	size_t n_logits = ROWS_MAX * (size_t)(b->model->lm.n_codebooks * b->model->lm.n_codes);
	float *logits[2] = { malloc(n_logits * sizeof(float)), malloc(n_logits * sizeof(float)) };
	struct err err = ERR_INIT;

	lay(b);
	if (slab_make(&b->slab, "work space", &err) || kv_open(&b->pool, &(struct kv_shape){ b->model->lm.n_layers, b->model->lm.n_heads, b->model->lm.head_width }, 4, &err))
		VECTORS_BAIL("%s", err.text);
	lay(b);
	read_inputs(b);
	test_text(b);
	test_rows(b);
	test_pass(b, logits);
	test_openings(b, logits);
	test_keys(b);
	free(logits[0]);
	free(logits[1]);
	kv_close(&b->pool);
	slab_free(&b->slab);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++) {
		struct bench b = { .name = fixtures[i] };

		if (open_reference(&b.model, &b.v, &b.crew, b.name, b.name))
			test_fixture(&b);
		close_reference(b.model, b.v, &b.crew);
	}
	return tap_done();
}
