/*
 * cli/select: --select EXPR of run, plan and check; how it is read (select_parse) is the same for rows of the ledger (choose.h).
 *
 * select_open reads the expression against the manifest's parameters, variables,
 * sets and tags, and gives it to p->config. A mistake is a finding, and so is an
 * expression that no job of the manifest can match, whatever its state: exit
 * status 2, nothing is run. Answers the exit status. What depends on a job's state is
 * decided by run when it knows the state. select_close frees all; the prepared must
 * outlive it, and no run may begin after it.
 */
#ifndef CLI_SELECT_H
#define CLI_SELECT_H

#include "base/arena.h"
#include "cli/options.h"
#include "cli/prepare.h"
#include "manifest/predicate.h"

#include <stdbool.h>
#include <stdint.h>

struct select {
	struct arena arena;
	struct predicate *predicate; /* NULL: all jobs */
	bool asks_state;
	int64_t n_jobs; /* of the manifest that match, in some state at least */
};

/* A mistake is ERR_USAGE: "--select, at character N: ..", with what may be meant. */
int select_parse(struct predicate **ret, const char *expression, const struct predicate_names *names, struct arena *arena,
		 struct err *err) WARN_UNUSED;

int select_open(struct select *s, struct prepared *p, const struct options *o) WARN_UNUSED;
void select_close(struct select *s);

#endif
