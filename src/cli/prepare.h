/*
 * cli/prepare: from a manifest's path to everything that run, plan and check need.
 *
 * prepare_open reads the manifest, opens the checkpoints, expands the jobs, asks
 * the backend whether each can ever be done, and fills the run's settings.
 * It answers the exit status: 0 ready; else `findings` has mistakes or err is
 * filled, both for the caller to print.
 * prepare_close frees all, also after a failure. The options must outlive it.
 */
#ifndef CLI_PREPARE_H
#define CLI_PREPARE_H

#include "cli/findings.h"
#include "cli/models.h"
#include "cli/options.h"
#include "run/run.h"

struct prepared {
	struct card *card;
	struct manifest *manifest;
	struct models models;
	char *made_by; /* all that make some job, in running order */
	char *command_line;
	struct findings findings;
	struct run_config config;
};

int prepare_open(struct prepared *p, const struct options *o, struct err *err) WARN_UNUSED;
/* How many times as fast waits pass, of tests; *ret stays where nothing is said. ERR_USAGE: it is no such number. */
int prepare_clock_rate(double *ret, struct err *err) WARN_UNUSED;
void prepare_close(struct prepared *p);

#endif
