/* See ledger_sql.h. */
#include "ledger/ledger_sql.h"

#include "base/fs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const char *const sql_texts[SQL_N] = {
#define X(id, text) [id] = text,
	SQL_LIST(X)
#undef X
};

/*
 * job: the columns that change often stand first. seq, not the id, is the key, so
 * that a million rows are appended in running order instead of being thrown all
 * over a tree of hashes; the id has its own narrow index.
 */
const char *const sql_schema[SQL_VERSION] = {
	"CREATE TABLE ledger(manifest_name TEXT NOT NULL, backend TEXT NOT NULL);"
	"CREATE TABLE manifest(sha256 TEXT PRIMARY KEY NOT NULL, path TEXT NOT NULL, body BLOB NOT NULL);"
	"CREATE TABLE run(run INTEGER PRIMARY KEY, started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL DEFAULT 0,"
	" exit_status INTEGER NOT NULL DEFAULT -1, command_line TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,"
	" boot_id TEXT NOT NULL, oom_kills INTEGER NOT NULL, tool TEXT NOT NULL, made_by TEXT NOT NULL,"
	" manifest_path TEXT NOT NULL, manifest_sha256 TEXT NOT NULL, audio_s REAL NOT NULL DEFAULT 0);"
	"CREATE TABLE job(seq INTEGER PRIMARY KEY, state TEXT NOT NULL, class TEXT NOT NULL DEFAULT '',"
	" tries INTEGER NOT NULL DEFAULT 0, interruptions INTEGER NOT NULL DEFAULT 0, deaths INTEGER NOT NULL DEFAULT 0,"
	" attempts INTEGER NOT NULL DEFAULT 0, not_before_ms INTEGER NOT NULL DEFAULT 0, ordinal INTEGER NOT NULL,"
	" take INTEGER NOT NULL, audio_s REAL NOT NULL, digest INTEGER NOT NULL, sentence TEXT NOT NULL DEFAULT '',"
	" remote_id TEXT, id BLOB NOT NULL UNIQUE CHECK(length(id) = 32), set_name TEXT NOT NULL, path TEXT NOT NULL,"
	" canonical TEXT NOT NULL, params TEXT NOT NULL, axes TEXT NOT NULL, tags TEXT NOT NULL);"
	/* a few rows at most: what a run has in hand is found without looking at a million others */
	"CREATE INDEX job_open ON job(ordinal) WHERE state IN ('submitting', 'running', 'made');"
	"CREATE TABLE attempt(seq INTEGER NOT NULL, n INTEGER NOT NULL, run INTEGER NOT NULL, started_ms INTEGER NOT NULL,"
	" ended_ms INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT '', class TEXT NOT NULL DEFAULT '',"
	" sentence TEXT NOT NULL DEFAULT '', make_s REAL NOT NULL DEFAULT 0, PRIMARY KEY(seq, n)) WITHOUT ROWID;"
	"CREATE TABLE artifact(seq INTEGER PRIMARY KEY, temp TEXT NOT NULL, path TEXT NOT NULL, file_sha256 TEXT NOT NULL,"
	" pcm_sha256 TEXT NOT NULL, arithmetic TEXT NOT NULL, format TEXT NOT NULL, bits INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, seconds REAL NOT NULL, rate_hz INTEGER NOT NULL, channels INTEGER NOT NULL,"
	" lkfs REAL NOT NULL, peak REAL NOT NULL, peaks BLOB NOT NULL, make_s REAL NOT NULL);"
	"CREATE INDEX artifact_path ON artifact(path);"
	"CREATE TABLE event(event INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, run INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" what TEXT NOT NULL, text TEXT NOT NULL);",

	/* what makes way for the files of the group that is being put in place; empty between groups */
	"CREATE TABLE away(path TEXT PRIMARY KEY NOT NULL, old_path TEXT NOT NULL) WITHOUT ROWID;",

	/* the rate of the samples as they were made; the file's is another where the manifest asks for one */
	"ALTER TABLE artifact ADD COLUMN model_rate_hz INTEGER NOT NULL DEFAULT 0;"
	"UPDATE artifact SET model_rate_hz = rate_hz;"
	/* IN of three makes SQLite build a table of the three for every row that changes: a fifth of a tiny job's time */
	"DROP INDEX job_open;"
	"CREATE INDEX job_open ON job(ordinal) WHERE " SQL_IS_OPEN ";",

	/* hosted jobs. job.credits is the sum over its tries, kept beside them: a million rows are counted without a look at theirs */
	"ALTER TABLE job ADD COLUMN asset_id TEXT;"
	"ALTER TABLE job ADD COLUMN submitted_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE job ADD COLUMN credits REAL NOT NULL DEFAULT 0;"
	"ALTER TABLE attempt ADD COLUMN remote_id TEXT;"
	"ALTER TABLE attempt ADD COLUMN submitted_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE attempt ADD COLUMN credits REAL NOT NULL DEFAULT 0;"
	"CREATE INDEX attempt_remote ON attempt(remote_id) WHERE remote_id IS NOT NULL;"
	"ALTER TABLE artifact ADD COLUMN source_sha256 TEXT NOT NULL DEFAULT '';"
	"CREATE TABLE upload(project TEXT NOT NULL, input_sha256 TEXT NOT NULL, asset_id TEXT NOT NULL, uploaded_ms INTEGER NOT NULL,"
	" PRIMARY KEY(project, input_sha256)) WITHOUT ROWID;",
};

#define VIEWS_BEFORE_HOSTED                                                                                                    \
	"CREATE TEMP VIEW job AS SELECT *, NULL AS asset_id, 0 AS submitted_ms, 0.0 AS credits FROM main.job;"                 \
	"CREATE TEMP VIEW attempt AS SELECT *, NULL AS remote_id, 0 AS submitted_ms, 0.0 AS credits FROM main.attempt;"

const char *const sql_views[SQL_VERSION] = {
	[1] = VIEWS_BEFORE_HOSTED "CREATE TEMP VIEW artifact AS SELECT *, rate_hz AS model_rate_hz, '' AS source_sha256 FROM main.artifact;",
	[2] = VIEWS_BEFORE_HOSTED "CREATE TEMP VIEW artifact AS SELECT *, rate_hz AS model_rate_hz, '' AS source_sha256 FROM main.artifact;",
	[3] = VIEWS_BEFORE_HOSTED "CREATE TEMP VIEW artifact AS SELECT *, '' AS source_sha256 FROM main.artifact;",
};

void sql_sources(struct ledger *l)
{
	for (int to = 0; to < JOB_N_STATES; to++) {
		struct strbuf names = STRBUF_INIT(SQL_SOURCES_SIZE - 1);

		strbuf_addc(&names, ',');
		for (int from = 0; from < JOB_N_STATES; from++)
			if (job_state_may((enum job_state)from, (enum job_state)to))
				strbuf_addf(&names, "%s,", job_state_name((enum job_state)from));
		if (!strbuf_ok(&names))
			BUG("the names of the states that may become '%s' take more than %d bytes", job_state_name((enum job_state)to),
			    SQL_SOURCES_SIZE - 1);
		memcpy(l->sources[to], names.buf, names.len + 1);
		strbuf_release(&names);
	}
}

int sql_fail(struct ledger *l, const char *doing, struct err *err)
{
	int code = sqlite3_errcode(l->db);
	const char *why = sqlite3_errmsg(l->db);

	/* the low byte is the primary code; where the log's shared memory has no room SQLite says only "disk I/O error" */
	if ((code & 0xff) == SQLITE_FULL || ((code & 0xff) == SQLITE_IOERR && sqlite3_system_errno(l->db) == ENOSPC))
		return err_set(err, ERR_DISK_FULL, "%s the ledger '%s': %s; free some space and run the same command again",
			       doing, l->path, why);
	if ((code & 0xff) == SQLITE_BUSY)
		return err_set(err, ERR_LEDGER, "%s the ledger '%s': another program keeps it busy for too long (%s)", doing,
			       l->path, why);
	if ((code & 0xff) == SQLITE_READONLY) /* also where its log or the log's shared memory could not be opened */
		return err_set(err, ERR_LEDGER, "%s the ledger '%s': it can be read but not written; look at its permissions and at the disk",
			       doing, l->path);
	if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
		return err_set(err, ERR_LEDGER,
			       "%s the ledger '%s': it is damaged or the disk did not let it be read (%s); run the same command again, and "
			       "if that stays bring it back from a copy, or move it away to begin anew",
			       doing, l->path, why);
	if ((code & 0xff) == SQLITE_IOERR)
		return err_set(err, ERR_LEDGER, "%s the ledger '%s': %s; look after the disk and run the same command again", doing,
			       l->path, why);
	return err_set(err, ERR_LEDGER, "%s the ledger '%s': %s", doing, l->path, why);
}

int sql_check_path(struct ledger *l, const char *path, struct err *err)
{
	if (fs_stays_below(path))
		return 0;
	return err_set(err, ERR_LEDGER,
		       "reading the ledger '%s': it names a file '%s', which is not in its folder: it is damaged or was meddled with; bring it "
		       "back from a copy, or move it away to begin anew", l->path, path);
}

sqlite3_stmt *sql_get(struct ledger *l, enum sql_id id, struct err *err)
{
	if (!l->stmts[id] &&
	    sqlite3_prepare_v3(l->db, sql_texts[id], -1, SQLITE_PREPARE_PERSISTENT, &l->stmts[id], NULL) != SQLITE_OK) {
		(void)sql_fail(l, "reading", err);
		return NULL;
	}
	return l->stmts[id];
}

/* A bind fails only for a wrong index, a busy statement or no memory: our mistake or the end. */
static void bound(int rc)
{
	if (rc != SQLITE_OK)
		BUG("sqlite3_bind: %s", sqlite3_errstr(rc));
}

void sql_int(sqlite3_stmt *st, int index, int64_t value)
{
	bound(sqlite3_bind_int64(st, index, value));
}

void sql_real(sqlite3_stmt *st, int index, double value)
{
	bound(sqlite3_bind_double(st, index, value));
}

void sql_text(sqlite3_stmt *st, int index, const char *text)
{
	bound(text ? sqlite3_bind_text64(st, index, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8) :
		     sqlite3_bind_null(st, index));
}

void sql_blob(sqlite3_stmt *st, int index, const void *bytes, size_t len)
{
	bound(len ? sqlite3_bind_blob64(st, index, bytes, len, SQLITE_STATIC) : sqlite3_bind_zeroblob(st, index, 0));
}

void sql_done(sqlite3_stmt *st)
{
	(void)sqlite3_reset(st); /* repeats the error that the step has told already */
}

int sql_row(struct ledger *l, sqlite3_stmt *st, struct err *err)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		(void)sql_fail(l, sqlite3_stmt_readonly(st) && !l->in_transaction ? "reading" : "writing", err); /* COMMIT counts as one */
	sql_done(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

int sql_run(struct ledger *l, sqlite3_stmt *st, struct err *err)
{
	int rc = sql_row(l, st, err);

	if (rc == 1) {
		sql_done(st);
		rc = 0;
	}
	return rc;
}

int sql_run_plain(struct ledger *l, enum sql_id id, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, id, err);

	return st ? sql_run(l, st, err) : -1;
}

int sql_run_seq(struct ledger *l, enum sql_id id, int64_t seq, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, id, err);

	if (!st)
		return -1;
	sql_int(st, 1, seq);
	return sql_run(l, st, err);
}

/* No row was changed: the job is not there, or job_state_may forbids it. */
static int refuse_state(struct ledger *l, int64_t seq, enum job_state to, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_STATE_OF, err);
	unsigned char id[HASH_BYTES] = { 0 };
	char id_text[JOB_ID_SIZE];
	int rc;

	if (!st)
		return -1;
	sql_int(st, 1, seq);
	rc = sql_row(l, st, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(err, ERR_BUG, "the ledger '%s' has no job number %lld, which was to become '%s'", l->path, (long long)seq,
			       job_state_name(to));
	if (sqlite3_column_bytes(st, 0) == HASH_BYTES)
		memcpy(id, sqlite3_column_blob(st, 0), HASH_BYTES);
	job_id_text(id_text, id);
	rc = err_set(err, ERR_BUG, "job %s ('%s') is '%s' in the ledger '%s' and may not become '%s' from that", id_text,
		     sql_column_text(st, 1), sql_column_text(st, 2), l->path, job_state_name(to));
	sql_done(st);
	return rc;
}

int sql_run_state(struct ledger *l, sqlite3_stmt *st, int sources, int64_t seq, enum job_state to, struct err *err)
{
	sql_int(st, 1, seq);
	sql_text(st, sources, l->sources[to]);
	if (sql_run(l, st, err) != 0)
		return -1;
	return sqlite3_changes(l->db) == 1 ? 0 : refuse_state(l, seq, to, err);
}

const char *sql_column_text(sqlite3_stmt *st, int column)
{
	const unsigned char *text = sqlite3_column_text(st, column);

	return text ? (const char *)text : "";
}

void sql_release(struct ledger *l)
{
	for (int i = 0; i < SQL_N; i++) {
		(void)sqlite3_finalize(l->stmts[i]);
		l->stmts[i] = NULL;
	}
}
