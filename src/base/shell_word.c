#include "base/shell_word.h"

#include <stdbool.h>
#include <string.h>

/* No shell reads these otherwise, wherever they stand in a word. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+"

void shell_word_add(struct strbuf *out, const char *word)
{
	strbuf_addc(out, ' ');
	if (*word && word[strspn(word, PLAIN)] == '\0') {
		strbuf_adds(out, word);
		return;
	}
	strbuf_addc(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			strbuf_adds(out, "'\\''");
		else
			strbuf_addc(out, *word);
	strbuf_addc(out, '\'');
}

/* The word at `at`, quotes and all; a quoted piece ends at the next quote, outside of them \' is one. */
size_t shell_word_len(const char *at)
{
	size_t len = 0;

	for (bool is_quoted = false; at[len] && (is_quoted || at[len] != ' '); len++)
		if (at[len] == '\'')
			is_quoted = !is_quoted;
		else if (at[len] == '\\' && !is_quoted && at[len + 1])
			len++;
	return len;
}

const char *shell_word_next(const char *at)
{
	at += shell_word_len(at);
	return at + strspn(at, " ");
}
