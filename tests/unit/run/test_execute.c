/* run_execute: a run from nothing, again, with failures, limits and signals. */
#include "base/clock.h"

#include <signal.h>

#include "unit/run/some_run.h"

static void test_all_done(void)
{
	struct some_jobs s;
	struct some_run r;
	struct some_row row;

	some_jobs_open(&s, 150);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "150 jobs are done");
	IS_TEXT(r.result.reason, "all 150 jobs are done", "and it says so");
	IS_INT(r.n_done, 150, "each is told");
	IS_INT(count_of(&s, JOB_DONE), 150, "the ledger has them");
	OK(has_file(&s, "a/000.wav") && has_file(&s, "a/149.wav"), "the files are there");
	row = row_of(&s, 149);
	IS_INT(row.n_attempts, 1, "one attempt");
	IS_INT(row.n_tries, 1, "one try");
	OK(r.result.ledger_changed, "reports want rewriting");
	IS_INT(some_run_go(&r), 0, "the same command again");
	IS_INT(r.n_done, 0, "makes nothing");
	OK(!r.result.ledger_changed, "and changes nothing");
	IS_INT(r.result.counts.n_done_before, 150, "they were done before");
	IS_INT(row_of(&s, 0).n_attempts, 1, "no finished job is made twice");
	some_jobs_close(&s);
}

static void test_failures(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 6);
	some_run_init(&r, &s);
	s.scripts[1] = (struct fake_script){ .fail = "io", .fail_times = 2 };
	s.scripts[2] = (struct fake_script){ .fail = "io" };
	s.scripts[3] = (struct fake_script){ .fail = "input" };
	s.scripts[4] = (struct fake_script){ .fail = "nonsense" };
	IS_INT(some_run_go(&r), 1, "some failed");
	IS_INT(r.result.counts.n_failed, 3, "three of them");
	IS_INT(r.result.counts.n_done, 3, "three are done");
	IS_INT(r.n_failed, 7, "news: 2 + 3 times io, input, a refusal");
	IS_INT(row_of(&s, 1).state, JOB_DONE, "the third try is good");
	IS_INT(row_of(&s, 1).n_tries, 3, "after three tries");
	IS_TEXT(row_of(&s, 1).sentence, "", "its failure is forgotten in the row");
	IS_INT(row_of(&s, 2).state, JOB_FAILED, "three tries in all");
	IS_INT(row_of(&s, 2).n_tries, 3, "not more");
	IS_INT(row_of(&s, 2).class, FAIL_IO, "class");
	IS_INT(row_of(&s, 3).n_tries, 1, "input is not tried again");
	IS_INT(row_of(&s, 4).class, FAIL_INPUT, "what is refused fails");
	IS_INT(some_run_go(&r), 1, "the same command again: still failed");
	IS_INT(r.n_failed, 0, "and not tried again");
	some_jobs_close(&s);
}

static void test_one_try(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 2);
	some_run_init(&r, &s);
	s.scripts[1] = (struct fake_script){ .fail = "io", .fail_times = 1 };
	r.config.tries = 1;
	IS_INT(some_run_go(&r), 1, "tries: 1");
	IS_INT(r.n_failed, 1, "means no second");
	IS_INT(row_of(&s, 1).state, JOB_FAILED, "though it would have gone well");
	some_jobs_close(&s);
}

/* What an earlier run has put off is waited for, and holds nobody up. */
static void test_put_off(void)
{
	struct some_jobs s;
	struct some_run r;
	struct ledger *l;
	struct err err = ERR_INIT;
	struct ledger_try_end end = { .n = 1, .outcome = LEDGER_FAILED, .state = JOB_PENDING, .counts = true, .class = FAIL_IO,
				      .sentence = "x", .not_before_ms = clock_unix_ms() + 300 };

	some_jobs_open(&s, 3);
	some_run_init(&r, &s);
	l = open_write(&s);
	OK(ledger_begin(l, &err) == 0 && ledger_add_job(l, &s.jobs[0], &end.seq, &err) == 0 && ledger_start_try(l, end.seq, 1, 1, 1, &err) == 0 &&
		   ledger_end_try(l, &end, &err) == 0 && ledger_commit(l, &err) == 0, "one was put off %s", err.text);
	ledger_close(l);
	IS_INT(some_run_go(&r), 0, "the next run waits for it");
	OK(clock_unix_ms() >= end.not_before_ms, "until its time has come");
	IS_INT(row_of(&s, 0).n_attempts, 2, "begun again");
	IS_INT(row_of(&s, 0).n_tries, 2, "its earlier try counts");
	some_jobs_close(&s);
}

static void test_stops(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 40);
	some_run_init(&r, &s);
	s.scripts[3] = (struct fake_script){ .fail = "disk_full", .fail_times = 1 };
	for (int i = 0; i < 40; i++)
		s.scripts[i].delay_s = 0.005;
	IS_INT(some_run_go(&r), 5, "a full disk stops the run");
	OK(strstr(r.result.reason, "disk_full") != NULL, "and says why: %s", r.result.reason);
	IS_INT(row_of(&s, 3).state, JOB_PENDING, "the job waits");
	IS_INT(row_of(&s, 3).n_tries, 0, "without having used up a try");
	OK(count_of(&s, JOB_DONE) >= 7, "what was in the other slots is finished");
	s.scripts[3].fail = NULL;
	IS_INT(some_run_go(&r), 0, "the same command continues");
	IS_INT(count_of(&s, JOB_DONE), 40, "and finishes");
	some_jobs_close(&s);
}

static void test_limits(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 60);
	some_run_init(&r, &s);
	s.scripts[2] = (struct fake_script){ .fail = "io", .fail_times = 1 };
	r.config.limit = 5;
	IS_INT(some_run_go(&r), 3, "--limit leaves work");
	IS_INT(count_of(&s, JOB_DONE), 5, "five are made, the one that was tried again among them");
	r.config.limit = 20;
	IS_INT(some_run_go(&r), 3, "a limit beyond the slots");
	IS_INT(r.n_done, 20, "is reached");
	IS_INT(r.result.counts.n_waiting, 35, "those held back are counted as waiting");
	r.config.limit = 0;
	r.config.for_s = 0.6;
	for (int i = 0; i < 60; i++)
		s.scripts[i].delay_s = 0.25; /* 8 at once: 16 to 24 of the 35 left within the time, on a busy machine fewer */
	IS_INT(some_run_go(&r), 3, "--for leaves work");
	OK(r.n_done >= 1 && r.n_done < 35, "some are made: %d", r.n_done);
	IS_INT(count_of(&s, JOB_RUNNING), 0, "none hangs");
	for (int i = 0; i < 60; i++)
		s.scripts[i].delay_s = 0;
	s.scripts[59].fail = "input";
	r.config.for_s = 0;
	IS_INT(some_run_go(&r), 1, "then the rest");
	r.config.limit = 1;
	IS_INT(some_run_go(&r), 1, "a failure goes before a limit");
	some_jobs_close(&s);
}

static void test_signals(void)
{
	struct some_jobs s;
	struct some_run r;
	struct err err = ERR_INIT;
	int64_t began_ms;

	some_jobs_open(&s, 100);
	some_run_init(&r, &s);
	/* one after the other: what is done is told a group later, and the ninetieth must be far from begun then */
	for (int i = 0; i < 100; i++)
		s.scripts[i].delay_s = 0.02;
	r.config.backend.n_slots = 1;
	IS_INT(run_stop_install(&err), 0, "install");
	r.signal_after = 1;
	r.signal = SIGTERM;
	r.n_signals = 1;
	IS_INT(some_run_go(&r), 143, "TERM drains");
	IS_INT(r.n_draining, 1, "and says what for");
	IS_INT(count_of(&s, JOB_RUNNING), 0, "nothing runs any more");
	IS_INT(row_of(&s, 90).n_attempts, 0, "and nothing new was begun");
	IS_INT(count_of(&s, JOB_DONE) + count_of(&s, JOB_PENDING), 100, "all are accounted for");

	for (int i = 0; i < 100; i++)
		s.scripts[i].delay_s = i < 99 ? 0.001 : 60;
	r.config.backend.n_slots = 0;
	stop_reset();
	r.signal = SIGINT;
	r.n_signals = 2;
	r.signal_after = 1;
	began_ms = clock_monotonic_ms();
	IS_INT(some_run_go(&r), 130, "a second INT aborts");
	OK(clock_monotonic_ms() - began_ms < 2000, "within two seconds");
	IS_INT(r.n_aborting, 1, "and says so");
	IS_INT(count_of(&s, JOB_RUNNING), 0, "nothing runs");
	stop_reset();
	r.signal_after = 0;
	s.scripts[99].delay_s = 0;
	IS_INT(some_run_go(&r), 0, "the same command continues");
	IS_INT(count_of(&s, JOB_DONE), 100, "to the end");
	some_jobs_close(&s);
}

/* The time is over while a job runs: it is finished, and none is begun. */
static void test_time_over(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 3);
	some_run_init(&r, &s);
	r.config.backend.n_slots = 1;
	r.config.for_s = 0.5;
	s.scripts[0].delay_s = 1;
	IS_INT(some_run_go(&r), 3, "the time is over");
	IS_INT(r.n_done, 1, "the job that ran is done");
	IS_INT(r.n_draining, 1, "and was waited for");
	OK(strstr(r.result.reason, "time limit") && strstr(r.result.reason, "2 jobs"), "the reason: %s", r.result.reason);
	some_jobs_close(&s);
}

/* A signal when nothing is left is no interruption. */
static void test_late_signal(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 4);
	some_run_init(&r, &s);
	r.signal_after = 4;
	r.signal = SIGTERM;
	r.n_signals = 1;
	IS_INT(some_run_go(&r), 0, "all done before the signal: the ordinary status");
	stop_reset();
	some_jobs_close(&s);
}

int main(void)
{
	test_all_done();
	test_failures();
	test_one_try();
	test_put_off();
	test_stops();
	test_limits();
	test_time_over();
	test_signals();
	test_late_signal();
	return tap_done();
}
