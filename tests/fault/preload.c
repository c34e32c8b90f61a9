/*
 * preload: a library that makes one system call of a program fail, or kills the program at it.
 *
 *   LD_PRELOAD=preload.so FAULT_ROOT=/abs/out FAULT_KINDS=write FAULT_AT=7 FAULT_HOW=ENOSPC FAULT_LOG=/abs/log  program ..
 *
 * FAULT_ROOT   only calls on this folder and what lies below it count: by path, or by a descriptor opened there
 * FAULT_KINDS  a list with commas of the kinds below; "change" means all that may change a disk, "look" the others
 * FAULT_AT     the Nth of these calls, from 1; 0: none
 * FAULT_HOW    ENOSPC, EIO, EACCES, EMFILE: it fails so, and nothing is done; "short": half of it is written;
 *              "kill": SIGKILL instead of it; "kill-after": SIGKILL once it is done; "cut": SIGKILL instead of it, and
 *              the power goes too: files lose what was written since they were synced last, and new names
 *              are taken back in folders that were not synced since (what was new lies beside FAULT_ROOT then)
 * FAULT_REST   set: every later one of these calls fails too
 * FAULT_LOG    gets a line "hit KIND NAME" when it happens, and "count KIND N" for each kind at exit
 *
 * stdio writes past the C library's symbols, so a FILE below the folder writes through this file's own functions
 * (fopencookie). What is written through a mapping (the shared memory of SQLite's log) is not seen; growing it is.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096 /* the program opens a few dozen */
#define PATH_SIZE 4096
#define WRITTEN_MAX 512 /* files and names of one run that are not synced yet */

/* kind, name, whether the call may change a disk */
#define KINDS(X)                       \
	X(OPEN, "open", true)          \
	X(WRITE, "write", true)        \
	X(SYNC, "sync", true)          \
	X(RENAME, "rename", true)      \
	X(MKDIR, "mkdir", true)        \
	X(UNLINK, "unlink", true)      \
	X(TRUNCATE, "truncate", true)  \
	X(LINK, "link", true)          \
	X(CLOSE, "close", true)        \
	X(LOOK, "open-read", false)    \
	X(READ, "read", false)         \
	X(STAT, "stat", false)

enum kind {
#define X(kind, name, changes) KIND_##kind,
	KINDS(X)
#undef X
	N_KINDS
};

static const struct {
	const char *name;
	bool changes;
} kinds[N_KINDS] = {
#define X(kind, name, changes) [KIND_##kind] = { name, changes },
	KINDS(X)
#undef X
};

enum how { HOW_FAIL, HOW_SHORT, HOW_KILL, HOW_KILL_AFTER, HOW_CUT };

static const struct {
	const char *name;
	enum how how;
	int failed;
} hows[] = {
	{ "ENOSPC", HOW_FAIL, ENOSPC }, { "EIO", HOW_FAIL, EIO },       { "EACCES", HOW_FAIL, EACCES },
	{ "EMFILE", HOW_FAIL, EMFILE }, { "short", HOW_SHORT, 0 },      { "kill", HOW_KILL, 0 },
	{ "kill-after", HOW_KILL_AFTER, 0 }, { "cut", HOW_CUT, 0 },
};

/* What the environment asks for, read before main. */
static struct {
	char root[PATH_SIZE];
	size_t root_len;
	const char *log;
	bool wanted[N_KINDS];
	long at;
	bool rest;
	enum how how;
	int failed;
} asked;

static atomic_long n_wanted, n_of[N_KINDS];
/* Of each descriptor: opened below the root, and whether for writing. */
static atomic_char opened[FDS];
enum { OPENED_NOT, OPENED_READ, OPENED_WRITE };

/* ---- the log, past all that this file wraps -------------------------------------------------- */

static void tell(const char *line)
{
	long fd;

	if (!asked.log)
		return;
	fd = syscall(SYS_openat, AT_FDCWD, asked.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0 || syscall(SYS_write, fd, line, strlen(line)) < 0)
		abort();
	(void)syscall(SYS_close, fd);
}

/* ---- what is asked ----------------------------------------------------------------------------- */

static void read_kinds(const char *list)
{
	size_t len;

	for (; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		for (int k = 0; k < N_KINDS; k++) {
			const char *group = kinds[k].changes ? "change" : "look";

			if ((strlen(kinds[k].name) == len && !strncmp(list, kinds[k].name, len)) ||
			    (strlen(group) == len && !strncmp(list, group, len)))
				asked.wanted[k] = true;
		}
	}
}

__attribute__((constructor)) static void begin(void)
{
	const char *root = getenv("FAULT_ROOT"), *list = getenv("FAULT_KINDS"), *at = getenv("FAULT_AT"), *how = getenv("FAULT_HOW");

	if (!root || root[0] != '/' || !list || !at || !how || strlen(root) >= sizeof asked.root) {
		fprintf(stderr, "preload: FAULT_ROOT (absolute), FAULT_KINDS, FAULT_AT and FAULT_HOW must be set\n");
		_exit(99);
	}
	strcpy(asked.root, root);
	asked.root_len = strlen(root);
	asked.log = getenv("FAULT_LOG");
	asked.rest = getenv("FAULT_REST") != NULL;
	asked.at = strtol(at, NULL, 10);
	read_kinds(list);
	for (size_t i = 0; i < sizeof hows / sizeof hows[0]; i++)
		if (!strcmp(how, hows[i].name)) {
			asked.how = hows[i].how;
			asked.failed = hows[i].failed;
			return;
		}
	fprintf(stderr, "preload: FAULT_HOW is '%s'\n", how);
	_exit(99);
}

__attribute__((destructor)) static void end(void)
{
	char line[64];

	for (int k = 0; k < N_KINDS; k++) {
		snprintf(line, sizeof line, "count %s %ld\n", kinds[k].name, atomic_load(&n_of[k]));
		tell(line);
	}
}

/* ---- which calls count ----------------------------------------------------------------------- */

/* Below the root, "." and ".." apart, which the program does not write. */
static bool is_below(const char *path)
{
	char full[2 * PATH_SIZE];
	size_t len = 0;

	if (path[0] != '/') {
		if (!getcwd(full, PATH_SIZE))
			return false;
		len = strlen(full);
		full[len++] = '/';
	}
	snprintf(full + len, sizeof full - len, "%s", path);
	return !strncmp(full, asked.root, asked.root_len) && (full[asked.root_len] == '/' || !full[asked.root_len]);
}

static bool is_opened(int fd, int least)
{
	return fd >= 0 && fd < FDS && atomic_load(&opened[fd]) >= least;
}

static void set_opened(int fd, char how)
{
	if (fd >= 0 && fd < FDS)
		atomic_store(&opened[fd], how);
}

/* The function that this library's hides. */
#define REAL(name)                                                  \
	static __typeof__(&name) real;                              \
	if (!real)                                                  \
		*(void **)(&real) = dlsym(RTLD_NEXT, #name)

/* ---- what a power cut would take ---------------------------------------------------------------- */

/* A file that was written, by a descriptor of our own; sizes from the last sync. */
struct written {
	ino_t ino;
	int fd;
	off_t synced;
};
/* A new name. */
struct named {
	char from[PATH_SIZE], to[PATH_SIZE];
};
static pthread_mutex_t cut_lock = PTHREAD_MUTEX_INITIALIZER;
static struct written written[WRITTEN_MAX];
static struct named named[WRITTEN_MAX];
static int n_written, n_named;

static int look(int fd, struct stat *st)
{
	return (int)syscall(SYS_newfstatat, fd, "", st, 0x1000 /* AT_EMPTY_PATH */);
}

/* Before fd is written. What was there before this process is taken for synced. */
static void note_written(int fd)
{
	struct stat st;

	if (asked.how != HOW_CUT || look(fd, &st) != 0)
		return;
	pthread_mutex_lock(&cut_lock);
	for (int i = 0; i < n_written; i++)
		if (written[i].ino == st.st_ino)
			goto out;
	if (n_written == WRITTEN_MAX)
		abort();
	written[n_written++] = (struct written){ st.st_ino, fcntl(fd, F_DUPFD_CLOEXEC, FDS), st.st_size };
out:
	pthread_mutex_unlock(&cut_lock);
}

static bool is_folder_of(const char *path, const struct stat *folder)
{
	char dir[PATH_SIZE];
	struct stat st;
	char *slash;

	snprintf(dir, sizeof dir, "%s%s", strchr(path, '/') ? "" : "./", path);
	slash = strrchr(dir, '/');
	*slash = '\0';
	return syscall(SYS_newfstatat, AT_FDCWD, dir, &st, 0) == 0 && st.st_ino == folder->st_ino;
}

/* After fd was synced: a file, or a folder with the names in it. */
static void note_synced(int fd)
{
	struct stat st;
	int n = 0;

	if (asked.how != HOW_CUT || look(fd, &st) != 0)
		return;
	pthread_mutex_lock(&cut_lock);
	for (int i = 0; i < n_written; i++)
		if (written[i].ino == st.st_ino)
			written[i].synced = st.st_size;
	for (int i = 0; S_ISDIR(st.st_mode) && i < n_named; i++)
		if (!is_folder_of(named[i].to, &st))
			named[n++] = named[i];
	if (S_ISDIR(st.st_mode))
		n_named = n;
	pthread_mutex_unlock(&cut_lock);
}

/* Before a rename. Over an old file it is taken for lasting: the old one cannot be had back. */
static void note_named(const char *from, const char *to)
{
	struct stat st;

	if (asked.how != HOW_CUT || syscall(SYS_newfstatat, AT_FDCWD, to, &st, 0) == 0)
		return;
	pthread_mutex_lock(&cut_lock);
	if (n_named == WRITTEN_MAX)
		abort();
	snprintf(named[n_named].from, PATH_SIZE, "%s", from);
	snprintf(named[n_named++].to, PATH_SIZE, "%s", to);
	pthread_mutex_unlock(&cut_lock);
}

/* Before a file or a folder is made: a cut takes it out of the root, with all that is in it. */
static void note_made(const char *path)
{
	char never[PATH_SIZE + 32];

	snprintf(never, sizeof never, "%s.never-%d-%d", asked.root, (int)getpid(), n_named);
	note_named(never, path);
}

static void cut(void)
{
	struct stat st;

	pthread_mutex_lock(&cut_lock); /* for good */
	for (int i = n_named - 1; i >= 0; i--)
		(void)syscall(SYS_renameat, AT_FDCWD, named[i].to, AT_FDCWD, named[i].from);
	for (int i = 0; i < n_written; i++)
		if (look(written[i].fd, &st) == 0 && st.st_size > written[i].synced)
			(void)!syscall(SYS_ftruncate, written[i].fd, written[i].synced);
}

/* ---- what becomes of a call ----------------------------------------------------------------------- */

enum act { ACT_PASS, ACT_FAIL, ACT_SHORT, ACT_KILL_AFTER };

static _Noreturn void die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* Of a call that counts: what becomes of it. errno is set where it fails. */
static enum act judge(enum kind kind, const char *name)
{
	char line[PATH_SIZE + 64];
	long n;

	atomic_fetch_add(&n_of[kind], 1);
	if (!asked.wanted[kind] || asked.at < 1)
		return ACT_PASS;
	n = atomic_fetch_add(&n_wanted, 1) + 1;
	if (n < asked.at || (n > asked.at && !asked.rest))
		return ACT_PASS;
	if (n == asked.at) {
		snprintf(line, sizeof line, "hit %s %s\n", kinds[kind].name, name);
		tell(line);
	}
	switch (asked.how) {
	case HOW_CUT:
		cut();
		die();
	case HOW_KILL:
		die();
	case HOW_KILL_AFTER:
		return ACT_KILL_AFTER;
	case HOW_SHORT:
		return kind == KIND_WRITE ? ACT_SHORT : ACT_PASS;
	case HOW_FAIL:
		break;
	}
	errno = asked.failed;
	return ACT_FAIL;
}

static void after(enum act act)
{
	if (act == ACT_KILL_AFTER)
		die();
}

#define JUDGE_IF(counts, kind, name) ((counts) ? judge(kind, name) : ACT_PASS)

/* A whole wrapper: a call that counts when `counts` holds; answers -1 when it is made to fail. */
#define WRAP(type, name, parameters, arguments, counts, kind, what)      \
	type name parameters                                              \
	{                                                                 \
		REAL(name);                                               \
		enum act act = JUDGE_IF(counts, kind, what);              \
		type answer;                                              \
                                                                          \
		if (act == ACT_FAIL)                                      \
			return -1;                                        \
		answer = real arguments;                                  \
		after(act);                                               \
		return answer;                                            \
	}

/* ---- names and folders --------------------------------------------------------------------------- */

int rename(const char *from, const char *to)
{
	REAL(rename);
	enum act act = JUDGE_IF(is_below(from) || is_below(to), KIND_RENAME, to);
	int answer;

	if (act == ACT_FAIL)
		return -1;
	note_named(from, to);
	answer = real(from, to);
	after(act);
	return answer;
}

int mkdir(const char *path, mode_t mode)
{
	REAL(mkdir);
	enum act act = JUDGE_IF(is_below(path), KIND_MKDIR, path);
	int answer;

	if (act == ACT_FAIL)
		return -1;
	if (is_below(path))
		note_made(path);
	answer = real(path, mode);
	after(act);
	return answer;
}

WRAP(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), is_below(to), KIND_RENAME, to)
WRAP(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), (a, from, b, to, flags), is_below(to),
     KIND_RENAME, to)
WRAP(int, unlink, (const char *path), (path), is_below(path), KIND_UNLINK, path)
WRAP(int, rmdir, (const char *path), (path), is_below(path), KIND_UNLINK, path)
WRAP(int, remove, (const char *path), (path), is_below(path), KIND_UNLINK, path)
WRAP(int, link, (const char *from, const char *to), (from, to), is_below(to), KIND_LINK, to)
WRAP(int, symlink, (const char *from, const char *to), (from, to), is_below(to), KIND_LINK, to)
WRAP(int, truncate, (const char *path, off_t length), (path, length), is_below(path), KIND_TRUNCATE, path)
WRAP(int, stat, (const char *path, struct stat *st), (path, st), is_below(path), KIND_STAT, path)
WRAP(int, lstat, (const char *path, struct stat *st), (path, st), is_below(path), KIND_STAT, path)
WRAP(int, stat64, (const char *path, struct stat64 *st), (path, st), is_below(path), KIND_STAT, path)
WRAP(int, lstat64, (const char *path, struct stat64 *st), (path, st), is_below(path), KIND_STAT, path)

/* ---- descriptors ------------------------------------------------------------------------------------ */

static char *name_of(int fd)
{
	static _Thread_local char name[32];

	snprintf(name, sizeof name, "descriptor %d", fd);
	return name;
}

#define WRAP_SYNC(name)                                                                             \
	int name(int fd)                                                                             \
	{                                                                                            \
		REAL(name);                                                                          \
		enum act act = JUDGE_IF(is_opened(fd, OPENED_READ), KIND_SYNC, name_of(fd));         \
		int answer;                                                                          \
                                                                                                     \
		if (act == ACT_FAIL)                                                                 \
			return -1;                                                                   \
		answer = real(fd);                                                                   \
		note_synced(fd);                                                                     \
		after(act);                                                                          \
		return answer;                                                                       \
	}

WRAP_SYNC(fsync)
WRAP_SYNC(fdatasync)
WRAP(int, syncfs, (int fd), (fd), is_opened(fd, OPENED_READ), KIND_SYNC, name_of(fd))
WRAP(int, ftruncate, (int fd, off_t length), (fd, length), is_opened(fd, OPENED_WRITE), KIND_TRUNCATE, name_of(fd))
WRAP(int, ftruncate64, (int fd, off64_t length), (fd, length), is_opened(fd, OPENED_WRITE), KIND_TRUNCATE, name_of(fd))
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), is_opened(fd, OPENED_READ), KIND_STAT, name_of(fd))
WRAP(int, fstat64, (int fd, struct stat64 *st), (fd, st), is_opened(fd, OPENED_READ), KIND_STAT, name_of(fd))
WRAP(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), is_opened(fd, OPENED_READ), KIND_READ, name_of(fd))
WRAP(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), is_opened(fd, OPENED_READ), KIND_READ, name_of(fd))
WRAP(ssize_t, pread64, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at), is_opened(fd, OPENED_READ), KIND_READ, name_of(fd))
WRAP(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), is_opened(fd, OPENED_WRITE), KIND_WRITE, name_of(fd))

/* As WRAP; half of the bytes where it is to be short. */
#define WRAP_WRITE(name, parameters, arguments)                                                     \
	ssize_t name parameters                                                                      \
	{                                                                                            \
		REAL(name);                                                                          \
		enum act act = JUDGE_IF(is_opened(fd, OPENED_WRITE), KIND_WRITE, name_of(fd));       \
		ssize_t answer;                                                                      \
                                                                                                     \
		if (act == ACT_FAIL)                                                                 \
			return -1;                                                                   \
		if (act == ACT_SHORT && n > 1)                                                       \
			n /= 2;                                                                      \
		if (is_opened(fd, OPENED_WRITE))                                                     \
			note_written(fd);                                                            \
		answer = real arguments;                                                             \
		after(act);                                                                          \
		return answer;                                                                       \
	}

WRAP_WRITE(write, (int fd, const void *from, size_t n), (fd, from, n))
WRAP_WRITE(pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
WRAP_WRITE(pwrite64, (int fd, const void *from, size_t n, off64_t at), (fd, from, n, at))

/* The descriptor is gone also where closing fails (close(2)). */
int close(int fd)
{
	REAL(close);
	enum act act = JUDGE_IF(is_opened(fd, OPENED_WRITE), KIND_CLOSE, name_of(fd));
	int failed = errno, answer;

	set_opened(fd, OPENED_NOT);
	answer = real(fd);
	after(act);
	if (act != ACT_FAIL)
		return answer;
	errno = failed;
	return -1;
}

/* ---- opening ---------------------------------------------------------------------------------------- */

static bool is_for_writing(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
}

/* O_TMPFILE has O_DIRECTORY's bit: it takes a mode too. */
#define GET_MODE(mode)                                         \
	mode_t mode = 0;                                       \
	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {  \
		va_list ap;                                    \
		va_start(ap, flags);                           \
		mode = va_arg(ap, mode_t);                     \
		va_end(ap);                                    \
	}

#define WRAP_OPEN(name, parameters, arguments)                                                               \
	int name parameters                                                                                   \
	{                                                                                                     \
		REAL(name);                                                                                   \
		GET_MODE(mode);                                                                               \
		bool counts = is_below(path);                                                                 \
		enum act act = JUDGE_IF(counts, is_for_writing(flags) ? KIND_OPEN : KIND_LOOK, path);         \
		int fd;                                                                                       \
                                                                                                              \
		if (act == ACT_FAIL)                                                                          \
			return -1;                                                                            \
		if (counts && flags & O_CREAT)                                                                \
			note_made(path);                                                                      \
		fd = real arguments;                                                                          \
		set_opened(fd, counts ? (is_for_writing(flags) ? OPENED_WRITE : OPENED_READ) : OPENED_NOT);   \
		after(act);                                                                                   \
		return fd;                                                                                    \
	}

WRAP_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, (int dir, const char *path, int flags, ...), (dir, path, flags, mode))
WRAP_OPEN(openat64, (int dir, const char *path, int flags, ...), (dir, path, flags, mode))

int creat(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

DIR *opendir(const char *path)
{
	REAL(opendir);
	bool counts = is_below(path);
	DIR *dir = JUDGE_IF(counts, KIND_LOOK, path) == ACT_FAIL ? NULL : real(path);

	if (dir && counts)
		set_opened(dirfd(dir), OPENED_READ);
	return dir;
}

int closedir(DIR *dir)
{
	REAL(closedir);

	set_opened(dirfd(dir), OPENED_NOT);
	return real(dir);
}

struct dirent *readdir(DIR *dir)
{
	REAL(readdir);
	enum act act = JUDGE_IF(is_opened(dirfd(dir), OPENED_READ), KIND_READ, "a folder");

	return act == ACT_FAIL ? NULL : real(dir);
}

/* ---- stdio: through the functions above ---------------------------------------------------------------- */

static ssize_t cookie_read(void *arg, char *to, size_t n)
{
	return read((int)(intptr_t)arg, to, n);
}

static ssize_t cookie_write(void *arg, const char *from, size_t n)
{
	ssize_t answer = write((int)(intptr_t)arg, from, n);

	return answer < 0 ? 0 : answer; /* fopencookie(3): 0 is the error, and errno says which */
}

static int cookie_seek(void *arg, off64_t *at, int whence)
{
	off64_t found = lseek64((int)(intptr_t)arg, *at, whence);

	if (found < 0)
		return -1;
	*at = found;
	return 0;
}

static int cookie_close(void *arg)
{
	return close((int)(intptr_t)arg);
}

static FILE *open_cookie(const char *path, const char *mode)
{
	static const cookie_io_functions_t io = { cookie_read, cookie_write, cookie_seek, cookie_close };
	int flags = strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY, fd;

	flags |= mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT | O_APPEND : 0;
	fd = open(path, flags | O_CLOEXEC, 0666);
	return fd < 0 ? NULL : fopencookie((void *)(intptr_t)fd, mode, io);
}

FILE *fopen(const char *path, const char *mode)
{
	REAL(fopen);

	return is_below(path) ? open_cookie(path, mode) : real(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}
