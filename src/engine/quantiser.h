/*
 * engine/quantiser: vectors to codes, book by book (EnCodec's residual vector quantiser, musicgen.md 7.4).
 *
 *   quantiser_init twice over a slab (slab.h), after codec_bench_init
 *   quantiser_run
 *
 * The code of a book is the vector nearest to what the books before left over, the lowest of equals; that vector is then taken
 * off. Nearest: least |E_j|^2 - 2 r . E_j, which is the distance but for |r|^2. Only the codes that the decoder has are used.
 * Each row is made alone. Orders and roundings: MODEL.md. One thread.
 */
#ifndef ENGINE_QUANTISER_H
#define ENGINE_QUANTISER_H

#include "engine/codec_conv.h"

#include <stdint.h>

struct quantiser {
	const struct codec_bench *bench;
	int n_codes;
	float *squares; /* |E_j|^2, [n_codebooks][n_codes] */
};

void quantiser_init(struct quantiser *q, const struct codec_bench *bench, struct slab *slab);

/* rest: [n_rows, width], of which the codes are taken off. Code of book k for row t: codes[k * codebook_stride + t]. Uses
 * bench->odd and bench->padded, in which rest must not lie; n_rows as add_fronts (codec_tile.c) has it. */
void quantiser_run(const struct quantiser *q, float *rest, int n_rows, uint16_t *codes, size_t codebook_stride);

#endif
