#include "report/command.h"

#include "base/shell_word.h"

#include <string.h>

static const char *const run_options[] = { "--backend", "--checkpoint", "--set", "--credits", NULL };
static const char *const find_options[] = { "--backend", NULL };
static const char *const output_option[] = { "--output", NULL };

static bool is_one_of(const char *word, const char *const *names)
{
	for (; *names; names++)
		if (shell_word_len(word) == strlen(*names) && !strncmp(word, *names, strlen(*names)))
			return true;
	return false;
}

/* The first of these options from `at` on that has its value behind it; NULL: none. */
static const char *find_option(const char *at, const char *const *names)
{
	for (; *at; at = shell_word_next(at))
		if (is_one_of(at, names) && *shell_word_next(at))
			return at;
	return NULL;
}

static void add_options(struct strbuf *out, const char *command_line, const char *const *names)
{
	for (const char *at = command_line; (at = find_option(at, names)); at = shell_word_next(shell_word_next(at))) {
		const char *value = shell_word_next(at);

		strbuf_addc(out, ' ');
		strbuf_add(out, at, shell_word_len(at));
		strbuf_addc(out, ' ');
		strbuf_add(out, value, shell_word_len(value));
	}
}

void command_run_options(struct strbuf *out, const char *command_line)
{
	add_options(out, command_line, run_options);
}

void command_find_options(struct strbuf *out, const char *command_line)
{
	add_options(out, command_line, find_options);
}

bool command_has_output(const char *command_line)
{
	return find_option(command_line, output_option) != NULL;
}
