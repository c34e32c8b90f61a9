#include "engine/grapheme.h"

#include "engine/grapheme_table.h"
#include "engine/utf8.h"

#include <stdlib.h>

static int compare_code(const void *key, const void *item)
{
	uint32_t code = *(const uint32_t *)key;
	const struct code_range *r = item;

	return code < r->first ? -1 : code > r->last;
}

static bool is_in(const struct code_range *ranges, size_t n, uint32_t code)
{
	return bsearch(&code, ranges, n, sizeof *ranges, compare_code) != NULL;
}

#define IS_IN(ranges, code) is_in(ranges, sizeof(ranges) / sizeof(ranges)[0], code)

size_t grapheme_length(const char *s, size_t len)
{
	uint32_t code, next;
	size_t n = utf8_next(s, len, &code), step;

	while (n < len) {
		step = utf8_next(s + n, len - n, &next);
		if (code == '\r' && next == '\n')
			return n + step;
		if ((code < 0x80 && next < 0x80) || IS_IN(control, code) || IS_IN(control, next))
			return n;
		if (!IS_IN(joining, next) && !IS_IN(prepended, code))
			return n;
		n += step;
		code = next;
	}
	return n;
}
