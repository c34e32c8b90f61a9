/* See hosted.h: the backend's ops, its clock, what it hands out. */
#include "backend/hosted/hosted.h"

#include "backend/hosted/hosted_inside.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* To the API's host; many requests share one over HTTP/2. turns.c has fewer under way, so that none waits for a connection. */
#define CONNECTIONS 32

static struct hosted *hosted_of(struct backend *b)
{
	return (struct hosted *)(void *)b;
}

/* ---- the clock, files, credentials --------------------------------------------------------------- */

int64_t hosted_now_ms(const struct hosted *h)
{
	return requests_now_ms(h->requests);
}

int64_t hosted_real_ms(const struct hosted *h, int64_t ms)
{
	return (int64_t)((double)ms / h->clock_rate);
}

char *hosted_file(struct hosted *h, const char *id)
{
	char *path = NULL;

	do {
		free(path);
		path = mem_printf("%s/%s-%lld-%lld~", h->work_dir, id, (long long)getpid(), (long long)++h->n_files);
	} while (fs_exists(path));
	return path;
}

int hosted_sniff(const char *path, const char **ret_extension)
{
	unsigned char bytes[WIRE_SNIFF_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

	if (fd >= 0)
		(void)close(fd);
	*ret_extension = n > 0 ? wire_sniff(bytes, (size_t)n) : NULL;
	return n < 0 ? -1 : 0;
}

void hosted_bar(struct hosted *h, const char *why)
{
	(void)snprintf(h->barred, sizeof h->barred, "%s", why);
}

/* ---- open -------------------------------------------------------------------------------------------- */

static int check_config(const struct backend_config *c, struct err *err)
{
	if (c->n_slots < 0 || c->n_slots > HOSTED_JOBS_MAX)
		return err_set(err, ERR_USAGE, "hosted.jobs must be from 1 to %d, found %d", HOSTED_JOBS_MAX, c->n_slots);
	if (c->per_minute < 0 || c->per_minute > HOSTED_PER_MINUTE_MAX)
		return err_set(err, ERR_USAGE, "hosted.requests_per_minute must be from 1 to %d, found %d", HOSTED_PER_MINUTE_MAX, c->per_minute);
	if (!c->work_dir)
		BUG("the hosted backend has no folder for what it downloads");
	return 0;
}

/* Empty, but for what its mover and the list of those that progressed know of it. */
static void set_free(struct hosted *h, struct slot *s)
{
	*s = (struct slot){ .mover = s->mover, .is_in_progressed = s->is_in_progressed };
	mover_go(&s->mover, STEP_FREE);
	s->next_free = h->free;
	h->free = s;
}

static void open_slots(struct hosted *h)
{
	h->slots = mem_zalloc((size_t)h->n_slots, sizeof *h->slots);
	h->progressed = mem_zalloc((size_t)h->n_slots, sizeof(struct slot *));
	for (int i = h->n_slots - 1; i >= 0; i--) {
		mover_join(&h->slots[i].mover, &h->movers);
		set_free(h, &h->slots[i]);
	}
}

static int hosted_open(struct backend **ret, const struct backend_config *config, struct err *err)
{
	struct hosted *h;

	if (check_config(config, err) != 0)
		return -1;
	h = mem_zalloc(1, sizeof *h);
	h->ops = &hosted_backend;
	h->requests = requests_open(config, &h->has_own_requests);
	h->pace = &h->requests->pace;
	h->clock_rate = h->requests->clock_rate;
	h->random = (uint64_t)clock_unix_ms() ^ (uint64_t)getpid() << 32;
	h->deadline_ms = (int64_t)((config->deadline_s > 0 ? config->deadline_s : HOSTED_DEADLINE_S) * 1000);
	h->work_dir = mem_strdup(config->work_dir);
	h->n_slots = h->pace->n_jobs;
	movers_open(&h->movers);
	mover_join(&h->walk.mover, &h->movers);
	open_slots(h);
	*ret = (struct backend *)(void *)h;
	if (service_read(&h->service, &provider_scenario, config->project, err) != 0 ||
	    ask_open(&h->http, &h->service, CONNECTIONS, err) != 0 || ask_hello(h->http, &h->service, h->requests, err) != 0) {
		hosted_backend.close(*ret, BACKEND_ABANDON);
		*ret = NULL;
		return -1;
	}
	return 0;
}

/* ---- submit --------------------------------------------------------------------------------------------- */

static struct slot *take_slot(struct hosted *h)
{
	struct slot *s = h->free;

	if (!s)
		BUG("%d of %d slots are busy, and none is free", h->n_busy, h->n_slots);
	h->free = s->next_free;
	return s;
}

/* Where a job begins: with what an earlier run has left of it. */
static int begin_job(struct hosted *h, struct slot *s, const struct backend_task *task, struct event *refusal)
{
	(void)snprintf(s->remote_id, sizeof s->remote_id, "%s", task->remote_id ? task->remote_id : "");
	(void)snprintf(s->asset_id, sizeof s->asset_id, "%s", task->asset_id ? task->asset_id : "");
	if (s->asset_id[0] || s->remote_id[0]) {
		mover_go(&s->mover, s->asset_id[0] ? STEP_FETCH : STEP_POLL);
		return 0;
	}
	if (task->submitted_ms > 0) {
		(void)snprintf(s->input_asset, sizeof s->input_asset, "%s", task->input_asset_id ? task->input_asset_id : "");
		s->submitted_unix_ms = task->submitted_ms;
		reconcile_begin(h, s, "an earlier run ended before it knew more");
		return 0;
	}
	mover_go(&s->mover, STEP_READY);
	return s->job->input_sha256 ? upload_join(h, s, task->input_asset_id, refusal) : 0;
}

static enum backend_answer hosted_submit(struct backend *b, const struct backend_task *task, struct event *refusal)
{
	struct hosted *h = hosted_of(b);
	struct slot *s;

	if (h->n_busy >= h->pace->n_jobs)
		return BACKEND_BUSY;
	s = take_slot(h);
	s->job = task->job;
	s->is_owned = task->is_owned;
	s->arg = task->arg;
	s->price = task->price;
	s->credits = -1;
	s->began_ms = clock_monotonic_ms();
	s->mover.n_looks = 0;
	mover_due(&s->mover, hosted_now_ms(h));
	s->deadline_ms = s->mover.due_ms + h->deadline_ms;
	if (begin_job(h, s, task, refusal) != 0) {
		set_free(h, s);
		return BACKEND_REFUSED;
	}
	h->n_busy++;
	return BACKEND_TAKEN;
}

/* ---- reap ------------------------------------------------------------------------------------------------- */

static void drop_lent(struct hosted *h)
{
	for (size_t i = 0; i < h->n_lent; i++)
		free(h->lent[i]);
	h->n_lent = 0;
}

/* A copy that lives until the next reap: its slot does not. */
static const char *lend(struct hosted *h, const char *id)
{
	MEM_GROW(h->lent, h->n_lent, h->cap_lent);
	h->lent[h->n_lent] = mem_strdup(id);
	return h->lent[h->n_lent++];
}

static void hand_out_uploaded(struct hosted *h, struct mover *m, struct event *out)
{
	upload_hand_out(h, upload_of(m), out);
}

static void hand_out_submitting(struct hosted *h, struct mover *m, struct event *out)
{
	struct slot *s = slot_of(m);

	(void)h;
	*out = (struct event){ .kind = EVENT_SUBMITTING, .job = s->job };
	mover_go(m, STEP_SEND);
	s->submitted_unix_ms = clock_unix_ms();
}

static void hand_out_accepted(struct hosted *h, struct mover *m, struct event *out)
{
	struct slot *s = slot_of(m);

	*out = (struct event){ .kind = EVENT_ACCEPTED, .job = s->job, .remote_id = lend(h, s->remote_id), .credits = s->credits };
	mover_go(m, STEP_POLL);
	mover_later(h, m);
}

static void hand_out_end(struct hosted *h, struct mover *m, struct event *out)
{
	struct slot *s = slot_of(m);

	*out = s->end;
	if (out->kind == EVENT_DONE)
		out->asset_id = lend(h, s->asset_id);
	download_drop(s);
	set_free(h, s);
	h->n_busy--;
}

/* What is handed out of those at a step; each goes to another step by it. */
static const struct {
	enum step step;
	void (*hand_out)(struct hosted *h, struct mover *m, struct event *out);
} news[] = {
	{ STEP_UPLOADED, hand_out_uploaded },
	{ STEP_TELL, hand_out_submitting },
	{ STEP_ACCEPTED, hand_out_accepted },
	{ STEP_OVER, hand_out_end },
};

static bool any_news(const struct hosted *h)
{
	bool any = h->n_progressed > 0;

	for (size_t i = 0; i < sizeof news / sizeof news[0]; i++)
		any |= movers_n_at(&h->movers, news[i].step) > 0;
	return any;
}

static int hand_out_progress(struct hosted *h, struct event *out, int room)
{
	int n = 0;

	while (h->n_progressed > 0 && n < room) {
		struct slot *s = h->progressed[--h->n_progressed];

		s->is_in_progressed = false;
		if (s->progress <= s->told_progress)
			continue;
		out[n++] = (struct event){ .kind = EVENT_PROGRESS, .job = s->job, .progress = s->progress };
		s->told_progress = s->progress;
	}
	return n;
}

static int hand_out_all(struct hosted *h, struct event *out, int room)
{
	struct mover *m;
	int n = 0;

	for (size_t i = 0; i < sizeof news / sizeof news[0]; i++)
		while (n < room && (m = movers_at(&h->movers, news[i].step)) != NULL)
			news[i].hand_out(h, m, &out[n++]);
	return n + hand_out_progress(h, out + n, room - n);
}

static void hear_all(struct hosted *h)
{
	struct http_answer answer;

	while (http_take(h->http, &answer)) {
		steps_hear(h, answer.tag, &answer);
		http_answer_release(&answer);
	}
}

static int hosted_reap(struct backend *b, struct event *out, int room, int timeout_ms, struct err *err)
{
	struct hosted *h = hosted_of(b);
	int64_t wait_ms;

	(void)err;
	drop_lent(h);
	turns_send_told(h);
	turns_begin(h);
	wait_ms = any_news(h) ? 0 : hosted_real_ms(h, turns_wait_ms(h));
	http_wait(h->http, wait_ms < timeout_ms ? (int)wait_ms : timeout_ms);
	hear_all(h);
	turns_begin(h);
	return hand_out_all(h, out, room);
}

/* ---- close -------------------------------------------------------------------------------------------------- */

static bool is_made_there(const struct mover *m)
{
	return m->step == STEP_POLL || m->step == STEP_POLLING || m->step == STEP_ACCEPTED;
}

static bool ask_to_cancel(struct hosted *h, struct slot *s)
{
	struct strbuf body = STRBUF_INIT(100);
	struct ask ask = { .path = h->service.provider->job_action, .names = { .job = s->remote_id } };
	struct err ignored = ERR_INIT;
	bool is_asked;

	wire_action_body(&body, "cancel");
	ask.body = body.buf;
	http_cancel(h->http, s); /* a look at it that is under way */
	pace_sent(h->pace, PACE_POLL, hosted_now_ms(h));
	is_asked = ask_begin(h->http, &h->service, &ask, s, h->clock_rate, &ignored) == 0;
	strbuf_release(&body);
	return is_asked;
}

/* What the service makes for us is called off as far as it lets us and the pace allows; the answers say nothing that is needed, since
 * the next run looks after each job by its id anyway. */
static void call_off(struct hosted *h)
{
	int64_t until_ms = clock_monotonic_ms() + HOSTED_CLOSE_MS;
	struct http_answer answer;
	int n = 0;

	for (int i = 0; i < h->n_slots && pace_wait_ms(h->pace, hosted_now_ms(h)) == 0; i++)
		if (is_made_there(&h->slots[i].mover))
			n += ask_to_cancel(h, &h->slots[i]);
	for (int64_t left_ms; n > 0 && (left_ms = until_ms - clock_monotonic_ms()) > 0;) {
		http_wait(h->http, (int)left_ms);
		for (; http_take(h->http, &answer); http_answer_release(&answer))
			n -= is_made_there(answer.tag);
	}
}

static void drop_slot(struct slot *s)
{
	if (s->mover.step == STEP_OVER && s->end.file) {
		(void)remove(s->end.file);
		free(s->end.file);
	}
	download_drop(s);
}

static void hosted_close(struct backend *b, enum backend_close how)
{
	struct hosted *h = hosted_of(b);

	if (how == BACKEND_FINISH && h->n_busy > 0)
		BUG("the hosted backend was closed with %d jobs in its slots", h->n_busy);
	if (h->n_busy > 0)
		call_off(h);
	http_close(h->http);
	for (int i = 0; i < h->n_slots; i++)
		drop_slot(&h->slots[i]);
	uploads_drop(h);
	drop_lent(h);
	free(h->lent);
	free(h->weighed);
	movers_close(&h->movers);
	if (h->has_own_requests)
		backend_requests_free(h->requests);
	service_release(&h->service);
	free(h->progressed);
	free(h->slots);
	free(h->work_dir);
	free(h);
}

const struct backend_ops hosted_backend = {
	.name = "scenario",
	.open = hosted_open,
	.submit = hosted_submit,
	.reap = hosted_reap,
	.close = hosted_close,
	.price = hosted_price,
	.arithmetic = "hosted",
	.costs_money = true,
};
