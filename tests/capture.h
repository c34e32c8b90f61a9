/*
 * capture.h: a probe (engine/model.h) that keeps what it saw, for the unit tests.
 *
 *   struct capture seen = { 0 };
 *   t5.probe = capture_probe(&seen);
 *   t5_encode(...);
 *   const struct captured *c = capture_get(&seen, "t5.h.0");   NULL: not seen
 *   capture_clear(&seen);
 *
 * A stage that comes again replaces what it was.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "engine/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct captured {
	char stage[48];
	int rows, cols;
	float *data;
};

struct capture {
	struct captured *all;
	size_t n;
};

static inline const struct captured *capture_get(const struct capture *c, const char *stage)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->all[i].stage, stage))
			return &c->all[i];
	return NULL;
}

static inline void capture_keep(void *arg, const char *stage, const float *data, int rows, int cols)
{
	struct capture *c = arg;
	size_t bytes = (size_t)rows * (size_t)cols * sizeof(*data), i = 0;
	float *copy = malloc(bytes ? bytes : 1);

	while (i < c->n && strcmp(c->all[i].stage, stage))
		i++;
	if (i == c->n) {
		c->all = realloc(c->all, ++c->n * sizeof(*c->all));
		if (c->all)
			memset(&c->all[i], 0, sizeof(c->all[i]));
	}
	if (!copy || !c->all)
		abort();
	memcpy(copy, data, bytes);
	free(c->all[i].data);
	snprintf(c->all[i].stage, sizeof(c->all[i].stage), "%s", stage);
	c->all[i].rows = rows;
	c->all[i].cols = cols;
	c->all[i].data = copy;
}

static inline struct probe capture_probe(struct capture *c)
{
	return (struct probe){ capture_keep, c };
}

static inline void capture_clear(struct capture *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->all[i].data);
	free(c->all);
	*c = (struct capture){ 0 };
}

#endif
