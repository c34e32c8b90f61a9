/*
 * schema_values: what a parameter's value may be. A range is the widest that any backend has.
 */
#include "manifest/schema.h"

#include <string.h>

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
		schema_types(w, types);
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

void schema_value(struct json_writer *w, const struct param *p)
{
	struct strbuf name = STRBUF_INIT(1024);

	strbuf_addf(&name, "value-%s", p->name);
	json_open_object(w, name.buf);
	json_put_text(w, "description", p->help);
	value_put(w, "default", &p->scope[PARAM_NATIVE].fallback);
	if (p->not_given.kind == VALUE_NONE) {
		put_value_type(w, p);
	} else {
		json_open_array(w, "anyOf");
		json_open_object(w, NULL);
		put_value_type(w, p);
		json_close(w);
		json_open_object(w, NULL);
		value_put(w, "const", &p->not_given);
		json_close(w);
		json_close(w);
	}
	json_close(w);
	strbuf_release(&name);
}
