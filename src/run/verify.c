/*
 * run_verify: is what the ledger says still so?
 *
 * The ledger itself, then every finished row against its file, then the folder against the rows. Nothing is changed.
 * Files that no row knows are told and are not wrong: people put things into folders. Neither those nor what a dead run
 * left can be told apart from a living run's work, so they are looked for only where no run is open.
 */
#include "run/verify_inside.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/remote.h"
#include "run/run_inside.h"
#include "run/stop.h"
#include "run/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int verify_find(struct verifying *v, enum run_verify_what what, const char *id_text, const char *path, struct err *err, const char *fmt, ...)
{
	char sentence[ERR_TEXT_MAX];
	struct run_verify_finding finding = { what, id_text, path, sentence };
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof sentence, fmt, ap);
	va_end(ap);
	v->result->n_found[what]++;
	return v->verify->visit ? v->verify->visit(v->verify->visit_arg, &finding, err) : 0;
}

int64_t run_verify_wrong(const struct run_verify_result *result)
{
	int64_t n = 0;

	for (int what = 0; RUN_VERIFY_IS_WRONG(what); what++)
		n += result->n_found[what];
	return n;
}

/* ---- the rows --------------------------------------------------------------------- */

static int find_in_ledger(void *arg, const char *text, struct err *err)
{
	return verify_find(arg, RUN_VERIFY_LEDGER, "", "", err, "the ledger is not whole: %s; bring it back from a copy", text);
}

/* What run does with a finished job whose file is not what it was. */
static const char *again(const struct ledger_job *row)
{
	return remote_of_row(row) == REMOTE_NOTHING ? "makes" : "fetches";
}

static int check_content(struct verifying *v, const struct ledger_job *row, const char *full, struct err *err)
{
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE];
	struct err why = ERR_INIT;

	if (hash_file(full, hash, &why) != 0)
		return verify_find(v, RUN_VERIFY_CONTENT, row->id_text, row->file_path, err, "%s", why.text);
	hash_hex(hex, hash);
	if (strcmp(hex, row->file_sha256) == 0)
		return 0;
	if (remote_of_row(row) != REMOTE_NOTHING)
		return verify_find(v, RUN_VERIFY_CONTENT, row->id_text, row->file_path, err,
				   "has its size, but not the content that was made (SHA-256 %.12s..., expected %.12s...): remove it, and run "
				   "fetches it again", hex, row->file_sha256);
	return verify_find(v, RUN_VERIFY_CONTENT, row->id_text, row->file_path, err,
			   "has its size, but not the content that was made (SHA-256 %.12s..., expected %.12s...): "
			   "'mgbatch retry %s %s', then run, makes it again",
			   hex, row->file_sha256, v->verify->place.called, row->id_text);
}

static int check_file(struct verifying *v, const struct ledger_job *row, struct err *err)
{
	char *full = fs_join(v->verify->place.output_dir, row->file_path);
	struct err why = ERR_INIT;
	uint64_t n_bytes = 0;
	int rc = 0;

	if (!fs_exists(full))
		rc = verify_find(v, RUN_VERIFY_MISSING, row->id_text, row->file_path, err, "is not there: run %s it again", again(row));
	else if (fs_size(full, &n_bytes, &why) != 0)
		rc = verify_find(v, RUN_VERIFY_MISSING, row->id_text, row->file_path, err, "%s", why.text);
	else if (n_bytes != (uint64_t)row->n_bytes)
		rc = verify_find(v, RUN_VERIFY_SIZE, row->id_text, row->file_path, err, "has %llu bytes instead of %lld: run %s it again",
				 (unsigned long long)n_bytes, (long long)row->n_bytes, again(row));
	else if (v->verify->deep)
		rc = check_content(v, row, full, err);
	free(full);
	return rc;
}

static int look_at_row(void *arg, const struct ledger_job *row, struct err *err)
{
	struct verifying *v = arg;
	int meant;

	if (row->has_artifact) {
		MEM_GROW(v->known, v->n_known, v->cap_known);
		v->known[v->n_known++] = mem_strdup(row->file_path);
	}
	if (row->has_artifact && row->temp_path[0]) {
		MEM_GROW(v->known, v->n_known, v->cap_known);
		v->known[v->n_known++] = mem_strdup(row->temp_path);
	}
	if (row->state != JOB_DONE || !row->has_artifact)
		return 0;
	meant = tend_is_meant(&v->verify->place, row, err);
	if (meant <= 0)
		return meant;
	v->result->n_finished++;
	v->result->n_bytes += row->n_bytes;
	if (v->verify->n_regen > 0) {
		MEM_GROW(v->ids, v->n_ids, v->cap_ids);
		memcpy(v->ids[v->n_ids++].bytes, row->id, HASH_BYTES);
	}
	v->result->is_interrupted = stop_level() > 0;
	return v->result->is_interrupted ? 1 : check_file(v, row, err);
}

/* ---- the folder --------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_known(const struct verifying *v, const char *path)
{
	return v->n_known > 0 && bsearch(&path, v->known, v->n_known, sizeof *v->known, compare_texts) != NULL;
}

static int look_at_file(void *arg, const char *path, int64_t n_bytes, struct err *err)
{
	struct verifying *v = arg;
	char size[32];

	for (int i = 0; i < v->verify->n_ignored; i++)
		if (strcmp(path, v->verify->ignored[i]) == 0)
			return 0;
	return is_known(v, path) ? 0 : verify_find(v, RUN_VERIFY_UNKNOWN, "", path, err, "no job of this folder made it (%s)",
						   text_bytes(size, sizeof size, (uint64_t)n_bytes));
}

static int look_at_part(void *arg, const char *path, int64_t n_bytes, struct err *err)
{
	struct verifying *v = arg;
	char size[32];

	return is_known(v, path) ? 0 : verify_find(v, RUN_VERIFY_STRAY, "", path, err,
						   "left by a run that died (%s): the next run, or gc, removes it",
						   text_bytes(size, sizeof size, (uint64_t)n_bytes));
}

/* Not with a selection: it is about jobs, and these files are nobody's. */
static int look_at_folder(struct verifying *v, struct err *err)
{
	const char *root = v->verify->place.output_dir;

	if (v->verify->place.select || v->result->is_going_on)
		return 0;
	if (v->n_known > 1)
		qsort(v->known, v->n_known, sizeof *v->known, compare_texts);
	if (walk_files(root, "", LEDGER_DIR, look_at_file, v, err) != 0 || walk_files(root, RUN_PART_DIR, NULL, look_at_part, v, err) != 0)
		return -1;
	return walk_files(root, RUN_MOVE_DIR, NULL, look_at_part, v, err);
}

/* ---- the whole ------------------------------------------------------------------------ */

static int read_ledger(struct verifying *v, struct err *err)
{
	struct ledger_head head;

	if (ledger_head(v->ledger, &head, err) != 0)
		return -1;
	v->result->is_going_on = head.last_started_ms != 0 && head.last_ended_ms == 0;
	if (ledger_check(v->ledger, v->verify->deep, find_in_ledger, v, err) != 0)
		return -1;
	return ledger_scan(v->ledger, LEDGER_ALL_STATES, look_at_row, v, err);
}

/* Making jobs again takes the lock, and by then what was read before it may be old: another run had the folder. */
static int open_all(struct verifying *v, struct fs_lock *lock, struct err *err)
{
	const struct run_place *place = &v->verify->place;
	int rc = tend_read(&v->ledger, place, err); /* nothing is made where there is no ledger */

	if (rc != 0 || v->verify->n_regen == 0)
		return rc;
	ledger_close(v->ledger);
	v->ledger = NULL;
	rc = tend_lock(lock, place, err);
	return rc == 0 ? tend_read(&v->ledger, place, err) : rc;
}

int run_verify(const struct run_verify *verify, struct run_verify_result *ret, struct err *err)
{
	struct run_verify_result result = { .n_finished = 0 };
	struct verifying v = { .verify = verify, .result = &result };
	struct fs_lock lock = { -1 };
	int rc;

	if (verify->n_regen > 0 && verify->config->ops->costs_money)
		return err_set(err, ERR_USAGE, "jobs of the backend '%s' are paid for, and none is made again to look whether it comes out the same: "
			       "verify without --regen, or with --deep", verify->config->ops->name);
	rc = open_all(&v, &lock, err);
	if (rc != 0 && verify->place.wait && stop_level() > 0) { /* a signal ended the wait */
		result.is_interrupted = true;
		rc = 0;
	}
	if (rc == 0 && !result.is_interrupted)
		rc = read_ledger(&v, err);
	if (rc == 0 && !result.is_interrupted)
		rc = look_at_folder(&v, err);
	if (rc == 0 && !result.is_interrupted && verify->n_regen > 0)
		rc = regen_some(&v, err);
	if (rc == 0)
		*ret = result;
	for (size_t i = 0; i < v.n_known; i++)
		free(v.known[i]);
	free(v.known);
	free(v.ids);
	ledger_close(v.ledger);
	fs_lock_release(&lock);
	return rc;
}
