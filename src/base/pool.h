/*
 * base/pool: fixed worker threads under the kernels, one parallel loop at a time.
 *
 * pool_open(n) makes n - 1 workers (the caller is the n-th). pool_run splits
 * items 0..n_items-1 into n contiguous ranges, calls fn(arg, worker, begin,
 * end) for each on its own thread, and returns when all are done. Which thread
 * does an item must never change its result. Between loops workers spin for a
 * short while (a decoder step has some 150 loops of 0.1 ms, futex sleeps would
 * dominate, engines.md 4.4), then sleep. pool_run is called from one thread only.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/err.h"

struct pool;

typedef void (*pool_fn)(void *arg, int worker, int begin, int end);

int pool_open(struct pool **ret, int n_threads, struct err *err) WARN_UNUSED; /* n_threads 1..POOL_THREADS_MAX */
void pool_close(struct pool *pool);                                          /* NULL is fine */
int pool_n_threads(const struct pool *pool);
void pool_run(struct pool *pool, int n_items, pool_fn fn, void *arg);
/* Threads that the text of a cgroup's cpu.max allows: "150000 100000" is 2; POOL_THREADS_MAX for "max 100000". */
int pool_quota_threads(const char *cpu_max);
int pool_default_threads(void); /* processors this process may use (affinity and cgroup quota), 1..POOL_THREADS_MAX */

#define POOL_THREADS_MAX 256

#endif
