/* See run.h: one run from its lock to its closing row. */
#include "run/run.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/budget.h"
#include "run/crash.h"
#include "run/lock.h"
#include "run/remote.h"
#include "run/reported.h"
#include "run/run_inside.h"
#include "run/space.h"
#include "run/stop.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOOT_ID_MAX 64        /* the kernel writes a UUID of 36 characters */
#define SIGNAL_STATUS 128     /* the shell's convention */

/* ---- telling ------------------------------------------------------------------------- */

char *run_path(const struct run *r, const char *relative)
{
	return fs_join(r->config->output_dir, relative);
}

static void refresh_counts(struct run *r)
{
	r->counts.n_running = (int64_t)r->n_slots;
	r->counts.n_waiting = queue_size(&r->queue) + r->n_held_back;
	r->counts.elapsed_ms = clock_monotonic_ms() - r->started_ms;
	r->counts.making_ms = r->making_since_ms ? clock_monotonic_ms() - r->making_since_ms : 0;
}

void run_tell_news(struct run *r, struct run_news *news)
{
	if (!r->config->listen)
		return;
	refresh_counts(r);
	news->text = news->text ? news->text : "";
	news->counts = r->counts.n_jobs > 0 ? &r->counts : NULL; /* before the jobs are counted there is nothing to say of them */
	r->config->listen(r->config->listen_arg, news);
}

void run_tell(struct run *r, enum run_news_kind kind, const struct job *job, const char *text)
{
	struct run_news news = { .kind = kind, .job = job, .text = text };

	run_tell_news(r, &news);
}

void run_tellf(struct run *r, enum run_news_kind kind, const struct job *job, const char *fmt, ...)
{
	char text[EVENT_SENTENCE_MAX + 128]; /* a sentence of an event and what is said around it */
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	run_tell(r, kind, job, text);
}

int run_note(struct run *r, enum run_news_kind kind, const char *what, const char *text, struct err *err)
{
	run_tell(r, kind, NULL, text);
	return ledger_note(r->ledger, r->row.number, 0, what, text, err);
}

/* ---- the lock ------------------------------------------------------------------------ */

static void tell_wait(void *arg, const char *text)
{
	run_tell(arg, RUN_NOTE, NULL, text);
}

static int take_lock(struct run *r, struct err *err)
{
	struct lock_wish wish = { r->config->output_dir, r->config->wait, tell_wait, r };

	return lock_take(&r->lock, &wish, err);
}

/* ---- beginning ------------------------------------------------------------------------- */

struct here {
	char host[LOCK_HOST_MAX];
	char boot_id[BOOT_ID_MAX];
	char manifest_sha256[HASH_HEX_SIZE];
};

static void look_here(struct here *here)
{
	struct strbuf boot = STRBUF_INIT(BOOT_ID_MAX - 1);
	struct err ignored = ERR_INIT;

	lock_host(here->host);
	if (fs_read("/proc/sys/kernel/random/boot_id", &boot, &ignored) == 0)
		(void)snprintf(here->boot_id, sizeof here->boot_id, "%.*s", (int)strcspn(boot.buf, "\n"), boot.buf);
	strbuf_release(&boot);
}

static void fill_row(struct run *r, struct here *here)
{
	const struct run_config *c = r->config;
	unsigned char hash[HASH_BYTES];

	look_here(here);
	hash_bytes(c->manifest_text, c->manifest_len, hash);
	hash_hex(here->manifest_sha256, hash);
	r->row = (struct ledger_run){
		.started_ms = clock_unix_ms(), .exit_status = -1, .command_line = c->command_line, .host = here->host,
		.boot_id = here->boot_id, .tool_version = c->tool_version, .made_by = c->made_by, .manifest_path = c->manifest_path,
		.manifest_sha256 = here->manifest_sha256, .pid = getpid(), .n_oom_kills = crash_oom_kills(),
	};
}

static int keep_manifest(struct run *r, struct err *err)
{
	const struct run_config *c = r->config;
	int rc = ledger_begin(r->ledger, err);

	if (rc == 0)
		rc = ledger_keep_manifest(r->ledger, r->row.manifest_sha256, c->manifest_path, c->manifest_text, c->manifest_len, err);
	return ledger_end(r->ledger, rc, err);
}

/* To be made, or at the service perhaps, which is asked: once in each run where nobody could say so far. */
static bool is_to_do(const struct run_job *job)
{
	return job->state == JOB_PENDING || job->state == JOB_SUBMITTING || (job->state == JOB_UNKNOWN && job->has == REMOTE_PERHAPS);
}

/* What is counted before the loop begins, and the queue of what is to be made. */
static void count_jobs(struct run *r)
{
	int64_t now_ms = clock_unix_ms(), n_pending = 0;

	for (int64_t i = 0; i < r->config->n_jobs; i++) {
		const struct run_job *job = &r->jobs[i];
		double audio_s = job_audio_seconds(&r->config->jobs[i]);

		if (!job->is_selected)
			continue;
		if (is_to_do(job) && (job->state == JOB_UNKNOWN || r->config->limit == 0 || n_pending++ < r->config->limit))
			r->counts.work_left += run_job_work(&r->config->jobs[i]);
		r->counts.n_jobs++;
		r->counts.audio_s_total += audio_s;
		if (job->state == JOB_DONE) {
			r->counts.n_done++;
			r->counts.n_done_before++;
			r->counts.audio_s_done += audio_s;
		} else if (job->state == JOB_FAILED) {
			r->counts.n_failed++;
		} else if (is_to_do(job) && job->not_before_ms > now_ms) {
			queue_add_later(&r->queue, i, job->not_before_ms);
		} else if (is_to_do(job)) {
			queue_add(&r->queue, i, job->n_deaths > 0);
		}
	}
}

/* ---- ending ------------------------------------------------------------------------------- */

/* Of the selected ones, in states of the mask. */
static int64_t count_states(const struct run *r, unsigned mask)
{
	int64_t n = 0;

	for (int64_t i = 0; i < r->config->n_jobs; i++)
		n += r->jobs[i].is_selected && mask & 1u << r->jobs[i].state;
	return n;
}

#define LEFT_STATES (1u << JOB_PENDING | 1u << JOB_SUBMITTING | 1u << JOB_RUNNING) /* running: aborted */

static void say(struct run_result *ret, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void say(struct run_result *ret, int status, const char *fmt, ...)
{
	va_list ap;

	ret->exit_status = status;
	va_start(ap, fmt);
	(void)vsnprintf(ret->reason, sizeof ret->reason, fmt, ap);
	va_end(ap);
}

/* What the cap is, where it keeps jobs from being begun. */
static void add_over_credits(const struct run *r, struct strbuf *text)
{
	char spent[48], cap[48], next[48];

	if (r->n_over_credits == 0 || r->is_out_of_time)
		return;
	if (r->next_price < 0)
		strbuf_adds(text, "a price that could not be asked");
	else
		strbuf_addf(text, "the credits (%s of %s used, the next job costs %s)", text_credits(spent, sizeof spent, r->counts.credits_spent),
			    text_credits(cap, sizeof cap, r->config->credits_cap < 0 ? 0 : r->config->credits_cap),
			    text_credits(next, sizeof next, r->next_price));
}

/* "2 jobs failed, 1 job unknown", and what that means. */
static void say_wrong(struct run *r, int64_t n_left)
{
	const struct run_counts *c = &r->counts;
	struct strbuf text = STRBUF_INIT(sizeof r->result->reason - 1);
	char n[32];

	if (c->n_failed > 0)
		strbuf_addf(&text, "%s failed", text_count(n, sizeof n, c->n_failed, "job"));
	if (c->n_unknown > 0)
		strbuf_addf(&text, "%s%s unknown: perhaps paid for, and the next run asks again", text.len ? "; " : "",
			    text_count(n, sizeof n, c->n_unknown, "job"));
	if (c->n_lost > 0)
		strbuf_addf(&text, "%s%s lost: paid for, and not to be had any more", text.len ? "; " : "",
			    text_count(n, sizeof n, c->n_lost, "job"));
	if (n_left > 0)
		strbuf_addf(&text, ", and there are more to do: %s", text_count(n, sizeof n, n_left, "job"));
	if (n_left > 0 && r->n_over_credits > 0 && !r->is_out_of_time) {
		strbuf_adds(&text, "; stopped by ");
		add_over_credits(r, &text);
	}
	say(r->result, 1, "%s", text.buf);
	strbuf_release(&text);
}

static void say_limit(struct run *r, const char *left)
{
	struct strbuf what = STRBUF_INIT(sizeof r->result->reason - 1);
	bool is_over;

	add_over_credits(r, &what);
	is_over = what.len > 0 && r->next_price >= 0;
	if (what.len == 0)
		strbuf_adds(&what, r->is_out_of_time ? "the time limit" : "the limit");
	say(r->result, 3, "stopped by %s with %s left; the same command%s continues", what.buf, left, is_over ? " with a higher --credits" : "");
	strbuf_release(&what);
}

/* DESIGN section 8: what stops the machine goes before what stops the user, that before failures, those before a limit. */
static void conclude(struct run *r)
{
	struct run_result *ret = r->result;
	int64_t n_left = count_states(r, LEFT_STATES);
	int signal = run_stop_signal();
	char left[32], done[32];

	r->counts.n_unknown = count_states(r, 1u << JOB_UNKNOWN);
	r->counts.n_lost = count_states(r, 1u << JOB_LOST);
	(void)text_count(left, sizeof left, n_left, "job");
	(void)text_count(done, sizeof done, r->counts.n_jobs, "job");
	if (*r->stop_sentence)
		say(ret, err_exit_status(r->stop_class == FAIL_DISK_FULL ? ERR_DISK_FULL : ERR_MODEL), "%s: %s (%s left); mend it and run the same command again",
		    r->stop_class == FAIL_NONE ? "not all jobs could be made" : "stopped", r->stop_sentence, left);
	else if (signal != 0 && n_left > 0)
		say(ret, SIGNAL_STATUS + signal, "interrupted with %s left; the same command continues", left);
	else if (r->counts.n_failed + r->counts.n_unknown + r->counts.n_lost > 0)
		say_wrong(r, n_left);
	else if (n_left > 0)
		say_limit(r, left);
	else if (r->counts.n_jobs == 0)
		say(ret, 0, "no job is selected");
	else
		say(ret, 0, r->counts.n_jobs == 1 ? "the %s is done" : "all %s are done", r->counts.n_jobs == 1 ? "job" : done);
	ret->counts = r->counts;
	ret->ledger_changed = r->has_changed;
	ret->reports_are_current = !r->has_changed && reported_is_of(r->reported, r->row.number - 1, ret->exit_status, r->config->tool_version);
	ret->number = r->row.number;
}

static int close_row(struct run *r, int exit_status, struct err *err)
{
	int rc = ledger_begin(r->ledger, err);

	r->row.ended_ms = clock_unix_ms();
	r->row.exit_status = exit_status;
	r->row.audio_s = r->counts.audio_s_done_now;
	if (rc == 0)
		rc = loop_interrupt(r, err);
	if (rc == 0)
		rc = ledger_end_run(r->ledger, &r->row, err);
	return ledger_end(r->ledger, rc, err);
}

/* After an err: the row is closed if it can be, so that no job is charged with what the surroundings did. */
static void close_after(struct run *r, const struct err *err)
{
	struct err ignored = ERR_INIT;

	ledger_rollback(r->ledger);
	if (r->row.number > 0)
		(void)!close_row(r, err ? err_exit_status(err->code) : 0, &ignored);
}

static void release(struct run *r)
{
	char *crash_path = run_path(r, RUN_CRASH_FILE);

	keep_drop(r);
	tasks_close(r->tasks);
	crash_unwatch(crash_path);
	free(crash_path);
	ledger_close(r->ledger);
	fs_lock_release(&r->lock);
	queue_release(&r->queue);
	free(r->slots);
	free(r->barred);
	free(r->jobs);
	free(r);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static int open_ledger(struct run *r, struct err *err)
{
	struct ledger_owner owner = { r->config->manifest_name, r->config->ops->name, r->config->ops->costs_money };

	reported_read(r->reported, r->config->output_dir);
	if (ledger_open_write(&r->ledger, r->config->output_dir, &owner, err) != 0)
		return -1;
	if (settle_start(r, err) != 0 || settle_files(r, err) != 0 || keep_manifest(r, err) != 0)
		return -1;
	if (ledger_get_spent(r->ledger, &r->counts.credits_spent, err) != 0)
		return -1;
	if (fs_is_network(r->config->output_dir))
		run_tell(r, RUN_NOTE, NULL,
			 "the output folder is on a network file system: the ledger is kept without shared memory, and each change waits "
			 "for the server");
	return enrol_jobs(r, err);
}

static int make_jobs(struct run *r, struct err *err)
{
	const struct backend_ops *ops = r->config->ops;
	struct backend_config config = r->config->backend;
	char *part_dir;
	int rc;

	if (queue_size(&r->queue) == 0 || stop_level() > 0)
		return 0; /* a model is not loaded for nothing */
	config.work_dir = part_dir = run_path(r, RUN_PART_DIR); /* settle.c has made and emptied it */
	rc = space_check(r, err);
	if (rc == 0)
		rc = budget_open(r, err);
	if (rc == 0)
		rc = ops->open(&r->backend, &config, err);
	if (rc == 0) {
		r->making_since_ms = clock_monotonic_ms();
		rc = loop_run(r, err);
		ops->close(r->backend, rc == 0 && r->n_slots == 0 ? BACKEND_FINISH : BACKEND_ABANDON);
		r->backend = NULL;
	}
	free(part_dir);
	return rc;
}

int run_execute(const struct run_config *config, struct run_result *ret, struct err *err)
{
	struct run *r = mem_zalloc(1, sizeof *r);
	struct here here = { "", "", "" };
	int rc;

	memset(ret, 0, sizeof *ret);
	r->config = config;
	r->result = ret;
	r->lock.fd = -1;
	r->started_ms = clock_monotonic_ms();
	r->filling = &r->groups[0];
	r->making = &r->groups[1];
	r->placing = &r->groups[2];
	queue_init(&r->queue);
	fill_row(r, &here);
	r->random = (uint64_t)r->row.started_ms ^ (uint64_t)r->row.pid << 32;
	rc = budget_check(config, err);
	if (rc == 0)
		rc = take_lock(r, err);
	if (rc == 1) {
		say(ret, SIGNAL_STATUS + run_stop_signal(), "interrupted while waiting for another run");
		rc = 0;
		goto out;
	}
	if (rc == 0)
		rc = open_ledger(r, err);
	if (rc == 0) {
		count_jobs(r);
		run_tell(r, RUN_STARTED, NULL, NULL);
		rc = make_jobs(r, err);
	}
	if (rc == 0) {
		conclude(r);
		rc = close_row(r, ret->exit_status, err);
	}
	if (rc != 0 && r->ledger)
		close_after(r, err);
	if (rc != 0) {
		ret->ledger_changed = r->has_changed;
		ret->exit_status = err ? err_exit_status(err->code) : 0; /* as the row has it */
	}
out:
	release(r);
	return rc;
}

int64_t run_pid(const char *output_dir)
{
	char *path = fs_join(output_dir, LEDGER_LOCK);
	int64_t pid = fs_lock_holder(path);

	free(path);
	return pid;
}
