/* The pool: every item once, whatever the numbers; results seen by the caller; sleeping and waking; limits. */
#include "tap.h"

#include "base/pool.h"

#include <time.h>

#define N_OF(a) (sizeof(a) / sizeof(a)[0])

enum { ITEMS_MAX = 5000 };

struct tally {
	int count[ITEMS_MAX];
	int worker[ITEMS_MAX];
	int bad;
	int n_threads, n_items;
};

static void count_items(void *arg, int worker, int begin, int end)
{
	struct tally *t = arg;

	for (int i = begin; i < end; i++) {
		t->count[i]++;
		t->worker[i] = worker;
	}
}

/* Each item once, by the worker whose contiguous range it is in. */
static int tally_is_right(const struct tally *t)
{
	for (int i = 0; i < t->n_items; i++)
		if (t->count[i] != 1 || t->worker[i] < 0 || t->worker[i] >= t->n_threads ||
		    (i > 0 && t->worker[i] < t->worker[i - 1]))
			return 0;
	for (int i = t->n_items; i < ITEMS_MAX; i++)
		if (t->count[i])
			return 0;
	return 1;
}

static void test_every_item_once(int n_threads)
{
	static const int sizes[] = { 0, 1, 2, 3, 7, 64, 999, ITEMS_MAX };
	static struct tally t;
	struct pool *pool;
	struct err err = ERR_INIT;
	int right = 1;

	if (pool_open(&pool, n_threads, &err)) {
		OK(0, "pool of %d opens: %s", n_threads, err.text);
		return;
	}
	for (size_t round = 0; round < 40 * N_OF(sizes); round++) {
		memset(&t, 0, sizeof t);
		t.n_threads = n_threads;
		t.n_items = sizes[round % N_OF(sizes)];
		pool_run(pool, t.n_items, count_items, &t);
		right &= tally_is_right(&t);
	}
	OK(right && pool_n_threads(pool) == n_threads, "%d threads: each item once, in its worker's range", n_threads);
	pool_close(pool);
}

struct chain {
	double value[64];
};

static void double_them(void *arg, int worker, int begin, int end)
{
	struct chain *c = arg;

	(void)worker;
	for (int i = begin; i < end; i++)
		c->value[i] = c->value[63 - i] + 1; /* reads what another worker wrote in the round before */
}

/* Two rounds: i reads 63 - i. The caller swaps between rounds, so each round must be over when pool_run returns. */
static void test_rounds_are_ordered(int n_threads, int n_rounds)
{
	struct chain a = { { 0 } };
	struct pool *pool;
	struct err err = ERR_INIT;
	int right = 1;

	if (pool_open(&pool, n_threads, &err)) {
		OK(0, "pool of %d opens: %s", n_threads, err.text);
		return;
	}
	for (int r = 0; r < n_rounds; r++) {
		pool_run(pool, 32, double_them, &a); /* the lower half from the upper */
		for (int i = 0; i < 32; i++)
			a.value[63 - i] = a.value[i];
	}
	for (int i = 0; i < 64; i++)
		right &= a.value[i] == n_rounds;
	OK(right, "%d threads: %d rounds one after another", n_threads, n_rounds);
	pool_close(pool);
}

static void busy_unevenly(void *arg, int worker, int begin, int end)
{
	struct timespec ts = { 0, worker == 1 ? 3000000 : 0 };

	(void)begin;
	(void)end;
	nanosleep(&ts, NULL); /* the work itself: one worker takes long enough that the others must sleep */
	((int *)arg)[worker]++;
}

static void test_sleeping_and_waking(void)
{
	int done[4] = { 0 };
	struct pool *pool;
	struct err err = ERR_INIT;

	if (pool_open(&pool, 4, &err)) {
		OK(0, "pool opens: %s", err.text);
		return;
	}
	for (int r = 0; r < 20; r++)
		pool_run(pool, 4, busy_unevenly, done);
	OK(done[0] == 20 && done[1] == 20 && done[2] == 20 && done[3] == 20, "workers and caller sleep and are woken");
	pool_close(pool);
}

static void test_limits(void)
{
	struct pool *pool = NULL;
	struct err err = ERR_INIT;

	OK(pool_open(&pool, 0, &err) == -1 && err.code == ERR_USAGE && !pool, "0 threads: %s", err.text);
	OK(pool_open(&pool, POOL_THREADS_MAX + 1, &err) == -1 && !pool, "too many: %s", err.text);
	pool_close(NULL);
	OK(pool_default_threads() >= 1 && pool_default_threads() <= POOL_THREADS_MAX, "default: %d", pool_default_threads());
	IS_INT(pool_quota_threads("max 100000\n"), POOL_THREADS_MAX, "no quota");
	IS_INT(pool_quota_threads("100000 100000\n"), 1, "quota of one");
	IS_INT(pool_quota_threads("150000 100000\n"), 2, "quota of one and a half");
	IS_INT(pool_quota_threads("1000 100000\n"), 1, "quota of a hundredth");
	IS_INT(pool_quota_threads("9000000000000 1\n"), POOL_THREADS_MAX, "a quota beyond all");
	IS_INT(pool_quota_threads("rubbish"), POOL_THREADS_MAX, "rubbish is no quota");
}

int main(void)
{
	static const int threads[] = { 1, 2, 3, 8 };

	for (size_t i = 0; i < N_OF(threads); i++)
		test_every_item_once(threads[i]);
	test_rounds_are_ordered(2, 20000);
	test_rounds_are_ordered(5, 2000);
	test_sleeping_and_waking();
	test_limits();
	return tap_done();
}
