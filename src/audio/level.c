/*
 * The one meter and normaliser of the program (musicgen.md 10.3).
 *
 * Integrated loudness after ITU-R BS.1770-4 as torchaudio has it, quirks
 * included: filters made by the RBJ cookbook at the file's own rate, each
 * filter's output clamped to +-1, no partial block. Everything is double and
 * in one fixed order; a gained sample is rounded to float once.
 */
#include "audio/audio.h"

#include "base/mathf.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

/* BS.1770-4 and the model's own writer */
#define BLOCK_S 0.4            /* gating block */
#define BLOCK_STEP 0.25        /* of a block: overlap 75 % */
#define LKFS_OFFSET (-0.691)   /* makes a 997 Hz sine at 0 dB full scale read -3.01 */
#define GATE_ABSOLUTE (-70.0)
#define GATE_RELATIVE (-10.0)
#define TARGET_LKFS (-14.0)    /* loudness_headroom_db 14 */
#define TARGET_PEAK_DB (-1.0)  /* peak_clip_headroom_db 1 */
#define TARGET_RMS_DB (-18.0)  /* rms_headroom_db 18 */
#define ENERGY_FLOOR 2e-3      /* rms below which loudness is left alone */

static const char *const strategy_names[] = {
	[LEVEL_LOUDNESS] = "loudness",
	[LEVEL_CLIP] = "clip",
	[LEVEL_PEAK] = "peak",
	[LEVEL_RMS] = "rms",
};

#define N_STRATEGIES (sizeof strategy_names / sizeof *strategy_names)

const char *level_strategy_name(enum level_strategy s)
{
	return strategy_names[s];
}

int level_strategy_find(const char *name, enum level_strategy *ret)
{
	size_t i;

	for (i = 0; i < N_STRATEGIES; i++) {
		if (strcmp(name, strategy_names[i]) == 0) {
			*ret = (enum level_strategy)i;
			return 0;
		}
	}
	return -1;
}

static double from_db(double db)
{
	return mathd_pow10(db / 20);
}

/* ---- the K filter ----------------------------------------------------------- */

/* y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2], a0 divided away */
struct biquad {
	double b0, b1, b2, a1, a2;
	double x1, x2, y1, y2;
};

static void biquad_scale(struct biquad *f, double a0)
{
	f->b0 /= a0;
	f->b1 /= a0;
	f->b2 /= a0;
	f->a1 /= a0;
	f->a2 /= a0;
}

/* High shelf of the RBJ cookbook: +4 dB at 1500 Hz, Q 1/sqrt 2 (torchaudio's treble_biquad in loudness). */
static struct biquad biquad_shelf(int rate_hz)
{
	double w = 2 * PI * 1500 / rate_hz;
	double c = mathd_cos(w), alpha = mathd_sin(w) / (2 * sqrt(0.5));
	double a = mathd_pow10(4.0 / 40), root = 2 * sqrt(a) * alpha;
	struct biquad f = {
		.b0 = a * ((a + 1) + (a - 1) * c + root),
		.b1 = -2 * a * ((a - 1) + (a + 1) * c),
		.b2 = a * ((a + 1) + (a - 1) * c - root),
		.a1 = 2 * ((a - 1) - (a + 1) * c),
		.a2 = (a + 1) - (a - 1) * c - root,
	};

	biquad_scale(&f, (a + 1) - (a - 1) * c + root);
	return f;
}

/* High-pass of the RBJ cookbook: 38 Hz, Q 0.5. */
static struct biquad biquad_high_pass(int rate_hz)
{
	double w = 2 * PI * 38 / rate_hz;
	double c = mathd_cos(w), alpha = mathd_sin(w) / (2 * 0.5);
	struct biquad f = {
		.b0 = (1 + c) / 2,
		.b1 = -(1 + c),
		.b2 = (1 + c) / 2,
		.a1 = -2 * c,
		.a2 = 1 - alpha,
	};

	biquad_scale(&f, 1 + alpha);
	return f;
}

static double clamp(double v, double limit)
{
	return v < -limit ? -limit : v > limit ? limit : v;
}

/* The recursion runs on the free value; only what is handed on is clamped. */
static double biquad_step(struct biquad *f, double x)
{
	double y = f->b0 * x + f->b1 * f->x1 + f->b2 * f->x2 - f->a1 * f->y1 - f->a2 * f->y2;

	f->x2 = f->x1;
	f->x1 = x;
	f->y2 = f->y1;
	f->y1 = y;
	return clamp(y, 1);
}

/* ---- loudness --------------------------------------------------------------- */

struct blocks {
	double *energy; /* [n]: sum over the channels of the mean square of each block; of the squares while adding */
	size_t n;
	size_t length, step; /* frames */
};

/* Adds one channel. A frame lies in four blocks, or five where the step does not divide the block. */
static void add_channel(struct blocks *bl, const struct pcm *pcm, int channel)
{
	struct biquad shelf = biquad_shelf(pcm->rate_hz), high_pass = biquad_high_pass(pcm->rate_hz);
	size_t n_channels = (size_t)pcm->n_channels, i, b;

	for (i = 0; i < pcm->n_frames; i++) {
		double x = (double)pcm->samples[i * n_channels + (size_t)channel];
		double y = biquad_step(&high_pass, biquad_step(&shelf, x));
		size_t first = i < bl->length ? 0 : (i - bl->length) / bl->step + 1;
		size_t last = i / bl->step;

		for (b = first; b <= last && b < bl->n; b++)
			bl->energy[b] += y * y;
	}
}

static double block_lkfs(double energy)
{
	return energy > 0 ? LKFS_OFFSET + 10 * mathd_log10(energy) : LEVEL_SILENT;
}

/* Mean energy of the blocks louder than the gate; 0 when there are none. */
static double gated_mean(const struct blocks *bl, double gate)
{
	double sum = 0;
	size_t n = 0, b;

	for (b = 0; b < bl->n; b++) {
		double lkfs = block_lkfs(bl->energy[b]);

		if (lkfs > GATE_ABSOLUTE && lkfs > gate) {
			sum += bl->energy[b];
			n++;
		}
	}
	return n ? sum / (double)n : 0;
}

static double measure_lkfs(const struct pcm *pcm)
{
	struct blocks bl = { NULL, 0, 0, 0 };
	double mean;
	size_t b;
	int c;

	bl.length = (size_t)rint(BLOCK_S * pcm->rate_hz);
	bl.step = (size_t)rint((double)bl.length * BLOCK_STEP);
	if (bl.step == 0 || pcm->n_frames < bl.length)
		return LEVEL_SILENT;
	bl.n = (pcm->n_frames - bl.length) / bl.step + 1;
	bl.energy = mem_zalloc(bl.n, sizeof *bl.energy);
	for (c = 0; c < pcm->n_channels; c++)
		add_channel(&bl, pcm, c);
	for (b = 0; b < bl.n; b++)
		bl.energy[b] /= (double)bl.length;
	mean = gated_mean(&bl, GATE_ABSOLUTE);
	if (mean > 0)
		mean = gated_mean(&bl, block_lkfs(mean) + GATE_RELATIVE);
	free(bl.energy);
	return block_lkfs(mean);
}

/* ---- measuring -------------------------------------------------------------- */

static size_t n_samples(const struct pcm *pcm)
{
	return pcm->n_frames * (size_t)pcm->n_channels;
}

static int check_finite(const struct pcm *pcm, struct err *err)
{
	size_t i;

	for (i = 0; i < n_samples(pcm); i++)
		if (!isfinite(pcm->samples[i]))
			return err_set(err, ERR_NONFINITE, "sample %zu of channel %zu is not a finite number",
				       i / (size_t)pcm->n_channels, i % (size_t)pcm->n_channels);
	return 0;
}

static double measure_peak(const struct pcm *pcm)
{
	double peak = 0;
	size_t i;

	for (i = 0; i < n_samples(pcm); i++)
		if (fabs((double)pcm->samples[i]) > peak)
			peak = fabs((double)pcm->samples[i]);
	return peak;
}

static double measure_rms(const struct pcm *pcm)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n_samples(pcm); i++)
		sum += (double)pcm->samples[i] * (double)pcm->samples[i];
	return n_samples(pcm) ? sqrt(sum / (double)n_samples(pcm)) : 0;
}

/* Of the mean of the channels. */
static double measure_mono_rms(const struct pcm *pcm)
{
	size_t n_channels = (size_t)pcm->n_channels, i, c;
	double sum = 0;

	for (i = 0; i < pcm->n_frames; i++) {
		double mono = 0;

		for (c = 0; c < n_channels; c++)
			mono += (double)pcm->samples[i * n_channels + c];
		mono /= (double)n_channels;
		sum += mono * mono;
	}
	return pcm->n_frames ? sqrt(sum / (double)pcm->n_frames) : 0;
}

int level_measure(const struct pcm *pcm, struct level *ret, struct err *err)
{
	if (check_finite(pcm, err) != 0)
		return -1;
	ret->lkfs = measure_lkfs(pcm);
	ret->peak = measure_peak(pcm);
	ret->rms = measure_rms(pcm);
	return 0;
}

/* ---- normalising ------------------------------------------------------------ */

static void apply_gain(struct pcm *pcm, double gain, double limit)
{
	size_t i;

	for (i = 0; i < n_samples(pcm); i++)
		pcm->samples[i] = (float)clamp((double)pcm->samples[i] * gain, limit);
}

/* Of each strategy: the gain, 1 where there is nothing to measure, then the limit. */

static void normalise_loudness(struct pcm *pcm)
{
	double lkfs = measure_rms(pcm) < ENERGY_FLOOR ? LEVEL_SILENT : measure_lkfs(pcm);

	apply_gain(pcm, lkfs <= LEVEL_SILENT ? 1 : from_db(TARGET_LKFS - lkfs), 1);
}

static void normalise_clip(struct pcm *pcm)
{
	apply_gain(pcm, 1, from_db(TARGET_PEAK_DB));
}

static void normalise_peak(struct pcm *pcm)
{
	double peak = measure_peak(pcm);

	apply_gain(pcm, peak > 0 ? from_db(TARGET_PEAK_DB) / peak : 1, 1);
}

static void normalise_rms(struct pcm *pcm)
{
	double rms = measure_mono_rms(pcm);

	apply_gain(pcm, rms > 0 ? from_db(TARGET_RMS_DB) / rms : 1, 1);
}

int level_normalise(struct pcm *pcm, enum level_strategy strategy, struct err *err)
{
	static void (*const normalise[])(struct pcm *) = {
		[LEVEL_LOUDNESS] = normalise_loudness,
		[LEVEL_CLIP] = normalise_clip,
		[LEVEL_PEAK] = normalise_peak,
		[LEVEL_RMS] = normalise_rms,
	};

	if ((size_t)strategy >= N_STRATEGIES)
		BUG("normalisation strategy %d", (int)strategy);
	if (check_finite(pcm, err) != 0)
		return -1;
	normalise[strategy](pcm);
	return 0;
}
