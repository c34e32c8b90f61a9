/* The half of base/fs.h that maps files and takes locks. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ---- mapping ---------------------------------------------------------------- */

static int map_fd(struct fs_map *ret, int fd, const char *path, struct err *err)
{
	static const unsigned char nothing[1];
	struct stat st;
	void *p;

	if (fstat(fd, &st) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IO, "cannot read '%s': it is not a file", path);
	if (st.st_size == 0) { /* mmap refuses length 0 */
		*ret = (struct fs_map){ nothing, 0 };
		return 0;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_set_sys(err, ERR_IO, errno, "cannot map '%s' into memory", path);
	*ret = (struct fs_map){ p, (size_t)st.st_size };
	return 0;
}

int fs_map_open(struct fs_map *ret, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot read '%s'", path);
	rc = map_fd(ret, fd, path, err);
	close(fd);
	return rc;
}

void fs_map_close(struct fs_map *map)
{
	union {
		const unsigned char *in;
		void *out;
	} p = { map->bytes }; /* munmap takes what mmap gave: writable in its type, never in its pages */

	if (map->len)
		(void)munmap(p.out, map->len);
	*map = (struct fs_map){ NULL, 0 };
}

/* ---- the lock --------------------------------------------------------------- */

static void read_note(int fd, struct strbuf *holder)
{
	char note[256];
	ssize_t n = pread(fd, note, sizeof note, 0);

	if (holder && n > 0)
		strbuf_add(holder, note, strnlen(note, (size_t)n));
}

/* Answers 0 or the errno. fd was just opened: it stands at the start. */
static int write_note(int fd, const char *note)
{
	if (ftruncate(fd, 0) != 0)
		return errno;
	return fs_write_all(fd, note, strlen(note));
}

int fs_lock_take(struct fs_lock *ret, const char *path, const char *note, struct strbuf *holder, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	int failed;

	if (fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot open the lock file '%s'", path);
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		failed = errno;
		if (failed == EINTR)
			continue;
		if (failed == EWOULDBLOCK) {
			read_note(fd, holder);
			close(fd);
			return 1;
		}
		close(fd);
		if (failed == ENOLCK || failed == EOPNOTSUPP || failed == ENOSYS)
			return err_set_sys(err, ERR_IO, failed,
					   "the file system of '%s' gives no locks, so two runs could work on it at once: mount it with "
					   "locks, or choose a folder on another one", path);
		return err_set_sys(err, ERR_IO, failed, "cannot lock '%s'", path);
	}
	failed = write_note(fd, note);
	if (failed) {
		close(fd);
		return err_set_sys(err, ERR_IO, failed, "cannot write the lock file '%s'", path);
	}
	ret->fd = fd;
	return 0;
}

/*
 * /proc/locks has a line for each lock of this machine: "1: FLOCK  ADVISORY  WRITE 708 fd:01:1835 0 EOF", the device's two
 * numbers in hexadecimal (proc(5)). Taking the lock to see whether it can be had would make another run meet it.
 */
int64_t fs_lock_holder(const char *path)
{
	struct stat st;
	char line[256], place[64];
	long long pid = 0, found = 0;
	FILE *f;

	if (stat(path, &st) != 0)
		return 0;
	(void)snprintf(place, sizeof place, "%02x:%02x:%llu", major(st.st_dev), minor(st.st_dev), (unsigned long long)st.st_ino);
	f = fopen("/proc/locks", "re");
	if (!f)
		return 0;
	while (found == 0 && fgets(line, sizeof line, f)) {
		char where[64];

		if (sscanf(line, "%*d: FLOCK %*s WRITE %lld %63s", &pid, where) == 2 && strcmp(where, place) == 0)
			found = pid;
	}
	(void)fclose(f);
	return found;
}

void fs_lock_release(struct fs_lock *lock)
{
	if (lock->fd < 0)
		return;
	(void)ftruncate(lock->fd, 0); /* the note is for readers who find the lock held */
	close(lock->fd);              /* frees the lock */
	lock->fd = -1;
}
