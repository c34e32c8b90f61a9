/* What comes back: whole, cut, none, too large, to a file; against a server that misbehaves to order (tests/server/plain.py). */
#include "base/fs.h"

#include "plain_server.h"

#include <sys/resource.h>
#include <sys/stat.h>

#define FILE_SIZE 300000 /* plain.py's */

static struct plain server;

/* ---- how each thing ends ---------------------------------------------------------------- */

static const struct {
	const char *port, *path;
	enum http_method method;
	enum http_end end;
	int status;
	const char *body, *why;
} ends[] = {
	{ "plain", "/text", HTTP_GET, HTTP_ANSWERED, 200, "hello", "" },
	{ "tls", "/text", HTTP_GET, HTTP_ANSWERED, 200, "hello", "" },
	{ "plain", "/status?code=204", HTTP_GET, HTTP_ANSWERED, 204, "", "" },
	{ "plain", "/status?code=404", HTTP_POST, HTTP_ANSWERED, 404, "said", "" },
	{ "plain", "/status?code=500", HTTP_POST, HTTP_ANSWERED, 500, "said", "" },
	{ "plain", "/status?code=401&WWW-Authenticate=Basic", HTTP_POST, HTTP_ANSWERED, 401, "said", "" },
	{ "plain", "/status?code=417", HTTP_POST, HTTP_ANSWERED, 417, "said", "" },
	{ "plain", "/redirect", HTTP_GET, HTTP_ANSWERED, 302, "", "" },
	{ "plain", "/slow?ms=30", HTTP_GET, HTTP_ANSWERED, 200, "slow", "" },
	{ "plain", "/long-body", HTTP_GET, HTTP_ANSWERED, 200, "hello", "" },
	{ "plain", "/unread", HTTP_POST, HTTP_ANSWERED, 400, "no", "" },
	{ "plain", "/cut?n=3", HTTP_GET, HTTP_CUT, 200, "xxx", "the connection was closed before the answer was whole" },
	{ "tls", "/cut?n=3", HTTP_GET, HTTP_CUT, 200, "xxx", NULL },
	{ "plain", "/cut?n=0&code=500", HTTP_POST, HTTP_CUT, 500, "", "the connection was closed before the answer was whole" },
	{ "plain", "/cut?n=3&reset=1", HTTP_GET, HTTP_CUT, 200, "xxx", "the connection broke" },
	{ "plain", "/chunks", HTTP_GET, HTTP_CUT, 200, NULL, NULL },
	{ "plain", "/stall", HTTP_GET, HTTP_CUT, 200, NULL, "no byte came or went for 0.4 s" },
	{ "plain", "/close-after", HTTP_GET, HTTP_NO_ANSWER, 0, "", "the connection was closed before an answer came" },
	{ "plain", "/close-after", HTTP_POST, HTTP_NO_ANSWER, 0, "", "the connection was closed before an answer came" },
	{ "plain", "/reset-after", HTTP_POST, HTTP_NO_ANSWER, 0, "", "the connection broke" },
	{ "plain", "/silent", HTTP_POST, HTTP_NO_ANSWER, 0, "", "no byte came or went for 0.4 s" },
	{ "plain", "/early", HTTP_POST, HTTP_NO_ANSWER, 0, "", NULL },
	{ "plain", "/garbage", HTTP_GET, HTTP_NO_ANSWER, 0, "", "what came back is no HTTP answer" },
	{ "plain", "/flood", HTTP_GET, HTTP_TOO_LARGE, 200, "", "the headers of the answer are larger than 256 KiB" },
	{ "plain", "/endless", HTTP_GET, HTTP_TOO_LARGE, 200, NULL, "the answer is larger than 100000 bytes" },
};

static void check_ends(void)
{
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		const bool stalls = ends[i].why && strstr(ends[i].why, "no byte");
		const struct http_request like = { .method = ends[i].method, .body = "{}", .stall_ms = stalls ? 400 : WAIT_MS, .body_max = 100000 };
		struct http_answer a;

		ask(&server, ends[i].port, ends[i].path, &like, &a);
		OK(a.end == ends[i].end && a.status == ends[i].status, "%s %s: %s %d (%s)", ends[i].port, ends[i].path, end_name(ends[i].end),
		   ends[i].status, a.why);
		if (a.end != ends[i].end || a.status != ends[i].status)
			printf("#  got: %s %d\n", end_name(a.end), a.status);
		if (ends[i].body)
			IS_TEXT(a.body.buf, ends[i].body, "  its body");
		if (ends[i].why)
			IS_TEXT(a.why, ends[i].why, "  the reason");
		else
			OK(a.why[0], "  some reason");
		http_answer_release(&a);
	}
}

/* ---- what is sent ----------------------------------------------------------------------- */

static void check_sent(void)
{
	struct http_request r = { .method = HTTP_POST, .body = "{\"a\":1}", .user = "key", .password = "secret" };
	struct http_answer a;
	char path[128];
	FILE *f;

	ask(&server, "plain", "/echo?x=%2F", &r, &a);
	OK(strstr(a.body.buf, "authorization: Basic a2V5OnNlY3JldA==\n"), "user and password are sent");
	OK(strstr(a.body.buf, "content-type: application/json\n") && strstr(a.body.buf, "\n\n{\"a\":1}"), "a POST sends its JSON");
	OK(strstr(a.body.buf, "user-agent: mgbatch/test\n"), "it says who it is");
	OK(!strstr(a.body.buf, "expect:"), "it waits for no 100 Continue");
	http_answer_release(&a);

	r = (struct http_request){ .method = HTTP_POST };
	ask(&server, "plain", "/echo", &r, &a);
	OK(strstr(a.body.buf, "content-length: 0\n"), "a POST without a body says so");
	OK(!strstr(a.body.buf, "authorization"), "no credentials where none are given");
	http_answer_release(&a);

	(void)snprintf(path, sizeof path, "%s/source", server.folder);
	f = fopen(path, "w");
	for (int i = 0; f && i < 200000; i++)
		(void)fputc('a' + i % 26, f);
	(void)fclose(f);
	r = (struct http_request){ .method = HTTP_PUT, .file = path, .offset = 26, .n_bytes = 150000, .content_type = "audio/flac" };
	ask(&server, "plain", "/echo", &r, &a);
	OK(strstr(a.body.buf, "PUT HTTP/1.1\n") && strstr(a.body.buf, "content-length: 150000\n") && strstr(a.body.buf, "content-type: audio/flac\n"),
	   "a PUT says how long and what it is");
	OK(strstr(a.body.buf, "\n\nabcdef") && a.body.len > 150000 && a.body.buf[a.body.len - 1] == 'a' + (26 + 150000 - 1) % 26,
	   "and sends that part of the file");
	http_answer_release(&a);
	r.content_type = NULL;
	r.n_bytes = 0;
	ask(&server, "plain", "/echo", &r, &a);
	OK(a.end == HTTP_ANSWERED && !strstr(a.body.buf, "content-type"), "a PUT of nothing, without a type");
	http_answer_release(&a);
}

static void check_refused(void)
{
	static const struct {
		struct http_request r;
		enum err_code code;
		const char *say;
	} bad[] = {
		{ { .url = "http://example.invalid/a?sig=s3cret" }, ERR_USAGE, "'example.invalid'" },
		{ { .url = "http://127.0.0.1.example.invalid/?sig=s3cret" }, ERR_USAGE, "plain http" },
		{ { .url = "ftp://127.0.0.1/s3cret" }, ERR_USAGE, "https://" },
		{ { .url = "file:///etc/hostname" }, ERR_USAGE, "https://" },
		{ { .url = "https://user:s3cret@example.invalid/" }, ERR_USAGE, "user name" },
		{ { .url = "https://exa mple.invalid/s3cret" }, ERR_USAGE, "https://" },
		{ { .url = "https://example.invalid/s3cret\r\nX: y" }, ERR_USAGE, "https://" },
		{ { .url = "example.invalid/s3cret" }, ERR_USAGE, "https://" },
		{ { .url = "" }, ERR_USAGE, "https://" },
		{ { .url = "https://127.0.0.1/", .method = HTTP_PUT, .file = "/nowhere/file" }, ERR_IO, "/nowhere/file" },
		{ { .url = "https://127.0.0.1/", .method = HTTP_PUT, .file = "Makefile", .offset = 1, .n_bytes = 1 << 30 }, ERR_IO, "changed" },
		{ { .url = "https://127.0.0.1/", .method = HTTP_PUT, .file = "Makefile", .content_type = "a\r\nX: y" }, ERR_USAGE, "'127.0.0.1'" },
		{ { .url = "https://127.0.0.1/", .save_to = "/nowhere/file" }, ERR_IO, "/nowhere/file" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct err err = ERR_INIT;

		OK(http_begin(server.http, &bad[i].r, NULL, &err) == -1 && err.code == bad[i].code && strstr(err.text, bad[i].say), "refused: %s", err.text);
		OK(!strstr(err.text, "s3cret"), "without a secret");
	}
	IS_INT(http_running(server.http), 0, "nothing runs");
}

/* ---- headers ------------------------------------------------------------------------------ */

static void check_headers(void)
{
	static const struct {
		const char *path;
		int64_t least_ms, most_ms;
	} waits[] = {
		{ "/status?code=429", -1, -1 },
		{ "/status?code=429&Retry-After=7", 7000, 7000 },
		{ "/status?code=503&Retry-After=0", 0, 0 },
		{ "/status?code=429&retry-after-ms=1500", 1500, 1500 },
		{ "/status?code=429&Retry-After=1&retry-after-ms=1500", 1500, 1500 },
		{ "/status?code=429&Retry-After=2&Retry-After-Ms=1500.5", 2000, 2000 },
		{ "/status?code=429&Retry-After=soon", -1, -1 },
		{ "/status?code=429&Retry-After=-5", -1, -1 },
		{ "/status?code=429&Retry-After=99999999999999999999", 86400000, 86400000 },
		{ "/date?in=100", 97000, 101000 },
		{ "/date?in=-100", 0, 0 },
	};
	struct http_answer a;

	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
		ask(&server, "plain", waits[i].path, NULL, &a);
		OK(a.retry_after_ms >= waits[i].least_ms && a.retry_after_ms <= waits[i].most_ms, "%s: %lld ms", waits[i].path, (long long)a.retry_after_ms);
		http_answer_release(&a);
	}
	ask(&server, "plain", "/text", NULL, &a);
	IS_TEXT(a.content_type, "text/plain", "the content type, in lower case, alone");
	IS_TEXT(a.etag, "\"v1\"", "the tag");
	IS_INT(a.n_whole, 5, "the length that the headers say");
	http_answer_release(&a);
	ask(&server, "plain", "/status?code=200&ETag=W/%22weak%22", NULL, &a);
	IS_TEXT(a.etag, "", "a weak tag says nothing");
	http_answer_release(&a);
}

/* ---- files -------------------------------------------------------------------------------- */

static char *target(void)
{
	static char path[128];

	(void)snprintf(path, sizeof path, "%s/saved", server.folder);
	return path;
}

/* The saved file is plain.py's FILE up to len bytes. */
static int is_saved(int64_t len)
{
	struct strbuf sb = STRBUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	int same = fs_read(target(), &sb, &err) == 0 && (int64_t)sb.len == len;

	for (int64_t i = 0; same && i < len; i++)
		same = (unsigned char)sb.buf[i] == (i * 7 + i / 251) % 256;
	strbuf_release(&sb);
	return same;
}

static const struct {
	const char *name, *path;
	int64_t resume_at, save_max;
	const char *if_range;
	enum http_end end;
	int status;
	int64_t n_saved, n_whole;
} saves[] = { /* in this order: what one leaves the next finds */
	{ "a whole file", "/file", 0, FILE_SIZE, NULL, HTTP_ANSWERED, 200, FILE_SIZE, FILE_SIZE },
	{ "a cut one", "/file?cut=100001", 0, FILE_SIZE, NULL, HTTP_CUT, 200, 100001, FILE_SIZE },
	{ "and its rest, cut again", "/file?cut=50000", 100001, FILE_SIZE, "\"v1\"", HTTP_CUT, 206, 150001, FILE_SIZE },
	{ "and its rest", "/file", 150001, FILE_SIZE, "\"v1\"", HTTP_ANSWERED, 206, FILE_SIZE, FILE_SIZE },
	{ "nothing is left", "/file", FILE_SIZE, FILE_SIZE, NULL, HTTP_ANSWERED, 416, FILE_SIZE, FILE_SIZE },
	{ "a shorter beginning is kept", "/file?cut=10", 20, FILE_SIZE, NULL, HTTP_CUT, 206, 30, FILE_SIZE },
	{ "another part than asked for", "/file?shift=1", 30, FILE_SIZE, NULL, HTTP_CUT, 206, 30, FILE_SIZE },
	{ "the file has changed: from its beginning", "/file?etag=%22v2%22", 30, FILE_SIZE, "\"v1\"", HTTP_ANSWERED, 200, FILE_SIZE, FILE_SIZE },
	{ "the server knows no Range, and is cut", "/file?plain=1&cut=10", 1000, FILE_SIZE, NULL, HTTP_CUT, 200, 10, FILE_SIZE },
	{ "the server knows no Range", "/file?plain=1", 10, FILE_SIZE, NULL, HTTP_ANSWERED, 200, FILE_SIZE, FILE_SIZE },
	{ "gone: the file stays", "/status?code=404", 1000, FILE_SIZE, NULL, HTTP_ANSWERED, 404, 1000, 4 },
	{ "larger than allowed, as it says itself", "/file", 1000, FILE_SIZE - 1, NULL, HTTP_TOO_LARGE, 206, 1000, FILE_SIZE },
	{ "a terabyte", "/huge", 0, FILE_SIZE, NULL, HTTP_TOO_LARGE, 200, 0, 1000000000000 },
};

static void check_files(void)
{
	struct http_answer a;
	struct http_request r;

	for (size_t i = 0; i < sizeof saves / sizeof saves[0]; i++) {
		r = (struct http_request){ .save_to = target(), .resume_at = saves[i].resume_at, .save_max = saves[i].save_max, .if_range = saves[i].if_range };
		ask(&server, "plain", saves[i].path, &r, &a);
		OK(a.end == saves[i].end && a.status == saves[i].status, "%s: %s %d (%s)", saves[i].name, end_name(a.end), a.status, a.why);
		OK(a.n_saved == saves[i].n_saved && a.n_whole == saves[i].n_whole && is_saved(saves[i].n_saved), "  %lld of %lld bytes are there",
		   (long long)a.n_saved, (long long)a.n_whole);
		OK(a.status == 404 ? !strcmp(a.body.buf, "said") : a.body.len == 0, "  and in memory only what is no file");
		http_answer_release(&a);
	}
	r = (struct http_request){ .save_to = target(), .save_max = 200000 };
	ask(&server, "plain", "/endless", &r, &a);
	OK(a.end == HTTP_TOO_LARGE && a.n_saved <= 200000, "a file that says no length ends at what is allowed: %s", a.why);
	IS_TEXT(a.why, "the answer is larger than 200000 bytes", "  and says so");
	http_answer_release(&a);
	r = (struct http_request){ .save_to = target(), .resume_at = 1000000, .save_max = 2000000 };
	r.url = plain_url(&server, "plain", "/file");
	OK(http_begin(server.http, &r, NULL, NULL) == -1, "bytes that are not there cannot be gone on from");
}

/* A disk that takes 64 KiB a file. */
static void check_full_disk(void)
{
	const struct http_request r = { .save_to = target(), .save_max = FILE_SIZE };
	struct rlimit old, limit;
	struct http_answer a;

	(void)signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 65536;
	(void)setrlimit(RLIMIT_FSIZE, &limit);
	ask(&server, "plain", "/file", &r, &a);
	(void)setrlimit(RLIMIT_FSIZE, &old);
	OK(a.end == HTTP_DISK && a.sys_errno == EFBIG && a.status == 200, "a disk that takes no more: %s", a.why);
	OK(a.n_saved == 65536 && is_saved(65536), "what could be written is there");
	http_answer_release(&a);
	if (access("/dev/full", W_OK) != 0)
		return;
	ask(&server, "plain", "/file", &(struct http_request){ .save_to = "/dev/full", .save_max = FILE_SIZE }, &a);
	OK(a.end == HTTP_DISK && a.sys_errno == ENOSPC, "a full disk: %s", a.why);
	http_answer_release(&a);
}

static void check_short_source(void)
{
	struct http_request r = { .method = HTTP_PUT, .file = target(), .n_bytes = 200000, .url = plain_url(&server, "plain", "/echo") };
	struct http_answer a;
	struct err err = ERR_INIT;

	ask(&server, "plain", "/file", &(struct http_request){ .save_to = target(), .save_max = FILE_SIZE }, &a);
	http_answer_release(&a);
	OK(http_begin(server.http, &r, NULL, &err) == 0, "a PUT begins");
	OK(truncate(target(), 1000) == 0 && http_next(server.http, &a), "its file is cut meanwhile");
	OK(a.end == HTTP_DISK && a.sys_errno != 0, "a PUT whose file has become shorter: %s", a.why);
	http_answer_release(&a);
}

/* None is followed; where one leads is said whole. */
static void check_redirects(void)
{
	static const struct {
		const char *path, *want; /* at the same server unless it begins with http; NULL: none */
	} rows[] = {
		{ "/status?code=302&Location=/text", "/text" },
		{ "/status?code=307&Location=other%3FSignature%3Dx", "/other?Signature=x" },
		{ "/status?code=301&Location=https://far.example/a/b%3Fq%3D1", "https://far.example/a/b?q=1" },
		{ "/status?code=308&Location=//far.example/x", "http://far.example/x" },
		{ "/status?code=302", NULL },
		{ "/status?code=200&Location=/text", NULL },
		{ "/status?code=404&Location=/text", NULL },
	};
	int n_text = plain_count(&server, "text");

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_answer a;
		const char *want = rows[i].want && rows[i].want[0] == '/' ? plain_url(&server, "plain", rows[i].want) : rows[i].want;

		ask(&server, "plain", rows[i].path, NULL, &a);
		if (!want)
			OK(!a.location, "%s leads nowhere", rows[i].path);
		else
			IS_TEXT(a.location, want, rows[i].path);
		http_answer_release(&a);
	}
	IS_INT(plain_count(&server, "text"), n_text, "and nobody went there");
}

/* A redirect of a request that saves leaves the file as it was; while a file comes it can be looked at. */
static void check_look(void)
{
	struct http_request r = { .save_to = target(), .save_max = FILE_SIZE, .url = plain_url(&server, "plain", "/file") };
	struct http_look look = { .n_saved = -1 };
	struct http_answer a;
	struct err err = ERR_INIT;
	bool was_seen = false;

	ask(&server, "plain", "/file", &r, &a);
	IS_INT(a.n_saved, FILE_SIZE, "a file is there");
	http_answer_release(&a);
	ask(&server, "plain", "/status?code=302&Location=/file", &(struct http_request){ .save_to = target(), .save_max = FILE_SIZE, .resume_at = 1000 }, &a);
	OK(a.status == 302 && a.location && a.n_saved == 1000, "a redirect writes nothing to it");
	http_answer_release(&a);
	OK(!http_look(server.http, &r, &look), "what has not begun cannot be looked at");
	if (!OK(http_begin(server.http, &r, &r, &err) == 0, "it begins %s", err.text))
		return;
	OK(http_look(server.http, &r, &look) && look.n_saved == 0 && !*look.etag, "nothing has come");
	while (!http_take(server.http, &a)) {
		http_wait(server.http, 1000);
		was_seen |= http_look(server.http, &r, &look) && look.n_saved > 0 && !strcmp(look.etag, "\"v1\"");
	}
	OK(was_seen || look.n_saved == 0, "its bytes and its etag are seen while it comes, or it came all at once");
	http_answer_release(&a);
	OK(!http_look(server.http, &r, &look), "and not afterwards");
}

int main(void)
{
	plain_start(&server);
	check_ends();
	check_sent();
	check_refused();
	check_headers();
	check_files();
	check_full_disk();
	check_short_source();
	check_redirects();
	check_look();
	plain_stop(&server);
	return tap_done();
}
