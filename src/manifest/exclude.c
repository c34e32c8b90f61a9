/*
 * exclude: the conditions of the top and of each set, read and asked. A combination goes when any of them holds.
 */
#include "manifest/inside.h"

#include "base/text.h"
#include "manifest/predicate.h"

#include <string.h>

struct scope {
	struct manifest_inside *in;
	const struct place *set; /* NULL: a condition of the top, which may name what any set has */
};

static bool is_there(const struct scope *s, const char *name)
{
	if (place_has_variable(&s->in->top, name) || place_has_variable(s->set, name) || place_lost_variable(&s->in->top, name) ||
	    place_lost_variable(s->set, name))
		return true;
	for (int i = 0; i < s->in->n_sets && !s->set; i++)
		if (place_has_variable(&s->in->sets[i], name) || place_lost_variable(&s->in->sets[i], name))
			return true;
	return false;
}

static bool is_variable(void *arg, const char *name)
{
	const struct scope *s = arg;

	if (!is_there(s, name))
		return false;
	uses_add(s->in, name);
	return true;
}

static const char *suggest(void *arg, const char *name)
{
	const struct scope *s = arg;

	return place_suggest(&s->in->top, s->set, name);
}

/* The column where byte `offset` of a scalar's text stood, when it stood on one line without escapes; else the scalar's. */
int node_column_at(const struct node *n, size_t offset)
{
	int before = 0, quotes = n->is_quoted ? 2 : 0;

	if (n->is_block || n->width != (int)text_utf8_length(n->text) + quotes)
		return n->column;
	for (size_t i = 0; i < offset; i++)
		before += ((unsigned char)n->text[i] & 0xC0) != 0x80;
	return n->column + before + quotes / 2;
}

static void read_place(struct manifest_inside *in, struct place *place, const struct place *set)
{
	struct scope scope = { in, set };
	struct predicate_names names = { in->card, in->backend, false, is_variable, suggest, &scope };

	for (int i = 0; i < place->n_exclusions; i++) {
		struct exclusion *x = &place->exclusions[i];
		size_t offset = 0;

		if (predicate_parse(&x->predicate, x->node->text, &names, &in->arena, &offset, &in->why) == 0)
			continue;
		x->predicate = NULL;
		place->is_partial = true;
		mistake_add(&in->ms, x->node->line, node_column_at(x->node, offset), "exclude: %s", in->why.buf);
	}
}

void exclusions_read(struct manifest_inside *in)
{
	read_place(in, &in->top, NULL);
	for (int i = 0; i < in->n_sets; i++)
		read_place(in, &in->sets[i], &in->sets[i]);
}

static bool place_holds(const struct place *place, const struct predicate_subject *subject)
{
	for (int i = 0; place && i < place->n_exclusions; i++) {
		struct exclusion *x = &place->exclusions[i];

		if (x->predicate && predicate_holds(x->predicate, subject)) {
			x->n_excluded++;
			return true;
		}
	}
	return false;
}

bool exclusions_hold(const struct place *top, const struct place *set, const struct job *job)
{
	struct predicate_subject subject;

	predicate_subject_of_job(&subject, job, NULL);
	return place_holds(top, &subject) || (set != top && place_holds(set, &subject));
}

static void check_place(struct manifest_inside *in, const struct place *place)
{
	for (int i = 0; i < place->n_exclusions; i++)
		if (place->exclusions[i].predicate && place->exclusions[i].n_excluded == 0)
			NODE_WARN(in, place->exclusions[i].node, "this condition excludes nothing: no combination that was left matches it");
}

void exclusions_check(struct manifest_inside *in)
{
	check_place(in, &in->top);
	for (int i = 0; i < in->n_sets; i++)
		check_place(in, &in->sets[i]);
}
