#include "engine/codec.h"

#include <string.h>

/* Frames of neighbours on each side: every layer's reach added up from the samples to the frames, rounded up. */
static int reach_of(const struct codec_half *decoder)
{
	int reach = 0;

	for (int i = decoder->local_end - 1; i >= decoder->local_begin; i--) {
		const struct codec_layer *layer = &decoder->layers[i];

		if (layer->kind == CODEC_CONV)
			reach += (layer->u.conv.kernel - 1) * layer->u.conv.dilation;
		if (layer->kind == CODEC_RESIDUAL)
			reach += (layer->u.residual.first.kernel - 1) * layer->u.residual.first.dilation;
		if (layer->kind == CODEC_UP)
			reach = (reach + layer->u.up.stride - 1) / layer->u.up.stride + layer->u.up.n_taps + 1;
	}
	return reach;
}

void codec_init(struct codec *c, struct codec_bench *bench, int n_lanes, int tile_frames, struct slab *slab)
{
	const struct model *m = bench->model;
	const struct codec_conv *first = &m->codec_w.decoder.layers[0].u.conv;
	size_t width = (size_t)first->n_out, states = (size_t)m->codec.n_lstm * width, f = sizeof(float);

	*c = (struct codec){ .model = m, .bench = bench, .n_lanes = n_lanes, .tile_frames = tile_frames, .width = first->n_out };
	c->n_reach = reach_of(&m->codec_w.decoder);
	c->kept_rows = CODEC_LSTM_STEPS + tile_frames + 2 * c->n_reach;
	c->lanes = slab_take(slab, (size_t)n_lanes, sizeof(*c->lanes));
	for (int i = 0; i < n_lanes; i++) {
		struct codec_lane lane = { 0 };

		lane.kept = slab_take(slab, (size_t)c->kept_rows * width, f);
		lane.h = slab_take(slab, states, f);
		lane.c = slab_take(slab, states, f);
		if (c->lanes)
			c->lanes[i] = lane;
	}
	c->order = slab_take(slab, (size_t)n_lanes, sizeof(*c->order));
	c->z = slab_take(slab, codec_conv_reach(first, CODEC_LSTM_STEPS) * (size_t)first->n_in, f);
	c->front = slab_take(slab, CODEC_LSTM_STEPS * (size_t)n_lanes * width, f);
}

/* ---- the front: code vectors, first convolution, LSTM --------------------------------------------------- */

/* z = the sum of the codebooks' vectors in rising order. */
static void sum_codes(struct codec *c, const struct codec_clip *clip, struct codec_span span)
{
	size_t width = (size_t)c->model->codec.width;

	for (int t = span.begin; t < span.end; t++) {
		float *z = c->z + (size_t)(t - span.begin) * width;

		for (int k = 0; k < clip->n_codebooks; k++) {
			uint16_t code = clip->codes[(size_t)k * clip->codebook_stride + (size_t)t];
			float *one = k == 0 ? z : c->bench->padded;

			crew_row(one, &c->model->codec_w.codebooks[k], code);
			if (k > 0)
				c->bench->crew->k->add(z, one, width);
		}
	}
}

/* The first convolution's output for this clip's part of the stretch, into its column. */
static void hear_clip(struct codec *c, int column, const struct codec_lane *lane)
{
	const struct codec_conv *conv = &c->model->codec_w.decoder.layers[0].u.conv;
	const struct lstm_stretch *s = &c->bench->stretch;
	struct codec_span out = { lane->n_heard, lane->n_heard + s->clips[column].n_steps, lane->clip.n_frames };
	struct codec_span in = codec_conv_need(c->model, conv, out, out.length);
	size_t width = (size_t)c->width;

	sum_codes(c, &lane->clip, in);
	codec_probe(&c->probe, "codec.z", -1, c->z, codec_span_rows(in), c->model->codec.width);
	codec_conv_run(c->bench, conv, c->front + (size_t)column * width, (size_t)s->n_clips * width, out, c->z, in, false);
	if (s->n_clips == 1)
		codec_probe(&c->probe, "codec.layer", 0, c->front, codec_span_rows(out), c->width);
}

/* Clips that have frames to hear, longest part first; fills order and the stretch's clips. */
static void plan_stretch(struct codec *c)
{
	struct lstm_stretch *s = &c->bench->stretch;
	int n = 0;

	for (int i = 0; i < c->n_lanes; i++) {
		const struct codec_lane *lane = &c->lanes[i];
		int left = lane->is_busy ? lane->clip.n_frames - lane->n_heard : 0, at = n;

		if (left <= 0)
			continue;
		if (left > CODEC_LSTM_STEPS)
			left = CODEC_LSTM_STEPS;
		for (; at > 0 && s->clips[at - 1].n_steps < left; at--) {
			s->clips[at] = s->clips[at - 1];
			c->order[at] = c->order[at - 1];
		}
		s->clips[at] = (struct lstm_clip){ left, lane->h, lane->c };
		c->order[at] = i;
		n++;
	}
	s->n_clips = n;
	s->n_steps = n > 0 ? s->clips[0].n_steps : 0;
}

/* Drops what no tile needs any more and adds what was heard (plus the LSTM's input: it has a shortcut). */
static void keep_heard(struct codec *c, int column, const float *heard, bool add_input)
{
	const struct lstm_stretch *s = &c->bench->stretch;
	struct codec_lane *lane = &c->lanes[c->order[column]];
	size_t width = (size_t)c->width, clips = (size_t)s->n_clips;
	int from = lane->n_made > c->n_reach ? lane->n_made - c->n_reach : 0;

	memmove(lane->kept, lane->kept + (size_t)(from - lane->kept_from) * width, (size_t)(lane->n_heard - from) * width * sizeof(float));
	lane->kept_from = from;
	for (int step = 0; step < s->clips[column].n_steps; step++) {
		size_t at = ((size_t)step * clips + (size_t)column) * width;
		float *to = lane->kept + (size_t)(lane->n_heard - from) * width;

		memcpy(to, heard + at, width * sizeof(float));
		if (add_input)
			c->bench->crew->k->add(to, c->front + at, width);
		lane->n_heard++;
	}
}

static void run_stretch(struct codec *c)
{
	const struct codec_layer *lstm = &c->model->codec_w.decoder.layers[1];
	bool has_lstm = c->model->codec.n_lstm > 0;
	int n_clips = c->bench->stretch.n_clips;
	const float *heard = c->front;

	for (int i = 0; i < n_clips; i++)
		hear_clip(c, i, &c->lanes[c->order[i]]);
	if (has_lstm)
		heard = codec_lstm_run(&c->bench->stretch, lstm, heard);
	for (int i = 0; i < n_clips; i++)
		keep_heard(c, i, heard, has_lstm);
	if (has_lstm && n_clips == 1)
		codec_probe(&c->probe, "codec.layer", 1, c->lanes[c->order[0]].kept, c->lanes[c->order[0]].n_heard, c->width);
}

/* ---- the rest: tiles --------------------------------------------------------------------------------- */

/* Frames that the lane's next tile would make now; 0: more must be heard first. */
static int ready_frames(const struct codec *c, const struct codec_lane *lane)
{
	int left = lane->clip.n_frames - lane->n_made;
	int frames = left < c->tile_frames ? left : c->tile_frames;

	if (!lane->is_busy || lane->is_done)
		return 0;
	return lane->n_heard == lane->clip.n_frames || lane->n_heard >= lane->n_made + frames + c->n_reach ? frames : 0;
}

static void run_tile(struct codec *c, struct codec_lane *lane, int frames)
{
	struct codec_span spans[MODEL_CODEC_LAYERS_MAX + 1];
	int hop = c->model->codec.frame_samples, begin = lane->n_made * hop;
	const struct codec_half *decoder = &c->model->codec_w.decoder;
	const float *x, *kept;

	codec_tile_plan(c->model, decoder, lane->clip.n_frames, begin, begin + frames * hop, spans);
	kept = lane->kept + (size_t)(spans[decoder->local_begin].begin - lane->kept_from) * (size_t)c->width;
	x = codec_tile_run(c->bench, decoder, spans, kept, &c->probe, "codec.layer");
	for (int i = 0; i < frames * hop; i++)
		lane->clip.out[(size_t)(begin + i) * lane->clip.out_stride] = x[i];
	lane->n_made += frames;
	lane->is_done = lane->n_made == lane->clip.n_frames;
}

/* ---- lanes ------------------------------------------------------------------------------------------ */

int codec_n_free(const struct codec *c)
{
	int n = 0;

	for (int i = 0; i < c->n_lanes; i++)
		n += !c->lanes[i].is_busy;
	return n;
}

void codec_join(struct codec *c, const struct codec_clip *clip)
{
	size_t states = (size_t)c->model->codec.n_lstm * (size_t)c->width;
	struct codec_lane *lane = c->lanes;

	while (lane->is_busy)
		lane++;
	lane->clip = *clip;
	lane->is_busy = true;
	lane->is_done = false;
	lane->n_heard = lane->n_made = lane->kept_from = 0;
	memset(lane->h, 0, states * sizeof(float));
	memset(lane->c, 0, states * sizeof(float));
}

bool codec_step(struct codec *c)
{
	for (int i = 0; i < c->n_lanes; i++) {
		int frames = ready_frames(c, &c->lanes[i]);

		if (frames > 0) {
			run_tile(c, &c->lanes[i], frames);
			return true;
		}
	}
	plan_stretch(c);
	if (c->bench->stretch.n_clips == 0)
		return false;
	run_stretch(c);
	return true;
}

bool codec_take(struct codec *c, void **owner)
{
	for (int i = 0; i < c->n_lanes; i++) {
		if (c->lanes[i].is_busy && c->lanes[i].is_done) {
			*owner = c->lanes[i].clip.owner;
			c->lanes[i].is_busy = false;
			return true;
		}
	}
	return false;
}

void codec_drop(struct codec *c, const void *owner)
{
	for (int i = 0; i < c->n_lanes; i++) {
		if (c->lanes[i].clip.owner == owner)
			c->lanes[i].is_busy = false;
	}
}
