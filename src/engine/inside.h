/*
 * engine/inside: what the door's two structs are made of, for the files of this room.
 */
#ifndef ENGINE_INSIDE_H
#define ENGINE_INSIDE_H

#include "engine/codec.h"
#include "engine/crew.h"
#include "engine/encoder.h"
#include "engine/engine.h"
#include "engine/kv.h"
#include "engine/lm.h"
#include "engine/model.h"
#include "engine/opening.h"
#include "engine/pattern.h"
#include "engine/sample.h"
#include "engine/shared.h"
#include "engine/t5.h"
#include "engine/tokenizer.h"
#include "engine/window.h"

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
	SEQUENCE_WAITING,  /* for its prompt and its openings */
	SEQUENCE_DECODING,
	SEQUENCE_DECODED,  /* waiting for the codec */
	SEQUENCE_IN_CODEC,
	SEQUENCE_DONE,
	SEQUENCE_TAKEN     /* its codes are borrowed until the next step */
};

enum { CONDITIONAL, UNCONDITIONAL, N_STREAMS };

/* One row of every step. */
struct stream {
	bool is_used;
	bool is_open;                  /* what lies before the window's first column is in place */
	struct kv_stream kv;
	int n_opening;                 /* positions of that in the first window, which others may have alike; 0: none, or a later window */
	unsigned char key[HASH_BYTES]; /* of them (opening.h) */
};

struct sequence {
	enum sequence_state state;
	struct sequence_request request; /* prompt, codes, melody: NULL, they live on here */
	int *ids_of_prompt;        /* [n_ids] */
	int n_ids, n_text;         /* n_text: rows of text before the codes, of a melody model */
	uint8_t *melody;           /* [windows, melody_classes]; NULL: none */
	struct windows windows;
	int window;                /* the one in work */
	struct pattern pattern;    /* of that window */
	int n_before;              /* positions before its codes */
	struct shared_entry *text; /* keys and values of cross-attention; NULL: none */
	struct stream streams[N_STREAMS];
	int column;                /* the next to be predicted, n_known + 1..n_steps of the window */
	int n_steps_done, n_steps; /* of all windows */
	uint16_t ids[MODEL_CODEBOOKS_MAX];   /* the column before it */
	uint16_t drawn[MODEL_CODEBOOKS_MAX];
	uint16_t *codes;           /* [n_codebooks][n_frames], of all windows */
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
	struct codec_bench bench; /* of the codec's two halves */
	struct codec codec;
	struct encoder encoder;
	float *hidden, *condition; /* of one prompt */
	float *logits;             /* [2 * n_slots, n_codebooks, n_codes] */
	struct lm_row *rows;       /* [lm.max_rows] */
	uint16_t *row_ids;         /* [lm.max_rows, n_codebooks] of openings */
	float *zero;               /* [width], zeros */
	struct sequence **active;  /* [n_slots]: decoding now */
	int *conditional_row, *unconditional_row; /* [n_slots] */
	unsigned char *scratch;    /* sample_pick's, one per thread */
	size_t scratch_bytes;
	struct sequence *sequences; /* [n_sequences] */
	struct shared shared;
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
	struct prefill prefill;         /* the opening in work */
	struct sequence *prefilled;     /* whose it is; NULL: none */
};

/* Entries that are held, a prompt for each slot, and those that are remembered beside them: small things, their blocks are what counts. */
static inline int batch_n_shared(int n_slots) { return n_slots + 32; }
/* Sequences alive at once: decoding, and as many again that wait for the codec, lie in it or wait to be taken. */
static inline int batch_n_sequences(int n_slots) { return 2 * n_slots + 2 * BATCH_CODEC_LANES; }

/* Over a measuring slab and again over a made one. */
void work_init(struct work *w, const struct model *m, struct crew *crew, int n_slots);

/* The windows that a sequence of n_frames is made in, of which n_given are there at the start. */
struct windows windows_of(const struct engine *e, int n_frames, int n_given);

/* melody.c: samples that one of several windows hears: chunk_length, or less where its classes hear no more. */
int melody_samples(const struct model *m);

/* What a request needs: rows, blocks and bytes. n_ids: of its prompt, 0: none. */
struct request_need {
	bool has[N_STREAMS];
	int n_streams, stream_blocks;
	int n_text;      /* rows of text of each stream, of a melody model */
	int text_blocks; /* of cross-attention, of a text model */
	uint64_t sample_bytes;
};
struct request_need request_need_of(const struct model *m, const struct sequence_request *r, int n_ids);
uint64_t request_need_bytes(const struct model *m, const struct request_need *need);

/* Everything but the prompt, the codes and the classes themselves: frames and numbers. */
int request_check(const struct engine *e, const struct sequence_request *r, struct err *err) WARN_UNUSED;
/* ids of the prompt, as far as the request has use of them: *n 0 means no prompt. */
int request_ids(const struct engine *e, const struct sequence_request *r, int *ids, int *n, struct err *err) WARN_UNUSED;

/* ---- between the files of the batch ---------------------------------------------------------------------- */

/* batch_hold.c: blocks for the sequence's streams and its hold on what it shares. False: no room now. need: its own. */
bool batch_hold(struct batch *b, struct sequence *s, const struct request_need *need);
/* The sequence's streams and what it holds are given back; an opening stays for those that come later. */
void batch_release(struct batch *b, struct sequence *s);

/* batch_prefill.c: the sequence begins this window: it waits for its openings, or decodes when there are none to wait for. */
void batch_begin_window(struct batch *b, struct sequence *s, int window);
/* What the stream has before the window's first column. */
struct opening batch_opening(const struct batch *b, const struct sequence *s, int stream);
/* One prompt, one pass of an opening or one copy of it; false: nobody waits. */
bool batch_prefill(struct batch *b);

/* batch_decode.c: one decoder step for all sequences that decode. */
void batch_decode(struct batch *b);

/* batch_step.c */
int batch_count(const struct batch *b, enum sequence_state state);
double batch_now_s(void);
/* The time since `began_s`, in equal parts to the sequences of this state. */
void batch_charge(struct batch *b, enum sequence_state state, double began_s);
/* The sequence's memory, but for samples that were handed out (NULL by then), and it is free. */
void batch_forget(struct sequence *s);

#endif
