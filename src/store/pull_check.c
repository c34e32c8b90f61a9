/* A file that is there whole, against the hash that the hub lists. See pull_inside.h. */
#include "store/pull_inside.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)1 << 20)

static const char is_other[] = "what came is not what the hub lists, by its hash";

void pull_check_end(struct store_pull *p)
{
	unsigned char unused[HASH_BYTES];

	if (p->hash)
		hash_end(p->hash, unused);
	p->hash = NULL;
	if (p->check_fd >= 0)
		(void)close(p->check_fd);
	p->check_fd = -1;
}

/* What it holds is what the name promises: before gigabytes come that no job would find under it. */
static int check_config(const struct store_pull *p, struct err *err)
{
	struct checkpoint c = { .dir = p->part };

	if (store_config_open(&c, err) != 0)
		return err_wrap(err, "facebook/musicgen-%s", p->version);
	if (strcmp(c.version, p->version) == 0)
		return 0;
	return err_set(err, ERR_MODEL, "facebook/musicgen-%s is a model of the shape '%s' by its config.json: the hub at '%s' does not have the public '%s'",
		       p->version, c.version, p->host, p->version);
}

static int keep(struct store_pull *p, const char *sha256, struct err *err)
{
	const struct hub_file *f = pull_file(p);

	char *half = mem_printf("%s.new~", p->etag_path); /* of a pull that died in fs_replace */
	int r = fs_sync_file(p->path, err) != 0 || fs_remove(p->etag_path, err) != 0 || fs_remove(half, err) != 0 ? -1 : 0;

	free(half);
	if (r != 0)
		return -1;
	if (strcmp(f->name, "config.json") == 0 && check_config(p, err) != 0)
		return -1;
	if (strcmp(f->name, "README.md") == 0)
		store_read_licence(p->licence, p->part);
	store_record_add(&p->record, f->name, f->bytes, sha256);
	p->n_failures = p->n_wrong = 0;
	p->at++;
	p->stage = PULL_FILE;
	return 0;
}

/* One that git itself keeps: small. */
static int check_small(struct store_pull *p, struct err *err)
{
	struct strbuf text = STRBUF_INIT(HUB_SMALL_MAX);
	unsigned char hash[HASH_BYTES];
	char git[HASH_GIT_SIZE], hex[HASH_HEX_SIZE];
	int r = fs_read(p->path, &text, err);

	if (r == 0) {
		hash_git_blob(git, text.buf, text.len);
		hash_bytes(text.buf, text.len, hash);
		hash_hex(hex, hash);
		r = strcmp(git, pull_file(p)->git) == 0 ? keep(p, hex, err) : pull_fetch_anew(p, is_other, err);
	}
	strbuf_release(&text);
	return r;
}

/* 1: at its end; 0: the time is over. */
static int hash_some(struct store_pull *p, int timeout_ms, struct err *err)
{
	const int64_t until_ms = clock_monotonic_ms() + timeout_ms;
	char *chunk = mem_alloc(CHUNK_BYTES);
	ssize_t n;

	do {
		n = pread(p->check_fd, chunk, CHUNK_BYTES, (off_t)p->n_hashed);
		if (n > 0) {
			hash_add(p->hash, chunk, (size_t)n);
			p->n_hashed += (uint64_t)n;
		}
	} while ((n > 0 && clock_monotonic_ms() < until_ms) || (n < 0 && errno == EINTR));
	free(chunk);
	if (n < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot read '%s'", p->path);
	return n == 0;
}

int pull_check(struct store_pull *p, int timeout_ms, struct err *err)
{
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE];
	int r;

	if (!*pull_file(p)->sha256)
		return check_small(p, err);
	if (p->check_fd < 0) {
		p->check_fd = open(p->path, O_RDONLY | O_CLOEXEC);
		if (p->check_fd < 0)
			return err_set_sys(err, ERR_IO, errno, "cannot read '%s'", p->path);
		p->hash = hash_begin();
		p->n_hashed = 0;
	}
	r = hash_some(p, timeout_ms, err);
	if (r != 1)
		return r;
	hash_end(p->hash, hash);
	p->hash = NULL;
	pull_check_end(p);
	hash_hex(hex, hash);
	return strcmp(hex, pull_file(p)->sha256) == 0 ? keep(p, hex, err) : pull_fetch_anew(p, is_other, err);
}
