/*
 * engine/tokenizer: text to the ids that T5 was trained on (musicgen.md 2.1).
 *
 *   tokenizer_open(&t, "<dir>/tokenizer.json", err)
 *   tokenizer_encode(t, prompt, ids, ENGINE_PROMPT_TOKENS_MAX, &n, err)
 *   tokenizer_close(t)
 *
 * A tokenizer.json with a Unigram model: added tokens are split out first, then the file's own normaliser
 * (Precompiled charsmap, Replace, Strip, alone or in a Sequence), Metaspace, the best segmentation by the sum of the
 * pieces' scores (Viterbi), unknown characters in a row as one <unk>, and </s> at the end. The ids equal those of the
 * `tokenizers` library; what it knows and we do not is an error at open that names it.
 *
 * Errors: ERR_MODEL for the file, ERR_IO when it cannot be read, ERR_INPUT for a text too long. Invalid UTF-8 reads as
 * U+FFFD. A tokenizer does not change after open: any number of threads may encode.
 */
#ifndef ENGINE_TOKENIZER_H
#define ENGINE_TOKENIZER_H

#include "base/err.h"

#include <stddef.h>

#define TOKENIZER_END_ID 1               /* </s>, the last id of every text */
#define TOKENIZER_TEXT_MAX (1024 * 1024) /* bytes of one text */

struct tokenizer;

/* *ret is untouched on failure. */
int tokenizer_open(struct tokenizer **ret, const char *path, struct err *err) WARN_UNUSED;
void tokenizer_close(struct tokenizer *t); /* NULL is fine */

/* text: NUL-terminated. ids: room for max. *n: ids written, </s> among them, at least 1. More than max ids is
 * ERR_INPUT with both figures, and *n and ids are unspecified. */
int tokenizer_encode(const struct tokenizer *t, const char *text, int *ids, int max, int *n, struct err *err) WARN_UNUSED;

int tokenizer_n_pieces(const struct tokenizer *t); /* size of the vocabulary; every id is below it or an added token's */
int tokenizer_max_id(const struct tokenizer *t);   /* the largest id that encode can give */

#endif
