/* Drawing codes (musicgen-tests.md A10): ties, overrides, the distribution, and Philox's published answers. */
#include "tap.h"

#include "engine/sample.h"

#include <float.h>
#include <math.h>

#define N_MAX 2048
#define N_DRAWS 1000000

static unsigned char scratch[N_MAX * 16];

static int pick(const float *logits, int n, float temperature, int top_k, float top_p, double uniform)
{
	struct sample_params params = { temperature, top_k, top_p };

	return sample_pick(logits, n, &params, uniform, scratch);
}

/* Which codes can be drawn at all, as bits: uniforms on a fine grid. */
static unsigned reachable(const float *logits, int n, float temperature, int top_k, float top_p)
{
	unsigned seen = 0;

	for (int i = 0; i < 65536; i++)
		seen |= 1u << pick(logits, n, temperature, top_k, top_p, i / 65536.0);
	return seen;
}

/* The known answers that come with the generator's reference (Random123, kat_vectors, philox4x32 10). */
static void test_philox(void)
{
	static const struct {
		uint32_t counter[4], key[2], want[4];
	} known[] = {
		{ { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
		{ { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
		  { 0xffffffff, 0xffffffff },
		  { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
		{ { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
		  { 0xa4093822, 0x299f31d0 },
		  { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint32_t out[4];

		sample_philox(out, known[i].counter, known[i].key);
		OK(!memcmp(out, known[i].want, sizeof(out)), "Philox4x32-10: known answer %zu", i);
	}
}

static void test_uniform(void)
{
	double least = 1, most = 0, sum = 0;
	int n = 100000;

	for (int i = 0; i < n; i++) {
		double u = sample_uniform(42, (uint32_t)i, 3, 0);

		least = u < least ? u : least;
		most = u > most ? u : most;
		sum += u;
	}
	OK(least >= 0 && most < 1, "uniforms lie in [0, 1)");
	IS_NEAR(sum / n, 0.5, 0.005, "their mean is a half");
	OK(sample_uniform(1, 2, 3, 0) == sample_uniform(1, 2, 3, 0), "same seed, step and codebook: same number");
	OK(sample_uniform(1, 2, 3, 0) != sample_uniform(1, 3, 2, 0), "step and codebook are not interchangeable");
	OK(sample_uniform(1, 2, 3, 0) != sample_uniform(1, 2, 3, 1), "a window has numbers of its own");
	OK(sample_uniform(1, 2, 3, 0) != sample_uniform(UINT64_C(1) << 32 | 1, 2, 3, 0), "all 64 bits of the seed count");
}

static void test_choices(void)
{
	static const float x[] = { 1, 3, 2, 3, -5, 2, 0, 2 };
	static const float peak[] = { 0, 10, 0, 0 };
	const int n = 8;

	IS_INT(pick(x, n, 0, 250, 0, 0.99), 1, "temperature 0: the largest, the lowest index of equals");
	IS_INT(reachable(x, n, 1, 0, 0), 0xff, "top-k 0: all");
	IS_INT(reachable(x, n, 1, 1, 0), 1 << 1 | 1 << 3, "top-k 1 keeps both largest");
	IS_INT(reachable(x, n, 1, 2, 0), 1 << 1 | 1 << 3, "top-k 2");
	IS_INT(reachable(x, n, 1, 3, 0), 1 << 1 | 1 << 3 | 1 << 2 | 1 << 5 | 1 << 7, "top-k 3 keeps the three that tie for third");
	IS_INT(reachable(x, n, 1, 6, 0), 1 << 1 | 1 << 3 | 1 << 2 | 1 << 5 | 1 << 7 | 1 << 0, "top-k 6");
	IS_INT(reachable(x, n, 1, 100000, 0), 0xff, "top-k past the vocabulary: all");
	IS_INT(reachable(x, n, 1, 1, 0.9999999f), 0xff, "top-p overrides top-k");
	IS_INT(reachable(x, n, 1, 8, 0.000001f), 1 << 1, "a tiny top-p keeps one, the lowest index of equals");
	IS_INT(reachable(peak, 4, 1, 0, 0.5f), 1 << 1, "top-p keeps the code that crosses it and no more");
	IS_INT(pick(x, n, 1, 250, 0, 0), 0, "uniform 0: the first");
	IS_INT(pick(x, n, 1, 250, 0, 1 - 0x1p-53), 7, "the largest uniform: the last");
	IS_INT(pick(x, n, 1e-30f, 0, 0, 0.9), 3, "a temperature that overflows is the largest ones");
}

static void test_not_finite(void)
{
	float x[] = { 1, 2, 3 };

	x[1] = INFINITY;
	IS_INT(pick(x, 3, 1, 0, 0, 0.5), -1, "an infinite logit");
	x[1] = -INFINITY;
	IS_INT(pick(x, 3, 0, 0, 0, 0.5), -1, "a negative infinite one, greedy");
	x[1] = NAN;
	IS_INT(pick(x, 3, 1, 0, 0.5f, 0.5), -1, "NaN");
	x[1] = FLT_MAX;
	IS_INT(pick(x, 3, 1, 0, 0, 0.5), 1, "the largest float is finite");
}

/* Pearson's chi-square against the exact distribution, for each way to cut it. */
static void test_distribution(const char *name, int top_k, float top_p, unsigned kept)
{
	static const float x[] = { 0.5f, 2, 1, 2, -1, 1.5f, 0, 0.25f };
	const int n = 8;
	double p[8], total = 0, chi = 0;
	int count[8] = { 0 }, freedom = -1;

	for (int i = 0; i < n; i++)
		total += p[i] = kept >> i & 1 ? exp((double)x[i] / 0.8) : 0;
	for (int i = 0; i < N_DRAWS; i++)
		count[pick(x, n, 0.8f, top_k, top_p, sample_uniform(7, (uint32_t)i, 1, 0))]++;
	for (int i = 0; i < n; i++) {
		double expected = N_DRAWS * p[i] / total;

		if (p[i] > 0) {
			chi += (count[i] - expected) * (count[i] - expected) / expected;
			freedom++;
		} else {
			chi += count[i] ? 1e9 : 0;
		}
	}
	/* 30: beyond the 0.9999 quantile for 7 degrees of freedom; the draws are fixed, so this cannot flicker. */
	OK(chi < 30, "%s: %d draws, chi-square %.2f with %d degrees of freedom", name, N_DRAWS, chi, freedom);
}

/* The k-th largest against sorting, on random values with many ties. */
static void test_top_k_sizes(void)
{
	static float x[N_MAX];
	int wrong = 0;

	for (int i = 0; i < N_MAX; i++)
		x[i] = (float)floor(sample_uniform(5, (uint32_t)i, 0, 0) * 100) / 10;
	for (int k = 1; k < N_MAX; k += 37) {
		int last = pick(x, N_MAX, 1, k, 0, 1 - 0x1p-53), larger = 0, last_kept = 0;
		float threshold = -1;

		/* The k-th largest by counting, then the last index that reaches it. */
		for (int i = 0; i < N_MAX; i++) {
			larger = 0;
			for (int j = 0; j < N_MAX; j++)
				larger += x[j] > x[i];
			if (larger < k && (threshold < 0 || x[i] < threshold))
				threshold = x[i];
		}
		for (int i = 0; i < N_MAX; i++)
			last_kept = x[i] >= threshold ? i : last_kept;
		wrong += last != last_kept;
	}
	IS_INT(wrong, 0, "top-k's threshold equals the one found by counting");
}

static void test_guide(void)
{
	static const float c[] = { 1, -2, 0.5f }, u[] = { 0.25f, 1, 0.5f };
	float out[3];

	sample_guide(out, c, u, 3, 3);
	OK(out[0] == 2.5f && out[1] == -8 && out[2] == 0.5f, "u + 3 (c - u)");
	memcpy(out, c, sizeof(out));
	sample_guide(out, out, u, 0, 3);
	OK(!memcmp(out, u, sizeof(u)), "in place; guidance 0 is the unconditional one");
}

int main(void)
{
	test_philox();
	test_uniform();
	test_choices();
	test_not_finite();
	test_guide();
	test_top_k_sizes();
	test_distribution("all", 0, 0, 0xff);
	test_distribution("top-k 3", 3, 0, 1 << 1 | 1 << 3 | 1 << 5);
	/* Shares: two of .31, one of .17: before the third .63 is gathered, after it .79. */
	test_distribution("top-p 0.6", 250, 0.6f, 1 << 1 | 1 << 3);
	test_distribution("top-p 0.7", 250, 0.7f, 1 << 1 | 1 << 3 | 1 << 5);
	return tap_done();
}
