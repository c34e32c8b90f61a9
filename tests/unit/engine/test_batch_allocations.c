/*
 * A step allocates nothing: of text, of a tune, of what goes on from given frames, in one window and in several, beside a
 * sound that goes in.
 */
#include "unit/engine/some_batch.h"

#include <stdatomic.h>

#define WINDOW 40 /* frames: so that a hundred make several windows */
#define N_SAMPLES 3000

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_COUNT 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CAN_COUNT 0
#endif
#endif
#if !defined(CAN_COUNT) && defined(__GLIBC__)
#define CAN_COUNT 1
#elif !defined(CAN_COUNT)
#define CAN_COUNT 0
#endif

static atomic_int n_allocations;

#if CAN_COUNT
/* The C library's own allocator, behind ours: a definition in the program comes before the library's. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size)
{
	n_allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	n_allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	n_allocations++;
	return __libc_realloc(p, size);
}
#endif

/* ---- running ---------------------------------------------------------------------------------------------- */

struct counted {
	const char *model;
	struct engine *engine;
	struct batch *batch;
	float *sound;
	uint16_t *codes;  /* of the sound */
	int n_encoded, n_taken;
	int n_allocations; /* in steps */
};

/* A step of the batch and one of the sound, which begins again when it is whole. */
static void step_both(struct counted *c)
{
	struct sequence_result r;
	struct err err = ERR_INIT;
	int before = n_allocations;
	int answer = batch_step(c->batch, &err);
	bool is_whole = !batch_encode_step(c->batch);

	if (is_whole)
		batch_encode_begin(c->batch, c->sound, N_SAMPLES, c->codes);
	c->n_encoded += is_whole;
	while (batch_take(c->batch, &r)) {
		free(r.samples);
		c->n_taken++;
	}
	c->n_allocations += n_allocations - before;
	if (answer < 0)
		OK(0, "%s: %s", c->model, err.text);
}

static enum batch_answer add_one(struct counted *c, int i)
{
	static const uint8_t tune[MODEL_MELODY_MAX] = { 3, 1, 4, 1, 5, 9, 2, 6 };
	struct sequence_request r = mixed[i % N_MIXED];
	struct err err = ERR_INIT;

	if (i >= N_MIXED)
		r.n_frames += 2 * WINDOW;
	if (i >= N_MIXED && c->engine->info.is_melody && r.n_codes_frames == 0)
		r.melody = tune;
	return batch_add(c->batch, &r, &err);
}

/* Every request as it is, then longer than a window and, where the model follows one, with a tune. */
static void test_model(const char *model)
{
	struct engine *e = open_some_engine(model);
	struct counted c = { .model = model, .engine = e };
	int n_added = 0;

	shorten_windows(e, WINDOW);
	c.batch = open_some_batch(e, 4, SOME_ROOM);
	c.sound = calloc((size_t)N_SAMPLES * (size_t)e->info.n_channels, sizeof(*c.sound));
	c.codes = calloc((size_t)batch_encode_frames(c.batch, N_SAMPLES) * (size_t)e->info.n_codebooks, sizeof(*c.codes));
	for (int n_steps = 0; c.n_taken < 2 * N_MIXED && n_steps < 100000; n_steps++) {
		if (n_added < 2 * N_MIXED && add_one(&c, n_added) == BATCH_TAKEN)
			n_added++;
		else
			step_both(&c);
	}
	IS_INT(c.n_taken, 2 * N_MIXED, model);
	OK(c.n_encoded > 2, "%s: beside them a sound went in %d times", model, c.n_encoded);
	IS_INT(c.n_allocations, 0, "no step allocates");
	free(c.sound);
	free(c.codes);
	batch_close(c.batch);
	engine_close(e);
}

int main(void)
{
	static const char *const models[] = { "tests/vectors/mono", "tests/vectors/stereo", "tests/vectors/melody", "tests/vectors/stereo-melody" };

	if (!CAN_COUNT) {
		SKIP("a sanitizer's allocator cannot be counted");
		return tap_done();
	}
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		test_model(models[i]);
	OK(n_allocations > 0, "(and the count counts: %d in all)", (int)n_allocations);
	return tap_done();
}
