/*
 * Whole sequences through the batch against transformers' generate: text, a tune or codes in, codes equal, samples near;
 * without guidance, with guidance 3 and without a prompt, all of a fixture in one batch (tests/vectors/README.md).
 */
#include "vectors.h"

#include "engine/engine.h"

struct run {
	const char *name; /* of the tensors NAME.codes and NAME.wav */
	int has_prompt;
	float guidance;
	const char *melody, *codes, *sound; /* the tensors of the tune that it follows, of the frames or the sound that it goes on from */
};

static const struct run text_runs[] = {
	{ "gen.nocfg", 1, 1, NULL, NULL, NULL },
	{ "gen.cfg3", 1, 3, NULL, NULL, NULL },
	{ "gen.uncond", 0, 1, NULL, NULL, NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static const struct run melody_runs[] = {
	{ "gen.text.nocfg", 1, 1, NULL, NULL, NULL },
	{ "gen.text.cfg3", 1, 3, NULL, NULL, NULL },
	{ "gen.uncond", 0, 1, NULL, NULL, NULL },
	{ "gen.audio.5.nocfg", 0, 1, "gen.audio.5.window", NULL, NULL },
	{ "gen.audio.5.cfg3", 0, 3, "gen.audio.5.window", NULL, NULL },
	{ "gen.audio.9.nocfg", 0, 1, "gen.audio.9.window", NULL, NULL },
	{ "gen.audio.9.cfg3", 0, 3, "gen.audio.9.window", NULL, NULL },
	{ "gen.audio.30.nocfg", 0, 1, "gen.audio.30.window", NULL, NULL },
	{ "gen.audio.30.cfg3", 0, 3, "gen.audio.30.window", NULL, NULL },
	{ "gen.both.5.nocfg", 1, 1, "gen.both.5.window", NULL, NULL },
	{ "gen.both.5.cfg3", 1, 3, "gen.both.5.window", NULL, NULL },
	{ "gen.both.9.nocfg", 1, 1, "gen.both.9.window", NULL, NULL },
	{ "gen.both.9.cfg3", 1, 3, "gen.both.9.window", NULL, NULL },
	{ "gen.both.30.nocfg", 1, 1, "gen.both.30.window", NULL, NULL },
	{ "gen.both.30.cfg3", 1, 3, "gen.both.30.window", NULL, NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static const struct run heard_runs[] = {
	{ "heard", 1, 3, NULL, NULL, "heard.in" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static const struct run long_runs[] = {
	{ "long", 1, 3, "long.window", NULL, NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static const struct run continue_runs[] = {
	{ "cont.1.nocfg", 1, 1, NULL, "cont.1.prompt", NULL },
	{ "cont.1.cfg3", 1, 3, NULL, "cont.1.prompt", NULL },
	{ "cont.5.nocfg", 1, 1, NULL, "cont.5.prompt", NULL },
	{ "cont.5.cfg3", 1, 3, NULL, "cont.5.prompt", NULL },
	{ "cont.12.nocfg", 1, 1, NULL, "cont.12.prompt", NULL },
	{ "cont.12.cfg3", 1, 3, NULL, "cont.12.prompt", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

static const struct {
	const char *name, *ref, *part; /* the checkpoint's folder, the one whose references hold, which of them */
	const struct run *runs;
} fixtures[] = {
	{ "mono", "mono", "ref", text_runs },
	{ "stereo", "stereo", "ref", text_runs },
	{ "folded", "folded", "ref", text_runs },
	{ "gated", "gated", "ref", text_runs },
	{ "causal", "causal", "ref", text_runs },
	{ "f16", "f16", "ref", text_runs },
	{ "bf16", "bf16", "ref", text_runs },
	{ "sharded", "mono", "ref", text_runs },
	{ "melody", "melody", "ref", melody_runs },
	{ "stereo-melody", "stereo-melody", "ref", melody_runs },
	{ "short-window", "short-window", "ref", melody_runs },
	{ "short-window", "short-window", "ref-long", long_runs }, /* two windows: each is a generate of its own there */
	{ "mono", "mono", "ref-continue", continue_runs },
	{ "stereo", "stereo", "ref-continue", continue_runs },
	{ "mono", "mono", "ref-continue", heard_runs },
	{ "stereo", "stereo", "ref-continue", heard_runs },
	{ "melody", "melody", "ref-continue", continue_runs },
	{ "stereo-melody", "stereo-melody", "ref-continue", continue_runs },
};
#define N_SLOTS 4
#define CLASSES_MAX 32 /* of all windows */
#define CODES_MAX 128

struct bench {
	const char *name;
	const struct run *runs;
	struct vectors *v;
	struct batch *batch;
	const struct engine_info *info;
};

/* want: [channels, samples]; ours are interleaved. */
static void near_wav(struct bench *b, const char *run, const struct sequence_result *r)
{
	char name[48], stage[80];
	int n_channels = b->info->n_channels;
	size_t n;
	const float *want;
	float *turned;

	snprintf(name, sizeof(name), "%s.wav", run);
	snprintf(stage, sizeof(stage), "%s, %d channels", name, n_channels);
	want = vectors_floats(b->v, name, &n);
	if (!OK(r->n_samples * (size_t)n_channels == n, "%s: %s has %zu samples", b->name, stage, n))
		return;
	turned = malloc(n * sizeof(*turned));
	for (size_t i = 0; i < n; i++)
		turned[i % (size_t)n_channels * r->n_samples + i / (size_t)n_channels] = r->samples[i];
	vectors_near(b->name, stage, turned, want, n, 1e-4);
	free(turned);
}

static void check_result(struct bench *b, const struct sequence_result *r)
{
	const char *run = b->runs[r->tag].name;
	int n_same = 0;
	char name[48];
	const int32_t *want;
	size_t n;

	snprintf(name, sizeof(name), "%s.codes", run);
	want = vectors_ints(b->v, name, &n);
	for (size_t i = 0; i < n; i++)
		n_same += r->codes[i] == want[i];
	OK(r->is_finite && (size_t)n_same == n, "%s: %s, %d of %zu codes equal", b->name, name, n_same, n);
	near_wav(b, run, r);
}

/* A sound's codes [K][frames], through the encoder: how many frames. */
static int hear(struct bench *b, const char *name, uint16_t *codes)
{
	size_t n, n_channels = (size_t)b->info->n_channels;
	const float *in = vectors_floats(b->v, name, &n);
	size_t n_samples = n / n_channels;
	int n_frames = batch_encode_frames(b->batch, n_samples);
	float *samples = malloc(n * sizeof(*samples));

	if (n_frames * b->info->n_codebooks > CODES_MAX)
		VECTORS_BAIL("%s: %d frames", name, n_frames);
	for (size_t i = 0; i < n; i++)
		samples[i % n_samples * n_channels + i / n_samples] = in[i];
	batch_encode_begin(b->batch, samples, n_samples, codes);
	while (batch_encode_step(b->batch))
		;
	free(samples);
	return n_frames;
}

/* Copied by batch_add: what it points at may go. */
static enum batch_answer add(struct bench *b, size_t i, struct err *err)
{
	const struct json *facts = vectors_facts(b->v);
	const struct run *run = &b->runs[i];
	uint8_t classes[CLASSES_MAX];
	uint16_t codes[CODES_MAX];
	struct sequence_request request = {
		.prompt = run->has_prompt ? json_string(json_member(facts, "prompt"), NULL) : "",
		.n_frames = (int)json_number(json_member(facts, "frames"), 0),
		.guidance = run->guidance,
		.temperature = 0,
		.tag = i,
	};
	const int32_t *given;
	size_t n = 0;

	given = run->melody ? vectors_ints(b->v, run->melody, &n) : run->codes ? vectors_ints(b->v, run->codes, &n) : NULL;
	if (n > CODES_MAX || (run->melody && (n % (size_t)b->info->melody_classes != 0 || n > CLASSES_MAX)))
		VECTORS_BAIL("%s: %s has %zu values", b->name, run->name, n);
	for (size_t at = 0; at < n; at++) {
		codes[at] = (uint16_t)given[at];
		classes[at % CLASSES_MAX] = (uint8_t)given[at];
	}
	request.melody = run->melody ? classes : NULL;
	request.codes = run->codes || run->sound ? codes : NULL;
	request.n_codes_frames = run->sound ? hear(b, run->sound, codes) : run->codes ? (int)n / b->info->n_codebooks : 0;
	return batch_add(b->batch, &request, err);
}

/* All in one batch, of fewer slots than runs: they join as others leave. */
static void run_all(struct bench *b)
{
	struct sequence_result r;
	struct err err = ERR_INIT;
	size_t n_added = 0, n_done = 0;
	int step = 1;

	while (step > 0) {
		enum batch_answer answer = BATCH_TAKEN;

		while (b->runs[n_added].name && (answer = add(b, n_added, &err)) == BATCH_TAKEN)
			n_added++;
		if (answer == BATCH_REFUSED)
			break;
		step = batch_step(b->batch, &err);
		while (batch_take(b->batch, &r)) {
			check_result(b, &r);
			free(r.samples);
			n_done++;
		}
	}
	if (!OK(!b->runs[n_done].name, "%s: all sequences were handed out", b->name))
		printf("# batch_step answered %d: %s\n", step, err.text);
}

static void test_fixture(size_t i)
{
	struct batch_config config = { .n_slots = N_SLOTS, .n_threads = 1, .memory_bytes = 256u << 20 };
	struct bench b = { .name = fixtures[i].name, .runs = fixtures[i].runs };
	struct engine *e = NULL;
	struct err err = ERR_INIT;
	char dir[128];

	snprintf(dir, sizeof(dir), "tests/vectors/%s", fixtures[i].ref);
	b.v = vectors_open_part(dir, fixtures[i].part);
	printf("# %s: smallest gap between best and second %g\n", fixtures[i].ref,
	       json_number(json_member(vectors_facts(b.v), "min_top2_gap"), 0));
	snprintf(dir, sizeof(dir), "tests/vectors/%s", fixtures[i].name);
	if (OK(!engine_open(&e, dir, &err) && !batch_open(&b.batch, e, &config, &err), "%s: engine and batch open", b.name)) {
		b.info = engine_get_info(e);
		run_all(&b);
	} else {
		printf("# %s\n", err.text);
	}
	batch_close(b.batch);
	if (e)
		engine_close(e);
	vectors_close(b.v);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
		test_fixture(i);
	return tap_done();
}
