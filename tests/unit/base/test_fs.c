#include "base/fs.h"
#include "base/mem.h"

#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[64];
static char path_buf[8][256];

/* root/name, in one of eight buffers by turns. */
static const char *at(const char *name)
{
	static int turn;
	char *p = path_buf[turn++ % 8];

	(void)snprintf(p, 256, "%s/%s", root, name);
	return p;
}

static int file_is(const char *path, const char *want)
{
	struct strbuf sb = STRBUF_INIT(10000);
	struct err err = ERR_INIT;
	int same = fs_read(path, &sb, &err) == 0 && !strcmp(sb.buf, want);

	strbuf_release(&sb);
	return same;
}

static void check_paths(void)
{
	static const struct {
		const char *dir, *name, *want;
	} joins[] = { { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "", "b", "b" }, { ".", "b", "b" }, { "a", "/b", "/b" }, { "/", "b", "/b" } };
	static const struct {
		const char *path, *dir, *base;
	} splits[] = { { "a/b", "a", "b" }, { "a", ".", "a" }, { "/a", "/", "a" }, { "a/b/", "a", "" }, { "/", "/", "" }, { "a//b", "a", "b" } };
	static const struct {
		const char *path, *want;
	} folds[] = { { "/a/./b/../c", "/a/c" }, { "/..", "/" }, { "/a//b/", "/a/b" }, { "/", "/" }, { "/a/../../b", "/b" }, { "/a/..", "/" },
		      { "/a/..b/...", "/a/..b/..." } };
	static const struct {
		const char *name;
		bool want;
	} belows[] = { { "a/b.wav", true }, { "..a/b../c..d/...", true }, { "", false }, { "/a", false }, { "..", false }, { "../a", false },
		       { "a/../b", false }, { "a/..", false }, { "a/../../b", false } };
	struct err err = ERR_INIT;
	char *s;
	size_t i;

	for (i = 0; i < sizeof joins / sizeof *joins; i++) {
		s = fs_join(joins[i].dir, joins[i].name);
		IS_TEXT(s, joins[i].want, "fs_join");
		free(s);
	}
	for (i = 0; i < sizeof splits / sizeof *splits; i++) {
		s = fs_dirname(splits[i].path);
		IS_TEXT(s, splits[i].dir, "fs_dirname");
		IS_TEXT(fs_basename(splits[i].path), splits[i].base, "fs_basename");
		free(s);
	}
	for (i = 0; i < sizeof folds / sizeof *folds; i++) {
		s = fs_absolute(folds[i].path, &err);
		IS_TEXT(s, folds[i].want, "fs_absolute");
		free(s);
	}
	for (i = 0; i < sizeof belows / sizeof *belows; i++)
		OK(fs_stays_below(belows[i].name) == belows[i].want, "'%s' %s", belows[i].name, belows[i].want ? "stays below" : "does not");
	s = fs_absolute("x/../y", &err);
	OK(s && s[0] == '/' && !strcmp(fs_basename(s), "y") && !strstr(s, "x"), "a relative path gets the working folder");
	free(s);
}

static void check_reading(void)
{
	struct strbuf sb = STRBUF_INIT(10);
	struct err err = ERR_INIT;

	IS_INT(fs_read(at("none"), &sb, &err), -1, "a missing file");
	OK(err.code == ERR_IO && err.sys_errno == ENOENT && strstr(err.text, "none': No such file"), "its sentence: %s", err.text);
	IS_INT(fs_replace(at("ten"), "0123456789", 10, &err), 0, "ten bytes written");
	IS_INT(fs_read(at("ten"), &sb, &err), 0, "and read into a cap of ten");
	IS_TEXT(sb.buf, "0123456789", "as they were");
	strbuf_reset(&sb);
	strbuf_addc(&sb, 'x');
	IS_INT(fs_read(at("ten"), &sb, &err), -1, "nine free bytes are too few");
	OK(strstr(err.text, "10 bytes") && strstr(err.text, "at most 9"), "both sizes are named: %s", err.text);
	IS_TEXT(sb.buf, "x", "and nothing was added");
	IS_INT(fs_read("/dev/zero", &sb, &err), -1, "an endless file ends at the cap");
	IS_TEXT(sb.buf, "x", "and leaves the buffer");
	IS_INT(fs_read(root, &sb, &err), -1, "a folder cannot be read");
	strbuf_release(&sb);
}

static void check_replacing(void)
{
	struct err err = ERR_INIT;
	uint64_t size = 0;

	IS_INT(fs_replace(at("file"), "old", 3, &err), 0, "first version");
	IS_INT(fs_replace(at("file"), "newer", 5, &err), 0, "second version");
	OK(file_is(at("file"), "newer"), "the second is there");
	OK(!fs_exists(at("file.new~")), "no temp file stays");
	OK(fs_size(at("file"), &size, &err) == 0 && size == 5, "size");
	IS_INT(fs_replace(at("file"), "", 0, &err), 0, "an empty file");
	OK(fs_size(at("file"), &size, &err) == 0 && size == 0, "is empty");
	IS_INT(fs_replace(at("no/such/dir"), "x", 1, &err), -1, "a missing folder is an error");
	IS_INT(fs_replace("/dev/full/x", "x", 1, &err), -1, "so is a file for a folder");
	IS_INT(fs_sync_file(at("file"), &err), 0, "sync a file");
	IS_INT(fs_sync_dir(root, &err), 0, "sync a folder");
	IS_INT(fs_sync_dir(at("file"), &err), -1, "a file is no folder to sync");
}

/* A write that fails leaves the old file and no temp file. */
static void check_failed_write(void)
{
	struct rlimit limit = { 0, 0 }, old;
	struct err err = ERR_INIT;
	static char big[100000];
	int rc;

	rc = fs_replace(at("keep"), "kept", 4, &err);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 4096;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	rc = rc == 0 ? fs_replace(at("keep"), big, sizeof big, &err) : 0;
	setrlimit(RLIMIT_FSIZE, &old);
	IS_INT(rc, -1, "a write beyond the limit fails");
	IS_INT(err.sys_errno, EFBIG, "for the reason that it has");
	OK(file_is(at("keep"), "kept"), "the old file stays");
	OK(!fs_exists(at("keep.new~")), "the half one goes");
}

/* f_type of statfs(2), by the kernel's linux/magic.h where it has the name. */
static void check_types(void)
{
	static const struct {
		const char *name;
		uint32_t magic;
		bool want;
	} rows[] = {
		{ "NFS", 0x6969, true },	     { "SMB", 0x517B, true },	       { "CIFS", 0xFF534D42, true },
		{ "SMB2", 0xFE534D42, true },	     { "Lustre", 0x0BD00BD0, true },   { "GPFS", 0x47504653, true },
		{ "FUSE", 0x65735546, true },	     { "9p", 0x01021997, true },       { "OpenAFS", 0x5346414F, true },
		{ "AFS", 0x6B414653, true },	     { "Ceph", 0x00C36400, true },     { "BeeGFS", 0x19830326, true },
		{ "ext4", 0xEF53, false },	     { "xfs", 0x58465342, false },     { "btrfs", 0x9123683E, false },
		{ "tmpfs", 0x01021994, false },	     { "overlay", 0x794C7630, false }, { "zfs", 0x2FC12FC1, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		OK(fs_is_network_type(rows[i].magic) == rows[i].want, "%s", rows[i].name);
}

static void check_folders(void)
{
	struct err err = ERR_INIT;
	uint64_t n = 0;

	IS_INT(fs_make_dirs(at("a/b//c/"), &err), 0, "mkdir -p");
	OK(fs_is_dir(at("a/b/c")), "made");
	IS_INT(fs_make_dirs(at("a/b/c"), &err), 0, "again is no error");
	IS_INT(fs_make_dirs("/", &err), 0, "the root is there");
	IS_INT(fs_make_dirs("", &err), 0, "nothing is nothing");
	IS_INT(fs_make_parent(at("p/q/file.wav"), &err), 0, "the folders above a file");
	OK(fs_is_dir(at("p/q")) && !fs_exists(at("p/q/file.wav")), "but not the file");
	IS_INT(fs_replace(at("a/f"), "x", 1, &err), 0, "a file");
	IS_INT(fs_make_dirs(at("a/f/g"), &err), -1, "no folder under a file");
	OK(strstr(err.text, "a file of that name"), "said so: %s", err.text);
	IS_INT(fs_rename(at("a/f"), at("a/g"), &err), 0, "rename");
	OK(!fs_exists(at("a/f")) && file_is(at("a/g"), "x"), "renamed");
	IS_INT(fs_rename(at("a/f"), at("a/g"), &err), -1, "a missing source");
	IS_INT(fs_remove(at("a/g"), &err), 0, "remove");
	IS_INT(fs_remove(at("a/g"), &err), 0, "a missing file is no error");
	IS_INT(fs_remove(at("a/b"), &err), -1, "a folder is");
	OK(fs_free_bytes(at("not/there/yet"), &n, &err) == 0 && n > 0, "free bytes of a folder to come");
	OK(!fs_is_network("/proc/self"), "proc is no network");
	check_types();
	OK(symlink("nowhere", at("dangling")) == 0 && fs_exists(at("dangling")), "a dangling link takes its name");
	IS_INT(fs_find(at("dangling"), &err), 1, "and is found");
	IS_INT(fs_find(at("nothing"), &err), 0, "nothing is not there");
	IS_INT(fs_find(at("dangling/below"), &err), 0, "nor is anything below it");
	OK(symlink("a", at("other")) == 0 && fs_is_past_link(at(""), "other/b/x") && fs_is_past_link(at("a"), "../other/x"), "past a link");
	OK(!fs_is_past_link(at(""), "other") && !fs_is_past_link(at(""), "a/b/x") && !fs_is_past_link(at("other"), "b/x"),
	   "but a link at the end is none between, nor is the folder itself");
	OK(symlink("turning", at("turning")) == 0, "a link to itself");
	err = (struct err)ERR_INIT;
	IS_INT(fs_find(at("turning/below"), &err), -1, "what cannot be seen is not said to be missing");
	OK(err.code == ERR_IO && err.sys_errno == ELOOP, "with the reason: %s", err.text);
	OK(!fs_exists(at("turning/below")), "fs_exists takes it for missing");
}

static void check_write_all(void)
{
	char big[200000], back[sizeof big];
	struct err err = ERR_INIT;
	int ends[2], fd;

	memset(big, 'x', sizeof big);
	fd = open(at("all"), O_RDWR | O_CREAT, 0666);
	IS_INT(fs_write_all(fd, big, sizeof big), 0, "all is written");
	OK(pread(fd, back, sizeof back, 0) == (ssize_t)sizeof back && !memcmp(big, back, sizeof big), "and there");
	close(fd);
	fd = open(at("all"), O_RDONLY);
	IS_INT(fs_write_all(fd, big, 1), EBADF, "else the errno is answered");
	close(fd);
	OK(pipe(ends) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0, "a pipe");
	IS_INT(fs_write_all(ends[1], big, sizeof big), EAGAIN, "what takes a part first and then no more says why");
	close(ends[0]);
	close(ends[1]);
	IS_INT(fs_remove(at("all"), &err), 0, "removed");
}

static void check_mapping(void)
{
	struct fs_map map;
	struct err err = ERR_INIT;

	IS_INT(fs_replace(at("m"), "mapped", 6, &err), 0, "a file");
	OK(fs_map_open(&map, at("m"), &err) == 0 && map.len == 6 && !memcmp(map.bytes, "mapped", 6), "is mapped");
	fs_map_close(&map);
	OK(!map.bytes, "and closed");
	fs_map_close(&map);
	IS_INT(fs_replace(at("m"), "", 0, &err), 0, "an empty file");
	OK(fs_map_open(&map, at("m"), &err) == 0 && map.len == 0 && map.bytes, "maps to no bytes");
	fs_map_close(&map);
	IS_INT(fs_map_open(&map, root, &err), -1, "a folder does not map");
	IS_INT(fs_map_open(&map, at("none"), &err), -1, "nor does nothing");
}

/* The child holds the lock until it is killed: the lock must die with it. */
static void check_locking(void)
{
	struct fs_lock lock = { -1 };
	struct strbuf holder = STRBUF_INIT(1000);
	struct err err = ERR_INIT;
	int ready[2], status;
	char c = 0;
	pid_t pid;

	if (pipe(ready) != 0)
		exit(1);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (fs_lock_take(&lock, at("lock"), "child\n", NULL, &err) == 0)
			(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	OK(read(ready[0], &c, 1) == 1, "the child has the lock");
	IS_INT(fs_lock_take(&lock, at("lock"), "parent", &holder, &err), 1, "held by another");
	IS_INT(fs_lock_holder(at("lock")), pid, "who is seen");
	IS_TEXT(holder.buf, "child\n", "whose note is handed on");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(ready[0]);
	IS_INT(fs_lock_take(&lock, at("lock"), "me", &holder, &err), 0, "free after its death");
	OK(file_is(at("lock"), "me"), "the note is replaced");
	IS_INT(fs_lock_holder(at("lock")), getpid(), "ourselves");
	fs_lock_release(&lock);
	fs_lock_release(&lock);
	IS_INT(fs_lock_holder(at("lock")), 0, "nobody");
	IS_INT(fs_lock_holder(at("no-such-lock")), 0, "nor a file that is not there");
	IS_INT(lock.fd, -1, "released");
	OK(file_is(at("lock"), ""), "and the note gone");
	IS_INT(fs_lock_take(&lock, at("no/lock"), "x", &holder, &err), -1, "no folder for the lock");
	strbuf_release(&holder);
}

int main(void)
{
	char command[128];

	(void)snprintf(root, sizeof root, "%s", "/tmp/mgbatch-fs-XXXXXX");
	if (!mkdtemp(root))
		return 1;
	check_paths();
	check_reading();
	check_replacing();
	check_failed_write();
	check_folders();
	check_write_all();
	check_mapping();
	check_locking();
	(void)snprintf(command, sizeof command, "rm -rf '%s'", root);
	OK(system(command) == 0, "cleaned up");
	return tap_done();
}
