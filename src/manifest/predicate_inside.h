/* manifest/predicate_inside: the tree that predicate_parse.c builds and predicate.c walks. */
#ifndef MANIFEST_PREDICATE_INSIDE_H
#define MANIFEST_PREDICATE_INSIDE_H

#include "manifest/predicate.h"

enum predicate_kind { PREDICATE_OR, PREDICATE_AND, PREDICATE_NOT, PREDICATE_TEST };
enum predicate_subject { SUBJECT_PARAM, SUBJECT_VARIABLE, SUBJECT_SET, SUBJECT_TAKE, SUBJECT_TAGS, SUBJECT_STATE };
enum predicate_relation { REL_EQUAL, REL_NOT_EQUAL, REL_LESS, REL_LESS_EQUAL, REL_GREATER, REL_GREATER_EQUAL };

struct predicate {
	enum predicate_kind kind;
	const struct predicate *left, *right; /* right: OR and AND */
	/* a test: the relation holds with any of the values; not-equal: with none */
	enum predicate_subject subject;
	enum predicate_relation relation;
	int param;            /* SUBJECT_PARAM */
	const char *variable; /* SUBJECT_VARIABLE */
	struct value *values;
	int n_values;
};

#endif
