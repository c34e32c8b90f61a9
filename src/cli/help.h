/*
 * cli/help: the pages of --help, made from the tables of verbs (cmds.h) and options (options.h).
 *
 * Text is appended to out, in lines of at most HELP_COLUMNS columns.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "base/strbuf.h"
#include "cli/cmds.h"

#define HELP_COLUMNS 100

/* The text in lines of at most `columns`, those after the first indented; the cursor stands at column `indent` already. A line end in it
 * ends a line (the manual page flows on). */
void help_wrap(struct strbuf *out, const char *text, int indent, int columns);
void help_program(struct strbuf *out);
void help_verb(struct strbuf *out, const struct command *c);
void help_usage(struct strbuf *out, const struct command *c); /* "mgbatch run MANIFEST [options]" */

/* What the exit statuses mean, in the order of help; NULL past the last. */
struct exit_status {
	const char *number, *meaning;
};
const struct exit_status *help_exit_status(int i);

#endif
