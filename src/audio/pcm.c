/* Samples in memory. */
#include "audio/audio.h"

#include <math.h>
#include <stdlib.h>

void pcm_release(struct pcm *pcm)
{
	free(pcm->samples);
	*pcm = (struct pcm)PCM_INIT;
}

void pcm_saturate(struct pcm *pcm)
{
	size_t n = pcm->n_frames * (size_t)pcm->n_channels, i;

	for (i = 0; i < n; i++)
		pcm->samples[i] = pcm->samples[i] > 1 ? 1 : pcm->samples[i] < -1 ? -1 : pcm->samples[i];
}

/* swresample's lrintf(x * 32768) with saturation, which the model's own tools use (musicgen.md 10.3). The product is
 * exact in double, so there is one rounding. */
void audio_quantise(const float *samples, size_t n, int bits, int32_t *out)
{
	const double scale = (double)(INT64_C(1) << (bits - 1));
	const double low = -scale, high = scale - 1;
	size_t i;

	for (i = 0; i < n; i++) {
		double v = rint((double)samples[i] * scale); /* to even: the program never changes the rounding mode */

		if (isnan(v))
			v = 0;
		out[i] = (int32_t)(v < low ? low : v > high ? high : v);
	}
}
