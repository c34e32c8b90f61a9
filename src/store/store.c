#include "store/store_inside.h"

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
static int hash_one(struct hash_state *st, const char *dir, const char *name, uint64_t *ret_size, struct err *err)
{
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE], *path = fs_join(dir, name), *line = NULL;
	int r = -1;

	if (fs_size(path, ret_size, err) || hash_file(path, hash, err))
		goto out;
	hash_hex(hex, hash);
	line = mem_printf("%s %llu %s\n", name, (unsigned long long)*ret_size, hex);
	hash_add(st, line, strlen(line));
	r = 0;
out:
	free(line);
	free(path);
	return r;
}

static int fingerprint(struct checkpoint *c, const struct store_files *files, struct err *err)
{
	struct hash_state *st = hash_begin();
	unsigned char hash[HASH_BYTES];
	size_t i;
	int r = 0;

	hash_add(st, FINGERPRINT_PREFIX, strlen(FINGERPRINT_PREFIX));
	for (i = 0; i < files->n && r == 0; i++) {
		uint64_t size = 0;

		r = hash_one(st, c->dir, files->names[i], &size, err);
		if (i >= files->n - files->n_weights)
			c->weight_bytes += size;
	}
	hash_end(st, hash);
	hash_hex(c->fingerprint, hash);
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
