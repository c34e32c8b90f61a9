/*
 * backend/native/inputs: the sounds that jobs continue or follow, each heard once.
 *
 *   inputs_new
 *   for a job with an input: inputs_hear until HEAR_DONE or HEAR_FAILED, one unit of work each; then inputs_fill its request
 *   inputs_forget when another checkpoint is opened; inputs_free
 *
 * A sound is the part of a file that continuationStart and continuationEnd name, as one checkpoint hears it: codes to continue, or
 * the pitch classes to follow. What was heard is kept for all jobs that ask for the same part of the same content in the same way (a
 * sweep), up to KEPT_BYTES_MAX in inputs.c; beyond that the longest unused goes, and is heard again. While it is read and heard a
 * sound's memory is borrowed from the batch (engine.h); what is kept is small change.
 */
#ifndef BACKEND_NATIVE_INPUTS_H
#define BACKEND_NATIVE_INPUTS_H

#include "engine/engine.h"
#include "job/job.h"

/* What of a job's sound is used, and what that takes. */
struct input_part {
	size_t begin, n_frames;  /* in the file, at its own rate: int(rate * seconds), as the model's page has it (musicgen.md 10.2) */
	int n_channels, rate_hz; /* the file's */
	size_t n_samples;        /* per channel, at the model's rate */
	int n_codes_frames;      /* of a continuation; 0: it is followed */
	uint64_t bytes;          /* of memory, while it is heard */
};

/*
 * look: as audio_look_input says. ERR_INPUT with a sentence that names the file: the part is not within it, too long, empty, or a
 * continuation of nothing: as long as the whole.
 */
int input_part_of(const struct job *job, const struct engine_info *info, const struct pcm *look, struct input_part *ret, struct err *err) WARN_UNUSED;
int input_n_frames(const struct job *job, const struct engine_info *info); /* of the whole piece, what is continued included: at least 1 */

struct inputs;

struct inputs *inputs_new(void);
void inputs_free(struct inputs *in); /* NULL is fine */
void inputs_forget(struct inputs *in); /* what was heard, and what is being heard, of a batch that is closed next */

enum hear_answer {
	HEAR_DONE,   /* it has been heard */
	HEAR_MORE,   /* one unit was done: again */
	HEAR_BUSY,   /* no memory for it now: again after a batch_step */
	HEAR_FAILED  /* err says why: ERR_INPUT, ERR_IO, ERR_MEMORY */
};
/* One job at a time: until it is done or has failed no other's. A job without an input is HEAR_DONE. */
enum hear_answer inputs_hear(struct inputs *in, const struct job *job, const struct engine *e, struct batch *b, struct err *err);
/* Has it been heard? A job without an input: true. */
bool inputs_has(struct inputs *in, const struct job *job, const struct engine *e);
/* And then codes or melody are the request's, borrowed until the next inputs_hear. */
bool inputs_fill(struct inputs *in, const struct job *job, const struct engine *e, struct sequence_request *request);

#endif
