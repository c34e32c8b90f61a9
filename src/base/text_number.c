/* The number half of base/text.h: strict readings, the one formatter, durations and sizes. */
#include "base/text.h"

#include "base/err.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_MAX 1e15 /* whole numbers of up to DBL_DIG digits are their own shortest form */
#define INT_EXACT_MAX INT64_C(9007199254740992) /* 2^53: beyond it doubles skip integers */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

static const char *skip_sign(const char *s)
{
	return *s == '-' || *s == '+' ? s + 1 : s;
}

/* ---- reading ---------------------------------------------------------------- */

bool text_parse_int(const char *text, int64_t *ret)
{
	const char *s = skip_sign(text);
	int64_t v = 0;

	if (!is_digit(*s) || (*s == '0' && s[1]))
		return false;
	for (; is_digit(*s); s++) {
		v = v * 10 + (*s - '0');
		if (v > INT_EXACT_MAX)
			return false;
	}
	if (*s)
		return false;
	*ret = *text == '-' ? -v : v;
	return true;
}

/* The end of [0-9]+(\.[0-9]*)? or \.[0-9]+ at s; NULL where there is none. */
static const char *skip_decimal(const char *s)
{
	const char *end = skip_digits(s);

	if (*end != '.')
		return end == s ? NULL : end;
	if (end == s && !is_digit(end[1]))
		return NULL;
	return skip_digits(end + 1);
}

bool text_parse_number(const char *text, double *ret)
{
	const char *s = skip_decimal(skip_sign(text));
	double v;

	if (!s)
		return false;
	if (*s == 'e' || *s == 'E') {
		s = skip_sign(s + 1);
		if (!is_digit(*s))
			return false;
		s = skip_digits(s);
	}
	if (*s)
		return false;
	v = strtod(text, NULL); /* the program never calls setlocale: the point is a point */
	if (!isfinite(v))
		return false;
	*ret = v;
	return true;
}

/* ---- printing --------------------------------------------------------------- */

/* Adds one to the last digit before the 'e' of a text that "%.*e" printed, carrying; false where all are 9. */
static bool next_up(char *text)
{
	char *s = strchr(text, 'e');

	while (s-- > text) {
		if (*s == '.')
			continue;
		if (*s < '9') {
			*s = (char)(*s + 1);
			return true;
		}
		*s = '0';
	}
	return false;
}

/* Shortest digits (no point, no trailing zeros) that read back as value > 0; *ret_point is where
 * the decimal point stands, counted from before the first digit: 0.1 is "1" at 0, 12 is "12" at 2. */
static int shortest_digits(double value, char digits[18], int *ret_point)
{
	char text[32];
	int precision, n = 0;
	const char *s;

	if (value < WHOLE_MAX && value == floor(value)) { /* most numbers are: no search */
		n = *ret_point = snprintf(digits, 18, "%" PRId64, (int64_t)value);
		goto out;
	}
	/*
	 * A decimal of up to DBL_DIG (15) digits that reads back as a value is, but for subnormal ones, the value rounded to
	 * 15 digits: their neighbours are farther away than half the distance of two doubles. So the search begins there, and
	 * the zeros at its end are dropped below.
	 */
	for (precision = value < DBL_MIN ? 0 : DBL_DIG - 1; precision < 17; precision++) { /* 17 digits always suffice */
		(void)snprintf(text, sizeof text, "%.*e", precision, value);
		if (strtod(text, NULL) == value) /* exact on purpose: this is the definition */
			break;
		/* Above a power of two the doubles lie twice as far apart as below it: the decimal just
		 * above may read back where the nearest one, just below, does not (2^-24). */
		if (next_up(text) && strtod(text, NULL) == value)
			break;
	}
	for (s = text; *s != 'e'; s++)
		if (is_digit(*s))
			digits[n++] = *s;
	*ret_point = 1 + (int)strtol(s + 1, NULL, 10);
out:
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	return n;
}

static void put_integer(char *out, int64_t value)
{
	char digits[20]; /* of 2^63 there are 19 */
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	int n = 0;

	do
		digits[n++] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*out++ = '-';
	while (n > 0)
		*out++ = digits[--n];
	*out = '\0';
}

/* Number::toString of ECMAScript (RFC 8785 section 3.2.2.3): n digits, point after `point` of them. */
char *text_number(char *buf, double value)
{
	char digits[18];
	char *out = buf;
	int n, point, i;

	if (!isfinite(value))
		BUG("text_number of a value that is not finite");
	if (value == 0) { /* -0 too */
		memcpy(buf, "0", 2);
		return buf;
	}
	if (fabs(value) <= (double)INT_EXACT_MAX && value == floor(value)) { /* most numbers of a manifest: ten times faster */
		put_integer(buf, (int64_t)value);
		return buf;
	}
	if (value < 0)
		*out++ = '-';
	n = shortest_digits(fabs(value), digits, &point);
	if (point > 21 || point <= -6) {
		*out++ = digits[0];
		if (n > 1)
			*out++ = '.';
		memcpy(out, digits + 1, (size_t)n - 1);
		out += n - 1;
		(void)snprintf(out, TEXT_NUMBER_MAX - (size_t)(out - buf), "e%+d", point - 1);
		return buf;
	}
	if (point <= 0) { /* 0.000ddd */
		*out++ = '0';
		*out++ = '.';
		for (i = point; i < 0; i++)
			*out++ = '0';
	}
	for (i = 0; i < n || i < point; i++) { /* dd.ddd or ddd000 */
		if (i == point && i > 0)
			*out++ = '.';
		*out++ = i < n ? digits[i] : '0';
	}
	*out = '\0';
	return buf;
}

/* ---- durations and sizes ---------------------------------------------------- */

struct unit {
	const char *name;
	double factor;
};

/* large to small: a duration names its units in this order */
static const struct unit duration_units[] = { { "h", 3600 }, { "m", 60 }, { "s", 1 }, { "ms", 1e-3 } };

static const struct unit size_units[] = {
	{ "", 1 },           { "B", 1 },
	{ "K", 1024 },       { "KB", 1024 },       { "KiB", 1024 },
	{ "M", 1048576 },    { "MB", 1048576 },    { "MiB", 1048576 },
	{ "G", 1073741824 }, { "GB", 1073741824 }, { "GiB", 1073741824 },
	{ "T", 0x1p40 },     { "TB", 0x1p40 },     { "TiB", 0x1p40 },
};

#define N_DURATION_UNITS (sizeof duration_units / sizeof *duration_units)
#define N_SIZE_UNITS (sizeof size_units / sizeof *size_units)

/* A decimal without sign or exponent at *s; moves *s behind it. */
static bool read_decimal(const char **s, double *ret)
{
	const char *end = skip_decimal(*s);
	char copy[32];
	size_t len;

	if (!end)
		return false;
	len = (size_t)(end - *s);
	if (len >= sizeof copy)
		return false;
	memcpy(copy, *s, len);
	copy[len] = '\0';
	*ret = strtod(copy, NULL);
	*s = end;
	return true;
}

bool text_parse_duration(const char *text, double *ret_seconds)
{
	size_t next = 0; /* the first unit still allowed */
	double total = 0, v;
	const char *s = text;

	do {
		size_t len = 0, u;

		if (!read_decimal(&s, &v))
			return false;
		while (s[len] >= 'a' && s[len] <= 'z')
			len++;
		if (len == 0 && !*s && next == 0) { /* a bare number is seconds */
			total = v;
			break;
		}
		for (u = next; u < N_DURATION_UNITS; u++)
			if (strlen(duration_units[u].name) == len && !memcmp(s, duration_units[u].name, len))
				break;
		if (u == N_DURATION_UNITS)
			return false;
		total += v * duration_units[u].factor;
		next = u + 1;
		s += len;
	} while (*s);
	if (total > TEXT_DURATION_MAX_S)
		return false;
	*ret_seconds = total;
	return true;
}

bool text_parse_size(const char *text, uint64_t *ret_bytes)
{
	const char *s = text;
	double v;
	size_t u;

	if (!read_decimal(&s, &v))
		return false;
	for (u = 0; u < N_SIZE_UNITS; u++)
		if (text_equal_ignoring_case(s, size_units[u].name))
			break;
	if (u == N_SIZE_UNITS)
		return false;
	v = floor(v * size_units[u].factor);
	if (v > (double)INT_EXACT_MAX) /* 8 PiB */
		return false;
	*ret_bytes = (uint64_t)v;
	return true;
}

char *text_count(char *buf, size_t size, int64_t n, const char *singular)
{
	(void)snprintf(buf, size, "%" PRId64 " %s%s", n, singular, n == 1 ? "" : "s");
	return buf;
}

char *text_bytes(char *buf, size_t size, uint64_t n_bytes)
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)n_bytes / 1024;
	size_t u = 0;

	if (n_bytes < 1024) {
		(void)snprintf(buf, size, "%" PRIu64 " B", n_bytes);
		return buf;
	}
	while (v >= 1023.95 && u + 1 < sizeof names / sizeof *names) { /* would print as 1024.0 */
		v /= 1024;
		u++;
	}
	(void)snprintf(buf, size, "%.1f %s", v, names[u]);
	return buf;
}

char *text_duration(char *buf, size_t size, double seconds)
{
	int64_t whole;

	if (!(seconds > 0)) /* a nan too */
		seconds = 0;
	if (seconds > 1e12) /* past all use; keeps the conversion defined */
		seconds = 1e12;
	if (seconds < 59.95) {
		(void)snprintf(buf, size, "%.1f s", seconds);
		return buf;
	}
	whole = (int64_t)(seconds + 0.5);
	if (whole < 3600) {
		(void)snprintf(buf, size, "%" PRId64 "m %02" PRId64 "s", whole / 60, whole % 60);
		return buf;
	}
	whole = (int64_t)(seconds / 60 + 0.5);
	(void)snprintf(buf, size, "%" PRId64 "h %02" PRId64 "m", whole / 60, whole % 60);
	return buf;
}

double text_credits_rounded(double credits)
{
	return floor(credits * 10000 + 0.5) / 10000;
}

char *text_credits(char *buf, size_t size, double credits)
{
	char number[TEXT_NUMBER_MAX];
	double rounded = text_credits_rounded(credits);

	(void)snprintf(buf, size, "%s credit%s", text_number(number, rounded), rounded < 1 || rounded > 1 ? "s" : "");
	return buf;
}
