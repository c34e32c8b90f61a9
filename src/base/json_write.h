/*
 * base/json_write: writing JSON (cJSON misprints integers near 2^53 and shortens doubles).
 *
 * A small state machine over a strbuf that puts the commas. Calling sequence:
 *   struct json_writer w; json_begin(&w, &sb, indent);
 *   json_open_object(&w, NULL); json_put_text(&w, "name", "x"); json_close(&w);
 * `name` is the member's name inside an object, NULL inside an array and at the
 * root. indent 0 writes one line without blanks (canonical form when the caller
 * gives sorted names); indent n > 0 writes lines with n blanks a level.
 * Text must be valid UTF-8; control characters, quote and backslash are escaped
 * as RFC 8785 says. ascii_only: everything above 0x7e as \uXXXX.
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

#define JSON_WRITE_DEPTH_MAX 32

struct json_writer {
	struct strbuf *out;
	int indent;
	int depth;
	bool ascii_only;
	char closer[JSON_WRITE_DEPTH_MAX];
	bool has_member[JSON_WRITE_DEPTH_MAX];
};

void json_begin(struct json_writer *w, struct strbuf *out, int indent);
void json_open_object(struct json_writer *w, const char *name);
void json_open_array(struct json_writer *w, const char *name);
void json_close(struct json_writer *w); /* whichever is open */

void json_put_text(struct json_writer *w, const char *name, const char *value);
void json_put_number(struct json_writer *w, const char *name, double value);  /* text_number; nan and inf are a BUG */
void json_put_float(struct json_writer *w, const char *name, double value);   /* always with a point or exponent: 3.0 */
void json_put_int(struct json_writer *w, const char *name, int64_t value);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);
void json_put_raw(struct json_writer *w, const char *name, const char *json); /* json is valid JSON already */

/* Only the escaped and quoted text, appended to out. */
void json_quote(struct strbuf *out, const char *value, bool ascii_only);

#endif
