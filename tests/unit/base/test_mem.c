#include "base/arena.h"
#include "base/mem.h"

#include "tap.h"

#include <stdint.h>

static void check_sizes(void)
{
	size_t n = 7;
	void *p;

	OK(mem_mul(3, 4, &n) && n == 12, "3 * 4");
	OK(mem_mul(0, SIZE_MAX, &n) && n == 0, "0 * most");
	n = 7;
	OK(!mem_mul(SIZE_MAX / 2, 3, &n) && n == 7, "an overflow is refused and leaves the result");
	OK(!mem_add(SIZE_MAX, 1, &n) && n == 7, "so is a sum's");
	OK(mem_add(SIZE_MAX, 0, &n) && n == SIZE_MAX, "the largest sum");
	p = mem_try(SIZE_MAX / 2, 3);
	OK(!p, "mem_try of too much is NULL");
	free(p);
	p = mem_alloc(0);
	OK(p != NULL, "mem_alloc(0) gives a pointer");
	free(p);
}

static void check_text(void)
{
	char *s = mem_strndup("abcdef", 3);

	IS_TEXT(s, "abc", "mem_strndup");
	free(s);
	s = mem_printf("%s-%04d", "x", 12);
	IS_TEXT(s, "x-0012", "mem_printf");
	free(s);
}

static void check_grow(void)
{
	int *list = NULL, n = 0, cap = 0, i, right = 1;

	for (i = 0; i < 1000; i++) {
		MEM_GROW(list, n, cap);
		list[n++] = i;
	}
	for (i = 0; i < n; i++)
		right = right && list[i] == i;
	OK(right && cap >= 1000, "MEM_GROW keeps what is there");
	free(list);
}

/* Every piece is zeroed, aligned, and keeps what was written into it whatever comes after. */
static void check_arena(void)
{
	enum { N = 2000 };
	struct arena a = ARENA_INIT;
	unsigned char *pieces[N];
	size_t sizes[N], i, j;
	int zeroed = 1, aligned = 1, kept = 1;

	for (i = 0; i < N; i++) {
		sizes[i] = i % 97 == 0 ? 50000 : i * 7 % 300;
		pieces[i] = arena_alloc(&a, sizes[i], 1);
		aligned = aligned && (uintptr_t)pieces[i] % 16 == 0;
		for (j = 0; j < sizes[i]; j++)
			zeroed = zeroed && pieces[i][j] == 0;
		memset(pieces[i], (int)(i % 255 + 1), sizes[i]);
	}
	for (i = 0; i < N; i++)
		for (j = 0; j < sizes[i]; j++)
			kept = kept && pieces[i][j] == i % 255 + 1;
	OK(zeroed, "arena memory is zeroed");
	OK(aligned, "and aligned");
	OK(kept, "pieces do not overlap");
	OK(a.n_bytes >= 50000 * (N / 97), "what was handed out is counted");
	IS_TEXT(arena_strdup(&a, "hello"), "hello", "arena_strdup");
	IS_TEXT(arena_strndup(&a, "hello", 2), "he", "arena_strndup");
	IS_TEXT(arena_printf(&a, "%d/%s", 4, "x"), "4/x", "arena_printf");
	arena_release(&a);
	OK(!a.blocks && a.n_bytes == 0, "a released arena is empty");
	IS_TEXT(arena_strdup(&a, "again"), "again", "and can be used again");
	arena_release(&a);
	arena_release(&a);
}

int main(void)
{
	check_sizes();
	check_text();
	check_grow();
	check_arena();
	return tap_done();
}
