/*
 * run/sync: what must survive a power cut is on the disk.
 *
 * A list of folders whose entries changed. They are synced now, or in the background:
 *   sync_dirs_add, sync_dirs_make, ...; sync_dirs_begin; sync_dirs_ended asks; sync_dirs_end waits and says what went wrong
 *
 * Many syncs at once cost little more than one, where all data is on its way already (fs_begin_sync): the first one writes
 * the journal of the file system for all. 64 new small files on a virtual disk took, on ext4 with a journal and without:
 * 320 ms with one fsync after the other; 16 and 9 ms with eight threads; 7 ms each where writing had begun before; 10 and
 * 6 ms with one syncfs, which however also waits for whatever other programs have written: seconds, on a busy machine.
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
/* Makes the folders above file_path, which are lasting at once, and adds the one that the file is in. */
int sync_dirs_make(struct sync_dirs *dirs, const char *file_path, struct err *err) WARN_UNUSED;
int sync_dirs_now(struct sync_dirs *dirs, struct err *err) WARN_UNUSED;

/* Nothing may be added between begin and end. */
void sync_dirs_begin(struct sync_dirs *dirs, struct tasks *tasks);
bool sync_dirs_ended(const struct sync_dirs *dirs);
int sync_dirs_end(struct sync_dirs *dirs, struct tasks *tasks, struct err *err) WARN_UNUSED;

void sync_dirs_release(struct sync_dirs *dirs);

#endif
