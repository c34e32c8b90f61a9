#include "base/clock.h"

#include "tap.h"

int main(void)
{
	static const struct {
		int64_t ms;
		const char *want;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ INT64_C(1000000000123), "2001-09-09T01:46:40.123Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
		{ INT64_C(4102444799999), "2099-12-31T23:59:59.999Z" },
	};
	char text[CLOCK_TEXT_SIZE];
	int64_t before = clock_monotonic_ms(), unix_ms = clock_unix_ms();
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		IS_TEXT(clock_text(text, rows[i].ms), rows[i].want, rows[i].want);
	OK(clock_monotonic_ms() >= before, "the monotonic clock never goes back");
	OK(unix_ms > INT64_C(1700000000000), "the wall clock is past 2023");
	return tap_done();
}
