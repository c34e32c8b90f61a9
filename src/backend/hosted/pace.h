/*
 * backend/hosted/pace: how fast a service is asked. Pure: times go in, answers come out.
 *
 * Requests: in no half-open window of a minute leave more than `per_minute`, by the times of the last that many; each kind of
 * request (enum pace_kind) that waits gets its turn (round robin), so that polling does not starve submissions nor they it.
 * A pause that the service asks for (429) holds everything. Jobs: at most n_jobs in flight; a refusal for concurrency
 * lowers it to what was in flight (or the limit that was named, where that is less), never below 1; it does not grow again in this run.
 * Polling: the first look after first_ms, each later one 1.5 times as far, at most most_ms, each with a jitter of up to a fifth
 * (the service's documentation: samples look every 3 s; music takes minutes).
 */
#ifndef BACKEND_HOSTED_PACE_H
#define BACKEND_HOSTED_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum pace_kind { PACE_SUBMIT, PACE_POLL, PACE_UPLOAD, PACE_FETCH, PACE_LIST, PACE_N_KINDS };

#define PACE_PER_MINUTE_DEFAULT 60
#define PACE_JOBS_DEFAULT 4

struct pace {
	int per_minute, n_jobs;
	int64_t *sent_ms;  /* ring [per_minute] of monotonic times */
	int n_sent, at;
	int64_t pause_until_ms;
	enum pace_kind last;
};

void pace_open(struct pace *p, int per_minute, int n_jobs); /* 0: the defaults */
void pace_close(struct pace *p);
/* 0: a request may leave now; else in how many ms. */
int64_t pace_wait_ms(const struct pace *p, int64_t now_ms);
int64_t pace_wait_after_ms(const struct pace *p, int n_reserved, int64_t now_ms); /* the same once n_reserved others have left now */
/* Which of the kinds with n_waiting > 0 has its turn; only when pace_wait_ms says 0. PACE_N_KINDS: none waits. */
enum pace_kind pace_next(const struct pace *p, const int n_waiting[PACE_N_KINDS]);
void pace_sent(struct pace *p, enum pace_kind kind, int64_t now_ms);
void pace_pause(struct pace *p, int64_t until_ms);            /* the longest holds */
void pace_too_many_jobs(struct pace *p, int n_in_flight, int n_named); /* n_named 0: not said */
/* After look n (0: the first) of a job: how long until the next. random: 0 <= random < 1. */
int64_t pace_poll_ms(int n_looks, double random);

#endif
