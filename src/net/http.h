/*
 * net/http: many HTTP requests at once on one thread (libcurl's multi interface behind this header only). The door of the room.
 *
 *   http_open(&h, &config, err)
 *   http_begin(h, &request, tag)   any number of times; nothing is sent before http_wait
 *   http_wait(h, timeout_ms)       moves bytes until something has ended or the time is over; a signal ends it early (one that came
 *                                  just before is not seen: wait no longer at once than a signal may wait)
 *   while (http_take(h, &answer)) { ... http_answer_release(&answer); }   those that ended, in the order in which they did
 *   http_look(h, tag, &look)       how far one that is under way has come
 *   http_cancel(h, tag)            never answered then
 *   http_close(h)                  drops what is under way
 *
 * HTTP/2 where the server speaks it, connections are kept and reused. It knows no API, follows no redirect, tries nothing again (and keeps
 * libcurl from doing so: see is_once), obeys no proxy variable but those that libcurl documents (and none for a loopback
 * address), and refuses at http_begin what would be unsafe: any scheme but https, save plain http to a loopback address; TLS is always verified.
 *
 * Secrets: user and password go to libcurl and to nowhere else; no answer and no err text holds a URL's query or a header
 * that was sent, but for an answer's location, which is there to be asked and not to be shown. Not thread-safe.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;

struct http_config {
	const char *user_agent;  /* "mgbatch/0.1.0" */
	const char *ca_file;     /* a bundle in the place of the system's (tests, company proxies); NULL: the system's */
	int n_connections;       /* to one host at most; 0: HTTP_CONNECTIONS_DEFAULT. Over HTTP/2 many requests share one */
};

#define HTTP_CONNECTIONS_DEFAULT 8
#define HTTP_BODY_MAX ((size_t)8 << 20) /* of an answer kept in memory unless the request says less */

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT };

/* All is copied or opened by http_begin but for the tag. */
struct http_request {
	enum http_method method;
	const char *url;
	const char *user, *password; /* HTTP Basic; NULL: no credentials leave */
	const char *body;            /* POST: JSON text, sent as application/json; NULL: none */
	const char *content_type;    /* of a PUT's bytes; NULL: none is said */
	const char *file;            /* PUT: bytes [offset, offset + n_bytes) of this file are the body */
	int64_t offset, n_bytes;
	const char *save_to;         /* GET: a 200's or 206's bytes are written here (created), and not kept in memory */
	int64_t resume_at;           /* GET with save_to: that many bytes are there already; asked for by Range. Where the answer is 200
				      * and not 206 the file begins anew */
	const char *if_range;        /* with resume_at: the etag of what is there, so that a file that has changed begins anew; NULL: not asked */
	int64_t save_max;            /* of the whole file; more is HTTP_TOO_LARGE */
	size_t body_max;             /* 0: HTTP_BODY_MAX */
	int connect_ms;              /* to look up the name, connect and shake hands; 0: 15,000. Standing in line for a connection has no limit */
	int total_ms;                /* from its first byte on; 0: none (downloads): then stall_ms ends it */
	int stall_ms;                /* no byte either way for so long, from its first byte on; 0: 30,000 */
	bool is_once;                /* paid: never sent twice. libcurl sends others again by itself, for one where a reused connection was
				      * closed before an answer came. On a new connection of HTTP/1.1, closed afterwards: http_inside.h */
};

#define HTTP_ETAG_SIZE 128
#define HTTP_LOCATION_MAX 8192 /* signed addresses have one to three thousand characters */

/* How it ended. */
enum http_end {
	HTTP_ANSWERED,      /* status and headers, body whole */
	HTTP_CUT,           /* status came, the body did not come whole */
	HTTP_NO_ANSWER,     /* perhaps sent, in part or whole, and no status came: reset, timeout */
	HTTP_NOT_SENT,      /* resolve, connect, TLS, proxy: certainly no byte of the request left this machine */
	HTTP_TOO_LARGE,     /* the answer is larger than what was allowed */
	HTTP_DISK           /* save_to or file: errno in sys_errno */
};

struct http_answer {
	void *tag;
	enum http_end end;
	int status;               /* 0: none came */
	struct strbuf body;       /* not of a file that was saved */
	char content_type[64];    /* lower case, without parameters; "" */
	char etag[HTTP_ETAG_SIZE]; /* a strong one, with its quotes; "" */
	char *location;           /* of a 3xx: the address that it names, made absolute, to be asked by another http_begin (which checks it). It
				   * may be signed: never shown. NULL: none, or longer than HTTP_LOCATION_MAX. Owned */
	int64_t retry_after_ms;   /* of Retry-After (seconds or a date) and retry-after-ms, the longer one; -1: neither */
	int64_t n_saved;          /* bytes in save_to now */
	int64_t n_whole;          /* of the whole file as the headers say; -1: not said */
	int sys_errno;            /* HTTP_DISK */
	char why[256];            /* a phrase: "the host name could not be resolved"; no URL, no secret */
};

int http_open(struct http **ret, const struct http_config *config, struct err *err) WARN_UNUSED;
/* -1: ERR_USAGE, the URL or the scheme cannot be used; ERR_IO: the file cannot be opened. */
int http_begin(struct http *h, const struct http_request *request, void *tag, struct err *err) WARN_UNUSED;
int http_running(const struct http *h);
void http_wait(struct http *h, int timeout_ms);
bool http_take(struct http *h, struct http_answer *ret);
void http_answer_release(struct http_answer *answer);
/* Of one that runs and saves to a file: what is in the file by now, and the etag of what comes ("" until its headers are there).
 * False: none with this tag runs. */
struct http_look {
	int64_t n_saved;
	char etag[HTTP_ETAG_SIZE];
};
bool http_look(const struct http *h, const void *tag, struct http_look *ret);
void http_cancel(struct http *h, const void *tag);
void http_close(struct http *h);

/* Of a URL: its scheme and host (lower case, without port) for an allow-list; false: it is none, is neither http nor https,
 * has a user name in it, or its host does not fit. Pure. */
bool http_url_host(const char *url, bool *is_https, char *host, size_t size);
bool http_host_is_loopback(const char *host); /* 127.0.0.0/8, [::1], localhost */

#endif
