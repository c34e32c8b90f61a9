/* See ledger_write.h: transactions, runs, jobs and their tries. Files are in ledger_files.c. */
#include "ledger/ledger_write.h"

#include "base/clock.h"
#include "base/json_write.h"
#include "ledger/ledger_sql.h"

#include <string.h>

/* ---- transactions --------------------------------------------------------------- */

int ledger_begin(struct ledger *l, struct err *err)
{
	if (l->in_transaction)
		BUG("a transaction inside a transaction");
	if (sql_run_plain(l, SQL_BEGIN, err) != 0)
		return -1;
	l->in_transaction = true;
	return 0;
}

int ledger_commit(struct ledger *l, struct err *err)
{
	if (sql_run_plain(l, SQL_COMMIT, err) != 0)
		return -1;
	l->in_transaction = false;
	return 0;
}

/* A change that changes nothing goes to the log behind all others and is synced with them. */
int ledger_make_lasting(struct ledger *l, struct err *err)
{
	int rc;

	if (!l->is_quick)
		return 0;
	rc = sql_run_plain(l, SQL_FULL, err);
	if (rc == 0)
		rc = sql_run_plain(l, SQL_TOUCH, err);
	if (rc == 0)
		rc = sql_run_plain(l, SQL_NORMAL, err);
	return rc;
}

void ledger_rollback(struct ledger *l)
{
	struct err ignored = ERR_INIT;

	/* after some errors SQLite has rolled back by itself; asking again does no harm */
	if (l->in_transaction && !sqlite3_get_autocommit(l->db))
		(void)!sql_run_plain(l, SQL_ROLLBACK, &ignored);
	l->in_transaction = false;
}

int ledger_end(struct ledger *l, int rc, struct err *err)
{
	if (rc == 0 && ledger_commit(l, err) == 0)
		return 0;
	ledger_rollback(l);
	return -1;
}

/* ---- runs ----------------------------------------------------------------------- */

int ledger_keep_manifest(struct ledger *l, const char *sha256, const char *path, const char *text, size_t len, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_PUT_MANIFEST, err);

	if (!st)
		return -1;
	sql_text(st, 1, sha256);
	sql_text(st, 2, path);
	sql_blob(st, 3, text, len);
	return sql_run(l, st, err);
}

int ledger_start_run(struct ledger *l, struct ledger_run *run, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_START_RUN, err);

	if (!st)
		return -1;
	sql_int(st, 1, run->started_ms);
	sql_text(st, 2, run->command_line);
	sql_text(st, 3, run->host);
	sql_int(st, 4, run->pid);
	sql_text(st, 5, run->boot_id);
	sql_int(st, 6, run->n_oom_kills);
	sql_text(st, 7, run->tool_version);
	sql_text(st, 8, run->made_by);
	sql_text(st, 9, run->manifest_path);
	sql_text(st, 10, run->manifest_sha256);
	if (sql_run(l, st, err) != 0)
		return -1;
	run->number = sqlite3_last_insert_rowid(l->db);
	return 0;
}

int ledger_end_run(struct ledger *l, const struct ledger_run *run, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_END_RUN, err);

	if (!st)
		return -1;
	sql_int(st, 1, run->number);
	sql_int(st, 2, run->ended_ms);
	sql_int(st, 3, run->exit_status);
	sql_real(st, 4, run->audio_s);
	return sql_run(l, st, err);
}

int ledger_dead_run(struct ledger *l, struct ledger_run *ret, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_LAST_RUN, err);
	int rc;

	if (!st)
		return -1;
	rc = sql_row(l, st, err);
	if (rc != 1)
		return rc;
	ret->number = sqlite3_column_int64(st, 0);
	ret->started_ms = sqlite3_column_int64(st, 1);
	ret->ended_ms = sqlite3_column_int64(st, 2);
	ret->exit_status = sqlite3_column_int(st, 3);
	ret->pid = sqlite3_column_int64(st, 6);
	ret->n_oom_kills = sqlite3_column_int64(st, 8);
	ret->audio_s = sqlite3_column_double(st, 13);
	/* the other texts serve nobody yet; boot_id fits the kernel's 36 characters */
	strbuf_reset(&l->texts[0]);
	strbuf_adds(&l->texts[0], sql_column_text(st, 7));
	ret->boot_id = l->texts[0].buf;
	ret->command_line = ret->host = ret->tool_version = ret->made_by = ret->manifest_path = ret->manifest_sha256 = "";
	sql_done(st);
	return ret->ended_ms == 0;
}

int ledger_note(struct ledger *l, int64_t run, int64_t seq, const char *what, const char *text, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_NOTE, err);

	if (!st)
		return -1;
	sql_int(st, 1, clock_unix_ms());
	sql_int(st, 2, run);
	sql_int(st, 3, seq);
	sql_text(st, 4, what);
	sql_text(st, 5, text);
	return sql_run(l, st, err);
}

/* ---- what a row holds of the manifest --------------------------------------------- */

/* FNV-1a, 64 bits: offset basis and prime as published by its authors. */
#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x00000100000001b3u

static uint64_t mix(uint64_t h, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * FNV_PRIME;
	return h;
}

static uint64_t mix_text(uint64_t h, const char *text)
{
	return mix(h, text, strlen(text) + 1); /* with its NUL: "ab","c" is not "a","bc" */
}

static uint64_t mix_value(uint64_t h, const struct value *v)
{
	unsigned char kind = (unsigned char)v->kind;

	h = mix(h, &kind, 1);
	if (v->kind == VALUE_TEXT)
		h = mix_text(h, v->as.text);
	else if (v->kind == VALUE_NUMBER)
		h = mix(h, &v->as.number, sizeof v->as.number);
	else if (v->kind == VALUE_BOOL)
		h = mix(h, v->as.flag ? "t" : "f", 1);
	return h;
}

int64_t ledger_digest(const struct job *job)
{
	uint64_t h = FNV_BASIS;
	int n = card_n_params(job->card);

	h = mix_text(h, job->set);
	h = mix_text(h, job->path);
	h = mix(h, &job->take, sizeof job->take);
	h = mix(h, &job->ordinal, sizeof job->ordinal);
	for (int i = 0; i < job->n_axes; i++)
		h = mix_text(mix_text(h, job->axes[i].name), job->axes[i].text);
	h = mix(h, "|", 1);
	for (int i = 0; i < job->n_tags; i++)
		h = mix_text(h, job->tags[i]);
	for (int i = 0; i < n; i++) {
		struct value v = job_value(job, i);

		h = mix_value(h, &v);
	}
	return (int64_t)(h >> 1); /* SQLite's integers are signed */
}

static int fill_texts(struct ledger *l, const struct job *job, struct err *err)
{
	struct json_writer w;

	for (int i = 0; i < 4; i++)
		strbuf_reset(&l->texts[i]);
	job_canonical(job, &l->texts[0]);
	json_begin(&w, &l->texts[1], 0);
	json_open_object(&w, NULL);
	for (int i = 0; i < card_n_params(job->card); i++) {
		struct value v = job_value(job, i);

		value_put(&w, card_param(job->card, i)->name, &v);
	}
	json_close(&w);
	job_axes(job, &l->texts[2]);
	json_begin(&w, &l->texts[3], 0);
	json_open_array(&w, NULL);
	for (int i = 0; i < job->n_tags; i++)
		json_put_text(&w, NULL, job->tags[i]);
	json_close(&w);
	for (int i = 0; i < 4; i++)
		if (!strbuf_ok(&l->texts[i]))
			return err_set(err, ERR_LEDGER, "job '%s': its parameters take more than %zu bytes", job->path,
				       l->texts[i].max);
	return 0;
}

/* Binds ordinal .. tags from column 2 on, the same in SQL_ADD_JOB and SQL_CHANGE_JOB. */
static int bind_job(struct ledger *l, sqlite3_stmt *st, const struct job *job, struct err *err)
{
	if (fill_texts(l, job, err) != 0)
		return -1;
	sql_int(st, 2, job->ordinal);
	sql_int(st, 3, job->take);
	sql_real(st, 4, job_audio_seconds(job));
	sql_int(st, 5, ledger_digest(job));
	sql_text(st, 6, job->set);
	sql_text(st, 7, job->path);
	for (int i = 0; i < 4; i++)
		sql_text(st, 8 + i, l->texts[i].buf);
	return 0;
}

int ledger_add_job(struct ledger *l, const struct job *job, int64_t *ret_seq, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_ADD_JOB, err);

	if (!st)
		return -1;
	sql_blob(st, 1, job->id, HASH_BYTES);
	if (bind_job(l, st, job, err) != 0 || sql_run(l, st, err) != 0)
		return -1;
	*ret_seq = sqlite3_last_insert_rowid(l->db);
	return 0;
}

int ledger_change_job(struct ledger *l, int64_t seq, const struct job *job, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_CHANGE_JOB, err);

	if (!st)
		return -1;
	sql_int(st, 1, seq);
	if (bind_job(l, st, job, err) != 0)
		return -1;
	return sql_run(l, st, err);
}

/* ---- states and tries ---------------------------------------------------------------- */

int ledger_set_state(struct ledger *l, int64_t seq, enum job_state state, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_SET_STATE, err);

	if (!st)
		return -1;
	sql_text(st, 2, job_state_name(state));
	return sql_run_state(l, st, 3, seq, state, err);
}

int ledger_renew_job(struct ledger *l, int64_t seq, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_RENEW_JOB, err);

	return st ? sql_run_state(l, st, 2, seq, JOB_PENDING, err) : -1;
}

static int start_try(struct ledger *l, int64_t seq, int64_t run, int n, enum job_state state, int64_t now_ms, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_JOB_STARTS, err);

	if (!st)
		return -1;
	sql_int(st, 3, n);
	sql_text(st, 4, job_state_name(state));
	if (sql_run_state(l, st, 2, seq, state, err) != 0)
		return -1;
	st = sql_get(l, SQL_START_TRY, err);
	if (!st)
		return -1;
	sql_int(st, 1, seq);
	sql_int(st, 2, n);
	sql_int(st, 3, run);
	sql_int(st, 4, now_ms);
	return sql_run(l, st, err);
}

int ledger_start_try(struct ledger *l, int64_t seq, int64_t run, int n, int64_t now_ms, struct err *err)
{
	return start_try(l, seq, run, n, JOB_RUNNING, now_ms, err);
}

int ledger_start_look(struct ledger *l, int64_t seq, int64_t run, int n, int64_t now_ms, struct err *err)
{
	return start_try(l, seq, run, n, JOB_SUBMITTING, now_ms, err);
}

static const char *const outcome_names[] = {
	[LEDGER_DONE] = "done", [LEDGER_FAILED] = "failed", [LEDGER_INTERRUPTED] = "interrupted", [LEDGER_CALLED_OFF] = "called off",
	[LEDGER_DIED] = "died",
};

int ledger_end_try(struct ledger *l, const struct ledger_try_end *end, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_JOB_ENDS, err);
	const char *sentence = end->sentence ? end->sentence : "";
	bool says = end->class != FAIL_NONE || end->outcome == LEDGER_DONE;

	if (!st)
		return -1;
	sql_text(st, 2, job_state_name(end->state));
	sql_int(st, 3, end->counts);
	sql_int(st, 4, end->outcome == LEDGER_INTERRUPTED || end->outcome == LEDGER_CALLED_OFF);
	sql_int(st, 5, end->outcome == LEDGER_DIED);
	sql_int(st, 6, end->not_before_ms);
	sql_text(st, 7, says ? fail_class_name(end->class) : NULL);
	sql_text(st, 8, says ? sentence : NULL);
	if (sql_run_state(l, st, 9, end->seq, end->state, err) != 0)
		return -1;
	st = sql_get(l, SQL_END_TRY, err);
	if (!st)
		return -1;
	sql_int(st, 1, end->seq);
	sql_int(st, 2, end->n);
	sql_int(st, 3, end->ended_ms);
	sql_text(st, 4, outcome_names[end->outcome]);
	sql_text(st, 5, fail_class_name(end->class));
	sql_text(st, 6, sentence);
	sql_real(st, 7, end->make_s);
	return sql_run(l, st, err);
}
