#include "engine/utf8.h"

/* What may follow a lead byte (Unicode, table 3-7): the limits of the second byte, and how many follow in all. */
struct lead {
	unsigned char first, last, n_more, low, high;
};

static const struct lead leads[] = {
	{ 0xc2, 0xdf, 1, 0x80, 0xbf }, { 0xe0, 0xe0, 2, 0xa0, 0xbf }, { 0xe1, 0xec, 2, 0x80, 0xbf }, { 0xed, 0xed, 2, 0x80, 0x9f },
	{ 0xee, 0xef, 2, 0x80, 0xbf }, { 0xf0, 0xf0, 3, 0x90, 0xbf }, { 0xf1, 0xf3, 3, 0x80, 0xbf }, { 0xf4, 0xf4, 3, 0x80, 0x8f },
};

size_t utf8_next(const char *s, size_t len, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)s;
	const struct lead *lead = NULL;
	uint32_t code;

	*ret = p[0];
	if (p[0] < 0x80)
		return 1;
	*ret = UTF8_REPLACEMENT;
	for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++)
		if (p[0] >= leads[i].first && p[0] <= leads[i].last)
			lead = &leads[i];
	if (!lead)
		return 1;
	code = p[0] & (0x3fu >> lead->n_more);
	for (size_t i = 1; i <= lead->n_more; i++) {
		if (i >= len || p[i] < (i == 1 ? lead->low : 0x80) || p[i] > (i == 1 ? lead->high : 0xbf))
			return i;
		code = code << 6 | (p[i] & 0x3f);
	}
	*ret = code;
	return (size_t)lead->n_more + 1;
}

bool utf8_is_space(uint32_t code)
{
	return (code >= 0x09 && code <= 0x0d) || code == 0x20 || code == 0x85 || code == 0xa0 || code == 0x1680 ||
	       (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
	       code == 0x3000;
}
