#include "audio/audio.h"
#include "base/mem.h"

#include "tap.h"

#include <float.h>

#define RATE 32000

/* A sine of seconds on n_channels, all the same. */
static struct pcm sine(double hz, double amplitude, double seconds, int n_channels, int rate_hz)
{
	struct pcm pcm = { NULL, (size_t)(seconds * rate_hz), n_channels, rate_hz };
	size_t i;
	int c;

	pcm.samples = mem_zalloc(pcm.n_frames * (size_t)n_channels, sizeof *pcm.samples);
	for (i = 0; i < pcm.n_frames; i++)
		for (c = 0; c < n_channels; c++)
			pcm.samples[i * (size_t)n_channels + (size_t)c] =
				(float)(amplitude * sin(2 * 3.14159265358979323846 * hz * (double)i / rate_hz));
	return pcm;
}

static double lkfs_of(struct pcm pcm)
{
	struct level level = { 0, 0, 0 };
	struct err err = ERR_INIT;

	OK(level_measure(&pcm, &level, &err) == 0, "measured");
	pcm_release(&pcm);
	return level.lkfs;
}

static void check_calibration(void)
{
	IS_NEAR(lkfs_of(sine(997, 0.1, 5, 1, RATE)), -23.0566, 0.0002, "997 Hz at 0.1, mono");
	IS_NEAR(lkfs_of(sine(997, 0.1, 5, 2, RATE)), -20.0463, 0.0002, "997 Hz at 0.1, both channels");
	IS_NEAR(lkfs_of(sine(997, 1.0, 5, 1, RATE)), -3.2829, 0.0002, "997 Hz at 1.0, mono: the clamp bites");
	IS_NEAR(lkfs_of(sine(997, 1.0, 5, 2, RATE)), -0.2726, 0.0002, "997 Hz at 1.0, both channels");
}

/* BS.1770-4: a stereo 997 Hz sine at -20 dBFS peak reads -20 LKFS (EBU Tech 3341, test 1's idea) at any rate. */
static void check_rates(void)
{
	static const int rates[] = { 11025, 16000, 22050, 32000, 44100, 48000, 96000 };
	size_t i;

	for (i = 0; i < sizeof rates / sizeof *rates; i++)
		IS_NEAR(lkfs_of(sine(997, 0.1, 3, 2, rates[i])), -20.0, 0.2, "the reading is the same at every rate");
}

static struct pcm joined(struct pcm a, struct pcm b)
{
	size_t n = a.n_frames * (size_t)a.n_channels, m = b.n_frames * (size_t)b.n_channels;

	a.samples = mem_realloc(a.samples, n + m, sizeof *a.samples);
	memcpy(a.samples + n, b.samples, m * sizeof *b.samples);
	a.n_frames += b.n_frames;
	pcm_release(&b);
	return a;
}

static void check_gates(void)
{
	double alone = lkfs_of(sine(997, 0.1, 4, 1, RATE));

	IS_NEAR(lkfs_of(joined(sine(997, 0.1, 4, 1, RATE), sine(997, 0, 20, 1, RATE))), alone, 0.25, "silence is gated away");
	IS_NEAR(lkfs_of(joined(sine(997, 0.1, 4, 1, RATE), sine(997, 0.01, 20, 1, RATE))), alone, 0.25,
		"what is 20 dB softer is gated away");
	OK(lkfs_of(joined(sine(997, 0.1, 4, 1, RATE), sine(997, 0.05, 20, 1, RATE))) < alone - 3, "what is 6 dB softer is not");
	OK(lkfs_of(sine(997, 0, 2, 1, RATE)) <= LEVEL_SILENT, "silence has no loudness");
	OK(lkfs_of(sine(997, 1e-4, 2, 1, RATE)) <= LEVEL_SILENT, "nor has what is under -70");
	OK(lkfs_of(sine(997, 0.5, 0.3999, 1, RATE)) <= LEVEL_SILENT, "nor what is shorter than a block");
	OK(lkfs_of(sine(997, 0.5, 0.4, 1, RATE)) > -12, "one block is enough");
	OK(lkfs_of(sine(997, 0.5, 0, 2, RATE)) <= LEVEL_SILENT, "no frames at all");
}

static void check_measures(void)
{
	struct pcm pcm = sine(997, 0.5, 2, 2, RATE);
	struct level level = { 0, 0, 0 };
	struct err err = ERR_INIT;

	OK(level_measure(&pcm, &level, &err) == 0, "measured");
	IS_NEAR(level.peak, 0.5, 1e-4, "peak of a sine");
	IS_NEAR(level.rms, 0.5 / sqrt(2), 1e-4, "rms of a sine");
	pcm.samples[7] = NAN;
	IS_INT(level_measure(&pcm, &level, &err), -1, "a NaN is refused");
	OK(err.code == ERR_NONFINITE && strstr(err.text, "sample 3 of channel 1"), "%s", err.text);
	pcm.samples[7] = -INFINITY;
	IS_INT(level_normalise(&pcm, LEVEL_PEAK, &err), -1, "an infinity too");
	pcm_release(&pcm);
}

static struct pcm normalised(struct pcm pcm, enum level_strategy strategy)
{
	struct err err = ERR_INIT;

	OK(level_normalise(&pcm, strategy, &err) == 0, "%s", level_strategy_name(strategy));
	return pcm;
}

static void check_strategies(void)
{
	struct pcm pcm = normalised(sine(997, 0.1, 5, 1, RATE), LEVEL_LOUDNESS);
	struct level level = { 0, 0, 0 };
	struct err err = ERR_INIT;

	OK(level_measure(&pcm, &level, &err) == 0, "measured");
	IS_NEAR(level.peak / 0.1, 2.837, 0.0005, "loudness: the gain of musicgen-tests A7");
	IS_NEAR(level.lkfs, -14, 0.001, "and the loudness asked for");
	pcm_release(&pcm);

	pcm = normalised(sine(997, 0.01, 1, 1, RATE), LEVEL_PEAK);
	OK(level_measure(&pcm, &level, &err) == 0, "measured");
	IS_NEAR(level.peak, 0.8912509, 1e-6, "peak raises to -1 dB");
	pcm_release(&pcm);
	pcm = normalised(sine(997, 3, 1, 2, RATE), LEVEL_PEAK);
	OK(level_measure(&pcm, &level, &err) == 0, "measured");
	IS_NEAR(level.peak, 0.8912509, 1e-6, "peak lowers to -1 dB");
	pcm_release(&pcm);

	pcm = normalised(sine(997, 1, 1, 1, RATE), LEVEL_CLIP);
	OK(level_measure(&pcm, &level, &err) == 0, "measured");
	IS_NEAR(level.peak, 0.8912509, 1e-6, "clip bounds");
	pcm_release(&pcm);

	pcm = normalised(sine(997, 0.001, 1, 1, RATE), LEVEL_RMS);
	OK(level_measure(&pcm, &level, &err) == 0, "measured");
	IS_NEAR(level.rms, 0.1258925, 1e-6, "rms");
	pcm_release(&pcm);
}

/* Silence, near silence and what is too short keep their bits; no strategy passes 1 or makes a NaN. */
static void check_edges(void)
{
	static const double amplitudes[] = { 0, 1e-45, 1e-30, 0.0028, 0.5, 1, 100, 1e30 };
	static const double lengths[] = { 0, 1.0 / RATE, 0.1, 1 };
	size_t a, l, i;
	int s, finite = 1, bounded = 1, unchanged = 1, silent = 1;

	for (s = LEVEL_LOUDNESS; s <= LEVEL_RMS; s++)
		for (a = 0; a < sizeof amplitudes / sizeof *amplitudes; a++)
			for (l = 0; l < sizeof lengths / sizeof *lengths; l++) {
				struct pcm before = sine(997, amplitudes[a], lengths[l], 2, RATE);
				struct pcm pcm = sine(997, amplitudes[a], lengths[l], 2, RATE);
				struct err err = ERR_INIT;

				finite = finite && level_normalise(&pcm, (enum level_strategy)s, &err) == 0;
				for (i = 0; i < pcm.n_frames * 2; i++) {
					finite = finite && isfinite(pcm.samples[i]);
					bounded = bounded && fabsf(pcm.samples[i]) <= 1;
					silent = silent && (amplitudes[a] > 0 || !(fabsf(pcm.samples[i]) > 0));
				}
				if (s == LEVEL_LOUDNESS && amplitudes[a] <= 1 && (amplitudes[a] < 0.0028283 || lengths[l] < 0.4))
					unchanged = unchanged && (pcm.n_frames == 0 || !memcmp(pcm.samples, before.samples, pcm.n_frames * 8));
				pcm_release(&before);
				pcm_release(&pcm);
			}
	OK(finite, "every strategy gives finite samples");
	OK(bounded, "within +-1");
	OK(silent, "silence stays silence");
	OK(unchanged, "loudness leaves what it cannot measure bit for bit");
}

/* Opposite channels have a silent mono: rms must not divide by it. */
static void check_opposite_channels(void)
{
	struct pcm pcm = sine(997, 0.5, 1, 2, RATE);
	struct err err = ERR_INIT;
	size_t i;
	int finite = 1;

	for (i = 0; i < pcm.n_frames; i++)
		pcm.samples[2 * i + 1] = -pcm.samples[2 * i];
	OK(level_normalise(&pcm, LEVEL_RMS, &err) == 0, "normalised");
	for (i = 0; i < pcm.n_frames * 2; i++)
		finite = finite && isfinite(pcm.samples[i]);
	OK(finite, "and finite");
	pcm_release(&pcm);
}

static void check_names(void)
{
	enum level_strategy s = LEVEL_LOUDNESS;

	OK(level_strategy_find("rms", &s) == 0 && s == LEVEL_RMS, "found");
	OK(level_strategy_find("RMS", &s) == -1 && level_strategy_find("", &s) == -1 && s == LEVEL_RMS, "not found");
}

int main(void)
{
	check_calibration();
	check_rates();
	check_gates();
	check_measures();
	check_strategies();
	check_edges();
	check_opposite_channels();
	check_names();
	return tap_done();
}
