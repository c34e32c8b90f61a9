/*
 * Every kernel of every level that this processor has, bit for bit against the definitions of kernels.h written out
 * plainly here, over random shapes: tails, fewer than 16 terms, overlapping rows, odd addresses, every weight type,
 * subnormals. What lies beside the results must stay as it was.
 */
#include "tap.h"

#include "base/mathf.h"
#include "base/random.h"
#include "engine/kernels.h"

#include <stdint.h>

#define N_OF(a) (sizeof(a) / sizeof(a)[0])

static const char *const level_names[] = { "scalar", "avx2", "avx512" };
static const struct kernels *levels[3];
static size_t n_levels;

/* ---- random numbers ------------------------------------------------------------------------- */

static uint64_t seed = 1;

static uint32_t any_bits(void)
{
	return (uint32_t)(random_bits(&seed) >> 32);
}

static int any_int(int low, int high)
{
	return low + (int)(any_bits() % (uint32_t)(high - low + 1));
}

static float of_bits(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof f);
	return f;
}

/* Mostly in -2..2, sometimes tiny, subnormal or a zero of either sign. */
static float any_float(void)
{
	switch (any_bits() % 32) {
	case 0: return of_bits(any_bits() & 0x807fffff);
	case 1: return of_bits(any_bits() & 0x80000000);
	case 2: return of_bits((any_bits() & 0x807fffff) | 0x1e000000); /* about 1e-20: products are subnormal */
	default: return ((float)(int32_t)any_bits()) * 0x1p-30f;
	}
}

static void fill(float *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] = any_float();
}

static int same_bits(const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(&a[i], &b[i], sizeof *a) && !(isnan(a[i]) && isnan(b[i])))
			return 0;
	return 1;
}

/* ---- the definitions ---------------------------------------------------------------------------------------- */

static float ref_lanes(float lane[16])
{
	for (int half = 8; half; half /= 2)
		for (int j = 0; j < half; j++)
			lane[j] += lane[j + half];
	return lane[0];
}

static float ref_dot(const float *a, const float *b, size_t n)
{
	float lane[16] = { 0 };

	for (size_t k = 0; k < n; k++)
		lane[k % 16] = fmaf(a[k], b[k], lane[k % 16]);
	return ref_lanes(lane);
}

static float ref_sum(const float *a, size_t n)
{
	float lane[16] = { 0 };

	for (size_t k = 0; k < n; k++)
		lane[k % 16] += a[k];
	return ref_lanes(lane);
}

/* ---- matmul --------------------------------------------------------------------------------------------------- */

enum { N_MAX = 24, K_MAX = 300, X_MAX = 40, GUARD = 3 };

struct product {
	int n_x, n, k, begin, end, type;
	size_t ldx, ldy, w_offset;
	int has_bias;
};

static struct product any_product(void)
{
	struct product p = { .n_x = any_int(1, X_MAX), .n = any_int(1, N_MAX), .k = any_int(1, K_MAX), .type = any_int(0, 2) };

	if (any_int(0, 2) == 0)
		p.k = any_int(1, 33);
	p.begin = any_int(0, p.n - 1);
	p.end = any_int(p.begin, p.n);
	p.ldx = any_int(0, 1) ? (size_t)any_int(1, p.k) : (size_t)(p.k + any_int(0, 5)); /* overlapping rows, or apart */
	p.ldy = (size_t)(p.n + any_int(0, 3));
	p.w_offset = (size_t)any_int(0, 3);
	p.has_bias = any_int(0, 1);
	return p;
}

static void make_weights(unsigned char *bytes, float *wide, size_t n, int type)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t u;
		float f = any_float();
		unsigned short half = (unsigned short)(any_bits() & 0xbfff); /* f16 of every exponent up to 1.99, subnormals too */

		memcpy(&u, &f, sizeof u);
		if (type == WEIGHT_F32) {
			memcpy(bytes + 4 * i, &f, sizeof f);
			wide[i] = f;
			continue;
		}
		if (type == WEIGHT_BF16)
			half = (unsigned short)(u >> 16);
		memcpy(bytes + 2 * i, &half, sizeof half);
		wide[i] = type == WEIGHT_F16 ? kernels_f16_to_f32(half) : kernels_bf16_to_f32(half);
	}
}

static int product_is_right(const struct kernels *kernels, const struct product *p, const float *x, const struct matrix *w,
			    const float *wide, const float *bias)
{
	static float y[(X_MAX + 1) * (N_MAX + 3)], want[(X_MAX + 1) * (N_MAX + 3)];

	for (size_t i = 0; i < N_OF(y); i++)
		y[i] = want[i] = (float)i;
	for (int m = 0; m < p->n_x; m++)
		for (int n = p->begin; n < p->end; n++) {
			float v = ref_dot(x + (size_t)m * p->ldx, wide + (size_t)n * (size_t)p->k, (size_t)p->k);

			want[(size_t)m * p->ldy + (size_t)n] = bias ? v + bias[n] : v;
		}
	kernels->matmul(y, p->ldy, x, p->ldx, p->n_x, w, p->begin, p->end, bias);
	return same_bits(y, want, N_OF(y));
}

static void test_matmul(void)
{
	static float x_memory[X_MAX * (K_MAX + 5) + 1], wide[N_MAX * K_MAX], bias[N_MAX];
	static unsigned char w_memory[4 * N_MAX * K_MAX + 4];
	int wrong[3] = { 0 };

	for (int i = 0; i < 300; i++) {
		struct product p = any_product();
		struct matrix w = { w_memory + p.w_offset, (enum weight_type)p.type, p.n, p.k };
		float *x = x_memory + i % 2;

		fill(x, N_OF(x_memory) - 1);
		fill(bias, N_OF(bias));
		make_weights(w_memory + p.w_offset, wide, (size_t)p.n * (size_t)p.k, p.type);
		for (size_t l = 0; l < n_levels; l++)
			if (!product_is_right(levels[l], &p, x, &w, wide, p.has_bias ? bias : NULL) && !wrong[l]++)
				printf("# %s: n_x %d n %d k %d range %d..%d type %d ldx %zu\n", levels[l]->name, p.n_x, p.n, p.k, p.begin,
				       p.end, p.type, p.ldx);
	}
	for (size_t l = 0; l < n_levels; l++)
		OK(!wrong[l], "%s: matmul, 300 random shapes: %d wrong", levels[l]->name, wrong[l]);
}

/* A row's result may not depend on how many rows there are, nor on which thread's range a column is in. */
static void test_matmul_is_batch_invariant(const struct kernels *kernels)
{
	enum { N = 37, K = 203, M = 33 };
	static float x[M * K], w[N * K], all[M * N], one[N];
	struct matrix matrix = { w, WEIGHT_F32, N, K };
	int same = 1;

	fill(x, N_OF(x));
	fill(w, N_OF(w));
	kernels->matmul(all, N, x, K, M, &matrix, 0, N, NULL);
	for (int m = 0; m < M; m++)
		for (int split = 0; split <= N; split += 5) {
			kernels->matmul(one, N, x + m * K, K, 1, &matrix, 0, split, NULL);
			kernels->matmul(one, N, x + m * K, K, 1, &matrix, split, N, NULL);
			same &= same_bits(one, all + m * N, N);
		}
	OK(same, "%s: a row is the same alone, among %d, and in any split of columns", kernels->name, M);
}

/* More rows than stay in the cache at once, and weights small enough to stay (the way of convolutions). */
static void test_matmul_long(const struct kernels *kernels)
{
	enum { N = 5, K = 28, LDX = 4, M = 30000 };
	static float x[M * LDX + K], w[N * K], y[M * N];
	struct matrix matrix = { w, WEIGHT_F32, N, K };
	int right = 1;

	fill(x, N_OF(x));
	fill(w, N_OF(w));
	kernels->matmul(y, N, x, LDX, M, &matrix, 0, N, NULL);
	for (int m = 0; m < M; m += 7)
		for (int n = 0; n < N; n++) {
			float want = ref_dot(x + m * LDX, w + n * K, K);

			right &= same_bits(&y[m * N + n], &want, 1);
		}
	OK(right, "%s: matmul of %d overlapping rows", kernels->name, M);
}

static void test_matmul_value(void)
{
	static const float x[3] = { 1, 2, 3 }, w[6] = { 4, 5, 6, -1, 0.5f, 0.25f }, bias[2] = { 100, 200 };
	struct matrix matrix = { w, WEIGHT_F32, 2, 3 };
	float y[2];

	for (size_t l = 0; l < n_levels; l++) {
		levels[l]->matmul(y, 2, x, 3, 1, &matrix, 0, 2, bias);
		OK(y[0] == 132.0f && y[1] == 200.75f, "%s: 1 4 + 2 5 + 3 6 + 100 = %g, %g", levels[l]->name, (double)y[0], (double)y[1]);
	}
}

/* ---- sums and norms --------------------------------------------------------------------------------------------- */

static void ref_layer_norm(float *y, const float *x, const float *w, const float *b, int n, float eps)
{
	float lane[16] = { 0 }, mean = ref_sum(x, (size_t)n) / (float)n, r;

	for (int k = 0; k < n; k++)
		lane[k % 16] = fmaf(x[k] - mean, x[k] - mean, lane[k % 16]);
	r = 1.0f / sqrtf(ref_lanes(lane) / (float)n + eps);
	for (int k = 0; k < n; k++)
		y[k] = fmaf((x[k] - mean) * r, w[k], b[k]);
}

static void ref_rms_norm(float *y, const float *x, const float *w, int n, float eps)
{
	float r = 1.0f / sqrtf(ref_dot(x, x, (size_t)n) / (float)n + eps);

	for (int k = 0; k < n; k++)
		y[k] = x[k] * r * w[k];
}

static void test_sums_and_norms(const struct kernels *kernels)
{
	enum { MAX = 200 };
	float a[MAX], b[MAX], c[MAX], got[MAX], want[MAX];
	int sums = 1, norms = 1;

	for (int n = 0; n <= MAX; n++) {
		float s[2] = { 0 }, r[2] = { 0 };

		fill(a, MAX);
		fill(b, MAX);
		fill(c, MAX);
		s[0] = kernels->dot(a, b, (size_t)n);
		s[1] = kernels->sum(a, (size_t)n);
		r[0] = ref_dot(a, b, (size_t)n);
		r[1] = ref_sum(a, (size_t)n);
		sums &= same_bits(s, r, 2);
		if (!n)
			continue;
		memcpy(got, c, sizeof got);
		memcpy(want, c, sizeof want);
		kernels->layer_norm(got, a, b, c, n, 1e-5f);
		ref_layer_norm(want, a, b, c, n, 1e-5f);
		norms &= same_bits(got, want, MAX);
		memcpy(got, a, sizeof got);
		kernels->rms_norm(got, got, b, n, 1e-6f); /* in place */
		memcpy(want, a, sizeof want);
		ref_rms_norm(want, a, b, n, 1e-6f);
		norms &= same_bits(got, want, MAX);
	}
	OK(sums, "%s: dot and sum of 0 to %d terms", kernels->name, MAX);
	OK(norms, "%s: layer_norm and rms_norm of 1 to %d values", kernels->name, MAX);
}

/* ---- attention ------------------------------------------------------------------------------------------------------ */

enum { WIDTH_MAX = 150, POSITIONS_MAX = 300, BLOCKS = 5, LD_MAX = WIDTH_MAX + 10 };

struct cache {
	float k[BLOCKS][KV_BLOCK_POSITIONS * LD_MAX], v[BLOCKS][KV_BLOCK_POSITIONS * LD_MAX];
	const float *keys[BLOCKS], *values[BLOCKS];
};

static void ref_attend(float *out, const float *q, int width, const struct cache *c, size_t ld, int n, const float *bias)
{
	float p[POSITIONS_MAX], most = -INFINITY, scale;

	for (int t = 0; t < n; t++) {
		p[t] = ref_dot(q, c->keys[t / 64] + (size_t)(t % 64) * ld, (size_t)width);
		p[t] = bias ? p[t] + bias[t] : p[t];
		most = p[t] > most ? p[t] : most;
	}
	for (int t = 0; t < n; t++)
		p[t] = mathf_exp(p[t] - most);
	scale = 1.0f / ref_sum(p, (size_t)n);
	for (int d = 0; d < width; d++) {
		float s = 0;

		for (int t = 0; t < n; t++)
			s = fmaf(p[t], c->values[t / 64][(size_t)(t % 64) * ld + (size_t)d], s);
		out[d] = s * scale;
	}
}

static void test_attend(const struct kernels *kernels)
{
	static struct cache c;
	static const int widths[] = { 64, 1, 4, 16, 8, 20, 80, 128, WIDTH_MAX, 63, 65 };
	float q[WIDTH_MAX], bias[POSITIONS_MAX], got[WIDTH_MAX + 1], want[WIDTH_MAX + 1], scores[320];
	int right = 1;

	for (int b = 0; b < BLOCKS; b++) {
		fill(c.k[b], N_OF(c.k[b]));
		fill(c.v[b], N_OF(c.v[b]));
		c.keys[b] = c.k[(b + 2) % BLOCKS]; /* blocks lie in any order */
		c.values[b] = c.v[(b + 3) % BLOCKS];
	}
	for (int i = 0; i < 110; i++) {
		int width = widths[i % (int)N_OF(widths)], n = i < 12 ? i + 1 : any_int(1, POSITIONS_MAX);
		size_t ld = (size_t)(width + any_int(0, 10));

		fill(q, WIDTH_MAX);
		fill(bias, POSITIONS_MAX);
		memset(got, 0, sizeof got);
		memset(want, 0, sizeof want);
		kernels->attend(got, q, width, c.keys, c.values, ld, n, i % 3 ? NULL : bias, scores);
		ref_attend(want, q, width, &c, ld, n, i % 3 ? NULL : bias);
		right &= same_bits(got, want, WIDTH_MAX + 1);
	}
	OK(right, "%s: attend, 110 random cases", kernels->name);
}

/* ---- elementwise ------------------------------------------------------------------------------------------------------ */

static float ref_relu(float x) { return x < 0 ? 0 : x; }
static float ref_elu(float x) { return x > 0 ? x : mathf_expm1(x); }

static float any_bit_pattern(int i)
{
	float f = of_bits(any_bits());

	return i % 3 ? any_float() * 8 : f; /* NaNs, infinities and all */
}

static void test_elementwise(const struct kernels *kernels)
{
	enum { MAX = 1000 };
	static float x[MAX], y[MAX], got[MAX], want[4][MAX];
	int right[4] = { 1, 1, 1, 1 };

	for (int round = 0; round < 60; round++) {
		size_t n = round < 40 ? (size_t)round : MAX;

		for (int i = 0; i < MAX; i++) {
			x[i] = any_bit_pattern(i);
			y[i] = any_bit_pattern(i);
			want[0][i] = (size_t)i < n ? mathf_gelu(x[i]) : x[i];
			want[1][i] = (size_t)i < n ? ref_relu(x[i]) : x[i];
			want[2][i] = (size_t)i < n ? ref_elu(x[i]) : y[i];
			want[3][i] = (size_t)i < n ? y[i] + x[i] : y[i];
		}
		memcpy(got, x, sizeof got);
		kernels->gelu(got, n);
		right[0] &= same_bits(got, want[0], MAX);
		memcpy(got, x, sizeof got);
		kernels->relu(got, n);
		right[1] &= same_bits(got, want[1], MAX);
		memcpy(got, y, sizeof got);
		kernels->elu(got, x, n);
		right[2] &= same_bits(got, want[2], MAX);
		memcpy(got, x, sizeof got);
		kernels->elu(got, got, n);
		right[2] &= same_bits(got, want[2], n);
		memcpy(got, y, sizeof got);
		kernels->add(got, x, n);
		right[3] &= same_bits(got, want[3], MAX);
	}
	OK(right[0], "%s: gelu", kernels->name);
	OK(right[1], "%s: relu", kernels->name);
	OK(right[2], "%s: elu", kernels->name);
	OK(right[3], "%s: add", kernels->name);
}

static void test_lstm_cell(const struct kernels *kernels)
{
	enum { MAX = 70 };
	float gates[4 * MAX], c[MAX + 1], h[MAX + 1], want_c[MAX + 1], want_h[MAX + 1];
	int right = 1;

	for (int n = 1; n <= MAX; n++) {
		for (int i = 0; i < 4 * MAX; i++)
			gates[i] = any_bit_pattern(i);
		fill(c, MAX + 1);
		fill(h, MAX + 1);
		memcpy(want_c, c, sizeof c);
		memcpy(want_h, h, sizeof h);
		for (int j = 0; j < n; j++) {
			const float *g = gates + j;
			float kept = mathf_sigmoid(g[n]) * c[j];

			want_c[j] = fmaf(mathf_sigmoid(g[0]), mathf_tanh(g[2 * n]), kept);
			want_h[j] = mathf_sigmoid(g[3 * n]) * mathf_tanh(want_c[j]);
		}
		kernels->lstm_cell(h, c, gates, n);
		right &= same_bits(c, want_c, MAX + 1) && same_bits(h, want_h, MAX + 1);
	}
	OK(right, "%s: lstm_cell of 1 to %d units", kernels->name, MAX);
}

/* ---- types and choice ----------------------------------------------------------------------------------------------------- */

static void test_types(void)
{
	int right = 1;

	for (int u = 0; u < 0x7c00; u++) { /* all finite f16 from their definition */
		int e = u >> 10, m = u & 1023;
		double want = e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);

		right &= (double)kernels_f16_to_f32((unsigned short)u) == want;
		right &= (double)kernels_f16_to_f32((unsigned short)(u | 0x8000)) == -want;
	}
	OK(right, "f16: all finite values");
	OK(isinf(kernels_f16_to_f32(0x7c00)) && kernels_f16_to_f32(0xfc00) < 0 && isnan(kernels_f16_to_f32(0x7c01)), "f16: inf and NaN");
	OK(signbit(kernels_f16_to_f32(0x8000)) && kernels_f16_to_f32(0x8000) == 0, "f16: -0");
	OK(kernels_bf16_to_f32(0x3f80) == 1.0f && kernels_bf16_to_f32(0xc049) == -3.140625f, "bf16");
}

static void test_choice(void)
{
	const struct kernels *k = NULL;
	struct err err = ERR_INIT;

	OK(kernels_choose(&k, "sse9", &err) == -1 && err.code == ERR_USAGE && !k, "unknown: %s", err.text);
	OK(!setenv("MGBATCH_KERNELS", "scalar", 1) && !kernels_choose(&k, NULL, &err) && !strcmp(k->name, "scalar"),
	   "MGBATCH_KERNELS counts when nothing is asked for");
	OK(!setenv("MGBATCH_KERNELS", "nonsense", 1) && kernels_choose(&k, NULL, &err) == -1, "and is checked: %s", err.text);
	OK(!kernels_choose(&k, "scalar", &err), "but the argument wins");
	unsetenv("MGBATCH_KERNELS");
	OK(!kernels_choose(&k, NULL, &err) && k == levels[n_levels - 1], "the best one here: %s", k->name);
}

int main(void)
{
	for (size_t i = 0; i < N_OF(level_names); i++) {
		struct err err = ERR_INIT;

		if (!kernels_choose(&levels[n_levels], level_names[i], &err))
			n_levels++;
		else
			printf("# %s\n", err.text);
	}
	test_types();
	test_choice();
	test_matmul_value();
	test_matmul();
	for (size_t l = 0; l < n_levels; l++) {
		test_matmul_is_batch_invariant(levels[l]);
		test_matmul_long(levels[l]);
		test_sums_and_norms(levels[l]);
		test_attend(levels[l]);
		test_elementwise(levels[l]);
		test_lstm_cell(levels[l]);
	}
	return tap_done();
}
