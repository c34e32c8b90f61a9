/*
 * place: what the top of the manifest and each set may say alike: params, sweep, exclude, takes, tags, fake.
 */
#include "manifest/inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* More than these in one place is a slip; with them no check below is slow though it compares all with all. */
#define SETTINGS_MAX 500
#define AXES_MAX 50
#define EXCLUSIONS_MAX 100
#define TAGS_MAX 100

/* At most max of what; answers how many to read. */
static int at_most(struct manifest_inside *in, const struct node *n, const char *what, int count, int max)
{
	if (count > max)
		NODE_SAY(in, n, "%s has %d entries, more than the limit of %d: write fewer", what, count, max);
	return count > max ? 0 : count;
}

/* ---- params --------------------------------------------------------------- */

/* Variables stand under sweep only, where reports see them as axes. */
static void say_unknown(struct manifest_inside *in, const struct node *map, int i)
{
	const struct node *key = node_key(map, i);
	const char *meant = card_suggest(in->card, key->text);
	struct shown s;

	show(&s, key->text);
	if (map->is_flow && node_is_null(node_value(map, i)))
		NODE_SAY(in, key, "a ',' inside { } ends a value in YAML: put the text before it in quotes");
	else if (meant)
		NODE_SAY(in, key, "unknown parameter '%s', did you mean '%s'?", s.text, meant);
	else
		NODE_SAY(in, key, "unknown parameter '%s': remove it (a variable for prompts stands under sweep, as %s: [...])", s.text, s.text);
}

static const struct setting *find_setting(const struct place *place, int param)
{
	for (int i = 0; i < place->n_settings; i++)
		if (place->settings[i].param == param)
			return &place->settings[i];
	return NULL;
}

static void read_params(struct manifest_inside *in, const struct node *map, struct place *place)
{
	int count;

	if (!map)
		return;
	if (map->kind != NODE_MAP) {
		NODE_SAY(in, map, "params must be a map from parameter to value, found %s", node_kind_text(map));
		return;
	}
	place->is_partial |= !map->is_sound;
	count = at_most(in, map, "params", map->n, SETTINGS_MAX);
	place->settings = arena_alloc(&in->arena, (size_t)count, sizeof *place->settings);
	for (int i = 0; i < count && map->is_sound && !mistakes_full(&in->ms); i++) {
		const struct node *key = node_key(map, i);
		struct setting *s = &place->settings[place->n_settings];
		const struct setting *twin;

		memset(s, 0, sizeof *s);
		s->key = key;
		s->param = card_find(in->card, key->text);
		twin = find_setting(place, s->param);
		if (s->param < 0)
			say_unknown(in, map, i);
		else if (twin)
			NODE_SAY(in, key, "'%s' and '%s' are one parameter: keep one", key->text, twin->key->text);
		else if (choice_read(in, s->param, key->text, node_value(map, i), &s->choice))
			place->n_settings++;
	}
}

/* ---- sweep ---------------------------------------------------------------- */

static void read_sweep(struct manifest_inside *in, const struct node *map, struct place *place)
{
	int count;

	if (!map)
		return;
	if (map->kind != NODE_MAP) {
		NODE_SAY(in, map, "sweep must be a map from parameter to its values, found %s", node_kind_text(map));
		return;
	}
	place->is_partial |= !map->is_sound;
	place->sweep = map;
	count = at_most(in, map, "sweep", map->n, AXES_MAX);
	place->axes = arena_alloc(&in->arena, (size_t)count, sizeof *place->axes);
	for (int i = 0; i < count && map->is_sound && !mistakes_full(&in->ms); i++)
		if (axis_read(in, node_key(map, i), node_value(map, i), &place->axes[place->n_axes]))
			place->n_axes++;
}

/* Files have columns that nobody asked for: two may be called alike until a text uses the name (uses.c). */
static bool is_free(const struct axis *axis, const struct column *c)
{
	return axis->file && c->param < 0;
}

/* One name said twice at one place: by params and an axis, or by two axes. */
static void check_once(struct manifest_inside *in, const struct place *place, int a, const struct column *c)
{
	const char *name = place->axes[a].file ? c->name : c->key->text;

	for (int i = 0; i < place->n_settings; i++) {
		const struct setting *s = &place->settings[i];

		if (s->param == c->param && place->axes[a].file)
			NODE_SAY(in, c->key, "'%s' has one value under params (line %d), and is a column of %s too: keep one, or choose columns with use", name,
				 s->key->line, file_name_of(place->axes[a].value));
		else if (s->param == c->param)
			NODE_SAY(in, c->key, "'%s' has one value under params (line %d) and many here: keep one of the two", name, s->key->line);
	}
	for (int b = 0; b < a && !c->is_label && !is_free(&place->axes[a], c); b++)
		for (int k = 0; k < place->axes[b].n_columns; k++)
			if (!strcmp(place->axes[b].columns[k].name, c->name) && !is_free(&place->axes[b], &place->axes[b].columns[k]))
				NODE_SAY(in, c->key, "'%s' is swept twice, first in line %d: keep one", name,
					 place->axes[b].columns[k].key->line);
}

static void check_axes(struct manifest_inside *in, const struct place *place)
{
	for (int a = 0; a < place->n_axes; a++)
		for (int c = 0; c < place->axes[a].n_columns; c++)
			check_once(in, place, a, &place->axes[a].columns[c]);
}

/* ---- exclude, takes, tags -------------------------------------------------- */

static void read_exclude(struct manifest_inside *in, const struct node *n, struct place *place)
{
	int count = !n ? 0 : n->kind == NODE_LIST ? at_most(in, n, "exclude", n->n, EXCLUSIONS_MAX) : 1;

	place->exclusions = arena_alloc(&in->arena, (size_t)count, sizeof *place->exclusions);
	for (int i = 0; i < count; i++) {
		const struct node *item = n->kind == NODE_LIST ? n->items[i] : n;

		if (item->kind != NODE_SCALAR || node_is_null(item))
			NODE_SAY(in, item, "exclude must be a condition as 'temperature >= 1.2 and guidance <= 2', found %s", node_kind_text(item));
		else if (item->has_comment)
			NODE_SAY(in, item, "exclude ends before ' #', which begins a comment in YAML: put the condition in quotes");
		else
			place->exclusions[place->n_exclusions++].node = item;
	}
}

static void read_takes(struct manifest_inside *in, const struct node *n, struct place *place)
{
	int64_t takes;
	struct shown s;

	if (!n)
		return;
	place->takes_node = n;
	if (n->kind == NODE_SCALAR && !n->is_quoted && text_parse_int(n->text, &takes) && takes >= 1 && takes <= TAKES_MAX)
		place->takes = (int)takes;
	else
		NODE_SAY(in, n, "takes must be a whole number from 1 to %d, found %s%s%s", TAKES_MAX, n->kind == NODE_SCALAR ? "'" : "",
			 n->kind == NODE_SCALAR ? show(&s, n->text) : node_kind_text(n),
			 n->kind != NODE_SCALAR ? "" : n->is_quoted ? "' in quotes: write the number without them" : "'");
}

static bool has_tag(const struct place *place, const char *tag)
{
	for (int i = 0; i < place->n_tags; i++)
		if (!strcmp(place->tags[i], tag))
			return true;
	return false;
}

/* The top's tags and then the set's own. */
static void read_tags(struct manifest_inside *in, const struct node *n, struct place *place)
{
	int count = !n ? 0 : n->kind == NODE_LIST ? at_most(in, n, "tags", n->n, TAGS_MAX) : 1;
	const struct place *top = place == &in->top ? NULL : &in->top;
	int inherited = top ? top->n_tags : 0;
	struct shown s;

	place->tags = arena_alloc(&in->arena, (size_t)(count + inherited), sizeof *place->tags);
	for (int i = 0; i < inherited; i++)
		place->tags[place->n_tags++] = top->tags[i];
	for (int i = 0; i < count && !mistakes_full(&in->ms); i++) {
		const struct node *item = n->kind == NODE_LIST ? n->items[i] : n;

		if (item->kind != NODE_SCALAR || node_is_null(item) || !item->text[0])
			NODE_SAY(in, item, "a tag must be a word, found %s", node_kind_text(item));
		else if (strlen(item->text) > TAG_MAX_BYTES)
			NODE_SAY(in, item, "a tag has at most %d bytes, found '%s'", TAG_MAX_BYTES, show(&s, item->text));
		else if (!has_tag(place, item->text))
			place->tags[place->n_tags++] = item->text;
	}
}

void place_read(struct manifest_inside *in, const struct node *map, struct place *place)
{
	int n_before = in->ms.n_mistakes;

	read_params(in, node_find(map, "params"), place);
	read_sweep(in, node_find(map, "sweep"), place);
	check_axes(in, place);
	read_exclude(in, node_find(map, "exclude"), place);
	read_takes(in, node_find(map, "takes"), place);
	read_tags(in, node_find(map, "tags"), place);
	fake_read(in, node_find(map, "fake"), place == &in->top ? &in->no_script : in->top.fake, &place->fake);
	place->is_partial |= in->ms.n_mistakes > n_before || mistakes_full(&in->ms);
}

/* ---- the command line ------------------------------------------------------ */

/* What people try to set that is no parameter. */
static void say_not_set(struct manifest_inside *in, const char *name)
{
	static const struct {
		const char *word, *instead;
	} words[] = {
		{ "output.dir", "--output FOLDER" }, { "dir", "--output FOLDER" }, { "output", "--output FOLDER" },
		{ "backend", "--backend B" }, { "checkpoint", "--checkpoint FOLDER" }, { "exclude", "--select EXPR" },
		{ "run.for", "--for TIME" }, { "for", "--for TIME" }, { "takes", NULL }, { "tags", NULL }, { "name", NULL }, { "run", NULL },
		{ "format", NULL }, { "bits", NULL }, { "rate", NULL }, { "tries", NULL }, { "memory", NULL }, { "credits", NULL },
		{ "sets", NULL }, { "sweep", NULL }, { "params", NULL }, { "fake", NULL }, { "model", NULL }, { "version", NULL },
	};
	const char *meant = card_suggest(in->card, name);
	struct shown s;

	show(&s, name);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].word, name) != 0)
			continue;
		mistake_add(&in->ms, 0, 0, "--set gives parameters only, and '%s' is none: %s%s", s.text, words[i].instead ? "say " : "write it in the manifest",
			    words[i].instead ? words[i].instead : "");
		return;
	}
	if (strchr(name, '.'))
		mistake_add(&in->ms, 0, 0, "--set gives parameters only, and '%s' is none: write it in the manifest", s.text);
	else
		mistake_add(&in->ms, 0, 0, "--set: unknown parameter '%s'%s%s%s", s.text,
			    meant ? ", did you mean '" : ": name one of the model's, as --set seed=7", meant ? meant : "", meant ? "'?" : "");
}

static void read_override(struct manifest_inside *in, const char *arg)
{
	const char *equals = strchr(arg, '=');
	const char *name, *text;
	struct choice *c;
	struct shown s;
	int param;

	if (!equals || equals == arg) {
		mistake_add(&in->ms, 0, 0, "--set: write NAME=VALUE, found '%s'", show(&s, arg));
		return;
	}
	name = arena_strndup(&in->arena, arg, (size_t)(equals - arg));
	text = arena_strdup(&in->arena, equals + 1);
	param = card_find(in->card, name);
	if (param < 0) {
		say_not_set(in, name);
		return;
	}
	c = &in->overrides[param];
	if (c->text)
		mistake_add(&in->ms, 0, 0, "--set %s is given twice: keep one", card_param(in->card, param)->name);
	if (!text_is_utf8(text, strlen(text))) {
		mistake_add(&in->ms, 0, 0, "--set %s: the value is not UTF-8", name);
		return;
	}
	if (value_read(in->card, param, in->backend, text, false, &c->value, &in->why)) {
		mistake_add(&in->ms, 0, 0, "--set: %s %s", name, in->why.buf);
		return;
	}
	c->text = text;
	if (card_param(in->card, param)->type == PARAM_FILE)
		choice_find_input(in, name, c, ".");
}

void overrides_read(struct manifest_inside *in, const struct manifest_overrides *over)
{
	in->overrides = arena_alloc(&in->arena, (size_t)in->n_params, sizeof *in->overrides);
	for (int i = 0; i < over->n_sets; i++)
		read_override(in, over->sets[i]);
}
