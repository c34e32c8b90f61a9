/*
 * store_record: mgbatch.json, which a pull leaves in the folder: where the files come from, their sizes and hashes.
 *
 *   {"version": 1, "repository": "facebook/musicgen-small", "commit": "...", "files": [{"name": "config.json", "bytes": 7,
 *    "sha256": "..."}]}
 */
#include "store/store_inside.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

#define RECORD_VERSION 1
#define RECORD_BYTES_MAX ((size_t)1 << 20)
#define RECORD_FILES_MAX 1000

void store_record_add(struct store_record *record, const char *name, uint64_t bytes, const char *sha256)
{
	struct store_record_file *f;

	MEM_GROW(record->files, record->n, record->cap);
	f = &record->files[record->n++];
	*f = (struct store_record_file){ .name = mem_strdup(name), .bytes = bytes };
	memcpy(f->sha256, sha256, sizeof f->sha256);
}

int store_record_write(const struct store_record *record, const char *dir, struct err *err)
{
	struct strbuf text = STRBUF_INIT(RECORD_BYTES_MAX);
	char *path = fs_join(dir, STORE_RECORD);
	struct json_writer w;
	int r;

	json_begin(&w, &text, 2);
	json_open_object(&w, NULL);
	json_put_int(&w, "version", RECORD_VERSION);
	json_put_text(&w, "repository", record->repository);
	json_put_text(&w, "commit", record->commit);
	json_open_array(&w, "files");
	for (int i = 0; i < record->n; i++) {
		json_open_object(&w, NULL);
		json_put_text(&w, "name", record->files[i].name);
		json_put_int(&w, "bytes", (int64_t)record->files[i].bytes);
		json_put_text(&w, "sha256", record->files[i].sha256);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	strbuf_addc(&text, '\n');
	r = fs_replace(path, text.buf, text.len, err);
	strbuf_release(&text);
	free(path);
	return r;
}

static int read_file(struct store_record *record, const struct json *n, struct err *err)
{
	const char *name = json_string(json_member(n, "name"), ""), *sha256 = json_string(json_member(n, "sha256"), "");
	double bytes = json_number(json_member(n, "bytes"), -1);
	unsigned char hash[HASH_BYTES];

	if (record->n == RECORD_FILES_MAX)
		return err_set(err, ERR_MODEL, "names more than %d files", RECORD_FILES_MAX);
	if (!store_is_plain_name(name) || !(bytes >= 0 && bytes < 9e15) || floor(bytes) != bytes || hash_from_hex(hash, sha256) != 0)
		return err_set(err, ERR_MODEL, "its file number %d must have a plain name, a number of bytes and a SHA-256", record->n + 1);
	store_record_add(record, name, (uint64_t)bytes, sha256);
	return 0;
}

static int read_record(struct store_record *record, const struct json *root, struct err *err)
{
	const char *repository = NULL, *commit = NULL;
	const struct json *files = json_member(root, "files");
	double version = json_number(json_member(root, "version"), -1);

	if (version != RECORD_VERSION)
		return err_set(err, ERR_MODEL, "its version is not %d: another mgbatch wrote it, or it is damaged", RECORD_VERSION);
	if (json_need_string(root, "repository", &repository, err) || json_need_string(root, "commit", &commit, err))
		return -1;
	if (!json_is_array(files) || !json_first(files))
		return err_set(err, ERR_MODEL, "'files' must be a list of files");
	record->repository = mem_strdup(repository);
	record->commit = mem_strdup(commit);
	for (const struct json *n = json_first(files); n; n = json_next(n))
		if (read_file(record, n, err) != 0)
			return -1;
	return 0;
}

int store_record_read(struct store_record *ret, const char *dir, struct err *err)
{
	struct strbuf text = STRBUF_INIT(RECORD_BYTES_MAX);
	char *path = fs_join(dir, STORE_RECORD);
	struct store_record record = { .n = 0 };
	struct json_doc *doc = NULL;
	int r = 0;

	if (!fs_exists(path))
		goto out;
	r = -1;
	if (fs_read(path, &text, err) != 0 || json_parse(&doc, text.buf, text.len, RECORD_BYTES_MAX, STORE_RECORD, ERR_MODEL, err) != 0)
		goto out;
	if (read_record(&record, json_root(doc), err) != 0) {
		(void)err_wrap(err, STORE_RECORD);
		goto out;
	}
	*ret = record;
	record = (struct store_record){ .n = 0 };
	r = 1;
out:
	if (r < 0 && err)
		err->code = ERR_MODEL;
	store_record_release(&record);
	json_free(doc);
	strbuf_release(&text);
	free(path);
	return r;
}

void store_record_release(struct store_record *record)
{
	for (int i = 0; i < record->n; i++)
		free(record->files[i].name);
	free(record->files);
	free(record->repository);
	free(record->commit);
	memset(record, 0, sizeof *record);
}
