/*
 * base/mathf: the functions on which a sample may depend, with the same bits everywhere.
 *
 * glibc's exp, log, sin, cos, tanh and erf give other bits on processors
 * without FMA, and other C libraries give others again. These are built only
 * from IEEE additions, multiplications, divisions, fma, sqrt, floor, rint and
 * bit operations, each exactly rounded, in a fixed order: same bits from every
 * compiler (-ffp-contract=off), every level of vector instructions, every libc.
 *
 * f32 functions are within 2 ulp of the true value (sigmoid 3, erf and tanh 4)
 * for every x; gelu within 2 ulp of x, as its form cancels. f64 functions are
 * within 2e-15 relative over the stated range. tests/unit/base/test_mathf.c
 * measures all of it. NaN in, NaN out. All are pure.
 */
#ifndef BASE_MATHF_H
#define BASE_MATHF_H

float mathf_exp(float x);     /* 0 below -103.98, inf above 88.73; subnormal results right */
float mathf_expm1(float x);   /* accurate near 0 */
float mathf_tanh(float x);
float mathf_sigmoid(float x); /* 1 / (1 + exp(-x)) */
float mathf_erf(float x);
float mathf_gelu(float x);    /* 0.5 x (1 + erf(x / sqrt 2)), the exact form (musicgen.md 1.2) */

double mathd_log(double x);   /* x > 0 */
double mathd_log10(double x);
double mathd_exp(double x);
double mathd_pow10(double x); /* 10^x */
double mathd_sin(double x);   /* |x| <= 1e6 */
double mathd_cos(double x);
double mathd_tanh(double x);

#endif
