/*
 * cli/options: the one table of options, and the reading of a command line by it.
 *
 * options_read fills a struct options from the words after the verb. Accepted:
 * --name VALUE, --name=VALUE, -q, "--" (the rest are no options). Values are
 * borrowed from argv; the arrays are owned and freed by options_release, also after
 * a failure. A mistake is ERR_USAGE with what was meant.
 *
 * A row says everything about an option; pages, the man page and shell completion
 * are made from the rows: adding an option is a member of struct options and a row.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verb {
	VERB_RUN = 1u << 0,
	VERB_CHECK = 1u << 1,
	VERB_PLAN = 1u << 2,
	VERB_STATUS = 1u << 3,
	VERB_LIST = 1u << 4,
	VERB_SHOW = 1u << 5,
	VERB_REPORT = 1u << 6,
	VERB_SCHEMA = 1u << 7,
	VERB_INIT = 1u << 8,
	VERB_WHY = 1u << 9,
	VERB_RETRY = 1u << 10,
	VERB_VERIFY = 1u << 11,
	VERB_GC = 1u << 12,
	VERB_MODELS = 1u << 13,
	VERB_COMPLETIONS = 1u << 14
};

struct options {
	const char *output, *backend, *checkpoint, *state, *select, *events, *credits;
	const char **sets; /* "NAME=VALUE"; the array is owned, the texts are not */
	int n_sets, cap_sets;
	int64_t limit;   /* 0: not said */
	int64_t threads; /* 0: not said */
	double for_s;    /* 0: not said */
	int64_t n_regen; /* 0: not said */
	bool wait, remake_stale, is_quiet, is_verbose, json, help, deep, yes, pay_again;
	const char **args; /* words that are no options; the array is owned */
	int n_args, cap_args;
};

/* What an option's value is. */
enum option_kind {
	KIND_FLAG,    /* none; the member is a bool */
	KIND_TEXT,    /* const char *, not empty */
	KIND_TEXTS,   /* "NAME=VALUE", may be repeated: sets */
	KIND_COUNT,   /* int64_t, at least 1 */
	KIND_TIME,    /* double, seconds, more than 0 */
	KIND_AMOUNT,  /* const char *, a number of at least 0 as it was written: 0 is not the same as not said */
	KIND_BACKEND, /* const char *, one of the backends of this version */
	KIND_STATE,   /* const char *, one of the states of a job */
	KIND_N
};

struct option {
	const char *name;   /* with its dashes */
	const char *letter; /* "-q", or NULL */
	enum option_kind kind;
	size_t offset;      /* in struct options, of the kind's type */
	unsigned verbs;
	const char *value;  /* how help calls it; "DIR" and "FILE" complete as such; NULL: a flag */
	const char *help;
};

int options_read(struct options *ret, const char *verb_name, enum verb verb, int argc, char **argv, struct err *err) WARN_UNUSED;
void options_release(struct options *o);

const struct option *option_at(int i); /* NULL past the last */
const char *option_choice(const struct option *o, int i); /* the values allowed; NULL past the last, and where any is */

#endif
