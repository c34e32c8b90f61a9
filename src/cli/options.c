#include "cli/options.h"

#include "backend/backend.h"
#include "base/mem.h"
#include "base/text.h"
#include "job/job.h"

#include <stdlib.h>
#include <string.h>

#define MAKES ((unsigned)(VERB_RUN | VERB_CHECK | VERB_PLAN))
#define READS ((unsigned)(VERB_STATUS | VERB_LIST | VERB_SHOW | VERB_REPORT))
#define TENDS ((unsigned)(VERB_WHY | VERB_RETRY | VERB_VERIFY | VERB_GC))
#define PREPARES (MAKES | VERB_WHY | VERB_VERIFY) /* read the whole manifest */
#define EVERY (~0u)
#define AT(member) offsetof(struct options, member)

static const struct option table[] = {
	{ "--output", NULL, KIND_TEXT, AT(output), MAKES | READS | TENDS, "DIR", "the output folder, instead of the manifest's" },
	{ "--backend", NULL, KIND_BACKEND, AT(backend), MAKES | READS | TENDS, "NAME", "who makes the audio; without --output it writes to <dir>-NAME" },
	{ "--checkpoint", NULL, KIND_TEXT, AT(checkpoint), PREPARES, "DIR", "the folder of the model's weights" },
	{ "--set", NULL, KIND_TEXTS, AT(sets), PREPARES, "NAME=VALUE", "a parameter's value over the manifest's; may be repeated" },
	{ "--select", NULL, KIND_TEXT, AT(select), MAKES | VERB_LIST | VERB_RETRY | VERB_VERIFY | VERB_GC, "EXPR", "only the jobs for which this holds: seed = 1 and set = rain" },
	{ "--limit", NULL, KIND_COUNT, AT(limit), VERB_RUN | VERB_PLAN, "N", "start at most N jobs" },
	{ "--for", NULL, KIND_TIME, AT(for_s), VERB_RUN, "TIME", "start no more jobs after this time (90s, 15m, 6h)" },
	{ "--credits", NULL, KIND_AMOUNT, AT(credits), VERB_RUN | VERB_PLAN, "N",
	  "what the hosted jobs of this folder may cost at most, all runs together; over the manifest's run.credits" },
	{ "--threads", NULL, KIND_COUNT, AT(threads), PREPARES, "N", "processors to use; all that this process may use unless said" },
	{ "--wait", NULL, KIND_FLAG, AT(wait), VERB_RUN | VERB_RETRY | VERB_VERIFY | VERB_GC, NULL, "wait for another run on this folder to end" },
	{ "--remake-stale", NULL, KIND_FLAG, AT(remake_stale), VERB_RUN | VERB_PLAN, NULL,
	  "make files again that have another format, bits, rate or arithmetic" },
	{ "--state", NULL, KIND_STATE, AT(state), VERB_LIST, "STATE", "only jobs in this state" },
	{ "--deep", NULL, KIND_FLAG, AT(deep), VERB_VERIFY, NULL, "read every file and compare its hash with the ledger's" },
	{ "--regen", NULL, KIND_COUNT, AT(n_regen), VERB_VERIFY, "N", "make N finished jobs again and compare their samples" },
	{ "--pay-again", NULL, KIND_FLAG, AT(pay_again), VERB_RETRY, NULL, "make jobs again that may have been paid for already; with their ids" },
	{ "--yes", NULL, KIND_FLAG, AT(yes), VERB_GC, NULL, "remove the files; without it they are only listed" },
	{ "--events", NULL, KIND_TEXT, AT(events), VERB_RUN, "FILE", "append what happens to FILE, one JSON object a line; '-' is standard output" },
	{ "--json", NULL, KIND_FLAG, AT(json), (MAKES | READS | TENDS | VERB_SCHEMA | VERB_MODELS) & ~(unsigned)VERB_REPORT, NULL, "print JSON" },
	{ "--quiet", "-q", KIND_FLAG, AT(is_quiet), VERB_RUN | VERB_CHECK | VERB_REPORT | VERB_INIT | VERB_VERIFY | VERB_MODELS, NULL, "say nothing when all is well" },
	{ "--verbose", "-v", KIND_FLAG, AT(is_verbose), VERB_RUN, NULL, "say each finished job" },
	{ "--help", "-h", KIND_FLAG, AT(help), EVERY, NULL, "the verb's page" },
};

#define N_OPTIONS ((int)(sizeof table / sizeof *table))

const struct option *option_at(int i)
{
	return i < N_OPTIONS ? &table[i] : NULL;
}

/* ---- choices ---------------------------------------------------------------- */

static const char *backend_at(int i)
{
	for (int which = 0; which < PARAM_N_BACKENDS; which++)
		if (backend_find((enum param_backend)which) && i-- == 0)
			return param_backend_name((enum param_backend)which);
	return NULL;
}

static const char *state_at(int i)
{
	return i < JOB_N_STATES ? job_state_name((enum job_state)i) : NULL;
}

const char *option_choice(const struct option *o, int i)
{
	static const char *(*const lists[KIND_N])(int) = { [KIND_BACKEND] = backend_at, [KIND_STATE] = state_at };

	return lists[o->kind] ? lists[o->kind](i) : NULL;
}

static int check_choice(const struct option *o, const char *value, struct err *err)
{
	struct strbuf all = STRBUF_INIT(ERR_TEXT_MAX);
	const char *names[16], *near;
	size_t n = 0;

	for (; n < sizeof names / sizeof *names && option_choice(o, (int)n); n++) {
		names[n] = option_choice(o, (int)n);
		strbuf_addf(&all, "%s%s", n ? ", " : "", names[n]);
		if (!strcmp(names[n], value)) {
			strbuf_release(&all);
			return 0;
		}
	}
	near = text_nearest(value, names, n);
	if (near)
		err_set(err, ERR_USAGE, "%s must be one of %s; found '%s', did you mean '%s'?", o->name, all.buf, value, near);
	else
		err_set(err, ERR_USAGE, "%s must be one of %s; found '%s'", o->name, all.buf, value);
	strbuf_release(&all);
	return -1;
}

/* ---- reading ---------------------------------------------------------------- */

static const struct option *find(const char *word, size_t len)
{
	for (int i = 0; i < N_OPTIONS; i++) {
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

	for (int i = 0; i < N_OPTIONS; i++)
		if (table[i].verbs & verb)
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
	double amount;

	switch (o->kind) {
	case KIND_FLAG:
		*(bool *)at = true;
		break;
	case KIND_BACKEND:
	case KIND_STATE:
		if (check_choice(o, value, err) < 0)
			return -1;
		*(const char **)at = value;
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
	case KIND_AMOUNT:
		if (!text_parse_number(value, &amount) || amount < 0)
			return err_set(err, ERR_USAGE, "%s must be a number of at least 0, found '%s'", o->name, value);
		*(const char **)at = value;
		break;
	case KIND_N:
		break;
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
	if (o->value && !value) {
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
		} else {
			MEM_GROW(ret->args, ret->n_args, ret->cap_args);
			ret->args[ret->n_args++] = argv[i];
		}
	}
	return 0;
}

void options_release(struct options *o)
{
	free(o->sets);
	free(o->args);
	memset(o, 0, sizeof *o);
}
