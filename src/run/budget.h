/*
 * run/budget: what may still be spent at a service that takes money for each job.
 *
 * The cap (run_config.credits_cap) is for all runs over one ledger together: what is spent by its rows, what is reserved for the
 * jobs in slots, and the next job's price may not pass it. A price is asked for before the job is begun, and charged in the ledger before
 * its request leaves (remote.h); what a service then says that it took may be another number, and counts from then on.
 *
 *   budget_check    before anything else: a run that would pay and has no cap does not start
 *   budget_open     once the jobs are enrolled: what is spent, what the jobs to make cost
 *   budget_ask      may this job be begun?
 *   budget_reserve, budget_release    around its time in a slot
 *
 * Of a backend that costs nothing all is done at once and fits.
 */
#ifndef RUN_BUDGET_H
#define RUN_BUDGET_H

#include "base/err.h"
#include "run/run.h"

struct run;
struct run_slot;

#define BUDGET_UNASKED (-1.0) /* a job's price that nobody was asked for */

enum budget_answer {
	BUDGET_FITS,
	BUDGET_WAITS, /* not now: a job in a slot may yet give back what is reserved for it */
	BUDGET_OVER   /* not in this run */
};

/* What each of n jobs costs. Nothing, where the backend has no prices. A price that is none is ERR_BUG. */
int budget_price(const struct run_config *config, const struct job *const *jobs, int64_t n, double *ret, struct err *err) WARN_UNUSED;

int budget_check(const struct run_config *config, struct err *err) WARN_UNUSED; /* ERR_USAGE, with the price and with what to say */
int budget_open(struct run *r, struct err *err) WARN_UNUSED;
enum budget_answer budget_ask(struct run *r, int64_t index);
void budget_reserve(struct run *r, struct run_slot *slot);
void budget_release(struct run *r, const struct run_slot *slot);

#endif
