/*
 * One decoder step: the rows of all sequences, their logits, one draw per codebook.
 */
#include "engine/inside.h"

static void lay_row(struct lm_row *row, const struct sequence *s, int stream)
{
	const struct shared_entry *text = stream == CONDITIONAL ? s->text : NULL;

	*row = (struct lm_row){
		.ids = s->ids,
		.position = s->n_before + s->column - 1,
		.self = &s->streams[stream].kv,
		.cross = text ? &text->stream : NULL,
		.n_cross = text ? s->n_ids : 0,
	};
}

/* Rows with a condition come first (lm.h). Returns how many there are in all. */
static int gather_rows(struct batch *b)
{
	struct work *w = &b->work;
	int n = 0;

	b->n_active = 0;
	for (int i = 0; i < b->n_sequences; i++) {
		struct sequence *s = &w->sequences[i];

		if (s->state != SEQUENCE_DECODING)
			continue;
		w->active[b->n_active] = s;
		w->conditional_row[b->n_active++] = n;
		if (s->streams[CONDITIONAL].is_used)
			lay_row(&w->rows[n++], s, CONDITIONAL);
	}
	for (int i = 0; i < b->n_active; i++) {
		struct sequence *s = w->active[i];

		w->unconditional_row[i] = n;
		if (s->streams[UNCONDITIONAL].is_used)
			lay_row(&w->rows[n++], s, UNCONDITIONAL);
	}
	return n;
}

/* One item: one codebook of one sequence. Its logits are merged in place. */
static void draw_item(struct batch *b, int worker, int item)
{
	struct work *w = &b->work;
	const struct lm_dims *d = &b->engine->model->lm;
	int k = item % d->n_codebooks, at = item / d->n_codebooks;
	struct sequence *s = w->active[at];
	size_t all = (size_t)d->n_codebooks * (size_t)d->n_codes, mine = (size_t)k * (size_t)d->n_codes;
	float *conditional = w->logits + (size_t)w->conditional_row[at] * all + mine;
	float *unconditional = w->logits + (size_t)w->unconditional_row[at] * all + mine;
	float *logits = s->streams[CONDITIONAL].is_used ? conditional : unconditional;
	struct sample_params params = { s->request.temperature, s->request.top_k, s->request.top_p };
	double uniform;
	int id;

	s->drawn[k] = 0;
	if (!pattern_is_drawn(&s->pattern, k, s->column))
		return;
	if (s->streams[CONDITIONAL].is_used && s->streams[UNCONDITIONAL].is_used)
		sample_guide(logits, conditional, unconditional, s->request.guidance, d->n_codes);
	uniform = sample_uniform(s->request.seed, (uint32_t)s->column, (uint32_t)k, (uint32_t)s->window);
	id = sample_pick(logits, d->n_codes, &params, uniform, w->scratch + (size_t)worker * w->scratch_bytes);
	/* n_codes is no code: the mark of logits that were not finite. */
	s->drawn[k] = (uint16_t)(id < 0 ? d->n_codes : id);
}

static void run_draw(void *arg, int worker, int begin, int end)
{
	for (int item = begin; item < end; item++)
		draw_item(arg, worker, item);
}

/* What was drawn becomes the next column; after the window's last one comes the next window, after the last window the streams are given back. */
static void advance(struct batch *b, struct sequence *s)
{
	uint16_t *codes = s->codes + windows_at(&s->windows, s->window).begin;

	for (int k = 0; k < s->pattern.n_codebooks; k++) {
		if (s->drawn[k] == s->pattern.special)
			s->is_finite = false;
	}
	pattern_store(&s->pattern, codes, s->column, s->drawn);
	pattern_column(&s->pattern, codes, s->column, s->ids);
	s->n_steps_done++;
	if (s->is_finite && ++s->column <= pattern_n_steps(&s->pattern))
		return;
	if (s->is_finite && s->window + 1 < windows_count(&s->windows)) {
		batch_begin_window(b, s, s->window + 1);
		return;
	}
	batch_release(b, s);
	s->decoded_at = b->n_steps;
	s->state = s->is_finite ? SEQUENCE_DECODED : SEQUENCE_DONE;
	if (s->state == SEQUENCE_DONE)
		s->order = b->n_done++;
}

void batch_decode(struct batch *b)
{
	int n_rows = gather_rows(b);

	lm_forward(&b->work.lm, b->work.rows, n_rows, b->work.logits);
	pool_run(b->crew.pool, b->n_active * b->engine->model->lm.n_codebooks, run_draw, b);
	b->n_steps++;
	for (int i = 0; i < b->n_active; i++)
		advance(b, b->work.active[i]);
}
