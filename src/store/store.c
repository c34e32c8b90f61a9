#include "store/store_inside.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_BYTES_MAX ((size_t)1 << 20) /* the public ones have below 20 KiB */

/* Carries the version of the fingerprint's form: a change of it moves every native job's id. */
#define FINGERPRINT_PREFIX "mgbatch/checkpoint/1\n"

int store_config_open(struct checkpoint *c, struct err *err)
{
	struct strbuf text = STRBUF_INIT(CONFIG_BYTES_MAX);
	char *path = fs_join(c->dir, "config.json");
	int r;

	r = fs_read(path, &text, err);
	if (r == 0)
		r = store_config_read(c, text.buf, text.len, err);
	strbuf_release(&text);
	free(path);
	return r;
}

/* Adds "name size sha256\n": what sha256sum says of the files is enough to check a fingerprint by hand. */
static int hash_one(struct hash_state *st, struct store_cache *cache, const char *path, const char *name, uint64_t *ret_size, struct err *err)
{
	char hex[HASH_HEX_SIZE], *line;

	if (store_cache_hash(cache, path, clock_unix_ms(), hex, ret_size, err) != 0)
		return -1;
	line = mem_printf("%s %llu %s\n", name, (unsigned long long)*ret_size, hex);
	hash_add(st, line, strlen(line));
	free(line);
	return 0;
}

static int fingerprint(struct checkpoint *c, const struct store_files *files, struct err *err)
{
	struct store_cache *cache = store_cache_open();
	struct hash_state *st = hash_begin();
	unsigned char hash[HASH_BYTES];
	size_t i;
	int r = 0;

	hash_add(st, FINGERPRINT_PREFIX, strlen(FINGERPRINT_PREFIX));
	for (i = 0; i < files->n && r == 0; i++) {
		char *path = fs_join(c->dir, files->names[i]);
		uint64_t size = 0;

		r = hash_one(st, cache, path, files->names[i], &size, err);
		free(path);
		if (i >= files->n - files->n_weights)
			c->weight_bytes += size;
	}
	store_settings_hash(st, c);
	hash_end(st, hash);
	hash_hex(c->fingerprint, hash);
	store_cache_close(cache);
	return r;
}

int store_open(struct checkpoint *ret, const char *dir, struct err *err)
{
	struct store_files files = { 0 };
	struct checkpoint c = { 0 };
	int r = -1;

	c.dir = mem_strdup(dir);
	if (store_files_find(&files, dir, err) || store_config_open(&c, err) || fingerprint(&c, &files, err)) {
		/* What cannot be read in a checkpoint is the model's trouble, not the output's. */
		if (err && err->code == ERR_IO)
			err->code = ERR_MODEL;
		(void)err_wrap(err, "checkpoint '%s'", dir);
		goto out;
	}
	store_read_licence(c.licence, dir);
	*ret = c;
	c.dir = NULL;
	r = 0;
out:
	store_files_release(&files);
	store_release(&c);
	return r;
}

void store_release(struct checkpoint *c)
{
	free(c->dir);
	c->dir = NULL;
}
