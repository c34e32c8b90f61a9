/*
 * cli/folder: the output folder that a word of the command line means.
 *
 * A folder is itself; anything else is a manifest, whose output folder is
 * meant (with --output and --backend as for run). The ledger is opened for
 * reading. folder_close frees all, also after a failure.
 */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include "cli/options.h"
#include "ledger/ledger.h"

struct folder {
	char *output_dir;
	struct ledger *ledger;
};

/* Answers the exit status; when it is not 0, everything has been printed. */
int folder_open(struct folder *f, const struct options *o);
void folder_close(struct folder *f);

#endif
