/*
 * jobs.csv: a row per job of any state (RFC 4180, UTF-8, CR LF).
 *
 * It is data: every field is exactly what the ledger has, so that a table file of a manifest can be made from it. Tags are one
 * field, a JSON array. A text that a spreadsheet would take for a formula (it begins with = + - @) is not changed either, only
 * quoted; who opens the prompts of strangers in a spreadsheet imports the columns as text. Numbers are never quoted.
 *
 * The fixed columns are the rows of a table: a heading and a function that
 * prints the field. Parameters and axes stand between the two halves. Fields of
 * what is not there yet (a file's hash of a pending job) are empty.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/escape.h"
#include "report/report_parts.h"

struct walk {
	const struct collect *c;
	struct sink *out;
	struct strbuf line, field;
};

static void add_time(struct strbuf *out, int64_t unix_ms)
{
	char text[CLOCK_TEXT_SIZE];

	if (unix_ms)
		strbuf_adds(out, clock_text(text, unix_ms));
}

static void add_number(struct strbuf *out, double value)
{
	char text[TEXT_NUMBER_MAX];

	strbuf_adds(out, text_number(text, value));
}

#define FIELD(name) static void field_##name(struct strbuf *out, const struct ledger_job *job)
#define FIELD_TEXT(name, value) FIELD(name) { strbuf_adds(out, value); }
#define FIELD_INT(name, value) FIELD(name) { strbuf_addf(out, "%lld", (long long)(value)); }
/* of the finished file, empty without one */
#define FIELD_FILE_INT(name, value) FIELD(name) { if (job->has_artifact) strbuf_addf(out, "%lld", (long long)(value)); }
#define FIELD_FILE_NUMBER(name, value) FIELD(name) { if (job->has_artifact) add_number(out, value); }

FIELD_TEXT(id, job->id_text)
FIELD_TEXT(set, job->set)
FIELD_TEXT(state, job_state_name(job->state))
FIELD_TEXT(path, job->path)
FIELD_INT(take, job->take)
FIELD_INT(tries, job->n_tries)
FIELD_INT(interruptions, job->n_interruptions)
FIELD_INT(deaths, job->n_deaths)
FIELD_TEXT(class, fail_class_name(job->class))
FIELD_TEXT(sentence, job->sentence)
FIELD_TEXT(remote_id, job->remote_id ? job->remote_id : "")
FIELD_TEXT(asset_id, job->asset_id ? job->asset_id : "")
/* empty where nothing was asked of a service */
FIELD(credits) { if (job->credits > 0 || job->remote_id) add_number(out, text_credits_rounded(job->credits)); }
FIELD(started) { add_time(out, job->started_ms); }
FIELD(ended) { add_time(out, job->ended_ms); }
FIELD_FILE_NUMBER(make_s, job->make_s)
FIELD_FILE_NUMBER(seconds, job->seconds)
FIELD_FILE_INT(rate_hz, job->rate_hz)
FIELD_FILE_INT(channels, job->n_channels)
FIELD_TEXT(format, job->has_artifact ? job->format : "")
/* a lossy format has none */
FIELD(bits) { if (job->has_artifact && job->bits != AUDIO_LOSSY_BITS) strbuf_addf(out, "%d", job->bits); }
FIELD_FILE_INT(n_bytes, job->n_bytes)
FIELD_FILE_NUMBER(lkfs, job->lkfs)
FIELD_FILE_NUMBER(peak, job->peak)
FIELD_TEXT(pcm_sha256, job->pcm_sha256)
FIELD_TEXT(file_sha256, job->file_sha256)
FIELD_TEXT(source_sha256, job->source_sha256 ? job->source_sha256 : "")
FIELD_TEXT(arithmetic, job->arithmetic)

struct csv_column {
	const char *heading;
	void (*print)(struct strbuf *out, const struct ledger_job *job);
};

static const struct csv_column head_columns[] = {
	{ "id", field_id }, { "set", field_set }, { "state", field_state }, { "path", field_path }, { "take", field_take },
};

static const struct csv_column tail_columns[] = {
	{ "tries", field_tries }, { "interruptions", field_interruptions }, { "deaths", field_deaths },
	{ "class", field_class }, { "sentence", field_sentence }, { "remote_id", field_remote_id },
	{ "asset_id", field_asset_id }, { "credits", field_credits },
	{ "started", field_started }, { "ended", field_ended }, { "make_seconds", field_make_s },
	{ "seconds", field_seconds }, { "rate_hz", field_rate_hz }, { "channels", field_channels },
	{ "format", field_format }, { "bits", field_bits }, { "bytes", field_n_bytes },
	{ "lkfs", field_lkfs }, { "peak", field_peak },
	{ "pcm_sha256", field_pcm_sha256 }, { "file_sha256", field_file_sha256 },
	{ "source_sha256", field_source_sha256 }, { "arithmetic", field_arithmetic },
};

#define N_OF(array) (sizeof (array) / sizeof *(array))

static void end_field(struct walk *walk)
{
	if (walk->line.len)
		strbuf_addc(&walk->line, ',');
	escape_csv(&walk->line, walk->field.buf);
	strbuf_reset(&walk->field);
}

static void end_line(struct walk *walk)
{
	strbuf_adds(&walk->line, "\r\n");
	sink_take(walk->out, &walk->line);
}

static void put_headings(struct walk *walk)
{
	for (size_t i = 0; i < N_OF(head_columns); i++) {
		strbuf_adds(&walk->field, head_columns[i].heading);
		end_field(walk);
	}
	strbuf_adds(&walk->field, "tags");
	end_field(walk);
	for (int i = 0; i < walk->c->n_columns; i++)
		if (walk->c->columns[i].is_seen) {
			strbuf_adds(&walk->field, walk->c->columns[i].key);
			end_field(walk);
		}
	for (size_t i = 0; i < N_OF(tail_columns); i++) {
		strbuf_adds(&walk->field, tail_columns[i].heading);
		end_field(walk);
	}
	strbuf_adds(&walk->field, "made_by");
	end_field(walk);
	end_line(walk);
}

static void add_value(struct strbuf *out, const struct json *n)
{
	if (!n)
		return;
	if (json_is_number(n))
		add_number(out, json_number(n, 0));
	else if (json_is_bool(n))
		strbuf_adds(out, json_bool(n, false) ? "true" : "false");
	else
		strbuf_adds(out, json_string(n, ""));
}

static void add_tags(struct strbuf *out, const struct report_row *row)
{
	struct json_writer w;

	if (!json_first(json_root(row->tags)))
		return;
	json_begin(&w, out, 0);
	json_open_array(&w, NULL);
	for (const struct json *n = json_first(json_root(row->tags)); n; n = json_next(n))
		json_put_text(&w, NULL, json_string(n, ""));
	json_close(&w);
}

static void put_row(void *part, const struct report_row *row)
{
	const struct ledger_job *job = row->job;
	struct walk *walk = part;

	for (size_t i = 0; i < N_OF(head_columns); i++) {
		head_columns[i].print(&walk->field, job);
		end_field(walk);
	}
	add_tags(&walk->field, row);
	end_field(walk);
	for (int i = 0; i < walk->c->n_columns; i++)
		if (walk->c->columns[i].is_seen) {
			add_value(&walk->field, row_value(row, &walk->c->columns[i]));
			end_field(walk);
		}
	for (size_t i = 0; i < N_OF(tail_columns); i++) {
		tail_columns[i].print(&walk->field, job);
		end_field(walk);
	}
	strbuf_adds(&walk->field, row->made_by);
	end_field(walk);
	end_line(walk);
}

static void *begin(const struct collect *c, struct sink *out)
{
	struct walk *walk = mem_zalloc(1, sizeof *walk);

	*walk = (struct walk){ c, out, STRBUF_INIT(PIECE_MAX), STRBUF_INIT(PIECE_MAX) };
	put_headings(walk);
	return walk;
}

static void end(void *part)
{
	struct walk *walk = part;

	strbuf_release(&walk->line);
	strbuf_release(&walk->field);
	free(walk);
}

const struct report_part report_csv = { "jobs.csv", begin, put_row, end };
