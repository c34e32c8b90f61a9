/*
 * run/remote: what a hosted service has of a job, and what a try's events change of that in the ledger.
 *
 * The row says it (ledger.h: asset_id, remote_id, submitted_ms), whatever state and whichever run: so the next try begins where the last
 * one was lost, and only a job of which the service has nothing is paid for.
 *
 *   remote_fill      for submit: what the ledger knows of the job and of its input
 *   remote_take      UPLOADED, SUBMITTING, ACCEPTED; inside the transaction that is committed before the next reap
 *   remote_fail      before fail_job, likewise: what a failure leaves owed
 *   remote_state     the state of a job whose try has ended, or begins
 */
#ifndef RUN_REMOTE_H
#define RUN_REMOTE_H

#include "base/err.h"
#include "base/strbuf.h"
#include "run/run.h"

#include <stdbool.h>

struct run;
struct run_job;
struct run_slot;

enum remote_has {
	REMOTE_NOTHING,  /* making it is paid for */
	REMOTE_PERHAPS,  /* it was about to be sent: the service is asked for what it has, nothing is sent */
	REMOTE_JOB,      /* looked after by its id */
	REMOTE_SOUND     /* fetched by its id */
};

enum remote_has remote_of_row(const struct ledger_job *row);

/* Texts of the task live here, until remote_release; submit copies what it keeps. is_owned is good until the try has ended. */
struct remote_task {
	struct backend_task task;
	struct strbuf remote_id, asset_id, input_asset_id;
};
int remote_fill(struct run *r, int64_t index, struct remote_task *ret, struct err *err) WARN_UNUSED; /* release it also after -1 */
void remote_release(struct remote_task *t);

/* ERR_BUG, before anything is changed: the backend is about to pay for a job that the service may have already. */
int remote_take(struct run *r, struct run_slot *slot, const struct event *e, struct err *err) WARN_UNUSED;
int remote_fail(struct run *r, const struct run_slot *slot, const struct event *e, struct err *err) WARN_UNUSED;

/* In the place of pending, running or failed: of one that was perhaps sent that is not the whole truth. */
enum job_state remote_state(const struct run_job *job, enum job_state state);

#endif
