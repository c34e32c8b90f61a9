/*
 * ledger_sql: every statement that the ledger speaks, and the few calls that speak them.
 *
 * The text of all statements stands in one table (SQL_LIST), the schema beside it.
 * A statement is prepared on first use, kept, and finalised by sql_release.
 * Calling sequence:
 *   st = sql_get(l, SQL_SET_STATE, err);      NULL: err is filled
 *   sql_text(st, 1, "done"); sql_int(st, 2, seq);
 *   return sql_run(l, st, err);               one that gives no rows
 * or  while ((rc = sql_row(l, st, err)) == 1) ...;   one that does; sql_row answers 1, 0, -1
 * Between sql_get and the last row a statement belongs to its caller. Texts and
 * blobs are bound without a copy: they must live until the statement has run.
 */
#ifndef LEDGER_LEDGER_SQL_H
#define LEDGER_LEDGER_SQL_H

#include "base/err.h"
#include "base/strbuf.h"
#include "ledger/ledger.h"

#include <sqlite3.h>
#include <stdint.h>

#define JOB_COLUMNS                                                                                                  \
	"j.seq, j.id, j.canonical, j.set_name, j.path, j.params, j.axes, j.tags, j.take, j.ordinal, j.state, "       \
	"j.class, j.sentence, j.tries, j.interruptions, j.deaths, j.attempts, j.audio_s, j.digest, j.not_before_ms, " \
	"j.remote_id, t.started_ms, t.ended_ms, a.path, a.temp, a.file_sha256, a.pcm_sha256, a.arithmetic, "         \
	"a.format, a.bits, a.bytes, a.seconds, a.rate_hz, a.channels, a.lkfs, a.peak, a.peaks, a.make_s, a.model_rate_hz, " \
	"a.source_sha256, j.asset_id, j.submitted_ms, j.credits"
#define JOB_JOIN                                                                                                     \
	" FROM job AS j LEFT JOIN artifact AS a ON a.seq = j.seq"                                                    \
	" LEFT JOIN attempt AS t ON t.seq = j.seq AND t.n = j.attempts "

/*
 * Every statement that sets a job's state matches the row only if its present state may become the new one:
 * parameter n is the text of all such states, ",pending,running," (sql_sources). ledger_write.c sees to it that
 * one row was changed. Job states are kept by name.
 */
#define SQL_IF_MAY(n) " AND instr(?" #n ", ',' || state || ',') > 0"

/* In a run's hands. The index job_open serves a query only where it has the very same words. */
#define SQL_IS_OPEN "(state = 'submitting' OR state = 'running' OR state = 'made')"

/* The try whose request left, or was about to, the last time: what it became was perhaps found out by a later one. */
#define SQL_LAST_SENT "(SELECT max(n) FROM attempt WHERE seq = ?1 AND submitted_ms > 0)"

#define SQL_LIST(X)                                                                                                  \
	X(SQL_BEGIN, "BEGIN IMMEDIATE")                                                                              \
	X(SQL_NORMAL, "PRAGMA synchronous = NORMAL")                                                                 \
	X(SQL_FULL, "PRAGMA synchronous = FULL")                                                                     \
	X(SQL_TOUCH, "PRAGMA application_id = " SQL_TEXT_OF(SQL_APPLICATION_ID)) /* writes its page although it has it */ \
	X(SQL_COMMIT, "COMMIT")                                                                                      \
	X(SQL_ROLLBACK, "ROLLBACK")                                                                                  \
	X(SQL_GET_OWNER, "SELECT manifest_name, backend FROM ledger")                                                \
	X(SQL_PUT_OWNER, "INSERT INTO ledger(manifest_name, backend) VALUES (?1, ?2)")                               \
	X(SQL_PUT_MANIFEST, "INSERT OR IGNORE INTO manifest(sha256, path, body) VALUES (?1, ?2, ?3)")                \
	X(SQL_START_RUN,                                                                                             \
	  "INSERT INTO run(started_ms, command_line, host, pid, boot_id, oom_kills, tool, made_by, manifest_path, "  \
	  "manifest_sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")                                       \
	X(SQL_END_RUN, "UPDATE run SET ended_ms = ?2, exit_status = ?3, audio_s = ?4 WHERE run = ?1")                \
	X(SQL_LAST_RUN,                                                                                              \
	  "SELECT run, started_ms, ended_ms, exit_status, command_line, host, pid, boot_id, oom_kills, tool, "       \
	  "made_by, manifest_path, manifest_sha256, audio_s FROM run ORDER BY run DESC LIMIT 1")                     \
	X(SQL_SPEED,                                                                                                 \
	  "SELECT sum(audio_s), sum(ended_ms - started_ms) FROM run WHERE ended_ms > started_ms AND audio_s > 0")    \
	X(SQL_NOTE, "INSERT INTO event(at_ms, run, seq, what, text) VALUES (?1, ?2, ?3, ?4, ?5)")                    \
	X(SQL_NOTES, "SELECT text FROM event WHERE what = ?1 GROUP BY text ORDER BY max(event)")                     \
	X(SQL_ADD_JOB,                                                                                               \
	  "INSERT INTO job(id, state, ordinal, take, audio_s, digest, set_name, path, canonical, params, axes, tags)" \
	  " VALUES (?1, 'pending', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")                                       \
	X(SQL_CHANGE_JOB,                                                                                            \
	  "UPDATE job SET ordinal = ?2, take = ?3, audio_s = ?4, digest = ?5, set_name = ?6, path = ?7, "            \
	  "canonical = ?8, params = ?9, axes = ?10, tags = ?11 WHERE seq = ?1")                                      \
	X(SQL_SET_STATE, "UPDATE job SET state = ?2 WHERE seq = ?1" SQL_IF_MAY(3))                                   \
	X(SQL_RENEW_JOB,                                                                                             \
	  "UPDATE job SET state = 'pending', class = '', sentence = '', tries = 0, deaths = 0, not_before_ms = 0 "   \
	  "WHERE seq = ?1" SQL_IF_MAY(2))                                                                            \
	X(SQL_JOB_STARTS,                                                                                            \
	  "UPDATE job SET state = ?4, attempts = ?3, not_before_ms = 0 WHERE seq = ?1" SQL_IF_MAY(2))                \
	X(SQL_START_TRY, "INSERT INTO attempt(seq, n, run, started_ms) VALUES (?1, ?2, ?3, ?4)")                     \
	X(SQL_JOB_ENDS,                                                                                              \
	  "UPDATE job SET state = ?2, tries = tries + ?3, interruptions = interruptions + ?4, deaths = deaths + ?5, " \
	  "not_before_ms = ?6, class = coalesce(?7, class), sentence = coalesce(?8, sentence) WHERE seq = ?1"            \
	  SQL_IF_MAY(9))                                                                                             \
	X(SQL_END_TRY,                                                                                               \
	  "UPDATE attempt SET ended_ms = ?3, outcome = ?4, class = ?5, sentence = ?6, make_s = ?7 "                  \
	  "WHERE seq = ?1 AND n = ?2")                                                                               \
	X(SQL_PUT_FILE,                                                                                              \
	  "INSERT OR REPLACE INTO artifact(seq, temp, path, file_sha256, pcm_sha256, arithmetic, format, bits, "     \
	  "bytes, seconds, rate_hz, channels, lkfs, peak, peaks, make_s, model_rate_hz, source_sha256) VALUES (?1, " \
	  "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)")                            \
	X(SQL_PUT_MOVE, "UPDATE artifact SET temp = ?2, path = ?3 WHERE seq = ?1")                                   \
	X(SQL_PUT_SETTLED, "UPDATE artifact SET temp = '' WHERE seq = ?1")                                           \
	X(SQL_MOVE_OTHERS, "UPDATE artifact SET path = ?3 WHERE path = ?2 AND seq <> ?1")                            \
	X(SQL_DROP_FILE, "DELETE FROM artifact WHERE seq = ?1")                                                      \
	X(SQL_SUPERSEDE_AWAYS,                                                                                       \
	  "UPDATE job SET state = 'superseded' WHERE state = 'done' AND seq IN"                                      \
	  " (SELECT artifact.seq FROM artifact JOIN away ON artifact.path = away.old_path)")                         \
	X(SQL_PUT_AWAY, "INSERT OR REPLACE INTO away(path, old_path) VALUES (?1, ?2)")                               \
	X(SQL_AWAYS,                                                                                                 \
	  "SELECT w.path, w.old_path FROM away AS w WHERE NOT EXISTS (SELECT 1 FROM artifact AS a JOIN job AS j "    \
	  "ON j.seq = a.seq WHERE a.path = w.path AND j.state = 'done')")                                            \
	X(SQL_DROP_AWAYS, "DELETE FROM away")                                                                        \
	X(SQL_FILE_PATH, "SELECT path FROM artifact WHERE seq = ?1")                                                 \
	X(SQL_COUNT,                                                                                                 \
	  "SELECT j.state, j.class, CASE j.state WHEN 'done' THEN coalesce(a.seconds, 0) ELSE j.audio_s END, "       \
	  "j.credits "                                                                                               \
	  "FROM job AS j LEFT JOIN artifact AS a ON a.seq = j.seq")                                                  \
	X(SQL_ORDER, "SELECT seq, state FROM job ORDER BY state = 'superseded', ordinal, seq")                       \
	X(SQL_OPEN, "SELECT seq, state FROM job WHERE " SQL_IS_OPEN " ORDER BY ordinal, seq") \
	X(SQL_JOB, "SELECT " JOB_COLUMNS JOB_JOIN "WHERE j.seq = ?1")                                                \
	X(SQL_SCAN, "SELECT " JOB_COLUMNS JOB_JOIN "ORDER BY j.seq")                                                 \
	X(SQL_STATE_OF, "SELECT id, path, state FROM job WHERE seq = ?1")                                            \
	X(SQL_FIND, "SELECT seq FROM job WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 5")                            \
	X(SQL_QUICK_CHECK, "PRAGMA quick_check(20)")                                                                 \
	X(SQL_FULL_CHECK, "PRAGMA integrity_check(20)")                                                              \
	X(SQL_FILELESS,                                                                                              \
	  "SELECT count(*) FROM job AS j LEFT JOIN artifact AS a ON a.seq = j.seq "                                  \
	  "WHERE j.state IN ('made', 'done') AND a.seq IS NULL HAVING count(*) > 0")                                 \
	X(SQL_JOBLESS,                                                                                               \
	  "SELECT count(*) FROM artifact AS a LEFT JOIN job AS j ON j.seq = a.seq WHERE j.seq IS NULL "              \
	  "HAVING count(*) > 0")                                                                                     \
	X(SQL_TWO_OF_A_NAME,                                                                                         \
	  "SELECT a.path FROM artifact AS a JOIN job AS j ON j.seq = a.seq WHERE j.state = 'done' "                  \
	  "GROUP BY a.path HAVING count(*) > 1 LIMIT 1")                                                             \
	X(SQL_ATTEMPTS,                                                                                              \
	  "SELECT t.n, t.started_ms, t.ended_ms, t.outcome, t.class, t.sentence, t.remote_id, t.submitted_ms, "      \
	  "t.credits FROM job AS j JOIN attempt AS t ON t.seq = j.seq WHERE j.id = ?1 ORDER BY t.n")                 \
	X(SQL_PUT_UPLOAD,                                                                                            \
	  "INSERT OR REPLACE INTO upload(project, input_sha256, asset_id, uploaded_ms) VALUES (?1, ?2, ?3, ?4)")     \
	X(SQL_UPLOAD, "SELECT asset_id FROM upload WHERE project = ?1 AND input_sha256 = ?2")                        \
	X(SQL_JOB_SUBMITS, "UPDATE job SET state = 'submitting', submitted_ms = ?3 WHERE seq = ?1" SQL_IF_MAY(2))    \
	X(SQL_SUBMIT_TRY, "UPDATE attempt SET submitted_ms = ?3, credits = ?4 WHERE seq = ?1 AND n = ?2")            \
	X(SQL_JOB_IS_ACCEPTED,                                                                                       \
	  "UPDATE job SET state = 'running', remote_id = ?3, submitted_ms = 0 WHERE seq = ?1" SQL_IF_MAY(2))         \
	X(SQL_ACCEPT_TRY,                                                                                            \
	  "UPDATE attempt SET remote_id = ?2, credits = coalesce(?3, credits) WHERE seq = ?1 AND n = " SQL_LAST_SENT   \
	  " RETURNING credits")                                                                                      \
	X(SQL_UNCHARGE_TRY, "UPDATE attempt SET credits = 0 WHERE seq = ?1 AND n = " SQL_LAST_SENT)                  \
	X(SQL_CHARGE_JOB,                                                                                            \
	  "UPDATE job SET credits = (SELECT total(credits) FROM attempt WHERE seq = ?1) WHERE seq = ?1")             \
	X(SQL_FORGET_REMOTE, "UPDATE job SET remote_id = NULL, asset_id = NULL, submitted_ms = 0 WHERE seq = ?1")    \
	X(SQL_PUT_ASSET, "UPDATE job SET asset_id = ?2 WHERE seq = ?1")                                              \
	X(SQL_REMOTE, "SELECT remote_id, asset_id, submitted_ms, credits FROM job WHERE seq = ?1")                   \
	X(SQL_IS_OWNED, "SELECT 1 FROM attempt WHERE remote_id = ?1")                                                \
	X(SQL_WAS_CALLED_OFF,                                                                                        \
	  "SELECT 1 FROM attempt WHERE seq = ?1 AND n >= " SQL_LAST_SENT " AND outcome = 'called off'")              \
	X(SQL_SPENT, "SELECT total(credits) FROM job")

enum sql_id {
#define X(id, text) id,
	SQL_LIST(X)
#undef X
	SQL_N
};

#define SQL_N_HEAD_TEXTS 6
#define SQL_SOURCES_SIZE 128 /* every name with its comma; sql_sources sees to it that they fit */

struct ledger {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *stmts[SQL_N]; /* prepared on first use */
	struct strbuf texts[4];     /* of the row being written: canonical, params, axes, tags */
	struct strbuf head[SQL_N_HEAD_TEXTS];      /* of ledger_head: owner, manifest path, made_by, tool, host, command line */
	char sources[JOB_N_STATES][SQL_SOURCES_SIZE]; /* sql_sources */
	bool in_transaction;
	bool is_quick; /* synchronous=NORMAL: a power cut may take the last transactions */
};

/* Fills l->sources: for each state those that may become it, as SQL_IF_MAY wants them. */
void sql_sources(struct ledger *l);

sqlite3_stmt *sql_get(struct ledger *l, enum sql_id id, struct err *err);
void sql_int(sqlite3_stmt *st, int index, int64_t value);
void sql_real(sqlite3_stmt *st, int index, double value);
void sql_text(sqlite3_stmt *st, int index, const char *text); /* NULL binds NULL */
void sql_blob(sqlite3_stmt *st, int index, const void *bytes, size_t len);
int sql_row(struct ledger *l, sqlite3_stmt *st, struct err *err) WARN_UNUSED;
int sql_run(struct ledger *l, sqlite3_stmt *st, struct err *err) WARN_UNUSED;
/* A statement without rows and without parameters, or with a row's number alone. */
int sql_run_plain(struct ledger *l, enum sql_id id, struct err *err) WARN_UNUSED;
int sql_run_seq(struct ledger *l, enum sql_id id, int64_t seq, struct err *err) WARN_UNUSED;
/* One that sets a job's state to `to`, with SQL_IF_MAY(sources); that parameter and the first, the row's number, are bound here. */
int sql_run_state(struct ledger *l, sqlite3_stmt *st, int sources, int64_t seq, enum job_state to, struct err *err) WARN_UNUSED;
void sql_done(sqlite3_stmt *st); /* leaves a statement before its last row */
const char *sql_column_text(sqlite3_stmt *st, int column); /* "" for NULL; borrowed until the next row */
void sql_release(struct ledger *l);

/* ERR_LEDGER unless path, a column of a row, stays below the output folder: whatever a ledger says, nothing else is touched. */
int sql_check_path(struct ledger *l, const char *path, struct err *err) WARN_UNUSED;
/* Fills err from what SQLite says. doing: "reading", "writing". Answers -1. */
int sql_fail(struct ledger *l, const char *doing, struct err *err);

/* The tables, one string per version: sql_schema[v] leads from version v to v + 1. */
#define SQL_VERSION 4
extern const char *const sql_schema[SQL_VERSION];
/* What a reader of version v does instead, who may not change the file: views of its own that show v's tables as this version has
 * them. NULL: nothing. */
extern const char *const sql_views[SQL_VERSION];
#define SQL_APPLICATION_ID 0x4d474241 /* "MGBA": file(1) and people can tell whose database it is */
#define SQL_TEXT_OF_(x) #x
#define SQL_TEXT_OF(x) SQL_TEXT_OF_(x)

#endif
