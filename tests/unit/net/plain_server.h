/*
 * plain_server.h: tests/server/plain.py for a test of net/http, and asking it one thing at a time.
 *
 *   struct plain s; plain_start(&s); ... ask(&s, "plain", "/text", NULL, &answer) ... plain_stop(&s);
 *
 * It listens on 127.0.0.1 and ends with the test, for then its stdin is closed.
 */
#ifndef TESTS_PLAIN_SERVER_H
#define TESTS_PLAIN_SERVER_H

#include "base/clock.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "net/http.h"

#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define WAIT_MS 20000 /* no answer of a test may take longer */

struct plain {
	char folder[64]; /* certificates; for the test's own files too */
	char ca_file[96];
	char ports[512]; /* "plain=123 tls=456 ..." */
	pid_t pid;
	int server_in;
	struct http *http;
};

static inline pid_t plain_spawn(char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	(void)posix_spawn_file_actions_init(&actions);
	if (in >= 0)
		(void)posix_spawn_file_actions_adddup2(&actions, in, 0);
	if (out >= 0)
		(void)posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
		pid = -1;
	(void)posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static inline void plain_make_certificates(struct plain *s)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "tests/server/certificates.sh" }, s->folder, NULL };
	int status = -1;
	pid_t pid = plain_spawn(argv, -1, -1);

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		printf("Bail out! certificates.sh failed (is openssl there?)\n");
		exit(1);
	}
	(void)snprintf(s->ca_file, sizeof s->ca_file, "%s/ca.pem", s->folder);
}

/* A client of its own settings; the test closes it. */
static inline struct http *plain_client(const struct plain *s, int n_connections)
{
	const struct http_config config = { .user_agent = "mgbatch/test", .ca_file = s->ca_file, .n_connections = n_connections };
	struct err err = ERR_INIT;
	struct http *h = NULL;

	if (http_open(&h, &config, &err) != 0) {
		printf("Bail out! http_open: %s\n", err.text);
		exit(1);
	}
	return h;
}

static inline void plain_start(struct plain *s)
{
	char *argv[] = { (char[]){ "python3" }, (char[]){ "tests/server/plain.py" }, s->folder, NULL };
	int in[2], out[2];
	ssize_t got, len = 0;

	(void)snprintf(s->folder, sizeof s->folder, "%s/mgbatch-http-XXXXXX", getenv("TMPDIR") && strlen(getenv("TMPDIR")) < 30 ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(s->folder) || pipe(in) != 0 || pipe(out) != 0)
		exit(1);
	(void)fcntl(in[1], F_SETFD, FD_CLOEXEC); /* else the server holds its own stdin open */
	plain_make_certificates(s);
	s->pid = plain_spawn(argv, in[0], out[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	s->server_in = in[1];
	while (len < (ssize_t)sizeof s->ports - 1 && !memchr(s->ports, '\n', (size_t)len)) {
		got = read(out[0], s->ports + len, sizeof s->ports - 1 - (size_t)len);
		if (s->pid < 0 || got <= 0) {
			printf("Bail out! tests/server/plain.py does not start (is python3 there?)\n");
			exit(1);
		}
		len += got;
	}
	(void)close(out[0]);
	s->ports[len] = '\0';
	s->http = plain_client(s, 0);
}

static inline void plain_stop(struct plain *s)
{
	char *argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, s->folder, NULL };
	int status;
	pid_t pid;

	http_close(s->http);
	(void)close(s->server_in);
	(void)waitpid(s->pid, &status, 0);
	pid = plain_spawn(argv, -1, -1);
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
}

/* "http(s)://127.0.0.1:port/path", in one of eight buffers by turns. */
static inline const char *plain_url(const struct plain *s, const char *port, const char *path)
{
	static char urls[8][512];
	static int turn;
	char *url = urls[turn++ % 8], name[32];
	const char *found;
	int is_plain = !strcmp(port, "plain") || !strcmp(port, "reset") || !strcmp(port, "closed");

	(void)snprintf(name, sizeof name, "%s=", port);
	found = strstr(s->ports, name);
	if (!found) {
		printf("Bail out! no port '%s'\n", port);
		exit(1);
	}
	found += strlen(name);
	(void)snprintf(url, 512, "%s://127.0.0.1:%.*s%s", is_plain ? "http" : "https", (int)strspn(found, "0123456789"), found, path);
	return url;
}

/* The next answer, whosever it is; 0: none came in time. */
static inline int http_next(struct http *h, struct http_answer *ret)
{
	const int64_t until_ms = clock_monotonic_ms() + WAIT_MS;

	while (!http_take(h, ret)) {
		int64_t left_ms = until_ms - clock_monotonic_ms();

		if (left_ms <= 0)
			return 0;
		http_wait(h, (int)left_ms);
	}
	return 1;
}

/* Asks by h and waits for the answer, which the test releases. */
static inline void ask_by(struct http *h, struct http_request *r, struct http_answer *ret)
{
	struct err err = ERR_INIT;

	memset(ret, 0, sizeof *ret);
	strbuf_init(&ret->body, 0);
	if (http_begin(h, r, r, &err) != 0)
		OK(0, "a request begins: %s", err.text);
	else if (!http_next(h, ret))
		OK(0, "a request ends");
}

static inline void ask(const struct plain *s, const char *port, const char *path, const struct http_request *like, struct http_answer *ret)
{
	struct http_request r = { .method = HTTP_GET };

	if (like)
		r = *like;
	r.url = plain_url(s, port, path);
	ask_by(s->http, &r, ret);
}

/* How many requests the server has read for /name. */
static inline int plain_count(const struct plain *s, const char *name)
{
	struct http_answer a;
	char path[128];
	int n;

	(void)snprintf(path, sizeof path, "/book/%s", name);
	ask(s, "plain", path, NULL, &a);
	n = a.end == HTTP_ANSWERED ? (int)strtol(a.body.buf, NULL, 10) : -1;
	http_answer_release(&a);
	return n;
}

static inline const char *end_name(enum http_end end)
{
	static const char *const names[] = { "ANSWERED", "CUT", "NO_ANSWER", "NOT_SENT", "TOO_LARGE", "DISK" };

	return names[end];
}

#endif
