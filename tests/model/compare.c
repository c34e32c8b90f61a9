/*
 * compare DIR: a model against what transformers made of it, stage by stage (tools/compare-full-size.py writes DIR/compare.*).
 *
 * Prints a line for each stage: how far it is, how far it may be, and both times. Exit status 1 when a stage is farther.
 * Limits are those of an f32 engine against another one (musicgen-tests.md D). Where greedy codes part, the
 * stages before say whether it is rounding: teacher-forced logits are of the reference's own codes.
 */
#include "vectors.h"

#include "stages.h"

#include "base/clock.h"

#define TEXT_LIMIT 1e-3
#define LOGITS_LIMIT 5e-3
#define TOP_LIMIT 0.999     /* of logits whose largest is the same code's */
#define DECODE_LIMIT_DB 60  /* of signal to difference */
#define ENCODE_LIMIT 0.995  /* of codes of the first book; the deeper ones follow its rounding */

struct run {
	struct stages s;
	struct vectors *v;
	const char *dir;
	int64_t started_at;
	int n_bad;
};

/* ---- lines -------------------------------------------------------------------------------------------- */

static void start(struct run *r)
{
	r->started_at = clock_monotonic_ms();
}

/* time: the reference's name of it, NULL: none. */
static void line(struct run *r, const char *stage, int is_good, const char *time, const char *said)
{
	double ours = (double)(clock_monotonic_ms() - r->started_at) / 1000;
	const struct json *theirs = time ? json_member(json_member(vectors_facts(r->v), "seconds"), time) : NULL;

	printf("%-6s %-22s %-58s", is_good ? "ok" : "NOT OK", stage, said);
	if (theirs)
		printf(" %9.3f s  %10.3f s", ours, json_number(theirs, 0));
	putchar('\n');
	fflush(stdout);
	r->n_bad += !is_good;
}

static double farthest(const float *got, const float *want, size_t n)
{
	double worst = 0;

	for (size_t i = 0; i < n; i++) {
		double d = fabs((double)got[i] - (double)want[i]) / (1 + fabs((double)want[i]));

		if (!(d <= worst)) /* a NaN stays */
			worst = d;
	}
	return worst;
}

static void near(struct run *r, const char *stage, const char *ref, const float *got, double limit, const char *time)
{
	size_t n;
	const float *want = vectors_floats(r->v, ref, &n);
	double worst = farthest(got, want, n);
	char said[96];

	snprintf(said, sizeof(said), "%zu values, off by %.2g of 1 + |x| (allowed %g)", n, worst, limit);
	line(r, stage, worst <= limit, time, said);
}

static const char *prompt_of(const struct run *r)
{
	return json_string(json_member(vectors_facts(r->v), "prompt"), "");
}

/* ---- text and tune -------------------------------------------------------------------------------------- */

static float *text_stage(struct run *r, int *n_text)
{
	size_t n_want, width = (size_t)r->s.model->t5.width;
	const int32_t *want = vectors_ints(r->v, "t5.ids", &n_want);
	int ids[ENGINE_PROMPT_TOKENS_MAX], n, same;
	float *hidden, *text;
	char said[96];

	start(r);
	n = stages_ids(&r->s, prompt_of(r), ids);
	same = (size_t)n == n_want;
	for (int i = 0; same && i < n; i++)
		same = ids[i] == want[i];
	snprintf(said, sizeof(said), "%d, %s", n, same ? "equal" : "NOT equal");
	line(r, "token ids", same, NULL, said);
	if (!same)
		exit(1);
	hidden = calloc((size_t)n * width, sizeof(*hidden));
	start(r);
	text = stages_text(&r->s, ids, n, hidden);
	near(r, "text encoder", "t5.out", hidden, TEXT_LIMIT, "text");
	near(r, "text, projected", "cond", text, TEXT_LIMIT, NULL);
	free(hidden);
	*n_text = n;
	return text;
}

/* The classes of a melody model's tune; NULL of a text model. */
static uint8_t *tune_stage(struct run *r)
{
	size_t n, n_classes, n_same = 0;
	const int32_t *want;
	const float *in;
	uint8_t *classes;
	char said[96];

	if (!vectors_has(r->v, "tune.in"))
		return NULL;
	in = vectors_floats(r->v, "tune.in", &n);
	want = vectors_ints(r->v, "tune.classes", &n_classes);
	if ((size_t)r->s.model->lm.melody_classes != n_classes)
		VECTORS_BAIL("the reference has %zu pitch classes, the model %d", n_classes, r->s.model->lm.melody_classes);
	start(r);
	classes = stages_tune(&r->s, in, n);
	for (size_t i = 0; i < n_classes; i++)
		n_same += classes[i] == want[i];
	snprintf(said, sizeof(said), "%zu of %zu equal, of %zu samples", n_same, n_classes, n);
	line(r, "pitch classes", n_same == n_classes, "chroma", said);
	return classes;
}

/* ---- decoder --------------------------------------------------------------------------------------------- */

static int largest(const float *x, int n)
{
	int best = 0;

	for (int i = 1; i < n; i++)
		best = x[i] > x[best] ? i : best;
	return best;
}

/* The reference's codes fed, its logits compared. */
static void forced_stage(struct run *r, const struct stages_told *told)
{
	const struct lm_dims *d = &r->s.model->lm;
	size_t n, n_kept, row = (size_t)d->n_codebooks * (size_t)d->n_codes;
	const int32_t *ids = vectors_ints(r->v, "lm.ids", &n), *kept = vectors_ints(r->v, "lm.columns", &n_kept);
	int n_columns = (int)n / d->n_codebooks, n_same = 0, n_rows = (int)n_kept * d->n_codebooks;
	const float *want = vectors_floats(r->v, "lm.logits", &n);
	uint16_t *columns = calloc((size_t)n_columns * (size_t)d->n_codebooks, sizeof(*columns));
	float *all = calloc((size_t)n_columns * row, sizeof(*all)), *got = calloc(n_kept * row, sizeof(*got));
	struct stages_guess g;
	char said[96];

	for (int i = 0; i < n_columns * d->n_codebooks; i++)
		columns[i] = (uint16_t)ids[i];
	start(r);
	stages_guess_open(&g, &r->s, told, n_columns);
	stages_guess_feed(&g, columns, n_columns, 0, n_columns, all);
	stages_guess_close(&g);
	for (size_t i = 0; i < n_kept; i++)
		memcpy(got + i * row, all + (size_t)kept[i] * row, row * sizeof(*got));
	for (int i = 0; i < n_rows; i++)
		n_same += largest(got + i * d->n_codes, d->n_codes) == largest(want + i * d->n_codes, d->n_codes);
	near(r, "logits, codes given", "lm.logits", got, LOGITS_LIMIT, NULL);
	snprintf(said, sizeof(said), "%d of %d rows have the same largest", n_same, n_rows);
	line(r, "", n_same >= TOP_LIMIT * n_rows, NULL, said);
	free(columns);
	free(all);
	free(got);
}

/* The door's own way, end to end: text in, codes and samples out. Samples are returned interleaved. */
static float *greedy_stage(struct run *r, const uint8_t *classes)
{
	const struct lm_dims *d = &r->s.model->lm;
	size_t n, n_same = 0, first;
	const int32_t *want = vectors_ints(r->v, "gen.codes", &n);
	struct sequence_request request = { .prompt = prompt_of(r), .n_frames = (int)n / d->n_codebooks, .melody = classes,
					    .guidance = (float)json_number(json_member(vectors_facts(r->v), "guidance"), 3) };
	struct batch_config config = { .n_slots = 1 };
	struct sequence_result result = { 0 };
	struct engine *e = NULL;
	struct batch *b = NULL;
	struct err err = ERR_INIT;
	char said[96];
	int did = 1;

	if (engine_open(&e, r->dir, &err) || batch_open(&b, e, &config, &err))
		VECTORS_BAIL("%s", err.text);
	start(r);
	if (batch_add(b, &request, &err) != BATCH_TAKEN)
		VECTORS_BAIL("%s", err.text);
	while (did > 0 && !batch_take(b, &result))
		did = batch_step(b, &err);
	if (did <= 0 || !result.is_finite)
		VECTORS_BAIL("the sequence was not made: %s", err.text);
	first = n;
	for (size_t i = 0; i < n; i++) {
		size_t frame = i % (n / (size_t)d->n_codebooks);
		bool is_same = result.codes[i] == want[i];

		n_same += is_same;
		first = !is_same && frame < first ? frame : first;
	}
	if (n_same == n)
		snprintf(said, sizeof(said), "%zu of %zu codes equal", n_same, n);
	else
		snprintf(said, sizeof(said), "%zu of %zu codes equal, the first that is not in frame %zu", n_same, n, first);
	line(r, "greedy, text to sound", n_same == n, "generate", said);
	batch_close(b);
	engine_close(e);
	return result.samples;
}

/* ---- codec ------------------------------------------------------------------------------------------------ */

static double signal_to_difference_db(const float *got, const float *want, size_t n)
{
	double signal = 0, difference = 0;

	for (size_t i = 0; i < n; i++) {
		double d = (double)got[i] - (double)want[i];

		signal += (double)want[i] * (double)want[i];
		difference += d * d;
	}
	return 10 * log10(signal / (difference > 0 ? difference : 1e-300));
}

static void decode_stage(struct run *r)
{
	size_t n, n_want;
	const int32_t *ids = vectors_ints(r->v, "gen.codes", &n);
	const float *want = vectors_floats(r->v, "dec.wav", &n_want);
	uint16_t *codes = calloc(n, sizeof(*codes));
	float *got;
	double db;
	char said[96];

	for (size_t i = 0; i < n; i++)
		codes[i] = (uint16_t)ids[i];
	start(r);
	got = stages_decode(&r->s, codes, (int)n / r->s.model->lm.n_codebooks);
	db = signal_to_difference_db(got, want, n_want);
	snprintf(said, sizeof(said), "%zu samples, %.1f dB, off by %.2g (allowed %d dB)", n_want, db, farthest(got, want, n_want),
		 DECODE_LIMIT_DB);
	line(r, "codes to sound", db >= DECODE_LIMIT_DB, "decode", said);
	free(codes);
	free(got);
}

/* The codec hears one channel; the model's channels are told the same. */
static void encode_stage(struct run *r)
{
	int n_channels = r->s.model->lm.n_channels, n_levels = r->s.model->lm.n_codebooks / n_channels, n_frames;
	size_t n, n_codes;
	const float *in = vectors_floats(r->v, "enc.in", &n);
	const int32_t *want = vectors_ints(r->v, "enc.codes", &n_codes);
	float *samples = calloc(n * (size_t)n_channels, sizeof(*samples));
	uint16_t *codes;
	char said[96];
	int first = 0;

	for (size_t i = 0; i < n * (size_t)n_channels; i++)
		samples[i] = in[i / (size_t)n_channels];
	start(r);
	codes = stages_encode(&r->s, samples, (int)n, &n_frames);
	snprintf(said, sizeof(said), "%d frames%s, equal codes by book:", n_frames, n_channels > 1 ? " (twice)" : "");
	for (int k = 0; k < n_levels; k++) {
		int n_same = 0;

		for (int t = 0; t < n_frames; t++)
			n_same += codes[k * n_channels * n_frames + t] == want[k * n_frames + t];
		snprintf(said + strlen(said), sizeof(said) - strlen(said), " %d", n_same);
		first = k ? first : n_same;
	}
	line(r, "sound to codes", (size_t)(n_frames * n_levels) == n_codes && first >= ENCODE_LIMIT * n_frames, "encode", said);
	free(samples);
	free(codes);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct run r = { .dir = argc > 1 ? argv[1] : "" };
	struct stages_told told = { 0 };
	float *text, *samples;
	uint8_t *classes;

	if (argc != 2) {
		fprintf(stderr, "usage: compare DIR\n");
		return 2;
	}
	r.v = vectors_open_part(r.dir, "compare");
	start(&r);
	if (stages_open(&r.s, r.dir, &err)) {
		fprintf(stderr, "compare: %s\n", err.text);
		return 1;
	}
	printf("%-6s %-22s %-58s %11s  %12s\n", "", "stage", "agreement", "mgbatch", "transformers");
	line(&r, "load", 1, "load", "");
	text = text_stage(&r, &told.n_text);
	classes = tune_stage(&r);
	told.text = text;
	told.classes = classes;
	told.guidance = (float)json_number(json_member(vectors_facts(r.v), "guidance"), 3);
	forced_stage(&r, &told);
	decode_stage(&r);
	encode_stage(&r);
	stages_close(&r.s);
	samples = greedy_stage(&r, classes);
	free(samples);
	free(text);
	free(classes);
	vectors_close(r.v);
	return r.n_bad > 0;
}
