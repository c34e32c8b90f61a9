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
	h->walk = (struct walk){ .mover = h->walk.mover, .since_unix_ms = INT64_MAX, .began_ms = now_ms };
	mover_go(&h->walk.mover, STEP_LIST);
	mover_due(&h->walk.mover, now_ms);
	for (struct mover *m = movers_at(&h->movers, STEP_RECONCILE); m; m = m->next) {
		struct slot *s = slot_of(m);

		s->is_looked_for = true;
		s->n_candidates = 0;
		if (s->submitted_unix_ms - SKEW_MS < h->walk.since_unix_ms)
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

/* Those that the walk looks for, and what each of them asked for. */
struct looking {
	const struct hosted *h;
	struct slot **slots;
	struct wire_asked *asked;
	struct strbuf *bodies;
	size_t n;
};

static void open_looking(struct looking *ret, const struct hosted *h)
{
	size_t most = (size_t)movers_n_at(&h->movers, STEP_RECONCILE);
	int64_t until_unix_ms = clock_unix_ms() + SKEW_MS;

	*ret = (struct looking){ .h = h, .slots = mem_zalloc(most, sizeof(struct slot *)), .asked = mem_zalloc(most, sizeof *ret->asked),
				 .bodies = mem_zalloc(most, sizeof *ret->bodies) };
	for (struct mover *m = movers_at(&h->movers, STEP_RECONCILE); m; m = m->next) {
		struct slot *s = slot_of(m);
		struct strbuf *body = &ret->bodies[ret->n];

		if (!s->is_looked_for)
			continue;
		strbuf_init(body, JOB_TEXT_MAX);
		wire_submit_body(body, s->job, s->input_asset);
		/* one that does not say when it was created might be of last year */
		ret->asked[ret->n] = (struct wire_asked){ s->job->card, body->buf, s->submitted_unix_ms - SKEW_MS, until_unix_ms };
		ret->slots[ret->n++] = s;
	}
}

static void close_looking(struct looking *l)
{
	for (size_t i = 0; i < l->n; i++)
		strbuf_release(&l->bodies[i]);
	free(l->bodies);
	free(l->asked);
	free(l->slots);
}

static bool is_taken(const struct hosted *h, const struct slot *by, const char *id)
{
	for (int i = 0; i < h->n_slots; i++)
		if (h->slots[i].mover.step != STEP_FREE && strcmp(h->slots[i].remote_id, id) == 0)
			return true;
	return by->is_owned && by->is_owned(by->arg, id);
}

static void visit_like(void *arg, size_t which, const struct wire_job *job)
{
	struct looking *l = arg;
	struct slot *s = l->slots[which];

	if (is_taken(l->h, s, job->id) || (s->n_candidates > 0 && strcmp(s->candidate, job->id) == 0)) /* pages move on when jobs come: seen twice */
		return;
	s->n_candidates++;
	(void)snprintf(s->candidate, sizeof s->candidate, "%s", job->id);
}

enum came reconcile_read(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct wire_page *page = mem_zalloc(1, sizeof *page);
	struct looking looking;
	struct err err = ERR_INIT;
	enum came came;

	(void)m;
	open_looking(&looking, h);
	came = heard_read(heard, wire_read_jobs(h->service.provider, heard->http->body.buf, heard->http->body.len, looking.asked, looking.n, visit_like,
						&looking, page, &err), &err);
	close_looking(&looking);
	(void)snprintf(h->walk.next, sizeof h->walk.next, "%s", page->next);
	h->walk.n_pages++;
	if (came == CAME_GOOD) {
		bool is_last = !page->next[0] || (page->oldest_ms > 0 && page->oldest_ms < h->walk.since_unix_ms);

		h->walk.is_cut = !is_last && h->walk.n_pages >= PAGES_MAX;
		came = is_last || h->walk.is_cut ? CAME_READY : CAME_GOOD;
	}
	free(page);
	return came;
}

/* ---- the end of a walk ---------------------------------------------------------------------------- */

static void give_up(struct hosted *h, struct slot *s, const char *found)
{
	char at[CLOCK_TEXT_SIZE], id[JOB_ID_SIZE];

	(void)h;
	job_id_text(id, s->job->id);
	slot_fail(s, FAIL_REMOTE_UNKNOWN,
		  "submitted at %s, and nobody knows whether the service took it (%s): %s. Look at your jobs there; 'mgbatch retry MANIFEST %s --pay-again' "
		  "makes it anew",
		  clock_text(at, s->submitted_unix_ms), s->why_unknown, found, id);
}

/* The whole list was seen. A walk that others began is no look of one that was not due: it would have used up its looks before a list that lags has it. */
static void conclude(struct hosted *h, struct slot *s, const char *found)
{
	if (s->n_candidates == 1 && is_taken(h, s, s->candidate)) /* by another slot, of this very walk */
		s->n_candidates = 0;
	if (s->n_candidates == 1) {
		slot_accept(h, s, s->candidate, -1); /* a list has no prices */
	} else if (s->n_candidates > 1) {
		give_up(h, s, "its list has more than one job that could be it");
	} else if (clock_unix_ms() - s->submitted_unix_ms > AGE_MS) {
		give_up(h, s, found);
	} else if (s->mover.due_ms <= h->walk.began_ms) {
		if (++s->mover.n_looks >= LOOKS_MAX)
			give_up(h, s, found);
		else
			mover_due(&s->mover, hosted_now_ms(h) + ((int64_t)LOOK_FIRST_MS << (s->mover.n_looks - 1)));
	}
}

/* It is asked again, until the deadline: what happens to the network says nothing of the job. */
static void put_off(struct hosted *h, struct slot *s, const char *found)
{
	mover_due(&s->mover, hosted_now_ms(h) + AGAIN_MS);
	if (hosted_now_ms(h) >= s->deadline_ms)
		give_up(h, s, found);
}

static void end_walk(struct hosted *h, void (*act)(struct hosted *h, struct slot *s, const char *found), const char *found)
{
	struct mover *m, *next;

	for (m = movers_at(&h->movers, STEP_RECONCILE); m; m = next) {
		struct slot *s = slot_of(m);

		next = m->next;
		if (!s->is_looked_for)
			continue;
		s->is_looked_for = false;
		act(h, s, found);
	}
}

void reconcile_end(struct hosted *h, struct mover *m, struct heard *heard)
{
	(void)m;
	(void)heard;
	if (h->walk.is_cut)
		end_walk(h, give_up, "its list of jobs is too long to be read back to then");
	else
		end_walk(h, conclude, "its list has no job that could be it");
}

void reconcile_failed(struct hosted *h, struct mover *m, struct heard *heard)
{
	char found[200];

	(void)m;
	(void)snprintf(found, sizeof found, "its list of jobs cannot be read: %.150s", heard->why);
	end_walk(h, put_off, found);
}

void reconcile_barred(struct hosted *h, struct mover *m, struct heard *heard)
{
	char found[200];

	(void)m;
	hosted_bar(h, heard->why);
	(void)snprintf(found, sizeof found, "its list of jobs is closed to us: %.150s", heard->why);
	end_walk(h, give_up, found);
}
