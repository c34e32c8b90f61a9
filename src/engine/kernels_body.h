/*
 * engine/kernels_body: the kernels, once, over 16 lanes that each level brings.
 *
 * kernels_scalar.c, kernels_avx2.c and kernels_avx512.c define the lanes and include this file, which then defines the
 * level's table. So there is one order of operations for all levels. A level defines KERNELS_VEC and
 *   KERNELS_NAME, KERNELS_TABLE    the name for kernels_choose, and the table's
 *   struct vec                     16 lanes of f32
 *   vec_zero, vec_set(f)
 *   vec_load(p), vec_store(p, v)   unaligned; *_part(.., n): the first n lanes only (0..16), others 0, not touched
 *   vec_load_f16_part, vec_load_bf16_part
 *   vec_fma(a, b, c)               a b + c; vec_fma_part(a, b, c, n): lanes from n on stay c
 *   vec_add, vec_mul; vec_add_part(a, b, n): lanes from n on stay a
 *   vec_max(best, v)               v where it is larger, else (and where v is NaN) best
 *   vec_sum(v)                     lanes added as (j, j + 8), (j, j + 4), (j, j + 2), (j, j + 1)
 *   vec_sum4(out, a, b, c, d)      the four sums of four vectors
 *   PART, PART_LANES               one register of it (16 or 8 lanes); part_zero, part_load, part_load_f16,
 *                                  part_load_bf16, part_fma; vec_of_parts(array)
 *   TILE_X, TILE_W (at most 4), TILE_SIZES(X, type)    rows of x and of w that one tile of matmul takes; X(type, 1) .. X(type, TILE_X)
 *
 * Elementwise functions are loops over base/mathf_body.h, which the compiler turns into vector code.
 */
#ifndef ENGINE_KERNELS_BODY_H
#define ENGINE_KERNELS_BODY_H

#include "base/mathf_body.h"
#include "engine/kernels.h"

#ifndef KERNELS_VEC
#include "engine/kernels_vec_scalar.h"
#endif

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 8")
#else
#define UNROLL
#endif

#define LANES 16
#define PARTS (LANES / PART_LANES)

/* ---- matmul ------------------------------------------------------------------------------------------------ */

/*
 * A tile is n_x rows of x times n_w rows of w: n_x * n_w sums in registers while k runs over the whole row. matmul takes
 * the tiles of w in order, and for each all rows of x: w comes from memory once, x stays in the cache.
 */
struct tile_args {
	size_t ldy, ldx;
	size_t n_k;
	size_t row_bytes; /* of w */
	size_t prefetch;  /* bytes from a row of w to the same place in the next tile */
};

typedef void (*tile_fn)(const struct tile_args *t, float *y, const float *x, const unsigned char *w, const float *bias);

static const size_t weight_sizes[] = { [WEIGHT_F32] = 4, [WEIGHT_F16] = 2, [WEIGHT_BF16] = 2 };

MATHF_INLINE PART load_weights(const void *p, enum weight_type type)
{
	return type == WEIGHT_F32 ? part_load(p) : type == WEIGHT_F16 ? part_load_f16(p) : part_load_bf16(p);
}

MATHF_INLINE struct vec load_weights_part(const void *p, enum weight_type type, int n)
{
	return type == WEIGHT_F32 ? vec_load_part(p, n) : type == WEIGHT_F16 ? vec_load_f16_part(p, n) : vec_load_bf16_part(p, n);
}

/* Into the second-level cache (measured: 22 GB/s on one core where the first level gives 14 and none 16): the next tile
 * does not fit into the first beside x. */
MATHF_INLINE void prefetch(const void *p)
{
#if defined(__GNUC__)
	__builtin_prefetch(p, 0, 2);
#else
	(void)p;
#endif
}

/* y[0..n_w-1] = sums (+ bias) of one row of x */
MATHF_INLINE void store_sums(float *y, const struct vec *sum, int n_w, const float *bias)
{
	float out[4];

	if (n_w == 1)
		out[0] = vec_sum(sum[0]);
	else
		vec_sum4(out, sum[0], sum[1], sum[n_w > 2 ? 2 : 0], sum[n_w > 3 ? 3 : 0]);
	for (int n = 0; n < n_w; n++)
		y[n] = bias ? out[n] + bias[n] : out[n];
}

MATHF_INLINE void tile(const struct tile_args *t, float *y, const float *x, const unsigned char *w, const float *bias,
		       enum weight_type type, int n_x, int n_w)
{
	PART sum[TILE_X][TILE_W][PARTS];
	size_t size = weight_sizes[type], k = 0;
	int rest = (int)(t->n_k % LANES);

	UNROLL for (int m = 0; m < n_x; m++)
		UNROLL for (int n = 0; n < n_w; n++)
			UNROLL for (int i = 0; i < PARTS; i++)
				sum[m][n][i] = part_zero();
	for (; k + LANES <= t->n_k; k += LANES) {
		UNROLL for (int i = 0; i < PARTS; i++) {
			size_t at = k + (size_t)(i * PART_LANES);
			PART xs[TILE_X];

			UNROLL for (int m = 0; m < n_x; m++)
				xs[m] = part_load(x + (size_t)m * t->ldx + at);
			UNROLL for (int n = 0; n < n_w; n++) {
				const unsigned char *row = w + (size_t)n * t->row_bytes + at * size;
				PART ws = load_weights(row, type);

				if (i == 0)
					prefetch(row + t->prefetch);
				UNROLL for (int m = 0; m < n_x; m++)
					sum[m][n][i] = part_fma(xs[m], ws, sum[m][n][i]);
			}
		}
	}
	UNROLL for (int m = 0; m < n_x; m++) {
		struct vec sums[TILE_W];

		UNROLL for (int n = 0; n < n_w; n++) {
			sums[n] = vec_of_parts(sum[m][n]);
			if (rest)
				sums[n] = vec_fma_part(vec_load_part(x + (size_t)m * t->ldx + k, rest),
						       load_weights_part(w + (size_t)n * t->row_bytes + k * size, type, rest), sums[n],
						       rest);
		}
		store_sums(y + (size_t)m * t->ldy, sums, n_w, bias);
	}
}

#define DEFINE_TILES(type, rows)                                                                                         \
	static void tile_##type##_##rows(const struct tile_args *t, float *y, const float *x, const unsigned char *w,    \
					 const float *bias)                                                              \
	{                                                                                                                \
		tile(t, y, x, w, bias, WEIGHT_##type, rows, TILE_W);                                                     \
	}                                                                                                                \
	static void edge_##type##_##rows(const struct tile_args *t, float *y, const float *x, const unsigned char *w,    \
					 const float *bias)                                                              \
	{                                                                                                                \
		tile(t, y, x, w, bias, WEIGHT_##type, rows, 1);                                                          \
	}
TILE_SIZES(DEFINE_TILES, F32)
TILE_SIZES(DEFINE_TILES, F16)
TILE_SIZES(DEFINE_TILES, BF16)

#define TILE_ENTRY(type, rows) [WEIGHT_##type][rows] = tile_##type##_##rows,
#define EDGE_ENTRY(type, rows) [WEIGHT_##type][rows] = edge_##type##_##rows,
static const tile_fn tiles[3][TILE_X + 1] = { TILE_SIZES(TILE_ENTRY, F32) TILE_SIZES(TILE_ENTRY, F16) TILE_SIZES(TILE_ENTRY, BF16) };
static const tile_fn edges[3][TILE_X + 1] = { TILE_SIZES(EDGE_ENTRY, F32) TILE_SIZES(EDGE_ENTRY, F16) TILE_SIZES(EDGE_ENTRY, BF16) };

/* All rows of x against one tile of w, in groups of equal size but for one: 8 rows are 4 + 4, not 6 + 2. */
static void tile_all_x(const struct tile_args *t, const tile_fn *fns, float *y, const float *x, int n_x, const unsigned char *w,
		       const float *bias)
{
	int groups = (n_x + TILE_X - 1) / TILE_X;

	for (int m = 0; groups > 0; groups--) {
		int rows = (n_x - m + groups - 1) / groups;

		fns[rows](t, y + (size_t)m * t->ldy, x + (size_t)m * t->ldx, w, bias);
		m += rows;
	}
}

static void matmul_rows(float *y, size_t ldy, const float *x, size_t ldx, int n_x, const struct matrix *w, int begin, int end,
			const float *bias)
{
	const size_t row_bytes = (size_t)w->n_cols * weight_sizes[w->type];
	const struct tile_args t = { ldy, ldx, (size_t)w->n_cols, row_bytes, TILE_W * row_bytes };
	const unsigned char *rows = w->data;
	int n = begin;

	for (; n + TILE_W <= end; n += TILE_W)
		tile_all_x(&t, tiles[w->type], y + n, x, n_x, rows + (size_t)n * row_bytes, bias ? bias + n : NULL);
	for (; n < end; n++)
		tile_all_x(&t, edges[w->type], y + n, x, n_x, rows + (size_t)n * row_bytes, bias ? bias + n : NULL);
}

/* Where w is small (a convolution over time), it is x that comes from memory: then x is taken in pieces that stay in a
 * second-level cache, here assumed to have 512 KiB, half for each. */
#define CACHE_HALF_BYTES (256u << 10)

static void matmul(float *y, size_t ldy, const float *x, size_t ldx, int n_x, const struct matrix *w, int begin, int end,
		   const float *bias)
{
	size_t w_bytes = (size_t)(end - begin) * (size_t)w->n_cols * weight_sizes[w->type], rows;

	if (begin >= end)
		return;
	rows = w_bytes > CACHE_HALF_BYTES ? (size_t)n_x : CACHE_HALF_BYTES / (ldx * sizeof *x + 1) + TILE_X;
	for (size_t m = 0; m < (size_t)n_x; m += rows) {
		size_t some = (size_t)n_x - m < rows ? (size_t)n_x - m : rows;

		matmul_rows(y + m * ldy, ldy, x + m * ldx, ldx, (int)some, w, begin, end, bias);
	}
}

/* ---- sums ---------------------------------------------------------------------------------------------------- */

static float dot(const float *a, const float *b, size_t n)
{
	struct vec s = vec_zero();
	size_t k = 0;

	for (; k + LANES <= n; k += LANES)
		s = vec_fma(vec_load(a + k), vec_load(b + k), s);
	if (k < n)
		s = vec_fma_part(vec_load_part(a + k, (int)(n - k)), vec_load_part(b + k, (int)(n - k)), s, (int)(n - k));
	return vec_sum(s);
}

static float sum(const float *a, size_t n)
{
	struct vec s = vec_zero();
	size_t k = 0;

	for (; k + LANES <= n; k += LANES)
		s = vec_add(s, vec_load(a + k));
	if (k < n)
		s = vec_add_part(s, vec_load_part(a + k, (int)(n - k)), (int)(n - k));
	return vec_sum(s);
}

/* The sum of (x + shift)^2. */
static float sum_squares(const float *x, size_t n, float shift)
{
	struct vec s = vec_zero(), c = vec_set(shift), d;
	size_t k = 0;

	for (; k + LANES <= n; k += LANES) {
		d = vec_add(vec_load(x + k), c);
		s = vec_fma(d, d, s);
	}
	if (k < n) {
		d = vec_add(vec_load_part(x + k, (int)(n - k)), c);
		s = vec_fma_part(d, d, s, (int)(n - k));
	}
	return vec_sum(s);
}

/* y = ((x - mean) r) w + b, the last two as one fma; r = 1 / sqrt(var + eps) */
static void layer_norm(float *y, const float *x, const float *w, const float *b, int n_values, float eps)
{
	size_t n = (size_t)n_values, k = 0;
	float shift = -(sum(x, n) / (float)n_values);
	float scale = 1.0f / sqrtf(sum_squares(x, n, shift) / (float)n_values + eps);
	struct vec c = vec_set(shift), r = vec_set(scale);

	for (; k + LANES <= n; k += LANES)
		vec_store(y + k, vec_fma(vec_mul(vec_add(vec_load(x + k), c), r), vec_load(w + k), vec_load(b + k)));
	for (; k < n; k++)
		y[k] = MATHF_FMA((x[k] + shift) * scale, w[k], b[k]);
}

/* y = (x r) w; r = 1 / sqrt(mean(x^2) + eps) */
static void rms_norm(float *y, const float *x, const float *w, int n_values, float eps)
{
	size_t n = (size_t)n_values, k = 0;
	float scale = 1.0f / sqrtf(dot(x, x, n) / (float)n_values + eps);
	struct vec r = vec_set(scale);

	for (; k + LANES <= n; k += LANES)
		vec_store(y + k, vec_mul(vec_mul(vec_load(x + k), r), vec_load(w + k)));
	for (; k < n; k++)
		y[k] = x[k] * scale * w[k];
}

/* ---- attention ------------------------------------------------------------------------------------------------ */

/* out[i] = q . row i, for i in 0..n-1, n at most 4; rows that are not there are read as the last one. */
MATHF_INLINE void dots(float *out, const float *q, size_t width, const float *rows, size_t ld, int n)
{
	struct vec s[4] = { vec_zero(), vec_zero(), vec_zero(), vec_zero() };
	const float *row[4];
	float four[4];
	size_t k = 0;
	int rest = (int)(width % LANES);

	UNROLL for (int i = 0; i < 4; i++)
		row[i] = rows + (size_t)(i < n ? i : n - 1) * ld;
	for (; k + LANES <= width; k += LANES)
		UNROLL for (int i = 0; i < 4; i++)
			s[i] = vec_fma(vec_load(q + k), vec_load(row[i] + k), s[i]);
	if (rest)
		UNROLL for (int i = 0; i < 4; i++)
			s[i] = vec_fma_part(vec_load_part(q + k, rest), vec_load_part(row[i] + k, rest), s[i], rest);
	vec_sum4(four, s[0], s[1], s[2], s[3]);
	for (int i = 0; i < n; i++)
		out[i] = four[i];
}

/*
 * The keys and values of a long clip come from memory in pieces of 16 KiB, too short for the processor's own prefetching.
 * Asking for the position that is 32 ahead took one core from 12 to 20 GB/s at 1490 positions, from 10 to 18 at 250
 * (8 ahead: 16, 16: 18, 48: 19; into the first-level cache: 13), and on top of it pages of 2 MiB gained nothing.
 */
#define ATTEND_AHEAD 32

/* The first `width` floats of position t, if there is one. */
MATHF_INLINE void prefetch_position(const float *const *blocks, size_t ld, int t, int n_positions, size_t width)
{
	const float *row;

	if (t >= n_positions)
		return;
	row = blocks[t / KV_BLOCK_POSITIONS] + (size_t)(t % KV_BLOCK_POSITIONS) * ld;
	for (size_t k = 0; k < width; k += LANES) /* LANES floats are a line of the cache */
		prefetch(row + k);
}

static void score(float *scores, const float *q, size_t width, const float *const *keys, size_t ld, int n_positions)
{
	for (int t = 0; t < n_positions; t += 4) {
		int left = n_positions - t;

		for (int i = 0; i < 4; i++)
			prefetch_position(keys, ld, t + ATTEND_AHEAD + i, n_positions, width);
		dots(scores + t, q, width, keys[t / KV_BLOCK_POSITIONS] + (size_t)(t % KV_BLOCK_POSITIONS) * ld, ld, left < 4 ? left : 4);
	}
}

static float largest(const float *a, int n)
{
	struct vec best = vec_set(-INFINITY);
	float lane[LANES];
	int k = 0;

	for (; k + LANES <= n; k += LANES)
		best = vec_max(best, vec_load(a + k));
	vec_store(lane, best);
	for (int j = 1; j < LANES; j++)
		lane[0] = lane[j] > lane[0] ? lane[j] : lane[0];
	for (; k < n; k++)
		lane[0] = a[k] > lane[0] ? a[k] : lane[0];
	return lane[0];
}

/* a[i] = exp(a[i] - most); answers 1 / their sum. */
static float softmax_in_place(float *a, int n, float most)
{
	for (int i = 0; i < n; i++)
		a[i] = mathf_exp_body(a[i] - most);
	return 1.0f / sum(a, (size_t)n);
}

/* out[d] = scale * sum over t of p_t v_t[d], for 16 n_vecs values of d, or the first n_last lanes of one. */
MATHF_INLINE void mix(float *out, const float *p, const float *const *values, size_t d, size_t ld, int n_positions, float scale,
		      int n_vecs, int n_last)
{
	struct vec s[4] = { vec_zero(), vec_zero(), vec_zero(), vec_zero() };

	for (int t = 0; t < n_positions; t++) {
		const float *v = values[t / KV_BLOCK_POSITIONS] + (size_t)(t % KV_BLOCK_POSITIONS) * ld + d;
		struct vec weight = vec_set(p[t]);

		prefetch_position(values, ld, t + ATTEND_AHEAD, n_positions, (size_t)n_vecs * LANES);
		UNROLL for (int i = 0; i < n_vecs; i++)
			s[i] = vec_fma(weight, n_last == LANES ? vec_load(v + LANES * i) : vec_load_part(v, n_last), s[i]);
	}
	UNROLL for (int i = 0; i < n_vecs; i++)
		vec_store_part(out + d + (size_t)(LANES * i), vec_mul(s[i], vec_set(scale)), n_last);
}

static void attend(float *out, const float *q, int width, const float *const *keys, const float *const *values, size_t ld,
		   int n_positions, const float *bias, float *scores)
{
	float scale;
	int d = 0;

	score(scores, q, (size_t)width, keys, ld, n_positions);
	for (int t = 0; t < ATTEND_AHEAD; t++)
		prefetch_position(values, ld, t, n_positions, (size_t)width);
	for (int t = 0; bias && t < n_positions; t++)
		scores[t] += bias[t];
	scale = softmax_in_place(scores, n_positions, largest(scores, n_positions));
	for (; d + 4 * LANES <= width; d += 4 * LANES)
		mix(out, scores, values, (size_t)d, ld, n_positions, scale, 4, LANES);
	for (; d + LANES <= width; d += LANES)
		mix(out, scores, values, (size_t)d, ld, n_positions, scale, 1, LANES);
	if (d < width)
		mix(out, scores, values, (size_t)d, ld, n_positions, scale, 1, width - d);
}

/* ---- elementwise ------------------------------------------------------------------------------------------------ */

static void add(float *restrict y, const float *restrict x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] += x[i];
}

static void gelu(float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = mathf_gelu_body(x[i]);
}

static void relu(float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = x[i] < 0.0f ? 0.0f : x[i]; /* NaN stays */
}

static void elu(float *y, const float *x, size_t n)
{
	if (y != x)
		memcpy(y, x, n * sizeof *y);
	for (size_t i = 0; i < n; i++)
		y[i] = mathf_elu_body(y[i]);
}

static void lstm_cell(float *restrict h, float *restrict c, const float *restrict gates, int n)
{
	const float *i_gate = gates, *f_gate = gates + n, *g_gate = gates + 2 * n, *o_gate = gates + 3 * n;

	for (int j = 0; j < n; j++) {
		float kept = mathf_sigmoid_body(f_gate[j]) * c[j];

		c[j] = MATHF_FMA(mathf_sigmoid_body(i_gate[j]), mathf_tanh_body(g_gate[j]), kept);
		h[j] = mathf_sigmoid_body(o_gate[j]) * mathf_tanh_body(c[j]);
	}
}

const struct kernels KERNELS_TABLE = {
	.name = KERNELS_NAME,
	.matmul = matmul,
	.layer_norm = layer_norm,
	.rms_norm = rms_norm,
	.attend = attend,
	.add = add,
	.gelu = gelu,
	.relu = relu,
	.elu = elu,
	.lstm_cell = lstm_cell,
	.dot = dot,
	.sum = sum,
};

#endif
