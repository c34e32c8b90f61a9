#include "cli/cli.h"

#include "base/mem.h"
#include "cli/cmds.h"
#include "cli/help.h"
#include "cli/manpage.h"
#include "cli/print.h"
#include "cli/version.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int no_command(const char *word)
{
	const char *near = command_nearest(word);

	if (*word == '-')
		print_message("unknown option '%s': options stand after the verb; 'mgbatch --help' lists the verbs", word);
	else if (near)
		print_message("unknown verb '%s', did you mean '%s'?", word, near);
	else
		print_message("unknown verb '%s'; 'mgbatch --help' lists them", word);
	return 2;
}

/* ---- what is printed and done with ---------------------------------------- */

static int print_page(void (*page)(struct strbuf *out))
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	page(&text);
	print_out(&text);
	strbuf_release(&text);
	return 0;
}

static int print_verb(const struct command *c)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	help_verb(&text, c);
	print_out(&text);
	strbuf_release(&text);
	return 0;
}

static int print_version(void)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	strbuf_adds(&text, "mgbatch " MGBATCH_VERSION "\n");
	print_out(&text);
	strbuf_release(&text);
	return 0;
}

static int print_help_of(const char *word)
{
	const struct command *c = command_find(word);

	return c ? print_verb(c) : no_command(word);
}

/* ---- verbs ------------------------------------------------------------------ */

static int wrong_number_of_words(const struct command *c, const struct options *o)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	help_usage(&text, c);
	if (o->n_args > c->max_words)
		print_message("one word too many: '%s'; usage: %s", o->args[c->max_words], text.buf);
	else
		print_message("usage: %s; found %d %s", text.buf, o->n_args, o->n_args == 1 ? "word" : "words");
	strbuf_release(&text);
	return 2;
}

static int run_command(const struct command *c, int argc, char **argv)
{
	struct options o;
	struct err err = ERR_INIT;
	int status;

	if (options_read(&o, c->name, c->verb, argc, argv, &err) < 0)
		status = print_err(&err);
	else if (o.help)
		status = print_verb(c);
	else if (o.n_args < c->min_words || o.n_args > c->max_words)
		status = wrong_number_of_words(c, &o);
	else
		status = c->run(&o);
	options_release(&o);
	return status;
}

/* A closed stream's number would be the next file's, and messages would go into the ledger or a sound. Reading only: to write to it fails. */
static void keep_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

static int no_words(void)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	help_program(&text);
	(void)fputs(text.buf, stderr);
	strbuf_release(&text);
	return 2;
}

int cli_main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct command *c = command_find(word);
	int status;

	keep_streams();
	/* A reader that goes away is a failed write like any other: a run must not die of its own progress line. */
	(void)signal(SIGPIPE, SIG_IGN);
	mem_return_big_blocks();
	if (argc < 2)
		status = no_words();
	else if (c)
		status = run_command(c, argc - 2, argv + 2);
	else if (!strcmp(word, "help") && argc > 2 && strcmp(argv[2], "help") != 0)
		status = print_help_of(argv[2]);
	else if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help"))
		status = print_page(help_program);
	else if (!strcmp(word, "--man"))
		status = print_page(manpage_write);
	else if (!strcmp(word, "--version"))
		status = print_version();
	else
		status = no_command(word);
	return print_close(status);
}
