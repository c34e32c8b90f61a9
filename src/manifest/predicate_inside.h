/* manifest/predicate_inside: the tree that predicate_parse.c builds and predicate.c walks. */
#ifndef MANIFEST_PREDICATE_INSIDE_H
#define MANIFEST_PREDICATE_INSIDE_H

#include "manifest/predicate.h"

enum predicate_kind { PREDICATE_OR, PREDICATE_AND, PREDICATE_NOT, PREDICATE_TEST };
enum predicate_about { ABOUT_PARAM, ABOUT_VARIABLE, ABOUT_SET, ABOUT_TAKE, ABOUT_TAGS, ABOUT_STATE };
enum predicate_relation { REL_EQUAL, REL_NOT_EQUAL, REL_LESS, REL_LESS_EQUAL, REL_GREATER, REL_GREATER_EQUAL };

struct predicate {
	enum predicate_kind kind;
	const struct predicate *left, *right; /* right: OR and AND */
	/* a test: the relation holds with any of the values; not-equal: with none */
	enum predicate_about about;
	enum predicate_relation relation;
	int param;            /* ABOUT_PARAM */
	const char *variable; /* ABOUT_VARIABLE */
	struct value *values;
	int n_values;
};

#endif
