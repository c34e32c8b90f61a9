/*
 * some_native.h: jobs through the native backend and back, for its tests.
 *
 *   struct backend *b = open_native(4, 0); make_all(b, &s, events, &n_progress); native_backend.close(b, BACKEND_FINISH);
 */
#ifndef SOME_NATIVE_H
#define SOME_NATIVE_H

#include "backend/backend.h"
#include "backend/native/native.h"
#include "unit/run/some_jobs.h"

#define TURNS_MAX 100000 /* of make_all: a clip here takes some 200 */

static inline void set_number(struct some_jobs *s, int i, const char *name, double number)
{
	int index = card_find(s->card, name);

	s->values[i * card_n_params(s->card) + index] = (struct value){ .as.number = number, .kind = VALUE_NUMBER };
}

/* One thread: those of a tiny model wait for each other more than they work. (What threads may change: unit/engine/test_same_*.c.) */
static inline struct backend *open_native(int n_slots, uint64_t memory_bytes)
{
	struct backend_config config = { .n_slots = n_slots, .n_threads = 1, .memory_bytes = memory_bytes };
	struct backend *b = NULL;
	struct err err = ERR_INIT;

	if (native_backend.open(&b, &config, &err) != 0)
		printf("# %s\n", err.text);
	return b;
}

/* Makes all jobs in their order; events[i] is job i's. */
static inline void make_all(struct backend *b, const struct some_jobs *s, struct event *events, int *n_progress)
{
	struct event got[8];
	struct err err = ERR_INIT;
	int next = 0, n_out = 0, n;

	for (int turns = 0; n_out < s->n; turns++) {
		if (turns == TURNS_MAX) {
			printf("Bail out! %d of %d jobs came back\n", n_out, s->n);
			exit(1);
		}
		for (; next < s->n; next++) {
			struct backend_task task = { .job = &s->jobs[next] };
			enum backend_answer answer = native_backend.submit(b, &task, &events[next]);

			if (answer == BACKEND_BUSY)
				break;
			n_out += answer == BACKEND_REFUSED;
		}
		n = native_backend.reap(b, got, 8, 100, &err);
		if (n < 0) {
			printf("Bail out! %s\n", err.text);
			exit(1);
		}
		for (int i = 0; i < n; i++) {
			*n_progress += got[i].kind == EVENT_PROGRESS;
			if (got[i].kind != EVENT_PROGRESS) {
				events[got[i].job - s->jobs] = got[i];
				n_out++;
			}
		}
	}
}

/* The pcm of job i made alone by a backend of its own. */
static inline struct event make_alone(const struct some_jobs *s, int i)
{
	struct some_jobs one = { .jobs = &s->jobs[i], .n = 1 };
	struct event e = { .job = NULL };
	struct backend *b = open_native(1, 0);
	int n_progress = 0;

	make_all(b, &one, &e, &n_progress);
	native_backend.close(b, BACKEND_FINISH);
	return e;
}

static inline bool same_samples(const struct event *a, const struct event *b)
{
	const struct pcm *p = &a->pcm, *q = &b->pcm;

	return a->kind == EVENT_DONE && b->kind == EVENT_DONE && p->n_frames == q->n_frames && p->n_channels == q->n_channels &&
	       memcmp(p->samples, q->samples, p->n_frames * (size_t)p->n_channels * sizeof(float)) == 0;
}

#endif
