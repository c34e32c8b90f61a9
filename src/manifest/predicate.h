/*
 * manifest/predicate: the small language of exclude, where and --select. The second door of the room, for cli.
 *
 *   condition  = and-part { "or" and-part }
 *   and-part   = part { "and" part }
 *   part       = "not" part | "(" condition ")" | test
 *   test       = NAME ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) VALUE
 *              | NAME [ "not" ] "in" "[" VALUE { "," VALUE } "]"
 *              | VALUE [ "not" ] "in" "tags"
 *              | NAME                                   (a parameter that is true or false)
 *   VALUE      = number | true | false | 'text' | "text" | word
 *
 * NAME is a parameter (or its alias), a variable (in quotes where it is no word), set, take, tag or tags,
 * and state where the caller has one. Parameters have their effective values. A test
 * of what a job does not have is false, and its "!=" and "not in" true. Only numbers
 * have an order. "tags = x" and "x in tags" mean that x is one of the tags.
 *
 * predicate_parse once, predicate_holds for each job: pure, no memory.
 */
#ifndef MANIFEST_PREDICATE_H
#define MANIFEST_PREDICATE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "job/job.h"

#include <stdbool.h>
#include <stddef.h>

#define PREDICATE_DEPTH_MAX 64
#define PREDICATE_BYTES_MAX 65536

struct predicate;

/* What names there are. is_variable is asked for each name that is no parameter. */
struct predicate_names {
	const struct card *card; /* NULL: every name is a variable (where, of a table's rows) */
	enum param_backend backend;
	bool has_state;
	bool (*is_variable)(void *arg, const char *name);
	const char *(*suggest)(void *arg, const char *name); /* a variable that may be meant, or NULL */
	void *arg;
};

/* -1: ret_offset is the byte of text where it goes wrong, and `why` (reset first) holds one sentence. The predicate lives in arena. */
int predicate_parse(struct predicate **ret, const char *text, const struct predicate_names *names, struct arena *arena,
		    size_t *ret_offset, struct strbuf *why) WARN_UNUSED;

/*
 * What a condition is asked about. Three things stand behind it: a job (exclude, --select of a run), a row of the
 * ledger (--select of list, retry and their kin) and a row of a table file (where). What it does not have is NULL or VALUE_NONE.
 */
struct predicate_subject {
	struct value (*param)(const void *of, int param);          /* effective */
	const char *(*variable)(const void *of, const char *name); /* "axis", "column" or "axis.column" */
	const void *of;
	const char *set, *state;
	const char *const *tags;
	int n_tags, take;
};
bool predicate_holds(const struct predicate *p, const struct predicate_subject *subject);
/* Does this name mean this variable? "axis.column" is known by its column too. */
bool predicate_is_named(const char *variable, const char *name);
/* state: of the job as people write it, or NULL. The job must outlive the subject. */
void predicate_subject_of_job(struct predicate_subject *ret, const struct job *job, const char *state);

#endif
