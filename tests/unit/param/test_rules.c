/* The rules that join parameters: the built-in card's, case by case, and the language on a card of its own. */
#include "tap.h"

#include "param/param.h"

#define SAID_MAX 6

struct said {
	int index[8];
	char text[8][400];
	int n;
};

static void note(void *arg, int index, const char *sentence)
{
	struct said *said = arg;

	said->index[said->n] = index;
	(void)snprintf(said->text[said->n], sizeof said->text[0], "%s", sentence);
	said->n++;
}

struct setting {
	const char *name, *text;
};

static struct said check(const struct card *card, enum param_backend backend, const char *version, const struct setting *settings)
{
	struct value values[CARD_PARAMS_MAX];
	struct rule_facts facts = { backend, false, false };
	struct strbuf why = STRBUF_INIT(500);
	struct said said = { { 0 }, { "" }, 0 };
	struct value none = VALUE_NONE_INIT;
	int i, n;

	for (i = 0; i < CARD_PARAMS_MAX; i++)
		values[i] = none;
	for (; settings->name; settings++) {
		i = card_find(card, settings->name);
		/* The empty prompt can only be written in quotes. */
		if (value_read(card, i, backend, settings->text, settings->text[0] == '\0', &values[i], &why))
			OK(0, "%s: %s %s", settings->name, settings->text, why.buf);
	}
	rule_facts_from_version(&facts, version);
	n = rules_check(card, values, &facts, note, &said);
	OK(n == said.n, "the answer is the number of sentences");
	strbuf_release(&why);
	return said;
}

static const struct {
	const char *name;
	enum param_backend backend;
	const char *version;
	struct setting settings[SAID_MAX];
	const char *want, *at; /* a part of the one sentence, NULL: none; the parameter it points at, NULL: none */
} cases[] = {
	{ "a prompt is enough", PARAM_NATIVE, "small", { { "prompt", "rain" } }, NULL, NULL },
	{ "nothing is not", PARAM_NATIVE, "small", { { "duration", "8" } }, "a prompt or inputAudio must be there", NULL },
	{ "an empty prompt neither", PARAM_NATIVE, "small", { { "prompt", "" } }, "a prompt or inputAudio", "prompt" },
	{ "a prompt of blanks neither", PARAM_NATIVE, "small", { { "prompt", " \t" } }, "a prompt or inputAudio", "prompt" },
	{ "input alone will do", PARAM_SCENARIO, "melody-large", { { "inputAudio", "a.wav" } }, NULL, NULL },
	{ "input needs a melody version", PARAM_SCENARIO, "stereo-large", { { "inputAudio", "a.wav" } }, "needs a melody version",
	  "inputAudio" },
	{ "unless it is continued", PARAM_SCENARIO, "large", { { "inputAudio", "a.wav" }, { "continuation", "true" } }, NULL, NULL },
	{ "continuation: false is a default said", PARAM_SCENARIO, "large", { { "inputAudio", "a.wav" }, { "continuation", "false" } },
	  "needs a melody version", "inputAudio" },
	{ "continuation needs input", PARAM_FAKE, "large", { { "prompt", "x" }, { "continuation", "true" } }, "continuation needs inputAudio",
	  "continuation" },
	{ "diffusion on stereo", PARAM_SCENARIO, "stereo-large", { { "prompt", "x" }, { "multiBandDiffusion", "true" } },
	  "multiBandDiffusion works only", "multiBandDiffusion" },
	{ "diffusion on mono", PARAM_SCENARIO, "melody-large", { { "prompt", "x" }, { "multiBandDiffusion", "true" } }, NULL, NULL },
	{ "no diffusion on stereo", PARAM_SCENARIO, "stereo-large", { { "prompt", "x" }, { "multiBandDiffusion", "false" } }, NULL, NULL },
	{ "end after start", PARAM_FAKE, "melody", { { "inputAudio", "a" }, { "continuationStart", "2" }, { "continuationEnd", "2.5" } },
	  NULL, NULL },
	{ "end at start", PARAM_FAKE, "melody", { { "inputAudio", "a" }, { "continuationStart", "2" }, { "continuationEnd", "2" } },
	  "continuationEnd (2 s) must be after continuationStart (2 s)", "continuationStart" },
	{ "end at the start not said", PARAM_FAKE, "melody", { { "inputAudio", "a" }, { "continuationEnd", "0" } },
	  "continuationEnd (0 s) must be after continuationStart (0 s)", "continuationEnd" },
	{ "start without end", PARAM_FAKE, "melody", { { "inputAudio", "a" }, { "continuationStart", "2" } }, NULL, NULL },
	{ "native input needs a melody version", PARAM_NATIVE, "large", { { "prompt", "x" }, { "inputAudio", "a" } }, "needs a melody version",
	  "inputAudio" },
	{ "native continuation", PARAM_NATIVE, "large", { { "inputAudio", "a" }, { "continuation", "true" } }, NULL, NULL },
	{ "native diffusion on stereo", PARAM_NATIVE, "stereo-large", { { "prompt", "x" }, { "multiBandDiffusion", "true" } },
	  "multiBandDiffusion is not in this version", "multiBandDiffusion" },
	{ "native melody", PARAM_NATIVE, "stereo-melody", { { "inputAudio", "x" }, { "modelVersion", "stereo-melody" } }, NULL, NULL },
	{ "melody on fake", PARAM_FAKE, "melody", { { "prompt", "x" } }, NULL, NULL },
};

static void test_cases(const struct card *card)
{
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct said said = check(card, cases[i].backend, cases[i].version, cases[i].settings);

		IS_INT(said.n, cases[i].want ? 1 : 0, cases[i].name);
		if (!cases[i].want || said.n != 1)
			continue;
		OK(strstr(said.text[0], cases[i].want), "  %s", said.text[0]);
		IS_INT(said.index[0], cases[i].at ? card_find(card, cases[i].at) : -1, "  points there");
	}
}

/* The model page's requests and what is said of them, all sentences in their order (musicgen.md 10.2, musicgen-tests.md A11). */
static void test_requests(const struct card *card)
{
	static const struct {
		const char *name, *version;
		struct setting settings[SAID_MAX];
		const char *want[4];
	} requests[] = {
		{ "neither", "large", { { NULL, NULL } }, { "a prompt or inputAudio must be there" } },
		{ "continuation of nothing, without a prompt", "large", { { "continuation", "true" } },
		  { "continuation needs inputAudio", "a prompt or inputAudio" } },
		{ "a melody and diffusion on stereo-large", "stereo-large", { { "inputAudio", "a" }, { "multiBandDiffusion", "true" } },
		  { "inputAudio without continuation needs a melody version", "multiBandDiffusion works only" } },
		{ "a continuation and diffusion on stereo-melody-large", "stereo-melody-large",
		  { { "inputAudio", "a" }, { "continuation", "true" }, { "multiBandDiffusion", "true" } }, { "multiBandDiffusion works only" } },
		{ "diffusion before the part", "stereo-large",
		  { { "prompt", "x" }, { "multiBandDiffusion", "true" }, { "continuationStart", "3" }, { "continuationEnd", "2" } },
		  { "multiBandDiffusion works only", "continuationEnd (2 s) must be after continuationStart (3 s)" } },
		{ "a part of nothing", "melody-large", { { "inputAudio", "a" }, { "continuationStart", "2" }, { "continuationEnd", "2" } },
		  { "continuationEnd (2 s) must be after continuationStart (2 s)" } },
		{ "to the end of the file", "melody-large", { { "inputAudio", "a" }, { "continuationStart", "200" } }, { NULL } },
		{ "no prompt to a continuation", "large", { { "inputAudio", "a" }, { "continuation", "true" } }, { NULL } },
		{ "seed 0 is a seed", "large", { { "prompt", "a" }, { "seed", "0" } }, { NULL } },
		{ "seed -1 is none", "large", { { "prompt", "a" }, { "seed", "-1" } }, { NULL } },
	};

	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		struct said said = check(card, PARAM_SCENARIO, requests[i].version, requests[i].settings);
		int n = 0;

		for (; n < 4 && requests[i].want[n]; n++)
			OK(n < said.n && strstr(said.text[n], requests[i].want[n]), "%s: %s", requests[i].name, n < said.n ? said.text[n] : "nothing");
		IS_INT(said.n, n, requests[i].name);
	}
}

/* What no request may say: the end of a file is none, not -1. */
static void test_refused_values(const struct card *card)
{
	static const struct setting bad[] = { { "continuationEnd", "-1" }, { "continuationStart", "-0.5" }, { "seed", "-2" }, { "seed", "1.5" },
					      { "duration", "0" }, { "duration", "31" }, { "continuation", "maybe" } };
	struct strbuf why = STRBUF_INIT(500);

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct value value;

		OK(value_read(card, card_find(card, bad[i].name), PARAM_SCENARIO, bad[i].text, false, &value, &why) != 0, "%s %s", bad[i].name, why.buf);
	}
	strbuf_release(&why);
}

static void test_many(const struct card *card)
{
	static const struct setting all[] = { { "continuation", "true" }, { "multiBandDiffusion", "true" },
					      { "continuationStart", "5" }, { "continuationEnd", "1" }, { NULL, NULL } };
	struct said said = check(card, PARAM_SCENARIO, "stereo-large", all);

	IS_INT(said.n, 4, "all broken rules are said");
	OK(strstr(said.text[0], "inputAudio") && strstr(said.text[1], "stereo") && strstr(said.text[2], "after") &&
	   strstr(said.text[3], "prompt"), "in the card's order");
}

/* The language itself: lists, said, not said, two facts, and one sentence for a parameter. */
static void test_language(void)
{
	static const char text[] =
		"{\"card\": 1, \"model\": \"m\", \"hosted_model\": \"h\", \"params\": ["
		"{\"name\": \"a\", \"letter\": \"a\", \"help\": \"A.\", \"type\": \"number\"},"
		"{\"name\": \"b\", \"letter\": \"b\", \"help\": \"B.\", \"type\": \"text\"}], \"rules\": ["
		"{\"if\": {\"a\": [1, 2]}, \"refuse\": \"a\", \"say\": \"one or two\"},"
		"{\"if\": {\"a\": \"said\", \"b\": \"not said\"}, \"refuse\": \"a\", \"say\": \"alone {a}{b}.\"},"
		"{\"if\": {\"b\": \"x\", \"version\": [\"stereo\", \"not melody\"]}, \"refuse\": \"b\", \"say\": \"x on stereo\"}]}";
	static const struct setting one[] = { { "a", "1" }, { NULL, NULL } }, three[] = { { "a", "3" }, { NULL, NULL } },
				    both[] = { { "a", "3" }, { "b", "x" }, { NULL, NULL } };
	struct card *card = NULL;
	struct err err = ERR_INIT;
	struct said said;

	if (!OK(card_parse(&card, text, sizeof text - 1, &err) == 0, "the card %s", err.text))
		return;
	said = check(card, PARAM_NATIVE, "", one);
	IS_INT(said.n, 1, "one of a list; the second rule at the same place is silent");
	IS_TEXT(said.text[0], "one or two", "  the first speaks");
	said = check(card, PARAM_NATIVE, "", three);
	IS_TEXT(said.text[0], "alone 3.", "said, not said, and a value in the sentence");
	said = check(card, PARAM_NATIVE, "stereo-melody", both);
	IS_INT(said.n, 0, "both facts must hold");
	said = check(card, PARAM_NATIVE, "stereo-large", both);
	IS_TEXT(said.text[0], "x on stereo", "both facts hold");
	card_close(card);
}

int main(void)
{
	struct card *card = NULL;
	struct err err = ERR_INIT;

	if (!OK(card_open(&card, "meta-musicgen", &err) == 0, "the card %s", err.text))
		return tap_done();
	test_cases(card);
	test_requests(card);
	test_refused_values(card);
	test_many(card);
	test_language();
	card_close(card);
	return tap_done();
}
