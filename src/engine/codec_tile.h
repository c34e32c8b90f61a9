/*
 * engine/codec_tile: a piece of a signal through the codec's local layers, with exactly the neighbours that it needs.
 *
 *   codec_bench_init twice over a slab (slab.h)
 *   codec_tile_plan    which rows each layer must read for these output rows
 *   codec_tile_run     over the rows that spans[local_begin] names
 *
 * Only true ends of a signal are padded, and each value is one whole sum: tiling never changes a bit.
 */
#ifndef ENGINE_CODEC_TILE_H
#define ENGINE_CODEC_TILE_H

#include "engine/codec_conv.h"

#define CODEC_TILE_FRAMES 32 /* 0.64 s; at 64 filters some 5 MB of work space each of four buffers */

/* Room for tiles of tile_frames and stretches of n_clips, for both halves. */
void codec_bench_init(struct codec_bench *bench, const struct model *model, struct crew *crew, int n_clips, int tile_frames,
		      struct slab *slab);

/* spans: [MODEL_CODEC_LAYERS_MAX + 1]; [i] is what local layer i reads, [local_end] the output rows begin..end - 1.
 * length: of the first one's input. */
void codec_tile_plan(const struct model *m, const struct codec_half *half, int length, int begin, int end, struct codec_span *spans);

/* x: first row of spans[local_begin]; it may lie in bench->odd. Returns the rows of spans[local_end], in the bench.
 * stage: of the probe, before the layer's number. */
const float *codec_tile_run(const struct codec_bench *bench, const struct codec_half *half, const struct codec_span *spans, const float *x,
			    const struct probe *probe, const char *stage);

/* index -1: the stage has no number. */
void codec_probe(const struct probe *probe, const char *stage, int index, const float *data, int rows, int cols);

#endif
