#include "backend/hosted/pace.h"

#include "base/err.h"
#include "base/mem.h"

/*
 * A minute, and what the network may add to one request and not to another: the limit holds by the service's clock, not by ours.
 * 60 / 61.5 is 97.6 % of the limit; 95 % must be used.
 */
#define WINDOW_MS 61500

/* the service's documentation: samples look each 3 s; a fixed 2 s used up a budget of requests; to 10 s by factors of 1.5. */
#define POLL_FIRST_MS 3000.0
#define POLL_MOST_MS 10000.0
#define POLL_GROWTH 1.5
#define POLL_JITTER 0.2

void pace_open(struct pace *p, int per_minute, int n_jobs)
{
	if (per_minute < 0 || n_jobs < 0)
		BUG("a pace of %d requests a minute and %d jobs", per_minute, n_jobs);
	*p = (struct pace){ .per_minute = per_minute ? per_minute : PACE_PER_MINUTE_DEFAULT, .n_jobs = n_jobs ? n_jobs : PACE_JOBS_DEFAULT };
	p->sent_ms = mem_zalloc((size_t)p->per_minute, sizeof *p->sent_ms);
	p->pause_until_ms = INT64_MIN;
	p->last = PACE_N_KINDS - 1; /* so that the first kind has the first turn */
}

void pace_close(struct pace *p)
{
	free(p->sent_ms);
	p->sent_ms = NULL;
}

int64_t pace_wait_ms(const struct pace *p, int64_t now_ms)
{
	int64_t free_ms = p->pause_until_ms;

	/* `at` is where the next one will stand: on the oldest, once the ring is full */
	if (p->n_sent == p->per_minute && p->sent_ms[p->at] + WINDOW_MS > free_ms)
		free_ms = p->sent_ms[p->at] + WINDOW_MS;
	return free_ms > now_ms ? free_ms - now_ms : 0;
}

int64_t pace_wait_after_ms(const struct pace *p, int n_reserved, int64_t now_ms)
{
	struct pace then = *p; /* its ring is only looked at */

	if (n_reserved >= p->per_minute)
		return WINDOW_MS;
	then.at = (p->at + n_reserved) % p->per_minute;
	then.n_sent = p->n_sent + n_reserved < p->per_minute ? p->n_sent + n_reserved : p->per_minute;
	return pace_wait_ms(&then, now_ms);
}

enum pace_kind pace_next(const struct pace *p, const int n_waiting[PACE_N_KINDS])
{
	int i;

	for (i = 1; i <= PACE_N_KINDS; i++) {
		int kind = ((int)p->last + i) % PACE_N_KINDS;

		if (n_waiting[kind] > 0)
			return (enum pace_kind)kind;
	}
	return PACE_N_KINDS;
}

void pace_sent(struct pace *p, enum pace_kind kind, int64_t now_ms)
{
	p->sent_ms[p->at] = now_ms;
	p->at = (p->at + 1) % p->per_minute;
	if (p->n_sent < p->per_minute)
		p->n_sent++;
	p->last = kind;
}

void pace_pause(struct pace *p, int64_t until_ms)
{
	if (until_ms > p->pause_until_ms)
		p->pause_until_ms = until_ms;
}

void pace_too_many_jobs(struct pace *p, int n_in_flight, int n_named)
{
	int n = n_in_flight;

	if (n_named > 0 && n_named < n)
		n = n_named;
	if (n < 1)
		n = 1;
	if (n < p->n_jobs)
		p->n_jobs = n;
}

int64_t pace_poll_ms(int n_looks, double random)
{
	double ms = POLL_FIRST_MS;
	int i;

	for (i = 0; i < n_looks && ms < POLL_MOST_MS; i++)
		ms *= POLL_GROWTH;
	if (ms > POLL_MOST_MS)
		ms = POLL_MOST_MS;
	return (int64_t)(ms * (1 - POLL_JITTER * random));
}
