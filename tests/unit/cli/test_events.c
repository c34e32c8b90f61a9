/* cli/events: the lines of each kind of news, and what becomes of them when nobody reads or the reader goes. */
#include "base/json.h"
#include "cli/events.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct run_counts counts = { .n_jobs = 9, .n_done = 3, .n_done_before = 1, .n_failed = 2, .n_running = 1, .n_waiting = 3, .n_unknown = 5, .n_lost = 4, .credits_now = 0.1 + 0.2, .credits_spent = 12.5,
					  .audio_s_done = 24, .audio_s_total = 72, .elapsed_ms = 1500 };
static const struct backend_ops ops = { .name = "fake" };
static const struct run_config config = { .manifest_name = "night \"a\"", .output_dir = "out/\xff", .ops = &ops };
static const struct job job = { .set = "rain", .path = "rain/s1.wav" };
static const struct artifact artifact = { .n_bytes = 99, .seconds = 2, .rate_hz = 32000, .n_channels = 1, .lkfs = -14.5, .peak = 0.5,
					  .pcm_sha256 = "ab" };

static void line(const struct run_news *news, const char *want)
{
	struct strbuf out = STRBUF_INIT(1 << 16);

	events_line(&out, &config, news, 0);
	OK(!strncmp(out.buf, "{\"version\":1,\"event\":\"", 22) && out.len > 1 && out.buf[out.len - 1] == '\n', "a line of its own");
	OK(strstr(out.buf, want) != NULL, "has %s: %s", want, out.buf);
	OK(strchr(out.buf, '\n') == out.buf + out.len - 1, "and no other line break");
	strbuf_release(&out);
}

#define COUNTS                                                                                                               \
	"\"jobs_total\":9,\"done\":3,\"done_before\":1,\"failed\":2,\"running\":1,\"waiting\":3,\"unknown\":5,\"lost\":4,"         \
	"\"audio_seconds\":24.0,\"audio_seconds_total\":72.0,\"elapsed_seconds\":1.5,\"credits_now\":0.3,\"credits_spent\":12.5}"
#define AT_ZERO "\"time\":\"1970-01-01T00:00:00.000Z\","

static void check_lines(void)
{
	struct run_failure again = { FAIL_IO, "no\nluck", 1, 3, 2.5 }, never = { FAIL_INPUT, "no", 1, 3, -1 };
	struct run_news news = { .kind = RUN_STARTED, .counts = &counts };

	line(&news, "\"event\":\"run_started\"," AT_ZERO "\"manifest\":\"night \\\"a\\\"\",\"output\":\"out/\xEF\xBF\xBD\",\"backend\":\"fake\"");
	line(&news, COUNTS);
	news.kind = RUN_PROGRESS;
	line(&news, "\"event\":\"progress\"," AT_ZERO COUNTS);
	news = (struct run_news){ .kind = RUN_NOTE, .text = "x\033" };
	line(&news, "\"event\":\"note\"," AT_ZERO "\"text\":\"x\\u001b\"}");
	news.kind = RUN_DRAINING;
	line(&news, "\"event\":\"draining\",");
	news.kind = RUN_ABORTING;
	line(&news, "\"event\":\"aborting\",");
	news = (struct run_news){ .kind = RUN_JOB_STARTED, .job = &job };
	line(&news, "\"event\":\"job_started\"," AT_ZERO "\"id\":\"aaaaaaaaaaaa\",\"set\":\"rain\",\"path\":\"rain/s1.wav\"}");
	news = (struct run_news){ .kind = RUN_JOB_ACCEPTED, .job = &job, .remote_id = "job_1", .credits = 5.5 };
	line(&news, "\"event\":\"job_accepted\"," AT_ZERO "\"id\":\"aaaaaaaaaaaa\",\"set\":\"rain\",\"path\":\"rain/s1.wav\",\"remote_id\":\"job_1\","
		    "\"credits\":5.5}");
	news = (struct run_news){ .kind = RUN_JOB_DONE, .job = &job, .artifact = &artifact };
	line(&news, "\"path\":\"rain/s1.wav\",\"bytes\":99,\"seconds\":2.0,\"rate_hz\":32000,\"channels\":1,\"lkfs\":-14.5,\"peak\":0.5,"
		    "\"pcm_sha256\":\"ab\"}");
	news = (struct run_news){ .kind = RUN_JOB_FAILED, .job = &job, .failure = &again };
	line(&news, "\"class\":\"io\",\"sentence\":\"no\\nluck\",\"try\":1,\"tries\":3,\"again_in_seconds\":2.5}");
	news.failure = &never;
	line(&news, "\"again_in_seconds\":null}");
}

/* ---- readers ---------------------------------------------------------------- */

static char path[64];

static void tell(struct events *e, int n)
{
	struct run_news news = { .kind = RUN_JOB_STARTED, .job = &job };

	for (int i = 0; i < n; i++)
		events_hear(e, &news);
}

/* Who reads a pipe: whole lines as they come, the rest of a line later. */
struct reader {
	int fd;
	char buf[1 << 17]; /* more than a pipe holds */
	size_t len;        /* of a line that is not whole yet */
	int64_t n, n_lost;
	char last[32];     /* event */
};

static void open_reader(struct reader *r)
{
	memset(r, 0, sizeof *r);
	r->fd = open(path, O_RDONLY | O_NONBLOCK);
}

static void read_line(struct reader *r, const char *text, size_t len)
{
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	if (json_parse(&doc, text, len, 1 << 16, "line", ERR_IO, &err) < 0) {
		OK(false, "a line is JSON: %s", err.text);
		return;
	}
	r->n++;
	r->n_lost += (int64_t)json_number(json_member(json_root(doc), "lines"), 0);
	snprintf(r->last, sizeof r->last, "%s", json_string(json_member(json_root(doc), "event"), ""));
	json_free(doc);
}

/* What is in the pipe now; answers how many lines that completes. */
static int64_t read_some(struct reader *r)
{
	ssize_t got = read(r->fd, r->buf + r->len, sizeof r->buf - r->len);
	int64_t before = r->n;
	char *at = r->buf, *end;

	if (got <= 0)
		return 0;
	r->len += (size_t)got;
	while ((end = memchr(at, '\n', r->len - (size_t)(at - r->buf)))) {
		read_line(r, at, (size_t)(end - at));
		at = end + 1;
	}
	r->len -= (size_t)(at - r->buf);
	memmove(r->buf, at, r->len);
	return r->n - before;
}

static struct reader reader;

static void check_slow_reader(void)
{
	struct reader *r = &reader;
	struct events e;
	struct err err = ERR_INIT;
	int64_t n_told = 20000;

	open_reader(r);
	IS_INT(events_open(&e, path, &config, &err), 0, "a FIFO with a reader");
	tell(&e, (int)n_told); /* of 100 bytes and more: the pipe and EVENTS_PENDING_MAX do not hold them */
	OK(e.n_lost > 0 && e.n_lost < n_told, "what there is no room for is left out");
	OK(!events_trouble(&e), "which is no trouble");
	do { /* the reader is back: a pipe's worth at a time */
		tell(&e, 1);
		n_told++;
	} while (read_some(r) > 0 && n_told < 30000 && e.pending.len > 0);
	tell(&e, 1);
	while (read_some(r) > 0)
		;
	OK(r->n_lost > 0, "how many is said");
	IS_INT(r->n - 1 + r->n_lost, n_told + 1, "and it adds up");
	OK(r->len == 0 && !strcmp(r->last, "job_started"), "nothing is cut");
	events_end(&e, 3, "limit", &counts);
	IS_INT(read_some(r), 1, "one more line");
	IS_TEXT(r->last, "run_ended", "is the last");
	events_close(&e);
	close(r->fd);
}

static void check_gone_reader(void)
{
	struct events e;
	struct err err = ERR_INIT;
	int in = open(path, O_RDONLY | O_NONBLOCK);

	IS_INT(events_open(&e, path, &config, &err), 0, "again with a reader");
	tell(&e, 1);
	close(in);
	tell(&e, 1);
	OK(strstr(events_trouble(&e), "its reader went away"), "a reader that goes away is said");
	OK(!events_trouble(&e), "once");
	tell(&e, 10);
	events_end(&e, 0, "", NULL);
	OK(!events_trouble(&e) && e.fd == -1, "and then nothing more is written");
	events_close(&e);
}

static void check_files(void)
{
	static const char cut[] = "{\"version\":1,\"event\":\"no";
	struct events e;
	struct err err = ERR_INIT;
	struct stat st;
	char got[sizeof cut + 8] = "";
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	OK(write(fd, cut, sizeof cut - 1) == (ssize_t)sizeof cut - 1, "a file whose last line was cut by a death");
	close(fd);
	IS_INT(events_open(&e, path, &config, &err), 0, "is appended to");
	tell(&e, 1);
	events_close(&e);
	fd = open(path, O_RDONLY);
	OK(read(fd, got, sizeof cut + 1) == (ssize_t)sizeof cut + 1 && !strncmp(got, cut, sizeof cut - 1) && got[sizeof cut - 1] == '\n' &&
		   got[sizeof cut] == '{', "after a line break");
	close(fd);
	fd = open(path, O_WRONLY | O_TRUNC);
	OK(write(fd, "version: 1\n", 11) == 11, "a manifest");
	close(fd);
	OK(events_open(&e, path, &config, &err) < 0 && err.code == ERR_USAGE, "is refused: %s", err.text);
	events_close(&e);
	OK(stat(path, &st) == 0 && st.st_size == 11, "and left as it is");
	IS_INT(events_open(&e, NULL, &config, &err), 0, "none asked for");
	tell(&e, 1);
	events_end(&e, 0, "", &counts);
	OK(!events_trouble(&e), "nothing happens");
	events_close(&e);
	if (access("/dev/full", W_OK) == 0) {
		IS_INT(events_open(&e, "/dev/full", &config, &err), 0, "a full disk opens");
		tell(&e, 2);
		OK(strstr(events_trouble(&e), "No space left"), "and is said");
		events_close(&e);
	}
}

static void check_progress(void)
{
	struct run_counts now = counts;
	struct run_news news = { .kind = RUN_PROGRESS, .counts = &now };
	struct events e;
	struct err err = ERR_INIT;

	open_reader(&reader);
	IS_INT(events_open(&e, path, &config, &err), 0, "progress");
	for (now.elapsed_ms = 0; now.elapsed_ms <= 3000; now.elapsed_ms += 100)
		events_hear(&e, &news);
	IS_INT(read_some(&reader), 4, "is told at 0, 1, 2 and 3 seconds");
	events_close(&e);
	close(reader.fd);
}

int main(void)
{
	char dir[] = "/tmp/mgbatch-events-XXXXXX";

	signal(SIGPIPE, SIG_IGN); /* as cli_main does */
	check_lines();
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof path, "%s/fifo", dir);
	if (mkfifo(path, 0600) != 0)
		return 1;
	check_slow_reader();
	check_gone_reader();
	check_progress();
	unlink(path);
	check_files();
	unlink(path);
	rmdir(dir);
	return tap_done();
}
