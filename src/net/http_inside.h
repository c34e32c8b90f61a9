/*
 * net/http_inside: what the files of this room share. Included by src/net/http*.c alone.
 *
 * http.c           the door: two roads (multi handles) under one epoll descriptor, deadlines, what has ended
 * http_request.c   a request becomes a transfer: checks, files, libcurl's options, what is sent
 * http_answer.c    what comes: body into memory or a file, how it ended and why
 * http_url.c       a URL's scheme and host
 *
 * The exactness of HTTP_NOT_SENT and of is_once hangs on one callback: libcurl asks CURLOPT_PREREQFUNCTION each time that a connection
 * stands (resolved, connected, through the proxy, hands shaken) and before it gives it the first byte of a request, over HTTP/1.1
 * and HTTP/2, on new connections and on reused ones, and again before every resending (lib/multi.c, MSTATE_DO). So
 * n_sendings == 0 means that nothing was sent, and the answer "no" to a second asking means that nothing is sent twice. libcurl
 * sends again by itself: after a reused connection died without an answer and after an HTTP/2 REFUSED_STREAM or GOAWAY
 * (lib/transfer.c, Curl_retry_request), after HTTP_1_1_REQUIRED (multi.c), and after 417 and 401 for some settings (http.c).
 */
#ifndef NET_HTTP_INSIDE_H
#define NET_HTTP_INSIDE_H

#include "net/http.h"

#include <curl/curl.h>

/* Debian 12 has 7.88.1. Needed: CURLOPT_PREREQFUNCTION (7.80), curl_easy_header (7.84), CURLOPT_PROTOCOLS_STR (7.85), CURLOPT_QUICK_EXIT
 * (7.87), and writing under TLS that raises no SIGPIPE (7.87). */
#if LIBCURL_VERSION_NUM < 0x075800
#error "mgbatch needs libcurl 7.88 or newer (Debian 12, Ubuntu 24.04)"
#endif

/* Paid requests travel on a road of their own: they speak HTTP/1.1, and what libcurl learns of a host there would make it take
 * the host for one without HTTP/2 (lib/url.c, BUNDLE_NO_MULTIUSE). */
enum road_kind { ROAD_SHARED, ROAD_ONCE, N_ROADS };

struct road {
	struct http *http;
	CURLM *multi;
	int64_t due_ms; /* monotonic: libcurl wants to be called then; -1: not asked for */
};

/* One request under way, or ended and not yet taken. */
struct transfer {
	struct transfer *next, *prev;
	struct road *road;
	CURL *easy;
	struct curl_slist *headers;
	char *body;               /* POST */
	int read_fd, save_fd;     /* -1: none */
	int64_t n_send, at, from; /* bytes to send, how many libcurl has got of them, where in the file they begin */
	int64_t save_max, resume_at;
	int64_t sent_ms, moved_ms; /* monotonic: asked for the first time; the last byte either way */
	int stall_ms, total_ms, connect_ms;
	int n_sendings; /* how often libcurl was about to send it */
	bool is_once, wants_file;
	bool has_begun;   /* to look up a name or to connect; until then it stands in line for a connection */
	bool is_saving;   /* the answer is a 200 or 206 that goes to save_fd */
	bool is_received; /* the first byte of the body was seen, and with it all headers */
	bool is_too_large, is_wrong_range, is_short_file;
	size_t n_header_bytes;
	char error_text[CURL_ERROR_SIZE]; /* libcurl's own: looked at, never shown, for it names hosts and paths */
	struct http_answer answer;
};

/* http_request.c. Nothing is sent yet. -1: as http_begin. */
int transfer_new(struct transfer **ret, const struct http_config *config, const struct http_request *request, void *tag,
		 struct err *err) WARN_UNUSED;
void transfer_free(struct transfer *t); /* NULL is fine; after it left its road */

/* http_answer.c */
size_t transfer_on_header(char *bytes, size_t one, size_t n, void *arg);
size_t transfer_on_body(char *bytes, size_t one, size_t n, void *arg);
void transfer_finish(struct transfer *t, CURLcode code); /* fills answer: end, status, headers, why */
void transfer_finish_late(struct transfer *t, bool is_stalled);  /* our own deadline has passed */

#endif
