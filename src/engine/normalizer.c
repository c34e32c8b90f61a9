#include "engine/normalizer.h"

#include "base/mem.h"
#include "engine/charsmap.h"
#include "engine/utf8.h"

#include <string.h>

#define STEPS_MAX 16

struct step {
	void (*apply)(const struct step *step, const char *text, size_t len, struct strbuf *out);
	struct charsmap *map;          /* Precompiled */
	char *pattern;                 /* Replace: this text, */
	size_t least;                  /* at least so many times in a row as one (0: each once) */
	char *content;                 /* Replace, Prepend */
	bool at_left, at_right;        /* Strip */
};

struct normalizer {
	struct step steps[STEPS_MAX];
	int n_steps;
};

/* ---- what a step does --------------------------------------------------------------------------------------- */

static void apply_precompiled(const struct step *step, const char *text, size_t len, struct strbuf *out)
{
	charsmap_apply(step->map, text, len, out);
}

static void apply_prepend(const struct step *step, const char *text, size_t len, struct strbuf *out)
{
	if (len)
		strbuf_adds(out, step->content);
	strbuf_add(out, text, len);
}

/* Bytes of what the pattern matches at the start of text, 0 for none. */
static size_t match(const struct step *step, const char *text, size_t len)
{
	size_t unit = strlen(step->pattern), most = step->least ? len / unit : 1, n = 0;

	while (n < most && len - n * unit >= unit && !memcmp(text + n * unit, step->pattern, unit))
		n++;
	return n < (step->least ? step->least : 1) ? 0 : n * unit;
}

static void apply_replace(const struct step *step, const char *text, size_t len, struct strbuf *out)
{
	for (size_t i = 0; i < len;) {
		size_t n = match(step, text + i, len - i);

		if (n)
			strbuf_adds(out, step->content);
		else
			strbuf_addc(out, text[i]);
		i += n ? n : 1;
	}
}

static void apply_strip(const struct step *step, const char *text, size_t len, struct strbuf *out)
{
	size_t begin = len, end = 0, n;
	uint32_t code;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_next(text + i, len - i, &code);
		if (utf8_is_space(code))
			continue;
		begin = begin == len ? i : begin;
		end = i + n;
	}
	begin = step->at_left ? begin : 0;
	end = step->at_right ? end : len;
	if (begin < end)
		strbuf_add(out, text + begin, end - begin);
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

static int read_precompiled(struct step *step, const struct json *node, struct err *err)
{
	const char *base64 = json_string(json_member(node, "precompiled_charsmap"), NULL);

	if (!base64)
		return err_set(err, ERR_MODEL, "a normaliser 'Precompiled' has no text 'precompiled_charsmap'");
	step->apply = apply_precompiled;
	return charsmap_open(&step->map, base64, err);
}

/* Of regular expressions only "X{n,}" and "X+" with an ordinary X: the ones that occur (" {2,}"). 0 when it is no such. */
static unsigned long least_of_regex(const char *regex, size_t unit)
{
	char *end;
	unsigned long least;
	uint32_t code;

	if (!unit || utf8_next(regex, unit, &code) != unit || strchr("\\.^$*?()[]|", regex[0]))
		return 0;
	if (!strcmp(regex + unit, "+"))
		return 1;
	if (regex[unit] != '{')
		return 0;
	least = strtoul(regex + unit + 1, &end, 10);
	return strcmp(end, ",}") || least > 1000 ? 0 : least;
}

static int read_regex(struct step *step, const char *regex, struct err *err)
{
	size_t unit = strcspn(regex, "{+");

	step->least = least_of_regex(regex, unit);
	if (!step->least)
		return err_set(err, ERR_MODEL, "a normaliser 'Replace' has the regular expression '%s'; only a character and '+' or '{n,}' is known",
			       regex);
	step->pattern = mem_strndup(regex, unit);
	return 0;
}

static int read_replace(struct step *step, const struct json *node, struct err *err)
{
	const struct json *pattern = json_member(node, "pattern");
	const char *content = json_string(json_member(node, "content"), NULL), *text = json_string(json_member(pattern, "String"), NULL),
		   *regex = json_string(json_member(pattern, "Regex"), NULL);

	if (!content || (!regex && (!text || !*text)))
		return err_set(err, ERR_MODEL, "a normaliser 'Replace' has no 'content', or its 'pattern' is neither String nor Regex");
	step->apply = apply_replace;
	step->content = mem_strdup(content);
	if (regex)
		return read_regex(step, regex, err);
	step->pattern = mem_strdup(text);
	return 0;
}

static int read_strip(struct step *step, const struct json *node, struct err *err)
{
	(void)err;
	step->apply = apply_strip;
	step->at_left = json_bool(json_member(node, "strip_left"), false);
	step->at_right = json_bool(json_member(node, "strip_right"), false);
	return 0;
}

static int read_prepend(struct step *step, const struct json *node, struct err *err)
{
	const char *text = json_string(json_member(node, "prepend"), NULL);

	if (!text)
		return err_set(err, ERR_MODEL, "a normaliser 'Prepend' has no text 'prepend'");
	step->apply = apply_prepend;
	step->content = mem_strdup(text);
	return 0;
}

static const struct {
	const char *type;
	int (*read)(struct step *step, const struct json *node, struct err *err);
} kinds[] = {
	{ "Precompiled", read_precompiled },
	{ "Replace", read_replace },
	{ "Strip", read_strip },
	{ "Prepend", read_prepend },
};

static int add_step(struct normalizer *n, const struct json *node, struct err *err)
{
	const char *type = json_string(json_member(node, "type"), "");

	if (n->n_steps == STEPS_MAX)
		return err_set(err, ERR_MODEL, "more than %d normalisers", STEPS_MAX);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (!strcmp(kinds[i].type, type))
			return kinds[i].read(&n->steps[n->n_steps++], node, err);
	return err_set(err, ERR_MODEL, "it wants the normaliser '%s', which we do not know; expected Precompiled, Replace, Strip, Prepend or a Sequence of them",
		       type);
}

static int add_all(struct normalizer *n, const struct json *node, struct err *err)
{
	const struct json *list = json_member(node, "normalizers");

	if (!node || json_is_null(node))
		return 0;
	if (strcmp(json_string(json_member(node, "type"), ""), "Sequence"))
		return add_step(n, node, err);
	for (const struct json *i = json_first(list); i; i = json_next(i))
		if (add_step(n, i, err))
			return -1;
	return 0;
}

int normalizer_open(struct normalizer **ret, const struct json *node, struct err *err)
{
	struct normalizer *n = mem_zalloc(1, sizeof *n);

	if (add_all(n, node, err)) {
		normalizer_close(n);
		return -1;
	}
	*ret = n;
	return 0;
}

void normalizer_close(struct normalizer *n)
{
	if (!n)
		return;
	for (int i = 0; i < n->n_steps; i++) {
		charsmap_close(n->steps[i].map);
		free(n->steps[i].pattern);
		free(n->steps[i].content);
	}
	free(n);
}

void normalizer_apply(const struct normalizer *n, struct strbuf *text)
{
	struct strbuf out;

	strbuf_init(&out, text->max);
	for (int i = 0; i < n->n_steps; i++) {
		struct strbuf swapped = *text;

		n->steps[i].apply(&n->steps[i], text->buf, text->len, &out);
		out.overflowed |= text->overflowed;
		*text = out;
		out = swapped;
		strbuf_reset(&out);
	}
	strbuf_release(&out);
}
