/* See crash.h. */
#define _XOPEN_SOURCE 700 /* SA_ONSTACK stands in POSIX under its XSI option */

#include "run/crash.h"

#include "base/fs.h"
#include "base/strbuf.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_MAX 64            /* a number and a newline, with room to spare */
#define VMSTAT_MAX (256u << 10) /* a few KiB on every kernel so far */

static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
#define N_SIGNALS (sizeof signals / sizeof signals[0])

/* What the handler needs; see stop.h for why these are not in a struct. */
static int note_fd = -1;
static struct sigaction before[N_SIGNALS];
static struct signal_stack stack; /* an overflow of the first thread leaves no room for a handler; threads of ours have their own */

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

int crash_watch(const char *path, struct err *err)
{
	struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	int failed;

	if (note_fd >= 0)
		BUG("two runs at once in one process");
	note_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (note_fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot write '%s'", path);
	/* "no signal", written over later: its block is there then, also on a disk that has filled up */
	failed = fs_write_all(note_fd, "00\n", 3);
	if (!failed && lseek(note_fd, 0, SEEK_SET) != 0)
		failed = errno;
	if (failed)
		return err_set_sys(err, ERR_IO, failed, "cannot write '%s'", path);
	failed = signal_stack_add(&stack);
	if (failed)
		return err_set_sys(err, ERR_MEMORY, failed, "cannot set a signal stack");
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
	signal_stack_drop(&stack);
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
