/*
 * movers: where whatever goes from step to step stands, so that nobody has to ask all of them. Pure.
 *
 *   movers_open(&ms)
 *   mover_join(m, &ms)           once, a zeroed one: it stands at STEP_FREE
 *   mover_go(m, step)            the only way to another step
 *   mover_due(m, due_ms)         the only way to another time
 *   for (m = movers_at(&ms, step); m; m = m->next)    those at a step, in the order in which they came to it
 *   movers_first(&ms, line)      of those that wait in a line, the one that is due first; of two at the same time the one that came first
 *   movers_close(&ms)
 *
 * mover_go and mover_due take time by the logarithm of how many wait in the line, all else takes none that grows: with thousands of jobs in
 * flight a request costs what it costs with four. A mover stays where it is in memory; movers own none of them. Whoever
 * walks along a step while movers leave it takes m->next first.
 */
#ifndef BACKEND_HOSTED_MOVERS_H
#define BACKEND_HOSTED_MOVERS_H

#include "backend/hosted/pace.h"

#include <stddef.h>
#include <stdint.h>

enum step {
	STEP_FREE,                         /* no list: nobody's */
	/* a job */
	STEP_INPUT,                        /* its input is being uploaded */
	STEP_WEIGH, STEP_WEIGHING,         /* what it costs with its input is asked */
	STEP_READY,                        /* waits for its turn to be submitted */
	STEP_TELL,                         /* has its turn: SUBMITTING is to be handed out */
	STEP_SEND,                         /* was handed out: leaves with this reap */
	STEP_SENT,                         /* under way */
	STEP_RECONCILE,                    /* taken or not: is looked for in the list of jobs */
	STEP_ACCEPTED,                     /* ACCEPTED is to be handed out */
	STEP_POLL, STEP_POLLING,
	STEP_FETCH, STEP_FETCHING,         /* the record of its sound, with a fresh address */
	STEP_LOAD, STEP_LOADING,           /* the sound */
	STEP_OVER,                         /* DONE or FAILED is to be handed out */
	/* an upload */
	STEP_CREATE, STEP_CREATING,
	STEP_PART, STEP_PUTTING,           /* part after part */
	STEP_COMPLETE, STEP_COMPLETING,
	STEP_LOOK, STEP_LOOKING,           /* has it been imported? */
	STEP_UPLOADED,                     /* UPLOADED is to be handed out */
	STEP_KEPT,                         /* was handed out: for all jobs to come */
	/* the walk through the list */
	STEP_LIST, STEP_LISTING,
	N_STEPS
};

/* Lines of those that wait for a time: one for each kind of request to the API (enum pace_kind), and these. */
enum line {
	LINE_ELSEWHERE = PACE_N_KINDS, /* parts and downloads */
	LINE_RECONCILE,                /* for a walk through the list of jobs */
	N_LINES
};

struct mover {
	enum step step;
	int64_t due_ms;            /* of a waiting step: not before */
	int n_looks;               /* that ended the same way; how far the next one is */
	struct mover *next, *prev; /* at the same step */
	/* movers.c */
	struct movers *home;
	size_t at;                 /* in its line's heap */
	uint64_t number;           /* in the order of coming */
};

struct movers {
	struct {
		struct mover *first, *last;
		int n;
	} steps[N_STEPS];
	struct {
		struct mover **heap;
		size_t n, cap;
	} lines[N_LINES];
	uint64_t n_came;
	int n_asked;               /* requests to the API under way */
};

void movers_open(struct movers *ms);
void movers_close(struct movers *ms);
void mover_join(struct mover *m, struct movers *ms);
void mover_go(struct mover *m, enum step step);
void mover_due(struct mover *m, int64_t due_ms);
struct mover *movers_at(const struct movers *ms, enum step step); /* NULL: nobody */
int movers_n_at(const struct movers *ms, enum step step);         /* not of STEP_FREE */
struct mover *movers_first(const struct movers *ms, enum line line); /* NULL: nobody waits */

#endif
