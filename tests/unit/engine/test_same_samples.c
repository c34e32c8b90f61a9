/*
 * The same samples (DESIGN section 2): a request's samples do not depend on its neighbours, the size of the batch, the
 * order, when it joins, the number of threads or the vector instructions; and they are those of tests/vectors/hashes.txt,
 * so that a change of the arithmetic is noticed.
 *
 *   test_same_samples             the test
 *   test_same_samples --hashes    prints the hashes, as hashes.txt has them: after a wanted change of the arithmetic, with
 *                                 a new ENGINE_ARITHMETIC, into that file; and for tests/cli/t0910-same-samples.sh
 */
#include "tap.h"

#include "base/hash.h"
#include "base/json.h"
#include "engine/engine.h"

#define GOLDEN "tests/vectors/hashes.txt"
#define N_MAX 12
#define LINE_MAX_BYTES 256

/* The last is of full rate, twenty times the work: it goes through the plans that are different arithmetic only. */
static const char *const models[] = { "tests/vectors/mono", "tests/vectors/stereo", "tests/vectors/bf16", "tests/data/model" };
#define N_MODELS (sizeof(models) / sizeof(models[0]))

/* Short and long (over one block of 64 positions, over one tile of the codec), one row and two, every way to draw. */
static const struct sequence_request requests[] = {
	{ .prompt = "soft rain over felt piano", .n_frames = 16, .guidance = 3, .temperature = 1, .top_k = 250, .seed = 1 },
	{ .prompt = "soft rain over felt piano", .n_frames = 16, .guidance = 3, .temperature = 1, .top_k = 250, .seed = 2 },
	{ .prompt = "", .n_frames = 5, .guidance = 3, .temperature = 1, .top_k = 20, .seed = 3 },
	{ .prompt = "fast techno 120 bpm", .n_frames = 90, .guidance = 4, .temperature = 0.7f, .top_k = 5, .seed = 4 },
	{ .prompt = "slow jazz strings and bass", .n_frames = 33, .guidance = 1, .temperature = 1.3f, .top_k = 0, .seed = 5 },
	{ .prompt = "loud rock drums", .n_frames = 61, .guidance = 2.5f, .temperature = 1, .top_p = 0.9f, .seed = 6 },
	{ .prompt = "warm lofi guitar", .n_frames = 1, .guidance = 3, .temperature = 0, .seed = 7 },
	{ .prompt = "brass hook", .n_frames = 62, .guidance = 0, .temperature = 1, .top_k = 250, .seed = 0xffffffffffffffffu },
	{ .prompt = "rain", .n_frames = 2, .guidance = 3, .temperature = 1, .top_k = 1, .seed = 9 },
};
#define N_REQUESTS (sizeof(requests) / sizeof(requests[0]))

/* What else may be in the batch. */
static const struct sequence_request strangers[] = {
	{ .prompt = "ambient strings", .n_frames = 70, .guidance = 5, .temperature = 1, .top_k = 250, .seed = 77, .tag = N_MAX },
	{ .prompt = NULL, .n_frames = 9, .guidance = 1, .temperature = 1, .top_k = 250, .seed = 78, .tag = N_MAX },
	{ .prompt = "the fast, the slow and the loud piano with drums", .n_frames = 25, .guidance = 3, .seed = 79, .tag = N_MAX },
};

struct hashes {
	char hex[N_MAX][HASH_HEX_SIZE];
};

struct plan {
	const char *name;
	int n_slots, n_threads;
	const char *kernels;
	int steps_between; /* before the next request joins; 0: as soon as there is room */
	bool is_reversed, has_strangers, is_for_large;
};

/* ---- running --------------------------------------------------------------------------------------- */

static void hash_result(struct hashes *h, const struct sequence_result *r, const struct engine_info *info)
{
	unsigned char sum[HASH_BYTES];

	if (r->tag >= N_MAX || !r->is_finite)
		return;
	hash_bytes(r->samples, r->n_samples * (size_t)info->n_channels * sizeof(*r->samples), sum);
	hash_hex(h->hex[r->tag], sum);
}

/* The i-th request to join under this plan; strangers go between. */
static struct sequence_request nth(const struct plan *plan, size_t i)
{
	struct sequence_request ret;

	if (plan->has_strangers && i % 2 == 0)
		return strangers[i / 2 % (sizeof(strangers) / sizeof(strangers[0]))];
	if (plan->has_strangers)
		i /= 2;
	if (plan->is_reversed)
		i = N_REQUESTS - 1 - i;
	ret = requests[i];
	ret.tag = i;
	return ret;
}

/* Every request's hash, all in one batch. -1: err. */
static int run_batch(struct hashes *h, struct batch *b, const struct engine_info *info, const struct plan *plan, struct err *err)
{
	size_t n_all = plan->has_strangers ? 2 * N_REQUESTS : N_REQUESTS, n_added = 0, n_taken = 0;
	int n_steps = 0;

	while (n_taken < n_all) {
		struct sequence_result r;

		while (n_added < n_all && n_steps >= plan->steps_between * (int)n_added) {
			struct sequence_request request = nth(plan, n_added);
			enum batch_answer answer = batch_add(b, &request, err);

			if (answer == BATCH_REFUSED)
				return -1;
			if (answer == BATCH_BUSY)
				break;
			n_added++;
		}
		if (batch_step(b, err) < 0)
			return -1;
		n_steps++;
		while (batch_take(b, &r)) {
			hash_result(h, &r, info);
			free(r.samples);
			n_taken++;
		}
	}
	return 0;
}

static int run_plan(struct hashes *h, struct engine *e, const struct plan *plan, struct err *err)
{
	struct batch_config config = { .n_slots = plan->n_slots, .n_threads = plan->n_threads, .memory_bytes = 256u << 20,
				       .kernels = plan->kernels };
	struct batch *b;
	int ret;

	memset(h, 0, sizeof(*h));
	if (batch_open(&b, e, &config, err))
		return -1;
	ret = run_batch(h, b, engine_get_info(e), plan, err);
	batch_close(b);
	return ret;
}

/* The definition: each request in a batch of its own, of one slot. */
static int run_alone(struct hashes *h, struct engine *e, struct err *err)
{
	struct batch_config config = { .n_slots = 1, .n_threads = 1, .memory_bytes = 256u << 20 };
	int ret = 0;

	memset(h, 0, sizeof(*h));
	for (size_t i = 0; i < N_REQUESTS && !ret; i++) {
		struct sequence_request request = requests[i];
		struct sequence_result r;
		struct batch *b;

		request.tag = i;
		if (batch_open(&b, e, &config, err))
			return -1;
		ret = batch_add(b, &request, err) == BATCH_TAKEN ? 0 : -1;
		for (int done = 0; !ret && !done;) {
			ret = batch_step(b, err) < 0 ? -1 : 0;
			done = batch_take(b, &r);
			if (!done)
				continue;
			hash_result(h, &r, engine_get_info(e));
			free(r.samples);
		}
		batch_close(b);
	}
	return ret;
}

/* ---- checks ---------------------------------------------------------------------------------------- */

static const struct plan plans[] = {
	{ .name = "all in one batch", .n_slots = N_REQUESTS, .n_threads = 1, .is_for_large = true },
	{ .name = "three slots, joining as others leave", .n_slots = 3, .n_threads = 1 },
	{ .name = "one slot", .n_slots = 1, .n_threads = 1 },
	{ .name = "joining every 7 steps", .n_slots = 6, .n_threads = 1, .steps_between = 7 },
	{ .name = "in the other order, joining every 3 steps", .n_slots = N_REQUESTS, .n_threads = 1, .steps_between = 3,
	  .is_reversed = true },
	{ .name = "among strangers", .n_slots = 5, .n_threads = 1, .has_strangers = true },
	{ .name = "among strangers, other order, 2 threads", .n_slots = 8, .n_threads = 2, .has_strangers = true,
	  .is_reversed = true },
	{ .name = "2 threads", .n_slots = 4, .n_threads = 2 },
	{ .name = "4 threads", .n_slots = N_REQUESTS, .n_threads = 4, .is_for_large = true },
	{ .name = "scalar", .n_slots = 4, .n_threads = 1, .kernels = "scalar", .is_for_large = true },
	{ .name = "avx2", .n_slots = 4, .n_threads = 1, .kernels = "avx2", .is_for_large = true },
	{ .name = "avx512", .n_slots = 4, .n_threads = 2, .kernels = "avx512", .is_for_large = true },
};

static void check_same(const char *model, const char *name, const struct hashes *got, const struct hashes *want)
{
	size_t n_same = 0;

	for (size_t i = 0; i < N_REQUESTS; i++) {
		int same = got->hex[i][0] && !strcmp(got->hex[i], want->hex[i]);

		n_same += (size_t)same;
		if (!same)
			printf("# request %zu: %.12s, expected %.12s\n", i, got->hex[i], want->hex[i]);
	}
	OK(n_same == N_REQUESTS, "%s: %s: %zu of %zu requests have equal samples", model, name, n_same, N_REQUESTS);
}

static void check_plan(const char *model, struct engine *e, const struct plan *plan, const struct hashes *want)
{
	struct hashes got;
	struct err err = ERR_INIT;

	if (!run_plan(&got, e, plan, &err)) {
		check_same(model, plan->name, &got, want);
	} else if (plan->kernels && err.code == ERR_USAGE) { /* this processor lacks them */
		tap_n++;
		printf("ok %d # SKIP %s: %s\n", tap_n, plan->name, err.text);
	} else {
		OK(0, "%s: %s: %s", model, plan->name, err.text);
	}
}

/* Lines "model request hash" of hashes.txt; its first line names the arithmetic. */
static void golden_of(struct hashes *h, const char *model)
{
	char line[LINE_MAX_BYTES], name[LINE_MAX_BYTES], hex[LINE_MAX_BYTES];
	FILE *f = fopen(GOLDEN, "r");
	unsigned request;

	memset(h, 0, sizeof(*h));
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%255s %u %255s", name, &request, hex) == 3 && request < N_MAX && !strcmp(name, model) &&
		    strlen(hex) == HASH_HEX_SIZE - 1)
			memcpy(h->hex[request], hex, HASH_HEX_SIZE);
	if (f)
		fclose(f);
}

static void check_arithmetic(void)
{
	char line[LINE_MAX_BYTES] = "";
	FILE *f = fopen(GOLDEN, "r");

	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	IS_TEXT(line, "arithmetic " ENGINE_ARITHMETIC, GOLDEN " is of this arithmetic");
}

static void check_distinct(const char *model, const struct hashes *h)
{
	size_t n_equal = 0;

	for (size_t i = 0; i < N_REQUESTS; i++)
		for (size_t j = 0; j < i; j++)
			n_equal += !strcmp(h->hex[i], h->hex[j]);
	OK(n_equal == 0, "%s: different requests have different samples", model);
}

static void test_model(const char *model, bool is_large)
{
	struct hashes alone, golden;
	struct engine *e = NULL;
	struct err err = ERR_INIT;

	if (!OK(!engine_open(&e, model, &err) && !run_alone(&alone, e, &err), "%s: each request alone", model)) {
		printf("# %s\n", err.text);
	} else {
		golden_of(&golden, model);
		check_distinct(model, &alone);
		check_same(model, "alone against " GOLDEN, &alone, &golden);
		for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
			if (!is_large || plans[i].is_for_large)
				check_plan(model, e, &plans[i], &alone);
	}
	if (e)
		engine_close(e);
}

static int print_hashes(void)
{
	static const struct plan plan = { .name = "printed", .n_slots = N_REQUESTS, .n_threads = 2 };
	struct err err = ERR_INIT;

	printf("arithmetic %s\n", ENGINE_ARITHMETIC);
	for (size_t m = 0; m < N_MODELS; m++) {
		struct engine *e = NULL;
		struct hashes h;

		if (engine_open(&e, models[m], &err) || run_plan(&h, e, &plan, &err)) {
			fprintf(stderr, "%s: %s\n", models[m], err.text);
			return 1;
		}
		for (size_t i = 0; i < N_REQUESTS; i++)
			printf("%s %zu %s\n", models[m], i, h.hex[i]);
		engine_close(e);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--hashes"))
		return print_hashes();
	check_arithmetic();
	for (size_t m = 0; m < N_MODELS; m++)
		test_model(models[m], m == N_MODELS - 1);
	return tap_done();
}
