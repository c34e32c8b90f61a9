/* See commit.h. */
#include "run/commit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/run_inside.h"

#include <string.h>

void commit_forget(struct run_file *files, int n)
{
	for (int i = 0; i < n; i++) {
		free(files[i].from);
		free(files[i].to);
		free(files[i].asset_id);
		files[i].from = files[i].to = files[i].asset_id = NULL;
		pcm_release(&files[i].pcm);
	}
}

/* ---- what is in the way -------------------------------------------------------------- */

void aways_release(struct aways *a)
{
	for (int i = 0; i < a->n; i++) {
		free(a->list[i].path);
		free(a->list[i].old);
	}
	a->n = 0;
}

/* As fs_find. */
static int is_there(const struct run *r, const char *relative, struct err *err)
{
	char *full = run_path(r, relative);
	int there = fs_find(full, err);

	free(full);
	return there;
}

/* Where an older file of this path goes; unique: a path is replaced once a run, and a second time it gets a number.
 * NULL: err. */
static char *old_name(const struct run *r, const char *path, struct err *err)
{
	char *name = mem_printf("%s/%lld/%s", RUN_OLD_DIR, (long long)r->row.number, path);
	int there;

	for (int i = 2; (there = is_there(r, name, err)) == 1; i++) {
		free(name);
		name = mem_printf("%s/%lld/%s.%d", RUN_OLD_DIR, (long long)r->row.number, path, i);
	}
	if (there == 0)
		return name;
	free(name);
	return NULL;
}

/* *old: where what lies at path goes, borrowed. One job's former file may be in the place of another one of the group. */
static int add_away(struct run *r, struct aways *a, int owner, const char *path, const char **old, struct err *err)
{
	char *name;

	for (int i = 0; i < a->n; i++)
		if (strcmp(a->list[i].path, path) == 0) {
			a->list[i].is_shared = true;
			*old = a->list[i].old;
			return 0;
		}
	name = old_name(r, path, err);
	if (!name)
		return -1;
	a->list[a->n] = (struct away){ .path = mem_strdup(path), .old = name, .owner = owner };
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

/* ---- rows -------------------------------------------------------------------------------- */

static int put_row(struct run *r, struct run_file *f, int k, struct aways *aways, struct err *err)
{
	const struct artifact *a = &f->artifact;
	const struct artifact_spec *spec = &r->config->artifact;
	struct ledger_file row = {
		.seq = f->seq, .temp_path = f->from, .path = f->to, .file_sha256 = a->file_sha256, .pcm_sha256 = a->pcm_sha256,
		.arithmetic = spec->arithmetic, .format = audio_format_name(spec->format), .bits = spec->bits,
		.n_bytes = a->n_bytes, .seconds = a->seconds, .lkfs = a->lkfs, .peak = a->peak, .make_s = f->make_s,
		.rate_hz = a->rate_hz, .model_rate_hz = a->model_rate_hz, .n_channels = a->n_channels, .peaks = a->peaks, .n_peaks = ARTIFACT_PEAKS,
		.source_sha256 = f->source_sha256, .asset_id = f->asset_id,
	};
	const char *old;
	int there = is_there(r, f->to, err);

	/* a superseded job's row keeps knowing where its file is */
	if (there < 0 || (there && (add_away(r, aways, k, f->to, &old, err) != 0 ||
				    ledger_move_others(r->ledger, f->seq, f->to, old, err) != 0)))
		return -1;
	return f->is_new ? ledger_put_file(r->ledger, &row, err) : ledger_put_move(r->ledger, f->seq, f->from, f->to, err);
}

/* The job's last file may lie elsewhere (another format has another ending), and makes way too, unless it has already. */
static int put_former(struct run *r, const struct run_file *f, int k, struct aways *aways, struct err *err)
{
	struct strbuf former = STRBUF_INIT(RUN_PATH_MAX);
	const char *old;
	int rc = 0, there = 0;

	if (f->is_new && f->has_former)
		rc = ledger_get_file_path(r->ledger, f->seq, &former, err);
	if (rc == 0 && former.len > 0 && strcmp(former.buf, f->to) != 0 && !text_starts_with(former.buf, RUN_OLD_DIR "/"))
		there = is_there(r, former.buf, err);
	if (there != 0)
		rc = there < 0 ? -1 : add_away(r, aways, k, former.buf, &old, err);
	strbuf_release(&former);
	return rc;
}

int commit_put_row(struct run *r, struct run_file *files, int k, struct aways *aways, struct err *err)
{
	r->has_changed = true;
	if (put_former(r, &files[k], k, aways, err) != 0)
		return -1;
	return put_row(r, &files[k], k, aways, err);
}

int commit_end_rows(struct run *r, const struct aways *aways, struct err *err)
{
	return aways->n > 0 ? ledger_drop_aways(r->ledger, err) : 0;
}

int commit_end_row(struct run *r, const struct run_file *f, struct err *err)
{
	struct ledger_try_end end = {
		.seq = f->seq, .n = f->n_attempt, .outcome = LEDGER_DONE, .state = JOB_DONE, .counts = true,
		.ended_ms = clock_unix_ms(), .class = FAIL_NONE, .make_s = f->make_s,
	};

	if (ledger_put_settled(r->ledger, f->seq, err) != 0)
		return -1;
	return f->ends_try ? ledger_end_try(r->ledger, &end, err) : ledger_set_state(r->ledger, f->seq, JOB_DONE, err);
}

int commit_undo_row(struct run *r, const struct run_file *files, int k, const struct aways *aways, struct err *err)
{
	int rc = ledger_drop_file(r->ledger, files[k].seq, err);

	for (int i = 0; rc == 0 && i < aways->n; i++)
		if (aways->list[i].owner == k && aways->list[i].is_back)
			rc = ledger_move_others(r->ledger, files[k].seq, aways->list[i].old, aways->list[i].path, err);
	return rc;
}

/* ---- files ------------------------------------------------------------------------------- */

/* What made way for a file that cannot be placed comes back; where even that fails it stays in .mgbatch/old/, whole. */
static void bring_back(const struct run *r, struct run_file *files, int k, struct aways *aways, struct sync_dirs *dirs)
{
	char *full = run_path(r, files[k].from);
	struct err ignored = ERR_INIT;

	for (int i = 0; i < aways->n; i++) {
		struct away *a = &aways->list[i];

		if (a->owner == k && a->is_moved && !a->is_shared && is_there(r, a->path, &ignored) == 0)
			a->is_back = commit_move(r, dirs, a->old, a->path, &ignored) == 0;
	}
	if (files[k].is_new)
		(void)!fs_remove(full, &ignored); /* else it is the only one of its kind, and settled by the next start */
	free(full);
}

/* What another one was to take out of this one's way may still be there, where that failed. */
static int place(const struct run *r, struct run_file *files, int k, struct aways *aways, struct sync_dirs *dirs)
{
	struct run_file *f = &files[k];
	int rc = 0;

	for (int i = 0; rc == 0 && i < aways->n; i++) {
		struct away *a = &aways->list[i];

		if (a->is_moved || (a->owner != k && strcmp(a->path, f->to) != 0))
			continue;
		rc = commit_move(r, dirs, a->path, a->old, &f->why);
		a->is_moved = rc == 0;
	}
	return rc == 0 ? commit_move(r, dirs, f->from, f->to, &f->why) : rc;
}

void commit_place(struct run *r, struct run_file *files, int n, struct aways *aways, struct sync_dirs *dirs)
{
	for (int k = 0; k < n; k++)
		if (place(r, files, k, aways, dirs) != 0)
			bring_back(r, files, k, aways, dirs);
}

/* ---- files that only move ------------------------------------------------------------------ */

static int put_rows(struct run *r, struct run_file *files, int n, struct aways *aways, struct err *err)
{
	int rc = ledger_begin(r->ledger, err);

	for (int k = 0; rc == 0 && k < n; k++)
		rc = commit_put_row(r, files, k, aways, err);
	if (rc == 0)
		rc = ledger_commit(r->ledger, err);
	return rc == 0 ? ledger_make_lasting(r->ledger, err) : rc;
}

static int place_all(struct run *r, struct run_file *files, int n, struct aways *aways, struct err *err)
{
	struct sync_dirs dirs = SYNC_DIRS_INIT;
	int rc;

	commit_place(r, files, n, aways, &dirs);
	rc = sync_dirs_now(&dirs, err);
	sync_dirs_release(&dirs);
	for (int k = 0; rc == 0 && k < n; k++)
		if (files[k].why.code != ERR_NONE) {
			*err = files[k].why;
			rc = -1;
		}
	return rc;
}

static int end_rows(struct run *r, struct run_file *files, int n, const struct aways *aways, struct err *err)
{
	int rc = ledger_begin(r->ledger, err);

	if (rc == 0)
		rc = commit_end_rows(r, aways, err);
	for (int k = 0; rc == 0 && k < n; k++)
		rc = commit_end_row(r, &files[k], err);
	return rc == 0 ? ledger_commit(r->ledger, err) : rc;
}

int commit_files(struct run *r, struct run_file *files, int n, struct err *err)
{
	struct aways aways = { .n = 0 };
	int rc = put_rows(r, files, n, &aways, err);

	if (rc == 0)
		rc = place_all(r, files, n, &aways, err);
	if (rc == 0)
		rc = end_rows(r, files, n, &aways, err);
	if (rc != 0)
		ledger_rollback(r->ledger);
	aways_release(&aways);
	return rc;
}
