/* Starting and stopping the browser, and its messages. What tests do with a page is in page.c. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "chromium_inside.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS 60000  /* the longest a machine under load may take for an answer */
#define GOODBYE_MS 10000 /* for closing by itself, before it is killed */

_Noreturn void chromium_bail(struct chromium *b, const char *what, const char *detail)
{
	printf("Bail out! %s: %.2000s\n", what, detail);
	fflush(stdout);
	chromium_stop(b);
	exit(1);
}

/* ---- the process -------------------------------------------------------------------- */

static const char *const names[] = { "chromium", "chromium-browser", "google-chrome" };

/* The first of the names in PATH, or $CHROMIUM; NULL: none. The caller frees it. */
static char *find_program(void)
{
	const char *path = getenv("PATH"), *own = getenv("CHROMIUM");

	if (own && *own)
		return mem_strdup(own);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (const char *at = path; at && *at; at += strcspn(at, ":"), at += *at == ':') {
			char *file = mem_printf("%.*s/%s", (int)strcspn(at, ":"), at, names[i]);

			if (access(file, X_OK) == 0)
				return file;
			free(file);
		}
	return NULL;
}

/* In the child: the pipe's ends become 3 and 4, what the browser says goes nowhere. Numbers above 10, so that no end lies in the way. */
static void become_browser(const char *program, const char *profile, int from_us, int to_us)
{
	int in = fcntl(from_us, F_DUPFD, 10), out = fcntl(to_us, F_DUPFD, 10), null = open("/dev/null", O_RDWR);
	char *data_dir = mem_printf("--user-data-dir=%s", profile);
	char *argv[] = {
		mem_strdup(program), mem_strdup("--headless=new"), mem_strdup("--remote-debugging-pipe"), data_dir,
		mem_strdup("--no-first-run"), mem_strdup("--disable-gpu"), mem_strdup("--mute-audio"),
		mem_strdup("--disable-background-networking"), mem_strdup("--disable-component-update"), mem_strdup("--disable-sync"),
		mem_strdup("--disable-dev-shm-usage"), mem_strdup("--hide-scrollbars"), mem_strdup("--host-resolver-rules=MAP * ~NOTFOUND"),
		geteuid() == 0 ? mem_strdup("--no-sandbox") : NULL, NULL,
	};

	(void)setpgid(0, 0);
	if (in < 0 || out < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 || dup2(in, 3) < 0 || dup2(out, 4) < 0)
		_exit(126);
	(void)close(in);
	(void)close(out);
	execv(program, argv);
	_exit(127);
}

static void attach(struct chromium *b)
{
	struct json_doc *target = chromium_call(b, "Target.createTarget", "{\"url\":\"about:blank\"}"), *session;
	char *params = mem_printf("{\"targetId\":\"%s\",\"flatten\":true}", json_string(json_member(chromium_result(target), "targetId"), ""));

	session = chromium_call(b, "Target.attachToTarget", params);
	b->session = mem_strdup(json_string(json_member(chromium_result(session), "sessionId"), ""));
	json_free(session);
	json_free(target);
	free(params);
	chromium_do(b, "Page.enable", "{}");
	chromium_do(b, "Runtime.enable", "{}");
	chromium_do(b, "Log.enable", "{}");
	chromium_do(b, "Network.enable", "{}");
}

struct chromium *chromium_start(void)
{
	struct chromium *b;
	char *program = find_program();
	int down[2], up[2];

	if (!program)
		return NULL;
	b = mem_zalloc(1, sizeof *b);
	strbuf_init(&b->in, MESSAGE_MAX);
	strbuf_init(&b->complaints, MESSAGE_MAX);
	(void)snprintf(b->profile, sizeof b->profile, "/tmp/mgbatch-chromium-XXXXXX");
	if (!mkdtemp(b->profile) || pipe(down) < 0 || pipe(up) < 0)
		chromium_bail(b, "cannot make a profile and pipes", strerror(errno));
	(void)signal(SIGPIPE, SIG_IGN);
	b->pid = fork();
	if (b->pid < 0)
		chromium_bail(b, "cannot start", program);
	if (b->pid == 0)
		become_browser(program, b->profile, down[0], up[1]);
	(void)close(down[0]);
	(void)close(up[1]);
	b->to = down[1];
	b->from = up[0];
	free(program);
	attach(b);
	return b;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	(void)remove(path);
	return 0;
}

/* It closes by itself when asked, or when its pipe ends; else its own group of processes is killed. */
static void end_process(struct chromium *b)
{
	int64_t end = clock_monotonic_ms() + GOODBYE_MS;
	static const char goodbye[] = "{\"id\":0,\"method\":\"Browser.close\"}";

	if (write(b->to, goodbye, sizeof goodbye) < 0)
		(void)kill(-b->pid, SIGTERM);
	while (waitpid(b->pid, NULL, WNOHANG) == 0) {
		struct pollfd pipe_end = { b->from, POLLIN, 0 };
		char rest[4096];

		if (clock_monotonic_ms() > end) {
			(void)kill(-b->pid, SIGKILL);
			(void)waitpid(b->pid, NULL, 0);
			break;
		}
		if (poll(&pipe_end, 1, 20) > 0 && read(b->from, rest, sizeof rest) <= 0)
			(void)poll(NULL, 0, 20);
	}
	/* Its helpers end with it; one that writes on would keep the profile from going. */
	(void)kill(-b->pid, SIGKILL);
}

void chromium_stop(struct chromium *b)
{
	if (!b)
		return;
	if (b->pid > 0)
		end_process(b);
	if (b->to)
		(void)close(b->to);
	if (b->from)
		(void)close(b->from);
	(void)nftw(b->profile, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	strbuf_release(&b->in);
	strbuf_release(&b->complaints);
	free(b->session);
	free(b);
}

/* ---- messages ------------------------------------------------------------------------- */

static void send_text(struct chromium *b, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(b->to, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			chromium_bail(b, "the browser is gone", strerror(errno));
		text += n;
		len -= (size_t)n;
	}
}

/* The next whole message, its NUL included, is at the start of b->in; answers its length. */
static size_t next_message(struct chromium *b, int64_t end_ms)
{
	char *nul;

	while (!(nul = memchr(b->in.buf, '\0', b->in.len))) {
		struct pollfd pipe_end = { b->from, POLLIN, 0 };
		char piece[65536];
		int64_t left = end_ms - clock_monotonic_ms();
		ssize_t n;

		if (left <= 0 || poll(&pipe_end, 1, (int)left) <= 0)
			chromium_bail(b, "the browser does not answer", b->method);
		n = read(b->from, piece, sizeof piece);
		if (n <= 0)
			chromium_bail(b, "the browser ended during", b->method);
		strbuf_add(&b->in, piece, (size_t)n);
	}
	return (size_t)(nul - b->in.buf) + 1;
}

static void drop(struct chromium *b, size_t len)
{
	memmove(b->in.buf, b->in.buf + len, b->in.len - len);
	strbuf_setlen(&b->in, b->in.len - len);
}

static void complain(struct chromium *b, const char *what, const char *text)
{
	strbuf_addf(&b->complaints, "%s: %.500s\n", what, text);
}

static bool is_local(const char *url)
{
	return !strncmp(url, "file:", 5) || !strncmp(url, "about:", 6);
}

/* Of the page's own messages only what tells of a fault matters. */
static void note_event(struct chromium *b, const struct json *message, const char *method)
{
	const struct json *params = json_member(message, "params");
	const struct json *entry = json_member(params, "entry"), *details = json_member(params, "exceptionDetails");

	if (!strcmp(method, "Runtime.exceptionThrown"))
		complain(b, "exception", json_string(json_member(json_member(details, "exception"), "description"), "without words"));
	else if (!strcmp(method, "Log.entryAdded") && !strcmp(json_string(json_member(entry, "level"), ""), "error"))
		complain(b, "log", json_string(json_member(entry, "text"), ""));
	else if (!strcmp(method, "Runtime.consoleAPICalled") && strcmp(json_string(json_member(params, "type"), ""), "log") != 0)
		complain(b, "console", json_string(json_member(params, "type"), ""));
	else if (!strcmp(method, "Network.loadingFailed") && !json_bool(json_member(params, "canceled"), false))
		complain(b, "request", json_string(json_member(params, "errorText"), ""));
	else if (!strcmp(method, "Page.javascriptDialogOpening"))
		complain(b, "dialog", json_string(json_member(params, "message"), ""));
	else if (!strcmp(method, "Network.requestWillBeSent") && !is_local(json_string(json_member(json_member(params, "request"), "url"), "")))
		complain(b, "not from disk", json_string(json_member(json_member(params, "request"), "url"), ""));
}

struct json_doc *chromium_next(struct chromium *b, int64_t end_ms)
{
	struct err err = ERR_INIT;
	struct json_doc *doc = NULL;
	size_t len = next_message(b, end_ms);

	if (json_parse(&doc, b->in.buf, len - 1, MESSAGE_MAX, "the browser's message", ERR_BUG, &err) < 0)
		chromium_bail(b, "not JSON", err.text);
	drop(b, len);
	if (json_member(json_root(doc), "method"))
		note_event(b, json_root(doc), json_string(json_member(json_root(doc), "method"), ""));
	return doc;
}

/* The answer's whole message; what the page tells meanwhile is noted. */
static struct json_doc *wait_for_answer(struct chromium *b, int id)
{
	int64_t end = clock_monotonic_ms() + ANSWER_MS;

	for (;;) {
		struct json_doc *doc = chromium_next(b, end);

		if ((int)json_number(json_member(json_root(doc), "id"), -1) == id)
			return doc;
		json_free(doc);
	}
}

struct json_doc *chromium_call(struct chromium *b, const char *method, const char *params)
{
	char *message = mem_printf("{\"id\":%d,\"method\":\"%s\",%s%s%s\"params\":%s}", ++b->last_id, method, b->session ? "\"sessionId\":\"" : "",
				   b->session ? b->session : "", b->session ? "\"," : "", params);
	struct json_doc *doc;
	const struct json *error;

	(void)snprintf(b->method, sizeof b->method, "%s", method);
	send_text(b, message, strlen(message) + 1);
	free(message);
	doc = wait_for_answer(b, b->last_id);
	error = json_member(json_root(doc), "error");
	if (error)
		chromium_bail(b, method, json_string(json_member(error, "message"), "refused"));
	return doc;
}

void chromium_do(struct chromium *b, const char *method, const char *params)
{
	json_free(chromium_call(b, method, params));
}

char *chromium_complaints(struct chromium *b)
{
	char *text = strbuf_detach(&b->complaints);

	strbuf_init(&b->complaints, MESSAGE_MAX);
	return text;
}
