#include "cli/live.h"

#include "base/text.h"
#include "cli/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LIVE_INTERVAL_MS 100
#define PLAIN_INTERVAL_MS 60000
#define PLAIN_STEPS 20 /* of 5 % */
#define PLAIN_LEAST_MS 1000 /* a run of a second needs no twenty lines */
#define WIDTH_DEFAULT 80

bool live_is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

void live_begin(struct live *live, const char *name, bool is_quiet, bool is_verbose)
{
	const char *no_colour = getenv("NO_COLOR");

	memset(live, 0, sizeof *live);
	live->name = name;
	live->is_quiet = is_quiet;
	live->is_verbose = is_verbose;
	live->is_terminal = live_is_terminal();
	live->has_colour = live->is_terminal && !(no_colour && *no_colour); /* no-color.org: present and not empty */
}

static int step_of(const struct run_counts *counts)
{
	return counts->n_jobs ? (int)(PLAIN_STEPS * (counts->n_done + counts->n_failed) / counts->n_jobs) : PLAIN_STEPS;
}

bool live_is_due(const struct live *live, const struct run_counts *counts)
{
	int64_t since_ms = counts->elapsed_ms - live->last_ms;

	if (!live->has_told)
		return true;
	if (live->is_terminal)
		return since_ms >= LIVE_INTERVAL_MS;
	return since_ms >= PLAIN_INTERVAL_MS || (since_ms >= PLAIN_LEAST_MS && step_of(counts) > live->last_step);
}

void live_cut(struct strbuf *out, const char *text, int columns)
{
	for (; *text; text++) {
		bool is_start = ((unsigned char)*text & 0xC0) != 0x80; /* not a UTF-8 continuation byte */

		if (is_start && columns-- <= 0)
			break;
		strbuf_addc(out, *text);
	}
}

static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return WIDTH_DEFAULT;
}

void live_clear(bool *line_shown)
{
	if (*line_shown)
		(void)fputs("\r\033[K", stderr);
	*line_shown = false;
}

void live_put(const char *text, bool is_terminal)
{
	struct strbuf line = STRBUF_INIT(PRINT_MAX);

	if (is_terminal) {
		/* One column stays free: some terminals go to the next line when the last one is filled. */
		strbuf_addc(&line, '\r');
		live_cut(&line, text, terminal_width() - 1);
		strbuf_adds(&line, "\033[K");
	} else {
		strbuf_addf(&line, "%s\n", text);
	}
	(void)fputs(line.buf, stderr);
	(void)fflush(stderr);
	strbuf_release(&line);
}

static void progress(struct live *live, const struct run_counts *counts)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	if (live->is_quiet || !live_is_due(live, counts))
		return;
	print_visible(&text, live->name);
	strbuf_adds(&text, ": ");
	run_progress_line(&text, counts);
	live_put(text.buf, live->is_terminal);
	live->line_shown = live->is_terminal;
	live->has_told = true;
	live->last_ms = counts->elapsed_ms;
	live->last_step = step_of(counts);
	strbuf_release(&text);
}

/* One whole line above the live one: "mgbatch: WHAT ID PATH: TEXT". */
static void message(struct live *live, const char *what, const char *colour, const struct run_news *news)
{
	struct strbuf line = STRBUF_INIT(PRINT_MAX);
	bool has_text = news->text && *news->text;
	char id[JOB_ID_SIZE];

	live_clear(&live->line_shown);
	strbuf_adds(&line, "mgbatch: ");
	if (*what)
		strbuf_addf(&line, "%s%s%s", live->has_colour ? colour : "", what, live->has_colour && *colour ? "\033[0m" : "");
	if (news->job) {
		job_id_text(id, news->job->id);
		strbuf_addf(&line, " %s ", id);
		print_visible(&line, news->job->path);
		if (has_text)
			strbuf_adds(&line, ": ");
	} else if (*what && has_text) {
		strbuf_adds(&line, ": ");
	}
	if (has_text)
		print_visible(&line, news->text);
	strbuf_addc(&line, '\n');
	(void)fputs(line.buf, stderr);
	strbuf_release(&line);
}

/* With -v: what a hosted service took, and for how much. */
static void accepted(struct live *live, const struct run_news *news)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct run_news told = *news;
	char paid[48];

	strbuf_addf(&text, "as %s, %s", news->remote_id, text_credits(paid, sizeof paid, news->credits));
	told.text = text.buf;
	message(live, "accepted", "", &told);
	strbuf_release(&text);
}

void live_say(struct live *live, const char *text)
{
	struct run_news news = { .kind = RUN_NOTE, .text = text };

	message(live, "", "", &news);
}

void live_hear(void *arg, const struct run_news *news)
{
	struct live *live = arg;

	switch (news->kind) {
	case RUN_STARTED:
	case RUN_PROGRESS:
	case RUN_JOB_STARTED:
		break;
	case RUN_JOB_ACCEPTED:
		if (live->is_verbose && !live->is_quiet)
			accepted(live, news);
		break;
	case RUN_SETTLED:
	case RUN_NOTE:
		if (!live->is_quiet)
			message(live, "", "", news);
		break;
	case RUN_JOB_DONE:
		if (live->is_verbose && !live->is_quiet)
			message(live, "done", "", news);
		break;
	case RUN_JOB_FAILED:
		message(live, "failed", "\033[31m", news);
		break;
	case RUN_DRAINING:
		message(live, "", "", news);
		break;
	case RUN_ABORTING:
		message(live, news->text && *news->text ? "" : "stopping at once", "", news);
		break;
	}
	if (news->counts)
		progress(live, news->counts);
}

void live_end(struct live *live)
{
	live_clear(&live->line_shown);
	(void)fflush(stderr);
}
