/* What an error answer means, what a person is told to do, and that no word of a service brings a secret or a control character along. */
#include "tap.h"

#include "backend/hosted/wire.h"
#include "base/mem.h"
#include "base/text.h"

#define N(rows) (sizeof(rows) / sizeof *(rows))
#define TOKEN_60 "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTRUNSRVQifQ.c2lnbmF0dXJlLXBhcnQ"

static void read_exact(int status, const char *type, const char *text, size_t len, struct wire_error *e)
{
	char *copy = mem_alloc(len ? len : 1); /* its own size: one byte too far is seen by a sanitizer */

	memcpy(copy, text, len);
	wire_read_error(&provider_scenario, status, type, copy, len, e);
	free(copy);
}

/* No control or direction character, no blank beside a blank, valid, whole. */
static bool is_sentence(const char *s)
{
	size_t i;

	if (!*s || strlen(s) >= EVENT_SENTENCE_MAX || !text_is_utf8(s, strlen(s)) || strstr(s, "  ") || strstr(s, "\xE2\x80\xAE") || strstr(s, "\xC2\x9B"))
		return false;
	for (i = 0; s[i]; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F)
			return false;
	return true;
}

/* ---- kinds ------------------------------------------------------------------------ */

static void kinds(void)
{
	static const struct {
		int status;
		const char *type, *text;
		enum wire_trouble trouble;
		int64_t wait_ms;
		int n_jobs;
		const char *sentence; /* whole, or with "..." before it a part */
	} rows[] = {
		{ 400, "application/json", "{\"message\":\"duration must be <= 30\"}", WIRE_BAD_REQUEST, -1, 0,
		  "the service refuses the request (400: 'duration must be <= 30'): change it in the manifest" },
		{ 400, "application/json", "{\"reason\":\"a\",\"message\":\"b\",\"error\":\"c\",\"detail\":\"d\"}", WIRE_BAD_REQUEST, -1, 0, "...(400: 'a')" },
		{ 400, "application/json", "{\"reason\":\"\",\"message\":null,\"error\":{\"message\":\"c\"}}", WIRE_BAD_REQUEST, -1, 0, "...(400: 'c')" },
		{ 422, "application/json", "{\"detail\":[{\"field\":\"seed\",\"message\":\"is no number\"}]}", WIRE_BAD_REQUEST, -1, 0,
		  "the service refuses the request for 'seed' (422: 'is no number'): change it in the manifest" },
		{ 400, "", "{\"message\":\"m\",\"details\":{\"param\":\"prompt\"}}", WIRE_BAD_REQUEST, -1, 0, "...for 'prompt' (400: 'm')" },
		{ 400, "", "{\"errors\":[{\"message\":\"too long\",\"path\":\"prompt\"}]}", WIRE_BAD_REQUEST, -1, 0, "...for 'prompt' (400: 'too long')" },
		{ 400, "", "{\"field\":\"x\\n\\u202ey\"}", WIRE_BAD_REQUEST, -1, 0, "...for 'x y' (400)" },
		{ 400, NULL, "", WIRE_BAD_REQUEST, -1, 0, "the service refuses the request (400): change it in the manifest" },
		{ 401, "application/json", "{\"message\":\"Unauthorized\"}", WIRE_UNAUTHORISED, -1, 0,
		  "the service does not accept the API key and its secret (401: 'Unauthorized'): check SCENARIO_API_KEY and SCENARIO_API_SECRET, or the file in their place" },
		{ 402, "application/json", "{\"reason\":\"not enough credits\",\"estimatedCost\":12}", WIRE_UNPAID, -1, 0,
		  "the service wants credits or a plan that this account does not have (402: 'not enough credits'): buy credits there, or wait until the plan "
		  "renews them" },
		{ 403, "application/json",
		  "{\"name\":\"ModelAccessRestrictedError\",\"message\":\"restricted\",\"modelId\":\"model_meta-musicgen\",\"requiredPlan\":\"pro\"}", WIRE_FORBIDDEN,
		  -1, 0,
		  "the account's plan does not include the model 'model_meta-musicgen', it needs the plan 'pro' (403: 'restricted'): change the plan there, or take "
		  "another model" },
		{ 403, "", "{\"name\":\"ModelAccessRestrictedError\"}", WIRE_FORBIDDEN, -1, 0, "...plan does not include the model (403): change the plan there" },
		{ 403, "", "{\"requiredPlan\":50}", WIRE_FORBIDDEN, -1, 0, "...it needs the plan '50' (403)" },
		{ 403, "", "{\"message\":\"Forbidden\"}", WIRE_FORBIDDEN, -1, 0,
		  "the service does not let this API key do that (403: 'Forbidden'): check that the project (SCENARIO_PROJECT, or hosted.project) belongs to the key, "
		  "or name none" },
		{ 404, "", "{\"message\":\"Not found\"}", WIRE_NOT_FOUND, -1, 0, "...(404: 'Not found'): check the model, and the project" },
		{ 429, "", "{\"details\":{\"actionName\":\"custom\",\"actionLimit\":2}}", WIRE_TOO_MANY_JOBS, -1, 2, "...(429): it takes more when some have ended" },
		{ 429, "", "{\"details\":{\"actionLimit\":\"3\"}}", WIRE_TOO_MANY_JOBS, -1, 3, "...hosted.jobs" },
		{ 429, "", "{\"actionLimit\":4}", WIRE_TOO_MANY_JOBS, -1, 4, "...hosted.jobs" },
		{ 429, "", "{\"details\":{\"actionName\":\"custom\"}}", WIRE_TOO_MANY_JOBS, -1, 0, "...hosted.jobs" },
		{ 429, "", "{\"details\":{\"actionLimit\":-1}}", WIRE_TOO_MANY_JOBS, -1, 0, "...hosted.jobs" },
		{ 429, "", "{\"details\":{\"actionLimit\":1e300}}", WIRE_TOO_MANY_JOBS, -1, 0, "...hosted.jobs" },
		{ 429, "", "{\"details\":{\"actionLimit\":{}}}", WIRE_TOO_MANY_JOBS, -1, 0, "...hosted.jobs" },
		{ 429, "", "{\"details\":{\"actionLimit\":2},\"remainingSeconds\":5}", WIRE_TOO_MANY_JOBS, 5000, 2, "...hosted.jobs" },
		{ 429, "", "{\"remainingSeconds\":12.0005}", WIRE_COOLDOWN, 12001, 0, "...a pause before the next request (429)" },
		{ 429, "", "{\"remainingSeconds\":\"7\"}", WIRE_COOLDOWN, 7000, 0, "...a pause" },
		{ 429, "", "{\"details\":{\"remainingSeconds\":3}}", WIRE_COOLDOWN, 3000, 0, "...a pause" },
		{ 429, "", "{\"remainingSeconds\":0}", WIRE_COOLDOWN, 0, 0, "...a pause" },
		{ 429, "", "{\"remainingSeconds\":1e300}", WIRE_COOLDOWN, 86400000, 0, "...a pause" },
		{ 429, "", "{\"remainingSeconds\":-4}", WIRE_TOO_MANY_REQUESTS, -1, 0, "...more requests than it takes" },
		{ 429, "", "{\"remainingSeconds\":1e999}", WIRE_TOO_MANY_REQUESTS, -1, 0, "...more requests than it takes" },
		{ 429, "", "{\"remainingSeconds\":\"soon\"}", WIRE_TOO_MANY_REQUESTS, -1, 0, "...more requests than it takes" },
		{ 429, "", "{\"message\":\"Too Many Requests\"}", WIRE_TOO_MANY_REQUESTS, -1, 0, "...(429: 'Too Many Requests'): try again later" },
		{ 429, "text/html", "<h1>429</h1>", WIRE_TOO_MANY_REQUESTS, -1, 0, "...(429: '429')" },
		{ 429, "", "", WIRE_TOO_MANY_REQUESTS, -1, 0, "...more requests than it takes (429)" },
		{ 400, "", "{\"remainingSeconds\":5,\"details\":{\"actionLimit\":2}}", WIRE_BAD_REQUEST, -1, 0, "...refuses the request (400)" },
		{ 500, "", "{\"error\":\"oops\"}", WIRE_SERVER, -1, 0, "the service has trouble of its own (500: 'oops'): try again later" },
		{ 503, "", "", WIRE_SERVER, -1, 0, "the service has trouble of its own (503): try again later" },
		{ 504, "", "[1,2]", WIRE_SERVER, -1, 0, "the service has trouble of its own (504): try again later" },
		{ 200, "", "x", WIRE_SERVER, -1, 0, "the service gave an answer that was not expected (200: 'x'): try again later" },
		{ 409, "", "{\"message\":\"Conflict\"}", WIRE_SERVER, -1, 0, "...not expected (409: 'Conflict')" },
		{ 302, "", "", WIRE_SERVER, -1, 0,
		  "the service sends us to another address (302), where a key is never sent: check SCENARIO_API_URL" },
	};
	size_t i;

	for (i = 0; i < N(rows); i++) {
		const char *want = rows[i].sentence;
		struct wire_error e;

		read_exact(rows[i].status, rows[i].type, rows[i].text, strlen(rows[i].text), &e);
		IS_INT(e.trouble, rows[i].trouble, rows[i].text);
		IS_INT(e.wait_ms, rows[i].wait_ms, "  waits");
		IS_INT(e.n_jobs, rows[i].n_jobs, "  jobs");
		if (text_starts_with(want, "..."))
			OK(strstr(e.sentence, want + 3) != NULL, "  says %s: %s", want, e.sentence);
		else
			IS_TEXT(e.sentence, want, "  says");
		OK(is_sentence(e.sentence), "  in a sentence");
	}
}

/* ---- words ------------------------------------------------------------------------- */

static void words(void)
{
	static const struct {
		const char *type, *text, *want; /* what stands in quotes after the status; "": nothing */
	} rows[] = {
		/* pages */
		{ "text/html", "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>", "502 Bad Gateway" },
		{ "text/html", "\r\n  <!DOCTYPE html>\n<HTML><TITLE>Sorry</TITLE><body>x", "Sorry" },
		{ "", "<html><body><h1>Down</h1>\n<p>for   <b>repairs</b></body>", "Down for repairs" },
		{ "text/html", "<style>p { color: red }</style><script>var x = '<p>';</script><p>Seen</p>", "Seen" },
		{ "text/html", "<script>never ends", "" },
		{ "text/html", "<", "" },
		{ "text/html", "<<<<>>>>", ">>>" },
		{ "text/html", "plain < text", "plain < text" },
		{ "text/html", "<title>", "" },
		{ "text/html", "<title>cut", "cut" },
		{ "text/plain", "upstream connect error or disconnect", "upstream connect error or disconnect" },
		/* what may not stand there */
		{ "", "red \x1B[31malert\x07\r\nnext\tline\x7F!", "red [31malert next line !" },
		{ "", "a\xC2\x9Bz \xE2\x80\xAE" "evil\xE2\x80\xA8here\xEF\xBB\xBF", "a z evil here" },
		{ "", "bad \xFF\xFE bytes \xC3", "bad ?? bytes ?" },
		{ "", "\x01\x02\x03", "" },
		{ "application/json", "{\"message\":\"tab\\tnul-like \\u0001 esc \\u001b[2J\"}", "tab nul-like esc [2J" },
		{ "application/json", "{\"message\":\"nul \\u0000\"}", "{\"message\":\"nul \\u0000\"}" },
		/* what is no message */
		{ "application/json", "{\"message\":7}", "" }, { "application/json", "{\"message\":[]}", "" }, { "application/json", "[]", "" },
		{ "application/json", "\"just text\"", "just text" }, { "application/json", "null", "" },
		{ "application/json", "{\"message\":\"cut", "{\"message\":\"cut" },
		/* secrets */
		{ "", "GET https://h/x.wav?Policy=SECRET&Signature=SECRET failed", "GET https://h/x.wav?... failed" },
		{ "", "GET /x.wav?X-Amz-Signature=SECRET failed", "GET /x.wav?... failed" },
		{ "", "(see 'https://h/a?key=SECRET')", "(see 'https://h/a?...')" },
		{ "", "really? yes? no", "really? yes? no" },
		{ "", "Authorization: Basic U0VDUkVUOlNFQ1JFVA== was wrong", "Authorization: Basic ... was wrong" },
		{ "", "authorization: bEARER   SECRETSECRET.x", "authorization: bEARER ..." },
		{ "", "your Basic plan is over", "your Basic plan is over" },
		{ "", "token " TOKEN_60 " expired", "token ... expired" },
		{ "", "X-Amz-Signature=0123456789abcdef0123456789abcdef0123456789abcdef", "..." },
		{ "", "trace 01234567-89ab-cdef-0123-456789abcdef", "trace 01234567-89ab-cdef-0123-456789abcdef" },
		{ "application/xml",
		  "<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><Message>The signature does not match.</Message>"
		  "<AWSAccessKeyId>SECRET</AWSAccessKeyId><StringToSign>SECRET</StringToSign></Error>",
		  "The signature does not match." },
		{ "application/xml", "<Error><AWSAccessKeyId>SECRET</AWSAccessKeyId></Error>", "" },
		{ "text/html", "<?xml version=\"1.0\"?><AWSAccessKeyId>SECRET</AWSAccessKeyId>", "" },
		{ "application/xml", "<Error><Message>cut SEC", "cut SEC" },
	};
	size_t i;

	for (i = 0; i < N(rows); i++) {
		char *want = *rows[i].want ? mem_printf("(500: '%s')", rows[i].want) : mem_strdup("(500)");
		struct wire_error e;

		read_exact(500, rows[i].type, rows[i].text, strlen(rows[i].text), &e);
		OK(strstr(e.sentence, want) != NULL, "row %zu: %s", i, want);
		OK(is_sentence(e.sentence) && !strstr(e.sentence, "SECRET"), "  in a sentence: %s", e.sentence);
		free(want);
	}
}

/* Whatever the size and the bytes, a sentence comes that says what to do. */
static void any_bytes(void)
{
	static const char *const pieces[] = { "<", "{", "[", "\xC3\xA9", "\xFF", "\\u0000", "?a=", "Basic ", "a ", "\"message\":\"", "<?xml", "", "'" };
	static const int statuses[] = { 0, 200, 302, 400, 401, 402, 403, 404, 422, 429, 500, 999, -1 };
	struct strbuf text = STRBUF_INIT(9 << 20);
	int n_wrong = 0;
	size_t i, k, n;

	for (i = 0; i < N(pieces); i++)
		for (k = 0; k < N(statuses); k++) {
			struct wire_error e;

			strbuf_reset(&text);
			for (n = 0; n < (i % 2 ? 300U : 70000U); n++)
				strbuf_adds(&text, pieces[i]);
			read_exact(statuses[k], k % 2 ? "text/html" : "application/json", text.buf, text.len, &e);
			n_wrong += !is_sentence(e.sentence) || !strchr(e.sentence, ':');
		}
	IS_INT(n_wrong, 0, "of many long and odd bodies each has its sentence");
	strbuf_release(&text);
}

/* A long complaint leaves room for what to do. */
static void long_words(void)
{
	struct strbuf text = STRBUF_INIT(1 << 20);
	struct wire_error e;
	int i;

	strbuf_adds(&text, "{\"name\":\"ModelAccessRestrictedError\",\"modelId\":\"");
	for (i = 0; i < 200; i++)
		strbuf_adds(&text, "\xC3\xA9 ");
	strbuf_adds(&text, "\",\"requiredPlan\":\"");
	for (i = 0; i < 200; i++)
		strbuf_adds(&text, "\xC3\xA9 ");
	strbuf_adds(&text, "\",\"message\":\"");
	for (i = 0; i < 5000; i++)
		strbuf_adds(&text, "\xC3\xA9 ");
	strbuf_adds(&text, "\"}");
	read_exact(403, "application/json", text.buf, text.len, &e);
	OK(is_sentence(e.sentence), "a long complaint is cut: %s", e.sentence);
	OK(strstr(e.sentence, "or take another model") != NULL, "and what to do is still there");
	strbuf_release(&text);
}

int main(void)
{
	kinds();
	words();
	any_bytes();
	long_words();
	return tap_done();
}
