/* See remote.h. */
#include "run/remote.h"

#include "base/clock.h"
#include "run/run_inside.h"

#define REMOTE_ID_MAX 1024 /* bytes of an id in the ledger; a service's have some 30 */

enum remote_has remote_of_row(const struct ledger_job *row)
{
	if (row->asset_id)
		return REMOTE_SOUND;
	if (row->remote_id)
		return REMOTE_JOB;
	return row->submitted_ms > 0 ? REMOTE_PERHAPS : REMOTE_NOTHING;
}

/* Where a job waits for an answer that only the service has, it is neither to be made nor failed. */
enum job_state remote_state(const struct run_job *job, enum job_state state)
{
	if (job->has == REMOTE_PERHAPS && (state == JOB_PENDING || state == JOB_RUNNING))
		return JOB_SUBMITTING;
	return job->has == REMOTE_PERHAPS && state == JOB_FAILED ? JOB_UNKNOWN : state;
}

static const char *project_of(const struct run *r)
{
	return r->config->backend.project ? r->config->backend.project : "";
}

/* ---- handing out ------------------------------------------------------------------------ */

/* What cannot be read is taken for somebody's: a job is better reported as unknown than taken from another row. */
static bool is_owned(void *arg, const char *remote_id)
{
	struct run *r = arg;
	struct err ignored = ERR_INIT;

	return ledger_is_owned(r->ledger, remote_id, &ignored) != 0;
}

static const char *text_or_null(const struct strbuf *text)
{
	return text->len > 0 ? text->buf : NULL;
}

int remote_fill(struct run *r, int64_t index, struct remote_task *ret, struct err *err)
{
	const struct job *job = &r->config->jobs[index];
	struct backend_task *task = &ret->task;

	*ret = (struct remote_task){
		.task = { .job = job, .n_tries = r->jobs[index].n_tries, .n_deaths = r->jobs[index].n_deaths },
		.remote_id = STRBUF_INIT(REMOTE_ID_MAX), .asset_id = STRBUF_INIT(REMOTE_ID_MAX), .input_asset_id = STRBUF_INIT(REMOTE_ID_MAX),
	};
	if (!r->config->ops->costs_money)
		return 0;
	if (ledger_get_remote(r->ledger, r->jobs[index].seq, &ret->remote_id, &ret->asset_id, &task->submitted_ms, err) != 0)
		return -1;
	if (job->input_sha256 && ledger_get_upload(r->ledger, project_of(r), job->input_sha256, &ret->input_asset_id, err) != 0)
		return -1;
	task->remote_id = text_or_null(&ret->remote_id);
	task->asset_id = text_or_null(&ret->asset_id);
	task->input_asset_id = text_or_null(&ret->input_asset_id);
	task->price = r->jobs[index].price;
	task->is_owned = is_owned;
	task->arg = r;
	return 0;
}

void remote_release(struct remote_task *t)
{
	strbuf_release(&t->remote_id);
	strbuf_release(&t->asset_id);
	strbuf_release(&t->input_asset_id);
}

/* ---- events ------------------------------------------------------------------------------- */

static void count_spent(struct run *r, double more)
{
	r->counts.credits_spent += more;
	r->counts.credits_now += more;
}

static int broken_contract(const struct run *r, const struct event *e, const char *what, struct err *err)
{
	char id[JOB_ID_SIZE];

	job_id_text(id, e->job->id);
	return err_set(err, ERR_BUG, "the backend '%s' %s job %s ('%s'): nothing more is sent", r->config->ops->name, what, id, e->job->path);
}

static int take_uploaded(struct run *r, struct run_slot *slot, const struct event *e, struct err *err)
{
	(void)slot;
	if (!e->job->input_sha256 || !e->asset_id)
		return broken_contract(r, e, "speaks of an input of", err);
	return ledger_put_upload(r->ledger, project_of(r), e->job->input_sha256, e->asset_id, clock_unix_ms(), err);
}

/* The last moment at which paying twice can be kept from happening: the request leaves at the next reap. */
static int take_submitting(struct run *r, struct run_slot *slot, const struct event *e, struct err *err)
{
	struct run_job *job = &r->jobs[slot->index];

	if (job->has != REMOTE_NOTHING)
		return broken_contract(r, e, "is about to send, and pay for, what the service may have already:", err);
	count_spent(r, slot->price);
	r->credits_reserved -= slot->reserved;
	slot->reserved = 0;
	slot->is_submitting = true;
	job->has = REMOTE_PERHAPS;
	job->state = JOB_SUBMITTING;
	return ledger_submit(r->ledger, job->seq, job->n_attempts, clock_unix_ms(), slot->price, err);
}

static int take_accepted(struct run *r, struct run_slot *slot, const struct event *e, struct err *err)
{
	struct run_news news = { .kind = RUN_JOB_ACCEPTED, .job = e->job, .remote_id = e->remote_id };
	struct run_job *job = &r->jobs[slot->index];
	double more = 0;

	if (job->has != REMOTE_PERHAPS || !e->remote_id || !e->remote_id[0])
		return broken_contract(r, e, "was given no request for, and says that the service accepted,", err);
	if (ledger_accept(r->ledger, job->seq, e->remote_id, e->credits, &news.credits, &more, err) != 0)
		return -1;
	count_spent(r, more);
	job->has = REMOTE_JOB;
	job->state = JOB_RUNNING;
	slot->is_submitting = false;
	run_tell_news(r, &news);
	return 0;
}

int remote_take(struct run *r, struct run_slot *slot, const struct event *e, struct err *err)
{
	static int (*const takes[])(struct run *r, struct run_slot *slot, const struct event *e, struct err *err) = {
		[EVENT_UPLOADED] = take_uploaded, [EVENT_SUBMITTING] = take_submitting, [EVENT_ACCEPTED] = take_accepted,
	};

	r->has_changed = true;
	return takes[e->kind](r, slot, e, err);
}

/*
 * Of a request that this very try sent: is it certain that nothing is owed for it? Whoever only looked for one that an earlier try sent
 * knows nothing by failing, and any other class than those of a refusal is an outcome that nobody knows.
 */
static bool is_certain(const struct run_slot *slot, const struct event *e)
{
	bool is_refusal = e->class == FAIL_INPUT || e->class == FAIL_MODEL || e->class == FAIL_REMOTE_RATE;

	return slot->is_submitting && e->class != FAIL_REMOTE_UNKNOWN && (e->is_not_sent || is_refusal);
}

int remote_fail(struct run *r, const struct run_slot *slot, const struct event *e, struct err *err)
{
	struct run_job *job = &r->jobs[slot->index];
	double more = 0;

	if (e->price > 0)
		job->price = e->price;
	if (is_certain(slot, e)) {
		if (ledger_unsubmit(r->ledger, job->seq, &more, err) != 0)
			return -1;
		count_spent(r, more);
		job->has = REMOTE_NOTHING;
	} else if (e->class == FAIL_REMOTE_FAILED) {
		if (ledger_forget_remote(r->ledger, job->seq, err) != 0)
			return -1;
		job->has = REMOTE_NOTHING;
	}
	return 0;
}
