/*
 * table_jsonl: an object a line. See table_file.h.
 */
#include "manifest/table_file.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

/* Rows mostly have the same names in the same order: i is where the name is looked for first. -1: a mistake, said. */
static int find_column(struct table_file *t, const char *name, int i, int line)
{
	int at = i < t->n_columns && !strcmp(t->columns[i].name, name) ? i : table_find_column(t, name);

	if (at >= 0)
		return at;
	return table_add_column(t, line, arena_strdup(&t->arena, name)) ? t->n_columns - 1 : -1;
}

static void set_cell(struct table_file *t, struct table_column *c, const struct json *value)
{
	int64_t row = t->n_rows - 1;
	char number[TEXT_NUMBER_MAX];

	if (c->cells[row]) /* a name twice in one object: the first counts */
		return;
	if (json_is_string(value) && json_string(value, "")[0]) {
		c->cells[row] = arena_strdup(&t->arena, json_string(value, ""));
		c->kinds[row] = CELL_TEXT;
	} else if (json_is_number(value)) {
		c->cells[row] = arena_strdup(&t->arena, text_number(number, json_number(value, 0)));
		c->kinds[row] = CELL_PLAIN;
	} else if (json_is_bool(value)) {
		c->cells[row] = json_bool(value, false) ? "true" : "false";
		c->kinds[row] = CELL_PLAIN;
	} else if (!json_is_null(value) && !json_is_string(value)) {
		c->kinds[row] = CELL_NESTED;
	}
}

/* False: the rest need not be read. */
static bool add_object(struct table_file *t, const struct json *object, int line)
{
	int i = 0;

	if (!table_add_row(t, line))
		return false;
	for (const struct json *n = json_first(object); n; n = json_next(n), i++) {
		int at = find_column(t, json_name(n), i, line);

		if (at < 0)
			return false;
		set_cell(t, &t->columns[at], n);
	}
	return true;
}

/* json_parse knows one line only: what it says of the place is the column. */
static void say_json(struct table_file *t, int line, const struct err *err)
{
	const char *column = strstr(err->text, ", column ");

	table_say(t, line, "%s; each line must hold one whole object, as {\"prompt\": \"warm piano\"}", column ? column + 2 : err->text);
}

static bool add_line(struct table_file *t, const char *text, int line)
{
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	bool go_on = true;

	if (strlen(text) > TABLE_LINE_MAX)
		table_say(t, line, "the line has %zu bytes, more than the limit of %zu: keep only what is used", strlen(text), TABLE_LINE_MAX);
	else if (json_parse(&doc, text, strlen(text), TABLE_LINE_MAX, "it", ERR_INPUT, &err))
		say_json(t, line, &err);
	else if (!json_is_object(json_root(doc)))
		table_say(t, line, "the line holds no object: write one in each line, as {\"prompt\": \"warm piano\"}");
	else
		go_on = add_object(t, json_root(doc), line);
	json_free(doc);
	return go_on;
}

void table_jsonl_read(struct table_file *t, char *text)
{
	int line = 1;

	for (char *p = text, *next; p; p = next, line++) {
		next = table_end_line(p);
		if (p[strspn(p, " \t")] && !add_line(t, p, line))
			return;
	}
}
