/* run_execute and run_plan when the manifest changed: the folder follows, nothing finished is lost. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/hash.h"
#include "unit/run/some_run.h"

static struct run_plan plan_of(struct some_run *r)
{
	struct run_plan plan = { .n_new = -1 };

	r->err = (struct err)ERR_INIT;
	if (run_plan(&r->config, &plan, &r->err) != 0)
		printf("# %s\n", r->err.text);
	return plan;
}

static void test_vanished_and_back(void)
{
	struct some_jobs s;
	struct some_run r;
	struct run_plan plan;

	some_jobs_open(&s, 20);
	some_run_init(&r, &s);
	plan = plan_of(&r);
	IS_INT(plan.n_new, 20, "plan: all new where nothing has been run");
	IS_INT(plan.n_to_make, 20, "all to make");
	OK(!has_file(&s, ".mgbatch"), "and a plan writes nothing");
	IS_INT(some_run_go(&r), 0, "all done");
	r.config.n_jobs = 15;
	IS_INT(plan_of(&r).n_superseded, 5, "plan: five vanished");
	IS_INT(some_run_go(&r), 0, "five vanish");
	IS_INT(count_of(&s, JOB_SUPERSEDED), 5, "and are superseded");
	OK(has_file(&s, "a/019.wav"), "their files stay");
	r.config.n_jobs = 20;
	OK(remove_all_of(&s, "a/019.wav"), "one is removed");
	plan = plan_of(&r);
	IS_INT(plan.n_back, 5, "plan: five back");
	IS_INT(plan.n_to_make, 1, "one of them to make");
	IS_INT(some_run_go(&r), 0, "they come back");
	IS_INT(r.n_done, 1, "only the one without a file is made");
	IS_INT(count_of(&s, JOB_DONE), 20, "all done");
	some_jobs_close(&s);
}

static void test_renamed(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 150);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all done");
	for (int i = 0; i < s.n; i++)
		some_jobs_name(&s, i, "b/c/", i, ".wav");
	IS_INT(plan_of(&r).n_renamed, 150, "plan: all renamed");
	IS_INT(some_run_go(&r), 0, "another template");
	IS_INT(r.n_done, 0, "nothing is made");
	OK(has_file(&s, "b/c/149.wav") && !has_file(&s, "a/149.wav"), "the files moved");
	IS_INT(n_untrue(&s, 150), 0, "each row names its own file");
	for (int i = 0; i < s.n; i++)
		some_jobs_name(&s, i, "b/c/", s.n - 1 - i, ".wav");
	IS_INT(some_run_go(&r), 0, "names swapped among the files");
	IS_INT(r.n_done, 0, "nothing is made");
	IS_INT(n_untrue(&s, 150), 0, "each row still names its own file");
	some_jobs_close(&s);
}

/* A prompt was corrected: the new job takes the old one's name. */
static void test_replaced(void)
{
	struct some_jobs s;
	struct some_run r;
	char before[HASH_HEX_SIZE], old[HASH_HEX_SIZE];
	struct job jobs[2];

	some_jobs_open(&s, 3);
	some_run_init(&r, &s);
	jobs[0] = s.jobs[0];
	jobs[1] = s.jobs[1];
	r.config.jobs = jobs;
	r.config.n_jobs = 2;
	IS_INT(some_run_go(&r), 0, "two jobs");
	sha_of(&s, "a/001.wav", before);
	jobs[1] = s.jobs[2]; /* another id ... */
	jobs[1].ordinal = 1;
	jobs[1].path = "a/001.wav"; /* ... under the same name */
	IS_INT(plan_of(&r).n_replaced, 1, "plan: one replaced");
	IS_INT(some_run_go(&r), 0, "one corrected");
	IS_INT(r.n_done, 1, "one is made");
	sha_of(&s, ".mgbatch/old/2/a/001.wav", old);
	IS_TEXT(old, before, "the old file is kept aside");
	jobs[1] = s.jobs[1];
	IS_INT(some_run_go(&r), 0, "the correction is taken back");
	IS_INT(r.n_done, 0, "nothing is made: the old file is good");
	sha_of(&s, "a/001.wav", old);
	IS_TEXT(old, before, "and has its name again");
	IS_INT(n_untrue(&s, 2), 0, "rows and files agree");
	some_jobs_close(&s);
}

static void test_missing_and_stale(void)
{
	struct some_jobs s;
	struct some_run r;
	char path[128];

	some_jobs_open(&s, 10);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all done");
	OK(remove_all_of(&s, "a/003.wav"), "one file vanishes");
	(void)snprintf(path, sizeof path, "%s/a/004.wav", s.dir);
	IS_INT(truncate(path, 100), 0, "one is cut");
	IS_INT(plan_of(&r).n_missing, 2, "plan: two missing");
	IS_INT(some_run_go(&r), 0, "they are made again");
	IS_INT(r.n_done, 2, "those two");
	IS_INT(r.n_notes, 1, "and the run says so");
	IS_INT(n_untrue(&s, 10), 0, "rows and files agree");

	r.config.artifact.bits = 24;
	IS_INT(plan_of(&r).n_stale, 10, "plan: other bits make all stale");
	IS_INT(plan_of(&r).n_to_make, 0, "but nothing to make");
	IS_INT(some_run_go(&r), 0, "stale files stay");
	IS_INT(r.n_done, 0, "unasked");
	r.config.artifact.format = AUDIO_FLAC;
	for (int i = 0; i < s.n; i++)
		some_jobs_name(&s, i, "a/", i, ".flac");
	r.config.remake_stale = true;
	IS_INT(plan_of(&r).n_to_make, 10, "plan: --remake-stale makes them again");
	IS_INT(some_run_go(&r), 0, "in another format");
	IS_INT(r.n_done, 10, "all");
	OK(has_file(&s, "a/000.flac") && !has_file(&s, "a/000.wav"), "the older files made way");
	OK(has_file(&s, ".mgbatch/old/4/a/000.wav"), "and are kept aside");
	IS_INT(n_untrue(&s, 10), 0, "rows and files agree");
	some_jobs_close(&s);
}

/* A run in a process of its own, which holds the lock when this returns. */
static pid_t begin_beside(const struct some_jobs *s)
{
	struct some_run r;
	pid_t pid = fork();

	if (pid == 0) {
		some_run_init(&r, s);
		_exit(some_run_go(&r));
	}
	for (int i = 0; i < 5000 && !has_file(s, ".mgbatch/crash"); i++) /* written after the lock is had */
		(void)poll(NULL, 0, 1);
	return pid;
}

static void test_refusals(void)
{
	struct some_jobs s;
	struct some_run r;
	struct run_plan plan;
	struct job twice[2];
	int status;
	pid_t pid;

	some_jobs_open(&s, 8);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all done");
	r.config.manifest_name = "another";
	IS_INT(some_run_go(&r), 2, "another manifest name is refused");
	OK(strstr(r.err.text, "--output") != NULL, "with what to do: %s", r.err.text);
	IS_INT(run_plan(&r.config, &plan, &r.err), -1, "by plan too");
	some_run_init(&r, &s);
	twice[0] = twice[1] = s.jobs[0];
	r.config.jobs = twice;
	r.config.n_jobs = 2;
	IS_INT(some_run_go(&r), 2, "one job twice is refused");
	some_jobs_close(&s);

	some_jobs_open(&s, 1);
	s.scripts[0].delay_s = 30;
	pid = begin_beside(&s);
	some_run_init(&r, &s);
	s.scripts[0].delay_s = 0;
	IS_INT(some_run_go(&r), 4, "a second run is refused");
	OK(strstr(r.err.text, "process") != NULL, "and told who holds it: %s", r.err.text);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	IS_INT(some_run_go(&r), 0, "the lock died with its holder");
	some_jobs_close(&s);
}

static void test_wait(void)
{
	struct some_jobs s;
	struct some_run r;
	int status = -1;
	pid_t pid;

	some_jobs_open(&s, 2);
	s.scripts[0].delay_s = s.scripts[1].delay_s = 0.4;
	pid = begin_beside(&s);
	some_run_init(&r, &s);
	r.config.wait = true;
	IS_INT(some_run_go(&r), 0, "--wait waits for the other run");
	IS_INT(r.n_notes, 1, "and says for whom");
	IS_INT(r.n_done, 0, "which has made everything");
	(void)waitpid(pid, &status, 0);
	OK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "and ended well");
	some_jobs_close(&s);
}

int main(void)
{
	test_vanished_and_back();
	test_renamed();
	test_replaced();
	test_missing_and_stale();
	test_refusals();
	test_wait();
	return tap_done();
}
