/*
 * The pieces of the codec's encoder by hand (musicgen-tests.md A5, A6): convolutions with a step against the rule written out,
 * however they are cut; the quantiser's exact vectors, ties and sums. Then the door: what a batch makes of a sound, of each
 * side alone, between other work, and of its own codes.
 */
#include "unit/engine/some_batch.h"

#include <math.h>

#define MONO "tests/vectors/mono"
#define STEREO "tests/vectors/stereo"

/* ---- A5: convolutions -------------------------------------------------------------------------------- */

#define LENGTH_MAX 24
#define ROWS_MAX 256

static const struct {
	int kernel, stride, dilation;
} shapes[] = {
	{ 7, 1, 1 }, { 3, 1, 1 }, { 1, 1, 1 },  { 8, 4, 1 },  { 10, 5, 1 }, { 16, 8, 1 },
	{ 4, 2, 1 }, { 3, 1, 3 }, { 3, 2, 2 },  { 5, 3, 4 },  { 2, 2, 1 },  { 5, 5, 1 },
};

static struct crew crew;

/* Powers of two less one as taps and whole numbers as samples: every sum is exact, and no two windows have the same. */
static const float taps[16] = { 1, 3, 7, 15, 31, 63, 127, 255, 2, 5, 11, 23, 47, 95, 191, 383 };
static const float none[1] = { 0 };

/* The signal with its edges as the rule says it, in a buffer. Returns its rows. */
static int pad_by_rule(float *to, const float *x, int n, int left, int right, bool is_reflected)
{
	int most = left > right ? left : right, extra = is_reflected && n <= most ? most - n + 1 : 0, length = n + extra;
	float longer[ROWS_MAX] = { 0 };

	memcpy(longer, x, (size_t)n * sizeof(*x));
	for (int i = -left; i < length + right; i++) {
		int from = !is_reflected ? i : i < 0 ? -i : i >= length ? 2 * (length - 1) - i : i;

		to[i + left] = from >= 0 && from < length ? longer[from] : 0;
	}
	return left + length + right - extra;
}

/* The rule of musicgen.md 7.1, in its own words. Returns the rows made. */
static int conv_by_rule(float *y, const float *x, int n, const struct codec_conv *conv, bool is_causal, bool is_reflected)
{
	int ke = (conv->kernel - 1) * conv->dilation + 1, p = ke - conv->stride;
	int n_frames = (int)ceil((double)(n - ke + p) / conv->stride + 1) - 1, extra = n_frames * conv->stride + ke - p - n;
	int right = is_causal ? 0 : p / 2, left = p - right, n_padded, n_out = 0;
	float padded[ROWS_MAX];

	n_padded = pad_by_rule(padded, x, n, left, right + extra, is_reflected);
	for (int at = 0; at + ke <= n_padded; at += conv->stride) {
		y[n_out] = 0;
		for (int tap = 0; tap < conv->kernel; tap++)
			y[n_out] += taps[tap] * padded[at + tap * conv->dilation];
		n_out++;
	}
	return n_out;
}

/* Rows begin..end - 1, from those rows alone that they are said to need. */
static int n_wrong_in(const struct codec_bench *bench, const struct codec_conv *conv, const float *x, int n, int begin, int end,
		      const float *want)
{
	struct codec_span out = { begin, end, codec_conv_length(conv, n) }, in = codec_conv_need(bench->model, conv, out, n);
	size_t most = codec_conv_reach(conv, (size_t)(end - begin)), some = (size_t)codec_span_rows(in);
	float *alone = malloc(some * sizeof(*alone)), made[LENGTH_MAX];
	int n_wrong = some > most;

	memcpy(alone, x + in.begin, some * sizeof(*alone)); /* as large as that: who reads beside it is seen by ASan */
	codec_conv_run(bench, conv, made, 1, out, alone, in, false);
	for (int i = begin; i < end; i++)
		n_wrong += fabsf(made[i - begin] - want[i]) > 0;
	free(alone);
	return n_wrong;
}

static void test_conv(int shape, bool is_causal, bool is_reflected)
{
	static struct model m;
	static float padded[ROWS_MAX], windows[ROWS_MAX * 16];
	const struct codec_conv conv = { { taps, WEIGHT_F32, 1, shapes[shape].kernel }, none,			 1, 1,
					 shapes[shape].kernel,				shapes[shape].dilation, shapes[shape].stride };
	struct codec_bench bench = { .model = &m, .crew = &crew, .padded = padded, .windows = windows };
	float x[LENGTH_MAX], want[ROWS_MAX];
	int n_wrong = 0, n_spans = 0, n_lengths = 0;

	m.codec.is_causal = is_causal;
	m.codec.padding = is_reflected ? CODEC_PAD_REFLECT : CODEC_PAD_ZERO;
	for (int n = 1; n <= LENGTH_MAX; n++) {
		int n_out = codec_conv_length(&conv, n);

		x[n - 1] = (float)(n * n % 97 + 1);
		n_lengths += n_out == (n + conv.stride - 1) / conv.stride && n_out == conv_by_rule(want, x, n, &conv, is_causal, is_reflected);
		for (int begin = 0; begin < n_out; begin++) {
			for (int end = begin + 1; end <= n_out; end++, n_spans++)
				n_wrong += n_wrong_in(&bench, &conv, x, n, begin, end, want);
		}
	}
	OK(n_lengths == LENGTH_MAX && n_wrong == 0, "%d taps, step %d, dilation %d, %s, %s: 1 to %d samples as the rule, in each of %d pieces",
	   conv.kernel, conv.stride, conv.dilation, is_causal ? "causal" : "centred", is_reflected ? "mirrored" : "zeros", LENGTH_MAX, n_spans);
}

/* ---- A6: the quantiser ---------------------------------------------------------------------------------- */

#define BOOK_WIDTH 5
#define BOOK_CODES 12
#define N_BOOKS 3

static float books[N_BOOKS][BOOK_CODES][BOOK_WIDTH];

static void fill_books(struct model *m)
{
	uint32_t seed = 7;

	for (int k = 0; k < N_BOOKS; k++) {
		for (int j = 0; j < BOOK_CODES * BOOK_WIDTH; j++) {
			seed = seed * 1664525u + 1013904223u;
			books[k][j / BOOK_WIDTH][j % BOOK_WIDTH] = (float)(int32_t)seed / 2147483648.0f / (float)(k + 1);
		}
		m->codec_w.codebooks[k] = (struct matrix){ books[k], WEIGHT_F32, BOOK_CODES, BOOK_WIDTH };
	}
	m->lm.n_codes = BOOK_CODES;
	m->codec.n_codes = BOOK_CODES;
	m->codec.width = BOOK_WIDTH;
	m->codec.n_codebooks = N_BOOKS;
}

/* Codes of n_rows vectors by the first n_books; `rest` becomes what is left. codes: [n_books][n_rows] */
static void quantise(struct model *m, int n_books, float *rest, int n_rows, uint16_t *codes)
{
	static float vector[BOOK_WIDTH], products[64 * BOOK_CODES];
	struct codec_bench bench = { .model = m, .crew = &crew, .padded = vector, .odd = products };
	struct slab slab = SLAB_INIT;
	struct quantiser q;
	struct err err = ERR_INIT;

	m->codec.n_codebooks = n_books;
	quantiser_init(&q, &bench, &slab);
	if (slab_make(&slab, "squares", &err))
		exit(1);
	quantiser_init(&q, &bench, &slab);
	quantiser_run(&q, rest, n_rows, codes, (size_t)n_rows);
	slab_free(&slab);
}

static void test_exact(struct model *m)
{
	float rest[BOOK_CODES][BOOK_WIDTH], left = 0;
	uint16_t codes[BOOK_CODES];
	int n_own = 0;

	fill_books(m);
	memcpy(rest, books[0], sizeof(rest));
	quantise(m, 1, &rest[0][0], BOOK_CODES, codes);
	for (int j = 0; j < BOOK_CODES; j++) {
		n_own += codes[j] == j;
		for (int i = 0; i < BOOK_WIDTH; i++)
			left += fabsf(rest[j][i]);
	}
	OK(n_own == BOOK_CODES && !(left > 0), "each vector of a book is its own code, and nothing is left");
}

static void test_ties(struct model *m)
{
	float rest[3][BOOK_WIDTH] = { { 0 } };
	uint16_t codes[3];

	fill_books(m);
	memcpy(books[0][9], books[0][4], sizeof(books[0][9]));
	memcpy(books[0][6], books[0][4], sizeof(books[0][6]));
	memcpy(rest[0], books[0][4], sizeof(rest[0]));
	/* Two at the same distance on both sides of zero, nearer than all others. */
	for (int i = 0; i < BOOK_WIDTH; i++) {
		books[0][8][i] = i == 0 ? 0.001f : 0;
		books[0][3][i] = -books[0][8][i];
	}
	memcpy(rest[1], books[0][9], sizeof(rest[1]));
	quantise(m, 1, &rest[0][0], 3, codes);
	IS_INT(codes[0], 4, "of three equal vectors the first is taken");
	IS_INT(codes[1], 4, "whichever of them was meant");
	IS_INT(codes[2], 3, "of two as near the first is taken");
}

/* The nearest of n_codes to what is left, which it is then taken off. */
static int take_nearest(double *left, float (*book)[BOOK_WIDTH], int n_codes)
{
	double least = (double)INFINITY;
	int best = 0;

	for (int j = 0; j < n_codes; j++) {
		double d = 0;

		for (int i = 0; i < BOOK_WIDTH; i++)
			d += (left[i] - (double)book[j][i]) * (left[i] - (double)book[j][i]);
		if (d < least) {
			least = d;
			best = j;
		}
	}
	for (int i = 0; i < BOOK_WIDTH; i++)
		left[i] -= (double)book[best][i];
	return best;
}

/* n_codes: of the decoder's heads, which may be fewer than a book has. */
static void test_levels(struct model *m, int n_codes)
{
	enum { N = 40 };
	float z[N][BOOK_WIDTH], rest[N][BOOK_WIDTH];
	uint16_t codes[N_BOOKS * N];
	double largest = 0;
	int n_nearest = 0;

	fill_books(m);
	m->lm.n_codes = n_codes;
	for (int t = 0; t < N; t++)
		for (int i = 0; i < BOOK_WIDTH; i++)
			z[t][i] = rest[t][i] = books[0][t % BOOK_CODES][i] + 0.7f * books[1][(t + 3 * i) % BOOK_CODES][i];
	quantise(m, N_BOOKS, &rest[0][0], N, codes);
	for (int t = 0; t < N; t++) {
		double left[BOOK_WIDTH];

		for (int i = 0; i < BOOK_WIDTH; i++)
			left[i] = (double)z[t][i];
		for (int k = 0; k < N_BOOKS; k++)
			n_nearest += codes[k * N + t] == take_nearest(left, books[k], n_codes);
		for (int i = 0; i < BOOK_WIDTH; i++)
			largest = fmax(largest, fabs(left[i] - (double)rest[t][i]));
	}
	OK(n_nearest == N * N_BOOKS, "of %d codes each is the nearest to what the books before left", n_codes);
	OK(largest < 1e-6, "the vectors of all levels and the rest are the whole");
}

/* ---- the door ---------------------------------------------------------------------------------------- */

#define SECONDS 9
#define N_SAMPLES (SECONDS * 1000 + 13) /* 450 frames and a bit */

static float sound(int i, int side)
{
	return (float)(0.4 * sin(i * (0.31 + 0.05 * side)) + 0.3 * sin(i * i * 1e-4) + 0.05 * ((i * 7919 + side * 31) % 101 - 50) / 50);
}

static float *make_sound(int n, int n_channels, int first_side)
{
	float *samples = malloc((size_t)n * (size_t)n_channels * sizeof(*samples));

	for (int i = 0; i < n * n_channels; i++)
		samples[i] = sound(i / n_channels, (first_side + i % n_channels) % 2);
	return samples;
}

/* The codes; the caller frees. */
static uint16_t *encode(struct batch *b, const float *samples, int n, int n_codebooks, int *n_steps)
{
	size_t n_codes = (size_t)batch_encode_frames(b, (size_t)n) * (size_t)n_codebooks;
	uint16_t *codes = malloc(n_codes * sizeof(*codes));

	memset(codes, 0xff, n_codes * sizeof(*codes));
	batch_encode_begin(b, samples, (size_t)n, codes);
	for (*n_steps = 1; batch_encode_step(b);)
		++*n_steps;
	return codes;
}

static void test_frames(void)
{
	static const int hops[] = { 1, 2, 3, 50, 1500 };
	struct engine *e = open_some_engine(MONO);
	struct batch *b = open_some_batch(e, 2, SOME_ROOM);
	int hop = engine_get_info(e)->frame_samples;

	OK(!batch_encode_step(b), "a batch that was given no sound has nothing to encode");
	for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++) {
		size_t n = (size_t)hops[i] * (size_t)hop;

		OK(batch_encode_frames(b, n - 1) == hops[i] && batch_encode_frames(b, n) == hops[i] &&
			   batch_encode_frames(b, n + 1) == hops[i] + 1,
		   "%zu samples make %d frames, one more makes one more", n, hops[i]);
	}
	batch_close(b);
	engine_close(e);
}

/* Left and right alone, and both the other way round. */
static void test_sides(void)
{
	struct engine *e = open_some_engine(STEREO);
	struct batch *b = open_some_batch(e, 2, SOME_ROOM);
	int k = engine_get_info(e)->n_codebooks, n_frames = batch_encode_frames(b, N_SAMPLES), n_steps, n_wrong = 0, n_same = 0;
	float *both = make_sound(N_SAMPLES, 2, 0), *turned = make_sound(N_SAMPLES, 2, 1), *left = make_sound(N_SAMPLES, 2, 0);
	uint16_t *codes, *other, *twice;

	for (int i = 0; i < N_SAMPLES; i++)
		left[2 * i + 1] = left[2 * i];
	codes = encode(b, both, N_SAMPLES, k, &n_steps);
	other = encode(b, turned, N_SAMPLES, k, &n_steps);
	twice = encode(b, left, N_SAMPLES, k, &n_steps);
	for (int book = 0; book < k; book++) {
		for (int t = 0; t < n_frames; t++) {
			n_wrong += codes[book * n_frames + t] != other[(book ^ 1) * n_frames + t];
			n_wrong += codes[(book & ~1) * n_frames + t] != twice[book * n_frames + t];
			n_same += codes[book * n_frames + t] == codes[(book ^ 1) * n_frames + t];
		}
	}
	IS_INT(n_wrong, 0, "stereo: each side has the codes that it has alone, in books that alternate");
	OK(n_same < k * n_frames / 2, "stereo: the two sides of this sound have different codes");
	free(codes);
	free(other);
	free(twice);
	free(both);
	free(turned);
	free(left);
	batch_close(b);
	engine_close(e);
}

static const struct sequence_request neighbour = { .prompt = "soft rain", .n_frames = 90, .guidance = 3, .temperature = 1, .top_k = 20, .seed = 5 };

static float *next_samples(struct batch *b, size_t *n)
{
	struct sequence_result r;

	if (!batch_take(b, &r))
		return NULL;
	*n = r.n_samples;
	return r.samples;
}

/* A sequence that is decoded and encoded beside: neither notices. */
static void test_between(const char *dir)
{
	struct engine *e = open_some_engine(dir);
	struct batch *b = open_some_batch(e, 2, SOME_ROOM);
	const struct engine_info *info = engine_get_info(e);
	int k = info->n_codebooks, n_frames = batch_encode_frames(b, N_SAMPLES), n_steps, n_begun = 0;
	size_t n_codes = (size_t)n_frames * (size_t)k, n_alone = 0, n_beside = 0;
	float *samples = make_sound(N_SAMPLES, info->n_channels, 0), *alone = NULL, *beside = NULL;
	uint16_t *codes = encode(b, samples, N_SAMPLES, k, &n_steps), *again = calloc(n_codes, sizeof(*again));
	struct err err = ERR_INIT;

	OK(n_steps > 20, "%s: %d frames are made in %d steps", dir, n_frames, n_steps);
	OK(batch_add(b, &neighbour, &err) == BATCH_TAKEN, "%s: a sequence alone", dir);
	while (!(alone = next_samples(b, &n_alone)) && batch_step(b, &err) == 1)
		;
	OK(batch_add(b, &neighbour, &err) == BATCH_TAKEN, "%s: the same beside a sound", dir);
	for (bool more = false; !(beside = next_samples(b, &n_beside)) && batch_step(b, &err) == 1; more = batch_encode_step(b)) {
		if (more)
			continue;
		if (n_begun > 0)
			OK(!memcmp(codes, again, n_codes * sizeof(*codes)), "%s: the sound has the same codes beside a sequence", dir);
		memset(again, 0, n_codes * sizeof(*again));
		batch_encode_begin(b, samples, N_SAMPLES, again);
		n_begun++;
	}
	OK(n_begun > 2 && alone && beside && n_alone == n_beside &&
		   !memcmp(alone, beside, n_alone * (size_t)info->n_channels * sizeof(*alone)),
	   "%s: the sequence has the same samples beside %d sounds", dir, n_begun);
	free(alone);
	free(beside);
	free(codes);
	free(again);
	free(samples);
	batch_close(b);
	engine_close(e);
}

/* Codes to samples and to codes: as long as they were, and loud. */
static void test_round(void)
{
	struct engine *e = open_some_engine(MONO);
	struct batch *b = open_some_batch(e, 2, SOME_ROOM);
	struct codec *codec = &b->work.codec;
	int hop = engine_get_info(e)->frame_samples, k = engine_get_info(e)->n_codebooks, n_frames = batch_encode_frames(b, N_SAMPLES), n_steps;
	size_t n = (size_t)(n_frames * hop), n_finite = 0;
	float *samples = make_sound(N_SAMPLES, 1, 0), *out = malloc(n * sizeof(*out));
	uint16_t *codes = encode(b, samples, N_SAMPLES, k, &n_steps);
	struct codec_clip clip = { codes, (size_t)n_frames, k, n_frames, out, 1, e };
	void *owner;

	memset(out, 0xff, n * sizeof(*out));
	codec_join(codec, &clip);
	while (codec_step(codec))
		;
	for (size_t i = 0; i < n; i++)
		n_finite += isfinite(out[i]) != 0;
	OK(codec_take(codec, &owner) && n_finite == n, "%d samples come back as %zu: whole frames", N_SAMPLES, n);
	IS_INT(batch_encode_frames(b, n), n_frames, "and are as many frames again");
	free(codes);
	free(out);
	free(samples);
	batch_close(b);
	engine_close(e);
}

/* A sound that is begun and left: the next one does not hear it. */
static void test_left(void)
{
	struct engine *e = open_some_engine(STEREO);
	struct batch *b = open_some_batch(e, 2, SOME_ROOM);
	int k = engine_get_info(e)->n_codebooks, n_steps, n_same = 0;
	float *samples = make_sound(N_SAMPLES, 2, 0), *other = make_sound(700, 2, 1);
	uint16_t *want = encode(b, samples, N_SAMPLES, k, &n_steps), *short_codes = calloc((size_t)(35 * k), sizeof(*short_codes));
	size_t bytes = (size_t)batch_encode_frames(b, N_SAMPLES) * (size_t)k * sizeof(*want);

	for (int n_left = 1; n_left <= 3; n_left++) {
		uint16_t *codes;

		batch_encode_begin(b, other, 700, short_codes);
		for (int i = 0; i < n_left; i++)
			(void)batch_encode_step(b);
		codes = encode(b, samples, N_SAMPLES, k, &n_steps);
		n_same += !memcmp(codes, want, bytes);
		free(codes);
	}
	IS_INT(n_same, 3, "a sound that is left after 1, 2 and 3 steps leaves no trace");
	free(want);
	free(short_codes);
	free(samples);
	free(other);
	batch_close(b);
	engine_close(e);
}

int main(void)
{
	static struct model m;
	struct err err = ERR_INIT;

	if (crew_open(&crew, NULL, 1, &err)) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	for (int shape = 0; shape < (int)(sizeof(shapes) / sizeof(shapes[0])); shape++)
		for (int form = 0; form < 4; form++)
			test_conv(shape, form & 1, form & 2);
	test_exact(&m);
	test_ties(&m);
	test_levels(&m, BOOK_CODES);
	test_levels(&m, BOOK_CODES - 4);
	crew_close(&crew);
	test_frames();
	test_sides();
	test_between(MONO);
	test_between(STEREO);
	test_round();
	test_left();
	return tap_done();
}
