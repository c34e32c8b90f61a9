/*
 * base/fs: files and folders.
 *
 * Paths are bytes. Errors are ERR_IO (ERR_DISK_FULL for ENOSPC and EDQUOT) with
 * the path in the sentence, unless said otherwise. Reading is capped. Writing
 * for keeps goes through a temp file, sync and rename, so that a reader never
 * sees half a file and the old one stays until the new one is complete.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends the whole file; a file over sb->max is an error that names both sizes. */
int fs_read(const char *path, struct strbuf *sb, struct err *err) WARN_UNUSED;

/* Makes path hold exactly these bytes by temp file (path + ".new~"), fsync, rename, fsync of the folder. */
int fs_replace(const char *path, const void *bytes, size_t len, struct err *err) WARN_UNUSED;

/* All of it to an open descriptor: 0 or the errno. A short write is no failure; the next one says what is wrong. */
int fs_write_all(int fd, const void *bytes, size_t len) WARN_UNUSED;

int fs_make_dirs(const char *path, struct err *err) WARN_UNUSED; /* mkdir -p, mode 0777 less the umask */
int fs_make_parent(const char *path, struct err *err) WARN_UNUSED; /* the folders above a file */
int fs_rename(const char *from, const char *to, struct err *err) WARN_UNUSED;
int fs_remove(const char *path, struct err *err) WARN_UNUSED;     /* a missing file is no error */
int fs_sync_file(const char *path, struct err *err) WARN_UNUSED;  /* open, fsync, close */
/* The same for a file that is open, which is closed whatever happens; path is for messages. */
int fs_sync_close(int fd, const char *path, struct err *err) WARN_UNUSED;
void fs_begin_sync(int fd); /* asks the system to begin writing it to the disk, and waits for nothing: the sync then finds less to do */
int fs_sync_dir(const char *path, struct err *err) WARN_UNUSED;   /* the folder itself */

/* 1: something has this name, be it a dangling link; 0: nothing has; -1: that cannot be seen (the disk, a right that lacks).
 * Where a wrong "nothing" would cost a file, this is asked; fs_exists takes -1 for 0. */
int fs_find(const char *path, struct err *err) WARN_UNUSED;
bool fs_exists(const char *path);
bool fs_is_dir(const char *path);
bool fs_is_past_link(const char *dir, const char *name); /* one of the folders between dir and dir/name is a link; name stays below dir */
bool fs_is_file(const char *path); /* a regular one, links followed */
int fs_size(const char *path, uint64_t *ret, struct err *err) WARN_UNUSED;
int fs_free_bytes(const char *path, uint64_t *ret, struct err *err) WARN_UNUSED; /* for an ordinary user, on its file system; nearest existing parent */
bool fs_is_network(const char *path); /* NFS, SMB, Lustre, GPFS, FUSE, 9p, ...; its nearest existing parent is asked */
bool fs_is_network_type(uint32_t magic); /* the same of statfs' f_type alone */

/* dir/name, or name when it is absolute; dir "" or "." leaves name. Caller frees. */
char *fs_join(const char *dir, const char *name);
bool fs_stays_below(const char *name);       /* fs_join(dir, name) lies below dir: name is relative, not empty, and has no ".." */
char *fs_dirname(const char *path);          /* "." when there is no slash; caller frees */
const char *fs_basename(const char *path);   /* borrowed from path */
char *fs_absolute(const char *path, struct err *err) WARN_UNUSED; /* cwd joined, "." and ".." folded by text; caller frees */

/* A whole file mapped read-only. */
struct fs_map {
	const unsigned char *bytes;
	size_t len;
};
int fs_map_open(struct fs_map *ret, const char *path, struct err *err) WARN_UNUSED;
void fs_map_close(struct fs_map *map);

/* A lock that dies with the process (flock LOCK_EX | LOCK_NB) on a file that is made if missing.
 * Answers 1 when held by another, whose note (what it wrote) is appended to holder. */
struct fs_lock {
	int fd;
};
int fs_lock_take(struct fs_lock *ret, const char *path, const char *note, struct strbuf *holder, struct err *err) WARN_UNUSED;
void fs_lock_release(struct fs_lock *lock);
/* The process on this machine that holds it, without touching it; 0: none, or not to be seen from here. */
int64_t fs_lock_holder(const char *path);

#endif
