/*
 * expand: one set's product, combination by combination, into jobs.
 */
#include "manifest/expand.h"

#include "base/text.h"
#include "manifest/template.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The combination that the odometer stands on. */
struct walk {
	struct expansion *x;
	struct manifest_inside *in;
	const struct layout *l;
	int64_t *at;                 /* [n_lanes] */
	const struct choice **from;  /* [n_params]; NULL: not said */
	struct value *values;        /* [n_params] */
	const char **rendered;       /* [n_params]: the latest text of a template */
	struct job_axis *vars;       /* [n_vars] */
	struct strbuf text, path, why;
	struct seen seeds;           /* of the combination's takes so far */
	const char *version;         /* that facts are of */
	int prompt;                  /* index of the parameter; -1: the card has none */
	struct rule_facts facts;
	struct job job;              /* over values and vars */
	int64_t n_excluded;
	bool has_bad_path;
};

/* ---- one combination -------------------------------------------------------------- */

static void set_param(struct walk *w, int param, const struct choice *c)
{
	static const struct value none = VALUE_NONE_INIT;

	w->from[param] = c;
	w->values[param] = c ? c->value : none;
}

static const struct choice *base_choice(const struct walk *w, int param)
{
	const struct choice *c = w->l->base[param];

	return !c && param == w->in->version ? w->x->model_version : c;
}

static void apply_lane(struct walk *w, int k)
{
	const struct lane *lane = &w->l->lanes[k];
	const struct axis *axis = lane->axis;
	int64_t r = w->at[k];

	w->vars[lane->own_var].text = axis->labels ? axis->labels[r] : axis_text(axis, r, 0);
	for (int c = 0; c < axis->n_columns; c++) {
		const struct choice *choice = lane->params[c] >= 0 ? &axis->columns[c].choices[r] : NULL;

		if (choice)
			set_param(w, lane->params[c], choice->text ? choice : base_choice(w, lane->params[c]));
		if (lane->vars[c] >= 0)
			w->vars[lane->vars[c]].text = axis_text(axis, r, c);
	}
}

/* Turns the fastest lane, and slower ones as it wraps; false after the last combination. */
static bool advance(struct walk *w)
{
	int k = w->l->n_lanes - 1;

	for (; k >= 0; k--) {
		if (++w->at[k] < w->l->lanes[k].axis->n_rows)
			break;
		w->at[k] = 0;
	}
	for (int i = k < 0 ? 0 : k; i < w->l->n_lanes; i++)
		apply_lane(w, i);
	return k >= 0;
}

/* ---- templates --------------------------------------------------------------------- */

static const struct job_axis *find_var(const struct walk *w, const char *name)
{
	bool is_taken = word_is_taken(w->in, name);

	for (int i = 0; i < w->l->n_vars; i++) {
		const char *dot = strchr(w->vars[i].name, '.');

		if (!strcmp(w->vars[i].name, name) || (dot && !is_taken && !strcmp(dot + 1, name)))
			return &w->vars[i];
	}
	return NULL;
}

static const char *variable_text(void *arg, const char *name)
{
	struct walk *w = arg;
	const struct job_axis *var = find_var(w, name);
	const char *dot = strchr(name, '.'), *text;
	int param = card_find(w->in->card, dot ? dot + 1 : name);

	if (!var && dot && !strcmp(dot, ".label"))
		var = find_var(w, arena_strndup(&w->in->arena, name, (size_t)(dot - name)));
	text = var ? var->text : NULL;
	if (var)
		return text;
	if (!strcmp(name, "take"))
		text = "1";
	if (!text && param >= 0) {
		struct value v = job_value(&w->job, param);

		strbuf_reset(&w->why);
		value_print(&w->why, &v);
		text = v.kind == VALUE_NONE ? NULL : w->why.buf;
	}
	return text;
}

/* A parameter that the sentence speaks of is a file's column, whose cell is empty in this row. */
static bool say_empty_cell(struct walk *w, const char *sentence)
{
	for (int k = 0; k < w->l->n_lanes; k++) {
		const struct lane *lane = &w->l->lanes[k];
		const struct axis *axis = lane->axis;

		for (int c = 0; c < axis->n_columns && axis->file; c++) {
			if (lane->params[c] < 0 || axis->columns[c].choices[w->at[k]].text || !strstr(sentence, axis->columns[c].name))
				continue;
			file_say(w->in, axis->value, axis->file->lines[axis_file_row(axis, w->at[k])], "%s ('%s' is empty here)", sentence,
				 axis->file->columns[axis->columns[c].in_file].name);
			return true;
		}
	}
	return false;
}

/* Something lacks that nobody named. Where rows come from a file, it may stand there under another name. */
static void say_of_set(struct walk *w, const char *sentence)
{
	const struct place *set = w->l->set;
	const struct axis *axis = NULL;

	for (int k = 0; k < w->l->n_lanes && !axis; k++)
		axis = w->l->lanes[k].axis->file ? w->l->lanes[k].axis : NULL;
	mistake_add(&w->in->ms, set->line, set->column, "%s%s%s%s%s%s%s", *set->name ? "set '" : "", set->name, *set->name ? "': " : "", sentence,
		    axis ? " (or a column of the file that '" : "", axis ? axis->name : "", axis ? "' names: use: {prompt: COLUMN})" : "");
}

static void say_choice(struct walk *w, const struct choice *c, const char *sentence)
{
	if (c && c->node)
		choice_say(w->in, c, "%s", sentence);
	else if (c)
		mistake_add(&w->in->ms, 0, 0, "%s", sentence);
	else if (!say_empty_cell(w, sentence))
		say_of_set(w, sentence);
}

/* The variable is a file's column, whose cell is empty in this row. */
static bool say_empty_variable(struct walk *w, const char *name)
{
	for (int k = 0; k < w->l->n_lanes; k++) {
		const struct axis *axis = w->l->lanes[k].axis;

		for (int c = 0; c < axis->n_columns && axis->file; c++) {
			const struct column *column = &axis->columns[c];

			if (column->param >= 0 || (strcmp(column->name, name) != 0 && strcmp(column->full_name, name) != 0))
				continue;
			file_say(w->in, axis->value, axis->file->lines[axis_file_row(axis, w->at[k])],
				 "'%s' is empty here, and a text uses {%s}: write it, or leave the row out with where",
				 axis->file->columns[column->in_file].name, name);
			return true;
		}
	}
	return false;
}

static void render(struct walk *w, int param)
{
	const struct choice *c = w->from[param];
	char name[TEMPLATE_NAME_MAX + 1];

	strbuf_reset(&w->text);
	if (template_render(c->text, variable_text, w, &w->text, name)) {
		if (say_empty_variable(w, name))
			return;
		strbuf_reset(&w->text);
		strbuf_addf(&w->text, "{%s} has no value in some row of its table: write one in each row", name);
		say_choice(w, c, w->text.buf);
		return;
	}
	if (!w->rendered[param] || strcmp(w->rendered[param], w->text.buf) != 0)
		w->rendered[param] = arena_strdup(&w->in->arena, w->text.buf);
	w->values[param].as.text = w->rendered[param];
}

static void render_all(struct walk *w)
{
	for (int i = 0; i < w->in->n_params; i++)
		if (w->from[i] && w->from[i]->is_template)
			render(w, i);
}

/* ---- rules ---------------------------------------------------------------------------- */

static void on_broken_rule(void *arg, int index, const char *sentence)
{
	struct walk *w = arg;

	say_choice(w, index >= 0 ? w->from[index] : NULL, sentence);
}

/* Who makes the combination, and what rules may say of the weights. */
static void pick_model(struct walk *w)
{
	struct manifest_inside *in = w->in;
	struct value v = VALUE_NONE_INIT;
	const struct manifest_model *model;
	const char *version;

	if (in->version >= 0)
		v = job_value(&w->job, in->version);
	version = v.kind == VALUE_TEXT ? v.as.text : "";
	if (version == w->version)
		return;
	w->version = version;
	model = model_find(in, version);
	w->job.maker = model ? &model->maker : &in->stand_in;
	w->facts.backend = in->backend;
	if (model && model->holds) {
		w->facts.is_melody = model->is_melody;
		w->facts.is_stereo = model->is_stereo;
		return;
	}
	/* Natively the default depends on the checkpoint; while nobody knows it, no rule may speak of it. */
	rule_facts_from_version(&w->facts, in->version >= 0 && in->backend == PARAM_NATIVE && !w->from[in->version] ? "" : version);
}

static void check_rules(struct walk *w)
{
	pick_model(w);
	rules_check(w->in->card, w->values, &w->facts, on_broken_rule, w);
}

/* ---- jobs ------------------------------------------------------------------------------ */

static void give_input(const struct walk *w, struct job *job)
{
	job->input_path = job->input_sha256 = NULL;
	for (int i = 0; i < w->in->n_params && !job->input_path; i++) {
		if (!w->from[i] || !w->from[i]->input)
			continue;
		job->input_path = w->from[i]->input->path;
		job->input_sha256 = w->from[i]->input->sha256;
	}
}

static bool same_seed(const void *arg, int64_t value)
{
	return *(const int64_t *)arg == value;
}

#define SEED_MAX INT64_C(2147483647) /* DESIGN section 3: derived seeds are 1..2^31-1 */

/*
 * Of 50,000 takes two have one derived seed by chance: the later take moves on to the next free one. It
 * depends on earlier takes alone, so that growing takes moves none. Excluded takes count too.
 */
static double derive_seed(struct walk *w)
{
	int64_t seed = job_derived_seed(&w->job, w->job.take);

	while (w->l->takes > 1 && seen_put(&w->seeds, seen_hash(&seed, sizeof seed), seed, same_seed, &seed) >= 0)
		seed = seed % SEED_MAX + 1;
	return (double)seed;
}

/* Only the first wrong path of a set is said: the others are wrong alike. */
static void say_path(struct walk *w, const char *sentence)
{
	const struct node *n = w->in->output_name;
	const struct place *set = w->l->set;

	if (!w->has_bad_path)
		mistake_add(&w->in->ms, n ? n->line : set->line, n ? n->column : set->column, "%s", sentence);
	w->has_bad_path = true;
}

/* Is path[at..at + len) a part of the job's id that the template put there? */
static bool comes_from_id(const char *path, size_t at, size_t len, const char id[JOB_ID_SIZE])
{
	for (size_t o = 0; o + len <= JOB_ID_CHARS; o++)
		if (o <= at && !memcmp(path + at - o, id, o + len))
			return true;
	return false;
}

/*
 * An id holds "val" or "dev" between digits once in some 20,000, and one such file makes the loader
 * drop all others: there the word is written in capitals, which the loader does not take for one.
 */
static void avoid_splits(struct walk *w, struct job *job, char *path)
{
	char id[JOB_ID_SIZE];
	const char *split;
	size_t at = 0, len;
	struct shown s;

	job_id_text(id, job->id);
	while ((len = split_word(path, &at, &split)) > 0) {
		if (comes_from_id(path, at, len, id)) {
			for (size_t i = at; i < at + len; i++)
				path[i] = (char)(path[i] - 'a' + 'A');
			continue;
		}
		strbuf_reset(&w->text);
		strbuf_addf(&w->text,
			    "the path '%s' holds the word '%.*s', by which Hugging Face's audiofolder puts a file into the split '%s': "
			    "take another name for the set, label or axis, or {id} in output.name",
			    show(&s, path), (int)len, path + at, split);
		say_path(w, w->text.buf);
		return;
	}
}

static void give_path(struct walk *w, struct job *job)
{
	char *path;
	struct shown s;

	strbuf_reset(&w->path);
	if (job_name(job, w->l->name, &w->path, &w->why)) {
		strbuf_reset(&w->text);
		strbuf_addf(&w->text, "output.name '%s' %s", show(&s, w->in->m->output.name), w->why.buf);
		say_path(w, w->text.buf);
		return;
	}
	strbuf_adds(&w->path, audio_format_extension(w->in->m->output.format));
	path = arena_strndup(&w->in->arena, w->path.buf, w->path.len);
	avoid_splits(w, job, path);
	job->path = path;
}

/* seed: derived; 0: it was given. */
static void make_job(struct walk *w, double seed)
{
	struct arena *arena = &w->in->arena;
	struct job *job = &w->x->jobs[w->x->n++];
	struct value *values = arena_alloc(arena, (size_t)w->in->n_params, sizeof *values);
	struct job_axis *axes = arena_alloc(arena, (size_t)w->l->n_vars, sizeof *axes);

	*job = w->job;
	memcpy(values, w->values, (size_t)w->in->n_params * sizeof *values);
	job->values = values;
	for (int i = 0; i < w->l->n_vars; i++) {
		axes[i].name = w->vars[i].name;
		axes[i].text = w->vars[i].text ? w->vars[i].text : "";
	}
	job->axes = axes;
	if (w->prompt >= 0 && w->from[w->prompt] && w->from[w->prompt]->node) {
		job->prompt_line = w->from[w->prompt]->node->line;
		job->prompt_column = w->from[w->prompt]->node->column;
	}
	if (seed > 0) {
		values[w->in->seed].as.number = seed;
		values[w->in->seed].kind = VALUE_NUMBER;
	}
	job_identify(job);
	give_path(w, job);
}

/* DESIGN section 3: a hosted model may take a seed of 0 for none, as it does -1. */
static void warn_of_seed(struct walk *w)
{
	const struct choice *c = w->from[w->in->seed];
	const struct node *n = c ? c->node : NULL;

	if (w->in->backend != PARAM_SCENARIO || !c || c->value.kind != VALUE_NUMBER || c->value.as.number != 0)
		return;
	mistake_warn(&w->in->ms, n ? n->line : 0, n ? n->column : 0,
		     "a seed of 0 may mean 'random' to the hosted service, and such a sound cannot be asked for again: take one from 1");
}

static void make_takes(struct walk *w)
{
	bool is_derived = w->in->seed >= 0 && w->values[w->in->seed].kind == VALUE_NONE;
	int n = w->l->takes;
	double seed;

	if (w->in->seed >= 0)
		warn_of_seed(w);
	seen_clear(&w->seeds);
	give_input(w, &w->job);
	for (int take = 1; take <= n; take++) {
		w->job.take = take;
		if (n > 1)
			w->vars[w->l->n_vars - 1].text = arena_printf(&w->in->arena, "%d", take);
		seed = is_derived ? derive_seed(w) : 0;
		if (exclusions_hold(&w->in->top, w->l->set, &w->job))
			w->n_excluded++;
		else
			make_job(w, seed);
	}
}

/* ---- a set ------------------------------------------------------------------------------- */

static const char *arithmetic(struct walk *w, int64_t n_jobs)
{
	const struct layout *l = w->l;
	char count[32];

	strbuf_reset(&w->text);
	text_count(count, sizeof count, n_jobs, "job");
	for (int i = 0; i < l->n_lanes; i++)
		strbuf_addf(&w->text, "%s%s %" PRId64, i ? " x " : "", l->lanes[i].axis->name, l->lanes[i].axis->n_rows);
	if (l->takes > 1)
		strbuf_addf(&w->text, "%stakes %d", l->n_lanes ? " x " : "", l->takes);
	if (w->text.len > 0)
		strbuf_adds(&w->text, " = ");
	if (w->n_excluded > 0)
		strbuf_addf(&w->text, "%" PRId64 ", %" PRId64 " excluded, ", l->n_combinations, w->n_excluded);
	strbuf_adds(&w->text, count);
	return arena_strdup(&w->in->arena, w->text.buf);
}

static void begin(struct walk *w, struct expansion *x, const struct layout *l)
{
	size_t n_params = (size_t)x->in->n_params;
	struct arena *arena = &x->in->arena;

	memset(w, 0, sizeof *w);
	w->x = x;
	w->in = x->in;
	w->l = l;
	w->at = arena_alloc(arena, (size_t)l->n_lanes, sizeof *w->at);
	w->from = arena_alloc(arena, n_params, sizeof *w->from);
	w->values = arena_alloc(arena, n_params, sizeof *w->values);
	w->rendered = arena_alloc(arena, n_params, sizeof *w->rendered);
	w->vars = arena_alloc(arena, (size_t)l->n_vars, sizeof *w->vars);
	if (l->n_vars > 0)
		memcpy(w->vars, l->vars, (size_t)l->n_vars * sizeof *w->vars);
	strbuf_init(&w->text, MANIFEST_BYTES_MAX);
	strbuf_init(&w->path, WHY_MAX);
	strbuf_init(&w->why, MANIFEST_BYTES_MAX);
	w->job.card = x->in->card;
	w->job.maker = &x->in->stand_in; /* until pick_model */
	w->job.values = w->values;
	w->job.set = l->set->name;
	w->job.axes = w->vars;
	w->job.n_axes = l->n_vars;
	w->job.tags = l->set->tags;
	w->job.n_tags = l->set->n_tags;
	w->job.fake = l->set->fake;
	w->job.line = l->set->line;
	w->has_bad_path = x->in->has_bad_name;
	w->prompt = card_find(x->in->card, "prompt");
	for (int i = 0; i < x->in->n_params; i++)
		set_param(w, i, base_choice(w, i));
	for (int i = 0; i < l->n_lanes; i++)
		apply_lane(w, i);
}

void expand_set(struct expansion *x, const struct layout *l, struct manifest_count *count)
{
	struct walk w;
	int64_t before = x->n;

	begin(&w, x, l);
	if (l->takes > 1)
		w.vars[l->n_vars - 1].text = "1";
	do {
		render_all(&w);
		check_rules(&w);
		make_takes(&w);
	} while (advance(&w) && !mistakes_full(&x->in->ms));
	count->set = l->set->name;
	count->n_jobs = x->n - before;
	count->arithmetic = arithmetic(&w, count->n_jobs);
	if (count->n_jobs == 0)
		mistake_add(&x->in->ms, l->set->line, l->set->column, "exclude removes all %" PRId64 " combinations of %s: loosen it",
			    l->n_combinations, place_title(x->in, l->set));
	seen_release(&w.seeds);
	strbuf_release(&w.text);
	strbuf_release(&w.path);
	strbuf_release(&w.why);
}
