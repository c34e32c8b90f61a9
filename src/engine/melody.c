/* The tune of a sound, for a window of a sequence (engine.h): the chroma of what the window is given to hear, cut or tiled. */
#include "engine/inside.h"

#include "engine/chroma.h"

#include "base/mem.h"

/* Samples beyond which none of a window's classes hears anything: a class looks half a spectrum behind its middle. */
static size_t heard_samples(const struct lm_dims *lm, size_t n_samples)
{
	size_t most = (size_t)lm->melody_classes * (size_t)lm->chroma.hop + (size_t)lm->chroma.n_fft;

	return n_samples < most ? n_samples : most;
}

int melody_samples(const struct model *m)
{
	return (int)heard_samples(&m->lm, (size_t)m->lm.chunk_s * (size_t)m->codec.rate_hz);
}

/* The sound of a window, begun again when it ends. */
static void loop(const float *mono, size_t n_samples, size_t begin, float *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = mono[(begin + i) % n_samples];
}

static void cut_or_tile(const uint8_t *found, size_t n_found, uint8_t *classes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		classes[i] = found[i % n_found];
}

int engine_melody(const struct engine *e, const float *mono, size_t n_samples, int n_frames, int window, uint8_t *classes, struct err *err)
{
	const struct lm_dims *lm = &e->model->lm;
	struct windows windows = windows_of(e, n_frames, 0);
	bool is_one = windows_count(&windows) == 1;
	size_t n_part = is_one ? 0 : (size_t)e->info.melody_samples, n_heard = is_one ? heard_samples(lm, n_samples) : n_part;
	size_t n_found = chroma_n_frames(&lm->chroma, n_heard);
	uint8_t *found = mem_try(n_found, sizeof *found);
	float *part = is_one ? NULL : mem_try(n_part, sizeof *part);
	struct chroma *chroma = NULL;
	int status = -1;

	if (!found || (!is_one && !part)) {
		(void)err_set(err, ERR_MEMORY, "no memory to listen to a melody of %zu samples", n_heard);
		goto out;
	}
	if (chroma_open(&chroma, &lm->chroma, err) != 0)
		goto out;
	if (!is_one)
		loop(mono, n_samples, (size_t)windows_at(&windows, window).begin * (size_t)e->info.frame_samples, part, n_part);
	chroma_classes(chroma, is_one ? mono : part, n_heard, found);
	cut_or_tile(found, n_found, classes, (size_t)lm->melody_classes);
	status = 0;
out:
	chroma_close(chroma);
	free(found);
	free(part);
	return status;
}
