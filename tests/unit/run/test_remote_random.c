#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
/*
 * Random faults, caps, deaths and runs: a job is handed out for paying once, and again only after a try that was not sent, refused, or
 * failed at the service; in the service's book it is billed once and once more for each failure there; the cap holds.
 */
#include "unit/run/some_hosted.h"

#include "base/random.h"

#define N_JOBS 5
#define N_RUNS 8
#define N_SCRIPTS 8 /* of each kind; a few thousand were looked at */

/* How many of the rules are broken. may_die: a job whose run was killed before its request left is
 * handed out again, and a failure that it did not live to write down is told twice. */
static int n_broken(const struct some_hosted *h, bool may_die)
{
	int n = book->n_untrue > 0, n_all = 0;

	for (int i = 0; i < N_JOBS; i++) {
		n += !may_die && book->n_offers[i] > 1 + book->n_excuses[i];
		n += book->n_sent[i] > 1 + book->n_failures[i];
		n += row_of(&h->jobs, i).state == JOB_DONE && (n_billed(i) < 1 || (!may_die && n_billed(i) != 1 + book->n_failures[i]));
		n_all += n_billed(i);
	}
	n += book->price * n_all > h->run.config.credits_cap + 1e-9 || spent_of(h) > h->run.config.credits_cap + 1e-9;
	return n;
}

static void retry_all(const struct some_hosted *h)
{
	struct run_retry retry = { .place = { .output_dir = h->jobs.dir, .called = "t" } };
	struct run_retry_result result;
	struct err err = ERR_INIT;

	if (run_retry(&retry, &result, &err) != 0)
		printf("# %s\n", err.text);
}

static int below(uint64_t *random, int n)
{
	return (int)(random_unit(random) * n);
}

static void go_once(struct some_hosted *h, uint64_t *random, bool may_die)
{
	h->run.config.retried_classes = below(random, 2) ? 1u << FAIL_REMOTE_FAILED : 0;
	h->run.config.limit = below(random, 4) == 0 ? 1 + below(random, 4) : 0;
	h->run.config.backend.n_slots = 1 + below(random, N_JOBS);
	h->run.config.credits_cap += below(random, 4) * 7;
	book->hides = below(random, 4) == 0;
	book->kill_at = may_die && below(random, 3) ? book->n_steps + 1 + below(random, 25) : 0;
	if (may_die)
		(void)hosted_go_and_die(h);
	else
		(void)hosted_go(h);
	if (below(random, 2))
		retry_all(h);
}

static int n_after(uint64_t seed, bool may_die)
{
	struct some_hosted h;
	uint64_t random = seed;
	int n = 0;

	hosted_open(&h, N_JOBS);
	h.run.config.credits_cap = 10;
	for (int i = 0; i < N_JOBS; i++)
		for (int k = 0; k < FAULTS_MAX; k++)
			book->scripts[i][k] = (unsigned char)(below(&random, 2) ? below(&random, N_MEETS) : MEETS_NOTHING);
	h.jobs.jobs[1].input_sha256 = h.jobs.jobs[3].input_sha256 = "1234567890123456789012345678901234567890123456789012345678901234";
	for (int k = 0; k < N_RUNS && n == 0; k++) {
		go_once(&h, &random, may_die);
		n = has_file(&h.jobs, ".mgbatch/ledger.db") ? n_broken(&h, may_die) : 0;
	}
	if (n > 0)
		printf("# seed %llu: %d broken, %s; %s\n", (unsigned long long)seed, n, states_of(&h), book->untrue);
	/* at the end without faults, and enough to spend: only what is lost, failed for good or unknown is not done */
	memset(book->scripts, 0, sizeof book->scripts);
	book->hides = false;
	book->kill_at = 0;
	h.run.config.credits_cap = 1000;
	h.run.config.limit = 0;
	(void)hosted_go(&h);
	for (int i = 0; i < N_JOBS; i++)
		n += row_of(&h.jobs, i).state == JOB_PENDING || row_of(&h.jobs, i).state == JOB_SUBMITTING;
	hosted_close(&h);
	return n;
}

int main(void)
{
	int n = 0;

	for (uint64_t seed = 1; seed <= N_SCRIPTS && n == 0; seed++)
		n += n_after(seed, false);
	IS_INT(n, 0, "random faults, caps and runs");
	for (uint64_t seed = 1001; seed <= 1000 + N_SCRIPTS && n == 0; seed++)
		n += n_after(seed, true);
	IS_INT(n, 0, "and deaths");
	return tap_done();
}
