/* What the service's answers mean: jobs, the list of jobs, prices, uploads, assets; and that nothing hostile is taken for one. */
#include "tap.h"

#include "backend/hosted/wire.h"
#include "base/mem.h"
#include "base/text.h"
#include "some_hosted.h"

#define N(rows) (sizeof(rows) / sizeof *(rows))

#define ID_128 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Of its own size: a sanitizer sees one byte too far. */
static char *exact(const char *text, size_t len)
{
	char *copy = mem_alloc(len ? len : 1);

	memcpy(copy, text, len);
	return copy;
}

/* One line, printable, no signature. */
static void is_sentence(const char *text)
{
	size_t i;
	bool is_good = *text != '\0' && strlen(text) < EVENT_SENTENCE_MAX && text_is_utf8(text, strlen(text)) && !strstr(text, "SECRET");

	for (i = 0; text[i]; i++)
		is_good = is_good && (unsigned char)text[i] >= 0x20 && text[i] != 0x7F;
	OK(is_good, "  is a sentence: %s", text);
}

/* ---- jobs ------------------------------------------------------------------------- */

static void good_jobs(void)
{
	static const struct {
		const char *text, *id;
		enum wire_status status;
		double progress, credits;
		const char *asset_id, *why;
		int64_t created_ms;
	} rows[] = {
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"queued\",\"progress\":0,\"metadata\":{}},\"creativeUnitsCost\":5}", "job_1", WIRE_RUNNING, 0, 5, "", "",
		  0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"in-progress\",\"progress\":0.25}}", "job_1", WIRE_RUNNING, 0.25, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"in-progress\",\"progress\":40}}", "job_1", WIRE_RUNNING, 0.4, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"in-progress\",\"progress\":1e300}}", "job_1", WIRE_RUNNING, 1, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"in-progress\",\"progress\":-3}}", "job_1", WIRE_RUNNING, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"in-progress\",\"progress\":\"half\"}}", "job_1", WIRE_RUNNING, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"Success\",\"metadata\":{\"assetIds\":[\"asset_1\",\"asset_2\"]}}}", "job_1", WIRE_SUCCEEDED, 0, -1,
		  "asset_1", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"success\",\"metadata\":{\"assetIds\":[]}}}", "job_1", WIRE_SUCCEEDED, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"succeeded\"}}", "job_1", WIRE_SUCCEEDED, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"completed\",\"metadata\":null}}", "job_1", WIRE_SUCCEEDED, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"dreaming\"}}", "job_1", WIRE_RUNNING, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":7}}", "job_1", WIRE_RUNNING, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\"}}", "job_1", WIRE_RUNNING, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"failure\",\"error\":\"it broke\"}}", "job_1", WIRE_FAILED, 0, -1, "", "it broke", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"failed\",\"error\":{\"code\":3,\"message\":\"it\\u001b[2J broke\"}}}", "job_1", WIRE_FAILED, 0, -1, "",
		  "it [2J broke", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"error\",\"error\":null,\"metadata\":{\"error\":\"late\"}}}", "job_1", WIRE_FAILED, 0, -1, "", "late", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"failed\",\"error\":\"GET https://h/a?Signature=SECRET&x=1 gave 403\"}}", "job_1", WIRE_FAILED, 0, -1, "",
		  "GET https://h/a?... gave 403", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"failed\"}}", "job_1", WIRE_FAILED, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"canceled\"}}", "job_1", WIRE_CANCELED, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"cancelled\"}}", "job_1", WIRE_CANCELED, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"" ID_128 "\"}}", ID_128, WIRE_RUNNING, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"A-z.9:_\"},\"creativeUnitsCost\":7.25}", "A-z.9:_", WIRE_RUNNING, 0, 7.25, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\"},\"creativeUnitsCost\":0}", "job_1", WIRE_RUNNING, 0, 0, "", "", 0 },
		/* an accepted job is not lost over its price, nor a running one over its sound */
		{ "{\"job\":{\"jobId\":\"job_1\"},\"creativeUnitsCost\":-5}", "job_1", WIRE_RUNNING, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\"},\"creativeUnitsCost\":\"5\"}", "job_1", WIRE_RUNNING, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\"},\"creativeUnitsCost\":1e999}", "job_1", WIRE_RUNNING, 0, -1, "", "", 0 },
		{ "{\"job\":{\"jobId\":\"job_1\",\"status\":\"queued\",\"metadata\":{\"assetIds\":[\"../x\"]}}}", "job_1", WIRE_RUNNING, 0, -1, "", "", 0 },
		{ " \n{\"more\":[1,{}],\"job\":{\"x\":null,\"jobId\":\"job_1\",\"createdAt\":\"2026-11-22T07:59:00.123Z\"}}\n", "job_1", WIRE_RUNNING, 0, -1, "", "",
		  INT64_C(1795334340123) },
	};
	size_t i;

	for (i = 0; i < N(rows); i++) {
		struct err err = ERR_INIT;
		struct wire_job job;
		size_t len = strlen(rows[i].text);
		char *text = exact(rows[i].text, len);
		int r = wire_read_job(&provider_scenario, text, len, &job, &err);

		if (OK(r == 0, "%s: %s", rows[i].text, err.text)) {
			IS_TEXT(job.id, rows[i].id, "  id");
			IS_INT(job.status, rows[i].status, "  status");
			IS_NEAR(job.progress, rows[i].progress, 1e-12, "  progress");
			IS_NEAR(job.credits, rows[i].credits, 0, "  credits");
			IS_TEXT(job.asset_id, rows[i].asset_id, "  asset");
			IS_TEXT(job.why, rows[i].why, "  why");
			IS_INT(job.created_ms, rows[i].created_ms, "  created");
		}
		free(text);
	}
}

/* Any beginning of a good answer, and what only looks like one. */
static void bad_jobs(void)
{
	static const char whole[] = "{\"job\":{\"jobId\":\"job_1\",\"status\":\"queued\",\"metadata\":{\"assetIds\":[\"a\"]}},\"creativeUnitsCost\":5}";
	static const char *const rows[] = {
		"", " ", "null", "[]", "7", "\"job_1\"", "{}", "{\"job\":null}", "{\"job\":[]}", "{\"job\":\"job_1\"}", "{\"job\":{}}",
		"{\"job\":{\"id\":\"job_1\"}}", "{\"job\":{\"jobId\":7}}", "{\"job\":{\"jobId\":null}}", "{\"job\":{\"jobId\":\"\"}}",
		"{\"job\":{\"jobId\":\".\"}}", "{\"job\":{\"jobId\":\"..\"}}", "{\"job\":{\"jobId\":\"job/1\"}}", "{\"job\":{\"jobId\":\"job 1\"}}",
		"{\"job\":{\"jobId\":\"job\\n1\"}}", "{\"job\":{\"jobId\":\"job_1\\u0000\"}}", "{\"job\":{\"jobId\":\"job?x\"}}",
		"{\"job\":{\"jobId\":\"caf\xC3\xA9\"}}", "{\"job\":{\"jobId\":\"job_1\xFF\"}}", "{\"job\":{\"jobId\":\"a" ID_128 "\"}}",
		"{\"job\":{\"jobId\":[\"job_1\"]}}", "{\"Job\":{\"jobId\":\"job_1\"}}", "{\"job\":{\"jobid\":\"job_1\"}}",
		"<html><title>502 Bad Gateway</title></html>", "{\"job\":{\"jobId\":\"job_1\"}} {}", "{\"job\":{\"jobId\":\"job_1\"},}",
		"{\"job\":{\"jobId\":\"job_1\",\"status\":\"success\",\"metadata\":{\"assetIds\":[\"../x\"]}}}",
		"{\"job\":{\"jobId\":\"job_1\",\"status\":\"success\",\"metadata\":{\"assetIds\":[{\"id\":\"x\"}]}}}",
		"\x1B[31mred", "{\"url\":\"https://h/x?Signature=SECRET", "Authorization: Basic SECRETSECRET= x?a=SECRET",
	};
	struct wire_job job;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		struct err err = ERR_INIT;
		char *text = exact(rows[i], strlen(rows[i]));

		OK(wire_read_job(&provider_scenario, text, strlen(rows[i]), &job, &err) == -1 && err.code == ERR_INPUT, "no job: row %zu", i);
		is_sentence(err.text);
		free(text);
	}
	for (i = 0; i + 1 < sizeof whole; i++) {
		struct err err = ERR_INIT;
		char *text = exact(whole, i);

		if (wire_read_job(&provider_scenario, text, i, &job, &err) == 0)
			OK(false, "the first %zu bytes are taken for a job", i);
		free(text);
	}
}

static void deep_and_long(void)
{
	struct strbuf text = STRBUF_INIT(16 << 20);
	struct err err = ERR_INIT;
	struct wire_job job;
	int i;

	strbuf_adds(&text, "{\"job\":{\"jobId\":\"job_1\",\"x\":");
	for (i = 0; i < 100000; i++)
		strbuf_addc(&text, '[');
	OK(wire_read_job(&provider_scenario, text.buf, text.len, &job, &err) == -1, "a hundred thousand brackets: %s", err.text);
	strbuf_reset(&text);
	strbuf_adds(&text, "{\"job\":{\"jobId\":\"job_1\",\"x\":\"");
	while (text.len < ((size_t)8 << 20))
		strbuf_adds(&text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	strbuf_adds(&text, "\"}}");
	OK(wire_read_job(&provider_scenario, text.buf, text.len, &job, &err) == -1, "an answer of more than 8 MiB: %s", err.text);
	strbuf_reset(&text);
	strbuf_adds(&text, "{\"job\":{\"jobId\":\"job_1\",\"status\":\"failed\",\"error\":\"");
	for (i = 0; i < 1000; i++)
		strbuf_adds(&text, "caf\xC3\xA9 ");
	strbuf_adds(&text, "\"}}");
	OK(wire_read_job(&provider_scenario, text.buf, text.len, &job, &err) == 0, "a long complaint is cut");
	OK(strlen(job.why) <= WIRE_TEXT_MAX && strlen(job.why) > WIRE_TEXT_MAX - 8 && text_is_utf8(job.why, strlen(job.why)), "  between characters");
	strbuf_release(&text);
}

/* ---- times -------------------------------------------------------------------------- */

static void times(void)
{
	static const struct {
		const char *created;
		int64_t want;
	} rows[] = {
		{ "\"1970-01-01T00:00:01Z\"", 1000 },
		{ "\"2000-02-29T12:00:00Z\"", INT64_C(951825600000) },
		{ "\"2026-11-22T07:59:00Z\"", INT64_C(1795334340000) },
		{ "\"2026-11-22T07:59:00.1Z\"", INT64_C(1795334340100) },
		{ "\"2026-11-22T07:59:00.123456789Z\"", INT64_C(1795334340123) },
		{ "\"2026-11-22T07:59:00.123\"", INT64_C(1795334340123) },
		{ "\"2026-11-22 07:59:00z\"", INT64_C(1795334340000) },
		{ "\"2026-11-22T09:59:00+02:00\"", INT64_C(1795334340000) },
		{ "\"2026-11-22T02:29:00-0530\"", INT64_C(1795334340000) },
		{ "\"2026-11-22T09:59:00+02\"", INT64_C(1795334340000) },
		{ "\"2026-12-31T23:59:60Z\"", INT64_C(1798761600000) },
		{ "1795334340123", INT64_C(1795334340123) },
		{ "1795334340", INT64_C(1795334340000) },
		{ "1795334340.5", INT64_C(1795334340500) },
		{ "\"1795334340123\"", INT64_C(1795334340123) },
		{ "\"yesterday\"", 0 }, { "\"\"", 0 }, { "null", 0 }, { "true", 0 }, { "[]", 0 }, { "-5", 0 }, { "1e300", 0 }, { "0", 0 },
		{ "\"2026-13-22T07:59:00Z\"", 0 }, { "\"2026-11-32T07:59:00Z\"", 0 }, { "\"2026-11-22T24:59:00Z\"", 0 },
		{ "\"2026-11-22T07:60:00Z\"", 0 }, { "\"2026-11-22T07:59Z\"", 0 }, { "\"2026-11-22T07:59:00Zx\"", 0 },
		{ "\"2026-11-22T07:59:00+2\"", 0 }, { "\"2026-11-22T07:59:00+25:00\"", 0 }, { "\"26-11-22T07:59:00Z\"", 0 },
		{ "\"2026-11-22\"", 0 }, { "\"1969-12-31T23:59:59Z\"", 0 }, { "\"1970-01-01T00:00:00+01:00\"", 0 },
	};
	size_t i;

	for (i = 0; i < N(rows); i++) {
		char *text = mem_printf("{\"job\":{\"jobId\":\"job_1\",\"createdAt\":%s}}", rows[i].created);
		struct err err = ERR_INIT;
		struct wire_job job;

		OK(wire_read_job(&provider_scenario, text, strlen(text), &job, &err) == 0, "createdAt %s", rows[i].created);
		IS_INT(job.created_ms, rows[i].want, "  in milliseconds");
		free(text);
	}
}

/* ---- prices --------------------------------------------------------------------------- */

static void prices(void)
{
	static const struct {
		const char *text;
		double want; /* -1: an error */
	} rows[] = {
		{ "{\"creativeUnitsCost\":5,\"creativeUnitsDiscount\":0,\"job\":{},\"costDetails\":[]}", 5 },
		{ "{\"creativeUnitsCost\":7.25}", 7.25 }, { "{\"creativeUnitsCost\":0}", 0 }, { "{\"creativeUnitsCost\":1000000}", 1e6 },
		{ "{\"name\":\"x\",\"estimatedCost\":12}", 12 }, { "{\"creativeUnitsCost\":null,\"estimatedCost\":12}", 12 },
		{ "{\"creativeUnitsCost\":3,\"estimatedCost\":12}", 3 }, { "{\"creativeUnitsCost\":-1}", -1 },
		{ "{\"creativeUnitsCost\":-1e-9}", -1 }, { "{\"creativeUnitsCost\":1000001}", -1 }, { "{\"creativeUnitsCost\":1e308}", -1 },
		{ "{\"creativeUnitsCost\":1e999}", -1 }, { "{\"creativeUnitsCost\":-1e999}", -1 }, { "{\"creativeUnitsCost\":NaN}", -1 },
		{ "{\"creativeUnitsCost\":nan}", -1 }, { "{\"creativeUnitsCost\":Infinity}", -1 }, { "{\"creativeUnitsCost\":\"5\"}", -1 },
		{ "{\"creativeUnitsCost\":true}", -1 }, { "{\"creativeUnitsCost\":[5]}", -1 }, { "{\"creativeUnitsCost\":{}}", -1 },
		{ "{\"creativeUnitsCost\":\"5\",\"estimatedCost\":12}", -1 }, { "{\"creativeUnitsCost\":null}", -1 }, { "{}", -1 }, { "", -1 },
		{ "[5]", -1 }, { "5", -1 }, { "{\"reason\":\"no credits\"}", -1 }, { "{\"creativeUnitsCost\":5", -1 },
		{ "{\"creativeUnitsCost\":5}x", -1 }, { "<html>5</html>", -1 }, { "{\"creativeunitscost\":5}", -1 },
	};
	size_t i;

	for (i = 0; i < N(rows); i++) {
		struct err err = ERR_INIT;
		double got = -7;
		int r = wire_read_price(rows[i].text, strlen(rows[i].text), &got, &err);

		OK((r == 0) == (rows[i].want >= 0), "a price: %s", rows[i].text);
		if (rows[i].want >= 0) {
			IS_NEAR(got, rows[i].want, 0, "  credits");
		} else {
			IS_NEAR(got, -7, 0, "  untouched");
			is_sentence(err.text);
		}
	}
}

/* ---- uploads, assets --------------------------------------------------------------------- */

#define URL1 "https://s3.amazonaws.com/b/k?partNumber=1&X-Amz-Signature=SECRET"
#define PART(n, url) "{\"number\":" #n ",\"url\":\"" url "\",\"expires\":\"2026-11-22T08:59:00Z\"}"

static void good_uploads(void)
{
	static const struct {
		const char *text;
		enum wire_upload_status status;
		const char *asset_id, *why;
		int n_parts;
		const char *urls[3];
	} rows[] = {
		{ "{\"upload\":{\"id\":\"u_1\",\"status\":\"pending\",\"parts\":[" PART(1, URL1) "],\"jobId\":\"job_1\"}}", WIRE_UPLOAD_WAITS, "", "", 1, { URL1 } },
		{ "{\"upload\":{\"id\":\"u_1\",\"parts\":[" PART(3, "https://h/3") "," PART(1, "https://h/1") "," PART(2, "http://127.0.0.1:8/2") "]}}", WIRE_UPLOAD_WAITS,
		  "", "", 3, { "https://h/1", "http://127.0.0.1:8/2", "https://h/3" } },
		{ "{\"upload\":{\"id\":\"u_1\",\"parts\":[{\"url\":\"https://h/1\"},{\"url\":\"https://h/2\"}]}}", WIRE_UPLOAD_WAITS, "", "", 2,
		  { "https://h/1", "https://h/2" } },
		{ "{\"upload\":{\"id\":\"u_1\",\"status\":\"validating\",\"parts\":[{\"number\":1,\"url\":null}]}}", WIRE_UPLOAD_WAITS, "", "", 0, { NULL } },
		{ "{\"upload\":{\"id\":\"u_1\",\"status\":\"validated\",\"entityId\":null}}", WIRE_UPLOAD_WAITS, "", "", 0, { NULL } },
		{ "{\"upload\":{\"id\":\"u_1\",\"status\":\"imported\",\"entityId\":\"asset_7\"}}", WIRE_UPLOAD_IMPORTED, "asset_7", "", 0, { NULL } },
		{ "{\"upload\":{\"id\":\"u_1\",\"status\":\"imported\"}}", WIRE_UPLOAD_WAITS, "", "", 0, { NULL } },
		{ "{\"upload\":{\"id\":\"u_1\",\"status\":\"imported\",\"entityId\":\"../x\"}}", WIRE_UPLOAD_WAITS, "", "", 0, { NULL } },
		{ "{\"upload\":{\"id\":\"u_1\",\"status\":\"failed\",\"errorMessage\":\"no sound\\r\\nin it\"}}", WIRE_UPLOAD_FAILED, "", "no sound in it", 0, { NULL } },
		{ "{\"upload\":{\"id\":\"u_1\",\"status\":\"failed\"}}", WIRE_UPLOAD_FAILED, "", "", 0, { NULL } },
		{ "{\"upload\":{\"id\":\"u_1\",\"status\":\"new-word\",\"parts\":{}}}", WIRE_UPLOAD_WAITS, "", "", 0, { NULL } },
	};
	size_t i;
	int k;

	for (i = 0; i < N(rows); i++) {
		struct err err = ERR_INIT;
		struct wire_upload u;
		size_t len = strlen(rows[i].text);
		char *text = exact(rows[i].text, len);
		int r = wire_read_upload(text, len, &u, &err);

		free(text); /* nothing of it is borrowed */
		if (OK(r == 0, "upload row %zu: %s", i, err.text)) {
			IS_TEXT(u.id, "u_1", "  id");
			IS_INT(u.status, rows[i].status, "  status");
			IS_TEXT(u.asset_id, rows[i].asset_id, "  asset");
			IS_TEXT(u.why, rows[i].why, "  why");
			IS_INT(u.n_parts, rows[i].n_parts, "  parts");
			for (k = 0; k < u.n_parts && k < rows[i].n_parts; k++)
				IS_TEXT(u.urls[k], rows[i].urls[k], "  part");
		}
		wire_upload_release(&u);
		wire_upload_release(&u);
		IS_INT(u.n_parts, 0, "  released, twice");
	}
}

static void bad_uploads(void)
{
	static const char *const rows[] = {
		"", "{}", "{\"upload\":{}}", "{\"upload\":{\"id\":\"\"}}", "{\"upload\":{\"id\":\"u/1\"}}", "{\"upload\":[]}", "{\"id\":\"u_1\"}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(0, URL1) "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(2, URL1) "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(-1, URL1) "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1e300, URL1) "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1.5, URL1) "," PART(2, URL1) "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1, URL1) "," PART(1, URL1) "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1, URL1) ",{\"number\":2}]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1, "ftp://h/SECRET") "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1, "https://") "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1, "https:///k") "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1, "file:///etc/passwd") "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1, "https://h/a b") "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1, "https://h/a\\r\\nHost: x") "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1, "https://h/\xC3\xA9") "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[" PART(1, "https://h\\\\@x/") "]}}",
		"{\"upload\":{\"id\":\"u\",\"parts\":[7,\"x\"," PART(1, URL1) "]}}",
	};
	struct strbuf text = STRBUF_INIT(16 << 20);
	struct err many = ERR_INIT;
	struct wire_upload u;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		struct err err = ERR_INIT;

		OK(wire_read_upload(rows[i], strlen(rows[i]), &u, &err) == -1 && !u.urls && u.n_parts == 0, "no upload: row %zu", i);
		is_sentence(err.text);
	}
	strbuf_adds(&text, "{\"upload\":{\"id\":\"u\",\"parts\":[");
	for (i = 0; i < WIRE_PARTS_MAX + 1; i++)
		strbuf_addf(&text, "%s{\"number\":%zu,\"url\":\"https://h/\"}", i ? "," : "", i + 1);
	strbuf_adds(&text, "]}}");
	OK(wire_read_upload(text.buf, text.len, &u, &many) == -1, "more parts than there may be");
	is_sentence(many.text);
	strbuf_reset(&text);
	strbuf_adds(&text, "{\"upload\":{\"id\":\"u\",\"parts\":[{\"number\":1,\"url\":\"https://h/");
	for (i = 0; i < WIRE_URL_MAX; i++)
		strbuf_addc(&text, 'a');
	strbuf_adds(&text, "\"}]}}");
	OK(wire_read_upload(text.buf, text.len, &u, &many) == -1, "an address that is too long");
	strbuf_release(&text);
}

static void assets(void)
{
	static const struct {
		const char *text, *url;
	} rows[] = {
		{ "{\"asset\":{\"id\":\"a\",\"url\":\"https://cdn.cloud.scenario.com/x?Policy=SECRET~_&Signature=SECRET\",\"mimeType\":\"audio/WAV; codecs=1\"}}",
		  "https://cdn.cloud.scenario.com/x?Policy=SECRET~_&Signature=SECRET" },
		{ "{\"asset\":{\"url\":\"https://h/x\"}}", "https://h/x" },
		{ "{\"asset\":{\"url\":\"http://127.0.0.1:1/x\",\"mimeType\":\"audio/mpeg\"}}", "http://127.0.0.1:1/x" },
		{ "{\"asset\":{}}", NULL }, { "{\"url\":\"https://h/x\"}", NULL }, { "{\"asset\":{\"url\":null}}", NULL },
		{ "{\"asset\":{\"url\":\"\"}}", NULL }, { "{\"asset\":{\"url\":\"//h/SECRET\"}}", NULL },
		{ "{\"asset\":{\"url\":\"HTTPS://h/SECRET\"}}", NULL }, { "{\"asset\":{\"url\":\"https://h/ SECRET\"}}", NULL },
		{ "{\"asset\":{\"url\":\"data:audio/wav;base64,SECRET\"}}", NULL }, { "{\"asset\":{\"url\":\"https://h/x\"", NULL },
		{ "{\"asset\":{\"url\":[\"https://h/SECRET\"]}}", NULL }, { "", NULL },
	};
	size_t i;

	for (i = 0; i < N(rows); i++) {
		struct err err = ERR_INIT;
		struct wire_asset asset;
		int r = wire_read_asset(rows[i].text, strlen(rows[i].text), &asset, &err);

		OK((r == 0) == (rows[i].url != NULL), "asset row %zu", i);
		if (rows[i].url)
			IS_TEXT(asset.url, rows[i].url, "  address");
		else
			is_sentence(err.text);
	}
}

static void asset_sizes(void)
{
	static const struct {
		const char *more; /* of the asset's members */
		int64_t n_bytes;
	} rows[] = {
		{ "", -1 }, { ",\"properties\":{\"size\":64044},\"metadata\":{\"size\":5}", 64044 }, { ",\"metadata\":{\"size\":64044}", 64044 },
		{ ",\"properties\":{\"size\":0}", 0 }, { ",\"properties\":{\"size\":-7}", -1 }, { ",\"properties\":{\"size\":\"9\"}", -1 },
		{ ",\"properties\":{\"size\":1e300}", -1 }, { ",\"properties\":[],\"metadata\":7", -1 },
	};
	char text[200];

	for (size_t i = 0; i < N(rows); i++) {
		struct err err = ERR_INIT;
		struct wire_asset asset;

		(void)snprintf(text, sizeof text, "{\"asset\":{\"url\":\"https://h/x\"%s}}", rows[i].more);
		OK(wire_read_asset(text, strlen(text), &asset, &err) == 0 && asset.n_bytes == rows[i].n_bytes, "asset size row %zu", i);
	}
}

int main(void)
{
	asset_sizes();
	good_jobs();
	bad_jobs();
	deep_and_long();
	times();
	prices();
	good_uploads();
	bad_uploads();
	assets();
	return tap_done();
}
