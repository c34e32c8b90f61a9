/*
 * engine/kernels_vec_scalar: the 16 lanes of kernels_body.h in plain C. See there for what each function means.
 */
#ifndef ENGINE_KERNELS_VEC_SCALAR_H
#define ENGINE_KERNELS_VEC_SCALAR_H

#include "base/mathf_body.h"
#include "engine/kernels.h"

#include <string.h>

#define KERNELS_VEC
#define KERNELS_NAME "scalar"
#define KERNELS_TABLE kernels_scalar
#define TILE_X 1
#define TILE_W 4
#define TILE_SIZES(X, type) X(type, 1)

struct vec {
	float lane[16];
};
#define PART struct vec
#define PART_LANES 16

MATHF_INLINE struct vec vec_of_parts(const struct vec *part)
{
	return part[0];
}

MATHF_INLINE struct vec part_zero(void)
{
	return (struct vec){ { 0 } };
}

MATHF_INLINE struct vec vec_zero(void)
{
	return (struct vec){ { 0 } };
}

MATHF_INLINE struct vec vec_set(float f)
{
	struct vec v;

	for (int j = 0; j < 16; j++)
		v.lane[j] = f;
	return v;
}

MATHF_INLINE struct vec vec_load_part(const float *p, int n)
{
	struct vec v = vec_zero();

	memcpy(v.lane, p, (size_t)n * sizeof *p);
	return v;
}

MATHF_INLINE struct vec vec_load(const float *p)
{
	return vec_load_part(p, 16);
}

MATHF_INLINE void vec_store_part(float *p, struct vec v, int n)
{
	memcpy(p, v.lane, (size_t)n * sizeof *p);
}

MATHF_INLINE void vec_store(float *p, struct vec v)
{
	vec_store_part(p, v, 16);
}

MATHF_INLINE struct vec vec_load_f16_part(const void *p, int n)
{
	struct vec v = vec_zero();
	unsigned short bits[16];

	memcpy(bits, p, (size_t)n * sizeof *bits);
	for (int j = 0; j < n; j++)
		v.lane[j] = kernels_f16_to_f32(bits[j]);
	return v;
}

MATHF_INLINE struct vec vec_load_bf16_part(const void *p, int n)
{
	struct vec v = vec_zero();
	unsigned short bits[16];

	memcpy(bits, p, (size_t)n * sizeof *bits);
	for (int j = 0; j < n; j++)
		v.lane[j] = kernels_bf16_to_f32(bits[j]);
	return v;
}

MATHF_INLINE struct vec part_load(const float *p)
{
	return vec_load(p);
}

MATHF_INLINE struct vec part_load_f16(const void *p)
{
	return vec_load_f16_part(p, 16);
}

MATHF_INLINE struct vec part_load_bf16(const void *p)
{
	return vec_load_bf16_part(p, 16);
}

MATHF_INLINE struct vec vec_fma_part(struct vec a, struct vec b, struct vec c, int n)
{
	for (int j = 0; j < n; j++)
		c.lane[j] = MATHF_FMA(a.lane[j], b.lane[j], c.lane[j]);
	return c;
}

MATHF_INLINE struct vec vec_fma(struct vec a, struct vec b, struct vec c)
{
	return vec_fma_part(a, b, c, 16);
}

MATHF_INLINE struct vec part_fma(struct vec a, struct vec b, struct vec c)
{
	return vec_fma(a, b, c);
}

MATHF_INLINE struct vec vec_max(struct vec best, struct vec v)
{
	for (int j = 0; j < 16; j++)
		best.lane[j] = v.lane[j] > best.lane[j] ? v.lane[j] : best.lane[j];
	return best;
}

MATHF_INLINE struct vec vec_add_part(struct vec a, struct vec b, int n)
{
	for (int j = 0; j < n; j++)
		a.lane[j] += b.lane[j];
	return a;
}

MATHF_INLINE struct vec vec_add(struct vec a, struct vec b)
{
	return vec_add_part(a, b, 16);
}

MATHF_INLINE struct vec vec_mul(struct vec a, struct vec b)
{
	for (int j = 0; j < 16; j++)
		a.lane[j] *= b.lane[j];
	return a;
}

MATHF_INLINE float vec_sum(struct vec v)
{
	for (int half = 8; half; half /= 2)
		for (int j = 0; j < half; j++)
			v.lane[j] += v.lane[j + half];
	return v.lane[0];
}

MATHF_INLINE void vec_sum4(float out[4], struct vec a, struct vec b, struct vec c, struct vec d)
{
	out[0] = vec_sum(a);
	out[1] = vec_sum(b);
	out[2] = vec_sum(c);
	out[3] = vec_sum(d);
}

#endif
