/*
 * manifest/yaml_say: what libyaml's complaint means to the person who wrote the line.
 *
 * Pure. The text is the whole manifest, valid UTF-8.
 */
#ifndef MANIFEST_YAML_SAY_H
#define MANIFEST_YAML_SAY_H

#include "manifest/mistakes.h"

#include <stddef.h>

/* Adds the mistake for libyaml's words `problem` at line and column (from 1) of text. begin: where what is
 * being read there began; line 0 where libyaml does not say it. */
void yaml_say(struct mistakes *ms, const char *text, size_t len, const char *problem, int line, int column, int begin_line,
	      int begin_column);

/* The bytes of line number `line` (from 1), without its end. NULL where there is none. */
const char *yaml_line(const char *text, size_t len, int line, size_t *ret_len);

#endif
