#include "base/json.h"
#include "base/strbuf.h"

#include "tap.h"

static int parses(const char *text)
{
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	int rc = json_parse(&doc, text, strlen(text), 1000000, "t", ERR_MODEL, &err);

	json_free(doc);
	return rc == 0;
}

static void check_refusals(void)
{
	static const char *const bad[] = {
		"", " ", "{", "[1,]", "{\"a\":}", "{a:1}", "[1] 2", "nul", "\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud800\"", "\"\xff\"",
		"\"tab\there\"", "[1 2]", "{\"a\":1,}", "'a'", "\"open", "\"\\", "]", "[}",
	};
	static const char *const good[] = { "1", " [1, 2 ] \n", "{}", "\"\\\\u0000\"", "\"\xC3\xA4\"", "null", "[[],{}]", "\"[[[[\"", "-1.5e3" };
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		OK(!parses(bad[i]), "refused: %s", bad[i]);
	for (i = 0; i < sizeof good / sizeof *good; i++)
		OK(parses(good[i]), "accepted: %s", good[i]);
	OK(json_parse(&(struct json_doc *){ NULL }, "1\0", 2, 10, "t", ERR_MODEL, NULL) == -1, "refused: a NUL");
}

static void check_depth(void)
{
	char text[3000];
	size_t depth;

	for (depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		text[2 * depth] = '\0';
		OK(parses(text) == (depth <= JSON_DEPTH_MAX), "depth %zu", depth);
	}
}

static void check_sentences(void)
{
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	const char *text = "{\n  \"a\": tru\n}";

	IS_INT(json_parse(&doc, text, strlen(text), 100, "config.json", ERR_MODEL, &err), -1, "a slip");
	OK(err.code == ERR_MODEL && strstr(err.text, "config.json, line 2"), "is located: %s", err.text);
	IS_INT(json_parse(&doc, text, strlen(text), 5, "config.json", ERR_MODEL, &err), -1, "too long");
	OK(strstr(err.text, "14 bytes") && strstr(err.text, "at most 5"), "names both: %s", err.text);
	OK(!doc, "nothing is returned");
}

static void check_getters(void)
{
	static const char text[] = "{\"s\":\"x\",\"n\":1.5,\"S\":\"big\",\"b\":true,\"z\":null,\"list\":[1,\"two\",[]],\"n\":2,"
				   "\"huge\":1e999,\"i\":9007199254740991,\"o\":{\"k\":\"\\u00e4\\ud83c\\udfb5\"}}";
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	const struct json *root, *n;
	const char *s = NULL;
	double v = 0;

	IS_INT(json_parse(&doc, text, sizeof text - 1, 1000, "t", ERR_MODEL, &err), 0, "parsed");
	root = json_root(doc);
	OK(json_is_object(root) && json_count(root) == 10, "an object of ten");
	IS_TEXT(json_string(json_member(root, "s"), "?"), "x", "text");
	IS_TEXT(json_string(json_member(root, "S"), "?"), "big", "names match exactly");
	IS_TEXT(json_string(json_member(root, "n"), "?"), "?", "a number is no text");
	OK(json_number(json_member(root, "n"), 0) == 1.5, "the first of two counts");
	OK(json_number(json_member(root, "i"), 0) == 9007199254740991.0, "2^53 - 1");
	OK(json_number(json_member(root, "huge"), 7) == 7 && !json_is_number(json_member(root, "huge")), "1e999 is no number");
	OK(json_bool(json_member(root, "b"), false) && json_is_bool(json_member(root, "b")), "true");
	OK(json_is_null(json_member(root, "z")) && !json_member(root, "none"), "null and missing differ");
	OK(json_number(NULL, 3) == 3 && json_bool(NULL, true) && !json_member(NULL, "x") && !json_first(NULL), "NULL is no node");
	IS_TEXT(json_string(json_member(json_member(root, "o"), "k"), ""), "\xC3\xA4\xF0\x9F\x8E\xB5", "escapes");
	n = json_first(json_member(root, "list"));
	OK(json_number(n, 0) == 1 && !json_name(n), "first of a list");
	n = json_next(n);
	IS_TEXT(json_string(n, ""), "two", "second");
	n = json_next(n);
	OK(json_is_array(n) && json_count(n) == 0 && !json_first(n) && !json_next(n), "third and last");
	IS_TEXT(json_name(json_first(root)), "s", "a member's name");
	OK(json_need_string(root, "s", &s, &err) == 0 && !strcmp(s, "x"), "needed text");
	OK(json_need_number(root, "n", &v, &err) == 0 && v == 1.5, "needed number");
	IS_INT(json_need_number(root, "s", &v, &err), -1, "of the wrong kind");
	IS_TEXT(err.text, "'s' must be a finite number, but is a text", "said");
	IS_INT(json_need_string(root, "none", &s, &err), -1, "missing");
	IS_TEXT(err.text, "'none' must be a text, but is missing", "said");
	IS_INT(json_need_string(json_member(root, "list"), "x", &s, &err), -1, "not in a list");
	json_free(doc);
	json_free(NULL);
}

/* Any cut or changed byte of a document is answered, never a crash. */
static void check_damage(void)
{
	static const char text[] = "{\"a\":[1,2.5e-3,\"x\\n\\u00e4\"],\"b\":{\"c\":null,\"d\":[true,false]}}";
	char copy[sizeof text];
	size_t i, accepted = 0;
	int c;

	for (i = 0; i < sizeof text - 1; i++) {
		memcpy(copy, text, sizeof text);
		copy[i] = '\0';
		accepted += (size_t)parses(copy);
	}
	IS_INT(accepted, 0, "no beginning of a document is one");
	for (i = 0; i < sizeof text - 1; i++)
		for (c = 1; c < 256; c += 3) {
			memcpy(copy, text, sizeof text);
			copy[i] = (char)c;
			accepted += (size_t)parses(copy);
		}
	OK(accepted > 0, "every changed byte was survived");
}

int main(void)
{
	check_refusals();
	check_depth();
	check_sentences();
	check_getters();
	check_damage();
	return tap_done();
}
