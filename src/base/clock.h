/*
 * base/clock: time. Monotonic for waiting, UTC for the record.
 *
 * Pure code (run/retry, run/progress) takes times as arguments and never asks
 * a clock itself, so that its tests need not wait.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_monotonic_ms(void);
int64_t clock_unix_ms(void);

#define CLOCK_TEXT_SIZE 25 /* "2026-11-22T07:59:00.123Z" and NUL */
char *clock_text(char out[CLOCK_TEXT_SIZE], int64_t unix_ms); /* returns out */

#endif
