#include "engine/window.h"

#define STRIDE_S 18 /* extend_stride (musicgen.md 11) */
#define OF_S 30

int windows_stride(int full)
{
	return full * STRIDE_S / OF_S;
}

int windows_count(const struct windows *w)
{
	int rest = w->n_frames - w->full;

	return rest <= 0 ? 1 : 1 + (rest + w->stride - 1) / w->stride;
}

struct window windows_at(const struct windows *w, int index)
{
	int begin = index * w->stride, rest = w->n_frames - begin;

	return (struct window){
		.begin = begin,
		.n_known = index == 0 ? w->n_given : w->full - w->stride,
		.n_frames = rest < w->full ? rest : w->full,
	};
}
