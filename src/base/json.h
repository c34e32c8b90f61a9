/*
 * base/json: reading JSON from outside, behind getters that say what was missing.
 *
 * The only user of cJSON. json_parse checks first that the text is valid UTF-8
 * without NUL, not deeper than JSON_DEPTH_MAX and not longer than the cap given.
 * A document owns all its nodes; a node pointer is borrowed until json_free.
 * Lookups match names exactly. Numbers are doubles: exact to 2^53. Duplicate
 * names: the first counts.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 64

struct json_doc;
struct json; /* one node */

/* what: how the sentence calls the text ("config.json"). code: the err's code on failure. */
int json_parse(struct json_doc **ret, const char *text, size_t len, size_t max_len, const char *what, enum err_code code,
	       struct err *err) WARN_UNUSED;
void json_free(struct json_doc *doc);
const struct json *json_root(const struct json_doc *doc);

bool json_is_object(const struct json *n);
bool json_is_array(const struct json *n);
bool json_is_string(const struct json *n);
bool json_is_number(const struct json *n);
bool json_is_bool(const struct json *n);
bool json_is_null(const struct json *n);

const struct json *json_member(const struct json *object, const char *name); /* NULL when missing or object is none */

/* Values of a node; the fallback when it is NULL or of another type. */
const char *json_string(const struct json *n, const char *fallback);
double json_number(const struct json *n, double fallback);
bool json_bool(const struct json *n, bool fallback);

/* Members of an object, required: -1 and a sentence naming `name` when missing or of another type. */
int json_need_string(const struct json *object, const char *name, const char **ret, struct err *err) WARN_UNUSED;
int json_need_number(const struct json *object, const char *name, double *ret, struct err *err) WARN_UNUSED;

/* Walking: first child of an array or object, then next, NULL at the end. Never by index. */
const struct json *json_first(const struct json *n);
const struct json *json_next(const struct json *n);
const char *json_name(const struct json *n); /* the member's name, NULL in arrays */
size_t json_count(const struct json *n);

#endif
