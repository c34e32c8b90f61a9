/*
 * engine/charsmap: SentencePiece's precompiled character map, as a tokenizer.json carries it in base64 (musicgen.md 2.1).
 *
 * The bytes are: u32 n, little-endian; n bytes of u32 units, a double array trie; the replacements, each ended by NUL.
 * A value of the trie is where its replacement begins. Nothing in it is trusted: a step outside of the trie is no match,
 * a replacement outside of the bytes is empty.
 *
 * A map does not change after charsmap_open.
 */
#ifndef ENGINE_CHARSMAP_H
#define ENGINE_CHARSMAP_H

#include "base/err.h"
#include "base/strbuf.h"

struct charsmap;

int charsmap_open(struct charsmap **ret, const char *base64, struct err *err) WARN_UNUSED; /* ERR_MODEL */
void charsmap_close(struct charsmap *map);                                               /* NULL is fine */

/*
 * Appends text, mapped, to out. As the `tokenizers` library does it, which differs from SentencePiece: a grapheme cluster
 * of at most 5 bytes of which some beginning is in the map is replaced as a whole, by the replacement of the shortest such
 * beginning; any other cluster character by character in the same way.
 */
void charsmap_apply(const struct charsmap *map, const char *text, size_t len, struct strbuf *out);

#endif
