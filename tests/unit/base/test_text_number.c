#include "base/random.h"
#include "base/text.h"

#include "tap.h"

#include <stdint.h>

static void check_ints(void)
{
	static const char *const bad[] = { "", "+", "-", "1.0", "012", "1 ", " 1", "0x1", "1e3", "9007199254740993", "99999999999999999999999", "--1", "1_000" };
	static const struct {
		const char *text;
		int64_t want;
	} good[] = {
		{ "0", 0 }, { "-0", 0 }, { "+7", 7 }, { "-12", -12 }, { "9007199254740992", INT64_C(9007199254740992) },
		{ "-9007199254740992", INT64_C(-9007199254740992) },
	};
	int64_t v = 77;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		OK(!text_parse_int(bad[i], &v) && v == 77, "no integer: '%s'", bad[i]);
	for (i = 0; i < sizeof good / sizeof *good; i++)
		OK(text_parse_int(good[i].text, &v) && v == good[i].want, "integer '%s'", good[i].text);
}

static void check_numbers(void)
{
	static const char *const bad[] = { "", ".", "-", "1e", "1e+", "e5", "nan", "inf", "0x10", "1,5", "1 ", "1.5.2", "1e999", ".e1", "+-1", "1f" };
	static const struct {
		const char *text;
		double want;
	} good[] = {
		{ "1", 1 },     { "1.", 1 },       { ".5", 0.5 },   { "-1.25", -1.25 }, { "1e3", 1000 }, { "1.0", 1 },
		{ "+2E-1", 0.2 }, { "012", 12 },   { "-0", 0 },     { "1e-400", 0 },
	};
	double v = 77;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		OK(!text_parse_number(bad[i], &v) && v == 77, "no number: '%s'", bad[i]);
	for (i = 0; i < sizeof good / sizeof *good; i++)
		OK(text_parse_number(good[i].text, &v) && v == good[i].want, "number '%s'", good[i].text);
}

static void check_vectors(void)
{
	static const struct {
		double value;
		const char *want;
	} rows[] = {
		{ 1, "1" },
		{ 1.0, "1" },
		{ 1e0, "1" },
		{ -0.0, "0" },
		{ 0.1, "0.1" },
		{ -1.5, "-1.5" },
		{ 9007199254740991.0, "9007199254740991" },
		{ 9007199254740992.0, "9007199254740992" },
		{ 123456789012345680000.0, "123456789012345680000" },
		{ 1e20, "100000000000000000000" },
		{ 1e21, "1e+21" },
		{ 1.5e21, "1.5e+21" },
		{ 0.000001, "0.000001" },
		{ 0.00000123, "0.00000123" },
		{ 1e-7, "1e-7" },
		{ 1.25e-7, "1.25e-7" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 5e-324, "5e-324" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ 2.2250738585072014e-308, "2.2250738585072014e-308" },
		{ 12.5, "12.5" },
		{ 100, "100" },
		{ 0x1p-44, "5.684341886080802e-14" }, /* powers of two: the gap below is half the gap above */
		{ 0x1p-24, "5.960464477539063e-8" },
		{ 9.5367431640625e-7, "9.5367431640625e-7" },
		{ 333333333.3333332, "333333333.3333332" }, /* RFC 8785 appendix B, and the next three */
		{ 333333333.33333325, "333333333.33333325" },
		{ 0.000033333333333333335, "0.000033333333333333335" },
		{ 1424953923781206.25, "1424953923781206.2" },
	};
	char buf[TEXT_NUMBER_MAX];
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		IS_TEXT(text_number(buf, rows[i].value), rows[i].want, rows[i].want);
}

/* Any double printed reads back as itself and fits the buffer. */
static void check_round_trip(void)
{
	uint64_t state = 1, bits;
	int right = 1, fits = 1, i;

	for (i = 0; i < 20000; i++) {
		char buf[TEXT_NUMBER_MAX];
		double v, back = 0;

		bits = random_bits(&state);
		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		text_number(buf, v);
		fits = fits && strlen(buf) < TEXT_NUMBER_MAX - 8;
		right = right && text_parse_number(buf, &back) && back == v;
	}
	OK(right, "20000 random doubles read back");
	OK(fits, "with room to spare");
}

static void check_durations(void)
{
	static const char *const bad[] = { "", "h", "1x", "90 s", "1m1h", "1h1h", "1h30", "-1s", "1:30", "1e3s", "1H", "0x1s",
					   "99999999999999999999999999999999999999h", "876001h", "3153600001", "9999999999999999h" };
	static const struct {
		const char *text;
		double want;
	} good[] = {
		{ "90", 90 }, { "90s", 90 }, { "15m", 900 }, { "6h", 21600 }, { "1h30m", 5400 }, { "250ms", 0.25 }, { "1.5h", 5400 },
		{ "1h2m3s4ms", 3723.004 }, { "0", 0 }, { "0.5", 0.5 }, { "876000h", 3153600000 },
	};
	double v = 77;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		OK(!text_parse_duration(bad[i], &v) && v == 77, "no duration: '%s'", bad[i]);
	for (i = 0; i < sizeof good / sizeof *good; i++)
		OK(text_parse_duration(good[i].text, &v) && fabs(v - good[i].want) < 1e-9, "duration '%s'", good[i].text);
}

static void check_sizes(void)
{
	static const char *const bad[] = { "", "G", "-1G", "1X", "1 G", "1e3", "9999999999G", "1GG", "1Ki" };
	static const struct {
		const char *text;
		uint64_t want;
	} good[] = {
		{ "800", 800 }, { "64K", 65536 }, { "512M", 536870912 }, { "2G", UINT64_C(2147483648) }, { "1.5G", 1610612736 },
		{ "512MiB", 536870912 }, { "2g", UINT64_C(2147483648) }, { "0", 0 }, { "10B", 10 },
	};
	uint64_t v = 77;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		OK(!text_parse_size(bad[i], &v) && v == 77, "no size: '%s'", bad[i]);
	for (i = 0; i < sizeof good / sizeof *good; i++)
		OK(text_parse_size(good[i].text, &v) && v == good[i].want, "size '%s'", good[i].text);
}

static void check_for_people(void)
{
	static const struct {
		uint64_t n;
		const char *want;
	} bytes[] = { { 0, "0 B" }, { 512, "512 B" }, { 1023, "1023 B" }, { 1024, "1.0 KiB" }, { 3435973837, "3.2 GiB" },
		      { 1048575, "1.0 MiB" }, { UINT64_MAX, "16.0 EiB" } };
	static const struct {
		double s;
		const char *want;
	} times[] = { { 3.2, "3.2 s" }, { 0, "0.0 s" }, { -1, "0.0 s" }, { 59.94, "59.9 s" }, { 59.97, "1m 00s" }, { 250, "4m 10s" },
		      { 3599.6, "1h 00m" }, { 3720, "1h 02m" }, { 7199, "2h 00m" }, { 90000, "25h 00m" } };
	static const struct {
		double n;
		const char *want;
	} credits[] = { { 0, "0 credits" }, { 1, "1 credit" }, { 12.5, "12.5 credits" }, { 0.1 + 0.2, "0.3 credits" }, { 0.00001, "0 credits" },
			{ 3 * 0.3333, "0.9999 credits" }, { 1e6, "1000000 credits" } };
	char buf[64];
	size_t i;

	for (i = 0; i < sizeof bytes / sizeof *bytes; i++)
		IS_TEXT(text_bytes(buf, sizeof buf, bytes[i].n), bytes[i].want, bytes[i].want);
	for (i = 0; i < sizeof times / sizeof *times; i++)
		IS_TEXT(text_duration(buf, sizeof buf, times[i].s), times[i].want, times[i].want);
	for (i = 0; i < sizeof credits / sizeof *credits; i++)
		IS_TEXT(text_credits(buf, sizeof buf, credits[i].n), credits[i].want, credits[i].want);
	IS_TEXT(text_count(buf, sizeof buf, 1, "job"), "1 job", "one job");
	IS_TEXT(text_count(buf, sizeof buf, 3, "job"), "3 jobs", "three jobs");
	IS_TEXT(text_count(buf, sizeof buf, 0, "job"), "0 jobs", "no jobs");
	IS_TEXT(text_count(buf, 4, 12, "job"), "12 ", "a small buffer cuts");
}

int main(void)
{
	check_ints();
	check_numbers();
	check_vectors();
	check_round_trip();
	check_durations();
	check_sizes();
	check_for_people();
	return tap_done();
}
