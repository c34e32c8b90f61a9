/*
 * engine/pattern: MusicGen's delay pattern (musicgen.md 4). Pure.
 *
 * A sequence of n_frames frames is n_frames + n_delays + 1 columns of K codes: column s
 * holds, of codebook k, frame s - 1 - delay(k), where there is such a frame, else
 * the special id. Column 0 is all special. Mono delays are 0 1 2 3, stereo 0 0 1 1 2 2 3 3.
 *
 * The first n_known frames may be given: columns 0..n_known are then whole, and nothing is ever stored over them.
 */
#ifndef ENGINE_PATTERN_H
#define ENGINE_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

struct pattern {
	int n_codebooks, n_channels, n_frames;
	uint16_t special;
	int n_known;
	int stride; /* from one codebook's codes to the next one's; 0: n_frames */
};

static inline int pattern_delay(const struct pattern *p, int codebook) { return codebook / p->n_channels; }
/* Columns that are predicted: n_known + 1..n_steps. The decoder runs once for each, fed with the one before. */
static inline int pattern_n_steps(const struct pattern *p) { return p->n_frames + p->n_codebooks / p->n_channels - 1; }
static inline int pattern_n_columns(const struct pattern *p) { return pattern_n_steps(p) + 1; }

/* The frame of codebook k in a column, or -1: special. */
static inline int pattern_frame(const struct pattern *p, int codebook, int column)
{
	int frame = column - 1 - pattern_delay(p, codebook);

	return frame < 0 || frame >= p->n_frames ? -1 : frame;
}

/* Whether a column's cell is drawn: it is neither special nor given. */
static inline bool pattern_is_drawn(const struct pattern *p, int codebook, int column)
{
	int frame = pattern_frame(p, codebook, column);

	return frame >= 0 && frame >= p->n_known;
}

/* ids[k] of one column, from codes [K][stride] as far as they are there. */
void pattern_column(const struct pattern *p, const uint16_t *codes, int column, uint16_t *ids);
/* Puts what was drawn for a column where it belongs; what falls on cells that are not drawn is dropped. */
void pattern_store(const struct pattern *p, uint16_t *codes, int column, const uint16_t *ids);

#endif
