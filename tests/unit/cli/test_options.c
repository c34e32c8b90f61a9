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
	OK(!strncmp(err.text, sentence, strlen(sentence)), "with the sentence: %s", err.text);
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
		{ VERB_RUN, { "--credits", "-1" }, "--credits must be a number of at least 0, found '-1'" },
		{ VERB_PLAN, { "--credits", "ten" }, "--credits must be a number of at least 0, found 'ten'" },
		{ VERB_RUN, { "--credits=" }, "--credits must be a number of at least 0, found ''" },
		{ VERB_RUN, { "--credits" }, "--credits wants a value: --credits N" },
		{ VERB_CHECK, { "--credits", "1" }, "--credits does not go with 'mgbatch run'" },
		{ VERB_RUN, { "--set", "seed" }, "--set must be NAME=VALUE, found 'seed'" },
		{ VERB_RUN, { "--set", "=1" }, "--set must be NAME=VALUE, found '=1'" },
		{ VERB_RUN, { "--output", "" }, "--output must not be empty" },
		{ VERB_RUN, { "--wait=yes" }, "--wait takes no value, found 'yes'" },
		{ VERB_RUN, { "--limit", "-1" }, "--limit must be a whole number of at least 1, found '-1'" },
		{ VERB_RUN, { "--limit", "99999999999999999999" }, "--limit must be a whole number of at least 1, found '99999999999999999999'" },
		{ VERB_RUN, { "--for", "-3s" }, "--for must be a time such as 90s, 15m or 6h, found '-3s'" },
		{ VERB_RUN, { "--select=" }, "--select must not be empty" },
		{ VERB_RUN, { "--events" }, "--events wants a value: --events FILE" },
		{ VERB_STATUS, { "--events", "f" }, "--events does not go with 'mgbatch run'" },
		{ VERB_RUN, { "--backend", "fakee" }, "--backend must be one of " },
		{ VERB_RUN, { "--backend=" }, "--backend must be one of " },
		{ VERB_LIST, { "--state", "finishd" }, "--state must be one of pending, submitting, running, made, done, failed, unknown, superseded, "
						       "lost; found 'finishd'" },
		{ VERB_LIST, { "--state", "dome" }, "--state must be one of pending, submitting, running, made, done, failed, unknown, superseded, "
						    "lost; found 'dome', did you mean 'done'?" },
		{ VERB_RUN, { "-x" }, "unknown option '-x'; 'mgbatch run --help' lists them" },
		{ VERB_RUN, { "-qv" }, "unknown option '-qv'; 'mgbatch run --help' lists them" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		refuses(table[i].verb, table[i].words, table[i].sentence);
}

static void check_many_words(void)
{
	static const char *const words[] = { "m.yaml", "abcd", "-v", "efgh", "ijkl", NULL };
	struct options o;
	struct err err = ERR_INIT;

	IS_INT(read_words(&o, VERB_RUN, words, &err), 0, "as many words as one likes");
	IS_INT(o.n_args, 4, "an option among them is none of them");
	options_release(&o);
}

/* What pages, completions and the reading take for granted of every row. */
static void check_table(void)
{
	const struct option *o, *other;

	for (int i = 0; (o = option_at(i)); i++) {
		int n = 0;

		OK(!strncmp(o->name, "--", 2) && *o->help && o->verbs, "%s has dashes, help and a verb", o->name);
		OK((o->kind == KIND_FLAG) == (o->value == NULL), "%s: a flag and nothing else has no value", o->name);
		OK(!strpbrk(o->help, "\n\t"), "%s: help is one line", o->name);
		for (int k = 0; (other = option_at(k)); k++)
			n += !strcmp(o->name, other->name) || (o->letter && other->letter && !strcmp(o->letter, other->letter));
		IS_INT(n, 1, "its names are its own");
		OK((option_choice(o, 0) != NULL) == (o->kind == KIND_BACKEND || o->kind == KIND_STATE), "choices where the kind has them");
	}
}

int main(void)
{
	struct options o;
	struct err err = ERR_INIT;
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
	check_many_words();
	check_table();
	return tap_done();
}
