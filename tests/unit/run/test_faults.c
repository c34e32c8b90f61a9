/* What surrounds a run goes wrong: the disk, the ledger, the backend; signals at any moment. */
#define _GNU_SOURCE /* unshare */

#include "base/clock.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "unit/run/some_run.h"

#define EXIT_NO_MOUNT 77 /* automake's word for a skipped test */

/* ---- a backend between run and the fake one ------------------------------------------------------ */

/* By ordinal of the job; -1: none. */
static struct {
	int64_t refuse;            /* submit refuses it, so many times */
	int refuse_times;
	enum fail_class class;
	int64_t progress_and_fail; /* one reap says both */
	int reap_fails_after;      /* events of reap, then it answers -1; 0: never */
	int n_events;
} plan;

static enum backend_answer odd_submit(struct backend *b, const struct backend_task *task, struct event *refusal)
{
	if (task->job->ordinal == plan.refuse && plan.refuse_times-- > 0) {
		*refusal = (struct event){ .kind = EVENT_FAILED, .job = task->job, .class = plan.class, .sentence = "not this one" };
		return BACKEND_REFUSED;
	}
	return backend_find(PARAM_FAKE)->submit(b, task, refusal);
}

static int odd_reap(struct backend *b, struct event *out, int room, int timeout_ms, struct err *err)
{
	int n;

	if (plan.reap_fails_after > 0 && plan.n_events >= plan.reap_fails_after)
		return err_set(err, ERR_MODEL, "the model went away");
	n = backend_find(PARAM_FAKE)->reap(b, out, 1, timeout_ms, err); /* one event leaves room for another */
	plan.n_events += n;
	if (n == 1 && room > 1 && out[0].job->ordinal == plan.progress_and_fail && out[0].kind == EVENT_FAILED) {
		out[1] = out[0];
		out[0] = (struct event){ .kind = EVENT_PROGRESS, .job = out[1].job, .progress = 0.5 };
		n = 2;
	}
	return n;
}

static void odd_init(struct some_run *r, const struct some_jobs *s, struct backend_ops *ops)
{
	plan.refuse = plan.progress_and_fail = -1;
	plan.reap_fails_after = plan.n_events = 0;
	some_run_init(r, s);
	*ops = *backend_find(PARAM_FAKE);
	ops->submit = odd_submit;
	ops->reap = odd_reap;
	r->config.ops = ops;
}

static void test_refused(void)
{
	struct backend_ops ops;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 20);
	odd_init(&r, &s, &ops);
	plan.refuse = 3;
	plan.refuse_times = 1;
	plan.class = FAIL_IO;
	IS_INT(some_run_go(&r), 0, "refused for now");
	IS_INT(row_of(&s, 3).n_attempts, 2, "and tried again, as its class says");
	IS_INT(r.n_failed, 1, "it was told");
	some_jobs_close(&s);

	some_jobs_open(&s, 20);
	odd_init(&r, &s, &ops);
	plan.refuse = 9;
	plan.refuse_times = 1;
	plan.class = FAIL_MODEL;
	IS_INT(some_run_go(&r), 5, "refused for the model: the run stops");
	IS_INT(row_of(&s, 9).state, JOB_PENDING, "the job waits");
	IS_INT(row_of(&s, 9).n_tries, 0, "no try is used up");
	OK(count_of(&s, JOB_DONE) >= 8 && count_of(&s, JOB_DONE) < 20, "what was in the slots is finished, no more is begun");
	IS_INT(count_of(&s, JOB_RUNNING), 0, "nothing hangs");
	IS_INT(some_run_go(&r), 0, "the same command continues");
	IS_INT(n_not_once(&s), 0, "each job was done once");
	some_jobs_close(&s);
}

/* A model that cannot be used keeps its own jobs waiting, whenever they come; the others are made. Then the run stops. */
static void test_barred(void)
{
	struct job_maker other = { PARAM_FAKE, "fake", NULL };
	struct backend_ops ops;
	struct some_jobs s;
	struct some_run r;
	int n_wrong = 0;

	some_jobs_open(&s, 20);
	for (int i = 5; i < 15; i++)
		s.jobs[i].maker = &other;
	odd_init(&r, &s, &ops);
	plan.refuse = 7;
	plan.refuse_times = 1;
	plan.class = FAIL_MODEL;
	IS_INT(some_run_go(&r), 5, "refused for one of two models");
	OK(strstr(r.result.reason, "not all jobs could be made: not this one (") != NULL, "which is told: %s", r.result.reason);
	for (int i = 0; i < 20; i++)
		n_wrong += row_of(&s, i).state != (s.jobs[i].maker != &other || i < 7 ? JOB_DONE : JOB_PENDING);
	IS_INT(n_wrong, 0, "its jobs wait but for those that were begun, the others are done");
	IS_INT(row_of(&s, 7).n_tries, 0, "no try is used up");
	OK(r.result.counts.work_left >= 0, "the work that is left is not less than none");
	IS_INT(some_run_go(&r), 0, "the same command continues");
	IS_INT(n_not_once(&s), 0, "each job was done once");
	some_jobs_close(&s);
}

static void test_one_reap(void)
{
	struct backend_ops ops;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 3);
	s.scripts[1].fail = "input";
	odd_init(&r, &s, &ops);
	plan.progress_and_fail = 1;
	IS_INT(some_run_go(&r), 1, "progress and the end in one reap");
	IS_INT(row_of(&s, 1).state, JOB_FAILED, "are both heard");
	some_jobs_close(&s);
}

static void test_reap_fails(void)
{
	struct backend_ops ops;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 30);
	odd_init(&r, &s, &ops);
	plan.reap_fails_after = 12;
	IS_INT(some_run_go(&r), 5, "the backend cannot go on");
	IS_TEXT(r.err.text, "the model went away", "its sentence");
	IS_INT(count_of(&s, JOB_DONE), 12, "what it had handed out is kept");
	IS_INT(count_of(&s, JOB_RUNNING), 0, "the rest waits");
	OK(r.result.ledger_changed, "reports want rewriting");
	plan.reap_fails_after = 0;
	IS_INT(some_run_go(&r), 0, "the same command continues");
	IS_INT(n_not_once(&s), 0, "each job was done once");
	some_jobs_close(&s);
}

/* A job that is due again while every slot is taken waits for a slot: nothing turns in circles meanwhile. */
static void test_no_spin(void)
{
	struct some_jobs s;
	struct some_run r;
	struct rusage before, after;
	double cpu_s;

	some_jobs_open(&s, 2);
	some_run_init(&r, &s);
	r.config.backend.n_slots = 1;
	s.scripts[0] = (struct fake_script){ .fail = "io", .fail_times = 1 };
	s.scripts[1].delay_s = 0.6;
	(void)getrusage(RUSAGE_SELF, &before);
	IS_INT(some_run_go(&r), 0, "one job is due again behind another");
	(void)getrusage(RUSAGE_SELF, &after);
	cpu_s = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) + (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e6;
	OK(cpu_s < 0.25, "the processor rests meanwhile: %.3f s used", cpu_s);
	some_jobs_close(&s);
}

/* ---- the ledger cannot be written ------------------------------------------------------------------ */

static void listen_and_limit(void *arg, const struct run_news *news)
{
	struct some_run *r = arg;
	struct rlimit limit = { 0, 0 };
	uint64_t n_bytes = 0;
	struct err err = ERR_INIT;
	char *log;

	some_listen(arg, news);
	if (news->kind != RUN_JOB_DONE || r->n_done != 1)
		return;
	log = fs_join(r->config.output_dir, LEDGER_FILE "-wal");
	if (fs_size(log, &n_bytes, &err) == 0) {
		limit.rlim_cur = n_bytes + 65536; /* a sound takes 13 kB */
		limit.rlim_max = RLIM_INFINITY;
		(void)setrlimit(RLIMIT_FSIZE, &limit);
	}
	free(log);
}

static void test_ledger_fails(void)
{
	struct some_jobs s;
	struct some_run r;
	struct err err = ERR_INIT;
	int status = 0, words[2] = { -1, -1 };
	char said[600] = "";
	pid_t pid;

	some_jobs_open(&s, 400);
	some_run_init(&r, &s);
	if (pipe(words) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		int code = run_stop_install(&err);

		r.config.listen = listen_and_limit;
		code = code == 0 ? some_run_go(&r) : 99;
		(void)!write(words[1], r.err.text, strlen(r.err.text));
		_exit(code);
	}
	(void)close(words[1]);
	(void)!read(words[0], said, sizeof said - 1);
	(void)close(words[0]);
	(void)waitpid(pid, &status, 0);
	OK(WIFEXITED(status) && WEXITSTATUS(status) == 5, "the ledger cannot grow in the middle of a run: status %d", WEXITSTATUS(status));
	OK(strstr(said, "writing the ledger") && strstr(said, "the same command"), "it says so: %s", said);
	OK(count_of(&s, JOB_DONE) > 0 && count_of(&s, JOB_DONE) < 400, "some were done: %d", (int)count_of(&s, JOB_DONE));
	IS_INT(some_run_go(&r), 0, "the same command continues");
	IS_INT(n_not_once(&s), 0, "each job was done once");
	IS_INT(n_untrue(&s, s.n), 0, "rows and files agree");
	some_jobs_close(&s);
}

/* ---- the disk is full ----------------------------------------------------------------------------------- */

static void put_proc(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f)
		(void)!fputs(text, f), (void)fclose(f);
}

/* Mounts of this process alone; an ordinary user is root among its own. */
static bool has_own_mounts(void)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();

	if (unshare(CLONE_NEWNS) != 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
			return false;
		put_proc("/proc/self/setgroups", "deny");
		(void)snprintf(map, sizeof map, "0 %u 1", uid);
		put_proc("/proc/self/uid_map", map);
		(void)snprintf(map, sizeof map, "0 %u 1", gid);
		put_proc("/proc/self/gid_map", map);
	}
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static int mount_at(const struct some_jobs *s, const char *relative, const char *options)
{
	char *path = fs_join(s->dir, relative);
	struct err err = ERR_INIT;
	int rc = fs_make_dirs(path, &err);

	if (rc == 0)
		rc = mount("none", path, "tmpfs", 0, options);
	free(path);
	return rc;
}

/* In a child, whose mounts are its own. No room for a file: the disk is full for artifacts, not for the ledger. */
static int full_for_files(struct some_jobs *s)
{
	struct some_run r;
	int n_wrong = 0;
	char *part;

	if (!has_own_mounts() || mount_at(s, ".mgbatch/part", "size=4k") != 0)
		return EXIT_NO_MOUNT;
	some_run_init(&r, s);
	n_wrong += some_run_go(&r) != 5 || r.result.exit_status != 5;
	printf("# %s\n", r.result.reason);
	(void)fflush(stdout);
	n_wrong += strstr(r.result.reason, "No space left") == NULL || strstr(r.result.reason, "mend it") == NULL;
	n_wrong += r.n_done != 0 || count_of(s, JOB_PENDING) != s->n;
	for (int i = 0; i < s->n; i++)
		n_wrong += row_of(s, i).n_tries != 0;
	n_wrong += row_of(s, 0).n_attempts != 1 || row_of(s, s->n - 1).n_attempts != 0;
	part = fs_join(s->dir, ".mgbatch/part");
	n_wrong += umount(part) != 0;
	free(part);
	n_wrong += some_run_go(&r) != 0 || n_not_once(s) != 0;
	return n_wrong;
}

/* The whole folder has little room: whatever is hit first, ledger or file, nothing is charged and all continues. */
static int full_for_all(struct some_jobs *s)
{
	struct some_run r;
	int n_wrong = 0, status;

	if (!has_own_mounts() || mount_at(s, "", "size=2m") != 0)
		return EXIT_NO_MOUNT;
	some_run_init(&r, s);
	status = some_run_go(&r);
	printf("# %d done, then: %s\n", (int)count_of(s, JOB_DONE), r.err.text[0] ? r.err.text : r.result.reason);
	(void)fflush(stdout);
	n_wrong += status != 5;
	n_wrong += count_of(s, JOB_FAILED) != 0;
	n_wrong += mount("none", s->dir, "tmpfs", MS_REMOUNT, "size=32m") != 0;
	n_wrong += some_run_go(&r) != 0 || n_not_once(s) != 0 || n_untrue(s, s->n) != 0;
	for (int i = 0; i < s->n; i++)
		n_wrong += row_of(s, i).n_tries != 1;
	return n_wrong;
}

static void test_disk_full(const char *name, int (*in_child)(struct some_jobs *s), int n_jobs)
{
	struct some_jobs s;
	int status = 0;
	pid_t pid;

	some_jobs_open(&s, n_jobs);
	pid = fork();
	if (pid == 0)
		_exit(in_child(&s));
	(void)waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_MOUNT)
		SKIP("no file system can be mounted here");
	else
		OK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %d wrong", name, WEXITSTATUS(status));
	some_jobs_close(&s);
}

/* ---- signals at any moment -------------------------------------------------------------------------------- */

static void test_signals_any_time(void)
{
	struct some_jobs s;
	struct some_run r;
	struct err err = ERR_INIT;
	int n_interrupted = 0, n_odd = 0, n_deaths = 0, status = 0;

	some_jobs_open(&s, 400);
	for (int i = 0; i < s.n; i++)
		s.scripts[i].delay_s = 0.002;
	for (int after_ms = 3; after_ms < 200; after_ms += 1 + after_ms / 4) {
		pid_t pid = fork();

		if (pid == 0) {
			if (run_stop_install(&err) != 0)
				_exit(99);
			some_run_init(&r, &s);
			_exit(some_run_go(&r));
		}
		(void)poll(NULL, 0, after_ms);
		(void)kill(pid, SIGINT);
		(void)poll(NULL, 0, after_ms % 3);
		(void)kill(pid, SIGINT);
		(void)waitpid(pid, &status, 0);
		if (WIFSIGNALED(status)) /* it came before there was anything to interrupt */
			continue;
		n_interrupted += WEXITSTATUS(status) == 130;
		n_odd += WEXITSTATUS(status) != 130 && WEXITSTATUS(status) != 0;
		n_odd += count_of(&s, JOB_RUNNING) != 0 || count_of(&s, JOB_MADE) != 0;
	}
	OK(n_interrupted >= 3, "two signals at %d moments", n_interrupted);
	IS_INT(n_odd, 0, "leave no job in hand, also in the middle of a commit");
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "the same command continues");
	IS_INT(n_not_once(&s), 0, "each job was done once");
	for (int i = 0; i < s.n; i += 20)
		n_deaths += row_of(&s, i).n_deaths + (row_of(&s, i).n_tries != 1);
	IS_INT(n_deaths, 0, "nothing is charged for it");
	some_jobs_close(&s);
}

int main(void)
{
	test_refused();
	test_barred();
	test_one_reap();
	test_reap_fails();
	test_no_spin();
	test_ledger_fails();
	test_disk_full("no room for files", full_for_files, 200);
	test_disk_full("no room at all", full_for_all, 120);
	test_signals_any_time();
	return tap_done();
}
