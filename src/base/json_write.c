#include "base/json_write.h"

#include "base/err.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

/* ---- text ------------------------------------------------------------------- */

/* RFC 8785 section 3.2.2.2: these two-letter escapes, \u00xx for other control characters, all else as it is. */
static const char *short_escape(uint32_t c)
{
	static const struct {
		char c;
		const char *escape;
	} table[] = {
		{ '"', "\\\"" }, { '\\', "\\\\" }, { '\b', "\\b" }, { '\t', "\\t" }, { '\n', "\\n" }, { '\f', "\\f" }, { '\r', "\\r" },
	};
	size_t i;

	for (i = 0; i < sizeof table / sizeof *table; i++)
		if (c == (unsigned char)table[i].c)
			return table[i].escape;
	return NULL;
}

static void add_u(struct strbuf *out, uint32_t c)
{
	if (c > 0xFFFF) { /* a surrogate pair */
		c -= 0x10000;
		strbuf_addf(out, "\\u%04x", 0xD800U + (unsigned)(c >> 10));
		c = 0xDC00 + (c & 0x3FF);
	}
	strbuf_addf(out, "\\u%04x", (unsigned)c);
}

/* How many of the first bytes stand in JSON as they are: nearly all of nearly every text, so they are copied together. */
static size_t plain_length(const char *value)
{
	size_t n = 0;

	while (value[n] >= 0x20 && value[n] <= 0x7E && value[n] != '"' && value[n] != '\\')
		n++;
	return n;
}

void json_quote(struct strbuf *out, const char *value, bool ascii_only)
{
	size_t len = strlen(value), n;
	const char *escape;
	uint32_t c = 0;

	strbuf_addc(out, '"');
	for (; len; value += n, len -= n) {
		n = plain_length(value);
		if (n) {
			strbuf_add(out, value, n);
			continue;
		}
		n = text_utf8_next(value, len, &c);
		escape = n ? short_escape(c) : NULL;
		if (n == 0) { /* a path may be any bytes: the output stays JSON (U+FFFD, as Unicode 3.9 advises) */
			n = 1;
			strbuf_adds(out, ascii_only ? "\\ufffd" : "\xEF\xBF\xBD");
		} else if (escape) {
			strbuf_adds(out, escape);
		} else if (c < 0x20 || (ascii_only && c > 0x7E)) {
			add_u(out, c);
		} else {
			strbuf_add(out, value, n);
		}
	}
	strbuf_addc(out, '"');
}

/* ---- structure -------------------------------------------------------------- */

void json_begin(struct json_writer *w, struct strbuf *out, int indent)
{
	*w = (struct json_writer){ .out = out, .indent = indent };
}

static void new_line(struct json_writer *w)
{
	int i;

	if (w->indent == 0)
		return;
	strbuf_addc(w->out, '\n');
	for (i = 0; i < w->depth * w->indent; i++)
		strbuf_addc(w->out, ' ');
}

/* What stands before a value: the comma, the line, the name. */
static void before_value(struct json_writer *w, const char *name)
{
	bool in_object = w->depth > 0 && w->closer[w->depth - 1] == '}';

	if (in_object != (name != NULL))
		BUG("JSON %s '%s'", in_object ? "value without a name in an object" : "name outside an object", name ? name : "");
	if (w->depth == 0)
		return;
	if (w->has_member[w->depth - 1])
		strbuf_addc(w->out, ',');
	w->has_member[w->depth - 1] = true;
	new_line(w);
	if (name) {
		json_quote(w->out, name, w->ascii_only);
		strbuf_adds(w->out, w->indent ? ": " : ":");
	}
}

static void open_with(struct json_writer *w, const char *name, char opener, char closer)
{
	if (w->depth == JSON_WRITE_DEPTH_MAX)
		BUG("JSON nested more than %d deep", JSON_WRITE_DEPTH_MAX);
	before_value(w, name);
	strbuf_addc(w->out, opener);
	w->closer[w->depth] = closer;
	w->has_member[w->depth] = false;
	w->depth++;
}

void json_open_object(struct json_writer *w, const char *name)
{
	open_with(w, name, '{', '}');
}

void json_open_array(struct json_writer *w, const char *name)
{
	open_with(w, name, '[', ']');
}

void json_close(struct json_writer *w)
{
	if (w->depth == 0)
		BUG("JSON closed more often than opened");
	w->depth--;
	if (w->has_member[w->depth])
		new_line(w);
	strbuf_addc(w->out, w->closer[w->depth]);
}

/* ---- values ----------------------------------------------------------------- */

void json_put_raw(struct json_writer *w, const char *name, const char *json)
{
	before_value(w, name);
	strbuf_adds(w->out, json);
}

void json_put_text(struct json_writer *w, const char *name, const char *value)
{
	before_value(w, name);
	json_quote(w->out, value, w->ascii_only);
}

void json_put_number(struct json_writer *w, const char *name, double value)
{
	char text[TEXT_NUMBER_MAX];

	json_put_raw(w, name, text_number(text, value));
}

void json_put_float(struct json_writer *w, const char *name, double value)
{
	char text[TEXT_NUMBER_MAX];

	json_put_raw(w, name, text_number(text, value));
	if (!strpbrk(text, ".e"))
		strbuf_adds(w->out, ".0");
}

void json_put_int(struct json_writer *w, const char *name, int64_t value)
{
	before_value(w, name);
	strbuf_addf(w->out, "%" PRId64, value);
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
	json_put_raw(w, name, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *name)
{
	json_put_raw(w, name, "null");
}
