#include "report/intern.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 256

/* FNV-1a, 32 bit: offset basis and prime as its authors publish them. */
static uint32_t hash_of(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

/* The slot that holds the text, or the free one where it belongs. */
static int *find_slot(const struct intern *in, const char *text)
{
	uint32_t mask = (uint32_t)in->n_slots - 1, i = hash_of(text) & mask;

	while (in->slots[i] && strcmp(in->texts[in->slots[i] - 1], text) != 0)
		i = (i + 1) & mask;
	return &in->slots[i];
}

/* At most half full, so that a search is short. */
static void grow(struct intern *in)
{
	free(in->slots);
	in->n_slots = in->n_slots ? 2 * in->n_slots : SLOTS_FIRST;
	in->slots = mem_zalloc((size_t)in->n_slots, sizeof *in->slots);
	for (int i = 0; i < in->n; i++)
		*find_slot(in, in->texts[i]) = i + 1;
}

int intern_add(struct intern *in, const char *text)
{
	int *slot;

	if (2 * in->n >= in->n_slots)
		grow(in);
	slot = find_slot(in, text);
	if (!*slot) {
		MEM_GROW(in->texts, in->n, in->cap);
		in->texts[in->n++] = arena_strdup(&in->arena, text);
		*slot = in->n;
	}
	return *slot - 1;
}

void intern_release(struct intern *in)
{
	arena_release(&in->arena);
	free(in->texts);
	free(in->slots);
	memset(in, 0, sizeof *in);
}
