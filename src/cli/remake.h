/*
 * cli/remake: the lines of a manifest that has one job, told from its ledger row.
 *
 * All effective parameters are said, the seed too, so that the lines give the
 * same job id with the same checkpoint whatever the defaults become. JSON's
 * quoted text is YAML's too; a brace in a text is doubled, for text in a
 * manifest is a template.
 */
#ifndef CLI_REMAKE_H
#define CLI_REMAKE_H

#include "base/err.h"
#include "base/strbuf.h"
#include "ledger/ledger.h"

int remake_manifest(struct strbuf *out, const struct ledger_job *job, const char *backend, struct err *err) WARN_UNUSED;

#endif
