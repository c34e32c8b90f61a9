/*
 * settings: what the manifest says beside its jobs: version, name, model, backend, output, run, fake.
 */
#include "manifest/inside.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

bool name_is_good(const char *name)
{
	size_t n = 0;

	for (; name[n]; n++) {
		char c = name[n];
		bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_alnum && !(n > 0 && (c == '_' || c == '-')))
			return false;
	}
	return n > 0 && n <= NAME_MAX_BYTES;
}

/* ---- keys ----------------------------------------------------------------- */

static void say_keys(struct manifest_inside *in, const struct node *key, const char *what, const char *const *names)
{
	struct shown s;

	strbuf_reset(&in->why);
	for (size_t i = 0; names[i]; i++)
		strbuf_addf(&in->why, "%s %s", i ? "," : "", names[i]);
	NODE_SAY(in, key, "unknown key '%s' in %s, which has%s%s", show(&s, key->text), what, in->why.buf,
		 key->column == in->root->column ? ", and free keys that begin with 'x-'" : "");
}

static void say_unknown_key(struct manifest_inside *in, const struct node *map, int i, const char *what, const char *const *names)
{
	const struct node *key = node_key(map, i);
	const char *param = card_suggest(in->card, key->text), *near;
	struct shown s;
	size_t n = 0;

	show(&s, key->text);
	while (names[n])
		n++;
	near = text_nearest(key->text, names, n);
	if (map->is_flow && node_is_null(node_value(map, i)))
		NODE_SAY(in, key, "a ',' inside { } ends a value in YAML: put the text before it in quotes");
	else if (card_find(in->card, key->text) >= 0)
		NODE_SAY(in, key, "'%s' is a parameter: put it under params (or sweep)", s.text);
	else if (near)
		NODE_SAY(in, key, "unknown key '%s' in %s, did you mean '%s'?", s.text, what, near);
	else if (param)
		NODE_SAY(in, key, "unknown key '%s' in %s: if you mean the parameter '%s', put it under params", s.text, what, param);
	else
		say_keys(in, key, what, names);
}

void keys_check(struct manifest_inside *in, const struct node *map, const char *what, const char *const *names, bool free_keys)
{
	for (int i = 0; i < map->n; i++) {
		const struct node *key = node_key(map, i);
		bool is_known = key->kind != NODE_SCALAR || (free_keys && text_starts_with(key->text, "x-"));

		for (int k = 0; names[k] && !is_known; k++)
			is_known = !strcmp(names[k], key->text);
		if (!is_known)
			say_unknown_key(in, map, i, what, names);
	}
}

const struct node *scalar_member(struct manifest_inside *in, const struct node *map, const char *name)
{
	const struct node *n = node_find(map, name);

	if (!n)
		return NULL;
	if (n->kind == NODE_SCALAR && !node_is_null(n) && (n->text[0] || n->is_quoted))
		return n;
	NODE_SAY(in, n, "%s must have one value, found %s", name, node_kind_text(n));
	return NULL;
}

/* A member that must be a map; NULL as above. */
static const struct node *map_member(struct manifest_inside *in, const struct node *map, const char *name)
{
	const struct node *n = node_find(map, name);

	if (!n || n->kind == NODE_MAP)
		return n;
	NODE_SAY(in, n, "%s must be a map of settings, found %s", name, node_kind_text(n));
	return NULL;
}

static bool member_int(struct manifest_inside *in, const struct node *map, const char *name, int64_t min, int64_t max, int *ret)
{
	const struct node *n = scalar_member(in, map, name);
	int64_t v;
	struct shown s;

	if (!n)
		return false;
	if (n->is_quoted || !text_parse_int(n->text, &v) || v < min || v > max) {
		NODE_SAY(in, n, "%s must be a whole number from %lld to %lld, found '%s'", name, (long long)min, (long long)max,
			 show(&s, n->text));
		return false;
	}
	*ret = (int)v;
	return true;
}

static void member_duration(struct manifest_inside *in, const struct node *map, const char *name, double *ret)
{
	const struct node *n = scalar_member(in, map, name);
	struct shown s;

	if (n && !text_parse_duration(n->text, ret) && !(text_parse_number(n->text, ret) && *ret >= 0))
		NODE_SAY(in, n, "%s must be a time as 90s, 15m, 6h or 250ms, found '%s'", name, show(&s, n->text));
}

/* ---- the head ------------------------------------------------------------- */

static void read_version(struct manifest_inside *in)
{
	const struct node *n = node_find(in->root, "version");
	bool is_text = n && n->kind == NODE_SCALAR && !node_is_null(n);
	struct shown s;

	if (!n) {
		NODE_SAY(in, in->root, "the manifest does not say its version: begin it with 'version: 1'");
		return;
	}
	if (n->kind != NODE_SCALAR || n->is_quoted || strcmp(n->text, "1") != 0)
		NODE_SAY(in, n, "version must be 1, found %s%s%s: this program reads version 1", is_text ? "'" : "",
			 is_text ? show(&s, n->text) : node_kind_text(n), is_text ? "'" : "");
}

/* The file's name without its last extension, as a slug. */
static const char *name_from_path(struct manifest_inside *in)
{
	const char *base = fs_basename(in->m->path);
	const char *dot = strrchr(base, '.');
	char *stem = mem_strndup(base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
	struct strbuf slug = STRBUF_INIT(4096);
	const char *name;

	if (!name_is_good(stem))
		name_slug(stem, &slug);
	name = arena_strdup(&in->arena, slug.len ? slug.buf : name_is_good(stem) ? stem : "manifest");
	strbuf_release(&slug);
	free(stem);
	return name;
}

static void read_name(struct manifest_inside *in)
{
	const struct node *n = scalar_member(in, in->root, "name");
	struct shown s;

	in->m->name = name_from_path(in);
	if (!n) {
		if (in->is_stream && !node_find(in->root, "name"))
			NODE_SAY(in, in->root, "a manifest that is read from a pipe is called by no file: say name: NAME, as its output folder is called");
		return;
	}
	if (!name_is_good(n->text)) {
		NODE_SAY(in, n, "name must begin with a letter or digit and be of a-z, A-Z, 0-9, '-' and '_' alone, at most %d of them, found '%s'", NAME_MAX_BYTES, show(&s, n->text));
		return;
	}
	in->m->name = n->text;
}

static void read_model(struct manifest_inside *in)
{
	const struct node *n = scalar_member(in, in->root, "model");
	struct shown s;

	if (n && strcmp(n->text, card_model(in->card)) != 0)
		NODE_SAY(in, n, "model must be '%s', found '%s': which weights it uses is the parameter modelVersion",
			 card_model(in->card), show(&s, n->text));
}

static void say_backend(struct manifest_inside *in, int line, int column, const char *what, const char *name)
{
	struct shown s;

	mistake_add(&in->ms, line, column, "%s must be 'native' or 'fake', found '%s'", what, show(&s, name));
}

static void say_hosted(struct manifest_inside *in, int line, int column)
{
	mistake_add(&in->ms, line, column, "the hosted backend is not in this version yet: take 'native' or 'fake'");
}

/* Answers whether the command line says another backend than the manifest. */
static void read_backend(struct manifest_inside *in, const struct manifest_overrides *over)
{
	const struct node *n = scalar_member(in, in->root, "backend");
	enum param_backend b = PARAM_NATIVE;

	if (n && param_backend_find(n->text, &b))
		say_backend(in, n->line, n->column, "backend", n->text);
	else if (n && b == PARAM_SCENARIO && !over->backend)
		say_hosted(in, n->line, n->column);
	in->backend = b;
	if (!over->backend)
		return;
	if (param_backend_find(over->backend, &in->backend))
		say_backend(in, 0, 0, "--backend", over->backend);
	else if (in->backend == PARAM_SCENARIO)
		say_hosted(in, 0, 0);
}

void settings_read_head(struct manifest_inside *in, const struct manifest_overrides *over)
{
	static const char *const keys[] = { "version", "name", "model", "backend", "checkpoint", "params", "sweep", "sets",
					    "exclude", "takes", "tags", "output", "run", "fake", NULL };

	keys_check(in, in->root, "the manifest", keys, true);
	read_version(in);
	read_name(in);
	read_model(in);
	read_backend(in, over);
	in->m->backend = in->backend;
}

/* ---- output --------------------------------------------------------------- */

const char *joined(struct manifest_inside *in, const char *dir, const char *name)
{
	char *path = fs_join(dir, name);
	const char *copy = arena_strdup(&in->arena, path);

	free(path);
	return copy;
}

/* The manifest's own backend, whatever --backend says. */
static enum param_backend own_backend(const struct manifest_inside *in)
{
	const struct node *n = node_find(in->root, "backend");
	enum param_backend own;

	return n && n->kind == NODE_SCALAR && param_backend_find(n->text, &own) == 0 ? own : PARAM_NATIVE;
}

static void read_dir(struct manifest_inside *in, const struct node *output, const struct manifest_overrides *over)
{
	const struct node *n = scalar_member(in, output, "dir");
	const char *dir = n ? joined(in, in->base_dir, n->text)
			    : joined(in, in->base_dir, arena_printf(&in->arena, "out/%s", in->m->name));

	if (over->backend && own_backend(in) != in->backend) {
		size_t len = strlen(dir);

		while (len > 1 && dir[len - 1] == '/')
			len--;
		dir = arena_printf(&in->arena, "%.*s-%s", (int)len, dir, param_backend_name(in->backend));
	}
	in->m->output.dir = over->output ? arena_strdup(&in->arena, over->output) : dir;
}

static void read_format(struct manifest_inside *in, const struct node *output)
{
	const struct node *n = scalar_member(in, output, "format");
	struct shown s;

	in->m->output.format = AUDIO_WAV;
	if (!n || !audio_format_find(n->text, &in->m->output.format))
		return;
	strbuf_reset(&in->why);
	for (int f = 0; f < AUDIO_N_FORMATS; f++)
		strbuf_addf(&in->why, "%s%s", f == 0 ? "" : f + 1 < AUDIO_N_FORMATS ? ", " : " or ", audio_format_name((enum audio_format)f));
	NODE_SAY(in, n, "format must be %s, found '%s'", in->why.buf, show(&s, n->text));
}

/* A number in quotes is a text. */
static const char *in_quotes(const struct node *n, bool is_good)
{
	return n->is_quoted && is_good ? ": write it without quotes" : "";
}

static void read_bits(struct manifest_inside *in, const struct node *output)
{
	const struct node *n = scalar_member(in, output, "bits");
	bool is_lossy = audio_format_is_lossy(in->m->output.format);
	struct shown s;

	in->m->output.bits = is_lossy ? AUDIO_LOSSY_BITS : 16;
	if (n && is_lossy)
		NODE_SAY(in, n, "bits does not go with format %s, which has none: remove it, or take format wav or flac",
			 audio_format_name(in->m->output.format));
	else if (n && !n->is_quoted && !strcmp(n->text, "24"))
		in->m->output.bits = 24;
	else if (n && (n->is_quoted || strcmp(n->text, "16") != 0))
		NODE_SAY(in, n, "bits must be 16 or 24, found '%s'%s", show(&s, n->text), in_quotes(n, !strcmp(n->text, "16") || !strcmp(n->text, "24")));
}

static bool has_rate(enum audio_format format, double hz)
{
	const int *rates;
	int n = audio_format_rates(format, &rates);

	while (n > 0 && (hz < rates[n - 1] || hz > rates[n - 1]))
		n--;
	return n > 0;
}

/* 44.1 and 44.1k are what people say of 44100. */
static bool is_in_khz(const char *text, enum audio_format format, double *ret)
{
	size_t len = strcspn(text, "kK");
	char *number = mem_strndup(text, len);
	bool is = (text[len] == '\0' || text[len + 1] == '\0' || !strcmp(text + len + 1, "Hz")) && text_parse_number(number, ret) &&
		  has_rate(format, *ret * 1000);

	free(number);
	return is;
}

static void read_rate(struct manifest_inside *in, const struct node *output)
{
	const struct node *n = scalar_member(in, output, "rate");
	enum audio_format format = in->m->output.format;
	const int *rates;
	int n_rates = audio_format_rates(format, &rates);
	bool is_rate;
	double hz = 0;
	struct shown s;

	in->m->output.rate_hz = 0;
	if (!n)
		return;
	if (!n->is_quoted && text_parse_number(n->text, &hz) && has_rate(format, hz)) {
		in->m->output.rate_hz = (int)hz;
		return;
	}
	show(&s, n->text);
	if (is_in_khz(n->text, format, &hz)) {
		NODE_SAY(in, n, "rate is in Hz: write %.0f, not '%s'", hz * 1000, s.text);
		return;
	}
	is_rate = text_parse_number(n->text, &hz) && has_rate(AUDIO_WAV, hz);
	strbuf_reset(&in->why);
	for (int i = 0; i < n_rates; i++)
		strbuf_addf(&in->why, "%s%d", i == 0 ? "" : i + 1 < n_rates ? ", " : " or ", rates[i]);
	NODE_SAY(in, n, "rate of a file of format %s must be %s (Hz), found '%s'%s", audio_format_name(format), in->why.buf, s.text,
		 is_rate && !has_rate(format, hz) ? ": wav and flac have it" : in_quotes(n, is_rate));
}

static void read_output(struct manifest_inside *in, const struct manifest_overrides *over)
{
	static const char *const keys[] = { "dir", "name", "format", "bits", "rate", NULL };
	const struct node *output = map_member(in, in->root, "output");

	if (output)
		keys_check(in, output, "output", keys, false);
	read_dir(in, output, over);
	read_format(in, output);
	in->output_name = scalar_member(in, output, "name");
	in->m->output.name = in->output_name ? in->output_name->text : NULL;
	read_bits(in, output);
	read_rate(in, output);
}

/* ---- run ------------------------------------------------------------------ */

static void read_credits(struct manifest_inside *in, const struct node *run)
{
	const struct node *n = scalar_member(in, run, "credits");
	struct shown s;

	in->m->run.credits = -1;
	if (!n)
		return;
	if (n->is_quoted || !text_parse_number(n->text, &in->m->run.credits) || in->m->run.credits < 0) {
		NODE_SAY(in, n, "credits must be a number of at least 0, found '%s'", show(&s, n->text));
		in->m->run.credits = -1;
	} else if (in->backend != PARAM_SCENARIO && own_backend(in) != PARAM_SCENARIO) {
		NODE_WARN(in, n, "credits limit the hosted backend only; '%s' costs none", param_backend_name(in->backend));
	}
}

static void read_run(struct manifest_inside *in)
{
	static const char *const keys[] = { "for", "tries", "memory", "credits", NULL };
	const struct node *run = map_member(in, in->root, "run"), *n;
	struct shown s;

	in->m->run.tries = 3; /* DESIGN section 5 */
	if (run)
		keys_check(in, run, "run", keys, false);
	member_duration(in, run, "for", &in->m->run.for_s);
	member_int(in, run, "tries", 1, TRIES_MAX, &in->m->run.tries);
	n = scalar_member(in, run, "memory");
	if (n && (!text_parse_size(n->text, &in->m->run.memory_bytes) || in->m->run.memory_bytes == 0))
		NODE_SAY(in, n, "memory must be a size as 800M or 6G, found '%s'", show(&s, n->text));
	read_credits(in, run);
}

/* ---- fake ----------------------------------------------------------------- */

static void say_classes(struct manifest_inside *in, const struct node *n)
{
	struct shown s;

	strbuf_reset(&in->why);
	for (int c = FAIL_NONE + 1; c < FAIL_N_CLASSES; c++)
		strbuf_addf(&in->why, "%s%s", c == FAIL_NONE + 1 ? "" : ", ", fail_class_name((enum fail_class)c));
	NODE_SAY(in, n, "fail must be one of %s, found '%s'", in->why.buf, show(&s, n->text));
}

void fake_read(struct manifest_inside *in, const struct node *n, const struct fake_script *base, struct fake_script **ret)
{
	static const char *const keys[] = { "delay", "fail", "times", "crash", NULL };
	struct fake_script *script = arena_alloc(&in->arena, 1, sizeof *script);
	const struct node *fail;
	enum fail_class class;

	*script = *base;
	*ret = script;
	if (!n)
		return;
	if (n->kind != NODE_MAP) {
		NODE_SAY(in, n, "fake must be a map as {delay: 20ms, fail: io, times: 2}, found %s", node_kind_text(n));
		return;
	}
	keys_check(in, n, "fake", keys, false);
	member_duration(in, n, "delay", &script->delay_s);
	fail = scalar_member(in, n, "fail");
	if (fail && (fail_class_find(fail->text, &class) || class == FAIL_NONE))
		say_classes(in, fail);
	else if (fail)
		script->fail = fail_class_name(class);
	member_int(in, n, "times", 0, FAKE_TIMES_MAX, &script->fail_times);
	member_int(in, n, "crash", 0, FAKE_TIMES_MAX, &script->crash_times);
	if (node_find(n, "times") && !script->fail)
		NODE_SAY(in, n, "times counts failures, and no 'fail' says which: add fail, or remove times");
}

void settings_read_rest(struct manifest_inside *in, const struct manifest_overrides *over)
{
	checkpoints_read(in, over);
	read_output(in, over);
	read_run(in);
}
