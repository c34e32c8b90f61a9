/*
 * settings: what the manifest says beside its jobs: version, name, model, backend, output. settings_run.c has the rest.
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

	mistake_add(&in->ms, line, column, "%s must be 'native', 'scenario' or 'fake', found '%s'", what, show(&s, name));
}

static void read_backend(struct manifest_inside *in, const struct manifest_overrides *over)
{
	const struct node *n = scalar_member(in, in->root, "backend");
	enum param_backend b = PARAM_NATIVE;

	if (n && param_backend_find(n->text, &b))
		say_backend(in, n->line, n->column, "backend", n->text);
	in->backend = b;
	if (over->backend && param_backend_find(over->backend, &in->backend))
		say_backend(in, 0, 0, "--backend", over->backend);
}

void settings_read_head(struct manifest_inside *in, const struct manifest_overrides *over)
{
	static const char *const keys[] = { "version", "name", "model", "backend", "checkpoint", "params", "sweep", "sets",
					    "exclude", "takes", "tags", "output", "run", "hosted", "fake", NULL };

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

enum param_backend backend_said(const struct manifest_inside *in)
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

	if (over->backend && backend_said(in) != in->backend) {
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

void settings_read_rest(struct manifest_inside *in, const struct manifest_overrides *over)
{
	checkpoints_read(in, over);
	read_output(in, over);
	run_read(in);
	hosted_read(in);
}
