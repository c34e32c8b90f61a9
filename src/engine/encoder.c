#include "engine/encoder.h"

#include <string.h>

#define STAGE "encoder.layer"

void encoder_init(struct encoder *e, struct codec_bench *bench, int tile_frames, struct slab *slab)
{
	const struct model *m = bench->model;
	const struct codec_half *half = &m->codec_w.encoder;
	size_t n = (size_t)m->lm.n_channels, width = (size_t)half->layers[half->local_end - 1].width, f = sizeof(float);
	size_t states = n * (size_t)m->codec.n_lstm * width;

	*e = (struct encoder){ .model = m, .bench = bench, .tile_frames = tile_frames, .n_channels = m->lm.n_channels, .width = (int)width };
	e->lstm = m->codec.n_lstm > 0 ? &half->layers[half->local_end] : NULL;
	e->last = &half->layers[half->n_layers - 1].u.conv;
	e->n_reach = (e->last->kernel - 1) * e->last->dilation;
	e->ahead = slab_take(slab, CODEC_LSTM_STEPS * n * width, f);
	e->kept = slab_take(slab, n * (CODEC_LSTM_STEPS + 2 * (size_t)e->n_reach) * width, f);
	e->h = slab_take(slab, states, f);
	e->c = slab_take(slab, states, f);
	quantiser_init(&e->quantiser, bench, slab);
}

void encoder_begin(struct encoder *e, const float *samples, int n_samples, uint16_t *codes)
{
	size_t states = (size_t)e->n_channels * (size_t)e->model->codec.n_lstm * (size_t)e->width;

	e->samples = samples;
	e->codes = codes;
	e->n_samples = n_samples;
	e->n_frames = encoder_n_frames(e->model, n_samples);
	e->channel = e->n_ahead = e->n_heard = e->n_made = e->kept_from = 0;
	memset(e->h, 0, states * sizeof(float));
	memset(e->c, 0, states * sizeof(float));
}

/* Frames of the stretch in work. */
static int stretch_frames(const struct encoder *e)
{
	int left = e->n_frames - e->n_heard;

	return left < CODEC_LSTM_STEPS ? left : CODEC_LSTM_STEPS;
}

/* ---- samples to a row a frame ----------------------------------------------------------------------- */

/* The next tile of the channel in work. */
static void run_tile(struct encoder *e)
{
	const struct codec_half *half = &e->model->codec_w.encoder;
	struct codec_span spans[MODEL_CODEC_LAYERS_MAX + 1], *in = &spans[half->local_begin];
	int left = stretch_frames(e) - e->n_ahead, frames = left < e->tile_frames ? left : e->tile_frames, begin = e->n_heard + e->n_ahead;
	size_t width = (size_t)e->width, n = (size_t)e->n_channels;
	const float *rows;

	codec_tile_plan(e->model, half, e->n_samples, begin, begin + frames, spans);
	for (int i = in->begin; i < in->end; i++)
		e->bench->odd[i - in->begin] = e->samples[(size_t)i * n + (size_t)e->channel];
	rows = codec_tile_run(e->bench, half, spans, e->bench->odd, &e->probe, STAGE);
	for (int t = 0; t < frames; t++)
		memcpy(e->ahead + ((size_t)(e->n_ahead + t) * n + (size_t)e->channel) * width, rows + (size_t)t * width, width * sizeof(float));
	e->n_ahead += frames;
	if (e->n_ahead == stretch_frames(e)) {
		e->n_ahead = 0;
		e->channel++;
	}
}

/* ---- the LSTM and what follows ---------------------------------------------------------------------- */

static float *kept_of(const struct encoder *e, int channel)
{
	return e->kept + (size_t)channel * (CODEC_LSTM_STEPS + 2 * (size_t)e->n_reach) * (size_t)e->width;
}

/* What the LSTM makes of the rows ahead. */
static const float *hear(struct encoder *e, int n_steps)
{
	size_t states = (size_t)e->model->codec.n_lstm * (size_t)e->width;
	struct lstm_stretch *s = &e->bench->stretch;

	for (int i = 0; i < e->n_channels; i++)
		s->clips[i] = (struct lstm_clip){ n_steps, e->h + (size_t)i * states, e->c + (size_t)i * states };
	s->n_clips = e->n_channels;
	s->n_steps = n_steps;
	return codec_lstm_run(s, e->lstm, e->ahead);
}

/* Drops what the last convolution needs no more and adds what was heard (plus the LSTM's input: it has a shortcut). */
static void keep_heard(struct encoder *e, const float *heard, int n_steps)
{
	int from = e->n_made > e->n_reach ? e->n_made - e->n_reach : 0;
	size_t width = (size_t)e->width, n = (size_t)e->n_channels, n_old = (size_t)(e->n_heard - from);

	for (int channel = 0; channel < e->n_channels; channel++) {
		float *kept = kept_of(e, channel);

		memmove(kept, kept + (size_t)(from - e->kept_from) * width, n_old * width * sizeof(float));
		for (size_t step = 0; step < (size_t)n_steps; step++) {
			size_t at = (step * n + (size_t)channel) * width;
			float *to = kept + (n_old + step) * width;

			memcpy(to, heard + at, width * sizeof(float));
			if (e->lstm)
				e->bench->crew->k->add(to, e->ahead + at, width);
		}
	}
	e->kept_from = from;
	e->n_heard += n_steps;
}

/* What a test may look at, of a channel that is heard. */
static void show_heard(const struct encoder *e, int channel)
{
	const struct codec_half *half = &e->model->codec_w.encoder;
	int rows = e->n_heard - e->kept_from;

	if (!e->probe.fn || e->kept_from > 0)
		return;
	if (e->lstm)
		codec_probe(&e->probe, STAGE, half->local_end, kept_of(e, channel), rows, e->width);
	codec_elu(e->bench, e->bench->padded, kept_of(e, channel), rows, e->width);
	codec_probe(&e->probe, STAGE, half->n_layers - 2, e->bench->padded, rows, e->width);
}

/* Codes of the frames n_made..end - 1 of one channel. */
static void code_frames(struct encoder *e, int channel, int end)
{
	struct codec_span out = { e->n_made, end, e->n_frames }, in = codec_conv_need(e->model, e->last, out, e->n_frames);
	const float *kept = kept_of(e, channel) + (size_t)(in.begin - e->kept_from) * (size_t)e->width;
	int rows = codec_span_rows(out), width = e->model->codec.width;
	size_t n_frames = (size_t)e->n_frames;
	float *z = e->bench->even;

	codec_conv_run(e->bench, e->last, z, (size_t)width, out, kept, in, true);
	codec_probe(&e->probe, STAGE, e->model->codec_w.encoder.n_layers - 1, z, rows, width);
	quantiser_run(&e->quantiser, z, rows, e->codes + (size_t)channel * n_frames + (size_t)e->n_made, (size_t)e->n_channels * n_frames);
	codec_probe(&e->probe, "encoder.rest", -1, z, rows, width);
}

static void run_stretch(struct encoder *e)
{
	int n_steps = stretch_frames(e), end;
	const float *heard = e->lstm ? hear(e, n_steps) : e->ahead;

	keep_heard(e, heard, n_steps);
	end = e->n_heard == e->n_frames ? e->n_frames : e->n_heard - e->n_reach;
	for (int channel = 0; channel < e->n_channels && end > e->n_made; channel++) {
		show_heard(e, channel);
		code_frames(e, channel, end);
	}
	e->n_made = end > e->n_made ? end : e->n_made;
	e->channel = 0;
}

bool encoder_step(struct encoder *e)
{
	if (e->n_made == e->n_frames)
		return false;
	if (e->channel < e->n_channels)
		run_tile(e);
	else
		run_stretch(e);
	return e->n_made < e->n_frames;
}
