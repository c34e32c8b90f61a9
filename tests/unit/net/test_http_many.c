/*
 * Many at once, waiting in line, cancelled, interrupted, without a resolver, over HTTP/2.
 *
 * The resolver is this file's own: names under .hangs.invalid find out nothing until the test ends, others under .invalid do not exist.
 */
#include "plain_server.h"

#include <netdb.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/time.h>

static struct plain server;
static int resolver_gate[2]; /* a pipe: its end lets go whoever hangs */

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	struct pollfd fd = { .fd = resolver_gate[0], .events = POLLIN };

	(void)service, (void)hints, (void)ret;
	if (node && strstr(node, ".hangs.invalid"))
		(void)poll(&fd, 1, -1);
	return EAI_NONAME;
}

/* ---- many ----------------------------------------------------------------------------------- */

static void check_many(const char *port, int n)
{
	struct http_request r = { .method = HTTP_GET, .url = plain_url(&server, port, "/text"), .total_ms = WAIT_MS };
	char *seen = calloc((size_t)n, 1);
	struct http_answer a;
	struct err err = ERR_INIT;
	int n_good = 0, n_twice = 0;

	for (int i = 0; i < n; i++) {
		r.is_once = i % 10 == 0;
		if (http_begin(server.http, &r, seen + i, &err) != 0)
			OK(0, "begins: %s", err.text);
	}
	IS_INT(http_running(server.http), n, "as many run as were begun");
	while (http_running(server.http) > 0 && http_next(server.http, &a)) {
		do {
			char *tag = a.tag;

			n_good += a.end == HTTP_ANSWERED && !strcmp(a.body.buf, "hello");
			n_twice += *tag;
			*tag = 1;
			http_answer_release(&a);
		} while (http_take(server.http, &a));
	}
	OK(n_good == n && n_twice == 0, "%s: %d requests at once are answered once each: %d", port, n, n_good);
	IS_INT(http_running(server.http), 0, "and none is left");
	free(seen);
}

/* On one connection the last of ten waits for two seconds: that is not its own time. */
static void check_line(void)
{
	struct http *h = plain_client(&server, 1);
	struct http_request r = { .url = plain_url(&server, "plain", "/slow?ms=50"), .total_ms = 1500, .stall_ms = 1000, .connect_ms = 1000 };
	struct http_answer a;
	int n_good = 0;

	for (int i = 0; i < 10; i++)
		n_good -= http_begin(h, &r, NULL, NULL) != 0;
	for (int i = 0; i < 10 && http_next(h, &a); i++) {
		n_good += a.end == HTTP_ANSWERED;
		http_answer_release(&a);
	}
	IS_INT(n_good, 10, "waiting in line for a connection is neither stalled nor late");
	r.url = plain_url(&server, "plain", "/slow?ms=300");
	r.total_ms = 500;
	ask_by(h, &r, &a);
	OK(a.end == HTTP_CUT && a.status == 200, "but an answer that takes longer than allowed is: %s (%s)", end_name(a.end), a.why);
	IS_TEXT(a.why, "it was not over within 0.5 s", "  and says so");
	http_answer_release(&a);
	http_close(h);
}

static void check_cancel(void)
{
	struct http *h = plain_client(&server, 0);
	struct http_request silent = { .url = plain_url(&server, "plain", "/silent"), .stall_ms = 300 };
	struct http_answer a;
	char tags[6];
	int n = 0, n_wrong = 0;

	for (int i = 0; i < 6; i++)
		n_wrong += http_begin(h, &silent, tags + i, NULL) != 0;
	http_cancel(h, tags + 0); /* before anything was sent */
	http_wait(h, 50);
	http_cancel(h, tags + 2);
	http_cancel(h, tags + 3);
	http_cancel(h, &server); /* nobody's */
	IS_INT(http_running(h), 3, "three of six are left");
	while (http_running(h) > 0)
		http_wait(h, WAIT_MS);
	http_cancel(h, tags + 4); /* ended, and not yet taken */
	for (; http_take(h, &a); n++) {
		n_wrong += a.tag != tags + 1 && a.tag != tags + 5;
		http_answer_release(&a);
	}
	OK(n == 2 && n_wrong == 0, "the cancelled ones are never answered: %d", n);
	n_wrong += http_begin(h, &silent, tags, NULL) != 0;
	http_wait(h, 50);
	http_close(h);
	OK(n_wrong == 0, "closing drops what is under way");
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void on_alarm(int signal)
{
	(void)signal;
}

static int64_t wait_with_signal(struct http *h)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 100000 } };
	const int64_t begun_ms = clock_monotonic_ms();

	(void)setitimer(ITIMER_REAL, &soon, NULL);
	http_wait(h, WAIT_MS);
	return clock_monotonic_ms() - begun_ms;
}

static double cpu_s(void)
{
	struct rusage use;

	(void)getrusage(RUSAGE_SELF, &use);
	return (double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void check_waiting(void)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART }, old;
	struct http *h = plain_client(&server, 500);
	struct http_request silent = { .url = plain_url(&server, "plain", "/silent"), .stall_ms = WAIT_MS };
	int64_t begun_ms, ms;
	double cpu;
	int n = 0;

	(void)sigaction(SIGALRM, &action, &old);
	ms = wait_with_signal(h);
	OK(ms >= 50 && ms < 3000, "a signal ends a wait for nothing: %d ms", (int)ms);
	for (int i = 0; i < 2000; i++)
		n += http_begin(h, &silent, NULL, NULL) == 0;
	for (begun_ms = clock_monotonic_ms(); clock_monotonic_ms() - begun_ms < 1500;)
		http_wait(h, 100); /* all that can be are connected */
	OK(n == 2000 && http_running(h) == 2000, "2,000 wait, 500 of them on a connection of their own");
	ms = wait_with_signal(h);
	OK(ms < 3000, "a signal ends a wait for many: %d ms", (int)ms);
	(void)sigaction(SIGALRM, &old, NULL);
	begun_ms = clock_monotonic_ms();
	cpu = cpu_s();
	for (int i = 0; i < 10; i++)
		http_wait(h, 50);
	cpu = cpu_s() - cpu;
	ms = clock_monotonic_ms() - begun_ms;
	OK(ms >= 500, "a wait lasts as long as asked for where nothing comes: %d ms", (int)ms);
	OK(cpu < 0.1, "and costs little: %.4f s of processor in half a second", cpu);
	http_close(h);
}

/* ---- no resolver ---------------------------------------------------------------------------- */

static void check_resolver(void)
{
	struct http_request r = { .method = HTTP_POST, .body = "{}", .is_once = true, .url = "https://nowhere.invalid/s3cret" };
	struct http *h = plain_client(&server, 0);
	struct http_answer a;
	int64_t begun_ms;
	int n = 0;

	ask_by(h, &r, &a);
	OK(a.end == HTTP_NOT_SENT && a.status == 0, "a name that does not exist: %s", end_name(a.end));
	IS_TEXT(a.why, "the host name could not be resolved", "  the reason");
	http_answer_release(&a);

	begun_ms = clock_monotonic_ms();
	r.connect_ms = 200;
	for (int i = 0; i < 20; i++) { /* more than connections: some wait in line */
		r.is_once = i % 2;
		r.url = i % 3 ? "https://a.hangs.invalid/" : "https://b.hangs.invalid/";
		n -= http_begin(h, &r, NULL, NULL) != 0;
	}
	while (http_running(h) > 0 && http_next(h, &a)) {
		n += a.end == HTTP_NOT_SENT && !strcmp(a.why, "no connection within 0.2 s");
		http_answer_release(&a);
	}
	while (http_take(h, &a)) {
		n += a.end == HTTP_NOT_SENT && !strcmp(a.why, "no connection within 0.2 s");
		http_answer_release(&a);
	}
	IS_INT(n, 20, "a resolver that never answers: nothing was sent");
	r.connect_ms = 60000;
	n = http_begin(h, &r, NULL, NULL);
	http_wait(h, 50);
	http_close(h);
	begun_ms = clock_monotonic_ms() - begun_ms;
	OK(n == 0 && begun_ms < 10000, "and nobody waits for it, not even the end: %d ms", (int)begun_ms);
}

/* ---- HTTP/2 --------------------------------------------------------------------------------- */

/* Downloads and an upload side by side on one connection. */
static void check_http2_files(void)
{
	char names[5][96];
	struct http_answer a;
	struct http_request get = { .url = plain_url(&server, "front", "/file"), .save_max = 300000 };
	struct http_request put = { .url = plain_url(&server, "front", "/echo"), .method = HTTP_PUT, .file = names[0], .n_bytes = 300000 };
	int n_begun = 0, n_whole = 0, n_cut = 0;

	for (int i = 0; i < 5; i++)
		(void)snprintf(names[i], sizeof names[i], "%s/saved-%d", server.folder, i);
	get.save_to = names[0];
	ask_by(server.http, &get, &a);
	http_answer_release(&a);
	for (int i = 1; i < 5; i++) {
		get.save_to = names[i];
		get.url = plain_url(&server, "front", i == 4 ? "/file?cut=200000" : "/file");
		n_begun += http_begin(server.http, &get, NULL, NULL) == 0;
	}
	n_begun += http_begin(server.http, &put, &put, NULL) == 0;
	for (int i = 0; i < n_begun && http_next(server.http, &a); i++) {
		n_cut += a.end == HTTP_CUT && a.status == 200 && a.n_saved <= 200000;
		n_whole += a.end == HTTP_ANSWERED && (a.tag ? a.body.len > 300000 && strstr(a.body.buf, "PUT ") : a.n_saved == 300000);
		http_answer_release(&a);
	}
	OK(n_begun == 5 && n_whole == 4 && n_cut == 1, "over HTTP/2: %d files are whole, %d is cut and says so", n_whole, n_cut);
}

static void check_http2(void)
{
	struct http_request r = { .url = plain_url(&server, "front", "/echo") };
	struct http_answer a;
	int n_shared = 0, n_once = 0, n_begun = 0;

	if (strstr(server.ports, "front=0")) {
		SKIP("nghttpx is not here");
		return;
	}
	for (int i = 0; i < 400; i++) {
		r.is_once = i % 8 == 0;
		r.method = r.is_once ? HTTP_POST : HTTP_GET;
		n_begun += http_begin(server.http, &r, NULL, NULL) == 0;
	}
	while (http_running(server.http) > 0)
		http_wait(server.http, WAIT_MS);
	while (http_take(server.http, &a)) {
		n_shared += a.end == HTTP_ANSWERED && strstr(a.body.buf, "GET ") && strstr(a.body.buf, "via: 2 nghttpx");
		n_once += a.end == HTTP_ANSWERED && strstr(a.body.buf, "POST ") && strstr(a.body.buf, "via: 1.1 nghttpx");
		http_answer_release(&a);
	}
	OK(n_begun == 400 && n_shared == 350, "%d GETs over HTTP/2", n_shared);
	IS_INT(n_once, 50, "50 paid POSTs between them, each on a connection of HTTP/1.1");
	check_http2_files();
	ask(&server, "plain", "/front-off", NULL, &a);
	http_answer_release(&a);
	ask(&server, "front", "/text", &(struct http_request){ .method = HTTP_POST, .is_once = true }, &a);
	OK(a.end == HTTP_NOT_SENT, "when it is gone: %s (%s)", end_name(a.end), a.why);
	http_answer_release(&a);
}

int main(void)
{
	if (pipe(resolver_gate) != 0)
		return 1;
	plain_start(&server);
	check_many("plain", 500);
	check_many("tls", 500);
	check_line();
	check_cancel();
	check_waiting();
	check_resolver();
	check_http2();
	plain_stop(&server);
	(void)close(resolver_gate[1]); /* lets the look-ups go */
	return tap_done();
}
