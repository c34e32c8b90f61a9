/*
 * some_ledger.h: a ledger of some_jobs, opened either way, changed by hand and looked at.
 */
#ifndef SOME_LEDGER_H
#define SOME_LEDGER_H

#include <sqlite3.h>

#include "ledger/ledger_write.h"
#include "unit/run/some_jobs.h"

/* A ledger as older versions left it. */
#define SQL_TO_3                                                                                                        \
	"DROP TABLE upload; DROP INDEX attempt_remote; ALTER TABLE job DROP COLUMN asset_id; "                           \
	"ALTER TABLE job DROP COLUMN submitted_ms; ALTER TABLE job DROP COLUMN credits; "                               \
	"ALTER TABLE attempt DROP COLUMN remote_id; ALTER TABLE attempt DROP COLUMN submitted_ms; "                     \
	"ALTER TABLE attempt DROP COLUMN credits; ALTER TABLE artifact DROP COLUMN source_sha256; PRAGMA user_version = 3;"
#define SQL_TO_2 SQL_TO_3 "ALTER TABLE artifact DROP COLUMN model_rate_hz; PRAGMA user_version = 2;"
#define SQL_TO_1 SQL_TO_2 "DROP TABLE away; PRAGMA user_version = 1;"

static const struct ledger_owner owner = { "test", "fake", false };

static inline struct ledger *open_write(const struct some_jobs *s)
{
	struct err err = ERR_INIT;
	struct ledger *l = NULL;

	OK(ledger_open_write(&l, s->dir, &owner, &err) == 0, "open for writing %s", err.text);
	return l;
}

static inline struct ledger *open_read(const struct some_jobs *s)
{
	struct err err = ERR_INIT;
	struct ledger *l = NULL;

	OK(ledger_open_read(&l, s->dir, &err) == 0, "open for reading %s", err.text);
	return l;
}

static inline struct ledger_run some_run(int64_t started_ms)
{
	return (struct ledger_run){ .started_ms = started_ms, .exit_status = -1, .command_line = "run m.yaml", .host = "h", .boot_id = "b",
				    .tool_version = "1.0", .made_by = "fake", .manifest_path = "m.yaml", .manifest_sha256 = "s",
				    .pid = 7, .n_oom_kills = 3 };
}

/* All jobs as pending rows, seq = 1, 2, ... */
static inline void add_all(struct ledger *l, const struct some_jobs *s)
{
	struct err err = ERR_INIT;
	int64_t seq = 0;
	int rc = ledger_begin(l, &err);

	for (int i = 0; rc == 0 && i < s->n; i++)
		rc = ledger_add_job(l, &s->jobs[i], &seq, &err);
	OK(rc == 0 && ledger_commit(l, &err) == 0 && seq == s->n, "%d jobs added %s", s->n, err.text);
}

static inline void sql(const struct some_jobs *s, const char *text)
{
	char *path = fs_join(s->dir, LEDGER_FILE);
	sqlite3 *db = NULL;

	OK(sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "prepared: %s", text);
	(void)sqlite3_close(db);
	free(path);
}

static inline int see_away(void *arg, const char *path, const char *old_path, struct err *err)
{
	struct strbuf *text = arg;

	(void)err;
	strbuf_addf(text, "%s>%s;", path, old_path);
	return 0;
}

static inline int see_rates(void *arg, const struct ledger_job *row, struct err *err)
{
	(void)err;
	strbuf_addf(arg, "%s %d of %d Hz;", job_state_name(row->state), row->rate_hz, row->model_rate_hz);
	return 0;
}

static inline void check_rates(struct ledger *l, const char *want, const char *name)
{
	struct strbuf text = STRBUF_INIT(256);
	struct err err = ERR_INIT;

	OK(ledger_each(l, LEDGER_ALL_STATES, see_rates, &text, &err) == 0, "each job %s", err.text);
	IS_TEXT(text.buf, want, name);
	strbuf_release(&text);
}

#endif
