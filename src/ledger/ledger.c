/* Opening, migrating and closing the ledger; whose it is. */
#include "ledger/ledger.h"
#include "ledger/ledger_sql.h"
#include "ledger/ledger_write.h"

#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define BUSY_TIMEOUT_MS 10000 /* a reader of a network ledger holds the writer up while it copies it */
#define PAGE_BYTES "8192"     /* a row has half a KiB; counting a million jobs reads them all, half as often as by SQLite's own 4096 */
#define CACHE_KIB 65536       /* while a million jobs are enrolled the index of ids stays in memory (40 bytes each) */

static int run_text(struct ledger *l, const char *text, struct err *err)
{
	if (sqlite3_exec(l->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return sql_fail(l, "opening", err);
	return 0;
}

static int get_number(struct ledger *l, const char *pragma, int64_t *ret, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(l->db, pragma, -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		rc = sql_fail(l, "opening", err);
	else
		*ret = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return rc;
}

/* 0, or -1 for a database that is not ours or too new. *ret: its version. */
static int get_version(struct ledger *l, int64_t *ret, struct err *err)
{
	int64_t application = 0;

	if (get_number(l, "PRAGMA user_version", ret, err) != 0 || get_number(l, "PRAGMA application_id", &application, err) != 0)
		return -1;
	if (*ret != 0 && application != SQL_APPLICATION_ID)
		return err_set(err, ERR_LEDGER, "'%s' is a database of another program; choose another output folder", l->path);
	if (*ret > SQL_VERSION)
		return err_set(err, ERR_LEDGER,
			       "the ledger '%s' is of version %lld, this mgbatch knows up to %d: use the newer mgbatch that wrote it",
			       l->path, (long long)*ret, SQL_VERSION);
	return 0;
}

static int migrate(struct ledger *l, struct err *err)
{
	char text[96];
	int64_t version = 0;

	if (run_text(l, "BEGIN IMMEDIATE", err) != 0 || get_version(l, &version, err) != 0)
		return -1;
	for (; version < SQL_VERSION; version++)
		if (run_text(l, sql_schema[version], err) != 0)
			return -1;
	/* pragmas take no parameters */
	(void)sqlite3_snprintf(sizeof text, text, "PRAGMA application_id = %d; PRAGMA user_version = %d", SQL_APPLICATION_ID,
			       SQL_VERSION);
	if (run_text(l, text, err) != 0)
		return -1;
	return run_text(l, "COMMIT", err);
}

/* The write-ahead log needs shared memory, which a network file system does not have. */
static int set_journal(struct ledger *l, bool is_network, bool costs_money, struct err *err)
{
	const char *journal = is_network ? "PRAGMA journal_mode = TRUNCATE" : "PRAGMA journal_mode = WAL";

	l->is_quick = !is_network && !costs_money;
	if (run_text(l, "PRAGMA page_size = " PAGE_BYTES, err) != 0) /* heard by a new file alone */
		return -1;
	if (run_text(l, journal, err) != 0)
		return -1;
	return run_text(l, l->is_quick ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL", err);
}

static struct ledger *new_ledger(const char *path)
{
	struct ledger *l = mem_zalloc(1, sizeof *l);

	l->path = mem_strdup(path);
	sql_sources(l);
	for (int i = 0; i < 4; i++)
		strbuf_init(&l->texts[i], JOB_TEXT_MAX);
	for (int i = 0; i < SQL_N_HEAD_TEXTS; i++)
		strbuf_init(&l->head[i], JOB_TEXT_MAX);
	return l;
}

static int open_db(struct ledger *l, const char *name, int flags, struct err *err)
{
	char text[64];
	int rc = sqlite3_open_v2(name, &l->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (!l->db)
		BUG("out of memory");
	if (rc != SQLITE_OK)
		return sql_fail(l, "opening", err);
	if ((flags & SQLITE_OPEN_READWRITE) && sqlite3_db_readonly(l->db, "main") == 1) /* SQLite's way out where it may not write */
		return err_set(err, ERR_LEDGER, "opening the ledger '%s': it can be read but not written; look at its permissions and at the disk",
			       l->path);
	(void)sqlite3_busy_timeout(l->db, BUSY_TIMEOUT_MS);
	(void)sqlite3_snprintf(sizeof text, text, "PRAGMA cache_size = -%d", CACHE_KIB); /* negative: KiB, not pages */
	return run_text(l, text, err);
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	sql_release(l);
	for (int i = 0; i < 4; i++)
		strbuf_release(&l->texts[i]);
	for (int i = 0; i < SQL_N_HEAD_TEXTS; i++)
		strbuf_release(&l->head[i]);
	(void)sqlite3_close(l->db);
	free(l->path);
	free(l);
}

/* ---- whose it is ---------------------------------------------------------------- */

int ledger_check_owner(struct ledger *l, const char *output_dir, const struct ledger_owner *owner, struct err *err)
{
	sqlite3_stmt *st;
	const char *name, *backend;
	int rc;

	st = sql_get(l, SQL_GET_OWNER, err);
	if (!st)
		return -1;
	rc = sql_row(l, st, err);
	if (rc != 1)
		return rc;
	name = sql_column_text(st, 0);
	backend = sql_column_text(st, 1);
	rc = 0;
	if (strcmp(name, owner->manifest_name) != 0)
		rc = err_set(err, ERR_USAGE,
			     "'%s' belongs to the manifest named '%s', this one is named '%s': choose another folder with "
			     "--output DIR, or give the manifest its old name again",
			     output_dir, name, owner->manifest_name);
	else if (strcmp(backend, owner->backend) != 0)
		rc = err_set(err, ERR_USAGE,
			     "'%s' holds what the backend '%s' made, this run's backend is '%s': choose another folder with "
			     "--output DIR, or run with --backend %s",
			     output_dir, backend, owner->backend, backend);
	sql_done(st);
	return rc;
}

static int put_owner(struct ledger *l, const struct ledger_owner *owner, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, SQL_GET_OWNER, err);
	int rc;

	if (!st)
		return -1;
	rc = sql_row(l, st, err);
	sql_done(st);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	st = sql_get(l, SQL_PUT_OWNER, err);
	if (!st)
		return -1;
	sql_text(st, 1, owner->manifest_name);
	sql_text(st, 2, owner->backend);
	return sql_run(l, st, err);
}

/* ---- opening -------------------------------------------------------------------- */

/* Whoever may change the ledger makes the reports old, as far as anybody can tell afterwards. */
static int forget_reports(const char *output_dir, const char *dir, struct err *err)
{
	char *path = fs_join(output_dir, LEDGER_REPORTED);
	int rc = 0;

	if (fs_exists(path)) {
		rc = fs_remove(path, err);
		if (rc == 0)
			rc = fs_sync_dir(dir, err);
	}
	free(path);
	return rc;
}

int ledger_open_write(struct ledger **ret, const char *output_dir, const struct ledger_owner *owner, struct err *err)
{
	char *dir = fs_join(output_dir, LEDGER_DIR);
	char *path = fs_join(output_dir, LEDGER_FILE);
	struct ledger *l = new_ledger(path);
	int64_t version = 0;
	int rc = -1;

	if (fs_make_dirs(dir, err) != 0)
		goto out;
	if (open_db(l, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err) != 0 || get_version(l, &version, err) != 0)
		goto out;
	if (version > 0 && ledger_check_owner(l, output_dir, owner, err) != 0) /* before anything is changed */
		goto out;
	if (set_journal(l, fs_is_network(dir), owner->costs_money, err) != 0)
		goto out;
	if (version < SQL_VERSION && migrate(l, err) != 0)
		goto out;
	if (put_owner(l, owner, err) != 0)
		goto out;
	if (forget_reports(output_dir, dir, err) != 0)
		goto out;
	*ret = l;
	l = NULL;
	rc = 0;
out:
	ledger_close(l);
	free(path);
	free(dir);
	return rc;
}

/* Is something written beside the ledger that belongs to it? What cannot be seen may be there. */
static bool has_beside(const struct ledger *l, const char *ending)
{
	char *path = mem_printf("%s%s", l->path, ending);
	uint64_t n_bytes = 0;
	bool has = fs_find(path, NULL) != 0 && (fs_size(path, &n_bytes, NULL) != 0 || n_bytes > 0);

	free(path);
	return has;
}

static int try_reading(struct ledger *l, const char *name, int flags, struct err *err)
{
	int64_t n_tables;

	(void)sqlite3_close(l->db); /* of an earlier try */
	l->db = NULL;
	if (open_db(l, name, flags, err) != 0)
		return -1;
	return get_number(l, "SELECT count(*) FROM sqlite_schema", &n_tables, err);
}

/* A folder that may not be written has no place for the log's shared memory; without a log the file alone is the truth. */
static int try_immutable(struct ledger *l, struct err *err)
{
	struct strbuf uri;
	int rc;

	strbuf_init(&uri, 3 * strlen(l->path) + 32); /* %xx for each byte, and the words around */
	strbuf_adds(&uri, "file:");
	for (const char *p = l->path; *p; p++)
		strbuf_addf(&uri, strchr("%?#", *p) ? "%%%02x" : "%c", (unsigned)(unsigned char)*p);
	strbuf_adds(&uri, "?immutable=1");
	rc = try_reading(l, uri.buf, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
	strbuf_release(&uri);
	return rc;
}

static int nothing_yet(struct err *err, const char *path, const char *how)
{
	(void)err_set(err, ERR_LEDGER, "nothing has been run here yet: the ledger '%s' %s; name a manifest that was run, or the folder that its run wrote", path, how);
	if (err)
		err->sys_errno = ENOENT;
	return -1;
}

/* What an older version wrote is read as it is: a reader changes nothing. */
static int show_old(struct ledger *l, int64_t version, struct err *err)
{
	return version < SQL_VERSION && sql_views[version] ? run_text(l, sql_views[version], err) : 0;
}

/*
 * Without a log (on a network file system) a writer waits at its commit until nobody reads, and gives up after BUSY_TIMEOUT_MS:
 * `mgbatch list | less` would end a night's run. So there a reader takes a copy, in a file that SQLite removes, and lets go.
 */
static int read_a_copy(struct ledger *l, struct err *err)
{
	sqlite3 *source = l->db;
	sqlite3_backup *backup = NULL;
	int64_t has_log = 0;
	int code = SQLITE_OK, rc = get_number(l, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &has_log, err);

	if (rc != 0 || has_log)
		return rc;
	rc = open_db(l, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
	if (rc == 0)
		backup = sqlite3_backup_init(l->db, "main", source, "main");
	if (backup) {
		code = sqlite3_backup_step(backup, -1);
		(void)sqlite3_backup_finish(backup); /* leaves the step's err in the copy */
	}
	if (rc == 0 && (!backup || code != SQLITE_DONE))
		rc = sql_fail(l, "reading", err);
	(void)sqlite3_close(source);
	return rc;
}

/* Where the journal of a dead run's last transaction lies beside the file, the file is half changed: SQLite undoes that for
 * whoever may write. */
static int open_somehow(struct ledger *l, struct err *err)
{
	int rc = try_reading(l, l->path, SQLITE_OPEN_READONLY, err);

	if (rc == 0 || (sqlite3_errcode(l->db) & 0xff) == SQLITE_BUSY || has_beside(l, "-wal"))
		return rc;
	return has_beside(l, "-journal") ? try_reading(l, l->path, SQLITE_OPEN_READWRITE, err) : try_immutable(l, err);
}

static int open_for_reading(struct ledger *l, struct err *err)
{
	int64_t version = 0;

	if (open_somehow(l, err) != 0 || read_a_copy(l, err) != 0)
		return -1;
	/* one snapshot for everything that is read, also while a run goes on */
	if (run_text(l, "BEGIN", err) != 0 || get_version(l, &version, err) != 0)
		return -1;
	if (version == 0) /* a run died before its first transaction */
		return nothing_yet(err, l->path, "is empty");
	return show_old(l, version, err);
}

int ledger_open_read(struct ledger **ret, const char *output_dir, struct err *err)
{
	char *path = fs_join(output_dir, LEDGER_FILE);
	struct ledger *l = NULL;
	int rc = -1, there = fs_find(path, err);

	if (there == 0)
		(void)nothing_yet(err, path, "does not exist");
	if (there != 1)
		goto out;
	l = new_ledger(path);
	if (open_for_reading(l, err) != 0)
		goto out;
	*ret = l;
	l = NULL;
	rc = 0;
out:
	ledger_close(l);
	free(path);
	return rc;
}
