/* cli/help, cli/manpage, cli/completions: every verb and option of the tables is in each; text cannot break their syntax. */
#include "cli/completions.h"
#include "cli/help.h"
#include "cli/manpage.h"
#include "tap.h"

#include <ctype.h>

static int longest_line(const char *text)
{
	int most = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		int len = (int)strcspn(text, "\n");

		most = len > most ? len : most;
	}
	return most;
}

static void check_rows(void)
{
	const struct command *c;

	for (int i = 0; (c = command_at(i)); i++) {
		OK(command_find(c->name) == c, "'%s' is found, and once", c->name);
		OK(c->run && *c->help && c->min_words <= c->max_words, "'%s' has a function, help and a number of words", c->name);
		OK((c->verb & (c->verb - 1)) == 0 && c->verb, "'%s' has one bit", c->name);
	}
	OK(!command_find("") && !command_find("runn"), "others are not");
	IS_TEXT(command_nearest("runn"), "run", "what may be meant");
}

static void check_help(void)
{
	struct strbuf page = STRBUF_INIT(1 << 20);
	const struct command *c;
	const struct option *o;

	for (int i = 0; (c = command_at(i)); i++) {
		strbuf_reset(&page);
		help_verb(&page, c);
		OK(longest_line(page.buf) <= HELP_COLUMNS, "the page of %s has lines of at most %d columns", c->name, HELP_COLUMNS);
		for (int k = 0; (o = option_at(k)); k++) {
			char line[64];

			snprintf(line, sizeof line, "%s%s%s ", o->name, o->value ? " " : "", o->value ? o->value : "");
			OK((strstr(page.buf, line) != NULL) == ((o->verbs & c->verb) != 0), "%s has %s if it goes with it", c->name, o->name);
		}
	}
	strbuf_release(&page);
}

/* The block of a verb in a script: from its case to the next ";;". */
static bool block_has(const char *script, const char *verb, const char *words)
{
	char begin[64];
	const char *at, *end, *found;

	snprintf(begin, sizeof begin, "\n\t%s)\n", verb);
	at = strstr(script, begin);
	end = at ? strstr(at, " ;;\n") : NULL;
	found = at ? strstr(at, words) : NULL;
	return found && end && found < end;
}

static void check_scripts(void)
{
	struct strbuf bash = STRBUF_INIT(1 << 20), zsh = STRBUF_INIT(1 << 20);
	const struct command *c;
	const struct option *o;

	completions_bash(&bash);
	completions_zsh(&zsh);
	for (int i = 0; (c = command_at(i)); i++)
		for (int k = 0; (o = option_at(k)); k++) {
			char in_bash[64], in_zsh[64];
			bool goes = (o->verbs & c->verb) != 0;

			snprintf(in_bash, sizeof in_bash, "%s%s", o->name, o->verbs == ~0u ? "'" : "");
			snprintf(in_zsh, sizeof in_zsh, o->letter ? "%s)'{" : "%s%s[", o->name, o->value ? "=" : "");
			OK(block_has(bash.buf, c->name, in_bash) == goes, "bash: %s has %s if it goes with it", c->name, o->name);
			OK(block_has(zsh.buf, c->name, in_zsh) == goes, "zsh: %s has %s if it goes with it", c->name, o->name);
		}
	strbuf_release(&bash);
	strbuf_release(&zsh);
}

static void roff(const char *text, const char *want)
{
	struct strbuf out = STRBUF_INIT(1024);

	manpage_add_text(&out, text);
	IS_TEXT(out.buf, want, "as roff");
	strbuf_release(&out);
}

static void check_manpage(void)
{
	struct strbuf page = STRBUF_INIT(1 << 20), name = STRBUF_INIT(256);
	const struct exit_status *s;
	const struct command *c;
	const struct option *o;

	manpage_write(&page);
	for (int i = 0; (c = command_at(i)); i++) {
		strbuf_reset(&name);
		strbuf_addf(&name, ".TP\n\\fB%s\\fR", c->name);
		OK(strstr(page.buf, name.buf), "the manual page has %s", c->name);
	}
	for (int i = 0; (o = option_at(i)); i++) {
		strbuf_reset(&name);
		manpage_add_text(&name, o->name);
		strbuf_adds(&name, "\\fR");
		OK(strstr(page.buf, name.buf), "the manual page has %s", o->name);
	}
	for (int i = 0; (s = help_exit_status(i)); i++)
		OK(strstr(page.buf, s->meaning), "the manual page has exit status %s", s->number);
	roff(".dot", "\\&.dot");
	roff("a.b\n.c\n'd", "a.b\n\\&.c\n\\&\\(aqd");
	roff("a\\b --x", "a\\eb \\-\\-x");
	strbuf_release(&page);
	strbuf_release(&name);
}

static void wrapped(const char *text, int indent, int columns, const char *want)
{
	struct strbuf out = STRBUF_INIT(1024);

	help_wrap(&out, text, indent, columns);
	IS_TEXT(out.buf, want, "wrapped");
	strbuf_release(&out);
}

int main(void)
{
	check_rows();
	check_help();
	check_scripts();
	check_manpage();
	wrapped("aa bb cc", 0, 5, "aa bb\ncc\n");
	wrapped("aa bb cc", 2, 7, "aa bb\n  cc\n");
	wrapped("longerthan b", 0, 4, "longerthan\nb\n");
	wrapped("", 3, 9, "\n");
	return tap_done();
}
