#include "cli/command_line.h"

#include "base/shell_word.h"
#include "base/text.h"
#include "cli/print.h"

#include <string.h>

static void add_named(struct strbuf *out, const char *name, const char *value)
{
	shell_word_add(out, name);
	shell_word_add(out, value);
}

static void add_flag(struct strbuf *out, const struct option *o, const struct options *all, const void *at)
{
	(void)all;
	if (*(const bool *)at)
		shell_word_add(out, o->name);
}

static void add_text(struct strbuf *out, const struct option *o, const struct options *all, const void *at)
{
	const char *text = *(const char *const *)at;

	(void)all;
	if (text)
		add_named(out, o->name, text);
}

static void add_texts(struct strbuf *out, const struct option *o, const struct options *all, const void *at)
{
	(void)at;
	for (int i = 0; i < all->n_sets; i++)
		add_named(out, o->name, all->sets[i]);
}

static void add_count(struct strbuf *out, const struct option *o, const struct options *all, const void *at)
{
	char number[TEXT_NUMBER_MAX];
	int64_t n = *(const int64_t *)at;

	(void)all;
	if (n > 0)
		add_named(out, o->name, text_number(number, (double)n));
}

static void add_time(struct strbuf *out, const struct option *o, const struct options *all, const void *at)
{
	char number[TEXT_NUMBER_MAX];
	double seconds = *(const double *)at;

	(void)all;
	if (seconds > 0)
		add_named(out, o->name, text_number(number, seconds));
}

char *command_line(const struct options *o)
{
	static void (*const writers[KIND_N])(struct strbuf *, const struct option *, const struct options *, const void *) = {
		[KIND_FLAG] = add_flag, [KIND_TEXT] = add_text, [KIND_TEXTS] = add_texts, [KIND_COUNT] = add_count,
		[KIND_TIME] = add_time, [KIND_AMOUNT] = add_text, [KIND_BACKEND] = add_text, [KIND_STATE] = add_text,
	};
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	const struct option *option;

	strbuf_adds(&text, "mgbatch run");
	for (int i = 0; (option = option_at(i)); i++)
		if (option->verbs & VERB_RUN && writers[option->kind])
			writers[option->kind](&text, option, o, (const char *)o + option->offset);
	for (int i = 0; i < o->n_args; i++) {
		if (o->args[i][0] == '-')
			strbuf_adds(&text, " --");
		shell_word_add(&text, o->args[i]);
	}
	return strbuf_detach(&text);
}
