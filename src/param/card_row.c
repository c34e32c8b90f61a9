/*
 * card_row: one parameter's row of a card.
 *
 *   name       1..40 letters and digits, the model page's own spelling
 *   alias      accepted in manifests instead
 *   letter     1..3 small letters: how {axes} prints it
 *   type       text number integer boolean choice file
 *   default    what an unsaid value is; neutral must stand beside it
 *   neutral    what is left out of job ids; never changes after release, also when the default does
 *   not_given  a value that means the same as saying nothing
 *   min, max   inclusive; numbers only
 *   choices    choice only
 *   unit, help, also
 *   native, scenario, fake   objects of exists, default, min, max, choices: what differs there; null takes a bound away
 */
#include "param/card_inside.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

static const char *const type_names[] = {
	[PARAM_TEXT] = "text",	     [PARAM_NUMBER] = "number", [PARAM_INTEGER] = "integer",
	[PARAM_BOOLEAN] = "boolean", [PARAM_CHOICE] = "choice", [PARAM_FILE] = "file",
};

static const enum value_kind type_kinds[] = {
	[PARAM_TEXT] = VALUE_TEXT,    [PARAM_NUMBER] = VALUE_NUMBER, [PARAM_INTEGER] = VALUE_NUMBER,
	[PARAM_BOOLEAN] = VALUE_BOOL, [PARAM_CHOICE] = VALUE_TEXT,   [PARAM_FILE] = VALUE_TEXT,
};

enum value_kind param_kind(enum param_type type)
{
	return type_kinds[type];
}

static bool is_number_type(enum param_type type)
{
	return param_kind(type) == VALUE_NUMBER;
}

/* Doubles count without gaps up to here, so that JSON readers keep a seed exact. */
#define INTEGER_MAX 9007199254740991.0

static bool number_admits(const struct param_scope *scope, enum param_type type, double v)
{
	if (!isfinite(v))
		return false;
	if (type == PARAM_INTEGER && (floor(v) != v || fabs(v) > INTEGER_MAX))
		return false;
	return !(scope->has_min && v < scope->min) && !(scope->has_max && v > scope->max);
}

bool scope_admits(const struct param_scope *scope, enum param_type type, const struct value *value)
{
	size_t i;

	if (value->kind != param_kind(type))
		return false;
	if (is_number_type(type))
		return number_admits(scope, type, value->as.number);
	if (type == PARAM_FILE)
		return value->as.text[0] != '\0';
	if (type != PARAM_CHOICE)
		return true;
	for (i = 0; i < scope->n_choices; i++)
		if (strcmp(scope->choices[i], value->as.text) == 0)
			return true;
	return false;
}

static bool is_name(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++) {
		char c = name[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return i > 0;
}

static bool is_letters(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if (s[i] < 'a' || s[i] > 'z')
			return false;
	return i > 0;
}

static int read_words(struct card *card, const struct json *n, struct param *p, struct err *err)
{
	if (card_copy_text(card, n, "name", true, CARD_NAME_MAX, &p->name, err) ||
	    card_copy_text(card, n, "alias", false, CARD_NAME_MAX, &p->alias, err) ||
	    card_copy_text(card, n, "letter", true, 3, &p->name_letter, err) ||
	    card_copy_text(card, n, "unit", false, CARD_NAME_MAX, &p->unit, err) ||
	    card_copy_text(card, n, "help", true, CARD_TEXT_MAX, &p->help, err) ||
	    card_copy_list(card, n, "also", &p->also, &p->n_also, err))
		return -1;
	if (!is_name(p->name) || (p->alias && !is_name(p->alias)))
		return err_set(err, ERR_MANIFEST, "'name' and 'alias' must be letters and digits, a letter first");
	if (!is_letters(p->name_letter))
		return err_set(err, ERR_MANIFEST, "'letter' must be small letters");
	return 0;
}

static int read_type(const struct json *n, enum param_type *ret, struct err *err)
{
	const char *name = json_string(json_member(n, "type"), "");
	size_t i;

	for (i = 0; i < sizeof type_names / sizeof *type_names; i++)
		if (strcmp(type_names[i], name) == 0) {
			*ret = (enum param_type)i;
			return 0;
		}
	return err_set(err, ERR_MANIFEST, "'type' must be text, number, integer, boolean, choice or file, found '%.40s'", name);
}

static int read_bound(const struct json *n, const char *name, enum param_type type, bool *has, double *bound, struct err *err)
{
	const struct json *m = json_member(n, name);

	if (!m)
		return 0;
	if (!is_number_type(type))
		return err_set(err, ERR_MANIFEST, "'%s' is only for numbers", name);
	if (!json_is_number(m) && !json_is_null(m))
		return err_set(err, ERR_MANIFEST, "'%s' must be a number, or null for none", name);
	*has = json_is_number(m);
	*bound = json_number(m, 0);
	return 0;
}

/* What n says, over what scope holds already. */
static int read_scope(struct card *card, const struct json *n, enum param_type type, struct param_scope *scope, struct err *err)
{
	const struct json *exists = json_member(n, "exists"), *fallback = json_member(n, "default");

	if (exists && !json_is_bool(exists))
		return err_set(err, ERR_MANIFEST, "'exists' must be true or false");
	scope->exists = json_bool(exists, scope->exists);
	if (read_bound(n, "min", type, &scope->has_min, &scope->min, err) ||
	    read_bound(n, "max", type, &scope->has_max, &scope->max, err) ||
	    card_copy_list(card, n, "choices", &scope->choices, &scope->n_choices, err))
		return -1;
	if (fallback && card_copy_value(card, fallback, type, "default", &scope->fallback, err))
		return -1;
	if ((type == PARAM_CHOICE) != (scope->n_choices > 0))
		return err_set(err, ERR_MANIFEST, "'choices' and the type choice belong together");
	if (scope->has_min && scope->has_max && scope->min > scope->max)
		return err_set(err, ERR_MANIFEST, "'min' is greater than 'max'");
	if (scope->fallback.kind != VALUE_NONE && !scope_admits(scope, type, &scope->fallback))
		return err_set(err, ERR_MANIFEST, "'default' is outside the range or the choices");
	return 0;
}

static int read_backends(struct card *card, const struct json *n, struct param *p, const struct param_scope *base, struct err *err)
{
	static const char *const known[] = { "exists", "default", "min", "max", "choices", NULL };
	int b;

	for (b = 0; b < PARAM_N_BACKENDS; b++) {
		const char *name = param_backend_name((enum param_backend)b);
		const struct json *m = json_member(n, name);

		p->scope[b] = *base;
		if (m && (card_check_members(m, known, err) || read_scope(card, m, p->type, &p->scope[b], err)))
			return err_wrap(err, "'%s'", name);
		if (p->scope[b].fallback.kind != VALUE_NONE && p->neutral.kind == VALUE_NONE)
			return err_set(err, ERR_MANIFEST, "'%s': a 'default' needs a 'neutral' in the row", name);
		/* A row that is not there has no value there either. */
		if (!p->scope[b].exists)
			p->scope[b].fallback.kind = VALUE_NONE;
	}
	return 0;
}

/*
 * A neutral value without a default would make "said" and "not said" one job;
 * a default without a neutral one would put it in every id, and no later
 * version could change it.
 */
static int read_constants(struct card *card, const struct json *n, struct param *p, const struct param_scope *base, struct err *err)
{
	const struct json *neutral = json_member(n, "neutral"), *not_given = json_member(n, "not_given");

	if (!neutral != (base->fallback.kind == VALUE_NONE))
		return err_set(err, ERR_MANIFEST, "'default' and 'neutral' belong together");
	if (neutral && card_copy_value(card, neutral, p->type, "neutral", &p->neutral, err))
		return -1;
	if (neutral && !scope_admits(base, p->type, &p->neutral))
		return err_set(err, ERR_MANIFEST, "'neutral' is outside the range or the choices");
	if (not_given && !is_number_type(p->type))
		return err_set(err, ERR_MANIFEST, "'not_given' is only for numbers");
	if (not_given && card_copy_value(card, not_given, p->type, "not_given", &p->not_given, err))
		return -1;
	return 0;
}

int card_row_parse(struct card *card, const struct json *n, struct param *ret, struct err *err)
{
	static const char *const known[] = { "name", "alias", "letter",	 "type",	 "default", "neutral",	"not_given", "min", "max",
					     "choices", "unit",	 "help", "also", "native", "scenario", "fake", NULL };
	struct param_scope base = { .exists = true };

	if (card_check_members(n, known, err) || read_words(card, n, ret, err) || read_type(n, &ret->type, err) ||
	    read_scope(card, n, ret->type, &base, err) || read_constants(card, n, ret, &base, err))
		return -1;
	return read_backends(card, n, ret, &base, err);
}

/* ---- backends ------------------------------------------------------------- */

static const char *const backend_names[PARAM_N_BACKENDS] = {
	[PARAM_NATIVE] = "native",
	[PARAM_SCENARIO] = "scenario",
	[PARAM_FAKE] = "fake",
};

const char *param_backend_name(enum param_backend backend)
{
	return backend_names[backend];
}

int param_backend_find(const char *name, enum param_backend *ret)
{
	int i;

	for (i = 0; i < PARAM_N_BACKENDS; i++)
		if (strcmp(backend_names[i], name) == 0) {
			*ret = (enum param_backend)i;
			return 0;
		}
	return -1;
}
