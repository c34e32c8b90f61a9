/*
 * engine/kernels: the arithmetic f32-1, for scalar, AVX2 and AVX-512, with equal bits.
 *
 * One order for every sum over k of n terms: 16 lanes; lane j is a chain of
 * fused multiply-adds over k = j, j + 16, j + 32, ... in rising k, from 0.0f; then
 * lanes are added as (j, j + 8), (j, j + 4), (j, j + 2), (j, j + 1). A tail
 * shorter than 16 feeds only the lanes it has. Sums without products add in the
 * same lanes. K is never split, threads take columns (DESIGN section 6).
 *
 * Weights are used as they lie in the file, [rows, cols] row-major; F16 and BF16
 * are widened to f32 exactly. Elementwise functions are base/mathf's formulas:
 * a level may vectorise them, never change them.
 *
 * x, y and w may be unaligned. Pointers do not overlap unless said.
 */
#ifndef ENGINE_KERNELS_H
#define ENGINE_KERNELS_H

#include "base/err.h"

#include <stddef.h>

enum weight_type { WEIGHT_F32, WEIGHT_F16, WEIGHT_BF16 };

struct matrix {
	const void *data;      /* [n_rows, n_cols] row-major, borrowed */
	enum weight_type type;
	int n_rows; /* N: outputs */
	int n_cols; /* K: inputs */
};

#define KV_BLOCK_POSITIONS 64

struct kernels {
	const char *name;

	/* y[m * ldy + n] = sum_k x[m * ldx + k] * w[n][k] (+ bias[n]), for m in 0..n_x-1 and n in begin..end-1.
	 * x: [n_x, K] with row stride ldx (rows may overlap, ldx < K, as convolutions use it). bias NULL: none.
	 * Speed: rows of x a multiple of 4 KiB apart fight for the same lines of the cache. In bench_kernels ldx = K + 16
	 * is up to a fifth faster then, in a decoder step it made no difference that could be measured. */
	void (*matmul)(float *y, size_t ldy, const float *x, size_t ldx, int n_x, const struct matrix *w, int begin, int end,
		       const float *bias);

	/* y = (x - mean) / sqrt(var + eps) * w + b; biased variance, two passes; r = 1 / sqrt(..), fma((x - mean) r, w, b).
	 * x may be y. */
	void (*layer_norm)(float *y, const float *x, const float *w, const float *b, int n, float eps);
	/* y = x / sqrt(mean(x^2) + eps) * w, as (x r) w. x may be y. */
	void (*rms_norm)(float *y, const float *x, const float *w, int n, float eps);

	/*
	 * One query over keys and values in blocks of KV_BLOCK_POSITIONS positions.
	 * q: [width], scaled already; keys[i], values[i]: [KV_BLOCK_POSITIONS, width] of block i with row stride ld.
	 * s_t = q . k_t (+ bias[t] if given); p = softmax(s) (largest s taken off first); out[d] = sum over t in rising
	 * order of p_t * v_t[d] as one fma chain, then * (1 / sum). scores: room for n_positions rounded up to 64.
	 */
	void (*attend)(float *out, const float *q, int width, const float *const *keys, const float *const *values, size_t ld,
		       int n_positions, const float *bias, float *scores);

	void (*add)(float *y, const float *x, size_t n);                         /* y += x */
	void (*gelu)(float *x, size_t n);                                        /* exact form, in place */
	void (*relu)(float *x, size_t n);
	void (*elu)(float *y, const float *x, size_t n);                         /* alpha 1; x may be y */
	/* PyTorch's LSTM cell: gates [4 * n] as i, f, g, o (input and recurrent products and biases added already);
	 * c = fma(sigmoid(i), tanh(g), sigmoid(f) c); h = sigmoid(o) tanh(c). h, c and gates do not overlap. */
	void (*lstm_cell)(float *h, float *c, const float *gates, int n);
	float (*dot)(const float *a, const float *b, size_t n);
	float (*sum)(const float *a, size_t n);
};

/* wanted: "scalar", "avx2", "avx512" or NULL for the best one here (the environment's MGBATCH_KERNELS counts as wanted).
 * ERR_USAGE for an unknown name or one this processor lacks. */
int kernels_choose(const struct kernels **ret, const char *wanted, struct err *err) WARN_UNUSED;

float kernels_f16_to_f32(unsigned short bits); /* exact */
float kernels_bf16_to_f32(unsigned short bits);

/* Each is defined in its own file. Use kernels_choose: a level may not run on this processor. */
extern const struct kernels kernels_scalar;
#if defined(__x86_64__)
extern const struct kernels kernels_avx2;
extern const struct kernels kernels_avx512;
#endif

#endif
