/* A request becomes a transfer: what is asked for is checked, its files are opened, libcurl gets its options. */
#include "net/http_inside.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECT_MS 15000 /* the defaults of http.h */
#define STALL_MS 30000
#define HOST_SIZE 256    /* a name in DNS has at most 253 characters (RFC 1035, 2.3.4) */

/* ---- what libcurl asks while it connects and sends ------------------------------------ */

static int on_look_up(void *resolver, void *unused, void *arg)
{
	struct transfer *t = arg;

	(void)resolver, (void)unused;
	t->has_begun = true;
	return 0;
}

static int on_connect(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	struct transfer *t = arg;

	(void)fd, (void)purpose;
	t->has_begun = true;
	return CURL_SOCKOPT_OK;
}

/* Before the first byte of each sending: see http_inside.h. */
static int on_send(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct transfer *t = arg;

	(void)ip, (void)local_ip, (void)port, (void)local_port;
	if (t->is_once && t->n_sendings > 0)
		return CURL_PREREQFUNC_ABORT;
	t->n_sendings++;
	t->moved_ms = clock_monotonic_ms();
	if (t->n_sendings == 1)
		t->sent_ms = t->moved_ms;
	return CURL_PREREQFUNC_OK;
}

static size_t read_file(struct transfer *t, char *bytes, size_t n)
{
	ssize_t got = pread(t->read_fd, bytes, n, (off_t)(t->from + t->at));

	if (got > 0)
		return (size_t)got;
	t->answer.sys_errno = got < 0 ? errno : EIO;
	t->is_short_file = got == 0;
	return CURL_READFUNC_ABORT;
}

static size_t on_read(char *bytes, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t most = one * n, got;

	t->moved_ms = clock_monotonic_ms();
	if ((int64_t)most > t->n_send - t->at)
		most = (size_t)(t->n_send - t->at);
	if (most == 0)
		return 0;
	if (t->read_fd >= 0) {
		got = read_file(t, bytes, most);
		if (got == CURL_READFUNC_ABORT)
			return got;
	} else {
		memcpy(bytes, t->body + t->at, most);
		got = most;
	}
	t->at += (int64_t)got;
	return got;
}

/* A resending begins anew (never for is_once, which has no such function). */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct transfer *t = arg;

	if (origin != SEEK_SET || offset < 0 || offset > t->n_send)
		return CURL_SEEKFUNC_FAIL;
	t->at = offset;
	return CURL_SEEKFUNC_OK;
}

/* ---- checks and files ---------------------------------------------------------------- */

static int check_url(const char *url, char host[HOST_SIZE], struct err *err)
{
	bool is_https = false;

	if (!http_url_host(url, &is_https, host, HOST_SIZE))
		return err_set(err, ERR_USAGE, "an address cannot be used: expected https://host/..., without a user name in it");
	if (!is_https && !http_host_is_loopback(host))
		return err_set(err, ERR_USAGE, "the address of host '%s' is plain http, which anybody on the way can read: expected https://", host);
	return 0;
}

static int open_source(struct transfer *t, const struct http_request *r, struct err *err)
{
	struct stat st;

	t->read_fd = open(r->file, O_RDONLY | O_CLOEXEC);
	if (t->read_fd < 0 || fstat(t->read_fd, &st) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot open '%s' to send it", r->file);
	if (r->offset < 0 || r->n_bytes < 0 || r->offset > st.st_size || r->n_bytes > st.st_size - r->offset)
		return err_set(err, ERR_IO, "'%s' has %lld bytes, and %lld from %lld on were to be sent: it has changed", r->file,
			       (long long)st.st_size, (long long)r->n_bytes, (long long)r->offset);
	t->from = r->offset;
	t->n_send = r->n_bytes;
	return 0;
}

static int open_target(struct transfer *t, const struct http_request *r, struct err *err)
{
	struct stat st;

	t->save_fd = open(r->save_to, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (t->save_fd < 0 || fstat(t->save_fd, &st) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot open '%s' to save a download", r->save_to);
	if (r->resume_at < 0 || r->resume_at > st.st_size)
		return err_set(err, ERR_IO, "'%s' has %lld bytes, and the download was to go on after %lld: remove it, then it begins anew",
			       r->save_to, (long long)st.st_size, (long long)r->resume_at);
	if ((st.st_size > r->resume_at && ftruncate(t->save_fd, (off_t)r->resume_at) != 0) || lseek(t->save_fd, (off_t)r->resume_at, SEEK_SET) < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot cut '%s' to %lld bytes", r->save_to, (long long)r->resume_at);
	t->wants_file = true;
	t->resume_at = r->resume_at;
	t->save_max = r->save_max;
	t->answer.n_saved = r->resume_at;
	return 0;
}

static int open_files(struct transfer *t, const struct http_request *r, struct err *err)
{
	if (r->method == HTTP_PUT && r->file)
		return open_source(t, r, err);
	if (r->method == HTTP_POST && r->body) {
		t->body = mem_strdup(r->body);
		t->n_send = (int64_t)strlen(r->body);
	}
	return r->method == HTTP_GET && r->save_to ? open_target(t, r, err) : 0;
}

/* ---- libcurl's options --------------------------------------------------------------- */

/* False: no memory, or a text with which a second header could be slipped in. */
static bool add_header(struct transfer *t, const char *name, const char *value)
{
	char *line;
	struct curl_slist *longer;

	for (const char *s = value; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	line = mem_printf("%s:%s%s", name, *value ? " " : "", value); /* without a value libcurl leaves the header out */
	longer = curl_slist_append(t->headers, line);
	free(line);
	if (longer)
		t->headers = longer;
	return longer != NULL;
}

static bool set_headers(struct transfer *t, const struct http_request *r)
{
	bool good = add_header(t, "Expect", ""); /* else libcurl waits a second for "100 Continue" before a body of a MiB */

	if (r->method == HTTP_POST)
		good = good && add_header(t, "Content-Type", "application/json");
	else if (r->method == HTTP_PUT)
		good = good && add_header(t, "Content-Type", r->content_type ? r->content_type : "");
	if (t->wants_file && r->resume_at > 0 && r->if_range && *r->if_range)
		good = good && add_header(t, "If-Range", r->if_range);
	return good && curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
}

/* What holds for every request: who it is, what is allowed, how it is checked. */
static bool set_ground(struct transfer *t, const struct http_config *config, const struct http_request *r, const char *host)
{
	static const struct {
		CURLoption option;
		long value;
	} always[] = {
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_QUICK_EXIT, 1 }, /* a cancelled look-up of a name is let go, not waited for */
		{ CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
	};
	CURL *e = t->easy;
	bool bad = false;

	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		bad |= curl_easy_setopt(e, always[i].option, always[i].value) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_URL, r->url) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_ms) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error_text) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_PRIVATE, t) != CURLE_OK;
	if (config->user_agent)
		bad |= curl_easy_setopt(e, CURLOPT_USERAGENT, config->user_agent) != CURLE_OK;
	if (config->ca_file)
		bad |= curl_easy_setopt(e, CURLOPT_CAINFO, config->ca_file) != CURLE_OK;
	if (http_host_is_loopback(host)) /* what is for this machine goes to no proxy, least of all in the clear */
		bad |= curl_easy_setopt(e, CURLOPT_PROXY, "") != CURLE_OK;
	if (r->user) {
		bad |= curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) != CURLE_OK;
		bad |= curl_easy_setopt(e, CURLOPT_USERNAME, r->user) != CURLE_OK;
		bad |= curl_easy_setopt(e, CURLOPT_PASSWORD, r->password ? r->password : "") != CURLE_OK;
	}
	return !bad;
}

/* Which connection: a new one of HTTP/1.1 that is closed afterwards, or any. */
static bool set_road(struct transfer *t)
{
	CURL *e = t->easy;
	bool bad = false;

	if (t->is_once) {
		bad |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) != CURLE_OK;
		bad |= curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) != CURLE_OK;
		bad |= curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) != CURLE_OK;
		return !bad;
	}
	bad |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L) != CURLE_OK; /* rather share a connection that is being made than make another */
	return !bad;
}

static bool set_method(struct transfer *t, const struct http_request *r)
{
	CURL *e = t->easy;
	bool bad = false;
	char range[32];

	if (r->method == HTTP_POST) {
		bad |= curl_easy_setopt(e, CURLOPT_POST, 1L) != CURLE_OK;
		bad |= curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->n_send) != CURLE_OK;
	} else if (r->method == HTTP_PUT) {
		bad |= curl_easy_setopt(e, CURLOPT_UPLOAD, 1L) != CURLE_OK;
		bad |= curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->n_send) != CURLE_OK;
	} else {
		bad |= curl_easy_setopt(e, CURLOPT_HTTPGET, 1L) != CURLE_OK;
	}
	if (t->resume_at > 0) { /* not CURLOPT_RESUME_FROM_LARGE, which takes a 200 for an error */
		(void)snprintf(range, sizeof range, "%lld-", (long long)t->resume_at);
		bad |= curl_easy_setopt(e, CURLOPT_RANGE, range) != CURLE_OK;
	}
	return !bad;
}

static bool set_calls(struct transfer *t)
{
	static const CURLoption args[] = { CURLOPT_RESOLVER_START_DATA, CURLOPT_SOCKOPTDATA, CURLOPT_PREREQDATA, CURLOPT_READDATA,
					   CURLOPT_SEEKDATA, CURLOPT_HEADERDATA, CURLOPT_WRITEDATA };
	CURL *e = t->easy;
	bool bad = false;

	for (size_t i = 0; i < sizeof args / sizeof *args; i++)
		bad |= curl_easy_setopt(e, args[i], t) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_RESOLVER_START_FUNCTION, on_look_up) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_connect) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_send) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read) != CURLE_OK;
	if (!t->is_once)
		bad |= curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, transfer_on_header) != CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, transfer_on_body) != CURLE_OK;
	return !bad;
}

int transfer_new(struct transfer **ret, const struct http_config *config, const struct http_request *request, void *tag, struct err *err)
{
	struct transfer *t = mem_zalloc(1, sizeof *t);
	char host[HOST_SIZE];
	int status = -1;

	t->read_fd = t->save_fd = -1;
	t->is_once = request->is_once;
	t->connect_ms = request->connect_ms > 0 ? request->connect_ms : CONNECT_MS;
	t->stall_ms = request->stall_ms > 0 ? request->stall_ms : STALL_MS;
	t->total_ms = request->total_ms;
	t->answer.tag = tag;
	t->answer.retry_after_ms = t->answer.n_whole = -1;
	strbuf_init(&t->answer.body, request->body_max ? request->body_max : HTTP_BODY_MAX);
	if (check_url(request->url, host, err) != 0 || open_files(t, request, err) != 0)
		goto out;
	t->easy = curl_easy_init();
	if (!t->easy || !set_ground(t, config, request, host) || !set_road(t) || !set_method(t, request) || !set_calls(t) || !set_headers(t, request)) {
		(void)err_set(err, ERR_USAGE, "a request to host '%s' cannot be made: libcurl takes one of its settings for wrong", host);
		goto out;
	}
	status = 0;
	*ret = t;
out:
	if (status != 0)
		transfer_free(t);
	return status;
}

void transfer_free(struct transfer *t)
{
	if (!t)
		return;
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	free(t->body);
	if (t->read_fd >= 0)
		(void)close(t->read_fd);
	if (t->save_fd >= 0)
		(void)close(t->save_fd);
	http_answer_release(&t->answer);
	free(t);
}
