#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
/* Each way in which a hosted job can end, what it costs, and what the next run makes of it. */
#include "unit/run/some_hosted.h"

#include "run/run_inside.h"

#define RETRIED (1u << FAIL_REMOTE_FAILED)

static const struct {
	const char *name;
	unsigned char script[FAULTS_MAX];
	unsigned retried_classes;
	int status[2];         /* of two runs, one after the other */
	const char *states[2];
	int n_billed;
	double spent;
	int n_tries;           /* used up */
} ends_of[] = {
	{ "no network", { MEETS_NO_NETWORK, MEETS_NO_NETWORK, MEETS_NO_NETWORK, MEETS_NO_NETWORK }, 0, { 0, 0 }, { "1 done", "1 done" }, 1, 5, 1 },
	{ "refused", { MEETS_REFUSAL }, 0, { 1, 1 }, { "1 failed", "1 failed" }, 0, 0, 1 },
	{ "too many", { MEETS_TOO_MANY, MEETS_TOO_MANY }, 0, { 0, 0 }, { "1 done", "1 done" }, 1, 5, 1 },
	{ "a key that is none", { MEETS_BAD_KEY }, 0, { 5, 0 }, { "1 pending", "1 done" }, 1, 5, 1 },
	{ "an answer that was lost", { MEETS_LOST_ANSWER }, 0, { 1, 0 }, { "1 unknown", "1 done" }, 1, 5, 1 },
	{ "a request that was lost", { MEETS_LOST_REQUEST }, 0, { 1, 1 }, { "1 unknown", "1 unknown" }, 0, 5, 0 },
	{ "an answer that was lost, and no network to ask", { MEETS_LOST_ANSWER, MEETS_NO_NETWORK }, 0, { 1, 0 }, { "1 unknown", "1 done" }, 1, 5, 1 },
	{ "failed there", { MEETS_FAILURE }, 0, { 1, 1 }, { "1 failed", "1 failed" }, 1, 5, 1 },
	{ "failed there, and the manifest wants it again", { MEETS_FAILURE }, RETRIED, { 0, 0 }, { "1 done", "1 done" }, 2, 10, 2 },
	{ "cancelled there by somebody else", { MEETS_CANCEL }, 0, { 1, 1 }, { "1 failed", "1 failed" }, 1, 5, 1 },
	{ "failed there each time", { MEETS_FAILURE, MEETS_FAILURE, MEETS_FAILURE }, RETRIED, { 1, 1 }, { "1 failed", "1 failed" }, 3, 15, 3 },
	{ "found, and then failed there", { MEETS_LOST_ANSWER, MEETS_FAILURE }, RETRIED, { 1, 0 }, { "1 unknown", "1 done" }, 2, 10, 2 },
	{ "too slow", { MEETS_SLOW_JOB }, 0, { 0, 0 }, { "1 done", "1 done" }, 1, 5, 2 },
	{ "too slow each time", { MEETS_SLOW_JOB, MEETS_SLOW_JOB, MEETS_SLOW_JOB }, 0, { 1, 1 }, { "1 failed", "1 failed" }, 1, 5, 3 },
	{ "no network while it is made", { MEETS_NO_POLL, MEETS_NO_POLL }, 0, { 0, 0 }, { "1 done", "1 done" }, 1, 5, 1 },
	{ "a sound that is gone", { MEETS_GONE_SOUND }, RETRIED, { 1, 1 }, { "1 lost", "1 lost" }, 1, 5, 1 },
	{ "a download that is no sound", { MEETS_NO_SOUND }, 0, { 0, 0 }, { "1 done", "1 done" }, 1, 5, 2 },
	{ "downloads that are no sound", { MEETS_NO_SOUND, MEETS_NO_SOUND, MEETS_NO_SOUND }, 0, { 1, 1 }, { "1 failed", "1 failed" }, 1, 5, 3 },
};

static void test_ends(void)
{
	for (size_t i = 0; i < sizeof ends_of / sizeof *ends_of; i++) {
		struct some_hosted h;

		printf("# %s\n", ends_of[i].name);
		hosted_open(&h, 1);
		h.run.config.retried_classes = ends_of[i].retried_classes;
		memcpy(book->scripts[0], ends_of[i].script, sizeof ends_of[i].script);
		for (int k = 0; k < 2; k++) {
			IS_INT(hosted_go(&h), ends_of[i].status[k], k == 0 ? "a run" : "the next");
			IS_TEXT(states_of(&h), ends_of[i].states[k], "leaves it");
		}
		IS_INT(n_billed(0), ends_of[i].n_billed, "billed so often");
		OK(spent_of(&h) == ends_of[i].spent, "%g credits are spent", spent_of(&h));
		IS_INT(row_of(&h.jobs, 0).n_tries, ends_of[i].n_tries, "tries used up");
		IS_INT(book->n_untrue, 0, "all was in the ledger in time");
		IS_INT(n_files(&h.jobs, RUN_PART_DIR), 0, "no download is left");
		hosted_close(&h);
	}
}

/* ---- asked by hand ----------------------------------------------------------------------------- */

static int retry(const struct some_hosted *h, bool pays, struct err *err)
{
	const char *id = id_of(&h->jobs, 0);
	struct run_retry retry = { .place = { .output_dir = h->jobs.dir, .called = "t" }, .ids = &id, .n_ids = 1, .pay_again = pays };
	struct run_retry_result result;

	*err = (struct err)ERR_INIT;
	return run_retry(&retry, &result, err);
}

static const struct {
	const char *name;
	unsigned char script[FAULTS_MAX];
	bool pays;             /* --pay-again */
	bool is_refused;       /* without it */
	int n_billed;
	double spent;
} asked[] = {
	{ "what the service has is looked after", { MEETS_SLOW_JOB, MEETS_SLOW_JOB, MEETS_SLOW_JOB }, false, false, 1, 5 },
	{ "unless it is given up", { MEETS_SLOW_JOB, MEETS_SLOW_JOB, MEETS_SLOW_JOB }, true, false, 2, 10 },
	{ "what failed there is paid for again", { MEETS_FAILURE }, false, false, 2, 10 },
	{ "what nobody knows", { MEETS_LOST_REQUEST }, true, true, 1, 10 },
	{ "what is gone", { MEETS_GONE_SOUND }, true, true, 2, 10 },
	{ "what is done", { MEETS_NOTHING }, true, true, 2, 10 },
};

static void test_asked(void)
{
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		struct some_hosted h;
		struct err err;

		printf("# %s\n", asked[i].name);
		hosted_open(&h, 1);
		memcpy(book->scripts[0], asked[i].script, sizeof asked[i].script);
		(void)hosted_go(&h);
		if (asked[i].is_refused)
			OK(retry(&h, false, &err) == -1 && strstr(err.text, "--pay-again") != NULL, "not without a word: %s", err.text);
		OK(retry(&h, asked[i].pays, &err) == 0, "asked to make it again %s", err.text);
		IS_INT(hosted_go(&h), 0, "it is done");
		IS_INT(n_billed(0), asked[i].n_billed, "billed so often");
		OK(spent_of(&h) == asked[i].spent, "%g credits are spent", spent_of(&h));
		IS_INT(n_untrue(&h.jobs, 1), 0, "row and file agree");
		hosted_close(&h);
	}
}

/* ---- files that are gone --------------------------------------------------------------------------- */

static void test_missing_file(void)
{
	struct some_hosted h;
	struct run_plan plan;
	struct err err = ERR_INIT;

	hosted_open(&h, 2);
	IS_INT(hosted_go(&h), 0, "two are done");
	OK(remove_all_of(&h.jobs, "a/000.wav"), "a file goes");
	h.run.config.credits_cap = -1;
	OK(run_plan(&h.run.config, &plan, &err) == 0, "a plan %s", err.text);
	OK(plan.n_to_make == 1 && plan.n_to_pay == 0 && plan.credits_needed == 0 && plan.credits_spent == 10, "has one to fetch, for nothing");
	IS_INT(hosted_go(&h), 0, "it is fetched again, without a cap");
	OK(strstr(h.run.text, "all 2 jobs") == NULL && n_untrue(&h.jobs, 2) == 0, "rows and files agree");
	IS_INT(n_not_billed_once(&h), 0, "each was paid for once");
	OK(remove_all_of(&h.jobs, "a/000.wav"), "it goes once more");
	book->scripts[0][2] = MEETS_GONE_SOUND;
	IS_INT(hosted_go(&h), 1, "and there it is gone too");
	IS_TEXT(states_of(&h), "1 done, 1 lost", "it is lost");
	OK(strstr(h.run.result.reason, "lost") != NULL && h.run.result.counts.n_lost == 1, "which is said: %s", h.run.result.reason);
	IS_INT(n_not_billed_once(&h), 0, "and never paid for again unasked");
	hosted_close(&h);
}

/* One that was to be had in another format only: what there was of it stays, and stays finished. */
static void test_stale_and_gone(void)
{
	struct some_hosted h;

	hosted_open(&h, 1);
	IS_INT(hosted_go(&h), 0, "one is done");
	h.run.config.artifact.bits = 24;
	h.run.config.remake_stale = true;
	book->scripts[0][1] = MEETS_GONE_SOUND;
	IS_INT(hosted_go(&h), 1, "in another format it is not to be had any more");
	h.run.config.remake_stale = false;
	IS_INT(hosted_go(&h), 0, "its file is there all the same");
	IS_TEXT(states_of(&h), "1 done", "and it is not lost");
	OK(n_untrue(&h.jobs, 1) == 0 && n_billed(0) == 1, "row and file agree, and it was paid for once");
	hosted_close(&h);
}

static void forget_ids(const struct some_hosted *h)
{
	sql(&h->jobs, "UPDATE job SET remote_id = NULL, asset_id = NULL");
}

static void test_no_name_to_fetch(void)
{
	struct some_hosted h;
	struct err err = ERR_INIT;
	struct run_plan plan;

	hosted_open(&h, 1);
	IS_INT(hosted_go(&h), 0, "one is done");
	OK(remove_all_of(&h.jobs, "a/000.wav"), "its file goes");
	forget_ids(&h);
	OK(run_plan(&h.run.config, &plan, &err) == 0 && plan.n_to_make == 0 && plan.by_state[JOB_LOST] == 1, "a plan makes nothing %s", err.text);
	IS_INT(hosted_go(&h), 1, "nor does a run");
	IS_TEXT(states_of(&h), "1 lost", "where nothing says how to fetch it");
	IS_INT(n_billed(0), 1, "it is not paid for again");
	hosted_close(&h);
}

/* Superseded and back: what the service has is not forgotten by that. */
static void test_back(void)
{
	struct some_hosted h;

	hosted_open(&h, 2);
	book->scripts[1][0] = MEETS_LOST_ANSWER;
	IS_INT(hosted_go(&h), 1, "one is unknown");
	h.run.config.n_jobs = 1;
	IS_INT(hosted_go(&h), 0, "the manifest has it no more");
	h.run.config.n_jobs = 2;
	IS_INT(hosted_go(&h), 0, "and has it again");
	IS_INT(n_not_billed_once(&h), 0, "it was found, and not paid for again");
	hosted_close(&h);
}

/* Jobs of which nobody knows are asked about in each run, whatever the limit, and are no part of what is to be made. */
static void test_unknown(void)
{
	struct some_hosted h;
	struct run_plan plan;
	struct err err = ERR_INIT;

	hosted_open(&h, 3);
	book->scripts[0][0] = book->scripts[1][0] = MEETS_LOST_ANSWER;
	book->hides = true;
	h.run.config.limit = 2;
	IS_INT(hosted_go(&h), 1, "two are unknown");
	OK(strstr(h.run.result.reason, "2 jobs unknown") && strstr(h.run.result.reason, "1 job"), "it is said, and what is left: %s", h.run.result.reason);
	h.run.config.limit = 1;
	OK(run_plan(&h.run.config, &plan, &err) == 0 && plan.n_to_make == 1 && plan.n_to_pay == 1 && plan.by_state[JOB_UNKNOWN] == 2,
	   "a plan makes the third %s", err.text);
	IS_INT(hosted_go(&h), 1, "a run asks about them, and makes the third");
	IS_TEXT(states_of(&h), "1 done, 2 unknown", "they stay unknown");
	IS_INT(book->n_looks, 2, "each was asked about once");
	IS_INT(row_of(&h.jobs, 0).n_tries, 0, "which uses up no try");
	book->hides = false;
	IS_INT(hosted_go(&h), 0, "they are found");
	IS_INT(n_not_billed_once(&h), 0, "each was paid for once");
	hosted_close(&h);
}

/* ---- no network ------------------------------------------------------------------------------------ */

/* While nothing can be sent one job tries it; the others are not begun in vain. */
static void test_outage(void)
{
	struct some_hosted h;

	hosted_open(&h, 4);
	h.run.config.backend.n_slots = 1;
	book->n_outage = 6;
	IS_INT(hosted_go(&h), 0, "an outage of six requests is outlived");
	IS_INT(book->n_tries[0], 7, "the first job met all of it");
	IS_INT(book->n_tries[1] + book->n_tries[2] + book->n_tries[3], 3, "the others were begun once");
	IS_INT(row_of(&h.jobs, 0).n_tries, 1, "it used up one try, the one that made it");
	hosted_close(&h);
}

/* Each look at the clock is hours after the last one: every second failure in a row is one too many. */
static void test_long_outage(void)
{
	struct some_hosted h;

	hosted_open(&h, 1);
	h.run.config.backend.clock_rate = 1e8;
	book->n_outage = 100;
	IS_INT(hosted_go(&h), 1, "an outage without an end");
	IS_TEXT(states_of(&h), "1 failed", "is not waited for without an end");
	IS_INT(row_of(&h.jobs, 0).n_tries, 3, "an hour of it is a try");
	IS_INT(book->n_tries[0], 6, "which more than one failure makes");
	OK(n_billed(0) == 0 && spent_of(&h) == 0, "nothing was paid for");
	hosted_close(&h);
}

/* ---- what is said ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	unsigned char first;
	const char *sql;   /* done to the ledger afterwards */
	const char *words;
} said[] = {
	{ "unknown", MEETS_LOST_REQUEST, "SELECT 1", "asks the service about it" },
	{ "lost", MEETS_GONE_SOUND, "SELECT 1", "--pay-again" },
	{ "interrupted while it was sent", MEETS_LOST_REQUEST, "UPDATE job SET state = 'submitting'", "nobody knows whether it was" },
	{ "interrupted at the service", MEETS_NOTHING, "UPDATE job SET state = 'pending', asset_id = NULL", "the service has it as 'job_0_0'" },
	{ "failed, and the service has it", MEETS_NOTHING, "UPDATE job SET state = 'failed', asset_id = NULL", "with --pay-again it is made anew" },
	{ "its sound is there", MEETS_NOTHING, "UPDATE job SET state = 'pending'", "pays nothing more" },
	{ "its file has another size", MEETS_NOTHING, "UPDATE artifact SET bytes = 3", "run fetches it again" },
	{ "its file is gone for good", MEETS_NOTHING, "UPDATE artifact SET bytes = 3; UPDATE job SET remote_id = NULL, asset_id = NULL", "lost" },
};

static void test_why(void)
{
	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		struct some_hosted h;
		struct run_place place = { .called = "t" };
		struct run_why why;
		struct err err = ERR_INIT;

		hosted_open(&h, 1);
		book->scripts[0][0] = said[i].first;
		(void)hosted_go(&h);
		sql(&h.jobs, said[i].sql);
		place.output_dir = h.jobs.dir;
		OK(run_why(&place, &h.run.config, id_of(&h.jobs, 0), &why, &err) == 0 && strstr(why.sentence, said[i].words) != NULL, "%s: %s%s",
		   said[i].name, why.sentence, err.text);
		run_why_release(&why);
		hosted_close(&h);
	}
}

/* A look at whether samples come out the same is not worth money. */
static void test_regen_is_refused(void)
{
	struct some_hosted h;
	struct run_verify_result result;
	struct err err = ERR_INIT;
	struct run_verify verify = { .n_regen = 1 };

	hosted_open(&h, 1);
	IS_INT(hosted_go(&h), 0, "one is done");
	verify.place = (struct run_place){ .output_dir = h.jobs.dir, .called = "t" };
	verify.config = &h.run.config;
	OK(run_verify(&verify, &result, &err) == -1 && err.code == ERR_USAGE, "none is made again to compare it: %s", err.text);
	hosted_close(&h);
}

int main(void)
{
	test_ends();
	test_asked();
	test_missing_file();
	test_stale_and_gone();
	test_no_name_to_fetch();
	test_back();
	test_unknown();
	test_outage();
	test_long_outage();
	test_why();
	test_regen_is_refused();
	return tap_done();
}
