/*
 * engine/slab: one block of memory cut into pieces, measured first.
 *
 * The same code runs twice: over SLAB_INIT it only adds up, and every piece is NULL;
 * slab_make then allocates the sum; the second run hands the pieces out.
 *
 *   struct slab s = SLAB_INIT;
 *   t5_init(&t5, ..., &s);
 *   slab_make(&s, "work space", err);
 *   t5_init(&t5, ..., &s);
 *   slab_free(&s);
 *
 * Pieces are zeroed, start at multiples of SLAB_ALIGN bytes and live until slab_free.
 * A sum that overflows is kept as SIZE_MAX, which slab_make refuses.
 */
#ifndef ENGINE_SLAB_H
#define ENGINE_SLAB_H

#include "base/err.h"

#include <stddef.h>

#define SLAB_ALIGN 64 /* a cache line, and the widest vector */

struct slab {
	unsigned char *memory; /* as allocated */
	unsigned char *base;   /* NULL while measuring; aligned */
	size_t n_used;
	size_t n_bytes; /* of base, once made */
};

#define SLAB_INIT { NULL, NULL, 0, 0 }

/* n * size bytes, or NULL while measuring. More than was measured is a bug of ours. */
void *slab_take(struct slab *s, size_t n, size_t size);
/* what: how the sentence calls the block. ERR_MEMORY with the figure. */
int slab_make(struct slab *s, const char *what, struct err *err) WARN_UNUSED;
void slab_free(struct slab *s);

#endif
