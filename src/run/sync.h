/*
 * run/sync: what must survive a power cut is on the disk.
 *
 * A list of folders whose entries changed, and files synced together. fsync of
 * 64 new small files took 330 ms on ext4 on a virtual disk, one syncfs 18 ms
 * (each fsync forces a journal commit of its own); but syncfs also writes what
 * other programs left unwritten. So a few files are synced one by one, more by
 * one syncfs.
 */
#ifndef RUN_SYNC_H
#define RUN_SYNC_H

#include "base/err.h"

#include <stddef.h>

#define SYNC_ONE_BY_ONE_MAX 4

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

/* The contents of n files of one file system, that of dir. */
int sync_files(const char *dir, char *const *paths, size_t n, struct err *err) WARN_UNUSED;

#endif
