/* run/queue: what is begun next. */
#include "run/queue.h"
#include "tap.h"

static int64_t take(struct queue *q, int64_t now_ms)
{
	int64_t index = queue_peek(q, now_ms);

	if (index != QUEUE_NONE)
		queue_pop(q, now_ms);
	return index;
}

static void test_order(void)
{
	static const int64_t want[] = { 7, 1, 0, 2, QUEUE_NONE };
	struct queue q;

	queue_init(&q);
	queue_add(&q, 0, false);
	queue_add(&q, 2, false);
	queue_add(&q, 7, true);
	queue_add_later(&q, 1, 50);
	queue_add_later(&q, 9, 500);
	IS_INT(queue_size(&q), 5, "five wait");
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		IS_INT(take(&q, 100), want[i], "the dead first, then the due, then by number");
	IS_INT(queue_next_ms(&q), 500, "the last waits until 500");
	IS_INT(take(&q, 499), QUEUE_NONE, "not before");
	IS_INT(take(&q, 500), 9, "then");
	IS_INT(queue_size(&q), 0, "nothing left");
	OK(queue_next_ms(&q) == INT64_MAX, "and nothing waits");
	queue_release(&q);
}

static void test_heap(void)
{
	struct queue q;
	uint32_t x = 1;
	int64_t before = -1;
	int n_wrong = 0;

	queue_init(&q);
	for (int64_t i = 0; i < 1000; i++) {
		x = x * 1664525u + 1013904223u; /* Numerical Recipes' generator */
		queue_add_later(&q, i, x >> 20);
	}
	for (int i = 0; i < 1000; i++) {
		int64_t at = queue_next_ms(&q);

		n_wrong += at < before || take(&q, at - 1) != QUEUE_NONE || take(&q, at) == QUEUE_NONE;
		before = at;
	}
	IS_INT(n_wrong, 0, "a thousand come out by their times");
	IS_INT(queue_size(&q), 0, "all of them");
	queue_release(&q);
}

int main(void)
{
	test_order();
	test_heap();
	return tap_done();
}
