/* Reading, writing for keeps, folders, facts. Paths as text are in fs_path.c, mapping and locking in fs_lock.c. */
#include "base/fs.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define READ_BYTES 65536

/* ---- reading ---------------------------------------------------------------- */

static int too_large(const char *path, uint64_t found, size_t allowed, struct err *err)
{
	return err_set(err, ERR_IO, "cannot read '%s': it has %s%llu bytes, at most %zu are accepted", path,
		       found ? "" : "more than ", (unsigned long long)(found ? found : allowed), allowed);
}

/* Reads fd to its end. A pipe has no size, so the cap is asked again here. */
static int read_all(int fd, const char *path, struct strbuf *sb, struct err *err)
{
	size_t start = sb->len;
	char *chunk = mem_alloc(READ_BYTES);
	ssize_t n;
	int rc = 0;

	for (;;) {
		n = read(fd, chunk, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if ((size_t)n > sb->max - sb->len) {
			rc = too_large(path, 0, sb->max - start, err);
			break;
		}
		strbuf_add(sb, chunk, (size_t)n);
	}
	if (n < 0)
		rc = err_set_sys(err, ERR_IO, errno, "cannot read '%s'", path);
	if (rc != 0)
		strbuf_setlen(sb, start);
	free(chunk);
	return rc;
}

int fs_read(const char *path, struct strbuf *sb, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int rc = -1;

	if (fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot read '%s'", path);
	if (fstat(fd, &st) != 0)
		err_set_sys(err, ERR_IO, errno, "cannot read '%s'", path);
	else if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > sb->max - sb->len)
		too_large(path, (uint64_t)st.st_size, sb->max - sb->len, err);
	else
		rc = read_all(fd, path, sb, err);
	close(fd);
	return rc;
}

/* ---- writing for keeps ------------------------------------------------------- */

int fs_write_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_synced(const char *path, const void *bytes, size_t len, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int failed;

	if (fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot create '%s'", path);
	failed = fs_write_all(fd, bytes, len);
	if (!failed && fsync(fd) != 0)
		failed = errno;
	if (close(fd) != 0 && !failed) /* network file systems report late */
		failed = errno;
	if (!failed)
		return 0;
	(void)unlink(path);
	return err_set_sys(err, ERR_IO, failed, "cannot write '%s'", path);
}

int fs_replace(const char *path, const void *bytes, size_t len, struct err *err)
{
	char *temp = mem_printf("%s.new~", path);
	char *dir = fs_dirname(path);
	int rc = write_synced(temp, bytes, len, err);

	if (rc == 0) {
		rc = fs_rename(temp, path, err);
		if (rc != 0)
			(void)unlink(temp);
	}
	if (rc == 0)
		rc = fs_sync_dir(dir, err);
	free(dir);
	free(temp);
	return rc;
}

int fs_rename(const char *from, const char *to, struct err *err)
{
	if (rename(from, to) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot rename '%s' to '%s'", from, to);
	return 0;
}

int fs_remove(const char *path, struct err *err)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return err_set_sys(err, ERR_IO, errno, "cannot remove '%s'", path);
	return 0;
}

int fs_sync_close(int fd, const char *path, struct err *err)
{
	int failed = fsync(fd) != 0 ? errno : 0;

	if (close(fd) != 0 && !failed) /* network file systems report late */
		failed = errno;
	if (failed)
		return err_set_sys(err, ERR_IO, failed, "cannot sync '%s'", path);
	return 0;
}

int fs_sync_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot open '%s'", path);
	return fs_sync_close(fd, path, err);
}

int fs_sync_dir(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed = 0;

	if (fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot open the folder '%s'", path);
	if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: a file system whose folders need no sync (fsync(2)) */
		failed = errno;
	close(fd);
	if (failed)
		return err_set_sys(err, ERR_IO, failed, "cannot sync the folder '%s'", path);
	return 0;
}

/* ---- folders ----------------------------------------------------------------- */

static int make_dir(const char *path, struct err *err)
{
	struct stat st;
	int failed, unseen;

	if (mkdir(path, 0777) == 0)
		return 0;
	failed = errno;
	unseen = stat(path, &st) != 0 ? errno : 0;
	if (!unseen && S_ISDIR(st.st_mode)) /* whatever mkdir said: on a disk that may only be read, EROFS */
		return 0;
	if (failed == EEXIST && unseen && unseen != ENOENT) /* ENOENT: a link to nothing */
		return err_set_sys(err, ERR_IO, unseen, "cannot look at the folder '%s'", path);
	if (failed == EEXIST)
		return err_set(err, ERR_IO, "cannot make the folder '%s': a file of that name is there", path);
	return err_set_sys(err, ERR_IO, failed, "cannot make the folder '%s'", path);
}

int fs_make_dirs(const char *path, struct err *err)
{
	char *copy = mem_strdup(path);
	char *s;
	int rc = 0;

	for (s = copy + 1; *copy && *s && rc == 0; s++) {
		if (*s != '/' || s[-1] == '/')
			continue;
		*s = '\0';
		rc = make_dir(copy, err);
		*s = '/';
	}
	if (rc == 0 && *copy)
		rc = make_dir(copy, err);
	free(copy);
	return rc;
}

int fs_make_parent(const char *path, struct err *err)
{
	char *dir = fs_dirname(path);
	int rc = fs_make_dirs(dir, err);

	free(dir);
	return rc;
}

/* ---- facts ------------------------------------------------------------------- */

int fs_find(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) == 0) /* a dangling link takes the name too */
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return err_set_sys(err, ERR_IO, errno, "cannot look at '%s'", path);
}

bool fs_exists(const char *path)
{
	return fs_find(path, NULL) == 1;
}

bool fs_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool fs_is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool fs_is_past_link(const char *dir, const char *name)
{
	char *path = fs_join(dir, name), *slash = path + strlen(path) - strlen(name);
	struct stat st;
	bool is_link = false;

	while (!is_link && (slash = strchr(slash, '/'))) {
		*slash = '\0';
		is_link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
		*slash++ = '/';
	}
	free(path);
	return is_link;
}

int fs_size(const char *path, uint64_t *ret, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot look at '%s'", path);
	*ret = (uint64_t)st.st_size;
	return 0;
}

/* path or the nearest folder above it that exists; caller frees. */
static char *nearest_existing(const char *path)
{
	char *p = mem_strdup(*path ? path : ".");

	while (!fs_exists(p)) {
		char *up = fs_dirname(p);
		bool at_end = strcmp(up, p) == 0;

		free(p);
		p = up;
		if (at_end)
			break;
	}
	return p;
}

int fs_free_bytes(const char *path, uint64_t *ret, struct err *err)
{
	char *p = nearest_existing(path);
	struct statvfs vfs;
	int rc = 0;

	if (statvfs(p, &vfs) != 0)
		rc = err_set_sys(err, ERR_IO, errno, "cannot ask for the free space of '%s'", p);
	else
		*ret = (uint64_t)vfs.f_bavail * (uint64_t)vfs.f_frsize;
	free(p);
	return rc;
}

bool fs_is_network_type(uint32_t magic)
{
	/* f_type of statfs(2): linux/magic.h and the list in its manual page; the others from their own sources */
	static const uint32_t magics[] = {
		0x00006969, /* NFS, all versions */
		0x0000517B, /* SMB */
		0xFF534D42, /* CIFS */
		0xFE534D42, /* SMB2 */
		0x0BD00BD0, /* Lustre */
		0x47504653, /* GPFS */
		0x65735546, /* FUSE: sshfs, s3fs, virtiofs, and local ones, which are rare enough */
		0x01021997, /* 9p */
		0x5346414F, /* AFS (OpenAFS) */
		0x6B414653, /* AFS (the kernel's own) */
		0x00C36400, /* Ceph */
		0x19830326, /* BeeGFS */
		0x73757245, /* Coda */
		0x7461636F, /* OCFS2: a disk of several machines */
		0x01161970, /* GFS2: the same */
		0x786F4256, /* VirtualBox' shared folders */
	};

	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (magic == magics[i])
			return true;
	return false;
}

bool fs_is_network(const char *path)
{
	char *p = nearest_existing(path);
	struct statfs fs;
	bool yes = statfs(p, &fs) == 0 && fs_is_network_type((uint32_t)fs.f_type);

	free(p);
	return yes;
}
