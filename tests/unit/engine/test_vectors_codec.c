/*
 * EnCodec's decoder against transformers (tests/vectors/README.md): folded weights, every layer, the samples of
 * 1, 2, 7 and 50 frames whole and in tiles; and padding by hand on a signal of five samples.
 */
#include "capture.h"
#include "unit/engine/reference.h"

#include "engine/codec.h"
#include "engine/crew.h"
#include "engine/model.h"

static const char *const fixtures[] = { "mono", "stereo", "folded", "gated", "causal", "f16", "bf16" };
static const int lengths[] = { 1, 2, 7, 50 };

struct bench {
	const char *name;
	struct model *model;
	struct vectors *v;
	struct crew crew;
};

/* ---- the samples ----------------------------------------------------------------------------------- */

struct decoder {
	struct codec_bench bench;
	struct codec codec;
	struct slab slab;
};

static void decoder_open(struct decoder *d, const struct model *model, struct crew *crew, int n_lanes, int tile_frames)
{
	struct err err = ERR_INIT;

	*d = (struct decoder){ .slab = SLAB_INIT };
	codec_bench_init(&d->bench, model, crew, n_lanes, tile_frames, &d->slab);
	codec_init(&d->codec, &d->bench, n_lanes, tile_frames, &d->slab);
	if (slab_make(&d->slab, "work space", &err))
		VECTORS_BAIL("%s", err.text);
	codec_bench_init(&d->bench, model, crew, n_lanes, tile_frames, &d->slab);
	codec_init(&d->codec, &d->bench, n_lanes, tile_frames, &d->slab);
}

/* The samples of one clip; the caller frees. */
static float *decode(struct decoder *d, const uint16_t *codes, int n_codebooks, int n_frames)
{
	size_t n = (size_t)(n_frames * d->codec.model->codec.frame_samples);
	float *out = malloc(n * sizeof(*out));
	struct codec_clip clip = {
		.codes = codes,
		.codebook_stride = (size_t)n_frames,
		.n_codebooks = n_codebooks,
		.n_frames = n_frames,
		.out = out,
		.out_stride = 1,
		.owner = d,
	};
	void *owner = NULL;
	int n_steps = 0;

	memset(out, 0xff, n * sizeof(*out)); /* NaNs: what is not written shows */
	codec_join(&d->codec, &clip);
	while (codec_step(&d->codec))
		n_steps++;
	OK(codec_take(&d->codec, &owner) && owner == d, "%d frames are done after %d steps", n_frames, n_steps);
	return out;
}

static uint16_t *codes_of(struct bench *b, int n_frames)
{
	char name[32];
	const int32_t *in;
	uint16_t *ret;
	size_t n;

	snprintf(name, sizeof(name), "dec.%d.codes", n_frames);
	in = vectors_ints(b->v, name, &n);
	ret = malloc(n * sizeof(*ret));
	for (size_t i = 0; i < n; i++)
		ret[i] = (uint16_t)in[i];
	return ret;
}

static void near_layers(struct bench *b, const struct capture *seen, int n_frames)
{
	for (int i = -1; i < b->model->codec_w.decoder.n_layers; i++) {
		const struct captured *c;
		char stage[32], ref[32];
		const float *want;
		size_t n;

		snprintf(stage, sizeof(stage), i < 0 ? "codec.z" : "codec.layer.%d", i);
		snprintf(ref, sizeof(ref), i < 0 ? "dec.%d.z" : "dec.%d.l.%d", n_frames, i);
		if (!vectors_has(b->v, ref))
			continue;
		c = capture_get(seen, stage);
		want = vectors_floats_transposed(b->v, ref, &n);
		if (OK(c && (size_t)c->rows * (size_t)c->cols == n, "%s: stage %s is there, of the size of %s", b->name, stage, ref))
			vectors_near(b->name, ref, c->data, want, n, 1e-4);
	}
}

static void test_length(struct bench *b, int n_frames)
{
	static const int tiles[] = { CODEC_TILE_FRAMES, 5, 1 };
	struct capture seen = { 0 };
	struct decoder d;
	char ref[32];
	const float *want;
	uint16_t *codes;
	float *whole;
	size_t n;

	snprintf(ref, sizeof(ref), "dec.%d.wav", n_frames);
	if (!vectors_has(b->v, ref))
		return;
	want = vectors_floats(b->v, ref, &n);
	codes = codes_of(b, n_frames);
	decoder_open(&d, b->model, &b->crew, 1, n_frames);
	d.codec.probe = capture_probe(&seen);
	whole = decode(&d, codes, b->model->codec.n_codebooks, n_frames);
	near_layers(b, &seen, n_frames);
	vectors_near(b->name, ref, whole, want, n, 1e-4);
	slab_free(&d.slab);
	for (size_t i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++) {
		float *tiled;

		decoder_open(&d, b->model, &b->crew, 2, tiles[i]);
		tiled = decode(&d, codes, b->model->codec.n_codebooks, n_frames);
		OK(!memcmp(tiled, whole, n * sizeof(*tiled)), "%s: %d frames in tiles of %d have the same bits", b->name,
		   n_frames, tiles[i]);
		free(tiled);
		slab_free(&d.slab);
	}
	capture_clear(&seen);
	free(whole);
	free(codes);
}

/* ---- folded weights -------------------------------------------------------------------------------- */

static void near_folded(struct bench *b, const char *layer, const struct matrix *w, const float *want, size_t n, const size_t *from)
{
	const float *got = w->data;
	float *sorted = malloc(n * sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = want[from[i]];
	if (OK((size_t)w->n_rows * (size_t)w->n_cols == n && w->type == WEIGHT_F32, "%s: folded %s has %zu values", b->name, layer, n))
		vectors_near(b->name, layer, got, sorted, n, 1e-6);
	free(sorted);
}

/* PyTorch's [out, in, tap] as [out, tap, in]. */
static void test_folded_conv(struct bench *b, const char *suffix, int layer, const struct codec_conv *c)
{
	char name[64];
	const float *want;
	size_t n, *from, i = 0;

	snprintf(name, sizeof(name), "wn.decoder.layers.%d%s.conv", layer, suffix);
	if (!c->w.data || !vectors_has(b->v, name))
		return;
	want = vectors_floats(b->v, name, &n);
	from = malloc(n * sizeof(*from));
	for (int o = 0; o < c->n_out; o++)
		for (int tap = 0; tap < c->kernel; tap++)
			for (int in = 0; in < c->n_in && i < n; in++)
				from[i++] = (size_t)((o * c->n_in + in) * c->kernel + tap);
	if (OK(i == n, "%s: %s has the shape of the reference", b->name, name))
		near_folded(b, name, &c->w, want, n, from);
	free(from);
}

/* PyTorch's [in, out, tap] as [phase, out, age, in]: tap = phase + age * stride, the oldest first. */
static void test_folded_up(struct bench *b, int layer, const struct codec_up *u)
{
	char name[64];
	const float *want;
	size_t n, *from, i = 0;

	snprintf(name, sizeof(name), "wn.decoder.layers.%d.conv", layer);
	if (!vectors_has(b->v, name))
		return;
	want = vectors_floats(b->v, name, &n);
	from = malloc(n * sizeof(*from));
	for (int row = 0; row < u->stride * u->n_out; row++)
		for (int age = u->n_taps - 1; age >= 0; age--)
			for (int in = 0; in < u->n_in && i < n; in++)
				from[i++] = (size_t)((in * u->n_out + row % u->n_out) * u->kernel + row / u->n_out +
						     age * u->stride);
	if (OK(i == n, "%s: %s has the shape of the reference", b->name, name))
		near_folded(b, name, &u->w, want, n, from);
	free(from);
}

static void test_folding(struct bench *b)
{
	for (int i = 0; i < b->model->codec_w.decoder.n_layers; i++) {
		const struct codec_layer *l = &b->model->codec_w.decoder.layers[i];

		if (l->kind == CODEC_CONV)
			test_folded_conv(b, "", i, &l->u.conv);
		if (l->kind == CODEC_UP)
			test_folded_up(b, i, &l->u.up);
		if (l->kind != CODEC_RESIDUAL)
			continue;
		test_folded_conv(b, ".block.1", i, &l->u.residual.first);
		test_folded_conv(b, ".block.3", i, &l->u.residual.second);
		test_folded_conv(b, ".shortcut", i, &l->u.residual.shortcut);
	}
}

/* ---- padding by hand ------------------------------------------------------------------------------- */

#define SIGNAL_N 5

static const float unit[] = { 1 }, zeros[4] = { 0 }, ramp[] = { 1, 2, 3, 4, 5 };
static const uint16_t ramp_codes[SIGNAL_N] = { 0, 1, 2, 3, 4 };

static struct codec_conv tiny_conv(const float *taps, int kernel, int dilation)
{
	return (struct codec_conv){ { taps, WEIGHT_F32, 1, kernel }, zeros, 1, 1, kernel, dilation, 1 };
}

/* A codec that answers its codes (1 to 5) through one convolution: an LSTM of zeros, whose shortcut is all, and one
 * transposed convolution of stride 1 stand in between because every decoder has them. */
static void tiny_model(struct model *m, const float *taps, int kernel, int dilation, bool is_causal, enum codec_padding padding)
{
	struct codec_half *w = &m->codec_w.decoder;

	memset(m, 0, sizeof(*m));
	m->codec = (struct codec_dims){ .rate_hz = 50, .frame_samples = 1, .width = 1, .n_codebooks = 1, .n_codes = SIGNAL_N,
		.n_ratios = 1, .ratios = { 1 }, .dilation_growth = 1, .n_lstm = 1, .is_causal = is_causal, .trim_right_ratio = 1,
		.padding = padding };
	m->codec_w.codebooks[0] = (struct matrix){ ramp, WEIGHT_F32, SIGNAL_N, 1 };
	m->codec_w.encoder = (struct codec_half){ 2, 0, 1, { { CODEC_CONV, 1, { .conv = tiny_conv(unit, 1, 1) } },
							    { CODEC_CONV, 1, { .conv = tiny_conv(unit, 1, 1) } } } };
	w->n_layers = w->local_end = 4;
	w->local_begin = 2;
	w->layers[0] = (struct codec_layer){ CODEC_CONV, 1, { .conv = tiny_conv(unit, 1, 1) } };
	w->layers[1].kind = CODEC_LSTM;
	w->layers[1].width = 1;
	w->layers[1].u.lstm.n_layers = 1;
	w->layers[1].u.lstm.width = 1;
	w->layers[1].u.lstm.layers[0] = (struct codec_lstm){ { zeros, WEIGHT_F32, 4, 1 }, { zeros, WEIGHT_F32, 4, 1 }, zeros };
	w->layers[2] = (struct codec_layer){ CODEC_UP, 1, { .up = { { unit, WEIGHT_F32, 1, 1 }, zeros, 1, 1, 1, 1, 1 } } };
	w->layers[3] = (struct codec_layer){ CODEC_CONV, 1, { .conv = tiny_conv(taps, kernel, dilation) } };
}

static const struct {
	const char *name;
	int kernel, dilation, tap; /* the convolution passes one tap on: what it reads there is the padded signal, shifted */
	bool is_causal;
	enum codec_padding padding;
	int n;
	float want[SIGNAL_N];
} paddings[] = {
	{ "reflect, 7 taps, the first", 7, 1, 0, false, CODEC_PAD_REFLECT, 5, { 4, 3, 2, 1, 2 } },
	{ "reflect, 7 taps, the middle", 7, 1, 3, false, CODEC_PAD_REFLECT, 5, { 1, 2, 3, 4, 5 } },
	{ "reflect, 7 taps, the last", 7, 1, 6, false, CODEC_PAD_REFLECT, 5, { 4, 5, 4, 3, 2 } },
	{ "reflect, 4 taps: 2 left, 1 right", 4, 1, 0, false, CODEC_PAD_REFLECT, 5, { 3, 2, 1, 2, 3 } },
	{ "reflect, 4 taps, the last", 4, 1, 3, false, CODEC_PAD_REFLECT, 5, { 2, 3, 4, 5, 4 } },
	{ "reflect, 3 taps, dilation 2, the first", 3, 2, 0, false, CODEC_PAD_REFLECT, 5, { 3, 2, 1, 2, 3 } },
	{ "reflect, 3 taps, dilation 2, the last", 3, 2, 2, false, CODEC_PAD_REFLECT, 5, { 3, 4, 5, 4, 3 } },
	{ "zeros, 7 taps, the first", 7, 1, 0, false, CODEC_PAD_ZERO, 5, { 0, 0, 0, 1, 2 } },
	{ "zeros, 7 taps, the last", 7, 1, 6, false, CODEC_PAD_ZERO, 5, { 4, 5, 0, 0, 0 } },
	{ "causal reflect, 4 taps, the first", 4, 1, 0, true, CODEC_PAD_REFLECT, 5, { 4, 3, 2, 1, 2 } },
	{ "causal zeros, 4 taps, the first", 4, 1, 0, true, CODEC_PAD_ZERO, 5, { 0, 0, 0, 1, 2 } },
	/* Shorter than the padding: zeros are put behind, mirrored with the rest and cut off again (musicgen.md 7.1). */
	{ "reflect, 3 samples, 7 taps, the first", 7, 1, 0, false, CODEC_PAD_REFLECT, 3, { 0, 3, 2 } },
	{ "reflect, 3 samples, 7 taps, the last", 7, 1, 6, false, CODEC_PAD_REFLECT, 3, { 0, 3, 2 } },
	{ "reflect, 1 sample, 7 taps, the first", 7, 1, 0, false, CODEC_PAD_REFLECT, 1, { 0 } },
	{ "reflect, 1 sample, 7 taps, the middle", 7, 1, 3, false, CODEC_PAD_REFLECT, 1, { 1 } },
};

static void test_padding(void)
{
	static struct model m;
	struct crew crew;
	struct err err = ERR_INIT;

	if (crew_open(&crew, NULL, 1, &err))
		VECTORS_BAIL("%s", err.text);
	for (size_t i = 0; i < sizeof(paddings) / sizeof(paddings[0]); i++) {
		float taps[7] = { 0 }, *got;
		struct decoder d;
		int n = paddings[i].n, n_same = 0;

		taps[paddings[i].tap] = 1;
		tiny_model(&m, taps, paddings[i].kernel, paddings[i].dilation, paddings[i].is_causal, paddings[i].padding);
		decoder_open(&d, &m, &crew, 1, CODEC_TILE_FRAMES);
		got = decode(&d, ramp_codes, 1, n);
		for (int t = 0; t < n; t++)
			n_same += fabs((double)(got[t] - paddings[i].want[t])) == 0;
		if (!OK(n_same == n, "padding: %s", paddings[i].name))
			for (int t = 0; t < n; t++)
				printf("# sample %d: %g, by hand %g\n", t, (double)got[t], (double)paddings[i].want[t]);
		free(got);
		slab_free(&d.slab);
	}
	crew_close(&crew);
}

int main(void)
{
	test_padding();
	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++) {
		struct bench b = { .name = fixtures[i] };

		if (open_reference(&b.model, &b.v, &b.crew, b.name, b.name)) {
			test_folding(&b);
			for (size_t t = 0; t < sizeof(lengths) / sizeof(lengths[0]); t++)
				test_length(&b, lengths[t]);
		}
		close_reference(b.model, b.v, &b.crew);
	}
	return tap_done();
}
