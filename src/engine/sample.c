#include "engine/sample.h"

#include "base/mathf.h"

#include <math.h>
#include <string.h>

#define PHILOX_ROUNDS 10
/* Multipliers and Weyl constants of Philox4x32: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011. */
#define PHILOX_M0 0xD2511F53U
#define PHILOX_M1 0xCD9E8D57U
#define PHILOX_W0 0x9E3779B9U
#define PHILOX_W1 0xBB67AE85U

/* What a pick needs for n logits: the weights, and keys to sort. */
struct scratch {
	float *weights;  /* [n], exp(logit - largest) */
	uint64_t *keys;  /* [n] */
};

void sample_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
	uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
	uint32_t k0 = key[0], k1 = key[1];

	for (int round = 0; round < PHILOX_ROUNDS; round++) {
		uint64_t p0 = (uint64_t)PHILOX_M0 * c0, p1 = (uint64_t)PHILOX_M1 * c2;

		c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)p1;
		c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)p0;
		k0 += PHILOX_W0;
		k1 += PHILOX_W1;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

double sample_uniform(uint64_t seed, uint32_t step, uint32_t codebook, uint32_t window)
{
	uint32_t counter[4] = { step, codebook, window, 0 };
	uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
	uint32_t out[4];

	sample_philox(out, counter, key);
	return ldexp((double)(((uint64_t)out[0] << 32 | out[1]) >> 11), -53);
}

void sample_guide(float *out, const float *conditional, const float *unconditional, float guidance, int n)
{
	for (int i = 0; i < n; i++)
		out[i] = unconditional[i] + guidance * (conditional[i] - unconditional[i]);
}

size_t sample_scratch_bytes(int n)
{
	return (size_t)n * (sizeof(uint64_t) + sizeof(float));
}

/* The index of the largest value, or -1 when one is not finite. */
static int largest(const float *x, int n)
{
	int best = 0;

	for (int i = 0; i < n; i++) {
		if (!isfinite(x[i]))
			return -1;
		if (x[i] > x[best])
			best = i;
	}
	return best;
}

/* Non-negative floats order as their bits do. */
static uint32_t bits_of(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

/* The k-th largest of n non-negative values: their bits found byte by byte from the top. */
static uint32_t kth_largest_bits(const float *x, int n, int k)
{
	uint32_t found = 0, known = 0;

	for (int shift = 24; shift >= 0; shift -= 8) {
		int count[256] = { 0 };
		int digit = 255;

		for (int i = 0; i < n; i++) {
			uint32_t bits = bits_of(x[i]);

			if ((bits & known) == found)
				count[bits >> shift & 255]++;
		}
		while (count[digit] < k)
			k -= count[digit--];
		found |= (uint32_t)digit << shift;
		known |= UINT32_C(255) << shift;
	}
	return found;
}

static void keep_top_k(float *weights, int n, int k)
{
	uint32_t least;

	if (k >= n)
		return;
	least = kth_largest_bits(weights, n, k);
	for (int i = 0; i < n; i++) {
		if (bits_of(weights[i]) < least)
			weights[i] = 0;
	}
}

static void sift_down(uint64_t *heap, int at, int n)
{
	uint64_t value = heap[at];

	for (int child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && heap[child + 1] < heap[child])
			child++;
		if (heap[child] >= value)
			break;
		heap[at] = heap[child];
	}
	heap[at] = value;
}

/* Descending, in place: a heap with the smallest on top, taken off to the end. */
static void sort_descending(uint64_t *keys, int n)
{
	for (int i = n / 2 - 1; i >= 0; i--)
		sift_down(keys, i, n);
	for (int end = n - 1; end > 0; end--) {
		uint64_t least = keys[0];

		keys[0] = keys[end];
		keys[end] = least;
		sift_down(keys, 0, end);
	}
}

static double total_of(const float *weights, int n)
{
	double total = 0;

	for (int i = 0; i < n; i++)
		total += (double)weights[i];
	return total;
}

/* A key sorts by weight, then lower index first. */
static void keep_top_p(struct scratch *s, int n, float top_p)
{
	double limit = (double)top_p * total_of(s->weights, n), before = 0;

	for (int i = 0; i < n; i++)
		s->keys[i] = (uint64_t)bits_of(s->weights[i]) << 32 | (uint32_t)(n - 1 - i);
	sort_descending(s->keys, n);
	for (int i = 0; i < n; i++) {
		int at = n - 1 - (int)(uint32_t)s->keys[i];
		double weight = (double)s->weights[at];

		if (before > limit)
			s->weights[at] = 0;
		before += weight;
	}
}

/* The first index whose running sum passes uniform * total. */
static int draw(const float *weights, int n, double uniform)
{
	double aim = uniform * total_of(weights, n), sum = 0;
	int last = 0;

	for (int i = 0; i < n; i++) {
		if (weights[i] == 0)
			continue;
		sum += (double)weights[i];
		last = i;
		if (sum > aim)
			break;
	}
	return last;
}

int sample_pick(const float *logits, int n, const struct sample_params *params, double uniform, void *scratch)
{
	struct scratch s = { NULL, scratch };
	int best = largest(logits, n);
	float top;

	if (best < 0 || !(params->temperature > 0))
		return best;
	s.weights = (float *)(void *)(s.keys + n);
	top = logits[best] / params->temperature;
	for (int i = 0; i < n; i++) {
		float scaled = logits[i] / params->temperature;

		/* A tiny temperature can scale past the largest float; the difference then is what counts. */
		s.weights[i] = isfinite(scaled) && isfinite(top) ? mathf_exp(scaled - top) : logits[i] == logits[best] ? 1.0f : 0.0f;
	}
	if (params->top_p > 0)
		keep_top_p(&s, n, params->top_p);
	else if (params->top_k > 0)
		keep_top_k(s.weights, n, params->top_k);
	return draw(s.weights, n, uniform);
}
