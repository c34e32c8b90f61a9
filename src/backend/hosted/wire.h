/*
 * backend/hosted/wire: what is said to a hosted generation API and what its answers mean. Pure: text in, struct out.
 *
 * A provider is a table of endpoints, names and status words (struct provider, provider_scenario.c): a second one is a second
 * table. Paths have {model}, {job}, {asset}, {upload} in them. Requests are built from a job's card rows; answers are read
 * leniently (unknown keys are skipped, an unknown status word is "still running") and strictly where money or bytes depend
 * on it (ids, prices, URLs: type, length and characters are checked). Every text read is capped and owned by the struct.
 */
#ifndef BACKEND_HOSTED_WIRE_H
#define BACKEND_HOSTED_WIRE_H

#include "base/err.h"
#include "base/strbuf.h"
#include "job/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_ID_MAX 128     /* of a job, asset or upload: longer, or with other characters than A-Z a-z 0-9 _ - . : is no id */
#define WIRE_URL_MAX 4096
#define WIRE_PARTS_MAX 10000
#define WIRE_TEXT_MAX 300   /* of a service's own words in a sentence */
#define WIRE_NEXT_SIZE 2048 /* of a page's token, percent-encoded */

enum wire_status { WIRE_RUNNING, WIRE_SUCCEEDED, WIRE_FAILED, WIRE_CANCELED };

struct provider {
	const char *name;           /* "scenario" */
	const char *base_url;       /* unless $SCENARIO_API_URL says another */
	const char *key_variable, *secret_variable, *file_variable, *url_variable, *project_variable;
	const char *submit, *dry_run_query, *job, *jobs, *job_action, *uploads, *upload, *upload_action, *asset, *models;
	const char *next_page;          /* "paginationToken=": what stands before wire_page.next in the query of a later page */
	const char *const *asset_hosts; /* of downloads, NULL-ended */
	struct { const char *word; enum wire_status status; } statuses[20]; /* ends with NULL */
	struct { const char *mime, *extension; } audio[8];                  /* what an upload may be: "audio/wav", ".wav"; ends with NULL */
};

extern const struct provider provider_scenario;

/* ---- requests ---------------------------------------------------------------------- */

/* base + path with its {..} filled in (percent-encoded) + "?projectId=.." where there is one + more queries ("dryRun=true"). */
struct wire_names { const char *model, *job, *asset, *upload, *project; };
void wire_url(struct strbuf *out, const char *base, const char *path, const struct wire_names *names, const char *query);
/*
 * The flat JSON object of a job's parameters, in the card's order: of those that the hosted page has, all that are said or have a
 * default. Defaults are sent, so that a job stays what its id says when the page changes its own; but not those that are false or 0,
 * for they ask for nothing, and a model's record may want others where they are there (required.ifDefined). So equal
 * ids give equal text. A file is its asset id (NULL or "": left out). Never null.
 */
void wire_submit_body(struct strbuf *out, const struct job *job, const char *asset_id);
/* What of a job decides its price (all parameters but texts, the seed and which file it is): equal text, equal price. */
void wire_price_shape(struct strbuf *out, const struct job *job);
void wire_upload_body(struct strbuf *out, const char *file_name, const char *mime, int64_t n_bytes, int n_parts);
void wire_action_body(struct strbuf *out, const char *action); /* "complete", "cancel" */

/* ---- answers ------------------------------------------------------------------------ */

/* A text of 1..WIRE_ID_MAX characters that ids have; not of dots alone, which mean something else in an address. */
bool wire_is_id(const char *id);

/* Each: 0, or -1 with ERR_INPUT: the text is not what it should be (cut, HTML, no id), one sentence. */
struct wire_job {
	char id[WIRE_ID_MAX + 1];
	enum wire_status status;
	double progress;              /* 0..1 */
	double credits;               /* creativeUnitsCost, 0..1,000,000; -1: not said, or no such number */
	char asset_id[WIRE_ID_MAX + 1]; /* the first of metadata.assetIds; "" */
	char why[WIRE_TEXT_MAX + 1];  /* of a failure; "" */
	int64_t created_ms;           /* 0: not said */
};
int wire_read_job(const struct provider *p, const char *text, size_t len, struct wire_job *ret, struct err *err) WARN_UNUSED;
/* Of a dryRun's answer, be its status 2xx or 402: 0..1,000,000 credits. */
int wire_read_price(const char *text, size_t len, double *ret_credits, struct err *err) WARN_UNUSED;

/*
 * One page of the list of jobs, and which of them may be what was asked for. visit is told of each job that is like asked[which]: it has an
 * id, was created from since_ms to until_ms, and is what `body` (wire_submit_body) asked of the card's hosted model: all that was sent is
 * there and equal (numbers by value); a parameter of the card that was not sent is absent, null, its default, or as good as not said
 * (seed -1); other keys are the service's own; where it names models, one of them is ours. Inputs that are not there or cannot be read
 * are not the same.
 */
struct wire_asked {
	const struct card *card;
	const char *body;
	int64_t since_ms, until_ms; /* Unix; a job that does not say its time is of 0 */
};
struct wire_page {
	char next[WIRE_NEXT_SIZE]; /* token of the next page, percent-encoded already (p->next_page before it); "" at the end */
	int64_t oldest_ms;         /* the earliest creation on it; 0: none is said */
};
typedef void (*wire_visit_like)(void *arg, size_t which, const struct wire_job *job);
int wire_read_jobs(const struct provider *p, const char *text, size_t len, const struct wire_asked *asked, size_t n_asked,
		   wire_visit_like visit, void *arg, struct wire_page *ret, struct err *err) WARN_UNUSED;

enum wire_upload_status { WIRE_UPLOAD_WAITS, WIRE_UPLOAD_IMPORTED, WIRE_UPLOAD_FAILED };
struct wire_upload {
	char id[WIRE_ID_MAX + 1];
	char asset_id[WIRE_ID_MAX + 1]; /* entityId; "" */
	enum wire_upload_status status;
	char why[WIRE_TEXT_MAX + 1];
	char **urls; /* [n_parts], in the order of the parts' numbers; owned: wire_upload_release */
	int n_parts;
};
int wire_read_upload(const char *text, size_t len, struct wire_upload *ret, struct err *err) WARN_UNUSED;
void wire_upload_release(struct wire_upload *u);

struct wire_asset { char url[WIRE_URL_MAX]; int64_t n_bytes; /* -1: not said */ };
int wire_read_asset(const char *text, size_t len, struct wire_asset *ret, struct err *err) WARN_UNUSED;

/* What an error answer means. Never fails: a body that is no JSON gives its first characters. */
enum wire_trouble {
	WIRE_BAD_REQUEST,     /* 400, 422: input */
	WIRE_UNAUTHORISED,    /* 401 */
	WIRE_UNPAID,          /* 402 */
	WIRE_FORBIDDEN,       /* 403: plan or project */
	WIRE_NOT_FOUND,       /* 404 */
	WIRE_TOO_MANY_JOBS,   /* 429 with actionLimit: n_jobs */
	WIRE_COOLDOWN,        /* 429 with remainingSeconds: wait_ms */
	WIRE_TOO_MANY_REQUESTS, /* any other 429 */
	WIRE_SERVER,          /* 5xx, and whatever is not above */
};
struct wire_error {
	enum wire_trouble trouble;
	int64_t wait_ms;       /* remainingSeconds; -1: not said */
	int n_jobs;            /* actionLimit; 0: not said */
	char sentence[EVENT_SENTENCE_MAX]; /* what happened and what to do, the service's words quoted */
};
void wire_read_error(const struct provider *p, int status, const char *content_type, const char *text, size_t len, struct wire_error *ret);

/* ---- sounds --------------------------------------------------------------------------- */

#define WIRE_SNIFF_BYTES 16 /* of a file's beginning: as many as say what it is */
/* By a file's first bytes: ".wav", ".flac", ".ogg", ".mp3", ".m4a"; NULL: no sound that is known. */
const char *wire_sniff(const unsigned char *bytes, size_t n);

#endif
