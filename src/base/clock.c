#include "base/clock.h"

#include "base/err.h"

#include <stdio.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		BUG("the system has no clock %d", (int)id);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_unix_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

char *clock_text(char out[CLOCK_TEXT_SIZE], int64_t unix_ms)
{
	int64_t ms = unix_ms % 1000, seconds = unix_ms / 1000;
	struct tm tm = { 0 };
	time_t t;

	if (ms < 0) { /* before 1970 */
		ms += 1000;
		seconds--;
	}
	t = (time_t)seconds;
	if (!gmtime_r(&t, &tm))
		BUG("a time of %lld ms has no date", (long long)unix_ms);
	/* the remainders only tell the compiler that the text fits: a year of five digits is cut */
	(void)snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)(tm.tm_year + 1900) % 10000U,
		       (unsigned)(tm.tm_mon + 1) % 100U, (unsigned)tm.tm_mday % 100U, (unsigned)tm.tm_hour % 100U,
		       (unsigned)tm.tm_min % 100U, (unsigned)tm.tm_sec % 100U, (unsigned)ms % 1000U);
	return out;
}
