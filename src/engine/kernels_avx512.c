/* The 16 lanes of kernels_body.h as one register of AVX-512. See there for what each function means. */
#if defined(__x86_64__)

#include "base/mathf_body.h"
#include "engine/kernels.h"

#include <immintrin.h>

#define KERNELS_VEC
#define KERNELS_NAME "avx512"
#define KERNELS_TABLE kernels_avx512
/* 6 x 4 sums take 24 of the 32 registers, the rows of w four, a row of x one. */
#define TILE_X 6
#define TILE_W 4
#define TILE_SIZES(X, type) X(type, 1) X(type, 2) X(type, 3) X(type, 4) X(type, 5) X(type, 6)

struct vec {
	__m512 v;
};
#define PART __m512
#define PART_LANES 16

MATHF_INLINE struct vec vec_of_parts(const __m512 *part)
{
	return (struct vec){ part[0] };
}

MATHF_INLINE __m512 part_zero(void)
{
	return _mm512_setzero_ps();
}

MATHF_INLINE __m512 part_load(const float *p)
{
	return _mm512_loadu_ps(p);
}

MATHF_INLINE struct vec vec_zero(void)
{
	return (struct vec){ _mm512_setzero_ps() };
}

MATHF_INLINE struct vec vec_set(float f)
{
	return (struct vec){ _mm512_set1_ps(f) };
}

MATHF_INLINE __mmask16 lanes_below(int n)
{
	return (__mmask16)((1u << n) - 1u);
}

MATHF_INLINE struct vec vec_load(const float *p)
{
	return (struct vec){ _mm512_loadu_ps(p) };
}

MATHF_INLINE struct vec vec_load_part(const float *p, int n)
{
	return (struct vec){ _mm512_maskz_loadu_ps(lanes_below(n), p) };
}

MATHF_INLINE void vec_store(float *p, struct vec v)
{
	_mm512_storeu_ps(p, v.v);
}

MATHF_INLINE void vec_store_part(float *p, struct vec v, int n)
{
	_mm512_mask_storeu_ps(p, lanes_below(n), v.v);
}

MATHF_INLINE __m512 part_load_f16(const void *p)
{
	return _mm512_cvtph_ps(_mm256_loadu_si256(p));
}

MATHF_INLINE struct vec vec_load_f16_part(const void *p, int n)
{
	return (struct vec){ _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes_below(n), p)) };
}

MATHF_INLINE __m512 widen_bf16(__m256i halves)
{
	return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

MATHF_INLINE __m512 part_load_bf16(const void *p)
{
	return widen_bf16(_mm256_loadu_si256(p));
}

MATHF_INLINE struct vec vec_load_bf16_part(const void *p, int n)
{
	return (struct vec){ widen_bf16(_mm256_maskz_loadu_epi16(lanes_below(n), p)) };
}

MATHF_INLINE __m512 part_fma(__m512 a, __m512 b, __m512 c)
{
	return _mm512_fmadd_ps(a, b, c);
}

MATHF_INLINE struct vec vec_fma(struct vec a, struct vec b, struct vec c)
{
	return (struct vec){ _mm512_fmadd_ps(a.v, b.v, c.v) };
}

MATHF_INLINE struct vec vec_fma_part(struct vec a, struct vec b, struct vec c, int n)
{
	return (struct vec){ _mm512_mask3_fmadd_ps(a.v, b.v, c.v, lanes_below(n)) };
}

MATHF_INLINE struct vec vec_add(struct vec a, struct vec b)
{
	return (struct vec){ _mm512_add_ps(a.v, b.v) };
}

MATHF_INLINE struct vec vec_add_part(struct vec a, struct vec b, int n)
{
	return (struct vec){ _mm512_mask_add_ps(a.v, lanes_below(n), a.v, b.v) };
}

MATHF_INLINE struct vec vec_mul(struct vec a, struct vec b)
{
	return (struct vec){ _mm512_mul_ps(a.v, b.v) };
}

MATHF_INLINE struct vec vec_max(struct vec best, struct vec v)
{
	return (struct vec){ _mm512_max_ps(v.v, best.v) };
}

/* a's lanes (j, j + 8) in the low half, b's in the high one */
MATHF_INLINE __m512 sum_to_eights(struct vec a, struct vec b)
{
	return _mm512_add_ps(_mm512_shuffle_f32x4(a.v, b.v, 0x44), _mm512_shuffle_f32x4(a.v, b.v, 0xee));
}

MATHF_INLINE __m128 sum_four(struct vec a, struct vec b, struct vec c, struct vec d)
{
	__m512 ab = sum_to_eights(a, b), cd = sum_to_eights(c, d);
	/* (j, j + 4): a, b, c, d in the four quarters */
	__m512 v = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));

	v = _mm512_add_ps(v, _mm512_permute_ps(v, 0x4e)); /* (j, j + 2) */
	v = _mm512_add_ps(v, _mm512_permute_ps(v, 0xb1)); /* (j, j + 1) */
	return _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, v));
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
typedef int kernels_avx512_is_for_x86_64; /* a translation unit may not be empty */
#endif
