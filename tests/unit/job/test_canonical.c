/*
 * Identity: canonical text, ids, derived seeds. The ids and seeds below were
 * computed apart from this program (sha256 over the texts shown): they may never
 * change after release, or every ledger loses its jobs.
 */
#include "tap.h"

#include "base/text.h"
#include "job/job.h"

#include <limits.h>

#define MADE "\"made_by\":\"fake\",\"model\":\"meta-musicgen\",\"params\":"
#define SNOWMAN "\xe2\x98\x83"

static const struct fake_script no_script = { 0, NULL, 0, 0 };
static const struct job_maker fake_maker = { PARAM_FAKE, "fake", NULL };
static const struct job_maker native_maker = { PARAM_NATIVE, "native:00ff", NULL };

struct setting {
	const char *name, *text;
};

/* A job with values read from text, as a manifest says them. */
struct fixture {
	struct job job;
	struct value values[CARD_PARAMS_MAX];
};

static void make(struct fixture *f, const struct card *card, const struct job_maker *maker, const struct setting *settings)
{
	struct strbuf why = STRBUF_INIT(500);
	struct fixture zero = { 0 };
	int i;

	*f = zero;
	f->job.card = card;
	f->job.maker = maker;
	f->job.values = f->values;
	f->job.set = "";
	f->job.take = 1;
	f->job.fake = &no_script;
	for (; settings->name; settings++) {
		bool quoted = card_param(card, card_find(card, settings->name))->type == PARAM_TEXT;

		i = card_find(card, settings->name);
		if (value_read(card, i, maker->backend, settings->text, quoted, &f->values[i], &why))
			OK(0, "%s %s", settings->name, why.buf);
	}
	strbuf_release(&why);
	job_identify(&f->job);
}

static const char *canonical(const struct job *job)
{
	static char text[4000];
	struct strbuf sb = STRBUF_INIT(sizeof text - 1);

	job_canonical(job, &sb);
	(void)snprintf(text, sizeof text, "%s", sb.buf);
	strbuf_release(&sb);
	return text;
}

static const char *id_of(const struct job *job)
{
	static char id[JOB_ID_SIZE];

	job_id_text(id, job->id);
	return id;
}

static const struct {
	const char *name;
	struct setting settings[8];
	const char *text, *id; /* id NULL: not pinned */
} goldens[] = {
	{ "nothing said", { { NULL, NULL } }, "{" MADE "{}}", "uyv75xzctjar" },
	{ "a prompt", { { "prompt", "soft rain" } }, "{" MADE "{\"prompt\":\"soft rain\"}}", "n7nocc547im5" },
	{ "defaults said are not there",
	  { { "prompt", "soft rain" }, { "duration", "8.0" }, { "guidance", "3" }, { "topK", "250" }, { "seed", "-1" },
	    { "modelVersion", "stereo-melody-large" } },
	  "{" MADE "{\"prompt\":\"soft rain\"}}", "n7nocc547im5" },
	{ "names are sorted", { { "temperature", "0.1" }, { "seed", "1" }, { "prompt", "soft rain" } },
	  "{" MADE "{\"prompt\":\"soft rain\",\"seed\":1,\"temperature\":0.1}}", "josumuieypvt" },
	{ "escapes, UTF-8, 2^53-1",
	  { { "duration", "30" }, { "modelVersion", "small" }, { "multiBandDiffusion", "true" },
	    { "prompt", "a \"quote\" \\ \001\t" SNOWMAN }, { "seed", "9007199254740991" } },
	  "{" MADE "{\"duration\":30,\"modelVersion\":\"small\",\"multiBandDiffusion\":true,"
	  "\"prompt\":\"a \\\"quote\\\" \\\\ \\u0001\\t" SNOWMAN "\",\"seed\":9007199254740991}}", "ajl3myuyegly" },
	{ "an alias is its name", { { "guidance", "1e0" } }, "{" MADE "{\"classifierFreeGuidance\":1}}", NULL },
	{ "1.0 is 1", { { "seed", "1.0" } }, "{" MADE "{\"seed\":1}}", NULL },
	{ "1e0 is 1", { { "seed", "1e0" } }, "{" MADE "{\"seed\":1}}", NULL },
	{ "-0 is 0", { { "temperature", "-0" } }, "{" MADE "{\"temperature\":0}}", NULL },
	{ "0.1 is 0.1", { { "temperature", "1e-1" } }, "{" MADE "{\"temperature\":0.1}}", NULL },
	{ "a third", { { "temperature", "0.33333333333333331" } }, "{" MADE "{\"temperature\":0.3333333333333333}}", NULL },
	{ "small", { { "temperature", "0.0000001" } }, "{" MADE "{\"temperature\":1e-7}}", NULL },
	{ "great", { { "temperature", "1e21" } }, "{" MADE "{\"temperature\":1e+21}}", NULL },
};

static void test_goldens(const struct card *card)
{
	struct fixture f;
	size_t i;

	for (i = 0; i < sizeof goldens / sizeof *goldens; i++) {
		make(&f, card, &fake_maker, goldens[i].settings);
		IS_TEXT(canonical(&f.job), goldens[i].text, goldens[i].name);
		if (goldens[i].id)
			IS_TEXT(id_of(&f.job), goldens[i].id, "  and its id");
	}
	make(&f, card, &native_maker, goldens[1].settings);
	IS_TEXT(canonical(&f.job), "{\"made_by\":\"native:00ff\",\"model\":\"meta-musicgen\",\"params\":{\"prompt\":\"soft rain\"}}",
		"what made it is part of it");
}

/* A file counts by its content, under the parameter's name, and never by its path. */
static void test_inputs(const struct card *card)
{
	static const char hex[] = "abababababababababababababababababababababababababababababababab";
	static const struct setting here[] = { { "inputAudio", "a.wav" }, { "continuation", "true" }, { NULL, NULL } };
	static const struct setting there[] = { { "inputAudio", "x/b.wav" }, { "continuation", "true" }, { NULL, NULL } };
	struct fixture a, b;
	char want[400];

	make(&a, card, &fake_maker, here);
	a.job.input_sha256 = hex;
	job_identify(&a.job);
	(void)snprintf(want, sizeof want, "{\"inputs\":{\"inputAudio\":\"%s\"}," MADE "{\"continuation\":true}}", hex);
	IS_TEXT(canonical(&a.job), want, "an input by its content");
	IS_TEXT(id_of(&a.job), "rn5pveifbllo", "  and its id");
	make(&b, card, &fake_maker, there);
	b.job.input_sha256 = hex;
	job_identify(&b.job);
	OK(memcmp(a.job.id, b.job.id, HASH_BYTES) == 0, "the same content elsewhere is the same job");
}

/* What is not in a job's id: where it stands and what it is called. */
static void test_not_in_the_id(const struct card *card)
{
	static const char *const tags[] = { "x" };
	static const struct job_axis axes[] = { { "temperature", "1" } };
	struct fixture a, b;

	make(&a, card, &fake_maker, goldens[3].settings);
	make(&b, card, &fake_maker, goldens[3].settings);
	b.job.set = "other";
	b.job.path = "other/path.flac";
	b.job.tags = tags;
	b.job.n_tags = 1;
	b.job.axes = axes;
	b.job.n_axes = 1;
	b.job.take = 7;
	b.job.ordinal = 99;
	b.job.line = 12;
	job_identify(&b.job);
	OK(memcmp(a.job.id, b.job.id, HASH_BYTES) == 0, "set, path, tags, axes, take, order and line are not in the id");
}

/* ---- a card that grows ------------------------------------------------------- */

#define CARD_HEAD                                                                                                       \
	"{\"card\": 1, \"model\": \"meta-musicgen\", \"hosted_model\": \"h\", \"params\": ["                            \
	"{\"name\": \"prompt\", \"letter\": \"p\", \"type\": \"text\", \"help\": \"P.\"},"
#define CARD_SEED "{\"name\": \"seed\", \"letter\": \"s\", \"type\": \"integer\", \"help\": \"S.\"}"

/* Rows before and after, of every type, and a later change of a default. */
static const char *const grown[] = {
	CARD_HEAD CARD_SEED "]}",
	CARD_HEAD CARD_SEED
	",{\"name\": \"z\", \"letter\": \"z\", \"type\": \"number\", \"help\": \"Z.\", \"default\": 0.5, \"neutral\": 0.5}]}",
	CARD_HEAD "{\"name\": \"b\", \"letter\": \"b\", \"type\": \"boolean\", \"help\": \"B.\", \"default\": true, \"neutral\": true},"
	"{\"name\": \"q\", \"letter\": \"q\", \"type\": \"text\", \"help\": \"Q.\", \"default\": \"x\", \"neutral\": \"x\"},"
	"{\"name\": \"c\", \"letter\": \"c\", \"type\": \"choice\", \"choices\": [\"x\", \"y\"], \"help\": \"C.\", \"default\": \"y\", "
	"\"neutral\": \"y\"}," CARD_SEED "]}",
};

static void test_growing_card(void)
{
	static const struct setting settings[] = { { "prompt", "soft rain" }, { "seed", "1" }, { NULL, NULL } };
	unsigned char first[HASH_BYTES] = { 0 };
	int64_t seed = 0;
	size_t i;

	for (i = 0; i < sizeof grown / sizeof *grown; i++) {
		struct card *card = NULL;
		struct err err = ERR_INIT;
		struct fixture f;

		if (!OK(card_parse(&card, grown[i], strlen(grown[i]), &err) == 0, "card %zu %s", i, err.text))
			continue;
		make(&f, card, &fake_maker, settings);
		if (i == 0) {
			memcpy(first, f.job.id, HASH_BYTES);
			seed = job_derived_seed(&f.job, 3);
		}
		OK(memcmp(first, f.job.id, HASH_BYTES) == 0, "a new row with a neutral default keeps the id");
		OK(job_derived_seed(&f.job, 3) == seed, "  and the seed");
		card_close(card);
	}
}

/* A default that moves away from neutral changes what is made, and so the id. */
static void test_moved_default(void)
{
	static const char form[] = CARD_HEAD "{\"name\": \"d\", \"letter\": \"d\", \"type\": \"number\", \"help\": \"D.\", \"default\": %s, "
				   "\"neutral\": 8}]}";
	static const struct setting plain[] = { { "prompt", "x" }, { NULL, NULL } };
	static const struct setting eight[] = { { "prompt", "x" }, { "d", "8" }, { NULL, NULL } };
	char old_text[600], new_text[600];
	struct card *old_card = NULL, *new_card = NULL;
	struct err err = ERR_INIT;
	struct fixture a, b, c;

	(void)snprintf(old_text, sizeof old_text, form, "8");
	(void)snprintf(new_text, sizeof new_text, form, "10");
	if (!OK(card_parse(&old_card, old_text, strlen(old_text), &err) == 0 &&
		card_parse(&new_card, new_text, strlen(new_text), &err) == 0, "two cards %s", err.text))
		return;
	make(&a, old_card, &fake_maker, plain);
	make(&b, new_card, &fake_maker, plain);
	make(&c, new_card, &fake_maker, eight);
	OK(memcmp(a.job.id, b.job.id, HASH_BYTES) != 0, "the new default is another job");
	OK(memcmp(a.job.id, c.job.id, HASH_BYTES) == 0, "the old value said is the old job");
	card_close(old_card);
	card_close(new_card);
}

/* ---- seeds ------------------------------------------------------------------- */

static void test_seeds(const struct card *card)
{
	static const int64_t want[] = { 749003785, 1715558128, 1841239958, 1145531964, 1594933573 };
	static const struct setting seeded[] = { { "prompt", "soft rain" }, { "seed", "77" }, { NULL, NULL } };
	struct fixture f, g;
	int64_t lowest = INT64_MAX, highest = 0;
	int i, n_low = 0;

	make(&f, card, &fake_maker, goldens[1].settings);
	for (i = 0; i < 5; i++)
		IS_INT(job_derived_seed(&f.job, i + 1), want[i], "the derived seed of a take");
	make(&g, card, &native_maker, goldens[1].settings);
	IS_INT(job_derived_seed(&g.job, 2), want[1], "does not depend on what makes it");
	make(&g, card, &fake_maker, seeded);
	IS_INT(job_derived_seed(&g.job, 2), want[1], "nor on a seed that is there");
	g.job.take = 5;
	IS_INT(job_derived_seed(&g.job, 2), want[1], "nor on the job's own take");
	make(&g, card, &fake_maker, goldens[3].settings);
	OK(job_derived_seed(&g.job, 2) != want[1], "but on the other parameters");
	for (i = 1; i <= 4000; i++) {
		int64_t seed = job_derived_seed(&f.job, i);

		lowest = seed < lowest ? seed : lowest;
		highest = seed > highest ? seed : highest;
		n_low += seed <= INT32_MAX / 2;
	}
	OK(lowest >= 1 && highest <= INT32_MAX, "seeds are 1..2^31-1: %lld..%lld", (long long)lowest, (long long)highest);
	OK(lowest < INT32_MAX / 500 && highest > INT32_MAX - INT32_MAX / 500, "  and reach all of it");
	OK(n_low > 1850 && n_low < 2150, "  evenly: %d of 4000 in the lower half", n_low);
}

static void test_getters(const struct card *card)
{
	static const struct setting settings[] = { { "prompt", "x" }, { "duration", "2.5" }, { "multiBandDiffusion", "true" }, { NULL, NULL } };
	struct fixture f;

	make(&f, card, &fake_maker, settings);
	IS_NEAR(job_audio_seconds(&f.job), 2.5, 0, "seconds said");
	IS_NEAR(job_number(&f.job, "temperature", -5), 1, 0, "a default");
	IS_NEAR(job_number(&f.job, "seed", -5), -5, 0, "neither said nor a default");
	IS_NEAR(job_number(&f.job, "prompt", -5), -5, 0, "no number");
	IS_NEAR(job_number(&f.job, "nonsense", -5), -5, 0, "no parameter");
	IS_TEXT(job_text(&f.job, "prompt", "?"), "x", "a text");
	IS_TEXT(job_text(&f.job, "normalizationStrategy", "?"), "loudness", "a default text");
	IS_TEXT(job_text(&f.job, "inputAudio", "?"), "?", "no text");
	OK(job_flag(&f.job, "multiBandDiffusion", false) && !job_flag(&f.job, "continuation", true), "flags");
	OK(job_flag(&f.job, "prompt", true), "no flag");
}

int main(void)
{
	struct card *card = NULL;
	struct err err = ERR_INIT;

	if (!OK(card_open(&card, "meta-musicgen", &err) == 0, "the card %s", err.text))
		return tap_done();
	test_goldens(card);
	test_inputs(card);
	test_not_in_the_id(card);
	test_growing_card();
	test_moved_default();
	test_seeds(card);
	test_getters(card);
	card_close(card);
	return tap_done();
}
