/*
 * engine/codec_conv: the codec's convolutions over a piece of a signal, with exact neighbours.
 *
 * A signal is channels-last rows. A span says which rows of how many; a layer's `need` says which
 * input rows its output rows depend on, its `run` makes them. Rows before 0 and from length on are
 * reflected or zero, as the config says; all others must be in the span given. Each output is one whole
 * dot product over its window, so that the cut into spans never changes it.
 */
#ifndef ENGINE_CODEC_CONV_H
#define ENGINE_CODEC_CONV_H

#include "engine/codec_lstm.h"
#include "engine/crew.h"
#include "engine/model.h"

#include <stdbool.h>

/* Rows begin..end-1 of a signal of `length` rows. */
struct codec_span {
	int begin, end, length;
};

/* Where the pieces of work lie, for both halves of the codec in turns: nothing stays there from one unit of work to the next.
 * codec_bench_init (codec_tile.h) sizes it. */
struct codec_bench {
	const struct model *model;
	struct crew *crew;
	float *padded;  /* a convolution's input with its edges */
	float *windows; /* gathered rows of a dilated one */
	float *even, *odd; /* what layers make, in turns */
	float *hidden;     /* inside of a residual block */
	struct lstm_stretch stretch;
};

static inline int codec_span_rows(struct codec_span s) { return s.end - s.begin; }

/* Rows that a signal of `length` rows becomes, the last window filled up: ceil(length / stride). */
static inline int codec_conv_length(const struct codec_conv *conv, int length)
{
	return length / conv->stride + (length % conv->stride > 0);
}

/* Input rows that windows of `rows` output rows reach over. */
static inline size_t codec_conv_reach(const struct codec_conv *conv, size_t rows)
{
	return (rows - 1) * (size_t)conv->stride + (size_t)(conv->kernel - 1) * (size_t)conv->dilation + 1;
}

/* length: of the input, of which out.length is the codec_conv_length. Never more rows than codec_conv_reach says. */
struct codec_span codec_conv_need(const struct model *m, const struct codec_conv *conv, struct codec_span out, int length);
struct codec_span codec_up_need(const struct model *m, const struct codec_up *up, struct codec_span out);

/* y: [rows of out, n_out] with row stride ldy. x: first row of `in`. elu: of every input value first. */
void codec_conv_run(const struct codec_bench *bench, const struct codec_conv *conv, float *y, size_t ldy, struct codec_span out,
		    const float *x, struct codec_span in, bool elu);
/* Returns where in y the first row of `out` lies; y has room for whole frames (codec_up_rows). */
float *codec_up_run(const struct codec_bench *bench, const struct codec_up *up, float *y, struct codec_span out, const float *x,
		    struct codec_span in, bool elu);

/* y[rows, width] = elu(x), spread over the threads. x may be y. */
void codec_elu(const struct codec_bench *bench, float *y, const float *x, int rows, int width);
/* y += x */
void codec_add(const struct codec_bench *bench, float *y, const float *x, int rows, int width);

#endif
