#include "engine/slab.h"

#include "base/mem.h"

#include <stdint.h>

void *slab_take(struct slab *s, size_t n, size_t size)
{
	size_t bytes, end;
	void *piece;

	if (!mem_mul(n, size, &bytes) || !mem_add(bytes, SLAB_ALIGN - 1, &bytes) ||
	    !mem_add(s->n_used, bytes / SLAB_ALIGN * SLAB_ALIGN, &end))
		end = SIZE_MAX;
	if (s->base && end > s->n_bytes)
		BUG("a block of %zu bytes was measured too small for %zu", s->n_bytes, end);
	piece = s->base ? s->base + s->n_used : NULL;
	s->n_used = end;
	return piece;
}

int slab_make(struct slab *s, const char *what, struct err *err)
{
	size_t bytes;

	if (!mem_add(s->n_used, SLAB_ALIGN, &bytes) || !(s->memory = mem_try(bytes, 1)))
		return err_set(err, ERR_MEMORY, "cannot get %zu bytes for the %s: close other programs or use a smaller model", s->n_used,
			       what);
	s->base = s->memory + (SLAB_ALIGN - (uintptr_t)s->memory % SLAB_ALIGN) % SLAB_ALIGN;
	s->n_bytes = s->n_used;
	s->n_used = 0;
	return 0;
}

void slab_free(struct slab *s)
{
	free(s->memory);
	*s = (struct slab)SLAB_INIT;
}
