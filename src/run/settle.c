/*
 * settle: what a dead run left becomes states that hold.
 *
 * Jobs that were in a slot. Why the run died decides what they are charged with:
 *
 *   its own crash     a signal's number in .mgbatch/crash, or the kernel's out-of-memory killer
 *                     was at work on this boot: a `death` each. Such jobs run alone, first; at
 *                     RUN_DEATHS_MAX deaths a job is failed(crash).
 *   killed from       neither: kill -9, a third Ctrl-C, a power cut, a reset. No job can have
 *   outside           caused it, so it is an `interruption` and uses up nothing.
 *
 * Without this distinction a machine that is switched off every evening would
 * declare innocent jobs broken; with it, only a job that breaks the program is.
 *
 * What a service was asked for is not forgotten by any of this (remote.h): a job with its id there is looked after by the next try, one
 * that was about to be sent (`submitting`) stays that until a try has found out.
 *
 * Jobs that were `made`: the file is under its final name, or still under the
 * other, or the job is made again (law 3). What was to make way for them is moved, if it was not. Files in part/ that
 * no row names are removed.
 */
#include "run/run_inside.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/crash.h"
#include "run/sync.h"
#include "run/walk.h"

#include <stdio.h>
#include <string.h>

enum cause { CAUSE_OUTSIDE, CAUSE_SIGNAL, CAUSE_OUT_OF_MEMORY };

struct settling {
	struct run *r;
	enum cause cause;
	int signal;
	bool is_dead; /* the last run did not close its row */
	int n_running, n_failed, n_asked, n_placed, n_lost;
	struct run_file *files; /* made, whole, and not in place */
	size_t n_files, cap_files;
};

static enum cause find_cause(const struct run *r, const struct ledger_run *dead, int signal)
{
	if (signal != 0)
		return CAUSE_SIGNAL;
	if (strcmp(dead->boot_id, r->row.boot_id) == 0 && dead->n_oom_kills >= 0 && r->row.n_oom_kills > dead->n_oom_kills)
		return CAUSE_OUT_OF_MEMORY;
	return CAUSE_OUTSIDE;
}

/* ---- jobs that were in a slot ------------------------------------------------------------ */

static int settle_running(void *arg, const struct ledger_job *row, struct err *err)
{
	struct settling *s = arg;
	bool is_death = s->is_dead && s->cause != CAUSE_OUTSIDE;
	char sentence[160];
	struct ledger_try_end end = { .seq = row->seq, .n = row->n_attempts, .outcome = LEDGER_INTERRUPTED, .state = JOB_PENDING,
				      .class = FAIL_NONE };

	if (row->state == JOB_MADE || (row->state == JOB_SUBMITTING && row->ended_ms > 0))
		return 0; /* the latter ended with its run, and waits */
	s->n_running++;
	if (row->state == JOB_SUBMITTING) {
		end.state = JOB_SUBMITTING;
		/* the last that is known of the try: without an end it would be settled again and again */
		end.ended_ms = row->started_ms > row->submitted_ms ? row->started_ms : row->submitted_ms;
	}
	if (is_death) {
		end.outcome = LEDGER_DIED;
		if (s->cause == CAUSE_SIGNAL)
			(void)snprintf(sentence, sizeof sentence, "the program died while making it (signal %d), %d times so far", s->signal,
				       row->n_deaths + 1);
		else
			(void)snprintf(sentence, sizeof sentence,
				       "the program was killed for want of memory while making it, %d times so far", row->n_deaths + 1);
		end.class = FAIL_CRASH;
		end.sentence = sentence;
	}
	if (is_death && row->n_deaths + 1 >= RUN_DEATHS_MAX) {
		end.state = JOB_FAILED;
		s->n_failed++;
	}
	s->n_asked += end.state == JOB_SUBMITTING;
	return ledger_end_try(s->r->ledger, &end, err);
}

static int tell_running(struct settling *s, struct err *err)
{
	static const char *const ends[] = { [CAUSE_OUTSIDE] = "was cut off", [CAUSE_SIGNAL] = "crashed",
					    [CAUSE_OUT_OF_MEMORY] = "was killed for want of memory" };
	struct strbuf text = STRBUF_INIT(512);
	int n_again = s->n_running - s->n_failed - s->n_asked, rc;
	char jobs[32];

	strbuf_addf(&text, "the last run %s with %s in hand", ends[s->cause], text_count(jobs, sizeof jobs, s->n_running, "job"));
	if (n_again > 0)
		strbuf_addf(&text, "; %s%s: %d", s->r->config->ops->costs_money ? "taken up again" : "begun again",
			    s->cause == CAUSE_OUTSIDE ? "" : ", each alone, before all others", n_again);
	if (s->n_asked > 0)
		strbuf_addf(&text, "; perhaps sent, and asked about before anything is sent again: %d", s->n_asked);
	if (s->n_failed > 0)
		strbuf_addf(&text, "; given up after %d deaths: %d", RUN_DEATHS_MAX, s->n_failed);
	rc = run_note(s->r, RUN_SETTLED, "settled", text.buf, err);
	strbuf_release(&text);
	return rc;
}

/* Whose terms the sounds come under is the folder's, not this machine's, which may lose the weights: reports find it in the ledger. */
static int note_licences(struct run *r, struct err *err)
{
	int rc = 0;

	for (int i = 0; i < r->config->n_licences && rc == 0; i++)
		rc = ledger_note(r->ledger, r->row.number, 0, LEDGER_LICENCE, r->config->licences[i], err);
	return rc;
}

int settle_start(struct run *r, struct err *err)
{
	char *crash_path = run_path(r, RUN_CRASH_FILE);
	struct settling s = { .r = r, .signal = crash_read(crash_path) };
	struct ledger_run dead;
	int rc = ledger_dead_run(r->ledger, &dead, err);

	if (rc < 0)
		goto out;
	s.is_dead = rc == 1;
	if (s.is_dead)
		s.cause = find_cause(r, &dead, s.signal);
	rc = ledger_begin(r->ledger, err);
	if (rc == 0)
		rc = ledger_start_run(r->ledger, &r->row, err);
	if (rc == 0)
		rc = note_licences(r, err);
	if (rc == 0)
		rc = ledger_each_open(r->ledger, settle_running, &s, err);
	if (rc == 0 && s.n_running > 0)
		rc = tell_running(&s, err);
	if (rc == 0)
		rc = ledger_commit(r->ledger, err);
	if (rc == 0)
		rc = crash_watch(crash_path, err); /* forgets what it said: it is in the ledger now */
	r->has_changed = r->has_changed || s.n_running > 0;
out:
	free(crash_path);
	return rc;
}

/* ---- jobs that were made ------------------------------------------------------------------ */

/* 1, 0, or -1: a file that cannot be read just now is not a lost one. */
static int has_hash(const struct run *r, const char *relative, const char *hex, struct err *err)
{
	char *path = run_path(r, relative);
	int has = relative[0] ? fs_find(path, err) : 0;

	if (has == 1)
		has = hash_file_is(path, hex, err);
	free(path);
	return has;
}

/* The file is nowhere: a moved one is made again from the start, a new one was only interrupted. */
static int settle_lost(struct run *r, const struct ledger_job *row, bool ends_try, struct err *err)
{
	struct ledger_try_end end = { .seq = row->seq, .n = row->n_attempts, .outcome = LEDGER_INTERRUPTED, .state = JOB_PENDING,
				      .class = FAIL_NONE };

	if (ledger_drop_file(r->ledger, row->seq, err) != 0)
		return -1;
	return ends_try ? ledger_end_try(r->ledger, &end, err) : ledger_renew_job(r->ledger, row->seq, err);
}

static int settle_in_place(struct run *r, const struct ledger_job *row, bool ends_try, struct err *err)
{
	struct ledger_try_end end = { .seq = row->seq, .n = row->n_attempts, .outcome = LEDGER_DONE, .state = JOB_DONE, .counts = true,
				      .ended_ms = clock_unix_ms(), .class = FAIL_NONE, .make_s = row->make_s };

	if (ledger_put_settled(r->ledger, row->seq, err) != 0)
		return -1;
	return ends_try ? ledger_end_try(r->ledger, &end, err) : ledger_set_state(r->ledger, row->seq, JOB_DONE, err);
}

static int settle_made(void *arg, const struct ledger_job *row, struct err *err)
{
	struct settling *s = arg;
	bool ends_try = row->ended_ms == 0; /* else its try ended long ago and the file was being renamed */
	int has;

	if (row->state != JOB_MADE)
		return 0;
	has = has_hash(s->r, row->file_path, row->file_sha256, err);
	if (has == 1) {
		s->n_placed++;
		return settle_in_place(s->r, row, ends_try, err);
	}
	if (has == 0)
		has = has_hash(s->r, row->temp_path, row->file_sha256, err);
	if (has < 0)
		return -1;
	if (has == 0) {
		s->n_lost++;
		return settle_lost(s->r, row, ends_try, err);
	}
	MEM_GROW(s->files, s->n_files, s->cap_files);
	s->files[s->n_files++] = (struct run_file){
		.index = -1, .seq = row->seq, .n_attempt = row->n_attempts, .from = mem_strdup(row->temp_path),
		.to = mem_strdup(row->file_path), .ends_try = ends_try, .make_s = row->make_s,
	};
	s->n_placed++;
	return 0;
}

/* ---- what was to make way ------------------------------------------------------------------ */

struct clearing {
	struct run *r;
	struct sync_dirs dirs;
};

/* Between two names of one file, both of which may be there or not: the move is finished if it was not. */
static int finish_away(void *arg, const char *path, const char *old_path, struct err *err)
{
	struct clearing *c = arg;
	char *full = run_path(c->r, path), *full_old = run_path(c->r, old_path);
	int there = fs_find(full, err), there_old = there == 1 ? fs_find(full_old, err) : 0;
	int rc = there < 0 || there_old < 0 ? -1 : 0;

	if (there == 1 && there_old == 0)
		rc = commit_move(c->r, &c->dirs, path, old_path, err);
	free(full);
	free(full_old);
	return rc;
}

/* After the rows are settled: what now lies at a finished job's path is that job's. */
static int finish_aways(struct run *r, struct err *err)
{
	struct clearing c = { .r = r, .dirs = SYNC_DIRS_INIT };
	int rc = ledger_each_away(r->ledger, finish_away, &c, err);

	if (rc == 0)
		rc = sync_dirs_now(&c.dirs, err);
	sync_dirs_release(&c.dirs);
	if (rc != 0)
		return -1;
	if (ledger_begin(r->ledger, err) != 0 || ledger_drop_aways(r->ledger, err) != 0)
		return -1;
	return ledger_commit(r->ledger, err);
}

/* Only complete files have a row, and no row names a file in part/ any more. A download is fetched again. */
static int clear_part(void *arg, const char *relative, int64_t n_bytes, struct err *err)
{
	char *path = run_path(arg, relative);
	int rc = text_ends_with(relative, "~") ? fs_remove(path, err) : 0;

	(void)n_bytes;
	free(path);
	return rc;
}

static int clear_parts(struct run *r, struct err *err)
{
	char *dir_path = run_path(r, RUN_PART_DIR);
	int rc = fs_make_dirs(dir_path, err);

	free(dir_path);
	return rc == 0 ? walk_files(r->config->output_dir, RUN_PART_DIR, NULL, clear_part, r, err) : rc;
}

static int tell_made(struct settling *s, struct err *err)
{
	char text[256], placed[32], lost[32];

	if (s->n_placed + s->n_lost == 0)
		return 0;
	(void)snprintf(text, sizeof text, "of the last run's files, %s put in place, %s to be made again",
		       text_count(placed, sizeof placed, s->n_placed, "file"), text_count(lost, sizeof lost, s->n_lost, "file"));
	return run_note(s->r, RUN_SETTLED, "settled", text, err);
}

int settle_files(struct run *r, struct err *err)
{
	struct settling s = { .r = r };
	int rc = ledger_begin(r->ledger, err);

	if (rc == 0)
		rc = ledger_each_open(r->ledger, settle_made, &s, err);
	if (rc == 0)
		rc = tell_made(&s, err);
	if (rc == 0)
		rc = ledger_commit(r->ledger, err);
	r->has_changed = r->has_changed || s.n_placed + s.n_lost > 0;
	if (rc == 0)
		rc = finish_aways(r, err);
	for (size_t at = 0; rc == 0 && at < s.n_files; at += RUN_GROUP_MAX) {
		size_t n = s.n_files - at < RUN_GROUP_MAX ? s.n_files - at : RUN_GROUP_MAX;

		rc = commit_files(r, s.files + at, (int)n, err);
	}
	commit_forget(s.files, (int)s.n_files);
	free(s.files);
	if (rc == 0)
		rc = clear_parts(r, err);
	return rc;
}
