/* Every row of the card at its edges on every backend; what scalars read as, and what slips are told. */
#include "tap.h"

#include "base/text.h"
#include "param/param.h"

static struct card *card;
static struct strbuf why = STRBUF_INIT(1000);

static int read_value(const char *name, enum param_backend backend, const char *text, bool quoted, struct value *v)
{
	struct value none = VALUE_NONE_INIT;

	*v = none;
	return value_read(card, card_find(card, name), backend, text, quoted, v, &why);
}

/* ---- the walk --------------------------------------------------------------- */

static void expect_number(const struct param *p, enum param_backend backend, double v, bool want)
{
	char buf[TEXT_NUMBER_MAX];
	struct value got, given = { { NULL }, VALUE_NUMBER };
	int r = read_value(p->name, backend, text_number(buf, v), false, &got);

	given.as.number = v;
	OK((r == 0) == want, "%s on %s: %s is %s", p->name, param_backend_name(backend), buf, want ? "good" : "refused");
	OK((value_check(card, card_find(card, p->name), backend, &given, &why) == 0) == want, "  and so by value_check");
	if (r == 0 && got.kind == VALUE_NUMBER)
		OK(got.as.number == v, "  and is read exactly");
	else if (r)
		OK(strstr(why.buf, buf), "  and the sentence shows it: %s", why.buf);
}

static void walk_numbers(const struct param *p, enum param_backend backend)
{
	const struct param_scope *s = &p->scope[backend];
	double step = p->type == PARAM_INTEGER ? 1 : 0.001;

	expect_number(p, backend, s->has_min ? s->min : -1e6, true);
	expect_number(p, backend, s->has_max ? s->max : 1e6, true);
	if (s->has_min && !(p->not_given.kind == VALUE_NUMBER && p->not_given.as.number == s->min - step))
		expect_number(p, backend, s->min - step, false);
	if (s->has_min)
		expect_number(p, backend, s->min - 1000, false);
	if (s->has_max)
		expect_number(p, backend, s->max + (s->max > 1e9 ? 1 : step), false);
	expect_number(p, backend, s->has_min ? s->min + step : 0.5, p->type == PARAM_NUMBER || s->has_min);
	if (p->type == PARAM_INTEGER)
		expect_number(p, backend, 1.5, false);
}

static void walk_choices(const struct param *p, enum param_backend backend)
{
	const struct param_scope *s = &p->scope[backend];
	struct value v;
	size_t i;

	for (i = 0; i < s->n_choices; i++) {
		OK(read_value(p->name, backend, s->choices[i], false, &v) == 0 && v.kind == VALUE_TEXT, "%s: %s", p->name,
		   s->choices[i]);
		OK(value_check(card, card_find(card, p->name), backend, &v, &why) == 0, "  and so by value_check");
		OK(strstr(why.buf, "x") == NULL, "  without a word");
	}
	OK(read_value(p->name, backend, "sterio-large", false, &v) == -1 && strstr(why.buf, "must be one of '"), "%s: %s", p->name,
	   why.buf);
}

/* A wrong type for each row: a map's text for numbers and booleans, nothing for all. */
static void walk_wrong(const struct param *p, enum param_backend backend)
{
	static const struct value wrong[] = { { { "text" }, VALUE_TEXT }, { { NULL }, VALUE_BOOL }, { { NULL }, VALUE_NUMBER } };
	static const enum value_kind kinds[] = { VALUE_TEXT,	VALUE_NUMBER, VALUE_NUMBER, VALUE_BOOL, VALUE_TEXT, VALUE_TEXT };
	static const struct value none = VALUE_NONE_INIT;
	int index = card_find(card, p->name);
	struct value v;
	size_t i;

	for (i = 0; i < 3; i++)
		if (wrong[i].kind != kinds[p->type])
			OK(value_check(card, index, backend, &wrong[i], &why) == -1 && strstr(why.buf, "must be "), "%s: %s", p->name,
			   why.buf);
	OK(value_check(card, index, backend, &none, &why) == -1, "%s: no value is no value", p->name);
	OK(read_value(p->name, backend, "~", false, &v) == -1 && strstr(why.buf, "has no value"), "%s: null", p->name);
	OK(read_value(p->name, backend, "", false, &v) == -1 && strstr(why.buf, "has no value"), "%s: nothing", p->name);
	if (p->type != PARAM_TEXT && p->type != PARAM_FILE)
		OK(read_value(p->name, backend, "nonsense", false, &v) == -1 && strstr(why.buf, "found 'nonsense'"), "%s: %s", p->name,
		   why.buf);
}

static void walk(void)
{
	int i, b;

	for (i = 0; i < card_n_params(card); i++)
		for (b = 0; b < PARAM_N_BACKENDS; b++) {
			const struct param *p = card_param(card, i);
			enum param_backend backend = (enum param_backend)b;
			struct value v;

			if (!p->scope[b].exists) {
				OK(read_value(p->name, backend, "1", false, &v) == -1 && strstr(why.buf, "does not exist on backend"),
				   "%s: %s", p->name, why.buf);
				continue;
			}
			if (p->type == PARAM_NUMBER || p->type == PARAM_INTEGER)
				walk_numbers(p, backend);
			if (p->type == PARAM_CHOICE)
				walk_choices(p, backend);
			walk_wrong(p, backend);
		}
}

/* ---- readings --------------------------------------------------------------- */

static void test_numbers(void)
{
	static const struct {
		const char *name, *text;
		double want;
	} rows[] = {
		{ "duration", "8", 8 },	       { "duration", "8.0", 8 },	 { "duration", "+8.", 8 },
		{ "duration", "8e0", 8 },      { "duration", "1E1", 10 },	 { "temperature", ".5", 0.5 },
		{ "temperature", "1e-3", 1e-3 }, { "temperature", "0.1", 0.1 },	 { "temperature", "-0", 0 },
		{ "temperature", "0", 0 },     { "temperature", "0.0", 0 },	 { "seed", "1.0", 1 },
		{ "seed", "1e3", 1000 },       { "seed", "9007199254740991", 9007199254740991.0 },
	};
	struct value v;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		OK(read_value(rows[i].name, PARAM_NATIVE, rows[i].text, false, &v) == 0 && v.kind == VALUE_NUMBER &&
		   v.as.number == rows[i].want, "%s: %s", rows[i].name, rows[i].text);
		OK(v.as.number != 0 || !signbit(v.as.number), "  no negative zero");
	}
	OK(read_value("seed", PARAM_NATIVE, "-1", false, &v) == 0 && v.kind == VALUE_NONE, "seed -1 is not given");
	OK(read_value("seed", PARAM_NATIVE, "-2", false, &v) == -1, "seed -2 is nothing");
	OK(read_value("seed", PARAM_NATIVE, "9007199254740993", false, &v) == -1, "a seed that doubles cannot hold");
}

static void test_booleans_and_texts(void)
{
	static const char *const flags[] = { "true", "True", "TRUE", "false", "False", "FALSE" };
	static const char *const texts[] = { "012", "yes", "12:30", "2024-01-01", "1.50", "true", "soft: rain", "\xe2\x98\x83" };
	struct value v;
	size_t i;

	for (i = 0; i < 6; i++)
		OK(read_value("continuation", PARAM_FAKE, flags[i], false, &v) == 0 && v.kind == VALUE_BOOL && v.as.flag == (i < 3),
		   "continuation: %s", flags[i]);
	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		OK(read_value("prompt", PARAM_NATIVE, texts[i], false, &v) == 0 && v.kind == VALUE_TEXT, "prompt: %s", texts[i]);
		IS_TEXT(v.as.text, texts[i], "  is its text");
	}
	OK(read_value("prompt", PARAM_NATIVE, "null", true, &v) == 0 && v.kind == VALUE_TEXT, "null in quotes is a text");
	OK(read_value("prompt", PARAM_NATIVE, "", true, &v) == 0, "nothing in quotes is a text");
	OK(read_value("modelVersion", PARAM_NATIVE, "small", true, &v) == 0, "a choice in quotes");
	OK(read_value("inputAudio", PARAM_FAKE, "", true, &v) == -1, "no path is no file");
}

static void test_slips(void)
{
	static const struct {
		const char *name, *text;
		bool quoted;
		const char *want;
	} rows[] = {
		{ "duration", "x", false, "must be a number of seconds from 0.02 to 3600, found 'x'" },
		{ "duration", "3601", false, "must be a number of seconds from 0.02 to 3600, found '3601'" },
		{ "duration", "8", true, "found '8' in quotes, which make it a text: write it without them" },
		{ "duration", "012", false, "octal: write 12" },
		{ "duration", "0o14", false, "in decimal" },
		{ "duration", "0x1F", false, "in decimal" },
		{ "duration", "12:30", false, "in seconds: write 750" },
		{ "duration", "1:02:03", false, "in seconds: write 3723" },
		{ "temperature", "12:30", false, "base 60: write a plain number" },
		{ "seed", "1_000", false, "write 1000" },
		{ "seed", "1.5", false, "must be a whole number from 0 to 9007199254740991, found '1.5'" },
		{ "temperature", "1,5", false, "with a comma: write 1.5" },
		{ "temperature", "-1", false, "must be a number of at least 0, found '-1'" },
		{ "temperature", ".nan", false, "no values here" },
		{ "temperature", "-.Inf", false, "no values here" },
		{ "temperature", "1e999", false, "found '1e999'" },
		{ "duration", "8s", false, "the number stands alone: write 8" },
		{ "duration", "30 sec", false, "write 30" },
		{ "seed", "1..4", false, "sweep: {seed: 1..4}" },
		{ "continuation", "yes", false, "must be true or false, found 'yes': write true" },
		{ "continuation", "No", false, "write false" },
		{ "continuation", "off", false, "write false" },
		{ "continuation", "1", false, "write true" },
		{ "continuation", "true", true, "without them" },
		{ "continuation", "tRue", false, "write true" },
		{ "normalizationStrategy", "Loudness", false, "did you mean 'loudness'?" },
		{ "normalizationStrategy", "rsm", false, "must be one of 'loudness', 'clip', 'peak' or 'rms', found 'rsm', did you mean 'rms'?" },
		{ "modelVersion", "stereo-larg", false, "did you mean 'stereo-large'?" },
		{ "duration", "a\nb", true, "found 'a b'" },
	};
	char longer[200], shown[80];
	struct value v;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!OK(read_value(rows[i].name, PARAM_NATIVE, rows[i].text, rows[i].quoted, &v) == -1 && strstr(why.buf, rows[i].want),
			"%s: %s: %s", rows[i].name, rows[i].text, rows[i].want))
			printf("# %s\n", why.buf);
	memset(longer, 'y', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	memcpy(longer + 59, "\xe2\x98\x83", 3); /* a snowman over the cut */
	(void)snprintf(shown, sizeof shown, "found '%.59s...'", longer);
	OK(read_value("duration", PARAM_NATIVE, longer, false, &v) == -1 && strstr(why.buf, shown), "a long value is cut: %s", why.buf);
}

static void test_effective(void)
{
	struct value values[CARD_PARAMS_MAX], v;
	struct value none = VALUE_NONE_INIT;
	int i, seed = card_find(card, "seed"), k = card_find(card, "topK"), d = card_find(card, "duration");

	for (i = 0; i < CARD_PARAMS_MAX; i++)
		values[i] = none;
	v = param_effective(card, PARAM_NATIVE, values, d);
	OK(v.kind == VALUE_NUMBER && v.as.number == 8, "not said: the default");
	values[d].kind = VALUE_NUMBER;
	values[d].as.number = 2;
	v = param_effective(card, PARAM_NATIVE, values, d);
	OK(v.as.number == 2, "said: what was said");
	OK(param_effective(card, PARAM_NATIVE, values, seed).kind == VALUE_NONE, "no default: nothing");
	values[seed].kind = VALUE_NUMBER;
	values[seed].as.number = -1;
	OK(param_effective(card, PARAM_NATIVE, values, seed).kind == VALUE_NONE, "-1 is nothing");
	OK(value_check(card, seed, PARAM_NATIVE, &values[seed], &why) == 0, "-1 may be said");
	v = param_effective(card, PARAM_NATIVE, values, k);
	OK(v.kind == VALUE_NUMBER && v.as.number == 250, "topK 250 natively");
	OK(param_effective(card, PARAM_SCENARIO, values, k).kind == VALUE_NONE, "no topK hosted");
}

/* As ids are made of them. */
static void test_put(void)
{
	const struct value values[] = { VALUE_NONE_INIT, { { "a\"b" }, VALUE_TEXT }, { { .number = 0.1 }, VALUE_NUMBER },
					{ { .number = 8 }, VALUE_NUMBER }, { { .flag = true }, VALUE_BOOL }, { { .flag = false }, VALUE_BOOL } };
	struct strbuf text = STRBUF_INIT(1000);
	struct json_writer w;

	json_begin(&w, &text, 0);
	json_open_object(&w, NULL);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		value_put(&w, "v", &values[i]);
	json_close(&w);
	IS_TEXT(text.buf, "{\"v\":\"a\\\"b\",\"v\":0.1,\"v\":8,\"v\":true,\"v\":false}", "each kind as JSON, none as nothing");
	strbuf_release(&text);
}

int main(void)
{
	struct err err = ERR_INIT;

	if (!OK(card_open(&card, "meta-musicgen", &err) == 0, "the card %s", err.text))
		return tap_done();
	walk();
	test_numbers();
	test_booleans_and_texts();
	test_slips();
	test_effective();
	test_put();
	strbuf_release(&why);
	card_close(card);
	return tap_done();
}
