/*
 * How near matmul comes to the speed of memory. Not a test: nothing here can fail.
 *
 *   make && cc -std=c11 -D_POSIX_C_SOURCE=200809L -O3 -Isrc -o build/bench_kernels tests/bench/bench_kernels.c \
 *       build/release/libmgbatch.a -lm -pthread
 *   build/bench_kernels [threads]        default 1
 *
 * First the denominator: a read-only loop (all words or-ed) over the same memory. Then, for each level of this
 * processor, GB/s of weights for each shape, type and number of rows of x. The weights are SET_BYTES of different
 * matrices, so that none is in a cache when its turn comes. Best of several rounds.
 */
#include "base/mem.h"
#include "base/pool.h"
#include "engine/kernels.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SET_BYTES (768u << 20)
#define ROUNDS 3
#define X_STRIDE (4096 + 16) /* floats; see kernels.h on rows 4 KiB apart */

struct shape {
	int n, k;
};

static const struct shape shapes[] = { { 4096, 1024 }, { 1024, 4096 } };
static const char *const type_names[] = { "f32", "f16", "bf16" };
static const size_t sizes[] = { 4, 2, 2 };
static const int rows[] = { 1, 2, 4, 8, 16, 32 };
static const char *const levels[] = { "avx512", "avx2", "scalar" };

#define N_OF(a) (sizeof(a) / sizeof(a)[0])

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static volatile uint64_t keep; /* so that the reading loop is not thrown away */

struct reading {
	const uint64_t *words;
	uint64_t seen[POOL_THREADS_MAX];
};

/* items are MiB; sixteen chains, so that the loads and not the arithmetic count */
static void read_all(void *arg, int worker, int begin, int end)
{
	struct reading *r = arg;
	const uint64_t *p = r->words + ((size_t)begin << 17), *last = r->words + ((size_t)end << 17);
	uint64_t m[16] = { 0 };

	for (; p < last; p += 16)
		for (int i = 0; i < 16; i++)
			m[i] |= p[i];
	for (int i = 1; i < 16; i++)
		m[0] |= m[i];
	r->seen[worker] = m[0];
}

static double read_bandwidth(struct pool *pool, const void *memory)
{
	static struct reading r;
	double best = 0;

	r.words = memory;
	for (int i = 0; i < ROUNDS + 2; i++) {
		double start = now(), rate;

		pool_run(pool, SET_BYTES >> 20, read_all, &r);
		rate = SET_BYTES / (now() - start) / 1e9;
		best = rate > best ? rate : best;
		keep += r.seen[0];
	}
	return best;
}

struct product {
	const struct kernels *kernels;
	struct matrix w;
	const float *x;
	float *y;
	int n_x;
};

static void multiply(void *arg, int worker, int begin, int end)
{
	const struct product *p = arg;

	(void)worker;
	p->kernels->matmul(p->y, (size_t)p->w.n_rows, p->x, (size_t)p->w.n_cols + 16, p->n_x, &p->w, begin, end, NULL);
}

static double product_bandwidth(struct pool *pool, struct product *p, const unsigned char *memory, size_t set_bytes)
{
	size_t bytes = (size_t)p->w.n_rows * (size_t)p->w.n_cols * sizes[p->w.type], n = set_bytes / bytes;
	double best = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double start = now(), rate;

		for (size_t i = 0; i < n; i++) {
			p->w.data = memory + i * bytes;
			pool_run(pool, p->w.n_rows, multiply, p);
		}
		rate = (double)(n * bytes) / (now() - start) / 1e9;
		best = rate > best ? rate : best;
	}
	return best;
}

static void bench_level(struct pool *pool, const struct kernels *kernels, const unsigned char *memory, const float *x, float *y)
{
	size_t set_bytes = strcmp(kernels->name, "scalar") ? SET_BYTES : SET_BYTES / 48;

	for (size_t s = 0; s < N_OF(shapes); s++)
		for (int type = 0; type < 3; type++) {
			printf("%-7s %dx%d %-4s", kernels->name, shapes[s].k, shapes[s].n, type_names[type]);
			for (size_t i = 0; i < N_OF(rows); i++) {
				struct product p = { kernels, { NULL, (enum weight_type)type, shapes[s].n, shapes[s].k }, x, y, rows[i] };

				printf(" %7.2f", product_bandwidth(pool, &p, memory, set_bytes));
				fflush(stdout);
			}
			printf("\n");
		}
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct pool *pool;
	unsigned char *memory = mem_alloc(SET_BYTES);
	float *x = mem_zalloc(32 * X_STRIDE, sizeof *x), *y = mem_zalloc(32 * 4096, sizeof *y);

	if (pool_open(&pool, argc > 1 ? atoi(argv[1]) : 1, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	memset(memory, 0x3c, SET_BYTES); /* an ordinary number in each type */
	for (int i = 0; i < 32 * X_STRIDE; i++)
		x[i] = (float)(i % 7) - 3;
	printf("%d threads, reading only: %.2f GB/s\nGB/s of weights at rows:", pool_n_threads(pool), read_bandwidth(pool, memory));
	for (size_t i = 0; i < N_OF(rows); i++)
		printf(" %7d", rows[i]);
	printf("\n");
	for (size_t i = 0; i < N_OF(levels); i++) {
		const struct kernels *kernels;

		if (!kernels_choose(&kernels, levels[i], &err))
			bench_level(pool, kernels, memory, x, y);
	}
	pool_close(pool);
	free(memory);
	free(x);
	free(y);
	return 0;
}
