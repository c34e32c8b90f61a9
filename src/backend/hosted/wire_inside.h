/*
 * wire_inside: what the files of wire.h share. Not a door.
 *
 * All pure. `size` counts the NUL; what is too long is cut at a character.
 */
#ifndef BACKEND_HOSTED_WIRE_INSIDE_H
#define BACKEND_HOSTED_WIRE_INSIDE_H

#include "backend/hosted/wire.h"
#include "base/json.h"

/* Of an answer: http.h keeps as much in memory. */
#define WIRE_ANSWER_MAX ((size_t)8 << 20)

void wire_percent(struct strbuf *out, const char *text);

/*
 * A service's own words made fit for a sentence: valid UTF-8, one line, no control or direction characters; what may be a secret
 * (the query of an address, what follows Basic or Bearer, long words that are no words) is "...". out may be text.
 */
void wire_words(char *out, size_t size, const char *text, size_t len);
/* The words of an error's JSON: the first text among reason, message, error, detail, or in the object or list's first there. */
const char *wire_words_of(const struct json *n);

/* Parses an answer and finds the object `name` in it (NULL: the whole is one). -1: one sentence; *doc is NULL then. */
int wire_parse(struct json_doc **doc, const struct json **ret, const char *text, size_t len, const char *name, struct err *err)
	WARN_UNUSED;
/* A job object, as it stands in an answer and in the list. -1: it has no id, or has succeeded with a sound whose id is none. */
int wire_take_job(const struct provider *p, const struct json *job, struct wire_job *ret, struct err *err) WARN_UNUSED;
/* ISO 8601 text, or a number of seconds or milliseconds since 1970; 0: neither. */
int64_t wire_time_ms(const struct json *n);

#endif
