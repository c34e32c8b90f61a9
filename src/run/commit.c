/*
 * commit: row, file, row (DESIGN section 4, law 3).
 *
 * For a group of complete files that lie under temp names:
 *   1. one transaction: each job is `made`, its row says path, bytes, hashes; what is in their way, and where it goes
 *   2. sync the files, move what is in the way to .mgbatch/old/, rename, sync the folders
 *   3. one transaction: each job is `done`, nothing makes way any more
 * A death between any two of these steps is settled at the next start
 * (settle.c): the row says what the file must be, and one of two names has it.
 */
#include "run/run_inside.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

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

/* An older file at `path` that goes to `old`. */
struct away {
	char *path, *old;
};

/* Of one group: at most the place and the former file of each. */
struct aways {
	struct away list[2 * RUN_GROUP_MAX];
	int n;
};

static void aways_release(struct aways *a)
{
	for (int i = 0; i < a->n; i++) {
		free(a->list[i].path);
		free(a->list[i].old);
	}
}

static bool is_there(const struct run *r, const char *relative)
{
	char *full = run_path(r, relative);
	bool there = fs_exists(full);

	free(full);
	return there;
}

/* Where an older file of this path goes; unique: a path is replaced once a run, and a second time it gets a number. */
static char *old_name(const struct run *r, const char *path)
{
	char *name = mem_printf("%s/%lld/%s", RUN_OLD_DIR, (long long)r->row.number, path);

	for (int i = 2; is_there(r, name); i++) {
		free(name);
		name = mem_printf("%s/%lld/%s.%d", RUN_OLD_DIR, (long long)r->row.number, path, i);
	}
	return name;
}

/* *old: where what lies at path goes, borrowed. One job's former file may be in the place of another one of the group. */
static int add_away(struct run *r, struct aways *a, const char *path, const char **old, struct err *err)
{
	for (int i = 0; i < a->n; i++)
		if (strcmp(a->list[i].path, path) == 0) {
			*old = a->list[i].old;
			return 0;
		}
	a->list[a->n] = (struct away){ mem_strdup(path), old_name(r, path) };
	*old = a->list[a->n++].old;
	return ledger_put_away(r->ledger, path, *old, err);
}

int commit_move(const struct run *r, struct sync_dirs *dirs, const char *from, const char *to, struct err *err)
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

/* ---- the three steps ------------------------------------------------------------------- */

static int put_row(struct run *r, struct run_file *f, struct aways *aways, struct err *err)
{
	const struct artifact *a = &f->artifact;
	const struct artifact_spec *spec = &r->config->artifact;
	struct ledger_file row = {
		.seq = f->seq, .temp_path = f->from, .path = f->to, .file_sha256 = a->file_sha256, .pcm_sha256 = a->pcm_sha256,
		.arithmetic = spec->arithmetic, .format = audio_format_name(spec->format), .bits = spec->bits,
		.n_bytes = a->n_bytes, .seconds = a->seconds, .lkfs = a->lkfs, .peak = a->peak, .make_s = f->make_s,
		.rate_hz = a->rate_hz, .n_channels = a->n_channels, .peaks = a->peaks, .n_peaks = ARTIFACT_PEAKS,
	};
	const char *old;

	/* a superseded job's row keeps knowing where its file is */
	if (is_there(r, f->to) && (add_away(r, aways, f->to, &old, err) != 0 ||
				   ledger_move_others(r->ledger, f->seq, f->to, old, err) != 0))
		return -1;
	return f->is_new ? ledger_put_file(r->ledger, &row, err) : ledger_put_move(r->ledger, f->seq, f->from, f->to, err);
}

/* The job's last file may lie elsewhere (another format has another ending), and makes way too, unless it has already. */
static int put_former(struct run *r, const struct run_file *f, struct aways *aways, struct err *err)
{
	struct strbuf former = STRBUF_INIT(RUN_PATH_MAX);
	const char *old;
	int rc = 0;

	if (f->is_new && f->has_former)
		rc = ledger_get_file_path(r->ledger, f->seq, &former, err);
	if (rc == 0 && former.len > 0 && strcmp(former.buf, f->to) != 0 && !text_starts_with(former.buf, RUN_OLD_DIR "/") &&
	    is_there(r, former.buf))
		rc = add_away(r, aways, former.buf, &old, err);
	strbuf_release(&former);
	return rc;
}

static int put_rows(struct run *r, struct run_file *files, int n, struct aways *aways, struct err *err)
{
	int rc = ledger_begin(r->ledger, err);

	for (int i = 0; rc == 0 && i < n; i++) {
		rc = put_former(r, &files[i], aways, err);
		if (rc == 0)
			rc = put_row(r, &files[i], aways, err);
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

static int put_files(struct run *r, struct run_file *files, int n, const struct aways *aways, struct err *err)
{
	struct sync_dirs dirs = SYNC_DIRS_INIT;
	int rc = sync_new(r, files, n, err);

	for (int i = 0; rc == 0 && i < aways->n; i++)
		rc = commit_move(r, &dirs, aways->list[i].path, aways->list[i].old, err);
	for (int i = 0; rc == 0 && i < n; i++)
		rc = commit_move(r, &dirs, files[i].from, files[i].to, err);
	if (rc == 0)
		rc = sync_dirs_now(&dirs, err);
	sync_dirs_release(&dirs);
	return rc;
}

static int end_rows(struct run *r, struct run_file *files, int n, bool has_aways, struct err *err)
{
	int64_t now_ms = clock_unix_ms();
	int rc = ledger_begin(r->ledger, err);

	if (rc == 0 && has_aways)
		rc = ledger_drop_aways(r->ledger, err);
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
	struct aways aways = { .n = 0 };
	int rc = put_rows(r, files, n, &aways, err);

	if (rc == 0)
		rc = put_files(r, files, n, &aways, err);
	if (rc == 0)
		rc = end_rows(r, files, n, aways.n > 0, err);
	if (rc != 0)
		ledger_rollback(r->ledger);
	r->has_changed = true;
	aways_release(&aways);
	return rc;
}
