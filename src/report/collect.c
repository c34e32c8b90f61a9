#include "report/collect.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int row_open(struct report_row *row, const struct ledger_job *job, struct err *err)
{
	memset(row, 0, sizeof *row);
	row->job = job;
	if (json_parse(&row->params, job->params, strlen(job->params), JOB_TEXT_MAX, "params", ERR_LEDGER, err) < 0 ||
	    json_parse(&row->axes, job->axes, strlen(job->axes), JOB_TEXT_MAX, "axes", ERR_LEDGER, err) < 0 ||
	    json_parse(&row->tags, job->tags, strlen(job->tags), JOB_TEXT_MAX, "tags", ERR_LEDGER, err) < 0 ||
	    json_parse(&row->canonical, job->canonical, strlen(job->canonical), JOB_TEXT_MAX, "canonical text", ERR_LEDGER, err) < 0) {
		row_close(row);
		return err_wrap(err, "the ledger's row of job '%s'", job->id_text);
	}
	row->made_by = json_string(json_member(json_root(row->canonical), "made_by"), "");
	return 0;
}

void row_close(struct report_row *row)
{
	json_free(row->params);
	json_free(row->axes);
	json_free(row->tags);
	json_free(row->canonical);
	memset(row, 0, sizeof *row);
}

const struct json *row_value(const struct report_row *row, const struct report_column *column)
{
	const struct json *n;

	if (column->param)
		n = json_member(json_root(row->params), column->param->name);
	else
		n = json_member(json_root(row->axes), column->axis);
	return n && json_is_null(n) ? NULL : n;
}

static bool key_is_taken(const struct collect *c, const char *key)
{
	for (int i = 0; i < c->n_columns; i++)
		if (!strcmp(c->columns[i].key, key))
			return true;
	return false;
}

/*
 * "axis_" and the name's letters and digits. Dataset loaders treat dots as nesting, and take any
 * column whose name ends in "file_name" or "file_names" for a path of audio (runners.md 4.A).
 */
static const char *axis_key(struct collect *c, const char *name)
{
	char *base = arena_printf(&c->arena, "axis_%s", name);
	char *key;

	for (char *p = base; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || (unsigned char)*p > 0x7f))
			*p = '_';
	if (text_ends_with(base, "file_name") || text_ends_with(base, "file_names"))
		base = arena_printf(&c->arena, "%s_", base);
	key = base;
	for (int n = 2; key_is_taken(c, key); n++)
		key = arena_printf(&c->arena, "%s_%d", base, n);
	return key;
}

/* "temperature", "guidance" and "tempo.duration" have the parameter's own column already; so has "take". */
static bool has_own_column(const struct card *card, const char *axis)
{
	const char *dot = strrchr(axis, '.');

	return !strcmp(axis, "take") || card_find(card, axis) >= 0 || (dot && card_find(card, dot + 1) >= 0);
}

static struct report_column *add_column(struct collect *c)
{
	MEM_GROW(c->columns, c->n_columns, c->cap_columns);
	memset(&c->columns[c->n_columns], 0, sizeof *c->columns);
	return &c->columns[c->n_columns++];
}

static void add_axes(struct collect *c, const struct report_row *row)
{
	for (const struct json *n = json_first(json_root(row->axes)); n; n = json_next(n)) {
		const char *name = json_name(n);
		bool is_known = has_own_column(c->card, name);

		for (int i = 0; i < c->n_columns && !is_known; i++)
			is_known = c->columns[i].axis && !strcmp(c->columns[i].axis, name);
		if (!is_known) {
			const char *key = axis_key(c, name);
			struct report_column *column = add_column(c);

			column->key = key;
			column->axis = arena_strdup(&c->arena, name);
		}
	}
}

/* The card whose rows say what a column's type is: the model that the canonical text names. */
static int find_card(struct collect *c, const struct report_row *row, struct err *err)
{
	const char *model;

	if (json_need_string(json_root(row->canonical), "model", &model, err) < 0 || card_open(&c->card, model, err) < 0)
		return -1;
	for (int i = 0; i < card_n_params(c->card); i++) {
		struct report_column *column = add_column(c);

		column->param = card_param(c->card, i);
		column->key = column->param->name;
	}
	return 0;
}

/* Searched from the first: a manifest has a handful of checkpoints. */
static void count_maker(struct collect *c, const struct report_row *row)
{
	int i;

	if (row->job->state == JOB_SUPERSEDED)
		return;
	for (i = 0; i < c->n_makers && strcmp(c->makers[i].made_by, row->made_by) != 0; i++)
		;
	if (i == c->n_makers) {
		MEM_GROW(c->makers, c->n_makers, c->cap_makers);
		c->makers[c->n_makers++] = (struct report_maker){ .made_by = arena_strdup(&c->arena, row->made_by) };
	}
	c->makers[i].n_jobs++;
	c->makers[i].n_done += row->job->state == JOB_DONE;
}

static int look(void *arg, const struct ledger_job *job, struct err *err)
{
	struct collect *c = arg;
	struct report_row row;
	bool is_done = job->state == JOB_DONE;

	if (row_open(&row, job, err) < 0)
		return -1;
	if (!c->card && find_card(c, &row, err) < 0) {
		row_close(&row);
		return -1;
	}
	add_axes(c, &row);
	count_maker(c, &row);
	for (int i = 0; i < c->n_columns; i++)
		if (row_value(&row, &c->columns[i])) {
			c->columns[i].is_seen = true;
			c->columns[i].is_seen_done |= is_done;
		}
	c->has_tags_done |= is_done && json_first(json_root(row.tags)) != NULL;
	if (job->state != JOB_SUPERSEDED)
		c->n_live++;
	row_close(&row);
	return 0;
}

/* "native:<fingerprint> cc-by-nc-4.0" to its maker; the latest counts. */
static int hear_licence(void *arg, const char *text, struct err *err)
{
	struct collect *c = arg;
	size_t len = strcspn(text, " ");

	(void)err;
	for (int i = 0; i < c->n_makers && text[len]; i++)
		if (strlen(c->makers[i].made_by) == len && strncmp(c->makers[i].made_by, text, len) == 0)
			c->makers[i].licence = arena_strdup(&c->arena, text + len + 1);
	return 0;
}

/* An empty ledger may have no run yet; the reports print texts only. */
static void fill_head(struct ledger_head *head)
{
	const char **texts[] = { &head->manifest_name, &head->manifest_path, &head->backend, &head->made_by, &head->tool_version };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!*texts[i])
			*texts[i] = "";
}

int collect_scan(struct collect *c, struct ledger *l, struct err *err)
{
	memset(c, 0, sizeof *c);
	if (ledger_head(l, &c->head, err) < 0 || ledger_count(l, &c->counts, err) < 0 ||
	    ledger_scan(l, LEDGER_ALL_STATES, look, c, err) < 0 || ledger_each_note(l, LEDGER_LICENCE, hear_licence, c, err) < 0) {
		collect_release(c);
		return -1;
	}
	fill_head(&c->head);
	return 0;
}

void collect_release(struct collect *c)
{
	free(c->columns);
	free(c->makers);
	card_close(c->card);
	arena_release(&c->arena);
	memset(c, 0, sizeof *c);
}
