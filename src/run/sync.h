/*
 * run/sync: what must survive a power cut is on the disk.
 *
 * A list of folders whose entries changed. They are synced now, or in the background:
 *   sync_dirs_add, sync_dirs_make, ...; sync_dirs_begin; sync_dirs_ended asks; sync_dirs_end waits and says what went wrong
 *
 * Many syncs at once cost little more than one: 64 new small files on ext4 on a virtual disk took 320 ms with one fsync after
 * the other (each forces a commit of the file system's journal), 20 ms with eight threads (they share commits), 15 ms with 64,
 * and 11 to 20 ms with one syncfs, which however also waits for whatever other programs have written: seconds, on a busy
 * machine. So files and folders are synced by SYNC_THREADS background threads.
 */
#ifndef RUN_SYNC_H
#define RUN_SYNC_H

#include "base/err.h"
#include "base/tasks.h"

#include <stddef.h>

#define SYNC_THREADS 8

struct sync_dir {
	char *path;
	struct task task;
	struct err err;
};

struct sync_dirs {
	struct sync_dir *list;
	size_t n, cap;
};

#define SYNC_DIRS_INIT { NULL, 0, 0 }

void sync_dirs_add(struct sync_dirs *dirs, const char *file_path); /* the folder that the file is in */
/* Makes the folders above file_path and adds all that change: a new folder is an entry of the one above it. */
int sync_dirs_make(struct sync_dirs *dirs, const char *file_path, struct err *err) WARN_UNUSED;
int sync_dirs_now(struct sync_dirs *dirs, struct err *err) WARN_UNUSED;

/* Nothing may be added between begin and end. */
void sync_dirs_begin(struct sync_dirs *dirs, struct tasks *tasks);
bool sync_dirs_ended(const struct sync_dirs *dirs, struct tasks *tasks);
int sync_dirs_end(struct sync_dirs *dirs, struct tasks *tasks, struct err *err) WARN_UNUSED;

void sync_dirs_release(struct sync_dirs *dirs);

#endif
