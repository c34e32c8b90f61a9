/* Tasks: each once, in the order they were added, beside the caller; seen when they have ended; none is dropped at the end. */
#include "tap.h"

#include "base/tasks.h"

#include <signal.h>
#include <unistd.h>

#define N_OF(a) (sizeof(a) / sizeof(a)[0])

enum { TASKS = 500 };

struct tally {
	struct task task;
	int *order, *n_order; /* shared; safe with one thread */
	int number, times;
};

static void count(void *arg)
{
	struct tally *t = arg;

	t->times++;
	if (t->order)
		t->order[(*t->n_order)++] = t->number;
}

static void test_each_once(int n_threads)
{
	static struct tally tallies[TASKS];
	static int order[TASKS];
	int n_order = 0, n_once = 0, n_in_order = 0;
	struct task_chain chain = TASK_CHAIN_INIT;
	struct tasks *tasks = NULL;
	struct err err = ERR_INIT;

	if (!OK(tasks_open(&tasks, n_threads, &err) == 0, "%d threads: %s", n_threads, err.text))
		return;
	for (int i = 0; i < TASKS; i++) {
		tallies[i] = (struct tally){ { count, &tallies[i], NULL, false }, n_threads == 1 ? order : NULL, &n_order, i, 0 };
		if (i % 20 < 3) {
			tasks_add(tasks, &tallies[i].task);
			continue;
		}
		task_chain_add(&chain, &tallies[i].task); /* 1, then 3, then 13 at once */
		if (i % 20 == 3 || i % 20 == 6 || i % 20 == 19)
			tasks_add_chain(tasks, &chain);
	}
	OK(chain.first == NULL, "a chain that was added is empty");
	tasks_add_chain(tasks, &chain);
	for (int i = 0; i < TASKS; i++) {
		tasks_wait(tasks, &tallies[i].task);
		n_once += tallies[i].times == 1 && tasks_done(&tallies[i].task);
	}
	for (int i = 0; i < n_order; i++)
		n_in_order += order[i] == i;
	IS_INT(n_once, TASKS, "each has run once when it was waited for");
	if (n_threads == 1)
		IS_INT(n_in_order, TASKS, "one thread takes them in their order");
	tasks_close(tasks);
}

/* A task that ends when the caller lets it: both ends of a pipe show who goes on when. */
struct gate {
	struct task task;
	int fd;
	ssize_t n;
};

static void wait_at_gate(void *arg)
{
	struct gate *g = arg;
	char byte;

	g->n = read(g->fd, &byte, 1);
}

static void test_beside_the_caller(void)
{
	struct gate gate = { { wait_at_gate, &gate, NULL, false }, -1, 0 };
	struct tasks *tasks = NULL;
	struct err err = ERR_INIT;
	int fds[2];

	if (!OK(pipe(fds) == 0 && tasks_open(&tasks, 2, &err) == 0, "a gate: %s", err.text))
		return;
	gate.fd = fds[0];
	tasks_add(tasks, &gate.task);
	OK(!tasks_done(&gate.task), "adding does not wait, and what has not ended is not done");
	OK(write(fds[1], "x", 1) == 1, "the gate opens");
	tasks_wait(tasks, &gate.task);
	OK(tasks_done(&gate.task) && gate.n == 1, "then it ends");
	tasks_close(tasks);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void test_closing_waits(void)
{
	static struct tally tallies[TASKS];
	struct tasks *tasks = NULL;
	struct err err = ERR_INIT;
	int n_once = 0;

	if (!OK(tasks_open(&tasks, 3, &err) == 0, "three threads: %s", err.text))
		return;
	for (int i = 0; i < TASKS; i++) {
		tallies[i] = (struct tally){ .task = { count, &tallies[i], NULL, false } };
		tasks_add(tasks, &tallies[i].task);
	}
	tasks_close(tasks);
	for (int i = 0; i < TASKS; i++)
		n_once += tallies[i].times == 1;
	IS_INT(n_once, TASKS, "closing waits for all");
	tasks_close(NULL);
}

struct mask {
	struct task task;
	sigset_t set;
};

static void look_at_mask(void *arg)
{
	struct mask *m = arg;

	(void)pthread_sigmask(SIG_BLOCK, NULL, &m->set);
}

static void test_signals_are_the_callers(void)
{
	struct mask mask = { .task = { look_at_mask, &mask, NULL, false } };
	struct tasks *tasks = NULL;
	struct err err = ERR_INIT;
	sigset_t mine;

	if (!OK(tasks_open(&tasks, 1, &err) == 0, "a thread: %s", err.text))
		return;
	tasks_add(tasks, &mask.task);
	tasks_wait(tasks, &mask.task);
	(void)pthread_sigmask(SIG_BLOCK, NULL, &mine);
	OK(sigismember(&mask.set, SIGINT) && sigismember(&mask.set, SIGTERM) && !sigismember(&mine, SIGINT),
	   "a task takes no signal, its caller still does");
	tasks_close(tasks);
}

int main(void)
{
	static const int threads[] = { 1, 2, 8, TASKS_THREADS_MAX };

	for (size_t i = 0; i < N_OF(threads); i++)
		test_each_once(threads[i]);
	test_beside_the_caller();
	test_closing_waits();
	test_signals_are_the_callers();
	return tap_done();
}
