/*
 * base/thread: a thread beside the first, as this program wants it; and a stack for signal handlers.
 *
 *   struct thread t;
 *   thread_start(&t, fn, arg)    0 or the errno; t is the caller's and stays where it is until it is joined
 *   thread_join(&t)              waits for fn to return
 *
 * Signals that somebody sends are the first thread's business: a started one takes none of them. Those that it raises itself
 * by a fault (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT) stay open in it: where they are blocked the kernel ends the
 * process without asking its handlers, and nothing would tell who crashed. Each has a signal stack, so that even the overflow
 * of its own leaves room for a handler.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>

struct thread {
	pthread_t id;
	void (*fn)(void *arg);
	void *arg;
};

int thread_start(struct thread *t, void (*fn)(void *arg), void *arg) WARN_UNUSED;
void thread_join(struct thread *t);

/* The calling thread's signal stack, for handlers with SA_ONSTACK. One that is there already (a sanitizer's) is left: then
 * memory is NULL. 0 or the errno. */
struct signal_stack {
	void *memory;
};
int signal_stack_add(struct signal_stack *s) WARN_UNUSED;
void signal_stack_drop(struct signal_stack *s);

#endif
