/* resample: against the model's own resampler (tests/vectors/resample), and what it must keep. */
#include "audio/audio.h"
#include "base/hash.h"
#include "base/mathf.h"
#include "base/mem.h"

#include "vectors.h"

#define PI 3.14159265358979323846

/*
 * SHA-256 of the samples of check_bits, little-endian f32: no compiler, no optimisation and no libc may change it. It
 * changes with resample.c's order of sums alone.
 */
#define WANT_BITS "d24257cd0ffcf123f8edca64c3c16754094b516e0ab815a4c34ec25df992006c"

static struct pcm resampled(const struct pcm *pcm, int rate_hz)
{
	struct pcm out = PCM_INIT;
	struct err err = ERR_INIT;

	OK(pcm_resample(pcm, rate_hz, &out, &err) == 0, "%d Hz to %d Hz %s", pcm->rate_hz, rate_hz, err.text);
	return out;
}

static void check_reference(void)
{
	struct vectors *v = vectors_open("tests/vectors/resample");
	const struct json *pair = json_first(json_member(vectors_facts(v), "pairs"));
	size_t n_in = 0, n_want = 0;
	const float *in = vectors_floats(v, "in", &n_in);
	int n = 0;

	for (; pair; pair = json_next(pair), n++) {
		int from = (int)json_number(json_first(pair), 0), to = (int)json_number(json_next(json_first(pair)), 0);
		char name[64];
		const float *want;
		struct pcm pcm = { mem_zalloc(2 * n_in, sizeof(float)), n_in, 2, from }, out;
		float *left;

		(void)snprintf(name, sizeof name, "%d.%d", from, to);
		want = vectors_floats(v, name, &n_want);
		for (size_t i = 0; i < n_in; i++) {
			pcm.samples[2 * i] = in[i];
			pcm.samples[2 * i + 1] = -in[i] / 2;
		}
		out = resampled(&pcm, to);
		OK(out.n_frames == n_want && out.n_channels == 2 && out.rate_hz == to, "%zu frames", out.n_frames);
		if (out.n_frames != n_want)
			exit(1);
		left = mem_zalloc(n_want, sizeof *left);
		for (size_t i = 0; i < n_want; i++)
			left[i] = out.samples[2 * i];
		vectors_near("resample", name, left, want, n_want, 1e-6);
		for (size_t i = 0; i < n_want; i++)
			left[i] = -2 * out.samples[2 * i + 1];
		vectors_near("resample", "the other channel", left, want, n_want, 1e-6);
		free(left);
		pcm_release(&pcm);
		pcm_release(&out);
	}
	OK(n >= 7, "%d pairs of rates", n);
	vectors_close(v);
}

static struct pcm noise(size_t n, int n_channels, int rate_hz)
{
	struct pcm pcm = { mem_zalloc(n * (size_t)n_channels + 1, sizeof(float)), n, n_channels, rate_hz };
	uint32_t state = 12345;

	for (size_t i = 0; i < n * (size_t)n_channels; i++) {
		state = state * 1664525u + 1013904223u;
		pcm.samples[i] = (float)((double)state / 2147483648.0 - 1.0) * 0.9f;
	}
	return pcm;
}

/* Longer than a block of the filter, so that its seams are in it. */
static void check_bits(void)
{
	static const int to[] = { 44100, 16000, 192000, 8000 };
	struct pcm pcm = noise(40000, 2, 32000);
	struct hash_state *st = hash_begin();
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE];

	for (size_t r = 0; r < sizeof to / sizeof *to; r++) {
		struct pcm out = resampled(&pcm, to[r]);

		for (size_t i = 0; i < out.n_frames * 2; i++) {
			uint32_t bits;
			unsigned char bytes[4];

			memcpy(&bits, &out.samples[i], 4);
			for (int b = 0; b < 4; b++)
				bytes[b] = (unsigned char)(bits >> 8 * b & 0xFF);
			hash_add(st, bytes, 4);
		}
		pcm_release(&out);
	}
	hash_end(st, hash);
	hash_hex(hex, hash);
	IS_TEXT(hex, WANT_BITS, "the same bits everywhere");
	pcm_release(&pcm);
}

/* At its own rate a sound is itself (musicgen.md 9.2), and not one through the filter. */
static void check_same_rate(void)
{
	struct pcm pcm = noise(1001, 2, 32000), out = resampled(&pcm, 32000);

	OK(out.n_frames == 1001 && out.samples != pcm.samples && !memcmp(out.samples, pcm.samples, 2002 * sizeof *out.samples), "a copy");
	pcm_release(&out);
	pcm_release(&pcm);
	pcm = noise(0, 1, 8000);
	out = resampled(&pcm, 8000);
	IS_INT(out.n_frames, 0, "also of nothing");
	pcm_release(&out);
	pcm_release(&pcm);
}

/* A constant stays one, an impulse keeps its place, a tone above the new limit is gone, one below it stays. */
static void check_properties(void)
{
	struct pcm flat = noise(20000, 1, 32000), out;
	float worst = 0;
	size_t at = 0;

	for (size_t i = 0; i < flat.n_frames; i++)
		flat.samples[i] = 0.25f;
	out = resampled(&flat, 44100);
	for (size_t i = 0; i < out.n_frames; i++)
		worst = fabsf(out.samples[i] - 0.25f) > worst ? fabsf(out.samples[i] - 0.25f) : worst;
	OK(worst < 1e-6f && out.n_frames == 27562, "a constant is one, also at both ends: %g", (double)worst);
	pcm_release(&out);

	memset(flat.samples, 0, flat.n_frames * sizeof *flat.samples);
	flat.samples[16000] = 1;
	out = resampled(&flat, 48000);
	for (size_t i = 0; i < out.n_frames; i++)
		at = out.samples[i] > out.samples[at] ? i : at;
	IS_INT(at, 24000, "half a second is half a second");
	pcm_release(&out);

	for (int above = 0; above < 2; above++) {
		double sum = 0;

		for (size_t i = 0; i < flat.n_frames; i++)
			flat.samples[i] = (float)sin(2 * 3.14159265358979 * (above ? 8200 : 7000) * (double)i / 32000);
		out = resampled(&flat, 16000);
		for (size_t i = 200; i < out.n_frames - 200; i++)
			sum += (double)out.samples[i] * (double)out.samples[i];
		sum = sqrt(2 * sum / (double)(out.n_frames - 400));
		OK(above ? sum < 0.02 : fabs(sum - 1) < 0.01, "a tone of %d Hz at a rate of 16000: %.4f", above ? 8200 : 7000, sum);
		pcm_release(&out);
	}
	pcm_release(&flat);
}

/* Each block and each edge by a plain sum over all taps of the formula, with libm's sine. */
static double plain(const struct pcm *pcm, int new, int old, long m)
{
	double lower = (new < old ? new : old) * 0.945, sum = 0, weights = 0;
	long reach = (long)(24 * old / lower) + 2, centre = m * old / new;

	for (long i = centre - reach; i <= centre + reach; i++) {
		double t = ((double)i / old - (double)m / new) * lower, w;
		long at = i < 0 ? 0 : i >= (long)pcm->n_frames ? (long)pcm->n_frames - 1 : i;

		if (fabs(t) >= 24)
			continue;
		w = (fabs(t) > 0 ? sin(PI * t) / (PI * t) : 1) * cos(PI * t / 48) * cos(PI * t / 48);
		weights += w;
		sum += w * (double)pcm->samples[at];
	}
	return sum / weights;
}

static void check_seams(void)
{
	static const struct {
		int from, to, old, new;
	} rows[] = { { 32000, 44100, 320, 441 }, { 192000, 8000, 24, 1 }, { 8000, 192000, 1, 24 }, { 32000, 31999, 32000, 31999 } };

	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		struct pcm pcm = noise(30000, 1, rows[r].from), out = resampled(&pcm, rows[r].to);
		double worst = 0;

		for (size_t m = 0; m < out.n_frames; m += m < 300 || m + 300 > out.n_frames ? 1 : 97) {
			double d = fabs((double)out.samples[m] - plain(&pcm, rows[r].new, rows[r].old, (long)m));

			worst = d > worst ? d : worst;
		}
		OK(out.n_frames == 30000u * (size_t)rows[r].new / (size_t)rows[r].old && worst < 2e-6, "%d to %d: %g", rows[r].from,
		   rows[r].to, worst);
		pcm_release(&pcm);
		pcm_release(&out);
	}
}

static void check_ends(void)
{
	static const size_t lengths[] = { 0, 1, 2, 5 };
	struct err err = ERR_INIT;
	struct pcm out = PCM_INIT, pcm;

	for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
		pcm = noise(lengths[l], 2, 32000);
		out = resampled(&pcm, 44100);
		IS_INT(out.n_frames, lengths[l] * 441 / 320, "frames of a short sound");
		pcm_release(&pcm);
		pcm_release(&out);
	}
	pcm = noise(10, 1, 2147483647);
	IS_INT(pcm_resample(&pcm, 44101, &out, &err), -1, "a ratio beyond sense");
	OK(err.code == ERR_INPUT && !out.samples && strstr(err.text, "2147483647 Hz to 44101 Hz"), "%s", err.text);
	pcm.n_frames = (size_t)1 << 62;
	pcm.rate_hz = 1000;
	IS_INT(pcm_resample(&pcm, 192000, &out, &err), -1, "more than can be counted");
	IS_INT(err.code, ERR_MEMORY, "is no memory");
	pcm.n_frames = 10;
	pcm.samples[0] = 1.5f;
	pcm.samples[1] = -1.5f;
	pcm.samples[2] = 0.5f;
	pcm_saturate(&pcm);
	OK(pcm.samples[0] >= 1 && pcm.samples[0] <= 1 && pcm.samples[1] >= -1 && pcm.samples[1] <= -1 && pcm.samples[2] < 0.6f,
	   "what is beyond 1 is 1");
	pcm_release(&pcm);
}

/* There and back (musicgen-tests.md A8): tones below 5 kHz, away from the ends, and how loud one is. */
static void check_round_trip(void)
{
	struct pcm pcm = { mem_zalloc(32000, sizeof(float)), 32000, 1, 32000 }, there, back;
	double worst = 0, largest = 0;

	for (size_t i = 0; i < pcm.n_frames; i++)
		for (int hz = 310; hz < 5000; hz += 370)
			pcm.samples[i] += 0.07f * (float)mathd_sin(2 * PI * hz * (double)i / 32000 + hz);
	there = resampled(&pcm, 44100);
	back = resampled(&there, 32000);
	for (size_t i = 500; i + 500 < back.n_frames; i++)
		worst = fmax(worst, fabs((double)back.samples[i] - (double)pcm.samples[i]));
	OK(back.n_frames == 32000 && worst < 1e-3, "there and back: %g", worst);
	pcm_release(&there);
	pcm_release(&back);
	for (size_t i = 0; i < pcm.n_frames; i++)
		pcm.samples[i] = 0.5f * (float)mathd_sin(2 * PI * 1000 * (double)i / 44100);
	pcm.rate_hz = 44100;
	back = resampled(&pcm, 32000);
	for (size_t i = 500; i + 500 < back.n_frames; i++)
		largest = fmax(largest, fabs((double)back.samples[i]));
	IS_NEAR(largest, 0.5, 1e-3, "a tone of 1 kHz is as loud as it was");
	pcm_release(&pcm);
	pcm_release(&back);
}

int main(void)
{
	check_round_trip();
	check_reference();
	check_bits();
	check_same_rate();
	check_properties();
	check_seams();
	check_ends();
	return tap_done();
}
