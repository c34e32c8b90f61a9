/*
 * engine/opening: what lies in a stream before the first column that is predicted, and its keys and values.
 *
 *   [melody_classes rows of melody][rows of text]   of a melody model (musicgen.md 9.4); a text model has none of these
 *   [columns 0..n_known - 1 of the codes that are known]   of a continuation and of every window but the first
 *
 * All at positions 0, 1, 2, ...; the decoder's first step feeds column n_known and predicts the one after it (musicgen.md 4.2).
 *
 *   opening_key says which two are equal; prefill_pass over a struct prefill until it answers true
 *
 * A pass has as many rows as the decoder takes; keys and values have the same bits however they are cut. Allocates
 * nothing but in opening_key. One thread.
 */
#ifndef ENGINE_OPENING_H
#define ENGINE_OPENING_H

#include "base/hash.h"
#include "engine/lm.h"
#include "engine/pattern.h"

struct opening {
	int n_classes;          /* rows of melody; 0: a text model */
	const uint8_t *classes; /* [n_classes] pitch classes; NULL: all are 0, which means no melody */
	int n_text;             /* rows of text after them */
	const int *ids;         /* [n_ids] of the prompt: what the rows of text, or the cross-attention's condition, are made of */
	int n_ids;              /* 0: no prompt; rows of text are zero */
	struct pattern pattern;
	const uint16_t *codes;  /* as pattern_column takes them */
};

static inline int opening_positions(const struct opening *o) { return o->n_classes + o->n_text + o->pattern.n_known; }
/* Equal keys: equal keys and values of one model. */
void opening_key(const struct opening *o, unsigned char key[HASH_BYTES]);
/* The same of the keys and values that cross-attention has of a prompt: never a key of an opening. */
void opening_text_key(const int *ids, int n_ids, unsigned char key[HASH_BYTES]);

/* What all openings are made with, one after the other. */
struct prefill_bench {
	struct lm *lm;
	struct lm_row *rows; /* [lm->max_rows] */
	uint16_t *ids;       /* [lm->max_rows, n_codebooks] */
	float *zero;         /* [width], zeros */
};

/* An opening in the making. What it points at is borrowed until it is done. */
struct prefill {
	struct opening opening;
	const float *condition;       /* [n_text, width]; NULL: rows of text are zero */
	const struct kv_stream *self; /* where its keys and values go: blocks for all of its positions */
	const struct kv_stream *cross; /* NULL: no cross-attention */
	int n_cross;
	int n_done;                   /* positions */
};

/* One pass; true: all positions are there. */
bool prefill_pass(struct prefill *p, const struct prefill_bench *bench);

#endif
