#include "engine/pattern.h"

#include <stddef.h>

static size_t cell_at(const struct pattern *p, int codebook, int frame)
{
	return (size_t)codebook * (size_t)(p->stride > 0 ? p->stride : p->n_frames) + (size_t)frame;
}

void pattern_column(const struct pattern *p, const uint16_t *codes, int column, uint16_t *ids)
{
	for (int k = 0; k < p->n_codebooks; k++) {
		int frame = pattern_frame(p, k, column);

		ids[k] = frame < 0 ? p->special : codes[cell_at(p, k, frame)];
	}
}

void pattern_store(const struct pattern *p, uint16_t *codes, int column, const uint16_t *ids)
{
	for (int k = 0; k < p->n_codebooks; k++) {
		if (pattern_is_drawn(p, k, column))
			codes[cell_at(p, k, pattern_frame(p, k, column))] = ids[k];
	}
}
