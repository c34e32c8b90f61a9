/*
 * report.html: one static file that opens from disk without a network.
 *
 * Heading, summary and failures are plain HTML made here. The listening grid
 * is made in the page by its script from the data in it (report_html_data.c).
 * All text from people is escaped. No times: equal ledgers give equal pages.
 */
#include "base/text.h"
#include "report/escape.h"
#include "report/report_parts.h"

#include <string.h>

#define FAILED_STATES (1u << JOB_FAILED | 1u << JOB_UNKNOWN | 1u << JOB_LOST)

struct page {
	struct sink *out;
	struct strbuf text;
	const struct collect *c;
	int n_failures;
};

static void add_lines(struct sink *out, const char *const *lines)
{
	for (; *lines; lines++) {
		sink_adds(out, *lines);
		sink_adds(out, "\n");
	}
}

static void put_head(struct page *p)
{
	strbuf_adds(&p->text, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
			      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	escape_html(&p->text, p->c->head.manifest_name);
	strbuf_adds(&p->text, " \xC2\xB7 mgbatch</title>\n<style>\n");
	sink_take(p->out, &p->text);
	add_lines(p->out, report_html_style);
	sink_adds(p->out, "</style>\n</head>\n<body>\n");
}

static void put_fact(struct page *p, const char *what, const char *value, const char *class)
{
	strbuf_addf(&p->text, "<div%s><dt>%s</dt><dd>", class, what);
	escape_html(&p->text, value);
	strbuf_adds(&p->text, "</dd></div>\n");
}

static void put_count(struct page *p, enum job_state state, const char *what, const char *class)
{
	char number[32];

	if (!p->c->counts.by_state[state])
		return;
	text_count(number, sizeof number, p->c->counts.by_state[state], "job");
	put_fact(p, what, number, class);
}

static void put_summary(struct page *p)
{
	const struct ledger_counts *counts = &p->c->counts;
	int64_t n_waiting = counts->by_state[JOB_PENDING] + counts->by_state[JOB_SUBMITTING] + counts->by_state[JOB_RUNNING] +
			    counts->by_state[JOB_MADE];
	char number[64];

	strbuf_adds(&p->text, "<header>\n<h1>");
	escape_html(&p->text, p->c->head.manifest_name);
	strbuf_adds(&p->text, "</h1>\n<dl class=\"facts\">\n");
	strbuf_addf(&p->text, "<div><dt>Done</dt><dd>%lld of %lld</dd></div>\n", (long long)counts->by_state[JOB_DONE],
		    (long long)p->c->n_live);
	text_duration(number, sizeof number, counts->audio_s_by_state[JOB_DONE]);
	put_fact(p, "Audio", number, "");
	put_count(p, JOB_FAILED, "Failed", " class=\"bad\"");
	put_count(p, JOB_UNKNOWN, "Unknown", " class=\"bad\"");
	put_count(p, JOB_LOST, "Lost", " class=\"bad\"");
	if (n_waiting)
		put_fact(p, "Not made yet", text_count(number, sizeof number, n_waiting, "job"), "");
	strbuf_adds(&p->text, "</dl>\n<p class=\"made\">Made by <code>");
	escape_html(&p->text, p->c->head.made_by);
	strbuf_adds(&p->text, "</code>, ");
	escape_html(&p->text, p->c->head.backend);
	strbuf_adds(&p->text, " backend, mgbatch ");
	escape_html(&p->text, p->c->head.tool_version);
	strbuf_adds(&p->text, ".</p>\n");
	if (!strcmp(p->c->head.backend, "fake"))
		strbuf_adds(&p->text, "<p class=\"note\">The fake backend made these files: they test the runner and are no music.</p>\n");
	strbuf_adds(&p->text, "</header>\n");
	sink_take(p->out, &p->text);
}

static int put_failure(void *arg, const struct ledger_job *job, struct err *err)
{
	struct page *p = arg;

	(void)err;
	if (p->n_failures == REPORT_CELLS_MAX)
		return 1;
	if (!p->n_failures++)
		strbuf_adds(&p->text, "<section class=\"failures\" id=\"failures\">\n<h2>Failures</h2>\n<div class=\"scroll\"><table>\n"
				      "<thead><tr><th>Job</th><th>State</th><th>Name</th><th>Class</th><th>What happened</th></tr></thead>\n<tbody>\n");
	strbuf_addf(&p->text, "<tr><td><code>%s</code></td><td>%s</td><td class=\"name\">", job->id_text, job_state_name(job->state));
	escape_html(&p->text, job->path);
	strbuf_addf(&p->text, "</td><td title=\"%s\">%s</td><td class=\"say\">", fail_class_phrase(job->class),
		    fail_class_name(job->class));
	escape_html(&p->text, job->sentence);
	strbuf_adds(&p->text, "</td></tr>\n");
	sink_take(p->out, &p->text);
	return 0;
}

static int put_failures(struct page *p, struct ledger *l, struct err *err)
{
	const struct ledger_counts *counts = &p->c->counts;
	int64_t n = counts->by_state[JOB_FAILED] + counts->by_state[JOB_UNKNOWN] + counts->by_state[JOB_LOST];

	if (ledger_each(l, FAILED_STATES, put_failure, p, err) < 0)
		return -1;
	if (!p->n_failures)
		return 0;
	sink_adds(p->out, "</tbody></table></div>\n");
	if (n > p->n_failures) {
		strbuf_addf(&p->text, "<p class=\"note\">The first %d of %lld; all are in <a href=\"jobs.csv\">jobs.csv</a>.</p>\n",
			    p->n_failures, (long long)n);
		sink_take(p->out, &p->text);
	}
	sink_adds(p->out, "</section>\n");
	return 0;
}

static int put_grid(struct page *p, struct ledger *l, struct err *err)
{
	if (p->c->n_live > REPORT_CELLS_MAX) {
		strbuf_addf(&p->text,
			    "<p class=\"note\">Shown: the first %d of %lld jobs, in running order. All are in "
			    "<a href=\"jobs.csv\">jobs.csv</a>.</p>\n",
			    REPORT_CELLS_MAX, (long long)p->c->n_live);
		sink_take(p->out, &p->text);
	}
	sink_adds(p->out, "<main id=\"grid\"><noscript><p class=\"note\">The listening grid needs JavaScript. "
			  "The files are listed in <a href=\"metadata.jsonl\">metadata.jsonl</a>.</p></noscript></main>\n"
			  "<script type=\"application/json\" id=\"data\">");
	if (report_html_data(l, p->out, err) < 0)
		return -1;
	sink_adds(p->out, "</script>\n");
	return 0;
}

int report_html(struct ledger *l, struct collect *c, struct sink *out, struct err *err)
{
	struct page p = { out, STRBUF_INIT(PIECE_MAX), c, 0 };
	int r = -1;

	put_head(&p);
	put_summary(&p);
	if (put_grid(&p, l, err) < 0 || put_failures(&p, l, err) < 0)
		goto out;
	sink_adds(out, "<footer>Beside this page: <a href=\"metadata.jsonl\">metadata.jsonl</a>, <a href=\"jobs.csv\">jobs.csv</a>, "
		       "<a href=\"summary.json\">summary.json</a>.</footer>\n<script>\n");
	add_lines(out, report_html_script);
	sink_adds(out, "</script>\n</body>\n</html>\n");
	r = 0;
out:
	strbuf_release(&p.text);
	return r;
}
