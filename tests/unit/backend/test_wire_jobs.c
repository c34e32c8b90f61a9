/* The list of jobs: which listed job is the one that was asked for. A wrong "yes" takes another's sound, a wrong "no" leaves a job unknown. */
#include "tap.h"

#include "backend/hosted/wire.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "some_hosted.h"

#define N(rows) (sizeof(rows) / sizeof *(rows))

#define MANY 40

/* Of each thing that was asked for: how many jobs are like it, and the last of them. */
struct visits {
	int n, n_of[MANY];
	struct wire_job job[MANY];
};

static void visit(void *arg, size_t which, const struct wire_job *job)
{
	struct visits *v = arg;

	v->job[which] = *job;
	v->n_of[which]++;
	v->n++;
}

static int read_page(struct some_hosted *s, const char *body, const char *page_text, struct visits *v, struct wire_page *page, struct err *err)
{
	struct wire_asked asked = { s->card, body, 0, INT64_MAX };

	memset(v, 0, sizeof *v);
	return wire_read_jobs(&provider_scenario, page_text, strlen(page_text), &asked, 1, visit, v, page, err);
}

/* ---- one job ---------------------------------------------------------------------- */

/* What all rows ask for; what differs in a listed job is said by the row. */
#define ASKED "prompt=rain duration=12 seed=7 temperature=0.1"
#define REST "\"modelVersion\":\"stereo-melody-large\",\"normalizationStrategy\":\"loudness\",\"classifierFreeGuidance\":3"
#define SAME REST ",\"prompt\":\"rain\",\"duration\":12,\"seed\":7,\"temperature\":0.1"
#define MODEL "\"modelId\":\"model_meta-musicgen\""

static void one_job(struct some_hosted *s)
{
	static const struct {
		const char *asked; /* NULL: ASKED */
		const char *job;   /* its members but jobId */
		bool want;
	} rows[] = {
		{ NULL, "\"metadata\":{\"input\":{" SAME "}}", true },
		{ NULL, "\"metadata\":{\"input\":{" SAME "," MODEL "}}", true },
		{ NULL, "\"metadata\":{\"input\":{" SAME "}," MODEL "}", true },
		{ NULL, "\"modelId\":\"model_meta-musicgen\",\"metadata\":{\"input\":{" SAME "}}", true },
		{ NULL, "\"metadata\":{\"inputs\":{" SAME "}}", true },
		{ NULL, "\"input\":{" SAME "}", true },
		{ NULL, "\"inputs\":{" SAME "}", true },
		/* the list of the service's own words */
		{ NULL, "\"metadata\":{\"input\":{" SAME ",\"projectId\":\"p\",\"requestId\":9,\"nested\":{\"seed\":8}}}", true },
		{ NULL, "\"metadata\":{\"input\":{" SAME ",\"continuation\":false,\"continuationStart\":0,\"multiBandDiffusion\":false}}", true },
		{ NULL, "\"metadata\":{\"input\":{" SAME ",\"inputAudio\":null,\"continuationEnd\":null}}", true },
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain\",\"duration\":1.2e1,\"seed\":7.0,\"temperature\":1e-1}}", true },
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"prompt\":\"r\\u0061in\",\"duration\":12,\"seed\":7,\"temperature\":0.10000000000000001}}", true },
		/* as a text */
		{ NULL, "\"metadata\":{\"input\":\"{\\\"prompt\\\":\\\"rain\\\",\\\"duration\\\":12,\\\"seed\\\":7,\\\"temperature\\\":0.1,"
			"\\\"modelVersion\\\":\\\"stereo-melody-large\\\",\\\"normalizationStrategy\\\":\\\"loudness\\\",\\\"classifierFreeGuidance\\\":3}\"}",
		  true },
		{ NULL, "\"metadata\":{\"input\":\"{\\\"prompt\\\":\\\"rain\\\"\"}", false },
		{ NULL, "\"metadata\":{\"input\":\"\"}", false },
		{ NULL, "\"metadata\":{\"input\":\"[]\"}", false },
		/* another value */
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain \",\"duration\":12,\"seed\":7,\"temperature\":0.1}}", false },
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"prompt\":\"Rain\",\"duration\":12,\"seed\":7,\"temperature\":0.1}}", false },
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain\",\"duration\":12,\"seed\":8,\"temperature\":0.1}}", false },
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain\",\"duration\":12.5,\"seed\":7,\"temperature\":0.1}}", false },
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain\",\"duration\":\"12\",\"seed\":7,\"temperature\":0.1}}", false },
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain\",\"duration\":12,\"seed\":7,\"temperature\":null}}", false },
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"prompt\":[\"rain\"],\"duration\":12,\"seed\":7,\"temperature\":0.1}}", false },
		/* a value that was sent and is not there */
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"duration\":12,\"seed\":7,\"temperature\":0.1}}", false },
		{ NULL, "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain\",\"duration\":12,\"temperature\":0.1}}", false },
		{ NULL, "\"metadata\":{\"input\":{\"prompt\":\"rain\",\"duration\":12,\"seed\":7,\"temperature\":0.1}}", false },
		/* a value that was not sent and is there */
		{ NULL, "\"metadata\":{\"input\":{" SAME ",\"continuation\":true}}", false },
		{ NULL, "\"metadata\":{\"input\":{" SAME ",\"continuationEnd\":4}}", false },
		{ NULL, "\"metadata\":{\"input\":{" SAME ",\"inputAudio\":\"asset_1\"}}", false },
		{ NULL, "\"metadata\":{\"input\":{" SAME ",\"continuation\":0}}", false },
		{ "prompt=rain", "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain\",\"duration\":8,\"temperature\":1}}", true },
		{ "prompt=rain", "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain\",\"duration\":8,\"temperature\":1,\"seed\":-1}}", true },
		{ "prompt=rain", "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain\",\"duration\":8,\"temperature\":1,\"seed\":null}}", true },
		{ "prompt=rain", "\"metadata\":{\"input\":{" REST ",\"prompt\":\"rain\",\"duration\":8,\"temperature\":1,\"seed\":0}}", false },
		{ "inputAudio=a.wav", "\"metadata\":{\"input\":{" REST ",\"inputAudio\":\"asset_1\",\"duration\":8,\"temperature\":1}}", true },
		{ "inputAudio=a.wav", "\"metadata\":{\"input\":{" REST ",\"inputAudio\":\"asset_2\",\"duration\":8,\"temperature\":1}}", false },
		{ "inputAudio=a.wav", "\"metadata\":{\"input\":{" REST ",\"prompt\":\"x\",\"inputAudio\":\"asset_1\",\"duration\":8,\"temperature\":1}}", false },
		{ "inputAudio=a.wav continuation=true",
		  "\"metadata\":{\"input\":{" REST ",\"continuation\":true,\"inputAudio\":\"asset_1\",\"duration\":8,\"temperature\":1}}", true },
		{ "inputAudio=a.wav continuation=true",
		  "\"metadata\":{\"input\":{" REST ",\"continuation\":\"true\",\"inputAudio\":\"asset_1\",\"duration\":8,\"temperature\":1}}", false },
		/* another model */
		{ NULL, "\"metadata\":{\"input\":{" SAME ",\"modelId\":\"model_other\"}}", false },
		{ NULL, "\"modelId\":\"model_other\",\"metadata\":{\"input\":{" SAME "}}", false },
		{ NULL, "\"metadata\":{\"model\":\"model_other\",\"input\":{" SAME "}}", false },
		{ NULL, "\"metadata\":{\"model\":\"MusicGen\"," MODEL ",\"input\":{" SAME "}}", true },
		/* none at all */
		{ NULL, "\"status\":\"queued\"", false },
		{ NULL, "\"metadata\":null", false },
		{ NULL, "\"metadata\":{}", false },
		{ NULL, "\"metadata\":{\"input\":{}}", false },
		{ NULL, "\"metadata\":{\"input\":null}", false },
		{ NULL, "\"metadata\":{\"input\":[" "1" "]}", false },
		{ NULL, "\"metadata\":{\"input\":7}", false },
		{ NULL, "\"metadata\":[]," MODEL, false },
	};
	struct strbuf body = STRBUF_INIT(1 << 20);
	size_t i;

	for (i = 0; i < N(rows); i++) {
		char *text = mem_printf("{\"jobs\":[{\"jobId\":\"job_1\",%s}]}", rows[i].job);
		struct err err = ERR_INIT;
		struct wire_page page;
		struct visits v;

		some_hosted_set(s, rows[i].asked ? rows[i].asked : ASKED);
		strbuf_reset(&body);
		wire_submit_body(&body, &s->job, "asset_1");
		OK(read_page(s, body.buf, text, &v, &page, &err) == 0, "%s", rows[i].job);
		IS_INT(v.n, rows[i].want, rows[i].want ? "  is the same" : "  is another");
		free(text);
	}
	strbuf_release(&body);
}

/* Each job's body is found by itself among many that differ in one value each, whatever the prompt, all on one reading of the page. */
static void among_many(struct some_hosted *s)
{
	static const char *const asks[] = {
		"prompt=a", "prompt=b", "prompt=a seed=0", "prompt=a seed=1", "prompt=a duration=9", "prompt=a duration=9.5", "prompt=a temperature=0",
		"prompt=a temperature=0.1", "prompt=a classifierFreeGuidance=0", "prompt=a continuationEnd=0", "prompt=a continuationEnd=1",
		"prompt=a continuationStart=1", "prompt=a modelVersion=large", "prompt=a modelVersion=large multiBandDiffusion=true",
		"prompt=a normalizationStrategy=rms", "prompt=a inputAudio=x", "inputAudio=x", "inputAudio=x continuation=true",
		"prompt=a seed=9007199254740991", "prompt=a seed=9007199254740990", "prompt=\"\\\xC3\xA9",
	};
	struct strbuf page_text = STRBUF_INIT(1 << 20), bodies[N(asks)];
	struct wire_asked asked[N(asks)];
	struct err err = ERR_INIT;
	struct wire_page page;
	struct visits v = { 0 };
	char want[32];
	size_t i;

	strbuf_adds(&page_text, "{\"jobs\":[");
	for (i = 0; i < N(asks); i++) {
		some_hosted_set(s, asks[i]);
		strbuf_addf(&page_text, "%s{\"jobId\":\"job_%zu\",\"metadata\":{\"input\":", i ? "," : "", i);
		strbuf_init(&bodies[i], 1 << 16);
		wire_submit_body(&bodies[i], &s->job, "asset_1");
		asked[i] = (struct wire_asked){ s->card, bodies[i].buf, 0, INT64_MAX };
		if (i % 2) /* as a text */
			json_quote(&page_text, bodies[i].buf, true);
		else
			strbuf_adds(&page_text, bodies[i].buf);
		strbuf_adds(&page_text, "}}");
	}
	strbuf_adds(&page_text, "]}");
	OK(wire_read_jobs(&provider_scenario, page_text.buf, page_text.len, asked, N(asks), visit, &v, &page, &err) == 0, "a page of many %s", err.text);
	for (i = 0; i < N(asks); i++) {
		(void)snprintf(want, sizeof want, "job_%zu", i);
		IS_INT(v.n_of[i], 1, asks[i]);
		IS_TEXT(v.job[i].id, want, "  as itself");
		strbuf_release(&bodies[i]);
	}
	strbuf_release(&page_text);
}

/* What was created before or after the time that is asked about is not it, nor is what does not say when. */
static void times(struct some_hosted *s)
{
	static const char text[] = "{\"jobs\":[{\"jobId\":\"a\",\"createdAt\":\"1970-01-01T00:00:05Z\",\"input\":{}},{\"jobId\":\"b\",\"input\":{}}]}";
	static const struct {
		int64_t since_ms, until_ms;
		int n;
		const char *last;
	} rows[] = {
		{ 0, INT64_MAX, 2, "b" }, { 1, INT64_MAX, 1, "a" }, { 5000, 5000, 1, "a" }, { 5001, INT64_MAX, 0, "" }, { 1, 4999, 0, "" }, { 0, 4999, 1, "b" },
	};
	struct wire_asked asked[N(rows)];
	struct err err = ERR_INIT;
	struct wire_page page;
	struct visits v = { 0 };
	size_t i;

	for (i = 0; i < N(rows); i++)
		asked[i] = (struct wire_asked){ s->card, "{}", rows[i].since_ms, rows[i].until_ms };
	OK(wire_read_jobs(&provider_scenario, text, strlen(text), asked, N(rows), visit, &v, &page, &err) == 0, "a page of two times %s", err.text);
	for (i = 0; i < N(rows); i++) {
		IS_INT(v.n_of[i], rows[i].n, "likes");
		IS_TEXT(v.job[i].id, rows[i].last, "  the last");
	}
	IS_INT(page.oldest_ms, 5000, "the oldest");
	memset(&v, 0, sizeof v);
	OK(wire_read_jobs(&provider_scenario, text, strlen(text), NULL, 0, visit, &v, &page, &err) == 0 && v.n == 0, "nothing asked, nothing told");
}

/* ---- pages ---------------------------------------------------------------------------- */

#define JOB(id, created) "{\"jobId\":" id ",\"createdAt\":" created ",\"input\":{\"prompt\":\"x\"}}"

static void pages(struct some_hosted *s)
{
	static const struct {
		const char *text;
		int n_visits;
		const char *next, *last;
		int64_t oldest_ms;
	} rows[] = {
		{ "{\"jobs\":[]}", 0, "", "", 0 },
		{ "{\"jobs\":[],\"nextPaginationToken\":null}", 0, "", "", 0 },
		{ "{\"jobs\":[],\"nextPaginationToken\":\"\"}", 0, "", "", 0 },
		{ "{\"jobs\":[],\"nextPaginationToken\":\"a+b/c= &d\\n\"}", 0, "a%2Bb%2Fc%3D%20%26d%0A", "", 0 },
		{ "{\"jobs\":[" JOB("\"a\"", "5000") "," JOB("\"b\"", "\"1970-01-01T00:00:03Z\"") "," JOB("\"c\"", "null") "]}", 3, "", "c", 3000 },
		{ "{\"jobs\":[{},{\"jobId\":7},null,\"x\",[]," JOB("\"a/b\"", "1") "," JOB("\"ok\"", "null") "]}", 1, "", "ok", 0 },
		{ "{\"jobs\":[{\"jobId\":\"a\",\"input\":{\"prompt\":\"x\"},\"status\":\"success\",\"metadata\":{\"assetIds\":[\"../x\"]}}]}", 1, "", "a", 0 },
	};
	static const char *const bad[] = {
		"", "{}", "[]", "null", "{\"jobs\":{}}", "{\"jobs\":null}", "{\"jobs\":[]", "{\"jobs\":[]}]", "{\"job\":{\"jobId\":\"a\"}}", "<html>",
		"{\"jobs\":[],\"nextPaginationToken\":7}", "{\"jobs\":[],\"nextPaginationToken\":{}}", "{\"jobs\":[{\"jobId\":\"a\xFF\"}]}",
	};
	struct strbuf text = STRBUF_INIT(1 << 16);
	struct err err = ERR_INIT;
	struct wire_page page;
	struct visits v;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		OK(read_page(s, "{\"prompt\":\"x\"}", rows[i].text, &v, &page, &err) == 0, "%s %s", rows[i].text, err.text);
		IS_INT(v.n, rows[i].n_visits, "  visits");
		IS_TEXT(page.next, rows[i].next, "  next");
		IS_TEXT(v.job[0].id, rows[i].last, "  last");
		IS_INT(page.oldest_ms, rows[i].oldest_ms, "  oldest");
	}
	for (i = 0; i < N(bad); i++)
		OK(read_page(s, "{\"prompt\":\"x\"}", bad[i], &v, &page, &err) == -1 && v.n == 0 && err.code == ERR_INPUT, "no page: %s", err.text);
	strbuf_adds(&text, "{\"jobs\":[{\"jobId\":\"a\"}],\"nextPaginationToken\":\"");
	for (i = 0; i < WIRE_NEXT_SIZE; i++)
		strbuf_addc(&text, 'a');
	strbuf_adds(&text, "\"}");
	OK(read_page(s, "{\"prompt\":\"x\"}", text.buf, &v, &page, &err) == -1 && v.n == 0, "a token that is too long: %s", err.text);
	strbuf_release(&text);
}

static void what_is_told(struct some_hosted *s)
{
	struct err err = ERR_INIT;
	struct wire_page page;
	struct visits v;

	OK(read_page(s, "{}",
		     "{\"jobs\":[{\"jobId\":\"a\",\"status\":\"finalizing\",\"progress\":0.5,\"createdAt\":\"2026-11-22T07:59:00.123Z\",\"input\":{}}]}", &v, &page,
		     &err) == 0,
	   "a listed job");
	IS_TEXT(v.job[0].id, "a", "has its id");
	IS_INT(v.job[0].status, WIRE_RUNNING, "its status");
	IS_NEAR(v.job[0].progress, 0.5, 0, "its progress");
	IS_INT(v.job[0].created_ms, INT64_C(1795334340123), "its time");
	IS_NEAR(v.job[0].credits, -1, 0, "and no price");
}

int main(void)
{
	struct some_hosted s;

	some_hosted_open(&s);
	one_job(&s);
	among_many(&s);
	times(&s);
	pages(&s);
	what_is_told(&s);
	some_hosted_close(&s);
	return tap_done();
}
