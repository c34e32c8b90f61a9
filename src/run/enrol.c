/*
 * enrol: the manifest's jobs become rows.
 *
 * One pass over the rows there are, each judged (judge.h); then one transaction
 * that adds what is new, changes what reads differently, supersedes what
 * vanished and renews what is to be made again. Rows that stay as they are cost
 * one look. Files that only got another name are moved by commit.c afterwards.
 */
#include "run/run_inside.h"

#include "base/mem.h"
#include "base/text.h"
#include "run/judge.h"
#include "run/remote.h"
#include "run/retry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum change {
	CHANGE_TEXTS = 1,  /* the manifest says something else of the same job */
	CHANGE_RENEW = 2,  /* pending, as if never tried */
	CHANGE_DROP = 4,   /* its file is gone */
	CHANGE_DONE = 8,   /* superseded or lost, and its file is still good */
	CHANGE_MOVE = 16,  /* its file gets another name */
	CHANGE_LOST = 32   /* its file is gone for good */
};

struct enrolling {
	struct run *r;
	struct id_index index;
	unsigned char *changes; /* [n_jobs], of enum change */
	int64_t *vanished;      /* seq of live rows that the manifest has no more */
	size_t n_vanished, cap_vanished;
	int64_t n_new, n_missing, n_stale, n_back, n_moved, n_lost;
	const char *missing;    /* the first missing file's path; a job's, borrowed */
};

/* ---- looking -------------------------------------------------------------------------- */

static void note_verdict(struct enrolling *e, const struct verdict *v, const struct job *job, unsigned char *change)
{
	if (v->what == JUDGE_MISSING || v->what == JUDGE_BACK)
		*change |= CHANGE_RENEW | CHANGE_DROP;
	if (v->what == JUDGE_STALE)
		*change |= CHANGE_RENEW;
	if (v->what == JUDGE_GONE)
		*change |= CHANGE_LOST | CHANGE_DROP;
	if (v->is_renamed)
		*change |= CHANGE_MOVE;
	if (v->what == JUDGE_MISSING && e->n_missing++ == 0)
		e->missing = job->path;
	e->n_stale += v->is_stale && v->what == JUDGE_DONE;
	e->n_back += v->was_superseded;
	e->n_moved += v->is_renamed;
	e->n_lost += v->what == JUDGE_GONE;
}

static int look_at_row(void *arg, const struct ledger_job *row, struct err *err)
{
	struct enrolling *e = arg;
	struct run *r = e->r;
	int64_t i = id_index_find(&e->index, row->id);
	struct run_job *job;
	struct verdict v;
	bool renews, is_selected;

	(void)err;
	if (i < 0) {
		if (row->state == JOB_SUPERSEDED || judge_is_partial(r->config))
			return 0;
		MEM_GROW(e->vanished, e->n_vanished, e->cap_vanished);
		e->vanished[e->n_vanished++] = row->seq;
		return 0;
	}
	job = &r->jobs[i];
	v = judge_row(r->config, row, &r->config->jobs[i]);
	is_selected = judge_selects(r->config, &v, row->state, &r->config->jobs[i]);
	if (row->digest != ledger_digest(&r->config->jobs[i]))
		e->changes[i] |= CHANGE_TEXTS;
	if (v.what == JUDGE_DONE && row->state != JOB_DONE)
		e->changes[i] |= CHANGE_DONE;
	note_verdict(e, &v, &r->config->jobs[i], &e->changes[i]);
	renews = e->changes[i] & CHANGE_RENEW;
	*job = (struct run_job){
		.seq = row->seq,
		.not_before_ms = renews ? 0 : retry_known(row->class, row->not_before_ms, r->row.started_ms),
		.n_tries = renews ? 0 : row->n_tries,
		.n_deaths = renews ? 0 : row->n_deaths,
		.n_attempts = row->n_attempts,
		.state = (unsigned char)judge_state(&v, row->state),
		.has = (unsigned char)remote_of_row(row),
		.is_known = true,
		.is_selected = is_selected,
		.has_file = row->has_artifact && !(e->changes[i] & CHANGE_DROP),
	};
	return 0;
}

/* ---- writing ---------------------------------------------------------------------------- */

static int write_known(struct enrolling *e, int64_t i, struct err *err)
{
	struct ledger *l = e->r->ledger;
	const struct job *job = &e->r->config->jobs[i];
	int64_t seq = e->r->jobs[i].seq;
	unsigned change = e->changes[i];

	if (change & CHANGE_TEXTS && ledger_change_job(l, seq, job, err) != 0)
		return -1;
	if (change & CHANGE_DROP && ledger_drop_file(l, seq, err) != 0)
		return -1;
	if (change & CHANGE_RENEW && ledger_renew_job(l, seq, err) != 0)
		return -1;
	if (change & CHANGE_DONE && ledger_set_state(l, seq, JOB_DONE, err) != 0)
		return -1;
	if (change & CHANGE_LOST && ledger_set_state(l, seq, JOB_LOST, err) != 0)
		return -1;
	e->r->has_changed = e->r->has_changed || change;
	return 0;
}

static int write_rows(struct enrolling *e, struct err *err)
{
	struct run *r = e->r;

	for (int64_t i = 0; i < r->config->n_jobs; i++) {
		struct run_job *job = &r->jobs[i];

		if (job->is_known) {
			if (e->changes[i] && write_known(e, i, err) != 0)
				return -1;
			continue;
		}
		if (ledger_add_job(r->ledger, &r->config->jobs[i], &job->seq, err) != 0)
			return -1;
		job->state = JOB_PENDING;
		job->is_selected = judge_selects(r->config, &(struct verdict){ .what = JUDGE_PENDING }, JOB_PENDING, &r->config->jobs[i]);
		e->n_new++;
	}
	for (size_t i = 0; i < e->n_vanished; i++)
		if (ledger_set_state(r->ledger, e->vanished[i], JOB_SUPERSEDED, err) != 0)
			return -1;
	r->has_changed = r->has_changed || e->n_new > 0 || e->n_vanished > 0;
	return 0;
}

static int tell(struct enrolling *e, struct err *err)
{
	char text[512], count[32];
	int rc = 0;

	if (e->n_missing > 0) {
		(void)snprintf(text, sizeof text, "%s missing or of another size, and %s again: %s'%s'",
			       text_count(count, sizeof count, e->n_missing, "finished file"),
			       e->r->config->ops->costs_money ? "fetched" : "made", e->n_missing > 1 ? "the first is " : "", e->missing);
		rc = run_note(e->r, RUN_NOTE, "missing", text, err);
	}
	if (rc == 0 && e->n_lost > 0) {
		(void)snprintf(text, sizeof text, "%s missing, and nothing says how to fetch what was paid for: lost",
			       text_count(count, sizeof count, e->n_lost, "finished file"));
		rc = run_note(e->r, RUN_NOTE, "lost", text, err);
	}
	if (rc == 0 && e->n_vanished > 0) {
		(void)snprintf(text, sizeof text, "%s no longer in the manifest: superseded, the files stay",
			       text_count(count, sizeof count, (int64_t)e->n_vanished, "job"));
		rc = run_note(e->r, RUN_NOTE, "superseded", text, err);
	}
	if (rc == 0 && e->n_back > 0) {
		(void)snprintf(text, sizeof text, "%s in the manifest again", text_count(count, sizeof count, e->n_back, "superseded job"));
		rc = run_note(e->r, RUN_NOTE, "back", text, err);
	}
	if (rc == 0 && e->n_moved > 0) {
		(void)snprintf(text, sizeof text, "%s to be renamed", text_count(count, sizeof count, e->n_moved, "file"));
		rc = run_note(e->r, RUN_NOTE, "renamed", text, err);
	}
	if (rc == 0 && e->n_stale > 0) {
		(void)snprintf(text, sizeof text, "%s of another format, bits, rate or arithmetic than now: --remake-stale makes them again",
			       text_count(count, sizeof count, e->n_stale, "finished file"));
		rc = run_note(e->r, RUN_NOTE, "stale", text, err);
	}
	return rc;
}

/* ---- moving ------------------------------------------------------------------------------- */

static int move_group(struct run *r, struct run_file *files, int *n, struct err *err)
{
	int rc = *n > 0 ? commit_files(r, files, *n, err) : 0;

	commit_forget(files, *n);
	*n = 0;
	return rc;
}

/* Adds job i's file to the group, unless it is where it goes already (a dead run had stepped it aside). */
static int add_move(struct run *r, int64_t i, bool over_there, struct run_file *files, int *n, struct err *err)
{
	struct strbuf from = STRBUF_INIT(RUN_PATH_MAX);
	char *to = over_there ? mem_printf("%s/%" PRId64, RUN_MOVE_DIR, r->jobs[i].seq) : mem_strdup(r->config->jobs[i].path);
	int rc = ledger_get_file_path(r->ledger, r->jobs[i].seq, &from, err);

	if (rc == 0 && strcmp(from.buf, to) != 0) {
		files[(*n)++] = (struct run_file){ .index = i, .seq = r->jobs[i].seq, .n_attempt = r->jobs[i].n_attempts,
						   .from = mem_strdup(from.buf), .to = to };
		to = NULL;
	}
	free(to);
	strbuf_release(&from);
	return rc;
}

/* All files that get another name go to it; over_there: to a name of their own under RUN_MOVE_DIR instead. */
static int move_all(struct enrolling *e, bool over_there, struct err *err)
{
	struct run *r = e->r;
	struct run_file *files = mem_zalloc(RUN_GROUP_MAX, sizeof *files);
	int n = 0, rc = 0;

	for (int64_t i = 0; rc == 0 && i < r->config->n_jobs; i++) {
		if (e->changes[i] & CHANGE_MOVE)
			rc = add_move(r, i, over_there, files, &n, err);
		if (rc == 0 && n == RUN_GROUP_MAX)
			rc = move_group(r, files, &n, err);
	}
	if (rc == 0)
		rc = move_group(r, files, &n, err);
	commit_forget(files, n);
	free(files);
	return rc;
}

/* 1, 0 or -1: err. */
static int some_target_exists(const struct enrolling *e, struct err *err)
{
	const struct run *r = e->r;
	int found = 0;

	for (int64_t i = 0; found == 0 && i < r->config->n_jobs; i++)
		if (e->changes[i] & CHANGE_MOVE) {
			char *path = run_path(r, r->config->jobs[i].path);

			found = fs_find(path, err);
			free(path);
		}
	return found;
}

/* Names may be swapped among the files, so where a target is taken all step aside first. */
static int move_files(struct enrolling *e, struct err *err)
{
	int found;

	if (e->n_moved == 0)
		return 0;
	found = some_target_exists(e, err);
	if (found < 0 || (found && move_all(e, true, err) != 0))
		return -1;
	return move_all(e, false, err);
}

int enrol_jobs(struct run *r, struct err *err)
{
	int64_t n = r->config->n_jobs;
	struct enrolling e = { .r = r };
	int rc = id_index_build(&e.index, r->config->jobs, n, err);

	if (rc != 0)
		return -1;
	r->jobs = mem_zalloc((size_t)n, sizeof *r->jobs);
	e.changes = mem_zalloc((size_t)n, sizeof *e.changes);
	rc = ledger_scan(r->ledger, LEDGER_ALL_STATES, look_at_row, &e, err);
	if (rc == 0)
		rc = ledger_begin(r->ledger, err);
	if (rc == 0)
		rc = write_rows(&e, err);
	if (rc == 0)
		rc = tell(&e, err);
	rc = ledger_end(r->ledger, rc, err);
	if (rc == 0)
		rc = move_files(&e, err);
	id_index_release(&e.index);
	free(e.changes);
	free(e.vanished);
	return rc;
}
