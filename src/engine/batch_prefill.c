/*
 * What a sequence waits for before it decodes: its prompt's keys and values, and what lies before the window's first
 * column in each of its streams. One unit at a time, the oldest sequence first; one opening is in work at a time.
 */
#include "engine/inside.h"

#include <string.h>

void batch_begin_window(struct batch *b, struct sequence *s, int window)
{
	const struct lm_dims *d = &b->engine->model->lm;
	struct window at = windows_at(&s->windows, window);

	s->window = window;
	s->pattern = (struct pattern){
		.n_codebooks = d->n_codebooks,
		.n_channels = d->n_channels,
		.n_frames = at.n_frames,
		.special = (uint16_t)d->n_codes,
		.n_known = at.n_known,
		.stride = s->windows.n_frames,
	};
	s->column = at.n_known + 1;
	pattern_column(&s->pattern, s->codes + at.begin, at.n_known, s->ids);
	for (int i = 0; i < N_STREAMS; i++) {
		s->streams[i].is_open = s->n_before + at.n_known == 0;
		s->streams[i].n_opening = 0;
	}
	s->state = SEQUENCE_WAITING;
}

struct opening batch_opening(const struct batch *b, const struct sequence *s, int stream)
{
	const struct lm_dims *d = &b->engine->model->lm;
	bool has_condition = stream == CONDITIONAL;

	return (struct opening){
		.n_classes = d->melody_classes,
		.classes = has_condition && s->melody ? s->melody + (size_t)s->window * (size_t)d->melody_classes : NULL,
		.n_text = s->n_text,
		.ids = s->ids_of_prompt,
		.n_ids = has_condition ? s->n_ids : 0,
		.pattern = s->pattern,
		.codes = s->codes + windows_at(&s->windows, s->window).begin,
	};
}

/* ---- units ------------------------------------------------------------------------------------------------- */

static void encode_text(struct batch *b, struct sequence *s)
{
	struct work *w = &b->work;

	t5_encode(&w->t5, s->ids_of_prompt, s->n_ids, w->hidden);
	t5_condition(&w->t5, w->hidden, s->n_ids, w->condition);
	lm_cross(&w->lm, w->condition, s->n_ids, &s->text->stream);
	s->text->is_ready = true;
}

static void begin_opening(struct batch *b, struct sequence *s, int stream)
{
	struct work *w = &b->work;
	struct stream *st = &s->streams[stream];
	struct prefill *p = &b->prefill;

	*p = (struct prefill){
		.opening = batch_opening(b, s, stream),
		.self = &st->kv,
		.cross = stream == CONDITIONAL && s->text ? &s->text->stream : NULL,
		.n_cross = s->n_ids,
	};
	b->prefilled = s;
	if (p->opening.n_text == 0 || p->opening.n_ids == 0)
		return;
	t5_encode(&w->t5, s->ids_of_prompt, s->n_ids, w->hidden);
	t5_condition(&w->t5, w->hidden, s->n_ids, w->condition);
	p->condition = w->condition;
}

struct copy {
	const struct kv_stream *from, *to;
	size_t n_bytes; /* of a block */
};

static void run_copy(void *arg, int worker, int begin, int end)
{
	const struct copy *c = arg;

	(void)worker;
	for (int i = begin; i < end; i++)
		memcpy(c->to->blocks[i], c->from->blocks[i], c->n_bytes);
}

static void copy_opening(struct batch *b, struct stream *st, const struct kv_stream *from)
{
	struct copy c = { from, &st->kv, kv_block_bytes(&b->pool.shape) };

	pool_run(b->crew.pool, kv_blocks_for(st->n_opening), run_copy, &c);
	st->is_open = true;
}

static void make_opening(struct batch *b, struct sequence *s, int stream)
{
	const struct prefill_bench bench = { &b->work.lm, b->work.rows, b->work.row_ids, b->work.zero };
	struct stream *st = &s->streams[stream];

	if (!b->prefilled)
		begin_opening(b, s, stream);
	if (!prefill_pass(&b->prefill, &bench))
		return;
	b->prefilled = NULL;
	st->is_open = true;
}

/* Where the stream's opening lies already: left by one that has ended, or in a stream that began with it and is still in its first window. */
static const struct kv_stream *find_opening(struct batch *b, const struct stream *st)
{
	const struct shared_entry *left = st->n_opening > 0 ? shared_find(&b->work.shared, st->key) : NULL;

	if (left)
		return &left->stream;
	for (int i = 0; i < b->n_sequences * N_STREAMS && st->n_opening > 0; i++) {
		const struct stream *other = &b->work.sequences[i / N_STREAMS].streams[i % N_STREAMS];

		if (other->is_open && other->n_opening > 0 && !memcmp(other->key, st->key, HASH_BYTES))
			return &other->kv;
	}
	return NULL;
}

/* ---- whose turn it is -------------------------------------------------------------------------------------- */

/* The first stream that has to be opened; N_STREAMS: all are open. */
static int closed_stream(const struct sequence *s)
{
	int i = 0;

	while (i < N_STREAMS && (!s->streams[i].is_used || s->streams[i].is_open))
		i++;
	return i;
}

/* Who has all that he waited for decodes. The oldest of the rest; NULL: nobody waits. */
static struct sequence *oldest_waiting(struct batch *b)
{
	struct sequence *oldest = NULL;

	for (int i = 0; i < b->n_sequences; i++) {
		struct sequence *s = &b->work.sequences[i];

		if (s->state != SEQUENCE_WAITING)
			continue;
		if ((!s->text || s->text->is_ready) && closed_stream(s) == N_STREAMS)
			s->state = SEQUENCE_DECODING;
		else if (!oldest || s->order < oldest->order)
			oldest = s;
	}
	return oldest;
}

bool batch_prefill(struct batch *b)
{
	struct sequence *s = oldest_waiting(b);
	double began_s = batch_now_s();
	const struct kv_stream *from;
	int stream;

	if (!s)
		return false;
	if (b->prefilled)
		s = b->prefilled;
	stream = closed_stream(s);
	if (s->text && !s->text->is_ready)
		encode_text(b, s);
	else if (!b->prefilled && (from = find_opening(b, &s->streams[stream])))
		copy_opening(b, &s->streams[stream], from);
	else
		make_opening(b, s, stream);
	batch_charge(b, SEQUENCE_WAITING, began_s);
	return true;
}
