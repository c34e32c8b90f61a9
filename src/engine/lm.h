/*
 * engine/lm: the decoder, any number of rows in one pass over the weights (musicgen.md 3).
 *
 * lm_init twice over a slab (slab.h); lm_cross once per prompt; then lm_forward per step.
 * A row is one position of one stream. Its keys and values are written to the stream before any row attends, and a row
 * attends to positions 0..its own: so the rows of one pass may be one column of many streams (decoding), or
 * many columns of one stream in order (a causal pass without a cache), with equal bits. Rows that have a
 * condition come first; the others skip cross-attention, whose output would be exactly zero (musicgen.md 5).
 * Allocates nothing after init. One thread.
 *
 * Probe stages, all rows of the pass: "lm.x0" input of layer 0; "lm.h.<i>" input of layer i, "lm.h.<n_layers>" after the
 * final norm; "lm.self.q", "lm.self.k", "lm.self.v" of layer 0 before the scaling of q; "lm.cross.k", "lm.cross.v" of
 * layer 0 (in lm_cross, in stretches of max_rows); "lm.logits" [n_rows, n_codebooks * n_codes].
 */
#ifndef ENGINE_LM_H
#define ENGINE_LM_H

#include "engine/crew.h"
#include "engine/kv.h"
#include "engine/model.h"

struct lm_row {
	const uint16_t *ids;  /* [n_codebooks] of this column; n_codes is the special id. NULL: the row is `vector` */
	int position;         /* 0..n_positions - 1; the stream has blocks for it */
	const struct kv_stream *self;
	const struct kv_stream *cross; /* NULL: no condition */
	int n_cross;                   /* positions in cross */
	const float *vector;           /* [width]: a row of the condition that lies before the codes, in the place of ids */
};

struct lm {
	const struct model *model;
	struct crew *crew;
	struct probe probe;
	struct kv_shape shape;
	int max_rows;
	float *x, *h, *q, *k, *v, *attn, *wide, *temp;
	float *scores;            /* a row per thread */
	const float **key_blocks; /* pointers to blocks, a row per thread */
	const float **value_blocks;
	/* the pass in work */
	const struct lm_row *rows;
	int n_rows, n_cross_rows, layer;
};

void lm_init(struct lm *lm, const struct model *model, struct crew *crew, int max_rows, struct slab *slab);

/* Writes the keys and values of a condition [n, width] into cross, which has blocks for n positions. */
void lm_cross(struct lm *lm, const float *condition, int n, const struct kv_stream *cross);

/* logits: [n_rows, n_codebooks, n_codes], or NULL when nobody asks. n_rows 1..max_rows. */
void lm_forward(struct lm *lm, const struct lm_row *rows, int n_rows, float *logits);

struct kv_shape lm_kv_shape(const struct model *model);

#endif
