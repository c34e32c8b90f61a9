/* The built-in card against the model's page, look-ups, and what a bad card is told. */
#include "tap.h"

#include "base/mem.h"
#include "param/param.h"

#define FOREVER 1e300 /* "no bound" in the table below */

/* The model's page, typed in a second time: a slip in the card is found here. */
static const struct page_row {
	const char *name;
	enum param_type type;
	const char *fallback; /* printed; NULL: none */
	double min, max;
	const char *choices; /* joined by blanks */
} page[] = {
	{ "modelVersion", PARAM_CHOICE, "stereo-melody-large", -FOREVER, FOREVER, "stereo-melody-large stereo-large melody-large large" },
	{ "prompt", PARAM_TEXT, NULL, -FOREVER, FOREVER, "" },
	{ "inputAudio", PARAM_FILE, NULL, -FOREVER, FOREVER, "" },
	{ "duration", PARAM_NUMBER, "8", 1, 30, "" },
	{ "continuation", PARAM_BOOLEAN, "false", -FOREVER, FOREVER, "" },
	{ "continuationStart", PARAM_NUMBER, "0", 0, FOREVER, "" },
	{ "continuationEnd", PARAM_NUMBER, NULL, 0, FOREVER, "" },
	{ "multiBandDiffusion", PARAM_BOOLEAN, "false", -FOREVER, FOREVER, "" },
	{ "normalizationStrategy", PARAM_CHOICE, "loudness", -FOREVER, FOREVER, "loudness clip peak rms" },
	{ "temperature", PARAM_NUMBER, "1", -FOREVER, FOREVER, "" },
	{ "classifierFreeGuidance", PARAM_NUMBER, "3", 0, 10, "" },
	{ "seed", PARAM_INTEGER, NULL, 0, 9007199254740991.0, "" },
};
#define N_PAGE (sizeof page / sizeof *page)

static void check_page_row(const struct card *card, const struct page_row *row)
{
	int index = card_find(card, row->name);
	struct strbuf text = STRBUF_INIT(1000);
	const struct param_scope *s;
	size_t i;

	if (!OK(index >= 0, "%s is there", row->name))
		return;
	s = &card_param(card, index)->scope[PARAM_SCENARIO];
	OK(s->exists && card_param(card, index)->type == row->type, "%s: type", row->name);
	value_print(&text, &s->fallback);
	IS_TEXT(text.buf, row->fallback ? row->fallback : "", "  default");
	OK(value_equal(&s->fallback, &card_param(card, index)->neutral), "%s: neutral is the page's default", row->name);
	OK((s->has_min ? s->min : -FOREVER) == row->min && (s->has_max ? s->max : FOREVER) == row->max, "%s: range", row->name);
	strbuf_reset(&text);
	for (i = 0; i < s->n_choices; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", s->choices[i]);
	IS_TEXT(text.buf, row->choices, "  choices");
	strbuf_release(&text);
}

static void test_page(const struct card *card)
{
	const struct param_scope *native;
	size_t i, n_hosted = 0;

	IS_TEXT(card_model(card), "meta-musicgen", "the model");
	IS_TEXT(card_hosted_model(card), "model_meta-musicgen", "its hosted name");
	for (i = 0; i < N_PAGE; i++)
		check_page_row(card, &page[i]);
	for (i = 0; i < (size_t)card_n_params(card); i++)
		n_hosted += card_param(card, (int)i)->scope[PARAM_SCENARIO].exists;
	IS_INT(n_hosted, N_PAGE, "the hosted model has these and no others");
	native = card_param(card, card_find(card, "topK"))->scope;
	OK(native[PARAM_NATIVE].exists && native[PARAM_FAKE].exists, "topK is native");
	OK(native[PARAM_NATIVE].fallback.as.number == 250 && native[PARAM_NATIVE].max == 2048, "topK: 250, at most 2048");
	native = card_param(card, card_find(card, "topP"))->scope;
	OK(native[PARAM_NATIVE].exists && native[PARAM_NATIVE].fallback.as.number == 0, "topP is native, and off");
}

static void test_rows(const struct card *card)
{
	int i, k, b;

	for (i = 0; i < card_n_params(card); i++) {
		const struct param *p = card_param(card, i);
		size_t len = strlen(p->help);

		OK(len > 20 && len <= 160 && p->help[len - 1] == '.', "%s: help is a sentence", p->name);
		IS_INT(card_find(card, p->name), i, "  found by its name");
		IS_TEXT(card_suggest(card, p->name), p->name, "  suggested for its name");
		for (k = 0; k < (int)p->n_also; k++) {
			IS_INT(card_find(card, p->also[k]), -1, "  an also-word is no name");
			IS_TEXT(card_suggest(card, p->also[k]), p->name, p->also[k]);
		}
		for (b = 0; b < PARAM_N_BACKENDS; b++)
			OK(p->scope[b].exists || p->scope[b].fallback.kind == VALUE_NONE, "%s: no default where it is not",
			   p->name);
	}
}

static void test_suggest(const struct card *card)
{
	static const struct {
		const char *word, *want;
	} rows[] = {
		{ "cfg", "classifierFreeGuidance" },
		{ "cfg_scale", "classifierFreeGuidance" },
		{ "guidance_scale", "classifierFreeGuidance" },
		{ "classifier_free_guidance", "classifierFreeGuidance" },
		{ "guidance", "guidance" },
		{ "guidence", "guidance" },
		{ "text", "prompt" },
		{ "Prompt", "prompt" },
		{ "promt", "prompt" },
		{ "description", "prompt" },
		{ "seconds", "duration" },
		{ "length", "duration" },
		{ "duraton", "duration" },
		{ "melody", "inputAudio" },
		{ "audio", "inputAudio" },
		{ "input_audio", "inputAudio" },
		{ "model", "modelVersion" },
		{ "model_version", "modelVersion" },
		{ "model-version", "modelVersion" },
		{ "temp", "temperature" },
		{ "temprature", "temperature" },
		{ "top_k", "topK" },
		{ "k", "topK" },
		{ "top_p", "topP" },
		{ "normalisation_strategy", "normalizationStrategy" },
		{ "multi_band_diffusion", "multiBandDiffusion" },
		{ "mbd", "multiBandDiffusion" },
		{ "random_seed", "seed" },
		{ "zzzzzzzzzz", NULL },
		{ "", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		IS_TEXT(card_suggest(card, rows[i].word), rows[i].want, rows[i].word);
	IS_INT(card_find(card, "guidance"), card_find(card, "classifierFreeGuidance"), "the alias is found");
}

/* ---- bad cards ------------------------------------------------------------- */

#define HEAD "{\"card\": 1, \"model\": \"m\", \"hosted_model\": \"h\", "
#define ROW(rest) HEAD "\"params\": [{\"name\": \"a\", \"letter\": \"a\", \"help\": \"A.\", " rest "}]}"
#define RULE(rule) HEAD "\"params\": [{\"name\": \"a\", \"letter\": \"a\", \"help\": \"A.\", \"type\": \"number\"}], \"rules\": [" rule "]}"

static const struct {
	const char *text, *want; /* a part of the sentence; NULL: a good card */
} cards[] = {
	{ ROW("\"type\": \"number\""), NULL },
	{ ROW("\"type\": \"number\", \"default\": 1, \"neutral\": 2, \"min\": 0, \"fake\": {\"min\": null, \"default\": -3}"), NULL },
	{ ROW("\"type\": \"choice\", \"choices\": [\"x\"]"), NULL },
	{ ROW("\"type\": \"integer\", \"not_given\": -1, \"native\": {\"exists\": false}"), NULL },
	{ RULE("{\"need\": [\"a\"], \"say\": \"no {a}\"}"), NULL },
	{ RULE("{\"if\": {\"a\": [1, 2], \"version\": [\"stereo\", \"not melody\"]}, \"refuse\": \"a\", \"say\": \"x\"}"), NULL },
	{ "", "model card" },
	{ "[]", "must be an object" },
	{ "{}", "'card' must be 1" },
	{ "{\"card\": 2}", "'card' must be 1" },
	{ "{\"card\": 1}", "'model'" },
	{ HEAD "\"params\": []}", "'params'" },
	{ HEAD "\"params\": [], \"more\": 1}", "'more' is not known" },
	{ HEAD "\"model\": \"x\", \"params\": []}", "twice" },
	{ HEAD "\"params\": [1]}", "parameter 1: must be an object" },
	{ HEAD "\"params\": [{\"name\": \"a\"}]}", "parameter 'a': 'letter'" },
	{ ROW("\"type\": \"text\", \"colour\": 1"), "parameter 'a': 'colour' is not known" },
	{ ROW("\"type\": \"float\""), "'float'" },
	{ ROW("\"type\": 3"), "'type'" },
	{ ROW("\"type\": \"text\", \"min\": 0"), "only for numbers" },
	{ ROW("\"type\": \"number\", \"min\": \"0\""), "'min' must be a number" },
	{ ROW("\"type\": \"number\", \"min\": 3, \"max\": 2"), "'min' is greater" },
	{ ROW("\"type\": \"number\", \"default\": 1"), "belong together" },
	{ ROW("\"type\": \"number\", \"neutral\": 1"), "belong together" },
	{ ROW("\"type\": \"number\", \"default\": \"1\", \"neutral\": 1"), "'default' is not of" },
	{ ROW("\"type\": \"number\", \"default\": 1, \"neutral\": true"), "'neutral' is not of" },
	{ ROW("\"type\": \"number\", \"default\": 5, \"neutral\": 1, \"max\": 2"), "'default' is outside" },
	{ ROW("\"type\": \"number\", \"default\": 1, \"neutral\": 5, \"max\": 2"), "'neutral' is outside" },
	{ ROW("\"type\": \"integer\", \"default\": 1.5, \"neutral\": 1"), "'default' is outside" },
	{ ROW("\"type\": \"choice\""), "'choices'" },
	{ ROW("\"type\": \"text\", \"choices\": [\"a\"]"), "'choices'" },
	{ ROW("\"type\": \"choice\", \"choices\": [\"a\", \"a\"]"), "'a' twice" },
	{ ROW("\"type\": \"choice\", \"choices\": [\"a\", 1]"), "must hold texts" },
	{ ROW("\"type\": \"choice\", \"choices\": [\"a\"], \"default\": \"b\", \"neutral\": \"a\""), "'default' is outside" },
	{ ROW("\"type\": \"text\", \"not_given\": \"x\""), "only for numbers" },
	{ ROW("\"type\": \"number\", \"native\": {\"type\": \"text\"}"), "'native': 'type' is not known" },
	{ ROW("\"type\": \"number\", \"native\": {\"default\": 2}"), "needs a 'neutral'" },
	{ ROW("\"type\": \"number\", \"max\": 5, \"native\": {\"min\": 6}"), "'native': 'min' is greater" },
	{ ROW("\"type\": \"number\", \"native\": {\"exists\": 1}"), "'exists' must be" },
	{ ROW("\"type\": \"number\", \"alias\": \"Seed!\""), "letters and digits" },
	{ ROW("\"type\": \"number\", \"alias\": \"take\""), "'take' is reserved" },
	{ ROW("\"type\": \"number\"}, {\"name\": \"A\", \"letter\": \"b\", \"help\": \"B.\", \"type\": \"number\""), "'A' is taken" },
	{ ROW("\"type\": \"number\"}, {\"name\": \"b\", \"letter\": \"a\", \"help\": \"B.\", \"type\": \"number\""), "letter 'a'" },
	{ RULE("1"), "rule 1: must be an object" },
	{ RULE("{\"say\": \"x\"}"), "must be there" },
	{ RULE("{\"need\": \"a\"}"), "'say'" },
	{ RULE("{\"need\": \"b\", \"say\": \"x\"}"), "'b' is no parameter" },
	{ RULE("{\"need\": [], \"say\": \"x\"}"), "names 1 to" },
	{ RULE("{\"need\": \"a\", \"refuse\": \"a\", \"say\": \"x\"}"), "only one" },
	{ RULE("{\"refuse\": [\"a\", \"a\"], \"say\": \"x\"}"), "one parameter" },
	{ RULE("{\"less\": [\"a\"], \"say\": \"x\"}"), "two parameters" },
	{ RULE("{\"need\": \"a\", \"say\": \"{b}\"}"), "'say'" },
	{ RULE("{\"need\": \"a\", \"say\": \"{a\"}"), "'say'" },
	{ RULE("{\"if\": 1, \"need\": \"a\", \"say\": \"x\"}"), "'if' must be" },
	{ RULE("{\"if\": {\"b\": 1}, \"need\": \"a\", \"say\": \"x\"}"), "'b' is no parameter" },
	{ RULE("{\"if\": {\"a\": \"1\"}, \"need\": \"a\", \"say\": \"x\"}"), "'a' is not of" },
	{ RULE("{\"if\": {\"a\": []}, \"need\": \"a\", \"say\": \"x\"}"), "no values" },
	{ RULE("{\"if\": {\"version\": \"mono\"}, \"need\": \"a\", \"say\": \"x\"}"), "'version' must be" },
	{ RULE("{\"backend\": \"native\", \"need\": \"a\", \"say\": \"x\"}"), "'backend' must be" },
	{ RULE("{\"backend\": [\"gpu\"], \"need\": \"a\", \"say\": \"x\"}"), "'gpu' is none" },
};

static void test_bad_cards(void)
{
	size_t i;

	for (i = 0; i < sizeof cards / sizeof *cards; i++) {
		struct card *card = NULL;
		struct err err = ERR_INIT;
		int r = card_parse(&card, cards[i].text, strlen(cards[i].text), &err);

		if (!cards[i].want)
			OK(r == 0 && err.code == ERR_NONE, "good card %zu %s", i, err.text);
		else if (!OK(r == -1 && !card && err.code == ERR_MANIFEST && strstr(err.text, cards[i].want), "bad card %zu: %s", i,
			     cards[i].want))
			printf("# %s\n", err.text);
		card_close(card);
	}
}

static void test_doors(void)
{
	struct card *card = NULL;
	struct err err = ERR_INIT;
	enum param_backend b;
	int i;

	OK(card_open(&card, "meta-musicgem", &err) == -1 && err.code == ERR_MANIFEST && strstr(err.text, "'meta-musicgen'"),
	   "an unknown model names those there are");
	card_close(NULL);
	for (i = 0; i < PARAM_N_BACKENDS; i++)
		OK(param_backend_find(param_backend_name((enum param_backend)i), &b) == 0 && (int)b == i, "backend %d by name", i);
	OK(param_backend_find("gpu", &b) == -1, "no other backend");
}

int main(void)
{
	struct card *card = NULL;
	struct err err = ERR_INIT;

	if (!OK(card_open(&card, "meta-musicgen", &err) == 0, "the built-in card is good %s", err.text))
		return tap_done();
	test_page(card);
	test_rows(card);
	test_suggest(card);
	test_bad_cards();
	test_doors();
	card_close(card);
	return tap_done();
}
