/*
 * cli/ready: what the verbs that read a whole manifest (run, plan, check, why, verify --regen) have in common before they differ.
 *
 * ready_open prepares the manifest (prepare.h) and reads --select (select.h). It answers the exit status;
 * ready_tell then prints what was found: mistakes and warnings to stderr, or,
 * with --json, when the status is not 0 (or always_json), one object to stdout:
 *   {"ok", "exit_status", "jobs_total", "jobs_selected", "mistakes": [..], "error"}
 * err, what stopped it beside mistakes, goes to stderr in any case.
 * ready_close frees all, also after a failure. The options must outlive it.
 */
#ifndef CLI_READY_H
#define CLI_READY_H

#include "cli/options.h"
#include "cli/prepare.h"
#include "cli/select.h"

struct ready {
	struct prepared p;
	struct select select;
};

int ready_open(struct ready *r, const struct options *o, struct err *err) WARN_UNUSED;
void ready_tell(const struct ready *r, const struct options *o, int status, const struct err *err, bool always_json);
/* The same of an err that came later: with --json an object on stdout, and to stderr in any case. */
void ready_tell_err(const struct ready *r, const struct options *o, int status, const struct err *err);
void ready_close(struct ready *r);

#endif
