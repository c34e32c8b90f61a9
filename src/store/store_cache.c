/*
 * store_cache: the SHA-256 of files that were read before, so that a start need not read gigabytes again.
 *
 * A file is known by device, inode, size, the time its content was changed and the time its inode was (st_ctim, which
 * nobody can set back). One that changed so shortly before it was read that a later change could bear the same times is not
 * remembered, as git does not trust its index then (its documentation, "racy-git"). The file is a line for each, then a line
 * with the hash of all of them: what is broken, cut, or of another version counts for nothing and is written anew.
 */
#include "store/store_inside.h"

#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_HEAD "mgbatch fingerprints 1\n"
#define CACHE_BYTES_MAX ((size_t)1 << 20)
#define ENTRIES_MAX 4000   /* of at most 200 bytes: below CACHE_BYTES_MAX */
#define RACY_MS 2000       /* the coarsest times of a local file system: FAT's two seconds */
#define RACY_FAR_MS 3600000 /* another machine's clock gives the times of a network file system */

struct entry {
	unsigned long long device, inode, size;
	long long changed_s, changed_ns, inode_s, inode_ns;
	char hex[HASH_HEX_SIZE];
};

struct store_cache {
	char *path; /* NULL: the environment names no place */
	struct entry *entries;
	int n, cap;
	bool has_new;
};

/* ---- reading -------------------------------------------------------------------------- */

static char *cache_path(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cache && *cache == '/')
		return fs_join(cache, "mgbatch/fingerprints");
	return home && *home == '/' ? fs_join(home, ".cache/mgbatch/fingerprints") : NULL;
}

/* The rest of the text after its entries is the line of their hash. */
static bool read_end(const char *text, const char *end)
{
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE], *line;
	bool is_whole;

	hash_bytes(text, (size_t)(end - text), hash);
	hash_hex(hex, hash);
	line = mem_printf("end %s\n", hex);
	is_whole = strcmp(end, line) == 0;
	free(line);
	return is_whole;
}

static bool read_entry(const char *line, struct entry *e)
{
	unsigned char hash[HASH_BYTES];

	return sscanf(line, "%llu %llu %llu %lld.%lld %lld.%lld %64s", &e->device, &e->inode, &e->size, &e->changed_s, &e->changed_ns,
		      &e->inode_s, &e->inode_ns, e->hex) == 8 && hash_from_hex(hash, e->hex) == 0;
}

static void read_entries(struct store_cache *cache, const char *text)
{
	const char *line = text + strlen(CACHE_HEAD);

	for (; *line && strncmp(line, "end ", 4) != 0; line = strchr(line, '\n') + 1) {
		MEM_GROW(cache->entries, cache->n, cache->cap);
		if (!strchr(line, '\n') || cache->n == ENTRIES_MAX || !read_entry(line, &cache->entries[cache->n]))
			break;
		cache->n++;
	}
	if (!read_end(text, line))
		cache->n = 0;
}

struct store_cache *store_cache_open(void)
{
	struct store_cache *cache = mem_zalloc(1, sizeof *cache);
	struct strbuf text = STRBUF_INIT(CACHE_BYTES_MAX);
	struct err ignored = ERR_INIT;

	cache->path = cache_path();
	if (cache->path && fs_is_file(cache->path) && fs_read(cache->path, &text, &ignored) == 0 && strlen(text.buf) == text.len &&
	    strncmp(text.buf, CACHE_HEAD, strlen(CACHE_HEAD)) == 0)
		read_entries(cache, text.buf);
	strbuf_release(&text);
	return cache;
}

/* ---- writing -------------------------------------------------------------------------- */

static void save(const struct store_cache *cache)
{
	struct strbuf text = STRBUF_INIT(CACHE_BYTES_MAX);
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE];
	struct err ignored = ERR_INIT;

	strbuf_adds(&text, CACHE_HEAD);
	for (int i = 0; i < cache->n; i++) {
		const struct entry *e = &cache->entries[i];

		strbuf_addf(&text, "%llu %llu %llu %lld.%09lld %lld.%09lld %s\n", e->device, e->inode, e->size, e->changed_s, e->changed_ns,
			    e->inode_s, e->inode_ns, e->hex);
	}
	hash_bytes(text.buf, text.len, hash);
	hash_hex(hex, hash);
	strbuf_addf(&text, "end %s\n", hex);
	if (strbuf_ok(&text) && fs_make_parent(cache->path, &ignored) == 0 && fs_replace(cache->path, text.buf, text.len, &ignored) != 0)
		ignored.code = ERR_NONE; /* the next start reads the files again */
	strbuf_release(&text);
}

void store_cache_close(struct store_cache *cache)
{
	if (cache->has_new && cache->path)
		save(cache);
	free(cache->entries);
	free(cache->path);
	free(cache);
}

/* ---- one file ------------------------------------------------------------------------- */

static void fill(struct entry *e, const struct stat *st)
{
	*e = (struct entry){ (unsigned long long)st->st_dev, (unsigned long long)st->st_ino, (unsigned long long)st->st_size, st->st_mtim.tv_sec,
			     st->st_mtim.tv_nsec, st->st_ctim.tv_sec, st->st_ctim.tv_nsec, "" };
}

static bool is_same_file(const struct entry *a, const struct entry *b)
{
	return a->device == b->device && a->inode == b->inode;
}

static bool is_same(const struct entry *a, const struct entry *b)
{
	return is_same_file(a, b) && a->size == b->size && a->changed_s == b->changed_s && a->changed_ns == b->changed_ns &&
	       a->inode_s == b->inode_s && a->inode_ns == b->inode_ns;
}

/* Could it be changed after it was read, at now_ms or later, and still bear these times? A time to come is as bad. */
static bool is_racy(const struct entry *e, const char *path, int64_t now_ms)
{
	int64_t far_ms = fs_is_network(path) ? RACY_FAR_MS : RACY_MS;

	return now_ms - e->changed_s * 1000 < far_ms + 1000 || now_ms - e->inode_s * 1000 < far_ms + 1000; /* + 1000: seconds are cut */
}

static void remember(struct store_cache *cache, const struct entry *e)
{
	int i;

	for (i = 0; i < cache->n && !is_same_file(&cache->entries[i], e); i++)
		;
	if (i == ENTRIES_MAX) { /* the older half goes */
		cache->n = ENTRIES_MAX / 2;
		memmove(cache->entries, cache->entries + ENTRIES_MAX / 2, (size_t)cache->n * sizeof *cache->entries);
		i = cache->n;
	}
	if (i == cache->n) {
		MEM_GROW(cache->entries, cache->n, cache->cap);
		cache->n++;
	}
	cache->entries[i] = *e;
	cache->has_new = true;
}

static int read_file(struct store_cache *cache, int fd, const char *path, struct entry *e, int64_t now_ms, struct err *err)
{
	unsigned char hash[HASH_BYTES];
	struct entry after;
	struct stat st;
	int64_t n_bytes;

	if (hash_fd(fd, path, hash, &n_bytes, err) != 0)
		return -1;
	if (fstat(fd, &st) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot look at '%s'", path);
	hash_hex(e->hex, hash);
	fill(&after, &st);
	if (is_same(e, &after) && (unsigned long long)n_bytes == e->size && !is_racy(e, path, now_ms))
		remember(cache, e);
	e->size = (unsigned long long)n_bytes;
	return 0;
}

int store_cache_hash(struct store_cache *cache, const char *path, int64_t now_ms, char hex[HASH_HEX_SIZE], uint64_t *ret_size, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0, i;
	struct entry e;
	struct stat st;

	if (fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot read '%s'", path);
	if (fstat(fd, &st) != 0) {
		r = err_set_sys(err, ERR_IO, errno, "cannot look at '%s'", path);
		goto out;
	}
	fill(&e, &st);
	for (i = 0; i < cache->n && !is_same(&cache->entries[i], &e); i++)
		;
	if (i < cache->n)
		memcpy(e.hex, cache->entries[i].hex, sizeof e.hex);
	else
		r = read_file(cache, fd, path, &e, now_ms, err);
	if (r == 0) {
		memcpy(hex, e.hex, sizeof e.hex);
		*ret_size = e.size;
	}
out:
	(void)close(fd);
	return r;
}
