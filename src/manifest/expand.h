/*
 * manifest/expand: laid-out sets -> jobs; then their order, and what two jobs must not share.
 *
 * expand_set for each set, then order_jobs, then clash_check. Jobs lie in one
 * malloc'ed array in manifest order until order_jobs; all that they point at is in
 * the arena. A job costs sizeof (struct job), a value per parameter, a
 * struct job_axis per axis and its path: some 500 bytes with the card that ships.
 */
#ifndef MANIFEST_EXPAND_H
#define MANIFEST_EXPAND_H

#include "manifest/lay.h"

struct expansion {
	struct manifest_inside *in;
	struct job *jobs;
	int64_t n, cap;
	const struct choice *model_version; /* stands where nobody says a version; NULL: the card's default */
};

/* Adds the layout's jobs and fills count. cap has room for them. */
void expand_set(struct expansion *x, const struct layout *l, struct manifest_count *count);

/* order.c: by modelVersion as first seen, then take, then as they are; ordinals. */
void order_jobs(struct expansion *x);

/* clash.c: equal ids, equal paths, paths that a data set's loader takes for a split, full folders. */
void clash_check(struct expansion *x);
/* The length of the next word from *at on that makes Hugging Face's audiofolder take path for a split, its place and the split; 0: none. */
size_t split_word(const char *path, size_t *at, const char **ret_split);

#endif
