#include "cli/events.h"

#include "base/clock.h"
#include "cli/events_inside.h"
#include "cli/print.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRESS_MS 1000  /* between two progress lines */
#define GOODBYE_MS 2000   /* how long a reader may take over what is left when the run has ended */
#define LINE_BEGIN "{\"version\":"

/* ---- opening ---------------------------------------------------------------- */

/* What is appended to must hold events already, or nothing: a slip of the hand is not to spoil a manifest. 1: its last line is cut. */
static int look_into(const char *path, struct err *err)
{
	char head[sizeof LINE_BEGIN] = "", last = '\n';
	struct stat st;
	int fd, rc = 0;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return 0; /* new, or no file */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* not to be read: writing to it says more */
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		if (pread(fd, head, sizeof LINE_BEGIN - 1, 0) < 0 || strcmp(head, LINE_BEGIN) != 0)
			rc = err_set(err, ERR_USAGE, "--events: '%s' is there and holds no events; name a new file, or one from an earlier run", path);
		else if (pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n')
			rc = 1;
	}
	(void)close(fd);
	return rc;
}

/* Opening a FIFO waits for its reader: said first, so that nobody wonders. Opened once only: a reader takes a close for the end. */
static int open_to_write(const char *path)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
	int fd = open(path, flags | O_NONBLOCK, 0666);

	if (fd >= 0 || errno != ENXIO)
		return fd;
	print_message("--events: waiting for a reader of '%s'", path);
	return open(path, flags, 0666);
}

int events_open(struct events *e, const char *path, const struct run_config *config, struct err *err)
{
	int cut;

	*e = (struct events){ .fd = -1, .path = path, .config = config, .pending = STRBUF_INIT(EVENTS_PENDING_MAX), .progress_ms = -1 };
	if (!path)
		return 0;
	if (!strcmp(path, "-")) {
		e->fd = STDOUT_FILENO;
		return 0;
	}
	cut = look_into(path, err);
	if (cut < 0)
		return -1;
	e->fd = open_to_write(path);
	if (e->fd < 0)
		return err_set_sys(err, ERR_USAGE, errno, "--events: cannot write to '%s'", path);
	if (cut)
		strbuf_addc(&e->pending, '\n');
	return 0;
}

void events_close(struct events *e)
{
	if (e->fd >= 0 && e->fd != STDOUT_FILENO)
		(void)close(e->fd);
	strbuf_release(&e->pending);
	e->fd = -1;
}

/* ---- writing ---------------------------------------------------------------- */

static void drop_written(struct strbuf *sb, size_t n)
{
	memmove(sb->buf, sb->buf + n, sb->len - n);
	strbuf_setlen(sb, sb->len - n);
}

static void give_up(struct events *e, int sys_errno)
{
	(void)snprintf(e->trouble, sizeof e->trouble, "--events: cannot write to '%s': %s; the run goes on without them", e->path,
		       sys_errno == EPIPE ? "its reader went away" : strerror(sys_errno));
	e->has_trouble = true;
	if (e->fd != STDOUT_FILENO)
		(void)close(e->fd);
	e->fd = -1;
}

/*
 * As much of what is pending as can be written within timeout_ms. A pipe that polls as writable takes PIPE_BUF bytes
 * without a wait (POSIX), which is why no more is asked of it at once: O_NONBLOCK on standard output would be shared with whoever has it too.
 */
static void flush(struct events *e, int timeout_ms)
{
	int64_t end_ms = clock_monotonic_ms() + timeout_ms;

	while (e->fd >= 0 && e->pending.len > 0) {
		struct pollfd p = { e->fd, POLLOUT, 0 };
		int64_t left_ms = end_ms - clock_monotonic_ms();
		ssize_t n;

		if (poll(&p, 1, left_ms > 0 ? (int)left_ms : 0) <= 0)
			return; /* nobody reads now, or a signal came */
		n = write(e->fd, e->pending.buf, e->pending.len < PIPE_BUF ? e->pending.len : PIPE_BUF);
		if (n > 0)
			drop_written(&e->pending, (size_t)n);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			give_up(e, errno);
	}
}

static void add_lost(struct events *e)
{
	struct strbuf line = STRBUF_INIT(4096);
	struct json_writer w;

	events_begin_line(&w, &line, "lost", clock_unix_ms());
	json_put_int(&w, "lines", e->n_lost);
	json_close(&w);
	strbuf_addc(&line, '\n');
	if (e->pending.len + line.len < EVENTS_PENDING_MAX) {
		strbuf_add(&e->pending, line.buf, line.len);
		e->n_lost = 0;
	}
	strbuf_release(&line);
}

/* The line whole or not at all. */
static void send_line(struct events *e, const struct strbuf *line)
{
	flush(e, 0);
	if (e->n_lost > 0 && e->pending.len < EVENTS_PENDING_MAX / 2)
		add_lost(e); /* not at the first free byte: lost and found would alternate */
	if (e->n_lost > 0 || !strbuf_ok(line) || e->pending.len + line->len > EVENTS_PENDING_MAX)
		e->n_lost++;
	else
		strbuf_add(&e->pending, line->buf, line->len);
	flush(e, 0);
}

/* Progress is told ten times a second; that many lines nobody wants. */
static bool is_due(struct events *e, const struct run_news *news)
{
	int64_t now_ms = news->counts ? news->counts->elapsed_ms : 0;

	if (news->kind != RUN_PROGRESS)
		return true;
	if (!news->counts || (e->progress_ms >= 0 && now_ms - e->progress_ms < PROGRESS_MS))
		return false;
	e->progress_ms = now_ms;
	return true;
}

void events_hear(struct events *e, const struct run_news *news)
{
	struct strbuf line = STRBUF_INIT(EVENTS_PENDING_MAX);

	if (e->fd >= 0 && is_due(e, news)) {
		events_line(&line, e->config, news, clock_unix_ms());
		send_line(e, &line);
	}
	strbuf_release(&line);
}

void events_end(struct events *e, int exit_status, const char *reason, const struct run_counts *counts)
{
	struct strbuf line = STRBUF_INIT(EVENTS_PENDING_MAX);
	struct json_writer w;

	if (e->fd < 0)
		return;
	events_begin_line(&w, &line, "run_ended", clock_unix_ms());
	json_put_int(&w, "exit_status", exit_status);
	json_put_text(&w, "reason", reason);
	events_put_counts(&w, counts);
	json_close(&w);
	strbuf_addc(&line, '\n');
	flush(e, GOODBYE_MS);
	send_line(e, &line);
	flush(e, GOODBYE_MS);
	strbuf_release(&line);
	if (e->fd >= 0 && e->pending.len > 0) {
		(void)snprintf(e->trouble, sizeof e->trouble, "--events: nobody reads '%s' any more; its last lines are left out", e->path);
		e->has_trouble = true;
	}
}

const char *events_trouble(struct events *e)
{
	bool has = e->has_trouble;

	e->has_trouble = false;
	return has ? e->trouble : NULL;
}
