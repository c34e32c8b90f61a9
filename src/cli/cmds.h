/*
 * cli/cmds: the verbs, each in its own cmd_*.c, called from cli.c's table.
 *
 * Each gets its options read and its words counted, prints, and answers the exit status.
 */
#ifndef CLI_CMDS_H
#define CLI_CMDS_H

#include "cli/options.h"

int cmd_run(const struct options *o);
int cmd_check(const struct options *o);
int cmd_plan(const struct options *o);
int cmd_status(const struct options *o);
int cmd_list(const struct options *o);
int cmd_show(const struct options *o);
int cmd_report(const struct options *o);
int cmd_schema(const struct options *o);

#endif
