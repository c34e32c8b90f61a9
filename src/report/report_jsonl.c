/*
 * metadata.jsonl: a row per finished job, as dataset loaders want it.
 *
 * Every row has the same keys with the same types in the same order, never
 * null: a text that was not said is "", a number -1, a boolean false. Numbers
 * of a parameter of type number always have a point, integers never. `lkfs` is
 * a number with a point too; what has no loudness (silence, or less than
 * 0.4 s) is LEVEL_SILENT (-1000.0). No key ends in "file_name" but the first. No times: equal folders
 * give equal files.
 */
#include "report/report_parts.h"

#include "base/mem.h"

struct walk {
	const struct collect *c;
	struct sink *out;
	struct strbuf line;
};

static void put_param(struct json_writer *w, const struct report_column *column, const struct json *value)
{
	switch (column->param->type) {
	case PARAM_NUMBER:
		json_put_float(w, column->key, json_number(value, NUMBER_NOT_SAID));
		break;
	case PARAM_INTEGER:
		json_put_int(w, column->key, (int64_t)json_number(value, NUMBER_NOT_SAID));
		break;
	case PARAM_BOOLEAN:
		json_put_bool(w, column->key, json_bool(value, false));
		break;
	case PARAM_TEXT:
	case PARAM_CHOICE:
	case PARAM_FILE:
		json_put_text(w, column->key, json_string(value, ""));
		break;
	}
}

static void put_tags(struct json_writer *w, const struct report_row *row)
{
	json_open_array(w, "tags");
	for (const struct json *n = json_first(json_root(row->tags)); n; n = json_next(n))
		json_put_text(w, NULL, json_string(n, ""));
	json_close(w);
}

static void put_sound(struct json_writer *w, const struct ledger_job *job, const char *made_by)
{
	json_put_float(w, "seconds", job->seconds);
	json_put_int(w, "rate_hz", job->rate_hz);
	json_put_int(w, "channels", job->n_channels);
	json_put_float(w, "lkfs", job->lkfs);
	json_put_float(w, "peak", job->peak);
	json_put_text(w, "pcm_sha256", job->pcm_sha256);
	json_put_text(w, "file_sha256", job->file_sha256);
	json_put_text(w, "arithmetic", job->arithmetic);
	json_put_text(w, "made_by", made_by);
}

/* Who made this one: the canonical text's own word, for a folder's jobs may come from more than one checkpoint. */
static void put_row(void *part, const struct report_row *row)
{
	const struct ledger_job *job = row->job;
	struct walk *walk = part;
	struct json_writer w;

	if (job->state != JOB_DONE)
		return;
	json_begin(&w, &walk->line, 0);
	json_open_object(&w, NULL);
	json_put_text(&w, "file_name", job->path);
	json_put_text(&w, "id", job->id_text);
	json_put_text(&w, "set", job->set);
	json_put_int(&w, "take", job->take);
	if (walk->c->has_tags_done)
		put_tags(&w, row);
	for (int i = 0; i < walk->c->n_columns; i++) {
		const struct report_column *column = &walk->c->columns[i];
		const struct json *value = row_value(row, column);

		if (!column->is_seen_done)
			continue;
		if (column->param)
			put_param(&w, column, value);
		else
			json_put_text(&w, column->key, json_string(value, ""));
	}
	put_sound(&w, job, row->made_by);
	json_close(&w);
	strbuf_addc(&walk->line, '\n');
	sink_take(walk->out, &walk->line);
}

static void *begin(const struct collect *c, struct sink *out)
{
	struct walk *walk = mem_zalloc(1, sizeof *walk);

	*walk = (struct walk){ c, out, STRBUF_INIT(PIECE_MAX) };
	return walk;
}

static void end(void *part)
{
	struct walk *walk = part;

	strbuf_release(&walk->line);
	free(walk);
}

const struct report_part report_jsonl = { "metadata.jsonl", begin, put_row, end };
