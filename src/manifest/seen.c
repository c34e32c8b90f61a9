#include "manifest/seen.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a, 64 bit: offset basis and prime from its authors' page. */
#define FNV_BASIS 0xCBF29CE484222325u
#define FNV_PRIME 0x100000001B3u

uint64_t seen_hash(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t h = FNV_BASIS;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * FNV_PRIME;
	return h;
}

uint64_t seen_hash_folded(const char *bytes, size_t len)
{
	uint64_t h = FNV_BASIS;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		h = (h ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * FNV_PRIME;
	}
	return h;
}

/* FNV's low bits are weak for short keys: fold the high half in. */
static size_t first_slot(const struct seen *s, uint64_t hash)
{
	return (size_t)(hash ^ hash >> 32) & (s->cap - 1);
}

static void grow(struct seen *s)
{
	struct seen bigger = { NULL, s->n, s->cap ? 2 * s->cap : 64 };

	bigger.slots = mem_zalloc(bigger.cap, sizeof *bigger.slots);
	for (size_t i = 0; i < s->cap; i++) {
		size_t at = first_slot(&bigger, s->slots[i].hash);

		if (!s->slots[i].value)
			continue;
		while (bigger.slots[at].value)
			at = (at + 1) & (bigger.cap - 1);
		bigger.slots[at] = s->slots[i];
	}
	free(s->slots);
	*s = bigger;
}

/* The slot of the key, or the empty one where it would go. The table has an empty slot. */
static struct seen_slot *find(const struct seen *s, uint64_t hash, bool (*same)(const void *, int64_t), const void *arg)
{
	size_t at = first_slot(s, hash);

	while (s->slots[at].value && !(s->slots[at].hash == hash && same(arg, s->slots[at].value - 1)))
		at = (at + 1) & (s->cap - 1);
	return &s->slots[at];
}

int64_t seen_put(struct seen *s, uint64_t hash, int64_t value, bool (*same)(const void *, int64_t), const void *arg)
{
	struct seen_slot *slot;

	if (2 * (s->n + 1) > s->cap)
		grow(s);
	slot = find(s, hash, same, arg);
	if (slot->value)
		return slot->value - 1;
	slot->hash = hash;
	slot->value = value + 1;
	s->n++;
	return -1;
}

int64_t seen_get(const struct seen *s, uint64_t hash, bool (*same)(const void *, int64_t), const void *arg)
{
	return s->cap ? find(s, hash, same, arg)->value - 1 : -1;
}

void seen_clear(struct seen *s)
{
	if (s->cap > 0)
		memset(s->slots, 0, s->cap * sizeof *s->slots);
	s->n = 0;
}

void seen_release(struct seen *s)
{
	free(s->slots);
	s->slots = NULL;
	s->n = s->cap = 0;
}
