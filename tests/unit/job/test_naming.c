/* Names: templates, {axes}, slugs, and that nothing a value holds leaves the folder. */
#include "tap.h"

#include "job/job.h"

static const struct fake_script no_script = { 0, NULL, 0, 0 };
static const struct job_maker maker = { PARAM_FAKE, "fake", NULL };
static struct card *card;
static struct strbuf why = STRBUF_INIT(1000);

struct setting {
	const char *name, *text;
};

struct fixture {
	struct job job;
	struct value values[CARD_PARAMS_MAX];
	struct job_axis axes[8];
};

/* Axes are the settings with a value; the parameters among them are set. */
static void make(struct fixture *f, const char *set, const struct setting *axes)
{
	struct fixture zero = { 0 };
	int i;

	*f = zero;
	f->job.card = card;
	f->job.maker = &maker;
	f->job.values = f->values;
	f->job.axes = f->axes;
	f->job.set = set;
	f->job.take = 1;
	f->job.fake = &no_script;
	for (; axes->name; axes++) {
		i = card_find(card, axes->name);
		if (i >= 0 && value_read(card, i, maker.backend, axes->text, false, &f->values[i], &why))
			OK(0, "%s %s", axes->name, why.buf);
		f->axes[f->job.n_axes].name = axes->name;
		f->axes[f->job.n_axes++].text = axes->text;
	}
	job_identify(&f->job);
}

/* The name, or "! why". */
static const char *name_of(const struct job *job, const char *template)
{
	static char text[2000];
	struct strbuf sb = STRBUF_INIT(1000);
	int r = job_name(job, template, &sb, &why);

	(void)snprintf(text, sizeof text, "%s%s", r ? "! " : "", r ? why.buf : sb.buf);
	strbuf_release(&sb);
	return text;
}

static const struct {
	const char *set;
	struct setting axes[8];
	const char *template, *want;
} names[] = {
	{ "rain", { { "temperature", "0.8" }, { "guidance", "2" }, { "seed", "1" } }, "{set}/{axes}", "rain/t0p8_g2_s1" },
	{ "", { { "temperature", "0.8" }, { "seed", "1" } }, "{set}/{axes}", "t0p8_s1" },
	{ "", { { "temperature", "0.8" }, { "seed", "1" } }, "{set}-{axes}-x", "t0p8_s1-x" },
	{ "hook", { { NULL, NULL } }, "{set}/{axes}", "hook/hook" },
	{ "", { { NULL, NULL } }, "{set}/{axes}", "single" },
	{ "s", { { "take", "2" } }, "{set}/{axes}", "s/k2" },
	{ "s", { { "seed", "5" }, { "take", "2" } }, "{axes}", "s5_k2" },
	{ "s", { { "prompt", "Soft rain, over FELT piano!" }, { "modelVersion", "stereo-large" } }, "{axes}",
	  "soft-rain-over-felt-piano_stereo-large" },
	{ "s", { { "multiBandDiffusion", "true" }, { "continuation", "false" } }, "{axes}", "m1_c0" },
	{ "s", { { "topK", "50" }, { "topP", "0.95" }, { "temperature", "1e-3" } }, "{axes}", "tk50_tp0p95_t0p001" },
	{ "s", { { "tempo", "slow" }, { "tempo.bpm", "80" }, { "tempo.duration", "24" } }, "{axes}", "slow" },
	{ "s", { { "tempo.bpm", "80" }, { "tempo.duration", "24" } }, "{axes}", "bpm80_d8" },
	{ "s", { { "tempo", "slow" }, { "tempo.bpm", "80" } }, "{tempo}-{tempo.bpm}", "slow-80" },
	{ "s", { { "inputAudio", "../tunes/My Tune.v2.wav" } }, "{axes}", "my-tune-v2" },
	{ "s", { { "seed", "7" }, { "temperature", "0.5" } }, "{seed:04}_{temperature:.2f}", "0007_0p50" },
	{ "s", { { "seed", "9007199254740991" } }, "{seed:04}", "9007199254740991" },
	{ "s", { { "temperature", "1e21" } }, "{temperature}", "1e21" },
	{ "s", { { "temperature", "1e-7" } }, "{temperature}", "1em7" },
	{ "s", { { "prompt", "soft rain" } }, "{prompt:6}", "soft-r" },
	{ "s", { { "prompt", "soft rain" } }, "{prompt:5}", "soft" },
	{ "s", { { NULL, NULL } }, "{duration}-{seed}-{guidance}-{continuation}", "8-none-3-false" },
	{ "s", { { NULL, NULL } }, "{take}{take:03}", "1001" },
	{ "s", { { NULL, NULL } }, "a{{b}}c}", "a{b}c}" },
	{ "s", { { NULL, NULL } }, "{id:2}/{id}", "uy/uyv75xzctjar" },
	{ "con", { { NULL, NULL } }, "{set}/x", "con_/x" },
	{ "LPT1", { { NULL, NULL } }, "{set}/COM5.x", "LPT1_/COM5.x_" },
	{ "lpt0", { { NULL, NULL } }, "{set}/com10", "lpt0/com10" },
	{ "../..", { { NULL, NULL } }, "{set}/x", "xbt6rzfwl/x" },
	{ "a/b", { { NULL, NULL } }, "{set}/x", "a-b/x" },
	{ "My_Set-2", { { NULL, NULL } }, "{set}/x", "My_Set-2/x" },
	{ "-rf", { { NULL, NULL } }, "{set}", "rf" },
	{ "", { { NULL, NULL } }, "{set}", "! gives an empty name: add {axes} or {id}" },
	{ "s", { { NULL, NULL } }, "{tempo}",
	  "! has placeholder '{tempo}', which has no value in set 's': no parameter, axis or column has this name there" },
	{ "s", { { NULL, NULL } }, "{prompt:04}", "! has placeholder '{prompt}' in a form that a text cannot take: write '{prompt:20}'" },
	{ "s", { { NULL, NULL } }, "{duration:4}", "! has placeholder '{duration}' in a form that a number cannot take: write '{duration:04}'" },
	{ "s", { { "temperature", "0.5" } }, "{temperature:04}",
	  "! has placeholder '{temperature}' in a form that a number with a fraction cannot take: write '{temperature:.2f}'" },
	{ "s", { { NULL, NULL } }, "{axes:04}", "! has placeholder '{axes}' in a form that it cannot take: write '{axes}'" },
	{ "s", { { NULL, NULL } }, "{id:40}", "! has placeholder '{id}' in a form that an id of 12 characters cannot take: write '{id:2}'" },
};

static void test_names(void)
{
	struct fixture f;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		make(&f, names[i].set, names[i].axes);
		IS_TEXT(name_of(&f.job, names[i].template), names[i].want, names[i].template);
	}
	make(&f, "s", names[3].axes);
	f.job.take = 3;
	IS_TEXT(name_of(&f.job, "{axes}"), "k3", "a take that no axis tells");
}

/* Numbers that differ print apart, all through {axes}; each name is one safe path. */
static void test_injective(void)
{
	static const char *const values[] = { "0", "1", "10", "1.5", "15", "0.15", "0.015", "1e-7", "1e7", "1e21", "1e-21", "1.1",
					      "1.01", "11", "0.1", "100", "1e100", "1e-100", "12345678", "1.2345678" };
	enum { N = sizeof values / sizeof *values };
	static char text[N * N][60];
	struct fixture f;
	int i, k, n_same = 0;

	for (i = 0; i < N * N; i++) {
		struct setting axes[] = { { "temperature", values[i / N] }, { "continuationEnd", values[i % N] }, { NULL, NULL } };

		make(&f, "s", axes);
		(void)snprintf(text[i], sizeof text[i], "%s", name_of(&f.job, "{axes}"));
		for (k = 0; k < i; k++)
			n_same += strcmp(text[i], text[k]) == 0;
	}
	IS_INT(n_same, 0, "400 combinations of two numbers print apart");
	for (i = 0, k = 0; i < N * N; i++)
		k += strspn(text[i], "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text[i]);
	IS_INT(k, N * N, "of small letters, digits and '_'");
}

/* Any bytes as prompt, set and axis: the name stays one relative path of safe characters. */
static void test_safe(void)
{
	static const char letters[] = "./\\-_ aZ9:*\n\x7f\xc3\xa9\xe2\x98\x83'\"";
	unsigned state = 12345;
	int i, k, n_bad = 0;

	for (i = 0; i < 3000; i++) {
		struct strbuf sb = STRBUF_INIT(1000);
		struct setting axes[] = { { "mood", NULL }, { NULL, NULL } };
		char text[24], *part;
		struct fixture f;

		for (k = 0; k < 23; k++) {
			state = state * 1664525u + 1013904223u; /* Numerical Recipes' generator: any spread will do */
			text[k] = letters[(state >> 16) % (sizeof letters - 1)];
		}
		text[(state >> 24) % 23 + 1] = '\0';
		axes[0].text = text;
		make(&f, text, axes);
		if (job_name(&f.job, "{set}/{axes}", &sb, &why)) {
			n_bad++;
		} else if (sb.len > 240 || strspn(sb.buf, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/") != sb.len) {
			n_bad++;
		} else {
			for (part = sb.buf; part; part = strchr(part, '/')) {
				part += *part == '/' && part != sb.buf;
				n_bad += *part == '/' || *part == '-' || *part == '\0';
			}
		}
		strbuf_release(&sb);
	}
	IS_INT(n_bad, 0, "3000 hostile sets and axes");
}

static void test_slugs(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "Soft rain", "soft-rain" },
		{ "  --Soft...rain!! ", "soft-rain" },
		{ "don't stop", "dont-stop" },
		{ "Caf\xc3\xa9 \xc3\x9c" "ber \xc3\x85rhus", "cafe-uber-arhus" },
		{ "\xc3\xb7 \xc3\xbf", "y" },
		{ "80 bpm, 4/4", "80-bpm-4-4" },
		{ "", "empty" },
		{ "a b c d e f g h i j k l m n o p q r s t u v w x y z", "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
		{ "../../etc/passwd", "etc-passwd" },
	};
	struct strbuf a = STRBUF_INIT(100), b = STRBUF_INIT(100);
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		strbuf_reset(&a);
		name_slug(rows[i].text, &a);
		IS_TEXT(a.buf, rows[i].want, rows[i].text);
		OK(a.len > 0 && a.len <= 40, "  of 1 to 40 bytes");
	}
	strbuf_reset(&a);
	name_slug("\xe2\x98\x83", &a);
	name_slug("\xe2\x98\x82", &b);
	OK(a.len == 9 && b.len == 9 && a.buf[0] == 'x' && strcmp(a.buf, b.buf) != 0, "texts without letters stay apart: %s %s", a.buf,
	   b.buf);
	strbuf_release(&a);
	strbuf_release(&b);
}

static void test_long(void)
{
	static const char text[] = "one two three four five six seven eight nine ten eleven";
	struct setting axes[] = { { "a", text }, { "b", text }, { "c", text }, { NULL, NULL } };
	struct fixture f;

	make(&f, "s", axes);
	OK(strstr(name_of(&f.job, "{axes}"), "at most 100"), "%s", name_of(&f.job, "{axes}"));
	OK(name_of(&f.job, "{a}/{b}/{c}")[0] != '!', "parts of a path are counted apart");
	OK(strstr(name_of(&f.job, "{a}/{b}/{c}/{a}/{b}/{c}/{a}"), "at most 240"), "%s", name_of(&f.job, "{a}/{b}/{c}/{a}/{b}/{c}/{a}"));
}

/* ---- templates ---------------------------------------------------------------- */

static void test_check(void)
{
	static const char *const known[] = { "seed", "temperature", "prompt", "tempo", "tempo.bpm" };
	static const struct {
		const char *template, *want; /* NULL: good */
	} rows[] = {
		{ "{set}/{axes}", NULL },
		{ "{id:2}/{id}", NULL },
		{ "{seed:04}_{temperature:.2f}_{tempo.bpm}", NULL },
		{ "x{{y}}z", NULL },
		{ "v1.2/{take:03} mix", NULL },
		{ "{sed}", "unknown placeholder '{sed}', did you mean '{seed}'?" },
		{ "{temprature:.2f}", "did you mean '{temperature}'?" },
		{ "{zzzzzzzz}", "there are {set}, {axes}, {take}, {id}" },
		{ "", "empty part" },
		{ "/abs/{id}", "empty part" },
		{ "../{id}", "begins with '.'" },
		{ "a/../{id}", "begins with '.'" },
		{ ".hidden/{id}", "begins with '.'" },
		{ "-{id}", "'-'" },
		{ "a//{id}", "empty part" },
		{ "{id}/", "empty part" },
		{ "{axes}.wav", "remove it, output.format adds the extension" },
		{ "{axes}.mp3", "remove it" },
		{ "a\\{id}", "which a file name cannot have" },
		{ "a\n{id}", "which a file name cannot have" },
		{ "c:{id}", "holds ':'" },
		{ "{", "begins no placeholder" },
		{ "{}", "begins no placeholder" },
		{ "{seed", "begins no placeholder" },
		{ "{seed!}", "begins no placeholder" },
		{ "{seed:}", "unknown form" },
		{ "{seed:x}", "unknown form" },
		{ "{seed:0}", "unknown form" },
		{ "{seed:099}", "unknown form" },
		{ "{seed:.2}", "unknown form" },
		{ "{seed:.22f}", "unknown form" },
		{ "{seed:1234}", "unknown form" },
		{ "{seed:4", "unknown form" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		int r = name_check(rows[i].template, known, sizeof known / sizeof *known, &why);

		if (!OK(rows[i].want ? r == -1 && strstr(why.buf, rows[i].want) : r == 0, "template '%s'", rows[i].template))
			printf("# %s\n", why.buf);
	}
}

int main(void)
{
	struct err err = ERR_INIT;

	if (!OK(card_open(&card, "meta-musicgen", &err) == 0, "the card %s", err.text))
		return tap_done();
	test_names();
	test_injective();
	test_safe();
	test_slugs();
	test_long();
	test_check();
	strbuf_release(&why);
	card_close(card);
	return tap_done();
}
