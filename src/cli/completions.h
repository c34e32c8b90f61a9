/*
 * cli/completions: scripts that complete mgbatch's command lines, made from the tables of verbs and options.
 *
 * Verbs, a verb's own options, values of options that have a list, .yaml files for
 * MANIFEST, folders for DIR, ids of the jobs of the first word for ID. Each appends a whole script.
 */
#ifndef CLI_COMPLETIONS_H
#define CLI_COMPLETIONS_H

#include "base/strbuf.h"

void completions_bash(struct strbuf *out);
void completions_zsh(struct strbuf *out);

#endif
