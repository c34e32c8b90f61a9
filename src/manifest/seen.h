/*
 * manifest/seen: a hash table from anything to a number, to find what comes twice.
 *
 * SEEN_INIT, seen_put with the hash of a key and the number that stands for it,
 * seen_release. The table does not know keys: `same` compares the caller's key
 * (arg) with that of a number put in before. Memory: 16 bytes a slot, at most half full.
 */
#ifndef MANIFEST_SEEN_H
#define MANIFEST_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen_slot {
	uint64_t hash;
	int64_t value; /* + 1; 0: empty */
};

struct seen {
	struct seen_slot *slots;
	size_t n, cap; /* cap: a power of two, or 0 */
};

#define SEEN_INIT { NULL, 0, 0 }

/* The number that the same key had before, or -1 and value (>= 0) is put in. */
int64_t seen_put(struct seen *s, uint64_t hash, int64_t value, bool (*same)(const void *arg, int64_t value), const void *arg);
/* The number of the key, or -1. */
int64_t seen_get(const struct seen *s, uint64_t hash, bool (*same)(const void *arg, int64_t value), const void *arg);
void seen_clear(struct seen *s); /* empties it and keeps the memory */
void seen_release(struct seen *s);

uint64_t seen_hash(const void *bytes, size_t len);   /* FNV-1a */
uint64_t seen_hash_folded(const char *bytes, size_t len); /* ASCII case ignored */

#endif
