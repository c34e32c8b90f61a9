#include "engine/pattern.h"

void pattern_column(const struct pattern *p, const uint16_t *codes, int column, uint16_t *ids)
{
	for (int k = 0; k < p->n_codebooks; k++) {
		int frame = pattern_frame(p, k, column);

		ids[k] = frame < 0 ? p->special : codes[(long)k * p->n_frames + frame];
	}
}

void pattern_store(const struct pattern *p, uint16_t *codes, int column, const uint16_t *ids)
{
	for (int k = 0; k < p->n_codebooks; k++) {
		int frame = pattern_frame(p, k, column);

		if (frame >= 0)
			codes[(long)k * p->n_frames + frame] = ids[k];
	}
}
