/*
 * backend: who makes the audio. The door of the room (after fio's ioengine_ops).
 *
 *   open     once; loads what is needed
 *   submit   offers one job; never blocks:
 *              TAKEN    it is in a slot now; exactly one DONE or FAILED event will come
 *              BUSY     full now (no slot, no memory, a rate limit): offer it again after a reap
 *              REFUSED  it can never be done here; `event` says why, as a FAILED
 *   reap     does at most one unit of work (one decoder step, one prompt, one codec
 *            tile), or waits at most timeout_ms, and hands out 0..room events;
 *            -1 is an err that stops the run
 *   close    FINISH when nothing is in a slot; ABANDON drops what is
 *
 * BUSY is the only flow control. A backend never sees the ledger, never tries
 * again by itself, and is called from one thread.
 */
#ifndef BACKEND_BACKEND_H
#define BACKEND_BACKEND_H

#include "base/err.h"
#include "job/job.h"
#include "param/param.h"

#include <stdbool.h>
#include <stdint.h>

enum backend_answer { BACKEND_TAKEN, BACKEND_BUSY, BACKEND_REFUSED };
enum backend_close { BACKEND_FINISH, BACKEND_ABANDON };

struct backend; /* each kind has its own; the first member is const struct backend_ops *ops */

struct backend_config {
	uint64_t memory_bytes;   /* native: for weights and all the rest; 0: 80 % of what is available */
	int n_threads;           /* 0: all processors this process may use */
	int n_slots;             /* 0: the backend's own choice */
};

/* What is handed to submit beside the job. */
struct backend_task {
	const struct job *job;
	int n_tries;  /* earlier tries that failed */
	int n_deaths; /* runs that died while making it */
};

/* One job that is asked about before anything runs, and the answer. */
struct backend_question {
	const struct job *job;
	enum err_code code;   /* ERR_NONE: it can be done */
	char *why;            /* else the sentence: what is too much, with the figures; the asker frees */
	bool is_about_prompt; /* with another prompt it could be done */
};

struct backend_ops {
	const char *name;
	int (*open)(struct backend **ret, const struct backend_config *config, struct err *err);
	enum backend_answer (*submit)(struct backend *b, const struct backend_task *task, struct event *refusal);
	int (*reap)(struct backend *b, struct event *out, int room, int timeout_ms, struct err *err);
	void (*close)(struct backend *b, enum backend_close how);
	/* Can these jobs ever be done, within config's memory? No weights are loaded. -1: nothing can be. NULL: all can. */
	int (*admit)(const struct backend_config *config, struct backend_question *questions, int n, struct err *err);
	const char *arithmetic; /* goes into ledger and tags: "f32-1", "fake" */
	bool is_as_long_as_asked; /* the samples last what the job asks for, so that files' sizes can be told ahead */
};

const struct backend_ops *backend_find(enum param_backend which); /* NULL: not in this version */

#endif
