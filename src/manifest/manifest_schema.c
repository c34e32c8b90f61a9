/*
 * manifest_schema: the JSON Schema (draft-07) by which editors complete and check manifests.
 *
 * Draft-07 because editors' support for later drafts is thin. Names, ranges, choices and help are the card's;
 * the grammar around them is what settings.c, place.c, axis.c and table.c read. A schema sees one value at a time: what joins
 * several (rules, names used in templates, numbers of jobs) only `mgbatch check` can say. A range
 * here is the widest that any backend has.
 */
#include "manifest/inside.h"

#include "base/json_write.h"

#include <string.h>

#define NAME_PATTERN "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"      /* name_is_good */
#define VARIABLE_PATTERN "^[A-Za-z_][A-Za-z0-9_-]*$"         /* axis.c */
#define RANGE_PATTERN "^ *[-+]?[0-9]+(\\.[0-9]+)? *\\.\\. *[-+]?[0-9]+(\\.[0-9]+)?( +by +[-+]?[0-9]+(\\.[0-9]+)?)? *$" /* range.c */

/* ---- pieces ------------------------------------------------------------------- */

static void put_types(struct json_writer *w, const char *const *types)
{
	json_open_array(w, "type");
	for (; *types; types++)
		json_put_text(w, NULL, *types);
	json_close(w);
}

static void put_ref(struct json_writer *w, const char *member, const char *kind, const char *name)
{
	struct strbuf ref = STRBUF_INIT(1024);

	strbuf_addf(&ref, "#/definitions/%s%s%s", kind, name[0] ? "-" : "", name);
	json_open_object(w, member);
	json_put_text(w, "$ref", ref.buf);
	json_close(w);
	strbuf_release(&ref);
}

static void put_scalar(struct json_writer *w, const char *member)
{
	static const char *const types[] = { "string", "number", "boolean", NULL };

	json_open_object(w, member);
	put_types(w, types);
	json_close(w);
}

/* A string or a number, as durations and sizes are written. */
static void put_quantity(struct json_writer *w, const char *member, const char *help)
{
	static const char *const types[] = { "string", "number", NULL };

	json_open_object(w, member);
	json_put_text(w, "description", help);
	put_types(w, types);
	json_close(w);
}

static void put_integer(struct json_writer *w, const char *member, int min, int max, const char *help)
{
	json_open_object(w, member);
	json_put_text(w, "description", help);
	json_put_text(w, "type", "integer");
	json_put_int(w, "minimum", min);
	json_put_int(w, "maximum", max);
	json_close(w);
}

static void put_text(struct json_writer *w, const char *member, const char *pattern, const char *help)
{
	json_open_object(w, member);
	json_put_text(w, "description", help);
	json_put_text(w, "type", "string");
	if (pattern)
		json_put_text(w, "pattern", pattern);
	json_close(w);
}

/* ---- a parameter's value --------------------------------------------------------- */

/* The widest range of all backends; false where one has none. */
static bool widest(const struct param *p, bool is_max, double *ret)
{
	bool has = false;

	for (int b = 0; b < PARAM_N_BACKENDS; b++) {
		const struct param_scope *s = &p->scope[b];
		double v = is_max ? s->max : s->min;

		if (!s->exists)
			continue;
		if (!(is_max ? s->has_max : s->has_min))
			return false;
		if (!has || (is_max ? v > *ret : v < *ret))
			*ret = v;
		has = true;
	}
	return has;
}

static void put_number_bounds(struct json_writer *w, const struct param *p)
{
	double v = 0;

	json_put_text(w, "type", p->type == PARAM_INTEGER ? "integer" : "number");
	if (widest(p, false, &v))
		json_put_number(w, "minimum", v);
	if (widest(p, true, &v))
		json_put_number(w, "maximum", v);
}

static bool is_choice_before(const struct param *p, int backend, const char *choice)
{
	for (int b = 0; b < backend; b++)
		for (size_t i = 0; i < p->scope[b].n_choices; i++)
			if (!strcmp(p->scope[b].choices[i], choice))
				return true;
	return false;
}

static void put_choices(struct json_writer *w, const struct param *p)
{
	json_open_array(w, "enum");
	for (int b = 0; b < PARAM_N_BACKENDS; b++)
		for (size_t i = 0; i < p->scope[b].n_choices; i++)
			if (!is_choice_before(p, b, p->scope[b].choices[i]))
				json_put_text(w, NULL, p->scope[b].choices[i]);
	json_close(w);
}

static void put_text_type(struct json_writer *w, const struct param *p)
{
	static const char *const types[] = { "string", "number", "boolean", NULL };

	if (p->type == PARAM_TEXT)
		put_types(w, types);
	else
		json_put_text(w, "type", "string");
}

static void put_boolean(struct json_writer *w, const struct param *p)
{
	(void)p;
	json_put_text(w, "type", "boolean");
}

static void put_value_type(struct json_writer *w, const struct param *p)
{
	static void (*const put[])(struct json_writer *, const struct param *) = {
		[PARAM_TEXT] = put_text_type,	[PARAM_NUMBER] = put_number_bounds, [PARAM_INTEGER] = put_number_bounds,
		[PARAM_BOOLEAN] = put_boolean, [PARAM_CHOICE] = put_choices,	    [PARAM_FILE] = put_text_type,
	};

	put[p->type](w, p);
}

static void put_value(struct json_writer *w, const char *member, const struct value *v)
{
	if (v->kind == VALUE_NUMBER)
		json_put_number(w, member, v->as.number);
	else if (v->kind == VALUE_BOOL)
		json_put_bool(w, member, v->as.flag);
	else if (v->kind == VALUE_TEXT)
		json_put_text(w, member, v->as.text);
}

/* definitions/value-NAME */
static void put_value_definition(struct json_writer *w, const struct param *p)
{
	struct strbuf name = STRBUF_INIT(1024);

	strbuf_addf(&name, "value-%s", p->name);
	json_open_object(w, name.buf);
	json_put_text(w, "description", p->help);
	put_value(w, "default", &p->scope[PARAM_NATIVE].fallback);
	if (p->not_given.kind == VALUE_NONE) {
		put_value_type(w, p);
	} else {
		json_open_array(w, "anyOf");
		json_open_object(w, NULL);
		put_value_type(w, p);
		json_close(w);
		json_open_object(w, NULL);
		put_value(w, "const", &p->not_given);
		json_close(w);
		json_close(w);
	}
	json_close(w);
	strbuf_release(&name);
}

/* ---- an axis ------------------------------------------------------------------------ */

static void put_range(struct json_writer *w)
{
	json_open_object(w, NULL);
	json_put_text(w, "description", "A range, both ends included: 1..4, or 0.8..1.2 by 0.1.");
	json_put_text(w, "type", "string");
	json_put_text(w, "pattern", RANGE_PATTERN);
	json_close(w);
}

static void put_table(struct json_writer *w)
{
	json_open_object(w, NULL);
	json_put_text(w, "description", "A table: each row sets several names together; label names the row.");
	json_put_text(w, "type", "array");
	json_put_int(w, "minItems", 1);
	put_ref(w, "items", "row", "");
	json_close(w);
}

/* p NULL: a variable's axis. */
static void put_axis_definition(struct json_writer *w, const struct param *p)
{
	struct strbuf name = STRBUF_INIT(1024);

	strbuf_addf(&name, "axis%s%s", p ? "-" : "", p ? p->name : "");
	json_open_object(w, name.buf);
	json_put_text(w, "description", p ? p->help : "A variable for {templates}: a list, a range or a table.");
	json_open_array(w, "oneOf");
	json_open_object(w, NULL);
	json_put_text(w, "type", "array");
	json_put_int(w, "minItems", 1);
	json_put_bool(w, "uniqueItems", true);
	if (p)
		put_ref(w, "items", "value", p->name);
	else
		put_scalar(w, "items");
	json_close(w);
	put_table(w);
	if (!p || p->type == PARAM_NUMBER || p->type == PARAM_INTEGER)
		put_range(w);
	json_close(w);
	json_close(w);
	strbuf_release(&name);
}

/* ---- maps over the parameters ------------------------------------------------------------ */

/* A member per name and alias. */
static void put_params(struct json_writer *w, const struct card *card, const char *kind)
{
	for (int i = 0; i < card_n_params(card); i++) {
		const struct param *p = card_param(card, i);

		put_ref(w, p->name, kind, p->name);
		if (p->alias)
			put_ref(w, p->alias, kind, p->name);
	}
}

/* A name and its alias are one parameter. */
static void put_not_both(struct json_writer *w, const struct card *card)
{
	json_open_array(w, "allOf");
	json_open_object(w, NULL); /* draft-07 wants at least one */
	json_close(w);
	for (int i = 0; i < card_n_params(card); i++) {
		const struct param *p = card_param(card, i);

		if (!p->alias)
			continue;
		json_open_object(w, NULL);
		json_open_object(w, "not");
		json_open_array(w, "required");
		json_put_text(w, NULL, p->name);
		json_put_text(w, NULL, p->alias);
		json_close(w);
		json_close(w);
		json_close(w);
	}
	json_close(w);
}

static void put_maps(struct json_writer *w, const struct card *card)
{
	json_open_object(w, "params");
	json_put_text(w, "description", "One value each.");
	json_put_text(w, "type", "object");
	put_not_both(w, card);
	json_put_bool(w, "additionalProperties", false);
	json_open_object(w, "properties");
	put_params(w, card, "value");
	json_close(w);
	json_close(w);

	json_open_object(w, "sweep");
	json_put_text(w, "description", "Many values each: the product of all, the first varies slowest.");
	json_put_text(w, "type", "object");
	put_not_both(w, card);
	json_open_object(w, "propertyNames");
	json_put_text(w, "pattern", VARIABLE_PATTERN);
	json_close(w);
	put_ref(w, "additionalProperties", "axis", "");
	json_open_object(w, "properties");
	put_params(w, card, "axis");
	json_close(w);
	json_close(w);

	json_open_object(w, "row");
	json_put_text(w, "type", "object");
	json_put_int(w, "minProperties", 1);
	put_not_both(w, card);
	put_scalar(w, "additionalProperties");
	json_open_object(w, "properties");
	put_scalar(w, "label");
	put_params(w, card, "value");
	json_close(w);
	json_close(w);
}

/* ---- the rest of the grammar ---------------------------------------------------------------- */

/* One text or a list of texts. */
static void put_texts(struct json_writer *w, const char *member, const char *help)
{
	static const char *const types[] = { "string", "number", "boolean", "array", NULL };

	json_open_object(w, member);
	json_put_text(w, "description", help);
	put_types(w, types);
	put_scalar(w, "items");
	json_close(w);
}

static void put_fake(struct json_writer *w)
{
	json_open_object(w, "fake");
	json_put_text(w, "description", "How the fake backend plays jobs; it makes no music and tests the runner.");
	json_put_text(w, "type", "object");
	json_put_bool(w, "additionalProperties", false);
	json_open_object(w, "properties");
	put_quantity(w, "delay", "Work time of a job, as 20ms.");
	json_open_object(w, "fail");
	json_put_text(w, "description", "Class of the failure.");
	json_open_array(w, "enum");
	for (int c = FAIL_NONE + 1; c < FAIL_N_CLASSES; c++)
		json_put_text(w, NULL, fail_class_name((enum fail_class)c));
	json_close(w);
	json_close(w);
	put_integer(w, "times", 0, FAKE_TIMES_MAX, "How many tries fail; 0 or not said: all.");
	put_integer(w, "crash", 0, FAKE_TIMES_MAX, "How many times the program dies over the job.");
	json_close(w);
	json_open_object(w, "dependencies");
	json_open_array(w, "times");
	json_put_text(w, NULL, "fail");
	json_close(w);
	json_close(w);
	json_close(w);
}

/* What the top and a set have alike. */
static void put_common(struct json_writer *w)
{
	static const char *const texts[] = { "string", "array", NULL };

	put_ref(w, "params", "params", "");
	put_ref(w, "sweep", "sweep", "");
	json_open_object(w, "exclude");
	json_put_text(w, "description", "Combinations that are left out, as temperature >= 1.2 and guidance <= 2; of a list, any.");
	put_types(w, texts);
	json_open_object(w, "items");
	json_put_text(w, "type", "string");
	json_close(w);
	json_close(w);
	put_integer(w, "takes", 1, TAKES_MAX, "Jobs per combination, each with its own derived seed.");
	put_texts(w, "tags", "Words that reports carry.");
	put_ref(w, "fake", "fake", "");
}

static void put_output(struct json_writer *w)
{
	json_open_object(w, "output");
	json_put_text(w, "type", "object");
	json_put_bool(w, "additionalProperties", false);
	json_open_object(w, "properties");
	put_text(w, "dir", NULL, "Folder, relative to the manifest; out/NAME unless said.");
	put_text(w, "name", NULL, "Template of paths in it: {set} {axes} {take} {id} {id:2} {seed:04} {temperature:.2f} {axis} {axis.column}.");
	json_open_object(w, "format");
	json_put_text(w, "default", audio_format_name(AUDIO_WAV));
	json_open_array(w, "enum");
	for (int f = 0; f < AUDIO_N_FORMATS; f++)
		json_put_text(w, NULL, audio_format_name((enum audio_format)f));
	json_close(w);
	json_close(w);
	json_open_object(w, "bits");
	json_put_int(w, "default", 16);
	json_open_array(w, "enum");
	json_put_int(w, NULL, 16);
	json_put_int(w, NULL, 24);
	json_close(w);
	json_close(w);
	json_close(w);
	json_close(w);
}

static void put_run(struct json_writer *w)
{
	json_open_object(w, "run");
	json_put_text(w, "type", "object");
	json_put_bool(w, "additionalProperties", false);
	json_open_object(w, "properties");
	put_quantity(w, "for", "Start no job after this time, as 6h.");
	put_integer(w, "tries", 1, TRIES_MAX, "Tries of a job in all; 3 unless said.");
	put_quantity(w, "memory", "For weights and all the rest, as 6G; 80 % of what is free unless said.");
	json_open_object(w, "credits");
	json_put_text(w, "description", "What a hosted run may cost at most.");
	json_put_text(w, "type", "number");
	json_put_int(w, "minimum", 0);
	json_close(w);
	json_close(w);
	json_close(w);
}

static void put_set_definition(struct json_writer *w)
{
	json_open_object(w, "set");
	json_put_text(w, "type", "object");
	json_put_bool(w, "additionalProperties", false);
	json_open_object(w, "properties");
	put_common(w);
	json_close(w);
	json_close(w);
}

static void put_backend(struct json_writer *w)
{
	json_open_object(w, "backend");
	json_put_text(w, "description", "Who makes the music; native unless said.");
	json_put_text(w, "default", param_backend_name(PARAM_NATIVE));
	json_open_array(w, "enum");
	json_put_text(w, NULL, param_backend_name(PARAM_NATIVE));
	json_put_text(w, NULL, param_backend_name(PARAM_FAKE));
	json_close(w);
	json_close(w);
}

static void put_top(struct json_writer *w, const struct card *card)
{
	json_open_object(w, "properties");
	json_open_object(w, "version");
	json_put_text(w, "description", "Of this grammar: 1.");
	json_put_int(w, "const", 1);
	json_close(w);
	put_text(w, "name", NAME_PATTERN, "Of the manifest; the file's name unless said.");
	json_open_object(w, "model");
	json_put_text(w, "const", card_model(card));
	json_close(w);
	put_backend(w);
	put_text(w, "checkpoint", NULL, "Folder of the weights, relative to the manifest.");
	put_common(w);
	json_open_object(w, "sets");
	json_put_text(w, "description", "Named groups of jobs, each with its own params and sweep.");
	json_put_text(w, "type", "object");
	json_put_int(w, "minProperties", 1);
	json_open_object(w, "propertyNames");
	json_put_text(w, "pattern", NAME_PATTERN);
	json_close(w);
	put_ref(w, "additionalProperties", "set", "");
	json_close(w);
	put_output(w);
	put_run(w);
	json_close(w);
}

void manifest_schema(const struct card *card, struct strbuf *out)
{
	struct json_writer w;

	json_begin(&w, out, 2);
	json_open_object(&w, NULL);
	json_put_text(&w, "$schema", "http://json-schema.org/draft-07/schema#");
	json_put_text(&w, "title", "mgbatch manifest");
	json_put_text(&w, "type", "object");
	json_open_array(&w, "required");
	json_put_text(&w, NULL, "version");
	json_close(&w);
	json_put_bool(&w, "additionalProperties", false);
	json_open_object(&w, "patternProperties");
	json_open_object(&w, "^x-");
	json_put_text(&w, "description", "Free, for YAML anchors.");
	json_close(&w);
	json_close(&w);
	put_top(&w, card);
	json_open_object(&w, "definitions");
	put_set_definition(&w);
	put_maps(&w, card);
	for (int i = 0; i < card_n_params(card); i++)
		put_value_definition(&w, card_param(card, i));
	for (int i = 0; i < card_n_params(card); i++)
		put_axis_definition(&w, card_param(card, i));
	put_axis_definition(&w, NULL);
	put_fake(&w);
	json_close(&w);
	json_close(&w);
	strbuf_addc(out, '\n');
}
