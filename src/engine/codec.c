#include "engine/codec.h"

#include <stdio.h>
#include <string.h>

/* The most floats that the pieces of a tile need, found by going through the layers with the widest span. */
struct room {
	size_t signal, hidden, padded, windows;
};

static void grow(size_t *most, size_t rows, int width)
{
	size_t n = rows * (size_t)width;

	if (n > *most)
		*most = n;
}

static void add_conv(struct room *room, const struct codec_conv *conv, size_t rows)
{
	grow(&room->padded, rows + (size_t)(conv->kernel - 1) * (size_t)conv->dilation, conv->n_in);
	if (conv->dilation > 1)
		grow(&room->windows, rows, conv->kernel * conv->n_in);
}

static void add_layer(struct room *room, const struct codec_layer *layer, size_t *rows)
{
	size_t taps;

	switch (layer->kind) {
	case CODEC_CONV:
		add_conv(room, &layer->u.conv, *rows);
		break;
	case CODEC_RESIDUAL:
		add_conv(room, &layer->u.residual.first, *rows);
		add_conv(room, &layer->u.residual.second, *rows);
		grow(&room->hidden, *rows, layer->u.residual.first.n_out);
		/* The shortcut's product waits there before it is added. */
		grow(&room->hidden, *rows, layer->width);
		break;
	case CODEC_UP:
		taps = (size_t)layer->u.up.n_taps;
		grow(&room->padded, *rows + 2 * taps, layer->u.up.n_in);
		*rows = (*rows + taps) * (size_t)layer->u.up.stride;
		break;
	case CODEC_ELU:
		grow(&room->padded, *rows, layer->width); /* shown to a probe */
		break;
	case CODEC_LSTM:
		break;
	}
	grow(&room->signal, *rows, layer->width);
}

/* Frames of neighbours on each side: every layer's reach added up from the samples to the frames, rounded up. */
static int reach_of(const struct model *m, int n_front)
{
	int reach = 0;

	for (int i = m->codec_w.n_layers - 1; i >= n_front; i--) {
		const struct codec_layer *layer = &m->codec_w.layers[i];

		if (layer->kind == CODEC_CONV)
			reach += (layer->u.conv.kernel - 1) * layer->u.conv.dilation;
		if (layer->kind == CODEC_RESIDUAL)
			reach += (layer->u.residual.first.kernel - 1) * layer->u.residual.first.dilation;
		if (layer->kind == CODEC_UP)
			reach = (reach + layer->u.up.stride - 1) / layer->u.up.stride + layer->u.up.n_taps + 1;
	}
	return reach;
}

static void init_tile(struct codec *c, struct slab *slab)
{
	const struct codec_weights *w = &c->model->codec_w;
	const struct codec_conv *first = &w->layers[0].u.conv;
	size_t rows = (size_t)c->tile_frames + 2 * (size_t)c->n_reach, front = CODEC_LSTM_STEPS + 2 * (size_t)first->kernel;
	struct room room = { 0 };

	add_conv(&room, first, front);
	for (int i = c->n_front; i < w->n_layers; i++)
		add_layer(&room, &w->layers[i], &rows);
	c->even = slab_take(slab, room.signal, sizeof(float));
	c->odd = slab_take(slab, room.signal, sizeof(float));
	c->hidden = slab_take(slab, room.hidden, sizeof(float));
	c->bench.padded = slab_take(slab, room.padded, sizeof(float));
	c->bench.windows = slab_take(slab, room.windows, sizeof(float));
	c->z = slab_take(slab, front * (size_t)first->n_in, sizeof(float));
}

static void init_stretch(struct codec *c, struct slab *slab)
{
	struct lstm_stretch *s = &c->stretch;
	size_t n = (size_t)c->n_lanes, width = (size_t)c->width, all = CODEC_LSTM_STEPS * n, f = sizeof(float);

	*s = (struct lstm_stretch){ .crew = c->bench.crew, .width = c->width };
	c->order = slab_take(slab, n, sizeof(*c->order));
	c->steps = slab_take(slab, n, sizeof(*c->steps));
	c->front_in = slab_take(slab, all * width, f);
	c->front_even = slab_take(slab, all * width, f);
	c->front_odd = slab_take(slab, all * width, f);
	s->steps = c->steps;
	s->gates = slab_take(slab, all * 4 * width, f);
	s->product = slab_take(slab, n * 4 * width, f);
	s->state = slab_take(slab, n * width, f);
	s->next = slab_take(slab, n * width, f);
	s->cell = slab_take(slab, n * width, f);
	s->local = slab_take(slab, (size_t)c->bench.crew->n_threads * 4 * width, f);
}

void codec_init(struct codec *c, const struct model *model, struct crew *crew, int n_lanes, int tile_frames, struct slab *slab)
{
	const struct codec_layer *layers = model->codec_w.layers;
	size_t width = (size_t)layers[0].width, states = (size_t)model->codec.n_lstm * width;

	*c = (struct codec){ .model = model, .bench = { .model = model, .crew = crew }, .n_lanes = n_lanes, .tile_frames = tile_frames };
	c->n_front = model->codec.n_lstm > 0 ? 2 : 1;
	c->width = layers[0].width;
	c->n_reach = reach_of(model, c->n_front);
	c->kept_rows = CODEC_LSTM_STEPS + tile_frames + 2 * c->n_reach;
	c->lanes = slab_take(slab, (size_t)n_lanes, sizeof(*c->lanes));
	for (int i = 0; i < n_lanes; i++) {
		struct codec_lane lane = { 0 };

		lane.kept = slab_take(slab, (size_t)c->kept_rows * width, sizeof(float));
		lane.h = slab_take(slab, states, sizeof(float));
		lane.c = slab_take(slab, states, sizeof(float));
		if (c->lanes)
			c->lanes[i] = lane;
	}
	init_tile(c, slab);
	init_stretch(c, slab);
}

static void probe(const struct codec *c, const char *stage, int index, const float *data, int rows, int cols)
{
	char name[32];

	if (!c->probe.fn)
		return;
	snprintf(name, sizeof(name), index < 0 ? "%s" : "%s.%d", stage, index);
	c->probe.fn(c->probe.arg, name, data, rows, cols);
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
			float *one = k == 0 ? z : c->bench.padded;

			crew_row(one, &c->model->codec_w.codebooks[k], code);
			if (k > 0)
				c->bench.crew->k->add(z, one, width);
		}
	}
}

/* The first convolution's output for this clip's part of the stretch, into its column. */
static void hear_clip(struct codec *c, int column, const struct codec_lane *lane)
{
	const struct codec_conv *conv = &c->model->codec_w.layers[0].u.conv;
	struct codec_span out = { lane->n_heard, lane->n_heard + c->steps[column], lane->clip.n_frames };
	struct codec_span in = codec_conv_need(c->model, conv, out);
	size_t width = (size_t)c->width;

	sum_codes(c, &lane->clip, in);
	probe(c, "codec.z", -1, c->z, codec_span_rows(in), c->model->codec.width);
	codec_conv_run(&c->bench, conv, c->front_in + (size_t)column * width, (size_t)c->stretch.n_clips * width, out, c->z, in, false);
	if (c->stretch.n_clips == 1)
		probe(c, "codec.layer", 0, c->front_in, codec_span_rows(out), c->width);
}

/* Clips that have frames to hear, longest part first; fills order, steps and the stretch's counts. */
static void plan_stretch(struct codec *c)
{
	int n = 0;

	for (int i = 0; i < c->n_lanes; i++) {
		const struct codec_lane *lane = &c->lanes[i];
		int left = lane->is_busy ? lane->clip.n_frames - lane->n_heard : 0, at = n;

		if (left <= 0)
			continue;
		if (left > CODEC_LSTM_STEPS)
			left = CODEC_LSTM_STEPS;
		for (; at > 0 && c->steps[at - 1] < left; at--) {
			c->steps[at] = c->steps[at - 1];
			c->order[at] = c->order[at - 1];
		}
		c->steps[at] = left;
		c->order[at] = i;
		n++;
	}
	c->stretch.n_clips = n;
	c->stretch.n_steps = n > 0 ? c->steps[0] : 0;
}

/* The states of a layer between the lanes and the packed rows. */
static void load_states(struct codec *c, size_t layer)
{
	size_t width = (size_t)c->width, bytes = width * sizeof(float);

	for (int i = 0; i < c->stretch.n_clips; i++) {
		memcpy(c->stretch.state + (size_t)i * width, c->lanes[c->order[i]].h + layer * width, bytes);
		memcpy(c->stretch.cell + (size_t)i * width, c->lanes[c->order[i]].c + layer * width, bytes);
	}
}

/* Clips that end here have no use for theirs any more. */
static void save_states(struct codec *c, size_t layer)
{
	size_t width = (size_t)c->width, bytes = width * sizeof(float);

	for (int i = 0; i < c->stretch.n_active; i++) {
		memcpy(c->lanes[c->order[i]].h + layer * width, c->stretch.state + (size_t)i * width, bytes);
		memcpy(c->lanes[c->order[i]].c + layer * width, c->stretch.cell + (size_t)i * width, bytes);
	}
}

/* Drops what no tile needs any more and adds what was heard (plus the LSTM's input: it has a residual). */
static void keep_heard(struct codec *c, int column, const float *heard, bool add_input)
{
	struct codec_lane *lane = &c->lanes[c->order[column]];
	size_t width = (size_t)c->width, clips = (size_t)c->stretch.n_clips;
	int from = lane->n_made > c->n_reach ? lane->n_made - c->n_reach : 0;

	memmove(lane->kept, lane->kept + (size_t)(from - lane->kept_from) * width, (size_t)(lane->n_heard - from) * width * sizeof(float));
	lane->kept_from = from;
	for (int step = 0; step < c->steps[column]; step++) {
		size_t at = ((size_t)step * clips + (size_t)column) * width;
		float *to = lane->kept + (size_t)(lane->n_heard - from) * width;

		memcpy(to, heard + at, width * sizeof(float));
		if (add_input)
			c->bench.crew->k->add(to, c->front_in + at, width);
		lane->n_heard++;
	}
}

static void run_stretch(struct codec *c)
{
	const struct codec_layer *lstm = c->n_front > 1 ? &c->model->codec_w.layers[1] : NULL;
	const float *heard = c->front_in;

	for (int i = 0; i < c->stretch.n_clips; i++)
		hear_clip(c, i, &c->lanes[c->order[i]]);
	for (int i = 0; lstm && i < lstm->u.lstm.n_layers; i++) {
		float *y = i % 2 ? c->front_odd : c->front_even;

		load_states(c, (size_t)i);
		codec_lstm_run(&c->stretch, &lstm->u.lstm.layers[i], heard, y);
		save_states(c, (size_t)i);
		heard = y;
	}
	for (int i = 0; i < c->stretch.n_clips; i++)
		keep_heard(c, i, heard, lstm != NULL);
	if (lstm && c->stretch.n_clips == 1)
		probe(c, "codec.layer", 1, c->lanes[c->order[0]].kept, c->lanes[c->order[0]].n_heard, c->width);
}

/* ---- the rest: tiles --------------------------------------------------------------------------------- */

/* spans[i]: what layer i reads; spans[n_layers]: the samples. */
static void plan_tile(const struct codec *c, struct codec_span samples, struct codec_span *spans)
{
	const struct codec_weights *w = &c->model->codec_w;

	spans[w->n_layers] = samples;
	for (int i = w->n_layers - 1; i >= c->n_front; i--) {
		const struct codec_layer *layer = &w->layers[i];

		spans[i] = spans[i + 1];
		if (layer->kind == CODEC_CONV)
			spans[i] = codec_conv_need(c->model, &layer->u.conv, spans[i + 1]);
		if (layer->kind == CODEC_RESIDUAL)
			spans[i] = codec_conv_need(c->model, &layer->u.residual.first, spans[i + 1]);
		if (layer->kind == CODEC_UP)
			spans[i] = codec_up_need(c->model, &layer->u.up, spans[i + 1]);
	}
}

/* y = (shortcut or identity of x) + second(elu(first(elu(x)))) */
static void run_residual(struct codec *c, const struct codec_layer *layer, float *y, struct codec_span out, const float *x,
			 struct codec_span in)
{
	const struct codec_residual *r = &layer->u.residual;
	const float *same = x + (size_t)(out.begin - in.begin) * (size_t)layer->width;
	int rows = codec_span_rows(out);

	codec_conv_run(&c->bench, &r->first, c->hidden, (size_t)r->first.n_out, out, x, in, true);
	codec_conv_run(&c->bench, &r->second, y, (size_t)layer->width, out, c->hidden, out, true);
	if (r->shortcut.w.data) {
		codec_conv_run(&c->bench, &r->shortcut, c->hidden, (size_t)layer->width, out, same, out, false);
		same = c->hidden;
	}
	codec_add(&c->bench, y, same, rows, layer->width);
}

/* Layers n_front.. over one tile. Returns the samples. */
static const float *run_layers(struct codec *c, const float *x, const struct codec_span *spans)
{
	const struct codec_weights *w = &c->model->codec_w;
	float *made = c->odd, *spare = c->even, *y;
	bool elu = false;

	for (int i = c->n_front; i < w->n_layers; i++) {
		const struct codec_layer *layer = &w->layers[i];

		if (layer->kind == CODEC_ELU) {
			/* Done by the layer that follows, as it copies its input. */
			elu = true;
			if (c->probe.fn) {
				codec_elu(&c->bench, c->bench.padded, x, codec_span_rows(spans[i]), layer->width);
				probe(c, "codec.layer", i, c->bench.padded, codec_span_rows(spans[i]), layer->width);
			}
			continue;
		}
		y = spare;
		spare = made;
		made = y;
		if (layer->kind == CODEC_RESIDUAL)
			run_residual(c, layer, y, spans[i + 1], x, spans[i]);
		else if (layer->kind == CODEC_UP)
			y = codec_up_run(&c->bench, &layer->u.up, y, spans[i + 1], x, spans[i], elu);
		else
			codec_conv_run(&c->bench, &layer->u.conv, y, (size_t)layer->width, spans[i + 1], x, spans[i], elu);
		elu = false;
		x = y;
		probe(c, "codec.layer", i, x, codec_span_rows(spans[i + 1]), layer->width);
	}
	return x;
}

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
	struct codec_span samples = { begin, begin + frames * hop, lane->clip.n_frames * hop };
	const float *x, *kept;

	plan_tile(c, samples, spans);
	kept = lane->kept + (size_t)(spans[c->n_front].begin - lane->kept_from) * (size_t)c->width;
	x = run_layers(c, kept, spans);
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
	if (c->stretch.n_clips == 0)
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
