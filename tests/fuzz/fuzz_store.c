/*
 * fuzz_store: any bytes as each of the small files that the store reads: mgbatch.json, the list of shards, the licence in
 * README.md, and the remembered hashes, once as they are and once with the last line that makes them whole; then as weights whose
 * header is looked at.
 *
 * Holds: names are plain, a record that was read and written is read again, a file's hash is its own whatever is
 * remembered of others, and what is said of a folder can be shown.
 */
#include "base/fs.h"
#include "base/hash.h"
#include "base/text.h"
#include "folder.h"
#include "must.h"
#include "store/store_inside.h"

#include <stdint.h>

#define INDEX "model.safetensors.index.json"
#define WEIGHTS "model.safetensors"
#define REMEMBERED "fingerprints"
#define HEAD "mgbatch fingerprints 1\n"
#define CONTENT "rain"
#define FILE_BYTES_MAX ((size_t)4 << 20)
#define LATER_MS ((int64_t)4000000000000) /* the year 2096: nothing was changed just before it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_same(const struct store_record *a, const struct store_record *b)
{
	MUST(a->n == b->n && !strcmp(a->repository, b->repository) && !strcmp(a->commit, b->commit));
	for (int i = 0; i < a->n; i++)
		MUST(!strcmp(a->files[i].name, b->files[i].name) && a->files[i].bytes == b->files[i].bytes && !strcmp(a->files[i].sha256, b->files[i].sha256));
}

static void try_record(const uint8_t *data, size_t size)
{
	struct store_record record = { .n = 0 }, again = { .n = 0 };
	struct err err = ERR_INIT;

	fuzz_put(STORE_RECORD, data, size);
	if (store_record_read(&record, fuzz_folder(), &err) != 1) {
		MUST(err.code == ERR_MODEL && err.text[0]);
		return;
	}
	MUST(record.n > 0);
	for (int i = 0; i < record.n; i++)
		MUST(store_is_plain_name(record.files[i].name) && strlen(record.files[i].sha256) == HASH_HEX_SIZE - 1);
	if (store_record_write(&record, fuzz_folder(), &err) == 0) {
		MUST(store_record_read(&again, fuzz_folder(), &err) == 1);
		must_be_same(&record, &again);
		store_record_release(&again);
	}
	store_record_release(&record);
}

static void try_index(const uint8_t *data, size_t size)
{
	struct store_files files = { .n = 0 };
	struct err err = ERR_INIT;

	fuzz_put(INDEX, data, size);
	if (store_files_find(&files, fuzz_folder(), &err) == 0)
		MUST(files.n_weights > 0 && files.n == files.n_weights + 3); /* config.json, tokenizer.json, the list itself */
	else
		MUST(err.code == ERR_MODEL && err.text[0]);
	for (size_t i = 0; i < files.n; i++)
		MUST(store_is_plain_name(files.names[i]));
	store_files_release(&files);
}

static void try_licence(const uint8_t *data, size_t size)
{
	char licence[STORE_LICENCE_SIZE];

	fuzz_put("README.md", data, size);
	store_read_licence(licence, fuzz_folder());
	MUST(strlen(licence) < sizeof licence && strspn(licence, "abcdefghijklmnopqrstuvwxyz0123456789.-+_") == strlen(licence));
}

static void check_finding(void *arg, const struct store_finding *f)
{
	int *n = arg;

	MUST(f->verdict < STORE_N_VERDICTS && f->sentence[0] && strlen(f->sentence) < sizeof f->sentence);
	MUST(text_is_utf8(f->sentence, strlen(f->sentence)) && !strchr(f->sentence, '\n'));
	++*n;
}

static void try_verify(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	int n = 0;

	MUST(store_verify(fuzz_folder(), check_finding, &n, &err) == 0 && n > 0);
	fuzz_drop(STORE_RECORD);
	fuzz_drop(INDEX);
	fuzz_put(WEIGHTS, data, size);
	n = 0;
	MUST(store_verify(fuzz_folder(), check_finding, &n, &err) == 0 && n == 3);
	fuzz_drop(WEIGHTS);
}

/* As a start of the program does it. */
static void hash_content(void)
{
	struct store_cache *cache = store_cache_open();
	char path[FUZZ_PATH_SIZE], hex[HASH_HEX_SIZE], want[HASH_HEX_SIZE];
	unsigned char hash[HASH_BYTES];
	struct err err = ERR_INIT;
	uint64_t n_bytes = 0;

	fuzz_path(path, "content");
	hash_bytes(CONTENT, strlen(CONTENT), hash);
	hash_hex(want, hash);
	MUST(store_cache_hash(cache, path, LATER_MS, hex, &n_bytes, &err) == 0 && n_bytes == strlen(CONTENT) && !strcmp(hex, want));
	store_cache_close(cache);
}

/* A file that has been written whole is not written again: its bytes stay. */
static void must_stay(void)
{
	struct strbuf before = STRBUF_INIT(FILE_BYTES_MAX), after = STRBUF_INIT(FILE_BYTES_MAX);
	char path[FUZZ_PATH_SIZE];
	struct err err = ERR_INIT;

	fuzz_path(path, REMEMBERED);
	MUST(fs_read(path, &before, &err) == 0);
	hash_content();
	MUST(fs_read(path, &after, &err) == 0 && before.len == after.len && !memcmp(before.buf, after.buf, after.len));
	strbuf_release(&before);
	strbuf_release(&after);
}

static void try_remembered(const uint8_t *data, size_t size)
{
	struct strbuf text = STRBUF_INIT(FILE_BYTES_MAX);
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE];

	fuzz_put(REMEMBERED, data, size);
	hash_content();
	strbuf_adds(&text, HEAD);
	strbuf_add(&text, data, size);
	hash_bytes(text.buf, text.len, hash);
	hash_hex(hex, hash);
	strbuf_addf(&text, "end %s\n", hex);
	fuzz_put(REMEMBERED, text.buf, text.len);
	hash_content();
	must_stay();
	strbuf_release(&text);
}

static void begin(void)
{
	char path[FUZZ_PATH_SIZE];

	fuzz_put("config.json", "{}", 2);
	fuzz_put("tokenizer.json", "{}", 2);
	fuzz_put("a.safetensors", "", 0);
	fuzz_put("b.safetensors", "", 0);
	fuzz_put("content", CONTENT, strlen(CONTENT));
	fuzz_path(path, "mgbatch"); /* hashes are remembered in $XDG_CACHE_HOME/mgbatch: the same folder, which holds no folders */
	MUST(symlink(".", path) == 0 && setenv("XDG_CACHE_HOME", fuzz_folder(), 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!fuzz_dir[0])
		begin();
	try_record(data, size);
	try_index(data, size);
	try_verify(data, size);
	try_licence(data, size);
	try_remembered(data, size);
	return 0;
}
