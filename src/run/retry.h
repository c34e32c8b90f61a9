/*
 * run/retry: is a failed job tried again, and when? The program's one retry loop.
 *
 * Pure: the class of the failure, the tries so far, now and a random number go
 * in; a time or "never" comes out. Full-jitter exponential back-off: a random
 * share of base x 2^(n-1), at most RETRY_CAP_MS (the AWS Architecture Blog's
 * "full jitter": many clients that failed together do not come back together).
 */
#ifndef RUN_RETRY_H
#define RUN_RETRY_H

#include "job/job.h"

#include <stdint.h>

#define RETRY_CAP_MS 60000
#define RETRY_NEVER (-1)

struct retry_question {
	enum fail_class class;
	int n_tries;            /* that failed and count, this one included */
	int tries;              /* allowed in all */
	int64_t now_ms;         /* Unix */
	int64_t retry_after_ms; /* as a service asked; 0: not said */
	double random;          /* 0 <= random < 1 */
};

/* The Unix time in ms before which it is not begun again, or RETRY_NEVER. */
int64_t retry_when(const struct retry_question *q);

/* What an earlier run decided, as far as it still holds: a clock that was set back since must not hold a job for years.
 * Only a service may have asked for more than our own cap. */
int64_t retry_known(enum fail_class class, int64_t not_before_ms, int64_t now_ms);

/* A failure that is nobody's try: the run stops and the job waits (a full disk, a model that cannot be used). */
static inline bool retry_counts(enum fail_class class) { return !fail_class_stops_run(class); }

/* Numbers 0 <= x < 1 from a state of 64 bits (splitmix64); the state is the caller's. */
double retry_random(uint64_t *state);

#endif
