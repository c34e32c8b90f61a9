/* See queue.h. */
#include "run/queue.h"

#include "base/mem.h"

void queue_init(struct queue *q)
{
	*q = (struct queue){ { NULL, 0, 0, 0 }, { NULL, 0, 0, 0 }, NULL, 0, 0 };
}

void queue_release(struct queue *q)
{
	free(q->alone.items);
	free(q->fresh.items);
	free(q->heap);
	queue_init(q);
}

void queue_add(struct queue *q, int64_t index, bool alone)
{
	struct queue_list *list = alone ? &q->alone : &q->fresh;

	MEM_GROW(list->items, list->n, list->cap);
	list->items[list->n++] = index;
}

/* ---- a binary heap: every parent is no later than its children ----------------------- */

static bool is_before(const struct queue_wait *a, const struct queue_wait *b)
{
	return a->not_before_ms != b->not_before_ms ? a->not_before_ms < b->not_before_ms : a->index < b->index;
}

void queue_add_later(struct queue *q, int64_t index, int64_t not_before_ms)
{
	struct queue_wait wait = { not_before_ms, index };
	size_t at;

	MEM_GROW(q->heap, q->n_heap, q->cap_heap);
	for (at = q->n_heap++; at > 0 && is_before(&wait, &q->heap[(at - 1) / 2]); at = (at - 1) / 2)
		q->heap[at] = q->heap[(at - 1) / 2];
	q->heap[at] = wait;
}

static void drop_first(struct queue *q)
{
	struct queue_wait last = q->heap[--q->n_heap];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < q->n_heap) {
		if (child + 1 < q->n_heap && is_before(&q->heap[child + 1], &q->heap[child]))
			child++;
		if (!is_before(&q->heap[child], &last))
			break;
		q->heap[at] = q->heap[child];
		at = child;
	}
	q->heap[at] = last;
}

/* ---- the three in their order ----------------------------------------------------------- */

static bool heap_is_due(const struct queue *q, int64_t now_ms)
{
	return q->n_heap > 0 && q->heap[0].not_before_ms <= now_ms;
}

int64_t queue_peek(const struct queue *q, int64_t now_ms)
{
	if (q->alone.next < q->alone.n)
		return q->alone.items[q->alone.next];
	if (heap_is_due(q, now_ms))
		return q->heap[0].index;
	if (q->fresh.next < q->fresh.n)
		return q->fresh.items[q->fresh.next];
	return QUEUE_NONE;
}

void queue_pop(struct queue *q, int64_t now_ms)
{
	if (q->alone.next < q->alone.n)
		q->alone.next++;
	else if (heap_is_due(q, now_ms))
		drop_first(q);
	else
		q->fresh.next++;
}

int64_t queue_size(const struct queue *q)
{
	return (int64_t)(q->alone.n - q->alone.next + q->n_heap + q->fresh.n - q->fresh.next);
}

int64_t queue_next_ms(const struct queue *q)
{
	return q->n_heap > 0 ? q->heap[0].not_before_ms : INT64_MAX;
}
