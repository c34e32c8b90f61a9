#include "engine/crew.h"

#include "base/mathf.h"

#include <string.h>

#define COLUMN_GROUP 16 /* the vector kernels make whole groups of outputs fastest */
#define ROW_TILE 64     /* rows that share a pass over the weights while they lie in the cache */

struct product_work {
	struct crew *crew;
	const struct product *products;
	int n_products;
};

struct norm_work {
	const struct kernels *k;
	float *y;
	const float *x, *w, *b;
	int n;
	float eps;
};

int crew_open(struct crew *crew, const char *kernels, int n_threads, struct err *err)
{
	*crew = (struct crew){ 0 };
	if (kernels_choose(&crew->k, kernels, err))
		return -1;
	crew->n_threads = n_threads > 0 ? n_threads : pool_default_threads();
	return pool_open(&crew->pool, crew->n_threads, err);
}

void crew_close(struct crew *crew)
{
	pool_close(crew->pool);
	*crew = (struct crew){ 0 };
}

/* gelu_new of T5: 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
static void gelu_tanh(float *x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float inner = 0.79788456f * (x[i] + 0.044715f * (x[i] * x[i] * x[i]));

		x[i] = 0.5f * x[i] * (1.0f + mathf_tanh(inner));
	}
}

void crew_activate(const struct kernels *k, float *x, size_t n, enum activation f)
{
	switch (f) {
	case ACTIVATION_RELU:
		k->relu(x, n);
		break;
	case ACTIVATION_GELU:
		k->gelu(x, n);
		break;
	case ACTIVATION_GELU_TANH:
		gelu_tanh(x, n);
		break;
	}
}

static const enum activation activations[] = {
	[PRODUCT_RELU] = ACTIVATION_RELU,
	[PRODUCT_GELU] = ACTIVATION_GELU,
	[PRODUCT_GELU_TANH] = ACTIVATION_GELU_TANH,
};

/* Rows row..row + n_x - 1, columns begin..end - 1 of one product and what follows it. */
static void make_part(const struct kernels *k, const struct product *p, int row, int n_x, int begin, int end)
{
	size_t n = (size_t)(end - begin);
	float *y = p->y + (size_t)row * p->ldy;
	float *made = p->end == PRODUCT_ADD ? p->temp + (size_t)row * (size_t)p->w->n_rows : y;
	size_t ld = p->end == PRODUCT_ADD ? (size_t)p->w->n_rows : p->ldy;

	k->matmul(made, ld, p->x + (size_t)row * p->ldx, p->ldx, n_x, p->w, begin, end, p->bias);
	for (int m = 0; m < n_x && p->end != PRODUCT_STORE; m++) {
		float *part = y + (size_t)m * p->ldy + begin;

		if (p->end == PRODUCT_ADD)
			k->add(part, made + (size_t)m * ld + begin, n);
		else
			crew_activate(k, part, n, activations[p->end]);
	}
}

static int n_groups(const struct product *p)
{
	return (p->w->n_rows + COLUMN_GROUP - 1) / COLUMN_GROUP;
}

/* Column groups begin..end - 1, counted through all products. */
static void run_columns(void *arg, int worker, int begin, int end)
{
	const struct product_work *work = arg;
	int first = 0;

	(void)worker;
	for (int i = 0; i < work->n_products; i++) {
		const struct product *p = &work->products[i];
		int from = begin > first ? begin - first : 0, to = end - first < n_groups(p) ? end - first : n_groups(p);

		if (from < to)
			make_part(work->crew->k, p, 0, p->n_x, from * COLUMN_GROUP,
				  to * COLUMN_GROUP < p->w->n_rows ? to * COLUMN_GROUP : p->w->n_rows);
		first += n_groups(p);
	}
}

static void run_rows(void *arg, int worker, int begin, int end)
{
	const struct product_work *work = arg;
	const struct product *p = work->products;

	(void)worker;
	for (int tile = begin; tile < end; tile++) {
		int row = tile * ROW_TILE;

		make_part(work->crew->k, p, row, p->n_x - row < ROW_TILE ? p->n_x - row : ROW_TILE, 0, p->w->n_rows);
	}
}

void crew_products(struct crew *crew, const struct product *products, int n_products)
{
	struct product_work work = { crew, products, n_products };
	int n_tiles = (products->n_x + ROW_TILE - 1) / ROW_TILE, groups = 0;

	if (n_products == 1 && n_tiles >= 2 * crew->n_threads) {
		pool_run(crew->pool, n_tiles, run_rows, &work);
		return;
	}
	for (int i = 0; i < n_products; i++)
		groups += n_groups(&products[i]);
	pool_run(crew->pool, groups, run_columns, &work);
}

void crew_product(struct crew *crew, const struct product *product)
{
	crew_products(crew, product, 1);
}

static void run_norm(void *arg, int worker, int begin, int end)
{
	const struct norm_work *work = arg;

	(void)worker;
	for (int i = begin; i < end; i++) {
		size_t at = (size_t)i * (size_t)work->n;

		if (work->b)
			work->k->layer_norm(work->y + at, work->x + at, work->w, work->b, work->n, work->eps);
		else
			work->k->rms_norm(work->y + at, work->x + at, work->w, work->n, work->eps);
	}
}

void crew_norm(struct crew *crew, float *y, const float *x, int n_x, int n, const float *w, const float *b, float eps)
{
	struct norm_work work = { crew->k, y, x, w, b, n, eps };

	pool_run(crew->pool, n_x, run_norm, &work);
}

void crew_row(float *y, const struct matrix *w, int row)
{
	size_t n = (size_t)w->n_cols, at = (size_t)row * n;

	if (w->type == WEIGHT_F32) {
		memcpy(y, (const unsigned char *)w->data + at * sizeof(float), n * sizeof(float));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned short bits;

		memcpy(&bits, (const unsigned char *)w->data + (at + i) * sizeof(bits), sizeof(bits));
		y[i] = w->type == WEIGHT_F16 ? kernels_f16_to_f32(bits) : kernels_bf16_to_f32(bits);
	}
}
