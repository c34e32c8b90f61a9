#include "engine/quantiser.h"

void quantiser_init(struct quantiser *q, const struct codec_bench *bench, struct slab *slab)
{
	const struct model *m = bench->model;
	size_t n_codes = (size_t)m->lm.n_codes, width = (size_t)m->codec.width;

	*q = (struct quantiser){ .bench = bench, .n_codes = m->lm.n_codes };
	q->squares = slab_take(slab, (size_t)m->codec.n_codebooks * n_codes, sizeof(float));
	for (int k = 0; q->squares && k < m->codec.n_codebooks; k++) {
		for (int j = 0; j < m->lm.n_codes; j++) {
			crew_row(bench->padded, &m->codec_w.codebooks[k], j);
			q->squares[(size_t)k * n_codes + (size_t)j] = bench->crew->k->dot(bench->padded, bench->padded, width);
		}
	}
}

/* The least of squares[j] - 2 products[j]; the first of equals. */
static int nearest(const float *squares, const float *products, int n)
{
	float best = squares[0] - 2.0f * products[0];
	int found = 0;

	for (int j = 1; j < n; j++) {
		float one = squares[j] - 2.0f * products[j];

		if (one < best) {
			best = one;
			found = j;
		}
	}
	return found;
}

void quantiser_run(const struct quantiser *q, float *rest, int n_rows, uint16_t *codes, size_t codebook_stride)
{
	const struct model *m = q->bench->model;
	size_t width = (size_t)m->codec.width, n_codes = (size_t)q->n_codes;
	float *products = q->bench->odd, *vector = q->bench->padded;

	for (int k = 0; k < m->codec.n_codebooks; k++) {
		struct matrix book = m->codec_w.codebooks[k];
		struct product p = { .y = products, .ldy = n_codes, .x = rest, .ldx = width, .n_x = n_rows, .w = &book };

		book.n_rows = q->n_codes;
		crew_product(q->bench->crew, &p);
		for (int t = 0; t < n_rows; t++) {
			int code = nearest(q->squares + (size_t)k * n_codes, products + (size_t)t * n_codes, q->n_codes);
			float *row = rest + (size_t)t * width;

			codes[(size_t)k * codebook_stride + (size_t)t] = (uint16_t)code;
			crew_row(vector, &book, code);
			for (size_t i = 0; i < width; i++)
				row[i] -= vector[i];
		}
	}
}
