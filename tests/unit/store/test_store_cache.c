/* Fingerprints that are remembered: never of another content, never read again without need, never from a broken file. */
#include "store/store_inside.h"

#include "base/clock.h"
#include "unit/store/some_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#define BIG ((size_t)4 << 20)
#define LATER_MS 3600000 /* after any change that a test makes */

/* Bytes that this process has read by read and its kin (proc(5)); -1: not told here. */
static long long bytes_read(void)
{
	char line[64];
	FILE *f = fopen("/proc/self/io", "re");
	long long n = -1;

	if (!f)
		return -1;
	if (!fgets(line, sizeof line, f) || sscanf(line, "rchar: %lld", &n) != 1)
		n = -1;
	(void)fclose(f);
	return n;
}

static char *path_of(const char *name)
{
	return fs_join(some_root, name);
}

/* As a start of the program does it: open, hash, close. */
static void hash_at(const char *name, int64_t now_ms, char hex[HASH_HEX_SIZE])
{
	struct store_cache *cache = store_cache_open();
	char *path = path_of(name);
	struct err err = ERR_INIT;
	uint64_t size = 0;

	if (store_cache_hash(cache, path, now_ms, hex, &size, &err) != 0)
		OK(0, "hashed: %s", err.text);
	store_cache_close(cache);
	free(path);
}

static void hash_truly(const char *name, char hex[HASH_HEX_SIZE])
{
	unsigned char hash[HASH_BYTES];
	char *path = path_of(name);
	struct err err = ERR_INIT;

	if (hash_file(path, hash, &err) != 0)
		OK(0, "hashed: %s", err.text);
	hash_hex(hex, hash);
	free(path);
}

static long long cost(const char *name, int64_t now_ms)
{
	char hex[HASH_HEX_SIZE], want[HASH_HEX_SIZE];
	long long before, after;

	hash_truly(name, want);
	before = bytes_read();
	hash_at(name, now_ms, hex);
	after = bytes_read();
	IS_TEXT(hex, want, "the hash is that of the content");
	return after - before;
}

static void put_big(const char *name, char fill)
{
	char *text = mem_alloc(BIG + 1);

	memset(text, fill, BIG);
	text[BIG] = '\0';
	put(name, text);
	free(text);
}

/* In place, with the same size, and the same time of its content put back. */
static void change_slyly(const char *name)
{
	char *path = path_of(name);
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	OK(fd >= 0 && fstat(fd, &st) == 0 && pwrite(fd, "X", 1, 1000) == 1, "one byte is changed in place");
	OK(futimens(fd, (struct timespec[2]){ st.st_atim, st.st_mtim }) == 0, "and its time is put back");
	(void)close(fd);
	free(path);
}

static void test_reading(void)
{
	const int64_t now_ms = clock_unix_ms() + LATER_MS;

	if (bytes_read() < 0) {
		printf("# /proc/self/io is not here\n");
		return;
	}
	put_big("weights", 'a');
	OK(cost("weights", now_ms) >= (long long)BIG, "the first time it is read");
	OK(cost("weights", now_ms) < 65536, "the second time it is not");
	change_slyly("weights");
	OK(cost("weights", now_ms) >= (long long)BIG, "changed, it is read");
	OK(cost("weights", now_ms) < 65536, "once");
	put_big("weights", 'b');
	OK(cost("weights", now_ms) >= (long long)BIG, "another file of that name is read");
	put("other", "x");
	OK(cost("other", now_ms) < 65536 && cost("weights", now_ms) < 65536, "files do not push each other out");
}

/* What has changed so shortly before that a later change could have the same times is read again. */
static void test_racy(void)
{
	const int64_t now_ms = clock_unix_ms();

	put_big("fresh", 'a');
	OK(cost("fresh", now_ms) >= (long long)BIG && cost("fresh", now_ms) >= (long long)BIG, "a file of this moment is not remembered");
	OK(cost("fresh", now_ms - LATER_MS) >= (long long)BIG && cost("fresh", now_ms) >= (long long)BIG, "nor one of a time to come");
	OK(cost("fresh", now_ms + LATER_MS) >= (long long)BIG && cost("fresh", now_ms) < 65536, "later it is");
}

static void test_broken(void)
{
	static const char *const texts[] = { "", "mgbatch fingerprints 2\n", "mgbatch fingerprints 1\n", "mgbatch fingerprints 1\nend 00\n",
					     "mgbatch fingerprints 1\n1 2 3\nend x\n", "\xff\xfe garbage" };
	const int64_t now_ms = clock_unix_ms() + LATER_MS;
	struct strbuf good = STRBUF_INIT(1 << 20);
	char *path = path_of("cache/mgbatch/fingerprints"), *weights = path_of("weights"), *digit, other[HASH_HEX_SIZE], want[HASH_HEX_SIZE];
	struct err err = ERR_INIT;

	(void)cost("weights", now_ms);
	if (!OK(fs_read(path, &good, &err) == 0 && good.len > 100, "the file is there %s", err.text))
		goto out;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		put("cache/mgbatch/fingerprints", texts[i]);
		OK(cost("weights", now_ms) >= (long long)BIG && cost("weights", now_ms) < 65536, "a broken one counts for nothing and is written anew");
	}
	strbuf_reset(&good);
	OK(fs_read(path, &good, &err) == 0, "a good one");
	for (size_t cut = 1; cut < good.len; cut += 7) { /* cut anywhere it gives no wrong hash */
		strbuf_setlen(&good, good.len - 1);
		put("cache/mgbatch/fingerprints", good.buf);
		(void)hash_at("weights", now_ms, other);
		hash_truly("weights", want);
		if (strcmp(other, want) != 0)
			OK(0, "a cut one gives a wrong hash");
		strbuf_reset(&good);
		OK(fs_read(path, &good, &err) == 0 && strstr(good.buf, "\nend "), "it was written anew");
	}
	digit = strstr(good.buf, "\nend ") - 1;
	*digit = *digit == '0' ? '1' : '0'; /* the last digit of a hash */
	put("cache/mgbatch/fingerprints", good.buf);
	OK(cost("weights", now_ms) >= (long long)BIG, "one with a changed digit counts for nothing");
out:
	strbuf_release(&good);
	free(weights);
	free(path);
}

/* Where it cannot be written, or has no place, all goes on. */
static void test_unwritable(void)
{
	const int64_t now_ms = clock_unix_ms() + LATER_MS;
	static const char *const places[] = { "/dev/null/x", "relative", "" };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		OK(setenv("XDG_CACHE_HOME", places[i], 1) == 0 && unsetenv("HOME") == 0, "the cache is in '%s'", places[i]);
		OK(cost("weights", now_ms) >= (long long)BIG, "it is read each time");
		OK(!fs_exists("relative"), "and nothing is written below the working folder");
	}
}

/* More files than it keeps: the newest stay. */
static void test_many(void)
{
	const int64_t now_ms = clock_unix_ms() + LATER_MS;
	struct store_cache *cache = store_cache_open();
	struct err err = ERR_INIT;
	char hex[HASH_HEX_SIZE], *path;
	uint64_t size;
	int n_bad = 0;

	for (int i = 0; i < 4100; i++) {
		int fd;

		path = mem_printf("%s/many-%d", some_root, i);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		n_bad += fd < 0 || write(fd, "x", 1) != 1;
		(void)close(fd);
		n_bad += store_cache_hash(cache, path, now_ms, hex, &size, &err) != 0 || size != 1;
		free(path);
	}
	IS_INT(n_bad, 0, "4,100 files are hashed");
	store_cache_close(cache);
	path = path_of("cache/mgbatch/fingerprints");
	OK(fs_size(path, &size, &err) == 0 && size > 100000 && size < 1 << 20, "what is kept is within its cap");
	free(path);
	put_big("many-0", 'c');
	(void)cost("many-0", now_ms);
	OK(cost("many-0", now_ms) < (long long)BIG, "and it goes on remembering"); /* the cache itself is read */
}

int main(void)
{
	char *cache, *command;

	if (!OK(mkdtemp(some_root) != NULL, "a folder"))
		return tap_done();
	cache = path_of("cache");
	OK(setenv("XDG_CACHE_HOME", cache, 1) == 0, "the cache is there");
	test_reading();
	test_racy();
	test_broken();
	test_many();
	test_unwritable();
	command = mem_printf("rm -rf '%s'", some_root);
	OK(system(command) == 0, "cleaned up");
	free(command);
	free(cache);
	return tap_done();
}
