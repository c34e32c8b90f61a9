/* The four files from rows: types and keys that dataset loaders want, escaping, what is counted. */
#include "base/fs.h"
#include "base/json.h"
#include "fake_ledger.h"
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
	OK(strstr(text, "\r\naaaaaaaaaaaa,rain,done,rain/a b#1.wav,1,ambient;<b>,</script><script>alert('1')</script>,3,1,9007199254740991,slow,"
			"\"x,\"\"y\"\"\",0,0,0,,,,2023-11-14T22:13:20.000Z,2023-11-14T22:13:21.000Z,0.25,3,32000,2,wav,16,44,-1000,0.5," HASH64
			"," HASH64 ",fake\r\n") != NULL, "jobs.csv: a finished job's row");
	OK(strstr(text, "\r\ncccccccccccc,rain,failed,") && strstr(text, ",0,0,0,io,\"it said \"\"no\"\", twice\",,,,,,,,,,,,,,,\r\n"),
	   "jobs.csv: a failed job's row has class and sentence and no file");
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
	OK(json_is_null(json_member(root, "throughput")), "unknown throughput is null");
	json_free(doc);
	free(text);
}

static void check_html(const char *dir)
{
	char *text = read_all(dir, "report.html"), *data, *end;
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	IS_INT(count_of(text, "<script"), 2, "report.html: the data and the script, no other script element");
	IS_INT(count_of(text, "</script"), 2, "and as many ends");
	OK(strstr(text, "<h1>a &lt;b&gt; &amp; c</h1>") != NULL, "the name is escaped");
	OK(strstr(text, "it said &quot;no&quot;, twice") != NULL, "so is a failure's sentence");
	OK(strstr(text, "2 of 3") != NULL, "what is done is counted");
	OK(!strstr(text, "2023-11-14"), "no times");
	OK(!strstr(text, "://") || strstr(text, "http://www.w3.org/2000/svg"), "nothing from a network");
	data = strstr(text, "id=\"data\">");
	end = data ? strstr(data, "</script>") : NULL;
	if (OK(data && end, "the data is there")) {
		data += strlen("id=\"data\">");
		OK(json_parse(&doc, data, (size_t)(end - data), 16 << 20, "data", ERR_BUG, &err) == 0, "and is JSON");
		IS_INT(json_count(json_member(json_root(doc), "jobs")), 3, "of every job but superseded ones");
		IS_TEXT(json_string(json_member(json_first(json_member(json_root(doc), "jobs")), "url"), NULL), "rain/a%20b%231.wav",
			"with the file's address percent-encoded");
	}
	json_free(doc);
	free(text);
}

static void check_part(const char *dir)
{
	enum { N = 2050 };
	struct ledger_job *many = calloc(N, sizeof *many);
	struct err err = ERR_INIT;
	char *text;

	if (!many)
		abort();
	for (int i = 0; i < N; i++)
		many[i] = row(i, "aaaaaaaaaaaa", JOB_DONE);
	fake_rows = many;
	n_fake_rows = N;
	IS_INT(report_write(NULL, dir, &err), 0, "2,050 jobs are reported");
	text = read_all(dir, "report.html");
	OK(strstr(text, "Shown: the first 2000 of 2050 jobs") != NULL, "the page says which part it shows");
	IS_INT(count_of(text, "\"id\":\"aaaaaaaaaaaa\""), 2000, "and shows that part");
	free(text);
	text = read_all(dir, "metadata.jsonl");
	IS_INT(count_of(text, "\n"), N, "metadata.jsonl has all");
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
	free(read_all(dir, "report.html"));
	strbuf_release(&params);
	strbuf_release(&canonical);
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
	fake_head.tool_version = "0";
	fake_head.last_exit_status = -1;
	if (OK(report_write(NULL, dir, &err) == 0, "written %s", err.text)) {
		check_metadata(dir);
		check_csv(dir);
		check_summary(dir);
		check_html(dir);
		check_part(dir);
		check_long_text(dir);
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
