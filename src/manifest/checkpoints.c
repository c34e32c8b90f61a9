/*
 * checkpoints: which folders of weights the manifest names, and which versions its jobs ask for.
 *
 * A key of the map is a version that the card knows natively. What a folder holds is
 * known only when it was opened; checkpoints_check compares then.
 */
#include "manifest/inside.h"

#include "base/json_write.h"
#include "base/mem.h"
#include "manifest/lay.h"

#include <string.h>

/* ---- the folders ------------------------------------------------------------------ */

static bool version_is_good(struct manifest_inside *in, const struct node *key)
{
	struct value ignored;

	if (!value_read(in->card, in->version, PARAM_NATIVE, key->text, key->is_quoted, &ignored, &in->why))
		return true;
	NODE_SAY(in, key, "a version of checkpoint %s", in->why.buf);
	return false;
}

static void read_map(struct manifest_inside *in, const struct node *map)
{
	struct manifest_checkpoint *list = arena_alloc(&in->arena, (size_t)map->n, sizeof *list);
	int n = 0;

	if (map->n == 0 || in->version < 0) {
		NODE_SAY(in, map, "checkpoint must be a folder%s, found %s", in->version < 0 ? "" : " or a map from version to folder",
			 map->n ? "a map" : "an empty map");
		in->has_bad_checkpoint = true;
		return;
	}
	for (int i = 0; i < map->n; i++) {
		const struct node *key = node_key(map, i), *dir = scalar_member(in, map, key->text);

		if (!version_is_good(in, key) || !dir)
			in->has_bad_checkpoint = true;
		else
			list[n++] = (struct manifest_checkpoint){ key->text, joined(in, in->base_dir, dir->text), key->line, key->column };
	}
	in->m->checkpoints = list;
	in->m->n_checkpoints = n;
}

static void one_folder(struct manifest_inside *in, const char *dir, int line, int column)
{
	struct manifest_checkpoint *one = arena_alloc(&in->arena, 1, sizeof *one);

	*one = (struct manifest_checkpoint){ NULL, dir, line, column };
	in->m->checkpoints = one;
	in->m->n_checkpoints = 1;
}

static const struct manifest_checkpoint *find_folder(const struct manifest *m, const char *version)
{
	for (int i = 0; i < m->n_checkpoints; i++)
		if (!m->checkpoints[i].version || !strcmp(m->checkpoints[i].version, version))
			return &m->checkpoints[i];
	return NULL;
}

/* The card's default where the map has it, else the only one of a map. */
static void find_default(struct manifest_inside *in)
{
	const struct value *card = &card_param(in->card, in->version)->scope[PARAM_NATIVE].fallback;
	const struct manifest *m = in->m;

	if (card->kind == VALUE_TEXT && find_folder(m, card->as.text))
		in->default_version = card->as.text;
	else if (m->n_checkpoints == 1 && !in->has_bad_checkpoint)
		in->default_version = m->checkpoints[0].version;
}

void checkpoints_read(struct manifest_inside *in, const struct manifest_overrides *over)
{
	const struct node *n = node_find(in->root, "checkpoint");

	if (n && n->kind == NODE_MAP)
		read_map(in, n);
	else if (n && !scalar_member(in, in->root, "checkpoint"))
		in->has_bad_checkpoint = true;
	else if (n)
		one_folder(in, joined(in, in->base_dir, n->text), n->line, n->column);
	if (over->checkpoint)
		one_folder(in, arena_strdup(&in->arena, over->checkpoint), 0, 0);
	if (in->backend == PARAM_NATIVE && in->m->n_checkpoints > 0 && in->m->checkpoints[0].version)
		find_default(in);
}

/* ---- the versions that jobs ask for -------------------------------------------------- */

/* "small, stereo-large" */
static const char *folder_names(struct manifest_inside *in)
{
	strbuf_reset(&in->why);
	for (int i = 0; i < in->m->n_checkpoints; i++)
		strbuf_addf(&in->why, "%s%s", i ? ", " : "", in->m->checkpoints[i].version);
	return in->why.buf;
}

static void say_no_folder(struct manifest_inside *in, const struct manifest_version *want)
{
	const struct node *map = node_find(in->root, "checkpoint");

	if (want->is_default)
		NODE_SAY(in, map, "modelVersion is not said, and checkpoint has no folder of its default '%s', only of %s: say modelVersion under params",
			 want->name, folder_names(in));
	else
		mistake_add(&in->ms, want->line, want->column,
			    "modelVersion '%s' has no folder in checkpoint, which has %s: write '%s: FOLDER' there, or take one of these", want->name,
			    folder_names(in), want->name);
}

static void want(struct manifest_inside *in, const struct manifest_version *version)
{
	struct manifest *m = in->m;
	bool has_map = m->n_checkpoints > 0 || in->has_bad_checkpoint;

	for (int i = 0; i < m->n_versions; i++)
		if (!strcmp(in->versions[i].name, version->name))
			return;
	if (has_map && !find_folder(m, version->name)) {
		if (!in->has_bad_checkpoint)
			say_no_folder(in, version);
		return;
	}
	MEM_GROW(in->versions, m->n_versions, in->cap_versions);
	in->versions[m->n_versions++] = *version;
	m->versions = in->versions;
}

static void want_choice(struct manifest_inside *in, const struct choice *c)
{
	const struct value *card = &card_param(in->card, in->version)->scope[PARAM_NATIVE].fallback;
	struct manifest_version version = { NULL, 0, 0, true };

	if (c && c->text) {
		version = (struct manifest_version){ c->text, c->node ? c->node->line : 0, c->node ? c->node->column : 0, false };
		want(in, &version);
		return;
	}
	version.name = in->default_version ? in->default_version : card->kind == VALUE_TEXT ? card->as.text : "";
	want(in, &version);
}

/* What is excluded counts too: to know it, ids would have to be known. */
static void want_of(struct manifest_inside *in, const struct place *set)
{
	struct layout l;
	bool needs_base;

	lay_axes(in, set, &l);
	needs_base = !l.is_swept[in->version];
	for (int i = 0; i < l.n_lanes; i++) {
		const struct axis *axis = l.lanes[i].axis;

		for (int c = 0; c < axis->n_columns; c++) {
			for (int64_t r = 0; l.lanes[i].params[c] == in->version && r < axis->n_rows; r++) {
				const struct choice *cell = &axis->columns[c].choices[r];

				needs_base |= !cell->text;
				if (cell->text)
					want_choice(in, cell);
			}
		}
	}
	if (needs_base)
		want_choice(in, l.base[in->version]);
}

void checkpoints_want(struct manifest_inside *in)
{
	bool is_one = in->m->n_checkpoints == 1 && !in->m->checkpoints[0].version;

	if (in->backend != PARAM_NATIVE || in->version < 0 || is_one)
		return;
	if (!in->has_sets)
		want_of(in, &in->top);
	for (int i = 0; i < in->n_sets; i++)
		want_of(in, &in->sets[i]);
}

/* ---- what was opened -------------------------------------------------------------------- */

const struct manifest_model *model_find(const struct manifest_inside *in, const char *version)
{
	for (int i = 0; i < in->n_models; i++)
		if (!in->models[i].version || !strcmp(in->models[i].version, version))
			return &in->models[i];
	return NULL;
}

const struct manifest_model *model_of_all(const struct manifest_inside *in)
{
	bool is_one = in->backend == PARAM_NATIVE && in->n_models == 1 && !in->models[0].version && in->models[0].holds;

	return is_one ? &in->models[0] : NULL;
}

bool model_fits(const struct manifest_model *model, const char *version)
{
	/* The card's names for all that is no public model; a public one trained further has the public one's shape. */
	return !strcmp(version, model->holds) || !strcmp(version, model->is_stereo ? "stereo-custom" : "custom");
}

void checkpoints_check(struct manifest_inside *in)
{
	for (int i = 0; i < in->n_models; i++) {
		const struct manifest_model *model = &in->models[i];
		const struct manifest_checkpoint *c;

		if (in->backend != PARAM_NATIVE || !model->version || !model->holds || model_fits(model, model->version))
			continue;
		c = find_folder(in->m, model->version);
		mistake_add(&in->ms, c ? c->line : 0, c ? c->column : 0, "checkpoint '%s' is the folder '%s', which holds '%s': name a folder that holds '%s'",
			    model->version, model->maker.checkpoint, model->holds, model->version);
	}
}

/* ---- the schema --------------------------------------------------------------------------- */

void checkpoints_schema(struct json_writer *w, const struct card *card)
{
	int version = card_find(card, "modelVersion");

	json_open_object(w, "checkpoint");
	json_put_text(w, "description", "Folder of the weights, relative to the manifest; or a map from modelVersion to folder.");
	json_open_array(w, "type");
	json_put_text(w, NULL, "string");
	if (version >= 0)
		json_put_text(w, NULL, "object");
	json_close(w);
	json_put_int(w, "minProperties", 1);
	if (version >= 0) {
		const struct param_scope *scope = &card_param(card, version)->scope[PARAM_NATIVE];

		json_open_object(w, "propertyNames");
		json_open_array(w, "enum");
		for (size_t i = 0; i < scope->n_choices; i++)
			json_put_text(w, NULL, scope->choices[i]);
		json_close(w);
		json_close(w);
	}
	json_open_object(w, "additionalProperties");
	json_put_text(w, "type", "string");
	json_close(w);
	json_close(w);
}
