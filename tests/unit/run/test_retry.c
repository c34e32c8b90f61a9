/* run/retry: when a failed job is tried again. */
#include "run/retry.h"
#include "tap.h"

static int64_t when(enum fail_class class, int n_tries, int tries, double random, int64_t retry_after_ms)
{
	struct retry_question q = { .class = class, .n_tries = n_tries, .tries = tries, .now_ms = 1000000, .retry_after_ms = retry_after_ms,
				    .random = random };
	int64_t at = retry_when(&q);

	return at == RETRY_NEVER ? RETRY_NEVER : at - 1000000;
}

/* The base is a second for all that a service says; half of it, by a random number of a half. */
static void test_more(void)
{
	static const struct {
		const char *name;
		struct retry_question q;
		int64_t want;
	} rows[] = {
		{ "failed there, once more only where the manifest says so", { .class = FAIL_REMOTE_FAILED, .n_tries = 1, .tries = 3 }, RETRY_NEVER },
		{ "as it does", { .class = FAIL_REMOTE_FAILED, .n_tries = 1, .tries = 3, .also = 1u << FAIL_REMOTE_FAILED }, 500 },
		{ "but not more often than tries", { .class = FAIL_REMOTE_FAILED, .n_tries = 3, .tries = 3, .also = 1u << FAIL_REMOTE_FAILED }, RETRY_NEVER },
		{ "of another class it says nothing", { .class = FAIL_INPUT, .n_tries = 1, .tries = 3, .also = 1u << FAIL_REMOTE_FAILED }, RETRY_NEVER },
		{ "not sent", { .class = FAIL_REMOTE, .tries = 1, .n_not_sent = 1 }, 500 },
		{ "waits longer each time", { .class = FAIL_REMOTE, .tries = 1, .n_not_sent = 4 }, 4000 },
		{ "up to the cap, whatever the tries", { .class = FAIL_REMOTE, .n_tries = 9, .tries = 1, .n_not_sent = 400 }, 30000 },
		{ "also where it is a class that is never tried again", { .class = FAIL_INPUT, .tries = 1, .n_not_sent = 1 }, 50 },
		{ "a quick clock", { .class = FAIL_REMOTE, .tries = 1, .n_not_sent = 4, .clock_rate = 10 }, 400 },
		{ "does not hurry the service", { .class = FAIL_REMOTE, .tries = 1, .n_not_sent = 4, .clock_rate = 10, .retry_after_ms = 900 }, 900 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct retry_question q = rows[i].q;
		int64_t at;

		q.random = 0.5;
		q.now_ms = 1000000;
		at = retry_when(&q);
		IS_INT(at == RETRY_NEVER ? RETRY_NEVER : at - 1000000, rows[i].want, rows[i].name);
	}
	OK(!retry_counts(FAIL_REMOTE, 0) && !retry_counts(FAIL_REMOTE, RETRY_NOT_SENT_MS - 1), "what could not be sent uses up no try");
	OK(retry_counts(FAIL_REMOTE, RETRY_NOT_SENT_MS), "but an hour of it does");
	OK(!retry_counts(FAIL_REMOTE_UNKNOWN, -1), "nor does what nobody knows");
}

int main(void)
{
	static const struct {
		const char *name;
		enum fail_class class;
		int n_tries, tries;
		double random;
		int64_t retry_after_ms, want;
	} rows[] = {
		{ "io, first failure, full share of 100 ms", FAIL_IO, 1, 3, 0.999, 0, 99 },
		{ "io, second failure doubles", FAIL_IO, 2, 3, 0.5, 0, 100 },
		{ "tries: 3 means three in all", FAIL_IO, 3, 3, 0.5, 0, RETRY_NEVER },
		{ "tries: 1 means no second", FAIL_IO, 1, 1, 0.5, 0, RETRY_NEVER },
		{ "a service gets a second", FAIL_REMOTE, 1, 3, 0.5, 0, 500 },
		{ "the cap holds", FAIL_REMOTE_RATE, 30, 100, 0.5, 0, 30000 },
		{ "Retry-After is honoured", FAIL_REMOTE_RATE, 1, 3, 0.5, 7000, 7000 },
		{ "a longer back-off than Retry-After stays", FAIL_REMOTE_RATE, 5, 9, 0.5, 100, 8000 },
		{ "input is never tried again", FAIL_INPUT, 1, 3, 0.5, 0, RETRY_NEVER },
		{ "nonfinite neither", FAIL_NONFINITE, 1, 3, 0.5, 0, RETRY_NEVER },
		{ "a crash neither", FAIL_CRASH, 1, 3, 0.5, 0, RETRY_NEVER },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		IS_INT(when(rows[i].class, rows[i].n_tries, rows[i].tries, rows[i].random, rows[i].retry_after_ms), rows[i].want,
		       rows[i].name);
	IS_INT(retry_known(FAIL_IO, 1500, 1000), 1500, "an earlier run's decision holds");
	IS_INT(retry_known(FAIL_IO, 99000000, 1000), 1000 + RETRY_CAP_MS, "unless the clock was set back since");
	IS_INT(retry_known(FAIL_REMOTE_RATE, 99000000, 1000), 99000000, "a service may ask for more");
	OK(!retry_counts(FAIL_DISK_FULL, -1) && !retry_counts(FAIL_MODEL, -1) && retry_counts(FAIL_IO, -1), "what stops the run is nobody's try");
	test_more();
	return tap_done();
}
