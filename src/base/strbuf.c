#include "base/strbuf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define STRBUF_FIRST_BYTES 64

char strbuf_empty[1]; /* never written: buf[len] is NUL already and cap 0 keeps every writer away */

void strbuf_init(struct strbuf *sb, size_t max)
{
	*sb = (struct strbuf)STRBUF_INIT(max);
}

/* Makes room for extra more bytes and the NUL; false, and overflowed set, where that would pass max. */
static bool make_room(struct strbuf *sb, size_t extra)
{
	size_t need, cap;

	if (sb->len > sb->max || extra > sb->max - sb->len || sb->len + extra == SIZE_MAX) {
		sb->overflowed = true;
		return false;
	}
	need = sb->len + extra + 1;
	if (need <= sb->cap)
		return true;
	cap = sb->cap > SIZE_MAX / 2 ? SIZE_MAX : sb->cap * 2;
	if (cap < STRBUF_FIRST_BYTES)
		cap = STRBUF_FIRST_BYTES;
	if (cap < need)
		cap = need;
	sb->buf = mem_realloc(sb->cap ? sb->buf : NULL, cap, 1);
	sb->buf[sb->len] = '\0';
	sb->cap = cap;
	return true;
}

void strbuf_add(struct strbuf *sb, const void *bytes, size_t len)
{
	if (len == 0 || !make_room(sb, len))
		return;
	memcpy(sb->buf + sb->len, bytes, len);
	sb->len += len;
	sb->buf[sb->len] = '\0';
}

void strbuf_adds(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_addc(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("format '%s' cannot be printed", fmt);
	if (n == 0 || !make_room(sb, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(sb->buf + sb->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	sb->len += (size_t)n;
}

void strbuf_setlen(struct strbuf *sb, size_t len)
{
	if (len > sb->len)
		BUG("strbuf_setlen to %zu of %zu bytes", len, sb->len);
	if (sb->cap) {
		sb->len = len;
		sb->buf[len] = '\0';
	}
}

void strbuf_reset(struct strbuf *sb)
{
	strbuf_setlen(sb, 0);
	sb->overflowed = false;
}

void strbuf_release(struct strbuf *sb)
{
	if (sb->cap)
		free(sb->buf);
	strbuf_init(sb, sb->max);
}

char *strbuf_detach(struct strbuf *sb)
{
	char *p = sb->cap ? sb->buf : mem_strdup("");

	strbuf_init(sb, sb->max);
	return p;
}
