/*
 * The same samples for all kinds of beginnings: text, a tune, frames to go on from, one window and several, guidance 0, 1 and
 * 3, short and long, together in one batch against each alone: whatever the slots, threads, kernels and order, and whether
 * openings are shared, driven out and made again, or made by each stream for itself because there is no room.
 */
#include "unit/engine/some_batch.h"

#define WINDOW 40 /* frames: so that some hundred make several windows, of a stride of 24 */
#define CLASSES_MAX 64
#define WINDOWS_MAX 8
#define SHARED_SEEDS 6

struct kind {
	const char *prompt;
	int n_frames;
	float guidance;
	int n_known;
	bool has_melody; /* of melody models; text models have text alone */
	uint64_t seed;
};

static const struct kind kinds[] = {
	{ "soft rain over felt piano", 16, 3, 0, false, 1 },
	{ "soft rain over felt piano", 30, 3, 7, false, 2 },
	{ "soft rain over felt piano", 33, 3, 7, false, 3 }, /* the opening of the one before */
	{ "felt rain over soft piano", 33, 3, 7, false, 3 }, /* not: other words, as many */
	{ "soft rain over felt piano", 30, 1, 7, false, 4 }, /* half of it */
	{ "", 30, 3, 7, false, 5 },
	{ "brass hook", 100, 0, 39, false, 6 },
	{ "fast techno 120 bpm", 100, 3, 0, true, 7 },
	{ "fast techno 120 bpm", 40, 3, 0, true, 8 },
	{ "fast techno 120 bpm", 39, 1, 0, true, 8 },
	{ "", 41, 3, 0, true, 9 },
	{ "", 12, 1, 0, true, 10 },
	{ "slow jazz", 70, 0, 0, true, 11 },
	{ "rain", 1, 3, 0, false, 12 },
	{ "rain", 130, 1, 1, false, 13 },
};
#define N_KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

static const char *const models[] = { "tests/vectors/mono", "tests/vectors/stereo", "tests/vectors/melody", "tests/vectors/stereo-melody" };

struct plan {
	const char *name;
	int n_slots, n_threads;
	const char *kernels;
	bool is_tight; /* memory for the largest alone */
	bool is_reversed;
	int gap;       /* steps before the next one joins */
};

static const struct plan plans[] = {
	{ "all at once", N_KINDS, 1, NULL, false, false, 0 },
	{ "three slots, backwards, two threads", 3, 2, NULL, false, true, 0 },
	{ "five slots, joining every 9 steps, three threads", 5, 3, NULL, false, false, 9 },
	{ "no room but for the largest", 4, 1, NULL, true, false, 0 },
	{ "no room but for the largest, backwards", 4, 1, NULL, true, true, 3 },
	{ "scalar", 8, 1, "scalar", false, false, 0 },
	{ "avx2", 8, 1, "avx2", false, true, 0 },
	{ "avx512", 8, 1, "avx512", false, false, 0 },
};

/* ---- running ----------------------------------------------------------------------------------------------- */

struct given {
	uint16_t codes[MODEL_CODEBOOKS_MAX * WINDOW];
	uint8_t melody[CLASSES_MAX * WINDOWS_MAX];
};

/* Frames and tunes that a formula makes. What is known is the same in all kinds, and so is the tune: they share. */
static struct sequence_request request_of(const struct engine *e, const struct kind *kind, struct given *given)
{
	const struct engine_info *info = engine_get_info(e);
	int n_windows = engine_n_windows(e, kind->n_frames, kind->n_known);

	for (int k = 0; k < info->n_codebooks; k++)
		for (int t = 0; t < kind->n_known; t++)
			given->codes[k * kind->n_known + t] = (uint16_t)((k * 17 + t * 5 + 3) % e->model->lm.n_codes);
	for (int i = 0; i < info->melody_classes * n_windows; i++)
		given->melody[i] = (uint8_t)((i * i + 2 * i) % CHROMA_CLASSES);
	return (struct sequence_request){
		.prompt = kind->prompt,
		.n_frames = kind->n_frames,
		.guidance = kind->guidance,
		.temperature = 1,
		.top_k = 250,
		.seed = kind->seed,
		.codes = kind->n_known > 0 ? given->codes : NULL,
		.n_codes_frames = kind->n_known,
		.melody = kind->has_melody && info->is_melody ? given->melody : NULL,
	};
}

static enum batch_answer add_kind(struct batch *b, const struct kind *kind, uint64_t tag, struct err *err)
{
	struct given given;
	struct sequence_request r = request_of(b->engine, kind, &given);
	enum batch_answer answer;

	r.tag = tag;
	answer = batch_add(b, &r, err);
	memset(&given, 0xff, sizeof(given)); /* all was copied */
	return answer;
}

/* Until all are out. -1: one was refused, none can go on, or more memory was used than there is. */
static int run(struct batch *b, const struct plan *plan, struct outcome *results, struct err *err)
{
	int n_added = 0, n_out = 0, n_steps = 0;

	while (n_out < N_KINDS) {
		struct sequence_result r;
		int at = plan->is_reversed ? N_KINDS - 1 - n_added : n_added, step;

		if (n_added < N_KINDS && n_steps >= n_added * plan->gap) {
			enum batch_answer answer = add_kind(b, &kinds[at], (uint64_t)at, err);

			if (answer == BATCH_REFUSED)
				return -1;
			n_added += answer == BATCH_TAKEN;
			if (answer == BATCH_TAKEN)
				continue;
		}
		step = batch_step(b, err);
		if (step < 0 || (step == 0 && n_added == N_KINDS) || used_bytes(b) > b->budget_bytes)
			return -1;
		n_steps++;
		while (batch_take(b, &r)) {
			outcome_keep(&results[r.tag], &r, engine_get_info(b->engine));
			n_out++;
		}
	}
	return 0;
}

static void run_alone(struct engine *e, struct outcome *results)
{
	struct batch_config config = { .n_slots = 1, .n_threads = 1, .memory_bytes = SOME_ROOM };
	struct err err = ERR_INIT;

	for (int i = 0; i < N_KINDS; i++) {
		struct sequence_result r;
		struct batch *b = NULL;

		if (batch_open(&b, e, &config, &err) || add_kind(b, &kinds[i], (uint64_t)i, &err) != BATCH_TAKEN)
			printf("Bail out! %s\n", err.text), exit(1);
		while (!results[i].is_there && batch_step(b, &err) > 0)
			if (batch_take(b, &r))
				outcome_keep(&results[r.tag], &r, engine_get_info(e));
		batch_close(b);
	}
}

/* ---- tests ------------------------------------------------------------------------------------------------- */

static uint64_t bytes_of(const struct engine *e, const struct kind *kind)
{
	struct given given;
	struct sequence_request r = request_of(e, kind, &given);

	return engine_request_bytes(e, &r);
}

static uint64_t largest_bytes(const struct engine *e)
{
	uint64_t most = 0;

	for (int i = 0; i < N_KINDS; i++) {
		uint64_t bytes = bytes_of(e, &kinds[i]);

		most = bytes > most ? bytes : most;
	}
	return most;
}

/* What a request is said to need is enough for it, and a byte less is not. */
static void test_admission(const char *model, struct engine *e)
{
	struct batch_config config = { .n_slots = 1, .n_threads = 1 };
	int n_taken = 0, n_refused = 0;

	for (int i = 0; i < 2 * N_KINDS; i++) {
		const struct kind *kind = &kinds[i / 2];
		struct err err = ERR_INIT;
		struct batch *b = NULL;

		config.memory_bytes = engine_fixed_bytes(e, 1, 1) + bytes_of(e, kind) - (uint64_t)(i % 2);
		if (batch_open(&b, e, &config, &err)) {
			n_refused += i % 2; /* not even the shortest clip has room */
			continue;
		}
		if (i % 2)
			n_refused += add_kind(b, kind, 0, &err) == BATCH_REFUSED && err.code == ERR_MEMORY;
		else
			n_taken += add_kind(b, kind, 0, &err) == BATCH_TAKEN;
		batch_close(b);
	}
	OK(n_taken == N_KINDS && n_refused == N_KINDS, "%s: %d kinds are let in with what they are said to need, %d not with less", model,
	   n_taken, n_refused);
}

static void test_plan(const char *model, struct engine *e, const struct plan *plan, const struct outcome *alone)
{
	struct batch_config config = { .n_slots = plan->n_slots, .n_threads = plan->n_threads, .kernels = plan->kernels, .memory_bytes = SOME_ROOM };
	struct outcome got[N_KINDS] = { { false } };
	struct err err = ERR_INIT;
	struct batch *b = NULL;
	int n_same = 0, status;

	if (plan->is_tight)
		config.memory_bytes = engine_fixed_bytes(e, plan->n_slots, plan->n_threads) + largest_bytes(e);
	if (batch_open(&b, e, &config, &err)) {
		if (plan->kernels && err.code == ERR_USAGE)
			SKIP("this processor lacks these kernels");
		else
			OK(0, "%s: %s: %s", model, plan->name, err.text);
		return;
	}
	status = run(b, plan, got, &err);
	for (int i = 0; i < N_KINDS; i++) {
		if (same_outcome(&got[i], &alone[i]))
			n_same++;
		else
			printf("# kind %d differs\n", i);
		outcome_clear(&got[i]);
	}
	if (!OK(status == 0 && n_same == N_KINDS, "%s: %s: %d of %d kinds as alone", model, plan->name, n_same, N_KINDS))
		printf("# %s; %llu of %llu bytes used\n", err.text, (unsigned long long)used_bytes(b), (unsigned long long)b->budget_bytes);
	IS_INT(b->pool.n_free + shared_idle_blocks(&b->work.shared), b->pool.n_blocks, "nothing is held");
	batch_close(b);
}

/* Kinds that differ do so; those that differ in the seed alone have the same beginning. */
static void test_alone(const char *model, const struct engine *e, const struct outcome *alone)
{
	int n_there = 0, n_equal = 0, n_k = e->info.n_codebooks, n_wrong = 0;

	for (int i = 0; i < N_KINDS; i++) {
		n_there += alone[i].is_finite;
		for (int j = 0; j < i; j++)
			n_equal += same_outcome(&alone[i], &alone[j]);
		for (int at = 0; at < n_k * kinds[i].n_known; at++) {
			int k = at / kinds[i].n_known, t = at % kinds[i].n_known;

			n_wrong += alone[i].codes[k * kinds[i].n_frames + t] != (k * 17 + t * 5 + 3) % e->model->lm.n_codes;
		}
	}
	IS_INT(n_there, N_KINDS, model);
	IS_INT(n_equal, 0, "different requests have different samples");
	IS_INT(n_wrong, 0, "what was given is what a clip begins with");
}

static void count_rows(void *arg, const char *stage, const float *data, int rows, int cols)
{
	(void)data;
	(void)cols;
	if (!strcmp(stage, "lm.x0"))
		*(int *)arg += rows;
}

/* Rows of all passes until the first one decodes, for several seeds of one request, and what was added again later. */
static void test_sharing(const char *model, struct engine *e)
{
	struct batch_config config = { .n_slots = SHARED_SEEDS, .n_threads = 1, .memory_bytes = SOME_ROOM };
	struct kind kind = { "soft rain", 30, 3, e->info.is_melody ? 0 : 20, true, 0 };
	int n_text, n_rows = 0, n_before, ids[ENGINE_PROMPT_TOKENS_MAX];
	struct sequence_request r = { .prompt = kind.prompt };
	struct err err = ERR_INIT;
	struct batch *b = NULL;

	if (batch_open(&b, e, &config, &err) || request_ids(e, &r, ids, &n_text, &err)) {
		OK(0, "%s", err.text);
		return;
	}
	n_before = model_n_before(&e->model->lm, n_text) + kind.n_known;
	b->work.lm.probe = (struct probe){ count_rows, &n_rows };
	for (; kind.seed < SHARED_SEEDS; kind.seed++)
		if (add_kind(b, &kind, kind.seed, &err) != BATCH_TAKEN)
			OK(0, "%s", err.text);
	while (batch_count(b, SEQUENCE_WAITING) > 0 && b->n_steps == 0 && batch_step(b, &err) > 0)
		;
	IS_INT(n_rows, 2 * n_before + 2 * SHARED_SEEDS, "six seeds of one request: each opening is made once, then there is one step");
	batch_drop_all(b);
	n_rows = 0;
	(void)add_kind(b, &kind, kind.seed, &err);
	while (b->n_steps == 1 && batch_step(b, &err) > 0)
		;
	IS_INT(n_rows, 2, "and it is still there for one who comes later");
	printf("# %s: %d rows before the codes\n", model, n_before);
	batch_close(b);
}

/* In one slot, one after the other: what the first began with is there for all that follow. */
static void test_handed_on(const char *model, struct engine *e)
{
	struct batch_config config = { .n_slots = 1, .n_threads = 1, .memory_bytes = SOME_ROOM };
	struct kind kind = { "soft rain", 30, 3, e->info.is_melody ? 0 : 20, true, 0 };
	int n_rows = 0, n_first = 0, n_steps;
	struct sequence_result result;
	struct err err = ERR_INIT;
	struct batch *b = NULL;

	if (batch_open(&b, e, &config, &err)) {
		OK(0, "%s", err.text);
		return;
	}
	b->work.lm.probe = (struct probe){ count_rows, &n_rows };
	for (; kind.seed < SHARED_SEEDS; kind.seed++) {
		if (add_kind(b, &kind, kind.seed, &err) != BATCH_TAKEN)
			OK(0, "%s", err.text);
		while (batch_take(b, &result) == 0 && batch_step(b, &err) > 0)
			;
		free(result.samples);
		n_first = kind.seed == 0 ? n_rows : n_first;
	}
	n_steps = (int)(b->n_steps / SHARED_SEEDS);
	OK(n_first > 2 * n_steps, "%s: the first of them makes %d rows of openings", model, n_first - 2 * n_steps);
	IS_INT(n_rows - n_first, 2 * n_steps * (SHARED_SEEDS - 1), "the next ones, one after the other in one slot, none");
	batch_close(b);
}

/* One clip alone takes no more blocks than it is said to need: its openings are made in its own. */
static void test_lonely(const char *model, struct engine *e)
{
	struct batch_config config = { .n_slots = 2, .n_threads = 1, .memory_bytes = SOME_ROOM };
	struct kind kind = { "soft rain", 30, 3, e->info.is_melody ? 0 : 20, true, 0 };
	struct err err = ERR_INIT;
	struct batch *b = NULL;
	uint64_t bytes;

	if (batch_open(&b, e, &config, &err) || add_kind(b, &kind, 0, &err) != BATCH_TAKEN) {
		OK(0, "%s", err.text);
		batch_close(b);
		return;
	}
	while (b->n_steps == 0 && batch_step(b, &err) > 0)
		;
	bytes = (uint64_t)(b->pool.n_blocks - b->pool.n_free) * kv_block_bytes(&b->pool.shape) + b->sample_bytes;
	OK(b->n_steps == 1 && bytes == bytes_of(e, &kind), "%s: one alone takes %llu bytes, and is said to take %llu", model,
	   (unsigned long long)bytes, (unsigned long long)bytes_of(e, &kind));
	batch_close(b);
}

/* The codes of the clips of all requests at once. -1: err. */
static int run_requests(struct engine *e, const struct sequence_request *requests, int n, struct outcome *results, struct err *err)
{
	struct batch_config config = { .n_slots = n, .n_threads = 1, .memory_bytes = SOME_ROOM };
	struct sequence_result r;
	struct batch *b = NULL;
	int status = batch_open(&b, e, &config, err);

	for (int i = 0; i < n && !status; i++) {
		struct sequence_request request = requests[i];

		request.tag = (uint64_t)i;
		status = batch_add(b, &request, err) == BATCH_TAKEN ? 0 : -1;
	}
	while (!status && batch_step(b, err) > 0)
		while (batch_take(b, &r))
			outcome_keep(&results[r.tag], &r, engine_get_info(e));
	batch_close(b);
	return status;
}

/* All logits equal: a code is the draw's random number alone, which is that of seed, column, codebook and window. */
static void test_random_numbers(const char *model, struct engine *e)
{
	struct sequence_request r = { .n_frames = 3 * WINDOW, .guidance = 1, .temperature = 1, .seed = 77 };
	struct windows windows = windows_of(e, r.n_frames, 0);
	struct norm kept = e->model->lm_w.final_norm;
	float *zeros = calloc((size_t)e->info.width, sizeof(*zeros));
	struct outcome result = { false };
	struct err err = ERR_INIT;
	int n_wrong = 0, n = 0;

	e->model->lm_w.final_norm = (struct norm){ zeros, zeros };
	if (run_requests(e, &r, 1, &result, &err))
		OK(0, "%s", err.text);
	e->model->lm_w.final_norm = kept;
	for (int w = 0; w < windows_count(&windows) && result.is_there; w++) {
		struct window at = windows_at(&windows, w);

		for (int i = at.n_known * e->info.n_codebooks; i < at.n_frames * e->info.n_codebooks; i++, n++) {
			int k = i % e->info.n_codebooks, t = i / e->info.n_codebooks, column = t + 1 + k / e->info.n_channels;
			double u = sample_uniform(r.seed, (uint32_t)column, (uint32_t)k, (uint32_t)w);

			n_wrong += result.codes[k * r.n_frames + at.begin + t] != (int)(u * e->model->lm.n_codes);
		}
	}
	OK(n == r.n_frames * e->info.n_codebooks && n_wrong == 0, "%s: every draw of %d windows has its own random number", model,
	   windows_count(&windows));
	outcome_clear(&result);
	free(zeros);
}

/* Two tunes that differ in the second window alone: so do the clips, from there on. */
static void test_tunes(const char *model, struct engine *e)
{
	struct kind kind = { "soft rain", 2 * WINDOW, 3, 0, true, 5 };
	struct sequence_request requests[2];
	struct outcome results[2] = { { false }, { false } };
	struct given given[2];
	struct err err = ERR_INIT;
	int n_first = 0, n_later = 0;

	for (int i = 0; i < 2; i++)
		requests[i] = request_of(e, &kind, &given[i]);
	given[1].melody[e->info.melody_classes] ^= 1;
	if (run_requests(e, requests, 2, results, &err))
		OK(0, "%s", err.text);
	for (int i = 0; i < kind.n_frames * e->info.n_codebooks && results[0].is_there && results[1].is_there; i++) {
		if (i % kind.n_frames < WINDOW)
			n_first += results[0].codes[i] != results[1].codes[i];
		else
			n_later += results[0].codes[i] != results[1].codes[i];
	}
	OK(n_first == 0 && n_later > 0, "%s: what the second window follows changes %d codes after the first", model, n_later);
	outcome_clear(&results[0]);
	outcome_clear(&results[1]);
}

/* MODEL.md: a longer clip of the same request begins with the codes of a shorter one, all but its last delays. */
static void test_prefix(const char *model, struct engine *e, const struct kind *shorter, int n_longer)
{
	struct outcome results[2] = { { false }, { false } };
	struct kind longer = *shorter;
	struct sequence_request requests[2];
	struct given given[2];
	struct err err = ERR_INIT;
	int n_wrong = 0, n_frames = shorter->n_frames, delays = model_n_delays(&e->model->lm);

	longer.n_frames = n_longer;
	requests[0] = request_of(e, shorter, &given[0]);
	requests[1] = request_of(e, &longer, &given[1]);
	if (run_requests(e, requests, 2, results, &err)) {
		OK(0, "%s", err.text);
		return;
	}
	for (int k = 0; k < e->info.n_codebooks; k++)
		for (int t = 0; t < n_frames - delays; t++)
			n_wrong += results[0].codes[k * n_frames + t] != results[1].codes[k * n_longer + t];
	OK(n_wrong == 0, "%s: %d frames%s begin with the codes of %d", model, n_longer, shorter->has_melody ? " of a tune" : "", n_frames);
	outcome_clear(&results[0]);
	outcome_clear(&results[1]);
}

static void test_prefixes(const char *model, struct engine *e)
{
	static const struct {
		struct kind kind;
		int n_longer;
	} pairs[] = {
		{ { "soft rain", 20, 3, 0, false, 1 }, WINDOW },
		{ { "soft rain", 20, 3, 5, false, 1 }, 3 * WINDOW },
		{ { "soft rain", WINDOW, 3, 0, false, 1 }, WINDOW + 1 },
		{ { "soft rain", 2 * WINDOW, 3, 0, false, 1 }, 3 * WINDOW },
		{ { "soft rain", 20, 3, 0, true, 1 }, WINDOW },
		{ { "soft rain", 2 * WINDOW, 3, 0, true, 1 }, 3 * WINDOW },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (e->info.is_melody || !pairs[i].kind.has_melody)
			test_prefix(model, e, &pairs[i].kind, pairs[i].n_longer);
}

static void test_model(const char *model)
{
	struct engine *e = open_some_engine(model);
	struct outcome alone[N_KINDS] = { { false } };

	shorten_windows(e, WINDOW);
	run_alone(e, alone);
	test_alone(model, e, alone);
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
		test_plan(model, e, &plans[i], alone);
	test_admission(model, e);
	test_sharing(model, e);
	test_handed_on(model, e);
	test_lonely(model, e);
	test_random_numbers(model, e);
	if (e->info.is_melody)
		test_tunes(model, e);
	test_prefixes(model, e);
	for (int i = 0; i < N_KINDS; i++)
		outcome_clear(&alone[i]);
	engine_close(e);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		test_model(models[i]);
	return tap_done();
}
