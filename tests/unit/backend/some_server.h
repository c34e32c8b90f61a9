/*
 * some_server.h: the scripted API server (tests/server/scenario.py) beside a unit test, and the hosted backend driven against it.
 *
 *   struct some_server v; some_server_open(&v, "[...case file...]", "--job-ms 300", NULL); ... some_server_close(&v);
 *   struct hosted_run r; hosted_run_open(&r, &v, n_jobs, 4); ... hosted_run_close(&r, BACKEND_FINISH);
 *
 * Both clocks run SOME_RATE times as fast. SCENARIO_API_* are set for the process. The jobs are those of some_jobs.h, for the hosted backend. A
 * test keeps to the contract of backend.h: what a reap hands out is noted before the next one.
 */
#ifndef SOME_SERVER_H
#define SOME_SERVER_H

#include "backend/backend.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "unit/run/some_jobs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOME_RATE 20.0
#define SOME_RATE_TEXT "20"
#define SOME_ARGS_MAX 40
#define SOME_PATIENCE_MS 30000

struct some_server {
	pid_t pid;
	char dir[64];
	char *book;
	char base[100];
};

static inline bool some_server_ready(const char *path, struct some_server *v)
{
	struct strbuf text = STRBUF_INIT(1000);
	struct err err = ERR_INIT;
	bool is_ready = fs_read(path, &text, &err) == 0 && text.len > 0;

	if (is_ready)
		(void)snprintf(v->base, sizeof v->base, "%.*s", (int)strcspn(text.buf, "\n"), text.buf);
	strbuf_release(&text);
	return is_ready;
}

/* options: words apart by blanks, or NULL. cases: JSON, or NULL. */
static inline void some_server_open(struct some_server *v, const char *cases, const char *options)
{
	const char *args[SOME_ARGS_MAX] = { "python3", "tests/server/scenario.py", "--ready", NULL };
	char *ready, *file, *words = mem_strdup(options ? options : "");
	struct err err = ERR_INIT;
	int n = 3;

	memset(v, 0, sizeof *v);
	(void)snprintf(v->dir, sizeof v->dir, "/tmp/mgbatch-server-XXXXXX");
	if (!mkdtemp(v->dir))
		exit(1);
	ready = fs_join(v->dir, "ready");
	file = fs_join(v->dir, "cases");
	v->book = fs_join(v->dir, "book");
	if (cases && fs_replace(file, cases, strlen(cases), &err) != 0)
		exit(1);
	args[n++] = ready;
	args[n++] = "--book";
	args[n++] = v->book;
	args[n++] = "--clock-rate";
	args[n++] = SOME_RATE_TEXT;
	args[n++] = "--for";
	args[n++] = "120";
	if (cases) {
		args[n++] = "--cases";
		args[n++] = file;
	}
	for (char *at = words; *at && n < SOME_ARGS_MAX - 1;) {
		size_t len = strcspn(at, " ");

		args[n++] = at;
		at += len;
		if (*at)
			*at++ = '\0';
	}
	v->pid = fork();
	if (v->pid == 0) {
		(void)execvp("python3", (char *const *)(uintptr_t)args);
		_exit(127);
	}
	for (int i = 0; i < 2000 && !some_server_ready(ready, v); i++)
		(void)poll(NULL, 0, 10);
	if (!v->base[0]) {
		printf("Bail out! the server does not start\n");
		exit(1);
	}
	(void)setenv("SCENARIO_API_URL", v->base, 1);
	(void)setenv("SCENARIO_API_KEY", "key_for_tests", 1);
	(void)setenv("SCENARIO_API_SECRET", "secret_for_tests", 1);
	free(ready);
	free(file);
	free(words);
}

static inline void some_server_close(struct some_server *v)
{
	int status;

	(void)kill(v->pid, SIGTERM);
	(void)waitpid(v->pid, &status, 0);
	free(v->book);
	remove_all(v->dir);
}

/* Lines of the book that have all of the words (up to the first NULL). */
static inline int n_booked(const struct some_server *v, const char *word, const char *second)
{
	struct strbuf text = STRBUF_INIT(64u << 20);
	struct err err = ERR_INIT;
	int n = 0;

	if (fs_read(v->book, &text, &err) == 0)
		for (char *line = text.buf, *end; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			n += strstr(line, word) && (!second || strstr(line, second));
		}
	strbuf_release(&text);
	return n;
}

static inline int n_paid(const struct some_server *v)
{
	return n_booked(v, "\"is\": \"submission\"", NULL);
}

/* ---- the backend ------------------------------------------------------------------------ */

#define SEEN_MAX 512

/* What came of one job. */
struct seen {
	int n[EVENT_FAILED + 1];
	char remote_id[200], asset_id[200], input_asset[200];
	double credits;
	struct event end;  /* the DONE or FAILED */
	bool has_ended;
	char order[40];    /* a letter an event: U S A p D F */
};

struct hosted_run {
	struct some_jobs s;
	struct backend *b;
	struct seen seen[SEEN_MAX];
	int n_ended;
	struct err err;
};

static inline int hosted_run_config(struct hosted_run *r, const struct backend_config *config)
{
	return backend_find(PARAM_SCENARIO)->open(&r->b, config, &r->err);
}

static inline void hosted_run_jobs(struct hosted_run *r, int n_jobs)
{
	memset(r, 0, sizeof *r);
	some_jobs_open(&r->s, n_jobs);
	r->s.maker = (struct job_maker){ PARAM_SCENARIO, "scenario:model_meta-musicgen", NULL };
	for (int i = 0; i < n_jobs; i++)
		job_identify(&r->s.jobs[i]);
}

/* The backend over r's jobs. per_minute 0: many. */
static inline void hosted_run_start(struct hosted_run *r, int n_slots, int per_minute, double deadline_s)
{
	struct backend_config config = { .n_slots = n_slots, .per_minute = per_minute ? per_minute : 60000, .clock_rate = SOME_RATE,
					 .work_dir = r->s.dir, .deadline_s = deadline_s };

	if (hosted_run_config(r, &config) == 0)
		return;
	printf("Bail out! the backend does not open: %s\n", r->err.text);
	exit(1);
}

static inline void hosted_run_open(struct hosted_run *r, int n_jobs, int n_slots, int per_minute)
{
	hosted_run_jobs(r, n_jobs);
	hosted_run_start(r, n_slots, per_minute, 0);
}

/* Job i's prompt, by which a case may know it; borrowed. */
static inline void set_prompt(struct hosted_run *r, int i, const char *prompt)
{
	struct value *values = &r->s.values[i * card_n_params(r->s.card)];

	values[card_find(r->s.card, "prompt")] = (struct value){ .as.text = prompt, .kind = VALUE_TEXT };
	job_identify(&r->s.jobs[i]);
}

static inline void hosted_run_close(struct hosted_run *r, enum backend_close how)
{
	backend_find(PARAM_SCENARIO)->close(r->b, how);
	for (int i = 0; i < r->s.n && i < SEEN_MAX; i++)
		if (r->seen[i].end.file) {
			(void)remove(r->seen[i].end.file);
			free(r->seen[i].end.file);
		}
	IS_INT(n_files(&r->s, "."), 0, "nothing is left behind");
	some_jobs_close(&r->s);
}

static inline enum backend_answer give(struct hosted_run *r, int i)
{
	struct backend_task task = { .job = &r->s.jobs[i] };
	struct event refusal;

	return backend_find(PARAM_SCENARIO)->submit(r->b, &task, &refusal);
}

static inline void note(struct hosted_run *r, const struct event *e)
{
	struct seen *seen = &r->seen[e->job - r->s.jobs];
	size_t len = strlen(seen->order);

	seen->n[e->kind]++;
	if (len + 1 < sizeof seen->order && !(e->kind == EVENT_PROGRESS && len > 0 && seen->order[len - 1] == 'p'))
		seen->order[len] = "USApDF"[e->kind];
	if (e->kind == EVENT_ACCEPTED) {
		(void)snprintf(seen->remote_id, sizeof seen->remote_id, "%s", e->remote_id);
		seen->credits = e->credits;
	}
	if (e->kind == EVENT_UPLOADED)
		(void)snprintf(seen->input_asset, sizeof seen->input_asset, "%s", e->asset_id);
	if (e->kind == EVENT_DONE)
		(void)snprintf(seen->asset_id, sizeof seen->asset_id, "%s", e->asset_id);
	if (e->kind == EVENT_DONE || e->kind == EVENT_FAILED) {
		seen->has_ended = true;
		seen->end = *e;
		r->n_ended++;
	}
}

/* One reap. */
static inline int turn(struct hosted_run *r, int timeout_ms)
{
	struct event events[8];
	int n = backend_find(PARAM_SCENARIO)->reap(r->b, events, 8, timeout_ms, &r->err);

	for (int i = 0; i < n; i++)
		note(r, &events[i]);
	return n;
}

/* Until n jobs have ended in all. False: they did not, within the patience. */
static inline bool until_ended(struct hosted_run *r, int n)
{
	int64_t until_ms = clock_monotonic_ms() + SOME_PATIENCE_MS;

	while (r->n_ended < n && clock_monotonic_ms() < until_ms)
		if (turn(r, 100) < 0)
			return false;
	return r->n_ended >= n;
}

/* Until job i has had such an event. */
static inline bool until_seen(struct hosted_run *r, int i, enum event_kind kind)
{
	int64_t until_ms = clock_monotonic_ms() + SOME_PATIENCE_MS;

	while (r->seen[i].n[kind] == 0 && !r->seen[i].has_ended && clock_monotonic_ms() < until_ms)
		if (turn(r, 100) < 0)
			return false;
	return r->seen[i].n[kind] > 0;
}

#endif
