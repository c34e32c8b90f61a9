#include "engine/t5.h"

#include "base/mathf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static size_t padded_rows(int n)
{
	/* Attention reads whole blocks of positions. */
	return (size_t)(n + KV_BLOCK_POSITIONS - 1) / KV_BLOCK_POSITIONS * KV_BLOCK_POSITIONS;
}

void t5_init(struct t5 *t5, const struct model *model, struct crew *crew, int max_ids, struct slab *slab)
{
	const struct t5_dims *d = &model->t5;
	size_t n = padded_rows(max_ids), inner = (size_t)d->n_heads * (size_t)d->head_width;
	size_t width = (size_t)d->width, wide = (size_t)d->ffn, f = sizeof(float);

	*t5 = (struct t5){ .model = model, .crew = crew, .max_ids = max_ids };
	t5->x = slab_take(slab, n * width, f);
	t5->h = slab_take(slab, n * width, f);
	t5->q = slab_take(slab, n * inner, f);
	t5->k = slab_take(slab, n * inner, f);
	t5->v = slab_take(slab, n * inner, f);
	t5->attn = slab_take(slab, n * inner, f);
	t5->wide = slab_take(slab, n * wide, f);
	t5->gate = slab_take(slab, d->is_gated ? n * wide : 0, f);
	t5->temp = slab_take(slab, n * width, f);
	t5->bias = slab_take(slab, 2 * n * (size_t)d->n_heads, f);
	t5->scores = slab_take(slab, n * (size_t)crew->n_threads, f);
}

int t5_bucket(int relative, int n_buckets, int max_distance)
{
	int half = n_buckets / 2, exact = half / 2;
	int side = relative > 0 ? half : 0;
	int distance = relative > 0 ? relative : -relative;
	double ratio;
	int bucket;

	if (distance < exact)
		return side + distance;
	/* Rounded to f32 as the reference computes it: distances that are whole powers must not fall short by one bit. */
	ratio = mathd_log((double)distance / exact) / mathd_log((double)max_distance / exact) * (half - exact);
	bucket = exact + (int)(float)ratio;
	return side + (bucket < half - 1 ? bucket : half - 1);
}

/* index -1: the stage has none. */
static void probe(const struct t5 *t5, const char *stage, int index, const float *data, int cols)
{
	char name[64];

	if (!t5->probe.fn)
		return;
	snprintf(name, sizeof(name), index < 0 ? "%s" : "%s.%d", stage, index);
	t5->probe.fn(t5->probe.arg, name, data, t5->n_ids, cols);
}

/* bias[head][relative + n - 1]: one slice of it serves a query's whole row of keys. */
static void fill_bias(struct t5 *t5)
{
	const struct t5_dims *d = &t5->model->t5;
	int n = t5->n_ids;

	for (int relative = -(n - 1); relative < n; relative++) {
		int bucket = t5_bucket(relative, d->n_buckets, d->max_distance);

		for (int head = 0; head < d->n_heads; head++)
			t5->bias[(size_t)head * (size_t)(2 * n - 1) + (size_t)(relative + n - 1)] =
				t5->model->t5_w.bias[(size_t)bucket * (size_t)d->n_heads + (size_t)head];
	}
}

/* For tests: the bias as [query, key], through scratch that nobody uses yet. */
static void probe_bias(struct t5 *t5)
{
	size_t n = (size_t)t5->n_ids;

	for (int head = 0; t5->probe.fn && head < t5->model->t5.n_heads; head++) {
		char name[64];

		for (size_t query = 0; query < n; query++) {
			snprintf(name, sizeof(name), "t5.bias.%d.%zu", head, query);
			t5->probe.fn(t5->probe.arg, name, t5->bias + (size_t)head * (2 * n - 1) + (n - 1 - query), 1, (int)n);
		}
	}
}

/* One item: one query of one head. */
static void attend_item(struct t5 *t5, int worker, int item)
{
	const struct t5_dims *d = &t5->model->t5;
	size_t hw = (size_t)d->head_width, ld = (size_t)d->n_heads * hw;
	size_t head = (size_t)(item % d->n_heads), query = (size_t)(item / d->n_heads), n = (size_t)t5->n_ids;
	const float *keys[T5_BLOCKS_MAX], *values[T5_BLOCKS_MAX];

	for (size_t i = 0; i * KV_BLOCK_POSITIONS < n; i++) {
		keys[i] = t5->k + i * KV_BLOCK_POSITIONS * ld + head * hw;
		values[i] = t5->v + i * KV_BLOCK_POSITIONS * ld + head * hw;
	}
	t5->crew->k->attend(t5->attn + query * ld + head * hw, t5->q + query * ld + head * hw, d->head_width, keys, values, ld, t5->n_ids,
			    t5->bias + head * (2 * n - 1) + (n - 1 - query), t5->scores + (size_t)worker * padded_rows(t5->max_ids));
}

static void run_attend(void *arg, int worker, int begin, int end)
{
	for (int item = begin; item < end; item++)
		attend_item(arg, worker, item);
}

static struct product product_of(const struct t5 *t5, float *y, const float *x, const struct matrix *w, enum product_end end)
{
	return (struct product){
		.y = y,
		.ldy = (size_t)w->n_rows,
		.x = x,
		.ldx = (size_t)w->n_cols,
		.n_x = t5->n_ids,
		.w = w,
		.end = end,
		.temp = t5->temp,
	};
}

static void run_attention(struct t5 *t5, const struct t5_layer *layer)
{
	const struct t5_dims *d = &t5->model->t5;
	struct product qkv[3] = {
		product_of(t5, t5->q, t5->h, &layer->q, PRODUCT_STORE),
		product_of(t5, t5->k, t5->h, &layer->k, PRODUCT_STORE),
		product_of(t5, t5->v, t5->h, &layer->v, PRODUCT_STORE),
	};
	struct product o = product_of(t5, t5->x, t5->attn, &layer->o, PRODUCT_ADD);

	crew_norm(t5->crew, t5->h, t5->x, t5->n_ids, d->width, layer->attn_norm, NULL, d->eps);
	crew_products(t5->crew, qkv, 3);
	pool_run(t5->crew->pool, t5->n_ids * d->n_heads, run_attend, t5);
	crew_product(t5->crew, &o);
}

static enum product_end end_of(enum activation f)
{
	return f == ACTIVATION_RELU ? PRODUCT_RELU : f == ACTIVATION_GELU ? PRODUCT_GELU : PRODUCT_GELU_TANH;
}

static void run_ffn(struct t5 *t5, const struct t5_layer *layer)
{
	const struct t5_dims *d = &t5->model->t5;
	struct product in[2] = { product_of(t5, t5->wide, t5->h, &layer->wi, end_of(d->activation)) };
	struct product out = product_of(t5, t5->x, t5->wide, &layer->wo, PRODUCT_ADD);

	crew_norm(t5->crew, t5->h, t5->x, t5->n_ids, d->width, layer->ffn_norm, NULL, d->eps);
	if (d->is_gated)
		in[1] = product_of(t5, t5->gate, t5->h, &layer->wi_gate, PRODUCT_STORE);
	crew_products(t5->crew, in, d->is_gated ? 2 : 1);
	for (size_t i = 0; d->is_gated && i < (size_t)t5->n_ids * (size_t)d->ffn; i++)
		t5->wide[i] *= t5->gate[i];
	crew_product(t5->crew, &out);
}

void t5_encode(struct t5 *t5, const int *ids, int n_ids, float *out)
{
	const struct t5_dims *d = &t5->model->t5;
	const struct t5_weights *w = &t5->model->t5_w;

	t5->n_ids = n_ids;
	fill_bias(t5);
	probe_bias(t5);
	for (int i = 0; i < n_ids; i++)
		crew_row(t5->x + (size_t)i * (size_t)d->width, &w->embed, ids[i]);
	for (int i = 0; i < d->n_layers; i++) {
		probe(t5, "t5.h", i, t5->x, d->width);
		run_attention(t5, &w->layers[i]);
		run_ffn(t5, &w->layers[i]);
	}
	crew_norm(t5->crew, out, t5->x, n_ids, d->width, w->final_norm, NULL, d->eps);
	probe(t5, "t5.h", d->n_layers, out, d->width);
}

void t5_condition(struct t5 *t5, const float *hidden, int n_ids, float *out)
{
	const struct lm_weights *w = &t5->model->lm_w;
	struct product p;

	t5->n_ids = n_ids;
	if (w->project.data) {
		p = product_of(t5, out, hidden, &w->project, PRODUCT_STORE);
		p.bias = w->project_bias;
		crew_product(t5->crew, &p);
	} else {
		memcpy(out, hidden, (size_t)n_ids * (size_t)t5->model->t5.width * sizeof(float));
	}
	probe(t5, "cond", -1, out, t5->model->lm.width);
}
