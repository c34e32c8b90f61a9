/*
 * some_batch.h: engines, batches and what comes out of them, for the tests of the engine.
 *
 *   struct engine *e = open_some_engine("tests/vectors/mono");
 *   struct some_run run = { .engine = e, .batch = open_some_batch(e, 4, SOME_ROOM) };
 *   run_all(&run, mixed, N_MIXED, 0); ...; run_clear(&run); batch_close(run.batch); engine_close(e);
 *
 * What cannot be opened ends the test ("Bail out!").
 */
#ifndef SOME_BATCH_H
#define SOME_BATCH_H

#include "engine/inside.h"
#include "tap.h"

#define SOME_ROOM (64u << 20)

/* ---- opening ---------------------------------------------------------------------------------------------- */

static inline struct engine *open_some_engine(const char *dir)
{
	struct engine *e = NULL;
	struct err err = ERR_INIT;

	if (engine_open(&e, dir, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return e;
}

/* Windows of so few frames that a short sequence has several. */
static inline void shorten_windows(struct engine *e, int n_frames)
{
	e->info.window_frames = e->model->lm.window_frames = n_frames;
}

static inline struct batch *open_some_batch(struct engine *e, int n_slots, uint64_t memory_bytes)
{
	struct batch_config config = { .n_slots = n_slots, .n_threads = 1, .memory_bytes = memory_bytes };
	struct batch *b = NULL;
	struct err err = ERR_INIT;

	if (batch_open(&b, e, &config, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return b;
}

static inline uint64_t used_bytes(const struct batch *b)
{
	return (uint64_t)(b->pool.n_blocks - b->pool.n_free) * kv_block_bytes(&b->pool.shape) + b->sample_bytes;
}

/* ---- what comes out --------------------------------------------------------------------------------------- */

struct outcome {
	bool is_there, is_finite;
	uint16_t *codes;
	float *samples;
	size_t n_codes, n_values;
	double work_s;
};

/* Takes over what batch_take gave. */
static inline void outcome_keep(struct outcome *o, const struct sequence_result *r, const struct engine_info *info)
{
	*o = (struct outcome){ .is_there = true, .is_finite = r->is_finite, .samples = r->samples, .work_s = r->work_s };
	o->n_values = r->n_samples * (size_t)info->n_channels;
	o->n_codes = r->n_samples / (size_t)info->frame_samples * (size_t)info->n_codebooks;
	o->codes = calloc(o->n_codes + 1, sizeof(*o->codes));
	memcpy(o->codes, r->codes, o->n_codes * sizeof(*o->codes));
}

static inline void outcome_clear(struct outcome *o)
{
	free(o->codes);
	free(o->samples);
	*o = (struct outcome){ .is_there = false };
}

static inline bool same_outcome(const struct outcome *a, const struct outcome *b)
{
	return a->is_there && b->is_there && a->is_finite && b->is_finite && a->n_values == b->n_values && a->n_values > 0 &&
	       !memcmp(a->codes, b->codes, a->n_codes * sizeof(*a->codes)) && !memcmp(a->samples, b->samples, a->n_values * sizeof(float));
}

/* ---- running ---------------------------------------------------------------------------------------------- */

#define N_OUTCOMES 16

struct some_run {
	struct engine *engine;
	struct batch *batch;
	struct outcome outcomes[N_OUTCOMES]; /* by tag */
	int n_taken;
};

/* One step; false: nothing to do. */
static inline bool step(struct some_run *run)
{
	struct err err = ERR_INIT;
	struct sequence_result r;
	int answer = batch_step(run->batch, &err);

	while (batch_take(run->batch, &r)) {
		outcome_keep(&run->outcomes[r.tag % N_OUTCOMES], &r, engine_get_info(run->engine));
		run->n_taken++;
	}
	return answer == 1;
}

static inline void run_clear(struct some_run *run)
{
	for (int i = 0; i < N_OUTCOMES; i++)
		outcome_clear(&run->outcomes[i]);
	run->n_taken = 0;
}

static inline enum batch_answer add(struct some_run *run, const struct sequence_request *r, uint64_t tag)
{
	struct sequence_request request = *r;
	struct err err = ERR_INIT;

	request.tag = tag;
	return batch_add(run->batch, &request, &err);
}

/* Adds as soon as there is room, every `gap` steps, and runs until all are out. */
static inline void run_all(struct some_run *run, const struct sequence_request *requests, int n, int gap)
{
	int n_added = 0, n_steps = 0, n_wanted = run->n_taken + n;

	while (run->n_taken < n_wanted) {
		while (n_added < n && n_steps >= n_added * gap && add(run, &requests[n_added], (uint64_t)n_added) == BATCH_TAKEN)
			n_added++;
		if (!step(run) && n_added == n && run->n_taken < n_wanted) {
			OK(0, "the batch has nothing to do, but %d are missing", n_wanted - run->n_taken);
			return;
		}
		n_steps++;
	}
}

/* ---- requests of all kinds -------------------------------------------------------------------------------- */

/* Seven frames to go on from, of up to eight books. */
static const uint16_t seven_frames[8 * 7] = { 5, 60, 12, 33, 0, 9, 41, 17, 22, 63, 8, 1, 30, 55, 2, 2, 48, 19, 6, 37, 11, 50, 3, 27, 44, 13, 58, 7 };

static const struct sequence_request mixed[] = {
	{ .prompt = "soft rain over felt piano", .n_frames = 40, .guidance = 3, .temperature = 1, .top_k = 250, .seed = 1 },
	{ .prompt = "brass hook", .n_frames = 7, .guidance = 1, .temperature = 0.8f, .top_k = 20, .seed = 2 },
	{ .prompt = "", .n_frames = 90, .guidance = 3, .temperature = 1.2f, .top_p = 0.9f, .seed = 3 },
	{ .prompt = "soft rain over felt piano", .n_frames = 1, .guidance = 4.5f, .temperature = 1, .seed = 4 },
	{ .prompt = "fast techno", .n_frames = 65, .guidance = 3, .temperature = 0, .seed = 5 },
	{ .prompt = "rain", .n_frames = 33, .guidance = -1, .temperature = 1, .top_k = 3, .seed = 6 },
	{ .prompt = "jazz", .n_frames = 12, .guidance = 0, .temperature = 1, .top_k = 250, .seed = 7 },
	{ .prompt = "slow strings", .n_frames = 64, .guidance = 2, .temperature = 1, .top_k = 250, .seed = 8 },
	{ .prompt = "brass hook", .n_frames = 70, .guidance = 3, .temperature = 1, .top_k = 250, .seed = 9, .codes = seven_frames, .n_codes_frames = 7 },
};
#define N_MIXED ((int)(sizeof(mixed) / sizeof(mixed[0])))

#endif
