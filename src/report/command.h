/*
 * report/command: of the command that made a folder what another command on it has to say again.
 *
 * A run's row keeps its command line (cli/command_line writes it: words that a shell would read otherwise stand in
 * single quotes). --set, --backend and --checkpoint decide which jobs there are: without them a run would take other
 * jobs for the manifest's; --credits is the cap that a hosted run does not begin without. What only limits one run (--select, --limit,
 * --for, ..) is left out. --output is told as a yes or no: equal folders have equal pages, wherever they lie, and a reader
 * knows where the page is.
 */
#ifndef REPORT_COMMAND_H
#define REPORT_COMMAND_H

#include "base/strbuf.h"

#include <stdbool.h>

/* Each appends words as a shell reads them, a space before each. Pure. */
void command_run_options(struct strbuf *out, const char *command_line);  /* for run, plan, check, why, verify */
void command_find_options(struct strbuf *out, const char *command_line); /* for list, show, status, retry */
bool command_has_output(const char *command_line);

#endif
