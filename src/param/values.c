/*
 * values: scalars as the manifest has them, read by the row's type and range.
 *
 * The rules are those of the core schema of YAML 1.2, less what other readers
 * take differently (value_hint.c):
 *   no value   nothing, ~, null, Null, NULL, without quotes
 *   boolean    true True TRUE false False FALSE, without quotes
 *   number     [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? without quotes and leading zeros
 *   integer    the same where the value has no fraction (1, 1.0, 1e3), at most 2^53 - 1 either way
 *   text       anything; a number or a boolean is taken as its text
 */
#include "param/card_inside.h"

#include "base/text.h"

#include <string.h>

#define FOUND_BYTES_MAX 60 /* of a wrong value shown in a sentence */

/* ---- sentences ------------------------------------------------------------ */

/* 'text', cut at a character's border, control characters as a blank. */
static void add_quoted(struct strbuf *why, const char *text)
{
	size_t len = strlen(text), i, end = len;

	if (len > FOUND_BYTES_MAX) {
		end = FOUND_BYTES_MAX;
		while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
			end--;
	}
	strbuf_addc(why, '\'');
	for (i = 0; i < end; i++)
		strbuf_addc(why, (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i]);
	strbuf_adds(why, end < len ? "...'" : "'");
}

static void add_number(struct strbuf *why, double v)
{
	char buf[TEXT_NUMBER_MAX];

	strbuf_adds(why, text_number(buf, v));
}

static void expect_number(const struct param *p, const struct param_scope *s, struct strbuf *why)
{
	strbuf_adds(why, p->type == PARAM_INTEGER ? "a whole number" : "a number");
	if (p->unit)
		strbuf_addf(why, " of %s", p->unit);
	if (s->has_min && s->has_max) {
		strbuf_adds(why, " from ");
		add_number(why, s->min);
		strbuf_adds(why, " to ");
		add_number(why, s->max);
	} else if (s->has_min || s->has_max) {
		strbuf_adds(why, s->has_min ? " of at least " : " of at most ");
		add_number(why, s->has_min ? s->min : s->max);
	}
}

static void expect_boolean(const struct param *p, const struct param_scope *s, struct strbuf *why)
{
	(void)p;
	(void)s;
	strbuf_adds(why, "true or false");
}

static void expect_choice(const struct param *p, const struct param_scope *s, struct strbuf *why)
{
	size_t i;

	(void)p;
	strbuf_adds(why, s->n_choices > 1 ? "one of " : "");
	for (i = 0; i < s->n_choices; i++) {
		if (i > 0)
			strbuf_adds(why, i + 1 == s->n_choices ? " or " : ", ");
		add_quoted(why, s->choices[i]);
	}
}

static void expect_text(const struct param *p, const struct param_scope *s, struct strbuf *why)
{
	(void)s;
	strbuf_adds(why, p->type == PARAM_FILE ? "the path of a file" : "a text");
}

static void add_expected(const struct param *p, const struct param_scope *s, struct strbuf *why)
{
	static void (*const expect[])(const struct param *, const struct param_scope *, struct strbuf *) = {
		[PARAM_TEXT] = expect_text,	    [PARAM_NUMBER] = expect_number, [PARAM_INTEGER] = expect_number,
		[PARAM_BOOLEAN] = expect_boolean,   [PARAM_CHOICE] = expect_choice, [PARAM_FILE] = expect_text,
	};

	strbuf_adds(why, "must be ");
	expect[p->type](p, s, why);
}

/* "must be ..., found '...'" */
static void say_found(const struct param *p, const struct param_scope *s, const char *text, struct strbuf *why)
{
	add_expected(p, s, why);
	strbuf_adds(why, ", found ");
	add_quoted(why, text);
}

static int say_absent(const struct card *card, enum param_backend backend, struct strbuf *why)
{
	strbuf_addf(why, "does not exist on backend '%s' of model '%s': remove it", param_backend_name(backend), card->model);
	return -1;
}

/* ---- reading text --------------------------------------------------------- */

static bool is_null(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	size_t i;

	for (i = 0; i < sizeof nulls / sizeof *nulls; i++)
		if (strcmp(nulls[i], text) == 0)
			return true;
	return false;
}

/* 012 would read as 12 here and as 10 elsewhere. */
static bool has_leading_zero(const char *text)
{
	text += strspn(text, "+-");
	return text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

/* true, True and TRUE only, as the core schema has them. */
static bool parse_boolean(const char *text, bool *ret)
{
	static const char *const words[] = { "false", "False", "FALSE", "true", "True", "TRUE" };
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], text) == 0) {
			*ret = i >= 3;
			return true;
		}
	return false;
}

static int read_number(const struct param *p, const struct param_scope *s, const char *text, bool quoted, struct value *ret,
		       struct strbuf *why)
{
	struct value v = { { NULL }, VALUE_NUMBER };
	double number = 0;
	bool is_number = text_parse_number(text, &number) && !has_leading_zero(text);

	v.as.number = number == 0 ? 0 : number; /* -0 is 0 */
	if (!is_number || quoted) {
		say_found(p, s, text, why);
		if (is_number)
			strbuf_adds(why, " in quotes, which make it a text: write it without them");
		else if (!quoted)
			value_hint_number(p, text, why);
		return -1;
	}
	if (value_equal(&v, &p->not_given)) {
		ret->kind = VALUE_NONE;
		return 0;
	}
	if (!scope_admits(s, p->type, &v)) {
		say_found(p, s, text, why);
		return -1;
	}
	*ret = v;
	return 0;
}

static int read_boolean(const struct param *p, const struct param_scope *s, const char *text, bool quoted, struct value *ret,
			struct strbuf *why)
{
	bool flag = false, is_flag = parse_boolean(text, &flag);

	if (!is_flag || quoted) {
		say_found(p, s, text, why);
		if (is_flag)
			strbuf_adds(why, " in quotes, which make it a text: write it without them");
		else
			value_hint_boolean(text, why);
		return -1;
	}
	ret->kind = VALUE_BOOL;
	ret->as.flag = flag;
	return 0;
}

static int read_text(const struct param *p, const struct param_scope *s, const char *text, bool quoted, struct value *ret,
		     struct strbuf *why)
{
	struct value v = { { NULL }, VALUE_TEXT };
	const char *near;

	(void)quoted;
	v.as.text = text;
	if (scope_admits(s, p->type, &v)) {
		*ret = v;
		return 0;
	}
	say_found(p, s, text, why);
	near = text_nearest(text, s->choices, s->n_choices);
	if (near)
		strbuf_addf(why, ", did you mean '%s'?", near);
	return -1;
}

int value_read(const struct card *card, int index, enum param_backend backend, const char *text, bool quoted, struct value *ret,
	       struct strbuf *why)
{
	static int (*const read[])(const struct param *, const struct param_scope *, const char *, bool, struct value *,
				   struct strbuf *) = {
		[PARAM_TEXT] = read_text,	[PARAM_NUMBER] = read_number, [PARAM_INTEGER] = read_number,
		[PARAM_BOOLEAN] = read_boolean, [PARAM_CHOICE] = read_text,   [PARAM_FILE] = read_text,
	};
	const struct param *p = card_param(card, index);
	const struct param_scope *s = &p->scope[backend];

	strbuf_reset(why);
	if (!s->exists)
		return say_absent(card, backend, why);
	if (!quoted && is_null(text)) {
		strbuf_adds(why, "has no value: give it one, or leave it out");
		return -1;
	}
	return read[p->type](p, s, text, quoted, ret, why);
}

/* ---- values already read -------------------------------------------------- */

int value_check(const struct card *card, int index, enum param_backend backend, const struct value *value, struct strbuf *why)
{
	const struct param *p = card_param(card, index);
	const struct param_scope *s = &p->scope[backend];
	struct strbuf found = STRBUF_INIT(ERR_TEXT_MAX);

	strbuf_reset(why);
	if (!s->exists)
		return say_absent(card, backend, why);
	if (value->kind == VALUE_NONE) {
		strbuf_adds(why, "has no value: give it one, or leave it out");
		return -1;
	}
	if (value_equal(value, &p->not_given) || scope_admits(s, p->type, value))
		return 0;
	if (value->kind == VALUE_TEXT) {
		say_found(p, s, value->as.text, why);
		return -1;
	}
	value_print(&found, value);
	say_found(p, s, found.buf, why);
	strbuf_release(&found);
	return -1;
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == VALUE_TEXT)
		return strcmp(a->as.text, b->as.text) == 0;
	if (a->kind == VALUE_NUMBER)
		return a->as.number == b->as.number;
	return a->kind == VALUE_NONE || a->as.flag == b->as.flag;
}

void value_print(struct strbuf *out, const struct value *value)
{
	if (value->kind == VALUE_TEXT)
		strbuf_adds(out, value->as.text);
	else if (value->kind == VALUE_NUMBER)
		add_number(out, value->as.number);
	else if (value->kind == VALUE_BOOL)
		strbuf_adds(out, value->as.flag ? "true" : "false");
}

void value_put(struct json_writer *w, const char *name, const struct value *value)
{
	if (value->kind == VALUE_TEXT)
		json_put_text(w, name, value->as.text);
	else if (value->kind == VALUE_NUMBER)
		json_put_number(w, name, value->as.number);
	else if (value->kind == VALUE_BOOL)
		json_put_bool(w, name, value->as.flag);
}

struct value param_effective(const struct card *card, enum param_backend backend, const struct value *values, int index)
{
	const struct param *p = card_param(card, index);
	const struct param_scope *s = &p->scope[backend];
	static const struct value none = VALUE_NONE_INIT;

	if (!s->exists)
		return none;
	if (values[index].kind == VALUE_NONE || value_equal(&values[index], &p->not_given))
		return s->fallback;
	return values[index];
}
