#include "stages.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAGES_LANES 2 /* clips of the codec: the channels of one sequence */

static void *room(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p) {
		fprintf(stderr, "no memory for %zu values\n", n);
		exit(1);
	}
	return p;
}

static void must(int status, const struct err *err)
{
	if (status) {
		fprintf(stderr, "%s\n", err->text);
		exit(1);
	}
}

/* ---- the whole --------------------------------------------------------------------------------------- */

static void place(struct stages *s)
{
	t5_init(&s->t5, s->model, &s->crew, ENGINE_PROMPT_TOKENS_MAX, &s->slab);
	lm_init(&s->lm, s->model, &s->crew, STAGES_ROWS, &s->slab);
	codec_bench_init(&s->bench, s->model, &s->crew, STAGES_LANES, CODEC_TILE_FRAMES, &s->slab);
	codec_init(&s->codec, &s->bench, STAGES_LANES, CODEC_TILE_FRAMES, &s->slab);
	encoder_init(&s->encoder, &s->bench, CODEC_TILE_FRAMES, &s->slab);
}

int stages_open(struct stages *s, const char *dir, struct err *err)
{
	char path[4096];

	*s = (struct stages){ .dir = dir, .slab = SLAB_INIT };
	snprintf(path, sizeof(path), "%s/tokenizer.json", dir);
	if (model_open(&s->model, dir, err) || tokenizer_open(&s->tokenizer, path, err) || crew_open(&s->crew, NULL, 0, err)) {
		stages_close(s);
		return -1;
	}
	place(s);
	must(slab_make(&s->slab, "work space", err), err);
	place(s);
	return 0;
}

void stages_close(struct stages *s)
{
	slab_free(&s->slab);
	crew_close(&s->crew);
	tokenizer_close(s->tokenizer);
	model_close(s->model);
}

/* ---- text and tune ------------------------------------------------------------------------------------- */

int stages_ids(const struct stages *s, const char *text, int *ids)
{
	struct err err = ERR_INIT;
	int n = 0;

	must(tokenizer_encode(s->tokenizer, text, ids, ENGINE_PROMPT_TOKENS_MAX, &n, &err), &err);
	return n;
}

float *stages_text(struct stages *s, const int *ids, int n_ids, float *hidden)
{
	float *states = room((size_t)n_ids * (size_t)s->model->t5.width, sizeof(*states));
	float *rows = room((size_t)n_ids * (size_t)s->model->lm.width, sizeof(*rows));

	t5_encode(&s->t5, ids, n_ids, states);
	t5_condition(&s->t5, states, n_ids, rows);
	if (hidden)
		memcpy(hidden, states, (size_t)n_ids * (size_t)s->model->t5.width * sizeof(*states));
	free(states);
	return rows;
}

uint8_t *stages_tune(const struct stages *s, const float *mono, size_t n_samples)
{
	uint8_t *classes = room((size_t)s->model->lm.melody_classes, 1);
	struct engine *e = NULL;
	struct err err = ERR_INIT;

	must(engine_measure(&e, s->dir, &err), &err);
	must(engine_melody(e, mono, n_samples, 1, 0, classes, &err), &err);
	engine_close(e);
	return classes;
}

/* ---- the decoder's streams ------------------------------------------------------------------------------ */

/* A melody model's rows of tune and text, of one stream. */
static void feed_before(struct stages_guess *g, const struct stages_told *told, int stream)
{
	const struct model *m = g->s->model;
	size_t width = (size_t)m->lm.width;
	float *zero = room(width, sizeof(*zero));

	for (int begin = 0; begin < g->n_before; begin += STAGES_ROWS) {
		struct lm_row rows[STAGES_ROWS];
		int n = 0;

		for (; n < STAGES_ROWS && begin + n < g->n_before; n++) {
			int position = begin + n, text = position - m->lm.melody_classes;
			int class = stream || !told->classes || text >= 0 ? 0 : told->classes[position];

			rows[n] = (struct lm_row){ .position = position, .self = &g->self[stream] };
			if (text < 0)
				rows[n].vector = m->lm_w.melody + (size_t)class * width;
			else
				rows[n].vector = stream || !told->text ? zero : told->text + (size_t)text * width;
		}
		lm_forward(&g->s->lm, rows, n, NULL);
	}
	free(zero);
}

void stages_guess_open(struct stages_guess *g, struct stages *s, const struct stages_told *told, int n_columns_max)
{
	const struct lm_dims *d = &s->model->lm;
	size_t cells = STAGES_ROWS * (size_t)d->n_codebooks;
	struct kv_shape shape = lm_kv_shape(s->model);
	struct err err = ERR_INIT;
	int n_blocks;

	*g = (struct stages_guess){ .s = s, .n_streams = told->guidance < 1 || told->guidance > 1 ? 2 : 1, .guidance = told->guidance };
	g->n_before = model_n_before(d, told->n_text);
	g->n_cross[0] = d->melody_classes == 0 && told->text ? told->n_text : 0;
	n_blocks = kv_blocks_for(g->n_before + n_columns_max);
	must(kv_open(&g->pool, &shape, g->n_streams * n_blocks + kv_blocks_for(g->n_cross[0]), &err), &err);
	for (int i = 0; i < g->n_streams; i++)
		kv_take(&g->pool, &g->self[i], n_blocks);
	kv_take(&g->pool, &g->cross, kv_blocks_for(g->n_cross[0]));
	g->ids = room(cells, sizeof(*g->ids));
	g->logits = room(2 * cells * (size_t)d->n_codes, sizeof(*g->logits));
	if (g->n_cross[0] > 0)
		lm_cross(&s->lm, told->text, told->n_text, &g->cross);
	for (int i = 0; i < g->n_streams; i++)
		feed_before(g, told, i);
}

void stages_guess_close(struct stages_guess *g)
{
	kv_close(&g->pool);
	free(g->ids);
	free(g->logits);
}

/* One pass over n columns of one stream, whose ids are in place. */
static void pass(struct stages_guess *g, int stream, int n, float *logits)
{
	struct lm_row rows[STAGES_ROWS];

	for (int i = 0; i < n; i++)
		rows[i] = (struct lm_row){
			.ids = g->ids + i * g->s->model->lm.n_codebooks,
			.position = g->n_before + g->n_columns + i,
			.self = &g->self[stream],
			.cross = g->n_cross[stream] ? &g->cross : NULL,
			.n_cross = g->n_cross[stream],
		};
	lm_forward(&g->s->lm, rows, n, logits);
}

static void feed_some(struct stages_guess *g, const uint16_t *columns, int stride, int begin, int n, float *out)
{
	const struct lm_dims *d = &g->s->model->lm;
	size_t n_values = (size_t)n * (size_t)d->n_codebooks * (size_t)d->n_codes;
	float *free_logits = g->logits + STAGES_ROWS * (size_t)d->n_codebooks * (size_t)d->n_codes;

	for (int i = 0; i < n * d->n_codebooks; i++)
		g->ids[i] = columns[i % d->n_codebooks * stride + begin + i / d->n_codebooks];
	for (int i = 0; i < g->n_streams; i++)
		pass(g, i, n, i ? free_logits : g->logits);
	for (size_t i = 0; g->n_streams > 1 && i < n_values; i++)
		g->logits[i] = free_logits[i] + g->guidance * (g->logits[i] - free_logits[i]);
	if (out)
		memcpy(out, g->logits, n_values * sizeof(*out));
	g->n_columns += n;
}

void stages_guess_feed(struct stages_guess *g, const uint16_t *columns, int stride, int begin, int end, float *logits)
{
	size_t n_values = (size_t)g->s->model->lm.n_codebooks * (size_t)g->s->model->lm.n_codes;

	for (int at = begin; at < end; at += STAGES_ROWS) {
		int n = end - at < STAGES_ROWS ? end - at : STAGES_ROWS;

		feed_some(g, columns, stride, at, n, logits ? logits + (size_t)(at - begin) * n_values : NULL);
	}
}

/* ---- a greedy sequence ---------------------------------------------------------------------------------- */

#define CELL_OPEN 0xffff /* no id: vocabularies end below it */

static int n_delays(const struct stages *s, const struct stages_plan *plan)
{
	return plan->is_free ? 0 : s->model->lm.n_codebooks / s->model->lm.n_channels - 1;
}

int stages_n_frames(const struct stages *s, const struct stages_plan *plan)
{
	return plan->n_columns - 1 - n_delays(s, plan);
}

/* Column of codebook k's frame 0. */
static int first_column(const struct stages *s, const struct stages_plan *plan, int k)
{
	return 1 + (plan->is_free ? 0 : k / s->model->lm.n_channels);
}

/* [n_codebooks][n_columns]: special ids, given codes and open cells. */
static uint16_t *lay_grid(const struct stages *s, const struct stages_plan *plan)
{
	const struct lm_dims *d = &s->model->lm;
	int n_frames = stages_n_frames(s, plan);
	uint16_t *grid = room((size_t)(d->n_codebooks * plan->n_columns), sizeof(*grid));

	for (int i = 0; i < d->n_codebooks * plan->n_columns; i++) {
		int k = i / plan->n_columns, frame = i % plan->n_columns - first_column(s, plan, k);

		if (frame < 0 || frame >= n_frames)
			grid[i] = (uint16_t)d->n_codes;
		else
			grid[i] = frame < plan->n_given ? plan->given[k * plan->n_given + frame] : CELL_OPEN;
	}
	return grid;
}

static uint16_t largest(const float *logits, int n)
{
	int best = 0;

	for (int i = 1; i < n; i++)
		best = logits[i] > logits[best] ? i : best;
	return (uint16_t)best;
}

uint16_t *stages_greedy(struct stages *s, const struct stages_told *told, const struct stages_plan *plan)
{
	const struct lm_dims *d = &s->model->lm;
	int n_frames = stages_n_frames(s, plan), n = plan->n_columns;
	uint16_t *grid = lay_grid(s, plan), *codes = room((size_t)(d->n_codebooks * n_frames), sizeof(*codes));
	float *logits = room((size_t)d->n_codebooks * (size_t)d->n_codes, sizeof(*logits));
	struct stages_guess g;

	stages_guess_open(&g, s, told, n);
	stages_guess_feed(&g, grid, n, 0, plan->n_given, NULL);
	for (int column = plan->n_given; column < n - 1; column++) {
		stages_guess_feed(&g, grid, n, column, column + 1, logits);
		for (int k = 0; k < d->n_codebooks; k++) {
			uint16_t *next = &grid[k * n + column + 1];

			if (*next == CELL_OPEN)
				*next = largest(logits + (size_t)k * (size_t)d->n_codes, d->n_codes);
		}
	}
	for (int i = 0; i < d->n_codebooks * n_frames; i++) {
		int k = i / n_frames;

		codes[i] = grid[k * n + first_column(s, plan, k) + i % n_frames];
	}
	stages_guess_close(&g);
	free(grid);
	free(logits);
	return codes;
}

/* ---- the codec -------------------------------------------------------------------------------------------- */

float *stages_decode(struct stages *s, const uint16_t *codes, int n_frames)
{
	const struct model *m = s->model;
	size_t n = (size_t)n_frames * (size_t)m->codec.frame_samples;
	float *samples = room((size_t)m->lm.n_channels * n, sizeof(*samples));
	void *owner;

	for (int c = 0; c < m->lm.n_channels; c++) {
		struct codec_clip clip = {
			.codes = codes + c * n_frames,
			.codebook_stride = (size_t)(m->lm.n_channels * n_frames),
			.n_codebooks = m->lm.n_codebooks / m->lm.n_channels,
			.n_frames = n_frames,
			.out = samples + (size_t)c * n,
			.out_stride = 1,
			.owner = s,
		};

		codec_join(&s->codec, &clip);
	}
	while (codec_step(&s->codec))
		continue;
	while (codec_take(&s->codec, &owner))
		continue;
	return samples;
}

uint16_t *stages_encode(struct stages *s, const float *samples, int n_samples, int *n_frames)
{
	uint16_t *codes;

	*n_frames = encoder_n_frames(s->model, n_samples);
	codes = room((size_t)s->model->lm.n_codebooks * (size_t)*n_frames, sizeof(*codes));
	encoder_begin(&s->encoder, samples, n_samples, codes);
	while (encoder_step(&s->encoder))
		continue;
	return codes;
}
