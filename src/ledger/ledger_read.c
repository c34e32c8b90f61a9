/* The reading side of ledger.h: head, counts, rows, tries. */
#include "ledger/ledger.h"
#include "ledger/ledger_sql.h"
#include "ledger/ledger_write.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

/* ---- head and counts --------------------------------------------------------------- */

static int head_owner(struct ledger *l, struct ledger_head *ret, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_GET_OWNER, err);
	int rc = st ? sql_row(l, st, err) : -1;

	if (rc == 1) {
		strbuf_reset(&l->head[0]);
		strbuf_add(&l->head[0], sql_column_text(st, 0), strlen(sql_column_text(st, 0)) + 1);
		strbuf_adds(&l->head[0], sql_column_text(st, 1));
		sql_done(st);
		ret->manifest_name = l->head[0].buf;
		ret->backend = l->head[0].buf + strlen(l->head[0].buf) + 1;
	}
	return rc < 0 ? -1 : 0;
}

static int head_run(struct ledger *l, struct ledger_head *ret, struct err *err)
{
	static const int columns[] = { 11, 10, 9, 5, 4 }; /* manifest_path, made_by, tool, host, command_line */
	const char **texts[] = { &ret->manifest_path, &ret->made_by, &ret->tool_version, &ret->last_host, &ret->last_command_line };
	sqlite3_stmt *st = sql_get(l, SQL_LAST_RUN, err);
	int rc = st ? sql_row(l, st, err) : -1;

	if (rc != 1)
		return rc;
	ret->last_started_ms = sqlite3_column_int64(st, 1);
	ret->last_ended_ms = sqlite3_column_int64(st, 2);
	ret->last_exit_status = sqlite3_column_int(st, 3);
	ret->last_pid = sqlite3_column_int64(st, 6);
	for (int i = 0; i < SQL_N_HEAD_TEXTS - 1; i++) {
		strbuf_reset(&l->head[1 + i]);
		strbuf_adds(&l->head[1 + i], sql_column_text(st, columns[i]));
		*texts[i] = l->head[1 + i].buf;
	}
	sql_done(st);
	return 0;
}

int ledger_head(struct ledger *l, struct ledger_head *ret, struct err *err)
{
	sqlite3_stmt *st;
	double ms;
	int rc;

	*ret = (struct ledger_head){ "", "", "", "", 0, 0, -1, 0, "", "", "", 0 };
	if (head_owner(l, ret, err) != 0 || head_run(l, ret, err) != 0)
		return -1;
	st = sql_get(l, SQL_SPEED, err);
	rc = st ? sql_row(l, st, err) : -1;
	if (rc != 1)
		return rc;
	ms = sqlite3_column_double(st, 1);
	if (ms > 0)
		ret->audio_s_per_s = sqlite3_column_double(st, 0) / (ms / 1000);
	sql_done(st);
	return 0;
}

/* An unknown name in a row is damage, or a newer version that forgot to raise its number. */
static int read_state(struct ledger *l, const char *text, enum job_state *ret, struct err *err)
{
	if (job_state_find(text, ret) != 0)
		return err_set(err, ERR_LEDGER, "reading the ledger '%s': a job is in a state '%s' that this mgbatch does not know",
			       l->path, text);
	return 0;
}

/* Counted here: SQLite's GROUP BY would sort all rows first, which takes as long as reading them. */
int ledger_count(struct ledger *l, struct ledger_counts *ret, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_COUNT, err);
	enum fail_class class;
	enum job_state state;
	int rc;

	memset(ret, 0, sizeof *ret);
	if (!st)
		return -1;
	while ((rc = sql_row(l, st, err)) == 1) {
		if (read_state(l, sql_column_text(st, 0), &state, err) != 0) {
			sql_done(st);
			return -1;
		}
		ret->by_state[state]++;
		ret->audio_s_by_state[state] += sqlite3_column_double(st, 2);
		ret->credits += sqlite3_column_double(st, 3);
		if (state == JOB_FAILED && fail_class_find(sql_column_text(st, 1), &class) == 0)
			ret->failed_by_class[class]++;
	}
	return rc;
}

/* ---- rows --------------------------------------------------------------------------- */

/* The columns of JOB_COLUMNS in their order. */
enum {
	COL_SEQ, COL_ID, COL_CANONICAL, COL_SET, COL_PATH, COL_PARAMS, COL_AXES, COL_TAGS, COL_TAKE, COL_ORDINAL, COL_STATE,
	COL_CLASS, COL_SENTENCE, COL_TRIES, COL_INTERRUPTIONS, COL_DEATHS, COL_ATTEMPTS, COL_AUDIO_S, COL_DIGEST, COL_NOT_BEFORE,
	COL_REMOTE_ID, COL_STARTED, COL_ENDED, COL_FILE_PATH, COL_TEMP, COL_FILE_SHA, COL_PCM_SHA, COL_ARITHMETIC, COL_FORMAT,
	COL_BITS, COL_BYTES, COL_SECONDS, COL_RATE, COL_CHANNELS, COL_LKFS, COL_PEAK, COL_PEAKS, COL_MAKE_S, COL_MODEL_RATE,
	COL_SOURCE_SHA, COL_ASSET_ID, COL_SUBMITTED, COL_CREDITS
};

static int read_artifact(struct ledger *l, sqlite3_stmt *st, struct ledger_job *j, struct err *err)
{
	j->has_artifact = sqlite3_column_type(st, COL_FILE_PATH) != SQLITE_NULL;
	j->file_path = sql_column_text(st, COL_FILE_PATH);
	j->temp_path = sql_column_text(st, COL_TEMP);
	j->file_sha256 = sql_column_text(st, COL_FILE_SHA);
	j->pcm_sha256 = sql_column_text(st, COL_PCM_SHA);
	j->source_sha256 = sql_column_text(st, COL_SOURCE_SHA);
	j->arithmetic = sql_column_text(st, COL_ARITHMETIC);
	j->format = sql_column_text(st, COL_FORMAT);
	j->bits = sqlite3_column_int(st, COL_BITS);
	j->n_bytes = sqlite3_column_int64(st, COL_BYTES);
	j->seconds = sqlite3_column_double(st, COL_SECONDS);
	j->rate_hz = sqlite3_column_int(st, COL_RATE);
	j->model_rate_hz = sqlite3_column_int(st, COL_MODEL_RATE);
	j->n_channels = sqlite3_column_int(st, COL_CHANNELS);
	j->lkfs = sqlite3_column_double(st, COL_LKFS);
	j->peak = sqlite3_column_double(st, COL_PEAK);
	j->peaks = sqlite3_column_blob(st, COL_PEAKS);
	j->n_peaks = sqlite3_column_bytes(st, COL_PEAKS);
	j->make_s = sqlite3_column_double(st, COL_MAKE_S);
	if (j->has_artifact && (sql_check_path(l, j->file_path, err) != 0 || (*j->temp_path && sql_check_path(l, j->temp_path, err) != 0)))
		return -1;
	if (j->has_artifact && (j->state == JOB_DONE || j->state == JOB_SUPERSEDED))
		j->path = j->file_path;
	return 0;
}

static const char *text_or_null(sqlite3_stmt *st, int column)
{
	return sqlite3_column_type(st, column) == SQLITE_NULL ? NULL : sql_column_text(st, column);
}

static int read_job(struct ledger *l, sqlite3_stmt *st, struct ledger_job *j, struct err *err)
{
	if (sqlite3_column_bytes(st, COL_ID) != HASH_BYTES)
		return err_set(err, ERR_LEDGER, "reading the ledger '%s': a job's id has %d bytes instead of %d", l->path,
			       sqlite3_column_bytes(st, COL_ID), HASH_BYTES);
	if (read_state(l, sql_column_text(st, COL_STATE), &j->state, err) != 0)
		return -1;
	if (fail_class_find(sql_column_text(st, COL_CLASS), &j->class) != 0)
		j->class = FAIL_NONE;
	memcpy(j->id, sqlite3_column_blob(st, COL_ID), HASH_BYTES);
	job_id_text(j->id_text, j->id);
	j->seq = sqlite3_column_int64(st, COL_SEQ);
	j->canonical = sql_column_text(st, COL_CANONICAL);
	j->set = sql_column_text(st, COL_SET);
	j->path = j->wanted_path = sql_column_text(st, COL_PATH);
	j->params = sql_column_text(st, COL_PARAMS);
	j->axes = sql_column_text(st, COL_AXES);
	j->tags = sql_column_text(st, COL_TAGS);
	j->take = sqlite3_column_int(st, COL_TAKE);
	j->ordinal = sqlite3_column_int64(st, COL_ORDINAL);
	j->sentence = sql_column_text(st, COL_SENTENCE);
	j->n_tries = sqlite3_column_int(st, COL_TRIES);
	j->n_interruptions = sqlite3_column_int(st, COL_INTERRUPTIONS);
	j->n_deaths = sqlite3_column_int(st, COL_DEATHS);
	j->n_attempts = sqlite3_column_int(st, COL_ATTEMPTS);
	j->audio_s = sqlite3_column_double(st, COL_AUDIO_S);
	j->digest = sqlite3_column_int64(st, COL_DIGEST);
	j->not_before_ms = sqlite3_column_int64(st, COL_NOT_BEFORE);
	j->remote_id = text_or_null(st, COL_REMOTE_ID);
	j->asset_id = text_or_null(st, COL_ASSET_ID);
	j->submitted_ms = sqlite3_column_int64(st, COL_SUBMITTED);
	j->credits = sqlite3_column_double(st, COL_CREDITS);
	j->started_ms = sqlite3_column_int64(st, COL_STARTED);
	j->ended_ms = sqlite3_column_int64(st, COL_ENDED);
	return read_artifact(l, st, j, err);
}

/* 0 go on, 1 stop, -1 err; the statement is left where the walk ends. */
static int visit_row(struct ledger *l, sqlite3_stmt *st, ledger_visit visit, void *arg, struct err *err)
{
	struct ledger_job row;

	if (read_job(l, st, &row, err) != 0)
		return -1;
	return visit(arg, &row, err);
}

int ledger_scan(struct ledger *l, unsigned state_mask, ledger_visit visit, void *arg, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_SCAN, err);
	enum job_state state;
	int rc;

	if (!st)
		return -1;
	while ((rc = sql_row(l, st, err)) == 1) {
		rc = read_state(l, sql_column_text(st, COL_STATE), &state, err);
		if (rc == 0 && state_mask & (1u << state))
			rc = visit_row(l, st, visit, arg, err);
		if (rc != 0) {
			sql_done(st);
			break;
		}
	}
	return rc < 0 ? -1 : 0;
}

/* ---- in order ------------------------------------------------------------------------ */

struct seqs {
	int64_t *list;
	size_t n, cap;
};

/* Sorting the numbers alone keeps SQLite from sorting whole rows: a million rows would be a gigabyte. */
static int list_rows(struct ledger *l, enum sql_id which, unsigned state_mask, struct seqs *seqs, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, which, err);
	enum job_state state;
	int rc;

	if (!st)
		return -1;
	while ((rc = sql_row(l, st, err)) == 1) {
		if (read_state(l, sql_column_text(st, 1), &state, err) != 0) {
			sql_done(st);
			return -1;
		}
		if (!(state_mask & (1u << state)))
			continue;
		MEM_GROW(seqs->list, seqs->n, seqs->cap);
		seqs->list[seqs->n++] = sqlite3_column_int64(st, 0);
	}
	return rc;
}

static int visit_seq(struct ledger *l, int64_t seq, ledger_visit visit, void *arg, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_JOB, err);
	int rc;

	if (!st)
		return -1;
	sql_int(st, 1, seq);
	rc = sql_row(l, st, err);
	if (rc != 1)
		return rc;
	rc = visit_row(l, st, visit, arg, err);
	sql_done(st);
	return rc;
}

static int visit_list(struct ledger *l, enum sql_id which, unsigned state_mask, ledger_visit visit, void *arg, struct err *err)
{
	struct seqs seqs = { NULL, 0, 0 };
	int rc = list_rows(l, which, state_mask, &seqs, err);

	for (size_t i = 0; rc == 0 && i < seqs.n; i++)
		rc = visit_seq(l, seqs.list[i], visit, arg, err);
	free(seqs.list);
	return rc < 0 ? -1 : 0;
}

int ledger_each(struct ledger *l, unsigned state_mask, ledger_visit visit, void *arg, struct err *err)
{
	return visit_list(l, SQL_ORDER, state_mask, visit, arg, err);
}

int ledger_each_open(struct ledger *l, ledger_visit visit, void *arg, struct err *err)
{
	return visit_list(l, SQL_OPEN, LEDGER_ALL_STATES, visit, arg, err);
}

/* ---- one job ---------------------------------------------------------------------------- */

/*
 * The ids that begin with a base32 prefix (RFC 4648, lower case) lie between the
 * prefix's bits followed by zeros and by ones. False: not base32, or longer than an id.
 */
static bool prefix_range(const char *prefix, unsigned char low[HASH_BYTES], unsigned char high[HASH_BYTES])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	size_t bit = 0;

	memset(low, 0, HASH_BYTES);
	memset(high, 0xff, HASH_BYTES);
	for (const char *p = prefix; *p; p++) {
		const char *at = strchr(letters, *p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);

		if (!at)
			return false;
		for (int k = 4; k >= 0; k--, bit++) { /* five bits a letter, the highest first */
			unsigned mask = 0x80u >> bit % 8;

			if (bit >= 8 * HASH_BYTES) { /* a whole id has 52 letters, whose last four bits are nothing but zeros */
				if (bit >= 260 || (at - letters) >> k & 1)
					return false;
				continue;
			}
			if ((at - letters) >> k & 1)
				low[bit / 8] = (unsigned char)(low[bit / 8] | mask);
			else
				high[bit / 8] = (unsigned char)(high[bit / 8] & ~mask);
		}
	}
	return true;
}

static int note_match(void *arg, const struct ledger_job *row, struct err *err)
{
	struct strbuf *names = arg;

	(void)err;
	strbuf_addf(names, "%s%s (%s)", names->len ? ", " : "", row->id_text, row->path);
	return 0;
}

static int too_many(struct ledger *l, const char *prefix, const int64_t *seqs, int n, struct err *err)
{
	struct strbuf names = STRBUF_INIT(ERR_TEXT_MAX);
	int rc = 0;

	for (int i = 0; i < n && rc == 0; i++)
		rc = visit_seq(l, seqs[i], note_match, &names, err);
	if (rc == 0)
		rc = err_set(err, ERR_USAGE, "the id '%s' fits several jobs: %s%s; give more of its characters", prefix, names.buf,
			     n == 5 ? ", perhaps others" : "");
	strbuf_release(&names);
	return rc;
}

int ledger_find(struct ledger *l, const char *prefix, ledger_visit visit, void *arg, struct err *err)
{
	unsigned char low[HASH_BYTES], high[HASH_BYTES];
	sqlite3_stmt *st;
	int64_t seqs[5]; /* as many as SQL_FIND gives */
	int n = 0, rc;

	if (strlen(prefix) < JOB_ID_PREFIX_MIN)
		return err_set(err, ERR_USAGE, "the id '%s' is too short: give at least %d of its characters", prefix, JOB_ID_PREFIX_MIN);
	if (!prefix_range(prefix, low, high))
		return err_set(err, ERR_USAGE, "'%s' is no job id: an id has the letters a to z and the digits 2 to 7", prefix);
	st = sql_get(l, SQL_FIND, err);
	if (!st)
		return -1;
	sql_blob(st, 1, low, sizeof low);
	sql_blob(st, 2, high, sizeof high);
	while ((rc = sql_row(l, st, err)) == 1)
		seqs[n++] = sqlite3_column_int64(st, 0);
	if (rc != 0)
		return -1;
	if (n == 0) {
		(void)err_set(err, ERR_USAGE, "no job's id begins with '%s': `mgbatch list` shows the ids", prefix);
		if (err)
			err->sys_errno = ENOENT;
		return -1;
	}
	if (n > 1)
		return too_many(l, prefix, seqs, n, err);
	return visit_seq(l, seqs[0], visit, arg, err) < 0 ? -1 : 0;
}

int ledger_each_attempt(struct ledger *l, const unsigned char id[HASH_BYTES], ledger_visit_attempt visit, void *arg,
			struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_ATTEMPTS, err);
	struct ledger_attempt row;
	int rc;

	if (!st)
		return -1;
	sql_blob(st, 1, id, HASH_BYTES);
	while ((rc = sql_row(l, st, err)) == 1) {
		row = (struct ledger_attempt){
			.n = sqlite3_column_int(st, 0), .started_ms = sqlite3_column_int64(st, 1), .ended_ms = sqlite3_column_int64(st, 2),
			.outcome = sql_column_text(st, 3), .class = sql_column_text(st, 4), .sentence = sql_column_text(st, 5),
			.remote_id = sql_column_text(st, 6), .submitted_ms = sqlite3_column_int64(st, 7),
			.credits = sqlite3_column_double(st, 8),
		};
		rc = visit(arg, &row, err);
		if (rc != 0) {
			sql_done(st);
			break;
		}
	}
	return rc < 0 ? -1 : 0;
}

int ledger_each_note(struct ledger *l, const char *what, ledger_visit_text visit, void *arg, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_NOTES, err);
	int rc;

	if (!st)
		return -1;
	sql_text(st, 1, what);
	while ((rc = sql_row(l, st, err)) == 1) {
		rc = visit(arg, sql_column_text(st, 0), err);
		if (rc != 0) {
			sql_done(st);
			break;
		}
	}
	return rc < 0 ? -1 : 0;
}
