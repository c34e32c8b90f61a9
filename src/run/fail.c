/* A failed try is an event and a row: what becomes of the job, and who is told. When it is tried again is retry.h's to say. */
#include "run/run_inside.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "run/remote.h"
#include "run/retry.h"

#include <stdio.h>

/* How it goes on. */
struct sequel {
	enum job_state state;
	bool counts;        /* uses up a try */
	bool is_our_doing;  /* the service cancelled it because it was asked to, when a run was aborted */
	int64_t when_ms;    /* RETRY_NEVER: not again by this run */
};

static void say_failure(char *text, size_t size, const struct run *r, int64_t index, const struct event *e, const struct sequel *s,
			double again_in_s)
{
	const char *class = fail_class_name(e->class);
	int n_try = r->jobs[index].n_tries, tries = r->config->tries;

	if (fail_class_stops_run(e->class))
		(void)snprintf(text, size, "%s: %s; %s", class, e->sentence,
			       r->stop_class != FAIL_NONE ? "the run stops, and this job waits for the next" :
							    "the jobs of this model wait for another run, the others go on");
	else if (s->state == JOB_UNKNOWN || s->state == JOB_LOST)
		(void)snprintf(text, size, "%s: %s; it is %s from now on, and not paid for again unasked", class, e->sentence,
			       job_state_name(s->state));
	else if (s->is_our_doing)
		(void)snprintf(text, size, "%s, as an aborted run had asked; it is sent, and paid for, again", e->sentence);
	else if (s->when_ms != RETRY_NEVER && !s->counts)
		(void)snprintf(text, size, "%s: %s; that uses up no try, again in %.1f s", class, e->sentence, again_in_s);
	else if (s->when_ms != RETRY_NEVER)
		(void)snprintf(text, size, "%s: %s; try %d of %d, again in %.1f s", class, e->sentence, n_try, tries, again_in_s);
	else if (fail_class_is_retried(e->class) || r->config->retried_classes & 1u << e->class)
		(void)snprintf(text, size, "%s: %s; try %d of %d was the last", class, e->sentence, n_try, tries);
	else
		(void)snprintf(text, size, "%s: %s", class, e->sentence);
}

static void tell_failure(struct run *r, int64_t index, const struct event *e, const struct sequel *s, int64_t now_ms)
{
	double again_in_s = s->when_ms == RETRY_NEVER ? -1 : (double)(s->when_ms - now_ms) / 1000;
	struct run_failure f = { .class = e->class, .sentence = e->sentence, .n_try = r->jobs[index].n_tries, .tries = r->config->tries,
				 .again_in_s = again_in_s };
	char text[EVENT_SENTENCE_MAX + 128]; /* the sentence and what is said around it */
	struct run_news news = { .kind = RUN_JOB_FAILED, .job = &r->config->jobs[index], .text = text, .failure = &f };

	say_failure(text, sizeof text, r, index, e, s, again_in_s);
	run_tell_news(r, &news);
}

bool fail_is_barred(const struct run *r, const struct job *job)
{
	for (size_t i = 0; i < r->n_barred; i++)
		if (r->barred[i] == job->maker)
			return true;
	return false;
}

/* Is anything left that could still be made? */
static bool has_others(const struct run *r)
{
	for (int64_t i = 0; i < r->config->n_jobs; i++)
		if (r->jobs[i].is_selected && r->jobs[i].state == JOB_PENDING && !fail_is_barred(r, &r->config->jobs[i]))
			return true;
	return false;
}

/* A model that cannot be used stops its own jobs: the run only when there are no others. */
static void stop_because(struct run *r, const struct event *e)
{
	bool is_model = e->class == FAIL_MODEL;

	if (r->stop_class != FAIL_NONE)
		return;
	if (is_model && !fail_is_barred(r, e->job)) {
		MEM_GROW(r->barred, r->n_barred, r->cap_barred);
		r->barred[r->n_barred++] = e->job->maker;
	}
	if (!is_model || !*r->stop_sentence)
		(void)snprintf(r->stop_sentence, sizeof r->stop_sentence, "%s", e->sentence);
	if (!is_model || !has_others(r))
		r->stop_class = e->class;
}

/* For how long in a row nothing could be sent for the job, in the backend's time; -1: something was. */
static double count_not_sent(const struct run *r, struct run_job *job, const struct event *e, int64_t now_ms)
{
	double rate = r->config->backend.clock_rate > 0 ? r->config->backend.clock_rate : 1, ms;

	if (!e->is_not_sent) {
		job->not_sent_ms = job->n_not_sent = 0;
		return -1;
	}
	if (job->n_not_sent++ == 0)
		job->not_sent_ms = now_ms;
	ms = (double)(now_ms - job->not_sent_ms) * rate;
	if (ms >= RETRY_NOT_SENT_MS)
		job->not_sent_ms = job->n_not_sent = 0;
	return ms;
}

static struct sequel sequel_of(struct run *r, int64_t index, const struct event *e, bool is_our_doing, int64_t now_ms)
{
	struct run_job *job = &r->jobs[index];
	struct sequel s = { .state = JOB_FAILED, .when_ms = RETRY_NEVER, .is_our_doing = is_our_doing,
			    .counts = retry_counts(e->class, count_not_sent(r, job, e, now_ms)) && !is_our_doing };
	struct retry_question question = {
		.class = e->class, .n_tries = job->n_tries += s.counts, .tries = r->config->tries, .now_ms = now_ms,
		.retry_after_ms = e->retry_after_ms, .random = random_unit(&r->random), .also = r->config->retried_classes,
		.n_not_sent = job->n_not_sent, .clock_rate = r->config->backend.clock_rate,
	};

	if (fail_class_stops_run(e->class)) {
		s.state = JOB_PENDING;
		stop_because(r, e);
	} else if (is_our_doing) {
		s.state = JOB_PENDING;
		s.when_ms = now_ms;
	} else if (e->is_gone) {
		s.state = JOB_LOST;
	} else if (e->class == FAIL_REMOTE_UNKNOWN) {
		s.state = JOB_UNKNOWN;
	} else {
		s.when_ms = retry_when(&question);
		s.state = s.when_ms == RETRY_NEVER ? JOB_FAILED : JOB_PENDING;
	}
	s.state = remote_state(job, s.state);
	return s;
}

/* A job that is on its way through the service says that the network is there; one that is not keeps the others from being begun in vain. */
static void put_off(struct run *r, int64_t index, const struct event *e, const struct sequel *s)
{
	if (s->when_ms == RETRY_NEVER)
		return;
	r->jobs[index].not_before_ms = s->when_ms;
	queue_add_later(&r->queue, index, s->when_ms);
	if (e->is_not_sent && e->class == FAIL_REMOTE && s->when_ms > r->quiet_until_ms)
		r->quiet_until_ms = s->when_ms;
}

int fail_job(struct run *r, int64_t index, const struct event *e, struct err *err)
{
	struct run_job *job = &r->jobs[index];
	struct ledger_try_end end = { .seq = job->seq, .n = job->n_attempts, .outcome = LEDGER_FAILED, .ended_ms = clock_unix_ms(),
				      .class = e->class, .sentence = e->sentence };
	int is_our_doing = e->is_canceled ? ledger_was_called_off(r->ledger, job->seq, err) : 0;
	struct sequel s;

	if (is_our_doing < 0)
		return -1;
	s = sequel_of(r, index, e, is_our_doing, end.ended_ms);
	end.state = s.state;
	end.counts = s.counts;
	end.not_before_ms = s.when_ms == RETRY_NEVER ? 0 : s.when_ms;
	put_off(r, index, e, &s);
	if (s.when_ms == RETRY_NEVER && !fail_class_stops_run(e->class)) {
		r->counts.n_failed += s.state == JOB_FAILED;
		r->counts.work_left -= run_job_work(&r->config->jobs[index]);
	}
	job->state = (unsigned char)s.state;
	r->has_changed = true;
	if (ledger_end_try(r->ledger, &end, err) != 0)
		return -1;
	tell_failure(r, index, e, &s, end.ended_ms);
	return 0;
}

static enum fail_class class_of(enum err_code code)
{
	static const unsigned char classes[ERR_N_CODES] = { [ERR_IO] = FAIL_IO, [ERR_DISK_FULL] = FAIL_DISK_FULL,
							    [ERR_NONFINITE] = FAIL_NONFINITE, [ERR_INPUT] = FAIL_INPUT,
							    /* for another rate: what is in use is given back some day, so again */
							    [ERR_MEMORY] = FAIL_IO };

	return classes[code] == FAIL_NONE ? FAIL_BUG : (enum fail_class)classes[code];
}

int fail_file(struct run *r, const struct run_file *f, struct err *err)
{
	const struct err *why = &f->why;
	struct event failure = { .kind = EVENT_FAILED, .job = &r->config->jobs[f->index],
				 .class = f->is_no_sound ? FAIL_REMOTE : class_of(why->code) };

	(void)snprintf(failure.sentence, sizeof failure.sentence, "%.*s", EVENT_SENTENCE_MAX - 1, why->text);
	return fail_job(r, f->index, &failure, err);
}
