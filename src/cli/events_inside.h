/* cli/events_inside: what the two files of --events share. */
#ifndef CLI_EVENTS_INSIDE_H
#define CLI_EVENTS_INSIDE_H

#include "base/json_write.h"
#include "run/run.h"

void events_begin_line(struct json_writer *w, struct strbuf *out, const char *name, int64_t unix_ms); /* the object stays open */
void events_put_counts(struct json_writer *w, const struct run_counts *counts); /* NULL: all 0 */

#endif
