#include "base/text.h"

#include "tap.h"

static void check_utf8(void)
{
	static const struct {
		const char *s;
		size_t len;
		int valid;
	} rows[] = {
		{ "", 0, 1 },
		{ "abc", 3, 1 },
		{ "a\0b", 3, 0 },
		{ "\xC3\xA4", 2, 1 },
		{ "\xC3", 1, 0 },
		{ "\xC0\xAF", 2, 0 },         /* overlong */
		{ "\xE0\x80\x80", 3, 0 },     /* overlong */
		{ "\xED\xA0\x80", 3, 0 },     /* surrogate */
		{ "\xEE\x80\x80", 3, 1 },
		{ "\xF0\x9F\x8E\xB5", 4, 1 }, /* U+1F3B5 */
		{ "\xF0\x8F\xBF\xBF", 4, 0 }, /* overlong */
		{ "\xF4\x8F\xBF\xBF", 4, 1 }, /* U+10FFFF */
		{ "\xF4\x90\x80\x80", 4, 0 }, /* beyond */
		{ "\xF5\x80\x80\x80", 4, 0 },
		{ "\x80", 1, 0 },
		{ "\xFF", 1, 0 },
		{ "a\xC3(", 3, 0 },
	};
	uint32_t c = 0;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		OK(text_is_utf8(rows[i].s, rows[i].len) == rows[i].valid, "utf-8 row %zu", i);
	IS_INT(text_utf8_length("a\xC3\xA4\xF0\x9F\x8E\xB5"), 3, "characters");
	OK(text_utf8_next("\xF0\x9F\x8E\xB5", 4, &c) == 4 && c == 0x1F3B5, "code point of four bytes");
	OK(text_utf8_next("\xC3\xA4", 2, &c) == 2 && c == 0xE4, "code point of two bytes");
	IS_INT(text_utf8_next("\xC3\xA4", 1, &c), 0, "a cut character");
}

static void check_comparing(void)
{
	OK(text_equal_ignoring_case("AbC", "aBc"), "case ignored");
	OK(!text_equal_ignoring_case("abc", "abcd"), "a beginning is not the whole");
	OK(!text_equal_ignoring_case("[", "{"), "only letters fold");
	OK(text_starts_with("native:x", "native:") && !text_starts_with("nat", "native"), "starts");
	OK(text_ends_with("a.wav", ".wav") && !text_ends_with("wav", ".wav") && text_ends_with("x", ""), "ends");
}

static void check_distance(void)
{
	static const struct {
		const char *a, *b;
		int want;
	} rows[] = {
		{ "", "", 0 },        { "abc", "", 3 },         { "abc", "ABC", 0 },        { "kitten", "sitting", 3 },
		{ "ab", "ba", 1 },    { "promtp", "prompt", 1 }, { "duration", "durration", 1 }, { "abc", "xyz", 3 },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		IS_INT(text_distance(rows[i].a, rows[i].b), rows[i].want, rows[i].a);
		IS_INT(text_distance(rows[i].b, rows[i].a), rows[i].want, "and back");
	}
}

static void check_long_words(void)
{
	char a[2001], b[2001];

	memset(a, 'a', sizeof a - 1);
	memset(b, 'b', sizeof b - 1);
	a[2000] = b[2000] = '\0';
	OK(text_distance(a, b) > 100, "words of 2000 letters compare by their beginnings");
}

static void check_nearest(void)
{
	static const char *const names[] = { "prompt", "modelVersion", "temperature", "topK", "topP", "seed", "takes" };
	static const struct {
		const char *word, *want;
	} rows[] = {
		{ "promt", "prompt" },
		{ "model_version", "modelVersion" },
		{ "Model-Version", "modelVersion" },
		{ "temprature", "temperature" },
		{ "top_k", "topK" },
		{ "topk", "topK" },
		{ "sed", "seed" },
		{ "take", "takes" },
		{ "loudness", NULL },
		{ "x", NULL },
		{ "", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		IS_TEXT(text_nearest(rows[i].word, names, sizeof names / sizeof *names), rows[i].want, rows[i].word);
	OK(!text_nearest("seed", names, 0), "no candidates");
}

int main(void)
{
	check_utf8();
	check_comparing();
	check_distance();
	check_long_words();
	check_nearest();
	return tap_done();
}
