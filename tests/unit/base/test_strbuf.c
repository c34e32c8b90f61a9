#include "base/strbuf.h"

#include "tap.h"

static void check_basics(void)
{
	struct strbuf sb = STRBUF_INIT(100);
	char *p;

	IS_TEXT(sb.buf, "", "empty at first");
	strbuf_adds(&sb, "abc");
	strbuf_addc(&sb, '-');
	strbuf_addf(&sb, "%03d", 7);
	strbuf_add(&sb, "xyz", 2);
	IS_TEXT(sb.buf, "abc-007xy", "four ways to add");
	IS_INT(sb.len, 9, "length");
	strbuf_setlen(&sb, 3);
	IS_TEXT(sb.buf, "abc", "shortened");
	p = strbuf_detach(&sb);
	IS_TEXT(p, "abc", "detached");
	IS_TEXT(sb.buf, "", "and empty");
	free(p);
	p = strbuf_detach(&sb);
	IS_TEXT(p, "", "an empty one detaches too");
	free(p);
	strbuf_add(&sb, "a\0b", 3);
	OK(sb.len == 3 && !memcmp(sb.buf, "a\0b", 4), "bytes with a NUL");
	strbuf_release(&sb);
	strbuf_release(&sb);
	OK(sb.buf[0] == '\0' && sb.max == 100, "released: empty, same cap");
	strbuf_setlen(&sb, 0);
	strbuf_addf(&sb, "%s", "");
	IS_TEXT(sb.buf, "", "nothing added to nothing");
}

static void check_cap(void)
{
	struct strbuf sb = STRBUF_INIT(5);

	strbuf_adds(&sb, "abcde");
	OK(strbuf_ok(&sb), "exactly the cap fits");
	strbuf_addc(&sb, 'f');
	OK(!strbuf_ok(&sb), "one more does not");
	IS_TEXT(sb.buf, "abcde", "and adds nothing");
	strbuf_setlen(&sb, 2);
	strbuf_addf(&sb, "%d", 12345);
	IS_TEXT(sb.buf, "ab", "addf adds all or nothing");
	strbuf_adds(&sb, "c");
	OK(!strbuf_ok(&sb) && sb.len == 3, "what fits is added, the flag stays");
	strbuf_reset(&sb);
	OK(strbuf_ok(&sb) && sb.len == 0, "until reset");
	strbuf_release(&sb);
}

static void check_growth(void)
{
	struct strbuf sb = STRBUF_INIT(100000);
	size_t i;
	int right = 1;

	for (i = 0; i < 50000; i++)
		strbuf_addc(&sb, (char)('a' + i % 26));
	for (i = 0; i < 50000; i++)
		right = right && sb.buf[i] == (char)('a' + i % 26);
	OK(right && sb.len == 50000 && sb.buf[50000] == '\0', "50000 single bytes");
	strbuf_release(&sb);
}

int main(void)
{
	check_basics();
	check_cap();
	check_growth();
	return tap_done();
}
