/*
 * report/remake: the lines of a manifest that has one job, told from its ledger row.
 *
 * All effective parameters are said, the seed too, so that the lines give the
 * same job id with the same checkpoint whatever the defaults become. Texts are
 * quoted as JSON does, and what YAML would not read so is escaped. The door's
 * report_remake opens the row itself.
 */
#ifndef REPORT_REMAKE_H
#define REPORT_REMAKE_H

#include "base/strbuf.h"
#include "report/collect.h"

void remake_row(struct strbuf *out, const struct report_row *row, const char *backend);

#endif
