/*
 * cli/folder: the output folder that a word of the command line means.
 *
 * A folder is itself; anything else is a manifest, whose output folder is
 * meant (with --output and --backend as for run), and which the folder has to belong to. The ledger is opened for
 * reading. folder_close frees all, also after a failure.
 *
 * folder_place says the same to the doors of run that look after a folder. They open the ledger themselves:
 * folder_let_go closes this one first, because on a network file system a reader keeps a writer out.
 */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include "cli/options.h"
#include "ledger/ledger.h"
#include "run/run.h"

struct folder {
	char *output_dir;
	char *manifest_name;     /* NULL: the word was a folder */
	const char *backend;
	bool lacks_cap;          /* a run of that manifest needs --credits, for it says no cap itself */
	struct ledger *ledger;
};

/* Answers the exit status; when it is not 0, everything has been printed. */
int folder_open(struct folder *f, const struct options *o);
void folder_let_go(struct folder *f);
void folder_close(struct folder *f);
void folder_place(const struct folder *f, const struct options *o, struct run_place *ret); /* borrows from both */

#endif
