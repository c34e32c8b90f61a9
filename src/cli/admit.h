/*
 * cli/admit: asks the backend, before anything runs, whether every job can ever be done.
 *
 * Jobs of a set that need the same (as long, as many rows, the same prompt) are asked
 * about once. Answers the exit status: 0; that of the first refusal, all of which are in
 * `findings` then, one sentence a place and reason; or err's.
 */
#ifndef CLI_ADMIT_H
#define CLI_ADMIT_H

#include "cli/findings.h"
#include "run/run.h"

int admit_jobs(const struct run_config *config, struct findings *findings, struct err *err) WARN_UNUSED;

#endif
