/*
 * base/shell_word: words of a command line as a POSIX shell reads them.
 *
 * shell_word_add writes one, in single quotes where the shell would read it otherwise; shell_word_len and
 * shell_word_next walk a line of them, quotes and all. What the first writes the others read as one word. Pure.
 */
#ifndef BASE_SHELL_WORD_H
#define BASE_SHELL_WORD_H

#include "base/strbuf.h"

#include <stddef.h>

void shell_word_add(struct strbuf *out, const char *word); /* a blank and the word */
size_t shell_word_len(const char *at);
const char *shell_word_next(const char *at); /* the word after that at `at`, or the line's end */

#endif
