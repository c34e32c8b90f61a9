#include "engine/prompts.h"

#include <string.h>

struct prompt *prompts_find(struct prompts *p, const int *ids, int n_ids)
{
	for (int i = 0; i < p->n_entries; i++) {
		struct prompt *prompt = &p->entries[i];

		if (prompt->n_ids == n_ids && !memcmp(prompt->ids, ids, (size_t)n_ids * sizeof(*ids)))
			return prompt;
	}
	return NULL;
}

static void forget(struct kv_pool *pool, struct prompt *prompt)
{
	kv_give(pool, &prompt->cross);
	prompt->n_ids = 0;
	prompt->is_ready = false;
}

static struct prompt *free_entry(struct prompts *p)
{
	for (int i = 0; i < p->n_entries; i++) {
		if (p->entries[i].n_ids == 0)
			return &p->entries[i];
	}
	return NULL;
}

struct prompt *prompts_add(struct prompts *p, struct kv_pool *pool, const int *ids, int n_ids)
{
	struct prompt *prompt = free_entry(p);

	if (!prompt && prompts_evict(p, pool))
		prompt = free_entry(p);
	if (!prompt)
		return NULL;
	prompt->n_ids = n_ids;
	memcpy(prompt->ids, ids, (size_t)n_ids * sizeof(*ids));
	prompt->n_holders = 0;
	prompt->is_ready = false;
	prompt->made_at = prompt->used_at = ++p->clock;
	kv_take(pool, &prompt->cross, kv_blocks_for(n_ids));
	return prompt;
}

void prompts_hold(struct prompts *p, struct prompt *prompt)
{
	prompt->n_holders++;
	prompt->used_at = ++p->clock;
}

void prompts_release(struct prompts *p, struct kv_pool *pool, struct prompt *prompt)
{
	prompt->used_at = ++p->clock;
	/* Nobody waits any more for one that was never computed. */
	if (--prompt->n_holders == 0 && !prompt->is_ready)
		forget(pool, prompt);
}

bool prompts_evict(struct prompts *p, struct kv_pool *pool)
{
	struct prompt *oldest = NULL;

	for (int i = 0; i < p->n_entries; i++) {
		struct prompt *prompt = &p->entries[i];

		if (prompt->n_ids > 0 && prompt->n_holders == 0 && (!oldest || prompt->used_at < oldest->used_at))
			oldest = prompt;
	}
	if (!oldest)
		return false;
	forget(pool, oldest);
	return true;
}

struct prompt *prompts_next(struct prompts *p)
{
	struct prompt *first = NULL;

	for (int i = 0; i < p->n_entries; i++) {
		struct prompt *prompt = &p->entries[i];

		if (prompt->n_ids > 0 && !prompt->is_ready && (!first || prompt->made_at < first->made_at))
			first = prompt;
	}
	return first;
}

int prompts_idle_blocks(const struct prompts *p)
{
	int n = 0;

	for (int i = 0; i < p->n_entries; i++) {
		if (p->entries[i].n_ids > 0 && p->entries[i].n_holders == 0)
			n += p->entries[i].cross.n_blocks;
	}
	return n;
}
