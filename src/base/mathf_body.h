/*
 * base/mathf_body: the formulas of mathf.h's f32 functions, to be inlined into loops.
 *
 * mathf.c makes ordinary functions of them; engine/kernels_body.h puts them into loops that the compiler turns into
 * vector code at each level. So there is one formula for all, and the bits are equal. For that every function here is a
 * straight line: no branch, no call but fma, no table. Comparisons select between values that are computed either way.
 *
 * Polynomials for exp are Taylor's, whose coefficients need no source; where the first term left out lies below is said
 * beside each. Those for erf are fitted, see tools/fit-erf.py.
 */
#ifndef BASE_MATHF_BODY_H
#define BASE_MATHF_BODY_H

#include <stdint.h>

#if defined(__GNUC__)
#define MATHF_INLINE static inline __attribute__((always_inline))
#define MATHF_FMA(a, b, c) __builtin_fmaf((a), (b), (c))
#else
#include <math.h>
#define MATHF_INLINE static inline
#define MATHF_FMA(a, b, c) fmaf((a), (b), (c))
#endif

#define MATHF_LOG2E 0x1.715476p+0f   /* 1 / ln 2 */
#define MATHF_LN2_HI 0x1.62e4p-1f    /* ln 2, the first 15 bits: times |n| <= 256 exact */
#define MATHF_LN2_LO 0x1.7f7d1cp-20f /* the rest */
#define MATHF_ROUND 0x1.8p+23f       /* added to |x| < 2^22: the sum's last bits are rint(x) */
#define MATHF_SQRT_HALF 0x1.6a09e6p-1f /* 1 / sqrt 2 */
#define MATHF_ERF_JOIN 0.921875f     /* both polynomials hold on 0.9..0.95 */

union mathf_bits {
	float f;
	uint32_t u;
};

MATHF_INLINE uint32_t mathf_to_bits(float f)
{
	union mathf_bits b = { .f = f };

	return b.u;
}

MATHF_INLINE float mathf_from_bits(uint32_t u)
{
	union mathf_bits b = { .u = u };

	return b.f;
}

/* 2^n for n in -126..127, n as two's complement. */
MATHF_INLINE float mathf_two_to(uint32_t n)
{
	return mathf_from_bits((n + 127u) << 23);
}

/* n / 2 rounded down. */
MATHF_INLINE uint32_t mathf_half(uint32_t n)
{
	return (n >> 1) | (n & 0x80000000u);
}

/* n = rint(x / ln 2), as two's complement, and the rest *hi + *lo = x - n ln 2, *hi exact. |x| <= 110; NaN: *hi is NaN. */
MATHF_INLINE uint32_t mathf_reduce(float x, float *hi, float *lo)
{
	float shifted = MATHF_FMA(x, MATHF_LOG2E, MATHF_ROUND);
	float n = shifted - MATHF_ROUND;

	*hi = MATHF_FMA(n, -MATHF_LN2_HI, x);
	*lo = n * -MATHF_LN2_LO;
	return mathf_to_bits(shifted) - mathf_to_bits(MATHF_ROUND);
}

/* (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2; the first term left out, r^8 / 8!, is below 2^-25 of e^r - 1. */
MATHF_INLINE float mathf_exp_tail(float r)
{
	float p = MATHF_FMA(r, 1.0f / 5040.0f, 1.0f / 720.0f);

	p = MATHF_FMA(p, r, 1.0f / 120.0f);
	p = MATHF_FMA(p, r, 1.0f / 24.0f);
	p = MATHF_FMA(p, r, 1.0f / 6.0f);
	return MATHF_FMA(p, r, 0.5f);
}

MATHF_INLINE float mathf_clamp(float x, float low, float high)
{
	x = x < low ? low : x; /* NaN stays */
	return x > high ? high : x;
}

MATHF_INLINE float mathf_exp_body(float x)
{
	float hi, lo, r, p;
	uint32_t n, half;

	x = mathf_clamp(x, -104.0f, 89.0f); /* beyond: 0 and inf */
	n = mathf_reduce(x, &hi, &lo);
	r = hi + lo;
	p = MATHF_FMA(r * r, mathf_exp_tail(r), lo);
	p = 1.0f + (hi + p);
	half = mathf_half(n); /* in two steps: 2^n itself may lie outside of f32, and only the last step may round */
	return p * mathf_two_to(half) * mathf_two_to(n - half);
}

MATHF_INLINE float mathf_expm1_body(float x)
{
	float hi, lo, r, p, a, b;
	uint32_t n, half;

	a = mathf_clamp(x, -20.0f, 89.0f); /* beyond: -1 and inf */
	n = mathf_reduce(a, &hi, &lo);
	r = hi + lo;
	p = hi + MATHF_FMA(r * r, mathf_exp_tail(r), lo);
	half = mathf_half(n); /* 2^n p + 2^n - 1, all over 2^half */
	a = mathf_two_to(n - half);
	b = mathf_two_to(0u - half);
	p = MATHF_FMA(p, a, a - b) * mathf_two_to(half);
	return x == 0.0f ? x : p; /* keeps -0 */
}

MATHF_INLINE float mathf_copysign_body(float magnitude, float sign)
{
	return mathf_from_bits((mathf_to_bits(magnitude) & 0x7fffffffu) | (mathf_to_bits(sign) & 0x80000000u));
}

MATHF_INLINE float mathf_abs_body(float x)
{
	return mathf_from_bits(mathf_to_bits(x) & 0x7fffffffu);
}

MATHF_INLINE float mathf_tanh_body(float x)
{
	float a = mathf_abs_body(x);
	float e = mathf_expm1_body(2.0f * (a > 10.0f ? 10.0f : a)); /* 1 from 9.02 on */

	return mathf_copysign_body(e / (e + 2.0f), x);
}

MATHF_INLINE float mathf_sigmoid_body(float x)
{
	float e = mathf_exp_body(-mathf_abs_body(x)); /* never overflows: right down to the subnormals */

	return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

MATHF_INLINE float mathf_erf_body(float x)
{
	float t = mathf_abs_body(x), z, p, q;

	t = t > 4.0f ? 4.0f : t; /* 1 from 3.92 on */
	z = x * x;
	p = MATHF_FMA(z, 8.1850818010e-05f, -8.0977002766e-04f);
	p = MATHF_FMA(p, z, 5.1969517697e-03f);
	p = MATHF_FMA(p, z, -2.6857704951e-02f);
	p = MATHF_FMA(p, z, 1.1283663995e-01f);
	p = MATHF_FMA(p, z, -3.7612631613e-01f);
	p = MATHF_FMA(p, z, 1.2837916641e-01f);
	q = MATHF_FMA(t, -5.1494250217e-06f, 4.8184250891e-05f);
	q = MATHF_FMA(q, t, 3.6157289315e-05f);
	q = MATHF_FMA(q, t, -2.8925579166e-03f);
	q = MATHF_FMA(q, t, 2.2612426330e-02f);
	q = MATHF_FMA(q, t, -1.0520330561e-01f);
	q = MATHF_FMA(q, t, -6.3565632244e-01f);
	q = MATHF_FMA(q, t, -1.1285449426e+00f);
	return t < MATHF_ERF_JOIN ? MATHF_FMA(x, p, x) : mathf_copysign_body(1.0f - mathf_exp_body(t * q), x);
}

MATHF_INLINE float mathf_gelu_body(float x)
{
	return 0.5f * x * (1.0f + mathf_erf_body(x * MATHF_SQRT_HALF));
}

/* alpha 1 */
MATHF_INLINE float mathf_elu_body(float x)
{
	return x > 0.0f ? x : mathf_expm1_body(x);
}

#endif
