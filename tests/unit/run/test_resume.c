/* run_execute after deaths: crashes, kills, and what a dead run left of its files. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "unit/run/some_run.h"

/* A run in a process of its own, which prints nothing. kill_at: SIGKILL once so many jobs are done; 0: never. */
static int run_in_child(const struct some_jobs *s, int kill_at)
{
	struct some_run r;
	int status = 0, null;
	pid_t pid = fork();

	if (pid == 0) {
		some_run_init(&r, s);
		null = open("/dev/null", O_WRONLY);
		(void)dup2(null, 2);
		r.signal_after = kill_at;
		r.signal = SIGKILL;
		r.n_signals = 1;
		_exit(some_run_go(&r));
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

static void test_crash_once(void)
{
	struct some_jobs s;
	struct some_run r;
	int status;

	some_jobs_open(&s, 30);
	s.scripts[10] = (struct fake_script){ .crash_times = 1, .delay_s = 0.05 };
	for (int i = 11; i < 30; i++)
		s.scripts[i].delay_s = 1; /* in the slots when it happens, and long enough to be there still */
	status = run_in_child(&s, 0);
	OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "the fake backend kills its process");
	for (int i = 11; i < 30; i++)
		s.scripts[i].delay_s = 0;
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "the same command continues");
	IS_INT(r.n_settled, 1, "and says what the dead run left");
	IS_INT(row_of(&s, 10).n_deaths, 1, "one death");
	IS_INT(row_of(&s, 12).n_deaths, 1, "those beside it are suspects as well");
	IS_INT(row_of(&s, 12).n_attempts, 2, "and were begun again");
	IS_INT(row_of(&s, 29).n_deaths, 0, "the others are not");
	IS_INT(count_of(&s, JOB_DONE), 30, "all are done");
	some_jobs_close(&s);
}

static void test_crash_always(void)
{
	struct some_jobs s;
	struct some_run r;
	int n_died = 0, n_runs = 0;

	some_jobs_open(&s, 30);
	s.scripts[10] = (struct fake_script){ .crash_times = 1000, .delay_s = 0.02 };
	while (n_runs++ < 10 && WIFSIGNALED(run_in_child(&s, 0)))
		n_died++;
	IS_INT(n_died, 3, "three deaths, then it is given up");
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 1, "one failed");
	IS_INT(row_of(&s, 10).state, JOB_FAILED, "that one");
	IS_INT(row_of(&s, 10).class, FAIL_CRASH, "as a crash");
	IS_INT(row_of(&s, 10).n_deaths, 3, "with three deaths");
	OK(strstr(row_of(&s, 10).sentence, "signal 6") != NULL, "the sentence names the signal: %s", row_of(&s, 10).sentence);
	IS_INT(count_of(&s, JOB_DONE), 29, "all others are done");
	some_jobs_close(&s);
}

/* kill -9 is nobody's fault: nothing is charged, nothing runs alone, nothing done is done again. */
static void test_kill(void)
{
	struct some_jobs s;
	struct some_run r;
	int n_deaths = 0, n_kills = 0;

	some_jobs_open(&s, 300);
	while (WIFSIGNALED(run_in_child(&s, 60)) && n_kills < 100)
		n_kills++;
	OK(n_kills >= 2, "killed %d times", n_kills);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "in the end all is done");
	IS_INT(n_not_once(&s), 0, "every job was done exactly once");
	for (int i = 0; i < s.n; i += 10)
		n_deaths += row_of(&s, i).n_deaths;
	IS_INT(n_deaths, 0, "no deaths are charged for kills from outside");
	some_jobs_close(&s);
}

/* ---- made, and then the run died ---------------------------------------------------------- */

struct made_case {
	const char *name;
	bool at_final, at_temp;
	bool is_damaged;
	int want_attempts;
};

/* What a run leaves that dies between its two transactions. */
static int leave_made(const struct some_jobs *s, const char *temp, const char *bytes, struct err *err)
{
	struct ledger_run run = dead_run();
	unsigned char hash[HASH_BYTES];
	char sha[HASH_HEX_SIZE];
	struct ledger_file file = made_file(temp, s->jobs[0].path, bytes, hash, sha);
	struct ledger *l;
	int rc;

	rc = ledger_open_write(&l, s->dir, &owner, err);
	if (rc != 0)
		return -1;
	if (ledger_begin(l, err) != 0 || ledger_start_run(l, &run, err) != 0 || ledger_add_job(l, &s->jobs[0], &file.seq, err) != 0 ||
	    ledger_start_try(l, file.seq, run.number, 1, 1, err) != 0 || ledger_put_file(l, &file, err) != 0 ||
	    ledger_commit(l, err) != 0)
		rc = -1;
	ledger_close(l);
	return rc;
}

static void test_made(const struct made_case *c)
{
	static const char temp[] = ".mgbatch/part/x-1~", bytes[] = "whole";
	const char *found = c->is_damaged ? "whol" : bytes;
	struct err err = ERR_INIT;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 1);
	if (c->at_final)
		put_file(&s, s.jobs[0].path, found);
	if (c->at_temp)
		put_file(&s, temp, found);
	if (leave_made(&s, temp, bytes, &err) != 0)
		printf("# %s\n", err.text);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, c->name);
	IS_INT(r.n_settled, 1, "it is told");
	IS_INT(row_of(&s, 0).state, JOB_DONE, "done");
	IS_INT(row_of(&s, 0).n_attempts, c->want_attempts, "attempts");
	OK(has_file(&s, s.jobs[0].path), "the file has its name");
	OK(!has_file(&s, temp), "nothing is left in part/");
	OK(has_file(&s, ".mgbatch/old/2/a/000.wav") == (c->at_final && c->is_damaged), "a damaged file was put aside");
	some_jobs_close(&s);
}

int main(void)
{
	static const struct made_case cases[] = {
		{ "made, renamed already", true, false, false, 1 },
		{ "made, not yet renamed", false, true, false, 1 },
		{ "made, under both names", true, true, false, 1 },
		{ "made, under neither name", false, false, false, 2 },
		{ "made, the temp file is damaged", false, true, true, 2 },
		{ "made, the file in place is damaged", true, false, true, 2 },
	};

	test_crash_once();
	test_crash_always();
	test_kill();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		test_made(&cases[i]);
	return tap_done();
}
