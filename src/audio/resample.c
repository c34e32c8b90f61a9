/*
 * The model's own resampler (julius' resample_frac; musicgen.md 9.2).
 *
 * With the rates divided by their greatest common divisor, output frame m = q new + i
 * is the sum of the input around time m / new, weighted by phase i's kernel: a sinc
 * under a cos^2 window of 24 zeros to each side, cut off at 0.945 of the lower rate,
 * its sum brought to 1. Beyond its ends the sound stands still (its first and last
 * frame repeat). Only the taps inside the window are kept; the published form also
 * adds those at its very edge, which are 1e-33.
 *
 * Same bits everywhere: the kernel is made in double from IEEE operations and base/mathf,
 * rounded to f32 once; a sum is 8 chains of a multiplication and an addition over
 * k = j mod 8 in rising k, added as (j, j+4), (j, j+2), (j, j+1). No fused operation,
 * so that every compiler may use vectors and none can change a rounding.
 */
#include "audio/audio.h"

#include "base/mathf.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846
#define ZEROS 24      /* of the sinc, to each side */
#define ROLLOFF 0.945 /* of the lower of the two Nyquist frequencies: room for the filter's slope */

#define LANES 8
#define BLOCK_FRAMES 8192 /* of input that is gathered at a time */
/* 64 MiB of kernel. Usual rates need 300 KiB at most; this is met by such as 191999 Hz from 31999. */
#define KERNEL_MAX (UINT64_C(16) << 20)

struct filter {
	uint64_t old, new; /* the rates without their common divisor */
	size_t n_taps;     /* of each phase, a multiple of LANES; the last ones may be 0 */
	float *taps;       /* [new * n_taps] */
	int64_t *first;    /* [new]: input frame of a phase's first tap, counted from q old */
};

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Of a tap `idx` frames after q old, in phase i. */
static double weight(const struct filter *f, double i, double idx)
{
	double lower = (double)(f->new < f->old ? f->new : f->old) * ROLLOFF;
	double t = (idx / (double)f->old - i / (double)f->new) * lower, c;

	if (t <= -ZEROS || t >= ZEROS)
		return 0;
	t *= PI;
	c = mathd_cos(t / ZEROS / 2);
	return (t < 0 || t > 0 ? mathd_sin(t) / t : 1) * c * c;
}

static void make_phase(struct filter *f, uint64_t i, double *row)
{
	double reach = ZEROS * (double)f->old / ((double)(f->new < f->old ? f->new : f->old) * ROLLOFF);
	double first = ceil((double)i * (double)f->old / (double)f->new - reach), sum = 0;

	for (size_t k = 0; k < f->n_taps; k++) {
		row[k] = weight(f, (double)i, first + (double)k);
		sum += row[k];
	}
	for (size_t k = 0; k < f->n_taps; k++)
		f->taps[i * f->n_taps + k] = (float)(row[k] / sum);
	f->first[i] = (int64_t)first;
}

static void filter_release(struct filter *f)
{
	free(f->taps);
	free(f->first);
}

static int filter_make(struct filter *f, int from_hz, int to_hz, struct err *err)
{
	uint64_t g = common_divisor((uint64_t)from_hz, (uint64_t)to_hz);
	double reach, *row;

	f->old = (uint64_t)from_hz / g;
	f->new = (uint64_t)to_hz / g;
	reach = ZEROS * (double)f->old / ((double)(f->new < f->old ? f->new : f->old) * ROLLOFF);
	f->n_taps = ((size_t)(2 * reach) + 2 + LANES - 1) / LANES * LANES; /* one more than fit, for roundings of either end */
	if (f->n_taps > KERNEL_MAX / f->new)
		return err_set(err, ERR_INPUT, "cannot bring %d Hz to %d Hz: the filter would be too large; take a usual rate as 44100 or 48000",
			       from_hz, to_hz);
	f->taps = mem_zalloc(f->new * f->n_taps, sizeof *f->taps);
	f->first = mem_zalloc(f->new, sizeof *f->first);
	row = mem_zalloc(f->n_taps, sizeof *row);
	for (uint64_t i = 0; i < f->new; i++)
		make_phase(f, i, row);
	free(row);
	return 0;
}

/* ---- summing ------------------------------------------------------------------ */

static float dot(const float *restrict a, const float *restrict b, size_t n)
{
	float s[LANES] = { 0 };

	for (size_t k = 0; k < n; k += LANES)
		for (size_t j = 0; j < LANES; j++)
			s[j] += a[k + j] * b[k + j];
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* Where output frame m's first tap lies; it never falls as m grows. */
static int64_t first_frame(const struct filter *f, size_t m)
{
	return (int64_t)(m / f->new * f->old) + f->first[m % f->new];
}

/* One channel's input frames from `begin` on, those beyond an end as the end's. */
static void gather(const struct pcm *in, size_t channel, int64_t begin, size_t n, float *out)
{
	int64_t last = (int64_t)in->n_frames - 1;

	for (size_t k = 0; k < n; k++) {
		int64_t at = begin + (int64_t)k;

		at = at < 0 ? 0 : at > last ? last : at;
		out[k] = in->samples[(size_t)at * (size_t)in->n_channels + channel];
	}
}

static void run_filter(const struct filter *f, const struct pcm *in, struct pcm *out)
{
	size_t n_channels = (size_t)in->n_channels;
	size_t block = f->old < BLOCK_FRAMES * f->new ? (size_t)(BLOCK_FRAMES * f->new / f->old) : 1;
	size_t room = BLOCK_FRAMES + 2 + f->n_taps; /* a block's first taps, roundings to either side, its last window */
	float *window = mem_alloc(room * sizeof *window);

	for (size_t begin = 0; begin < out->n_frames; begin += block) {
		size_t end = out->n_frames - begin < block ? out->n_frames : begin + block;
		int64_t base = first_frame(f, begin);
		size_t need = (size_t)(first_frame(f, end - 1) - base) + f->n_taps;

		if (need > room)
			BUG("a block needs %zu frames, there is room for %zu", need, room);
		for (size_t c = 0; c < n_channels; c++) {
			gather(in, c, base, need, window);
			for (size_t m = begin; m < end; m++)
				out->samples[m * n_channels + c] = dot(f->taps + m % f->new * f->n_taps,
								       window + (first_frame(f, m) - base), f->n_taps);
		}
	}
	free(window);
}

/* floor(n new / old) without the product; false: it overflows. */
static bool count_frames(const struct filter *f, size_t n, int n_channels, size_t *ret, size_t *ret_samples)
{
	size_t whole;

	if (!mem_mul(n / f->old, f->new, &whole))
		return false;
	*ret = whole + n % f->old * f->new / f->old; /* both rates are below 2^31 */
	return *ret >= whole && mem_mul(*ret, (size_t)n_channels, ret_samples);
}

int pcm_resample(const struct pcm *pcm, int rate_hz, struct pcm *ret, struct err *err)
{
	struct filter f = { .old = 1, .new = 1 };
	struct pcm out = { NULL, 0, pcm->n_channels, rate_hz };
	size_t n = 0;
	int rc;

	if (rate_hz < 1 || pcm->rate_hz < 1 || pcm->n_channels < 1)
		BUG("%d channels of %d Hz asked for at %d Hz", pcm->n_channels, pcm->rate_hz, rate_hz);
	rc = rate_hz == pcm->rate_hz ? 0 : filter_make(&f, pcm->rate_hz, rate_hz, err);
	if (rc == 0 && count_frames(&f, pcm->n_frames, pcm->n_channels, &out.n_frames, &n))
		out.samples = mem_try(n ? n : 1, sizeof *out.samples);
	if (rc == 0 && !out.samples)
		rc = err_set(err, ERR_MEMORY, "no memory for %zu frames of sound at %d Hz", out.n_frames, rate_hz);
	if (rc == 0 && f.taps)
		run_filter(&f, pcm, &out);
	else if (rc == 0 && n > 0)
		memcpy(out.samples, pcm->samples, n * sizeof *out.samples);
	if (rc == 0)
		*ret = out;
	filter_release(&f);
	return rc;
}
