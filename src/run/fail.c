/* A failed try is an event and a row: what becomes of the job, and who is told. When it is tried again is retry.h's to say. */
#include "run/run_inside.h"

#include "base/clock.h"
#include "run/retry.h"

#include <stdio.h>

static void tell_failure(struct run *r, int64_t index, const struct event *e, int64_t when_ms, int64_t now_ms)
{
	const char *class = fail_class_name(e->class);
	bool is_again = !fail_class_stops_run(e->class) && when_ms != RETRY_NEVER;
	struct run_failure f = { .class = e->class, .sentence = e->sentence, .n_try = r->jobs[index].n_tries, .tries = r->config->tries,
				 .again_in_s = is_again ? (double)(when_ms - now_ms) / 1000 : -1 };
	char text[EVENT_SENTENCE_MAX + 128]; /* the sentence and what is said around it */
	struct run_news news = { .kind = RUN_JOB_FAILED, .job = &r->config->jobs[index], .text = text, .failure = &f };

	if (fail_class_stops_run(e->class))
		(void)snprintf(text, sizeof text, "%s: %s; the run stops, and this job waits for the next", class, e->sentence);
	else if (is_again)
		(void)snprintf(text, sizeof text, "%s: %s; try %d of %d, again in %.1f s", class, e->sentence, f.n_try, f.tries, f.again_in_s);
	else if (fail_class_is_retried(e->class))
		(void)snprintf(text, sizeof text, "%s: %s; try %d of %d was the last", class, e->sentence, f.n_try, f.tries);
	else
		(void)snprintf(text, sizeof text, "%s: %s", class, e->sentence);
	run_tell_news(r, &news);
}

static void stop_because(struct run *r, const struct event *e)
{
	if (r->stop_class != FAIL_NONE)
		return;
	r->stop_class = e->class;
	(void)snprintf(r->stop_sentence, sizeof r->stop_sentence, "%s", e->sentence);
}

int fail_job(struct run *r, int64_t index, const struct event *e, struct err *err)
{
	struct run_job *job = &r->jobs[index];
	int64_t now_ms = clock_unix_ms(), when_ms;
	bool counts = retry_counts(e->class);
	struct ledger_try_end end = { .seq = job->seq, .n = job->n_attempts, .outcome = LEDGER_FAILED, .state = JOB_FAILED,
				      .counts = counts, .ended_ms = now_ms, .class = e->class, .sentence = e->sentence };
	struct retry_question question = { e->class, job->n_tries += counts, r->config->tries, now_ms, e->retry_after_ms,
					   retry_random(&r->random) };

	when_ms = retry_when(&question);
	if (!counts) {
		end.state = JOB_PENDING;
		stop_because(r, e);
	} else if (when_ms != RETRY_NEVER) {
		end.state = JOB_PENDING;
		end.not_before_ms = job->not_before_ms = when_ms;
		queue_add_later(&r->queue, index, when_ms);
	} else {
		r->counts.n_failed++;
		r->counts.work_left -= run_job_work(&r->config->jobs[index]);
	}
	job->state = (unsigned char)end.state;
	r->has_changed = true;
	if (ledger_end_try(r->ledger, &end, err) != 0)
		return -1;
	tell_failure(r, index, e, when_ms, now_ms);
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

int fail_file(struct run *r, int64_t index, const struct err *why, struct err *err)
{
	struct event failure = { .kind = EVENT_FAILED, .job = &r->config->jobs[index], .class = class_of(why->code) };

	(void)snprintf(failure.sentence, sizeof failure.sentence, "%.*s", EVENT_SENTENCE_MAX - 1, why->text);
	return fail_job(r, index, &failure, err);
}
