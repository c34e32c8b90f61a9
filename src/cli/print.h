/*
 * cli/print: what reaches the terminal. stdout is data, stderr is messages.
 *
 * Text that came from outside passes print_visible first, so that a prompt
 * cannot send control sequences to a terminal. A failed write to stdout is
 * remembered by stdio and told once, by print_close, with exit status 5 (but not
 * one to a reader that went away: `| head`);
 * print_is_broken lets long listings stop early. SIGPIPE is ignored by cli_main.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>

#define PRINT_MAX (64u << 20) /* longest text put together before it is printed */

void print_visible(struct strbuf *out, const char *text); /* control characters as \xNN, newlines too */
void print_out(struct strbuf *text); /* to stdout, and resets text */
void print_now(struct strbuf *text); /* the same, and a pipe has it at once: between two such lines may lie minutes */
void print_message(const char *fmt, ...) PRINTF_LIKE(1, 2); /* one line "mgbatch: ..." to stderr, made visible */
int print_err(const struct err *err); /* the same of an err; answers its exit status */
bool print_is_broken(void);
int print_close(int status); /* flushes stdout; answers status, or 5 and says so when something could not be written */

#endif
