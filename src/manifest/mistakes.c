#include "manifest/mistakes.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mistakes_init(struct mistakes *ms, struct arena *arena)
{
	memset(ms, 0, sizeof *ms);
	ms->arena = arena;
	ms->list = arena_alloc(arena, 2 * MISTAKES_MAX + 1, sizeof *ms->list);
}

/* Length of text's longest start of at most max bytes that does not split a character. */
static size_t whole_characters(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len <= max)
		return len;
	len = max;
	while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
		len--;
	return len;
}

const char *show(struct shown *buf, const char *text)
{
	size_t len = whole_characters(text, SHOWN_MAX);

	memcpy(buf->text, text, len);
	memcpy(buf->text + len, text[len] ? "..." : "", text[len] ? 4 : 1);
	return buf->text;
}

static bool is_known(const struct mistakes *ms, int line, int column, const char *text)
{
	for (int i = 0; i < ms->n; i++)
		if (ms->list[i].line == line && ms->list[i].column == column && !strcmp(ms->list[i].text, text))
			return true;
	return false;
}

static void one_line(char *text)
{
	text[whole_characters(text, SENTENCE_MAX)] = 0;
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7F)
			*p = ' ';
}

static void put(struct mistakes *ms, bool is_warning, int line, int column, const char *text)
{
	struct mistake *m;
	int *n = is_warning ? &ms->n_warnings : &ms->n_mistakes;

	if (is_known(ms, line, column, text))
		return;
	if (*n == MISTAKES_MAX) {
		ms->has_more |= !is_warning;
		return;
	}
	(*n)++;
	m = &ms->list[ms->n++];
	m->line = line;
	m->column = column;
	m->is_warning = is_warning;
	m->text = arena_strdup(ms->arena, text);
}

void mistake_add(struct mistakes *ms, int line, int column, const char *fmt, ...)
{
	char text[SENTENCE_MAX + 8]; /* room to see that it was too long */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	one_line(text);
	put(ms, false, line, column, text);
}

void mistake_warn(struct mistakes *ms, int line, int column, const char *fmt, ...)
{
	char text[SENTENCE_MAX + 8];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	one_line(text);
	put(ms, true, line, column, text);
}

/* Insertion sort: stable, and the list holds at most some 200. */
void mistakes_sort(struct mistakes *ms)
{
	for (int i = 1; i < ms->n; i++) {
		struct mistake m = ms->list[i];
		int j = i;

		for (; j > 0; j--) {
			const struct mistake *b = &ms->list[j - 1];

			if (b->line < m.line || (b->line == m.line && b->column <= m.column))
				break;
			ms->list[j] = *b;
		}
		ms->list[j] = m;
	}
}
