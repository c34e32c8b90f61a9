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
#define TO_ALL ((1u << JOB_N_STATES) - 1)

/*
 * DESIGN section 5's arrows, and what settling after a death adds:
 *   submitting  REFUSED fails it, a death before the answer leaves it pending (native) or unknown (hosted)
 *   made        the file is under neither name: made again
 *   done        the file is gone or --remake-stale: made again; hosted, and not to be had again: lost
 *   unknown     `retry --pay-again`, or the service's list of jobs says what became of it
 *   failed, lost  `retry`; a lost file may turn up
 *   superseded  any state, and back to it when the manifest has the job again
 */
static const unsigned may[JOB_N_STATES] = {
	[JOB_PENDING] = TO(JOB_SUBMITTING) | TO(JOB_SUPERSEDED),
	[JOB_SUBMITTING] = TO(JOB_RUNNING) | TO(JOB_FAILED) | TO(JOB_PENDING) | TO(JOB_UNKNOWN) | TO(JOB_SUPERSEDED),
	[JOB_RUNNING] = TO(JOB_MADE) | TO(JOB_FAILED) | TO(JOB_PENDING) | TO(JOB_UNKNOWN) | TO(JOB_SUPERSEDED),
	[JOB_MADE] = TO(JOB_DONE) | TO(JOB_PENDING) | TO(JOB_SUPERSEDED),
	[JOB_DONE] = TO(JOB_PENDING) | TO(JOB_LOST) | TO(JOB_SUPERSEDED),
	[JOB_FAILED] = TO(JOB_PENDING) | TO(JOB_SUPERSEDED),
	[JOB_UNKNOWN] = TO(JOB_PENDING) | TO(JOB_RUNNING) | TO(JOB_FAILED) | TO(JOB_SUPERSEDED),
	[JOB_SUPERSEDED] = TO_ALL & ~TO(JOB_SUPERSEDED) & ~TO(JOB_SUBMITTING),
	[JOB_LOST] = TO(JOB_PENDING) | TO(JOB_DONE) | TO(JOB_SUPERSEDED),
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
