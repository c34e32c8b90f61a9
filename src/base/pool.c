#define _GNU_SOURCE /* sched_getaffinity, CPU_COUNT_S */
#include "base/pool.h"

#include "base/mem.h"
#include "base/thread.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A worker that finds no work spins this long before it sleeps: longer than the gap between two loops of a decoder step
 * (some tens of microseconds of one thread's work), shorter than what waking costs the next loop several times over. */
#define SPIN_NS 50000
#define PAUSES_PER_LOOK 32 /* reading the clock costs about one pause */

struct worker {
	struct pool *pool;
	struct thread thread;
	int index;
};

/*
 * One loop at a time: pool_run writes the task, then raises `round` (the release that publishes it). Workers that see
 * a new round do their range and count `n_left` down; the last one's release publishes all results to the caller.
 * Whoever waits in vain adds itself to its count of sleepers, looks again, and sleeps; whoever changes what it waits
 * for looks at that count afterwards. Both are sequentially consistent, so one of the two sees the other.
 */
struct pool {
	int n_threads;
	int n_started; /* workers that have a thread */
	bool may_spin; /* not more threads than processors */
	struct worker *workers;

	pool_fn fn;
	void *arg;
	int n_items;

	atomic_uint round;
	atomic_int n_left;
	atomic_bool stop;

	pthread_mutex_t lock;
	pthread_cond_t work_there; /* round or stop changed */
	pthread_cond_t work_done;  /* n_left reached 0 */
	atomic_int n_sleeping;     /* workers */
	atomic_bool caller_sleeps;
};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

typedef bool (*ready_fn)(struct pool *pool, unsigned round);

static bool work_is_there(struct pool *pool, unsigned round)
{
	return atomic_load(&pool->round) != round || atomic_load(&pool->stop);
}

static bool work_is_done(struct pool *pool, unsigned round)
{
	(void)round;
	return atomic_load(&pool->n_left) == 0;
}

/* True as soon as ready, false when it took too long. With more threads than processors the one that we wait for may
 * need this very processor: then spinning only delays it. */
static bool spin_until(struct pool *pool, ready_fn ready, unsigned round)
{
	long long start;

	if (ready(pool, round))
		return true;
	if (!pool->may_spin) {
		sched_yield();
		return ready(pool, round);
	}
	start = now_ns();
	do {
		for (int i = 0; i < PAUSES_PER_LOOK; i++) {
			pause_briefly();
			if (ready(pool, round))
				return true;
		}
	} while (now_ns() - start < SPIN_NS);
	return false;
}

static void run_range(struct pool *pool, int index)
{
	int begin = (int)((long long)pool->n_items * index / pool->n_threads);
	int end = (int)((long long)pool->n_items * (index + 1) / pool->n_threads);

	if (begin < end)
		pool->fn(pool->arg, index, begin, end);
}

static void wait_for_work(struct pool *pool, unsigned round)
{
	if (spin_until(pool, work_is_there, round))
		return;
	pthread_mutex_lock(&pool->lock);
	atomic_fetch_add(&pool->n_sleeping, 1);
	while (!work_is_there(pool, round))
		pthread_cond_wait(&pool->work_there, &pool->lock);
	atomic_fetch_sub(&pool->n_sleeping, 1);
	pthread_mutex_unlock(&pool->lock);
}

static void worker_main(void *arg)
{
	struct worker *w = arg;
	struct pool *pool = w->pool;
	unsigned round = 0;

	for (;;) {
		wait_for_work(pool, round);
		if (atomic_load(&pool->stop))
			return;
		round++; /* pool_run waits for all of us: no round can be missed */
		run_range(pool, w->index);
		if (atomic_fetch_sub(&pool->n_left, 1) == 1 && atomic_load(&pool->caller_sleeps)) {
			pthread_mutex_lock(&pool->lock);
			pthread_cond_signal(&pool->work_done);
			pthread_mutex_unlock(&pool->lock);
		}
	}
}

static void wake_workers(struct pool *pool)
{
	if (atomic_load(&pool->n_sleeping) == 0)
		return;
	pthread_mutex_lock(&pool->lock);
	pthread_cond_broadcast(&pool->work_there);
	pthread_mutex_unlock(&pool->lock);
}

static void wait_for_done(struct pool *pool)
{
	if (spin_until(pool, work_is_done, 0))
		return;
	pthread_mutex_lock(&pool->lock);
	atomic_store(&pool->caller_sleeps, true);
	while (!work_is_done(pool, 0))
		pthread_cond_wait(&pool->work_done, &pool->lock);
	atomic_store(&pool->caller_sleeps, false);
	pthread_mutex_unlock(&pool->lock);
}

void pool_run(struct pool *pool, int n_items, pool_fn fn, void *arg)
{
	if (n_items <= 0)
		return;
	pool->fn = fn;
	pool->arg = arg;
	pool->n_items = n_items;
	if (pool->n_threads > 1) {
		atomic_store(&pool->n_left, pool->n_threads - 1);
		atomic_fetch_add(&pool->round, 1);
		wake_workers(pool);
	}
	run_range(pool, 0);
	if (pool->n_threads > 1)
		wait_for_done(pool);
}

static int start_workers(struct pool *pool, struct err *err)
{
	int rc = 0;

	for (int i = 1; i < pool->n_threads && !rc; i++) {
		struct worker *w = &pool->workers[i];

		w->pool = pool;
		w->index = i;
		rc = thread_start(&w->thread, worker_main, w);
		if (!rc)
			pool->n_started++;
	}
	if (rc)
		return err_set_sys(err, ERR_MEMORY, rc, "starting worker thread %d of %d; use fewer threads", pool->n_started + 1,
				   pool->n_threads - 1);
	return 0;
}

int pool_open(struct pool **ret, int n_threads, struct err *err)
{
	struct pool *pool;

	if (n_threads < 1 || n_threads > POOL_THREADS_MAX)
		return err_set(err, ERR_USAGE, "%d threads: expected 1 to %d", n_threads, POOL_THREADS_MAX);
	pool = mem_zalloc(1, sizeof *pool);
	pool->workers = mem_zalloc((size_t)n_threads, sizeof *pool->workers);
	pool->n_threads = n_threads;
	pool->may_spin = n_threads <= pool_default_threads();
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work_there, NULL);
	pthread_cond_init(&pool->work_done, NULL);
	if (start_workers(pool, err)) {
		pool_close(pool);
		return -1;
	}
	*ret = pool;
	return 0;
}

void pool_close(struct pool *pool)
{
	if (!pool)
		return;
	atomic_store(&pool->stop, true);
	wake_workers(pool);
	for (int i = 1; i <= pool->n_started; i++)
		thread_join(&pool->workers[i].thread);
	pthread_cond_destroy(&pool->work_done);
	pthread_cond_destroy(&pool->work_there);
	pthread_mutex_destroy(&pool->lock);
	free(pool->workers);
	free(pool);
}

int pool_n_threads(const struct pool *pool)
{
	return pool->n_threads;
}

/* ---- how many processors there are for us ---------------------------------------------------------- */

int pool_quota_threads(const char *cpu_max)
{
	long long quota, period;

	if (sscanf(cpu_max, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0)
		return POOL_THREADS_MAX; /* "max 100000": no quota */
	quota = (quota - 1) / period + 1;
	return quota < POOL_THREADS_MAX ? (int)quota : POOL_THREADS_MAX;
}

static bool read_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return false;
	ok = fgets(buf, (int)size, f) != NULL;
	fclose(f);
	return ok;
}

/* The least cpu.max of our cgroup (version 2) and those above it. In a container the path may be one that is not
 * mounted here; the root of what is mounted is looked at in any case. */
static int cgroup_threads(void)
{
	static const char root[] = "/sys/fs/cgroup";
	char group[2048], path[sizeof group + sizeof root + 16], text[128];
	int n = POOL_THREADS_MAX;
	char *slash;

	if (!read_line("/proc/self/cgroup", group, sizeof group) || strncmp(group, "0::", 3))
		snprintf(group, sizeof group, "0::/");
	group[strcspn(group, "\n")] = 0;
	for (;;) {
		snprintf(path, sizeof path, "%s%s/cpu.max", root, group + 3);
		if (read_line(path, text, sizeof text)) {
			int quota = pool_quota_threads(text);

			n = quota < n ? quota : n;
		}
		slash = strrchr(group + 3, '/');
		if (!slash)
			return n;
		*slash = 0;
	}
}

static int affinity_threads(void)
{
	enum { PROCESSORS_MAX = 16384 }; /* the kernel's own largest NR_CPUS is 8192 */
	cpu_set_t *set = CPU_ALLOC(PROCESSORS_MAX);
	size_t size = CPU_ALLOC_SIZE(PROCESSORS_MAX);
	int n = 1;

	if (set && !sched_getaffinity(0, size, set))
		n = CPU_COUNT_S(size, set);
	CPU_FREE(set);
	return n < 1 ? 1 : n;
}

int pool_default_threads(void)
{
	int n = affinity_threads(), quota = cgroup_threads();

	n = n < quota ? n : quota;
	return n < POOL_THREADS_MAX ? n : POOL_THREADS_MAX;
}
