/*
 * The batch: who is let in, who is told to wait, what is shared, and how much memory is used. (What comes out whatever
 * happens around: test_batch_same.c; that a step allocates nothing: test_batch_allocations.c.)
 */
#include "unit/engine/some_batch.h"

#include <math.h>

#define MONO "tests/vectors/mono"

static void test_refused(struct engine *e)
{
	struct batch *b = open_some_batch(e, 2, SOME_ROOM);
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

static void test_slots(struct engine *e)
{
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 2, SOME_ROOM) };

	OK(add(&run, &mixed[0], 0) == BATCH_TAKEN && add(&run, &mixed[1], 1) == BATCH_TAKEN, "two slots take two");
	IS_INT(add(&run, &mixed[2], 2), BATCH_BUSY, "the third waits");
	while (run.n_taken < 1 && step(&run))
		;
	IS_INT(add(&run, &mixed[2], 2), BATCH_TAKEN, "and is taken when one has left");
	while (step(&run))
		;
	IS_INT(run.n_taken, 3, "all come out");
	IS_INT(batch_n_active(run.batch), 0, "nobody is left");
	run_clear(&run);
	batch_close(run.batch);
}

static void test_memory(struct engine *e)
{
	static const char *const prompts[] = { "soft rain", "brass hook", "fast techno" };
	struct sequence_request r = { .prompt = prompts[0], .n_frames = 40, .guidance = 3, .temperature = 1, .top_k = 250 };
	uint64_t one = engine_request_bytes(e, &r), fixed, most = 0;
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 8, SOME_ROOM) };
	struct err err = ERR_INIT;

	/* Work space depends on the threads: what this batch really has. */
	fixed = SOME_ROOM - run.batch->budget_bytes;
	batch_close(run.batch);
	run.batch = open_some_batch(e, 8, fixed + 2 * one);
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
	run_clear(&run);
	batch_close(run.batch);
	OK(batch_open(&run.batch, e, &(struct batch_config){ .n_threads = 1, .memory_bytes = fixed }, &err) && err.code == ERR_MEMORY,
	   "no room for any clip: %s", err.text);
	IS_INT(engine_fixed_bytes(e, 8, 1), fixed, "what is fixed can be told without a batch");
	OK(engine_fixed_bytes(e, 8, 1) > engine_fixed_bytes(e, 1, 1), "more slots need more work space");
}

/* What the caller has borrowed is lacking to clips until it is given back, and no longer. */
static void test_borrowed(struct engine *e)
{
	struct sequence_request r = { .prompt = "soft rain", .n_frames = 40, .guidance = 3, .temperature = 1, .top_k = 250 };
	uint64_t one = engine_request_bytes(e, &r);
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 2, SOME_ROOM) };
	uint64_t fixed = SOME_ROOM - run.batch->budget_bytes;

	batch_close(run.batch);
	run.batch = open_some_batch(e, 2, fixed + one);
	OK(!batch_borrow(run.batch, one + 1), "more than there is cannot be borrowed");
	OK(batch_borrow(run.batch, one), "all of it can");
	OK(!batch_borrow(run.batch, 1), "and then nothing");
	IS_INT(add(&run, &r, 0), BATCH_BUSY, "a clip waits for it, and is not refused");
	batch_give_back(run.batch, one);
	IS_INT(add(&run, &r, 0), BATCH_TAKEN, "given back it is taken");
	OK(!batch_borrow(run.batch, one), "and now the memory is the clip's");
	while (step(&run))
		;
	OK(run.outcomes[0].is_finite && batch_borrow(run.batch, one), "until it was taken: what is kept for others goes first");
	run_clear(&run);
	batch_close(run.batch);
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
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 2, SOME_ROOM) };
	uint64_t fixed = SOME_ROOM - run.batch->budget_bytes, one;
	struct sequence_request r = { .n_frames = 3, .guidance = 3, .temperature = 1, .top_k = 250, .seed = 1 };
	char prompt[32];
	int n_wrong = 0;

	r.prompt = "rain 1";
	one = engine_request_bytes(e, &r);
	batch_close(run.batch);
	run.batch = open_some_batch(e, 2, fixed + 3 * one);
	for (int i = 0; i < 60; i++) {
		snprintf(prompt, sizeof(prompt), "rain %d", i % 50);
		r.prompt = prompt;
		while (add(&run, &r, 0) == BATCH_BUSY && step(&run))
			n_wrong += used_bytes(run.batch) > run.batch->budget_bytes;
		while (run.n_taken == 0 && step(&run))
			n_wrong += used_bytes(run.batch) > run.batch->budget_bytes;
		n_wrong += !run.outcomes[0].is_finite;
		run_clear(&run);
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
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 8, SOME_ROOM) };

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
	run_clear(&run);
	batch_close(run.batch);
}

int main(void)
{
	struct engine *e = open_some_engine(MONO);

	OK(engine_available_memory() > 0, "available memory: %llu bytes", (unsigned long long)engine_available_memory());
	test_refused(e);
	test_slots(e);
	test_memory(e);
	test_borrowed(e);
	test_measure(e, MONO);
	test_eviction(e);
	test_shared_prompt(e);
	engine_close(e);
	return tap_done();
}
