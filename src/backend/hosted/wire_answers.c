/* The half of wire.h that listens: jobs, prices, uploads, assets. The list of jobs is in wire_jobs.c, errors are in wire_errors.c. */
#include "backend/hosted/wire_inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* No job costs as much: the largest plan that is sold by name has 10,000 credits a month (the service's documentation). */
#define CREDITS_MAX 1e6

/* ---- pieces --------------------------------------------------------------------------- */

int wire_parse(struct json_doc **doc, const struct json **ret, const char *text, size_t len, const char *name, struct err *err)
{
	char words[81];

	*doc = NULL;
	*ret = NULL;
	if (len == 0)
		return err_set(err, ERR_INPUT, "the service's answer is empty");
	if (json_parse(doc, text, len, WIRE_ANSWER_MAX, "the service's answer", ERR_INPUT, err)) {
		*doc = NULL;
		wire_words(words, sizeof words, text, len);
		return err_set(err, ERR_INPUT, "the service's answer cannot be read: JSON was expected, it begins '%s'", words);
	}
	*ret = name ? json_member(json_root(*doc), name) : json_root(*doc);
	if (json_is_object(*ret))
		return 0;
	json_free(*doc);
	*doc = NULL;
	*ret = NULL;
	return err_set(err, ERR_INPUT, "the service's answer has no object%s%s%s", name ? " '" : "", name ? name : "", name ? "'" : "");
}

bool wire_is_id(const char *id)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:";
	size_t n = strspn(id, allowed);

	return n > 0 && n <= WIRE_ID_MAX && !id[n] && strspn(id, ".") < n;
}

static bool take_id(char out[WIRE_ID_MAX + 1], const struct json *n)
{
	const char *id = json_string(n, "");

	if (!wire_is_id(id))
		return false;
	memcpy(out, id, strlen(id) + 1);
	return true;
}

/* https, or http (which only a loopback may be: http.h sees to that), a host, and nothing that is not printed. */
static bool is_url(const char *url)
{
	const char *host = text_starts_with(url, "https://") ? url + 8 : text_starts_with(url, "http://") ? url + 7 : NULL;
	size_t i;

	if (!host || !*host || *host == '/' || strlen(url) >= WIRE_URL_MAX)
		return false;
	for (i = 0; url[i]; i++)
		if (url[i] <= 0x20 || url[i] >= 0x7F || strchr("\"<>\\^`{|}", url[i]))
			return false;
	return true;
}

static void take_words(char out[WIRE_TEXT_MAX + 1], const struct json *n)
{
	const char *words = wire_words_of(n);

	if (words)
		wire_words(out, WIRE_TEXT_MAX + 1, words, strlen(words));
}

/* ---- jobs ------------------------------------------------------------------------------- */

static enum wire_status read_status(const struct provider *p, const char *word)
{
	size_t i;

	for (i = 0; i < sizeof p->statuses / sizeof *p->statuses && p->statuses[i].word; i++)
		if (text_equal_ignoring_case(word, p->statuses[i].word))
			return p->statuses[i].status;
	return WIRE_RUNNING; /* a word that is new: the deadline ends it */
}

/* 0..1, where one guide of the service has 0..100. */
static double read_progress(const struct json *n)
{
	double v = json_number(n, 0);

	if (v > 1)
		v /= 100;
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

int wire_take_job(const struct provider *p, const struct json *job, struct wire_job *ret, struct err *err)
{
	const struct json *metadata = json_member(job, "metadata");
	const struct json *asset = json_first(json_member(metadata, "assetIds"));

	*ret = (struct wire_job){ .credits = -1 };
	if (!take_id(ret->id, json_member(job, "jobId")))
		return err_set(err, ERR_INPUT, "the service's answer names no job ('jobId' is missing or no id)");
	ret->status = read_status(p, json_string(json_member(job, "status"), ""));
	ret->progress = read_progress(json_member(job, "progress"));
	ret->created_ms = wire_time_ms(json_member(job, "createdAt"));
	if (asset && !take_id(ret->asset_id, asset) && ret->status == WIRE_SUCCEEDED)
		return err_set(err, ERR_INPUT, "the service's answer on job '%s' has no usable id of a sound in 'assetIds'", ret->id);
	if (ret->status == WIRE_FAILED || ret->status == WIRE_CANCELED) {
		take_words(ret->why, json_member(job, "error"));
		if (!*ret->why)
			take_words(ret->why, json_member(metadata, "error"));
		if (!*ret->why)
			take_words(ret->why, json_member(job, "errorMessage"));
	}
	return 0;
}

static bool is_price(const struct json *n)
{
	return json_is_number(n) && json_number(n, -1) >= 0 && json_number(n, -1) <= CREDITS_MAX;
}

int wire_read_job(const struct provider *p, const char *text, size_t len, struct wire_job *ret, struct err *err)
{
	const struct json *job, *credits;
	struct json_doc *doc;
	int r;

	*ret = (struct wire_job){ .credits = -1 };
	if (wire_parse(&doc, &job, text, len, "job", err))
		return -1;
	r = wire_take_job(p, job, ret, err);
	credits = json_member(json_root(doc), "creativeUnitsCost");
	if (r == 0 && is_price(credits)) /* else the price that was asked for holds: an accepted job is never lost over its price */
		ret->credits = json_number(credits, -1);
	json_free(doc);
	return r;
}

int wire_read_price(const char *text, size_t len, double *ret_credits, struct err *err)
{
	static const char *const names[] = { "creativeUnitsCost", "estimatedCost" };
	const struct json *root, *n = NULL;
	struct json_doc *doc;
	size_t i;
	int r = 0;

	if (wire_parse(&doc, &root, text, len, NULL, err))
		return -1;
	for (i = 0; i < sizeof names / sizeof *names && (!n || json_is_null(n)); i++)
		n = json_member(root, names[i]);
	if (!n || json_is_null(n))
		r = err_set(err, ERR_INPUT, "the service's answer names no price ('creativeUnitsCost' is missing)");
	else if (!is_price(n))
		r = err_set(err, ERR_INPUT, "the service's answer names a price that cannot be: a number of credits from 0 to 1,000,000 was expected");
	else
		*ret_credits = json_number(n, 0);
	json_free(doc);
	return r;
}

/* ---- uploads ------------------------------------------------------------------------------ */

static enum wire_upload_status read_upload_status(const char *word, bool has_asset)
{
	static const char *const failed[] = { "failed", "failure", "error", "canceled", "cancelled" };
	size_t i;

	for (i = 0; i < sizeof failed / sizeof *failed; i++)
		if (text_equal_ignoring_case(word, failed[i]))
			return WIRE_UPLOAD_FAILED;
	return has_asset && text_equal_ignoring_case(word, "imported") ? WIRE_UPLOAD_IMPORTED : WIRE_UPLOAD_WAITS;
}

/* One part's address to its place by its number, which begins at 1; without one it is the position's. */
static int take_part(struct wire_upload *u, const struct json *part, int position, struct err *err)
{
	double number = json_number(json_member(part, "number"), position + 1);
	const char *url = json_string(json_member(part, "url"), "");
	int at;

	if (!(number >= 1 && number <= u->n_parts) || number != floor(number))
		return err_set(err, ERR_INPUT, "the service's answer on an upload has a part with a number that cannot be");
	at = (int)number - 1;
	if (u->urls[at])
		return err_set(err, ERR_INPUT, "the service's answer on an upload has part %d twice", at + 1);
	if (!is_url(url))
		return err_set(err, ERR_INPUT, "the service's answer on an upload has no usable address for part %d", at + 1);
	u->urls[at] = mem_strdup(url);
	return 0;
}

/* The parts, each with its address; those of an upload that is over have none left. */
static int take_parts(struct wire_upload *u, const struct json *parts, struct err *err)
{
	const struct json *part;
	size_t n = 0;
	int position = 0;
	bool has_url = false;

	for (part = json_is_array(parts) ? json_first(parts) : NULL; part; part = json_next(part), n++)
		has_url = has_url || json_is_string(json_member(part, "url"));
	if (n > WIRE_PARTS_MAX)
		return err_set(err, ERR_INPUT, "the service's answer on an upload has %zu parts, at most %d are expected", n, WIRE_PARTS_MAX);
	if (!has_url)
		return 0;
	u->n_parts = (int)n;
	u->urls = mem_zalloc(n, sizeof *u->urls);
	for (part = json_first(parts); part; part = json_next(part), position++)
		if (take_part(u, part, position, err))
			return -1;
	return 0;
}

int wire_read_upload(const char *text, size_t len, struct wire_upload *ret, struct err *err)
{
	const struct json *upload;
	struct json_doc *doc;
	bool has_asset;
	int r = -1;

	*ret = (struct wire_upload){ .n_parts = 0 };
	if (wire_parse(&doc, &upload, text, len, "upload", err))
		return -1;
	if (!take_id(ret->id, json_member(upload, "id"))) {
		(void)err_set(err, ERR_INPUT, "the service's answer names no upload ('id' is missing or no id)");
		goto out;
	}
	has_asset = take_id(ret->asset_id, json_member(upload, "entityId"));
	ret->status = read_upload_status(json_string(json_member(upload, "status"), ""), has_asset);
	if (ret->status == WIRE_UPLOAD_FAILED)
		take_words(ret->why, json_member(upload, "errorMessage"));
	r = take_parts(ret, json_member(upload, "parts"), err);
out:
	json_free(doc);
	if (r)
		wire_upload_release(ret);
	return r;
}

void wire_upload_release(struct wire_upload *u)
{
	int i;

	for (i = 0; i < u->n_parts; i++)
		free(u->urls[i]);
	free(u->urls);
	*u = (struct wire_upload){ .n_parts = 0 };
}

/* ---- assets --------------------------------------------------------------------------------- */

/* Of the file at the address, as the record has it; -1 where it does not. */
static int64_t take_size(const struct json *asset)
{
	static const char *const places[] = { "properties", "metadata" };
	double n = -1;

	for (size_t i = 0; i < sizeof places / sizeof *places && n < 0; i++)
		n = json_number(json_member(json_member(asset, places[i]), "size"), -1);
	return n >= 0 && n < 1e15 ? (int64_t)n : -1;
}

int wire_read_asset(const char *text, size_t len, struct wire_asset *ret, struct err *err)
{
	const struct json *asset;
	struct json_doc *doc;
	const char *url;
	int r = 0;

	*ret = (struct wire_asset){ .url = "", .n_bytes = -1 };
	if (wire_parse(&doc, &asset, text, len, "asset", err))
		return -1;
	url = json_string(json_member(asset, "url"), "");
	if (is_url(url)) {
		memcpy(ret->url, url, strlen(url) + 1);
		ret->n_bytes = take_size(asset);
	} else {
		r = err_set(err, ERR_INPUT, "the service's answer has no usable address of the sound ('url' is missing or no https address)");
	}
	json_free(doc);
	return r;
}
