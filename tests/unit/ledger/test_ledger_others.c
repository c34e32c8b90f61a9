/* Ledgers that are not ours alone: somebody else's, one that is read and written at once, one that names what it must not. */
#include <signal.h>
#include <sys/wait.h>

#include "unit/ledger/some_ledger.h"

/* Of another version and another manifest: refused, and as it was. */
static void test_refused_stays(void)
{
	struct some_jobs s;
	struct err err = ERR_INIT;
	struct ledger *l = NULL;
	struct ledger_owner other = owner;

	some_jobs_open(&s, 1);
	ledger_close(open_write(&s));
	sql(&s, SQL_TO_1 "PRAGMA journal_mode = TRUNCATE");
	other.manifest_name = "other";
	IS_INT(ledger_open_write(&l, s.dir, &other, &err), -1, "another manifest's old ledger");
	IS_INT(err.code, ERR_USAGE, "exit status 2");
	sql(&s, "CREATE TABLE away(x)"); /* fails where it was brought up to date */
	some_jobs_close(&s);
}

/* As on a network file system: no log, so whoever reads would hold up whoever writes. */
static void test_reader_lets_go(void)
{
	struct strbuf text = STRBUF_INIT(256);
	struct some_jobs s;
	struct err err = ERR_INIT;
	struct ledger_counts counts;
	struct ledger *l;

	some_jobs_open(&s, 2);
	l = open_write(&s);
	add_all(l, &s);
	ledger_close(l);
	sql(&s, "PRAGMA journal_mode = TRUNCATE");
	l = open_read(&s);
	IS_INT(ledger_count(l, &counts, &err), 0, "it reads");
	IS_INT(counts.by_state[JOB_PENDING], 2, "what is there");
	sql(&s, "UPDATE job SET state = 'failed'");
	check_rates(l, "pending 0 of 0 Hz;pending 0 of 0 Hz;", "the reader goes on with what it had, and the writer did not wait");
	ledger_close(l);
	l = open_read(&s);
	check_rates(l, "failed 0 of 0 Hz;failed 0 of 0 Hz;", "the next one has what is new");
	ledger_close(l);
	strbuf_release(&text);
	some_jobs_close(&s);
}

_Noreturn static void sql_and_die(const struct some_jobs *s, const char *text)
{
	char *path = fs_join(s->dir, LEDGER_FILE);
	sqlite3 *db = NULL;

	if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK)
		(void)raise(SIGKILL);
	_exit(1);
}

/* A run died there in the middle of a transaction that had reached the file: readers see none of it. */
static void test_half_a_transaction(void)
{
	struct some_jobs s;
	struct err err = ERR_INIT;
	struct ledger_counts counts;
	struct ledger *l;
	int status = 0;
	pid_t pid;

	some_jobs_open(&s, 500);
	l = open_write(&s);
	add_all(l, &s);
	ledger_close(l);
	pid = fork();
	if (pid == 0)
		sql_and_die(&s, "PRAGMA journal_mode = TRUNCATE; PRAGMA cache_size = 5; BEGIN IMMEDIATE; "
				"UPDATE job SET state = 'failed', sentence = hex(randomblob(300))");
	(void)waitpid(pid, &status, 0);
	OK(WIFSIGNALED(status), "a run dies");
	l = open_read(&s);
	IS_INT(ledger_count(l, &counts, &err), 0, "it reads");
	IS_INT(counts.by_state[JOB_PENDING], 500, "all as it was");
	ledger_close(l);
	some_jobs_close(&s);
}

/* A ledger that somebody sends may name anything; only what lies in its folder is touched. */
static void test_paths_stay_below(void)
{
	static const char *const rows[] = { "UPDATE artifact SET path = '/etc/passwd'", "UPDATE artifact SET path = '../a.wav'",
					    "UPDATE artifact SET path = 'a.wav', temp = 'x/../../t'" };
	static const char *const aways[] = { "INSERT INTO away VALUES ('../x', 'y')", "UPDATE away SET path = 'x', old_path = '/tmp/y'" };
	struct ledger_file file = { .seq = 1, .temp_path = "t", .path = "a.wav", .file_sha256 = "f", .pcm_sha256 = "p", .arithmetic = "fake",
				    .format = "wav", .bits = 16, .n_bytes = 4, .seconds = 1, .rate_hz = 44100, .n_channels = 2 };
	struct ledger_run run = some_run(1000);
	struct strbuf text = STRBUF_INIT(256);
	struct err err = ERR_INIT;
	struct some_jobs s;
	struct ledger *l;

	some_jobs_open(&s, 1);
	l = open_write(&s);
	add_all(l, &s);
	OK(ledger_begin(l, &err) == 0 && ledger_start_run(l, &run, &err) == 0 && ledger_start_try(l, 1, run.number, 1, 1001, &err) == 0 &&
	   ledger_put_file(l, &file, &err) == 0 && ledger_commit(l, &err) == 0, "a file %s", err.text);
	ledger_close(l);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		sql(&s, rows[i]);
		l = open_read(&s);
		err = (struct err)ERR_INIT;
		IS_INT(ledger_scan(l, LEDGER_ALL_STATES, see_rates, &text, &err), -1, rows[i]);
		OK(err.code == ERR_LEDGER && strstr(err.text, "not in its folder"), "says so: %s", err.text);
		if (i < 2)
			IS_INT(ledger_get_file_path(l, 1, &text, &err), -1, "nor is its path told alone");
		ledger_close(l);
	}
	for (size_t i = 0; i < sizeof aways / sizeof *aways; i++) {
		sql(&s, aways[i]);
		l = open_read(&s);
		IS_INT(ledger_each_away(l, see_away, &text, &err), -1, aways[i]);
		ledger_close(l);
	}
	strbuf_release(&text);
	some_jobs_close(&s);
}

int main(void)
{
	test_refused_stays();
	test_reader_lets_go();
	test_half_a_transaction();
	test_paths_stay_below();
	return tap_done();
}
