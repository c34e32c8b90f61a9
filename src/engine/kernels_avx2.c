/* The 16 lanes of kernels_body.h as two registers of AVX2. See there for what each function means. */
#if defined(__x86_64__)

#include "base/mathf_body.h"
#include "engine/kernels.h"

#include <immintrin.h>
#include <string.h>

#define KERNELS_VEC
#define KERNELS_NAME "avx2"
#define KERNELS_TABLE kernels_avx2
/* 2 x 3 sums take 12 of the 16 registers, the rows of x two, a row of w one. */
#define TILE_X 2
#define TILE_W 3
#define TILE_SIZES(X, type) X(type, 1) X(type, 2)

struct vec {
	__m256 low, high;
};
#define PART __m256
#define PART_LANES 8

MATHF_INLINE struct vec vec_of_parts(const __m256 *part)
{
	return (struct vec){ part[0], part[1] };
}

MATHF_INLINE __m256 part_zero(void)
{
	return _mm256_setzero_ps();
}

MATHF_INLINE __m256 part_load(const float *p)
{
	return _mm256_loadu_ps(p);
}

MATHF_INLINE struct vec vec_zero(void)
{
	return (struct vec){ _mm256_setzero_ps(), _mm256_setzero_ps() };
}

MATHF_INLINE struct vec vec_set(float f)
{
	return (struct vec){ _mm256_set1_ps(f), _mm256_set1_ps(f) };
}

/* All bits of the lanes first.. below n. */
MATHF_INLINE __m256i lanes_below(int n, int first)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32(n - first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

MATHF_INLINE struct vec vec_load(const float *p)
{
	return (struct vec){ _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8) };
}

MATHF_INLINE struct vec vec_load_part(const float *p, int n)
{
	return (struct vec){ _mm256_maskload_ps(p, lanes_below(n, 0)), _mm256_maskload_ps(p + 8, lanes_below(n, 8)) };
}

MATHF_INLINE void vec_store(float *p, struct vec v)
{
	_mm256_storeu_ps(p, v.low);
	_mm256_storeu_ps(p + 8, v.high);
}

MATHF_INLINE void vec_store_part(float *p, struct vec v, int n)
{
	_mm256_maskstore_ps(p, lanes_below(n, 0), v.low);
	_mm256_maskstore_ps(p + 8, lanes_below(n, 8), v.high);
}

MATHF_INLINE __m128i load_8_halves(const void *p)
{
	__m128i v;

	memcpy(&v, p, sizeof v);
	return v;
}

MATHF_INLINE __m256 part_load_f16(const void *p)
{
	return _mm256_cvtph_ps(load_8_halves(p));
}

MATHF_INLINE __m256 part_load_bf16(const void *p)
{
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_8_halves(p)), 16));
}

MATHF_INLINE struct vec vec_load_f16_part(const void *p, int n)
{
	unsigned short padded[16] = { 0 };

	memcpy(padded, p, (size_t)n * sizeof *padded);
	return (struct vec){ part_load_f16(padded), part_load_f16(padded + 8) };
}

MATHF_INLINE struct vec vec_load_bf16_part(const void *p, int n)
{
	unsigned short padded[16] = { 0 };

	memcpy(padded, p, (size_t)n * sizeof *padded);
	return (struct vec){ part_load_bf16(padded), part_load_bf16(padded + 8) };
}

MATHF_INLINE __m256 part_fma(__m256 a, __m256 b, __m256 c)
{
	return _mm256_fmadd_ps(a, b, c);
}

MATHF_INLINE struct vec vec_fma(struct vec a, struct vec b, struct vec c)
{
	return (struct vec){ _mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high) };
}

/* new's lanes below n, old's above */
MATHF_INLINE struct vec blend(struct vec old, struct vec new, int n)
{
	return (struct vec){ _mm256_blendv_ps(old.low, new.low, _mm256_castsi256_ps(lanes_below(n, 0))),
			     _mm256_blendv_ps(old.high, new.high, _mm256_castsi256_ps(lanes_below(n, 8))) };
}

MATHF_INLINE struct vec vec_fma_part(struct vec a, struct vec b, struct vec c, int n)
{
	return blend(c, vec_fma(a, b, c), n);
}

MATHF_INLINE struct vec vec_add(struct vec a, struct vec b)
{
	return (struct vec){ _mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high) };
}

MATHF_INLINE struct vec vec_add_part(struct vec a, struct vec b, int n)
{
	return blend(a, vec_add(a, b), n);
}

MATHF_INLINE struct vec vec_mul(struct vec a, struct vec b)
{
	return (struct vec){ _mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high) };
}

MATHF_INLINE struct vec vec_max(struct vec best, struct vec v)
{
	return (struct vec){ _mm256_max_ps(v.low, best.low), _mm256_max_ps(v.high, best.high) };
}

/* a's lanes (j, j + 8), then (j, j + 4), in the low half, b's in the high one */
MATHF_INLINE __m256 sum_to_fours(struct vec a, struct vec b)
{
	__m256 x = _mm256_add_ps(a.low, a.high), y = _mm256_add_ps(b.low, b.high);

	return _mm256_add_ps(_mm256_permute2f128_ps(x, y, 0x20), _mm256_permute2f128_ps(x, y, 0x31));
}

MATHF_INLINE __m128 sum_four(struct vec a, struct vec b, struct vec c, struct vec d)
{
	__m256 ab = sum_to_fours(a, b), cd = sum_to_fours(c, d);
	__m256 twos = _mm256_add_ps(_mm256_unpacklo_ps(ab, cd), _mm256_unpackhi_ps(ab, cd)); /* (j, j + 2): a c a c, b d b d */
	__m256 ones = _mm256_add_ps(twos, _mm256_permute_ps(twos, 0x4e));                    /* (j, j + 1) */

	return _mm_unpacklo_ps(_mm256_castps256_ps128(ones), _mm256_extractf128_ps(ones, 1));
}

MATHF_INLINE void vec_sum4(float out[4], struct vec a, struct vec b, struct vec c, struct vec d)
{
	_mm_storeu_ps(out, sum_four(a, b, c, d));
}

MATHF_INLINE float vec_sum(struct vec v)
{
	return _mm_cvtss_f32(sum_four(v, v, v, v));
}

#include "engine/kernels_body.h"

#else
typedef int kernels_avx2_is_for_x86_64; /* a translation unit may not be empty */
#endif
