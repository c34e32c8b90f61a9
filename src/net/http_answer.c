/* What comes back: a body into memory or into a file, a few headers, and how it ended in words that hold no secret. */
#include "net/http_inside.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HEADERS_MAX ((size_t)256 << 10)       /* of one answer: as browsers have it (Chromium: net/http, 256 KiB) */
#define RETRY_AFTER_MAX_MS 86400000           /* a day: more is taken for a day */

/* ---- headers ------------------------------------------------------------------------- */

/* The answer's header of that name, NULL: none. Borrowed, until the next asking. */
static const char *header(const struct transfer *t, const char *name)
{
	struct curl_header *found = NULL;

	return curl_easy_header(t->easy, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : NULL;
}

static void read_content_type(struct transfer *t)
{
	const char *value = header(t, "Content-Type");
	char *out = t->answer.content_type;
	size_t len = value ? strcspn(value, "; \t") : 0;

	if (len >= sizeof t->answer.content_type)
		len = 0;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(value[i] >= 'A' && value[i] <= 'Z' ? value[i] - 'A' + 'a' : value[i]);
	out[len] = '\0';
}

/* Only a strong tag can say that the rest belongs to what is there (RFC 9110, 13.1.5). */
static void read_etag(struct transfer *t)
{
	const char *value = header(t, "ETag");
	size_t len = value ? strlen(value) : 0;

	if (len >= 2 && len < sizeof t->answer.etag && value[0] == '"' && value[len - 1] == '"')
		memcpy(t->answer.etag, value, len + 1);
}

/* libcurl follows none, and says where one leads: made absolute by its own parser. */
static void read_location(struct transfer *t)
{
	char *url = NULL;

	if (t->answer.status < 300 || t->answer.status > 399 || t->answer.location)
		return;
	if (curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url) == CURLE_OK && url && strlen(url) <= HTTP_LOCATION_MAX)
		t->answer.location = mem_strdup(url);
}

static int64_t capped_ms(double ms)
{
	return ms <= 0 ? 0 : ms >= RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : (int64_t)ms;
}

/* Retry-After: seconds or a date (RFC 9110, 10.2.3). -1: not there, or neither. */
static int64_t retry_after_ms(const struct transfer *t)
{
	const char *value = header(t, "Retry-After");
	double seconds;
	time_t when;

	if (!value)
		return -1;
	if (text_parse_number(value, &seconds))
		return seconds < 0 ? -1 : capped_ms(seconds * 1000);
	when = curl_getdate(value, NULL);
	return when < 0 ? -1 : capped_ms((double)when * 1000 - (double)clock_unix_ms());
}

static void read_retry_after(struct transfer *t)
{
	const char *value;
	double ms;
	int64_t longer = retry_after_ms(t);

	value = header(t, "retry-after-ms");
	if (value && text_parse_number(value, &ms) && ms >= 0 && capped_ms(ms) > longer)
		longer = capped_ms(ms);
	t->answer.retry_after_ms = longer;
}

static bool read_number(const char **s, int64_t *ret)
{
	int64_t value = 0;
	const char *p = *s;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (value > (INT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (*p - '0');
	}
	if (p == *s)
		return false;
	*s = p;
	*ret = value;
	return true;
}

/* "bytes 100-199/200", "bytes 100-199/ *", "bytes * /200" (RFC 9110, 14.4). *from and *whole: -1 where not said. */
static bool read_content_range(const char *value, int64_t *from, int64_t *whole)
{
	int64_t to;

	*from = *whole = -1;
	if (!text_starts_with(value, "bytes "))
		return false;
	value += strlen("bytes ");
	if (*value == '*')
		value++;
	else if (!read_number(&value, from) || *value++ != '-' || !read_number(&value, &to) || to < *from)
		return false;
	if (*value++ != '/')
		return false;
	return !strcmp(value, "*") || (read_number(&value, whole) && *value == '\0');
}

/* How long the whole file is. False: what comes is not what was asked for. */
static bool read_extent(struct transfer *t, int status)
{
	const char *range = header(t, "Content-Range");
	curl_off_t length = -1;
	int64_t from = -1;

	if (status == 206 || status == 416) {
		if (!range || !read_content_range(range, &from, &t->answer.n_whole))
			return status == 416;
		return status == 416 || from == t->resume_at;
	}
	if (curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK)
		t->answer.n_whole = length;
	return true;
}

static int status_of(const struct transfer *t)
{
	long status = 0;

	if (curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 200 || status > 999)
		return 0; /* 1xx is no answer yet */
	return (int)status;
}

size_t transfer_on_header(char *bytes, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)bytes;
	t->moved_ms = clock_monotonic_ms();
	t->n_header_bytes += one * n;
	if (t->n_header_bytes <= HEADERS_MAX)
		return one * n;
	t->is_too_large = true;
	return CURL_WRITEFUNC_ERROR;
}

/* ---- the body ------------------------------------------------------------------------ */

/* All headers are there: where do the bytes go? */
static bool begin_body(struct transfer *t)
{
	int status = status_of(t);

	t->is_received = true;
	if (!t->wants_file || (status != 200 && status != 206))
		return true;
	if (!read_extent(t, status)) {
		t->is_wrong_range = true;
		return false;
	}
	if (t->answer.n_whole > t->save_max) {
		t->is_too_large = true;
		return false;
	}
	t->is_saving = true;
	read_etag(t); /* for who looks before the end */
	if (status == 200 && t->resume_at > 0) { /* it comes from its beginning */
		if (ftruncate(t->save_fd, 0) != 0 || lseek(t->save_fd, 0, SEEK_SET) < 0) {
			t->answer.sys_errno = errno;
			return false;
		}
		t->answer.n_saved = 0;
	}
	return true;
}

static size_t save(struct transfer *t, const char *bytes, size_t len)
{
	off_t at;

	if ((int64_t)len > t->save_max - t->answer.n_saved) {
		t->is_too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	t->answer.sys_errno = fs_write_all(t->save_fd, bytes, len);
	at = lseek(t->save_fd, 0, SEEK_CUR); /* after a full disk a part of it may be there */
	if (at >= 0)
		t->answer.n_saved = at;
	return t->answer.sys_errno ? CURL_WRITEFUNC_ERROR : len;
}

size_t transfer_on_body(char *bytes, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = one * n;

	t->moved_ms = clock_monotonic_ms();
	if (!t->is_received && !begin_body(t))
		return CURL_WRITEFUNC_ERROR;
	if (t->is_saving)
		return save(t, bytes, len);
	strbuf_add(&t->answer.body, bytes, len);
	if (strbuf_ok(&t->answer.body))
		return len;
	t->is_too_large = true;
	return CURL_WRITEFUNC_ERROR;
}

/* ---- how it ended -------------------------------------------------------------------- */

static void say_certificate(struct transfer *t)
{
	static const struct {
		long result; /* X509_V_ERR_... of OpenSSL's x509_vfy.h, whose header has its home elsewhere */
		const char *why;
	} reasons[] = {
		{ 9, "the server's certificate is not valid yet (is this machine's clock right?)" },
		{ 10, "the server's certificate has expired (is this machine's clock right?)" },
	};
	const char *why = "the server's certificate is signed by no authority that this machine trusts";
	long result = 0;

	if (strstr(t->error_text, "subject name")) /* both of libcurl's TLS libraries in Debian say so */
		why = "the server's certificate is for another host name";
	(void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (result == reasons[i].result)
			why = reasons[i].why;
	(void)snprintf(t->answer.why, sizeof t->answer.why, "%s", why);
}

/* libcurl's codes in our words; what is not here is "libcurl: " and its own phrase for the code, which names nothing. */
static void say_why(struct transfer *t, CURLcode code)
{
	static const struct {
		CURLcode code;
		const char *why;
	} phrases[] = {
		{ CURLE_COULDNT_RESOLVE_HOST, "the host name could not be resolved" },
		{ CURLE_COULDNT_RESOLVE_PROXY, "the proxy's name could not be resolved" },
		{ CURLE_SSL_CONNECT_ERROR, "the TLS handshake failed" },
		{ CURLE_SSL_CACERT_BADFILE, "the file of trusted certificates cannot be read" },
		{ CURLE_PROXY, "the proxy refused" },
		{ CURLE_GOT_NOTHING, "the connection was closed before an answer came" },
		{ CURLE_SEND_ERROR, "the connection broke while the request was sent" },
		{ CURLE_RECV_ERROR, "the connection broke" },
		{ CURLE_PARTIAL_FILE, "the connection was closed before the answer was whole" },
		{ CURLE_HTTP2, "the HTTP/2 connection broke" },
		{ CURLE_HTTP2_STREAM, "the server ended the HTTP/2 stream" },
		{ CURLE_ABORTED_BY_CALLBACK, "the connection was closed before an answer came" },
		{ CURLE_WEIRD_SERVER_REPLY, "what came back is no HTTP answer" },
		{ CURLE_UNSUPPORTED_PROTOCOL, "what came back is no HTTP answer" },
		{ CURLE_BAD_CONTENT_ENCODING, "the answer is packed in a way that was not asked for" },
	};
	char *why = t->answer.why;
	size_t size = sizeof t->answer.why;
	long number = 0;

	(void)snprintf(why, size, "libcurl: %s", curl_easy_strerror(code));
	for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
		if (code == phrases[i].code)
			(void)snprintf(why, size, "%s", phrases[i].why);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		say_certificate(t);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		(void)snprintf(why, size, "no connection within %.3g s", t->connect_ms / 1000.0);
	else if (code == CURLE_COULDNT_CONNECT && curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK && number > 0)
		(void)snprintf(why, size, "no connection: %s", strerror((int)number));
	else if (code == CURLE_COULDNT_CONNECT)
		(void)snprintf(why, size, "no connection");
}

static void say_own_reason(struct transfer *t)
{
	char *why = t->answer.why;
	size_t size = sizeof t->answer.why;

	if (t->answer.sys_errno && t->is_short_file)
		(void)snprintf(why, size, "the file that is sent has become shorter meanwhile");
	else if (t->answer.sys_errno)
		(void)snprintf(why, size, "%s: %s", t->wants_file ? "writing failed" : "reading the file that is sent failed",
			       strerror(t->answer.sys_errno));
	else if (t->n_header_bytes > HEADERS_MAX)
		(void)snprintf(why, size, "the headers of the answer are larger than %zu KiB", HEADERS_MAX >> 10);
	else if (t->is_too_large)
		(void)snprintf(why, size, "the answer is larger than %lld bytes",
			       t->wants_file && t->is_received && (t->is_saving || t->answer.n_whole > t->save_max) ? (long long)t->save_max
														     : (long long)t->answer.body.max);
	else if (t->is_wrong_range)
		(void)snprintf(why, size, "the server sent another part of the file than was asked for");
}

static enum http_end end_without_answer(const struct transfer *t)
{
	if (t->n_sendings == 0)
		return HTTP_NOT_SENT;
	return t->answer.status ? HTTP_CUT : HTTP_NO_ANSWER;
}

static void read_headers(struct transfer *t)
{
	if (t->n_sendings == 0)
		return; /* what a proxy may have said is not the server's */
	t->answer.status = status_of(t);
	if (t->answer.status == 0)
		return;
	read_content_type(t);
	read_etag(t);
	read_location(t);
	read_retry_after(t);
	if (!t->is_saving && !t->is_wrong_range) /* else it was read before the first byte was written */
		(void)read_extent(t, t->answer.status);
}

void transfer_finish(struct transfer *t, CURLcode code)
{
	struct http_answer *a = &t->answer;

	if (code == CURLE_OK && !t->is_received && !begin_body(t)) /* an empty body */
		code = CURLE_WRITE_ERROR;
	read_headers(t);
	if (code == CURLE_OK && a->status) {
		a->end = HTTP_ANSWERED;
		return;
	}
	if (a->sys_errno)
		a->end = HTTP_DISK;
	else if (t->is_too_large)
		a->end = HTTP_TOO_LARGE;
	else
		a->end = end_without_answer(t);
	say_why(t, code);
	say_own_reason(t);
}

void transfer_finish_late(struct transfer *t, bool is_stalled)
{
	int ms = is_stalled ? t->stall_ms : t->total_ms;

	read_headers(t);
	t->answer.end = end_without_answer(t);
	(void)snprintf(t->answer.why, sizeof t->answer.why, is_stalled ? "no byte came or went for %.3g s" : "it was not over within %.3g s",
		       ms / 1000.0);
}
