#include "report/command.h"

#include <string.h>

static const char *const run_options[] = { "--backend", "--checkpoint", "--set", NULL };
static const char *const find_options[] = { "--backend", NULL };
static const char *const output_option[] = { "--output", NULL };

/* The word at `at`, quotes and all; a quoted piece ends at the next quote, outside of them \' is one (cli/command_line.c). */
static size_t word_len(const char *at)
{
	size_t len = 0;

	for (bool is_quoted = false; at[len] && (is_quoted || at[len] != ' '); len++)
		if (at[len] == '\'')
			is_quoted = !is_quoted;
		else if (at[len] == '\\' && !is_quoted && at[len + 1])
			len++;
	return len;
}

static const char *next_word(const char *at)
{
	at += word_len(at);
	return at + strspn(at, " ");
}

static bool is_one_of(const char *word, const char *const *names)
{
	for (; *names; names++)
		if (word_len(word) == strlen(*names) && !strncmp(word, *names, strlen(*names)))
			return true;
	return false;
}

/* The first of these options from `at` on that has its value behind it; NULL: none. */
static const char *find_option(const char *at, const char *const *names)
{
	for (; *at; at = next_word(at))
		if (is_one_of(at, names) && *next_word(at))
			return at;
	return NULL;
}

static void add_options(struct strbuf *out, const char *command_line, const char *const *names)
{
	for (const char *at = command_line; (at = find_option(at, names)); at = next_word(next_word(at))) {
		const char *value = next_word(at);

		strbuf_addc(out, ' ');
		strbuf_add(out, at, word_len(at));
		strbuf_addc(out, ' ');
		strbuf_add(out, value, word_len(value));
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
