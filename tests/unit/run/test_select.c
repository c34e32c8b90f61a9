/* run_config.select: what is not selected is enrolled, left alone and not counted. */
#include "unit/run/some_run.h"

#include "param/param.h"

/* Which jobs are chosen, by their ordinal and state, and how often each was asked about. */
struct choice {
	int asked[64];
	enum job_state told[64];
	unsigned states; /* mask of what is chosen */
	int every;       /* each so manyth */
};

static bool chooses(void *arg, const struct job *job, enum job_state state)
{
	struct choice *c = arg;

	c->asked[job->ordinal]++;
	c->told[job->ordinal] = state;
	return (c->states & 1u << state) && job->ordinal % c->every == 0;
}

static int n_not_asked_once(const struct choice *c, int n)
{
	int n_wrong = 0;

	for (int i = 0; i < n; i++)
		n_wrong += c->asked[i] != 1;
	return n_wrong;
}

static void choose(struct some_run *r, struct choice *c, int every, unsigned states)
{
	*c = (struct choice){ .every = every, .states = states };
	r->config.select = chooses;
	r->config.select_arg = c;
}

static void test_some(void)
{
	struct choice c;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 30);
	some_run_init(&r, &s);
	choose(&r, &c, 3, LEDGER_ALL_STATES);
	s.scripts[1].fail = "input";
	IS_INT(some_run_go(&r), 0, "one of three: all of those are done, and that is what counts");
	IS_INT(n_not_asked_once(&c, 30), 0, "each job is asked about once");
	IS_INT(r.result.counts.n_jobs, 10, "the selected are counted");
	IS_INT(r.n_done, 10, "and made");
	IS_INT(count_of(&s, JOB_PENDING), 20, "the others wait, enrolled");
	choose(&r, &c, 1, 1u << JOB_PENDING);
	r.config.limit = 5;
	IS_INT(some_run_go(&r), 1, "by state, with a limit; a selected one fails");
	IS_INT(r.result.counts.n_jobs, 20, "those that were done are not among them");
	IS_INT(c.told[0] == JOB_DONE && c.told[2] == JOB_PENDING, 1, "the state is the ledger's");
	IS_INT(r.n_done, 4, "five were begun");
	r.config.limit = 0;
	choose(&r, &c, 1, 1u << JOB_DONE);
	IS_INT(some_run_go(&r), 0, "the failed one is not selected: nothing is wrong with the rest");
	choose(&r, &c, 1, 1u << JOB_LOST);
	IS_INT(some_run_go(&r), 0, "no job is");
	OK(strstr(r.result.reason, "no job is selected") != NULL, "and that is said: %s", r.result.reason);
	some_jobs_close(&s);
}

/* A run of a part of the jobs leaves alone what vanished; a whole run does not. */
static void test_supersedes_nothing(void)
{
	struct choice c;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 20);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all are done");
	choose(&r, &c, 10, LEDGER_ALL_STATES);
	IS_INT(some_run_go(&r), 0, "two of them selected");
	IS_INT(count_of(&s, JOB_DONE), 20, "the others stay what they are");
	r.config.n_jobs = 15;
	IS_INT(some_run_go(&r), 0, "five vanish from the manifest");
	IS_INT(count_of(&s, JOB_SUPERSEDED), 0, "and stay under a selection");
	r.config.select = NULL;
	r.config.limit = 1;
	IS_INT(some_run_go(&r), 0, "a limit that nothing reaches");
	IS_INT(count_of(&s, JOB_SUPERSEDED), 0, "they stay under it too");
	r.config.limit = 0;
	IS_INT(some_run_go(&r), 0, "a whole run");
	IS_INT(count_of(&s, JOB_SUPERSEDED), 5, "supersedes them");
	some_jobs_close(&s);
}

static void test_stale(void)
{
	struct choice c;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 12);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all are done");
	r.config.artifact.bits = 24;
	r.config.remake_stale = true;
	choose(&r, &c, 4, 1u << JOB_DONE);
	IS_INT(some_run_go(&r), 0, "of all that are stale three are selected");
	IS_INT(n_not_asked_once(&c, 12), 0, "each is asked about once");
	IS_INT(r.n_done, 3, "and made again");
	IS_INT(count_of(&s, JOB_DONE), 12, "the others stay done");
	IS_INT(n_untrue(&s, 12), 0, "with their old files");
	some_jobs_close(&s);
}

static void test_plan(void)
{
	struct choice c;
	struct some_jobs s;
	struct some_run r;
	struct run_plan plan;
	struct err err = ERR_INIT;

	some_jobs_open(&s, 30);
	some_run_init(&r, &s);
	choose(&r, &c, 3, LEDGER_ALL_STATES);
	IS_INT(run_plan(&r.config, &plan, &err), 0, "a plan before the first run");
	IS_INT(plan.n_new, 10, "new: the selected");
	IS_INT(plan.n_to_make, 10, "to make");
	IS_INT(plan.by_state[JOB_PENDING], 10, "by state");
	IS_INT(plan.audio_s_total, 10, "seconds");
	r.config.limit = 4;
	IS_INT(some_run_go(&r), 3, "four are made");
	r.config.limit = 0;
	IS_INT(run_plan(&r.config, &plan, &err), 0, "a plan after it");
	IS_INT(plan.n_new, 0, "all are known");
	IS_INT(plan.n_done, 4, "done");
	IS_INT(plan.n_to_make, 6, "to make");
	IS_INT(plan.by_state[JOB_PENDING] + plan.by_state[JOB_DONE], 10, "the others are not counted");
	r.config.limit = 2;
	IS_INT(run_plan(&r.config, &plan, &err), 0, "a plan with a limit");
	IS_INT(plan.n_to_make, 2, "makes so many");
	IS_INT(plan.audio_s_to_make, 2, "of so many seconds");
	r.config.n_jobs = 20;
	IS_INT(run_plan(&r.config, &plan, &err), 0, "a plan when ten vanished");
	IS_INT(plan.n_superseded, 0, "supersedes none while it is of a part");
	r.config.select = NULL;
	r.config.limit = 0;
	IS_INT(run_plan(&r.config, &plan, &err), 0, "a plan of the whole");
	IS_INT(plan.n_superseded, 10, "counts them");
	some_jobs_close(&s);
}

int main(void)
{
	test_some();
	test_supersedes_nothing();
	test_stale();
	test_plan();
	return tap_done();
}
