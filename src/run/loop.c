/*
 * loop: fill the backend's slots until it says BUSY, reap, keep what is finished, until nothing is left or something
 * stops it.
 *
 * Jobs taken by one filling are marked running, with their attempt rows, in one
 * transaction before any work is done on them (backends work inside reap).
 */
#include "run/run_inside.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/space.h"
#include "run/stop.h"

#include <stdio.h>
#include <string.h>

#define REST_MS 500       /* as RUN_TURN_MS, when nothing runs and jobs wait for their time */

static const struct job *job_at(const struct run *r, int64_t index)
{
	return &r->config->jobs[index];
}

static bool is_draining(const struct run *r)
{
	return stop_level() >= STOP_DRAIN || r->is_out_of_time || r->stop_class != FAIL_NONE;
}

/* ---- slots --------------------------------------------------------------------------- */

static void add_slot(struct run *r, int64_t index)
{
	MEM_GROW(r->slots, r->n_slots, r->cap_slots);
	r->slots[r->n_slots++] = (struct run_slot){ .index = index };
	if (r->counts.n_running_most < (int64_t)r->n_slots)
		r->counts.n_running_most = (int64_t)r->n_slots;
}

static int64_t index_of(const struct run *r, const struct job *job)
{
	return (int64_t)(job - r->config->jobs);
}

static struct run_slot *find_slot(struct run *r, int64_t index)
{
	for (size_t i = 0; i < r->n_slots; i++)
		if (r->slots[i].index == index)
			return &r->slots[i];
	BUG("the backend '%s' speaks of job %lld, which it was not given", r->config->ops->name, (long long)index);
}

static void drop_slot(struct run *r, int64_t index)
{
	struct run_slot *slot = find_slot(r, index);
	size_t at = (size_t)(slot - r->slots);

	memmove(slot, slot + 1, (r->n_slots - at - 1) * sizeof *slot);
	r->n_slots--;
	if (r->n_slots == 0)
		r->is_alone = false;
}

/* ---- filling --------------------------------------------------------------------------- */

static int start_try(struct run *r, int64_t index, int64_t now_ms, struct err *err)
{
	struct run_job *job = &r->jobs[index];

	job->n_attempts++;
	job->state = JOB_RUNNING;
	r->n_started += !job->was_started;
	job->was_started = true;
	r->has_changed = true;
	run_tell(r, RUN_JOB_STARTED, job_at(r, index), NULL);
	return ledger_start_try(r->ledger, job->seq, r->row.number, job->n_attempts, now_ms, err);
}

static int start_slots(struct run *r, size_t first, struct err *err)
{
	int64_t now_ms = clock_unix_ms();

	if (first == r->n_slots)
		return 0;
	if (ledger_begin(r->ledger, err) != 0)
		return -1;
	for (size_t i = first; i < r->n_slots; i++)
		if (start_try(r, r->slots[i].index, now_ms, err) != 0)
			return -1;
	if (ledger_commit(r->ledger, err) != 0)
		return -1;
	for (size_t i = first; i < r->n_slots; i++)
		r->slots[i].is_started = true;
	return 0;
}

static int refuse(struct run *r, int64_t index, const struct event *refusal, struct err *err)
{
	if (ledger_begin(r->ledger, err) != 0 || start_try(r, index, clock_unix_ms(), err) != 0 ||
	    fail_job(r, index, refusal, err) != 0)
		return -1;
	return ledger_commit(r->ledger, err);
}

/* The next job that may be begun now, or QUEUE_NONE. n_new: taken, and not yet counted as started. What --limit keeps
 * from being begun stays pending. */
static int64_t next_job(struct run *r, size_t n_new, int64_t now_ms)
{
	int64_t index;

	while ((index = queue_peek(&r->queue, now_ms)) != QUEUE_NONE) {
		if (r->config->limit == 0 || r->jobs[index].was_started || r->n_started + (int64_t)n_new < r->config->limit)
			return index;
		queue_pop(&r->queue, now_ms);
		r->n_held_back++;
	}
	return QUEUE_NONE;
}

static int fill(struct run *r, struct err *err)
{
	size_t first = r->n_slots;
	int64_t now_ms = clock_unix_ms(), index;
	enum backend_answer answer;
	struct event refusal;
	bool alone;

	if (queue_size(&r->queue) > 0)
		space_watch(r);
	while (!is_draining(r) && !r->is_alone && (index = next_job(r, r->n_slots - first, now_ms)) != QUEUE_NONE) {
		struct backend_task task = { job_at(r, index), r->jobs[index].n_tries, r->jobs[index].n_deaths };

		alone = task.n_deaths > 0;
		if (alone && (r->n_slots > 0 || !keep_is_empty(r)))
			break;
		answer = r->config->ops->submit(r->backend, &task, &refusal);
		if (answer == BACKEND_BUSY && r->n_slots == 0)
			return err_set(err, ERR_BUG, "the backend '%s' says that it is busy with nothing in its slots", r->config->ops->name);
		if (answer == BACKEND_BUSY)
			break;
		queue_pop(&r->queue, now_ms);
		if (answer == BACKEND_REFUSED) {
			if (refuse(r, index, &refusal, err) != 0)
				return -1;
			continue;
		}
		add_slot(r, index);
		r->is_alone = alone;
	}
	return start_slots(r, first, err);
}

/* ---- events ------------------------------------------------------------------------------ */

/* All failures of one reap share a transaction. */
static int take_failures(struct run *r, const struct event *events, int n, struct err *err)
{
	bool begun = false;

	for (int i = 0; i < n; i++) {
		if (events[i].kind != EVENT_FAILED)
			continue;
		if (!begun && ledger_begin(r->ledger, err) != 0)
			return -1;
		begun = true;
		drop_slot(r, index_of(r, events[i].job));
		if (fail_job(r, index_of(r, events[i].job), &events[i], err) != 0)
			return -1;
	}
	return begun ? ledger_commit(r->ledger, err) : 0;
}

static int finish_job(struct run *r, struct event *e, struct err *err)
{
	bool was_alone = r->is_alone; /* what it survived is to be known before anything else can go wrong */

	drop_slot(r, index_of(r, e->job));
	if (keep_job(r, e, err) != 0)
		return -1;
	return was_alone ? keep_all(r, err) : 0;
}

static int take_events(struct run *r, struct event *events, int n, struct err *err)
{
	int rc;

	for (int i = 0; i < n; i++) /* before those that empty a slot */
		if (events[i].kind == EVENT_PROGRESS)
			find_slot(r, index_of(r, events[i].job))->progress = events[i].progress;
	rc = take_failures(r, events, n, err);
	for (int i = 0; i < n; i++) {
		if (events[i].kind != EVENT_DONE)
			continue;
		if (rc == 0)
			rc = finish_job(r, &events[i], err);
		else
			pcm_release(&events[i].pcm);
	}
	keep_begin(r);
	return rc;
}

/* ---- turns --------------------------------------------------------------------------------- */

static void tell_drain(struct run *r, const char *why)
{
	char jobs[32];

	if (r->n_slots > 0)
		run_tellf(r, RUN_DRAINING, NULL, "%sfinishing %s; again to abort", why,
			  text_count(jobs, sizeof jobs, (int64_t)r->n_slots, "job"));
	else
		run_tellf(r, RUN_DRAINING, NULL, "%sstopping", why);
}

/* Signals and the time limit. False: leave at once. */
static bool look_around(struct run *r)
{
	int level = stop_level();
	double spent_s = (double)(clock_monotonic_ms() - r->started_ms) / 1000;

	if (r->config->for_s > 0 && !r->is_out_of_time && spent_s >= r->config->for_s) {
		r->is_out_of_time = true;
		if (queue_size(&r->queue) > 0 && level == 0)
			tell_drain(r, "the time is over: ");
	}
	if (level > r->told_level) {
		if (level >= STOP_ABORT)
			run_tell(r, RUN_ABORTING, NULL, "aborting the jobs that run; they are begun again by the next run");
		else
			tell_drain(r, "");
		r->told_level = level;
	}
	return level < STOP_ABORT;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* How long nothing else has to be looked at: at most `most`. */
static int turn_ms(const struct run *r, int64_t most)
{
	int64_t ms = most, now_ms = clock_monotonic_ms(), unix_ms = clock_unix_ms(), next_ms = queue_next_ms(&r->queue);

	ms = least(ms, keep_wait_ms(r));
	/* one that is due already waits for a slot, not for the clock */
	if (next_ms != INT64_MAX && next_ms > unix_ms && !is_draining(r))
		ms = least(ms, next_ms - unix_ms);
	if (r->config->for_s > 0 && !r->is_out_of_time)
		ms = least(ms, r->started_ms + (int64_t)(r->config->for_s * 1000) - now_ms);
	return ms < 0 ? 0 : (int)ms;
}

static void tell_progress(struct run *r)
{
	int64_t now_ms = clock_monotonic_ms();

	if (now_ms - r->told_ms < RUN_TURN_MS)
		return;
	r->told_ms = now_ms;
	run_tell(r, RUN_PROGRESS, NULL, NULL);
}

/* 1: go on, 0: nothing is left to do, -1: err. */
static int turn(struct run *r, struct event *events, struct err *err)
{
	int n;

	if (fill(r, err) != 0)
		return -1;
	if (keep_is_due(r))
		return keep_turn(r, err) == 0 ? 1 : -1;
	if (r->n_slots > 0) {
		n = r->config->ops->reap(r->backend, events, RUN_EVENTS_MAX, turn_ms(r, RUN_TURN_MS), err);
		return n < 0 || take_events(r, events, n, err) != 0 ? -1 : 1;
	}
	if (is_draining(r) || queue_size(&r->queue) == 0)
		return 0;
	stop_wait(turn_ms(r, REST_MS));
	return 1;
}

int loop_run(struct run *r, struct err *err)
{
	struct event *events = mem_zalloc(RUN_EVENTS_MAX, sizeof *events);
	struct err ignored = ERR_INIT;
	int rc = 1;

	while (rc == 1 && look_around(r)) {
		rc = turn(r, events, err);
		tell_progress(r);
	}
	if (rc >= 0) {
		rc = keep_all(r, err);
	} else { /* what is finished is kept if that can be, whatever went wrong beside it */
		ledger_rollback(r->ledger);
		(void)!keep_all(r, &ignored);
	}
	if (rc < 0)
		ledger_rollback(r->ledger);
	free(events);
	return rc < 0 ? -1 : 0;
}

int loop_interrupt(struct run *r, struct err *err)
{
	int64_t now_ms = clock_unix_ms();

	for (size_t i = 0; i < r->n_slots; i++) {
		struct run_job *job = &r->jobs[r->slots[i].index];
		struct ledger_try_end end = { .seq = job->seq, .n = job->n_attempts, .outcome = LEDGER_INTERRUPTED,
					      .state = JOB_PENDING, .ended_ms = now_ms, .class = FAIL_NONE };

		job->state = JOB_PENDING;
		if (r->slots[i].is_started && ledger_end_try(r->ledger, &end, err) != 0)
			return -1;
	}
	r->n_slots = 0;
	return 0;
}
