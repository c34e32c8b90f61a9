/*
 * engine/codec: EnCodec's decoder, from codes to samples (musicgen.md 7).
 *
 *   codec_bench_init, codec_init twice over a slab (slab.h)
 *   codec_join any number of clips while codec_n_free says so
 *   codec_step until it answers false; codec_take after each
 *
 * A clip is one channel. The first convolution and the LSTM go through time once for all clips together, in
 * stretches of CODEC_LSTM_STEPS frames, between which clips join and leave; what follows is local and is
 * made clip by clip in tiles of tile_frames with exactly the neighbours that they need, so that tiling never
 * changes a sample. Work space does not depend on a clip's length. Allocates nothing after init. One thread.
 *
 * Probe stages (rows channels-last, true for a clip alone whose tile covers it whole: tile_frames >= its frames):
 * "codec.z" [n_frames, width], "codec.layer.<i>" the output of audio_encoder.decoder.layers.<i>.
 */
#ifndef ENGINE_CODEC_H
#define ENGINE_CODEC_H

#include "engine/codec_tile.h"

#include <stdbool.h>

struct codec_clip {
	const uint16_t *codes;  /* code of codebook c at frame t: codes[c * codebook_stride + t]; borrowed until taken */
	size_t codebook_stride;
	int n_codebooks;        /* 1..the file's */
	int n_frames;
	float *out;             /* sample i: out[i * out_stride]; n_frames * frame_samples of them */
	size_t out_stride;
	void *owner;            /* the caller's, handed back */
};

/* A clip in work. */
struct codec_lane {
	struct codec_clip clip;
	bool is_busy, is_done;
	int n_heard;   /* frames that went through the LSTM */
	int n_made;    /* frames whose samples are out */
	int kept_from; /* frame of the first row of kept */
	float *kept;   /* [kept_rows, front width]: the last frames that were heard */
	float *h, *c;  /* LSTM states, [layers, front width] */
};

struct codec {
	const struct model *model;
	struct codec_bench *bench;
	struct probe probe;
	int n_lanes, tile_frames;
	int width;     /* of the signal that the LSTM makes */
	int n_reach;   /* frames of neighbours that a tile may need on each side */
	int kept_rows;
	struct codec_lane *lanes;
	int *order;    /* lanes of a stretch, [n_lanes] */
	float *z;      /* a clip's code vectors with its neighbours' */
	float *front;  /* what the LSTM hears, [step][clip][width] */
};

/* bench: for n_lanes clips and tiles of tile_frames, which is CODEC_TILE_FRAMES but for tests; borrowed. n_lanes: clips at once. */
void codec_init(struct codec *codec, struct codec_bench *bench, int n_lanes, int tile_frames, struct slab *slab);

int codec_n_free(const struct codec *codec);
void codec_join(struct codec *codec, const struct codec_clip *clip); /* a lane is free */
bool codec_step(struct codec *codec);                                /* one stretch or one tile; false: nothing to do */
bool codec_take(struct codec *codec, void **owner);                  /* a finished clip; its lane is free again */
void codec_drop(struct codec *codec, const void *owner);             /* all clips of this owner, finished or not */

#endif
