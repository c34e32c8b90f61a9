/*
 * order: the order in which jobs run: one checkpoint after the other, take 1 of everything before take 2, then as written.
 */
#include "manifest/expand.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct key {
	int version, take;
	int64_t at;
};

/* Versions in the order in which they are seen first. A card has few, so a list will do. */
struct versions {
	const char **names;
	int n, cap;
};

static int version_rank(struct versions *v, const char *name)
{
	for (int i = 0; i < v->n; i++)
		if (v->names[i] == name || !strcmp(v->names[i], name))
			return i;
	MEM_GROW(v->names, v->n, v->cap);
	v->names[v->n] = name;
	return v->n++;
}

static int key_order(const void *a, const void *b)
{
	const struct key *ka = a, *kb = b;

	if (ka->version != kb->version)
		return ka->version < kb->version ? -1 : 1;
	if (ka->take != kb->take)
		return ka->take < kb->take ? -1 : 1;
	return (ka->at > kb->at) - (ka->at < kb->at);
}

static struct key *make_keys(struct expansion *x)
{
	struct versions versions = { NULL, 0, 0 };
	struct key *keys = mem_zalloc((size_t)x->n, sizeof *keys);

	for (int64_t i = 0; i < x->n; i++) {
		struct value v = VALUE_NONE_INIT;

		if (x->in->version >= 0)
			v = job_value(&x->jobs[i], x->in->version);
		keys[i].version = version_rank(&versions, v.kind == VALUE_TEXT ? v.as.text : "");
		keys[i].take = x->jobs[i].take;
		keys[i].at = i;
	}
	free(versions.names);
	return keys;
}

void order_jobs(struct expansion *x)
{
	struct key *keys;
	struct job *sorted;
	bool is_sorted = true;

	if (x->n == 0)
		return;
	keys = make_keys(x);
	for (int64_t i = 1; i < x->n; i++)
		is_sorted &= key_order(&keys[i - 1], &keys[i]) < 0;
	if (!is_sorted) {
		qsort(keys, (size_t)x->n, sizeof *keys, key_order);
		sorted = mem_zalloc((size_t)x->n, sizeof *sorted);
		for (int64_t i = 0; i < x->n; i++)
			sorted[i] = x->jobs[keys[i].at];
		free(x->jobs);
		x->jobs = sorted;
		x->cap = x->n;
	}
	for (int64_t i = 0; i < x->n; i++)
		x->jobs[i].ordinal = i;
	free(keys);
}
