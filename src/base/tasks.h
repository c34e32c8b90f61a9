/*
 * base/tasks: a few threads in the background that do what is waited for elsewhere.
 *
 *   tasks_open(&t, n_threads, err)
 *   tasks_add(t, &task)     task.fn and task.arg are filled; begun in the order they were added, n_threads at a time
 *   task_chain_add(&chain, &task), ...; tasks_add_chain(t, &chain)    the same for many at once, which costs little more than one
 *   tasks_done(&task)       has it ended? never waits
 *   tasks_wait(t, &task)    until it has; what fn wrote is seen from then on, as after tasks_done said true
 *   tasks_close(t)          waits for all
 *
 * For work that sleeps (fsync) or that nobody waits for at once; base/pool is the one for short parallel loops. fn may
 * not add tasks. The caller owns each struct task and keeps it until it has ended. All calls come
 * from one thread.
 */
#ifndef BASE_TASKS_H
#define BASE_TASKS_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>

#define TASKS_THREADS_MAX 64

struct tasks;

struct task {
	void (*fn)(void *arg);
	void *arg;
	struct task *next; /* tasks' own */
	atomic_bool is_done; /* tasks' own: ask tasks_done */
};

struct task_chain {
	struct task *first, *last;
};

#define TASK_CHAIN_INIT { NULL, NULL }

int tasks_open(struct tasks **ret, int n_threads, struct err *err) WARN_UNUSED; /* n_threads 1..TASKS_THREADS_MAX */
void tasks_add(struct tasks *t, struct task *task);
void task_chain_add(struct task_chain *chain, struct task *task);
void tasks_add_chain(struct tasks *t, struct task_chain *chain); /* which is empty afterwards; an empty one adds nothing */
bool tasks_done(const struct task *task);
void tasks_wait(struct tasks *t, const struct task *task);
void tasks_close(struct tasks *t); /* NULL is fine */

#endif
