/* range: exact decimals, both ends, and the sentences of what is wrong. */
#include "manifest/range.h"

#include "base/text.h"

#include "tap.h"

static void check_values(void)
{
	static const struct {
		const char *text, *values;
	} good[] = {
		{ "1..4", "1 2 3 4" },
		{ "4..4", "4" },
		{ "0.1..0.3 by 0.1", "0.1 0.2 0.3" },
		{ "0.8..1.2 by 0.2", "0.8 1 1.2" },
		{ "1.50..2 by 0.25", "1.5 1.75 2" },
		{ "3..1 by -1", "3 2 1" },
		{ "-1..1", "-1 0 1" },
		{ "-0.5..0.5 by 0.5", "-0.5 0 0.5" },
		{ " 1 .. 3  by 2 ", "1 3" },
		{ "+1..+2", "1 2" },
		{ "0..0.000000000003 by 0.000000000001", "0 0.000000000001 0.000000000002 0.000000000003" },
		{ "999999999999998..999999999999999", "999999999999998 999999999999999" },
		{ "9007199254740990..9007199254740991", "9007199254740990 9007199254740991" }, /* 2^53 - 1 */
		{ "-9007199254740991..-9007199254740990", "-9007199254740991 -9007199254740990" },
	};
	struct strbuf why = STRBUF_INIT(4096), got = STRBUF_INIT(4096);

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		char buf[RANGE_TEXT_SIZE];
		struct range r;

		strbuf_reset(&got);
		OK(range_parse(good[i].text, 100, &r, &why) == 0, "'%s' is a range", good[i].text);
		for (int64_t k = 0; k < r.n; k++)
			strbuf_addf(&got, "%s%s", k ? " " : "", range_text(&r, k, buf));
		IS_TEXT(got.buf, good[i].values, good[i].text);
	}
	strbuf_release(&got);
	strbuf_release(&why);
}

static void check_mistakes(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "has no range" },
		{ "1", "has no range" },
		{ "1..", "has no range" },
		{ "..2", "has no range" },
		{ "1...2", "has no range" },
		{ "1..2by1", "has no range" },
		{ "1..2 by", "has no range" },
		{ "1..2 by 1 x", "has no range" },
		{ "1e3..2e3", "has no range" },
		{ "1.000000000000001..2", "has no range" }, /* 16 digits */
		{ "9007199254740991..9007199254740992", "up to 9007199254740991" },
		{ "900719925474099.1..900719925474099.2 by 0.1", "has no range" },
		{ "9007199254740990..9007199254740991 by 0.5", "too many digits" },
		{ "1..2 by 0", "has a range with step 0" },
		{ "2..1", "runs the wrong way" },
		{ "1..2 by -1", "runs the wrong way" },
		{ "1..4 by 2", "does not hit it: end at 3 or 5" },
		{ "0.8..1.25 by 0.1", "does not hit it: end at 1.2 or 1.3" },
		{ "1..101", "101 values, more than the limit of 100" },
		{ "999999999999999..999999999999999 by 0.00000000000001", "too many digits" },
	};
	struct strbuf why = STRBUF_INIT(4096);
	struct range r;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		OK(range_parse(bad[i].text, 100, &r, &why) == -1, "'%s' is no range", bad[i].text);
		if (!OK(strstr(why.buf, bad[i].why) != NULL, "'%s': %s", bad[i].text, bad[i].why))
			printf("# got: %s\n", why.buf);
	}
	strbuf_release(&why);
}

/* Each value reads back as the double nearest to the exact decimal: what a person would have written. */
static void check_nearest(void)
{
	struct strbuf why = STRBUF_INIT(4096);
	struct range r;
	int n_wrong = 0;

	if (!OK(range_parse("0.000..100 by 0.001", 200000, &r, &why) == 0, "a long range"))
		return;
	IS_INT(r.n, 100001, "has all its values");
	for (int64_t i = 0; i < r.n; i++) {
		char buf[RANGE_TEXT_SIZE], want[RANGE_TEXT_SIZE];
		double got = -1;

		snprintf(want, sizeof want, "%lld.%03lld", (long long)i / 1000, (long long)i % 1000);
		n_wrong += !text_parse_number(range_text(&r, i, buf), &got) || got != strtod(want, NULL);
	}
	IS_INT(n_wrong, 0, "every value is the nearest double");
	strbuf_release(&why);
}

int main(void)
{
	check_values();
	check_mistakes();
	check_nearest();
	return tap_done();
}
