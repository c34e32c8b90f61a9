/*
 * run/queue: which job is begun next.
 *
 * In this order: jobs that died with a run (each alone, before anything else),
 * jobs whose waiting time is over, jobs that were never begun, by ordinal. A job
 * that waits holds nobody up. Pure: now is an argument; jobs are numbers.
 *
 *   queue_init; queue_add for each pending job by rising number; then
 *   queue_peek, queue_pop when the backend took it, queue_add_later for retries
 */
#ifndef RUN_QUEUE_H
#define RUN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_NONE (-1)

struct queue_list {
	int64_t *items;
	size_t n, cap, next;
};

struct queue_wait {
	int64_t not_before_ms, index;
};

struct queue {
	struct queue_list alone, fresh;
	struct queue_wait *heap; /* the earliest first */
	size_t n_heap, cap_heap;
};

void queue_init(struct queue *q);
void queue_add(struct queue *q, int64_t index, bool alone);
void queue_add_later(struct queue *q, int64_t index, int64_t not_before_ms);
int64_t queue_peek(const struct queue *q, int64_t now_ms); /* QUEUE_NONE: nothing may be begun now */
void queue_pop(struct queue *q, int64_t now_ms);           /* drops what peek said */
int64_t queue_size(const struct queue *q);                 /* those that wait included */
int64_t queue_next_ms(const struct queue *q);              /* when the first of those that wait may begin; INT64_MAX: none waits */
void queue_release(struct queue *q);

#endif
