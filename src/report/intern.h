/*
 * report/intern: texts told once and meant by number (the page's data repeats the same values in many rows).
 *
 * intern_add answers the number of an equal text, or makes the next one; numbers count from 0 in order of
 * arrival. The texts are copied. Zeroed memory is an empty set; intern_release leaves one. Not thread-safe.
 */
#ifndef REPORT_INTERN_H
#define REPORT_INTERN_H

#include "base/arena.h"

#include <stddef.h>

struct intern {
	struct arena arena;
	const char **texts; /* [n], by number */
	int n, cap;
	int *slots;         /* [n_slots], a power of two: number + 1, 0: free */
	int n_slots;
};

int intern_add(struct intern *in, const char *text);
void intern_release(struct intern *in);

#endif
