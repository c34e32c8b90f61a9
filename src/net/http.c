/* See http.h. */
#include "net/http_inside.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define N_EVENTS 64             /* taken from the system at once */
#define IDLE_PER_CONNECTION 4   /* connections kept: API, uploads and downloads are several hosts */

struct http {
	struct road roads[N_ROADS];
	int epoll_fd;
	char *user_agent, *ca_file;
	struct transfer *running;            /* in no order */
	struct transfer *ended, **ended_end; /* oldest first */
	int n_running;
};

/* ---- libcurl's two wishes: tell me of this socket, call me at that time ---------------- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct road *road = arg;
	struct epoll_event event = { .events = 0, .data = { .u64 = 0 } };
	int epoll_fd = road->http->epoll_fd;

	(void)easy, (void)unused;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, &event); /* it may be closed already */
		return 0;
	}
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;
	event.data.u64 = (uint64_t)(road - road->http->roads) << 32 | (uint32_t)fd;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event); /* a failure ends one request, by its time; -1 here would end all */
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct road *road = arg;

	(void)multi;
	road->due_ms = ms < 0 ? -1 : clock_monotonic_ms() + ms;
	return 0;
}

static bool road_open(struct road *road, struct http *h, int n_connections)
{
	bool bad = false;

	road->http = h;
	road->due_ms = -1;
	road->multi = curl_multi_init();
	if (!road->multi)
		return false;
	bad |= curl_multi_setopt(road->multi, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK;
	bad |= curl_multi_setopt(road->multi, CURLMOPT_SOCKETDATA, road) != CURLM_OK;
	bad |= curl_multi_setopt(road->multi, CURLMOPT_TIMERFUNCTION, on_timer) != CURLM_OK;
	bad |= curl_multi_setopt(road->multi, CURLMOPT_TIMERDATA, road) != CURLM_OK;
	bad |= curl_multi_setopt(road->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) != CURLM_OK;
	bad |= curl_multi_setopt(road->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)n_connections) != CURLM_OK;
	bad |= curl_multi_setopt(road->multi, CURLMOPT_MAXCONNECTS, (long)n_connections * IDLE_PER_CONNECTION) != CURLM_OK;
	return !bad;
}

/* ---- opening, beginning, closing ------------------------------------------------------- */

int http_open(struct http **ret, const struct http_config *config, struct err *err)
{
	int n_connections = config->n_connections > 0 ? config->n_connections : HTTP_CONNECTIONS_DEFAULT;
	struct http *h;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_IO, "libcurl cannot be started");
	h = mem_zalloc(1, sizeof *h);
	h->ended_end = &h->ended;
	h->user_agent = config->user_agent ? mem_strdup(config->user_agent) : NULL;
	h->ca_file = config->ca_file ? mem_strdup(config->ca_file) : NULL;
	h->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (h->epoll_fd < 0) {
		(void)err_set_sys(err, ERR_IO, errno, "cannot watch connections");
		goto fail;
	}
	for (int i = 0; i < N_ROADS; i++)
		if (!road_open(&h->roads[i], h, n_connections)) {
			(void)err_set(err, ERR_IO, "libcurl cannot be set up");
			goto fail;
		}
	*ret = h;
	return 0;
fail:
	http_close(h);
	return -1;
}

int http_begin(struct http *h, const struct http_request *request, void *tag, struct err *err)
{
	const struct http_config config = { .user_agent = h->user_agent, .ca_file = h->ca_file };
	struct transfer *t = NULL;

	if (transfer_new(&t, &config, request, tag, err) != 0)
		return -1;
	t->road = &h->roads[request->is_once ? ROAD_ONCE : ROAD_SHARED];
	if (curl_multi_add_handle(t->road->multi, t->easy) != CURLM_OK) {
		transfer_free(t);
		return err_set(err, ERR_IO, "libcurl takes no further request");
	}
	t->next = h->running;
	if (t->next)
		t->next->prev = t;
	h->running = t;
	h->n_running++;
	return 0;
}

/* Off its road and out of the list of those that run. */
static void leave(struct http *h, struct transfer *t)
{
	(void)curl_multi_remove_handle(t->road->multi, t->easy);
	if (t->prev)
		t->prev->next = t->next;
	else
		h->running = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->next = t->prev = NULL;
	h->n_running--;
}

void http_cancel(struct http *h, const void *tag)
{
	struct transfer *t, *next, **link;

	for (t = h->running; t; t = next) {
		next = t->next;
		if (t->answer.tag != tag)
			continue;
		leave(h, t);
		transfer_free(t);
	}
	for (link = &h->ended; *link;) {
		t = *link;
		if (t->answer.tag != tag) {
			link = &t->next;
			continue;
		}
		*link = t->next;
		transfer_free(t);
	}
	h->ended_end = link;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	while (h->running)
		http_cancel(h, h->running->answer.tag);
	while (h->ended)
		http_cancel(h, h->ended->answer.tag);
	for (int i = 0; i < N_ROADS; i++)
		if (h->roads[i].multi)
			(void)curl_multi_cleanup(h->roads[i].multi);
	if (h->epoll_fd >= 0)
		(void)close(h->epoll_fd);
	free(h->user_agent);
	free(h->ca_file);
	free(h);
	curl_global_cleanup();
}

/* ---- waiting --------------------------------------------------------------------------- */

static void to_ended(struct http *h, struct transfer *t)
{
	leave(h, t);
	*h->ended_end = t;
	h->ended_end = &t->next;
}

/* Newer libcurls (from 8.9 on) let the time to connect run while a request stands in line for a connection; ours does not. */
static bool goes_on_waiting(struct transfer *t, CURLcode code)
{
	if (code != CURLE_OPERATION_TIMEDOUT || t->has_begun || t->n_sendings > 0)
		return false;
	return curl_multi_remove_handle(t->road->multi, t->easy) == CURLM_OK && curl_multi_add_handle(t->road->multi, t->easy) == CURLM_OK;
}

/* Those that libcurl has finished. */
static void collect(struct http *h)
{
	for (int i = 0; i < N_ROADS; i++) {
		CURLMsg *message;
		int n_left;

		while ((message = curl_multi_info_read(h->roads[i].multi, &n_left)) != NULL) {
			char *private = NULL;
			CURLcode code = message->data.result;
			struct transfer *t;

			if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private) != CURLE_OK)
				continue;
			t = (struct transfer *)(void *)private;
			if (goes_on_waiting(t, code))
				continue;
			transfer_finish(t, code);
			to_ended(h, t);
		}
	}
}

/* When a transfer is late, in ms from now; before it is sent libcurl watches it (connect_ms). */
static int64_t left_ms(const struct transfer *t, int64_t now_ms, bool *is_stalled)
{
	int64_t left, total;

	if (t->n_sendings == 0)
		return INT64_MAX;
	left = t->moved_ms + t->stall_ms - now_ms;
	total = t->total_ms > 0 ? t->sent_ms + t->total_ms - now_ms : INT64_MAX;
	*is_stalled = left <= total;
	return *is_stalled ? left : total;
}

/* Ends those that are late; ms until the next one will be. */
static int64_t end_late(struct http *h, int64_t now_ms)
{
	int64_t nearest = INT64_MAX;
	struct transfer *t, *next;

	for (t = h->running; t; t = next) {
		bool is_stalled = false;
		int64_t left = left_ms(t, now_ms, &is_stalled);

		next = t->next;
		if (left <= 0) {
			transfer_finish_late(t, is_stalled);
			to_ended(h, t);
		} else if (left < nearest) {
			nearest = left;
		}
	}
	return nearest;
}

/* Calls libcurl where it asked for that; ms until it wants to be called next. */
static int64_t call_due(struct http *h)
{
	int64_t nearest = INT64_MAX;
	int unused;

	for (int i = 0; i < N_ROADS; i++) {
		struct road *road = &h->roads[i];
		int64_t now_ms = clock_monotonic_ms();

		if (road->due_ms >= 0 && road->due_ms <= now_ms) {
			road->due_ms = -1;
			(void)curl_multi_socket_action(road->multi, CURL_SOCKET_TIMEOUT, 0, &unused);
		}
		if (road->due_ms >= 0 && road->due_ms - now_ms < nearest)
			nearest = road->due_ms - now_ms;
	}
	return nearest;
}

static void call_ready(struct http *h, const struct epoll_event *events, int n)
{
	int unused;

	for (int i = 0; i < n; i++) {
		struct road *road = &h->roads[events[i].data.u64 >> 32];
		curl_socket_t fd = (curl_socket_t)(uint32_t)events[i].data.u64;
		int what = 0;

		if (events[i].events & (EPOLLIN | EPOLLHUP))
			what |= CURL_CSELECT_IN;
		if (events[i].events & EPOLLOUT)
			what |= CURL_CSELECT_OUT;
		if (events[i].events & EPOLLERR)
			what |= CURL_CSELECT_ERR;
		(void)curl_multi_socket_action(road->multi, fd, what, &unused);
	}
}

void http_wait(struct http *h, int timeout_ms)
{
	const int64_t until_ms = clock_monotonic_ms() + (timeout_ms > 0 ? timeout_ms : 0);
	struct epoll_event events[N_EVENTS];
	int64_t now_ms, wait_ms, late_ms;
	int n;

	for (;;) {
		wait_ms = call_due(h);
		collect(h);
		now_ms = clock_monotonic_ms();
		late_ms = end_late(h, now_ms);
		if (late_ms < wait_ms)
			wait_ms = late_ms;
		if (until_ms - now_ms < wait_ms)
			wait_ms = until_ms - now_ms;
		if (h->ended || wait_ms < 0)
			wait_ms = 0;
		n = epoll_wait(h->epoll_fd, events, N_EVENTS, (int)wait_ms);
		if (n < 0) /* a signal: never begun again by itself (signal(7)) */
			return;
		call_ready(h, events, n);
		collect(h);
		if (h->ended || clock_monotonic_ms() >= until_ms)
			return;
	}
}

int http_running(const struct http *h)
{
	return h->n_running;
}

bool http_take(struct http *h, struct http_answer *ret)
{
	struct transfer *t = h->ended;

	if (!t)
		return false;
	h->ended = t->next;
	if (!h->ended)
		h->ended_end = &h->ended;
	*ret = t->answer;
	strbuf_init(&t->answer.body, 0);
	t->answer.location = NULL;
	transfer_free(t);
	return true;
}

bool http_look(const struct http *h, const void *tag, struct http_look *ret)
{
	const struct transfer *t = h->running;

	while (t && t->answer.tag != tag)
		t = t->next;
	if (!t)
		return false;
	ret->n_saved = t->answer.n_saved;
	memcpy(ret->etag, t->answer.etag, sizeof ret->etag);
	return true;
}

void http_answer_release(struct http_answer *answer)
{
	strbuf_release(&answer->body);
	free(answer->location);
	answer->location = NULL;
}
