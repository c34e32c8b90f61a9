#include "base/json.h"
#include "base/json_write.h"

#include "tap.h"

static void write_sample(struct json_writer *w)
{
	json_open_object(w, NULL);
	json_put_text(w, "t", "a\"b\\c\n\x01\x7f/\xC3\xA4");
	json_put_number(w, "n", 0.1);
	json_put_float(w, "f", 3);
	json_put_float(w, "g", -0.0);
	json_put_float(w, "h", 1e21);
	json_put_int(w, "i", INT64_C(-9007199254740993));
	json_put_bool(w, "b", true);
	json_put_null(w, "z");
	json_put_raw(w, "r", "[1]");
	json_open_array(w, "list");
	json_put_int(w, NULL, 1);
	json_open_object(w, NULL);
	json_close(w);
	json_open_array(w, NULL);
	json_close(w);
	json_close(w);
	json_close(w);
}

static void check_one_line(void)
{
	struct strbuf sb = STRBUF_INIT(10000);
	struct json_writer w;

	json_begin(&w, &sb, 0);
	write_sample(&w);
	IS_TEXT(sb.buf,
		"{\"t\":\"a\\\"b\\\\c\\n\\u0001\x7f/\xC3\xA4\",\"n\":0.1,\"f\":3.0,\"g\":0.0,\"h\":1e+21,\"i\":-9007199254740993,"
		"\"b\":true,\"z\":null,\"r\":[1],\"list\":[1,{},[]]}",
		"one line");
	strbuf_release(&sb);
}

static void check_lines(void)
{
	struct strbuf sb = STRBUF_INIT(10000);
	struct json_writer w;

	json_begin(&w, &sb, 2);
	json_open_object(&w, NULL);
	json_put_int(&w, "a", 1);
	json_open_array(&w, "b");
	json_put_int(&w, NULL, 2);
	json_put_int(&w, NULL, 3);
	json_close(&w);
	json_open_object(&w, "c");
	json_close(&w);
	json_close(&w);
	IS_TEXT(sb.buf, "{\n  \"a\": 1,\n  \"b\": [\n    2,\n    3\n  ],\n  \"c\": {}\n}", "lines");
	strbuf_release(&sb);
}

static void check_quoting(void)
{
	static const struct {
		const char *value, *plain, *ascii;
	} rows[] = {
		{ "", "\"\"", "\"\"" },
		{ "\xC3\xA4", "\"\xC3\xA4\"", "\"\\u00e4\"" },
		{ "\xF0\x9F\x8E\xB5", "\"\xF0\x9F\x8E\xB5\"", "\"\\ud83c\\udfb5\"" },
		{ "\b\f\r\t\x1f", "\"\\b\\f\\r\\t\\u001f\"", "\"\\b\\f\\r\\t\\u001f\"" },
		{ "\x7f", "\"\x7f\"", "\"\\u007f\"" },
		{ "a\xffz", "\"a\xEF\xBF\xBDz\"", "\"a\\ufffdz\"" },
	};
	struct strbuf sb = STRBUF_INIT(1000);
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_quote(&sb, rows[i].value, false);
		IS_TEXT(sb.buf, rows[i].plain, "quoted");
		strbuf_reset(&sb);
		json_quote(&sb, rows[i].value, true);
		IS_TEXT(sb.buf, rows[i].ascii, "quoted in ASCII");
		strbuf_reset(&sb);
	}
	strbuf_release(&sb);
}

/* What is written reads back the same: every character of the first two planes that is one. */
static void check_read_back(void)
{
	struct strbuf sb = STRBUF_INIT(1000);
	struct err err = ERR_INIT;
	int right = 1, mode;
	unsigned c;

	for (c = 1; c < 0x20000; c += c < 0x800 ? 1 : 37) {
		char text[5] = "";

		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		if (c < 0x80)
			text[0] = (char)c;
		else if (c < 0x800)
			(void)snprintf(text, sizeof text, "%c%c", (int)(0xC0 | c >> 6), (int)(0x80 | (c & 63)));
		else if (c < 0x10000)
			(void)snprintf(text, sizeof text, "%c%c%c", (int)(0xE0 | c >> 12), (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
		else
			(void)snprintf(text, sizeof text, "%c%c%c%c", (int)(0xF0 | c >> 18), (int)(0x80 | (c >> 12 & 63)),
				       (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
		for (mode = 0; mode < 2; mode++) {
			struct json_doc *doc = NULL;

			json_quote(&sb, text, mode);
			right = right && json_parse(&doc, sb.buf, sb.len, 100, "t", ERR_BUG, &err) == 0 &&
				!strcmp(json_string(json_root(doc), "?"), text);
			json_free(doc);
			strbuf_reset(&sb);
		}
	}
	OK(right, "characters read back");
	strbuf_release(&sb);
}

int main(void)
{
	check_one_line();
	check_lines();
	check_quoting();
	check_read_back();
	return tap_done();
}
