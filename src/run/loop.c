/*
 * loop: fill the backend's slots until it says BUSY, reap, keep what is finished, until nothing is left or something
 * stops it.
 *
 * Jobs taken by one filling are marked running, with their attempt rows, in one
 * transaction before any work is done on them (backends work inside reap). What a reap says of submissions and failures is
 * committed before the next one: a hosted backend takes its next step only then (backend.h).
 */
#include "run/run_inside.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/budget.h"
#include "run/remote.h"
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
	r->slots[r->n_slots] = (struct run_slot){ .index = index };
	budget_reserve(r, &r->slots[r->n_slots++]);
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

/* News are told for each job, and there may be thousands of slots: their sums are kept, not made each time. */
static void set_progress(struct run *r, struct run_slot *slot, double progress)
{
	const struct job *job = job_at(r, slot->index);
	double more = progress - slot->progress;

	slot->progress = progress;
	r->counts.running_fraction_s += more * job_audio_seconds(job);
	r->counts.work_running += more * run_job_work(job);
}

static void drop_slot(struct run *r, int64_t index)
{
	struct run_slot *slot = find_slot(r, index), dropped;
	size_t at = (size_t)(slot - r->slots);

	set_progress(r, slot, 0);
	dropped = *slot;
	memmove(slot, slot + 1, (r->n_slots - at - 1) * sizeof *slot);
	r->n_slots--;
	budget_release(r, &dropped);
	if (r->n_slots > 0)
		return;
	r->is_alone = false;
	r->counts.running_fraction_s = r->counts.work_running = 0; /* without the dust of many sums */
}

/* ---- filling --------------------------------------------------------------------------- */

/* Does the limit count it, once it is begun? Not a job of which nobody knows: that one is only asked about. */
static bool is_new(const struct run *r, int64_t index)
{
	return !r->jobs[index].was_started && r->jobs[index].state != JOB_UNKNOWN;
}

static int start_try(struct run *r, int64_t index, int64_t now_ms, struct err *err)
{
	struct run_job *job = &r->jobs[index];

	job->n_attempts++;
	r->n_started += is_new(r, index);
	job->was_started = true;
	job->state = (unsigned char)remote_state(job, JOB_RUNNING);
	r->has_changed = true;
	run_tell(r, RUN_JOB_STARTED, job_at(r, index), NULL);
	if (job->state == JOB_SUBMITTING)
		return ledger_start_look(r->ledger, job->seq, r->row.number, job->n_attempts, now_ms, err);
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

static void hold_back(struct run *r, int64_t now_ms)
{
	queue_pop(&r->queue, now_ms);
	r->n_held_back++;
}

static bool is_over_limit(const struct run *r, int64_t index, size_t first)
{
	int64_t n = r->n_started;

	if (r->config->limit == 0 || !is_new(r, index))
		return false;
	for (size_t i = first; i < r->n_slots; i++)
		n += is_new(r, r->slots[i].index);
	return n >= r->config->limit;
}

/* The next job that may be begun now, or QUEUE_NONE. first: of the slots that are not yet counted as started. What --limit or the credits keep
 * from being begun stays pending, and what a model cannot make that cannot be used. */
static int64_t next_job(struct run *r, size_t first, int64_t now_ms)
{
	enum budget_answer answer;
	int64_t index;

	while (now_ms >= r->quiet_until_ms && (index = queue_peek(&r->queue, now_ms)) != QUEUE_NONE) {
		if (fail_is_barred(r, job_at(r, index))) {
			r->counts.work_left -= run_job_work(job_at(r, index));
			hold_back(r, now_ms);
			continue;
		}
		if (is_over_limit(r, index, first)) {
			hold_back(r, now_ms);
			continue;
		}
		answer = budget_ask(r, index);
		if (answer != BUDGET_OVER)
			return answer == BUDGET_FITS ? index : QUEUE_NONE;
		if (r->n_over_credits++ == 0)
			r->next_price = r->jobs[index].price;
		hold_back(r, now_ms);
	}
	return QUEUE_NONE;
}

/* -1, or an enum backend_answer. A refusal is dealt with here. */
static int offer(struct run *r, int64_t index, int64_t now_ms, struct err *err)
{
	struct event refusal;
	struct remote_task t;
	int answer = remote_fill(r, index, &t, err) == 0 ? (int)r->config->ops->submit(r->backend, &t.task, &refusal) : -1;

	remote_release(&t);
	if (answer == BACKEND_BUSY && r->n_slots == 0)
		return err_set(err, ERR_BUG, "the backend '%s' says that it is busy with nothing in its slots", r->config->ops->name);
	if (answer == BACKEND_TAKEN || answer == BACKEND_REFUSED)
		queue_pop(&r->queue, now_ms);
	if (answer == BACKEND_REFUSED && refuse(r, index, &refusal, err) != 0)
		return -1;
	return answer;
}

static int fill(struct run *r, struct err *err)
{
	size_t first = r->n_slots;
	int64_t now_ms = clock_unix_ms(), index;
	int answer = BACKEND_TAKEN;

	if (queue_size(&r->queue) > 0)
		space_watch(r);
	while (!is_draining(r) && !r->is_alone && (index = next_job(r, first, now_ms)) != QUEUE_NONE) {
		bool alone = r->jobs[index].n_deaths > 0;

		if (alone && (r->n_slots > 0 || !keep_is_empty(r)))
			break;
		answer = offer(r, index, now_ms, err);
		if (answer < 0 || answer == BACKEND_BUSY)
			break;
		if (answer == BACKEND_REFUSED)
			continue;
		add_slot(r, index);
		r->is_alone = alone;
	}
	return answer < 0 ? -1 : start_slots(r, first, err);
}

/* ---- events ------------------------------------------------------------------------------ */

static int take_failure(struct run *r, const struct event *e, struct err *err)
{
	int64_t index = index_of(r, e->job);
	struct run_slot slot = *find_slot(r, index);

	drop_slot(r, index);
	return remote_fail(r, &slot, e, err) != 0 ? -1 : fail_job(r, index, e, err);
}

static bool is_fact(const struct event *e)
{
	return e->kind == EVENT_FAILED || e->kind == EVENT_UPLOADED || e->kind == EVENT_SUBMITTING || e->kind == EVENT_ACCEPTED;
}

/* The network is there: what waited for it may begin. */
static void note_contact(struct run *r, const struct event *e)
{
	if (e->kind == EVENT_SUBMITTING || e->is_not_sent)
		return;
	r->quiet_until_ms = 0;
	r->jobs[index_of(r, e->job)].n_not_sent = 0;
}

/* What is to be known before anything else happens: one transaction for all of a reap. */
static int take_facts(struct run *r, const struct event *events, int n, struct err *err)
{
	bool begun = false;

	for (int i = 0; i < n; i++) {
		const struct event *e = &events[i];

		note_contact(r, e);
		if (!is_fact(e))
			continue;
		if (!begun && ledger_begin(r->ledger, err) != 0)
			return -1;
		begun = true;
		if (e->kind == EVENT_FAILED ? take_failure(r, e, err) != 0 : remote_take(r, find_slot(r, index_of(r, e->job)), e, err) != 0)
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
			set_progress(r, find_slot(r, index_of(r, events[i].job)), events[i].progress);
	rc = take_facts(r, events, n, err);
	for (int i = 0; i < n; i++) {
		if (events[i].kind != EVENT_DONE)
			continue;
		if (rc == 0)
			rc = finish_job(r, &events[i], err);
		else
			keep_release(&events[i]);
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
			run_tell(r, RUN_ABORTING, NULL,
				 r->config->ops->costs_money ? "leaving the jobs that run: the service is asked to cancel them, and the next run picks up what it does not" :
							       "aborting the jobs that run; they are begun again by the next run");
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
		struct ledger_try_end end = { .seq = job->seq, .n = job->n_attempts,
					      .outcome = job->has == REMOTE_JOB ? LEDGER_CALLED_OFF : LEDGER_INTERRUPTED, /* by ops->close */
					      .state = remote_state(job, JOB_PENDING), .ended_ms = now_ms, .class = FAIL_NONE };

		job->state = (unsigned char)end.state;
		if (r->slots[i].is_started && ledger_end_try(r->ledger, &end, err) != 0)
			return -1;
	}
	r->n_slots = 0;
	r->counts.running_fraction_s = r->counts.work_running = 0;
	return 0;
}
