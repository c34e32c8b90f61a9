/* See ledger_write.h: what a hosted service was asked for, what it has, and what that cost. */
#include "ledger/ledger_write.h"

#include "ledger/ledger_sql.h"

/* The row's four facts of SQL_REMOTE; texts may be NULL. */
static int read_remote(struct ledger *l, int64_t seq, struct strbuf *remote_id, struct strbuf *asset_id, int64_t *submitted_ms,
		       double *credits, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_REMOTE, err);
	int rc;

	if (!st)
		return -1;
	sql_int(st, 1, seq);
	rc = sql_row(l, st, err);
	if (rc == 0)
		return err_set(err, ERR_BUG, "the ledger '%s' has no job number %lld", l->path, (long long)seq);
	if (rc != 1)
		return -1;
	if (remote_id)
		strbuf_adds(remote_id, sql_column_text(st, 0));
	if (asset_id)
		strbuf_adds(asset_id, sql_column_text(st, 1));
	if (submitted_ms)
		*submitted_ms = sqlite3_column_int64(st, 2);
	if (credits)
		*credits = sqlite3_column_double(st, 3);
	sql_done(st);
	return 0;
}

int ledger_get_remote(struct ledger *l, int64_t seq, struct strbuf *remote_id, struct strbuf *asset_id, int64_t *submitted_ms,
		      struct err *err)
{
	return read_remote(l, seq, remote_id, asset_id, submitted_ms, NULL, err);
}

/* ---- submissions ------------------------------------------------------------------ */

/* After an attempt's credits were changed. */
static int charge_job(struct ledger *l, int64_t seq, double before, double *ret_more, struct err *err)
{
	double after = 0;

	if (sql_run_seq(l, SQL_CHARGE_JOB, seq, err) != 0 || read_remote(l, seq, NULL, NULL, NULL, &after, err) != 0)
		return -1;
	*ret_more = after - before;
	return 0;
}

int ledger_submit(struct ledger *l, int64_t seq, int n, int64_t now_ms, double credits, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_JOB_SUBMITS, err);

	if (!st)
		return -1;
	sql_int(st, 3, now_ms);
	if (sql_run_state(l, st, 2, seq, JOB_SUBMITTING, err) != 0)
		return -1;
	st = sql_get(l, SQL_SUBMIT_TRY, err);
	if (!st)
		return -1;
	sql_int(st, 1, seq);
	sql_int(st, 2, n);
	sql_int(st, 3, now_ms);
	sql_real(st, 4, credits);
	if (sql_run(l, st, err) != 0)
		return -1;
	return sql_run_seq(l, SQL_CHARGE_JOB, seq, err);
}

static int accept_try(struct ledger *l, int64_t seq, const char *remote_id, double credits, double *ret_credits, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_ACCEPT_TRY, err);
	int rc;

	if (!st)
		return -1;
	sql_int(st, 1, seq);
	sql_text(st, 2, remote_id);
	if (credits < 0)
		sql_text(st, 3, NULL);
	else
		sql_real(st, 3, credits);
	rc = sql_row(l, st, err);
	if (rc == 0)
		return err_set(err, ERR_BUG, "the ledger '%s' has no request of job number %lld that '%s' could answer", l->path, (long long)seq, remote_id);
	if (rc != 1)
		return -1;
	*ret_credits = sqlite3_column_double(st, 0);
	sql_done(st);
	return 0;
}

int ledger_accept(struct ledger *l, int64_t seq, const char *remote_id, double credits, double *ret_credits, double *ret_more,
		  struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_JOB_IS_ACCEPTED, err);
	double before = 0;

	if (!st || read_remote(l, seq, NULL, NULL, NULL, &before, err) != 0)
		return -1;
	sql_text(st, 3, remote_id);
	if (sql_run_state(l, st, 2, seq, JOB_RUNNING, err) != 0 || accept_try(l, seq, remote_id, credits, ret_credits, err) != 0)
		return -1;
	return charge_job(l, seq, before, ret_more, err);
}

int ledger_unsubmit(struct ledger *l, int64_t seq, double *ret_more, struct err *err)
{
	double before = 0;

	if (read_remote(l, seq, NULL, NULL, NULL, &before, err) != 0 || sql_run_seq(l, SQL_UNCHARGE_TRY, seq, err) != 0)
		return -1;
	if (ledger_forget_remote(l, seq, err) != 0)
		return -1;
	return charge_job(l, seq, before, ret_more, err);
}

int ledger_forget_remote(struct ledger *l, int64_t seq, struct err *err)
{
	return sql_run_seq(l, SQL_FORGET_REMOTE, seq, err);
}

int ledger_put_asset(struct ledger *l, int64_t seq, const char *asset_id, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_PUT_ASSET, err);

	if (!st)
		return -1;
	sql_int(st, 1, seq);
	sql_text(st, 2, asset_id);
	return sql_run(l, st, err);
}

/* 1: it has a row; 0, -1. */
static int has_row(struct ledger *l, sqlite3_stmt *st, struct err *err)
{
	int rc = sql_row(l, st, err);

	sql_done(st);
	return rc;
}

int ledger_was_called_off(struct ledger *l, int64_t seq, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_WAS_CALLED_OFF, err);

	if (!st)
		return -1;
	sql_int(st, 1, seq);
	return has_row(l, st, err);
}

int ledger_is_owned(struct ledger *l, const char *remote_id, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_IS_OWNED, err);

	if (!st)
		return -1;
	sql_text(st, 1, remote_id);
	return has_row(l, st, err);
}

int ledger_get_spent(struct ledger *l, double *ret_credits, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_SPENT, err);
	int rc = st ? sql_row(l, st, err) : -1;

	if (rc != 1)
		return -1;
	*ret_credits = sqlite3_column_double(st, 0);
	sql_done(st);
	return 0;
}

/* ---- inputs ------------------------------------------------------------------------- */

int ledger_put_upload(struct ledger *l, const char *project, const char *input_sha256, const char *asset_id, int64_t now_ms,
		      struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_PUT_UPLOAD, err);

	if (!st)
		return -1;
	sql_text(st, 1, project);
	sql_text(st, 2, input_sha256);
	sql_text(st, 3, asset_id);
	sql_int(st, 4, now_ms);
	return sql_run(l, st, err);
}

int ledger_get_upload(struct ledger *l, const char *project, const char *input_sha256, struct strbuf *asset_id, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_UPLOAD, err);
	int rc;

	if (!st)
		return -1;
	sql_text(st, 1, project);
	sql_text(st, 2, input_sha256);
	rc = sql_row(l, st, err);
	if (rc == 1)
		strbuf_adds(asset_id, sql_column_text(st, 0));
	sql_done(st);
	return rc < 0 ? -1 : 0;
}
