/*
 * engine/normalizer: the "normalizer" of a tokenizer.json: Precompiled, Replace, Strip, Prepend, or a Sequence of them.
 *
 * Others are an error at open that names them: text normalised in another way would give other ids, silently.
 */
#ifndef ENGINE_NORMALIZER_H
#define ENGINE_NORMALIZER_H

#include "base/err.h"
#include "base/json.h"
#include "base/strbuf.h"

struct normalizer;

/* node: the file's "normalizer", which may be NULL or null: then nothing is done. ERR_MODEL. */
int normalizer_open(struct normalizer **ret, const struct json *node, struct err *err) WARN_UNUSED;
void normalizer_close(struct normalizer *n); /* NULL is fine */

/* Normalises text in place. Look at strbuf_ok afterwards. */
void normalizer_apply(const struct normalizer *n, struct strbuf *text);

#endif
