/*
 * download: the record of a finished job's sound, and the sound itself.
 *
 * The address comes from the record, is kept in memory alone, and is never said: whoever has it can fetch the sound. It is asked without
 * credentials, over https, at the provider's hosts; where the API itself is on this machine (tests) this machine will do.
 * A download that breaks off goes on where it was; an address that is refused has expired, and the record has a fresh one. Both cost nothing, and are
 * done a few times.
 */
#include "backend/hosted/hosted.h"

#include "backend/hosted/hosted_inside.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define LOADS_MAX 8         /* beginnings of one download: cut, refused, or answered with 5xx */
#define RANGE_STATUS 416    /* what is there is longer than what the service has: it is something else */

void download_drop(struct slot *s)
{
	if (s->file)
		(void)remove(s->file);
	free(s->file);
	free(s->url);
	free(s->etag);
	s->file = s->url = s->etag = NULL;
}

/* ---- the record ----------------------------------------------------------------------------- */

/* host: for a sentence. */
static bool may_fetch(const struct hosted *h, const char *url, char *host, size_t size)
{
	bool is_https;

	if (!http_url_host(url, &is_https, host, size)) {
		(void)snprintf(host, size, "%s", "?");
		return false;
	}
	if (h->service.is_loopback && http_host_is_loopback(host))
		return true;
	for (const char *const *known = h->service.provider->asset_hosts; *known; known++)
		if (is_https && text_equal_ignoring_case(*known, host))
			return true;
	return false;
}

enum came download_read_asset(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct err err = ERR_INIT;
	char host[256];

	(void)m;
	if (heard_read(heard, wire_read_asset(heard->http->body.buf, heard->http->body.len, &heard->asset, &err), &err) != CAME_GOOD)
		return CAME_GARBLED;
	if (may_fetch(h, heard->asset.url, host, sizeof host))
		return CAME_GOOD;
	(void)snprintf(heard->why, sizeof heard->why, "its sound lies at '%.200s', where nothing is fetched from: expected https at '%s'", host,
		       h->service.provider->asset_hosts[0]);
	return CAME_ENDED;
}

void download_found(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	free(s->url);
	s->url = mem_strdup(heard->asset.url);
	s->n_missing = 0;
	s->n_record = heard->asset.n_bytes;
	m->n_looks = 0;
	mover_due(m, hosted_now_ms(h));
}

/* ---- the sound ------------------------------------------------------------------------------- */

void download_begin(struct hosted *h, struct slot *s)
{
	struct http_request request = { .method = HTTP_GET, .url = s->url, .save_max = HOSTED_FILE_MAX, .stall_ms = STALL_MS };
	struct err err = ERR_INIT;
	char id[JOB_ID_SIZE];

	job_id_text(id, s->job->id);
	if (!s->file)
		s->file = hosted_file(h, id);
	request.save_to = s->file;
	request.resume_at = s->n_loaded;
	request.if_range = s->etag; /* what has come so far is the beginning of no other file */
	mover_go(&s->mover, STEP_LOADING);
	if (http_begin(h->http, &request, &s->mover, &err) != 0)
		steps_cannot(h, &s->mover, &err);
}

/* A proxy can cut a file and say that it is whole. Where the same number comes twice, it is the record that is wrong. */
static bool is_odd(struct slot *s, const struct heard *heard)
{
	int64_t n = heard->http->n_saved;

	if (s->n_record < 0 || n == s->n_record || n == s->n_odd)
		return false;
	s->n_odd = n;
	return true;
}

enum came download_read(struct hosted *h, struct mover *m, struct heard *heard)
{
	const char *type = heard->http->content_type[0] ? heard->http->content_type : "nothing that is said";
	const char *what = NULL;

	(void)h;
	(void)hosted_sniff(slot_of(m)->file, &what); /* one that cannot be read is no sound either */
	if (what && strcmp(what, ".m4a") != 0) {
		if (!is_odd(slot_of(m), heard))
			return CAME_GOOD;
		(void)snprintf(heard->why, sizeof heard->why, "%lld bytes came, where its record says %lld", (long long)heard->http->n_saved,
			       (long long)slot_of(m)->n_record);
		return CAME_ENDED;
	}
	if (what)
		(void)snprintf(heard->why, sizeof heard->why, "the service made an m4a file, which this program cannot read: expected wav, flac, ogg or mp3");
	else
		(void)snprintf(heard->why, sizeof heard->why, "what was downloaded is no sound: %lld bytes of '%s', expected wav, flac, ogg or mp3",
			       (long long)heard->http->n_saved, type);
	return CAME_GARBLED;
}

void download_done(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	(void)h;
	(void)heard;
	s->end = (struct event){ .kind = EVENT_DONE, .job = s->job, .file = s->file, .credits = s->credits };
	s->end.make_s = (double)(clock_monotonic_ms() - s->began_ms) / 1000;
	s->file = NULL;
}

/* Once more, if not too often. */
static bool may_begin_again(struct slot *s, const char *why)
{
	if (++s->n_loads < LOADS_MAX)
		return true;
	slot_fail(s, FAIL_REMOTE, "its sound could not be downloaded: it broke off %d times, at last with '%.200s'; nothing more is paid for another try",
		  s->n_loads, why);
	return false;
}

void download_resume(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	if (heard->http->end != HTTP_ANSWERED && heard->http->n_saved != s->n_loaded) { /* else nothing of what this tag is of has come */
		s->n_loaded = heard->http->n_saved;
		free(s->etag);
		s->etag = mem_strdup(heard->http->etag);
	}
	if (may_begin_again(s, heard->why))
		mover_later(h, m);
}

void download_anew(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	s->n_loaded = 0;
	if (may_begin_again(s, heard->why))
		mover_due(m, hosted_now_ms(h));
}

void download_refresh(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	if (heard->http->status == RANGE_STATUS)
		s->n_loaded = 0;
	if (may_begin_again(s, heard->why))
		mover_due(m, hosted_now_ms(h));
}

void download_wrong(struct hosted *h, struct mover *m, struct heard *heard)
{
	(void)h;
	slot_fail(slot_of(m), FAIL_REMOTE, "%s", heard->why);
}

void download_here(struct hosted *h, struct mover *m, struct heard *heard)
{
	(void)h;
	slot_fail(slot_of(m), heard_here(heard), "its sound could not be written: %s", heard->why);
}
