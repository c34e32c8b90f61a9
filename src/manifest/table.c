/*
 * table: an axis that is a list of maps, whose row sets several names together.
 *
 * Columns are the names of all rows, in the order in which they first appear. A
 * row without a column says nothing for it. A row is called by its label, and
 * without one by its number from 1.
 */
#include "manifest/inside.h"

#include "base/mem.h"
#include "manifest/template.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 200 /* of one table: more is a slip of the hand */

static int find_column(const struct axis *axis, const char *name)
{
	for (int i = 0; i < axis->n_columns; i++)
		if (!strcmp(axis->columns[i].name, name))
			return i;
	return -1;
}

static bool check_column(struct manifest_inside *in, const struct axis *axis, const struct column *c)
{
	struct shown s;

	if (c->is_label || c->param >= 0)
		return true;
	if (axis_name_is_reserved(c->name)) {
		NODE_SAY(in, c->key, "a column of '%s' cannot be called '%s', which means something else: take another name", axis->name, c->name);
		return false;
	}
	if (!template_name_is(c->name) || strchr(c->name, '.')) {
		NODE_SAY(in, c->key, "a column of '%s' is a letter and then letters, digits, '_' or '-', found '%s'", axis->name,
			 show(&s, c->name));
		return false;
	}
	return true;
}

static bool add_column(struct manifest_inside *in, struct axis *axis, const struct node *key)
{
	int param = card_find(in->card, key->text);
	const char *name = param >= 0 ? card_param(in->card, param)->name : key->text;
	struct column *c;

	if (find_column(axis, name) >= 0)
		return true;
	if (axis->n_columns == COLUMNS_MAX) {
		NODE_SAY(in, key, "the table '%s' has more than %d columns: write fewer", axis->name, COLUMNS_MAX);
		return false;
	}
	c = &axis->columns[axis->n_columns++];
	c->name = name;
	c->full_name = arena_printf(&in->arena, "%s.%s", axis->name, name);
	c->param = param;
	c->is_label = !strcmp(name, "label");
	c->key = key;
	return check_column(in, axis, c);
}

static bool collect_columns(struct manifest_inside *in, struct axis *axis)
{
	const struct node *list = axis->value;
	bool good = true;

	axis->columns = arena_alloc(&in->arena, COLUMNS_MAX, sizeof *axis->columns);
	for (int r = 0; r < list->n && !mistakes_full(&in->ms); r++) {
		const struct node *row = list->items[r];

		if (row->kind != NODE_MAP) {
			NODE_SAY(in, row, "%s mixes maps with %s: write only maps, or only values", axis->name, node_kind_text(row));
			good = false;
			continue;
		}
		if (row->n == 0) {
			NODE_SAY(in, row, "row %d of '%s' is empty: write its values, or remove it", r + 1, axis->name);
			good = false;
		}
		good &= row->is_sound;
		for (int i = 0; i < row->n && row->is_sound; i++)
			if (!add_column(in, axis, node_key(row, i)))
				good = false;
	}
	return good;
}

static bool read_cell(struct manifest_inside *in, const struct axis *axis, int r, const struct node *key, const struct node *value)
{
	const struct node *row = axis->value->items[r];
	struct choice *cell;
	int param = card_find(in->card, key->text);
	int c = find_column(axis, param >= 0 ? card_param(in->card, param)->name : key->text);

	if (row->is_flow && param < 0 && node_is_null(value)) {
		NODE_SAY(in, key, "a ',' inside { } ends a value in YAML: put the text before it in quotes");
		return false;
	}
	cell = &axis->columns[c].choices[r];
	if (cell->text) {
		NODE_SAY(in, key, "'%s' and '%s' are one parameter: keep one", key->text, axis->columns[c].name);
		return false;
	}
	if (param >= 0)
		return choice_read(in, param, key->text, value, cell);
	return choice_read_variable(in, key->text, value, cell);
}

struct label_key {
	const char **labels;
	const char *label;
};

static void say_label(struct manifest_inside *in, const struct axis *axis, int label, int64_t r)
{
	const struct node *n = axis->file ? NULL : axis->columns[label].choices[r].node;
	struct shown s;

	show(&s, axis->labels[r]);
	if (axis->file)
		file_say(in, axis->value, axis->file->lines[axis_file_row(axis, r)],
			 "another row is called '%s' too: give each its own label, or name the columns with use, without label", s.text);
	else
		NODE_SAY(in, n ? n : axis->value, "two rows of '%s' are called '%s': give each its own label", axis->name, s.text);
}

static bool same_label(const void *arg, int64_t value)
{
	const struct label_key *key = arg;

	return !strcmp(key->labels[value], key->label);
}

bool table_label_rows(struct manifest_inside *in, struct axis *axis)
{
	struct seen seen = SEEN_INIT;
	int label = axis->n_columns - 1;
	bool good = true;

	while (label >= 0 && !axis->columns[label].is_label)
		label--;
	axis->labels = arena_alloc(&in->arena, (size_t)axis->n_rows, sizeof *axis->labels);
	for (int64_t r = 0; r < axis->n_rows; r++) {
		const char *said = label < 0 ? NULL : axis_text(axis, r, label);
		struct label_key key = { axis->labels, said };

		if (!said)
			key.label = arena_printf(&in->arena, "%lld", (long long)axis_file_row(axis, r) + 1);
		axis->labels[r] = key.label;
		if (label < 0 || seen_put(&seen, seen_hash(key.label, strlen(key.label)), r, same_label, &key) < 0)
			continue;
		good = false;
		say_label(in, axis, label, r);
	}
	seen_release(&seen);
	return good;
}

bool table_read(struct manifest_inside *in, struct axis *axis)
{
	const struct node *list = axis->value;
	bool good;

	axis->is_table = true;
	if (!collect_columns(in, axis))
		return false;
	if (axis->param >= 0 && find_column(axis, axis->page_name) < 0) {
		NODE_SAY(in, axis->key, "'%s' is a parameter, and no row of this table sets it: give the axis another name, or add the column",
			 axis->name);
		return false;
	}
	if ((int64_t)list->n * axis->n_columns > YAML_NODES_MAX) {
		NODE_SAY(in, list, "the table '%s' has more than %d cells: write fewer rows or columns", axis->name, YAML_NODES_MAX);
		return false;
	}
	axis->n_rows = list->n;
	for (int c = 0; c < axis->n_columns; c++)
		axis->columns[c].choices = arena_alloc(&in->arena, (size_t)list->n, sizeof(struct choice));
	good = true;
	for (int r = 0; r < list->n && !mistakes_full(&in->ms); r++) {
		const struct node *row = list->items[r];

		for (int i = 0; i < row->n; i++)
			good &= read_cell(in, axis, r, node_key(row, i), node_value(row, i));
	}
	if (good)
		(void)table_label_rows(in, axis);
	return good;
}
