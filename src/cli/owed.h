/*
 * cli/owed: jobs of a hosted folder that may have been paid for and are not here, and what to do about them.
 *
 * owed_advice is the rest of a sentence that begins with the job or their number. owed_lines appends a line for each such
 * state of which there are some.
 */
#ifndef CLI_OWED_H
#define CLI_OWED_H

#include "base/strbuf.h"
#include "job/job.h"

#include <stdint.h>

const char *owed_advice(enum job_state state); /* NULL: nothing is owed in this state */
void owed_lines(struct strbuf *out, int64_t n_unknown, int64_t n_lost, const char *folder);

#endif
