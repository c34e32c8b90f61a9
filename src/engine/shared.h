/*
 * engine/shared: keys and values that several sequences begin with, computed once and kept while there is room.
 *
 * An entry is known by its key, the SHA-256 of what it is made of (opening.h). Who must not lose it holds it
 * (shared_hold, shared_release); one that nobody holds stays until its blocks are wanted, the least recently used goes
 * first; one that was never computed goes with its last holder. Who fills an entry says so in is_ready. One thread.
 */
#ifndef ENGINE_SHARED_H
#define ENGINE_SHARED_H

#include "base/hash.h"
#include "engine/kv.h"

#include <stdbool.h>
#include <stdint.h>

struct shared_entry {
	bool is_used, is_ready; /* is_ready: its blocks are filled */
	unsigned char key[HASH_BYTES];
	int n_holders;
	uint64_t used_at; /* the last time that somebody found, held or released it */
	struct kv_stream stream;
};

struct shared {
	struct shared_entry *entries; /* [n_entries], the caller's memory, zeroed */
	int n_entries;
	uint64_t clock;
};

struct shared_entry *shared_find(struct shared *s, const unsigned char key[HASH_BYTES]); /* NULL: not there. Counts as a use */
/* A new entry with blocks from the pool for so many positions, or NULL when all entries are held. The caller made room in the pool. */
struct shared_entry *shared_add(struct shared *s, struct kv_pool *pool, const unsigned char key[HASH_BYTES], int n_positions);
/* A new entry, ready and held by nobody, that takes over the first blocks of `from`; none when all entries are held. */
void shared_adopt(struct shared *s, struct kv_pool *pool, const unsigned char key[HASH_BYTES], struct kv_stream *from, int n_blocks);
void shared_hold(struct shared *s, struct shared_entry *e);
void shared_release(struct shared *s, struct kv_pool *pool, struct shared_entry *e); /* NULL is fine */
/* Gives back the blocks of the entry that nobody has used for longest; false when all are held. */
bool shared_evict(struct shared *s, struct kv_pool *pool);
int shared_idle_blocks(const struct shared *s); /* blocks that evicting would free */

#endif
