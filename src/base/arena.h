/*
 * base/arena: many small things with one death (git's mem-pool).
 *
 * arena_init, any number of arena_alloc, arena_release. What was handed out
 * lives until the release and is never freed alone. Zeroed, aligned to 16.
 * Aborts when memory is out. Not thread-safe.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t n_bytes;             /* handed out in all */
};

#define ARENA_INIT { NULL, 0 }

void *arena_alloc(struct arena *a, size_t n, size_t size); /* n * size zeroed bytes */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len); /* len bytes and a NUL */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
void arena_release(struct arena *a);

#endif
