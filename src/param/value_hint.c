/*
 * value_hint: what people write for a number or a boolean, and what they meant.
 *
 * YAML readers differ over 012, 12:30, 1_000 and no (1.1 against 1.2). We take
 * none of them silently: each is a mistake with the spelling that every reader
 * takes alike. A hint is the tail of a sentence that ends with "found '...'".
 */
#include "param/card_inside.h"

#include "base/text.h"

#include <string.h>

/* A scalar longer than this is no slip of a number. */
#define HINT_TEXT_MAX 40

typedef bool (*hint_fn)(const struct param *p, const char *text, struct strbuf *why);

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* text without every `drop` and with `from` turned into `to` is a number: *ret. */
static bool number_after(const char *text, char drop, char from, char to, double *ret)
{
	char copy[HINT_TEXT_MAX + 1];
	size_t n = 0;

	for (; *text; text++)
		if (*text != drop || drop == '\0')
			copy[n++] = *text == from && from != '\0' ? to : *text;
	copy[n] = '\0';
	return text_parse_number(copy, ret);
}

static void add_write(struct strbuf *why, const char *reason, double v)
{
	char buf[TEXT_NUMBER_MAX];

	strbuf_addf(why, "%s: write %s", reason, text_number(buf, v));
}

static bool hint_octal(const struct param *p, const char *text, struct strbuf *why)
{
	const char *digits = text + strspn(text, "+-");
	double v;

	(void)p;
	if (digits[0] != '0' || !is_digit(digits[1]) || !number_after(text, '\0', '\0', '\0', &v))
		return false;
	add_write(why, ", which some readers of YAML take as octal", v);
	return true;
}

static bool hint_underscore(const struct param *p, const char *text, struct strbuf *why)
{
	double v;

	(void)p;
	if (!strchr(text, '_') || !number_after(text, '_', '\0', '\0', &v))
		return false;
	add_write(why, ", which only some readers of YAML take as a number", v);
	return true;
}

static bool hint_comma(const struct param *p, const char *text, struct strbuf *why)
{
	double v;

	(void)p;
	if (!strchr(text, ',') || !number_after(text, '\0', ',', '.', &v))
		return false;
	add_write(why, " with a comma", v);
	return true;
}

/* 12:30 is 750 for readers of YAML 1.1, and what people mean by it for a length. */
static bool hint_sixty(const struct param *p, const char *text, struct strbuf *why)
{
	double total = 0;
	const char *at = text;
	int parts = 0;

	for (;;) {
		double part = 0;

		if (!is_digit(*at))
			return false;
		while (is_digit(*at))
			part = 10 * part + (*at++ - '0');
		total = 60 * total + part;
		parts++;
		if (*at == '\0')
			break;
		if (*at++ != ':')
			return false;
	}
	if (parts < 2)
		return false;
	if (p->unit && strcmp(p->unit, "seconds") == 0)
		add_write(why, ", which some readers of YAML take as base 60; in seconds", total);
	else
		strbuf_adds(why, ", which some readers of YAML take as base 60: write a plain number");
	return true;
}

static bool hint_radix(const struct param *p, const char *text, struct strbuf *why)
{
	(void)p;
	if (text[0] != '0' || !text[1] || !strchr("xXoObB", text[1]))
		return false;
	strbuf_adds(why, ": write it in decimal");
	return true;
}

static bool hint_infinite(const struct param *p, const char *text, struct strbuf *why)
{
	static const char *const words[] = { "inf", "infinity", "nan" };
	const char *word = text + strspn(text, "+-.");
	size_t i;

	(void)p;
	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (text_equal_ignoring_case(words[i], word)) {
			strbuf_adds(why, ": infinity and not-a-number are no values here");
			return true;
		}
	return false;
}

static bool hint_range(const struct param *p, const char *text, struct strbuf *why)
{
	const char *dots = strstr(text, "..");

	if (!dots || dots == text || !is_digit(text[0]))
		return false;
	strbuf_addf(why, ": many values stand under sweep, as sweep: {%s: %s}", p->name, text);
	return true;
}

/* "8s", "30 sec", "50%": a number and a unit. */
static bool hint_unit(const struct param *p, const char *text, struct strbuf *why)
{
	size_t n = strspn(text, "+-.0123456789");
	char copy[HINT_TEXT_MAX + 1];
	double v;

	(void)p;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (n == 0 || text[n] == '\0' || strpbrk(text + n, "0123456789") || !text_parse_number(copy, &v))
		return false;
	add_write(why, ": the number stands alone", v);
	return true;
}

void value_hint_number(const struct param *p, const char *text, struct strbuf *why)
{
	static const hint_fn hints[] = { hint_radix,	hint_octal, hint_underscore, hint_comma,
					 hint_sixty,	hint_range, hint_infinite,   hint_unit };
	size_t i;

	if (strlen(text) > HINT_TEXT_MAX)
		return;
	for (i = 0; i < sizeof hints / sizeof *hints; i++)
		if (hints[i](p, text, why))
			return;
}

void value_hint_boolean(const char *text, struct strbuf *why)
{
	static const struct {
		const char *word;
		bool meant;
	} words[] = { { "yes", true },	{ "on", true },	  { "y", true },  { "1", true },  { "no", false }, { "off", false },
		      { "n", false },	{ "0", false },	  { "true", true }, { "false", false } };
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (text_equal_ignoring_case(words[i].word, text)) {
			strbuf_addf(why, ": write %s", words[i].meant ? "true" : "false");
			return;
		}
}
