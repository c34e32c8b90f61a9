/*
 * engine/sample: from logits to one code (musicgen.md 5 and 6). Pure: same arguments, same answer.
 *
 * The random number of a draw depends on (seed, step, codebook, window) alone: Philox4x32-10 with the seed as key.
 * Sums are in double in the order of the indices; ties go to the lowest index.
 */
#ifndef ENGINE_SAMPLE_H
#define ENGINE_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct sample_params {
	float temperature; /* 0: the largest logit */
	int top_k;         /* 0: all; clamped; every code that ties with the k-th is kept; ignored when top_p > 0 */
	float top_p;       /* 0: off; keeps the codes before which less than top_p was gathered, largest first */
};

/* out = u + guidance (c - u). out may be either. */
void sample_guide(float *out, const float *conditional, const float *unconditional, float guidance, int n);

size_t sample_scratch_bytes(int n); /* of sample_pick's scratch for n logits */

/* uniform in [0, 1). scratch: sample_scratch_bytes(n) bytes, aligned to 8. -1: a logit is not finite. */
int sample_pick(const float *logits, int n, const struct sample_params *params, double uniform, void *scratch);

/* 53 bits of the block that counter (step, codebook, window, 0) gives. */
double sample_uniform(uint64_t seed, uint32_t step, uint32_t codebook, uint32_t window);
void sample_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

#endif
