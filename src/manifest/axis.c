/*
 * axis: a list or a range under sweep -> a table of one column. Tables themselves are in table.c.
 */
#include "manifest/inside.h"

#include "base/mem.h"
#include "base/text.h"
#include "manifest/range.h"
#include "manifest/template.h"

#include <stdlib.h>
#include <string.h>

const char *unknown_name(struct manifest_inside *in, const char *name)
{
	const char *meant = card_suggest(in->card, name);
	struct shown s;

	show(&s, name);
	if (meant)
		return arena_printf(&in->arena, "unknown parameter '%s', did you mean '%s'?", s.text, meant);
	return arena_printf(&in->arena,
			    "'%s' is no parameter, and nothing uses it: write {%s} in a prompt or in output.name, or remove it", s.text, s.text);
}

void axis_make_column(struct manifest_inside *in, struct axis *axis)
{
	axis->columns = arena_alloc(&in->arena, 1, sizeof *axis->columns);
	axis->n_columns = 1;
	axis->columns[0].name = axis->columns[0].full_name = axis->page_name;
	axis->columns[0].param = axis->param;
	axis->columns[0].key = axis->key;
	axis->columns[0].choices = arena_alloc(&in->arena, (size_t)axis->n_rows, sizeof(struct choice));
}

/* ---- ranges --------------------------------------------------------------- */

static bool read_range(struct manifest_inside *in, struct axis *axis)
{
	const struct node *n = axis->value;
	struct strbuf why = STRBUF_INIT(WHY_MAX);
	struct range range;
	bool good = false;

	if (range_parse(n->text, in->jobs_max, &range, &why)) {
		NODE_SAY(in, n, "%s %s", axis->name, why.buf);
		goto out;
	}
	in->n_range_values += range.n;
	if (in->n_range_values > 2 * in->jobs_max) { /* a dozen letters must not ask for all the memory there is */
		NODE_SAY(in, n, "%s's range makes more than %lld values with those before it: sweep fewer values, or split the manifest",
			 axis->name, 2 * (long long)in->jobs_max);
		goto out;
	}
	axis->n_rows = range.n;
	axis_make_column(in, axis);
	for (int64_t i = 0; i < range.n; i++) {
		char buf[RANGE_TEXT_SIZE];
		struct choice *c = &axis->columns[0].choices[i];

		c->node = n;
		c->text = arena_strdup(&in->arena, range_text(&range, i, buf));
		c->value.kind = VALUE_NUMBER;
		if (!text_parse_number(c->text, &c->value.as.number))
			BUG("range gave '%s'", c->text);
		if (axis->param >= 0 && value_check(in->card, axis->param, in->backend, &c->value, &why)) {
			NODE_SAY(in, n, "%s %s", axis->name, why.buf);
			goto out;
		}
	}
	good = true;
out:
	strbuf_release(&why);
	return good;
}

/* "1-4", as other programs write a range. */
static bool looks_like_dash_range(const char *text)
{
	size_t first = strspn(text, "0123456789."), gap = strspn(text + first, " -");
	size_t second = strspn(text + first + gap, "0123456789.");

	return first > 0 && second > 0 && strchr(text + first, '-') && text[first + gap + second] == 0;
}

static bool read_scalar(struct manifest_inside *in, struct axis *axis)
{
	const struct node *n = axis->value;
	enum param_type type = axis->param < 0 ? PARAM_NUMBER : card_param(in->card, axis->param)->type;
	enum table_kind kind;
	struct shown s;

	if (node_is_null(n)) {
		NODE_SAY(in, n, "%s has no values: write a list, a range as 1..4, or a table", axis->name);
		return false;
	}
	if (table_kind_find(n->text, &kind) == 0) {
		NODE_SAY(in, n, "%s has one value, which looks like a file's name: write {file: %s} for what stands in it, or a list [ ]", axis->name,
			 show(&s, n->text));
		return false;
	}
	if (n->is_quoted || !range_looks_like(n->text) || (type != PARAM_NUMBER && type != PARAM_INTEGER)) {
		if (type != PARAM_TEXT && looks_like_dash_range(n->text))
			NODE_SAY(in, n, "%s has '%s': a range is written with two points, as 1..4", axis->name, show(&s, n->text));
		else
			NODE_SAY(in, n, "%s has one value: put it under params, or write a list [ ]", axis->name);
		return false;
	}
	return read_range(in, axis);
}

/* ---- lists ---------------------------------------------------------------- */

static int number_order(double a, double b)
{
	return (a > b) - (a < b);
}

/* By value, then by place. */
static int choice_order(const void *a, const void *b)
{
	const struct choice *ca = *(const struct choice *const *)a, *cb = *(const struct choice *const *)b;
	int order = (ca->value.kind > cb->value.kind) - (ca->value.kind < cb->value.kind);

	if (order == 0 && ca->value.kind == VALUE_NUMBER)
		order = number_order(ca->value.as.number, cb->value.as.number);
	if (order == 0 && ca->value.kind == VALUE_TEXT)
		order = strcmp(ca->value.as.text, cb->value.as.text);
	if (order == 0 && ca->value.kind == VALUE_BOOL)
		order = ca->value.as.flag - cb->value.as.flag;
	return order ? order : (ca > cb) - (ca < cb);
}

/* Two equal values would be one job made twice. */
bool axis_check_repeats(struct manifest_inside *in, const struct axis *axis)
{
	size_t n = (size_t)axis->n_rows;
	const struct choice **sorted = mem_zalloc(n, sizeof *sorted);
	bool good = true;
	struct shown s;

	for (size_t i = 0; i < n; i++)
		sorted[i] = &axis->columns[0].choices[i];
	qsort(sorted, n, sizeof *sorted, choice_order);
	for (size_t i = 1; i < n; i++) {
		if (!value_equal(&sorted[i]->value, &sorted[i - 1]->value))
			continue;
		good = false;
		choice_say(in, sorted[i], "%s has the value '%s' twice, which would be the same job twice: remove one", axis->name,
			   show(&s, sorted[i]->text));
	}
	free(sorted);
	return good;
}

static bool is_range_of(const struct manifest_inside *in, const struct axis *axis, const struct node *n)
{
	enum param_type type = axis->param < 0 ? PARAM_TEXT : card_param(in->card, axis->param)->type;
	struct strbuf why = STRBUF_INIT(WHY_MAX);
	struct range range;
	bool is_range = false;

	if (n->is_quoted || !range_looks_like(n->text))
		return false;
	if (axis->param < 0) /* a variable's text may hold dots; only a range that can be read was meant as one */
		is_range = range_parse(n->text, in->jobs_max, &range, &why) == 0;
	strbuf_release(&why);
	return is_range || type == PARAM_NUMBER || type == PARAM_INTEGER;
}

static bool read_list(struct manifest_inside *in, struct axis *axis)
{
	const struct node *list = axis->value;
	bool good = true;

	axis->n_rows = list->n;
	axis_make_column(in, axis);
	for (int i = 0; i < list->n && !mistakes_full(&in->ms); i++) {
		const struct node *n = list->items[i];

		if (n->kind != NODE_SCALAR) {
			NODE_SAY(in, n, "%s mixes %s with single values: write only values, or only maps", axis->name, node_kind_text(n));
			good = false;
		} else if (is_range_of(in, axis, n)) {
			NODE_SAY(in, n, "%s has a range inside a list: write the range alone, or list all its values", axis->name);
			good = false;
		} else if (axis->param >= 0) {
			good &= choice_read(in, axis->param, axis->name, n, &axis->columns[0].choices[i]);
		} else {
			good &= choice_read_variable(in, axis->name, n, &axis->columns[0].choices[i]);
		}
	}
	return good && axis_check_repeats(in, axis);
}

/* ---- the door ------------------------------------------------------------- */

bool axis_name_is_reserved(const char *name)
{
	static const char *const words[] = { "set", "axes", "take", "takes", "id", "tag", "tags", "state", "label", "and", "or", "not", "in" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (!strcmp(words[i], name))
			return true;
	return false;
}

static bool check_name(struct manifest_inside *in, const struct axis *axis)
{
	struct shown s;

	if (axis->param >= 0)
		return true;
	if (axis_name_is_reserved(axis->name)) {
		NODE_SAY(in, axis->key, "an axis cannot be called '%s', which means something else: take another name", axis->name);
		return false;
	}
	if (!template_name_is(axis->name) || strchr(axis->name, '.')) {
		NODE_SAY(in, axis->key, "an axis's name is a letter and then letters, digits, '_' or '-', found '%s'",
			 show(&s, axis->name));
		return false;
	}
	return true;
}

static bool read_map(struct manifest_inside *in, struct axis *axis)
{
	const struct node *n = axis->value;

	if (node_find(n, "files"))
		return axis_read_glob(in, axis);
	if (node_find(n, "file"))
		return axis_read_file(in, axis);
	if (n->is_flow)
		NODE_SAY(in, n, "%s has a map here: write a list [ ], a range as 1..4, or a list of maps", axis->name);
	else
		NODE_SAY(in, n, "%s has a map here: begin each row with '- '", axis->name);
	return false;
}

bool axis_read(struct manifest_inside *in, const struct node *key, const struct node *value, struct axis *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->name = key->text;
	ret->param = card_find(in->card, key->text);
	ret->page_name = ret->param >= 0 ? card_param(in->card, ret->param)->name : ret->name;
	ret->key = key;
	ret->value = value;
	if (!check_name(in, ret))
		return false;
	if (value->kind == NODE_MAP)
		return read_map(in, ret);
	if (value->kind == NODE_LIST && value->n == 0) {
		NODE_SAY(in, value, "%s has an empty list, so that no job is left: write its values, or remove it", ret->name);
		return false;
	}
	if (value->kind == NODE_LIST && value->items[0]->kind == NODE_MAP)
		return table_read(in, ret);
	return value->kind == NODE_LIST ? read_list(in, ret) : read_scalar(in, ret);
}
