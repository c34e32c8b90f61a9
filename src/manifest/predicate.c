/*
 * predicate: does it hold for a subject? What a job answers as one stands at the end.
 */
#include "manifest/predicate_inside.h"

#include "base/text.h"

#include <string.h>

static bool order_holds(enum predicate_relation r, double a, double b)
{
	switch (r) {
	case REL_LESS: return a < b;
	case REL_LESS_EQUAL: return a <= b;
	case REL_GREATER: return a > b;
	case REL_GREATER_EQUAL: return a >= b;
	case REL_EQUAL:
	case REL_NOT_EQUAL: break;
	}
	return false;
}

/* A number, true or false equals the text that spells it: variables are texts that may look like numbers. */
static bool same(const struct value *a, const struct value *b)
{
	double x;

	if (a->kind == VALUE_TEXT && b->kind == VALUE_NUMBER)
		return text_parse_number(a->as.text, &x) && x == b->as.number;
	if (a->kind == VALUE_TEXT && b->kind == VALUE_BOOL) /* spreadsheets write TRUE, pandas True */
		return text_equal_ignoring_case(a->as.text, b->as.flag ? "true" : "false");
	return value_equal(a, b);
}

static bool as_number(const struct value *v, double *ret)
{
	if (v->kind == VALUE_TEXT)
		return text_parse_number(v->as.text, ret);
	*ret = v->as.number;
	return v->kind == VALUE_NUMBER;
}

static bool is_among(const struct predicate *p, const struct value *v)
{
	for (int i = 0; i < p->n_values; i++)
		if (same(v, &p->values[i]))
			return true;
	return false;
}

static bool relation_holds(const struct predicate *p, const struct value *v)
{
	double a, b;

	if (p->relation == REL_EQUAL)
		return v->kind != VALUE_NONE && is_among(p, v);
	if (p->relation == REL_NOT_EQUAL)
		return v->kind == VALUE_NONE || !is_among(p, v);
	return v->kind != VALUE_NONE && as_number(v, &a) && as_number(&p->values[0], &b) && order_holds(p->relation, a, b);
}

static bool tags_hold(const struct predicate *p, const struct predicate_subject *s)
{
	bool has_any = false;

	for (int i = 0; i < s->n_tags; i++) {
		struct value tag = { { s->tags[i] }, VALUE_TEXT };

		has_any |= is_among(p, &tag);
	}
	return has_any == (p->relation == REL_EQUAL);
}

static struct value text_value(const char *text)
{
	struct value v = { { text }, text ? VALUE_TEXT : VALUE_NONE };

	return v;
}

static struct value value_of(const struct predicate *p, const struct predicate_subject *s)
{
	struct value v = VALUE_NONE_INIT;

	switch (p->about) {
	case ABOUT_PARAM: return s->param(s->of, p->param);
	case ABOUT_VARIABLE: return text_value(s->variable(s->of, p->variable));
	case ABOUT_SET: return text_value(s->set);
	case ABOUT_STATE: return text_value(s->state);
	case ABOUT_TAKE:
		v.kind = VALUE_NUMBER;
		v.as.number = s->take;
		break;
	case ABOUT_TAGS: break;
	}
	return v;
}

/* Recursion is bounded by the number of parts (predicate_parse.c): chains of and, or lean left, a part for each level. */
bool predicate_holds(const struct predicate *p, const struct predicate_subject *s)
{
	struct value v;

	switch (p->kind) {
	case PREDICATE_OR: return predicate_holds(p->right, s) || predicate_holds(p->left, s);
	case PREDICATE_AND: return predicate_holds(p->right, s) && predicate_holds(p->left, s);
	case PREDICATE_NOT: return !predicate_holds(p->left, s);
	case PREDICATE_TEST: break;
	}
	if (p->about == ABOUT_TAGS)
		return tags_hold(p, s);
	v = value_of(p, s);
	return relation_holds(p, &v);
}

/* ---- a job as a subject -------------------------------------------------------- */

static struct value job_param(const void *of, int param)
{
	return job_value(of, param);
}

bool predicate_is_named(const char *variable, const char *name)
{
	const char *dot = strchr(variable, '.');

	return !strcmp(variable, name) || (dot && !strcmp(dot + 1, name));
}

static const char *job_variable(const void *of, const char *name)
{
	const struct job *job = of;

	for (int i = 0; i < job->n_axes; i++)
		if (predicate_is_named(job->axes[i].name, name))
			return job->axes[i].text;
	return NULL;
}

void predicate_subject_of_job(struct predicate_subject *ret, const struct job *job, const char *state)
{
	*ret = (struct predicate_subject){ .param = job_param, .variable = job_variable, .of = job, .set = job->set, .state = state,
					   .tags = job->tags, .n_tags = job->n_tags, .take = job->take };
}
