#include "base/mathf.h"
#include "base/mathf_body.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

float mathf_exp(float x) { return mathf_exp_body(x); }
float mathf_expm1(float x) { return mathf_expm1_body(x); }
float mathf_tanh(float x) { return mathf_tanh_body(x); }
float mathf_sigmoid(float x) { return mathf_sigmoid_body(x); }
float mathf_erf(float x) { return mathf_erf_body(x); }
float mathf_gelu(float x) { return mathf_gelu_body(x); }

/*
 * Doubles: Taylor series after argument reduction, Horner's rule with fma. Splits in two or three are the constant
 * rounded to double, then what that left out rounded to double, and so on.
 */
#define LN2_HI 0x1.62e42fefa39efp-1
#define LN2_LO 0x1.abc9e3b39803fp-56
#define LOG2E 0x1.71547652b82fep+0
#define LN10 0x1.26bb1bbb55516p+1
#define LOG10E 0x1.bcb7b1526e50ep-2
#define LOG10_2_HI 0x1.34413509f79ffp-2
#define LOG10_2_LO -0x1.9dc1da994fd21p-59
#define LOG2_10 0x1.a934f0979a371p+1
#define PIO2_1 0x1.921fb54442d18p+0
#define PIO2_2 0x1.1a62633145c07p-54
#define PIO2_3 -0x1.f1976b7ed8fbcp-110
#define TWO_OVER_PI 0x1.45f306dc9c883p-1
#define SQRT_HALF 0x1.6a09e667f3bcdp-1

#define N_OF(a) ((int)(sizeof(a) / sizeof(a)[0]))

/* c[0] + c[1] x + ... */
static double horner(const double *c, int n, double x)
{
	double p = c[n - 1];

	for (int i = n - 2; i >= 0; i--)
		p = fma(p, x, c[i]);
	return p;
}

static double from_bits(uint64_t u)
{
	double d;

	memcpy(&d, &u, sizeof d);
	return d;
}

static uint64_t to_bits(double d)
{
	uint64_t u;

	memcpy(&u, &d, sizeof u);
	return u;
}

/* m 2^n; only the last of the two steps can round. |n| <= 2000. */
static double scale(double m, int n)
{
	int half = n / 2;

	return m * from_bits((uint64_t)(half + 1023) << 52) * from_bits((uint64_t)(n - half + 1023) << 52);
}

/* (e^r - 1) / r for |r| <= ln 2 / 2; the first term left out, r^14 / 15!, is below 2^-61. */
static double expm1_over_r(double r)
{
	static const double c[] = { 1.0,	    1.0 / 2,	     1.0 / 6,	       1.0 / 24,	1.0 / 120,
				    1.0 / 720,	    1.0 / 5040,	     1.0 / 40320,      1.0 / 362880,	1.0 / 3628800,
				    1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800, 1.0 / 87178291200 };

	return horner(c, N_OF(c), r);
}

double mathd_exp(double x)
{
	double n, r;

	if (!(x > -746.0))
		return x < 0 ? 0.0 : x; /* x may be NaN */
	if (x > 710.0)
		return HUGE_VAL;
	n = rint(x * LOG2E);
	r = fma(n, -LN2_LO, fma(n, -LN2_HI, x));
	return scale(1.0 + r * expm1_over_r(r), (int)n);
}

double mathd_pow10(double x)
{
	double n, r;

	if (!(x > -324.0))
		return x < 0 ? 0.0 : x;
	if (x > 309.0)
		return HUGE_VAL;
	n = rint(x * LOG2_10);
	r = fma(n, -LOG10_2_LO, fma(n, -LOG10_2_HI, x)) * LN10;
	return scale(1.0 + r * expm1_over_r(r), (int)n);
}

/* x = m 2^*e with m in sqrt(1/2)..sqrt(2), for normal and subnormal x > 0 */
static double split(double x, int *e)
{
	uint64_t u;
	double m;

	*e = 0;
	if (x < 0x1p-1022) {
		x *= 0x1p54;
		*e = -54;
	}
	u = to_bits(x);
	m = from_bits((u & 0x000fffffffffffff) | 0x3fe0000000000000); /* 0.5..1 */
	*e += (int)(u >> 52) - 1022;
	if (m < SQRT_HALF) {
		m *= 2.0;
		*e -= 1;
	}
	return m;
}

/* ln m = 2 atanh(s), s = (m - 1) / (m + 1); |s| <= 0.1716, the first term left out, s^22 / 23, is below 2^-60. */
double mathd_log(double x)
{
	static const double c[] = { 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21 };
	double m, s, z, tail;
	int e;

	if (!(x > 0))
		return x == 0 ? -HUGE_VAL : from_bits(0x7ff8000000000000);
	if (x > 0x1.fffffffffffffp+1023)
		return x;
	m = split(x, &e);
	s = (m - 1.0) / (m + 1.0);
	z = s * s;
	tail = 2.0 * s * z * horner(c, N_OF(c), z);
	return fma(e, LN2_HI, 2.0 * s + fma(e, LN2_LO, tail));
}

double mathd_log10(double x)
{
	return mathd_log(x) * LOG10E;
}

/* |r| <= pi / 4; the first term left out, r^18 / 19!, is below 2^-62. */
static double sin_near(double r)
{
	static const double c[] = { -1.0 / 6,	     1.0 / 120,		 -1.0 / 5040,	       1.0 / 362880,
				    -1.0 / 39916800, 1.0 / 6227020800.0, -1.0 / 1307674368000, 1.0 / 355687428096000 };
	double z = r * r;

	return fma(r * z, horner(c, N_OF(c), z), r);
}

/* The first term left out, r^18 / 18!, is below 2^-58. */
static double cos_near(double r)
{
	static const double c[] = { 1.0,	   -1.0 / 2,	    1.0 / 24,		-1.0 / 720,	      1.0 / 40320,
				    -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000 };

	return horner(c, N_OF(c), r * r);
}

/* sin(x + quarters pi / 2). n PIO2_1 is taken off exactly for |x| <= 1e6: both are multiples of 2^-52 and cancel. */
static double sin_shifted(double x, int quarters)
{
	double n = rint(x * TWO_OVER_PI), r;
	unsigned q;

	if (!(n > -1e9 && n < 1e9))
		return from_bits(0x7ff8000000000000); /* outside of the stated range, inf or NaN */
	r = fma(n, -PIO2_3, fma(n, -PIO2_2, fma(n, -PIO2_1, x)));
	q = (unsigned)((int)n + quarters) & 3u;
	x = q & 1u ? cos_near(r) : sin_near(r);
	return q & 2u ? -x : x;
}

double mathd_sin(double x)
{
	return sin_shifted(x, 0);
}

double mathd_cos(double x)
{
	return sin_shifted(x, 1);
}

double mathd_tanh(double x)
{
	double a = fabs(x), n, r, p, s, e;

	if (!(a < 20.0)) /* 1 from 19.1 on */
		a = a > 0 ? 20.0 : a;
	n = rint(2.0 * a * LOG2E);
	if (!(n < 64.0))
		return x; /* NaN */
	r = fma(n, -LN2_LO, fma(n, -LN2_HI, 2.0 * a));
	p = r * expm1_over_r(r);
	s = scale(1.0, (int)n);
	e = fma(p, s, s - 1.0); /* e^(2 a) - 1 */
	e = e / (e + 2.0);
	return x < 0 ? -e : (x == 0 ? x : e);
}
