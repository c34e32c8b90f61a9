/* Reports are not written again where nothing changed, and always where something may have. */
#include "unit/run/some_run.h"

#include "run/reported.h"

static bool is_current(struct some_run *r)
{
	return some_run_go(r) == 0 && r->result.reports_are_current;
}

static bool note(struct some_run *r)
{
	struct err err = ERR_INIT;

	return run_note_reports(&r->config, &r->result, &err) == 0;
}

static void test_current(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 5);
	some_run_init(&r, &s);
	OK(!is_current(&r) && note(&r), "a first run has reports to write");
	OK(is_current(&r) && note(&r), "one that changes nothing has not");
	OK(is_current(&r), "the same again");
	OK(!is_current(&r) && note(&r), "the one before did not come to its reports");
	r.config.tool_version = "1";
	OK(!is_current(&r) && note(&r), "another version may write others");
	OK(is_current(&r) && note(&r), "then not");
	OK(remove_all_of(&s, "a/001.wav") && !is_current(&r), "a file was made again");
	OK(note(&r) && is_current(&r) && note(&r), "and reported");
	ledger_close(open_write(&s));
	OK(!is_current(&r), "who knows what one did that opened the ledger to change it");
	some_jobs_close(&s);
}

/* Another run came between a run's end and its reports. */
static void test_overtaken(void)
{
	struct some_jobs s;
	struct some_run r, other;

	some_jobs_open(&s, 5);
	some_run_init(&r, &s);
	some_run_init(&other, &s);
	r.config.limit = 2;
	IS_INT(some_run_go(&r), 3, "a run ends, and writes its reports slowly");
	IS_INT(some_run_go(&other), 0, "meanwhile another one does the rest, and dies before its own");
	OK(note(&r), "the first has written its reports");
	OK(!is_current(&other), "the next run writes them again");
	some_jobs_close(&s);
}

int main(void)
{
	OK(reported_is_of("7 0 0.1\n", 7, 0, "0.1"), "as it is written");
	OK(!reported_is_of("", 0, 0, "0.1") && !reported_is_of("7 0 0.1", 7, 0, "0.1") && !reported_is_of("7 0 0.10\n", 7, 0, "0.1"), "nothing else");
	OK(!reported_is_of("7 5 0.1\n", 7, 0, "0.1"), "a run that ended in another way has to say it anew");
	test_current();
	test_overtaken();
	return tap_done();
}
