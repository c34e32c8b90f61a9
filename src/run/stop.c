/* See stop.h. */
#include "run/stop.h"

#include "run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t level, first_signal;
static int wake[2] = { -1, -1 }; /* a self-pipe: a signal that comes just before poll still ends it */

static void on_signal(int signal)
{
	int saved = errno;

	if (level >= STOP_ABORT)
		_exit(128 + signal); /* the shell's convention; the ledger is safe by construction */
	level = level + 1;
	if (!first_signal)
		first_signal = signal;
	if (write(wake[1], "", 1) < 0) {
		/* a full pipe wakes as well */
	}
	errno = saved;
}

static int make_pipe(struct err *err)
{
	if (wake[0] >= 0)
		return 0;
	if (pipe(wake) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot make a pipe for signals");
	for (int i = 0; i < 2; i++)
		if (fcntl(wake[i], F_SETFL, O_NONBLOCK) != 0 || fcntl(wake[i], F_SETFD, FD_CLOEXEC) != 0)
			return err_set_sys(err, ERR_IO, errno, "cannot set up a pipe for signals");
	return 0;
}

int run_stop_install(struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	/* SA_RESTART: a file that is being written or synced is not cut short; poll ends all the same (signal(7)) */
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART }, old;

	if (make_pipe(err) != 0)
		return -1;
	stop_reset();
	(void)signal(SIGXFSZ, SIG_IGN); /* over `ulimit -f` a write fails and says so; the signal would kill the run */
	(void)sigfillset(&action.sa_mask); /* one at a time */
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		if (signals[i] == SIGHUP && sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		if (sigaction(signals[i], &action, NULL) != 0)
			return err_set_sys(err, ERR_IO, errno, "cannot watch for signal %d", signals[i]);
	}
	return 0;
}

int run_stop_signal(void)
{
	return first_signal;
}

int stop_level(void)
{
	return level;
}

void stop_reset(void)
{
	level = 0;
	first_signal = 0;
}

void stop_wait(int timeout_ms)
{
	struct pollfd fd = { .fd = wake[0], .events = POLLIN };
	char bytes[16];

	if (poll(&fd, 1, timeout_ms) > 0) /* a negative fd is passed over */
		while (read(wake[0], bytes, sizeof bytes) > 0)
			;
}
