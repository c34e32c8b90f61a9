#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
/* run/crash: a process that dies by its own fault leaves the signal's number, a stack overflow too. */
#include "base/fs.h"
#include "base/pool.h"
#include "base/tasks.h"
#include "run/crash.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* One beyond the first of these threads does it. */
static void in_a_range(void *how, int worker, int begin, int end)
{
	(void)begin;
	(void)end;
	if (worker > 0)
		((struct task *)how)->fn(NULL);
}

static void in_a_pool(void (*how)(void *))
{
	struct task task = { .fn = how };
	struct pool *pool = NULL;
	struct err err = ERR_INIT;

	if (pool_open(&pool, 2, &err) != 0)
		_exit(0);
	pool_run(pool, 2, in_a_range, &task);
}

static void in_a_task(void (*how)(void *))
{
	struct task task = { .fn = how };
	struct tasks *tasks = NULL;
	struct err err = ERR_INIT;

	if (tasks_open(&tasks, 1, &err) != 0)
		_exit(0);
	tasks_add(tasks, &task);
	tasks_wait(tasks, &task);
}

/* A fault of the processor's own, not a signal that was sent: a page that may not be touched. */
static void touch(void *arg)
{
	volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	*page = 1;
}

/* Takes 4 KiB a level and cannot become a loop: what it answers is used after the call. */
static int sink(int depth)
{
	volatile char room[4096];

	room[0] = (char)depth;
	if (depth > 0 && depth % 1000003 == 0) /* so that no compiler sees a recursion without an end */
		return getppid();
	return sink(depth + 1) + room[0];
}

static void overflow(void)
{
	const struct rlimit stack = { 1 << 20, 1 << 20 };

	(void)setrlimit(RLIMIT_STACK, &stack);
	(void)raise(sink(1) == 0 ? SIGKILL : SIGTERM);
}

static void dig(void *arg)
{
	(void)arg;
	(void)raise(sink(1) == 0 ? SIGKILL : SIGTERM);
}

static void touch_here(void)
{
	touch(NULL);
}

static void touch_in_a_pool(void)
{
	in_a_pool(touch);
}

static void dig_in_a_pool(void)
{
	in_a_pool(dig);
}

static void touch_in_a_task(void)
{
	in_a_task(touch);
}

static void dig_in_a_task(void)
{
	in_a_task(dig);
}

static void fall(void)
{
	(void)raise(SIGSEGV);
}

static void give_up(void)
{
	abort();
}

static void be_killed(void)
{
	(void)raise(SIGKILL);
}

static void go_well(void)
{
	_exit(0);
}

/* The status of a child that watches, then dies in its way; after_watch: once the watch is over. */
static int die(const char *path, void (*how)(void), bool after_watch)
{
	const struct rlimit none = { 0, 0 };
	struct err err = ERR_INIT;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY); /* a sanitizer's report is wanted, but not here */

		(void)dup2(null, 2);
		(void)setrlimit(RLIMIT_CORE, &none);
		if (crash_watch(path, &err) != 0)
			_exit(0);
		if (after_watch)
			crash_unwatch(path);
		how();
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

int main(void)
{
	static const struct {
		const char *name;
		void (*how)(void);
		int noted;
	} rows[] = {
		{ "a fall", fall, SIGSEGV },
		{ "an abort", give_up, SIGABRT },
		{ "a wrong address", touch_here, SIGSEGV },
		{ "a stack overflow", overflow, SIGSEGV },
		{ "a wrong address in a worker of a pool", touch_in_a_pool, SIGSEGV },
		{ "a stack overflow there", dig_in_a_pool, SIGSEGV },
		{ "a wrong address in a task", touch_in_a_task, SIGSEGV },
		{ "a stack overflow there", dig_in_a_task, SIGSEGV },
		{ "a kill from outside", be_killed, 0 },
	};
	char dir[] = "/tmp/mgbatch-test-XXXXXX", *path;

	if (!mkdtemp(dir))
		return 1;
	path = fs_join(dir, "crash");
	IS_INT(crash_read(path), 0, "nothing noted yet");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OK(die(path, rows[i].how, false) != 0, "%s ends the process", rows[i].name);
		IS_INT(crash_read(path), rows[i].noted, "and leaves the signal's number");
	}
	OK(die(path, fall, false) != 0 && die(path, go_well, false) == 0, "a later run that ends well");
	IS_INT(crash_read(path), 0, "has forgotten what was noted");
	(void)die(path, fall, true);
	OK(!fs_exists(path), "after the watch nothing is noted");
	OK(crash_oom_kills() >= -1, "the machine's count of kills for want of memory: %lld", (long long)crash_oom_kills());
	(void)rmdir(dir);
	free(path);
	return tap_done();
}
