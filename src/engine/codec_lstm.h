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

/* A stretch: clips in order of falling steps, so that at any step the active ones come first. */
struct lstm_stretch {
	struct crew *crew;
	int width, n_clips, n_steps; /* n_steps: of the first clip, the longest */
	const int *steps;            /* [n_clips] */
	float *gates;   /* [n_steps * n_clips, 4 * width] */
	float *product; /* [n_clips, 4 * width] */
	float *state, *next, *cell; /* [n_clips, width]; state and next trade places every step */
	float *local;   /* [n_threads, 4 * width] */
	/* one layer's run */
	const struct codec_lstm *layer;
	float *y;
	int step, n_active;
};

/* x, y: [n_steps, n_clips, width]; state and cell are read before and hold the last step's values after. Values of
 * clips past their steps are of no meaning. */
void codec_lstm_run(struct lstm_stretch *s, const struct codec_lstm *layer, const float *x, float *y);

#endif
