/*
 * states: what a job may be and become, and why a try failed; tables from the lists in job.h.
 */
#include "job/job.h"

#include <string.h>

static const char *const state_names[JOB_N_STATES] = {
#define X(state, name) name,
	JOB_STATE_LIST(X)
#undef X
};

#define TO(state) (1u << (state))

/*
 * DESIGN section 5's arrows. The ledger refuses every other one, so what is done to a job is done here first.
 */
static const unsigned may[JOB_N_STATES] = {
	[JOB_PENDING] = TO(JOB_SUBMITTING) | /* hosted: the request is about to be sent */
			TO(JOB_RUNNING) |    /* natively there is nothing between: taken, and begun */
			TO(JOB_SUPERSEDED),  /* as every state: the manifest has it no more */
	[JOB_SUBMITTING] = TO(JOB_RUNNING) | /* the service said which id it has there */
			   TO(JOB_FAILED) |  /* and this: the service refused it */
			   TO(JOB_PENDING) | /* it was never sent */
			   TO(JOB_UNKNOWN) | /* it was sent, and the answer never came */
			   TO(JOB_SUBMITTING) | /* a try that was to find out ends without an answer, or another one begins */
			   TO(JOB_SUPERSEDED),
	[JOB_RUNNING] = TO(JOB_MADE) |    /* a whole file lies under its other name */
			TO(JOB_FAILED) |  /* permanently, or its tries or deaths are used up */
			TO(JOB_PENDING) | /* another try later; interrupted; died with its run */
			TO(JOB_SUBMITTING) | /* hosted: it has waited for its turn in a slot, its input is there, and now it is about to be sent */
			TO(JOB_UNKNOWN) |
			TO(JOB_LOST) |    /* hosted: what was paid for is not to be had any more */
			TO(JOB_SUPERSEDED),
	[JOB_MADE] = TO(JOB_DONE) |
		     TO(JOB_MADE) |    /* settling goes the last steps of a dead run once more */
		     TO(JOB_PENDING) | /* settling found the file under neither name; it could not be given its name: again */
		     TO(JOB_FAILED) |  /* the same, and its tries are used up */
		     TO(JOB_SUPERSEDED),
	[JOB_DONE] = TO(JOB_MADE) |    /* the file gets another name, by the same steps as a new one */
		     TO(JOB_PENDING) | /* the file is missing, or made again with --remake-stale */
		     TO(JOB_LOST) |    /* hosted: the file is gone and not to be had again */
		     TO(JOB_SUPERSEDED),
	[JOB_FAILED] = TO(JOB_PENDING) | /* `retry` */
		       TO(JOB_SUPERSEDED),
	[JOB_UNKNOWN] = TO(JOB_PENDING) | /* `retry --pay-again`; or the service has never seen it */
			TO(JOB_SUBMITTING) | /* a run looks once more whether it was sent */
			TO(JOB_RUNNING) | /* the service's list of jobs has it */
			TO(JOB_FAILED) |  /* and says that it failed there */
			TO(JOB_SUPERSEDED),
	[JOB_SUPERSEDED] = TO(JOB_PENDING) | /* back, to be made (again) */
			   TO(JOB_DONE) |    /* back, and its file is still good */
			   TO(JOB_UNKNOWN) | TO(JOB_LOST), /* back, and what was paid for it is not forgotten */
	[JOB_LOST] = TO(JOB_PENDING) | /* `retry`: paid for again, but only when asked to */
		     TO(JOB_DONE) |    /* it was lost to --remake-stale alone: its file is there */
		     TO(JOB_SUPERSEDED),
};

const char *job_state_name(enum job_state state)
{
	return state_names[state];
}

int job_state_find(const char *name, enum job_state *ret)
{
	int i;

	for (i = 0; i < JOB_N_STATES; i++)
		if (strcmp(state_names[i], name) == 0) {
			*ret = (enum job_state)i;
			return 0;
		}
	return -1;
}

bool job_state_may(enum job_state from, enum job_state to)
{
	return (may[from] & TO(to)) != 0;
}

/* ---- classes of failures -------------------------------------------------- */

static const struct {
	const char *name;
	bool is_retried, stops_run;
	const char *phrase;
} classes[FAIL_N_CLASSES] = {
#define X(class, name, retried, stops, phrase) { name, retried, stops, phrase },
	FAIL_CLASS_LIST(X)
#undef X
};

const char *fail_class_name(enum fail_class class)
{
	return classes[class].name;
}

const char *fail_class_phrase(enum fail_class class)
{
	return classes[class].phrase;
}

bool fail_class_is_retried(enum fail_class class)
{
	return classes[class].is_retried;
}

bool fail_class_stops_run(enum fail_class class)
{
	return classes[class].stops_run;
}

/* FAIL_NONE has no name that could be found. */
int fail_class_find(const char *name, enum fail_class *ret)
{
	int i;

	for (i = FAIL_NONE + 1; i < FAIL_N_CLASSES; i++)
		if (strcmp(classes[i].name, name) == 0) {
			*ret = (enum fail_class)i;
			return 0;
		}
	return -1;
}
