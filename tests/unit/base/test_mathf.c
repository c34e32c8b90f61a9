/* mathf against libm's doubles over dense sweeps; prints the largest error found in ulps of f32, or relative for f64. */
#include "tap.h"

#include "base/mathf.h"

#include <float.h>
#include <stdint.h>

#define N_OF(a) (sizeof(a) / sizeof(a)[0])

static float float_of(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof f);
	return f;
}

static double sigmoid_ref(double x) { return 1.0 / (1.0 + exp(-x)); }

static double ulp_of(double value) /* of f32 at this value */
{
	int e;

	frexp(fabs(value), &e);
	return ldexp(1.0, (e < -125 ? -125 : e) - 24);
}

struct f32_case {
	const char *name;
	float (*fn)(float);
	double (*ref)(double);
	double max_ulp;
};

static const struct f32_case f32_cases[] = {
	{ "exp", mathf_exp, exp, 2 },		{ "expm1", mathf_expm1, expm1, 2 }, { "tanh", mathf_tanh, tanh, 4 },
	{ "sigmoid", mathf_sigmoid, sigmoid_ref, 3 }, { "erf", mathf_erf, erf, 4 },
};

/* Every 3001st float of both signs, and every 7th of 0.2..16, where the work is. */
static void sweep_f32(const struct f32_case *c)
{
	double worst = 0, at = 0;
	int wrong = 0;

	for (uint64_t i = 0; i < 0x100000000; i += (i & 0x7fffffff) > 0x3e4ccccd && (i & 0x7fffffff) < 0x41800000 ? 307 : 7001) {
		float x = float_of((uint32_t)i), got = c->fn(x);
		double want = c->ref((double)x), error;

		if (isnan(x) || isnan(want)) {
			wrong += !isnan(got);
			continue;
		}
		if (isinf(got) || isinf(want) || fabs(want) > (double)FLT_MAX) {
			wrong += !(isinf(got) && want >= (double)FLT_MAX);
			continue;
		}
		error = fabs((double)got - want) / ulp_of(want);
		if (error > worst) {
			worst = error;
			at = (double)x;
		}
	}
	OK(!wrong, "%s: NaN and infinity where they belong", c->name);
	OK(worst <= c->max_ulp, "%s: within %g ulp: %.3f at %.9g", c->name, c->max_ulp, worst, at);
}

static void test_gelu(void)
{
	double worst = 0, at = 0;

	for (uint64_t i = 0; i < 0x100000000; i += 3001) {
		float x = float_of((uint32_t)i);
		double d = (double)x, want = d / 2 * (1 + erf(d * sqrt(0.5))), error;

		if (!(fabsf(x) < 1e30f))
			continue;
		error = fabs((double)mathf_gelu(x) - want) / ulp_of(d);
		if (error > worst) {
			worst = error;
			at = d;
		}
	}
	OK(worst <= 2, "gelu: within 2 ulp of x: %.3f at %.9g", worst, at);
}

static void test_f32_points(void)
{
	static const struct {
		float (*fn)(float);
		float x, want;
		const char *name;
	} c[] = {
		{ mathf_exp, 0, 1, "exp 0" },
		{ mathf_exp, -104, 0, "exp -104" },
		{ mathf_exp, -103.9f, 0x1p-149f, "exp -103.9 is the smallest subnormal" },
		{ mathf_exp, -INFINITY, 0, "exp -inf" },
		{ mathf_exp, 88.73f, INFINITY, "exp 88.73" },
		{ mathf_expm1, -0.0f, -0.0f, "expm1 -0" },
		{ mathf_expm1, 1e-30f, 1e-30f, "expm1 1e-30" },
		{ mathf_expm1, -200, -1, "expm1 -200" },
		{ mathf_tanh, -0.0f, -0.0f, "tanh -0" },
		{ mathf_tanh, 20, 1, "tanh 20" },
		{ mathf_tanh, -INFINITY, -1, "tanh -inf" },
		{ mathf_sigmoid, 0, 0.5f, "sigmoid 0" },
		{ mathf_sigmoid, -INFINITY, 0, "sigmoid -inf" },
		{ mathf_sigmoid, INFINITY, 1, "sigmoid inf" },
		{ mathf_erf, -0.0f, -0.0f, "erf -0" },
		{ mathf_erf, INFINITY, 1, "erf inf" },
		{ mathf_erf, -5, -1, "erf -5" },
		{ mathf_gelu, 0, 0, "gelu 0" },
		{ mathf_gelu, 10, 10, "gelu 10" },
		{ mathf_gelu, -30, -0.0f, "gelu -30" },
	};

	for (size_t i = 0; i < N_OF(c); i++) {
		float got = c[i].fn(c[i].x);

		OK(!memcmp(&got, &c[i].want, sizeof got), "%s = %.9g", c[i].name, (double)got);
	}
}

struct f64_case {
	const char *name;
	double (*fn)(double);
	double (*ref)(double);
	double low, high;
	int is_log; /* points spread by their logarithm */
};

static double pow10_ref(double x) { return pow(10, x); }

static const struct f64_case f64_cases[] = {
	{ "log", mathd_log, log, 1e-320, 1e308, 1 },	   { "log near 1", mathd_log, log, 0.5, 2, 0 },
	{ "log10", mathd_log10, log10, 1e-320, 1e308, 1 }, { "exp", mathd_exp, exp, -708, 709, 0 },
	{ "exp near 0", mathd_exp, exp, -1, 1, 0 },	   { "pow10", mathd_pow10, pow10_ref, -307, 308, 0 },
	{ "sin", mathd_sin, sin, -1e6, 1e6, 0 },	   { "sin near", mathd_sin, sin, -10, 10, 0 },
	{ "sin small", mathd_sin, sin, 1e-300, 1, 1 },	   { "cos", mathd_cos, cos, -1e6, 1e6, 0 },
	{ "cos near", mathd_cos, cos, -10, 10, 0 },	   { "tanh", mathd_tanh, tanh, -25, 25, 0 },
	{ "tanh small", mathd_tanh, tanh, 1e-300, 1, 1 },
};

static void sweep_f64(const struct f64_case *c)
{
	enum { N = 200003 };
	double worst = 0, at = 0;

	for (int i = 0; i <= N; i++) {
		double t = (double)i / N;
		double x = c->is_log ? exp(log(c->low) + t * (log(c->high) - log(c->low))) : c->low + t * (c->high - c->low);
		double want, error;

		if (!(x >= c->low && x <= c->high))
			continue;
		want = c->ref(x);
		error = want == 0 ? fabs(c->fn(x)) : fabs(c->fn(x) - want) / fabs(want);
		if (!(error <= worst)) { /* NaN counts */
			worst = error;
			at = x;
		}
	}
	OK(worst <= 2e-15, "%s: within 2e-15: %.3g at %.17g", c->name, worst, at);
}

/* Multiples of pi / 2 as doubles: the sine is what the rounding left. */
static void test_sin_near_its_zeros(void)
{
	double worst = 0, at = 0;

	for (int n = 1; n < 600000; n += 7) {
		double x = n * 1.5707963267948966, want = n & 1 ? cos(x) : sin(x), got = n & 1 ? mathd_cos(x) : mathd_sin(x);
		double error = fabs(got - want) / fabs(want);

		if (!(error <= worst)) {
			worst = error;
			at = x;
		}
	}
	OK(worst <= 2e-15, "sin and cos near their zeros: %.3g at %.17g", worst, at);
}

static void test_f64_points(void)
{
	const double inf = HUGE_VAL, nan = (double)NAN;

	OK(mathd_exp(0) == 1 && mathd_exp(-800) == 0 && isinf(mathd_exp(800)) && isnan(mathd_exp(nan)), "exp at its ends");
	OK(mathd_exp(-745) == 4.9406564584124654e-324, "exp gives subnormals");
	OK(mathd_log(1) == 0 && isnan(mathd_log(-1)) && isnan(mathd_log(nan)) && isinf(mathd_log(0)), "log at its ends");
	OK(isinf(mathd_log(inf)), "log of infinity");
	OK(mathd_pow10(0) == 1 && mathd_pow10(-400) == 0 && isinf(mathd_pow10(400)) && isnan(mathd_pow10(nan)), "pow10 at its ends");
	OK(mathd_sin(0) == 0 && mathd_cos(0) == 1 && isnan(mathd_sin(inf)) && isnan(mathd_cos(nan)), "sin and cos at theirs");
	OK(mathd_tanh(0) == 0 && mathd_tanh(-inf) == -1 && mathd_tanh(30) == 1 && isnan(mathd_tanh(nan)), "tanh at its ends");
}

int main(void)
{
	for (size_t i = 0; i < N_OF(f32_cases); i++)
		sweep_f32(&f32_cases[i]);
	test_gelu();
	test_f32_points();
	for (size_t i = 0; i < N_OF(f64_cases); i++)
		sweep_f64(&f64_cases[i]);
	test_sin_near_its_zeros();
	test_f64_points();
	return tap_done();
}
