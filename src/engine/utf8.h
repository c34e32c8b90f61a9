/*
 * engine/utf8: reading UTF-8 one character at a time; whatever is invalid reads as U+FFFD.
 */
#ifndef ENGINE_UTF8_H
#define ENGINE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xfffdu

/* Bytes of the first character of s (len at least 1), its code in *ret. An invalid sequence counts as long as it could
 * still have become valid (Unicode's "maximal subpart", as Python's and Rust's decoders do), and gives U+FFFD. */
size_t utf8_next(const char *s, size_t len, uint32_t *ret);

bool utf8_is_space(uint32_t code); /* Unicode's White_Space */

#endif
