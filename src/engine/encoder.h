/*
 * engine/encoder: EnCodec's encoder, from samples to codes (musicgen.md 7).
 *
 *   codec_bench_init, encoder_init twice over a slab (slab.h)
 *   encoder_begin
 *   encoder_step until it answers false: the codes are whole
 *
 * One sound at a time, each of its channels alone. The convolutions down to a row a frame are local: they are made in tiles of
 * tile_frames with exactly the neighbours that they need. When a stretch of CODEC_LSTM_STEPS frames of all channels is there,
 * the LSTM goes over it, the last convolution makes vectors of what it has both neighbours of, and the quantiser codes of them.
 * So work space does not depend on the sound's length, and the cut never changes a code. Allocates nothing after init. One thread.
 *
 * Probe stages (rows channels-last, of each channel in turn): "encoder.layer.<i>" the output of audio_encoder.encoder.layers.<i>,
 * true for the first tile and stretch of a channel; "encoder.rest" what the last book leaves of it.
 */
#ifndef ENGINE_ENCODER_H
#define ENGINE_ENCODER_H

#include "engine/codec_tile.h"
#include "engine/quantiser.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct encoder {
	const struct model *model;
	struct codec_bench *bench;
	struct quantiser quantiser;
	struct probe probe;
	const struct codec_layer *lstm; /* NULL: none */
	const struct codec_conv *last;
	int tile_frames, n_channels;
	int width;         /* of the signal at a row a frame */
	int n_reach;       /* frames that the last convolution may need on each side */
	float *ahead;      /* what the LSTM hears next, [step][channel][width] */
	float *kept;       /* the last frames that it heard, [channel][CODEC_LSTM_STEPS + 2 n_reach][width] */
	float *h, *c;      /* its states, [channel][layers, width] */
	/* of the sound in work */
	const float *samples; /* borrowed; interleaved */
	uint16_t *codes;      /* borrowed; [book][channel][n_frames] */
	int n_samples, n_frames;
	int channel;       /* in its tiles now */
	int n_ahead;       /* frames of this channel that are ahead */
	int n_heard;       /* frames that went through the LSTM */
	int n_made;        /* frames whose codes are out */
	int kept_from;     /* frame of the first row of kept */
};

/* bench: for tiles of tile_frames, which is CODEC_TILE_FRAMES but for tests; borrowed. */
void encoder_init(struct encoder *e, struct codec_bench *bench, int tile_frames, struct slab *slab);

/* As batch_encode_begin (engine.h) says; what was in work is forgotten. */
void encoder_begin(struct encoder *e, const float *samples, int n_samples, uint16_t *codes);
bool encoder_step(struct encoder *e); /* one tile or one stretch; false: the codes are whole */

/* Frames of n_samples: the last one may be short of samples. */
static inline int encoder_n_frames(const struct model *m, int n_samples)
{
	return n_samples / m->codec.frame_samples + (n_samples % m->codec.frame_samples > 0);
}

#endif
