/* run/why_say: what a job is and what a run would do with it, in a sentence; for why.c. */
#ifndef RUN_WHY_SAY_H
#define RUN_WHY_SAY_H

#include "ledger/ledger.h"
#include "run/run.h"
#include "run/tend.h"

void why_say(struct run_why *why, const char *fmt, ...) PRINTF_LIKE(2, 3); /* appends to why->sentence */
/* config: NULL for a folder alone; job: the row's place in config->jobs, or -1. */
void why_say_row(struct run_why *why, const struct run_place *place, const struct run_config *config, int64_t job,
		 const struct ledger_job *row);

#endif
