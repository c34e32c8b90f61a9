/* run/tend_inside: what the files behind tend.h share: the folder, held. */
#ifndef RUN_TEND_INSIDE_H
#define RUN_TEND_INSIDE_H

#include "base/err.h"
#include "base/fs.h"
#include "ledger/ledger.h"
#include "ledger/ledger_write.h"
#include "run/tend.h"

/* The folder's lock and its ledger, open for writing. A folder without a ledger is an err and stays as it is. */
struct tend {
	struct fs_lock lock;
	struct ledger *ledger;
};
int tend_open(struct tend *ret, const struct run_place *place, struct err *err) WARN_UNUSED;
/* The same for who only looks: the ledger is open for reading, and nothing in the folder changes. */
int tend_open_read(struct tend *ret, const struct run_place *place, struct err *err) WARN_UNUSED;
void tend_close(struct tend *t);

int tend_lock(struct fs_lock *ret, const struct run_place *place, struct err *err) WARN_UNUSED;
/* Opened for reading, and whose it is has been asked. */
int tend_read(struct ledger **ret, const struct run_place *place, struct err *err) WARN_UNUSED;
int tend_is_meant(const struct run_place *place, const struct ledger_job *row, struct err *err) WARN_UNUSED; /* 1, 0, -1 */

#endif
