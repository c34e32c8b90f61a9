/*
 * cli/tally: counters of a struct, each with its name in JSON and what people are told of it.
 *
 * A table says where each int64_t lies (offsetof) in the struct that `of` points at, in the order in which they are told.
 */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include "base/json_write.h"
#include "base/strbuf.h"

#include <stddef.h>
#include <stdint.h>

struct tally {
	size_t offset;
	const char *name, *say;
};

void tally_lines(struct strbuf *out, const struct tally *rows, size_t n, const void *of); /* "       4 failed"; none for 0 */
void tally_json(struct json_writer *w, const struct tally *rows, size_t n, const void *of);

#endif
