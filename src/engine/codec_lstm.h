/*
 * engine/codec_lstm: the codec's LSTM over a stretch of frames of several clips at once.
 *
 * The product with the input is made once for the whole stretch; the one with the state once a step, all
 * clips as rows of one pass over the weights. Gates are (state product) + (input product + bias); one cell per value.
 */
#ifndef ENGINE_CODEC_LSTM_H
#define ENGINE_CODEC_LSTM_H

#include "engine/crew.h"
#include "engine/model.h"

#define CODEC_LSTM_STEPS 64 /* of a stretch, at most */

/* What is heard of one clip. */
struct lstm_clip {
	int n_steps;
	float *h, *c; /* its states, [layers, width]: read before and, unless it is shorter than the first, written after */
};

/* A stretch: clips in order of falling steps, so that at any step the active ones come first. */
struct lstm_stretch {
	struct crew *crew;
	int n_clips, n_steps; /* n_steps: of the first clip, the longest */
	struct lstm_clip *clips;
	float *even, *odd; /* what layers make, [n_steps, n_clips, width] */
	float *gates;   /* [n_steps * n_clips, 4 * width] */
	float *product; /* [n_clips, 4 * width] */
	float *state, *next, *cell; /* [n_clips, width]; state and next trade places every step */
	float *local;   /* [n_threads, 4 * width] */
	/* one layer's run */
	const struct codec_lstm *layer;
	float *y;
	int width, step, n_active;
};

/* Room for n_clips of CODEC_LSTM_STEPS steps, none wider than `width`. */
void codec_lstm_init(struct lstm_stretch *s, struct crew *crew, int n_clips, int width, struct slab *slab);

/* All layers of `lstm` over x: [n_steps, n_clips, width]. n_clips, n_steps and clips are the caller's. Returns the last one's
 * output, without the shortcut; values of clips past their steps are of no meaning. */
const float *codec_lstm_run(struct lstm_stretch *s, const struct codec_layer *lstm, const float *x);

#endif
