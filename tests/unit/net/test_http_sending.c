/*
 * What has left this machine, and how often: HTTP_NOT_SENT exactly where the server can have read nothing, a paid request at
 * most once. The server's book (tests/server/plain.py) says what it has read.
 */
#include "plain_server.h"

static struct plain server;

/* ---- not sent ----------------------------------------------------------------------------- */

static const struct {
	const char *port, *why; /* why NULL: it depends on the moment */
	enum http_end end;
} breaks[] = {
	{ "closed", "no connection: Connection refused", HTTP_NOT_SENT },
	{ "hangup", NULL, HTTP_NOT_SENT },
	{ "other", "the server's certificate is for another host name", HTTP_NOT_SENT },
	{ "stranger", "the server's certificate is signed by no authority that this machine trusts", HTTP_NOT_SENT },
	{ "shaken", NULL, HTTP_NO_ANSWER }, /* the request may have gone after the handshake */
};

static void check_breaks(void)
{
	for (int is_once = 0; is_once <= 1; is_once++)
		for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
			const struct http_request r = { .method = HTTP_POST, .body = "{}", .is_once = is_once, .user = "key", .password = "s3cret" };
			struct http_answer a;

			ask(&server, breaks[i].port, "/text/breaks?signature=s3cret", &r, &a);
			OK(a.end == breaks[i].end && a.status == 0, "%s: %s (%s)", breaks[i].port, end_name(a.end), a.why);
			if (breaks[i].why)
				IS_TEXT(a.why, breaks[i].why, "  the reason");
			OK(a.why[0] && !strstr(a.why, "s3cret") && !strstr(a.why, "127.0.0.1"), "  without a secret");
			http_answer_release(&a);
		}
	for (int i = 0; i < 10; i++) { /* it depends on the moment: before the request or just after */
		struct http_answer a;

		ask(&server, "reset", "/text/breaks", &(struct http_request){ .method = HTTP_POST, .is_once = true }, &a);
		OK(a.end == HTTP_NOT_SENT || a.end == HTTP_NO_ANSWER, "reset at once: %s (%s)", end_name(a.end), a.why);
		http_answer_release(&a);
	}
	IS_INT(plain_count(&server, "text/breaks"), 0, "the server has read nothing of these");
}

/* TLS hands that are not taken: connected, but the server says nothing. */
static void check_slow_handshake(void)
{
	struct http_request r = { .method = HTTP_POST, .body = "{}", .is_once = true, .connect_ms = 300 };
	const char *plain = plain_url(&server, "plain", "/");
	struct http_answer a;
	char url[128];

	(void)snprintf(url, sizeof url, "https%s", plain + strlen("http")); /* plain.py waits for the end of the headers */
	r.url = url;
	ask_by(server.http, &r, &a);
	OK(a.end == HTTP_NOT_SENT, "a handshake that does not go on: %s (%s)", end_name(a.end), a.why);
	IS_TEXT(a.why, "no connection within 0.3 s", "  the reason");
	http_answer_release(&a);
}

/* Wherever the connection dies: NOT_SENT is only said where the server has read no byte of the request; and it is said often enough. */
static void check_every_byte(void)
{
	int n_not_sent = 0, n_doubtful = 0, n_answered = 0, n_wrong = 0;
	char body[1000];

	memset(body, ' ', sizeof body - 1);
	body[sizeof body - 1] = '\0';
	for (int i = 0; i < 64; i++) {
		const struct http_request r = { .method = HTTP_POST, .body = body, .is_once = true };
		struct http_answer a;
		int before = plain_count(&server, "text/relay"), after;

		ask(&server, "relay", "/text/relay", &r, &a);
		after = plain_count(&server, "text/relay");
		n_not_sent += a.end == HTTP_NOT_SENT;
		n_doubtful += a.end == HTTP_NO_ANSWER || a.end == HTTP_CUT;
		n_answered += a.end == HTTP_ANSWERED;
		n_wrong += a.end == HTTP_NOT_SENT ? after != before : after - before > 1;
		http_answer_release(&a);
	}
	IS_INT(n_wrong, 0, "cut after every 40 bytes: what is said not to be sent was not read, and nothing was read twice");
	OK(n_not_sent >= 5 && n_doubtful >= 5 && n_answered >= 5, "%d not sent, %d doubtful, %d answered", n_not_sent, n_doubtful, n_answered);
}

/* ---- once --------------------------------------------------------------------------------- */

/* A connection that is kept; then the next request on it is read, and the connection closed without a word. */
static int count_on_reused(const char *port, const char *name, bool is_once, struct http_answer *a)
{
	struct http *h = plain_client(&server, 1);
	struct http_request r = { .method = HTTP_GET, .is_once = is_once };
	char path[64];

	(void)snprintf(path, sizeof path, "/text/%s", name);
	r.url = plain_url(&server, port, path);
	ask_by(h, &r, a);
	http_answer_release(a);
	(void)snprintf(path, sizeof path, "/close-after/%s", name);
	r = (struct http_request){ .method = HTTP_POST, .body = "{}", .is_once = is_once, .url = plain_url(&server, port, path) };
	ask_by(h, &r, a);
	http_close(h);
	return plain_count(&server, path + 1);
}

static void check_once(void)
{
	static const char *const ports[] = { "plain", "tls" };
	struct http_answer a;
	int n;

	for (size_t i = 0; i < 2; i++) {
		n = count_on_reused(ports[i], i ? "a" : "b", true, &a);
		OK(n == 1 && a.end == HTTP_NO_ANSWER, "%s: a paid POST is read once: %d (%s)", ports[i], n, a.why);
		http_answer_release(&a);
		n = count_on_reused(ports[i], i ? "c" : "d", false, &a);
		OK(n == 2 && a.end == HTTP_NO_ANSWER, "%s: libcurl sends others again (else this test shows nothing): %d", ports[i], n);
		http_answer_release(&a);
	}
	/* many paid ones in a row, each answered, by a client that keeps connections */
	for (int i = 0; i < 20; i++) {
		ask(&server, "tls", "/text/paid", &(struct http_request){ .method = HTTP_POST, .body = "{}", .is_once = true }, &a);
		http_answer_release(&a);
	}
	IS_INT(plain_count(&server, "text/paid"), 20, "20 paid ones are read 20 times");
	ask(&server, "plain", "/status/once?code=401&WWW-Authenticate=Basic", &(struct http_request){ .method = HTTP_POST, .is_once = true, .user = "a" }, &a);
	OK(a.status == 401, "401 is an answer");
	http_answer_release(&a);
	ask(&server, "plain", "/status/once?code=417", &(struct http_request){ .method = HTTP_POST, .is_once = true, .body = "{}" }, &a);
	OK(a.status == 417, "417 is an answer");
	http_answer_release(&a);
	IS_INT(plain_count(&server, "status/once"), 2, "and nothing was asked again");
}

/* An HTTP/2 server that refuses every stream: libcurl tries such a request again, up to five times, and must not where it is paid. */
static void check_refused_stream(void)
{
	struct http_answer a;
	int n;

	ask(&server, "refusing", "/", &(struct http_request){ .method = HTTP_GET, .stall_ms = 2000 }, &a);
	n = plain_count(&server, ".refusing");
	OK(n > 1 && a.end == HTTP_NO_ANSWER, "a GET is sent again by libcurl: %d streams (%s)", n, a.why);
	http_answer_release(&a);
	ask(&server, "refusing", "/", &(struct http_request){ .method = HTTP_POST, .body = "{}", .is_once = true, .stall_ms = 500 }, &a);
	OK(a.end == HTTP_NO_ANSWER, "a paid POST there: %s", a.why);
	IS_INT(plain_count(&server, ".refusing"), n, "never travels on a stream that could be refused and sent again");
	http_answer_release(&a);
}

/* A connection that the server closed while it was kept: a GET never fails for it. */
static void check_idle_close(void)
{
	int n_good = 0;

	for (int i = 0; i < 20; i++) {
		struct http_answer a;

		ask(&server, i % 2 ? "tls" : "plain", "/idle-close", NULL, &a);
		n_good += a.end == HTTP_ANSWERED;
		http_answer_release(&a);
	}
	IS_INT(n_good, 20, "connections closed by the server while they were kept cost no GET");
}

/* A proxy of the environment gets nothing that is for this machine; for others it stands in the way, and nothing is sent. */
static void check_proxy(void)
{
	struct http_answer a;
	struct http_request r = { .method = HTTP_POST, .body = "{}", .is_once = true, .url = "https://nowhere.invalid/" };
	char proxy[128];

	(void)snprintf(proxy, sizeof proxy, "%s", plain_url(&server, "plain", "")); /* it knows no CONNECT: 404 */
	(void)setenv("https_proxy", proxy, 1);
	(void)setenv("http_proxy", plain_url(&server, "closed", ""), 1);
	(void)unsetenv("no_proxy");
	ask_by(server.http, &r, &a);
	OK(a.end == HTTP_NOT_SENT && a.status == 0, "a proxy that refuses: %s %d (%s)", end_name(a.end), a.status, a.why);
	http_answer_release(&a);
	ask(&server, "tls", "/text", NULL, &a);
	OK(a.status == 200, "no proxy for this machine");
	http_answer_release(&a);
	ask(&server, "plain", "/text", NULL, &a);
	OK(a.status == 200, "nor in the clear");
	http_answer_release(&a);
	(void)unsetenv("https_proxy");
	(void)unsetenv("http_proxy");
}

/* ---- addresses ---------------------------------------------------------------------------- */

static void check_addresses(void)
{
	static const struct {
		const char *url, *host;
		bool is_https, is_loopback;
	} good[] = {
		{ "https://API.Example.com/v1?a=b", "api.example.com", true, false },
		{ "https://example.com:8443", "example.com", true, false },
		{ "http://127.0.0.1:80/x", "127.0.0.1", false, true },
		{ "http://localhost/", "localhost", false, true },
		{ "http://[::1]:9/", "[::1]", false, true },
		{ "http://127.255.0.3/", "127.255.0.3", false, true },
		{ "http://127.0.0.1.example.com/", "127.0.0.1.example.com", false, false },
		{ "http://localhost.example.com/", "localhost.example.com", false, false },
		{ "http://128.0.0.1/", "128.0.0.1", false, false },
	};
	static const char *const bad[] = { "", "example.com", "ftp://example.com/", "file:///etc/passwd", "https://", "https://u:p@example.com/",
					   "https://u@example.com/", "//example.com/", "https://ex ample.com/", "javascript:alert(1)" };
	static const char *const no_loopback[] = { "127.0.0", "127.0.0.256", "127.0.0.1.", "127..0.1", "1127.0.0.1", "127.0.0.1x", "", "::2", "0.0.0.0" };
	char host[64];
	bool is_https;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		OK(http_url_host(good[i].url, &is_https, host, sizeof host) && is_https == good[i].is_https, "%s", good[i].url);
		IS_TEXT(host, good[i].host, "  its host");
		OK(http_host_is_loopback(host) == good[i].is_loopback, "  this machine or not");
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		OK(!http_url_host(bad[i], &is_https, host, sizeof host), "'%s' is no address", bad[i]);
	OK(!http_url_host("https://example.com/", &is_https, host, 11) && http_url_host("https://example.com/", &is_https, host, 12), "a host is never cut");
	for (size_t i = 0; i < sizeof no_loopback / sizeof no_loopback[0]; i++)
		OK(!http_host_is_loopback(no_loopback[i]), "'%s' is not this machine", no_loopback[i]);
}

int main(void)
{
	plain_start(&server);
	check_breaks();
	check_slow_handshake();
	check_every_byte();
	check_once();
	check_refused_stream();
	check_idle_close();
	check_proxy();
	check_addresses();
	plain_stop(&server);
	return tap_done();
}
