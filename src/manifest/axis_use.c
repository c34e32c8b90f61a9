/*
 * axis_use: which column of a table file sets what. See axis_file.c.
 */
#include "manifest/axis_file.h"

#include "base/text.h"

#include <string.h>

/* ---- use ------------------------------------------------------------------------------ */

const char *file_list_columns(struct reading *rd)
{
	const struct table_file *t = rd->t;
	struct strbuf sb = STRBUF_INIT(WHY_MAX);
	const char *text;
	struct shown s;
	int n = t->n_columns < 8 ? t->n_columns : 8;

	for (int i = 0; i < n; i++)
		strbuf_addf(&sb, "%s'%s'", i == 0 ? "" : ", ", show(&s, t->columns[i].name));
	if (n < t->n_columns)
		strbuf_addf(&sb, " and %d more", t->n_columns - n);
	text = arena_strdup(&rd->in->arena, sb.buf);
	strbuf_release(&sb);
	return text;
}

const char *file_nearest_column(const struct table_file *t, const char *word)
{
	const char *names[TABLE_COLUMNS_MAX];

	for (int i = 0; i < t->n_columns; i++)
		names[i] = t->columns[i].name;
	return text_nearest(word, names, (size_t)t->n_columns);
}

static bool say_no_column(struct reading *rd, const struct node *n)
{
	const char *near = file_nearest_column(rd->t, n->text);
	struct shown s1, s2, s3;

	if (near)
		NODE_SAY(rd->in, n, "%s has no column '%s', did you mean '%s'?", show(&s1, rd->name), show(&s2, n->text), show(&s3, near));
	else
		NODE_SAY(rd->in, n, "%s has no column '%s'; its columns: %s", show(&s1, rd->name), show(&s2, n->text), file_list_columns(rd));
	return false;
}

static struct column *add_column(struct reading *rd, const char *name, int param, int in_file)
{
	struct axis *axis = rd->axis;
	struct column *c = &axis->columns[axis->n_columns++];

	c->name = name;
	c->full_name = arena_printf(&rd->in->arena, "%s.%s", axis->name, name);
	c->param = param;
	c->key = axis->key;
	c->in_file = in_file;
	c->is_label = param < 0 && !strcmp(name, "label");
	return c;
}

static bool has_column(const struct axis *axis, const char *name)
{
	for (int i = 0; i < axis->n_columns; i++)
		if (!strcmp(axis->columns[i].name, name))
			return true;
	return false;
}

static bool read_use_entry(struct reading *rd, const struct node *key, const struct node *value)
{
	struct manifest_inside *in = rd->in;
	int param = card_find(in->card, key->text), column;
	const char *name = param >= 0 ? card_param(in->card, param)->name : key->text, *meant;
	struct shown s;

	if (param < 0 && strcmp(name, "label") != 0) {
		meant = card_suggest(in->card, name);
		NODE_SAY(in, key, "use: unknown parameter '%s'%s%s%s", show(&s, name), meant ? ", did you mean '" : ": write the parameter first, as {prompt: caption}",
			 meant ? meant : "", meant ? "'?" : "");
		return false;
	}
	if (value->kind != NODE_SCALAR || node_is_null(value)) {
		NODE_SAY(in, value, "use: %s takes the name of a column of %s, found %s", name, show(&s, rd->name), node_kind_text(value));
		return false;
	}
	if (has_column(rd->axis, name)) {
		NODE_SAY(in, key, "use: '%s' is said twice, by its name and by its other name: keep one", name);
		return false;
	}
	column = table_find_column(rd->t, value->text);
	if (column < 0)
		return say_no_column(rd, value);
	rd->use_of[column]++;
	add_column(rd, name, param, column);
	return true;
}

static bool read_use(struct reading *rd, const struct node *use)
{
	bool good = true;

	if (use->kind != NODE_MAP || use->n == 0 || !use->is_sound) {
		NODE_SAY(rd->in, use, "use must be a map from parameter to column, as {prompt: caption}, found %s",
			 use->kind == NODE_MAP ? "an empty one, or one with a name twice" : node_kind_text(use));
		return false;
	}
	for (int i = 0; i < use->n; i++)
		good &= read_use_entry(rd, node_key(use, i), node_value(use, i));
	return good;
}

/* ---- columns ---------------------------------------------------------------------------- */

static void add_variable(struct reading *rd, int column)
{
	const char *name = rd->t->columns[column].name;
	struct column *c = add_column(rd, name, -1, column);

	c->is_label = false;
	if (word_is_taken(rd->in, name))
		c->name = c->full_name;
	c->is_shadow = card_find(rd->in->card, name) >= 0 || rd->use_of[column] > 0;
}

/* Without `use`: the column sets what it is called. */
static bool add_by_name(struct reading *rd, int column)
{
	const char *name = rd->t->columns[column].name;
	int param = card_find(rd->in->card, name);

	if (param >= 0)
		name = card_param(rd->in->card, param)->name;
	else if (strcmp(name, "label") != 0) {
		add_variable(rd, column);
		return true;
	}
	if (has_column(rd->axis, name)) {
		file_say(rd->in, rd->node, 1, "two columns set '%s', by its name and by its other name: remove one, or choose with use", name);
		return false;
	}
	add_column(rd, name, param, column);
	return true;
}

bool axis_make_file_columns(struct reading *rd)
{
	struct axis *axis = rd->axis;
	const struct node *use = node_find(rd->node, "use");
	size_t max = (size_t)rd->t->n_columns + (use && use->kind == NODE_MAP ? (size_t)use->n : 0);
	bool good = true;

	axis->columns = arena_alloc(&rd->in->arena, max, sizeof *axis->columns);
	if (use && !read_use(rd, use))
		return false;
	for (int i = 0; i < rd->t->n_columns; i++) {
		if (!use)
			good &= add_by_name(rd, i);
		else
			add_variable(rd, i);
	}
	if (good && axis->param >= 0 && !has_column(axis, axis->page_name)) {
		NODE_SAY(rd->in, axis->key, "'%s' is a parameter, and nothing in %s sets it: add use: {%s: ...} with one of its columns %s, or give the axis another name",
			 axis->name, rd->name, axis->name, file_list_columns(rd));
		return false;
	}
	return good;
}
