/*
 * engine/unigram: a vocabulary of scored pieces, and the best way to cut a text into them.
 *
 * The model of a tokenizer.json of type "Unigram". The best segmentation has the largest sum of scores (doubles, added
 * from the left; of equals the first found stays). A character that no piece of one character covers may stand alone for
 * the least score less 10, and a run of such characters becomes one id: the unknown's, or the piece's if the run is one.
 * This is what the `tokenizers` library does, special pieces included.
 */
#ifndef ENGINE_UNIGRAM_H
#define ENGINE_UNIGRAM_H

#include "base/err.h"
#include "base/json.h"

#include <stddef.h>

/* Ids as they are found. Beyond max they are counted only. */
struct id_list {
	int *ids;
	size_t max;
	size_t n;
};

void id_list_add(struct id_list *list, int id);

struct unigram;

int unigram_open(struct unigram **ret, const struct json *model, struct err *err) WARN_UNUSED; /* ERR_MODEL */
void unigram_close(struct unigram *u);                                                        /* NULL is fine */
int unigram_n_pieces(const struct unigram *u);
int unigram_id(const struct unigram *u, const char *piece, size_t len); /* -1 when it is no piece */

/* Appends the ids of text, which is valid UTF-8 or nearly so: an invalid byte is a character of its own. ERR_MEMORY. */
int unigram_encode(const struct unigram *u, const char *text, size_t len, struct id_list *out, struct err *err) WARN_UNUSED;

#endif
