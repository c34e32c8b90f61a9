#include "engine/codec_lstm.h"

#include <string.h>

#define UNIT_GROUP 16 /* as the columns of a product (crew.c) */

/* Units begin..end - 1 of one active clip, after the product with its state. */
static void finish_units(struct lstm_stretch *s, int worker, int clip, size_t begin, size_t n)
{
	size_t width = (size_t)s->width, row = (size_t)clip;
	float *local = s->local + (size_t)worker * 4 * width;
	const float *made = s->product + row * 4 * width + begin;
	const float *given = s->gates + ((size_t)s->step * (size_t)s->n_clips + row) * 4 * width + begin;
	float *h = s->next + row * width + begin;

	for (size_t gate = 0; gate < 4; gate++) {
		memcpy(local + gate * n, made + gate * width, n * sizeof(float));
		s->crew->k->add(local + gate * n, given + gate * width, n);
	}
	s->crew->k->lstm_cell(h, s->cell + row * width + begin, local, (int)n);
	memcpy(s->y + ((size_t)s->step * (size_t)s->n_clips + row) * width + begin, h, n * sizeof(float));
}

static void run_units(void *arg, int worker, int begin, int end)
{
	struct lstm_stretch *s = arg;
	size_t width = (size_t)s->width;
	int first = begin * UNIT_GROUP, last = end * UNIT_GROUP < s->width ? end * UNIT_GROUP : s->width;

	for (int gate = 0; gate < 4; gate++)
		s->crew->k->matmul(s->product, 4 * width, s->state, width, s->n_active, &s->layer->w_state, gate * s->width + first,
				   gate * s->width + last, NULL);
	for (int clip = 0; clip < s->n_active; clip++)
		finish_units(s, worker, clip, (size_t)first, (size_t)(last - first));
}

void codec_lstm_init(struct lstm_stretch *s, struct crew *crew, int n_clips, int width, struct slab *slab)
{
	size_t n = (size_t)n_clips, all = CODEC_LSTM_STEPS * n, row = (size_t)width, f = sizeof(float);

	*s = (struct lstm_stretch){ .crew = crew };
	s->clips = slab_take(slab, n, sizeof(*s->clips));
	s->even = slab_take(slab, all * row, f);
	s->odd = slab_take(slab, all * row, f);
	s->gates = slab_take(slab, all * 4 * row, f);
	s->product = slab_take(slab, n * 4 * row, f);
	s->state = slab_take(slab, n * row, f);
	s->next = slab_take(slab, n * row, f);
	s->cell = slab_take(slab, n * row, f);
	s->local = slab_take(slab, (size_t)crew->n_threads * 4 * row, f);
}

static void run_layer(struct lstm_stretch *s, const struct codec_lstm *layer, const float *x, float *y)
{
	struct product in = {
		.y = s->gates,
		.ldy = 4 * (size_t)s->width,
		.x = x,
		.ldx = (size_t)s->width,
		.n_x = s->n_steps * s->n_clips,
		.w = &layer->w_in,
		.bias = layer->bias,
	};

	crew_product(s->crew, &in);
	s->layer = layer;
	s->y = y;
	s->n_active = s->n_clips;
	for (s->step = 0; s->step < s->n_steps; s->step++) {
		float *old = s->state;

		while (s->clips[s->n_active - 1].n_steps <= s->step)
			s->n_active--;
		pool_run(s->crew->pool, (s->width + UNIT_GROUP - 1) / UNIT_GROUP, run_units, s);
		s->state = s->next;
		s->next = old;
	}
}

/* The states of a layer between the clips and the packed rows. */
static void load_states(struct lstm_stretch *s, size_t layer)
{
	size_t width = (size_t)s->width, bytes = width * sizeof(float);

	for (int i = 0; i < s->n_clips; i++) {
		memcpy(s->state + (size_t)i * width, s->clips[i].h + layer * width, bytes);
		memcpy(s->cell + (size_t)i * width, s->clips[i].c + layer * width, bytes);
	}
}

/* Clips that end here have no use for theirs any more. */
static void save_states(struct lstm_stretch *s, size_t layer)
{
	size_t width = (size_t)s->width, bytes = width * sizeof(float);

	for (int i = 0; i < s->n_active; i++) {
		memcpy(s->clips[i].h + layer * width, s->state + (size_t)i * width, bytes);
		memcpy(s->clips[i].c + layer * width, s->cell + (size_t)i * width, bytes);
	}
}

const float *codec_lstm_run(struct lstm_stretch *s, const struct codec_layer *lstm, const float *x)
{
	s->width = lstm->u.lstm.width;
	for (int i = 0; i < lstm->u.lstm.n_layers; i++) {
		float *y = i % 2 ? s->odd : s->even;

		load_states(s, (size_t)i);
		run_layer(s, &lstm->u.lstm.layers[i], x, y);
		save_states(s, (size_t)i);
		x = y;
	}
	return x;
}
