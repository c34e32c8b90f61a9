/*
 * run/reported: are the reports those of the ledger as it stands?
 *
 * .mgbatch/reported names the run after which they were written whole, how it ended (they say so, and one that ends in another
 * way has to say it anew), and the version that wrote them. It is removed
 * whenever the ledger is opened for writing (ledger.c), so it is read before, and written again after the reports
 * (run_note_reports). It counts only where it names the run before this one: another may have come between a run's end and
 * its reports.
 */
#ifndef RUN_REPORTED_H
#define RUN_REPORTED_H

#include <stdbool.h>
#include <stdint.h>

#define REPORTED_SIZE 96 /* two numbers and a version */

void reported_read(char out[REPORTED_SIZE], const char *output_dir); /* "" where there is none */
bool reported_is_of(const char *text, int64_t run, int exit_status, const char *tool_version);

#endif
