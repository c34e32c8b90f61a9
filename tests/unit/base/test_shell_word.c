/* Words that are written for a shell are read back as those words, by this program and by /bin/sh. */
#include "base/random.h"
#include "base/shell_word.h"

#include "tap.h"

#include <stdint.h>

enum {
	N_LISTS = 400,
	N_WORDS_MAX = 8,     /* in a list */
	N_PIECES_MAX = 10,   /* in a word */
	SCRIPT_MAX = 120000, /* popen gives it to sh as one argument: Linux takes 131072 bytes (MAX_ARG_STRLEN) */
};

/* What a shell reads otherwise somewhere, what it does not, and characters of several bytes. */
static const char *const pieces[] = {
	"'", "''", "'\\''", "\"", " ", "  ", "\t", "\n", "$", "$HOME", "$(echo x)", "${x}", "`", "\\", "\\\\", "\\'", "\\ ", "*", "?", "[a]", "~", "#",
	"!", "&", "|", ";", "<", ">", "(", ")", "{a,b}", "=", "%", "^", "\r", "\x01", "\x7f", "-", "--", "a", "Z", "09", "_", "./:,@+",
	"\xC3\xA4", "\xC4\x81", "\xC2\x88", "\xE2\x80\xAE", "\xE9\x9B\xA8", "\xF0\x9F\x8E\xB9",
};

static size_t below(uint64_t *state, size_t n)
{
	return (size_t)(random_bits(state) % n);
}

static void random_word(uint64_t *state, struct strbuf *word)
{
	strbuf_reset(word);
	for (size_t n = below(state, N_PIECES_MAX + 1); n > 0; n--)
		strbuf_adds(word, pieces[below(state, sizeof pieces / sizeof *pieces)]);
}

/* How many words the walk finds; -1 where one is not, byte for byte, what was written from begins[i] to ends[i]. */
static int walk(const struct strbuf *line, const size_t *begins, const size_t *ends)
{
	const char *at = line->buf + strspn(line->buf, " ");
	int n = 0;

	for (; *at && n <= N_WORDS_MAX; at = shell_word_next(at), n++)
		if (at != line->buf + begins[n] || at + shell_word_len(at) != line->buf + ends[n])
			return -1;
	return n;
}

/* One list: its line is walked, and a shell's command that prints it is added to script, what that prints to want. */
static bool try_list(uint64_t *state, struct strbuf *script, struct strbuf *want)
{
	struct strbuf line = STRBUF_INIT(8192), word = STRBUF_INIT(1024);
	size_t begins[N_WORDS_MAX + 1] = { 0 }, ends[N_WORDS_MAX + 1] = { 0 };
	int n_words = (int)below(state, N_WORDS_MAX + 1), n_found;

	strbuf_addf(want, "%d", n_words);
	strbuf_addc(want, '\0');
	for (int i = 0; i < n_words; i++) {
		random_word(state, &word);
		begins[i] = line.len + 1;
		shell_word_add(&line, word.buf);
		ends[i] = line.len;
		strbuf_add(want, word.buf, word.len + 1); /* with its NUL */
	}
	strbuf_addf(script, "set --%s\nprintf '%%s\\0' \"$#\" \"$@\"\n", line.buf);
	n_found = walk(&line, begins, ends);
	if (n_found != n_words)
		printf("# found %d of %d words in:%s\n", n_found, n_words, line.buf);
	strbuf_release(&line);
	strbuf_release(&word);
	return n_found == n_words;
}

/* What the script prints; 0: sh came to its end. */
static int run_by_sh(const char *script, struct strbuf *out)
{
	char bytes[4096];
	FILE *sh = popen(script, "r");
	size_t n;

	while (sh && (n = fread(bytes, 1, sizeof bytes, sh)) > 0)
		strbuf_add(out, bytes, n);
	return sh ? pclose(sh) : -1;
}

static void check_random(void)
{
	struct strbuf script = STRBUF_INIT(SCRIPT_MAX), want = STRBUF_INIT(SCRIPT_MAX), got = STRBUF_INIT(SCRIPT_MAX);
	uint64_t state = 88172645463325252u;
	int n_wrong = 0;
	size_t same = 0;

	for (int i = 0; i < N_LISTS; i++)
		n_wrong += !try_list(&state, &script, &want);
	IS_INT(n_wrong, 0, "lists of random words whose walk finds other words than were written");
	OK(strbuf_ok(&script) && strbuf_ok(&want), "%d lists are a script of %zu bytes", N_LISTS, script.len);
	IS_INT(run_by_sh(script.buf, &got), 0, "sh runs it");
	while (same < want.len && same < got.len && want.buf[same] == got.buf[same])
		same++;
	if (!OK(got.len == want.len && same == want.len, "sh reads exactly those words")) {
		while (same > 0 && want.buf[same - 1])
			same--;
		printf("#  got: %s\n# want: %s\n", got.buf + same, want.buf + same);
	}
	strbuf_release(&script);
	strbuf_release(&want);
	strbuf_release(&got);
}

static void check_rows(void)
{
	static const struct {
		const char *word, *want;
	} words[] = {
		{ "out/a-1.wav", " out/a-1.wav" }, { "", " ''" }, { "a b", " 'a b'" }, { "it's", " 'it'\\''s'" }, { "'", " ''\\'''" }, { "~", " '~'" },
	};
	static const struct {
		const char *line;
		size_t len;
		const char *next;
	} lines[] = {
		{ "", 0, "" },
		{ "a", 1, "" },
		{ "a  b c", 1, "b c" },
		{ "'a b' c", 5, "c" },
		{ "--set='a b'c d", 12, "d" },
		{ "a\\ b c", 4, "c" },
		{ "a\\'b c'd", 4, "c'd" },
		{ "'a\\' b", 4, "b" }, /* within quotes a backslash is one */
		{ "'a b", 4, "" },     /* cut */
		{ "a\\", 2, "" },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct strbuf line = STRBUF_INIT(100);

		shell_word_add(&line, words[i].word);
		IS_TEXT(line.buf, words[i].want, words[i].want);
		strbuf_release(&line);
	}
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		IS_INT(shell_word_len(lines[i].line), lines[i].len, lines[i].line);
		IS_TEXT(shell_word_next(lines[i].line), lines[i].next, "  and what follows");
	}
}

int main(void)
{
	check_rows();
	check_random();
	return tap_done();
}
