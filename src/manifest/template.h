/*
 * manifest/template: {variables} in a text parameter.
 *
 * "{genre} at {bpm} bpm" with genre = jazz, bpm = 80 is "jazz at 80 bpm". "{{" and
 * "}}" are braces; a lone "}" is itself. Names are [A-Za-z_][A-Za-z0-9_.-]*. Pure.
 */
#ifndef MANIFEST_TEMPLATE_H
#define MANIFEST_TEMPLATE_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

#define TEMPLATE_NAME_MAX 100

bool template_is(const char *text); /* it has a brace, so that rendering changes or uses something */
bool template_name_is(const char *name); /* may stand in braces */

/* Walks the names: *at from 0; 1 with the name, 0 at the end, -1 where braces are wrong and `why` (reset first) says how. */
int template_next(const char *text, size_t *at, char name[TEMPLATE_NAME_MAX + 1], struct strbuf *why) WARN_UNUSED;

/* find answers the variable's text, or NULL: then -1 and name holds it. text has passed template_next. */
int template_render(const char *text, const char *(*find)(void *arg, const char *name), void *arg, struct strbuf *out,
		    char name[TEMPLATE_NAME_MAX + 1]) WARN_UNUSED;

#endif
