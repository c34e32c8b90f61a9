/*
 * engine/t5: the text encoder (musicgen.md 2.2).
 *
 * t5_init twice over a slab (slab.h), max_ids 1..ENGINE_PROMPT_TOKENS_MAX, then t5_encode any number of times. Prompts are
 * encoded alone and unpadded. Allocates nothing after init. Used from one thread.
 *
 * Probe stages: "t5.h.<i>" the input of block i, "t5.h.<n_layers>" after the final norm
 * [n_ids, width]; "t5.bias.<head>.<query>" the bias that this query adds to each key [1, n_ids]; "cond" [n_ids, lm width].
 */
#ifndef ENGINE_T5_H
#define ENGINE_T5_H

#include "engine/crew.h"
#include "engine/engine.h"
#include "engine/model.h"

#define T5_BLOCKS_MAX ((ENGINE_PROMPT_TOKENS_MAX + KV_BLOCK_POSITIONS - 1) / KV_BLOCK_POSITIONS)

struct t5 {
	const struct model *model;
	struct crew *crew;
	struct probe probe;
	int max_ids;
	float *x, *h, *q, *k, *v, *attn, *wide, *gate, *temp; /* rows of a prompt */
	float *bias;   /* [n_heads, 2 * max_ids - 1] by key - query + n_ids - 1 of this prompt */
	float *scores; /* one row per thread */
	int n_ids;     /* of the prompt in work */
};

void t5_init(struct t5 *t5, const struct model *model, struct crew *crew, int max_ids, struct slab *slab);

/* out: [n_ids, t5 width]. n_ids 1..max_ids, each below the vocabulary. */
void t5_encode(struct t5 *t5, const int *ids, int n_ids, float *out);

/* out: [n_ids, lm width]: the projected states that the decoder attends to. hidden is not out. */
void t5_condition(struct t5 *t5, const float *hidden, int n_ids, float *out);

/* Bucket of key - query (bidirectional). */
int t5_bucket(int relative, int n_buckets, int max_distance);

#endif
