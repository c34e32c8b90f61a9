/* Requests to the API itself: the one place where the credentials go. */
#include "backend/hosted/hosted_inside.h"

#include "base/clock.h"
#include "base/mem.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define URL_MAX 8192

/*
 * A service that takes longer does not answer at all, as far as we know: the maker's plug-in waits 45 to 60 s (the service's documentation). What is
 * paid for gets more, since giving up there means to go and look for it. With a clock that runs faster (tests) less, but never
 * so little that a busy machine would make a fault of it.
 */
#define ANSWER_MS 60000
#define ANSWER_ONCE_MS 120000
#define ANSWER_LEAST_MS 4000

/* What is asked for nothing and waited for, a price or whether we are known: the service may hiccup, and a night's run would not begin. */
#define ASKS_MAX 4
#define AGAIN_MS 1000 /* then twice as long, each time */
#define SLOW_MS 5000  /* 429, and it does not say for how long */
#define SLOW_MOST_MS 60000

static int scaled_ms(int ms, double clock_rate)
{
	double real = ms / clock_rate;

	return real < ANSWER_LEAST_MS ? ANSWER_LEAST_MS : (int)real;
}

int ask_open(struct http **ret, const struct service *s, int n_connections, struct err *err)
{
	struct http_config config = { .user_agent = "mgbatch", .ca_file = s->ca_file, .n_connections = n_connections };

	return http_open(ret, &config, err);
}

struct ask ask_to_make(const struct service *s, const struct job *job, const char *body)
{
	return (struct ask){ .path = s->provider->submit, .names = { .model = card_hosted_model(job->card) }, .body = body, .is_once = true };
}

struct ask ask_for_price(const struct service *s, const struct job *job, const char *body)
{
	struct ask ask = ask_to_make(s, job, body);

	ask.query = s->provider->dry_run_query;
	ask.is_once = false;
	return ask;
}

int ask_begin(struct http *http, const struct service *s, const struct ask *ask, void *tag, double clock_rate, struct err *err)
{
	struct wire_names names = ask->names;
	struct strbuf url = STRBUF_INIT(URL_MAX);
	struct http_request request = { .method = ask->body ? HTTP_POST : HTTP_GET, .user = s->key, .password = s->secret, .body = ask->body,
					.is_once = ask->is_once };
	int rc;

	names.project = s->project;
	wire_url(&url, s->base, ask->path, &names, ask->query);
	request.url = url.buf;
	request.total_ms = scaled_ms(ask->is_once ? ANSWER_ONCE_MS : ANSWER_MS, clock_rate);
	request.stall_ms = request.total_ms; /* an answer is one piece: what matters is when it is there */
	rc = strbuf_ok(&url) ? http_begin(http, &request, tag, err) : err_set(err, ERR_USAGE, "an address is too long");
	strbuf_release(&url);
	return rc;
}

void ask_by(struct hosted *h, struct mover *m, const struct ask *ask)
{
	struct err err = ERR_INIT;

	if (ask_begin(h->http, &h->service, ask, m, h->clock_rate, &err) != 0)
		steps_cannot(h, m, &err);
}

static int interrupted(const struct service *s, struct err *err)
{
	return err_set(err, ERR_IO, "interrupted while the service '%s' was asked", s->provider->name);
}

/* Begins it and waits for the answer. -1: it cannot be begun, or a signal came. */
static int ask_once(struct http *http, const struct service *s, const struct ask *ask, double clock_rate, struct http_answer *ret, struct err *err)
{
	const int turn_ms = 60000;
	char tag;

	if (ask_begin(http, s, ask, &tag, clock_rate, err) != 0)
		return -1;
	for (;;) {
		int64_t began_ms = clock_monotonic_ms();

		http_wait(http, turn_ms);
		if (http_take(http, ret))
			return 0;
		if (clock_monotonic_ms() - began_ms < turn_ms - 1) { /* before its time and for nothing: a signal */
			http_cancel(http, &tag);
			return interrupted(s, err);
		}
	}
}

/* When it is worth asking again, from now; -1: it is not. */
static int64_t again_ms(const struct service *s, const struct http_answer *answer, int n_asked)
{
	struct heard heard = { .http = answer };
	int64_t ms;

	if (answer->end == HTTP_NO_ANSWER || answer->end == HTTP_CUT || (answer->end == HTTP_ANSWERED && answer->status >= 500))
		return (int64_t)AGAIN_MS << n_asked;
	if (answer->end != HTTP_ANSWERED || answer->status != 429)
		return -1;
	wire_read_error(s->provider, answer->status, answer->content_type, answer->body.buf, answer->body.len, &heard.error);
	ms = heard_wait_ms(&heard, SLOW_MS);
	return ms < SLOW_MOST_MS ? ms : SLOW_MOST_MS;
}

static int rest(const struct backend_requests *requests, const struct service *s, int64_t ms, struct err *err)
{
	if (ms > 0 && poll(NULL, 0, (int)((double)ms / requests->clock_rate) + 1) < 0)
		return interrupted(s, err);
	return 0;
}

int ask_wait(struct http *http, const struct service *s, struct backend_requests *requests, const struct ask *ask, struct http_answer *ret,
	     struct err *err)
{
	int64_t wait_ms;

	for (int n = 0;; n++) {
		while ((wait_ms = pace_wait_ms(&requests->pace, requests_now_ms(requests))) > 0)
			if (rest(requests, s, wait_ms, err) != 0)
				return -1;
		pace_sent(&requests->pace, PACE_FETCH, requests_now_ms(requests));
		if (ask_once(http, s, ask, requests->clock_rate, ret, err) != 0)
			return -1;
		wait_ms = again_ms(s, ret, n);
		if (wait_ms < 0 || n + 1 == ASKS_MAX)
			return 0;
		http_answer_release(ret);
		if (rest(requests, s, wait_ms, err) != 0)
			return -1;
	}
}

int ask_unheard(const struct service *s, const struct http_answer *answer, const char *what, struct err *err)
{
	const char *variable = getenv(s->provider->url_variable) ? s->provider->url_variable : NULL;

	return err_set(err, ERR_MODEL, "the service '%s' %s: %s. Look at the network%s%s", s->provider->name, what, answer->why,
		       variable ? ", and at the address in " : "", variable ? variable : "");
}

int ask_hello(struct http *http, const struct service *s, struct backend_requests *requests, struct err *err)
{
	struct http_answer answer;
	struct wire_error error;
	struct ask ask = { .path = s->provider->models };
	int rc = 0;

	if (ask_wait(http, s, requests, &ask, &answer, err) != 0)
		return -1;
	if (answer.end != HTTP_ANSWERED) {
		rc = ask_unheard(s, &answer, "cannot be reached", err);
	} else if (answer.status < 200 || answer.status > 299) {
		wire_read_error(s->provider, answer.status, answer.content_type, answer.body.buf, answer.body.len, &error);
		rc = err_set(err, ERR_MODEL, "asking '%s' which models it has: %s", s->provider->name, error.sentence);
	}
	http_answer_release(&answer);
	return rc;
}
