/*
 * cli/owed: jobs of a hosted folder that may have been paid for and are not here, and what to do about them.
 *
 * owed_add appends the rest of a sentence that begins with the job or their number; id: the job's, NULL: of some job. owed_lines
 * appends a line for each such state of which there are some. Both name commands that can be pasted.
 */
#ifndef CLI_OWED_H
#define CLI_OWED_H

#include "base/strbuf.h"
#include "job/job.h"

#include <stdint.h>

bool owed_is(enum job_state state);
void owed_add(struct strbuf *out, enum job_state state, const char *folder, const char *id); /* owed_is(state) */
void owed_lines(struct strbuf *out, int64_t n_unknown, int64_t n_lost, const char *folder);

#endif
