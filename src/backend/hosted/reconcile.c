/*
 * reconcile: submissions of which nobody knows whether they were taken are looked for in the service's list of jobs.
 *
 * One walk over the list, newest first, serves all slots that look; it ends where the list is older than the oldest of them. A
 * candidate is a job of the same model with the same inputs (wire_read_jobs), created around the submission, and nobody else's:
 * neither another row's of the ledger nor another slot's. Exactly one is ours. A list may lag behind, so none is looked for again; two
 * are one too many: nothing here can tell which is ours, and a wrong guess would leave one that was paid for to nobody.
 */
#include "backend/hosted/hosted_inside.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define SKEW_MS 120000     /* by as much the service's clock and ours may differ */
#define LOOKS_MAX 6        /* at 0, 1, 3, 7, 15 and 31 s, and then no more */
#define LOOK_FIRST_MS 1000
#define AGE_MS 300000      /* a submission that old is in the list or never will be: one look says it */
#define PAGES_MAX 200      /* 20,000 jobs of the last minutes: more than any plan lets run */
#define AGAIN_MS 10000     /* after a look that broke off */

void reconcile_begin(struct hosted *h, struct slot *s, const char *why)
{
	mover_go(&s->mover, STEP_RECONCILE);
	mover_due(&s->mover, hosted_now_ms(h));
	s->mover.n_looks = 0;
	s->is_looked_for = false; /* not by a walk that is under way: it may be past its place */
	s->deadline_ms = s->mover.due_ms + h->deadline_ms;
	(void)snprintf(s->why_unknown, sizeof s->why_unknown, "%s", why);
}

void reconcile_wake(struct hosted *h)
{
	const struct mover *first = movers_first(&h->movers, LINE_RECONCILE);
	int64_t now_ms = hosted_now_ms(h);

	if (!first || first->due_ms > now_ms || h->walk.mover.step != STEP_FREE)
		return;
	h->walk = (struct walk){ .mover = h->walk.mover, .since_unix_ms = INT64_MAX };
	mover_go(&h->walk.mover, STEP_LIST);
	mover_due(&h->walk.mover, now_ms);
	for (int i = 0; i < h->n_slots; i++) {
		struct slot *s = &h->slots[i];

		s->is_looked_for = s->mover.step == STEP_RECONCILE;
		s->n_candidates = 0;
		if (s->is_looked_for && s->submitted_unix_ms - SKEW_MS < h->walk.since_unix_ms)
			h->walk.since_unix_ms = s->submitted_unix_ms - SKEW_MS;
	}
}

void reconcile_ask(struct hosted *h)
{
	struct strbuf query = STRBUF_INIT(sizeof h->walk.next + 64);
	struct ask ask = { .path = h->service.provider->jobs };

	if (h->walk.next[0])
		strbuf_addf(&query, "%s%s", h->service.provider->next_page, h->walk.next);
	ask.query = h->walk.next[0] ? query.buf : NULL;
	mover_go(&h->walk.mover, STEP_LISTING);
	ask_by(h, &h->walk.mover, &ask);
	strbuf_release(&query);
}

/* ---- a page -------------------------------------------------------------------------------------- */

struct visit {
	const struct hosted *h;
	struct slot *slot;
	int64_t until_unix_ms;
};

static bool is_taken(const struct visit *v, const char *id)
{
	for (int i = 0; i < v->h->n_slots; i++)
		if (v->h->slots[i].mover.step != STEP_FREE && strcmp(v->h->slots[i].remote_id, id) == 0)
			return true;
	return v->slot->is_owned && v->slot->is_owned(v->slot->arg, id);
}

/* A job without its time is no candidate: it might be of last year. */
static void visit_job(void *arg, const struct wire_job *job, bool is_same)
{
	struct visit *v = arg;
	struct slot *s = v->slot;

	if (!is_same || job->created_ms < s->submitted_unix_ms - SKEW_MS || job->created_ms > v->until_unix_ms || is_taken(v, job->id))
		return;
	if (s->n_candidates > 0 && strcmp(s->candidate, job->id) == 0)
		return; /* pages move on when jobs come: seen twice */
	s->n_candidates++;
	s->candidate_credits = job->credits;
	(void)snprintf(s->candidate, sizeof s->candidate, "%s", job->id);
}

static int read_for(struct hosted *h, struct slot *s, const struct http_answer *answer, struct wire_page *page, struct err *err)
{
	struct strbuf body = STRBUF_INIT(JOB_TEXT_MAX);
	struct visit visit = { h, s, clock_unix_ms() + SKEW_MS };
	int rc;

	wire_submit_body(&body, s->job, s->input_asset);
	rc = wire_read_jobs(h->service.provider, answer->body.buf, answer->body.len, s->job->card, body.buf, visit_job, &visit, page, err);
	strbuf_release(&body);
	return rc;
}

enum came reconcile_read(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct wire_page *page = mem_zalloc(1, sizeof *page);
	enum came came = CAME_READY;
	struct err err = ERR_INIT;

	(void)m;
	for (int i = 0; i < h->n_slots && came == CAME_READY; i++)
		if (h->slots[i].is_looked_for && read_for(h, &h->slots[i], heard->http, page, &err) != 0)
			came = CAME_GARBLED;
	if (came == CAME_GARBLED)
		(void)snprintf(heard->why, sizeof heard->why, "%.500s", err.text);
	(void)snprintf(h->walk.next, sizeof h->walk.next, "%s", page->next);
	h->walk.n_pages++;
	if (came == CAME_READY && page->next[0] && (page->oldest_ms == 0 || page->oldest_ms >= h->walk.since_unix_ms)) {
		h->walk.is_cut = h->walk.n_pages >= PAGES_MAX;
		came = h->walk.is_cut ? CAME_READY : CAME_GOOD;
	}
	free(page);
	return came;
}

/* ---- the end of a walk ---------------------------------------------------------------------------- */

static void give_up(struct slot *s, const char *found)
{
	char at[CLOCK_TEXT_SIZE], id[JOB_ID_SIZE];

	job_id_text(id, s->job->id);
	slot_fail(s, FAIL_REMOTE_UNKNOWN,
		  "submitted at %s, and nobody knows whether the service took it (%s): %s. Look at your jobs there; 'mgbatch retry MANIFEST %s --pay-again' "
		  "makes it anew",
		  clock_text(at, s->submitted_unix_ms), s->why_unknown, found, id);
}

/* The whole list was seen. */
static void conclude(struct hosted *h, struct slot *s)
{
	struct visit visit = { h, s, 0 };

	if (s->n_candidates == 1 && is_taken(&visit, s->candidate)) /* by another slot, of this very walk */
		s->n_candidates = 0;
	if (s->n_candidates == 1) {
		slot_accept(h, s, s->candidate, s->candidate_credits);
	} else if (s->n_candidates > 1) {
		give_up(s, "its list has more than one job that could be it");
	} else if (++s->mover.n_looks >= LOOKS_MAX || clock_unix_ms() - s->submitted_unix_ms > AGE_MS) {
		give_up(s, "its list has no job that could be it");
	} else {
		mover_due(&s->mover, hosted_now_ms(h) + ((int64_t)LOOK_FIRST_MS << (s->mover.n_looks - 1)));
	}
}

void reconcile_end(struct hosted *h, struct mover *m, struct heard *heard)
{
	(void)m;
	(void)heard;
	for (int i = 0; i < h->n_slots; i++) {
		struct slot *s = &h->slots[i];

		if (!s->is_looked_for)
			continue;
		s->is_looked_for = false;
		if (h->walk.is_cut)
			give_up(s, "its list of jobs is too long to be read back to then");
		else
			conclude(h, s);
	}
}

/* It is asked again, until the deadline: what happens to the network says nothing of the job. */
void reconcile_failed(struct hosted *h, struct mover *m, struct heard *heard)
{
	char found[200];

	(void)m;
	(void)snprintf(found, sizeof found, "its list of jobs cannot be read: %.150s", heard->why);
	for (int i = 0; i < h->n_slots; i++) {
		struct slot *s = &h->slots[i];

		if (!s->is_looked_for)
			continue;
		s->is_looked_for = false;
		mover_due(&s->mover, hosted_now_ms(h) + AGAIN_MS);
		if (hosted_now_ms(h) >= s->deadline_ms)
			give_up(s, found);
	}
}

void reconcile_barred(struct hosted *h, struct mover *m, struct heard *heard)
{
	char found[200];

	(void)m;
	(void)snprintf(h->barred, sizeof h->barred, "%s", heard->why);
	(void)snprintf(found, sizeof found, "its list of jobs is closed to us: %.150s", heard->why);
	for (int i = 0; i < h->n_slots; i++)
		if (h->slots[i].is_looked_for) {
			h->slots[i].is_looked_for = false;
			give_up(&h->slots[i], found);
		}
}
