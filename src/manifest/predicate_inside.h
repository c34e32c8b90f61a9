/*
 * manifest/predicate_inside: the tree that predicate_parse.c builds and predicate.c walks; and the reading of a text,
 * which predicate_token.c and predicate_parse.c share.
 */
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

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_SIGN, TOKEN_WRONG };

struct token {
	enum token_kind kind;
	const char *text; /* in the arena; a sign's characters */
	size_t offset;
};

struct parse {
	const char *text;
	size_t at;
	struct token token; /* not taken yet */
	const struct predicate_names *names;
	struct arena *arena;
	struct strbuf *why;
	size_t *ret_offset;
	int depth, n_parts, n_values;
};

/* p->token becomes the next one of the text. One that is wrong is TOKEN_WRONG, and its text a sentence. */
void predicate_next_token(struct parse *p);

#endif
