/* predicate: what holds for one job, the sentences of what is wrong, and De Morgan over random conditions. */
#include "manifest/predicate.h"

#include "tap.h"

static struct card *card;
static struct value values[CARD_PARAMS_MAX];
static const struct job_maker maker = { PARAM_FAKE, "fake", NULL };
static const struct job_axis axes[] = { { "mood", "calm" }, { "tempo", "slow" }, { "tempo.bpm", "80" }, { "gap", "" }, { "row.Song Title", "It" } };
static const char *const tags[] = { "ambient", "night" };
static struct job job = { .maker = &maker, .values = values, .set = "rain", .axes = axes, .n_axes = 5, .tags = tags, .n_tags = 2, .take = 2 };
static struct arena arena = ARENA_INIT;

static bool is_variable(void *arg, const char *name)
{
	static const char *const names[] = { "mood", "tempo", "bpm", "tempo.bpm", "gap", "elsewhere", "Song Title" };

	(void)arg;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static const char *suggest(void *arg, const char *name)
{
	(void)arg;
	return !strcmp(name, "moood") ? "mood" : NULL;
}

static bool holds(const struct predicate *p, const struct job *of, const char *state)
{
	struct predicate_subject subject;

	predicate_subject_of_job(&subject, of, state);
	return predicate_holds(p, &subject);
}

static int parse(struct predicate **ret, const char *text, size_t *offset, struct strbuf *why)
{
	struct predicate_names names = { card, PARAM_FAKE, true, is_variable, suggest, NULL };

	return predicate_parse(ret, text, &names, &arena, offset, why);
}

/* The job: temperature 0.8, guidance 3 by default, prompt "soft rain", not continued, seed 5. */
static void check_holds(void)
{
	static const struct {
		const char *text;
		bool holds;
	} rows[] = {
		{ "temperature = 0.8", true }, { "temperature != 0.8", false }, { "temperature < 1", true },
		{ "temperature <= 0.8", true }, { "temperature > 0.8", false }, { "temperature >= 0.8", true },
		{ "guidance = 3", true }, { "classifierFreeGuidance > 2.5", true }, { "guidance = 3e0", true },
		{ "prompt = 'soft rain'", true }, { "prompt = \"soft\"", false }, { "prompt = soft", false },
		{ "continuation", false }, { "not continuation", true }, { "continuation = false", true },
		{ "modelVersion = large", false }, { "modelVersion = 'stereo-melody-large'", true },
		{ "continuationEnd = 3", false }, { "continuationEnd != 3", true }, { "continuationEnd < 3", false }, { "not continuationEnd < 3", true },
		{ "seed in [1, 5]", true }, { "seed in [1,2]", false }, { "seed not in [1, 2]", true }, { "seed in [5]", true },
		{ "mood = calm", true }, { "mood != calm", false }, { "mood in [glad, 'calm']", true },
		{ "tempo = slow", true }, { "bpm = 80", true }, { "bpm = 80.0", true }, { "tempo.bpm >= 80", true }, { "bpm < 100 and bpm > 60", true },
		{ "mood < 3", false }, { "elsewhere = x", false }, { "elsewhere != x", true },
		{ "'Song Title' = It", true }, { "not \"Song Title\" in [It, is]", false }, { "seed = 5 and 'Song Title' = 'is'", false },
		{ "set = rain", true }, { "set in [hook, rain]", true }, { "set != rain", false },
		{ "take = 2", true }, { "take < 2", false },
		{ "tags = night", true }, { "tag = day", false }, { "tags != day", true }, { "tags in [day, night]", true }, { "tags not in [day]", true },
		{ "night in tags", true }, { "'day' in tags", false }, { "day not in tags", true },
		{ "state = done", true }, { "state in [failed, lost]", false },
		{ "seed = 1 or seed = 5", true }, { "seed = 1 or seed = 2 and seed = 5", false },
		{ "seed = 5 or seed = 2 and seed = 3", true }, { "(seed = 5 or seed = 2) and seed = 3", false },
		{ "not seed = 1 and seed = 5", true }, { "not (seed = 5 and take = 2)", false }, { "not not seed = 5", true },
		{ "seed=5 and(take=2)", true },
	};
	struct strbuf why = STRBUF_INIT(65536);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct predicate *p;
		size_t offset = 0;

		if (!OK(parse(&p, rows[i].text, &offset, &why) == 0, "%s: parsed", rows[i].text))
			printf("# at %zu: %s\n", offset, why.buf);
		else
			OK(holds(p, &job, "done") == rows[i].holds, "%s", rows[i].text);
	}
	strbuf_release(&why);
}

static void check_mistakes(void)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *why;
	} rows[] = {
		{ "", 0, "the condition is empty" },
		{ "  ", 0, "the condition is empty" },
		{ "temprature = 1", 0, "did you mean 'temperature'?" },
		{ "seed = 1 and moood = x", 13, "did you mean 'mood'?" },
		{ "tgas = night", 0, "did you mean 'tags'?" },
		{ "sate = done", 0, "did you mean 'state'?" },
		{ "seed = 1 and", 12, "ends where a name" },
		{ "seed", 4, "ends where =, !=" },
		{ "seed = ", 7, "ends where a value" },
		{ "seed == 1", 5, "write '=' for '=='" },
		{ "seed <> 1", 5, "write '!=' for '<>'" },
		{ "seed = 1 || take = 1", 9, "write 'or' for '||'" },
		{ "seed = 1 take = 1", 9, "expected 'and' or 'or', found 'take'" },
		{ "(seed = 1", 9, "'and', 'or' or ')'" },
		{ "seed = 1)", 8, "expected 'and' or 'or', found ')'" },
		{ "seed in [1, 2", 13, "',' or ']'" },
		{ "seed in []", 9, "expected a value, found ']'" },
		{ "seed in 1", 8, "a list as [1, 2]" },
		{ "seed not = 1", 9, "expected 'in'" },
		{ "seed = x", 7, "seed is a number" },
		{ "seed = '5'", 7, "seed is a number" },
		{ "continuation = 1", 15, "true or false" },
		{ "normalizationStrategy = loud", 24, "cannot be 'loud'" },
		{ "set < rain", 4, "only numbers have an order" },
		{ "prompt > 'a'", 7, "only numbers have an order" },
		{ "state = finished", 8, "unknown state 'finished'" },
		{ "take = two", 7, "take is a number" },
		{ "5 = seed", 0, "write the name first" },
		{ "'x' = seed", 0, "begins with a name" },
		{ "seed = 'x", 7, "a quote is not closed" },
		{ "seed = 1 ; take = 2", 9, "a condition is made of" },
	};
	struct strbuf why = STRBUF_INIT(65536);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct predicate *p;
		size_t offset = 12345;

		OK(parse(&p, rows[i].text, &offset, &why) == -1, "'%s' is wrong", rows[i].text);
		IS_INT((long long)offset, (long long)rows[i].offset, rows[i].text);
		if (!OK(strstr(why.buf, rows[i].why) != NULL, "'%s': %s", rows[i].text, rows[i].why))
			printf("# got: %s\n", why.buf);
	}
	strbuf_release(&why);
}

static void check_limits(void)
{
	struct strbuf text = STRBUF_INIT(1 << 20), why = STRBUF_INIT(65536);
	struct predicate *p;
	size_t offset;

	for (int i = 0; i < PREDICATE_DEPTH_MAX + 1; i++)
		strbuf_adds(&text, "(");
	OK(parse(&p, text.buf, &offset, &why) == -1 && strstr(why.buf, "nested too deep"), "parentheses have a limit");
	strbuf_reset(&text);
	for (int i = 0; i < PREDICATE_DEPTH_MAX + 1; i++)
		strbuf_adds(&text, "not ");
	OK(parse(&p, text.buf, &offset, &why) == -1 && strstr(why.buf, "nested too deep"), "so have nots");
	strbuf_reset(&text);
	for (int i = 0; i < 1200; i++)
		strbuf_addf(&text, "%sseed = %d", i ? " or " : "", i);
	OK(parse(&p, text.buf, &offset, &why) == -1 && strstr(why.buf, "too many parts"), "so have parts");
	strbuf_reset(&text);
	for (int i = 0; i < 70000; i++)
		strbuf_addc(&text, ' ');
	OK(parse(&p, text.buf, &offset, &why) == -1 && strstr(why.buf, "longer than 64 KiB"), "so has the text");
	strbuf_release(&text);
	strbuf_release(&why);
}

static unsigned rnd(unsigned *state, unsigned n)
{
	*state = *state * 1664525u + 1013904223u; /* Numerical Recipes' generator: any will do */
	return (*state >> 16) % n;
}

static void add_random(struct strbuf *out, unsigned *state, int depth)
{
	static const char *const tests[] = { "seed = 5", "seed != 5", "temperature < 0.5", "mood = calm", "night in tags", "continuation", "take in [1, 2]" };

	if (depth == 0 || rnd(state, 3) == 0) {
		strbuf_adds(out, tests[rnd(state, 7)]);
		return;
	}
	strbuf_adds(out, rnd(state, 2) ? "not (" : "(");
	add_random(out, state, depth - 1);
	strbuf_adds(out, rnd(state, 2) ? " and " : " or ");
	add_random(out, state, depth - 1);
	strbuf_adds(out, ")");
}

static void check_de_morgan(void)
{
	struct strbuf a = STRBUF_INIT(65536), b = STRBUF_INIT(65536), text = STRBUF_INIT(65536), why = STRBUF_INIT(65536);
	unsigned state = 1;
	int n_wrong = 0;

	for (int i = 0; i < 500; i++) {
		struct predicate *left, *right;
		size_t offset;

		strbuf_reset(&a);
		strbuf_reset(&b);
		add_random(&a, &state, 4);
		add_random(&b, &state, 4);
		strbuf_reset(&text);
		strbuf_addf(&text, "not (%s and %s)", a.buf, b.buf);
		n_wrong += parse(&left, text.buf, &offset, &why) != 0;
		strbuf_reset(&text);
		strbuf_addf(&text, "not (%s) or not (%s)", a.buf, b.buf);
		n_wrong += parse(&right, text.buf, &offset, &why) != 0;
		if (n_wrong == 0)
			n_wrong += holds(left, &job, NULL) != holds(right, &job, NULL);
	}
	IS_INT(n_wrong, 0, "not (a and b) is (not a) or (not b), 500 times");
	strbuf_release(&a);
	strbuf_release(&b);
	strbuf_release(&text);
	strbuf_release(&why);
}

/* ---- rows of a table: no card, every name is a column ------------------------------ */

static bool is_column(void *arg, const char *name)
{
	(void)arg;
	return !strcmp(name, "seed") || !strcmp(name, "set") || !strcmp(name, "tags") || !strcmp(name, "loop") || !strcmp(name, "empty");
}

static const char *cell(const void *of, const char *name)
{
	const char *const *cells = of;

	return !strcmp(name, "seed") ? cells[0] : !strcmp(name, "set") ? cells[1] : !strcmp(name, "loop") ? cells[2] : "";
}

static void check_rows(void)
{
	static const char *const cells[] = { "7.0", "rain", "TRUE" };
	static const struct {
		const char *text;
		int holds; /* -1: a mistake */
	} cases[] = {
		{ "seed = 7", 1 }, { "seed > 6.5", 1 }, { "seed = '7'", 0 }, { "set = rain", 1 }, { "set in [rain, snow]", 1 },
		{ "loop = true", 1 }, { "loop = false", 0 }, { "loop != true", 0 }, { "not loop = false", 1 }, { "loop in [true]", 1 },
		{ "empty = ''", 1 }, { "empty != ''", 0 }, { "empty < 1", 0 }, { "tags = x", 0 }, { "x in tags", -1 }, { "temperature = 1", -1 },
		{ "take = 1", -1 }, { "loop", -1 }, { "state = done", -1 },
	};
	struct predicate_names names = { .is_variable = is_column };
	struct predicate_subject subject = { .variable = cell, .of = cells };
	struct strbuf why = STRBUF_INIT(65536);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct predicate *p;
		size_t offset;
		int rc = predicate_parse(&p, cases[i].text, &names, &arena, &offset, &why);

		IS_INT(rc ? -1 : predicate_holds(p, &subject), cases[i].holds, cases[i].text);
	}
	strbuf_release(&why);
}

static void set_number(const char *name, double v)
{
	values[card_find(card, name)].kind = VALUE_NUMBER;
	values[card_find(card, name)].as.number = v;
}

int main(void)
{
	struct err err = ERR_INIT;

	if (card_open(&card, "meta-musicgen", &err))
		return 1;
	job.card = card;
	set_number("temperature", 0.8);
	set_number("seed", 5);
	values[card_find(card, "prompt")].kind = VALUE_TEXT;
	values[card_find(card, "prompt")].as.text = "soft rain";
	check_holds();
	check_mistakes();
	check_limits();
	check_de_morgan();
	check_rows();
	arena_release(&arena);
	card_close(card);
	return tap_done();
}
