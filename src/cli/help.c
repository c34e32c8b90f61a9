#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#define LEFT_COLUMNS 26 /* of an option and its value */

static const struct exit_status statuses[] = {
	{ "0", "all is done" },
	{ "1", "some job failed" },
	{ "2", "the command line or the manifest is wrong; nothing ran" },
	{ "3", "stopped by a limit; the same command continues" },
	{ "4", "another run holds the folder" },
	{ "5", "the surroundings: model, disk, ledger" },
	{ "70", "a bug of ours" },
	{ "130, 143", "interrupted; the same command continues" },
};

const struct exit_status *help_exit_status(int i)
{
	return i < (int)(sizeof statuses / sizeof *statuses) ? &statuses[i] : NULL;
}

void help_wrap(struct strbuf *out, const char *text, int indent, int columns)
{
	int column = indent;

	while (*text) {
		size_t len = strcspn(text, " \n");

		if (column > indent && (text[-1] == '\n' || column + 1 + (int)len > columns)) {
			strbuf_addf(out, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			strbuf_addc(out, ' ');
			column++;
		}
		strbuf_add(out, text, len);
		column += (int)len;
		text += len;
		text += strspn(text, " \n");
	}
	strbuf_addc(out, '\n');
}

/* "(native, fake)" after an option's help. */
static void add_choices(struct strbuf *out, const struct option *o)
{
	for (int i = 0; option_choice(o, i); i++)
		strbuf_addf(out, "%s%s", i ? ", " : " (", option_choice(o, i));
	if (option_choice(o, 0))
		strbuf_addc(out, ')');
}

static void add_option(struct strbuf *out, const struct option *o)
{
	struct strbuf text = STRBUF_INIT(4096);
	char left[64];

	(void)snprintf(left, sizeof left, "%s%s%s%s%s", o->letter ? o->letter : "", o->letter ? ", " : "", o->name, o->value ? " " : "",
		       o->value ? o->value : "");
	strbuf_addf(out, "  %-*s", LEFT_COLUMNS - 2, left);
	strbuf_adds(&text, o->help);
	add_choices(&text, o);
	help_wrap(out, text.buf, LEFT_COLUMNS, HELP_COLUMNS);
	strbuf_release(&text);
}

void help_usage(struct strbuf *out, const struct command *c)
{
	strbuf_addf(out, "mgbatch %s%s%s [options]", c->name, *c->words ? " " : "", c->words);
}

void help_verb(struct strbuf *out, const struct command *c)
{
	const struct option *o;

	strbuf_addf(out, "mgbatch %s: %s\n\nusage: ", c->name, c->help);
	help_usage(out, c);
	strbuf_adds(out, "\n\n");
	if (c->more) {
		help_wrap(out, c->more, 0, HELP_COLUMNS);
		strbuf_addc(out, '\n');
	}
	for (int i = 0; (o = option_at(i)); i++)
		if (o->verbs & c->verb)
			add_option(out, o);
}

void help_program(struct strbuf *out)
{
	const struct exit_status *s;
	const struct command *c;

	strbuf_adds(out, "mgbatch runs many text-to-music jobs from a YAML manifest.\n\nusage: mgbatch VERB [options]\n\n");
	for (int i = 0; (c = command_at(i)); i++)
		strbuf_addf(out, "  %-11s %-20s %s\n", c->name, c->words, c->help);
	strbuf_adds(out, "\n  mgbatch help VERB  what a verb does, and its options\n  mgbatch --version  the version\n"
			 "  mgbatch --man      the manual page, for man -l -\n\nExit status:\n");
	for (int i = 0; (s = help_exit_status(i)); i++)
		strbuf_addf(out, "  %-8s  %s\n", s->number, s->meaning);
}
