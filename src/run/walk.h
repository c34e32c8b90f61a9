/*
 * run/walk: every file below a folder.
 *
 * Folders are walked in the order of their entries' bytes, so that a listing is the same on every machine. A link is a
 * file and is not followed, nor is `below` where one of its folders is a link. Folders nested deeper than WALK_DEPTH_MAX are an err.
 */
#ifndef RUN_WALK_H
#define RUN_WALK_H

#include "base/err.h"

#include <stdint.h>

#define WALK_DEPTH_MAX 64 /* a job's path has 240 bytes at most (job.h) */

typedef int (*walk_visit)(void *arg, const char *path, int64_t n_bytes, struct err *err); /* 0 or -1 */

/* Paths are relative to root, "below/..." where below is not "". A folder that is not there has no files.
 * skip: an entry directly in the first folder that is passed by, or NULL. */
int walk_files(const char *root, const char *below, const char *skip, walk_visit visit, void *arg, struct err *err) WARN_UNUSED;

#endif
