/* See ledger_write.h: the rows of files, and of what makes way for them. */
#include "ledger/ledger_write.h"

#include "ledger/ledger_sql.h"

int ledger_put_file(struct ledger *l, const struct ledger_file *f, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_PUT_FILE, err);

	if (!st)
		return -1;
	sql_int(st, 1, f->seq);
	sql_text(st, 2, f->temp_path);
	sql_text(st, 3, f->path);
	sql_text(st, 4, f->file_sha256);
	sql_text(st, 5, f->pcm_sha256);
	sql_text(st, 6, f->arithmetic);
	sql_text(st, 7, f->format);
	sql_int(st, 8, f->bits);
	sql_int(st, 9, f->n_bytes);
	sql_real(st, 10, f->seconds);
	sql_int(st, 11, f->rate_hz);
	sql_int(st, 12, f->n_channels);
	sql_real(st, 13, f->lkfs);
	sql_real(st, 14, f->peak);
	sql_blob(st, 15, f->peaks, (size_t)f->n_peaks);
	sql_real(st, 16, f->make_s);
	sql_int(st, 17, f->model_rate_hz);
	sql_text(st, 18, f->source_sha256 ? f->source_sha256 : "");
	if (sql_run(l, st, err) != 0 || (f->asset_id && ledger_put_asset(l, f->seq, f->asset_id, err) != 0))
		return -1;
	return ledger_set_state(l, f->seq, JOB_MADE, err);
}

static int run_paths(struct ledger *l, enum sql_id id, int64_t seq, const char *a, const char *b, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, id, err);

	if (!st)
		return -1;
	sql_int(st, 1, seq);
	sql_text(st, 2, a);
	sql_text(st, 3, b);
	return sql_run(l, st, err);
}

int ledger_put_move(struct ledger *l, int64_t seq, const char *temp_path, const char *path, struct err *err)
{
	if (run_paths(l, SQL_PUT_MOVE, seq, temp_path, path, err) != 0)
		return -1;
	return ledger_set_state(l, seq, JOB_MADE, err);
}

int ledger_put_settled(struct ledger *l, int64_t seq, struct err *err)
{
	return sql_run_seq(l, SQL_PUT_SETTLED, seq, err);
}

int ledger_move_others(struct ledger *l, int64_t seq, const char *path, const char *new_path, struct err *err)
{
	return run_paths(l, SQL_MOVE_OTHERS, seq, path, new_path, err);
}

int ledger_drop_file(struct ledger *l, int64_t seq, struct err *err)
{
	return sql_run_seq(l, SQL_DROP_FILE, seq, err);
}

/* ---- what makes way ------------------------------------------------------------------- */

int ledger_put_away(struct ledger *l, const char *path, const char *old_path, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_PUT_AWAY, err);

	if (!st)
		return -1;
	sql_text(st, 1, path);
	sql_text(st, 2, old_path);
	return sql_run(l, st, err);
}

int ledger_each_away(struct ledger *l, ledger_visit_away visit, void *arg, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_AWAYS, err);
	int rc;

	if (!st)
		return -1;
	while ((rc = sql_row(l, st, err)) == 1) {
		const char *path = sql_column_text(st, 0), *old_path = sql_column_text(st, 1);
		bool is_ours = sql_check_path(l, path, err) == 0 && sql_check_path(l, old_path, err) == 0;

		rc = is_ours ? visit(arg, path, old_path, err) : -1;
		if (rc != 0) {
			sql_done(st);
			break;
		}
	}
	return rc < 0 ? -1 : 0;
}

int ledger_drop_aways(struct ledger *l, struct err *err)
{
	/* what a run of a part of the jobs did not supersede has lost its place now */
	if (sql_run_plain(l, SQL_SUPERSEDE_AWAYS, err) != 0)
		return -1;
	return sql_run_plain(l, SQL_DROP_AWAYS, err);
}

int ledger_get_file_path(struct ledger *l, int64_t seq, struct strbuf *out, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_FILE_PATH, err);
	int rc;

	if (!st)
		return -1;
	sql_int(st, 1, seq);
	rc = sql_row(l, st, err);
	if (rc == 1) {
		rc = sql_check_path(l, sql_column_text(st, 0), err);
		strbuf_adds(out, sql_column_text(st, 0));
		sql_done(st);
	}
	return rc;
}
