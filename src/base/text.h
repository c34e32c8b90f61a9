/*
 * base/text: strict readings of text, the one number formatter, likeness.
 *
 * Nothing here depends on the locale. All functions are pure and thread-safe.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole of text is one number in YAML 1.2 core form: [-+]?(0|[1-9][0-9]*) for
 * integers (within +-2^53), and [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
 * for numbers; no nan, no inf, no hex, no blanks. False otherwise; *ret untouched. */
bool text_parse_int(const char *text, int64_t *ret);
bool text_parse_number(const char *text, double *ret);

/* Shortest decimal that reads back as the same double, in the form of ECMAScript
 * (RFC 8785): 1, 0.1, 1e+21, 9007199254740992; -0 prints as 0. Not for nan or inf.
 * buf has at least TEXT_NUMBER_MAX bytes. Returns buf. */
#define TEXT_NUMBER_MAX 40
char *text_number(char *buf, double value);

bool text_is_utf8(const char *s, size_t len); /* valid UTF-8 (no surrogates, no overlong) without NUL */
size_t text_utf8_length(const char *s);       /* characters */
/* Bytes of the first character of s[0..len), and its code point; 0 where no valid character begins or len is 0. */
size_t text_utf8_next(const char *s, size_t len, uint32_t *ret);

/* Number of edits (insert, delete, change, swap of neighbours) that turn a into b, ASCII case ignored. */
int text_distance(const char *a, const char *b);

/* The candidate nearest to word when it is near enough to be what was meant, else NULL. */
const char *text_nearest(const char *word, const char *const *candidates, size_t n);

bool text_equal_ignoring_case(const char *a, const char *b); /* ASCII */
bool text_starts_with(const char *s, const char *prefix);
bool text_ends_with(const char *s, const char *suffix);

/* Durations and sizes that people write: "90", "90s", "15m", "6h", "1h30m", "250ms", in seconds;
 * "800", "64K", "512M", "2G", "1.5G", "512MiB" in bytes (powers of 1024). False on anything else. */
#define TEXT_DURATION_MAX_S (100 * 365 * 86400.0) /* a slip of the hand, and a sum of such times in ms is still an int64_t */
bool text_parse_duration(const char *text, double *ret_seconds);
bool text_parse_size(const char *text, uint64_t *ret_bytes);

/* "1 job", "3 jobs": n and the right form; plural is singular + "s". buf of size bytes. Returns buf. */
char *text_count(char *buf, size_t size, int64_t n, const char *singular);
/* "3.2 GiB", "512 B"; "1h 02m", "4m 10s", "3.2 s". Returns buf. */
char *text_bytes(char *buf, size_t size, uint64_t n_bytes);
char *text_duration(char *buf, size_t size, double seconds);
/* "12.5 credits", "1 credit". Returns buf. A sum of prices carries rounding that says nothing: both are to a ten-thousandth. */
char *text_credits(char *buf, size_t size, double credits);
double text_credits_rounded(double credits);

#endif
