/*
 * The batch: who is let in, who is told to wait, what a step may allocate, and that a sequence is the same whatever
 * happens around it. (Samples against threads and vector instructions: test_same_samples.c.)
 */
#include "tap.h"

#include "engine/inside.h"

#include <math.h>
#include <stdatomic.h>

#define MONO "tests/vectors/mono"
#define STEREO "tests/vectors/stereo"
#define ROOM (64u << 20)

/* ---- counting allocations ------------------------------------------------------------------------------- */

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

/* ---- running -------------------------------------------------------------------------------------------- */

#define N_MAX 16

struct outcome {
	bool is_there, is_finite;
	uint16_t *codes;
	float *samples;
	size_t n_codes, n_values;
	double work_s;
};

struct run {
	struct engine *engine;
	struct batch *batch;
	struct outcome outcomes[N_MAX];
	int n_taken, n_step_allocations;
};

static struct batch *open_batch(struct engine *e, int n_slots, uint64_t memory_bytes)
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

static void take_all(struct run *run)
{
	const struct engine_info *info = engine_get_info(run->engine);
	struct sequence_result r;

	while (batch_take(run->batch, &r)) {
		struct outcome *o = &run->outcomes[r.tag % N_MAX];

		*o = (struct outcome){ .is_there = true, .is_finite = r.is_finite, .samples = r.samples, .work_s = r.work_s };
		o->n_values = r.n_samples * (size_t)info->n_channels;
		o->n_codes = r.n_samples / (size_t)info->frame_samples * (size_t)info->n_codebooks;
		o->codes = calloc(o->n_codes + 1, sizeof(*o->codes));
		memcpy(o->codes, r.codes, o->n_codes * sizeof(*o->codes));
		run->n_taken++;
	}
}

/* One step; false: nothing to do. */
static bool step(struct run *run)
{
	struct err err = ERR_INIT;
	int before = n_allocations, answer = batch_step(run->batch, &err);

	run->n_step_allocations += n_allocations - before;
	take_all(run);
	return answer == 1;
}

static void clear(struct run *run)
{
	for (int i = 0; i < N_MAX; i++) {
		free(run->outcomes[i].codes);
		free(run->outcomes[i].samples);
	}
	memset(run->outcomes, 0, sizeof(run->outcomes));
	run->n_taken = 0;
}

static enum batch_answer add(struct run *run, const struct sequence_request *r, uint64_t tag)
{
	struct sequence_request request = *r;
	struct err err = ERR_INIT;

	request.tag = tag;
	return batch_add(run->batch, &request, &err);
}

/* Adds as soon as there is room, every `gap` steps, and runs until all are out. */
static void run_all(struct run *run, const struct sequence_request *requests, int n, int gap)
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

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->is_there && b->is_there && a->is_finite && b->is_finite && a->n_values == b->n_values && a->n_values > 0 &&
	       !memcmp(a->codes, b->codes, a->n_codes * sizeof(*a->codes)) && !memcmp(a->samples, b->samples, a->n_values * sizeof(float));
}

/* Seven frames to go on from, of up to eight books. */
static const uint16_t given[8 * 7] = { 5, 60, 12, 33, 0, 9, 41, 17, 22, 63, 8, 1, 30, 55, 2, 2, 48, 19, 6, 37, 11, 50, 3, 27, 44, 13, 58, 7 };

static const struct sequence_request mixed[] = {
	{ .prompt = "soft rain over felt piano", .n_frames = 40, .guidance = 3, .temperature = 1, .top_k = 250, .seed = 1 },
	{ .prompt = "brass hook", .n_frames = 7, .guidance = 1, .temperature = 0.8f, .top_k = 20, .seed = 2 },
	{ .prompt = "", .n_frames = 90, .guidance = 3, .temperature = 1.2f, .top_p = 0.9f, .seed = 3 },
	{ .prompt = "soft rain over felt piano", .n_frames = 1, .guidance = 4.5f, .temperature = 1, .seed = 4 },
	{ .prompt = "fast techno", .n_frames = 65, .guidance = 3, .temperature = 0, .seed = 5 },
	{ .prompt = "rain", .n_frames = 33, .guidance = -1, .temperature = 1, .top_k = 3, .seed = 6 },
	{ .prompt = "jazz", .n_frames = 12, .guidance = 0, .temperature = 1, .top_k = 250, .seed = 7 },
	{ .prompt = "slow strings", .n_frames = 64, .guidance = 2, .temperature = 1, .top_k = 250, .seed = 8 },
	{ .prompt = "brass hook", .n_frames = 70, .guidance = 3, .temperature = 1, .top_k = 250, .seed = 9, .codes = given, .n_codes_frames = 7 },
};
#define N_MIXED ((int)(sizeof(mixed) / sizeof(mixed[0])))

static struct engine *open_engine(const char *dir)
{
	struct engine *e = NULL;
	struct err err = ERR_INIT;

	if (engine_open(&e, dir, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return e;
}

/* ---- same whatever happens around ------------------------------------------------------------------------ */

static void run_alone(struct run *alone, struct engine *e)
{
	*alone = (struct run){ .engine = e };
	for (int i = 0; i < N_MIXED; i++) {
		alone->batch = open_batch(e, 1, ROOM);
		add(alone, &mixed[i], (uint64_t)i);
		while (!alone->outcomes[i].is_there && step(alone))
			;
		batch_close(alone->batch);
	}
	alone->batch = NULL;
}

static int count_same(const struct run *a, const struct run *b)
{
	int n = 0;

	for (int i = 0; i < N_MIXED; i++)
		n += same(&a->outcomes[i], &b->outcomes[i]);
	return n;
}

static void test_alone_and_together(const char *dir)
{
	struct engine *e = open_engine(dir);
	struct run alone, together = { .engine = e };

	run_alone(&alone, e);
	IS_INT(alone.n_taken, N_MIXED, "each alone comes out");
	for (int n_slots = 1; n_slots <= 8; n_slots++) {
		char name[64];

		together.batch = open_batch(e, n_slots, ROOM);
		run_all(&together, mixed, N_MIXED, n_slots % 3 * 5);
		snprintf(name, sizeof(name), "%s: %d slots, joining every %d steps: as alone", dir, n_slots, n_slots % 3 * 5);
		IS_INT(count_same(&alone, &together), N_MIXED, name);
		clear(&together);
		batch_close(together.batch);
	}
	clear(&alone);
	engine_close(e);
}

/* A longer request begins as the shorter one: columns up to the shorter one's frames are the same. */
static void test_prefix(struct engine *e)
{
	struct run run = { .engine = e, .batch = open_batch(e, 2, ROOM) };
	struct sequence_request two[2] = { mixed[0], mixed[0] };
	int n_wrong = 0, n_short = 20, n_long;

	two[0].n_frames = n_short;
	n_long = two[1].n_frames;
	run_all(&run, two, 2, 0);
	for (int k = 0; k < 4; k++)
		for (int t = 0; t + 1 + k <= n_short; t++)
			n_wrong += run.outcomes[0].codes[k * n_short + t] != run.outcomes[1].codes[k * n_long + t];
	IS_INT(n_wrong, 0, "a longer clip of the same seed begins with the shorter one's codes");
	clear(&run);
	batch_close(run.batch);
}

static void test_meaning(struct engine *e)
{
	struct run run = { .engine = e, .batch = open_batch(e, 8, ROOM) };
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
	OK(same(&run.outcomes[0], &run.outcomes[1]), "guidance 0 is as if there were no prompt");
	OK(same(&run.outcomes[1], &run.outcomes[2]), "NULL is an empty prompt");
	OK(same(&run.outcomes[1], &run.outcomes[3]), "an empty prompt is the same at any guidance");
	OK(!same(&run.outcomes[1], &run.outcomes[4]), "a prompt makes a difference");
	OK(!same(&run.outcomes[4], &run.outcomes[5]), "a seed makes a difference");
	OK(same(&run.outcomes[6], &run.outcomes[7]), "at temperature 0 the seed makes none");
	OK(run.outcomes[4].work_s > 0, "a share of the time is told");
	clear(&run);
	batch_close(run.batch);
}

/* ---- who is let in ---------------------------------------------------------------------------------------- */

static void test_refused(struct engine *e)
{
	struct batch *b = open_batch(e, 2, ROOM);
	const struct sequence_request good = mixed[1];
	const uint8_t tune[MODEL_MELODY_MAX] = { 0 };
	const uint16_t no_code[] = { 0, 0, 0, 64 };
	struct sequence_request bad[14];
	char *prompt = calloc(1, 4 * ENGINE_PROMPT_TOKENS_MAX + 1);

	for (int i = 0; i < 4 * ENGINE_PROMPT_TOKENS_MAX; i++)
		prompt[i] = i % 2 ? ' ' : 'x';
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		bad[i] = good;
	bad[0].n_frames = 0;
	bad[1].n_frames = engine_get_info(e)->max_frames + 1;
	bad[2].guidance = NAN;
	bad[3].temperature = -1;
	bad[4].temperature = INFINITY;
	bad[5].top_p = -0.5f;
	bad[6].prompt = prompt;
	bad[7].melody = tune;
	bad[8].melody = tune;
	bad[8].n_codes_frames = 3;
	bad[9].n_codes_frames = good.n_frames;
	bad[10].n_frames = 2 * engine_get_info(e)->window_frames;
	bad[10].n_codes_frames = engine_get_info(e)->window_frames;
	bad[11].n_codes_frames = -1;
	bad[12].n_codes_frames = 1;
	bad[13].n_codes_frames = 1;
	bad[13].codes = no_code;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		OK(batch_add(b, &bad[i], &err) == BATCH_REFUSED && err.text[0], "refused: %s", err.text);
	}
	IS_INT(batch_n_active(b), 0, "who is refused takes no place");
	IS_INT(b->pool.n_free, b->pool.n_blocks, "and no block");
	batch_close(b);
	free(prompt);
}

static uint64_t used_bytes(const struct batch *b)
{
	return (uint64_t)(b->pool.n_blocks - b->pool.n_free) * kv_block_bytes(&b->pool.shape) + b->sample_bytes;
}

static void test_slots(struct engine *e)
{
	struct run run = { .engine = e, .batch = open_batch(e, 2, ROOM) };

	OK(add(&run, &mixed[0], 0) == BATCH_TAKEN && add(&run, &mixed[1], 1) == BATCH_TAKEN, "two slots take two");
	IS_INT(add(&run, &mixed[2], 2), BATCH_BUSY, "the third waits");
	while (run.n_taken < 1 && step(&run))
		;
	IS_INT(add(&run, &mixed[2], 2), BATCH_TAKEN, "and is taken when one has left");
	while (step(&run))
		;
	IS_INT(run.n_taken, 3, "all come out");
	IS_INT(batch_n_active(run.batch), 0, "nobody is left");
	clear(&run);
	batch_close(run.batch);
}

static void test_memory(struct engine *e)
{
	static const char *const prompts[] = { "soft rain", "brass hook", "fast techno" };
	struct sequence_request r = { .prompt = prompts[0], .n_frames = 40, .guidance = 3, .temperature = 1, .top_k = 250 };
	uint64_t one = engine_request_bytes(e, &r), fixed, most = 0;
	struct run run = { .engine = e, .batch = open_batch(e, 8, ROOM) };
	struct err err = ERR_INIT;

	/* Work space depends on the threads: what this batch really has. */
	fixed = ROOM - run.batch->budget_bytes;
	batch_close(run.batch);
	run.batch = open_batch(e, 8, fixed + 2 * one);
	for (uint64_t i = 0; i < 3; i++) {
		r.prompt = prompts[i];
		IS_INT(add(&run, &r, i), i < 2 ? BATCH_TAKEN : BATCH_BUSY, i < 2 ? "there is room for two" : "the third waits");
	}
	while (run.n_taken < 2 && step(&run))
		most = used_bytes(run.batch) > most ? used_bytes(run.batch) : most;
	OK(most > one && most <= 2 * one, "never more than the budget: %llu of %llu bytes", (unsigned long long)most,
	   (unsigned long long)(2 * one));
	IS_INT(add(&run, &r, 2), BATCH_TAKEN, "then the third is taken");
	r.n_frames = 1000;
	OK(batch_add(run.batch, &r, &err) == BATCH_REFUSED && strstr(err.text, "memory"), "too large for ever: %s", err.text);
	clear(&run);
	batch_close(run.batch);
	OK(batch_open(&run.batch, e, &(struct batch_config){ .n_threads = 1, .memory_bytes = fixed }, &err) && err.code == ERR_MEMORY,
	   "no room for any clip: %s", err.text);
	IS_INT(engine_fixed_bytes(e, 8, 1), fixed, "what is fixed can be told without a batch");
	OK(engine_fixed_bytes(e, 8, 1) > engine_fixed_bytes(e, 1, 1), "more slots need more work space");
}

/* What is told from the headers alone is what the loaded model has. */
static void test_measure(struct engine *e, const char *dir)
{
	struct sequence_request r = { .prompt = "soft rain", .n_frames = 40, .guidance = 3, .temperature = 1, .top_k = 250 };
	struct err err = ERR_INIT;
	struct engine *m = NULL;

	if (!OK(!engine_measure(&m, dir, &err), "%s can be measured", dir)) {
		printf("# %s\n", err.text);
		return;
	}
	OK(!memcmp(engine_get_info(m), engine_get_info(e), sizeof(struct engine_info)), "the same dimensions and bytes of weights");
	IS_INT(engine_fixed_bytes(m, 8, 3), engine_fixed_bytes(e, 8, 3), "the same bytes that are fixed");
	IS_INT(engine_request_bytes(m, &r), engine_request_bytes(e, &r), "the same bytes for a request");
	IS_INT(engine_check_request(m, &r, &err), 0, "which can be done");
	r.n_frames = engine_get_info(m)->max_frames + 1;
	OK(engine_check_request(m, &r, &err) == -1 && err.code == ERR_INPUT, "one frame too many: %s", err.text);
	engine_close(m);
}

/* More prompts than the budget can keep: each still comes out, and the pool never runs over. */
static void test_eviction(struct engine *e)
{
	struct run run = { .engine = e, .batch = open_batch(e, 2, ROOM) };
	uint64_t fixed = ROOM - run.batch->budget_bytes, one;
	struct sequence_request r = { .n_frames = 3, .guidance = 3, .temperature = 1, .top_k = 250, .seed = 1 };
	char prompt[32];
	int n_wrong = 0;

	r.prompt = "rain 1";
	one = engine_request_bytes(e, &r);
	batch_close(run.batch);
	run.batch = open_batch(e, 2, fixed + 3 * one);
	for (int i = 0; i < 60; i++) {
		snprintf(prompt, sizeof(prompt), "rain %d", i % 50);
		r.prompt = prompt;
		while (add(&run, &r, 0) == BATCH_BUSY && step(&run))
			n_wrong += used_bytes(run.batch) > run.batch->budget_bytes;
		while (run.n_taken == 0 && step(&run))
			n_wrong += used_bytes(run.batch) > run.batch->budget_bytes;
		n_wrong += !run.outcomes[0].is_finite;
		clear(&run);
	}
	IS_INT(n_wrong, 0, "60 clips of 50 prompts in the room of 3");
	batch_close(run.batch);
}

static int count_shared(const struct batch *b, bool only_ready)
{
	int n = 0;

	for (int i = 0; i < b->work.shared.n_entries; i++)
		n += b->work.shared.entries[i].is_used && (b->work.shared.entries[i].is_ready || !only_ready);
	return n;
}

static void test_shared_prompt(struct engine *e)
{
	struct run run = { .engine = e, .batch = open_batch(e, 8, ROOM) };

	for (uint64_t i = 0; i < 3; i++)
		add(&run, &mixed[0], i);
	add(&run, &mixed[1], 3);
	IS_INT(count_shared(run.batch, false), 2, "four clips of two prompts: two are kept");
	step(&run);
	step(&run);
	IS_INT(count_shared(run.batch, true), 2, "two steps encode them");
	OK(batch_progress(run.batch, 0) == 0, "no decoder step yet");
	step(&run);
	OK(batch_progress(run.batch, 0) > 0, "then decoding begins");
	clear(&run);
	batch_close(run.batch);
}

/* ---- the rest --------------------------------------------------------------------------------------------- */

static void test_drop(struct engine *e)
{
	struct run run = { .engine = e, .batch = open_batch(e, 4, ROOM) }, alone;

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
		clear(&run);
	}
	run_all(&run, mixed, N_MIXED, 0);
	IS_INT(count_same(&alone, &run), N_MIXED, "after dropping at ten moments, clips are as alone");
	clear(&run);
	clear(&alone);
	batch_close(run.batch);
}

static void test_not_finite(void)
{
	struct engine *e = open_engine(MONO);
	struct run run = { .engine = e, .batch = open_batch(e, 4, ROOM) };
	struct codec_layer *last = &e->model->codec_w.decoder.layers[e->model->codec_w.decoder.n_layers - 1];
	const float *bias = last->u.conv.bias, *norm = e->model->lm_w.final_norm.b;
	float *infinite = calloc((size_t)e->info.width, sizeof(*infinite));

	for (int i = 0; i < e->info.width; i++)
		infinite[i] = i ? INFINITY : NAN;
	last->u.conv.bias = infinite;
	run_all(&run, &mixed[0], 1, 0);
	OK(run.outcomes[0].is_there && !run.outcomes[0].is_finite && !run.outcomes[0].samples, "samples that are not finite are not handed out");
	clear(&run);
	last->u.conv.bias = bias;
	e->model->lm_w.final_norm.b = infinite;
	run_all(&run, mixed, 3, 0);
	OK(run.outcomes[0].is_there && !run.outcomes[0].is_finite && !run.outcomes[0].samples, "nor is a clip whose logits are not");
	clear(&run);
	e->model->lm_w.final_norm.b = norm;
	run_all(&run, mixed, 3, 0);
	OK(run.outcomes[0].is_finite && run.outcomes[2].is_finite, "the next ones are well");
	IS_INT(run.batch->pool.n_free + shared_idle_blocks(&run.batch->work.shared), run.batch->pool.n_blocks, "nothing is held");
	clear(&run);
	batch_close(run.batch);
	engine_close(e);
	free(infinite);
}

/* One window to its last position; then one that needs a second. */
static void test_longest(struct engine *e)
{
	struct run run = { .engine = e, .batch = open_batch(e, 2, ROOM) };
	struct sequence_request r[2] = { { .guidance = 1, .temperature = 1, .top_k = 250 }, { .guidance = 1, .temperature = 1, .top_k = 250 } };
	int window = engine_get_info(e)->window_frames;

	r[0].n_frames = window;
	r[1].n_frames = window + 100;
	run_all(&run, r, 2, 0);
	IS_INT(run.outcomes[0].n_values, window * engine_get_info(e)->frame_samples, "the longest clip of one window comes out whole");
	IS_INT(run.outcomes[1].n_values, (window + 100) * engine_get_info(e)->frame_samples, "and one of two windows");
	clear(&run);
	batch_close(run.batch);
}

static void test_allocations(struct engine *e)
{
	struct run run = { .engine = e, .batch = open_batch(e, 4, ROOM) };

	if (!CAN_COUNT) {
		SKIP("a sanitizer's allocator cannot be counted");
	} else {
		run_all(&run, mixed, N_MIXED, 5);
		IS_INT(run.n_step_allocations, 0, "batch_step allocates nothing");
		OK(n_allocations > 0, "(and the count counts: %d in all)", (int)n_allocations);
	}
	clear(&run);
	batch_close(run.batch);
}

int main(void)
{
	struct engine *e = open_engine(MONO);

	OK(engine_available_memory() > 0, "available memory: %llu bytes", (unsigned long long)engine_available_memory());
	test_refused(e);
	test_slots(e);
	test_memory(e);
	test_measure(e, MONO);
	test_eviction(e);
	test_shared_prompt(e);
	test_meaning(e);
	test_prefix(e);
	test_drop(e);
	test_longest(e);
	test_allocations(e);
	engine_close(e);
	test_not_finite();
	test_alone_and_together(MONO);
	test_alone_and_together(STEREO);
	return tap_done();
}
