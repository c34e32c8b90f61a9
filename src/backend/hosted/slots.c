/* What is done with a job's slot: the acts and readings of its rows in steps.c, but for input, list of jobs and download. */
#include "backend/hosted/hosted_inside.h"

#include "base/random.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How long to wait where the service says "slow down" and not for how long. Others of one account wait some 80 s in all when
 * its jobs' places are taken (the service's documentation); requests come again each minute. */
#define SLOW_JOBS_MS 10000
#define SLOW_REQUESTS_MS 15000
#define SLOW_MOST_MS 3600000
#define NOT_SENT_FIRST_MS 2000
#define NOT_SENT_MOST_MS 60000

/*
 * What was paid for is not given up for one 404: the service may have more than one memory, and one of them may lag. Nor for many: of another
 * project it knows nothing either (the service's documentation), and a job that it knows there must not be paid for again unasked.
 */
#define MISSING_MAX 3

/* ---- what all may need ------------------------------------------------------------------------- */

enum came heard_read(struct heard *heard, int rc, const struct err *err)
{
	if (rc == 0)
		return CAME_GOOD;
	(void)snprintf(heard->why, sizeof heard->why, "%.500s", err->text);
	return CAME_GARBLED;
}

enum fail_class heard_here(const struct heard *heard)
{
	return heard->sys_errno == ENOSPC || heard->sys_errno == EDQUOT ? FAIL_DISK_FULL : FAIL_IO;
}

void slot_fail(struct slot *s, enum fail_class class, const char *fmt, ...)
{
	va_list ap;

	mover_go(&s->mover, STEP_OVER);
	s->end = (struct event){ .kind = EVENT_FAILED, .job = s->job, .class = class };
	va_start(ap, fmt);
	(void)vsnprintf(s->end.sentence, sizeof s->end.sentence, fmt, ap);
	va_end(ap);
}

void mover_later(struct hosted *h, struct mover *m)
{
	mover_due(m, hosted_now_ms(h) + pace_poll_ms(m->n_looks++, random_unit(&h->random)));
}

int64_t heard_wait_ms(const struct heard *heard, int64_t unless_said)
{
	int64_t ms = heard->http ? heard->http->retry_after_ms : -1;

	if (heard->error.wait_ms > ms)
		ms = heard->error.wait_ms;
	if (ms < 0)
		ms = unless_said;
	return ms > SLOW_MOST_MS ? SLOW_MOST_MS : ms;
}

/* At the service, or perhaps: whatever is not refused of those under way. */
static int n_in_flight(const struct hosted *h)
{
	return movers_n_at(&h->movers, STEP_POLL) + movers_n_at(&h->movers, STEP_POLLING) + movers_n_at(&h->movers, STEP_ACCEPTED) +
	       movers_n_at(&h->movers, STEP_SENT);
}

void steps_slow_down(struct hosted *h, const struct mover *m, const struct heard *heard)
{
	if (heard->error.trouble == WIRE_TOO_MANY_JOBS)
		pace_too_many_jobs(h->pace, n_in_flight(h) - (m->step == STEP_SENT), heard->error.n_jobs); /* itself was refused */
	else
		pace_pause(h->pace, hosted_now_ms(h) + heard_wait_ms(heard, SLOW_REQUESTS_MS));
}

int64_t steps_not_sent_ms(struct hosted *h)
{
	int64_t ms = NOT_SENT_FIRST_MS;

	for (int i = 0; i < h->n_not_sent && ms < NOT_SENT_MOST_MS; i++)
		ms *= 2;
	if (h->n_not_sent < 30)
		h->n_not_sent++;
	if (ms > NOT_SENT_MOST_MS)
		ms = NOT_SENT_MOST_MS;
	return hosted_real_ms(h, ms - (int64_t)((double)ms / 2 * random_unit(&h->random)));
}

/* ---- a submission -------------------------------------------------------------------------------- */

enum came slot_read_submitted(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct err err = ERR_INIT;

	(void)m;
	return heard_read(heard, wire_read_job(h->service.provider, heard->http->body.buf, heard->http->body.len, &heard->job, &err), &err);
}

void slot_accept(struct hosted *h, struct slot *s, const char *remote_id, double credits)
{
	mover_go(&s->mover, STEP_ACCEPTED);
	s->mover.n_looks = 0;
	(void)snprintf(s->remote_id, sizeof s->remote_id, "%s", remote_id);
	s->credits = credits;
	s->deadline_ms = hosted_now_ms(h) + h->deadline_ms;
}

void slot_accepted(struct hosted *h, struct mover *m, struct heard *heard)
{
	slot_accept(h, slot_of(m), heard->job.id, heard->job.credits);
}

void slot_lost_sight(struct hosted *h, struct mover *m, struct heard *heard)
{
	char why[32] = "";

	if (heard->http->end == HTTP_ANSWERED && heard->http->status >= 300)
		(void)snprintf(why, sizeof why, "it answered with %d", heard->http->status);
	reconcile_begin(h, slot_of(m), why[0] ? why : heard->why);
}

void slot_not_sent(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	slot_fail(s, FAIL_REMOTE, "nothing was sent: %s", heard->why);
	s->end.is_not_sent = true;
	s->end.retry_after_ms = steps_not_sent_ms(h);
}

void slot_refused(struct hosted *h, struct mover *m, struct heard *heard)
{
	(void)h;
	slot_fail(slot_of(m), FAIL_INPUT, "%s", heard->why);
}

/* An input that was sent may have been deleted there since: it is sent again, once, before anything is said of the job. */
void slot_unknown_input(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	if (s->input_asset[0] && upload_forget(h, s->job, s->input_asset)) {
		slot_fail(s, FAIL_REMOTE, "the service does not know the uploaded input any more (404): it is uploaded anew");
		s->end.is_not_sent = true;
		return;
	}
	slot_fail(s, FAIL_INPUT, "%s", heard->why);
}

void slot_slow(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	slot_fail(s, FAIL_REMOTE_RATE, "%s", heard->why);
	s->end.is_not_sent = true;
	s->end.retry_after_ms = hosted_real_ms(h, heard_wait_ms(heard, SLOW_JOBS_MS));
}

void slot_barred(struct hosted *h, struct mover *m, struct heard *heard)
{
	slot_locked_out(h, m, heard);
	slot_of(m)->end.is_not_sent = true;
}

void slot_cannot(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	(void)h;
	slot_fail(s, FAIL_IO, "nothing was sent: %s", heard->why);
	s->end.is_not_sent = true;
}

/* ---- looking after a job ---------------------------------------------------------------------------- */

enum came slot_read_polled(struct hosted *h, struct mover *m, struct heard *heard)
{
	const struct slot *s = slot_of(m);

	if (slot_read_submitted(h, m, heard) != CAME_GOOD)
		return CAME_GARBLED;
	if (strcmp(heard->job.id, s->remote_id) != 0) {
		(void)snprintf(heard->why, sizeof heard->why, "the service speaks of job '%s' when asked for '%s'", heard->job.id, s->remote_id);
		return CAME_GARBLED;
	}
	if (heard->job.status == WIRE_FAILED || heard->job.status == WIRE_CANCELED)
		return CAME_ENDED;
	return heard->job.status == WIRE_SUCCEEDED ? CAME_READY : CAME_GOOD;
}

static void note_progress(struct hosted *h, struct slot *s, double progress)
{
	s->progress = progress;
	if (s->is_in_progressed || s->progress <= s->told_progress)
		return;
	s->is_in_progressed = true;
	h->progressed[h->n_progressed++] = s;
}

/* The same question later, but not for ever. what: what it is about; nothing has been paid for in vain. */
static void ask_again(struct hosted *h, struct mover *m, const char *what, const char *why)
{
	struct slot *s = slot_of(m);
	char text[32];

	mover_later(h, m);
	if (hosted_now_ms(h) < s->deadline_ms)
		return;
	slot_fail(s, FAIL_REMOTE, "%s after %s%s%s; another try goes on looking, and pays nothing for it", what,
		  text_duration(text, sizeof text, (double)h->deadline_ms / 1000), *why ? ": " : "", why);
}

void slot_look_again(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	s->n_missing = 0;
	note_progress(h, s, heard->job.progress);
	ask_again(h, m, "the service has not finished it", "");
}

void slot_poll_again(struct hosted *h, struct mover *m, struct heard *heard)
{
	ask_again(h, m, "nothing is known of it", heard->why);
}

/* Succeeded: its sound is fetched. One without a sound is a failure there, as the service itself would call it. */
void slot_succeeded(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	if (!heard->job.asset_id[0]) {
		slot_fail(s, FAIL_REMOTE_FAILED, "the service says that job '%s' has succeeded, and names no sound", s->remote_id);
		return;
	}
	(void)snprintf(s->asset_id, sizeof s->asset_id, "%s", heard->job.asset_id);
	note_progress(h, s, 1);
	s->n_missing = 0;
	m->n_looks = 0;
	mover_due(m, hosted_now_ms(h));
}

void slot_ended(struct hosted *h, struct mover *m, struct heard *heard)
{
	const char *how = heard->job.status == WIRE_CANCELED ? "was cancelled" : "failed";
	struct slot *s = slot_of(m);

	(void)h;
	slot_fail(s, FAIL_REMOTE_FAILED, "job '%s' %s at the service%s%s%s", s->remote_id, how, heard->job.why[0] ? ": '" : "", heard->job.why,
		  heard->job.why[0] ? "'" : "");
	s->end.is_canceled = heard->job.status == WIRE_CANCELED;
}

void slot_forgotten(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	(void)heard;
	mover_later(h, m);
	if (++s->n_missing == MISSING_MAX)
		slot_fail(s, FAIL_REMOTE,
			  "the service does not know job '%s' (404): check the key, and the project (%s, or hosted.project); another try looks for it again, "
			  "and pays nothing",
			  s->remote_id, h->service.provider->project_variable);
}

void slot_locked_out(struct hosted *h, struct mover *m, struct heard *heard)
{
	hosted_bar(h, heard->why);
	slot_fail(slot_of(m), FAIL_MODEL, "%s", heard->why);
}

void slot_no_help(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	(void)h;
	slot_fail(s, FAIL_REMOTE, "looking after '%s': %s", s->asset_id[0] ? s->asset_id : s->remote_id, heard->why);
}

/* ---- its sound's record --------------------------------------------------------------------------------- */

void slot_fetch_again(struct hosted *h, struct mover *m, struct heard *heard)
{
	ask_again(h, m, "it is made, and its sound could not be fetched", heard->why);
}

void slot_gone(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	mover_later(h, m);
	if (++s->n_missing < MISSING_MAX)
		return;
	slot_fail(s, FAIL_REMOTE, "its sound '%s' is not to be had any more: the service answers with %d", s->asset_id, heard->http->status);
	s->end.is_gone = true;
}
