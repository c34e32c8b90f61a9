/*
 * cli/command_line: the command that these options are, as a shell reads it; for the run's row.
 *
 * A loop over the table of options: whatever goes with `run` is in it. Words that a
 * shell would read otherwise stand in single quotes.
 */
#ifndef CLI_COMMAND_LINE_H
#define CLI_COMMAND_LINE_H

#include "base/strbuf.h"
#include "cli/options.h"

char *command_line(const struct options *o); /* "mgbatch run m.yaml --limit 3"; the caller frees */

#endif
