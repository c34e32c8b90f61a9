/*
 * manifest/schema: the pieces that the JSON Schema's writers share. member is the name inside an object, NULL in an array.
 *
 *   manifest_schema   the whole; output, run, sets      schema_values   what a parameter's value is
 *   schema_axes       params, sweep, tables, files      checkpoints     its own member
 */
#ifndef MANIFEST_SCHEMA_H
#define MANIFEST_SCHEMA_H

#include "base/json_write.h"
#include "param/param.h"

#define SCHEMA_NAME_PATTERN "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$" /* name_is_good */
#define SCHEMA_PROJECT_PATTERN "^[A-Za-z0-9_.:-]{1,128}$"      /* hosted_read */

void schema_types(struct json_writer *w, const char *const *types); /* NULL-terminated */
void schema_ref(struct json_writer *w, const char *member, const char *kind, const char *name); /* to definitions/KIND-NAME, KIND where name is "" */
void schema_scalar(struct json_writer *w, const char *member); /* a text, a number, true or false */
/* What text_parse_duration and text_parse_size read. */
#define SCHEMA_DURATION_PATTERN "^(\\d*\\.?\\d+h)?(\\d*\\.?\\d+m)?(\\d*\\.?\\d+s)?(\\d*\\.?\\d+ms)?$"
#define SCHEMA_SIZE_PATTERN "^\\d*\\.?\\d+([KMGTkmgt][iI]?)?[bB]?$"
void schema_quantity(struct json_writer *w, const char *member, const char *pattern, const char *help); /* a number, or a text with its unit */
void schema_integer(struct json_writer *w, const char *member, int min, int max, const char *help);
void schema_text(struct json_writer *w, const char *member, const char *pattern, const char *help); /* pattern may be NULL */

/* definitions/value-NAME */
void schema_value(struct json_writer *w, const struct param *p);
/* definitions of params, sweep, row and all axes */
void schema_axes(struct json_writer *w, const struct card *card);

#endif
