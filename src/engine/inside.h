/*
 * engine/inside: what the door's two structs are made of, for the files of this room.
 */
#ifndef ENGINE_INSIDE_H
#define ENGINE_INSIDE_H

#include "engine/codec.h"
#include "engine/crew.h"
#include "engine/engine.h"
#include "engine/kv.h"
#include "engine/lm.h"
#include "engine/model.h"
#include "engine/pattern.h"
#include "engine/prompts.h"
#include "engine/sample.h"
#include "engine/t5.h"
#include "engine/tokenizer.h"

#define BATCH_SLOTS_MAX 64
#define BATCH_SLOTS_DEFAULT 8
/* Clips that go through the codec together: its LSTM reads its weights once a step for all of them, and from 8 rows on the
 * product is bound by arithmetic. 8 clips of 64 frames are some 17 GFLOP: a unit that a stop can wait for. */
#define BATCH_CODEC_LANES 8

struct engine {
	struct model *model;
	struct tokenizer *tokenizer;
	struct engine_info info;
};

enum sequence_state {
	SEQUENCE_FREE,
	SEQUENCE_WAITING,  /* for its prompt */
	SEQUENCE_DECODING,
	SEQUENCE_DECODED,  /* waiting for the codec */
	SEQUENCE_IN_CODEC,
	SEQUENCE_DONE,
	SEQUENCE_TAKEN     /* its codes are borrowed until the next step */
};

struct sequence {
	enum sequence_state state;
	struct sequence_request request; /* prompt: NULL, it lives on as ids */
	struct pattern pattern;
	struct prompt *prompt;     /* NULL: unconditional */
	bool has_conditional, has_unconditional;
	struct kv_stream conditional, unconditional;
	int column;                /* the next to be predicted, 1..n_steps */
	uint16_t ids[MODEL_CODEBOOKS_MAX];   /* the column before it */
	uint16_t drawn[MODEL_CODEBOOKS_MAX];
	uint16_t *codes;           /* [n_codebooks][n_frames] */
	float *samples;
	uint64_t sample_bytes;     /* charged to the budget until taken */
	bool is_finite;
	int n_clips_left;          /* channels in the codec */
	uint64_t decoded_at;       /* decoder steps of the batch by then */
	uint64_t order;            /* when it was added, then when it was done */
	double work_s;
};

/* Everything that steps write, in one slab. */
struct work {
	struct slab slab;
	struct t5 t5;
	struct lm lm;
	struct codec codec;
	float *hidden, *condition; /* of one prompt */
	float *logits;             /* [2 * n_slots, n_codebooks, n_codes] */
	struct lm_row *rows;       /* [2 * n_slots] */
	struct sequence **active;  /* [n_slots]: decoding now */
	int *conditional_row, *unconditional_row; /* [n_slots] */
	unsigned char *scratch;    /* sample_pick's, one per thread */
	size_t scratch_bytes;
	struct sequence *sequences; /* [n_sequences] */
	struct prompts prompts;
};

struct batch {
	struct engine *engine;
	struct crew crew;
	struct work work;
	struct kv_pool pool;
	uint64_t budget_bytes;  /* for key/value blocks and samples */
	uint64_t sample_bytes;  /* of that, charged */
	int n_slots, n_sequences, n_active; /* n_active: decoding in this step */
	uint64_t n_steps, n_added, n_done;
};

/* Sequences alive at once: decoding, and as many again that wait for the codec, lie in it or wait to be taken. */
static inline int batch_n_sequences(int n_slots) { return 2 * n_slots + 2 * BATCH_CODEC_LANES; }

/* Over a measuring slab and again over a made one. */
void work_init(struct work *w, const struct model *m, struct crew *crew, int n_slots);

/* Blocks and bytes that a request needs; n_ids: of its prompt, 0 when unconditional. */
struct request_need {
	int stream_blocks, n_streams, prompt_blocks;
	uint64_t sample_bytes;
};
struct request_need request_need_of(const struct model *m, const struct sequence_request *r, int n_ids);
uint64_t request_need_bytes(const struct model *m, const struct request_need *need);

/* Everything but the prompt: frames and numbers. */
int request_check(const struct engine *e, const struct sequence_request *r, struct err *err) WARN_UNUSED;
/* ids of the prompt, as far as the request has a conditional row: *n 0 means unconditional. */
int request_ids(const struct engine *e, const struct sequence_request *r, int *ids, int *n, struct err *err) WARN_UNUSED;

/* batch_decode.c: one decoder step for all sequences that decode. */
void batch_decode(struct batch *b);
/* The sequence's streams and its hold on the prompt are given back. */
void batch_release_streams(struct batch *b, struct sequence *s);

#endif
