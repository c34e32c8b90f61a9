#include "base/mem.h"

#include "base/fs.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* glibc's own first value of the threshold from which a block is mapped for itself; left alone it grows to 32 MiB with what is
 * freed, and clips of that size then stay in the heap (mallopt(3)). */
#define BIG_BLOCK_BYTES (128 * 1024)
/* Of small blocks that were freed at the heap's end. With glibc's 128 KiB each file that is encoded gives the encoder's memory
 * back and faults it in again: an eighth of a tiny job's time. */
#define KEPT_BYTES (4 * 1024 * 1024)
#define STATUS_FILE_MAX (64 * 1024) /* /proc/self/status has some 1,500 bytes */

static _Noreturn void out_of_memory(size_t size)
{
	fprintf(stderr, "mgbatch: out of memory (%zu bytes wanted); the same command continues where this one stopped\n", size);
	abort();
}

bool mem_mul(size_t a, size_t b, size_t *ret)
{
	if (b != 0 && a > SIZE_MAX / b)
		return false;
	*ret = a * b;
	return true;
}

bool mem_add(size_t a, size_t b, size_t *ret)
{
	if (a > SIZE_MAX - b)
		return false;
	*ret = a + b;
	return true;
}

void *mem_alloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		out_of_memory(size);
	return p;
}

void *mem_zalloc(size_t n, size_t size)
{
	size_t total = 0;
	void *p;

	if (!mem_mul(n, size, &total))
		out_of_memory(SIZE_MAX);
	p = calloc(1, total ? total : 1);
	if (!p)
		out_of_memory(total);
	return p;
}

void *mem_realloc(void *p, size_t n, size_t size)
{
	size_t total = 0;
	void *q;

	if (!mem_mul(n, size, &total))
		out_of_memory(SIZE_MAX);
	q = realloc(p, total ? total : 1);
	if (!q)
		out_of_memory(total);
	return q;
}

char *mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t len)
{
	size_t size = 0;
	char *p;

	if (!mem_add(len, 1, &size))
		out_of_memory(SIZE_MAX);
	p = mem_alloc(size);
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("format '%s' cannot be printed", fmt);
	p = mem_alloc((size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void *mem_try(size_t n, size_t size)
{
	size_t total = 0;

	if (!mem_mul(n, size, &total))
		return NULL;
	return calloc(1, total ? total : 1);
}

void mem_return_big_blocks(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_MMAP_THRESHOLD, BIG_BLOCK_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
#endif
}

/* VmHWM, for getrusage's figure also has what the parent process was when it forked. */
size_t mem_peak_resident(void)
{
	struct strbuf text = STRBUF_INIT(STATUS_FILE_MAX);
	size_t kib = 0;
	const char *at;

	if (fs_read("/proc/self/status", &text, NULL) == 0 && (at = strstr(text.buf, "VmHWM:")))
		kib = strtoul(at + strlen("VmHWM:"), NULL, 10);
	strbuf_release(&text);
	return kib * 1024;
}
