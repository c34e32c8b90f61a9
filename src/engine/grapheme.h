/*
 * engine/grapheme: where one user-perceived character ends, as far as the tokenizer must know.
 *
 * Unicode UAX 29, extended grapheme clusters, without the rules for Hangul syllables, flags, emoji sequences and Indic
 * conjuncts: they join characters of three and four bytes only, and clusters of more than 5 bytes are treated character
 * by character anyway (charsmap.h).
 */
#ifndef ENGINE_GRAPHEME_H
#define ENGINE_GRAPHEME_H

#include <stddef.h>

size_t grapheme_length(const char *s, size_t len); /* bytes of the first cluster; len at least 1 */

#endif
