/*
 * lay: see lay.h.
 */
#include "manifest/lay.h"

#include "base/text.h"
#include "manifest/template.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *place_title(struct manifest_inside *in, const struct place *set)
{
	return set->name[0] ? arena_printf(&in->arena, "set '%s'", set->name) : "the manifest";
}

/* ---- nearer wins ---------------------------------------------------------------- */

static const struct choice *find_setting(const struct place *place, int param)
{
	for (int i = 0; i < place->n_settings; i++)
		if (place->settings[i].param == param)
			return &place->settings[i].choice;
	return NULL;
}

static void lay_base(struct manifest_inside *in, struct layout *l)
{
	l->base = arena_alloc(&in->arena, (size_t)in->n_params, sizeof *l->base);
	l->is_swept = arena_alloc(&in->arena, (size_t)in->n_params, sizeof *l->is_swept);
	for (int i = 0; i < in->n_params; i++) {
		if (in->overrides[i].text)
			l->base[i] = &in->overrides[i];
		if (!l->base[i])
			l->base[i] = find_setting(l->set, i);
		if (!l->base[i])
			l->base[i] = find_setting(&in->top, i);
	}
}

static bool axis_says(const struct axis *axis, const char *name)
{
	for (int c = 0; c < axis->n_columns; c++)
		if (!axis->columns[c].is_label && !strcmp(axis->columns[c].name, name))
			return true;
	return false;
}

/* Is the column's name said nearer than at the axis's place? */
static bool is_covered(struct manifest_inside *in, const struct layout *l, bool axis_is_tops, const struct column *c)
{
	if (c->param >= 0 && in->overrides[c->param].text)
		return true;
	if (!axis_is_tops || l->set == &in->top)
		return false;
	if (c->param >= 0 && find_setting(l->set, c->param))
		return true;
	for (int a = 0; a < l->set->n_axes; a++)
		if (axis_says(&l->set->axes[a], c->name))
			return true;
	return false;
}

static bool has_own_axis(const struct layout *l, const char *name)
{
	for (int a = 0; a < l->set->n_axes; a++)
		if (!strcmp(l->set->axes[a].page_name, name))
			return true;
	return false;
}

static bool is_variable(const struct manifest_inside *in, const struct axis *axis, const struct column *c)
{
	return axis->is_table && c->param < 0 && !c->is_label && (!c->is_shadow || uses_have(in, c->full_name) || uses_have(in, c->name));
}

/* Adds the axis as a lane unless nothing of it is left. */
static void add_lane(struct manifest_inside *in, struct layout *l, const struct axis *axis, bool is_tops)
{
	struct lane *lane = &l->lanes[l->n_lanes];
	bool has_any = false, has_content = false;

	if (is_tops && l->set != &in->top && axis->is_table && has_own_axis(l, axis->page_name))
		return;
	lane->axis = axis;
	lane->params = arena_alloc(&in->arena, (size_t)axis->n_columns, sizeof *lane->params);
	lane->vars = arena_alloc(&in->arena, (size_t)axis->n_columns, sizeof *lane->vars);
	for (int c = 0; c < axis->n_columns; c++) {
		const struct column *col = &axis->columns[c];
		bool is_live = !is_covered(in, l, is_tops, col);

		lane->params[c] = is_live ? col->param : -1;
		lane->vars[c] = is_live && is_variable(in, axis, col) ? 0 : -1; /* numbered below */
		has_any |= is_live && !col->is_label;
		has_content |= !col->is_label;
	}
	if (!has_any && has_content)
		return;
	l->n_lanes++;
	lane->own_var = l->n_vars;
	l->vars[l->n_vars++].name = axis->page_name;
	for (int c = 0; c < axis->n_columns; c++) {
		if (lane->params[c] >= 0)
			l->is_swept[lane->params[c]] = true;
		if (lane->vars[c] == 0) {
			lane->vars[c] = l->n_vars;
			l->vars[l->n_vars++].name = axis->columns[c].full_name;
		}
	}
}

static void lay_lanes(struct manifest_inside *in, struct layout *l)
{
	const struct place *set = l->set, *top = set == &in->top ? NULL : &in->top;
	int n_axes = set->n_axes + (top ? top->n_axes : 0), n_vars = 1; /* 1: take */

	for (int a = 0; a < set->n_axes; a++)
		n_vars += 1 + set->axes[a].n_columns;
	for (int a = 0; top && a < top->n_axes; a++)
		n_vars += 1 + top->axes[a].n_columns;
	l->lanes = arena_alloc(&in->arena, (size_t)n_axes, sizeof *l->lanes);
	l->vars = arena_alloc(&in->arena, (size_t)n_vars, sizeof *l->vars);
	for (int a = 0; a < set->n_axes; a++)
		add_lane(in, l, &set->axes[a], top == NULL);
	for (int a = 0; top && a < top->n_axes; a++)
		add_lane(in, l, &top->axes[a], true);
	if (l->takes > 1)
		l->vars[l->n_vars++].name = "take";
}

/* ---- checks ----------------------------------------------------------------------- */

/* Where a choice was made, for sentences; the set's own place for the command line. */
static void say_at(struct manifest_inside *in, const struct choice *c, const char *sentence)
{
	if (c->node)
		choice_say(in, c, "%s", sentence);
	else
		mistake_add(&in->ms, 0, 0, "--set: %s", sentence);
}

/* Each live choice of a parameter. */
static void each_choice(struct manifest_inside *in, const struct layout *l, int param,
			void (*fn)(struct manifest_inside *in, const struct layout *l, const struct choice *c))
{
	if (l->base[param] && !l->is_swept[param])
		fn(in, l, l->base[param]);
	for (int i = 0; i < l->n_lanes; i++) {
		const struct axis *axis = l->lanes[i].axis;

		for (int c = 0; c < axis->n_columns; c++)
			for (int64_t r = 0; l->lanes[i].params[c] == param && r < axis->n_rows && !mistakes_full(&in->ms); r++)
				if (axis->columns[c].choices[r].text)
					fn(in, l, &axis->columns[c].choices[r]);
	}
}

static void check_version(struct manifest_inside *in, const struct layout *l, const struct choice *c)
{
	const struct manifest_model *model = model_of_all(in);

	(void)l;
	if (model_fits(model, c->text))
		return;
	say_at(in, c, arena_printf(&in->arena,
				   "modelVersion '%s' is said, but the checkpoint's folder holds '%s': remove modelVersion, or name a folder of '%s'",
				   c->text, model->holds, c->text));
}

static void say_variable(struct manifest_inside *in, const struct layout *l, const struct choice *c, const char *name)
{
	const char *near = place_suggest(&in->top, l->set, name), *meant = near ? near : card_suggest(in->card, name);
	struct shown s;

	say_at(in, c, arena_printf(&in->arena, "unknown variable '{%s}' in %s%s%s%s", show(&s, name), place_title(in, l->set),
				   meant ? ", did you mean '{" : ": write it under sweep, or '{{' for a brace", meant ? meant : "", meant ? "}'?" : ""));
}

static bool has_variable(struct manifest_inside *in, const struct layout *l, const char *name)
{
	int param = card_find(in->card, name);

	if (param >= 0)
		return card_param(in->card, param)->type != PARAM_TEXT && param != in->seed;
	return !strcmp(name, "take") || place_has_variable(l->set, name) || place_has_variable(&in->top, name) ||
	       place_lost_variable(l->set, name) || place_lost_variable(&in->top, name);
}

static void check_template(struct manifest_inside *in, const struct layout *l, const struct choice *c)
{
	char name[TEMPLATE_NAME_MAX + 1];
	int param;
	size_t at = 0;

	while (c->is_template && template_next(c->text, &at, name, &in->why) > 0) {
		if (has_variable(in, l, name))
			continue;
		param = card_find(in->card, name);
		if (param >= 0)
			say_at(in, c, arena_printf(&in->arena,
						   "{%s} cannot stand in a text: a text names variables and other parameters than texts and the seed", name));
		else
			say_variable(in, l, c, name);
	}
}

static void check_takes(struct manifest_inside *in, const struct layout *l)
{
	const struct choice *c = in->seed >= 0 ? l->base[in->seed] : NULL;
	const struct node *n = l->set->takes ? l->set->takes_node : in->top.takes_node;

	if (l->takes < 2 || in->seed < 0 || !(l->is_swept[in->seed] || (c && c->value.kind != VALUE_NONE)))
		return;
	if (c == &in->overrides[in->seed])
		mistake_add(&in->ms, 0, 0, "--set seed: takes, in line %d, makes the seeds itself: leave --set seed away, or remove takes", n->line);
	else
		NODE_SAY(in, n, "takes makes the seeds itself, and %s says a seed too: keep one of the two", place_title(in, l->set));
}

/* False where templates cannot be rendered; other mistakes leave the combinations worth looking at. */
static bool check(struct manifest_inside *in, const struct layout *l)
{
	int n_before;

	if (in->version >= 0 && model_of_all(in))
		each_choice(in, l, in->version, check_version);
	check_takes(in, l);
	n_before = in->ms.n_mistakes;
	for (int i = 0; i < in->n_params; i++)
		if (card_param(in->card, i)->type == PARAM_TEXT)
			each_choice(in, l, i, check_template);
	return in->ms.n_mistakes == n_before && !mistakes_full(&in->ms);
}

/* ---- output.name ------------------------------------------------------------------ */

/* The full name of a column that a bare name means here, the axis's of "{axis.label}"; else NULL. */
static const char *full_name(const struct manifest_inside *in, const struct layout *l, const char *name)
{
	if (card_find(in->card, name) >= 0)
		return NULL;
	for (int i = 0; i < l->n_lanes; i++) {
		const struct axis *axis = l->lanes[i].axis;

		if (!axis->is_table || !strcmp(axis->name, name))
			continue;
		for (int c = 0; c < axis->n_columns; c++) {
			const struct column *col = &axis->columns[c];

			if (!strcmp(col->full_name, name))
				return col->is_label ? axis->page_name : col->param >= 0 ? col->name : NULL;
			if (!strcmp(col->name, name) && !col->is_label)
				return col->full_name;
		}
	}
	return NULL;
}

/* job_name knows axes and full names of columns; people write the short ones. */
static const char *lay_name(struct manifest_inside *in, const struct layout *l)
{
	const char *t = in->m->output.name;
	struct strbuf out = STRBUF_INIT(WHY_MAX);
	char name[TEMPLATE_NAME_MAX + 1];

	while (*t) {
		size_t n = strcspn(t + 1, ":}"), plain;
		const char *full = NULL;

		if (*t == '{' && n > 0 && n <= TEMPLATE_NAME_MAX && t[1] != '{') {
			memcpy(name, t + 1, n);
			name[n] = 0;
			full = full_name(in, l, name);
		}
		plain = t[0] == '{' && t[1] == '{' ? 2 : full ? n + 1 : 1;
		if (full)
			strbuf_addf(&out, "{%s", full);
		else
			strbuf_add(&out, t, plain);
		t += plain;
	}
	t = arena_strdup(&in->arena, out.buf);
	strbuf_release(&out);
	return t;
}

/* ---- the product --------------------------------------------------------------------- */

static void count(struct layout *l)
{
	l->n_combinations = l->takes;
	for (int i = 0; i < l->n_lanes; i++) {
		int64_t n = l->lanes[i].axis->n_rows;

		l->n_combinations = l->n_combinations > INT64_MAX / n ? INT64_MAX : l->n_combinations * n;
	}
}

void lay_axes(struct manifest_inside *in, const struct place *set, struct layout *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->set = set;
	ret->takes = set->takes ? set->takes : in->top.takes ? in->top.takes : 1;
	lay_base(in, ret);
	lay_lanes(in, ret);
}

bool lay_out(struct manifest_inside *in, const struct place *set, struct layout *ret)
{
	bool is_good;

	lay_axes(in, set, ret);
	is_good = check(in, ret);
	ret->name = lay_name(in, ret);
	count(ret);
	return is_good && !set->is_partial && !in->top.is_partial;
}
