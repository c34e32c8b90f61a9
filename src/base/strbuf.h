/*
 * base/strbuf: growing bytes with a cap given at init (curl's dynbuf).
 *
 * Invariants: buf is never NULL and buf[len] is always NUL. A call that would
 * pass max adds nothing and sets `overflowed`, which stays set until reset, so
 * that a writer may add many pieces and ask once at the end with strbuf_ok.
 * strbuf_release frees and leaves an empty usable buffer. strbuf_detach hands
 * the bytes to the caller, who frees them.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *buf;
	size_t len;
	size_t cap; /* 0: buf is the shared empty string */
	size_t max; /* longest len allowed */
	bool overflowed;
};

extern char strbuf_empty[];

#define STRBUF_INIT(max_bytes) { strbuf_empty, 0, 0, (max_bytes), false }

void strbuf_init(struct strbuf *sb, size_t max);
void strbuf_add(struct strbuf *sb, const void *bytes, size_t len);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strbuf_setlen(struct strbuf *sb, size_t len); /* shortens only */
void strbuf_reset(struct strbuf *sb);              /* len 0, overflow forgotten, memory kept */
void strbuf_release(struct strbuf *sb);
char *strbuf_detach(struct strbuf *sb); /* caller frees */
static inline bool strbuf_ok(const struct strbuf *sb) { return !sb->overflowed; }

#endif
