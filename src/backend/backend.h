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
 * What reap hands out is in the ledger, durably, when reap is called again: a backend that must not take the next step before
 * the last one is known (SUBMITTING, ACCEPTED, UPLOADED of job.h) takes it then. The samples and files of DONE are kept later.
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

/* Two sums of credits that differ by less are the same: prices are in hundredths at the finest (the service's documentation: 7.25, 0.75), but
 * their sum is one of doubles. */
#define BACKEND_CREDITS_DUST 1e-6

struct backend; /* each kind has its own; the first member is const struct backend_ops *ops */

struct backend_config {
	uint64_t memory_bytes;   /* native: for weights and all the rest; 0: 80 % of what is available */
	int n_threads;           /* 0: all processors this process may use */
	int n_slots;             /* 0: the backend's own choice; hosted: jobs in flight */
	int per_minute;          /* hosted: requests; 0: the backend's own choice */
	double deadline_s;       /* hosted: from its acceptance to its end; 0: the backend's own choice */
	const char *project;     /* hosted: "" or NULL: the key's own */
	const char *work_dir;    /* hosted: an existing folder for downloads; NULL: none are made (price) */
	double clock_rate;       /* hosted: seconds that pass in one (tests); 0: 1 */
	struct backend_requests *requests; /* hosted: what price and open share; NULL: each keeps to per_minute by itself */
};

/* When which requests were made: whoever asks for prices and runs then gives both the same, so that all keep to per_minute together. */
struct backend_requests *backend_requests_new(void);
void backend_requests_free(struct backend_requests *requests); /* after the last backend that has it was closed; may be NULL */

/* What is handed to submit beside the job. */
struct backend_task {
	const struct job *job;
	int n_tries;  /* earlier tries that failed */
	int n_deaths; /* runs that died while making it */
	/* hosted, of an earlier run; NULL or 0 where there is none */
	const char *remote_id;      /* it was accepted: look after that one */
	const char *asset_id;       /* and its sound was there: fetch it (again) */
	int64_t submitted_ms;       /* Unix; with no remote_id: it was about to be sent then, and nobody knows whether it was */
	const char *input_asset_id; /* its input is there already, as this */
	double price;               /* credits set aside for it, as ops->price said; <= 0: nobody counts */
	bool (*is_owned)(void *arg, const char *remote_id); /* another row's: no candidate for what was submitted; may be NULL */
	void *arg;
};

/* One job that is asked about before anything runs, and the answer. */
struct backend_question {
	const struct job *job;
	enum err_code code;   /* ERR_NONE: it can be done */
	char *why;            /* else the sentence: what is too much, with the figures; the asker frees */
	bool is_about_prompt; /* with another prompt it could be done */
	bool is_about_input;  /* with another sound, or another part of it */
	bool is_later;        /* its sound cannot be used: it fails when its turn comes, and the other jobs go on */
};

struct backend_ops {
	const char *name;
	int (*open)(struct backend **ret, const struct backend_config *config, struct err *err);
	enum backend_answer (*submit)(struct backend *b, const struct backend_task *task, struct event *refusal);
	int (*reap)(struct backend *b, struct event *out, int room, int timeout_ms, struct err *err);
	void (*close)(struct backend *b, enum backend_close how);
	/*
	 * What each of n jobs costs, in credits (the service is asked once for each price shape); blocks, looking at the stop flag by
	 * way of signals. Needs no backend that is open. NULL: nothing costs anything.
	 */
	int (*price)(const struct backend_config *config, const struct job *const *jobs, int64_t n, double *ret_credits, struct err *err);
	/* Can these jobs ever be done, within config's memory? No weights are loaded. -1: nothing can be. NULL: all can. */
	int (*admit)(const struct backend_config *config, struct backend_question *questions, int n, struct err *err);
	const char *arithmetic; /* goes into ledger and tags: "f32-1", "fake" */
	bool is_as_long_as_asked; /* the samples last what the job asks for, so that files' sizes can be told ahead */
	bool costs_money; /* each job that it takes without a remote_id, a submitted_ms or an asset_id is paid for: run keeps a budget */
};

const struct backend_ops *backend_find(enum param_backend which); /* NULL: not in this version */

#endif
