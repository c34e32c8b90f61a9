#include "manifest/range.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 15 /* any such decimal survives a double (DBL_DIG) */
#define INTEGER_MAX INT64_C(9007199254740991) /* 2^53 - 1: so does any integer up to it, which has 16 */

struct decimal {
	int64_t units; /* value = units / 10^scale */
	int scale;
};

bool range_looks_like(const char *text)
{
	return strstr(text, "..") != NULL;
}

static const char *skip_blanks(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

/* [-+]?digits(.digits)?, where a dot belongs to the number only when a digit follows. NULL: no number, or not exact in a double. */
static const char *parse_decimal(const char *p, struct decimal *ret)
{
	bool is_negative = *p == '-';
	int n_digits = 0;

	ret->units = 0;
	ret->scale = 0;
	p += *p == '-' || *p == '+';
	for (bool after_dot = false;; p++) {
		if (*p == '.' && !after_dot && n_digits > 0 && p[1] >= '0' && p[1] <= '9') {
			after_dot = true;
			continue;
		}
		if (*p < '0' || *p > '9')
			break;
		if (++n_digits > DIGITS_MAX + 1)
			return NULL;
		ret->units = 10 * ret->units + (*p - '0');
		ret->scale += after_dot;
	}
	if (n_digits > DIGITS_MAX && (ret->scale > 0 || ret->units > INTEGER_MAX))
		return NULL;
	if (is_negative)
		ret->units = -ret->units;
	return n_digits ? p : NULL;
}

/* units x 10^(scale - d.scale); -1 beyond what a double tells apart, which a value of the range would need. */
static int rescale(struct decimal *d, int scale)
{
	for (; d->scale < scale; d->scale++) {
		if (d->units > INTEGER_MAX / 10 || d->units < -INTEGER_MAX / 10)
			return -1;
		d->units *= 10;
	}
	return 0;
}

static int max3(int a, int b, int c)
{
	int m = a > b ? a : b;

	return m > c ? m : c;
}

static int parse_parts(const char *text, struct decimal *a, struct decimal *b, struct decimal *s)
{
	const char *p = parse_decimal(skip_blanks(text), a);

	s->units = 1;
	s->scale = 0;
	if (!p || strncmp(p = skip_blanks(p), "..", 2) != 0)
		return -1;
	p = parse_decimal(skip_blanks(p + 2), b);
	if (!p)
		return -1;
	if (*p == ' ' && !strncmp(p = skip_blanks(p), "by ", 3))
		p = parse_decimal(skip_blanks(p + 3), s);
	return p && *skip_blanks(p) == 0 ? 0 : -1;
}

static int say_miss(const struct range *r, int64_t last, const struct decimal *b, const struct decimal *s, struct strbuf *why)
{
	struct range at = { r->first, r->step, r->scale, 1 };
	char before[RANGE_TEXT_SIZE], end[RANGE_TEXT_SIZE], step[RANGE_TEXT_SIZE], after[RANGE_TEXT_SIZE];

	range_text(&at, last, before);
	range_text(&at, last + 1, after);
	at.first = b->units;
	range_text(&at, 0, end);
	at.first = s->units;
	range_text(&at, 0, step);
	strbuf_addf(why, "runs to %s by %s and does not hit it: end at %s or %s, or take another step", end, step, before, after);
	return -1;
}

int range_parse(const char *text, int64_t max, struct range *ret, struct strbuf *why)
{
	struct decimal a, b, s;
	int64_t span;

	strbuf_reset(why);
	if (parse_parts(text, &a, &b, &s)) {
		strbuf_addf(why, "has no range: write it as 1..4 or 0.8..1.2 by 0.1, with at most %d digits a number (a whole one up to %" PRId64 ")", DIGITS_MAX, INTEGER_MAX);
		return -1;
	}
	ret->scale = max3(a.scale, b.scale, s.scale);
	if (rescale(&a, ret->scale) || rescale(&b, ret->scale) || rescale(&s, ret->scale)) {
		strbuf_adds(why, "has a range whose numbers need too many digits together: write fewer");
		return -1;
	}
	if (s.units == 0) {
		strbuf_adds(why, "has a range with step 0: write another step");
		return -1;
	}
	ret->first = a.units;
	ret->step = s.units;
	span = b.units - a.units;
	if (span != 0 && (span < 0) != (s.units < 0)) {
		strbuf_adds(why, "has a range that runs the wrong way: turn the ends around, or turn the step's sign (10..1 by -1)");
		return -1;
	}
	if (span % s.units != 0)
		return say_miss(ret, span / s.units, &b, &s, why);
	ret->n = span / s.units + 1;
	if (ret->n > max) {
		strbuf_addf(why, "has a range of %" PRId64 " values, more than the limit of %" PRId64 ": write a shorter one", ret->n, max);
		return -1;
	}
	return 0;
}

char *range_text(const struct range *r, int64_t i, char buf[RANGE_TEXT_SIZE])
{
	int64_t units = r->first + i * r->step, power = 1;
	uint64_t size = units < 0 ? (uint64_t)-units : (uint64_t)units;
	size_t len;

	for (int k = 0; k < r->scale; k++)
		power *= 10;
	snprintf(buf, RANGE_TEXT_SIZE, "%s%" PRIu64, units < 0 ? "-" : "", size / (uint64_t)power);
	if (r->scale == 0)
		return buf;
	len = strlen(buf);
	snprintf(buf + len, RANGE_TEXT_SIZE - len, ".%0*" PRIu64, r->scale, size % (uint64_t)power);
	for (len = strlen(buf); buf[len - 1] == '0'; len--)
		buf[len - 1] = 0;
	if (buf[len - 1] == '.')
		buf[len - 1] = 0;
	return buf;
}
