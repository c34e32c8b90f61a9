/*
 * Whole sequences through the batch against transformers' generate: text in, codes equal, samples near; without guidance,
 * with guidance 3 and without a prompt, all three in one batch (tests/vectors/README.md).
 */
#include "vectors.h"

#include "engine/engine.h"

static const struct {
	const char *name, *ref;
} fixtures[] = {
	{ "mono", "mono" }, { "stereo", "stereo" }, { "folded", "folded" }, { "gated", "gated" },
	{ "causal", "causal" }, { "f16", "f16" }, { "bf16", "bf16" }, { "sharded", "mono" },
};

static const struct {
	const char *name;
	int has_prompt;
	float guidance;
} runs[] = {
	{ "nocfg", 1, 1 },
	{ "cfg3", 1, 3 },
	{ "uncond", 0, 1 },
};
#define N_RUNS 3

/* want: [channels, samples]; ours are interleaved. */
static void near_wav(const char *fixture, struct vectors *v, const char *run, const struct sequence_result *r, int n_channels)
{
	char name[32], stage[64];
	size_t n;
	const float *want;
	float *turned;

	snprintf(name, sizeof(name), "gen.%s.wav", run);
	snprintf(stage, sizeof(stage), "%s, %d channels", name, n_channels);
	want = vectors_floats(v, name, &n);
	if (!OK(r->n_samples * (size_t)n_channels == n, "%s: %s has %zu samples", fixture, stage, n))
		return;
	turned = malloc(n * sizeof(*turned));
	for (size_t i = 0; i < n; i++)
		turned[i % (size_t)n_channels * r->n_samples + i / (size_t)n_channels] = r->samples[i];
	vectors_near(fixture, stage, turned, want, n, 1e-4);
	free(turned);
}

static void check_result(const char *fixture, struct vectors *v, const struct sequence_result *r, const struct engine_info *info)
{
	const char *run = runs[r->tag].name;
	int n_same = 0;
	char name[32];
	const int32_t *want;
	size_t n;

	snprintf(name, sizeof(name), "gen.%s.codes", run);
	want = vectors_ints(v, name, &n);
	for (size_t i = 0; i < n; i++)
		n_same += r->codes[i] == want[i];
	OK(r->is_finite && (size_t)n_same == n, "%s: %s, %d of %zu codes equal", fixture, name, n_same, n);
	near_wav(fixture, v, run, r, info->n_channels);
}

static int add_all(struct batch *b, struct vectors *v, const char *fixture)
{
	const struct json *facts = vectors_facts(v);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < N_RUNS; i++) {
		struct sequence_request request = {
			.prompt = runs[i].has_prompt ? json_string(json_member(facts, "prompt"), NULL) : "",
			.n_frames = (int)json_number(json_member(facts, "frames"), 0),
			.guidance = runs[i].guidance,
			.temperature = 0,
			.tag = i,
		};

		if (!OK(batch_add(b, &request, &err) == BATCH_TAKEN, "%s: %s is taken", fixture, runs[i].name)) {
			printf("# %s\n", err.text);
			return -1;
		}
	}
	return 0;
}

static void run_all(struct batch *b, struct vectors *v, const char *fixture, const struct engine_info *info)
{
	struct sequence_result r;
	struct err err = ERR_INIT;
	int n_done = 0, step = 1;

	if (add_all(b, v, fixture))
		return;
	while (n_done < N_RUNS && step > 0) {
		step = batch_step(b, &err);
		while (batch_take(b, &r)) {
			check_result(fixture, v, &r, info);
			free(r.samples);
			n_done++;
		}
	}
	if (!OK(n_done == N_RUNS, "%s: all sequences were handed out", fixture))
		printf("# batch_step answered %d: %s\n", step, err.text);
}

static void test_fixture(const char *name, const char *ref)
{
	struct batch_config config = { .n_slots = N_RUNS, .n_threads = 1, .memory_bytes = 256u << 20 };
	struct engine *e = NULL;
	struct batch *b = NULL;
	struct vectors *v;
	struct err err = ERR_INIT;
	char dir[128];

	snprintf(dir, sizeof(dir), "tests/vectors/%s", ref);
	v = vectors_open(dir);
	printf("# %s: smallest gap between best and second %g\n", ref,
	       json_number(json_member(vectors_facts(v), "min_top2_gap"), 0));
	snprintf(dir, sizeof(dir), "tests/vectors/%s", name);
	if (OK(!engine_open(&e, dir, &err) && !batch_open(&b, e, &config, &err), "%s: engine and batch open", name))
		run_all(b, v, name, engine_get_info(e));
	else
		printf("# %s\n", err.text);
	batch_close(b);
	if (e)
		engine_close(e);
	vectors_close(v);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
		test_fixture(fixtures[i].name, fixtures[i].ref);
	return tap_done();
}
