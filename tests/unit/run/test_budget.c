#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
/* run/budget: no run without a cap, no job over it, to the last credit and over all runs of a folder. */
#include "unit/run/some_hosted.h"

static void test_no_cap(void)
{
	struct some_hosted h;

	hosted_open(&h, 3);
	h.run.config.credits_cap = -1;
	IS_INT(hosted_go(&h), 2, "a run without a cap does not start");
	OK(strstr(h.run.err.text, "15 credits") && strstr(h.run.err.text, "--credits N"), "it says the price, and what to do");
	OK(!has_file(&h.jobs, ".mgbatch"), "nothing is written");
	book->has_no_prices = true;
	IS_INT(hosted_go(&h), 2, "nor where the price is not to be had");
	OK(strstr(h.run.err.text, "nobody answers") && strstr(h.run.err.text, "--credits N"), "which is said");
	h.run.config.credits_cap = 100;
	IS_INT(hosted_go(&h), 5, "with a cap it is the surroundings' fault");
	IS_INT(n_billed(0) + n_billed(1) + n_billed(2), 0, "and nothing is paid for");
	hosted_close(&h);
}

static void test_plan(void)
{
	struct some_hosted h;
	struct run_plan plan;
	struct err err = ERR_INIT;

	hosted_open(&h, 3);
	OK(run_plan(&h.run.config, &plan, &err) == 0, "a plan %s", err.text);
	OK(plan.n_to_pay == 3 && plan.credits_needed == 15 && plan.credits_spent == 0, "3 jobs, 15 credits");
	h.run.config.limit = 2;
	OK(run_plan(&h.run.config, &plan, &err) == 0 && plan.n_to_pay == 2 && plan.credits_needed == 10, "of the first two 10");
	IS_INT(hosted_go(&h), 3, "they are made");
	OK(run_plan(&h.run.config, &plan, &err) == 0 && plan.n_to_pay == 1 && plan.credits_needed == 5 && plan.credits_spent == 10,
	   "one is left, and 10 are spent");
	book->has_no_prices = true;
	OK(run_plan(&h.run.config, &plan, &err) == 0 && plan.n_to_make == 1 && plan.credits_needed == -1, "a plan without a price %s", err.text);
	IS_TEXT(plan.credits_why, "nobody answers", "says why");
	h.run.config.ops = backend_find(PARAM_FAKE);
	remove_all(h.jobs.dir);
	OK(run_plan(&h.run.config, &plan, &err) == 0 && plan.n_to_make == 2 && plan.n_to_pay == 0 && plan.credits_needed == 0, "others cost nothing");
	hosted_close(&h);
}

/* Several runs, each with its cap. */
static const struct {
	const char *name;
	double price, said;    /* said: when it is accepted; -1: not */
	unsigned char first;   /* that the first job meets */
	double caps[4];        /* of runs; 0 at the end */
	int n_billed[4];       /* in all, after each */
} rows[] = {
	{ "a job that does not fit is not begun", 5, -1, 0, { 12, 12, 15, 17.5 }, { 2, 2, 3, 3 } },
	{ "to the last credit", 5, -1, 0, { 5, 20 }, { 1, 4 } },
	{ "a hair less", 5, -1, 0, { 19.99 }, { 3 } },
	{ "sums of fractions", 0.1, -1, 0, { 0.3, 0.4 }, { 3, 4 } },
	{ "nothing to spend", 5, -1, 0, { 0.5 }, { 0 } },
	{ "what costs nothing", 0, -1, 0, { 0.001 }, { 4 } },
	{ "accepted for less, and the rest is there for others", 5, 4, 0, { 16 }, { 3 } },
	{ "with what is left of it", 5, 4, 0, { 17 }, { 4 } },
	{ "accepted for more", 5, 7, 0, { 14, 14, 18.9, 19 }, { 2, 2, 2, 3 } },
	{ "refused, and the rest is there for others", 5, -1, MEETS_REFUSAL, { 15 }, { 3 } },
	{ "not sent at first", 5, -1, MEETS_NO_NETWORK, { 10 }, { 2 } },
	{ "unknown, and perhaps paid for", 5, -1, MEETS_LOST_REQUEST, { 15 }, { 2 } },
};

static void test_caps(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct some_hosted h;

		printf("# %s\n", rows[i].name);
		hosted_open(&h, 4);
		book->price = rows[i].price;
		book->price_said = rows[i].said;
		book->scripts[0][0] = rows[i].first;
		for (int k = 0; k < 4 && rows[i].caps[k] > 0; k++) {
			int n = 0, status;

			h.run.config.credits_cap = rows[i].caps[k];
			status = hosted_go(&h);
			for (int j = 0; j < 4; j++)
				n += n_billed(j);
			IS_INT(n, rows[i].n_billed[k], "jobs are billed");
			OK((count_of(&h.jobs, JOB_PENDING) > 0) == (strstr(h.run.result.reason, "credits (") != NULL) && (status == 0) == (n == 4),
			   "cap %g: %s", rows[i].caps[k], h.run.result.reason);
		}
		hosted_close(&h);
	}
}

/* What the service has already is looked after whatever the cap is, and with none. */
static void test_nothing_to_pay(void)
{
	struct some_hosted h;

	hosted_open(&h, 2);
	book->scripts[0][0] = MEETS_SLOW_JOB;
	h.run.config.tries = 1;
	h.run.config.n_jobs = 1;
	IS_INT(hosted_go(&h), 1, "a job that was too slow");
	sql(&h.jobs, "UPDATE job SET state = 'pending', tries = 0");
	h.run.config.credits_cap = -1;
	IS_INT(hosted_go(&h), 0, "is looked after without a cap");
	h.run.config.n_jobs = 2;
	IS_INT(hosted_go(&h), 2, "but another one is not begun");
	h.run.config.credits_cap = 9;
	IS_INT(hosted_go(&h), 3, "nor over the cap");
	OK(strstr(h.run.result.reason, "5 credits of 9 credits used, the next job costs 5 credits"), "%s", h.run.result.reason);
	IS_INT(n_billed(1), 0, "it is not paid for");
	hosted_close(&h);
}

/* One that was not to be paid for when the run began, and failed there: its price is asked for then. */
static void test_asked_late(bool is_told)
{
	struct some_hosted h;

	hosted_open(&h, 1);
	book->scripts[0][0] = MEETS_LOST_ANSWER;
	book->scripts[0][1] = MEETS_FAILURE;
	h.run.config.retried_classes = 1u << FAIL_REMOTE_FAILED;
	IS_INT(hosted_go(&h), 1, "unknown");
	book->has_no_prices = !is_told;
	book->n_price_calls = 0;
	IS_INT(hosted_go(&h), is_told ? 0 : 3, "found, failed, and made again if its price is told");
	IS_INT(book->n_price_calls, 1, "which is asked for once");
	IS_INT(n_billed(0), is_told ? 2 : 1, "billed");
	OK(is_told || (strstr(h.run.result.reason, "could not be asked") && !strstr(h.run.result.reason, "higher")), "%s", h.run.result.reason);
	hosted_close(&h);
}

int main(void)
{
	test_no_cap();
	test_plan();
	test_caps();
	test_nothing_to_pay();
	test_asked_late(true);
	test_asked_late(false);
	return tap_done();
}
