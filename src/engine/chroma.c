/*
 * See chroma.h. The bank is librosa's (filters.chroma without tuning, from C; musicgen.md 9.3), made in f64.
 *
 * The transform is the one sum here whose order is another's: kissfft is built without vector instructions, of additions and
 * multiplications in a fixed order, its factors by the C library's sine and cosine rounded to f32. A class is the largest of 12
 * numbers: a last bit of the spectrum changes none, but where two classes are equal but for that bit.
 */
#include "engine/chroma.h"

#include "base/mathf.h"
#include "base/mem.h"

#include <kiss_fftr.h>
#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define LN2 0.69314718055994530942
#define LOWEST_A_HZ 27.5   /* the bank counts octaves from this A */
#define BELOW_LOWEST 18.0  /* where bin 0, of no pitch, is put: an octave and a half below bin 1 */
#define CENTRE_OCTAVE 5.0  /* the bank is loudest here, and falls off with this width: librosa's */
#define OCTAVE_WIDTH 2.0
#define FROM_A_TO_C 3      /* semitones: rows count from C, pitches from A */

struct chroma {
	struct chroma_shape shape;
	kiss_fftr_cfg fft;
	int n_bins;              /* n_fft / 2 + 1 */
	float *bank;             /* [CHROMA_CLASSES][n_bins] */
	float *window;           /* [n_fft] */
	float *framed;           /* [n_fft] */
	kiss_fft_cpx *spectrum;  /* [n_bins] */
	float *power;            /* [n_bins] */
};

/* ---- the bank ---------------------------------------------------------------------------------------- */

/* Semitones of bin k above the lowest A. */
static double pitch_of(const struct chroma_shape *s, int k)
{
	double hz = (double)s->rate_hz * (k > 0 ? k : 1) / s->n_fft;

	return CHROMA_CLASSES * (mathd_log(hz / LOWEST_A_HZ) / LN2) - (k > 0 ? 0 : BELOW_LOWEST);
}

/* x modulo the octave, in -6..6: how far from a class. */
static double within_octave(double x)
{
	x += CHROMA_CLASSES / 2.0;
	return x - CHROMA_CLASSES * floor(x / CHROMA_CLASSES) - CHROMA_CLASSES / 2.0;
}

static double bell(double x)
{
	return mathd_exp(-0.5 * x * x);
}

static void fill_bin(struct chroma *c, int k)
{
	double pitch = pitch_of(&c->shape, k), width = pitch_of(&c->shape, k + 1) - pitch;
	double row[CHROMA_CLASSES], sum = 0, scale;

	width = width > 1 ? width : 1;
	for (int i = 0; i < CHROMA_CLASSES; i++) {
		row[i] = bell(2 * within_octave(pitch - i) / width);
		sum += row[i] * row[i];
	}
	scale = bell((pitch / CHROMA_CLASSES - CENTRE_OCTAVE) / OCTAVE_WIDTH) / sqrt(sum);
	for (int i = 0; i < CHROMA_CLASSES; i++)
		c->bank[(size_t)i * (size_t)c->n_bins + (size_t)k] = (float)(row[(i + FROM_A_TO_C) % CHROMA_CLASSES] * scale);
}

/* ---- opening ----------------------------------------------------------------------------------------- */

int chroma_open(struct chroma **ret, const struct chroma_shape *shape, struct err *err)
{
	struct chroma *c = mem_zalloc(1, sizeof *c);
	size_t n_fft = (size_t)shape->n_fft, n_bins = n_fft / 2 + 1;

	c->shape = *shape;
	c->n_bins = (int)n_bins;
	c->fft = kiss_fftr_alloc(shape->n_fft, 0, NULL, NULL);
	c->bank = mem_try(CHROMA_CLASSES * n_bins, sizeof *c->bank);
	c->window = mem_try(n_fft, sizeof *c->window);
	c->framed = mem_try(n_fft, sizeof *c->framed);
	c->spectrum = mem_try(n_bins, sizeof *c->spectrum);
	c->power = mem_try(n_bins, sizeof *c->power);
	if (!c->fft || !c->bank || !c->window || !c->framed || !c->spectrum || !c->power) {
		chroma_close(c);
		return err_set(err, ERR_MEMORY, "no memory for spectra of %d samples", shape->n_fft);
	}
	for (int k = 0; k < c->n_bins; k++)
		fill_bin(c, k);
	for (int i = 0; i < shape->n_fft; i++) /* Hann, periodic */
		c->window[i] = (float)(0.5 - 0.5 * mathd_cos(2 * PI * i / shape->n_fft));
	*ret = c;
	return 0;
}

void chroma_close(struct chroma *c)
{
	if (!c)
		return;
	kiss_fftr_free(c->fft);
	free(c->bank);
	free(c->window);
	free(c->framed);
	free(c->spectrum);
	free(c->power);
	free(c);
}

const float *chroma_bank(const struct chroma *c, int class)
{
	return c->bank + (size_t)class * (size_t)c->n_bins;
}

/* ---- a sound ------------------------------------------------------------------------------------------ */

static size_t padded(const struct chroma_shape *s, size_t n_samples)
{
	return n_samples > (size_t)s->n_fft ? n_samples : (size_t)s->n_fft;
}

size_t chroma_n_frames(const struct chroma_shape *shape, size_t n_samples)
{
	return 1 + padded(shape, n_samples) / (size_t)shape->hop;
}

/* The samples around a frame's middle times the window: reflected at both ends of the padded sound. */
static void frame_at(struct chroma *c, const float *mono, size_t n_samples, size_t frame)
{
	int64_t n = (int64_t)padded(&c->shape, n_samples), before = (n - (int64_t)n_samples) / 2;
	int64_t begin = (int64_t)frame * c->shape.hop - c->shape.n_fft / 2;

	for (int i = 0; i < c->shape.n_fft; i++) {
		int64_t at = begin + i;

		at = at < 0 ? -at : at;
		at = (at >= n ? 2 * (n - 1) - at : at) - before;
		c->framed[i] = at >= 0 && at < (int64_t)n_samples ? mono[at] * c->window[i] : 0;
	}
}

static uint8_t loudest(const struct chroma *c)
{
	double best = 0;
	uint8_t ret = 0;

	for (int class = 0; class < CHROMA_CLASSES; class++) {
		const float *row = chroma_bank(c, class);
		double sum = 0;

		for (int k = 0; k < c->n_bins; k++)
			sum += (double)row[k] * (double)c->power[k];
		if (sum > best) {
			best = sum;
			ret = (uint8_t)class;
		}
	}
	return ret;
}

void chroma_classes(struct chroma *c, const float *mono, size_t n_samples, uint8_t *classes)
{
	size_t n = chroma_n_frames(&c->shape, n_samples);

	for (size_t frame = 0; frame < n; frame++) {
		frame_at(c, mono, n_samples, frame);
		kiss_fftr(c->fft, c->framed, c->spectrum);
		for (int k = 0; k < c->n_bins; k++)
			c->power[k] = c->spectrum[k].r * c->spectrum[k].r + c->spectrum[k].i * c->spectrum[k].i;
		classes[frame] = loudest(c);
	}
}
