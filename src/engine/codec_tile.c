#include "engine/codec_tile.h"

#include <stdio.h>

/* The most floats that the pieces of a tile need. */
struct room {
	size_t signal, hidden, padded, windows;
};

/* ---- room ------------------------------------------------------------------------------------------- */

static void grow(size_t *most, size_t rows, int width)
{
	size_t n = rows * (size_t)width;

	if (n > *most)
		*most = n;
}

/* For `rows` of its output. Returns the rows that it reads for them, at most. */
static size_t add_conv(struct room *room, const struct codec_conv *conv, size_t rows)
{
	size_t reach = codec_conv_reach(conv, rows);

	grow(&room->padded, reach, conv->n_in);
	if (conv->dilation > 1)
		grow(&room->windows, rows, conv->kernel * conv->n_in);
	return reach;
}

static size_t add_residual(struct room *room, const struct codec_residual *r, int width, size_t rows)
{
	add_conv(room, &r->second, rows);
	grow(&room->hidden, rows, r->first.n_out);
	/* The shortcut's product waits there before it is added. */
	grow(&room->hidden, rows, width);
	return add_conv(room, &r->first, rows);
}

/* It makes whole frames: both ends may be in the middle of one. */
static size_t add_up(struct room *room, const struct codec_up *up, size_t rows)
{
	size_t frames = (rows - 1) / (size_t)up->stride + 2, reach = frames + (size_t)up->n_taps - 1;

	grow(&room->signal, frames * (size_t)up->stride, up->n_out);
	grow(&room->padded, reach, up->n_in);
	return reach;
}

static size_t add_layer(struct room *room, const struct codec_layer *layer, size_t rows)
{
	grow(&room->signal, rows, layer->width);
	switch (layer->kind) {
	case CODEC_CONV:
		return add_conv(room, &layer->u.conv, rows);
	case CODEC_RESIDUAL:
		return add_residual(room, &layer->u.residual, layer->width, rows);
	case CODEC_UP:
		return add_up(room, &layer->u.up, rows);
	case CODEC_ELU:
		grow(&room->padded, rows, layer->width); /* shown to a probe */
		break;
	case CODEC_LSTM:
		break;
	}
	return rows;
}

/* The widest tile of each layer, from the output backwards. */
static size_t add_half(struct room *room, const struct codec_half *half, size_t rows)
{
	for (int i = half->local_end - 1; i >= half->local_begin; i--)
		rows = add_layer(room, &half->layers[i], rows);
	return rows;
}

/* What is around the LSTMs: code vectors on one side each, of a stretch and its neighbours. */
static void add_fronts(struct room *room, const struct model *m)
{
	const struct codec_half *encoder = &m->codec_w.encoder;
	const struct codec_conv *first = &m->codec_w.decoder.layers[0].u.conv, *last = &encoder->layers[encoder->n_layers - 1].u.conv;
	size_t rows = codec_conv_reach(last, CODEC_LSTM_STEPS);

	add_conv(room, first, codec_conv_reach(first, CODEC_LSTM_STEPS));
	add_conv(room, last, rows);
	grow(&room->padded, rows, last->n_in); /* shown to a probe */
	grow(&room->padded, 1, m->codec.width); /* one code's vector */
	grow(&room->signal, rows, m->codec.width);
	grow(&room->signal, rows, m->codec.n_codes); /* how near each is */
}

void codec_bench_init(struct codec_bench *bench, const struct model *m, struct crew *crew, int n_clips, int tile_frames, struct slab *slab)
{
	const struct codec_half *encoder = &m->codec_w.encoder, *decoder = &m->codec_w.decoder;
	int width = decoder->layers[0].width, encoder_width = encoder->layers[encoder->local_end - 1].width;
	size_t n_samples = (size_t)tile_frames * (size_t)m->codec.frame_samples;
	struct room room = { 0 };

	*bench = (struct codec_bench){ .model = m, .crew = crew };
	add_half(&room, decoder, n_samples);
	grow(&room.signal, add_half(&room, encoder, (size_t)tile_frames), 1); /* the samples */
	add_fronts(&room, m);
	bench->even = slab_take(slab, room.signal, sizeof(float));
	bench->odd = slab_take(slab, room.signal, sizeof(float));
	bench->hidden = slab_take(slab, room.hidden, sizeof(float));
	bench->padded = slab_take(slab, room.padded, sizeof(float));
	bench->windows = slab_take(slab, room.windows, sizeof(float));
	if (m->lm.n_channels > n_clips)
		n_clips = m->lm.n_channels; /* the encoder's */
	codec_lstm_init(&bench->stretch, crew, n_clips, width > encoder_width ? width : encoder_width, slab);
}

/* ---- which rows ------------------------------------------------------------------------------------- */

static struct codec_span need_of(const struct model *m, const struct codec_layer *layer, struct codec_span out, int length)
{
	if (layer->kind == CODEC_CONV)
		return codec_conv_need(m, &layer->u.conv, out, length);
	if (layer->kind == CODEC_RESIDUAL)
		return codec_conv_need(m, &layer->u.residual.first, out, length);
	if (layer->kind == CODEC_UP)
		return codec_up_need(m, &layer->u.up, out);
	return out;
}

void codec_tile_plan(const struct model *m, const struct codec_half *half, int length, int begin, int end, struct codec_span *spans)
{
	for (int i = half->local_begin; i < half->local_end; i++) {
		const struct codec_layer *layer = &half->layers[i];

		spans[i].length = length;
		if (layer->kind == CODEC_CONV)
			length = codec_conv_length(&layer->u.conv, length);
		if (layer->kind == CODEC_UP)
			length *= layer->u.up.stride;
	}
	spans[half->local_end] = (struct codec_span){ begin, end, length };
	for (int i = half->local_end - 1; i >= half->local_begin; i--)
		spans[i] = need_of(m, &half->layers[i], spans[i + 1], spans[i].length);
}

/* ---- running ---------------------------------------------------------------------------------------- */

void codec_probe(const struct probe *probe, const char *stage, int index, const float *data, int rows, int cols)
{
	char name[32];

	if (!probe->fn)
		return;
	snprintf(name, sizeof(name), index < 0 ? "%s" : "%s.%d", stage, index);
	probe->fn(probe->arg, name, data, rows, cols);
}

/* y = (shortcut or identity of x) + second(elu(first(elu(x)))) */
static void run_residual(const struct codec_bench *bench, const struct codec_layer *layer, float *y, struct codec_span out, const float *x,
			 struct codec_span in)
{
	const struct codec_residual *r = &layer->u.residual;
	const float *same = x + (size_t)(out.begin - in.begin) * (size_t)layer->width;
	int rows = codec_span_rows(out);

	codec_conv_run(bench, &r->first, bench->hidden, (size_t)r->first.n_out, out, x, in, true);
	codec_conv_run(bench, &r->second, y, (size_t)layer->width, out, bench->hidden, out, true);
	if (r->shortcut.w.data) {
		codec_conv_run(bench, &r->shortcut, bench->hidden, (size_t)layer->width, out, same, out, false);
		same = bench->hidden;
	}
	codec_add(bench, y, same, rows, layer->width);
}

const float *codec_tile_run(const struct codec_bench *bench, const struct codec_half *half, const struct codec_span *spans, const float *x,
			    const struct probe *probe, const char *stage)
{
	float *made = bench->odd, *spare = bench->even, *y;
	bool elu = false;

	for (int i = half->local_begin; i < half->local_end; i++) {
		const struct codec_layer *layer = &half->layers[i];

		if (layer->kind == CODEC_ELU) {
			/* Done by the layer that follows, as it copies its input. */
			elu = true;
			if (probe->fn) {
				codec_elu(bench, bench->padded, x, codec_span_rows(spans[i]), layer->width);
				codec_probe(probe, stage, i, bench->padded, codec_span_rows(spans[i]), layer->width);
			}
			continue;
		}
		y = spare;
		spare = made;
		made = y;
		if (layer->kind == CODEC_RESIDUAL)
			run_residual(bench, layer, y, spans[i + 1], x, spans[i]);
		else if (layer->kind == CODEC_UP)
			y = codec_up_run(bench, &layer->u.up, y, spans[i + 1], x, spans[i], elu);
		else
			codec_conv_run(bench, &layer->u.conv, y, (size_t)layer->width, spans[i + 1], x, spans[i], elu);
		elu = false;
		x = y;
		codec_probe(probe, stage, i, x, codec_span_rows(spans[i + 1]), layer->width);
	}
	return x;
}
