/*
 * engine: MusicGen on the CPU. The door of the room; a library that stands alone.
 *
 * An engine is a loaded checkpoint: weights mapped read-only, shareable. A batch
 * is the mutable rest: slots, key/value blocks, random streams, the codec.
 *
 *   engine_open
 *   batch_open
 *   for a sound to continue: batch_encode_begin, batch_encode_step until it answers false; to follow: engine_melody for each window
 *   loop: batch_add until BATCH_BUSY; batch_step; batch_take until 0
 *   batch_close, engine_close
 *
 * Sequences with different prompts, lengths, temperatures, guidances and seeds
 * share every pass over the weights and join and leave between steps. A sequence's
 * samples depend on the weights and its own request alone (arithmetic
 * ENGINE_ARITHMETIC): not on neighbours, slots, threads, order, compiler or vector
 * instructions. MODEL.md has the shapes and the exact order of every sum.
 *
 * A batch is used from one thread; it has its own worker threads.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENGINE_ARITHMETIC "f32-1"
#define ENGINE_SECONDS_MAX 3600 /* of one sequence: an hour; far above what people ask for, low enough that no size overflows */
#define ENGINE_PROMPT_TOKENS_MAX 512 /* T5 warns past 512; its relative positions saturate (musicgen.md 2.1) */

struct engine;
struct batch;

struct engine_info {
	int width, n_layers, n_heads; /* d, L, H of the decoder */
	int n_codebooks;              /* K: 4 mono, 8 stereo */
	int n_channels;
	int rate_hz;
	int frame_samples;  /* samples of one frame per channel (640) */
	double frame_rate_hz; /* 50 */
	int max_frames;     /* of one sequence: ENGINE_SECONDS_MAX of them */
	int window_frames;  /* of one window, as the checkpoint says (published models 1500: 30 s; positions beyond are not trained on); longer sequences are made in several */
	bool is_melody;     /* follows a tune: takes request.melody */
	int melody_classes; /* of one window (chroma_length: 235); 0: no melody model */
	int melody_samples; /* of a sound that each of several windows hears (published models 30 s); 0: no melody model */
	uint64_t weight_bytes; /* mapped and folded */
};

/* dir: a Hugging Face MusicGen folder. ERR_MODEL names the file, tensor, expected and found shape.
 */
int engine_open(struct engine **ret, const char *dir, struct err *err) WARN_UNUSED;
/* The same by the headers alone, in milliseconds: for engine_get_info, engine_check_request and the bytes below. No batch can be opened on it. */
int engine_measure(struct engine **ret, const char *dir, struct err *err) WARN_UNUSED;
void engine_close(struct engine *e);
const struct engine_info *engine_get_info(const struct engine *e);

/* Reads all weights, some seconds of the largest: 0, or ERR_MODEL with the file, the tensor and the place of the first number that is not
 * finite. What is small was looked at by engine_open; this is for when a sequence came out as not finite. */
int engine_check_weights(const struct engine *e, struct err *err) WARN_UNUSED;

struct batch_config {
	int n_slots;           /* sequences decoding at once, 1..64; 0: 8 */
	int n_threads;         /* 0: all this process may use */
	/* For everything that grows with the model and the clips: weights, work space, key/value blocks and the samples of all
	 * clips until they are taken. What is resident stays below it, but for the small change of the process itself. 0: 80 % of
	 * what is available. */
	uint64_t memory_bytes;
	const char *kernels;   /* "scalar", "avx2", "avx512"; NULL: the best this processor has (MGBATCH_KERNELS overrides) */
};

int batch_open(struct batch **ret, struct engine *e, const struct batch_config *config, struct err *err) WARN_UNUSED;
void batch_close(struct batch *b);

struct sequence_request {
	const char *prompt;  /* UTF-8; "" or NULL: unconditional. Copied. */
	int n_frames;        /* 1..max_frames */
	float guidance;      /* 0: one row, without condition; 1: one; else two */
	float temperature;   /* 0: greedy */
	int top_k;           /* 0: all; clamped to the vocabulary; ignored when top_p > 0 */
	float top_p;         /* 0: off */
	uint64_t seed;
	uint64_t tag;        /* the caller's, handed back */
	/* What it begins with, which is a part of n_frames: codes [n_codebooks][n_codes_frames], copied; 0: nothing. Fewer than n_frames and than window_frames. */
	const uint16_t *codes;
	int n_codes_frames;
	/* The tune it follows, by a melody model: of each window melody_classes pitch classes, as engine_melody makes them; copied. NULL: none. Not with codes. */
	const uint8_t *melody;
};

enum batch_answer {
	BATCH_TAKEN,
	BATCH_BUSY,   /* no free slot, not enough free blocks, or memory that is borrowed: again after a step, or when it was given back */
	BATCH_REFUSED /* never: err says why (prompt too long, more memory than there is, with the figure) */
};
enum batch_answer batch_add(struct batch *b, const struct sequence_request *request, struct err *err);

/* One unit: one prompt, one piece of an opening, one decoder step for all, or one codec tile. 1: did something; 0: nothing to do; -1: err. Allocates nothing. */
int batch_step(struct batch *b, struct err *err) WARN_UNUSED;

struct sequence_result {
	uint64_t tag;
	bool is_finite;  /* false: the logits or samples were not finite; no samples */
	float *samples;  /* [n_samples * n_channels] interleaved, before normalisation; the caller frees */
	size_t n_samples; /* per channel: n_frames * frame_samples */
	const uint16_t *codes; /* [n_codebooks][n_frames], borrowed until the next batch_step; for tests */
	double work_s;   /* share of the time of the steps it took part in */
};
/* 1 and a finished one, or 0. */
int batch_take(struct batch *b, struct sequence_result *ret);
void batch_drop_all(struct batch *b);
int batch_n_active(const struct batch *b); /* added and not yet taken */
double batch_progress(const struct batch *b, uint64_t tag); /* 0..1 of one sequence's steps; 0 if unknown */
/* Memory of the caller's that counts as a clip's does, until it is given back: of a sound that goes in. false: there is not so much now. */
bool batch_borrow(struct batch *b, uint64_t bytes);
void batch_give_back(struct batch *b, uint64_t bytes);

/* ---- sounds that go in: at the model's rate, finite --------------------------------------------------------- */

/*
 * A sound's codes, by the codec's encoder: one sound at a time, between the batch's steps, with its threads and work space (no other memory).
 * samples: [n_samples * n_channels] interleaved, as many channels as the model makes; n_samples: 1 to ENGINE_SECONDS_MAX of sound; borrowed until the last step.
 * codes: [n_codebooks][batch_encode_frames(n_samples)], the caller's, filled as it goes. Stereo codes alternate: left, right of each level.
 * batch_encode_step does one unit (a tile or a stretch); false: the codes are whole.
 */
int batch_encode_frames(const struct batch *b, size_t n_samples); /* ceil(n_samples / frame_samples) */
void batch_encode_begin(struct batch *b, const float *samples, size_t n_samples, uint16_t *codes);
bool batch_encode_step(struct batch *b);

/* Windows that a sequence of n_frames is made in, of which its own codes are the first n_codes_frames. */
int engine_n_windows(const struct engine *e, int n_frames, int n_codes_frames);
/*
 * The tune of a sound, for one window of a sequence of n_frames: classes [melody_classes], the caller's. mono: [n_samples].
 * One window: the sound's own chroma, cut or tiled; several: each window has melody_samples of the sound from its own beginning on, begun again when it ends (musicgen.md 9, 11).
 * A melody model only; window below engine_n_windows. ERR_MEMORY. Costs some 0.1 s at most; any thread.
 */
int engine_melody(const struct engine *e, const float *mono, size_t n_samples, int n_frames, int window, uint8_t *classes, struct err *err) WARN_UNUSED;

/* 0, or ERR_INPUT with what this model cannot do of it: too many frames, a prompt of too many tokens, numbers that are none, a sound that is too
 * long to be continued, a melody for a text model. The codes and classes themselves are not looked at, here and below: n_codes_frames, and that
 * melody is not NULL, are enough. */
int engine_check_request(const struct engine *e, const struct sequence_request *request, struct err *err) WARN_UNUSED;
/* Bytes of one request's key/value blocks and samples; a request that the check refuses counts as the largest. */
uint64_t engine_request_bytes(const struct engine *e, const struct sequence_request *request);
uint64_t engine_fixed_bytes(const struct engine *e, int n_slots, int n_threads); /* weights and work space; 0: as in batch_config */

/* The memory this process may use now: the least of free physical memory and the cgroup's room. */
uint64_t engine_available_memory(void);

#endif
