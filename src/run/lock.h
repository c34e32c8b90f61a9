/*
 * run/lock: one at a time. The kernel lock beside the ledger, taken by whoever changes a folder.
 *
 * The lock (flock on .mgbatch/lock) dies with its process, so nobody ever has to take it away. Its file says who
 * holds it, for the sentence that the next one is told. The caller releases it with fs_lock_release.
 */
#ifndef RUN_LOCK_H
#define RUN_LOCK_H

#include "base/err.h"
#include "base/fs.h"

#include <stdbool.h>

#define LOCK_HOST_MAX 256 /* HOST_NAME_MAX is 64 on Linux */

struct lock_wish {
	const char *output_dir;
	bool wait;                                 /* for another run's lock, instead of ERR_LOCKED */
	void (*tell)(void *arg, const char *text); /* once, for whom is waited; may be NULL */
	void *tell_arg;
};

/* 0: it is ours; 1: a signal ended the wait; -1: err. Makes the folder of the lock, durably. */
int lock_take(struct fs_lock *ret, const struct lock_wish *wish, struct err *err) WARN_UNUSED;
void lock_host(char out[LOCK_HOST_MAX]); /* this machine's name, "unknown" where it has none */

#endif
