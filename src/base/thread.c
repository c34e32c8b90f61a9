/* See thread.h. */
#define _XOPEN_SOURCE 700 /* sigaltstack stands in POSIX under its XSI option */

#include "base/thread.h"

#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#define STACK_BYTES (64u << 10) /* the kernel saves AVX-512 and AMX state there, 11 KiB of it */

int signal_stack_add(struct signal_stack *s)
{
	size_t n = SIGSTKSZ > STACK_BYTES ? (size_t)SIGSTKSZ : STACK_BYTES; /* SIGSTKSZ asks the system on newer libraries */
	stack_t old, ours = { .ss_size = n };
	int failed;

	s->memory = NULL;
	if (sigaltstack(NULL, &old) != 0)
		return errno;
	if (!(old.ss_flags & SS_DISABLE))
		return 0;
	ours.ss_sp = s->memory = mem_alloc(n);
	if (sigaltstack(&ours, NULL) == 0)
		return 0;
	failed = errno;
	free(s->memory);
	s->memory = NULL;
	return failed;
}

void signal_stack_drop(struct signal_stack *s)
{
	const stack_t none = { .ss_flags = SS_DISABLE };

	if (s->memory)
		(void)sigaltstack(&none, NULL);
	free(s->memory);
	s->memory = NULL;
}

static void *begin(void *arg)
{
	struct thread *t = arg;
	struct signal_stack stack;
	int failed = signal_stack_add(&stack); /* then an overflow leaves no mark; all else goes well */

	t->fn(t->arg);
	if (!failed)
		signal_stack_drop(&stack);
	return NULL;
}

int thread_start(struct thread *t, void (*fn)(void *arg), void *arg)
{
	static const int own[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	sigset_t sent, before;
	int rc;

	*t = (struct thread){ .fn = fn, .arg = arg };
	sigfillset(&sent);
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		sigdelset(&sent, own[i]);
	pthread_sigmask(SIG_BLOCK, &sent, &before);
	rc = pthread_create(&t->id, NULL, begin, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

void thread_join(struct thread *t)
{
	pthread_join(t->id, NULL);
}
