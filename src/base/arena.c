#include "base/arena.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ARENA_BLOCK_BYTES 16384 /* ordinary blocks; a larger request gets a block of its own */
#define ARENA_ALIGN 16          /* what malloc gives: fits every type of ours */

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(ARENA_ALIGN) unsigned char bytes[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *b;
	size_t total = 0;

	if (!mem_add(sizeof *b, size, &total))
		total = SIZE_MAX; /* refused by mem_zalloc with its sentence */
	b = mem_zalloc(1, total);
	b->size = size;
	return b;
}

/* A block with room for size bytes. A large one goes behind the newest, which keeps its free tail in use. */
static struct arena_block *block_for(struct arena *a, size_t size)
{
	struct arena_block *first = a->blocks, *b;

	if (first && first->size - first->used >= size)
		return first;
	b = block_new(size > ARENA_BLOCK_BYTES / 4 ? size : ARENA_BLOCK_BYTES);
	if (first && size > ARENA_BLOCK_BYTES / 4) {
		b->next = first->next;
		first->next = b;
	} else {
		b->next = first;
		a->blocks = b;
	}
	return b;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	struct arena_block *b;
	size_t total = 0;
	void *p;

	if (!mem_mul(n, size, &total) || total > SIZE_MAX - ARENA_ALIGN)
		return mem_zalloc(SIZE_MAX, 2); /* aborts with the sentence of base/mem */
	total = (total + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (total == 0)
		total = ARENA_ALIGN;
	b = block_for(a, total);
	p = b->bytes + b->used;
	b->used += total;
	a->n_bytes += total;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p;

	if (len == SIZE_MAX)
		BUG("a text of %zu bytes", len);
	p = arena_alloc(a, len + 1, 1);
	if (len)
		memcpy(p, s, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("format '%s' cannot be printed", fmt);
	p = arena_alloc(a, (size_t)n + 1, 1);
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void arena_release(struct arena *a)
{
	struct arena_block *b = a->blocks, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	a->blocks = NULL;
	a->n_bytes = 0;
}
