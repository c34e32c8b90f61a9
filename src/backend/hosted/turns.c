/*
 * turns: whose request leaves next. What goes to the API keeps to the pace, kind by kind by turns, and within a kind whoever has
 * been due for longest; what goes to where files are kept (parts, downloads) is not counted and leaves at once.
 *
 * A submission has its turn one reap before it leaves, for the ledger must know of it first: until then its place in the minute is kept
 * free, so that what is in the ledger as submitting leaves as soon as it can, and nothing of ours can make it wait.
 */
#include "backend/hosted/hosted_inside.h"

#include "base/mem.h"

#include <string.h>

/* Fewer than there are connections (hosted.c): a request that waited for one would leave later than the pace believes. */
#define ASKED_MAX 24

/* The same for each host of files; and each has a file open. */
#define ELSEWHERE_MAX 24

#define WAIT_LONGEST_MS 60000

/* Submissions that have had their turn and not left. */
static int n_reserved(const struct hosted *h)
{
	return movers_n_at(&h->movers, STEP_TELL) + movers_n_at(&h->movers, STEP_SEND);
}

/* The kind that has its turn now, of those for which one is due, and who that is; PACE_N_KINDS: none is. */
static enum pace_kind next_kind(const struct hosted *h, struct mover *first[PACE_N_KINDS], int64_t now_ms)
{
	int n_waiting[PACE_N_KINDS];

	for (int i = 0; i < PACE_N_KINDS; i++) {
		first[i] = movers_first(&h->movers, (enum line)i);
		n_waiting[i] = first[i] && first[i]->due_ms <= now_ms;
	}
	return pace_next(h->pace, n_waiting);
}

/* ---- beginning --------------------------------------------------------------------------------------- */

static void send_submission(struct hosted *h, struct slot *s)
{
	struct strbuf body = STRBUF_INIT(JOB_TEXT_MAX);
	struct ask ask;

	wire_submit_body(&body, s->job, s->input_asset);
	ask = ask_to_make(&h->service, s->job, body.buf);
	mover_go(&s->mover, STEP_SENT);
	pace_sent(h->pace, PACE_SUBMIT, hosted_now_ms(h));
	ask_by(h, &s->mover, &ask);
	strbuf_release(&body);
}

static void look_at_job(struct hosted *h, struct mover *m)
{
	struct slot *s = slot_of(m);
	struct ask ask = { .path = h->service.provider->job, .names = { .job = s->remote_id } };

	mover_go(m, STEP_POLLING);
	ask_by(h, m, &ask);
}

static void fetch_record(struct hosted *h, struct mover *m)
{
	struct slot *s = slot_of(m);
	struct ask ask = { .path = h->service.provider->asset, .names = { .asset = s->asset_id } };

	mover_go(m, STEP_FETCHING);
	ask_by(h, m, &ask);
}

/* What is read once of a job: its price with an input, its sound's record. */
static void fetch(struct hosted *h, struct mover *m)
{
	if (m->step == STEP_WEIGH)
		weigh_begin(h, slot_of(m));
	else
		fetch_record(h, m);
}

static void go_on_uploading(struct hosted *h, struct mover *m)
{
	upload_begin(h, upload_of(m));
}

static void read_list(struct hosted *h, struct mover *m)
{
	(void)m;
	reconcile_ask(h);
}

/* Its turn only: it is handed out as SUBMITTING before it leaves. */
static void let_submit(struct hosted *h, struct mover *m)
{
	(void)h;
	mover_go(m, STEP_TELL);
}

static void begin_asked(struct hosted *h, int64_t now_ms)
{
	static void (*const begin[PACE_N_KINDS])(struct hosted *, struct mover *) = {
		[PACE_SUBMIT] = let_submit, [PACE_POLL] = look_at_job, [PACE_UPLOAD] = go_on_uploading,
		[PACE_FETCH] = fetch, [PACE_LIST] = read_list,
	};
	struct mover *first[PACE_N_KINDS];
	enum pace_kind kind;

	while ((kind = next_kind(h, first, now_ms)) != PACE_N_KINDS) {
		if (h->movers.n_asked + n_reserved(h) >= ASKED_MAX || pace_wait_after_ms(h->pace, n_reserved(h), now_ms) > 0)
			return;
		if (kind == PACE_SUBMIT)
			h->pace->last = PACE_SUBMIT; /* it is counted when it leaves */
		else
			pace_sent(h->pace, kind, now_ms);
		begin[kind](h, first[kind]);
	}
}

/* Parts and downloads. */
static void begin_elsewhere(struct hosted *h, int64_t now_ms)
{
	struct mover *m;

	while ((m = movers_first(&h->movers, LINE_ELSEWHERE)) != NULL && m->due_ms <= now_ms) {
		if (movers_n_at(&h->movers, STEP_LOADING) + movers_n_at(&h->movers, STEP_PUTTING) >= ELSEWHERE_MAX)
			return;
		if (m->step == STEP_LOAD)
			download_begin(h, slot_of(m));
		else
			upload_begin(h, upload_of(m));
	}
}

/* Credentials were refused: what has not left does not leave, and waits in the ledger for a run with better ones. */
static void give_back(struct hosted *h)
{
	static const enum step unsent[] = { STEP_INPUT, STEP_WEIGH, STEP_READY, STEP_TELL };
	struct mover *m;
	bool any = false;

	for (size_t i = 0; i < sizeof unsent / sizeof unsent[0]; i++)
		for (; (m = movers_at(&h->movers, unsent[i])) != NULL; any = true) {
			struct slot *s = slot_of(m);

			s->upload = NULL;
			slot_fail(s, FAIL_MODEL, "%s", h->barred);
			s->end.is_not_sent = true;
		}
	if (any)
		uploads_call_off(h);
}

void turns_send_told(struct hosted *h)
{
	struct mover *m;

	while ((m = movers_at(&h->movers, STEP_SEND)) != NULL)
		send_submission(h, slot_of(m));
}

void turns_begin(struct hosted *h)
{
	int64_t now_ms = hosted_now_ms(h);

	if (h->barred[0])
		give_back(h);
	reconcile_wake(h);
	begin_asked(h, now_ms);
	begin_elsewhere(h, now_ms);
}

int64_t turns_wait_ms(struct hosted *h)
{
	int64_t now_ms = hosted_now_ms(h), wait_ms = WAIT_LONGEST_MS, pace_ms = pace_wait_after_ms(h->pace, n_reserved(h), now_ms);
	struct mover *first[PACE_N_KINDS];

	for (int i = 0; i < N_LINES; i++) {
		const struct mover *m = movers_first(&h->movers, (enum line)i);

		if (m && m->due_ms > now_ms && m->due_ms - now_ms < wait_ms)
			wait_ms = m->due_ms - now_ms;
	}
	if (next_kind(h, first, now_ms) != PACE_N_KINDS && pace_ms > 0 && pace_ms < wait_ms)
		wait_ms = pace_ms; /* else something under way must end first */
	return wait_ms + 1;        /* in whole milliseconds of this clock it is due then */
}
