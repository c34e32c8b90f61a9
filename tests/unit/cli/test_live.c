/* cli/live: when a progress line is due, and how it is cut. */
#include "cli/live.h"
#include "tap.h"

static int due(bool is_terminal, int64_t last_ms, int last_step, int64_t now_ms, int64_t n_done, int64_t n_failed, int64_t n_jobs)
{
	struct live live = { .is_terminal = is_terminal, .has_told = true, .last_ms = last_ms, .last_step = last_step };
	struct run_counts counts = { .n_jobs = n_jobs, .n_done = n_done, .n_failed = n_failed, .elapsed_ms = now_ms };

	return live_is_due(&live, &counts);
}

static void cut(const char *text, int columns, const char *want)
{
	struct strbuf out = STRBUF_INIT(1024);

	live_cut(&out, text, columns);
	IS_TEXT(out.buf, want, want);
	strbuf_release(&out);
}

int main(void)
{
	struct live fresh = { 0 };
	struct run_counts none = { 0 };

	OK(live_is_due(&fresh, &none), "the first line is always due, with no jobs at all too");
	OK(!due(true, 1000, 0, 1099, 5, 0, 10), "on a terminal not before 100 ms");
	OK(due(true, 1000, 0, 1100, 0, 0, 10), "then, whatever happened");
	OK(!due(false, 1000, 10, 2000, 50, 0, 100), "off a terminal not without progress");
	OK(!due(false, 1000, 10, 2000, 54, 0, 100), "not after 4 %%");
	OK(due(false, 1000, 10, 2000, 55, 0, 100), "after 5 %%");
	OK(!due(false, 1000, 10, 1999, 60, 0, 100), "not within a second");
	OK(due(false, 1000, 10, 2000, 50, 5, 100), "failed jobs are progress too");
	OK(!due(false, 1000, 10, 60999, 50, 0, 100), "not within a minute");
	OK(due(false, 1000, 10, 61000, 50, 0, 100), "after a minute");
	cut("abc", 3, "abc");
	cut("abc", 2, "ab");
	cut("a\xC2\xB7" "b", 2, "a\xC2\xB7");
	cut("\xE2\x82\xAC\xE2\x82\xAC", 1, "\xE2\x82\xAC");
	cut("abc", 0, "");
	cut("abc", -1, "");
	return tap_done();
}
