/*
 * tap.h: test anything protocol for the unit tests, in a page.
 *
 *   int main(void) { OK(1 + 1 == 2, "addition"); return tap_done(); }
 *
 * One binary a file; each check prints a line; tap_done prints the plan and answers
 * the exit status. IS_* print both values when they differ. SKIP says why.
 */
#ifndef TAP_H
#define TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_n, tap_failed;

#if defined(__GNUC__)
__attribute__((format(printf, 4, 5), unused))
#endif
static int tap_ok(int ok, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	tap_n++;
	printf("%s %d - ", ok ? "ok" : "not ok", tap_n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!ok) {
		tap_failed++;
		printf("# at %s:%d\n", file, line);
	}
	fflush(stdout);
	return ok;
}

static inline int tap_is_text(const char *got, const char *want, const char *file, int line, const char *name)
{
	int same = got && want ? !strcmp(got, want) : got == want;

	if (!tap_ok(same, file, line, "%s", name))
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)", want ? want : "(null)");
	return same;
}

static inline int tap_is_int(long long got, long long want, const char *file, int line, const char *name)
{
	if (!tap_ok(got == want, file, line, "%s", name))
		printf("#  got: %lld\n# want: %lld\n", got, want);
	return got == want;
}

static inline int tap_is_near(double got, double want, double tolerance, const char *file, int line, const char *name)
{
	int near = fabs(got - want) <= tolerance;

	if (!tap_ok(near, file, line, "%s", name))
		printf("#  got: %.17g\n# want: %.17g within %g\n", got, want, tolerance);
	return near;
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_n);
	return tap_failed ? 1 : 0;
}

#define OK(cond, ...) tap_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)
#define IS_TEXT(got, want, name) tap_is_text(got, want, __FILE__, __LINE__, name)
#define IS_INT(got, want, name) tap_is_int((long long)(got), (long long)(want), __FILE__, __LINE__, name)
#define IS_NEAR(got, want, tol, name) tap_is_near(got, want, tol, __FILE__, __LINE__, name)
#define SKIP(why) (tap_n++, printf("ok %d # SKIP %s\n", tap_n, why))
#define SKIP_ALL(why) (printf("1..0 # SKIP %s\n", why), exit(0))

#endif
