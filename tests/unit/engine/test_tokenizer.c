/*
 * The tokenizer against ids that the `tokenizers` library gave (tests/data/tokenizer, made by
 * tools/make-tokenizer-fixtures.py), and against damaged files.
 *
 * test_tokenizer A.json A.expected.json compares any other pair of files.
 */
#include "tap.h"

#include "base/fs.h"
#include "base/json.h"
#include "engine/tokenizer.h"

#include <unistd.h>

#define N_OF(a) (sizeof(a) / sizeof(a)[0])

enum { IDS_MAX = 4096 };

static int ids_are(const int *ids, int n, const struct json *want)
{
	const struct json *w = json_first(want);

	if ((size_t)n != json_count(want))
		return 0;
	for (int i = 0; i < n; i++, w = json_next(w))
		if (ids[i] != (int)json_number(w, -1))
			return 0;
	return 1;
}

static void show_ids(const char *text, const int *ids, int n, const struct json *want)
{
	printf("# text:");
	for (const char *p = text; *p; p++)
		printf((unsigned char)*p > 32 && (unsigned char)*p < 127 ? "%c" : "\\x%02x", (unsigned char)*p);
	printf("\n#  got:");
	for (int i = 0; i < n; i++)
		printf(" %d", ids[i]);
	printf("\n# want:");
	for (const struct json *w = json_first(want); w; w = json_next(w))
		printf(" %d", (int)json_number(w, -1));
	printf("\n");
}

static void compare(const struct tokenizer *t, const struct json *rows, const char *name)
{
	static int ids[IDS_MAX];
	int n_rows = 0, n_wrong = 0;

	for (const struct json *row = json_first(rows); row; row = json_next(row)) {
		const struct json *text = json_first(row), *want = json_next(text);
		struct err err = ERR_INIT;
		int n = 0;

		n_rows++;
		if (tokenizer_encode(t, json_string(text, ""), ids, IDS_MAX, &n, &err))
			printf("# %s\n", err.text);
		if (!ids_are(ids, n, want) && n_wrong++ < 5)
			show_ids(json_string(text, ""), ids, n, want);
	}
	OK(n_rows > 0 && !n_wrong, "%s: %d of %d texts have other ids", name, n_wrong, n_rows);
}

static void test_expected(const char *file, const char *expected)
{
	struct strbuf text = STRBUF_INIT(256u << 20);
	struct tokenizer *t = NULL;
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	if (tokenizer_open(&t, file, &err) || fs_read(expected, &text, &err) ||
	    json_parse(&doc, text.buf, text.len, 256u << 20, expected, ERR_INPUT, &err))
		OK(0, "%s: %s", file, err.text);
	else
		compare(t, json_root(doc), file);
	json_free(doc);
	strbuf_release(&text);
	tokenizer_close(t);
}

/* What is invalid reads as U+FFFD, once for each longest beginning of a character. */
static void test_invalid_utf8(const struct tokenizer *t)
{
	static const struct {
		const char *bad, *good;
	} c[] = {
		{ "calm \xff rock", "calm \xef\xbf\xbd rock" },
		{ "calm \xe2\x96", "calm \xef\xbf\xbd" },
		{ "calm \xe2\x28", "calm \xef\xbf\xbd(" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx" },
		{ "a\xf0\x9f\x8ez", "a\xef\xbf\xbdz" },
	};
	int right = 1;

	for (size_t i = 0; i < N_OF(c); i++) {
		int a[64], b[64], n = 0, m = 0;
		struct err err = ERR_INIT;

		right &= !tokenizer_encode(t, c[i].bad, a, 64, &n, &err) && !tokenizer_encode(t, c[i].good, b, 64, &m, &err) && n == m &&
			 n > 1 && !memcmp(a, b, (size_t)n * sizeof *a);
	}
	OK(right, "invalid UTF-8 has the ids of U+FFFD");
}

static void test_limits(const struct tokenizer *t)
{
	static char big[TOKENIZER_TEXT_MAX + 2];
	struct err err = ERR_INIT;
	int ids[4] = { -1, -1, -1, -1 }, n = -1;

	OK(!tokenizer_encode(t, "", ids, 1, &n, &err) && n == 1 && ids[0] == TOKENIZER_END_ID, "an empty text is </s> alone");
	OK(tokenizer_encode(t, "", ids, 0, &n, &err) == -1 && err.code == ERR_INPUT, "which does not fit into nothing: %s", err.text);
	ids[2] = -7;
	OK(tokenizer_encode(t, "calm rock song, bright", ids, 2, &n, &err) == -1 && err.code == ERR_INPUT && ids[2] == -7,
	   "too many tokens: %s", err.text);
	memset(big, 'a', sizeof big - 1);
	OK(tokenizer_encode(t, big, ids, 4, &n, &err) == -1 && err.code == ERR_INPUT, "too many bytes: %s", err.text);
	big[TOKENIZER_TEXT_MAX] = 0;
	OK(tokenizer_encode(t, big, ids, 4, &n, &err) == -1 && err.code == ERR_INPUT, "the longest text is worked through: %s", err.text);
	OK(tokenizer_n_pieces(t) > 50 && tokenizer_max_id(t) == tokenizer_n_pieces(t) + 11, "%d pieces, ids up to %d", tokenizer_n_pieces(t),
	   tokenizer_max_id(t));
}

#define MODEL "\"model\":{\"type\":\"Unigram\",\"unk_id\":2,\"vocab\":[[\"<pad>\",0],[\"</s>\",0],[\"<unk>\",0],[\"a\",-1]]}"

static const struct {
	const char *text, *says;
} damaged[] = {
	{ "", "" },
	{ "[]", "type ''" },
	{ "{\"model\":{\"type\":\"BPE\"}}", "'BPE'" },
	{ "{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\"]]}}", "entry 0" },
	{ "{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[7]}}", "entry 0" },
	{ "{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[]]}}", "entry 0" },
	{ "{\"model\":{\"type\":\"Unigram\",\"unk_id\":1,\"vocab\":[[\"a\",-1]]}}", "unk_id" },
	{ "{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}", "unk_id" },
	{ "{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\",-1]]}}", "</s>" },
	{ "{" MODEL ",\"normalizer\":{\"type\":\"Lowercase\"}}", "'Lowercase'" },
	{ "{" MODEL ",\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"!\"}}", "base64" },
	{ "{" MODEL ",\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"}}", "damaged" },
	{ "{" MODEL ",\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"/////wAAAAAA\"}}", "damaged" },
	{ "{" MODEL ",\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a|b)+\"},\"content\":\"\"}}", "regular" },
	{ "{" MODEL ",\"pre_tokenizer\":{\"type\":\"ByteLevel\"}}", "'ByteLevel'" },
	{ "{" MODEL ",\"pre_tokenizer\":{\"type\":\"Metaspace\",\"prepend_scheme\":\"often\"}}", "'often'" },
	{ "{" MODEL ",\"added_tokens\":[{\"content\":\"x\"}]}", "'x'" },
	{ "{" MODEL ",\"added_tokens\":[{\"id\":9,\"content\":\"x\",\"single_word\":true}]}", "single_word" },
	{ "{" MODEL ",\"post_processor\":{\"type\":\"BertProcessing\"}}", "post-processor" },
	{ "{" MODEL ",\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[]}}", "post-processor" },
};

static void write_text(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	if (fs_replace(path, text, strlen(text), &err))
		printf("# %s\n", err.text);
}

static void test_damaged(const char *path)
{
	for (size_t i = 0; i < N_OF(damaged); i++) {
		struct tokenizer *t = NULL;
		struct err err = ERR_INIT;

		write_text(path, damaged[i].text);
		OK(tokenizer_open(&t, path, &err) == -1 && err.code == ERR_MODEL && !t && strstr(err.text, damaged[i].says) &&
			   strstr(err.text, path),
		   "damaged: %.160s", err.text);
	}
}

/* A map whose trie leads outside of itself, and whose one replacement lies outside of the bytes. */
static void test_hostile_map(const char *path)
{
	static const char *const maps[] = {
		"BAAAAP////8AAAAA", /* one unit with the largest offset */
		"CAAAAAD8//8A/P//AAAA",
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < N_OF(maps); i++) {
		struct tokenizer *t = NULL;
		char text[1024];
		int ids[64], n = 0;

		snprintf(text, sizeof text, "{" MODEL ",\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"%s\"}}", maps[i]);
		write_text(path, text);
		OK(!tokenizer_open(&t, path, &err) && !tokenizer_encode(t, "aab \xf0\x9f\x8e\xb8", ids, 64, &n, &err) && n == 4 &&
			   ids[0] == 3 && ids[1] == 3 && ids[2] == 2,
		   "a map that leads nowhere changes nothing: %s", err.text);
		tokenizer_close(t);
	}
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	struct tokenizer *t = NULL;
	struct err err = ERR_INIT;
	char path[512];

	if (argc == 3) {
		test_expected(argv[1], argv[2]);
		return tap_done();
	}
	snprintf(path, sizeof path, "%s/mgbatch-test-tokenizer.%d.json", tmp ? tmp : "/tmp", (int)getpid());
	test_expected("tests/data/tokenizer/old.json", "tests/data/tokenizer/old.expected.json");
	test_expected("tests/data/tokenizer/plain.json", "tests/data/tokenizer/plain.expected.json");
	if (!tokenizer_open(&t, "tests/data/tokenizer/plain.json", &err)) { /* the other map makes U+FFFD a space */
		test_invalid_utf8(t);
		test_limits(t);
	} else {
		OK(0, "%s", err.text);
	}
	tokenizer_close(t);
	tokenizer_close(NULL);
	OK(tokenizer_open(&t, "no/such/file.json", &err) == -1 && err.code == ERR_IO, "missing: %s", err.text);
	test_damaged(path);
	test_hostile_map(path);
	OK(!fs_remove(path, &err), "cleaned up");
	return tap_done();
}
