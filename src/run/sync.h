/*
 * run/sync: what must survive a power cut is on the disk.
 *
 * A list of folders whose entries changed, and files synced together. 64 new
 * small files on ext4 on a virtual disk took 320 ms with one fsync after the
 * other (each forces a commit of the file system's journal), 20 ms with eight
 * threads (they share commits) and 20 ms with one syncfs, which however also
 * waits for whatever other programs have written: seconds, on a busy machine.
 * So more than a few files are synced by a pool of threads.
 */
#ifndef RUN_SYNC_H
#define RUN_SYNC_H

#include "base/err.h"
#include "base/pool.h"

#include <stddef.h>

#define SYNC_ONE_BY_ONE_MAX 4
#define SYNC_THREADS 8

struct sync_dirs {
	char **paths;
	size_t n, cap;
};

#define SYNC_DIRS_INIT { NULL, 0, 0 }

void sync_dirs_add(struct sync_dirs *dirs, const char *file_path); /* the folder that the file is in */
/* Makes the folders above file_path and adds all that change: a new folder is an entry of the one above it. */
int sync_dirs_make(struct sync_dirs *dirs, const char *file_path, struct err *err) WARN_UNUSED;
int sync_dirs_now(struct sync_dirs *dirs, struct err *err) WARN_UNUSED;
void sync_dirs_release(struct sync_dirs *dirs);

/* The contents of n files. *pool: NULL at first; opened when it is wanted, and closed by the caller. */
int sync_files(struct pool **pool, char *const *paths, size_t n, struct err *err) WARN_UNUSED;

#endif
