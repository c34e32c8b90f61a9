/*
 * some_hosted.h: a service that is paid, played in this process, and a backend that goes its steps as backend/hosted does: one step of each
 * job per reap, the next one only at the next reap.
 *
 * The service's book lies in memory that a child shares, so that it outlives a run that is killed. What each try of a job meets is
 * its script's next fault. At the start of each reap the ledger file is read by a second connection: what the last reap handed out has to
 * be there.
 *
 * Who includes it defines _DEFAULT_SOURCE first (MAP_ANONYMOUS).
 *
 *   struct some_hosted h; hosted_open(&h, n); h.book->scripts[i][0] = MEETS_..; hosted_go(&h); ... hosted_close(&h)
 */
#ifndef SOME_HOSTED_H
#define SOME_HOSTED_H

#include "unit/run/some_run.h"

#include "base/clock.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define HOSTED_MAX 16   /* jobs */
#define FAULTS_MAX 8    /* of one job, one a try */
#define SENT_MAX 24     /* requests of one job */

enum meets {
	MEETS_NOTHING,
	MEETS_NO_NETWORK,      /* not sent */
	MEETS_REFUSAL,         /* of the input */
	MEETS_TOO_MANY,        /* 429 */
	MEETS_BAD_KEY,         /* 401: the run stops */
	MEETS_LOST_ANSWER,     /* taken; found in the list later, unless it hides */
	MEETS_LOST_REQUEST,    /* a byte left, and it was not taken */
	MEETS_FAILURE,         /* of the job, at the service */
	MEETS_CANCEL,          /* there too, by whomever */
	MEETS_SLOW_JOB,        /* the deadline */
	MEETS_NO_POLL,         /* no network while it is looked after */
	MEETS_GONE_SOUND,
	MEETS_NO_SOUND,        /* what is downloaded is text */
	N_MEETS
};

struct book {
	unsigned char scripts[HOSTED_MAX][FAULTS_MAX];
	int n_tries[HOSTED_MAX];          /* handed out, faults used */
	int n_sent[HOSTED_MAX];           /* requests that left */
	bool is_taken[HOSTED_MAX][SENT_MAX]; /* and were billed */
	int n_offers[HOSTED_MAX];         /* handed out for paying */
	int n_excuses[HOSTED_MAX];        /* tries after which paying (again) is right */
	int n_failures[HOSTED_MAX];       /* of them those that were paid for, and failed at the service */
	int n_looks, n_fetches, n_uploads, n_known_inputs, n_price_calls;
	double price, price_said;         /* as asked; as accepted, < 0: not said */
	bool hides;                       /* the list of jobs shows nothing */
	bool has_no_prices;
	int64_t kill_at, n_steps;         /* SIGKILL at this step, if > 0 */
	int n_untrue;                     /* things that were not in the ledger at the next reap */
	char untrue[200];
	int n_outage;                     /* so many requests more cannot be sent, whoever sends them */
	int signal_at_accept;             /* raised so often when the first job is accepted */
};

static struct book *book;
static struct some_jobs *book_jobs;

enum hosted_step { STEP_UPLOAD, STEP_SUBMIT, STEP_SEND, STEP_LOOK, STEP_POLL, STEP_FETCH, STEP_OVER };

struct hosted_slot {
	const struct job *job;
	int i;
	enum hosted_step step;
	enum meets meets;
	char remote_id[32], asset_id[48], input_id[48];
	bool (*is_owned)(void *arg, const char *remote_id);
	void *arg;
	enum event_kind told; /* by the last reap; EVENT_PROGRESS: nothing that is to be durable */
};

struct backend {
	const struct backend_ops *ops;
	char *work_dir;
	struct hosted_slot slots[2 * HOSTED_MAX]; /* those that are over too, until the next reap: their texts are borrowed */
	int n, n_over, n_most;
};

/* ---- is it in the ledger? ----------------------------------------------------------------- */

struct looked {
	const struct hosted_slot *slot;
	bool is_there;
};

static inline int look_at_told(void *arg, const struct ledger_job *row, struct err *err)
{
	struct looked *l = arg;
	const struct hosted_slot *s = l->slot;

	(void)err;
	if (memcmp(row->id, s->job->id, HASH_BYTES) != 0)
		return 0;
	if (s->told == EVENT_SUBMITTING)
		l->is_there = row->state == JOB_SUBMITTING && row->submitted_ms > 0 && row->credits >= book->price;
	else if (s->told == EVENT_ACCEPTED)
		l->is_there = row->state == JOB_RUNNING && row->remote_id && strcmp(row->remote_id, s->remote_id) == 0 && row->submitted_ms == 0;
	else
		l->is_there = row->state != JOB_RUNNING && row->ended_ms > 0;
	return 1;
}

static inline void check_told(const struct hosted_slot *s)
{
	struct strbuf asset = STRBUF_INIT(64);
	struct looked looked = { s, false };
	struct err err = ERR_INIT;
	struct ledger *l = NULL;

	if (s->told == EVENT_PROGRESS)
		return;
	if (ledger_open_read(&l, book_jobs->dir, &err) == 0 && s->told == EVENT_UPLOADED)
		looked.is_there = ledger_get_upload(l, "", s->job->input_sha256, &asset, &err) == 0 && strcmp(asset.buf, s->input_id) == 0;
	else if (l)
		(void)!ledger_each(l, LEDGER_ALL_STATES, look_at_told, &looked, &err);
	if (!looked.is_there && book->n_untrue++ == 0)
		(void)snprintf(book->untrue, sizeof book->untrue, "event %d of job %d is not in the ledger %.120s", (int)s->told, s->i, err.text);
	ledger_close(l);
	strbuf_release(&asset);
}

/* ---- the backend ------------------------------------------------------------------------------ */

static inline int hosted_open_backend(struct backend **ret, const struct backend_config *config, struct err *err);
static inline enum backend_answer hosted_submit(struct backend *b, const struct backend_task *task, struct event *refusal);
static inline int hosted_reap(struct backend *b, struct event *out, int room, int timeout_ms, struct err *err);
static inline void hosted_close_backend(struct backend *b, enum backend_close how);

static inline int hosted_price(const struct backend_config *config, const struct job *const *jobs, int64_t n, double *ret, struct err *err)
{
	(void)config;
	(void)jobs;
	book->n_price_calls++;
	if (book->has_no_prices)
		return err_set(err, ERR_IO, "nobody answers");
	for (int64_t i = 0; i < n; i++)
		ret[i] = book->price;
	return 0;
}

static const struct backend_ops hosted_ops = {
	.name = "scenario", .open = hosted_open_backend, .submit = hosted_submit, .reap = hosted_reap, .close = hosted_close_backend,
	.price = hosted_price, .arithmetic = "hosted", .costs_money = true,
};

static inline int hosted_open_backend(struct backend **ret, const struct backend_config *config, struct err *err)
{
	(void)err;
	*ret = mem_zalloc(1, sizeof **ret);
	(*ret)->ops = &hosted_ops;
	(*ret)->work_dir = mem_strdup(config->work_dir);
	(*ret)->n_most = config->n_slots > 0 ? config->n_slots : 4;
	return 0;
}

static inline void hosted_close_backend(struct backend *b, enum backend_close how)
{
	(void)how;
	free(b->work_dir);
	free(b);
}

static inline enum backend_answer hosted_submit(struct backend *b, const struct backend_task *task, struct event *refusal)
{
	struct hosted_slot *s = &b->slots[b->n];
	int i = (int)(task->job - book_jobs->jobs);

	(void)refusal;
	if (b->n - b->n_over >= b->n_most)
		return BACKEND_BUSY;
	b->n++;
	*s = (struct hosted_slot){ .job = task->job, .i = i, .step = STEP_SUBMIT, .is_owned = task->is_owned, .arg = task->arg, .told = EVENT_PROGRESS };
	if (book->n_tries[i] < FAULTS_MAX)
		s->meets = (enum meets)book->scripts[i][book->n_tries[i]];
	book->n_tries[i]++;
	book->n_known_inputs += task->input_asset_id != NULL;
	(void)snprintf(s->remote_id, sizeof s->remote_id, "%s", task->remote_id ? task->remote_id : "");
	(void)snprintf(s->asset_id, sizeof s->asset_id, "%s", task->asset_id ? task->asset_id : "");
	if (task->asset_id)
		s->step = STEP_FETCH;
	else if (task->remote_id)
		s->step = STEP_POLL;
	else if (task->submitted_ms > 0)
		s->step = STEP_LOOK;
	else if (task->job->input_sha256 && !task->input_asset_id)
		s->step = STEP_UPLOAD;
	book->n_offers[i] += !task->asset_id && !task->remote_id && task->submitted_ms == 0;
	book->n_looks += s->step == STEP_LOOK;
	return BACKEND_TAKEN;
}

static inline void ends(struct hosted_slot *s, struct event *e, enum fail_class class)
{
	e->kind = EVENT_FAILED;
	e->class = class;
	s->step = STEP_OVER;
	(void)snprintf(e->sentence, sizeof e->sentence, "as the script says (%d)", (int)s->meets);
}

static inline void accepts(struct hosted_slot *s, struct event *e, int n)
{
	(void)snprintf(s->remote_id, sizeof s->remote_id, "job_%d_%d", s->i, n);
	e->kind = EVENT_ACCEPTED;
	e->remote_id = s->remote_id;
	e->credits = book->price_said;
	s->step = STEP_POLL;
	for (; book->signal_at_accept > 0; book->signal_at_accept--)
		(void)raise(SIGTERM);
}

/* The request leaves, or does not. */
static inline void step_send(struct hosted_slot *s, struct event *e)
{
	static const enum fail_class before[N_MEETS] = { [MEETS_NO_NETWORK] = FAIL_REMOTE, [MEETS_REFUSAL] = FAIL_INPUT,
							 [MEETS_TOO_MANY] = FAIL_REMOTE_RATE, [MEETS_BAD_KEY] = FAIL_MODEL };
	int n = book->n_sent[s->i];

	if (book->n_outage > 0) {
		book->n_outage--;
		s->meets = MEETS_NO_NETWORK;
	}
	if (s->meets == MEETS_NO_NETWORK) /* takes some time: the clock goes on */
		for (int64_t now_ms = clock_unix_ms(); clock_unix_ms() == now_ms;)
			(void)usleep(100);
	if (before[s->meets] != FAIL_NONE) {
		book->n_excuses[s->i]++;
		e->is_not_sent = s->meets == MEETS_NO_NETWORK || s->meets == MEETS_TOO_MANY;
		ends(s, e, before[s->meets]);
		return;
	}
	book->n_sent[s->i]++;
	book->is_taken[s->i][n] = s->meets != MEETS_LOST_REQUEST;
	if (s->meets == MEETS_LOST_REQUEST || s->meets == MEETS_LOST_ANSWER)
		ends(s, e, FAIL_REMOTE_UNKNOWN);
	else
		accepts(s, e, n);
}

static inline void step_look(struct hosted_slot *s, struct event *e)
{
	if (s->meets == MEETS_NO_NETWORK) {
		ends(s, e, FAIL_REMOTE);
		e->is_not_sent = true;
		return;
	}
	for (int n = 0; n < book->n_sent[s->i] && !book->hides; n++) {
		char id[32];

		(void)snprintf(id, sizeof id, "job_%d_%d", s->i, n);
		if (book->is_taken[s->i][n] && !s->is_owned(s->arg, id)) {
			accepts(s, e, n);
			return;
		}
	}
	ends(s, e, FAIL_REMOTE_UNKNOWN);
}

static inline void step_poll(struct hosted_slot *s, struct event *e)
{
	char asset_id[sizeof s->asset_id];

	if (s->meets == MEETS_FAILURE || s->meets == MEETS_CANCEL) {
		book->n_excuses[s->i]++;
		book->n_failures[s->i]++;
		ends(s, e, FAIL_REMOTE_FAILED);
		e->is_canceled = s->meets == MEETS_CANCEL;
	} else if (s->meets == MEETS_SLOW_JOB || s->meets == MEETS_NO_POLL) {
		ends(s, e, FAIL_REMOTE);
		e->is_not_sent = s->meets == MEETS_NO_POLL;
	} else {
		(void)snprintf(asset_id, sizeof asset_id, "asset_%s", s->remote_id);
		memcpy(s->asset_id, asset_id, sizeof asset_id);
		s->step = STEP_FETCH;
		e->kind = EVENT_PROGRESS;
		e->progress = 1;
	}
}

static inline char *download(const struct backend *b, const struct hosted_slot *s)
{
	char *path = mem_printf("%s/%s-%d~", b->work_dir, s->asset_id, book->n_fetches);
	struct audio_write_spec spec = { .format = AUDIO_FLAC, .bits = 16 };
	struct pcm pcm = { mem_zalloc(8820, sizeof(float)), 4410, 2, 44100 };
	struct err err = ERR_INIT;
	int fd = -1;

	for (int k = 0; k < 8820; k++)
		pcm.samples[k] = (float)((k * (s->i + 1)) % 100) / 200 - 0.25f;
	if (s->meets == MEETS_NO_SOUND) {
		if (fs_replace(path, "<html>", 6, &err) != 0)
			printf("# %s\n", err.text);
	} else if (audio_write(path, &pcm, &spec, &fd, &err) != 0) {
		printf("# %s\n", err.text);
	} else {
		(void)close(fd);
	}
	pcm_release(&pcm);
	return path;
}

static inline void step_fetch(const struct backend *b, struct hosted_slot *s, struct event *e)
{
	book->n_fetches++;
	if (s->meets == MEETS_GONE_SOUND) {
		ends(s, e, FAIL_REMOTE);
		e->is_gone = true;
		return;
	}
	e->kind = EVENT_DONE;
	e->asset_id = s->asset_id;
	e->file = download(b, s);
	e->make_s = 0.5;
	s->step = STEP_OVER;
}

static inline void go_a_step(const struct backend *b, struct hosted_slot *s, struct event *e)
{
	*e = (struct event){ .kind = EVENT_PROGRESS, .job = s->job, .credits = -1, .pcm = PCM_INIT };
	if (s->step == STEP_UPLOAD) {
		(void)snprintf(s->input_id, sizeof s->input_id, "input_%.20s", s->job->input_sha256);
		book->n_uploads++;
		e->kind = EVENT_UPLOADED;
		e->asset_id = s->input_id;
		s->step = STEP_SUBMIT;
	} else if (s->step == STEP_SUBMIT) {
		e->kind = EVENT_SUBMITTING;
		s->step = STEP_SEND;
	} else if (s->step == STEP_SEND) {
		step_send(s, e);
	} else if (s->step == STEP_LOOK) {
		step_look(s, e);
	} else if (s->step == STEP_POLL) {
		step_poll(s, e);
	} else {
		step_fetch(b, s, e);
	}
	s->told = e->kind == EVENT_DONE ? EVENT_PROGRESS : e->kind;
}

static inline void may_be_killed(void)
{
	if (++book->n_steps == book->kill_at)
		(void)raise(SIGKILL);
}

static inline int hosted_reap(struct backend *b, struct event *out, int room, int timeout_ms, struct err *err)
{
	int n = 0, n_kept = 0;

	(void)timeout_ms;
	(void)err;
	may_be_killed();
	for (int k = 0; k < b->n; k++) {
		bool is_back = false; /* a try that failed, and the next has begun already */

		for (int other = k + 1; other < b->n; other++)
			is_back = is_back || b->slots[other].i == b->slots[k].i;
		if (!is_back)
			check_told(&b->slots[k]);
		b->slots[k].told = EVENT_PROGRESS;
		if (b->slots[k].step != STEP_OVER)
			b->slots[n_kept++] = b->slots[k];
	}
	b->n = n_kept;
	b->n_over = 0;
	for (int k = 0; k < b->n && n < room; k++) {
		go_a_step(b, &b->slots[k], &out[n++]);
		b->n_over += b->slots[k].step == STEP_OVER;
		may_be_killed();
	}
	return n;
}

/* ---- a run ---------------------------------------------------------------------------------------- */

struct some_hosted {
	struct some_jobs jobs;
	struct some_run run;
};

static inline void hosted_open(struct some_hosted *h, int n)
{
	some_jobs_open(&h->jobs, n);
	h->jobs.maker = (struct job_maker){ PARAM_SCENARIO, "scenario:test", NULL };
	for (int i = 0; i < n; i++)
		job_identify(&h->jobs.jobs[i]);
	some_run_init(&h->run, &h->jobs);
	h->run.config.ops = &hosted_ops;
	h->run.config.artifact.arithmetic = "hosted";
	h->run.config.made_by = "scenario:test";
	h->run.config.credits_cap = 1000;
	h->run.config.backend.clock_rate = 1000; /* a minute's wait is 60 ms */
	book = mmap(NULL, sizeof *book, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (book == MAP_FAILED)
		exit(1);
	book->price = 5;
	book->price_said = -1;
	book_jobs = &h->jobs;
}

static inline void hosted_close(struct some_hosted *h)
{
	(void)munmap(book, sizeof *book);
	some_jobs_close(&h->jobs);
}

static inline int hosted_go(struct some_hosted *h)
{
	int status = some_run_go(&h->run);

	if (book->n_untrue > 0 || h->run.err.text[0])
		printf("# %s %s\n", book->untrue, h->run.err.text);
	return status;
}

/* In a child that may be killed: its exit status, or -1. */
static inline int hosted_go_and_die(struct some_hosted *h)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		status = some_run_go(&h->run);
		if (h->run.err.text[0])
			printf("# %s\n", h->run.err.text);
		(void)fflush(stdout);
		_exit(status);
	}
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int n_billed(int i)
{
	int n = 0;

	for (int k = 0; k < book->n_sent[i]; k++)
		n += book->is_taken[i][k];
	return n;
}

/* Jobs that were not billed exactly once. */
static inline int n_not_billed_once(const struct some_hosted *h)
{
	int n = 0;

	for (int i = 0; i < h->jobs.n; i++)
		n += n_billed(i) != 1;
	return n;
}

/* "3 done, 1 unknown": the ledger's states. */
static inline const char *states_of(const struct some_hosted *h)
{
	static char text[200];
	size_t len = 0;

	text[0] = '\0';
	for (int k = 0; k < JOB_N_STATES; k++) {
		int64_t n = count_of(&h->jobs, (enum job_state)k);

		if (n > 0)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%lld %s", len ? ", " : "", (long long)n,
						job_state_name((enum job_state)k));
	}
	return text;
}

static inline double spent_of(const struct some_hosted *h)
{
	struct err err = ERR_INIT;
	struct ledger *l = NULL;
	double spent = -1;

	if (ledger_open_read(&l, h->jobs.dir, &err) != 0 || ledger_get_spent(l, &spent, &err) != 0)
		printf("# %s\n", err.text);
	ledger_close(l);
	return spent;
}

#endif
