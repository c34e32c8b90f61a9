/*
 * fuzz_wire: any bytes as an answer of the service. The first byte says which reader gets the rest (an error's second byte: which status).
 * What is read must be what its header promises: ids, addresses and prices that can be, sentences that are fit to be shown.
 */
#include "backend/hosted/wire.h"
#include "base/text.h"
#include "must.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The texts of the job that is looked for in lists; the corpus has it. */
#define BODY                                                                                                                         \
	"{\"modelVersion\":\"stereo-melody-large\",\"prompt\":\"rain\",\"duration\":8,\"normalizationStrategy\":\"loudness\",\"temperature\":1," \
	"\"classifierFreeGuidance\":3,\"seed\":7}"

static void check_text(const char *text, size_t size)
{
	size_t i, len = strlen(text);

	MUST(len < size && text_is_utf8(text, len));
	for (i = 0; i < len; i++)
		MUST((unsigned char)text[i] >= 0x20 && text[i] != 0x7F);
}

static void check_id(const char *id, bool may_be_none)
{
	size_t i, len = strlen(id);

	MUST(len <= WIRE_ID_MAX && (len > 0 || may_be_none) && strcmp(id, ".") != 0 && strcmp(id, "..") != 0);
	for (i = 0; i < len; i++)
		MUST(id[i] > 0x20 && id[i] < 0x7F && !strchr("/?#%\\\"'<>", id[i]));
}

static void check_url(const char *url)
{
	size_t i, len = strlen(url);

	MUST(len < WIRE_URL_MAX && (text_starts_with(url, "https://") || text_starts_with(url, "http://")));
	for (i = 0; i < len; i++)
		MUST(url[i] > 0x20 && url[i] < 0x7F);
}

static void check_job(const struct wire_job *job)
{
	check_id(job->id, false);
	check_id(job->asset_id, true);
	check_text(job->why, sizeof job->why);
	MUST(job->progress >= 0 && job->progress <= 1);
	MUST(job->credits == -1 || (job->credits >= 0 && job->credits <= 1e6));
	MUST(job->created_ms >= 0);
}

static void check_err(const struct err *err)
{
	check_text(err->text, sizeof err->text);
	MUST(err->code == ERR_INPUT && err->text[0]);
}

static void read_job(const char *text, size_t len)
{
	struct err err = ERR_INIT;
	struct wire_job job;

	if (wire_read_job(&provider_scenario, text, len, &job, &err))
		check_err(&err);
	else
		check_job(&job);
}

static void read_price(const char *text, size_t len)
{
	struct err err = ERR_INIT;
	double credits = (double)NAN;

	if (wire_read_price(text, len, &credits, &err)) {
		check_err(&err);
		MUST(isnan(credits));
	} else {
		MUST(credits >= 0 && credits <= 1e6);
	}
}

static void visit(void *arg, size_t which, const struct wire_job *job)
{
	size_t *n = arg;

	check_job(job);
	n[which]++;
}

static void read_jobs(const char *text, size_t len)
{
	static struct card *card;
	struct err err = ERR_INIT;
	struct wire_page page;
	size_t n[3] = { 0 };

	if (!card && card_open(&card, CARD_DEFAULT, &err))
		abort();
	struct wire_asked asked[] = { { card, BODY, 0, INT64_MAX }, { card, BODY, 1, INT64_MAX }, { card, "{}", 0, INT64_MAX } };

	if (wire_read_jobs(&provider_scenario, text, len, asked, 3, visit, n, &page, &err)) {
		check_err(&err);
		MUST(n[0] + n[1] + n[2] == 0);
		return;
	}
	check_text(page.next, sizeof page.next);
	MUST(!strpbrk(page.next, " &#?+/"));
	MUST(n[1] <= n[0] && page.oldest_ms >= 0);
}

static void read_upload(const char *text, size_t len)
{
	struct err err = ERR_INIT;
	struct wire_upload u;
	int i;

	if (wire_read_upload(text, len, &u, &err)) {
		check_err(&err);
		MUST(u.n_parts == 0 && !u.urls);
		return;
	}
	check_id(u.id, false);
	check_id(u.asset_id, u.status != WIRE_UPLOAD_IMPORTED);
	check_text(u.why, sizeof u.why);
	MUST(u.n_parts >= 0 && u.n_parts <= WIRE_PARTS_MAX);
	for (i = 0; i < u.n_parts; i++)
		check_url(u.urls[i]);
	wire_upload_release(&u);
}

static void read_asset(const char *text, size_t len)
{
	struct err err = ERR_INIT;
	struct wire_asset asset;

	if (wire_read_asset(text, len, &asset, &err)) {
		check_err(&err);
		return;
	}
	check_url(asset.url);
	MUST(asset.n_bytes >= -1);
}

static void read_error(const char *text, size_t len)
{
	static const int statuses[] = { 400, 401, 402, 403, 404, 422, 429, 429, 500, 302, 200, 0 };
	static const char *const types[] = { "", "application/json", "text/html", "application/xml", NULL };
	unsigned choice = len ? (unsigned char)text[0] : 0;
	struct wire_error e;

	wire_read_error(&provider_scenario, statuses[choice % 12], types[choice / 12 % 5], len ? text + 1 : text, len ? len - 1 : 0, &e);
	check_text(e.sentence, sizeof e.sentence);
	MUST(strchr(e.sentence, ':') && !strstr(e.sentence, "  "));
	MUST(e.wait_ms >= -1 && e.wait_ms <= 86400000 && e.n_jobs >= 0 && e.n_jobs <= 100000);
	MUST(e.trouble <= WIRE_SERVER);
}

static void sniff(const char *text, size_t len)
{
	const char *extension = wire_sniff((const unsigned char *)text, len);

	MUST(!extension || (extension[0] == '.' && len >= 3));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *, size_t) = { read_job, read_price, read_jobs, read_upload, read_asset, read_error, sniff };

	if (size > 0)
		readers[data[0] % (sizeof readers / sizeof *readers)]((const char *)data + 1, size - 1);
	return 0;
}
