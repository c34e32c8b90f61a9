/*
 * published [DIR [TABLE]]: a public checkpoint against the numbers that its makers' tests publish (TAP).
 *
 * TABLE (tests/model/published.tsv) has the numbers, this file what they are numbers of. Skipped with a sentence where DIR is
 * not given or not a model that the table knows. Each greedy case is also made by the batch, which must answer the same codes.
 *
 * The tests that the numbers are from put two prompts into one batch, so some of their padding is part of the numbers:
 * - sounds to continue have zeros before them up to the longer one's second, so both begin with silence;
 * - a text of a melody model has rows of zeros up to the longer text (nothing is masked there);
 * - of codes to continue, "logits-text-sound" feeds just these: no column of special ids before them, no delay;
 * - below 7 columns no delay at all is applied: 5 new columns are 5 frames.
 */
#include "tap.h"

#include "stages.h"

#include <ctype.h>

#define TABLE_DEFAULT "tests/model/published.tsv"
#define LINE_MAX_BYTES 4096
#define VALUES_MAX 64
#define SECOND 32000            /* samples: the longer one of the two sounds */
#define FREE_BELOW_COLUMNS 7    /* 2 * 4 - 1 */
#define PI 3.14159265358979323846

static const char *const prompts[] = { "80s music", "Club techno" };
static const double sound_seconds[] = { 0.5, 1.0 };
static const char ids_prompt[] = "90s rock song with loud guitars and heavy drums";

/* ---- what the cases are --------------------------------------------------------------------------------- */

enum case_kind { CASE_IDS, CASE_STATES, CASE_LOGITS, CASE_SOUND };
enum case_input { INPUT_NONE, INPUT_CONTINUED, INPUT_TUNE };

static const struct model_case {
	const char *name;
	enum case_kind kind;
	bool has_text;
	enum case_input input;
	float guidance;
	int n_new; /* columns to make */
} cases[] = {
	{ .name = "t5-ids", .kind = CASE_IDS },
	{ .name = "t5-rows", .kind = CASE_STATES },
	{ "logits-text", CASE_LOGITS, true, INPUT_NONE, 1, 0 },
	{ "logits-text-sound", CASE_LOGITS, true, INPUT_CONTINUED, 1, 0 },
	{ "logits-text-tune", CASE_LOGITS, true, INPUT_TUNE, 1, 0 },
	{ "sound-5", CASE_SOUND, false, INPUT_NONE, 1, 5 },
	{ "sound-10", CASE_SOUND, false, INPUT_NONE, 1, 10 },
	{ "sound-12", CASE_SOUND, false, INPUT_NONE, 1, 12 },
	{ "sound-10-text", CASE_SOUND, true, INPUT_NONE, 1, 10 },
	{ "sound-10-text-guided", CASE_SOUND, true, INPUT_NONE, 3, 10 },
	{ "sound-10-text-sound", CASE_SOUND, true, INPUT_CONTINUED, 1, 10 },
	{ "sound-12-text-sound-guided", CASE_SOUND, true, INPUT_CONTINUED, 3, 12 },
	{ "sound-10-text-tune", CASE_SOUND, true, INPUT_TUNE, 1, 10 },
	{ "sound-12-text-tune-guided", CASE_SOUND, true, INPUT_TUNE, 3, 12 },
};

/* The models that the table has numbers of, by what config.json says. */
static const struct {
	const char *name;
	int width, n_layers, n_codebooks;
	bool is_melody;
} models[] = {
	{ "small", 1024, 24, 4, false },
	{ "stereo-small", 1024, 24, 8, false },
	{ "melody", 1536, 48, 4, true },
	{ "stereo-melody", 1536, 48, 8, true },
};

/* What a case answers. */
struct answer {
	const struct model_case *of;
	int item;
	float *values; /* [n_rows][n_cols] */
	int n_rows, n_cols;
};

struct bench {
	struct stages s;
	const char *dir, *model; /* "": one that the table has no numbers of */
	struct answer last;      /* rows of the table that ask for the same */
};

/* ---- inputs ---------------------------------------------------------------------------------------------- */

/* An eighth of a second of silence, then one of 440 Hz, and so on; zeros around it up to a second. */
static void bip(float *out, int item, bool is_at_end)
{
	int n = (int)(sound_seconds[item] * SECOND), from = is_at_end ? SECOND - n : 0;

	for (int i = 0; i < SECOND; i++) {
		double t = (double)(i - from) / SECOND;

		out[i] = i >= from && i < from + n && fmod(t, 0.25) / 0.25 >= 0.5 ? (float)cos(2 * PI * 440 * t) : 0;
	}
}

static uint8_t *tune_of(const struct bench *b, int item)
{
	float mono[SECOND];

	bip(mono, item, false);
	return stages_tune(&b->s, mono, SECOND);
}

static uint16_t *codes_of(struct bench *b, int item, int *n_frames)
{
	int n_channels = b->s.model->lm.n_channels;
	float mono[SECOND], *samples = malloc(sizeof(mono) * (size_t)n_channels);
	uint16_t *codes;

	bip(mono, item, true);
	for (int i = 0; i < SECOND * n_channels; i++)
		samples[i] = mono[i / n_channels];
	codes = stages_encode(&b->s, samples, SECOND, n_frames);
	free(samples);
	return codes;
}

/* Rows of text of one item, as `told` wants them; *is_padded: the batch of the numbers gave it rows that it has not alone. */
static float *text_of(struct bench *b, const struct model_case *c, int item, int *n_text, bool *is_padded)
{
	const struct lm_dims *d = &b->s.model->lm;
	int ids[2][ENGINE_PROMPT_TOKENS_MAX], n[2];
	float *own, *rows;

	*is_padded = false;
	*n_text = d->melody_classes > 0;
	if (!c->has_text)
		return NULL;
	for (int i = 0; i < 2; i++)
		n[i] = stages_ids(&b->s, prompts[i], ids[i]);
	own = stages_text(&b->s, ids[item], n[item], NULL);
	*n_text = n[item];
	if (d->melody_classes == 0 || n[1 - item] <= n[item])
		return own;
	*is_padded = true;
	*n_text = n[1 - item];
	rows = calloc((size_t)*n_text * (size_t)d->width, sizeof(*rows));
	memcpy(rows, own, (size_t)n[item] * (size_t)d->width * sizeof(*rows));
	free(own);
	return rows;
}

/* ---- the cases ------------------------------------------------------------------------------------------- */

static void answer_text(struct bench *b, struct answer *a)
{
	int ids[ENGINE_PROMPT_TOKENS_MAX], n = stages_ids(&b->s, ids_prompt, ids);

	if (a->of->kind == CASE_IDS) {
		*a = (struct answer){ a->of, a->item, malloc((size_t)n * sizeof(float)), 1, n };
		for (int i = 0; i < n; i++)
			a->values[i] = (float)ids[i];
		return;
	}
	a->n_rows = n;
	a->n_cols = b->s.model->t5.width;
	a->values = malloc((size_t)n * (size_t)a->n_cols * sizeof(float));
	free(stages_text(&b->s, ids, n, a->values));
}

/* Of the last column fed. */
static void answer_logits(struct bench *b, struct answer *a, const struct stages_told *told, const uint16_t *given, int n_given)
{
	const struct lm_dims *d = &b->s.model->lm;
	uint16_t first[MODEL_CODEBOOKS_MAX];
	struct stages_guess g;
	int n = given ? n_given : 1;
	float *all = malloc((size_t)n * (size_t)d->n_codebooks * (size_t)d->n_codes * sizeof(*all));

	for (int k = 0; k < d->n_codebooks; k++)
		first[k] = (uint16_t)d->n_codes;
	stages_guess_open(&g, &b->s, told, n);
	stages_guess_feed(&g, given ? given : first, n, 0, n, all);
	stages_guess_close(&g);
	a->n_rows = d->n_codebooks;
	a->n_cols = d->n_codes;
	a->values = malloc((size_t)a->n_rows * (size_t)a->n_cols * sizeof(float));
	memcpy(a->values, all + (size_t)(n - 1) * (size_t)a->n_rows * (size_t)a->n_cols, (size_t)a->n_rows * (size_t)a->n_cols * sizeof(float));
	free(all);
}

/* The same by the batch: codes equal. */
static void check_batch(struct bench *b, const struct answer *a, const struct stages_told *told, const struct stages_plan *plan,
			const uint16_t *codes)
{
	struct sequence_request request = {
		.prompt = a->of->has_text ? prompts[a->item] : NULL, .n_frames = stages_n_frames(&b->s, plan), .guidance = told->guidance,
		.codes = plan->given, .n_codes_frames = plan->n_given, .melody = told->classes,
	};
	struct batch_config config = { .n_slots = 1 };
	struct sequence_result result = { 0 };
	struct engine *e = NULL;
	struct batch *batch = NULL;
	struct err err = ERR_INIT;
	bool is_made = !engine_open(&e, b->dir, &err) && !batch_open(&batch, e, &config, &err) &&
		       batch_add(batch, &request, &err) == BATCH_TAKEN;
	size_t bytes = (size_t)b->s.model->lm.n_codebooks * (size_t)request.n_frames * sizeof(*codes);

	while (is_made && !batch_take(batch, &result))
		is_made = batch_step(batch, &err) > 0;
	if (!OK(is_made && !memcmp(result.codes, codes, bytes), "%s %s: the batch makes the same codes", b->model, a->of->name))
		printf("# %s\n", err.text);
	free(result.samples);
	batch_close(batch);
	engine_close(e);
}

static void answer_sound(struct bench *b, struct answer *a, const struct stages_told *told, const uint16_t *given, int n_given, bool is_padded)
{
	struct stages_plan plan = { .n_columns = 1 + n_given + a->of->n_new, .given = given, .n_given = n_given };
	uint16_t *codes;
	int n_frames;

	plan.is_free = plan.n_columns < FREE_BELOW_COLUMNS;
	n_frames = stages_n_frames(&b->s, &plan);
	codes = stages_greedy(&b->s, told, &plan);
	a->n_rows = b->s.model->lm.n_channels;
	a->n_cols = n_frames * b->s.model->codec.frame_samples;
	a->values = stages_decode(&b->s, codes, n_frames);
	if (!is_padded && !plan.is_free)
		check_batch(b, a, told, &plan, codes);
	free(codes);
}

static void answer_model(struct bench *b, struct answer *a)
{
	struct stages_told told = { .guidance = a->of->guidance };
	bool is_padded;
	float *text = text_of(b, a->of, a->item, &told.n_text, &is_padded);
	uint8_t *classes = a->of->input == INPUT_TUNE ? tune_of(b, a->item) : NULL;
	int n_given = 0;
	uint16_t *given = a->of->input == INPUT_CONTINUED ? codes_of(b, a->item, &n_given) : NULL;

	told.text = text;
	told.classes = classes;
	if (a->of->kind == CASE_LOGITS)
		answer_logits(b, a, &told, given, n_given);
	else
		answer_sound(b, a, &told, given, n_given, is_padded);
	free(text);
	free(classes);
	free(given);
}

static const struct answer *answer_of(struct bench *b, const struct model_case *c, int item)
{
	if (b->last.of == c && b->last.item == item)
		return &b->last;
	free(b->last.values);
	b->last = (struct answer){ .of = c, .item = item };
	if (c->kind == CASE_IDS || c->kind == CASE_STATES)
		answer_text(b, &b->last);
	else
		answer_model(b, &b->last);
	return &b->last;
}

/* ---- the table ------------------------------------------------------------------------------------------- */

struct row {
	char model[32], name[64];
	int item, row, begin;
	double absolute, relative;
	double values[VALUES_MAX];
	int n_values;
};

/* 1: a row, 0: a blank line or a comment, -1: neither. */
static int read_row(const char *line, struct row *r)
{
	int at = 0, used;

	if (line[0] == '#' || isspace((unsigned char)line[0]))
		return 0;
	*r = (struct row){ 0 };
	if (sscanf(line, "%31s %63s %d %d %d %lf %lf%n", r->model, r->name, &r->item, &r->row, &r->begin, &r->absolute, &r->relative, &at) != 7)
		return -1;
	while (r->n_values < VALUES_MAX && sscanf(line + at, "%lf%n", &r->values[r->n_values], &used) == 1) {
		at += used;
		r->n_values++;
	}
	return r->n_values > 0 && r->item >= 0 && r->item <= 1 ? 1 : -1;
}

static const struct model_case *case_of(const char *name)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(cases[i].name, name))
			return &cases[i];
	return NULL;
}

static void check_row(struct bench *b, const struct row *r)
{
	const struct model_case *c = case_of(r->name);
	const struct answer *a = c ? answer_of(b, c, r->item) : NULL;
	int begin = a && r->begin < 0 ? a->n_cols + r->begin : r->begin, n_met = 0;
	double worst = 0;

	if (!OK(a && r->row >= 0 && r->row < a->n_rows && begin >= 0 && begin + r->n_values <= a->n_cols,
		"%s %s: there are values %d to %d of row %d", r->model, r->name, begin, begin + r->n_values - 1, r->row))
		return;
	if (c->kind == CASE_IDS)
		IS_INT(a->n_cols, r->n_values, "as many ids as published");
	for (int i = 0; i < r->n_values; i++) {
		double d = fabs((double)a->values[(size_t)r->row * (size_t)a->n_cols + (size_t)(begin + i)] - r->values[i]);

		n_met += d <= r->absolute + r->relative * fabs(r->values[i]);
		worst = d > worst ? d : worst;
	}
	if (OK(n_met == r->n_values, "%s %s: item %d, row %d, %d values from %d, off by %.2g", r->model, r->name, r->item, r->row,
	       r->n_values, r->begin, worst))
		return;
	for (int i = 0; i < r->n_values; i++)
		printf("# got %.5g, published %.5g\n", (double)a->values[(size_t)r->row * (size_t)a->n_cols + (size_t)(begin + i)], r->values[i]);
}

static void check_table(struct bench *b, FILE *table)
{
	char line[LINE_MAX_BYTES];
	struct row r;
	int is_row;

	while (fgets(line, sizeof(line), table)) {
		is_row = read_row(line, &r);
		if (is_row < 0 && !OK(0, "the table's line is one: %.60s", line))
			return;
		if (is_row > 0 && (!strcmp(r.model, "any") || !strcmp(r.model, b->model)))
			check_row(b, &r);
	}
}

/* T5 base inside is what all public ones have; NULL: none of them. */
static const char *model_of(const struct model *m)
{
	if (m->t5.width != 768 || m->t5.n_layers != 12 || m->codec.rate_hz != 32000)
		return NULL;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (m->lm.width == models[i].width && m->lm.n_layers == models[i].n_layers &&
		    m->lm.n_codebooks == models[i].n_codebooks && (m->lm.melody_classes > 0) == models[i].is_melody)
			return models[i].name;
	return "";
}

int main(int argc, char **argv)
{
	const char *path = argc > 2 ? argv[2] : TABLE_DEFAULT;
	struct bench b = { .dir = argc > 1 ? argv[1] : "" };
	struct err err = ERR_INIT;
	FILE *table;

	if (!b.dir[0])
		SKIP_ALL("no checkpoint: make test-model MODEL=folder holds a public one against the numbers published of it");
	if (!(table = fopen(path, "r"))) {
		printf("Bail out! cannot read %s; run from the root of the sources\n", path);
		return 1;
	}
	if (stages_open(&b.s, b.dir, &err)) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	b.model = model_of(b.s.model);
	if (!b.model)
		SKIP_ALL("this checkpoint has not the shape of a public MusicGen: there are no numbers published of it");
	printf("# %s: %s\n", b.dir, b.model[0] ? b.model : "a shape of which only the text encoder's numbers are published");
	check_table(&b, table);
	free(b.last.values);
	fclose(table);
	stages_close(&b.s);
	return tap_done();
}
