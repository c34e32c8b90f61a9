/*
 * report: what there is, told from ledger rows only. The door of the room.
 *
 * report_write rebuilds metadata.jsonl, jobs.csv, summary.json and report.html
 * whole, each by atomic replace, so that the same ledger always gives the same
 * bytes (times stand only in jobs.csv and summary.json). It may
 * be called while a run is going.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/err.h"
#include "base/strbuf.h"
#include "ledger/ledger.h"

/* The name of the i-th file that report_write makes; NULL past the last. */
const char *report_file(int i);

int report_write(struct ledger *l, const char *output_dir, struct err *err) WARN_UNUSED;

/* Appends the lines of a manifest that makes this one job again (as the page shows them). ERR_LEDGER: the row cannot be read. */
int report_remake(struct strbuf *out, const struct ledger_job *job, const char *backend, struct err *err) WARN_UNUSED;

#endif
