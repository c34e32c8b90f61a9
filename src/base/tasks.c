/* See tasks.h: one queue, one lock. */
#include "base/tasks.h"

#include "base/mem.h"
#include "base/thread.h"

struct tasks {
	struct thread threads[TASKS_THREADS_MAX];
	int n_threads; /* that were started */
	pthread_mutex_t lock;
	pthread_cond_t some_there; /* or the end has come */
	pthread_cond_t one_done;
	struct task_chain waiting;  /* not begun yet */
	int n_idle;                 /* threads that wait for some_there: who is awake looks by itself */
	bool is_waited;             /* somebody waits for one_done */
	bool is_ending;
};

/* Each that wakes finds whether there is work for one more: who adds many tasks does not pay for waking all threads. */
static void wake_one(struct tasks *t)
{
	if (t->waiting.first && t->n_idle > 0)
		pthread_cond_signal(&t->some_there);
}

static void work(void *arg)
{
	struct tasks *t = arg;
	struct task *task;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		while (!t->waiting.first && !t->is_ending) {
			t->n_idle++;
			pthread_cond_wait(&t->some_there, &t->lock);
			t->n_idle--;
		}
		task = t->waiting.first;
		if (!task)
			break; /* the end, and nothing is left */
		t->waiting.first = task->next;
		wake_one(t);
		pthread_mutex_unlock(&t->lock);
		task->fn(task->arg);
		pthread_mutex_lock(&t->lock);
		atomic_store_explicit(&task->is_done, true, memory_order_release);
		if (t->is_waited)
			pthread_cond_signal(&t->one_done);
	}
	pthread_mutex_unlock(&t->lock);
}

static int start_threads(struct tasks *t, int n_threads, struct err *err)
{
	int rc = 0;

	while (rc == 0 && t->n_threads < n_threads) {
		rc = thread_start(&t->threads[t->n_threads], work, t);
		t->n_threads += rc == 0;
	}
	if (t->n_threads == 0) /* fewer than asked for do the same work */
		return err_set_sys(err, ERR_MEMORY, rc, "no thread can be started beside the first");
	return 0;
}

int tasks_open(struct tasks **ret, int n_threads, struct err *err)
{
	struct tasks *t = mem_zalloc(1, sizeof *t);

	if (n_threads < 1 || n_threads > TASKS_THREADS_MAX)
		BUG("%d threads for tasks: expected 1 to %d", n_threads, TASKS_THREADS_MAX);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->some_there, NULL);
	pthread_cond_init(&t->one_done, NULL);
	if (start_threads(t, n_threads, err) != 0) {
		tasks_close(t);
		return -1;
	}
	*ret = t;
	return 0;
}

void task_chain_add(struct task_chain *chain, struct task *task)
{
	task->next = NULL;
	atomic_init(&task->is_done, false);
	if (chain->first)
		chain->last->next = task;
	else
		chain->first = task;
	chain->last = task;
}

void tasks_add_chain(struct tasks *t, struct task_chain *chain)
{
	if (!chain->first)
		return;
	pthread_mutex_lock(&t->lock);
	if (t->waiting.first)
		t->waiting.last->next = chain->first;
	else
		t->waiting.first = chain->first;
	t->waiting.last = chain->last;
	wake_one(t);
	pthread_mutex_unlock(&t->lock);
	*chain = (struct task_chain)TASK_CHAIN_INIT;
}

void tasks_add(struct tasks *t, struct task *task)
{
	struct task_chain chain = TASK_CHAIN_INIT;

	task_chain_add(&chain, task);
	tasks_add_chain(t, &chain);
}

/* Asked often, while the threads are at work: without the lock. */
bool tasks_done(const struct task *task)
{
	return atomic_load_explicit(&task->is_done, memory_order_acquire);
}

void tasks_wait(struct tasks *t, const struct task *task)
{
	if (tasks_done(task))
		return;
	pthread_mutex_lock(&t->lock);
	t->is_waited = true;
	while (!tasks_done(task))
		pthread_cond_wait(&t->one_done, &t->lock);
	t->is_waited = false;
	pthread_mutex_unlock(&t->lock);
}

void tasks_close(struct tasks *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->is_ending = true;
	pthread_cond_broadcast(&t->some_there);
	pthread_mutex_unlock(&t->lock);
	for (int i = 0; i < t->n_threads; i++)
		thread_join(&t->threads[i]);
	pthread_cond_destroy(&t->one_done);
	pthread_cond_destroy(&t->some_there);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
