/*
 * The data inside report.html: one JSON object, safe inside <script>.
 *
 * {"backend", "manifest": its path, "run_options", "find_options": of the latest run, as a shell reads them (command.h),
 *  "has_output": it named the folder by --output, "alias": {"guidance": "classifierFreeGuidance"}, "params": [name, ..],
 *  "jobs": [[id, state, set, take, path, tags, axes, params, lines, made_by, trouble, file, hosted], ..],
 *  "texts": [..]}
 *
 * Values that come again in many rows stand once in "texts" and are meant by their index there: state, set and
 * made_by are one index; tags and lines (of the manifest that remakes the job) are lists of them; axes is a flat list
 * [name, value, name, value ..]; params has an index for each of "params", -1 where the job has no value. An
 * element of "texts" is any JSON value. trouble is 0 or [class, sentence]; file is 0 or [seconds, lkfs, peak,
 * rate_hz, channels, format, bits, bytes, pcm_sha256, file_sha256, arithmetic, base64 of the peaks]; hosted is 0 or [what was
 * paid as "12.5 credits" or "", the job's id at the service or ""].
 * page_jobs.js reads it.
 */
#include "base/mem.h"
#include "base/text.h"
#include "report/command.h"
#include "report/escape.h"
#include "report/intern.h"
#include "report/remake.h"
#include "report/report_parts.h"

#include <stdlib.h>
#include <string.h>

/* Longer texts are cut in the page; jobs.csv has them whole. A page of 2,000 jobs stays one that a browser opens. */
#define PAGE_TEXT_MAX ((size_t)16 << 10)

#define BAD_STATES (1u << JOB_FAILED | 1u << JOB_UNKNOWN | 1u << JOB_LOST)

struct walk {
	const struct collect *c;
	struct page_part left; /* room_* that is still free */
	struct sink *out;
	struct intern texts;
	struct strbuf json, safe, text, lines;
	int64_t n_jobs;
};

struct page_part page_part_of(const struct ledger_counts *counts)
{
	struct page_part part = { 0, 0, 0, 0, 0 };
	int64_t n_rest;

	for (int s = 0; s < JOB_N_STATES; s++) {
		part.n_all += counts->by_state[s];
		if (BAD_STATES & 1u << s)
			part.n_bad += counts->by_state[s];
	}
	n_rest = part.n_all - part.n_bad;
	/* Failures go first, for they are what people look for, but never take more than half from the others. */
	part.room_bad = REPORT_CELLS_MAX - (n_rest < REPORT_CELLS_MAX / 2 ? n_rest : REPORT_CELLS_MAX / 2);
	if (part.room_bad > part.n_bad)
		part.room_bad = part.n_bad;
	part.room_rest = REPORT_CELLS_MAX - part.room_bad;
	if (part.room_rest > n_rest)
		part.room_rest = n_rest;
	part.n_shown = part.room_bad + part.room_rest;
	return part;
}

/* ---- texts ------------------------------------------------------------------------- */

/* The text, or its beginning and how long it is. */
static void add_cut(struct strbuf *out, const char *text)
{
	size_t len = strlen(text), at = 0;
	uint32_t c;

	if (len <= PAGE_TEXT_MAX) {
		strbuf_add(out, text, len);
		return;
	}
	for (size_t step; at < PAGE_TEXT_MAX && (step = text_utf8_next(text + at, len - at, &c)); at += step)
		;
	strbuf_add(out, text, at);
	strbuf_addf(out, " \xE2\x80\xA6 (cut here; %zu bytes in all, whole in jobs.csv)", len);
}

/* What walk->text holds, as an element of "texts". */
static int take_text(struct walk *walk)
{
	int n = intern_add(&walk->texts, walk->text.buf);

	strbuf_reset(&walk->text);
	return n;
}

static int number_of_text(struct walk *walk, const char *value)
{
	struct strbuf cut = STRBUF_INIT(2 * PAGE_TEXT_MAX);

	add_cut(&cut, value);
	json_quote(&walk->text, cut.buf, false);
	strbuf_release(&cut);
	return take_text(walk);
}

static int number_of_value(struct walk *walk, const struct json *n)
{
	char number[TEXT_NUMBER_MAX];

	if (!n)
		return -1;
	if (json_is_string(n))
		return number_of_text(walk, json_string(n, ""));
	if (json_is_bool(n))
		strbuf_adds(&walk->text, json_bool(n, false) ? "true" : "false");
	else
		strbuf_adds(&walk->text, text_number(number, json_number(n, 0)));
	return take_text(walk);
}

/* ---- one row ------------------------------------------------------------------------ */

static void put_tags_and_axes(struct walk *walk, struct json_writer *w, const struct report_row *row)
{
	json_open_array(w, NULL);
	for (const struct json *n = json_first(json_root(row->tags)); n; n = json_next(n))
		json_put_int(w, NULL, number_of_value(walk, n));
	json_close(w);
	json_open_array(w, NULL);
	for (const struct json *n = json_first(json_root(row->axes)); n; n = json_next(n)) {
		json_put_int(w, NULL, number_of_text(walk, json_name(n)));
		json_put_int(w, NULL, number_of_text(walk, json_string(n, "")));
	}
	json_close(w);
}

static void put_params(struct walk *walk, struct json_writer *w, const struct report_row *row)
{
	json_open_array(w, NULL);
	for (int i = 0; i < walk->c->n_columns; i++) {
		const struct report_column *column = &walk->c->columns[i];

		if (column->param && column->is_seen)
			json_put_int(w, NULL, number_of_value(walk, row_value(row, column)));
	}
	json_close(w);
}

/* The lines that remake the job; none when they are too long for a page, which then names 'mgbatch show'. */
static void put_lines(struct walk *walk, struct json_writer *w, const struct report_row *row)
{
	char *line;

	strbuf_reset(&walk->lines);
	remake_row(&walk->lines, row, walk->c->head.backend);
	json_open_array(w, NULL);
	line = walk->lines.len <= PAGE_TEXT_MAX ? walk->lines.buf : strbuf_empty;
	while (*line) {
		char *end = strchr(line, '\n');

		*end = '\0';
		json_put_int(w, NULL, number_of_text(walk, line));
		line = end + 1;
	}
	json_close(w);
}

static void put_trouble(struct walk *walk, struct json_writer *w, const struct ledger_job *job)
{
	if (job->class == FAIL_NONE || job->state == JOB_DONE) {
		json_put_int(w, NULL, 0);
		return;
	}
	json_open_array(w, NULL);
	json_put_int(w, NULL, number_of_text(walk, fail_class_name(job->class)));
	json_put_int(w, NULL, number_of_text(walk, job->sentence));
	json_close(w);
}

/* A superseded job's file stays until its place is wanted. */
static bool has_file(const struct ledger_job *job)
{
	return job->has_artifact && (job->state == JOB_DONE || job->state == JOB_SUPERSEDED);
}

static void put_file(struct walk *walk, struct json_writer *w, const struct ledger_job *job)
{
	if (!has_file(job)) {
		json_put_int(w, NULL, 0);
		return;
	}
	json_open_array(w, NULL);
	json_put_number(w, NULL, job->seconds);
	json_put_number(w, NULL, job->lkfs);
	json_put_number(w, NULL, job->peak);
	json_put_int(w, NULL, job->rate_hz);
	json_put_int(w, NULL, job->n_channels);
	json_put_int(w, NULL, number_of_text(walk, job->format));
	json_put_int(w, NULL, job->bits);
	json_put_int(w, NULL, job->n_bytes);
	json_put_text(w, NULL, job->pcm_sha256);
	json_put_text(w, NULL, job->file_sha256);
	json_put_int(w, NULL, number_of_text(walk, job->arithmetic));
	if (job->peaks)
		escape_base64(&walk->text, job->peaks, (size_t)job->n_peaks);
	json_put_text(w, NULL, walk->text.buf);
	strbuf_reset(&walk->text);
	json_close(w);
}

static void put_remote(struct json_writer *w, const struct ledger_job *job)
{
	char paid[48] = "";

	if (!job->remote_id && !(job->credits > 0)) {
		json_put_int(w, NULL, 0);
		return;
	}
	if (job->credits > 0)
		(void)text_credits(paid, sizeof paid, job->credits);
	json_open_array(w, NULL);
	json_put_text(w, NULL, paid);
	json_put_text(w, NULL, job->remote_id ? job->remote_id : "");
	json_close(w);
}

static void put_job(struct walk *walk, const struct report_row *row)
{
	const struct ledger_job *job = row->job;
	struct json_writer w;

	json_begin(&w, &walk->json, 0);
	json_open_array(&w, NULL);
	json_put_text(&w, NULL, job->id_text);
	json_put_int(&w, NULL, number_of_text(walk, job_state_name(job->state)));
	json_put_int(&w, NULL, number_of_text(walk, job->set));
	json_put_int(&w, NULL, job->take);
	json_put_text(&w, NULL, job->path);
	put_tags_and_axes(walk, &w, row);
	put_params(walk, &w, row);
	put_lines(walk, &w, row);
	json_put_int(&w, NULL, number_of_text(walk, row->made_by));
	put_trouble(walk, &w, job);
	put_file(walk, &w, job);
	put_remote(&w, job);
	json_close(&w);
}

/* ---- the whole ------------------------------------------------------------------------ */

/* walk->json, made safe for a <script>, goes out. */
static void send(struct walk *walk)
{
	escape_json_in_html(&walk->safe, walk->json.buf, walk->json.len);
	if (!strbuf_ok(&walk->json))
		walk->safe.overflowed = true;
	sink_take(walk->out, &walk->safe);
	strbuf_reset(&walk->json);
}

void page_data_row(void *data, const struct report_row *row)
{
	struct walk *walk = data;
	int64_t *room = BAD_STATES & 1u << row->job->state ? &walk->left.room_bad : &walk->left.room_rest;

	if (!*room)
		return;
	--*room;
	strbuf_adds(&walk->json, walk->n_jobs++ ? ",\n" : "\n");
	put_job(walk, row);
	send(walk);
}

/* Needed to name the folder again in a command. */
static void put_command(struct walk *walk, struct json_writer *w)
{
	const struct ledger_head *head = &walk->c->head;

	json_put_text(w, "manifest", head->manifest_path);
	command_run_options(&walk->text, head->last_command_line);
	json_put_text(w, "run_options", walk->text.buf);
	strbuf_reset(&walk->text);
	command_find_options(&walk->text, head->last_command_line);
	json_put_text(w, "find_options", walk->text.buf);
	strbuf_reset(&walk->text);
	json_put_bool(w, "has_output", command_has_output(head->last_command_line));
}

static void put_start(struct walk *walk)
{
	const struct card *card = walk->c->card;
	struct json_writer w;

	json_begin(&w, &walk->json, 0);
	json_open_object(&w, NULL);
	json_put_text(&w, "backend", walk->c->head.backend);
	put_command(walk, &w);
	json_open_object(&w, "alias");
	for (int i = 0; card && i < card_n_params(card); i++)
		if (card_param(card, i)->alias)
			json_put_text(&w, card_param(card, i)->alias, card_param(card, i)->name);
	json_close(&w);
	json_open_array(&w, "params");
	for (int i = 0; i < walk->c->n_columns; i++)
		if (walk->c->columns[i].param && walk->c->columns[i].is_seen)
			json_put_text(&w, NULL, walk->c->columns[i].key);
	json_close(&w);
	strbuf_adds(&walk->json, ",\n\"jobs\":[");
	send(walk);
}

static void put_end(struct walk *walk)
{
	strbuf_adds(&walk->json, "\n],\n\"texts\":[");
	for (int i = 0; i < walk->texts.n; i++)
		strbuf_addf(&walk->json, "%s%s", i ? ",\n" : "\n", walk->texts.texts[i]);
	strbuf_adds(&walk->json, "\n]}");
	send(walk);
}

void *page_data_begin(const struct collect *c, struct sink *out)
{
	struct walk *walk = mem_zalloc(1, sizeof *walk);

	*walk = (struct walk){ c, page_part_of(&c->counts), out, { ARENA_INIT, NULL, 0, 0, NULL, 0 }, STRBUF_INIT(PIECE_MAX),
			       STRBUF_INIT(PIECE_MAX), STRBUF_INIT(PIECE_MAX), STRBUF_INIT(PIECE_MAX), 0 };
	put_start(walk);
	return walk;
}

void page_data_end(void *data)
{
	struct walk *walk = data;

	put_end(walk);
	strbuf_release(&walk->json);
	strbuf_release(&walk->safe);
	strbuf_release(&walk->text);
	strbuf_release(&walk->lines);
	intern_release(&walk->texts);
	free(walk);
}
