#include "engine/lm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LAYER_NORM_EPS 1e-5f /* of every layer norm of the decoder (musicgen.md 1.2) */

struct kv_shape lm_kv_shape(const struct model *model)
{
	return (struct kv_shape){ model->lm.n_layers, model->lm.n_heads, model->lm.head_width };
}

/* Rows of the widest pass: a step of all slots, or the condition of one prompt. */
void lm_init(struct lm *lm, const struct model *model, struct crew *crew, int max_rows, struct slab *slab)
{
	const struct lm_dims *d = &model->lm;
	size_t n = (size_t)max_rows, width = (size_t)d->width, f = sizeof(float), threads = (size_t)crew->n_threads;
	size_t blocks = KV_STREAM_BLOCKS_MAX;

	*lm = (struct lm){ .model = model, .crew = crew, .shape = lm_kv_shape(model), .max_rows = max_rows };
	lm->x = slab_take(slab, n * width, f);
	lm->h = slab_take(slab, n * width, f);
	lm->q = slab_take(slab, n * width, f);
	lm->k = slab_take(slab, n * width, f);
	lm->v = slab_take(slab, n * width, f);
	lm->attn = slab_take(slab, n * width, f);
	lm->wide = slab_take(slab, n * (size_t)d->ffn, f);
	lm->temp = slab_take(slab, n * width, f);
	lm->scores = slab_take(slab, threads * blocks * KV_BLOCK_POSITIONS, f);
	lm->key_blocks = slab_take(slab, threads * blocks, sizeof(*lm->key_blocks));
	lm->value_blocks = slab_take(slab, threads * blocks, sizeof(*lm->value_blocks));
}

/* index -1: the stage has none. */
static void probe(const struct lm *lm, const char *stage, int index, const float *data, int rows, int cols)
{
	char name[32];

	if (!lm->probe.fn || rows == 0)
		return;
	snprintf(name, sizeof(name), index < 0 ? "%s" : "%s.%d", stage, index);
	lm->probe.fn(lm->probe.arg, name, data, rows, cols);
}

static struct product product_of(float *y, const float *x, int n_x, const struct matrix *w, enum product_end end, float *temp)
{
	return (struct product){
		.y = y, .ldy = (size_t)w->n_rows, .x = x, .ldx = (size_t)w->n_cols, .n_x = n_x, .w = w, .end = end, .temp = temp,
	};
}

/* x = the sum of the codebooks' embeddings in rising order, or a row as it is. */
static void embed(struct lm *lm, const struct lm_row *row, float *x, float *one)
{
	const struct lm_weights *w = &lm->model->lm_w;
	size_t width = (size_t)lm->model->lm.width;

	if (row->vector) {
		memcpy(x, row->vector, width * sizeof(*x));
		return;
	}
	crew_row(x, &w->embed[0], row->ids[0]);
	for (int k = 1; k < lm->model->lm.n_codebooks; k++) {
		crew_row(one, &w->embed[k], row->ids[k]);
		lm->crew->k->add(x, one, width);
	}
}

/* Then the position. */
static void run_embed(void *arg, int worker, int begin, int end)
{
	struct lm *lm = arg;
	size_t width = (size_t)lm->model->lm.width;

	(void)worker;
	for (int i = begin; i < end; i++) {
		const struct lm_row *row = &lm->rows[i];
		float *x = lm->x + (size_t)i * width;

		embed(lm, row, x, lm->h + (size_t)i * width);
		lm->crew->k->add(x, lm->model->lm_w.positions + (size_t)row->position * width, width);
	}
}

static void run_write(void *arg, int worker, int begin, int end)
{
	struct lm *lm = arg;
	size_t width = (size_t)lm->model->lm.width;

	(void)worker;
	for (int i = begin; i < end; i++)
		kv_write(&lm->shape, lm->rows[i].self, lm->layer, lm->rows[i].position, lm->k + (size_t)i * width, lm->v + (size_t)i * width);
}

/* One query of one head over n positions of a stream. The query is scaled in place, by the one who uses it. */
static void attend(struct lm *lm, int worker, int row, int head, const struct kv_stream *stream, int n)
{
	size_t hw = (size_t)lm->shape.head_width, at = (size_t)row * (size_t)lm->model->lm.width + (size_t)head * hw;
	size_t mine = (size_t)worker * KV_STREAM_BLOCKS_MAX;
	const float **keys = lm->key_blocks + mine, **values = lm->value_blocks + mine;
	float *q = lm->q + at, scale = (float)(1.0 / sqrt((double)hw));

	for (size_t i = 0; i < hw; i++)
		q[i] *= scale;
	for (int i = 0; i < kv_blocks_for(n); i++) {
		keys[i] = kv_keys(&lm->shape, stream->blocks[i], lm->layer, head);
		values[i] = kv_values(&lm->shape, stream->blocks[i], lm->layer, head);
	}
	lm->crew->k->attend(lm->attn + at, q, lm->shape.head_width, keys, values, hw, n, NULL, lm->scores + mine * KV_BLOCK_POSITIONS);
}

static void run_attend_self(void *arg, int worker, int begin, int end)
{
	struct lm *lm = arg;

	for (int item = begin; item < end; item++) {
		int row = item / lm->shape.n_heads;

		attend(lm, worker, row, item % lm->shape.n_heads, lm->rows[row].self, lm->rows[row].position + 1);
	}
}

static void run_attend_cross(void *arg, int worker, int begin, int end)
{
	struct lm *lm = arg;

	for (int item = begin; item < end; item++) {
		int row = item / lm->shape.n_heads;

		attend(lm, worker, row, item % lm->shape.n_heads, lm->rows[row].cross, lm->rows[row].n_cross);
	}
}

static void run_self(struct lm *lm, const struct lm_layer *layer)
{
	int n = lm->n_rows, width = lm->model->lm.width;
	struct product qkv[3] = {
		product_of(lm->q, lm->h, n, &layer->self_q, PRODUCT_STORE, NULL),
		product_of(lm->k, lm->h, n, &layer->self_k, PRODUCT_STORE, NULL),
		product_of(lm->v, lm->h, n, &layer->self_v, PRODUCT_STORE, NULL),
	};
	struct product out = product_of(lm->x, lm->attn, n, &layer->self_out, PRODUCT_ADD, lm->temp);

	crew_norm(lm->crew, lm->h, lm->x, n, width, layer->self_norm.w, layer->self_norm.b, LAYER_NORM_EPS);
	crew_products(lm->crew, qkv, 3);
	if (lm->layer == 0) {
		probe(lm, "lm.self.q", -1, lm->q, n, width);
		probe(lm, "lm.self.k", -1, lm->k, n, width);
		probe(lm, "lm.self.v", -1, lm->v, n, width);
	}
	pool_run(lm->crew->pool, n, run_write, lm);
	pool_run(lm->crew->pool, n * lm->shape.n_heads, run_attend_self, lm);
	crew_product(lm->crew, &out);
}

static void run_cross(struct lm *lm, const struct lm_layer *layer)
{
	int n = lm->n_cross_rows;
	struct product q = product_of(lm->q, lm->h, n, &layer->cross_q, PRODUCT_STORE, NULL);
	struct product out = product_of(lm->x, lm->attn, n, &layer->cross_out, PRODUCT_ADD, lm->temp);

	if (n == 0)
		return;
	crew_norm(lm->crew, lm->h, lm->x, n, lm->model->lm.width, layer->cross_norm.w, layer->cross_norm.b, LAYER_NORM_EPS);
	crew_product(lm->crew, &q);
	pool_run(lm->crew->pool, n * lm->shape.n_heads, run_attend_cross, lm);
	crew_product(lm->crew, &out);
}

static void run_ffn(struct lm *lm, const struct lm_layer *layer)
{
	static const enum product_end ends[] = {
		[ACTIVATION_RELU] = PRODUCT_RELU,
		[ACTIVATION_GELU] = PRODUCT_GELU,
		[ACTIVATION_GELU_TANH] = PRODUCT_GELU_TANH,
	};
	int n = lm->n_rows;
	struct product in = product_of(lm->wide, lm->h, n, &layer->fc1, ends[lm->model->lm.activation], NULL);
	struct product out = product_of(lm->x, lm->wide, n, &layer->fc2, PRODUCT_ADD, lm->temp);

	crew_norm(lm->crew, lm->h, lm->x, n, lm->model->lm.width, layer->ffn_norm.w, layer->ffn_norm.b, LAYER_NORM_EPS);
	crew_product(lm->crew, &in);
	crew_product(lm->crew, &out);
}

static void run_heads(struct lm *lm, float *logits)
{
	const struct lm_dims *d = &lm->model->lm;
	struct product heads[MODEL_CODEBOOKS_MAX];
	size_t all = (size_t)d->n_codebooks * (size_t)d->n_codes;

	for (int k = 0; k < d->n_codebooks; k++) {
		heads[k] = product_of(logits + (size_t)k * (size_t)d->n_codes, lm->h, lm->n_rows, &lm->model->lm_w.heads[k], PRODUCT_STORE, NULL);
		heads[k].ldy = all;
	}
	crew_products(lm->crew, heads, d->n_codebooks);
}

void lm_forward(struct lm *lm, const struct lm_row *rows, int n_rows, float *logits)
{
	const struct lm_dims *d = &lm->model->lm;
	const struct lm_weights *w = &lm->model->lm_w;

	lm->rows = rows;
	lm->n_rows = n_rows;
	for (lm->n_cross_rows = 0; lm->n_cross_rows < n_rows && rows[lm->n_cross_rows].cross; lm->n_cross_rows++)
		;
	pool_run(lm->crew->pool, n_rows, run_embed, lm);
	probe(lm, "lm.x0", -1, lm->x, n_rows, d->width);
	for (lm->layer = 0; lm->layer < d->n_layers; lm->layer++) {
		probe(lm, "lm.h", lm->layer, lm->x, n_rows, d->width);
		run_self(lm, &w->layers[lm->layer]);
		run_cross(lm, &w->layers[lm->layer]);
		run_ffn(lm, &w->layers[lm->layer]);
	}
	crew_norm(lm->crew, lm->h, lm->x, n_rows, d->width, w->final_norm.w, w->final_norm.b, LAYER_NORM_EPS);
	probe(lm, "lm.h", d->n_layers, lm->h, n_rows, d->width);
	if (logits) {
		run_heads(lm, logits);
		probe(lm, "lm.logits", -1, logits, n_rows, d->n_codebooks * d->n_codes);
	}
}

void lm_cross(struct lm *lm, const float *condition, int n, const struct kv_stream *cross)
{
	size_t width = (size_t)lm->model->lm.width;

	for (int layer = 0; layer < lm->model->lm.n_layers; layer++) {
		const struct lm_layer *w = &lm->model->lm_w.layers[layer];

		/* In stretches: a prompt may have more positions than a step has rows. */
		for (int begin = 0; begin < n; begin += lm->max_rows) {
			int rows = n - begin < lm->max_rows ? n - begin : lm->max_rows;
			const float *x = condition + (size_t)begin * width;
			struct product kv[2] = {
				product_of(lm->k, x, rows, &w->cross_k, PRODUCT_STORE, NULL),
				product_of(lm->v, x, rows, &w->cross_v, PRODUCT_STORE, NULL),
			};

			crew_products(lm->crew, kv, 2);
			if (layer == 0) {
				probe(lm, "lm.cross.k", -1, lm->k, rows, (int)width);
				probe(lm, "lm.cross.v", -1, lm->v, rows, (int)width);
			}
			for (int i = 0; i < rows; i++)
				kv_write(&lm->shape, cross, layer, begin + i, lm->k + (size_t)i * width, lm->v + (size_t)i * width);
		}
	}
}
