#include "engine/shared.h"

#include <string.h>

struct shared_entry *shared_find(struct shared *s, const unsigned char key[HASH_BYTES])
{
	for (int i = 0; i < s->n_entries; i++) {
		struct shared_entry *e = &s->entries[i];

		if (e->is_used && !memcmp(e->key, key, HASH_BYTES)) {
			e->used_at = ++s->clock;
			return e;
		}
	}
	return NULL;
}

static void forget(struct kv_pool *pool, struct shared_entry *e)
{
	kv_give(pool, &e->stream);
	e->is_used = e->is_ready = false;
}

/* A new entry of this key, at the cost of one that nobody holds. NULL: all are held. */
static struct shared_entry *take_entry(struct shared *s, struct kv_pool *pool, const unsigned char key[HASH_BYTES])
{
	do {
		for (int i = 0; i < s->n_entries; i++) {
			struct shared_entry *e = &s->entries[i];

			if (e->is_used)
				continue;
			e->is_used = true;
			memcpy(e->key, key, HASH_BYTES);
			e->n_holders = 0;
			e->used_at = ++s->clock;
			return e;
		}
	} while (shared_evict(s, pool));
	return NULL;
}

struct shared_entry *shared_add(struct shared *s, struct kv_pool *pool, const unsigned char key[HASH_BYTES], int n_positions)
{
	struct shared_entry *e = take_entry(s, pool, key);

	if (e)
		kv_take(pool, &e->stream, kv_blocks_for(n_positions));
	return e;
}

void shared_adopt(struct shared *s, struct kv_pool *pool, const unsigned char key[HASH_BYTES], struct kv_stream *from, int n_blocks)
{
	struct shared_entry *e = take_entry(s, pool, key);

	if (!e)
		return;
	kv_move(from, &e->stream, n_blocks);
	e->is_ready = true;
}

void shared_hold(struct shared *s, struct shared_entry *e)
{
	e->n_holders++;
	e->used_at = ++s->clock;
}

void shared_release(struct shared *s, struct kv_pool *pool, struct shared_entry *e)
{
	if (!e)
		return;
	e->used_at = ++s->clock;
	/* Nobody waits any more for one that was never computed. */
	if (--e->n_holders == 0 && !e->is_ready)
		forget(pool, e);
}

bool shared_evict(struct shared *s, struct kv_pool *pool)
{
	struct shared_entry *oldest = NULL;

	for (int i = 0; i < s->n_entries; i++) {
		struct shared_entry *e = &s->entries[i];

		if (e->is_used && e->n_holders == 0 && (!oldest || e->used_at < oldest->used_at))
			oldest = e;
	}
	if (!oldest)
		return false;
	forget(pool, oldest);
	return true;
}

int shared_idle_blocks(const struct shared *s)
{
	int n = 0;

	for (int i = 0; i < s->n_entries; i++) {
		if (s->entries[i].is_used && s->entries[i].n_holders == 0)
			n += s->entries[i].stream.n_blocks;
	}
	return n;
}
