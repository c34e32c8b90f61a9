/*
 * stages.h: a checkpoint's parts one by one, for programs that hold a model of real size against others' numbers.
 *
 *   stages_open
 *   stages_ids, stages_text          text to ids, ids to the rows that the decoder attends to
 *   stages_tune                      a sound to the classes of one window
 *   stages_guess_open, _feed, _close one sequence's streams: columns in, guided logits out
 *   stages_greedy                    such a sequence, greedy from its first column to its last
 *   stages_decode, stages_encode     codes to samples and back
 *   stages_close
 *
 * The grid of codes is made here, by musicgen.md 4.1, not by engine/pattern: one more pair of eyes. What cannot be done ends
 * the program with a sentence: these are test programs. Arrays that functions answer are the caller's to free.
 */
#ifndef STAGES_H
#define STAGES_H

#include "engine/inside.h"

#define STAGES_ROWS 64 /* of one decoder pass */

struct stages {
	const char *dir; /* borrowed */
	struct model *model;
	struct tokenizer *tokenizer;
	struct crew crew;
	struct slab slab;
	struct t5 t5;
	struct lm lm;
	struct codec_bench bench;
	struct codec codec;
	struct encoder encoder;
};

/* dir: a Hugging Face folder. -1: err. */
int stages_open(struct stages *s, const char *dir, struct err *err);
void stages_close(struct stages *s);

/* ids: room for ENGINE_PROMPT_TOKENS_MAX. Their number. */
int stages_ids(const struct stages *s, const char *text, int *ids);
/* [n_ids, decoder width]; hidden NULL or [n_ids, text width]: the encoder's own answer. */
float *stages_text(struct stages *s, const int *ids, int n_ids, float *hidden);

/* [melody_classes] of a melody model's one window. mono: [n_samples]. */
uint8_t *stages_tune(const struct stages *s, const float *mono, size_t n_samples);

/* What a sequence is told before its codes. */
struct stages_told {
	const float *text;      /* [n_text, width]; NULL: rows of zeros */
	int n_text;
	const uint8_t *classes; /* a melody model's [melody_classes]; NULL: all 0 */
	float guidance;
};

/* The streams of one sequence: the conditional one and, unless guidance is 1, the unconditional one. */
struct stages_guess {
	struct stages *s;
	struct kv_pool pool;
	struct kv_stream self[2], cross;
	int n_streams, n_cross[2], n_before, n_columns; /* n_before: positions before the columns; n_columns: fed */
	float guidance;
	uint16_t *ids;          /* [STAGES_ROWS, n_codebooks] */
	float *logits;          /* [2][STAGES_ROWS, n_codebooks, n_codes] */
};

void stages_guess_open(struct stages_guess *g, struct stages *s, const struct stages_told *told, int n_columns_max);
/* columns: [n_codebooks][stride], of which begin..end - 1 are fed, the next ones. logits of each: [end - begin][n_codebooks][n_codes] or NULL. */
void stages_guess_feed(struct stages_guess *g, const uint16_t *columns, int stride, int begin, int end, float *logits);
void stages_guess_close(struct stages_guess *g);

struct stages_plan {
	int n_columns;         /* of the grid, the first one (special ids only) included */
	bool is_free;          /* no cell but those of the first column is special: transformers below 7 columns */
	const uint16_t *given; /* [n_codebooks][n_given] */
	int n_given;           /* frames */
};
int stages_n_frames(const struct stages *s, const struct stages_plan *plan);
/* codes: [n_codebooks][frames]. */
uint16_t *stages_greedy(struct stages *s, const struct stages_told *told, const struct stages_plan *plan);

/* samples: [n_channels][n_frames * frame_samples]. */
float *stages_decode(struct stages *s, const uint16_t *codes, int n_frames);
/* samples: [n_samples * n_channels] interleaved; codes: [n_codebooks][frames]. */
uint16_t *stages_encode(struct stages *s, const float *samples, int n_samples, int *n_frames);

#endif
