/* What is said to the service: addresses, bodies, price shapes; what a sound is by its first bytes; the provider's table. */
#include "tap.h"

#include "backend/hosted/wire.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "some_hosted.h"

#define REST "\"modelVersion\":\"stereo-melody-large\","
#define TAIL "\"normalizationStrategy\":\"loudness\",\"temperature\":1,\"classifierFreeGuidance\":3"

static struct strbuf out = STRBUF_INIT(1 << 20);

/* ---- addresses ------------------------------------------------------------------ */

static void addresses(void)
{
	static const struct {
		const char *base, *path;
		struct wire_names names;
		const char *query, *want;
	} rows[] = {
		{ "https://h/v1", "/jobs/{job}", { .job = "job_1" }, NULL, "https://h/v1/jobs/job_1" },
		{ "https://h/v1", "/jobs/{job}", { .job = "job_1" }, "", "https://h/v1/jobs/job_1" },
		{ "https://h/v1", "/uploads", { .model = NULL }, NULL, "https://h/v1/uploads" },
		{ "https://h/v1", "/jobs/{job}", { .job = "a/../b?c#d%e f" }, NULL, "https://h/v1/jobs/a%2F..%2Fb%3Fc%23d%25e%20f" },
		{ "https://h/v1", "/generate/custom/{model}", { .model = "model_meta-musicgen", .project = "proj_x" }, "dryRun=true",
		  "https://h/v1/generate/custom/model_meta-musicgen?projectId=proj_x&dryRun=true" },
		{ "https://h/v1", "/generate/custom/{model}", { .model = "m" }, "dryRun=true", "https://h/v1/generate/custom/m?dryRun=true" },
		{ "https://h/v1", "/jobs?pageSize=100", { .project = "p&q=1" }, NULL, "https://h/v1/jobs?pageSize=100&projectId=p%26q%3D1" },
		{ "https://h/v1", "/jobs?pageSize=100", { .project = "" }, "paginationToken=a%2Bb",
		  "https://h/v1/jobs?pageSize=100&paginationToken=a%2Bb" },
		{ "https://h/v1", "/uploads/{upload}/action", { .upload = "upload_\xC3\xA9" }, NULL, "https://h/v1/uploads/upload_%C3%A9/action" },
		{ "https://h/v1", "/a/{asset}/{job}", { .asset = "x\x7F\x01", .job = "~._-" }, NULL, "https://h/v1/a/x%7F%01/~._-" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		strbuf_reset(&out);
		wire_url(&out, rows[i].base, rows[i].path, &rows[i].names, rows[i].query);
		IS_TEXT(out.buf, rows[i].want, rows[i].want);
	}
	strbuf_reset(&out);
	wire_url(&out, "https://h", "/uploads", NULL, NULL);
	IS_TEXT(out.buf, "https://h/uploads", "an address without names");
}

/* ---- bodies ----------------------------------------------------------------------- */

static void bodies(struct some_hosted *s)
{
	static const struct {
		const char *say, *asset, *want;
	} rows[] = {
		{ "prompt=rain", NULL, "{" REST "\"prompt\":\"rain\",\"duration\":8," TAIL "}" },
		{ "prompt=rain duration=8", NULL, "{" REST "\"prompt\":\"rain\",\"duration\":8," TAIL "}" },
		{ "duration=12.5 prompt=rain", NULL, "{" REST "\"prompt\":\"rain\",\"duration\":12.5," TAIL "}" },
		{ "prompt=rain seed=-1", NULL, "{" REST "\"prompt\":\"rain\",\"duration\":8," TAIL "}" },
		{ "prompt=rain seed=0", NULL, "{" REST "\"prompt\":\"rain\",\"duration\":8," TAIL ",\"seed\":0}" },
		{ "prompt=rain seed=9007199254740991", NULL,
		  "{" REST "\"prompt\":\"rain\",\"duration\":8," TAIL ",\"seed\":9007199254740991}" },
		{ "prompt=rain continuation=false continuationStart=0 multiBandDiffusion=false", NULL,
		  "{" REST "\"prompt\":\"rain\",\"duration\":8," TAIL "}" },
		{ "prompt=rain inputAudio=a.wav continuation=true continuationStart=1 continuationEnd=2.25", "asset_9",
		  "{" REST "\"prompt\":\"rain\",\"inputAudio\":\"asset_9\",\"duration\":8,\"continuation\":true,\"continuationStart\":1,"
		  "\"continuationEnd\":2.25," TAIL "}" },
		{ "inputAudio=a.wav", "asset_9", "{" REST "\"inputAudio\":\"asset_9\",\"duration\":8," TAIL "}" },
		{ "inputAudio=a.wav", NULL, "{" REST "\"duration\":8," TAIL "}" },
		{ "inputAudio=a.wav", "", "{" REST "\"duration\":8," TAIL "}" },
		{ "prompt=rain", "asset_9", "{" REST "\"prompt\":\"rain\",\"duration\":8," TAIL "}" },
		{ "prompt=rain continuationEnd=0", NULL, "{" REST "\"prompt\":\"rain\",\"duration\":8,\"continuationEnd\":0," TAIL "}" },
		{ "prompt=rain classifierFreeGuidance=0 temperature=0.1", NULL,
		  "{" REST "\"prompt\":\"rain\",\"duration\":8,\"normalizationStrategy\":\"loudness\",\"temperature\":0.1,\"classifierFreeGuidance\":0}" },
		{ "modelVersion=large multiBandDiffusion=true prompt=x normalizationStrategy=peak", NULL,
		  "{\"modelVersion\":\"large\",\"prompt\":\"x\",\"duration\":8,\"multiBandDiffusion\":true,\"normalizationStrategy\":\"peak\","
		  "\"temperature\":1,\"classifierFreeGuidance\":3}" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		some_hosted_set(s, rows[i].say);
		strbuf_reset(&out);
		wire_submit_body(&out, &s->job, rows[i].asset);
		IS_TEXT(out.buf, rows[i].want, rows[i].say);
	}
}

/* Parameters that the hosted page does not have never go out, whatever a job holds. */
static void only_the_page(struct some_hosted *s)
{
	some_hosted_set(s, "prompt=x");
	s->values[card_find(s->card, "topK")] = (struct value){ .as.number = 5, .kind = VALUE_NUMBER };
	s->values[card_find(s->card, "topP")] = (struct value){ .as.number = 0.5, .kind = VALUE_NUMBER };
	strbuf_reset(&out);
	wire_submit_body(&out, &s->job, NULL);
	OK(!strstr(out.buf, "topK") && !strstr(out.buf, "topP"), "topK and topP are not in the body");
	strbuf_reset(&out);
	wire_price_shape(&out, &s->job);
	OK(!strstr(out.buf, "topK") && !strstr(out.buf, "topP"), "nor in the price's shape");
}

/* Any text of a prompt comes out of the body as it went in. */
static void texts(struct some_hosted *s)
{
	static const char *const prompts[] = { "a \"quoted\" \\ back\\slash", "line\nbreak\ttab\x01\x1F", "\xF0\x9F\x8E\xB5 caf\xC3\xA9", "",
					       " {x} </script> \xE2\x80\xA8", "null" };
	size_t i;

	for (i = 0; i < sizeof prompts / sizeof *prompts; i++) {
		struct json_doc *doc = NULL;
		struct err err = ERR_INIT;

		some_hosted_set(s, "");
		s->values[card_find(s->card, "prompt")] = (struct value){ .as.text = prompts[i], .kind = VALUE_TEXT };
		strbuf_reset(&out);
		wire_submit_body(&out, &s->job, NULL);
		if (!OK(json_parse(&doc, out.buf, out.len, 1 << 20, "body", ERR_BUG, &err) == 0, "a prompt's body is JSON: %s", err.text))
			continue;
		IS_TEXT(json_string(json_member(json_root(doc), "prompt"), NULL), prompts[i], "  and has the prompt as it is");
		json_free(doc);
	}
}

/* Equal ids give equal bodies and shapes, though one said its defaults and the other did not. */
static void equal_jobs(struct some_hosted *s)
{
	static const char *const pairs[][2] = {
		{ "prompt=x", "prompt=x duration=8 temperature=1 seed=-1 continuation=false" },
		{ "prompt=x duration=10", "duration=1e1 prompt=x modelVersion=stereo-melody-large" },
		{ "prompt=x temperature=-0", "prompt=x temperature=0" },
	};
	size_t i;
	int k;

	for (i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		unsigned char ids[2][HASH_BYTES];
		char *texts_of[2];

		for (k = 0; k < 2; k++) {
			some_hosted_set(s, pairs[i][k]);
			job_identify(&s->job);
			memcpy(ids[k], s->job.id, HASH_BYTES);
			strbuf_reset(&out);
			wire_submit_body(&out, &s->job, NULL);
			wire_price_shape(&out, &s->job);
			texts_of[k] = mem_strdup(out.buf);
		}
		OK(memcmp(ids[0], ids[1], HASH_BYTES) == 0, "equal ids: %s", pairs[i][1]);
		IS_TEXT(texts_of[1], texts_of[0], "  and equal texts");
		free(texts_of[0]);
		free(texts_of[1]);
	}
}

static void shapes(struct some_hosted *s)
{
	static const struct {
		const char *a, *b;
		bool is_equal;
	} rows[] = {
		{ "prompt=x seed=1", "prompt=another seed=2", true },
		{ "prompt=x inputAudio=a.wav", "inputAudio=b.wav", true },
		{ "prompt=x", "prompt=x duration=8", true },
		{ "prompt=x", "prompt=x duration=9", false },
		{ "prompt=x", "prompt=x modelVersion=large", false },
		{ "prompt=x", "prompt=x inputAudio=a.wav", false },
		{ "prompt=x", "prompt=x continuationEnd=0", false },
		{ "prompt=x", "prompt=x continuationStart=1", false },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *first;

		some_hosted_set(s, rows[i].a);
		strbuf_reset(&out);
		wire_price_shape(&out, &s->job);
		first = mem_strdup(out.buf);
		some_hosted_set(s, rows[i].b);
		strbuf_reset(&out);
		wire_price_shape(&out, &s->job);
		OK((strcmp(first, out.buf) == 0) == rows[i].is_equal, "%s and %s have %s price", rows[i].a, rows[i].b,
		   rows[i].is_equal ? "one" : "each a");
		OK(strstr(out.buf, "model_meta-musicgen") != NULL, "  of their model");
		free(first);
	}
}

static void small_bodies(void)
{
	strbuf_reset(&out);
	wire_upload_body(&out, "a \"b\"\n\xFF.wav", "audio/wav", INT64_C(5368709120), 640);
	IS_TEXT(out.buf,
		"{\"fileName\":\"a \\\"b\\\"\\n\xEF\xBF\xBD.wav\",\"contentType\":\"audio/wav\",\"kind\":\"audio\",\"parts\":640,\"fileSize\":5368709120}",
		"an upload's body");
	strbuf_reset(&out);
	wire_action_body(&out, "cancel");
	IS_TEXT(out.buf, "{\"action\":\"cancel\"}", "an action's body");
}

/* ---- sounds ------------------------------------------------------------------------ */

static void sounds(void)
{
#define BYTES(text) text, sizeof text - 1
	static const struct {
		const char *name, *bytes;
		size_t n;
		const char *want;
	} rows[] = {
		{ "wav", BYTES("RIFF\x24\0\0\0WAVEfmt "), ".wav" },
		{ "large wav", BYTES("RF64\xFF\xFF\xFF\xFFWAVEds64"), ".wav" },
		{ "avi", BYTES("RIFF\x24\0\0\0AVI LIST"), NULL },
		{ "cut wav", BYTES("RIFF\x24\0\0\0WAV"), NULL },
		{ "flac", BYTES("fLaC\0\0\0\x22"), ".flac" },
		{ "ogg", BYTES("OggS\0\x02\0\0\0\0\0\0\0\0\0\0"), ".ogg" },
		{ "mp3 with tags", BYTES("ID3\x03\0\0\0\0\x0F\x76"), ".mp3" },
		{ "mp3 frame", BYTES("\xFF\xFB\x90\x64"), ".mp3" },
		{ "mp3 frame of version 2", BYTES("\xFF\xF3\x40\xC4"), ".mp3" },
		{ "aac in adts", BYTES("\xFF\xF1\x50\x80\x02\x1F\xFC"), NULL },
		{ "a frame of layer II", BYTES("\xFF\xFD\x90\x64"), NULL },
		{ "a bit rate that does not exist", BYTES("\xFF\xFB\xF0\x64"), NULL },
		{ "a sample rate that does not exist", BYTES("\xFF\xFB\x9C\x64"), NULL },
		{ "a version that does not exist", BYTES("\xFF\xEB\x90\x64"), NULL },
		{ "UTF-16", BYTES("\xFF\xFEh\0t\0m\0"), NULL },
		{ "m4a", BYTES("\0\0\0\x20""ftypM4A \0\0\0\0"), ".m4a" },
		{ "m4a by its other brand", BYTES("\0\0\0\x20""ftypmp42\0\0\0\0"), ".m4a" },
		{ "heic picture", BYTES("\0\0\0\x20""ftypheic\0\0\0\0"), NULL },
		{ "html", BYTES("<html><body>"), NULL },
		{ "json", BYTES("{\"error\":"), NULL },
		{ "zeroes", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), NULL },
		{ "one byte", BYTES("R"), NULL },
		{ "three bytes of a frame", BYTES("\xFF\xFB\x90"), NULL },
		{ "nothing", "", 0, NULL },
	};
	size_t i, n;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned char *exact = mem_alloc(rows[i].n); /* its own size: one byte too far is seen by a sanitizer */

		memcpy(exact, rows[i].bytes, rows[i].n);
		IS_TEXT(wire_sniff(exact, rows[i].n), rows[i].want, rows[i].name);
		free(exact);
		for (n = 0; n < rows[i].n; n++) { /* any beginning of it: the same, or not known */
			unsigned char *cut = mem_alloc(n);
			const char *got;

			memcpy(cut, rows[i].bytes, n);
			got = wire_sniff(cut, n);
			if (got && (!rows[i].want || strcmp(got, rows[i].want) != 0))
				OK(false, "the first %zu bytes of %s are taken for %s", n, rows[i].name, got);
			free(cut);
		}
	}
}

/* ---- the table ------------------------------------------------------------------------ */

static void the_table(void)
{
	const struct provider *p = &provider_scenario;
	const char *const paths[] = { p->submit, p->job, p->jobs, p->job_action, p->uploads, p->upload, p->upload_action, p->asset, p->models };
	size_t i, n_ends[4] = { 0 };

	OK(text_starts_with(p->base_url, "https://") && !text_ends_with(p->base_url, "/"), "the base address is https, without a slash at its end");
	for (i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct wire_names all = { "m", "j", "a", "u", "p" };

		strbuf_reset(&out);
		wire_url(&out, p->base_url, paths[i], &all, NULL);
		OK(paths[i][0] == '/' && !strpbrk(out.buf, "{}") && strstr(out.buf, "projectId=p"), "%s", out.buf);
	}
	for (i = 0; i < sizeof p->statuses / sizeof *p->statuses && p->statuses[i].word; i++)
		n_ends[p->statuses[i].status]++;
	OK(i < sizeof p->statuses / sizeof *p->statuses, "the status words end");
	OK(n_ends[WIRE_RUNNING] && n_ends[WIRE_SUCCEEDED] && n_ends[WIRE_FAILED] && n_ends[WIRE_CANCELED], "and tell all four ends");
	for (i = 0; p->audio[i].mime; i++)
		OK(text_starts_with(p->audio[i].mime, "audio/") && p->audio[i].extension[0] == '.', "an upload may be %s", p->audio[i].mime);
	OK(i > 0 && p->asset_hosts[0], "there are kinds of sound and hosts");
}

int main(void)
{
	struct some_hosted s;

	some_hosted_open(&s);
	addresses();
	bodies(&s);
	only_the_page(&s);
	texts(&s);
	equal_jobs(&s);
	shapes(&s);
	small_bodies();
	sounds();
	the_table();
	some_hosted_close(&s);
	strbuf_release(&out);
	return tap_done();
}
