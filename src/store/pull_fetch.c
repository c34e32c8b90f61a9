/* Asking the hub for its list and for files. See pull_inside.h. */
#include "store/pull_inside.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define HOPS_MAX 5            /* the public hub needs one or two */
#define LIST_TOTAL_MS 60000
#define LIST_TRIES 3          /* who has no network wants to know soon */
#define FILE_TRIES 8          /* with the waits below: a minute and a half */
#define WAIT_FIRST_MS 1000    /* doubled each time */
#define WAIT_MOST_MS 30000
#define WAIT_ASKED_MOST_MS 300000 /* what a Retry-After is obeyed to */
#define PROGRESS_BYTES 1048576 /* after so much of a file the tries are counted anew */
#define WRONG_MAX 3           /* times that a file's content is not what the hub lists */
#define HOST_SIZE 256

static void set_url(struct store_pull *p, char *url)
{
	free(p->url);
	p->url = url;
}

/* ---- why it failed, and whether it is tried again -------------------------------------- */

/* The host that was asked; of a signed address nothing else may be shown. */
static void say_host(const struct store_pull *p, char host[HOST_SIZE])
{
	bool is_https;

	if (!p->url || !http_url_host(p->url, &is_https, host, HOST_SIZE))
		(void)snprintf(host, HOST_SIZE, "%s", p->host);
}

/* "'model.safetensors' cannot be downloaded from 'cdn.example': WHY" */
static int fail(const struct store_pull *p, const char *why, struct err *err)
{
	char host[HOST_SIZE];

	say_host(p, host);
	if (p->path)
		return err_set(err, ERR_MODEL, "facebook/musicgen-%s: '%s' cannot be downloaded from '%s': %s", p->version, pull_file(p)->name, host, why);
	return err_set(err, ERR_MODEL, "cannot ask '%s' for the files of facebook/musicgen-%s: %s", host, p->version, why);
}

/* Waits, or fails where it was tried often enough. asked_ms: what the server asked for, -1: nothing. */
static int try_later(struct store_pull *p, const char *why, int64_t asked_ms, struct err *err)
{
	int tries = p->path ? FILE_TRIES : LIST_TRIES;
	int64_t ms = WAIT_FIRST_MS;

	if (++p->n_failures >= tries) {
		(void)snprintf(p->trouble, sizeof p->trouble, "%s (tried %d times)", why, tries);
		return fail(p, p->trouble, err);
	}
	for (int i = 1; i < p->n_failures && ms < WAIT_MOST_MS; i++)
		ms *= 2;
	if (ms > WAIT_MOST_MS)
		ms = WAIT_MOST_MS;
	if (asked_ms > ms)
		ms = asked_ms < WAIT_ASKED_MOST_MS ? asked_ms : WAIT_ASKED_MOST_MS;
	(void)snprintf(p->trouble, sizeof p->trouble, "%s", why);
	p->wait_until_ms = clock_monotonic_ms() + (int64_t)((double)ms / p->clock_rate);
	p->after_wait = p->stage == PULL_LIST ? PULL_LIST : PULL_FETCH;
	p->stage = PULL_WAIT;
	set_url(p, NULL); /* from the hub again: a signed address may have run out */
	return 0;
}

/* What a status means; NULL: nothing that could be different another time. */
static const char *later_status(const struct store_pull *p, int status)
{
	static const struct {
		int status;
		const char *why;
	} rows[] = {
		{ 408, "it waited too long for the request (408)" },
		{ 425, "it is too early for it (425)" },
		{ 429, "it takes no more requests for a while (429)" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].status == status)
			return rows[i].why;
	if (status >= 500)
		return "the server has trouble of its own";
	return p->n_hops > 0 ? "the address that the hub gave is not good, or not any more" : NULL;
}

static int heard_status(struct store_pull *p, const struct http_answer *a, struct err *err)
{
	const char *why = later_status(p, a->status);
	char text[200];

	if (why) {
		(void)snprintf(text, sizeof text, "%s%s", why, strchr(why, '(') ? "" : " (");
		if (!strchr(why, '('))
			(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%d)", a->status);
		return try_later(p, text, a->retry_after_ms, err);
	}
	if (a->status == 401 || a->status == 403 || a->status == 404)
		(void)snprintf(text, sizeof text, "it answers %d: it does not have it, or not for everybody; is $HF_ENDPOINT right, where it is set?", a->status);
	else
		(void)snprintf(text, sizeof text, "it answers %d, where 200 was expected", a->status);
	return fail(p, text, err);
}

/* ---- asking ---------------------------------------------------------------------------- */

/* Another host is asked by hand, so that what it is can be looked at; it is given no credentials, for there are none. */
static int follow(struct store_pull *p, struct http_answer *a, struct err *err)
{
	char host[HOST_SIZE], text[HOST_SIZE + 100];
	bool is_https = false;

	if (++p->n_hops > HOPS_MAX)
		return fail(p, "one redirect leads to another, without an end", err);
	if (!a->location || !http_url_host(a->location, &is_https, host, sizeof host))
		return fail(p, "it redirects to an address that cannot be used", err);
	if (!is_https && !(p->is_base_loopback && http_host_is_loopback(host))) {
		(void)snprintf(text, sizeof text, "it redirects to plain http at '%s', which anybody on the way can change: expected https", host);
		return fail(p, text, err);
	}
	set_url(p, a->location);
	a->location = NULL;
	return 0;
}

static int drop_file(struct store_pull *p, struct err *err)
{
	p->etag[0] = '\0';
	p->n_saved = 0;
	return fs_remove(p->path, err) != 0 || fs_remove(p->etag_path, err) != 0 ? -1 : 0;
}

int pull_fetch_anew(struct store_pull *p, const char *why, struct err *err)
{
	p->stage = PULL_FETCH;
	if (drop_file(p, err) != 0)
		return -1;
	if (++p->n_wrong == WRONG_MAX)
		return fail(p, why, err);
	return try_later(p, why, -1, err);
}

static int begin(struct store_pull *p, struct err *err)
{
	struct http_request r = { .method = HTTP_GET, .body_max = HUB_LISTING_MAX };
	uint64_t size = 0;

	if (!p->url) {
		p->n_hops = 0;
		set_url(p, p->path ? hub_file_url(p->base, p->version, p->listing.commit, pull_file(p)->name) : hub_listing_url(p->base, p->version));
	}
	r.url = p->url;
	if (p->path) {
		if (fs_is_file(p->path) && fs_size(p->path, &size, err) != 0)
			return -1;
		if (size > pull_file(p)->bytes && drop_file(p, err) != 0)
			return -1;
		r.save_to = p->path;
		r.save_max = (int64_t)pull_file(p)->bytes;
		r.resume_at = size <= pull_file(p)->bytes ? (int64_t)size : 0;
		r.if_range = *p->etag ? p->etag : NULL;
		p->resumed_at = p->n_saved = r.resume_at;
	} else {
		r.total_ms = LIST_TOTAL_MS;
	}
	if (http_begin(p->http, &r, p, err) != 0)
		return -1;
	p->is_asking = true;
	return 0;
}

/* 1: *a is what came, to be released; 0: not yet. */
static int hear(struct store_pull *p, int timeout_ms, struct http_answer *a, struct err *err)
{
	if (!p->is_asking && begin(p, err) != 0)
		return -1;
	http_wait(p->http, timeout_ms);
	if (!http_take(p->http, a))
		return 0;
	p->is_asking = false;
	return 1;
}

static bool is_redirect(const struct http_answer *a)
{
	return a->end == HTTP_ANSWERED && a->status >= 300 && a->status <= 399;
}

/* ---- the list -------------------------------------------------------------------------- */

static int heard_list(struct store_pull *p, struct http_answer *a, struct err *err)
{
	if (is_redirect(a))
		return follow(p, a, err);
	if (a->end == HTTP_TOO_LARGE)
		return fail(p, a->why, err);
	if (a->end != HTTP_ANSWERED)
		return try_later(p, a->why, -1, err);
	if (a->status != 200)
		return heard_status(p, a, err);
	if (hub_read_listing(&p->listing, p->version, a->body.buf, a->body.len, err) != 0)
		return -1;
	p->n_failures = 0;
	p->stage = PULL_FILE;
	return 0;
}

int pull_list(struct store_pull *p, int timeout_ms, struct err *err)
{
	struct http_answer a;
	int r = hear(p, timeout_ms, &a, err);

	if (r != 1)
		return r;
	r = heard_list(p, &a, err);
	http_answer_release(&a);
	return r;
}

/* ---- a file ---------------------------------------------------------------------------- */

/* Kept beside the file, so that a pull after this one can ask for the rest of the same file and of no other. */
static int keep_etag(struct store_pull *p, const char *etag, struct err *err)
{
	if (!*etag || strcmp(etag, p->etag) == 0)
		return 0;
	memcpy(p->etag, etag, strlen(etag) + 1);
	return fs_replace(p->etag_path, etag, strlen(etag), err);
}

static void count_fetched(struct store_pull *p, int64_t n_saved)
{
	int64_t got = n_saved - (n_saved >= p->resumed_at ? p->resumed_at : 0);

	p->n_saved = n_saved;
	p->n_fetched += (uint64_t)got;
	if (got >= PROGRESS_BYTES)
		p->n_failures = 0;
}

static int heard_whole(struct store_pull *p, const struct http_answer *a, struct err *err)
{
	char text[200];

	if ((uint64_t)a->n_saved == pull_file(p)->bytes) {
		p->stage = PULL_CHECK;
		return 0;
	}
	(void)snprintf(text, sizeof text, "it sent %lld bytes, and the hub lists %llu", (long long)a->n_saved, (unsigned long long)pull_file(p)->bytes);
	return pull_fetch_anew(p, text, err);
}

static int heard_file(struct store_pull *p, struct http_answer *a, struct err *err)
{
	char text[300];

	if (is_redirect(a))
		return follow(p, a, err);
	count_fetched(p, a->n_saved);
	if (a->end == HTTP_DISK)
		return err_set_sys(err, ERR_IO, a->sys_errno, "cannot write '%s'", p->path);
	if (a->end == HTTP_ANSWERED && (a->status == 200 || a->status == 206))
		return heard_whole(p, a, err);
	if (a->end == HTTP_TOO_LARGE || (a->end == HTTP_ANSWERED && a->status == 416)) {
		(void)snprintf(text, sizeof text, "it has another file than the hub lists: %s", a->end == HTTP_TOO_LARGE ? a->why : "not so long (416)");
		return pull_fetch_anew(p, text, err);
	}
	if (a->end == HTTP_ANSWERED)
		return heard_status(p, a, err);
	if (keep_etag(p, a->etag, err) != 0)
		return -1;
	return try_later(p, a->why, -1, err);
}

int pull_fetch(struct store_pull *p, int timeout_ms, struct err *err)
{
	struct http_answer a;
	struct http_look look;
	int r = hear(p, timeout_ms, &a, err);

	if (r == 0 && http_look(p->http, p, &look)) {
		p->n_saved = look.n_saved;
		return keep_etag(p, look.etag, err);
	}
	if (r != 1)
		return r;
	r = heard_file(p, &a, err);
	http_answer_release(&a);
	return r;
}

int pull_wait(struct store_pull *p, int timeout_ms, struct err *err)
{
	int64_t left_ms = p->wait_until_ms - clock_monotonic_ms();

	(void)err;
	if (left_ms > 0)
		http_wait(p->http, left_ms < timeout_ms ? (int)left_ms : timeout_ms);
	else
		p->stage = p->after_wait;
	return 0;
}
