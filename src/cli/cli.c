#include "cli/cli.h"

#include "base/mem.h"
#include "base/text.h"
#include "cli/cmds.h"
#include "cli/print.h"
#include "cli/version.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct command {
	const char *name;
	enum verb verb;
	const char *words; /* how usage calls its words */
	int min_words, max_words;
	int (*run)(const struct options *o);
	const char *help;
};

static const struct command commands[] = {
	{ "run", VERB_RUN, "MANIFEST", 1, 1, cmd_run, "make what the manifest asks for and is not made yet" },
	{ "check", VERB_CHECK, "MANIFEST", 1, 1, cmd_check, "find every mistake of a manifest; makes nothing" },
	{ "plan", VERB_PLAN, "MANIFEST", 1, 1, cmd_plan, "say what a run would do; makes nothing" },
	{ "status", VERB_STATUS, "MANIFEST|DIR", 1, 1, cmd_status, "how many jobs are in which state" },
	{ "list", VERB_LIST, "MANIFEST|DIR", 1, 1, cmd_list, "one line a job" },
	{ "show", VERB_SHOW, "MANIFEST|DIR ID", 2, 2, cmd_show, "everything about one job, and how to make it again" },
	{ "report", VERB_REPORT, "MANIFEST|DIR", 1, 1, cmd_report, "write the reports again from the ledger" },
	{ "schema", VERB_SCHEMA, "", 0, 0, cmd_schema, "print the JSON Schema of manifests" },
};

static const char *const later[] = { "init", "why", "retry", "verify", "gc", "models", "completions" };

#define N_COMMANDS (sizeof commands / sizeof *commands)
#define N_LATER (sizeof later / sizeof *later)

static void help(struct strbuf *out)
{
	strbuf_adds(out, "mgbatch runs many text-to-music jobs from a YAML manifest.\n\nusage: mgbatch VERB [options]\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		strbuf_addf(out, "  %-7s %-16s %s\n", commands[i].name, commands[i].words, commands[i].help);
	strbuf_adds(out, "\n  mgbatch VERB --help  the options of a verb\n  mgbatch --version    the version\n\n"
			 "Exit status: 0 all done; 1 some job failed; 2 usage or manifest wrong, nothing ran;\n"
			 "3 stopped by a limit, the same command continues; 4 another run holds the folder;\n"
			 "5 the surroundings (model, disk, ledger); 70 a bug of ours; 130, 143 interrupted.\n");
}

static void help_verb(struct strbuf *out, const struct command *c)
{
	strbuf_addf(out, "mgbatch %s: %s\n\nusage: mgbatch %s%s%s [options]\n\n", c->name, c->help, c->name, *c->words ? " " : "", c->words);
	options_help(out, c->verb);
}

static int no_command(const char *word)
{
	const char *names[N_COMMANDS];
	const char *near;

	for (size_t i = 0; i < N_LATER; i++)
		if (!strcmp(word, later[i])) {
			print_message("'%s' is not in this version yet", word);
			return 2;
		}
	for (size_t i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i].name;
	near = text_nearest(word, names, N_COMMANDS);
	if (near)
		print_message("unknown verb '%s', did you mean '%s'?", word, near);
	else
		print_message("unknown verb '%s'; 'mgbatch --help' lists them", word);
	return 2;
}

static int run_command(const struct command *c, int argc, char **argv)
{
	struct options o;
	struct err err = ERR_INIT;
	int status;

	if (options_read(&o, c->name, c->verb, argc, argv, &err) < 0) {
		status = print_err(&err);
	} else if (o.help) {
		struct strbuf text = STRBUF_INIT(PRINT_MAX);

		help_verb(&text, c);
		print_out(&text);
		strbuf_release(&text);
		status = 0;
	} else if (o.n_args < c->min_words || o.n_args > c->max_words) {
		print_message("usage: mgbatch %s%s%s [options]; found %d %s", c->name, *c->words ? " " : "", c->words, o.n_args,
			      o.n_args == 1 ? "word" : "words");
		status = 2;
	} else {
		status = c->run(&o);
	}
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

int cli_main(int argc, char **argv)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	const char *word = argc > 1 ? argv[1] : "";
	int status = 0;

	keep_streams();
	/* A reader that goes away is a failed write like any other: a run must not die of its own progress line. */
	(void)signal(SIGPIPE, SIG_IGN);
	mem_return_big_blocks();
	if (argc < 2) {
		help(&text);
		(void)fputs(text.buf, stderr);
		status = 2;
	} else if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
		help(&text);
		print_out(&text);
	} else if (!strcmp(word, "--version")) {
		strbuf_adds(&text, "mgbatch " MGBATCH_VERSION "\n");
		print_out(&text);
	} else {
		size_t i;

		for (i = 0; i < N_COMMANDS && strcmp(commands[i].name, word) != 0; i++)
			;
		status = i < N_COMMANDS ? run_command(&commands[i], argc - 2, argv + 2) : no_command(word);
	}
	strbuf_release(&text);
	return print_close(status);
}
