/* Characters and likeness. Numbers, durations and sizes are in text_number.c. */
#include "base/text.h"

#include "base/mem.h"

#include <string.h>

/* ---- UTF-8 (RFC 3629) ------------------------------------------------------- */

/* first byte from, to; bytes in all; smallest code point that needs so many */
struct utf8_row {
	unsigned char from, to;
	unsigned char n_bytes;
	uint32_t least;
};

static const struct utf8_row utf8_rows[] = {
	{ 0x00, 0x7F, 1, 0x0 },
	{ 0xC2, 0xDF, 2, 0x80 },
	{ 0xE0, 0xEF, 3, 0x800 },
	{ 0xF0, 0xF4, 4, 0x10000 },
};

size_t text_utf8_next(const char *s, size_t len, uint32_t *ret)
{
	unsigned char first = len ? (unsigned char)s[0] : 0;
	const struct utf8_row *row = NULL;
	uint32_t c;
	size_t i;

	if (len && first < 0x80) {
		*ret = first;
		return 1;
	}
	for (i = 0; i < sizeof utf8_rows / sizeof *utf8_rows; i++)
		if (first >= utf8_rows[i].from && first <= utf8_rows[i].to)
			row = &utf8_rows[i];
	if (!row || row->n_bytes > len)
		return 0;
	c = row->n_bytes == 1 ? first : first & (0x7FU >> row->n_bytes);
	for (i = 1; i < row->n_bytes; i++) {
		if (((unsigned char)s[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)s[i] & 0x3FU);
	}
	if (c < row->least || (c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF)
		return 0;
	*ret = c;
	return row->n_bytes;
}

bool text_is_utf8(const char *s, size_t len)
{
	uint32_t c;
	size_t n;

	for (; len; s += n, len -= n) {
		n = text_utf8_next(s, len, &c);
		if (n == 0 || c == 0)
			return false;
	}
	return true;
}

size_t text_utf8_length(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80;
	return n;
}

/* ---- ASCII comparing -------------------------------------------------------- */

static int fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

bool text_equal_ignoring_case(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (fold(*a) != fold(*b))
			return false;
	return *a == *b;
}

bool text_starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

/* ---- likeness --------------------------------------------------------------- */

#define WORD_MAX 256 /* longer words are nobody's slip of a finger: they compare by their first bytes */

static size_t word_length(const char *s)
{
	size_t n = strlen(s);

	return n < WORD_MAX ? n : WORD_MAX;
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: the table of the edit distance, three rows of it at a time. */
int text_distance(const char *a, const char *b)
{
	size_t n = word_length(a), m = word_length(b), i, j;
	int rows[3][WORD_MAX + 1];
	int *before = rows[0], *above = rows[1], *row = rows[2], *spare;

	for (j = 0; j <= m; j++)
		above[j] = before[j] = (int)j;
	for (i = 1; i <= n; i++) {
		row[0] = (int)i;
		for (j = 1; j <= m; j++) {
			int differ = fold(a[i - 1]) != fold(b[j - 1]);

			row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + differ);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[m];
}

/* model_version, Model-Version and modelVersion are one word. */
static bool same_word(const char *a, const char *b)
{
	for (;;) {
		while (*a == '_' || *a == '-')
			a++;
		while (*b == '_' || *b == '-')
			b++;
		if (!*a || !*b)
			return *a == *b;
		if (fold(*a++) != fold(*b++))
			return false;
	}
}

const char *text_nearest(const char *word, const char *const *candidates, size_t n)
{
	int limit = (int)(word_length(word) / 3), best = 0;
	const char *nearest = NULL;
	size_t i;

	if (limit < 1)
		limit = 1;
	for (i = 0; i < n; i++) {
		int d = same_word(word, candidates[i]) ? 0 : text_distance(word, candidates[i]);

		if (d > limit || d >= (int)word_length(candidates[i])) /* nothing in common */
			continue;
		if (!nearest || d < best) {
			nearest = candidates[i];
			best = d;
		}
	}
	return nearest;
}
