#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
/* Hosted jobs through a run: what a reap says is in the ledger before the next one, whatever kills the run, each is paid for once. */
#include "unit/run/some_hosted.h"

#include "run/run_inside.h"

static int count_odd(void *arg, const struct ledger_job *row, struct err *err)
{
	int *n_odd = arg;

	(void)err;
	*n_odd += row->state != JOB_DONE || row->credits != 5 || !row->remote_id || !row->asset_id || row->submitted_ms != 0 ||
		  strlen(row->source_sha256) != 64 || row->rate_hz != 44100 || row->n_tries != 1;
	return 0;
}

/* Two of the jobs have one input, and are not in a slot together. */
static void test_all_is_well(void)
{
	struct some_hosted h;
	struct err err = ERR_INIT;
	struct ledger *l = NULL;
	int n_odd = 0;

	hosted_open(&h, 6);
	h.run.config.backend.n_slots = 2;
	h.jobs.jobs[0].input_sha256 = h.jobs.jobs[5].input_sha256 = "1234567890123456789012345678901234567890123456789012345678901234";
	IS_INT(hosted_go(&h), 0, "all are done");
	IS_INT(book->n_untrue, 0, "what a reap handed out was in the ledger at the next");
	IS_INT(book->n_price_calls, 1, "prices were asked once");
	IS_INT(book->n_uploads, 1, "the input was uploaded once");
	IS_INT(book->n_known_inputs, 1, "and known to the other job");
	OK(spent_of(&h) == 30 && h.run.result.counts.credits_spent == 30 && h.run.result.counts.credits_now == 30, "6 times 5 credits");
	IS_INT(n_not_billed_once(&h), 0, "each is billed once");
	OK(ledger_open_read(&l, h.jobs.dir, &err) == 0 && ledger_each(l, LEDGER_ALL_STATES, count_odd, &n_odd, &err) == 0, "rows %s", err.text);
	IS_INT(n_odd, 0, "each with its ids, its credits, the hash of what came");
	ledger_close(l);
	IS_INT(n_untrue(&h.jobs, 6), 0, "rows and files agree");
	IS_INT(n_files(&h.jobs, RUN_PART_DIR), 0, "no download is left");
	IS_INT(hosted_go(&h), 0, "once more");
	OK(book->n_price_calls == 1 && h.run.result.counts.credits_now == 0, "nothing is asked, nothing paid");
	hosted_close(&h);
}

/* ---- dying ------------------------------------------------------------------------------------ */

static void pay_again(const struct some_hosted *h)
{
	for (int i = 0; i < h->jobs.n; i++) {
		const char *id = id_of(&h->jobs, i);
		struct run_retry retry = { .place = { .output_dir = h->jobs.dir, .called = "t" }, .ids = &id, .n_ids = 1, .pay_again = true };
		struct run_retry_result result;
		struct err err = ERR_INIT;

		if (row_of(&h->jobs, i).state == JOB_UNKNOWN && run_retry(&retry, &result, &err) != 0)
			printf("# %s\n", err.text);
	}
}

/* Killed at step k, then run again. False: it had ended before that. A job whose request had not left when the run died is unknown, for nobody
 * can tell; all others are done, and no one is billed twice. */
static bool killed_at(int64_t k, enum meets first)
{
	struct some_hosted h;
	int n_wrong = 0, n_unknown = 0, status;
	bool was_killed;

	hosted_open(&h, 3);
	h.jobs.jobs[1].input_sha256 = "1234567890123456789012345678901234567890123456789012345678901234";
	book->scripts[0][0] = book->scripts[1][0] = (unsigned char)first;
	book->kill_at = k;
	was_killed = hosted_go_and_die(&h) == -1;
	book->kill_at = 0;
	status = hosted_go(&h);
	if (first == MEETS_LOST_ANSWER && status == 1) /* it was lost sight of by this run, and is found by the next */
		status = hosted_go(&h);
	for (int i = 0; i < 3; i++) {
		enum job_state state = row_of(&h.jobs, i).state;

		n_unknown += state == JOB_UNKNOWN;
		n_wrong += n_billed(i) > 1 || (n_billed(i) == 1 ? state != JOB_DONE : state != JOB_UNKNOWN);
	}
	n_wrong += book->n_untrue > 0 || status != (n_unknown > 0);
	pay_again(&h);
	n_wrong += hosted_go(&h) != 0 || n_not_billed_once(&h) != 0;
	if (n_wrong > 0)
		OK(false, "killed at step %lld: %s %s %s", (long long)k, states_of(&h), h.run.err.text, h.run.result.reason);
	n_wrong += n_untrue(&h.jobs, 3) != 0;
	hosted_close(&h);
	return was_killed;
}

static void test_killed_everywhere(enum meets first, const char *name)
{
	int64_t k = 1;

	while (k < 100 && killed_at(k, first))
		k++;
	OK(k > 12 && k < 100, "killed at each of %lld steps (%s): each is paid for once, and none is made up", (long long)k - 1, name);
}

/* The second signal, in the middle of it all. */
static void test_aborted(void)
{
	struct some_hosted h;

	hosted_open(&h, 3);
	book->signal_at_accept = 2;
	IS_INT(hosted_go_and_die(&h), 128 + SIGTERM, "aborted");
	IS_INT(hosted_go(&h), 0, "the same command continues");
	IS_INT(n_not_billed_once(&h), 0, "each is billed once");
	IS_INT(book->n_looks, 0, "and none had to be looked for");
	hosted_close(&h);
}

/* Whoever aborts a run wants it to go on later: what the service cancelled for that reason is made then, by the same command. */
static void test_called_off(void)
{
	struct some_hosted h;
	struct some_row row;

	hosted_open(&h, 2);
	h.run.config.tries = 1;
	book->signal_at_accept = 2;
	book->scripts[0][1] = MEETS_NO_POLL;
	book->scripts[0][2] = book->scripts[1][1] = MEETS_CANCEL;
	IS_INT(hosted_go_and_die(&h), 128 + SIGTERM, "aborted, with two jobs at the service");
	IS_INT(hosted_go(&h), 0, "they were cancelled, and are made again");
	OK(n_billed(0) == 2 && n_billed(1) == 2 && spent_of(&h) == 20, "which costs as much again: %g credits", spent_of(&h));
	row = row_of(&h.jobs, 0);
	OK(row.n_tries == 1 && row.n_interruptions == 1, "and uses up no try");
	hosted_close(&h);
	hosted_open(&h, 1);
	book->kill_at = book->n_steps + 6; /* while it is made there */
	book->scripts[0][1] = MEETS_CANCEL;
	IS_INT(hosted_go_and_die(&h), -1, "killed, with a job at the service");
	IS_INT(hosted_go(&h), 1, "that somebody else cancelled");
	IS_TEXT(states_of(&h), "1 failed", "it is not paid for again unasked");
	hosted_close(&h);
}

/* A try that only asks whether an earlier one was sent dies too: it is asked again, and nothing is sent. */
static void test_died_while_looking(void)
{
	struct some_hosted h;

	hosted_open(&h, 1);
	book->scripts[0][0] = MEETS_LOST_ANSWER;
	book->hides = true;
	IS_INT(hosted_go(&h), 1, "lost sight of");
	for (int k = 0; k < 3; k++) {
		book->kill_at = book->n_steps + 2; /* when it has looked, before that is known */
		IS_INT(hosted_go_and_die(&h), -1, "killed");
		IS_TEXT(states_of(&h), "1 submitting", "what is owed stays owed");
	}
	book->kill_at = 0;
	IS_INT(hosted_go(&h), 1, "a look that finds nothing");
	IS_TEXT(states_of(&h), "1 unknown", "ends as it began");
	book->hides = false;
	IS_INT(hosted_go(&h), 0, "a later one finds it");
	OK(h.run.credits == 5, "and tells what it cost: %g credits", h.run.credits);
	IS_INT(book->n_sent[0], 1, "it was sent once");
	OK(spent_of(&h) == 5, "and paid for once");
	hosted_close(&h);
}

/* A backend that is about to pay for what the service may have already is stopped before its request leaves. */
static int send_again(struct backend *b, struct event *out, int room, int timeout_ms, struct err *err)
{
	int n = hosted_reap(b, out, room, timeout_ms, err);

	for (int i = 0; i < n; i++)
		if (out[i].kind == EVENT_ACCEPTED)
			out[i].kind = EVENT_SUBMITTING;
	return n;
}

static void test_law(void)
{
	struct backend_ops ops = hosted_ops;
	struct some_hosted h;

	ops.reap = send_again;
	hosted_open(&h, 1);
	h.run.config.ops = &ops;
	IS_INT(hosted_go(&h), 70, "a backend that sends twice in one try is stopped");
	OK(strstr(h.run.err.text, "pay for") != NULL, "with the reason: %s", h.run.err.text);
	hosted_close(&h);
	hosted_open(&h, 1);
	book->scripts[0][0] = MEETS_LOST_ANSWER;
	IS_INT(hosted_go(&h), 1, "a job of which nobody knows");
	h.run.config.ops = &ops;
	IS_INT(hosted_go(&h), 70, "a backend that would send it again is stopped");
	OK(strstr(h.run.err.text, "pay for") != NULL, "with the reason: %s", h.run.err.text);
	h.run.config.ops = &hosted_ops;
	IS_INT(hosted_go(&h), 0, "and the next run finds the job");
	IS_INT(n_billed(0), 1, "billed once");
	hosted_close(&h);
}

int main(void)
{
	struct err err = ERR_INIT;

	OK(run_stop_install(&err) == 0, "signals %s", err.text);
	test_all_is_well();
	test_killed_everywhere(MEETS_NOTHING, "all well");
	test_killed_everywhere(MEETS_LOST_ANSWER, "an answer was lost");
	test_killed_everywhere(MEETS_TOO_MANY, "sent twice");
	test_aborted();
	test_called_off();
	test_died_while_looking();
	test_law();
	return tap_done();
}
