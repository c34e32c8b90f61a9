/*
 * EnCodec's encoder against transformers (tests/vectors/README.md, ref-encode): every layer, the vectors and the codes of sounds
 * from 1 to 6000 samples; the same bits whatever the tiles, the threads and the vector instructions.
 */
#include "capture.h"
#include "vectors.h"

#include "engine/crew.h"
#include "engine/encoder.h"

static const char *const fixtures[] = { "mono", "stereo", "folded", "causal" };
static const int lengths[] = { 1, 19, 20, 21, 399, 400, 401, 1000, 6000 };
#define N_LENGTHS (sizeof(lengths) / sizeof(lengths[0]))
#define WHOLE 300 /* frames of the longest */

struct plan {
	const char *kernels;
	int n_threads, tile_frames;
};

/* The first is what the others must equal. */
static const struct plan plans[] = {
	{ NULL, 1, WHOLE },    { NULL, 1, CODEC_TILE_FRAMES }, { NULL, 1, 7 },	      { NULL, 1, 1 },
	{ NULL, 3, WHOLE },    { NULL, 2, 5 },		       { "scalar", 1, WHOLE }, { "avx2", 1, WHOLE },
	{ "avx512", 1, WHOLE },
};

/* What an encoder makes of a sound in every channel. */
struct heard {
	int n_frames, n_steps;
	uint16_t *codes; /* [book][channel][n_frames] */
	size_t n_codes;
	float *rest, *z; /* of the first channel, [n_frames, width] */
	size_t n_rest, n_z;
};

/* A probe that puts the pieces of two stages together, and keeps all stages. */
struct ear {
	struct capture seen;
	struct heard *heard;
	char last[32];
	int n_channels, n_calls, n_rest_calls;
};

/* The first channel's rows come first of each stretch. */
static void append(float *to, size_t *n, const float *data, int rows, int cols, int call, int n_channels)
{
	size_t some = (size_t)rows * (size_t)cols;

	if (call % n_channels == 0) {
		memcpy(to + *n, data, some * sizeof(*data));
		*n += some;
	}
}

static void listen(void *arg, const char *stage, const float *data, int rows, int cols)
{
	struct ear *ear = arg;

	capture_keep(&ear->seen, stage, data, rows, cols);
	if (!strcmp(stage, ear->last))
		append(ear->heard->z, &ear->heard->n_z, data, rows, cols, ear->n_calls++, ear->n_channels);
	if (!strcmp(stage, "encoder.rest"))
		append(ear->heard->rest, &ear->heard->n_rest, data, rows, cols, ear->n_rest_calls++, ear->n_channels);
}

/* false: this processor has not those kernels. */
static bool hear(struct heard *h, struct capture *seen, const struct model *m, const struct plan *plan, const float *in, int n)
{
	int n_channels = m->lm.n_channels, n_frames = encoder_n_frames(m, n);
	size_t n_values = (size_t)n_frames * (size_t)m->codec.width;
	float *samples = malloc((size_t)n * (size_t)n_channels * sizeof(*samples));
	struct ear ear = { .heard = h, .n_channels = n_channels };
	struct codec_bench bench;
	struct encoder e;
	struct slab slab = SLAB_INIT;
	struct crew crew;
	struct err err = ERR_INIT;

	if (crew_open(&crew, plan->kernels, plan->n_threads, &err)) {
		free(samples);
		return false;
	}
	for (int i = 0; i < n * n_channels; i++)
		samples[i] = in[i / n_channels];
	*h = (struct heard){ .n_frames = n_frames, .n_codes = (size_t)n_frames * (size_t)m->lm.n_codebooks };
	h->codes = malloc(h->n_codes * sizeof(*h->codes));
	memset(h->codes, 0xff, h->n_codes * sizeof(*h->codes));
	h->rest = calloc(n_values, sizeof(*h->rest));
	h->z = calloc(n_values, sizeof(*h->z));
	for (int pass = 0; pass < 2; pass++) {
		codec_bench_init(&bench, m, &crew, 1, plan->tile_frames, &slab);
		encoder_init(&e, &bench, plan->tile_frames, &slab);
		if (pass == 0 && slab_make(&slab, "work space", &err))
			VECTORS_BAIL("%s", err.text);
	}
	snprintf(ear.last, sizeof(ear.last), "encoder.layer.%d", m->codec_w.encoder.n_layers - 1);
	e.probe = (struct probe){ listen, &ear };
	encoder_begin(&e, samples, n, h->codes);
	do
		h->n_steps++;
	while (encoder_step(&e));
	*seen = ear.seen;
	slab_free(&slab);
	crew_close(&crew);
	free(samples);
	return true;
}

static void forget(struct heard *h, struct capture *seen)
{
	free(h->codes);
	free(h->rest);
	free(h->z);
	capture_clear(seen);
}

static void near_layers(const char *name, struct vectors *v, const struct capture *seen, int n, int n_layers)
{
	for (int i = 0; i < n_layers; i++) {
		const struct captured *c;
		char stage[32], ref[32];
		const float *want;
		size_t n_want;

		snprintf(stage, sizeof(stage), "encoder.layer.%d", i);
		snprintf(ref, sizeof(ref), "enc.%d.l.%d", n, i);
		if (!vectors_has(v, ref))
			continue;
		c = capture_get(seen, stage);
		want = vectors_floats_transposed(v, ref, &n_want);
		if (OK(c && (size_t)c->rows * (size_t)c->cols == n_want, "%s: stage %s is there, of the size of %s", name, stage, ref))
			vectors_near(name, ref, c->data, want, n_want, 1e-4);
	}
}

/* Every channel has heard the same. */
static void same_codes(const char *name, struct vectors *v, const struct model *m, const struct heard *h, int n)
{
	int n_channels = m->lm.n_channels, n_wrong = 0;
	char ref[32];
	const int32_t *want;
	size_t n_want;

	snprintf(ref, sizeof(ref), "enc.%d.codes", n);
	want = vectors_ints(v, ref, &n_want);
	if (!OK(n_want * (size_t)n_channels == h->n_codes, "%s: %d samples make %d frames of %d codes", name, n, h->n_frames, m->lm.n_codebooks))
		return;
	for (size_t i = 0; i < h->n_codes; i++) {
		size_t row = i / (size_t)h->n_frames, t = i % (size_t)h->n_frames;

		n_wrong += h->codes[i] != want[row / (size_t)n_channels * (size_t)h->n_frames + t];
	}
	OK(n_wrong == 0, "%s: %s (%d of %zu differ)", name, ref, n_wrong, h->n_codes);
}

static void test_length(const char *name, struct vectors *v, const struct model *m, int n)
{
	struct heard first = { 0 };
	struct capture seen = { 0 };
	char ref[32];
	const float *in, *want;
	size_t n_in, n_want;

	snprintf(ref, sizeof(ref), "enc.%d.in", n);
	in = vectors_floats(v, ref, &n_in);
	hear(&first, &seen, m, &plans[0], in, n);
	snprintf(ref, sizeof(ref), "enc.%d.z", n);
	want = vectors_floats_transposed(v, ref, &n_want);
	near_layers(name, v, &seen, n, m->codec_w.encoder.n_layers);
	if (OK(n_want == first.n_z && n_want == first.n_rest, "%s: %d samples make %zu values", name, n, n_want))
		vectors_near(name, ref, first.z, want, n_want, 1e-4);
	same_codes(name, v, m, &first, n);
	for (size_t i = 1; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct heard h = { 0 };
		struct capture other = { 0 };

		if (!hear(&h, &other, m, &plans[i], in, n)) {
			SKIP("this processor has not those vector instructions");
			continue;
		}
		OK(h.n_rest == first.n_rest && !memcmp(h.rest, first.rest, h.n_rest * sizeof(*h.rest)) && !memcmp(h.z, first.z, h.n_z * sizeof(*h.z)) &&
			   !memcmp(h.codes, first.codes, h.n_codes * sizeof(*h.codes)),
		   "%s: %d samples have the same bits with %s kernels, %d threads, tiles of %d, in %d steps", name, n,
		   plans[i].kernels ? plans[i].kernels : "the best", plans[i].n_threads, plans[i].tile_frames, h.n_steps);
		forget(&h, &other);
	}
	forget(&first, &seen);
}

int main(void)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++) {
		struct model *m = NULL;
		struct vectors *v;
		char dir[128];

		snprintf(dir, sizeof(dir), "tests/vectors/%s", fixtures[i]);
		if (!OK(!model_open(&m, dir, &err), "%s: the model opens", fixtures[i])) {
			printf("# %s\n", err.text);
			continue;
		}
		v = vectors_open_part(dir, "ref-encode");
		for (size_t k = 0; k < N_LENGTHS; k++)
			test_length(fixtures[i], v, m, lengths[k]);
		vectors_close(v);
		model_close(m);
	}
	return tap_done();
}
