/*
 * run/retry: is a failed job tried again, and when? The program's one retry loop.
 *
 * Pure: the class of the failure, the tries so far, now and a random number go
 * in; a time or "never" comes out. Full-jitter exponential back-off: a random
 * share of base x 2^(n-1), at most RETRY_CAP_MS (the AWS Architecture Blog's
 * "full jitter": many clients that failed together do not come back together).
 *
 * What could not be sent at all (no network, the service wants a rest) is nobody's fault and uses up no try: it waits in the same way,
 * longer each time. Where that goes on for RETRY_NOT_SENT_MS without a break it counts as one failed try, and the next hour begins: so a
 * job with three tries is given up after three hours of it, and a night without a network costs a night, not the jobs.
 */
#ifndef RUN_RETRY_H
#define RUN_RETRY_H

#include "job/job.h"

#include <stdint.h>

#define RETRY_CAP_MS 60000
#define RETRY_NOT_SENT_MS 3600000
#define RETRY_NEVER (-1)

struct retry_question {
	enum fail_class class;
	int n_tries;            /* that failed and count, this one included */
	int tries;              /* allowed in all */
	int64_t now_ms;         /* Unix */
	int64_t retry_after_ms; /* as a service asked; 0: not said */
	double random;          /* 0 <= random < 1 */
	unsigned also;          /* classes that are tried again beside the usual ones: 1u << enum fail_class */
	int n_not_sent;         /* it could not be sent and does not count: for the so many-th time in a row; 0: it counts */
	double clock_rate;      /* seconds that pass in one (backend.h: tests); 0: 1. What a service asks for is in real ones */
};

/* The Unix time in ms before which it is not begun again, or RETRY_NEVER. */
int64_t retry_when(const struct retry_question *q);

/* What an earlier run decided, as far as it still holds: a clock that was set back since must not hold a job for years.
 * Only a service may have asked for more than our own cap. */
int64_t retry_known(enum fail_class class, int64_t not_before_ms, int64_t now_ms);

/*
 * Does it use up a try? Not where the run stops and the job waits (a full disk, a model that cannot be used), not where nobody knows
 * whether it was one (remote_unknown), and not what could not be sent: not_sent_ms, for how long now; < 0: it was sent.
 */
static inline bool retry_counts(enum fail_class class, double not_sent_ms)
{
	return !fail_class_stops_run(class) && class != FAIL_REMOTE_UNKNOWN && (not_sent_ms < 0 || not_sent_ms >= RETRY_NOT_SENT_MS);
}

#endif
