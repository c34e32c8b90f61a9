/* See retry.h. */
#include "run/retry.h"

#define BASE_LOCAL_MS 100.0   /* a disk that hiccups is back soon */
#define BASE_REMOTE_MS 1000.0 /* a service wants a rest */

static double base_ms(enum fail_class class)
{
	bool is_remote = class == FAIL_REMOTE || class == FAIL_REMOTE_RATE || class == FAIL_REMOTE_FAILED;

	return is_remote ? BASE_REMOTE_MS : BASE_LOCAL_MS;
}

int64_t retry_when(const struct retry_question *q)
{
	double most = base_ms(q->class);
	int n = q->n_not_sent > 0 ? q->n_not_sent : q->n_tries;
	bool is_retried = fail_class_is_retried(q->class) || (q->also & 1u << q->class);
	int64_t wait_ms;

	if (q->n_not_sent == 0 && (!is_retried || q->n_tries >= q->tries))
		return RETRY_NEVER;
	for (int i = 1; i < n && most < RETRY_CAP_MS; i++)
		most *= 2;
	if (most > RETRY_CAP_MS)
		most = RETRY_CAP_MS;
	wait_ms = (int64_t)(most * q->random / (q->clock_rate > 0 ? q->clock_rate : 1));
	if (wait_ms < q->retry_after_ms)
		wait_ms = q->retry_after_ms;
	return q->now_ms + wait_ms;
}

int64_t retry_known(enum fail_class class, int64_t not_before_ms, int64_t now_ms)
{
	bool is_remote = class == FAIL_REMOTE || class == FAIL_REMOTE_RATE;

	return is_remote || not_before_ms <= now_ms + RETRY_CAP_MS ? not_before_ms : now_ms + RETRY_CAP_MS;
}
