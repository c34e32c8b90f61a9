/*
 * engine/prompts: the keys and values of prompts, computed once per distinct prompt and kept while there is room.
 *
 * A prompt is its ids. It is held by every sequence that uses it (prompts_hold, prompts_release); one that nobody holds
 * stays until its blocks are wanted, the least recently used goes first. One thread.
 */
#ifndef ENGINE_PROMPTS_H
#define ENGINE_PROMPTS_H

#include "engine/engine.h"
#include "engine/kv.h"

#include <stdbool.h>

/* Prompts remembered beside those in use: small things, their blocks are what counts. */
#define PROMPTS_SPARE 32

struct prompt {
	int n_ids; /* 0: a free entry */
	int ids[ENGINE_PROMPT_TOKENS_MAX];
	int n_holders;
	bool is_ready; /* its blocks are filled */
	uint64_t used_at; /* the last hold or release */
	uint64_t made_at;
	struct kv_stream cross;
};

struct prompts {
	struct prompt *entries; /* [n_entries], the caller's memory, zeroed */
	int n_entries;
	uint64_t clock;
};

struct prompt *prompts_find(struct prompts *p, const int *ids, int n_ids); /* NULL: not there */
/* A new entry with blocks from the pool, or NULL when all entries are held. The caller made room in the pool. */
struct prompt *prompts_add(struct prompts *p, struct kv_pool *pool, const int *ids, int n_ids);
void prompts_hold(struct prompts *p, struct prompt *prompt);
void prompts_release(struct prompts *p, struct kv_pool *pool, struct prompt *prompt);
/* Gives back the blocks of the prompt that nobody has used for longest; false when all are held. */
bool prompts_evict(struct prompts *p, struct kv_pool *pool);
/* The first that was added and is not ready. NULL: none. */
struct prompt *prompts_next(struct prompts *p);
int prompts_idle_blocks(const struct prompts *p); /* blocks that evicting would free */

#endif
