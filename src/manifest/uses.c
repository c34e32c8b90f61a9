/*
 * uses: which variables templates name, and whether what is written is used and what is used is written.
 */
#include "manifest/inside.h"

#include "base/mem.h"
#include "base/text.h"
#include "manifest/template.h"

#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX 500 /* names looked at for "did you mean" */

struct use_key {
	const char **used;
	const char *name;
};

static bool same_use(const void *arg, int64_t value)
{
	const struct use_key *key = arg;

	return !strcmp(key->used[value], key->name);
}

void uses_add(struct manifest_inside *in, const char *name)
{
	struct use_key key = { in->used, name };

	if (seen_put(&in->uses, seen_hash(name, strlen(name)), in->n_used, same_use, &key) >= 0)
		return;
	MEM_GROW(in->used, in->n_used, in->cap_used);
	in->used[in->n_used++] = arena_strdup(&in->arena, name);
}

bool uses_have(const struct manifest_inside *in, const char *name)
{
	struct use_key key = { in->used, name };

	return seen_get(&in->uses, seen_hash(name, strlen(name)), same_use, &key) >= 0;
}

void uses_add_text(struct manifest_inside *in, const char *text)
{
	char name[TEMPLATE_NAME_MAX + 1];
	size_t at = 0;

	while (template_next(text, &at, name, &in->why) > 0)
		uses_add(in, name);
}

/* As uses_add_text, where a form may follow the name: {seed:04}. What is wrong in it is name_check's to say. */
static void add_name_uses(struct manifest_inside *in, const char *template)
{
	char name[TEMPLATE_NAME_MAX + 1];

	for (const char *p = strchr(template, '{'); p; p = strchr(p + 1, '{')) {
		size_t n = strcspn(p + 1, ":}");

		if (n == 0 || n > TEMPLATE_NAME_MAX)
			continue;
		memcpy(name, p + 1, n);
		name[n] = 0;
		uses_add(in, name);
	}
}

bool word_is_taken(struct manifest_inside *in, const char *name)
{
	return card_find(in->card, name) >= 0 || axis_name_is_reserved(name);
}

/* ---- what a place has --------------------------------------------------------- */

static bool axis_has_variable(const struct axis *axis, const char *name)
{
	if (!strcmp(axis->name, name) && axis->param < 0)
		return true;
	for (int c = 0; c < axis->n_columns && axis->is_table; c++) {
		const struct column *col = &axis->columns[c];

		if (!strcmp(col->full_name, name) || (!col->is_label && col->param < 0 && !strcmp(col->name, name)))
			return true;
	}
	return false;
}

bool place_has_variable(const struct place *place, const char *name)
{
	for (int a = 0; place && a < place->n_axes; a++)
		if (axis_has_variable(&place->axes[a], name))
			return true;
	return false;
}

static bool axis_is_read(const struct place *place, const struct node *key)
{
	for (int a = 0; a < place->n_axes; a++)
		if (place->axes[a].key == key)
			return true;
	return false;
}

/* name is "axis", "column" or "axis.column"; any row may have the column. */
static bool node_has_variable(const struct node *key, const struct node *value, const char *name)
{
	size_t len = strlen(key->text);
	const char *column = !strncmp(name, key->text, len) && name[len] == '.' ? name + len + 1 : name;

	if (!strcmp(name, key->text) || value->kind == NODE_MAP) /* a file that cannot be read may have had any column */
		return true;
	for (int r = 0; value->kind == NODE_LIST && r < value->n; r++)
		if (node_find(value->items[r], column))
			return true;
	return false;
}

bool place_lost_variable(const struct place *place, const char *name)
{
	const struct node *map = place ? place->sweep : NULL;

	for (int i = 0; map && i < map->n; i++)
		if (node_key(map, i)->kind == NODE_SCALAR && !axis_is_read(place, node_key(map, i)) &&
		    node_has_variable(node_key(map, i), node_value(map, i), name))
			return true;
	return false;
}

static bool place_lost_axis(const struct place *place)
{
	return place->sweep && place->n_axes < place->sweep->n;
}

static size_t list_names(const struct place *place, const char **names, size_t n)
{
	for (int a = 0; place && a < place->n_axes; a++) {
		const struct axis *axis = &place->axes[a];

		if (n < CANDIDATES_MAX)
			names[n++] = axis->name;
		for (int c = 0; c < axis->n_columns && axis->is_table; c++) {
			if (n < CANDIDATES_MAX && !axis->columns[c].is_label)
				names[n++] = axis->columns[c].name;
			if (n < CANDIDATES_MAX)
				names[n++] = axis->columns[c].full_name;
		}
	}
	return n;
}

const char *place_suggest(const struct place *top, const struct place *set, const char *word)
{
	const char *names[CANDIDATES_MAX];
	size_t n = list_names(set, names, 0);

	return text_nearest(word, names, list_names(top, names, n));
}

/* ---- checks --------------------------------------------------------------------- */

static void check_column(struct manifest_inside *in, const struct column *c)
{
	if (c->is_label || c->param >= 0 || uses_have(in, c->name) || uses_have(in, c->full_name))
		return;
	NODE_SAY(in, c->key, "%s", unknown_name(in, c->name));
}

/* Nobody has to use all of a file; but some of it. */
static void check_file(struct manifest_inside *in, const struct axis *axis)
{
	const char *file = file_name_of(axis->value);
	struct shown s1, s2;

	for (int c = 0; c < axis->n_columns; c++) {
		const struct column *column = &axis->columns[c];

		if (column->param >= 0 || uses_have(in, column->full_name) || uses_have(in, column->name))
			return;
	}
	if (uses_have(in, axis->name))
		return;
	NODE_SAY(in, axis->key,
		 "nothing of %s is used: no column is called as a parameter (the first is '%s'). Is its first row the header? Else add use: {prompt: COLUMN}",
		 show(&s1, file), show(&s2, axis->file->columns[0].name));
}

static void check_others(struct manifest_inside *in, const struct place *place, int a, const struct column *column)
{
	const struct axis *axis = &place->axes[a];

	for (int b = 0; b < place->n_axes; b++)
		if (b != a && (b > a || !place->axes[b].file) && axis_has_variable(&place->axes[b], column->name))
			NODE_SAY(in, axis->key, "{%s} is used, and both '%s' and '%s' have it: write {%s} for this one", column->name, axis->name,
				 place->axes[b].name, column->full_name);
}

/* Are the rows called by the file's column? Then both meanings are one. */
static bool is_label(const struct axis *axis, int in_file)
{
	for (int c = 0; c < axis->n_columns; c++)
		if (axis->columns[c].is_label && axis->columns[c].in_file == in_file)
			return true;
	return false;
}

/* A bare name that a text uses means one column: of one file, and not the axis itself. */
static void check_meaning(struct manifest_inside *in, const struct place *place, int a, const struct column *column)
{
	const struct axis *axis = &place->axes[a];

	if (column->param >= 0 || column->is_label || !uses_have(in, column->name))
		return;
	if (!strcmp(column->name, axis->name) && is_label(axis, column->in_file))
		return;
	if (!strcmp(column->name, axis->name))
		NODE_SAY(in, axis->key, "{%s} would be the row's name, and a column of %s is called so too: give the axis another name", column->name,
			 file_name_of(axis->value));
	else
		check_others(in, place, a, column);
}

static void check_axis(struct manifest_inside *in, const struct axis *axis)
{
	if (!axis->is_table) {
		if (axis->param < 0 && !uses_have(in, axis->name))
			NODE_SAY(in, axis->key, "%s", unknown_name(in, axis->name));
		return;
	}
	if (axis->file) {
		check_file(in, axis);
		return;
	}
	for (int c = 0; c < axis->n_columns; c++)
		check_column(in, &axis->columns[c]);
	if (axis->n_columns == 1 && axis->columns[0].is_label && !uses_have(in, axis->name) && !uses_have(in, axis->columns[0].full_name))
		NODE_SAY(in, axis->key, "the rows of '%s' have labels and nothing else, and nothing uses them: add columns, or remove it",
			 axis->name);
}

static void check_place(struct manifest_inside *in, struct place *place)
{
	int n_before = in->ms.n_mistakes;

	for (int a = 0; a < place->n_axes; a++) {
		check_axis(in, &place->axes[a]);
		place->is_partial |= place->axes[a].file && in->ms.n_mistakes > n_before;
		for (int c = 0; c < place->axes[a].n_columns && place->axes[a].file; c++)
			check_meaning(in, place, a, &place->axes[a].columns[c]);
	}
}

/* The names that output.name may use somewhere; whether a set has them all is found when its jobs are named. */
static void check_output_name(struct manifest_inside *in)
{
	size_t max = (size_t)(2 * in->n_params) + CANDIDATES_MAX, n = 0;
	const char **names;
	struct shown s;
	bool is_whole;

	if (!in->output_name)
		return;
	names = mem_zalloc(max, sizeof *names);
	n = list_names(&in->top, names, n);
	is_whole = !place_lost_axis(&in->top);
	for (int i = 0; i < in->n_sets; i++) {
		n = list_names(&in->sets[i], names, n);
		is_whole &= !place_lost_axis(&in->sets[i]);
	}
	if (n == CANDIDATES_MAX || !is_whole) /* not all fit, or an axis has a mistake: leave it to the jobs' names */
		goto out;
	for (int i = 0; i < in->n_params; i++) {
		names[n++] = card_param(in->card, i)->name;
		if (card_param(in->card, i)->alias)
			names[n++] = card_param(in->card, i)->alias;
	}
	in->has_bad_name = name_check(in->output_name->text, names, n, &in->why);
	if (in->has_bad_name)
		NODE_SAY(in, in->output_name, "output.name '%s' %s", show(&s, in->output_name->text), in->why.buf);
out:
	free(names);
}

void uses_check(struct manifest_inside *in)
{
	if (in->output_name)
		add_name_uses(in, in->output_name->text);
	check_place(in, &in->top);
	for (int i = 0; i < in->n_sets; i++)
		check_place(in, &in->sets[i]);
	check_output_name(in);
}
