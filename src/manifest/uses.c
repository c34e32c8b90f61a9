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

static void add_use(struct manifest_inside *in, const char *name)
{
	struct use_key key = { in->used, name };

	if (seen_put(&in->uses, seen_hash(name, strlen(name)), in->n_used, same_use, &key) >= 0)
		return;
	MEM_GROW(in->used, in->n_used, in->cap_used);
	in->used[in->n_used++] = arena_strdup(&in->arena, name);
}

static bool is_used(const struct manifest_inside *in, const char *name)
{
	struct use_key key = { in->used, name };

	return seen_get(&in->uses, seen_hash(name, strlen(name)), same_use, &key) >= 0;
}

void uses_add_text(struct manifest_inside *in, const char *text)
{
	char name[TEMPLATE_NAME_MAX + 1];
	size_t at = 0;

	while (template_next(text, &at, name, &in->why) > 0)
		add_use(in, name);
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
		add_use(in, name);
	}
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

	if (!strcmp(name, key->text))
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
	if (c->is_label || c->param >= 0 || is_used(in, c->name) || is_used(in, c->full_name))
		return;
	NODE_SAY(in, c->key, "%s", unknown_name(in, c->name));
}

static void check_axis(struct manifest_inside *in, const struct axis *axis)
{
	if (!axis->is_table) {
		if (axis->param < 0 && !is_used(in, axis->name))
			NODE_SAY(in, axis->key, "%s", unknown_name(in, axis->name));
		return;
	}
	for (int c = 0; c < axis->n_columns; c++)
		check_column(in, &axis->columns[c]);
	if (axis->n_columns == 1 && axis->columns[0].is_label && !is_used(in, axis->name) && !is_used(in, axis->columns[0].full_name))
		NODE_SAY(in, axis->key, "the rows of '%s' have labels and nothing else, and nothing uses them: add columns, or remove it",
			 axis->name);
}

static void check_place(struct manifest_inside *in, const struct place *place)
{
	for (int a = 0; a < place->n_axes; a++)
		check_axis(in, &place->axes[a]);
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
