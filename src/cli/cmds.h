/*
 * cli/cmds: the verbs, each in its own cmd_*.c, and the one table of them in cmds.c.
 *
 * A row says everything about a verb. Dispatch and errors (cli.c), pages (help.c), the man page
 * (manpage.c) and shell completion (completions.c) are made from the rows: adding a verb is adding a row.
 *
 * Each cmd_* gets its options read and its words counted, prints, and answers the exit status.
 */
#ifndef CLI_CMDS_H
#define CLI_CMDS_H

#include "cli/options.h"

#define COMMAND_WORDS_ANY 1000000 /* max_words of a verb that takes a list */

struct command {
	const char *name;
	enum verb verb;
	/*
	 * How usage calls its words, and what a shell offers there: "MANIFEST" (a .yaml file), "MANIFEST|DIR", "ID" (of a
	 * job of the first word), "VERSION" (of a public checkpoint), "FILE"; in lower case the words themselves, "bash|zsh". "[X]" may be left out, the last
	 * of a list is "X..." or "[X]...".
	 */
	const char *words;
	int min_words, max_words;
	int (*run)(const struct options *o);
	const char *help; /* one line */
	const char *more; /* a paragraph for its page and the man page, or NULL */
};

const struct command *command_at(int i); /* in the order of help; NULL past the last */
const struct command *command_find(const char *name); /* NULL: there is none */
const char *command_nearest(const char *name); /* the verb that may be meant, or NULL */

int cmd_run(const struct options *o);
int cmd_check(const struct options *o);
int cmd_plan(const struct options *o);
int cmd_status(const struct options *o);
int cmd_list(const struct options *o);
int cmd_show(const struct options *o);
int cmd_report(const struct options *o);
int cmd_schema(const struct options *o);
int cmd_init(const struct options *o);
int cmd_why(const struct options *o);
int cmd_retry(const struct options *o);
int cmd_verify(const struct options *o);
int cmd_gc(const struct options *o);
int cmd_completions(const struct options *o);
int cmd_models(const struct options *o);

#endif
