/*
 * schema_axes: the definitions of params, sweep and what an axis may be.
 */
#include "manifest/schema.h"

#define VARIABLE_PATTERN "^[A-Za-z_][A-Za-z0-9_-]*$"         /* axis.c */
#define RANGE_PATTERN "^ *[-+]?[0-9]+(\\.[0-9]+)? *\\.\\. *[-+]?[0-9]+(\\.[0-9]+)?( +by +[-+]?[0-9]+(\\.[0-9]+)?)? *$" /* range.c */

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

/* ---- files ------------------------------------------------------------------------------ */

static const struct {
	const char *name, *help, *pattern, *example;
} sources[] = {
	{ "from-lines", "A value a line of a text file, relative to the manifest; blank lines are none.", "\\.[tT][xX][tT]$", "prompts.txt" },
	{ "from-table", "A table: each row of the file sets several names together; its columns are parameters, label, or variables.",
	  "\\.([cC][sS][vV]|[tT][sS][vV]|[jJ][sS][oO][nN][lL])$", "prompts.csv" },
};

static void put_example(struct json_writer *w, const char *name, const char *value, bool has_use)
{
	json_open_array(w, "examples");
	json_open_object(w, NULL);
	json_put_text(w, name, value);
	if (has_use) {
		json_open_object(w, "use");
		json_put_text(w, "prompt", "caption");
		json_close(w);
		json_put_text(w, "where", "genre = jazz and bpm >= 80");
	}
	json_close(w);
	json_close(w);
}

static void put_required(struct json_writer *w, const char *name)
{
	json_open_array(w, "required");
	json_put_text(w, NULL, name);
	json_close(w);
	json_put_bool(w, "additionalProperties", false);
}

static void put_use(struct json_writer *w, const struct card *card)
{
	json_open_object(w, "use");
	json_put_text(w, "description", "Which column sets what, as prompt: caption; then no other column sets anything.");
	json_put_text(w, "type", "object");
	json_put_int(w, "minProperties", 1);
	put_not_both(w, card);
	json_put_bool(w, "additionalProperties", false);
	json_open_object(w, "properties");
	schema_scalar(w, "label");
	for (int i = 0; i < card_n_params(card); i++) {
		schema_scalar(w, card_param(card, i)->name);
		if (card_param(card, i)->alias)
			schema_scalar(w, card_param(card, i)->alias);
	}
	json_close(w);
	json_close(w);
}

/* definitions/from-lines, from-table and from-files */
static void put_sources(struct json_writer *w, const struct card *card)
{
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		bool is_table = i > 0;

		json_open_object(w, sources[i].name);
		json_put_text(w, "description", sources[i].help);
		put_example(w, "file", sources[i].example, is_table);
		json_put_text(w, "type", "object");
		put_required(w, "file");
		json_open_object(w, "properties");
		schema_text(w, "file", sources[i].pattern, sources[i].help);
		if (is_table) {
			put_use(w, card);
			schema_text(w, "where", NULL, "Which rows are kept, as genre = jazz and bpm >= 80; names are the file's columns.");
		}
		json_close(w);
		json_close(w);
	}
	json_open_object(w, "from-files");
	json_put_text(w, "description", "The paths that a pattern matches, sorted; relative to the manifest.");
	put_example(w, "files", "melodies/*.wav", false);
	json_put_text(w, "type", "object");
	put_required(w, "files");
	json_open_object(w, "properties");
	schema_text(w, "files", NULL, "A pattern of * and ? and [a-z], each within one folder.");
	json_close(w);
	json_close(w);
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
	schema_ref(w, "items", "row", "");
	json_close(w);
}

/* p NULL: a variable's axis. */
static void put_axis_definition(struct json_writer *w, const struct param *p)
{
	struct strbuf name = STRBUF_INIT(1024);

	strbuf_addf(&name, "axis%s%s", p ? "-" : "", p ? p->name : "");
	json_open_object(w, name.buf);
	json_put_text(w, "description", p ? p->help : "A variable for {templates}: a list, a range, a table, or a file.");
	json_open_array(w, "oneOf");
	json_open_object(w, NULL);
	json_put_text(w, "type", "array");
	json_put_int(w, "minItems", 1);
	json_put_bool(w, "uniqueItems", true);
	if (p)
		schema_ref(w, "items", "value", p->name);
	else
		schema_scalar(w, "items");
	json_close(w);
	put_table(w);
	if (!p || p->type == PARAM_NUMBER || p->type == PARAM_INTEGER)
		put_range(w);
	schema_ref(w, NULL, "from-lines", "");
	schema_ref(w, NULL, "from-table", "");
	if (!p || p->type == PARAM_FILE)
		schema_ref(w, NULL, "from-files", "");
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

		schema_ref(w, p->name, kind, p->name);
		if (p->alias)
			schema_ref(w, p->alias, kind, p->name);
	}
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
	schema_ref(w, "additionalProperties", "axis", "");
	json_open_object(w, "properties");
	put_params(w, card, "axis");
	json_close(w);
	json_close(w);

	json_open_object(w, "row");
	json_put_text(w, "type", "object");
	json_put_int(w, "minProperties", 1);
	put_not_both(w, card);
	schema_scalar(w, "additionalProperties");
	json_open_object(w, "properties");
	schema_scalar(w, "label");
	put_params(w, card, "value");
	json_close(w);
	json_close(w);
}

void schema_axes(struct json_writer *w, const struct card *card)
{
	put_maps(w, card);
	for (int i = 0; i < card_n_params(card); i++)
		schema_value(w, card_param(card, i));
	for (int i = 0; i < card_n_params(card); i++)
		put_axis_definition(w, card_param(card, i));
	put_axis_definition(w, NULL);
	put_sources(w, card);
}
