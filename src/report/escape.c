#include "report/escape.h"

#include "base/text.h"

#include <string.h>

void escape_html(struct strbuf *out, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} table[] = {
		{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" },
	};

	for (; *text; text++) {
		const char *entity = NULL;

		for (size_t i = 0; i < sizeof table / sizeof *table; i++)
			if (*text == table[i].c)
				entity = table[i].entity;
		if (entity)
			strbuf_adds(out, entity);
		else
			strbuf_addc(out, *text);
	}
}

/*
 * Blanks at the ends are data too; some readers strip them unless they are quoted. What spreadsheets would take for
 * a formula stays as it is; in quotes it is a text for those that can be told so. -20.25 is a number and stays bare.
 */
static bool needs_quotes(const char *text, size_t len)
{
	double number;

	if (!len)
		return false;
	return strpbrk(text, ",\"\r\n") || text[0] == ' ' || text[len - 1] == ' ' ||
	       (strchr("=+-@\t", text[0]) && !text_parse_number(text, &number));
}

void escape_csv(struct strbuf *out, const char *text)
{
	size_t len = strlen(text);

	if (!needs_quotes(text, len)) {
		strbuf_add(out, text, len);
		return;
	}
	strbuf_addc(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			strbuf_addc(out, '"');
		strbuf_addc(out, *text);
	}
	strbuf_addc(out, '"');
}

void escape_json_in_html(struct strbuf *out, const char *json, size_t len)
{
	/* These three stand only inside strings in JSON, where \u00XX means the same. Without them
	 * neither "</script>" nor "<!--" can end or change the element. */
	for (size_t i = 0; i < len; i++) {
		if (json[i] == '<' || json[i] == '>' || json[i] == '&')
			strbuf_addf(out, "\\u%04x", (unsigned char)json[i]);
		else
			strbuf_addc(out, json[i]);
	}
}

void escape_base64(struct strbuf *out, const unsigned char *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned v = (unsigned)bytes[i] << 16;

		if (i + 1 < len)
			v |= (unsigned)bytes[i + 1] << 8;
		if (i + 2 < len)
			v |= bytes[i + 2];
		strbuf_addc(out, digits[v >> 18]);
		strbuf_addc(out, digits[v >> 12 & 63]);
		strbuf_addc(out, i + 1 < len ? digits[v >> 6 & 63] : '=');
		strbuf_addc(out, i + 2 < len ? digits[v & 63] : '=');
	}
}
