/* The four files from rows: types and keys that dataset loaders want, escaping, what is counted. */
#include "base/fs.h"
#include "base/json.h"
#include "fake_ledger.h"
#include "report/escape.h"
#include "report/report.h"
#include "tap.h"

#include <unistd.h>

#define HASH64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const unsigned char peaks[4] = { 0, 255, 128, 1 };

static struct ledger_job row(int64_t ordinal, const char *id, enum job_state state)
{
	struct ledger_job job = { 0 };

	snprintf(job.id_text, sizeof job.id_text, "%s", id);
	job.canonical = "{\"made_by\":\"fake\",\"model\":\"meta-musicgen\",\"params\":{}}";
	job.set = "rain";
	job.path = "rain/a b#1.wav";
	job.params = "{\"prompt\":\"</script><script>alert('1')</script>\",\"duration\":3,\"temperature\":1,\"seed\":9007199254740991}";
	job.axes = "{\"temperature\":\"1\",\"tempo\":\"slow\",\"tempo.file_name\":\"x,\\\"y\\\"\"}";
	job.tags = "[\"ambient\",\"<b>\"]";
	job.take = 1;
	job.ordinal = ordinal;
	job.state = state;
	job.sentence = "";
	job.file_sha256 = job.pcm_sha256 = job.arithmetic = "";
	if (state == JOB_DONE) {
		job.has_artifact = true;
		job.file_sha256 = job.pcm_sha256 = HASH64;
		job.arithmetic = "fake";
		job.format = "wav";
		job.bits = 16;
		job.n_bytes = 44;
		job.seconds = 3;
		job.rate_hz = job.model_rate_hz = 32000;
		job.n_channels = 2;
		job.lkfs = LEVEL_SILENT;
		job.peak = 0.5;
		job.peaks = peaks;
		job.n_peaks = 4;
		job.make_s = 0.25;
		job.started_ms = 1700000000000;
		job.ended_ms = 1700000001000;
	}
	return job;
}

static char *read_all(const char *dir, const char *name)
{
	struct strbuf sb = STRBUF_INIT(16 << 20);
	struct err err = ERR_INIT;
	char *path = fs_join(dir, name);

	if (fs_read(path, &sb, &err) < 0)
		strbuf_adds(&sb, err.text);
	(void)unlink(path);
	free(path);
	return strbuf_detach(&sb);
}

static int count_of(const char *text, const char *piece)
{
	int n = 0;

	for (; (text = strstr(text, piece)); text += strlen(piece))
		n++;
	return n;
}

static const struct json *nth(const struct json *list, int n)
{
	const struct json *at = json_first(list);

	while (at && n--)
		at = json_next(at);
	return at;
}

static void check_metadata(const char *dir)
{
	char *text = read_all(dir, "metadata.jsonl");

	IS_TEXT(text,
		"{\"file_name\":\"rain/a b#1.wav\",\"id\":\"aaaaaaaaaaaa\",\"set\":\"rain\",\"take\":1,\"tags\":[\"ambient\",\"<b>\"],"
		"\"prompt\":\"</script><script>alert('1')</script>\",\"duration\":3.0,\"temperature\":1.0,\"seed\":9007199254740991,"
		"\"axis_tempo\":\"slow\",\"axis_tempo_file_name_\":\"x,\\\"y\\\"\","
		"\"seconds\":3.0,\"rate_hz\":32000,\"channels\":2,\"lkfs\":-1000.0,\"peak\":0.5,\"pcm_sha256\":\"" HASH64
		"\",\"file_sha256\":\"" HASH64 "\",\"arithmetic\":\"fake\",\"made_by\":\"fake\"}\n"
		"{\"file_name\":\"rain/a b#1.wav\",\"id\":\"bbbbbbbbbbbb\",\"set\":\"\",\"take\":2,\"tags\":[],"
		"\"prompt\":\"\",\"duration\":3.5,\"temperature\":-1.0,\"seed\":-1,"
		"\"axis_tempo\":\"\",\"axis_tempo_file_name_\":\"\","
		"\"seconds\":3.5,\"rate_hz\":32000,\"channels\":2,\"lkfs\":-20.25,\"peak\":0.5,\"pcm_sha256\":\"" HASH64
		"\",\"file_sha256\":\"" HASH64 "\",\"arithmetic\":\"fake\",\"made_by\":\"native:x\"}\n",
		"metadata.jsonl: same keys and types in every row, never null, only finished jobs");
	free(text);
}

static int text_is_headed(const char *text)
{
	static const char head[] = "id,set,state,path,take,tags,prompt,duration,temperature,seed,axis_tempo,axis_tempo_file_name_,tries,";

	return !strncmp(text, head, sizeof head - 1);
}

static void check_csv(const char *dir)
{
	char *text = read_all(dir, "jobs.csv");

	OK(text_is_headed(text) && count_of(text, "\r\n") == 5, "jobs.csv: a heading and four rows");
	OK(strstr(text, "\r\naaaaaaaaaaaa,rain,done,rain/a b#1.wav,1,\"[\"\"ambient\"\",\"\"<b>\"\"]\",</script><script>alert('1')</script>,3,1,9007199254740991,slow,"
			"\"x,\"\"y\"\"\",0,0,0,,,,,,2023-11-14T22:13:20.000Z,2023-11-14T22:13:21.000Z,0.25,3,32000,2,wav,16,44,-1000,0.5," HASH64
			"," HASH64 ",,fake,fake\r\n") != NULL, "jobs.csv: a finished job's row");
	OK(strstr(text, "\r\ncccccccccccc,rain,failed,") && strstr(text, ",0,0,0,io,\"it said \"\"no\"\", twice\",,,,,,,,,,,,,,,,,,,fake\r\n"),
	   "jobs.csv: a failed job's row has class and sentence and no file");
	OK(strstr(text, ",arithmetic,made_by\r\n") && strstr(text, ",native:x\r\n"), "jobs.csv: whose each is");
	OK(strstr(text, "\r\ndddddddddddd,rain,superseded,") != NULL, "jobs.csv: superseded jobs too");
	free(text);
}

static void check_summary(const char *dir)
{
	char *text = read_all(dir, "summary.json");
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	const struct json *root;

	if (!OK(json_parse(&doc, text, strlen(text), 1 << 20, "summary.json", ERR_BUG, &err) == 0, "summary.json is JSON")) {
		free(text);
		return;
	}
	root = json_root(doc);
	IS_INT(json_number(json_member(root, "schema_version"), -1), 1, "schema_version");
	IS_INT(json_number(json_member(root, "jobs_total"), -1), 3, "jobs_total leaves superseded jobs out");
	IS_INT(json_number(json_member(json_member(root, "jobs_by_state"), "done"), -1), 2, "done");
	IS_INT(json_number(json_member(json_member(root, "failures_by_class"), "io"), -1), 1, "failures by class");
	IS_NEAR(json_number(json_member(root, "audio_seconds"), -1), 6.5, 1e-9, "audio_seconds");
	IS_INT(json_count(json_member(root, "makers")), 2, "makers: one for each checkpoint");
	IS_TEXT(json_string(json_member(nth(json_member(root, "makers"), 1), "made_by"), NULL), "native:x", "by name");
	IS_INT(json_number(json_member(nth(json_member(root, "makers"), 0), "jobs"), -1), 2, "with their jobs");
	OK(json_is_null(json_member(nth(json_member(root, "makers"), 0), "licence")), "a licence that is not known is null");
	IS_TEXT(json_string(json_member(nth(json_member(root, "makers"), 1), "licence"), NULL), "cc-by-nc-4.0", "one that was noted is said");
	OK(json_is_null(json_member(root, "throughput")), "unknown throughput is null");
	IS_INT(json_number(json_member(root, "credits_spent"), -1), 0, "nothing was paid");
	json_free(doc);
	free(text);
}

/* The page's data (src/report/report_html_data.c says its form), or NULL; the caller frees it. */
static struct json_doc *open_data(const char *text)
{
	static const char before[] = "id=\"data\">";
	const char *data = strstr(text, before), *end = data ? strstr(data, "</script>") : NULL;
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	if (!OK(data && end, "the data is there"))
		return NULL;
	data += strlen(before);
	OK(json_parse(&doc, data, (size_t)(end - data), 64 << 20, "data", ERR_BUG, &err) == 0, "and is JSON %s", err.text);
	return doc;
}

/* The text that the n-th field of a job's row means. */
static const char *text_of(const struct json *root, const struct json *number)
{
	return json_string(nth(json_member(root, "texts"), (int)json_number(number, -1)), "(none)");
}

enum { ROW_ID, ROW_STATE, ROW_SET, ROW_TAKE, ROW_PATH, ROW_TAGS, ROW_AXES, ROW_PARAMS, ROW_LINES, ROW_MAKER, ROW_TROUBLE, ROW_FILE, ROW_HOSTED };

static void check_data(const struct json *root)
{
	const struct json *first = nth(json_member(root, "jobs"), 0), *failed = nth(json_member(root, "jobs"), 2);

	IS_INT(json_count(json_member(root, "jobs")), 4, "every job is there");
	IS_TEXT(json_string(nth(first, ROW_ID), NULL), "aaaaaaaaaaaa", "an id");
	IS_TEXT(text_of(root, nth(first, ROW_STATE)), "done", "a state");
	IS_TEXT(text_of(root, nth(nth(first, ROW_TAGS), 1)), "<b>", "a tag");
	IS_TEXT(text_of(root, nth(nth(first, ROW_AXES), 5)), "x,\"y\"", "an axis' value");
	IS_TEXT(text_of(root, nth(nth(first, ROW_PARAMS), 0)), "</script><script>alert('1')</script>", "a prompt");
	IS_TEXT(text_of(root, nth(nth(first, ROW_LINES), 3)), "backend: fake", "a line of the manifest that makes it again");
	IS_INT(json_count(nth(first, ROW_FILE)), 12, "a file");
	IS_TEXT(json_string(nth(nth(first, ROW_FILE), 11), NULL), "AP+AAQ==", "with its peaks");
	IS_INT(json_number(nth(first, ROW_TROUBLE), -1), 0, "no trouble");
	IS_TEXT(text_of(root, nth(failed, ROW_STATE)), "failed", "a failed job");
	IS_TEXT(text_of(root, nth(nth(failed, ROW_TROUBLE), 0)), "io", "has a class");
	IS_TEXT(text_of(root, nth(nth(failed, ROW_TROUBLE), 1)), "it said \"no\", twice", "and a sentence");
	IS_INT(json_number(nth(failed, ROW_FILE), -1), 0, "and no file");
	IS_TEXT(text_of(root, nth(nth(json_member(root, "jobs"), 1), ROW_MAKER)), "native:x", "each its own maker");
	IS_TEXT(json_string(json_member(json_member(root, "alias"), "guidance"), NULL), "classifierFreeGuidance", "the card's short names");
	IS_TEXT(json_string(json_member(root, "run_options"), NULL), " --backend fake --set 'prompt=<b>'", "what a run has to say again");
	IS_TEXT(json_string(json_member(root, "find_options"), NULL), " --backend fake", "what a look has to");
	OK(!json_bool(json_member(root, "has_output"), true), "the folder was not named");
}

/* The policy names the SHA-256 of the style and of the script, or neither would run. */
static void check_policy(const char *text, const char *kind, const char *open, const char *close)
{
	const char *from = strstr(text, open), *end = from ? strstr(from, close) : NULL;
	struct strbuf want = STRBUF_INIT(200);
	unsigned char hash[HASH_BYTES];

	if (!OK(from && end, "there is a %s element", kind))
		return;
	from += strlen(open);
	hash_bytes(from, (size_t)(end - from), hash);
	strbuf_addf(&want, "%s-src 'sha256-", kind);
	escape_base64(&want, hash, sizeof hash);
	strbuf_adds(&want, "'");
	OK(strstr(text, want.buf) != NULL, "the policy lets this %s run", kind);
	strbuf_release(&want);
}

static void check_html(const char *dir)
{
	char *text = read_all(dir, "report.html");
	struct json_doc *doc;

	IS_INT(count_of(text, "<script"), 2, "report.html: the data and the script, no other script element");
	IS_INT(count_of(text, "</script"), 2, "and as many ends");
	OK(strstr(text, "<h1>a &lt;b&gt; &amp; c</h1>") != NULL, "the name is escaped");
	OK(strstr(text, "2 of 3") != NULL, "what is done is counted");
	OK(strstr(text, "Failed: 1 io (") != NULL, "failures by class");
	OK(strstr(text, "<a href=\"#state=failed\">1</a>") != NULL, "their number leads to them");
	OK(strstr(text, "<code>fake</code> (1 of 2 done), <code>native:x</code> (1 of 1 done)") != NULL, "who made how many");
	OK(!strstr(text, "2023-11-14"), "no time: equal folders have equal pages");
	OK(!strstr(text, "{{"), "no mark is left");
	OK(strstr(text, "default-src 'none'") != NULL, "the policy lets nothing in that is not named");
	check_policy(text, "style", "<style>", "</style>");
	check_policy(text, "script", "<script>", "</script>");
	IS_INT(count_of(text, "://"), 1, "nothing from a network:");
	OK(strstr(text, "http://www.w3.org/2000/svg") != NULL, "the one address is a name");
	doc = open_data(text);
	if (doc)
		check_data(json_root(doc));
	json_free(doc);
	free(text);
}

static int count_state(const struct json *root, const char *state)
{
	int n = 0;

	for (const struct json *job = json_first(json_member(root, "jobs")); job; job = json_next(job))
		n += !strcmp(text_of(root, nth(job, ROW_STATE)), state);
	return n;
}

/* 2,050 jobs, the last n_bad of them failed. */
static void check_part(const char *dir, int n_bad, int n_failed_shown, const char *say)
{
	enum { N = 2050 };
	struct ledger_job *many = calloc(N, sizeof *many);
	struct err err = ERR_INIT;
	struct json_doc *doc;
	char *text;

	if (!many)
		abort();
	for (int i = 0; i < N; i++)
		many[i] = row(i, "aaaaaaaaaaaa", i < N - n_bad ? JOB_DONE : JOB_FAILED);
	fake_rows = many;
	n_fake_rows = N;
	IS_INT(report_write(NULL, dir, &err), 0, "2,050 jobs are reported");
	text = read_all(dir, "report.html");
	OK(strstr(text, say) != NULL, "the page says: %s", say);
	doc = open_data(text);
	if (doc) {
		IS_INT(json_count(json_member(json_root(doc), "jobs")), 2000, "and shows 2,000");
		IS_INT(count_state(json_root(doc), "failed"), n_failed_shown, "with those that failed");
	}
	json_free(doc);
	free(text);
	text = read_all(dir, "metadata.jsonl");
	IS_INT(count_of(text, "\n"), N - n_bad, "metadata.jsonl has all that are done");
	free(text);
	free(many);
}

/* A manifest may hold a text of megabytes; one such row must not cost the folder its reports. */
static void check_long_text(const char *dir)
{
	enum { N = 3 << 20 };
	struct ledger_job long_row = row(0, "aaaaaaaaaaaa", JOB_DONE);
	struct strbuf params = STRBUF_INIT(2 * N), canonical = STRBUF_INIT(2 * N);
	struct err err = ERR_INIT;
	char *text;

	strbuf_adds(&params, "{\"prompt\":\"");
	for (int i = 0; i < N; i++)
		strbuf_addc(&params, '<');
	strbuf_adds(&params, "\"}");
	strbuf_addf(&canonical, "{\"made_by\":\"fake\",\"model\":\"meta-musicgen\",\"params\":%s}", params.buf);
	long_row.params = params.buf;
	long_row.canonical = canonical.buf;
	long_row.tags = "[]";
	fake_rows = &long_row;
	n_fake_rows = 1;
	OK(report_write(NULL, dir, &err) == 0, "a text of 3 MiB is reported %s", err.text);
	text = read_all(dir, "metadata.jsonl");
	OK(strlen(text) > N, "whole");
	free(text);
	text = read_all(dir, "report.html");
	OK(strlen(text) < 300000 && strstr(text, "3145728 bytes in all, whole in jobs.csv"), "but cut in the page, which says so");
	free(text);
	strbuf_release(&params);
	strbuf_release(&canonical);
}

/* What a service made is told with what it cost; a job of whom nobody knows has a price and no id. */
static void check_hosted(const char *dir)
{
	struct ledger_job rows[2] = { row(0, "aaaaaaaaaaaa", JOB_DONE), row(1, "bbbbbbbbbbbb", JOB_UNKNOWN) };
	const struct json *jobs;
	struct json_doc *doc;
	struct err err = ERR_INIT;
	char *text;

	rows[0].remote_id = "job_<1>";
	rows[0].asset_id = "asset_1";
	rows[0].source_sha256 = "5a";
	rows[0].credits = 0.1 + 0.2;
	rows[1].class = FAIL_REMOTE_UNKNOWN;
	rows[1].sentence = "nobody knows";
	rows[1].credits = 12.5;
	fake_rows = rows;
	n_fake_rows = 2;
	OK(report_write(NULL, dir, &err) == 0, "hosted rows are reported %s", err.text);
	text = read_all(dir, "jobs.csv");
	OK(strstr(text, ",sentence,remote_id,asset_id,credits,started,") && strstr(text, ",file_sha256,source_sha256,arithmetic,"), "jobs.csv: columns");
	OK(strstr(text, ",job_<1>,asset_1,0.3,2023") && strstr(text, HASH64 ",5a,fake,fake\r\n"), "jobs.csv: ids, price and the original's hash");
	OK(strstr(text, ",remote_unknown,nobody knows,,,12.5,") != NULL, "jobs.csv: what may have been paid counts");
	free(text);
	text = read_all(dir, "summary.json");
	OK(strstr(text, "\"credits_spent\": 12.8,") != NULL, "summary.json: credits_spent");
	free(text);
	text = read_all(dir, "metadata.jsonl");
	OK(!strstr(text, "credits") && !strstr(text, "job_"), "metadata.jsonl is about sounds");
	free(text);
	text = read_all(dir, "report.html");
	OK(strstr(text, "<dt>Paid</dt><dd>12.8 credits</dd>") != NULL, "report.html: paid in all");
	doc = open_data(text);
	jobs = json_member(json_root(doc), "jobs");
	IS_TEXT(json_string(nth(nth(nth(jobs, 0), ROW_HOSTED), 0), ""), "0.3 credits", "paid for one");
	IS_TEXT(json_string(nth(nth(nth(jobs, 0), ROW_HOSTED), 1), ""), "job_<1>", "its id there");
	IS_TEXT(json_string(nth(nth(nth(jobs, 1), ROW_HOSTED), 1), "-"), "", "none for one that nobody knows");
	json_free(doc);
	free(text);
}

/* The lines are a manifest: every parameter, texts quoted, braces doubled. */
static void check_remake(void)
{
	struct ledger_job job = row(0, "aaaaaaaaaaaa", JOB_FAILED);
	struct strbuf lines = STRBUF_INIT(1 << 16);
	struct err err = ERR_INIT;

	job.params = "{\"prompt\":\"a {b} \\\"c\\\" \xE2\x80\xA8\xC2\x85\xC3\xA9\",\"duration\":2.5,\"continuation\":false,\"inputAudio\":null}";
	OK(report_remake(&lines, &job, "fake", &err) == 0, "remade %s", err.text);
	IS_TEXT(lines.buf,
		"# made by fake\nversion: 1\nname: job-aaaaaaaaaaaa\nbackend: fake\nparams:\n"
		"  prompt: \"a {{b}} \\\"c\\\" \\u2028\\u0085\xC3\xA9\"\n  duration: 2.5\n  continuation: false\n",
		"a manifest of one job");
	strbuf_reset(&lines);
	job.params = "{}";
	job.canonical = "{\"inputs\":{\"inputAudio\":\"" HASH64 "\"},\"made_by\":\"native:x\",\"model\":\"meta-musicgen\",\"params\":{}}";
	OK(report_remake(&lines, &job, "native", &err) == 0, "remade %s", err.text);
	IS_TEXT(lines.buf,
		"# made by native:x\n# (these weights: where they are not installed, name their folder by --checkpoint)\n"
		"# inputAudio: the file of SHA-256 " HASH64 "; a path is relative to where this manifest lies\n"
		"version: 1\nname: job-aaaaaaaaaaaa\nbackend: native\nparams:\n",
		"what the lines cannot hold is said");
	job.params = "{";
	OK(report_remake(&lines, &job, "fake", &err) < 0 && strstr(err.text, "aaaaaaaaaaaa"), "a broken row is told: %s", err.text);
	strbuf_release(&lines);
}

int main(void)
{
	char dir[] = "/tmp/mgbatch-report-XXXXXX";
	struct ledger_job rows[4];
	struct err err = ERR_INIT;
	char *hidden, *rest[2];

	if (!mkdtemp(dir))
		SKIP_ALL("no folder for temp files");
	rows[0] = row(0, "aaaaaaaaaaaa", JOB_DONE);
	rows[1] = row(1, "bbbbbbbbbbbb", JOB_DONE);
	rows[1].canonical = "{\"made_by\":\"native:x\",\"model\":\"meta-musicgen\",\"params\":{}}";
	rows[1].set = "";
	rows[1].take = 2;
	rows[1].params = "{\"duration\":3.5}";
	rows[1].axes = "{}";
	rows[1].tags = "[]";
	rows[1].seconds = 3.5;
	rows[1].lkfs = -20.25;
	rows[2] = row(2, "cccccccccccc", JOB_FAILED);
	rows[2].class = FAIL_IO;
	rows[2].sentence = "it said \"no\", twice";
	rows[3] = row(3, "dddddddddddd", JOB_SUPERSEDED);
	fake_rows = rows;
	n_fake_rows = 4;
	fake_head.manifest_name = "a <b> & c";
	fake_head.backend = "fake";
	fake_head.made_by = "fake";
	fake_licence = "native:x cc-by-nc-4.0";
	fake_head.tool_version = "0";
	fake_head.manifest_path = "m.yaml";
	fake_head.last_command_line = "mgbatch run --backend fake --set 'prompt=<b>' --limit 3 m.yaml";
	fake_head.last_started_ms = 1700000000000;
	fake_head.last_exit_status = -1;
	if (OK(report_write(NULL, dir, &err) == 0, "written %s", err.text)) {
		check_metadata(dir);
		check_csv(dir);
		check_summary(dir);
		check_html(dir);
		check_part(dir, 0, 0, "Shown: 2000 of 2050 jobs: the first 2000 in running order. All");
		check_part(dir, 30, 30, "Shown: 2000 of 2050 jobs: the first 1970 in running order, and 30 of the 30 that failed, are unknown or lost. All");
		check_part(dir, 1500, 1450, "the first 550 in running order, and 1450 of the 1500 that failed");
		check_remake();
		check_long_text(dir);
		check_hosted(dir);
	}
	rest[0] = read_all(dir, "jobs.csv");
	rest[1] = read_all(dir, "summary.json");
	free(rest[0]);
	free(rest[1]);
	hidden = fs_join(dir, ".mgbatch");
	IS_INT(rmdir(hidden), 0, "no partial file is left");
	IS_INT(rmdir(dir), 0, "and nothing else");
	free(hidden);
	return tap_done();
}
