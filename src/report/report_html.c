/*
 * report.html: one static file that opens from disk without a network.
 *
 * Its text is page.html, built in. A mark {{name}} there stands for what a row
 * of the table `marks` prints; the rest is copied. The listening grid is made
 * in the page by its script (page*.js) from the data in it (report_html_data.c).
 * All text from people is escaped. The page's own policy lets only this style
 * and this script run, by their hashes, and nothing load but the clips beside it.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/command.h"
#include "report/escape.h"
#include "report/page_data.h"
#include "report/report_parts.h"

#include <stdlib.h>
#include <string.h>

/* In this order in the one script element: each uses only what stands above it, or functions called later. */
static const char *const script_files[] = {
	"page_jobs.js", "page_view.js", "page_sound.js", "page_panel.js", "page_grid.js", "page_keys.js", "page.js", NULL
};
static const char *const style_files[] = { "page.css", NULL };

#define DATA_MARK "{{data}}" /* where the rows go */

struct page {
	const struct collect *c;
	struct sink *out;
	struct strbuf text;
	struct page_part part;
	void *data;
	const char *rest; /* of page.html, behind the data */
};

static const struct embedded *find_file(const char *name)
{
	for (const struct embedded *f = page_data; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	BUG("no '%s' is built in", name);
}

static void put_files(struct page *p, const char *const *names)
{
	for (; *names; names++) {
		const struct embedded *f = find_file(*names);

		sink_add(p->out, f->text, f->len);
	}
}

static void put_style(struct page *p)
{
	put_files(p, style_files);
}

static void put_script(struct page *p)
{
	put_files(p, script_files);
}

/* 'sha256-<base64>' of an element's text, as Content Security Policy names what may run. */
static void add_source_hash(struct strbuf *out, const char *const *names)
{
	struct hash_state *st = hash_begin();
	unsigned char hash[HASH_BYTES];

	for (; *names; names++) {
		const struct embedded *f = find_file(*names);

		hash_add(st, f->text, f->len);
	}
	hash_end(st, hash);
	strbuf_adds(out, "'sha256-");
	escape_base64(out, hash, sizeof hash);
	strbuf_adds(out, "'");
}

static void put_policy(struct page *p)
{
	strbuf_adds(&p->text, "default-src 'none'; script-src ");
	add_source_hash(&p->text, script_files);
	strbuf_adds(&p->text, "; style-src ");
	add_source_hash(&p->text, style_files);
	strbuf_adds(&p->text, "; media-src 'self' file:; base-uri 'none'; form-action 'none'");
}

static void put_title(struct page *p)
{
	escape_html(&p->text, p->c->head.manifest_name);
}

/* ---- the facts at the head ------------------------------------------------------ */

static void put_fact(struct page *p, const char *what, const char *value)
{
	strbuf_addf(&p->text, "<div><dt>%s</dt><dd>", what);
	escape_html(&p->text, value);
	strbuf_adds(&p->text, "</dd></div>\n");
}

static void put_count(struct page *p, const char *what, int64_t n)
{
	char number[32];

	if (n) {
		(void)snprintf(number, sizeof number, "%lld", (long long)n);
		put_fact(p, what, number);
	}
}

/* Leads to them: the address is the grid's own (page_view.js). */
static void put_bad(struct page *p, const char *what, enum job_state state)
{
	int64_t n = p->c->counts.by_state[state];

	if (n)
		strbuf_addf(&p->text, "<div class=\"bad\"><dt>%s</dt><dd><a href=\"#state=%s\">%lld</a></dd></div>\n", what,
			    job_state_name(state), (long long)n);
}

static void put_facts(struct page *p)
{
	const struct ledger_counts *counts = &p->c->counts;
	const int64_t *n = counts->by_state;
	char text[64];

	(void)snprintf(text, sizeof text, "%lld of %lld", (long long)n[JOB_DONE], (long long)p->c->n_live);
	put_fact(p, "Done", text);
	put_fact(p, "Audio", text_duration(text, sizeof text, counts->audio_s_by_state[JOB_DONE]));
	if (counts->credits > 0)
		put_fact(p, "Paid", text_credits(text, sizeof text, counts->credits));
	put_bad(p, "Failed", JOB_FAILED);
	put_bad(p, "Unknown", JOB_UNKNOWN);
	put_bad(p, "Lost", JOB_LOST);
	put_count(p, "Not made yet", n[JOB_PENDING] + n[JOB_SUBMITTING] + n[JOB_RUNNING] + n[JOB_MADE]);
	put_count(p, "Superseded", n[JOB_SUPERSEDED]);
}

/* Why jobs failed, the whole folder's, whatever part of it the page shows. */
static void put_classes(struct page *p)
{
	const char *between = "<p class=\"classes\">Failed: ";

	for (int f = 0; f < FAIL_N_CLASSES; f++)
		if (p->c->counts.failed_by_class[f]) {
			strbuf_addf(&p->text, "%s%lld %s (%s)", between, (long long)p->c->counts.failed_by_class[f],
				    fail_class_name((enum fail_class)f), fail_class_phrase((enum fail_class)f));
			between = "; ";
		}
	if (*between == ';')
		strbuf_adds(&p->text, ".</p>\n");
}

/* One sentence for each licence of weights that made something here. */
static void put_licences(struct page *p)
{
	for (int i = 0; i < p->c->n_makers; i++) {
		const char *licence = p->c->makers[i].licence;
		bool is_said = false;

		for (int k = 0; k < i && licence; k++)
			is_said |= p->c->makers[k].licence && strcmp(p->c->makers[k].licence, licence) == 0;
		if (!licence || is_said)
			continue;
		strbuf_adds(&p->text, p->c->n_makers > 1 ? " The licence of some of the weights is <code>" : " The licence of the weights is <code>");
		escape_html(&p->text, licence);
		strbuf_addf(&p->text, "</code>%s.", text_starts_with(licence, "cc-by-nc") ? " (no commercial use)" : "");
	}
}

static void put_made(struct page *p)
{
	const struct ledger_head *head = &p->c->head;

	strbuf_adds(&p->text, "Made by ");
	for (int i = 0; i < p->c->n_makers; i++) {
		strbuf_adds(&p->text, i ? ", <code>" : "<code>");
		escape_html(&p->text, p->c->makers[i].made_by);
		strbuf_adds(&p->text, "</code>");
		if (p->c->n_makers > 1)
			strbuf_addf(&p->text, " (%lld of %lld done)", (long long)p->c->makers[i].n_done, (long long)p->c->makers[i].n_jobs);
	}
	strbuf_adds(&p->text, p->c->n_makers ? ", " : "the ");
	escape_html(&p->text, head->backend);
	strbuf_adds(&p->text, " backend, mgbatch ");
	escape_html(&p->text, head->tool_version);
	strbuf_adds(&p->text, ".");
	if (!strcmp(head->backend, "fake"))
		strbuf_adds(&p->text, " <strong>The fake backend made these files: they test the runner and are no music.</strong>");
	put_licences(p);
}

/* ---- the part that is shown ------------------------------------------------------ */

/* As a command names it; a folder that --output chose is named by where it lies, which this page does not know. */
static void put_folder(struct page *p)
{
	const struct ledger_head *head = &p->c->head;
	struct strbuf options = STRBUF_INIT(PIECE_MAX);

	if (command_has_output(head->last_command_line)) {
		strbuf_adds(&p->text, " .</code> in this folder");
		return;
	}
	command_find_options(&options, head->last_command_line);
	escape_html(&p->text, options.buf);
	strbuf_addc(&p->text, ' ');
	escape_html(&p->text, head->manifest_path);
	strbuf_adds(&p->text, "</code>");
	strbuf_release(&options);
}

static void put_part(struct page *p)
{
	const struct page_part *part = &p->part;

	if (part->n_shown >= part->n_all)
		return;
	strbuf_addf(&p->text, "<p class=\"note\">Shown: %lld of %lld jobs: the first %lld in running order", (long long)part->n_shown,
		    (long long)part->n_all, (long long)(part->n_shown - part->room_bad));
	if (part->room_bad)
		strbuf_addf(&p->text, ", and %lld of the %lld that failed, are unknown or lost", (long long)part->room_bad,
			    (long long)part->n_bad);
	strbuf_adds(&p->text, ". All of them: <a href=\"jobs.csv\">jobs.csv</a>, or <code>mgbatch list");
	put_folder(p);
	strbuf_adds(&p->text, ", which narrows by <code>--select</code>.</p>\n");
}

static const struct {
	const char *name;
	void (*put)(struct page *p);
} marks[] = {
	{ "policy", put_policy }, { "title", put_title },	{ "style", put_style }, { "facts", put_facts },	  { "classes", put_classes },
	{ "made", put_made },	  { "part", put_part },		{ "script", put_script },
};

static void put_mark(struct page *p, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (strlen(marks[i].name) == len && !strncmp(marks[i].name, name, len)) {
			marks[i].put(p);
			sink_take(p->out, &p->text);
			return;
		}
	BUG("page.html has a mark '%.*s' that nothing prints", (int)len, name);
}

/* page.html from `at` to `end`. */
static void put_text(struct page *p, const char *at, const char *end)
{
	const char *mark;

	while ((mark = strstr(at, "{{")) && mark < end) {
		const char *behind = strstr(mark, "}}");

		if (!behind)
			BUG("page.html has a mark without an end");
		sink_add(p->out, at, (size_t)(mark - at));
		put_mark(p, mark + 2, (size_t)(behind - mark - 2));
		at = behind + 2;
	}
	sink_add(p->out, at, (size_t)(end - at));
}

static void *begin(const struct collect *c, struct sink *out)
{
	struct page *p = mem_zalloc(1, sizeof *p);
	const char *text = find_file("page.html")->text, *data = strstr(text, DATA_MARK);

	if (!data)
		BUG("page.html has no " DATA_MARK);
	*p = (struct page){ c, out, STRBUF_INIT(PIECE_MAX), page_part_of(&c->counts), NULL, data + strlen(DATA_MARK) };
	put_text(p, text, data);
	p->data = page_data_begin(c, out);
	return p;
}

static void row(void *part, const struct report_row *row)
{
	struct page *p = part;

	page_data_row(p->data, row);
}

static void end(void *part)
{
	struct page *p = part;

	page_data_end(p->data);
	put_text(p, p->rest, p->rest + strlen(p->rest));
	strbuf_release(&p->text);
	free(p);
}

const struct report_part report_html = { "report.html", begin, row, end };
