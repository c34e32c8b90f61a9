/*
 * predicate_parse: text -> tree, by recursive descent over the grammar in predicate.h.
 */
#include "manifest/predicate_inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 10000 /* of all lists of one condition */
#define PARTS_MAX 1000   /* joined by and, or: the tree's left arm is walked by recursion */

/* ---- tokens ---------------------------------------------------------------- */

static bool token_is(const struct parse *p, enum token_kind kind, const char *text)
{
	return p->token.kind == kind && !strcmp(p->token.text, text);
}

static bool accept(struct parse *p, enum token_kind kind, const char *text)
{
	if (!token_is(p, kind, text))
		return false;
	predicate_next_token(p);
	return true;
}

/* ---- mistakes --------------------------------------------------------------- */

static int wrong_at(struct parse *p, size_t offset, const char *sentence)
{
	strbuf_reset(p->why);
	strbuf_adds(p->why, sentence);
	*p->ret_offset = offset;
	return -1;
}

static int expected(struct parse *p, const char *what)
{
	if (p->token.kind == TOKEN_WRONG)
		return wrong_at(p, p->token.offset, p->token.text);
	wrong_at(p, p->token.offset, "");
	if (p->token.kind == TOKEN_END)
		strbuf_addf(p->why, "the condition ends where %s is expected", what);
	else
		strbuf_addf(p->why, "expected %s, found '%.60s'", what, p->token.text);
	return -1;
}

/* Words that are names where there are parameters; state only where it is known. */
static const struct {
	const char *name;
	enum predicate_about about;
} own_names[] = { { "set", ABOUT_SET }, { "take", ABOUT_TAKE }, { "tag", ABOUT_TAGS }, { "tags", ABOUT_TAGS }, { "state", ABOUT_STATE } };

#define N_OWN_NAMES (sizeof own_names / sizeof own_names[0])

static bool is_own(const struct parse *p, size_t i)
{
	return p->names->card && (own_names[i].about != ABOUT_STATE || p->names->has_state);
}

static const char *nearest_own(const struct parse *p, const char *word)
{
	const char *names[N_OWN_NAMES];
	size_t n = 0;

	for (size_t i = 0; i < N_OWN_NAMES; i++)
		if (is_own(p, i))
			names[n++] = own_names[i].name;
	return text_nearest(word, names, n);
}

static int unknown(struct parse *p, const struct token *name)
{
	const char *meant = p->names->card ? card_suggest(p->names->card, name->text) : NULL;
	double number;

	if (text_parse_number(name->text, &number))
		return wrong_at(p, name->offset, "a condition begins with a name: write the name first, as seed = 7");
	wrong_at(p, name->offset, "");
	if (!meant && p->names->suggest)
		meant = p->names->suggest(p->names->arg, name->text);
	if (!meant)
		meant = nearest_own(p, name->text);
	strbuf_addf(p->why, "unknown name '%.60s'", name->text);
	if (meant)
		strbuf_addf(p->why, ", did you mean '%s'?", meant);
	else
		strbuf_addf(p->why, ": a condition names %s%s", p->names->card ? "parameters, variables, set, take, tags" : "columns of the file, in quotes where they have blanks",
			    p->names->has_state ? " and state" : "");
	return -1;
}

/* ---- subjects and values ------------------------------------------------------ */

static int find_subject(struct parse *p, const struct token *name, struct predicate *test)
{
	test->param = p->names->card ? card_find(p->names->card, name->text) : -1;
	if (test->param >= 0) {
		test->about = ABOUT_PARAM;
		return 0;
	}
	for (size_t i = 0; i < N_OWN_NAMES; i++) {
		test->about = own_names[i].about;
		if (is_own(p, i) && !strcmp(own_names[i].name, name->text))
			return 0;
	}
	test->about = ABOUT_VARIABLE;
	test->variable = name->text;
	if (p->names->is_variable && p->names->is_variable(p->names->arg, name->text))
		return 0;
	return unknown(p, name);
}

static struct value read_value(const struct token *t)
{
	struct value v = { { t->text }, VALUE_TEXT };
	double number;

	if (t->kind != TOKEN_WORD)
		return v;
	if (text_parse_number(t->text, &number)) {
		v.kind = VALUE_NUMBER;
		v.as.number = number;
	} else if (!strcmp(t->text, "true") || !strcmp(t->text, "false")) {
		v.kind = VALUE_BOOL;
		v.as.flag = t->text[0] == 't';
	}
	return v;
}

static int check_state(struct parse *p, const struct token *t)
{
	enum job_state state;

	if (job_state_find(t->text, &state) == 0)
		return 0;
	wrong_at(p, t->offset, "");
	strbuf_addf(p->why, "unknown state '%.60s': states are", t->text);
	for (int s = 0; s < JOB_N_STATES; s++)
		strbuf_addf(p->why, "%s %s", s ? "," : "", job_state_name((enum job_state)s));
	return -1;
}

static int check_choice(struct parse *p, const struct param *row, const struct token *t)
{
	const struct param_scope *scope = &row->scope[p->names->backend];
	const char *near = text_nearest(t->text, scope->choices, scope->n_choices);

	for (size_t i = 0; i < scope->n_choices; i++)
		if (!strcmp(scope->choices[i], t->text))
			return 0;
	wrong_at(p, t->offset, "");
	strbuf_addf(p->why, "%s cannot be '%.60s'", row->name, t->text);
	if (near)
		strbuf_addf(p->why, ", did you mean '%s'?", near);
	return -1;
}

static int wrong_kind(struct parse *p, const struct param *row, const struct token *t, const char *what)
{
	wrong_at(p, t->offset, "");
	strbuf_addf(p->why, "%s is %s: compare it with one, found '%.60s'", row->name, what, t->text);
	return -1;
}

/* A value that its parameter could never have would make a condition that silently never holds. */
static int check_param_value(struct parse *p, const struct param *row, const struct token *t, struct value *v)
{
	if (row->type == PARAM_NUMBER || row->type == PARAM_INTEGER)
		return v->kind == VALUE_NUMBER ? 0 : wrong_kind(p, row, t, "a number");
	if (row->type == PARAM_BOOLEAN)
		return v->kind == VALUE_BOOL ? 0 : wrong_kind(p, row, t, "true or false");
	v->kind = VALUE_TEXT; /* a text's value may look like a number */
	v->as.text = t->text;
	return row->type == PARAM_CHOICE ? check_choice(p, row, t) : 0;
}

static int check_value(struct parse *p, const struct predicate *test, const struct token *t, struct value *v)
{
	if (test->about == ABOUT_STATE)
		return check_state(p, t);
	if (test->about == ABOUT_TAKE && v->kind != VALUE_NUMBER)
		return wrong_at(p, t->offset, "take is a number: compare it with one");
	if (test->about == ABOUT_SET || test->about == ABOUT_TAGS) {
		v->kind = VALUE_TEXT;
		v->as.text = t->text;
	}
	return test->about == ABOUT_PARAM ? check_param_value(p, card_param(p->names->card, test->param), t, v) : 0;
}

/* ---- tests ------------------------------------------------------------------ */

static int find_relation(const struct token *t, enum predicate_relation *ret)
{
	static const char *const signs[] = { [REL_EQUAL] = "=", [REL_NOT_EQUAL] = "!=",	[REL_LESS] = "<",
					     [REL_LESS_EQUAL] = "<=", [REL_GREATER] = ">", [REL_GREATER_EQUAL] = ">=" };

	for (size_t i = 0; i < sizeof signs / sizeof signs[0] && t->kind == TOKEN_SIGN; i++) {
		if (!strcmp(signs[i], t->text)) {
			*ret = (enum predicate_relation)i;
			return 0;
		}
	}
	return -1;
}

static int take_value(struct parse *p, struct predicate *test)
{
	struct token t = p->token;
	struct value v;

	if (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED)
		return expected(p, "a value");
	if (p->n_values++ == VALUES_MAX)
		return wrong_at(p, t.offset, "the condition has too many values: write fewer");
	predicate_next_token(p);
	v = read_value(&t);
	if (check_value(p, test, &t, &v))
		return -1;
	test->values[test->n_values++] = v;
	return 0;
}

/* Commas up to the bracket bound the list's length. */
static size_t list_length(const struct parse *p)
{
	size_t n = 1;

	for (const char *c = p->text + p->token.offset; *c && *c != ']'; c++)
		n += *c == ',';
	return n;
}

static int take_list(struct parse *p, struct predicate *test)
{
	if (!token_is(p, TOKEN_SIGN, "["))
		return expected(p, "a list as [1, 2]");
	test->values = arena_alloc(p->arena, list_length(p) + 1, sizeof *test->values);
	predicate_next_token(p);
	for (;;) {
		if (take_value(p, test))
			return -1;
		if (accept(p, TOKEN_SIGN, "]"))
			return 0;
		if (!accept(p, TOKEN_SIGN, ","))
			return expected(p, "',' or ']'");
	}
}

static bool is_bare_flag(const struct parse *p, const struct predicate *test)
{
	return test->about == ABOUT_PARAM && card_param(p->names->card, test->param)->type == PARAM_BOOLEAN;
}

static int check_order(struct parse *p, const struct predicate *test, const struct token *relation)
{
	enum param_type type = test->about == ABOUT_PARAM ? card_param(p->names->card, test->param)->type : PARAM_NUMBER;
	bool is_ordered = type == PARAM_NUMBER || type == PARAM_INTEGER;

	if (test->about == ABOUT_SET || test->about == ABOUT_TAGS || test->about == ABOUT_STATE)
		is_ordered = false;
	if (is_ordered || test->relation == REL_EQUAL || test->relation == REL_NOT_EQUAL)
		return 0;
	return wrong_at(p, relation->offset, "only numbers have an order: use = or != here");
}

/* After a name: a relation and a value, a list, or nothing for a flag. */
static int take_rest(struct parse *p, struct predicate *test)
{
	struct token t = p->token;
	bool negated = token_is(p, TOKEN_WORD, "not");

	test->values = arena_alloc(p->arena, 1, sizeof *test->values);
	if (negated)
		predicate_next_token(p);
	if (accept(p, TOKEN_WORD, "in")) {
		test->relation = negated ? REL_NOT_EQUAL : REL_EQUAL;
		return take_list(p, test);
	}
	if (negated)
		return expected(p, "'in'");
	if (find_relation(&t, &test->relation) == 0) {
		predicate_next_token(p);
		return check_order(p, test, &t) || take_value(p, test) ? -1 : 0;
	}
	if (!is_bare_flag(p, test))
		return expected(p, "=, !=, <, <=, >, >= or in");
	test->relation = REL_EQUAL;
	test->values[0].kind = VALUE_BOOL;
	test->values[0].as.flag = true;
	test->n_values = 1;
	return 0;
}

/* VALUE [not] in tags: 1 when it was one, 0 when it is something else (nothing taken), -1 a mistake. */
static int take_tag_test(struct parse *p, struct predicate *test)
{
	struct parse before = *p;
	struct token value = p->token;
	bool negated;

	predicate_next_token(p);
	negated = accept(p, TOKEN_WORD, "not");
	if (!accept(p, TOKEN_WORD, "in") || !(token_is(p, TOKEN_WORD, "tags") || token_is(p, TOKEN_WORD, "tag"))) {
		*p = before;
		return 0;
	}
	predicate_next_token(p);
	test->about = ABOUT_TAGS;
	test->relation = negated ? REL_NOT_EQUAL : REL_EQUAL;
	test->values = arena_alloc(p->arena, 1, sizeof *test->values);
	test->values[0].kind = VALUE_TEXT;
	test->values[0].as.text = value.text;
	test->n_values = 1;
	return 1;
}

/* Files have columns whose names are no words: 'Song Title' = rain. */
static bool is_quoted_variable(const struct parse *p, const struct token *name)
{
	return name->kind == TOKEN_QUOTED && p->names->is_variable && p->names->is_variable(p->names->arg, name->text);
}

static int take_test(struct parse *p, struct predicate **ret)
{
	struct predicate *test = arena_alloc(p->arena, 1, sizeof *test);
	struct token name = p->token;
	int rc;

	test->kind = PREDICATE_TEST;
	*ret = test;
	if (name.kind != TOKEN_WORD && name.kind != TOKEN_QUOTED)
		return expected(p, "a name");
	rc = p->names->card ? take_tag_test(p, test) : 0; /* rows have no tags */
	if (rc != 0)
		return rc > 0 ? 0 : -1;
	if (name.kind == TOKEN_QUOTED && !is_quoted_variable(p, &name))
		return wrong_at(p, name.offset, "a condition begins with a name without quotes: write name = 'text'");
	predicate_next_token(p);
	return find_subject(p, &name, test) ? -1 : take_rest(p, test);
}

/* ---- and, or, not -------------------------------------------------------------- */

static int take_or(struct parse *p, struct predicate **ret);

static int take_part(struct parse *p, struct predicate **ret)
{
	struct predicate *inner;
	int rc;

	if (++p->n_parts > PARTS_MAX)
		return wrong_at(p, p->token.offset, "the condition has too many parts: use 'in [ ]', or several conditions as a list");
	if (p->depth == PREDICATE_DEPTH_MAX)
		return wrong_at(p, p->token.offset, "the condition is nested too deep: write it flatter");
	p->depth++;
	if (accept(p, TOKEN_WORD, "not")) {
		*ret = arena_alloc(p->arena, 1, sizeof **ret);
		(*ret)->kind = PREDICATE_NOT;
		rc = take_part(p, &inner);
		(*ret)->left = inner;
	} else if (accept(p, TOKEN_SIGN, "(")) {
		rc = take_or(p, ret);
		if (rc == 0 && !accept(p, TOKEN_SIGN, ")"))
			rc = expected(p, "'and', 'or' or ')'");
	} else {
		rc = take_test(p, ret);
	}
	p->depth--;
	return rc;
}

static struct predicate *join(struct parse *p, enum predicate_kind kind, const struct predicate *left, const struct predicate *right)
{
	struct predicate *both = arena_alloc(p->arena, 1, sizeof *both);

	both->kind = kind;
	both->left = left;
	both->right = right;
	return both;
}

static int take_and(struct parse *p, struct predicate **ret)
{
	struct predicate *right = NULL;

	if (take_part(p, ret))
		return -1;
	while (accept(p, TOKEN_WORD, "and")) {
		if (take_part(p, &right))
			return -1;
		*ret = join(p, PREDICATE_AND, *ret, right);
	}
	return 0;
}

static int take_or(struct parse *p, struct predicate **ret)
{
	struct predicate *right = NULL;

	if (take_and(p, ret))
		return -1;
	while (accept(p, TOKEN_WORD, "or")) {
		if (take_and(p, &right))
			return -1;
		*ret = join(p, PREDICATE_OR, *ret, right);
	}
	return 0;
}

int predicate_parse(struct predicate **ret, const char *text, const struct predicate_names *names, struct arena *arena, size_t *ret_offset,
		    struct strbuf *why)
{
	struct parse p = { .text = text, .names = names, .arena = arena, .why = why, .ret_offset = ret_offset };

	if (strlen(text) > PREDICATE_BYTES_MAX)
		return wrong_at(&p, 0, "the condition is longer than 64 KiB: write a shorter one, as with 'in [ ]'");
	predicate_next_token(&p);
	if (p.token.kind == TOKEN_END)
		return wrong_at(&p, 0, "the condition is empty: write one as 'temperature >= 1.2', or remove it");
	if (take_or(&p, ret))
		return -1;
	if (p.token.kind != TOKEN_END)
		return expected(&p, "'and' or 'or'");
	return 0;
}
