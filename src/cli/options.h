/*
 * cli/options: the one table of options, and the reading of a command line by it.
 *
 * options_read fills a struct options from the words after the verb. Accepted:
 * --name VALUE, --name=VALUE, -q, "--" (the rest are no options). Values are
 * borrowed from argv. A mistake is ERR_USAGE with what was meant.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
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

#define OPTION_ARGS_MAX 2 /* words that are no options; no verb takes more */

struct options {
	const char *output, *backend, *checkpoint, *state;
	const char **sets; /* "NAME=VALUE"; the array is owned, the texts are not */
	int n_sets, cap_sets;
	int64_t limit;   /* 0: not said */
	int64_t threads; /* 0: not said */
	double for_s;    /* 0: not said */
	bool wait, remake_stale, is_quiet, is_verbose, json, help;
	const char *args[OPTION_ARGS_MAX];
	int n_args;
};

int options_read(struct options *ret, const char *verb_name, enum verb verb, int argc, char **argv, struct err *err) WARN_UNUSED;
void options_release(struct options *o);
void options_help(struct strbuf *out, enum verb verb); /* the lines of --help: the options that go with the verb */

#endif
