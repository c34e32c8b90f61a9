#include "base/json.h"

#include "base/mem.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

struct json_doc {
	cJSON *root;
};

/* struct json is never defined: a node is a cJSON in disguise, and only here. */
static const cJSON *inside(const struct json *n)
{
	return (const cJSON *)n;
}

static const struct json *outside(const cJSON *n)
{
	return (const struct json *)n;
}

/* ---- parsing ---------------------------------------------------------------- */

static int mistake(const char *text, size_t at, const char *what, enum err_code code, const char *sentence, struct err *err)
{
	size_t line = 1, column = 1, i;

	for (i = 0; i < at; i++) {
		column++;
		if (text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return err_set(err, code, "%s, line %zu, column %zu: %s", what, line, column, sentence);
}

/* The position of an escaped NUL or a control character in the string that begins at text[at], or of
 * its end; says which by *bad. cJSON would cut the string at the one and let the other pass. */
static size_t skip_string(const char *text, size_t len, size_t at, bool *bad)
{
	size_t i;

	*bad = false;
	for (i = at + 1; i < len && text[i] != '"'; i++) {
		*bad = (unsigned char)text[i] < 0x20 || (len - i >= 6 && !memcmp(text + i, "\\u0000", 6));
		if (*bad)
			return i;
		if (text[i] == '\\')
			i++;
	}
	return i;
}

/* What cJSON does not ask: depth, escaped NUL, raw control characters. */
static int check_shape(const char *text, size_t len, const char *what, enum err_code code, struct err *err)
{
	size_t i;
	int depth = 0;
	bool bad;

	for (i = 0; i < len; i++) {
		if (text[i] == '"') {
			i = skip_string(text, len, i, &bad);
			if (bad)
				return mistake(text, i, what, code, "a NUL or a control character in a string", err);
		} else if (text[i] == '[' || text[i] == '{') {
			if (++depth > JSON_DEPTH_MAX)
				return mistake(text, i, what, code, "nested more than 64 deep", err);
		} else if (text[i] == ']' || text[i] == '}') {
			depth--;
		}
	}
	return 0;
}

int json_parse(struct json_doc **ret, const char *text, size_t len, size_t max_len, const char *what, enum err_code code,
	       struct err *err)
{
	const char *end = NULL;
	size_t at;
	cJSON *root;

	if (len > max_len)
		return err_set(err, code, "%s has %zu bytes, at most %zu are accepted", what, len, max_len);
	if (!text_is_utf8(text, len))
		return err_set(err, code, "%s is not valid UTF-8 text", what);
	if (check_shape(text, len, what, code, err) != 0)
		return -1;
	root = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	at = end ? (size_t)(end - text) : 0;
	if (at > len)
		at = len;
	while (root && at < len && strchr(" \t\r\n", text[at]))
		at++;
	if (!root || at < len) {
		cJSON_Delete(root);
		return mistake(text, at, what, code, root ? "more text after the end of the JSON value" : "this is not JSON", err);
	}
	*ret = mem_alloc(sizeof **ret);
	(*ret)->root = root;
	return 0;
}

void json_free(struct json_doc *doc)
{
	if (!doc)
		return;
	cJSON_Delete(doc->root);
	free(doc);
}

const struct json *json_root(const struct json_doc *doc)
{
	return outside(doc->root);
}

/* ---- kinds and values ------------------------------------------------------- */

bool json_is_object(const struct json *n)
{
	return cJSON_IsObject(inside(n));
}

bool json_is_array(const struct json *n)
{
	return cJSON_IsArray(inside(n));
}

bool json_is_string(const struct json *n)
{
	return cJSON_IsString(inside(n));
}

bool json_is_number(const struct json *n)
{
	return cJSON_IsNumber(inside(n)) && isfinite(inside(n)->valuedouble); /* 1e999 reads as infinite */
}

bool json_is_bool(const struct json *n)
{
	return cJSON_IsBool(inside(n));
}

bool json_is_null(const struct json *n)
{
	return cJSON_IsNull(inside(n));
}

const struct json *json_member(const struct json *object, const char *name)
{
	if (!json_is_object(object))
		return NULL;
	return outside(cJSON_GetObjectItemCaseSensitive(inside(object), name));
}

const char *json_string(const struct json *n, const char *fallback)
{
	return json_is_string(n) ? inside(n)->valuestring : fallback;
}

double json_number(const struct json *n, double fallback)
{
	return json_is_number(n) ? inside(n)->valuedouble : fallback;
}

bool json_bool(const struct json *n, bool fallback)
{
	return json_is_bool(n) ? cJSON_IsTrue(inside(n)) : fallback;
}

/* ---- required members ------------------------------------------------------- */

static const char *kind_name(const struct json *n)
{
	return !n ? "missing" : json_is_object(n) ? "an object" : json_is_array(n) ? "a list" : json_is_string(n) ? "a text"
	     : json_is_bool(n) ? "true or false" : json_is_null(n) ? "null" : "a number";
}

static int wanted(const struct json *object, const char *name, const char *kind, struct err *err)
{
	if (!json_is_object(object))
		return err_set(err, ERR_INPUT, "'%s' must be %s in an object, but what holds it is %s", name, kind,
			       kind_name(object));
	return err_set(err, ERR_INPUT, "'%s' must be %s, but is %s", name, kind, kind_name(json_member(object, name)));
}

int json_need_string(const struct json *object, const char *name, const char **ret, struct err *err)
{
	const struct json *n = json_member(object, name);

	if (!json_is_string(n))
		return wanted(object, name, "a text", err);
	*ret = json_string(n, "");
	return 0;
}

int json_need_number(const struct json *object, const char *name, double *ret, struct err *err)
{
	const struct json *n = json_member(object, name);

	if (!json_is_number(n))
		return wanted(object, name, "a finite number", err);
	*ret = json_number(n, 0);
	return 0;
}

/* ---- walking ---------------------------------------------------------------- */

const struct json *json_first(const struct json *n)
{
	return json_is_object(n) || json_is_array(n) ? outside(inside(n)->child) : NULL;
}

const struct json *json_next(const struct json *n)
{
	return outside(inside(n)->next);
}

const char *json_name(const struct json *n)
{
	return inside(n)->string;
}

size_t json_count(const struct json *n)
{
	const struct json *child;
	size_t count = 0;

	for (child = json_first(n); child; child = json_next(child))
		count++;
	return count;
}
