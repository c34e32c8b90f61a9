/*
 * commit: row, file, row (DESIGN section 4, law 3).
 *
 * For a group of complete files that lie under temp names:
 *   1. one transaction: each job is `made`, its row says path, bytes, hashes
 *   2. sync the files, move what is in the way to .mgbatch/old/, rename, sync the folders
 *   3. one transaction: each job is `done`
 * A death between any two of these steps is settled at the next start
 * (settle.c): the row says what the file must be, and one of two names has it.
 */
#include "run/run_inside.h"

#include "base/clock.h"
#include "base/mem.h"
#include "run/sync.h"

#include <string.h>

void commit_forget(struct run_file *files, int n)
{
	for (int i = 0; i < n; i++) {
		free(files[i].from);
		free(files[i].to);
		files[i].from = files[i].to = NULL;
	}
}

/* ---- what is in the way -------------------------------------------------------------- */

/* Where an older file of this path goes; unique: a path is replaced once a run, and a second time it gets a number. */
static char *old_name(const struct run *r, const char *path)
{
	char *name = mem_printf("%s/%lld/%s", RUN_OLD_DIR, (long long)r->row.number, path);
	char *full = run_path(r, name);

	for (int i = 2; fs_exists(full); i++) {
		free(name);
		free(full);
		name = mem_printf("%s/%lld/%s.%d", RUN_OLD_DIR, (long long)r->row.number, path, i);
		full = run_path(r, name);
	}
	free(full);
	return name;
}

static bool is_there(const struct run *r, const char *relative)
{
	char *full = run_path(r, relative);
	bool there = fs_exists(full);

	free(full);
	return there;
}

static int move_file(const struct run *r, struct sync_dirs *dirs, const char *from, const char *to, struct err *err)
{
	char *full_from = run_path(r, from), *full_to = run_path(r, to);
	int rc = sync_dirs_make(dirs, full_to, err);

	if (rc == 0)
		rc = fs_rename(full_from, full_to, err);
	if (rc == 0)
		sync_dirs_add(dirs, full_from);
	free(full_from);
	free(full_to);
	return rc;
}

static int move_away(struct run *r, struct sync_dirs *dirs, const char *path, struct err *err)
{
	char *old = old_name(r, path);
	int rc = move_file(r, dirs, path, old, err);

	free(old);
	return rc;
}

/* ---- the three steps ------------------------------------------------------------------- */

static int put_row(struct run *r, struct run_file *f, struct err *err)
{
	const struct artifact *a = &f->artifact;
	const struct artifact_spec *spec = &r->config->artifact;
	struct ledger_file row = {
		.seq = f->seq, .temp_path = f->from, .path = f->to, .file_sha256 = a->file_sha256, .pcm_sha256 = a->pcm_sha256,
		.arithmetic = spec->arithmetic, .format = audio_format_name(spec->format), .bits = spec->bits,
		.n_bytes = a->n_bytes, .seconds = a->seconds, .lkfs = a->lkfs, .peak = a->peak, .make_s = f->make_s,
		.rate_hz = a->rate_hz, .n_channels = a->n_channels, .peaks = a->peaks, .n_peaks = ARTIFACT_PEAKS,
	};
	char *old;
	int rc = 0;

	if (is_there(r, f->to)) { /* a superseded job's row keeps knowing where its file is */
		old = old_name(r, f->to);
		rc = ledger_move_others(r->ledger, f->seq, f->to, old, err);
		free(old);
	}
	if (rc != 0)
		return -1;
	return f->is_new ? ledger_put_file(r->ledger, &row, err) : ledger_put_move(r->ledger, f->seq, f->from, f->to, err);
}

/* Appends the older file's path when the job's last file lies elsewhere (another format has another ending). */
static int find_former(struct run *r, const struct run_file *f, struct strbuf *former, struct err *err)
{
	strbuf_reset(former);
	if (!f->is_new || !f->has_former)
		return 0;
	if (ledger_get_file_path(r->ledger, f->seq, former, err) != 0)
		return -1;
	if (strcmp(former->buf, f->to) == 0)
		strbuf_reset(former);
	return 0;
}

static int put_rows(struct run *r, struct run_file *files, int n, struct strbuf *formers, struct err *err)
{
	int rc = ledger_begin(r->ledger, err);

	for (int i = 0; rc == 0 && i < n; i++) {
		rc = find_former(r, &files[i], &formers[i], err);
		if (rc == 0)
			rc = put_row(r, &files[i], err);
	}
	if (rc == 0)
		rc = ledger_commit(r->ledger, err);
	return rc;
}

/* What moves only was synced when it was new. */
static int sync_new(struct run *r, struct run_file *files, int n, struct err *err)
{
	char *paths[RUN_GROUP_MAX];
	size_t n_paths = 0;
	int rc;

	for (int i = 0; i < n; i++)
		if (files[i].is_new)
			paths[n_paths++] = run_path(r, files[i].from);
	rc = sync_files(&r->sync_pool, paths, n_paths, err);
	for (size_t i = 0; i < n_paths; i++)
		free(paths[i]);
	return rc;
}

static int put_files(struct run *r, struct run_file *files, int n, struct strbuf *formers, struct err *err)
{
	struct sync_dirs dirs = SYNC_DIRS_INIT;
	int rc = sync_new(r, files, n, err);

	for (int i = 0; rc == 0 && i < n; i++) {
		if (is_there(r, files[i].to))
			rc = move_away(r, &dirs, files[i].to, err);
		if (rc == 0)
			rc = move_file(r, &dirs, files[i].from, files[i].to, err);
		if (rc == 0 && formers[i].len > 0 && is_there(r, formers[i].buf))
			rc = move_away(r, &dirs, formers[i].buf, err);
	}
	if (rc == 0)
		rc = sync_dirs_now(&dirs, err);
	sync_dirs_release(&dirs);
	return rc;
}

static int end_rows(struct run *r, struct run_file *files, int n, struct err *err)
{
	int64_t now_ms = clock_unix_ms();
	int rc = ledger_begin(r->ledger, err);

	for (int i = 0; rc == 0 && i < n; i++) {
		struct ledger_try_end end = {
			.seq = files[i].seq, .n = files[i].n_attempt, .outcome = LEDGER_DONE, .state = JOB_DONE, .counts = true,
			.ended_ms = now_ms, .class = FAIL_NONE, .make_s = files[i].make_s,
		};

		rc = ledger_put_settled(r->ledger, files[i].seq, err);
		if (rc == 0)
			rc = files[i].ends_try ? ledger_end_try(r->ledger, &end, err) :
						 ledger_set_state(r->ledger, files[i].seq, JOB_DONE, err);
	}
	if (rc == 0)
		rc = ledger_commit(r->ledger, err);
	return rc;
}

int commit_files(struct run *r, struct run_file *files, int n, struct err *err)
{
	struct strbuf formers[RUN_GROUP_MAX];
	int rc;

	for (int i = 0; i < n; i++)
		strbuf_init(&formers[i], RUN_PATH_MAX);
	rc = put_rows(r, files, n, formers, err);
	if (rc == 0)
		rc = put_files(r, files, n, formers, err);
	if (rc == 0)
		rc = end_rows(r, files, n, err);
	if (rc != 0)
		ledger_rollback(r->ledger);
	r->has_changed = true;
	for (int i = 0; i < n; i++)
		strbuf_release(&formers[i]);
	return rc;
}
