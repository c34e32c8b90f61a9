/* See crash.h. */
#define _XOPEN_SOURCE 700 /* sigaltstack stands in POSIX under its XSI option */

#include "run/crash.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_MAX 64            /* a number and a newline, with room to spare */
#define VMSTAT_MAX (256u << 10) /* a few KiB on every kernel so far */
#define STACK_BYTES (64u << 10) /* of the handler; the kernel saves AVX-512 and AMX state there, 11 KiB of it */

static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
#define N_SIGNALS (sizeof signals / sizeof signals[0])

/* What the handler needs; see stop.h for why these are not in a struct. */
static int note_fd = -1;
static struct sigaction before[N_SIGNALS];
static void *stack; /* NULL: there was an alternate stack before ours (a sanitizer's), and it is left */

/*
 * Gives the signal back and returns: a fault happens again, and whoever was there before has it (the default, or a
 * sanitizer, which reports the fault's own address). One that was sent, by abort() or by somebody, is sent again.
 */
static void on_crash(int signal, siginfo_t *info, void *context)
{
	char text[4] = { (char)('0' + signal / 10), (char)('0' + signal % 10), '\n', '\0' };

	(void)context;
	if (write(note_fd, text, 3) < 0) {
		/* nothing more can be done here */
	}
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (signals[i] == signal)
			(void)sigaction(signal, &before[i], NULL);
	if (info->si_code <= 0) /* sigaction(2): above are the kernel's own */
		(void)raise(signal); /* when this handler returns */
}

int crash_read(const char *path)
{
	struct strbuf text = STRBUF_INIT(NOTE_MAX);
	struct err ignored = ERR_INIT;
	int signal = 0;

	if (fs_exists(path) && fs_read(path, &text, &ignored) == 0)
		signal = (int)strtol(text.buf, NULL, 10);
	strbuf_release(&text);
	return signal;
}

/* A stack that overflowed has no room for a handler: it gets one of its own. */
static int add_stack(struct err *err)
{
	size_t n = SIGSTKSZ > STACK_BYTES ? (size_t)SIGSTKSZ : STACK_BYTES; /* SIGSTKSZ asks the system on newer libraries */
	stack_t old, ours = { .ss_size = n };

	if (sigaltstack(NULL, &old) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot ask for the signal stack");
	if (!(old.ss_flags & SS_DISABLE))
		return 0;
	ours.ss_sp = stack = mem_alloc(n);
	if (sigaltstack(&ours, NULL) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot set a signal stack of %zu bytes", n);
	return 0;
}

static void drop_stack(void)
{
	const stack_t none = { .ss_flags = SS_DISABLE };

	if (stack)
		(void)sigaltstack(&none, NULL);
	free(stack);
	stack = NULL;
}

int crash_watch(const char *path, struct err *err)
{
	struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (note_fd >= 0)
		BUG("two runs at once in one process");
	note_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (note_fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot write '%s'", path);
	/* "no signal", written over later: its block is there then, also on a disk that has filled up */
	if (write(note_fd, "00\n", 3) != 3 || lseek(note_fd, 0, SEEK_SET) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot write '%s'", path);
	if (add_stack(err) != 0)
		return -1;
	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (sigaction(signals[i], &action, &before[i]) != 0)
			return err_set_sys(err, ERR_IO, errno, "cannot watch for signal %d", signals[i]);
	return 0;
}

void crash_unwatch(const char *path)
{
	if (note_fd < 0)
		return;
	for (size_t i = 0; i < N_SIGNALS; i++)
		(void)sigaction(signals[i], &before[i], NULL);
	drop_stack();
	close(note_fd);
	note_fd = -1;
	(void)unlink(path);
}

int64_t crash_oom_kills(void)
{
	struct strbuf text = STRBUF_INIT(VMSTAT_MAX);
	struct err ignored = ERR_INIT;
	const char *at = NULL;
	int64_t n = -1;

	if (fs_read("/proc/vmstat", &text, &ignored) == 0)
		at = strstr(text.buf, "\noom_kill ");
	if (at)
		n = strtoll(at + strlen("\noom_kill "), NULL, 10);
	strbuf_release(&text);
	return n;
}
