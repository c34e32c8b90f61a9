/* A sound that goes in: its codes by the codec's encoder, in units between the batch's steps. */
#include "engine/inside.h"

int batch_encode_frames(const struct batch *b, size_t n_samples)
{
	return encoder_n_frames(b->engine->model, (int)n_samples);
}

void batch_encode_begin(struct batch *b, const float *samples, size_t n_samples, uint16_t *codes)
{
	encoder_begin(&b->work.encoder, samples, (int)n_samples, codes);
}

bool batch_encode_step(struct batch *b)
{
	return encoder_step(&b->work.encoder);
}
