/*
 * A sequence is the same whatever happens around it: alone and together, at every moment of joining, after others were
 * dropped or were not finite; and what parameters mean. (Against threads and vector instructions: test_same_samples.c.)
 */
#include "unit/engine/some_batch.h"

#include <math.h>

#define MONO "tests/vectors/mono"
#define STEREO "tests/vectors/stereo"

static void run_alone(struct some_run *alone, struct engine *e)
{
	*alone = (struct some_run){ .engine = e };
	for (int i = 0; i < N_MIXED; i++) {
		alone->batch = open_some_batch(e, 1, SOME_ROOM);
		add(alone, &mixed[i], (uint64_t)i);
		while (!alone->outcomes[i].is_there && step(alone))
			;
		batch_close(alone->batch);
	}
	alone->batch = NULL;
}

static int count_same(const struct some_run *a, const struct some_run *b)
{
	int n = 0;

	for (int i = 0; i < N_MIXED; i++)
		n += same_outcome(&a->outcomes[i], &b->outcomes[i]);
	return n;
}

static void test_alone_and_together(const char *dir)
{
	struct engine *e = open_some_engine(dir);
	struct some_run alone, together = { .engine = e };

	run_alone(&alone, e);
	IS_INT(alone.n_taken, N_MIXED, "each alone comes out");
	for (int n_slots = 1; n_slots <= 8; n_slots++) {
		char name[64];

		together.batch = open_some_batch(e, n_slots, SOME_ROOM);
		run_all(&together, mixed, N_MIXED, n_slots % 3 * 5);
		snprintf(name, sizeof(name), "%s: %d slots, joining every %d steps: as alone", dir, n_slots, n_slots % 3 * 5);
		IS_INT(count_same(&alone, &together), N_MIXED, name);
		run_clear(&together);
		batch_close(together.batch);
	}
	run_clear(&alone);
	engine_close(e);
}

/* A longer request begins as the shorter one: columns up to the shorter one's frames are the same. */
static void test_prefix(struct engine *e)
{
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 2, SOME_ROOM) };
	struct sequence_request two[2] = { mixed[0], mixed[0] };
	int n_wrong = 0, n_short = 20, n_long;

	two[0].n_frames = n_short;
	n_long = two[1].n_frames;
	run_all(&run, two, 2, 0);
	for (int k = 0; k < 4; k++)
		for (int t = 0; t + 1 + k <= n_short; t++)
			n_wrong += run.outcomes[0].codes[k * n_short + t] != run.outcomes[1].codes[k * n_long + t];
	IS_INT(n_wrong, 0, "a longer clip of the same seed begins with the shorter one's codes");
	run_clear(&run);
	batch_close(run.batch);
}

static void test_meaning(struct engine *e)
{
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 8, SOME_ROOM) };
	struct sequence_request r[8];

	for (int i = 0; i < 8; i++)
		r[i] = (struct sequence_request){ .prompt = "rain", .n_frames = 10, .guidance = 3, .temperature = 1, .top_k = 250, .seed = 1 };
	r[0].guidance = 0;
	r[1].prompt = "";
	r[2].prompt = NULL;
	r[3].prompt = "";
	r[3].guidance = 1;
	r[5].seed = 2;
	r[6].temperature = 0;
	r[7].temperature = 0;
	r[7].seed = 99;
	run_all(&run, r, 8, 0);
	OK(same_outcome(&run.outcomes[0], &run.outcomes[1]), "guidance 0 is as if there were no prompt");
	OK(same_outcome(&run.outcomes[1], &run.outcomes[2]), "NULL is an empty prompt");
	OK(same_outcome(&run.outcomes[1], &run.outcomes[3]), "an empty prompt is the same at any guidance");
	OK(!same_outcome(&run.outcomes[1], &run.outcomes[4]), "a prompt makes a difference");
	OK(!same_outcome(&run.outcomes[4], &run.outcomes[5]), "a seed makes a difference");
	OK(same_outcome(&run.outcomes[6], &run.outcomes[7]), "at temperature 0 the seed makes none");
	OK(run.outcomes[4].work_s > 0, "a share of the time is told");
	run_clear(&run);
	batch_close(run.batch);
}

static void test_drop(struct engine *e)
{
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 4, SOME_ROOM) }, alone;

	run_alone(&alone, e);
	for (int n_steps = 0; n_steps < 120; n_steps += 13) {
		for (uint64_t i = 0; i < 4; i++)
			add(&run, &mixed[i], i);
		for (int i = 0; i < n_steps; i++)
			step(&run);
		batch_drop_all(run.batch);
		if (batch_n_active(run.batch) || run.batch->sample_bytes ||
		    run.batch->pool.n_free + shared_idle_blocks(&run.batch->work.shared) != run.batch->pool.n_blocks)
			OK(0, "dropped after %d steps: something is held", n_steps);
		step(&run);
		run_clear(&run);
	}
	run_all(&run, mixed, N_MIXED, 0);
	IS_INT(count_same(&alone, &run), N_MIXED, "after dropping at ten moments, clips are as alone");
	run_clear(&run);
	run_clear(&alone);
	batch_close(run.batch);
}

static void test_not_finite(void)
{
	struct engine *e = open_some_engine(MONO);
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 4, SOME_ROOM) };
	struct codec_layer *last = &e->model->codec_w.decoder.layers[e->model->codec_w.decoder.n_layers - 1];
	const float *bias = last->u.conv.bias, *norm = e->model->lm_w.final_norm.b;
	float *infinite = calloc((size_t)e->info.width, sizeof(*infinite));

	for (int i = 0; i < e->info.width; i++)
		infinite[i] = i ? INFINITY : NAN;
	last->u.conv.bias = infinite;
	run_all(&run, &mixed[0], 1, 0);
	OK(run.outcomes[0].is_there && !run.outcomes[0].is_finite && !run.outcomes[0].samples, "samples that are not finite are not handed out");
	run_clear(&run);
	last->u.conv.bias = bias;
	e->model->lm_w.final_norm.b = infinite;
	run_all(&run, mixed, 3, 0);
	OK(run.outcomes[0].is_there && !run.outcomes[0].is_finite && !run.outcomes[0].samples, "nor is a clip whose logits are not");
	run_clear(&run);
	e->model->lm_w.final_norm.b = norm;
	run_all(&run, mixed, 3, 0);
	OK(run.outcomes[0].is_finite && run.outcomes[2].is_finite, "the next ones are well");
	IS_INT(run.batch->pool.n_free + shared_idle_blocks(&run.batch->work.shared), run.batch->pool.n_blocks, "nothing is held");
	run_clear(&run);
	batch_close(run.batch);
	engine_close(e);
	free(infinite);
}

/* One window to its last position; then one that needs a second. */
static void test_longest(struct engine *e)
{
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 2, SOME_ROOM) };
	struct sequence_request r[2] = { { .guidance = 1, .temperature = 1, .top_k = 250 }, { .guidance = 1, .temperature = 1, .top_k = 250 } };
	int window = engine_get_info(e)->window_frames;

	r[0].n_frames = window;
	r[1].n_frames = window + 100;
	run_all(&run, r, 2, 0);
	IS_INT(run.outcomes[0].n_values, window * engine_get_info(e)->frame_samples, "the longest clip of one window comes out whole");
	IS_INT(run.outcomes[1].n_values, (window + 100) * engine_get_info(e)->frame_samples, "and one of two windows");
	run_clear(&run);
	batch_close(run.batch);
}

int main(void)
{
	struct engine *e = open_some_engine(MONO);

	test_meaning(e);
	test_prefix(e);
	test_drop(e);
	test_longest(e);
	engine_close(e);
	test_not_finite();
	test_alone_and_together(MONO);
	test_alone_and_together(STEREO);
	return tap_done();
}
