#include "cli/options.h"

#include "base/mem.h"
#include "base/text.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_FLAG, KIND_TEXT, KIND_TEXTS, KIND_COUNT, KIND_TIME, KIND_LATER };

struct option {
	const char *name; /* with its dashes */
	const char *letter; /* "-q", or NULL */
	enum kind kind;
	size_t offset; /* in struct options, of the kind's type */
	unsigned verbs;
	const char *value; /* how help calls it; NULL: a flag */
	const char *help;
};

#define MAKES (VERB_RUN | VERB_CHECK | VERB_PLAN)
#define READS (VERB_STATUS | VERB_LIST | VERB_SHOW | VERB_REPORT)
#define ALL (MAKES | READS | VERB_SCHEMA)
#define AT(member) offsetof(struct options, member)

static const struct option table[] = {
	{ "--output", NULL, KIND_TEXT, AT(output), MAKES | READS, "DIR", "the output folder, instead of the manifest's" },
	{ "--backend", NULL, KIND_TEXT, AT(backend), MAKES | READS, "NAME", "native or fake; without --output it writes to <dir>-NAME" },
	{ "--checkpoint", NULL, KIND_TEXT, AT(checkpoint), MAKES, "DIR", "the folder of the model's weights" },
	{ "--set", NULL, KIND_TEXTS, AT(sets), MAKES, "NAME=VALUE", "a parameter's value over the manifest's; may be repeated" },
	{ "--limit", NULL, KIND_COUNT, AT(limit), VERB_RUN, "N", "start at most N jobs" },
	{ "--for", NULL, KIND_TIME, AT(for_s), VERB_RUN, "TIME", "start no more jobs after this time (90s, 15m, 6h)" },
	{ "--threads", NULL, KIND_COUNT, AT(threads), MAKES, "N", "processors to use; all that this process may use unless said" },
	{ "--wait", NULL, KIND_FLAG, AT(wait), VERB_RUN, NULL, "wait for another run on this folder to end" },
	{ "--remake-stale", NULL, KIND_FLAG, AT(remake_stale), VERB_RUN | VERB_PLAN, NULL,
	  "make files again that have another format, depth or arithmetic" },
	{ "--state", NULL, KIND_TEXT, AT(state), VERB_LIST, "STATE", "only jobs in this state" },
	{ "--json", NULL, KIND_FLAG, AT(json), ALL & ~(unsigned)VERB_REPORT, NULL, "print JSON" },
	{ "--quiet", "-q", KIND_FLAG, AT(is_quiet), VERB_RUN | VERB_CHECK | VERB_REPORT, NULL, "say nothing when all is well" },
	{ "--verbose", "-v", KIND_FLAG, AT(is_verbose), VERB_RUN, NULL, "say each finished job" },
	{ "--help", "-h", KIND_FLAG, AT(help), ALL, NULL, "this page" },
	{ "--select", NULL, KIND_LATER, 0, MAKES | READS, "EXPR", NULL },
	{ "--events", NULL, KIND_LATER, 0, VERB_RUN, "FILE", NULL },
};

#define N_OPTIONS (sizeof table / sizeof *table)

static const struct option *find(const char *word, size_t len)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &table[i];

		if ((strlen(o->name) == len && !strncmp(o->name, word, len)) ||
		    (o->letter && strlen(o->letter) == len && !strncmp(o->letter, word, len)))
			return o;
	}
	return NULL;
}

static int unknown(const char *verb_name, enum verb verb, const char *word, size_t len, struct err *err)
{
	const char *names[N_OPTIONS];
	size_t n = 0;
	char *copy = mem_strndup(word, len);
	const char *near;

	for (size_t i = 0; i < N_OPTIONS; i++)
		if (table[i].verbs & verb && table[i].kind != KIND_LATER)
			names[n++] = table[i].name;
	near = text_nearest(copy, names, n);
	if (near)
		err_set(err, ERR_USAGE, "unknown option '%s', did you mean '%s'?", copy, near);
	else
		err_set(err, ERR_USAGE, "unknown option '%s'; 'mgbatch %s --help' lists them", copy, verb_name);
	free(copy);
	return -1;
}

static int store(struct options *ret, const struct option *o, const char *value, struct err *err)
{
	void *at = (char *)ret + o->offset;

	switch (o->kind) {
	case KIND_FLAG:
		*(bool *)at = true;
		break;
	case KIND_TEXT:
		if (!*value)
			return err_set(err, ERR_USAGE, "%s must not be empty", o->name);
		*(const char **)at = value;
		break;
	case KIND_TEXTS:
		if (!strchr(value, '=') || *value == '=')
			return err_set(err, ERR_USAGE, "%s must be NAME=VALUE, found '%s'", o->name, value);
		MEM_GROW(ret->sets, ret->n_sets, ret->cap_sets);
		ret->sets[ret->n_sets++] = value;
		break;
	case KIND_COUNT:
		if (!text_parse_int(value, at) || *(int64_t *)at < 1)
			return err_set(err, ERR_USAGE, "%s must be a whole number of at least 1, found '%s'", o->name, value);
		break;
	case KIND_TIME:
		if (!text_parse_duration(value, at) || *(double *)at <= 0)
			return err_set(err, ERR_USAGE, "%s must be a time such as 90s, 15m or 6h, found '%s'", o->name, value);
		break;
	case KIND_LATER:
		return err_set(err, ERR_USAGE, "%s is not in this version yet", o->name);
	}
	return 0;
}

/* argv[*i] is an option; *i moves on to its last word. */
static int read_option(struct options *ret, const char *verb_name, enum verb verb, int argc, char **argv, int *i, struct err *err)
{
	const char *word = argv[*i], *value = NULL;
	const char *equals = text_starts_with(word, "--") ? strchr(word, '=') : NULL;
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct option *o = find(word, len);

	if (!o)
		return unknown(verb_name, verb, word, len, err);
	if (!(o->verbs & verb))
		return err_set(err, ERR_USAGE, "%s does not go with 'mgbatch %s'", o->name, verb_name);
	if (equals)
		value = equals + 1;
	if (!o->value && value)
		return err_set(err, ERR_USAGE, "%s takes no value, found '%s'", o->name, value);
	if (o->value && !value && o->kind != KIND_LATER) {
		if (*i + 1 == argc)
			return err_set(err, ERR_USAGE, "%s wants a value: %s %s", o->name, o->name, o->value);
		value = argv[++*i];
	}
	return store(ret, o, value, err);
}

int options_read(struct options *ret, const char *verb_name, enum verb verb, int argc, char **argv, struct err *err)
{
	bool only_args = false;

	memset(ret, 0, sizeof *ret);
	for (int i = 0; i < argc; i++) {
		if (!only_args && !strcmp(argv[i], "--")) {
			only_args = true;
		} else if (!only_args && argv[i][0] == '-' && argv[i][1]) {
			if (read_option(ret, verb_name, verb, argc, argv, &i, err) < 0)
				return -1;
		} else if (ret->n_args == OPTION_ARGS_MAX) {
			return err_set(err, ERR_USAGE, "one word too many: '%s'; 'mgbatch %s --help' says what goes there", argv[i], verb_name);
		} else {
			ret->args[ret->n_args++] = argv[i];
		}
	}
	return 0;
}

void options_release(struct options *o)
{
	free(o->sets);
	memset(o, 0, sizeof *o);
}

void options_help(struct strbuf *out, enum verb verb)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &table[i];
		char left[40];

		if (!(o->verbs & verb) || o->kind == KIND_LATER)
			continue;
		snprintf(left, sizeof left, "%s%s%s%s%s", o->letter ? o->letter : "", o->letter ? ", " : "", o->name, o->value ? " " : "",
			 o->value ? o->value : "");
		strbuf_addf(out, "  %-22s  %s\n", left, o->help);
	}
}
