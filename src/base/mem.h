/*
 * base/mem: allocation that cannot fail, and allocation that may.
 *
 * Small sizes: mem_alloc and its kin print a sentence and abort when memory is
 * out (the ledger makes that safe: a run can always be continued). Sizes that
 * come from a file, a header or the network: check them against a limit and
 * with mem_mul, then mem_try, and answer with an err.
 * Everything is freed with free(). Thread-safe.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

void *mem_alloc(size_t size);                 /* aborts when out; size 0 gives a unique pointer */
void *mem_zalloc(size_t n, size_t size);      /* n * size zeroed bytes; aborts when out or on overflow */
void *mem_realloc(void *p, size_t n, size_t size); /* n * size bytes; aborts when out or on overflow */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t len);
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* n * size zeroed bytes or NULL when out of memory or on overflow. */
void *mem_try(size_t n, size_t size) WARN_UNUSED;

/* *ret = a * b (a + b); false on overflow, then *ret is untouched. */
bool mem_mul(size_t a, size_t b, size_t *ret) WARN_UNUSED;
bool mem_add(size_t a, size_t b, size_t *ret) WARN_UNUSED;

/* Big blocks go back to the system when they are freed, so that a stated bound holds. Once, before threads. */
void mem_return_big_blocks(void);
/* The most that was resident since the program began, its mapped files included, in bytes; 0: not known. */
size_t mem_peak_resident(void);

/* Grows an array so that it holds one more: array, count and capacity variables. */
#define MEM_GROW(array, n, cap)                                                       \
	do {                                                                          \
		if ((n) == (cap)) {                                                   \
			(cap) = (cap) ? 2 * (cap) : 16;                               \
			(array) = mem_realloc((array), (size_t)(cap), sizeof *(array)); \
		}                                                                     \
	} while (0)

#endif
