/*
 * cli/cmd_models: what `mgbatch models` can be asked for beside list; each prints and answers the exit status.
 */
#ifndef CLI_CMD_MODELS_H
#define CLI_CMD_MODELS_H

#include "base/strbuf.h"
#include "cli/options.h"
#include "store/pull.h"

int models_pull(const struct options *o, const char *version);
int models_verify(const struct options *o, const char *version); /* NULL: all that are here */

/* "small: [####....] 1.2 of 2.2 GiB · 54% · 38.1 MiB/s · ETA 27.2 s". bytes_per_s 0: not known. Pure. */
void models_pull_line(struct strbuf *out, const char *version, const struct store_pull_progress *progress, double bytes_per_s, bool has_bar);

#endif
