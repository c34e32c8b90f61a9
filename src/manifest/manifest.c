/*
 * manifest: the calling sequence of the room. See manifest.h.
 */
#include "manifest/manifest.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "manifest/expand.h"
#include "manifest/inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Hands the list out, in the order of places. */
static void publish(struct manifest_inside *in)
{
	struct manifest *m = in->m;

	file_say_rest(in);
	mistakes_sort(&in->ms);
	m->mistakes = arena_alloc(&in->arena, (size_t)in->ms.n + 1, sizeof *m->mistakes);
	memcpy(m->mistakes, in->ms.list, (size_t)in->ms.n * sizeof *m->mistakes);
	m->n_mistakes = in->ms.n_mistakes;
	m->n_warnings = in->ms.n_warnings;
	if (mistakes_full(&in->ms)) {
		m->mistakes[in->ms.n].text = "there are more mistakes than these: mend them first";
		m->n_mistakes++;
	}
}

/* ---- reading -------------------------------------------------------------------- */

static void read_set(struct manifest_inside *in, const struct node *key, const struct node *value)
{
	static const char *const keys[] = { "params", "sweep", "exclude", "takes", "tags", "fake", NULL };
	struct place *set = &in->sets[in->n_sets];
	struct shown s;

	if (!name_is_good(key->text)) {
		NODE_SAY(in, key, "a set's name must begin with a letter or digit and be of a-z, A-Z, 0-9, '-' and '_' alone, at most %d of them, found '%s'", NAME_MAX_BYTES,
			 show(&s, key->text));
		return;
	}
	set->name = key->text;
	set->line = key->line;
	set->column = key->column;
	if (value->kind != NODE_MAP) {
		NODE_SAY(in, value, "set '%s' must be a map with params and sweep, found %s: write {} for one that adds nothing", key->text,
			 node_kind_text(value));
		return;
	}
	in->n_sets++;
	keys_check(in, value, arena_printf(&in->arena, "set '%s'", key->text), keys, false);
	place_read(in, value, set);
	set->is_partial |= !value->is_sound;
}

static void read_sets(struct manifest_inside *in)
{
	const struct node *sets = node_find(in->root, "sets");

	if (!sets)
		return;
	in->has_sets = true;
	if (sets->kind != NODE_MAP || sets->n == 0) {
		NODE_SAY(in, sets, "sets must be a map from name to set, found %s: write its sets, or remove it",
			 sets->kind == NODE_MAP ? "an empty one" : node_kind_text(sets));
		return;
	}
	in->sets = arena_alloc(&in->arena, (size_t)sets->n, sizeof *in->sets);
	for (int i = 0; i < sets->n && sets->is_sound && !mistakes_full(&in->ms); i++)
		read_set(in, node_key(sets, i), node_value(sets, i));
}

static void read_places(struct manifest_inside *in)
{
	in->top.name = "";
	in->top.line = in->root->line;
	in->top.column = in->root->column;
	place_read(in, in->root, &in->top);
	in->top.is_partial |= !in->root->is_sound;
	read_sets(in);
	uses_check(in);
	exclusions_read(in);
}

static void read_root(struct manifest_inside *in, const struct manifest_overrides *over)
{
	if (!in->root) {
		mistake_add(&in->ms, 0, 0, "the manifest is empty: begin it with 'version: 1' and write params and sweep");
		return;
	}
	if (in->root->kind != NODE_MAP) {
		NODE_SAY(in, in->root, "a manifest is a map that begins with 'version: 1', found %s", node_kind_text(in->root));
		in->root = NULL;
		return;
	}
	settings_read_head(in, over);
	overrides_read(in, over);
	settings_read_rest(in, over);
	read_places(in);
	checkpoints_want(in);
	if (!in->m->output.name)
		in->m->output.name = in->has_sets ? "{set}/{axes}" : "{axes}";
}

static struct manifest_inside *new_inside(const char *path, bool is_stream, const struct card *card, const struct manifest_overrides *over)
{
	struct manifest_inside *in = mem_zalloc(1, sizeof *in);
	char *dir = fs_dirname(is_stream ? "" : path);

	in->m = arena_alloc(&in->arena, 1, sizeof *in->m);
	in->m->inside = in;
	in->m->path = arena_strdup(&in->arena, path);
	in->m->card = in->card = card;
	in->m->name = in->m->output.dir = "";
	in->m->run.credits = -1;
	in->base_dir = arena_strdup(&in->arena, dir);
	in->is_stream = is_stream;
	in->n_params = card_n_params(card);
	in->seed = card_find(card, "seed");
	in->version = card_find(card, "modelVersion");
	in->jobs_max = over->jobs_max > 0 && over->jobs_max < JOBS_MAX ? over->jobs_max : JOBS_MAX;
	in->m->output.bits = 16;
	in->m->run.tries = 3;
	mistakes_init(&in->ms, &in->arena);
	strbuf_init(&in->why, WHY_MAX);
	free(dir);
	return in;
}

static struct manifest *read_text(const char *path, bool is_stream, const char *text, size_t len, const struct card *card,
				  const struct manifest_overrides *over)
{
	static const struct manifest_overrides none;
	struct manifest_inside *in = new_inside(path, is_stream, card, over ? over : &none);

	in->m->text = arena_strndup(&in->arena, text, len);
	in->m->text_len = len;
	if (yaml_tree_read(in->m->text, len, &in->arena, &in->ms, &in->root) == 0)
		read_root(in, over ? over : &none);
	else
		in->root = NULL;
	publish(in);
	return in->m;
}

int manifest_read_text(struct manifest **ret, const char *path, const char *text, size_t len, const struct card *card,
		       const struct manifest_overrides *over, struct err *err)
{
	(void)err;
	*ret = read_text(path, false, text, len, card, over);
	return 0;
}

/* A pipe, or a file by way of a descriptor (/dev/stdin, a shell's <(..)): neither its folder nor its name is the manifest's own. */
static bool is_stream(const char *path)
{
	return !strcmp(path, "/dev/stdin") || text_starts_with(path, "/dev/fd/") || text_starts_with(path, "/proc/") || !fs_is_file(path);
}

int manifest_read(struct manifest **ret, const char *path, const struct card *card, const struct manifest_overrides *over, struct err *err)
{
	const char *from = strcmp(path, "-") ? path : "/dev/stdin";
	struct strbuf text = STRBUF_INIT(MANIFEST_BYTES_MAX);
	int rc;

	if (fs_is_dir(from))
		return err_set(err, ERR_USAGE, "cannot read '%s': it is a folder; name the manifest, a .yaml file", path);
	rc = fs_read(from, &text, err);
	if (rc == 0)
		*ret = read_text(path, is_stream(from), text.buf, text.len, card, over);
	strbuf_release(&text);
	return rc;
}

/* ---- expanding ------------------------------------------------------------------- */

/* Lays out the sets, or the top where there are none. Answers how many can be expanded. */
static int lay_all(struct manifest_inside *in, struct layout *layouts)
{
	int n = 0;

	if (!in->has_sets)
		return lay_out(in, &in->top, layouts);
	for (int i = 0; i < in->n_sets; i++)
		n += lay_out(in, &in->sets[i], &layouts[n]);
	return n;
}

/* The sum over all layouts, or -1 after saying that it is too many. */
static int64_t count_jobs(struct manifest_inside *in, const struct layout *layouts, int n)
{
	int64_t total = 0;

	for (int i = 0; i < n; i++) {
		const struct place *p = layouts[i].set;

		int64_t n_own = layouts[i].n_combinations;
		bool is_alone = n_own > in->jobs_max; /* too many without those before */

		if (n_own > in->jobs_max - total) {
			mistake_add(&in->ms, p->line, p->column,
				    "%s%s %s %" PRId64 " combinations%s, more than the limit of %" PRId64 ": sweep fewer values, or split the manifest",
				    place_title(in, p), is_alone ? "" : " and those before it", is_alone ? "has" : "have",
				    is_alone ? n_own : n_own + total, n_own == INT64_MAX ? " or more" : "", in->jobs_max);
			return -1;
		}
		total += n_own;
	}
	return total;
}

/* modelVersion's default while no checkpoint says what it is: no rule about versions speaks of this one. */
#define STAND_IN_VERSION "custom"

static void copy_models(struct manifest_inside *in, const struct manifest_model *models, int n)
{
	in->models = arena_alloc(&in->arena, (size_t)n, sizeof *in->models);
	in->n_models = n;
	for (int i = 0; i < n; i++) {
		struct manifest_model *model = &in->models[i];

		*model = models[i];
		model->maker.text = arena_strdup(&in->arena, models[i].maker.text);
		model->maker.checkpoint = models[i].maker.checkpoint ? arena_strdup(&in->arena, models[i].maker.checkpoint) : NULL;
		model->version = models[i].version ? arena_strdup(&in->arena, models[i].version) : NULL;
		model->holds = models[i].holds ? arena_strdup(&in->arena, models[i].holds) : NULL;
	}
	in->stand_in = (struct job_maker){ in->backend, "none", NULL };
}

/* What stands where nobody says modelVersion, when it is not the card's default. */
static const struct choice *default_version(struct manifest_inside *in)
{
	const struct manifest_model *model = model_of_all(in);
	bool is_unopened = in->backend == PARAM_NATIVE && in->n_models == 0;
	const char *version = model ? model->holds : in->default_version;
	struct choice *c;

	if (!version && is_unopened)
		version = STAND_IN_VERSION;
	if (!version || in->version < 0)
		return NULL;
	c = arena_alloc(&in->arena, 1, sizeof *c);
	c->text = c->value.as.text = version;
	c->value.kind = VALUE_TEXT;
	return c;
}

static void expand_all(struct expansion *x, const struct layout *layouts, int n)
{
	struct manifest *m = x->in->m;

	m->counts = arena_alloc(&x->in->arena, (size_t)n, sizeof *m->counts);
	for (int i = 0; i < n && !mistakes_full(&x->in->ms); i++)
		expand_set(x, &layouts[i], &m->counts[m->n_counts++]);
	if (x->in->ms.n_mistakes > 0)
		return;
	order_jobs(x);
	clash_check(x);
	exclusions_check(x->in);
}

int manifest_expand(struct manifest *m, const struct manifest_model *models, int n_models, struct err *err)
{
	struct manifest_inside *in = m->inside;
	struct expansion x = { .in = in };
	struct layout *layouts;
	int64_t total;
	int n, rc = 0;

	if (!in->root)
		return 0;
	copy_models(in, models, n_models);
	checkpoints_check(in);
	x.model_version = default_version(in);
	layouts = mem_zalloc((size_t)in->n_sets + 1, sizeof *layouts);
	n = lay_all(in, layouts);
	total = count_jobs(in, layouts, n);
	if (total > 0) {
		x.cap = total;
		x.jobs = mem_try((size_t)total, sizeof *x.jobs);
		if (!x.jobs)
			rc = err_set(err, ERR_MEMORY, "no memory for the %" PRId64 " jobs of '%s': sweep fewer values, or split the manifest", total, m->path);
		else
			expand_all(&x, layouts, n);
	}
	in->jobs = x.jobs;
	if (rc == 0 && in->ms.n_mistakes == 0) {
		m->jobs = x.jobs;
		m->n_jobs = x.n;
	}
	publish(in);
	free(layouts);
	return rc;
}

void manifest_free(struct manifest *m)
{
	struct manifest_inside *in;
	struct arena arena;

	if (!m)
		return;
	in = m->inside;
	seen_release(&in->uses);
	seen_release(&in->input_index);
	seen_release(&in->said_before);
	table_uses_release(in);
	free(in->said);
	free(in->used);
	free(in->versions);
	free(in->inputs);
	free(in->jobs);
	strbuf_release(&in->why);
	arena = in->arena;
	free(in);
	arena_release(&arena);
}
