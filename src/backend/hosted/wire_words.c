/* A service's own words, before they stand in a sentence: it may say anything, and what it says may hold a secret. */
#include "backend/hosted/wire_inside.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

/* Of what comes from outside, so much is looked at: tags and blanks go, WIRE_TEXT_MAX of the rest stays. */
#define LOOKED_AT_MAX ((size_t)64 << 10)

/* A word of more such characters than this is a signature, a token or a policy: a trace id has 36, a job's id about 30. */
#define WORD_MAX 44

#define HIDDEN "..."

/* ---- characters ----------------------------------------------------------------- */

/* Blanks, what acts on a terminal, and what turns the direction of what follows (Unicode categories Cc, Zl, Zp, and controls of Cf). */
static bool is_blank(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} blanks[] = {
		{ 0, 0x20 }, { 0x7F, 0xA0 }, { 0x61C, 0x61C }, { 0x200B, 0x200F }, { 0x2028, 0x202F }, { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF },
	};
	size_t i;

	for (i = 0; i < sizeof blanks / sizeof *blanks; i++)
		if (c >= blanks[i].from && c <= blanks[i].to)
			return true;
	return false;
}

/* Valid UTF-8 with single blanks and none at the ends; an invalid byte becomes '?'. */
static void add_plain(struct strbuf *out, const char *text, size_t len)
{
	bool wants_blank = false;
	uint32_t c = 0;
	size_t n;

	for (; len; text += n, len -= n) {
		n = text_utf8_next(text, len, &c);
		if (n && is_blank(c)) {
			wants_blank = out->len > 0;
			continue;
		}
		if (wants_blank)
			strbuf_addc(out, ' ');
		wants_blank = false;
		if (n) {
			strbuf_add(out, text, n);
		} else {
			strbuf_addc(out, '?');
			n = 1;
		}
	}
}

/* ---- secrets ---------------------------------------------------------------------- */

static bool is_of_token(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("+/=_-.~%&;:", c));
}

static size_t span_of_token(const char *s)
{
	size_t n = 0;

	while (is_of_token(s[n]))
		n++;
	return n;
}

/* How many bytes at s are hidden; what stands before them begins at `begin`. */
static size_t secret_length(const char *begin, const char *s)
{
	static const char *const before[] = { "basic ", "bearer " };
	size_t n = span_of_token(s), i;

	if (n > WORD_MAX && (s == begin || !is_of_token(s[-1])))
		return n;
	if (s > begin && s[-1] == '?' && n > 0) /* a query */
		return strcspn(s, " \"'<>)");
	for (i = 0; i < sizeof before / sizeof *before; i++) {
		size_t len = strlen(before[i]);

		if ((size_t)(s - begin) >= len && strncasecmp(s - len, before[i], len) == 0 && n > 8) /* "Basic plan" stays */
			return n;
	}
	return 0;
}

static void hide_secrets(struct strbuf *out, const char *text)
{
	const char *s = text;

	while (*s) {
		size_t n = secret_length(text, s);

		if (n) {
			strbuf_adds(out, HIDDEN);
			s += n;
		} else {
			strbuf_addc(out, *s++);
		}
	}
}

/* ---- the whole ---------------------------------------------------------------------- */

static void put_cut(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size) {
		len = size - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80) /* not within a character */
			len--;
	}
	memcpy(out, text, len);
	out[len] = '\0';
}

void wire_words(char *out, size_t size, const char *text, size_t len)
{
	struct strbuf plain = STRBUF_INIT(LOOKED_AT_MAX), shown = STRBUF_INIT(2 * LOOKED_AT_MAX);

	add_plain(&plain, text, len < LOOKED_AT_MAX / 2 ? len : LOOKED_AT_MAX / 2);
	hide_secrets(&shown, plain.buf);
	put_cut(out, size, shown.buf);
	strbuf_release(&plain);
	strbuf_release(&shown);
}

const char *wire_words_of(const struct json *n)
{
	static const char *const names[] = { "reason", "message", "error", "detail" };
	size_t i;

	if (json_is_string(n))
		return *json_string(n, "") ? json_string(n, "") : NULL;
	if (json_is_array(n))
		return json_first(n) ? wire_words_of(json_first(n)) : NULL;
	for (i = 0; json_is_object(n) && i < sizeof names / sizeof *names; i++) {
		const char *words = wire_words_of(json_member(n, names[i]));

		if (words)
			return words;
	}
	return NULL;
}
