/*
 * engine/crew: the chosen kernels and the threads that share their work.
 *
 * Threads take columns (whole groups of 16) or rows of a product, never part of
 * a sum: what a value is does not depend on who makes it. A crew is used from
 * one thread.
 */
#ifndef ENGINE_CREW_H
#define ENGINE_CREW_H

#include "base/err.h"
#include "base/pool.h"
#include "engine/kernels.h"
#include "engine/model.h"

#include <stddef.h>

struct crew {
	const struct kernels *k;
	struct pool *pool;
	int n_threads;
};

/* kernels: as kernels_choose. n_threads 0: all that this process may use. */
int crew_open(struct crew *crew, const char *kernels, int n_threads, struct err *err) WARN_UNUSED;
void crew_close(struct crew *crew); /* a zeroed crew is fine */

/* What follows a product, for each value alone. */
enum product_end {
	PRODUCT_STORE, /* y = product */
	PRODUCT_ADD,   /* y += product; `temp` takes the product first */
	PRODUCT_RELU,
	PRODUCT_GELU,
	PRODUCT_GELU_TANH
};

struct product {
	float *y;        /* [n_x, w->n_rows], row stride ldy */
	size_t ldy;
	const float *x;  /* [n_x, w->n_cols], row stride ldx */
	size_t ldx;
	int n_x;
	const struct matrix *w;
	const float *bias; /* NULL: none */
	enum product_end end;
	float *temp; /* PRODUCT_ADD: [n_x, w->n_rows] */
};

/* All products, spread over the threads together. Their y are distinct. */
void crew_products(struct crew *crew, const struct product *products, int n_products);
void crew_product(struct crew *crew, const struct product *product);

/* x = f(x), n values */
void crew_activate(const struct kernels *k, float *x, size_t n, enum activation f);

/* y[row] = norm(x[row]) for n_x rows of n values; b NULL: RMS norm. */
void crew_norm(struct crew *crew, float *y, const float *x, int n_x, int n, const float *w, const float *b, float eps);

/* y[0..n-1] = row `row` of w, widened. */
void crew_row(float *y, const struct matrix *w, int row);

#endif
