/*
 * manifest/mistakes: the list of what is wrong with a manifest, and where.
 *
 * mistakes_init, any number of mistake_add and mistake_warn, mistakes_sort at
 * the end. The same sentence at the same place is kept once, so that a loop over
 * a million jobs may complain of its one cause freely. After MISTAKES_MAX the
 * rest is only counted. Text lives in the arena. A sentence is one line: control
 * characters become blanks, and it is cut at SENTENCE_MAX bytes.
 */
#ifndef MANIFEST_MISTAKES_H
#define MANIFEST_MISTAKES_H

#include "base/arena.h"
#include "base/err.h"
#include "manifest/manifest.h"

#include <stdbool.h>

#define SENTENCE_MAX 600

struct mistakes {
	struct arena *arena;
	struct mistake *list; /* [2 * MISTAKES_MAX + 1], in the arena */
	int n;                /* in list, of both kinds */
	int n_mistakes, n_warnings;
	bool has_more; /* more mistakes than the list has room for */
};

void mistakes_init(struct mistakes *ms, struct arena *arena);
/* line and column from 1; 0, 0: the whole file or the command line. */
void mistake_add(struct mistakes *ms, int line, int column, const char *fmt, ...) PRINTF_LIKE(4, 5);
void mistake_warn(struct mistakes *ms, int line, int column, const char *fmt, ...) PRINTF_LIKE(4, 5);
static inline bool mistakes_full(const struct mistakes *ms) { return ms->has_more; }
void mistakes_sort(struct mistakes *ms); /* by place; stable */

/* Text from outside as it stands in a sentence: at most SHOWN_MAX bytes, cut with "...". */
#define SHOWN_MAX 60
struct shown {
	char text[SHOWN_MAX + 4];
};
const char *show(struct shown *buf, const char *text); /* returns buf->text */

#endif
