/* cli/options: what a command line may say, and the sentence for what it may not. */
#include "cli/options.h"
#include "tap.h"

#define WORDS_MAX 8

static int read_words(struct options *o, enum verb verb, const char *const *words, struct err *err)
{
	char copies[WORDS_MAX][64], *argv[WORDS_MAX];
	int argc = 0;

	for (; words[argc]; argc++) {
		snprintf(copies[argc], sizeof copies[argc], "%s", words[argc]);
		argv[argc] = copies[argc];
	}
	return options_read(o, "run", verb, argc, argv, err);
}

static void refuses(enum verb verb, const char *const *words, const char *sentence)
{
	struct options o;
	struct err err = ERR_INIT;

	OK(read_words(&o, verb, words, &err) < 0 && err.code == ERR_USAGE, "refused: %s %s", words[0], words[1] ? words[1] : "");
	IS_TEXT(err.text, sentence, "with the sentence");
	options_release(&o);
}

static void check_refusals(void)
{
	static const struct {
		enum verb verb;
		const char *words[4];
		const char *sentence;
	} table[] = {
		{ VERB_RUN, { "--ouput", "x" }, "unknown option '--ouput', did you mean '--output'?" },
		{ VERB_RUN, { "--zzzzzzzz" }, "unknown option '--zzzzzzzz'; 'mgbatch run --help' lists them" },
		{ VERB_STATUS, { "--limit", "3" }, "--limit does not go with 'mgbatch run'" },
		{ VERB_RUN, { "--limit" }, "--limit wants a value: --limit N" },
		{ VERB_RUN, { "--limit", "0" }, "--limit must be a whole number of at least 1, found '0'" },
		{ VERB_RUN, { "--limit=2.5" }, "--limit must be a whole number of at least 1, found '2.5'" },
		{ VERB_RUN, { "--for", "soon" }, "--for must be a time such as 90s, 15m or 6h, found 'soon'" },
		{ VERB_RUN, { "--for", "0s" }, "--for must be a time such as 90s, 15m or 6h, found '0s'" },
		{ VERB_RUN, { "--set", "seed" }, "--set must be NAME=VALUE, found 'seed'" },
		{ VERB_RUN, { "--set", "=1" }, "--set must be NAME=VALUE, found '=1'" },
		{ VERB_RUN, { "--output", "" }, "--output must not be empty" },
		{ VERB_RUN, { "--wait=yes" }, "--wait takes no value, found 'yes'" },
		{ VERB_RUN, { "--select", "x" }, "--select is not in this version yet" },
		{ VERB_RUN, { "--events=f" }, "--events is not in this version yet" },
		{ VERB_RUN, { "a", "b", "c" }, "one word too many: 'c'; 'mgbatch run --help' says what goes there" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		refuses(table[i].verb, table[i].words, table[i].sentence);
}

int main(void)
{
	struct options o;
	struct err err = ERR_INIT;
	struct strbuf help = STRBUF_INIT(1 << 16);
	char limit[] = "--limit=7", wait[] = "--wait", q[] = "-q", in_h[] = "1h30m", for_[] = "--for", set[] = "--set", one[] = "seed=1",
	     set2[] = "--set=prompt=a=b", rest[] = "--", word[] = "-m.yaml";
	char *argv[] = { limit, wait, q, for_, in_h, set, one, set2, rest, word };

	IS_INT(options_read(&o, "run", VERB_RUN, 10, argv, &err), 0, "a full command line");
	IS_INT(o.limit, 7, "--limit=7");
	OK(o.wait && o.is_quiet && !o.json && !o.is_verbose, "flags");
	IS_NEAR(o.for_s, 5400, 0, "--for 1h30m");
	IS_INT(o.n_sets, 2, "--set twice");
	IS_TEXT(o.sets[0], "seed=1", "the first");
	IS_TEXT(o.sets[1], "prompt=a=b", "the second, with its own equals sign");
	IS_INT(o.n_args, 1, "one word");
	IS_TEXT(o.args[0], "-m.yaml", "after --, a dash is a letter");
	options_release(&o);
	check_refusals();
	options_help(&help, VERB_STATUS);
	OK(strstr(help.buf, "--output DIR") && strstr(help.buf, "--json") && !strstr(help.buf, "--limit"), "help lists the verb's own options");
	OK(!strstr(help.buf, "--select"), "and none that are not there yet");
	strbuf_release(&help);
	return tap_done();
}
