/*
 * manifest/range: "a..b" and "a..b by s" as exact decimals.
 *
 * A range includes both ends and must hit b. Numbers are decimals of at most 15
 * digits, or integers up to 2^53 - 1, so that 0.1..0.3 by 0.1 is 0.1, 0.2, 0.3 and not 0.30000000000000004:
 * value i is the text of (a + i s), read as a number once. Pure.
 */
#ifndef MANIFEST_RANGE_H
#define MANIFEST_RANGE_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

struct range {
	int64_t first, step; /* in units of 10^-scale */
	int scale;
	int64_t n; /* at least 1 */
};

#define RANGE_TEXT_SIZE 32

bool range_looks_like(const char *text); /* holds ".." */
/* -1: `why` (reset first) holds the rest of a sentence that begins with the axis's name. At most max values. */
int range_parse(const char *text, int64_t max, struct range *ret, struct strbuf *why) WARN_UNUSED;
/* Value i, 0 <= i < n, as shortest decimal. Returns buf. */
char *range_text(const struct range *r, int64_t i, char buf[RANGE_TEXT_SIZE]);

#endif
