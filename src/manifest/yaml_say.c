#include "manifest/yaml_say.h"

#include <string.h>

/* libyaml 0.2.5's words (scanner.c, parser.c), and ours. */
static const struct {
	const char *problem, *sentence;
} phrases[] = {
	{ "mapping values are not allowed in this context",
	  "a ': ' inside a text ends it in YAML: put the text in quotes, or mend the indentation" },
	{ "did not find expected key", "this line does not fit the block above it: give it the indentation of its neighbours" },
	{ "did not find expected '-' indicator", "this line does not fit the list above it: begin it with '- ' in the list's column" },
	{ "did not find expected node content", "a value is missing here: write one, or put the text in quotes" },
	{ "could not find expected ':'", "a ':' is missing after the key: write 'key: value'" },
	{ "found unknown escape character", "an unknown escape in double quotes: write \\\\ for a backslash, or use single quotes" },
	{ "block sequence entries are not allowed in this context", "a list cannot begin on this line: begin it on the next line" },
	{ "block mapping values are not allowed in this context", "a ': ' cannot stand here: put the text in quotes" },
	{ "mapping keys are not allowed in this context", "a '?' begins a key in YAML: put the text in quotes" },
	{ "did not find expected alphabetic or numeric character", "a '*' or '&' begins an alias or anchor in YAML: put the text in quotes" },
	{ "did not find expected <document start>", "the text goes on where YAML expects its end: mend the indentation, or put the text in quotes" },
	{ "found a tab character that violates indentation", "a tab stands where YAML wants blanks: indent with blanks" },
	{ "found undefined tag handle", "a '!' begins a tag in YAML: put the text in quotes" },
	{ "control characters are not allowed", "a control character stands here: remove it, or write it as an escape in double quotes" },
};

/* What was begun and never ended: the beginning is the place to look at. */
static const struct {
	const char *problem, *sentence;
} open_phrases[] = {
	{ "did not find expected ',' or '}'", "the '{' here is not closed, or a ',' is missing" },
	{ "did not find expected ',' or ']'", "the '[' here is not closed, or a ',' is missing" },
	{ "found unexpected end of stream", "the quote here is not closed" },
};

const char *yaml_line(const char *text, size_t len, int line, size_t *ret_len)
{
	const char *end = text + len, *stop;

	for (int i = 1; i < line; i++) {
		text = memchr(text, '\n', (size_t)(end - text));
		if (!text)
			return NULL;
		text++;
	}
	stop = memchr(text, '\n', (size_t)(end - text));
	*ret_len = (size_t)((stop ? stop : end) - text);
	return text;
}

/* "key: {word} more" or "- {word} more": where the brace begins a text that was not put in quotes. 0: not so. */
static int stray_brace_column(const char *line, size_t len)
{
	size_t i = 0, close;

	while (i < len && line[i] != '{' && line[i] != '"' && line[i] != '\'' && line[i] != '#')
		i++;
	if (i == len || line[i] != '{' || i < 2 || line[i - 1] != ' ')
		return 0;
	if (i + 1 < len && line[i + 1] == '{')
		return (int)i + 1;
	for (close = i; close < len && line[close] != '}'; close++)
		if (line[close] == ':') /* {file: x}: a map that was meant */
			return 0;
	for (close++; close < len && line[close] == ' '; close++)
		;
	return close < len && line[close] != '#' && line[close] != ',' ? (int)i + 1 : 0;
}

/* "{.., where: genre in [a, b]}": the bracket ends the text. 0: not so. */
static int bare_where_column(const char *line, size_t len)
{
	static const char key[] = "where: ";

	for (size_t i = 0; i + sizeof key <= len; i++)
		if (!memcmp(line + i, key, sizeof key - 1) && line[i + sizeof key - 1] != '"' && line[i + sizeof key - 1] != '\'' &&
		    memchr(line + i, '[', len - i))
			return (int)(i + sizeof key);
	return 0;
}

static const char *phrase_of(const char *problem)
{
	for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
		if (!strcmp(phrases[i].problem, problem))
			return phrases[i].sentence;
	return NULL;
}

/* Byte at the column (in characters) of a line; 0 past its end. */
static char character_at(const char *line, size_t len, int column)
{
	size_t i = 0;

	for (int c = 1; i < len; i++) {
		if (((unsigned char)line[i] & 0xC0) == 0x80)
			continue;
		if (c++ == column)
			return line[i];
	}
	return 0;
}

static bool say_open(struct mistakes *ms, const char *problem, int line, int begin_line, int begin_column)
{
	for (size_t i = 0; i < sizeof open_phrases / sizeof open_phrases[0] && begin_line > 0; i++) {
		if (strcmp(open_phrases[i].problem, problem) != 0)
			continue;
		mistake_add(ms, begin_line, begin_column, "%s (found out in line %d): close it, or put the text in quotes",
			    open_phrases[i].sentence, line);
		return true;
	}
	return false;
}

void yaml_say(struct mistakes *ms, const char *text, size_t len, const char *problem, int line, int column, int begin_line,
	      int begin_column)
{
	size_t line_len = 0;
	const char *where = yaml_line(text, len, line, &line_len);
	const char *sentence = phrase_of(problem);
	int brace = where ? stray_brace_column(where, line_len) : 0, bare = where ? bare_where_column(where, line_len) : 0;
	char c = where ? character_at(where, line_len, column) : 0;

	if (bare)
		mistake_add(ms, line, bare, "a '[' inside { } begins a list in YAML: put the condition in quotes, as where: \"genre in [jazz, rock]\"");
	else if (brace)
		mistake_add(ms, line, brace, "a '{' at the start of a value begins a map in YAML: put the text in quotes");
	else if (c == '\t')
		mistake_add(ms, line, column, "a tab stands where YAML wants blanks: indent with blanks");
	else if (!strcmp(problem, "found character that cannot start any token"))
		mistake_add(ms, line, column, "a value cannot begin with '%c' in YAML: put the text in quotes", c ? c : '?');
	else if (say_open(ms, problem, line, begin_line, begin_column))
		return;
	else if (sentence)
		mistake_add(ms, line, column, "%s", sentence);
	else
		mistake_add(ms, line, column, "this is not YAML: %s", problem);
}
