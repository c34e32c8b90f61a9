/* Folders that were pulled, that Hugging Face's tools made, and others: what is found good, wrong, or cannot be said. */
#include "store/store_inside.h"

#include "unit/store/some_store.h"

#include <sys/stat.h>

#define TENSORS "\x42\0\0\0\0\0\0\0{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}            12345678" /* a header of 0x42 bytes */
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define N_TENSORS (sizeof TENSORS - 1)

struct seen {
	int n_by[STORE_N_VERDICTS];
	char text[4000];
};

static void see(void *arg, const struct store_finding *f)
{
	struct seen *seen = arg;

	seen->n_by[f->verdict]++;
	(void)snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text), "%s: %s\n", f->file, f->sentence);
}

static void put_bytes(const char *name, const char *bytes, size_t len)
{
	char *path = fs_join(some_root, name);
	struct err err = ERR_INIT;

	if (fs_make_parent(path, &err) || fs_replace(path, bytes, len, &err))
		OK(0, "%s", err.text);
	free(path);
}

/* How many are good, wrong, unchecked; words of some sentence, or NULL. */
static void expect(const char *dir, int n_good, int n_wrong, int n_unchecked, const char *words)
{
	struct seen seen = { { 0 }, "" };
	char *path = fs_join(some_root, dir);
	struct err err = ERR_INIT;
	int r = store_verify(path, see, &seen, &err);

	if (!OK(r == 0 && seen.n_by[STORE_GOOD] == n_good && seen.n_by[STORE_WRONG] == n_wrong && seen.n_by[STORE_UNCHECKED] == n_unchecked,
		"%d good, %d wrong, %d unchecked %s", n_good, n_wrong, n_unchecked, err.text) ||
	    (words && !OK(strstr(seen.text, words) != NULL, "  %s", words)))
		printf("# %s\n", seen.text);
	free(path);
}

static void record(const char *dir, const char *const *names, int n)
{
	struct store_record record = { .repository = mem_strdup("facebook/musicgen-small"), .commit = mem_strdup("c") };
	char *path = fs_join(some_root, dir);
	struct err err = ERR_INIT;

	for (int i = 0; i < n; i++) {
		char *file = fs_join(path, names[i]), hex[HASH_HEX_SIZE];
		unsigned char hash[HASH_BYTES];
		uint64_t size = 0;

		if (fs_size(file, &size, &err) || hash_file(file, hash, &err))
			OK(0, "%s", err.text);
		hash_hex(hex, hash);
		store_record_add(&record, names[i], size, hex);
		free(file);
	}
	OK(store_record_write(&record, path, &err) == 0, "a record %s", err.text);
	store_record_release(&record);
	free(path);
}

static void test_pulled(void)
{
	static const char *const names[] = { "config.json", "tokenizer.json", "model.safetensors", "README.md" };

	put_checkpoint("pulled", CONFIG_SMALL);
	put("pulled/README.md", "about");
	record("pulled", names, 4);
	expect("pulled", 4, 0, 0, "model.safetensors: as it was pulled");
	put("pulled/model.safetensors", "weightS");
	expect("pulled", 3, 1, 0, "its content has changed: its SHA-256 is ");
	put("pulled/model.safetensors", "weight");
	expect("pulled", 3, 1, 0, "it has 6 bytes, and had 7");
	drop("pulled/model.safetensors");
	expect("pulled", 3, 2, 0, "model.safetensors: it is missing");
	put("pulled/model.safetensors", "weights");
	put("pulled/model.safetensors.index.json", "{\"weight_map\": {\"t\": \"model-2.safetensors\"}}");
	put_bytes("pulled/model-2.safetensors", TENSORS, N_TENSORS);
	expect("pulled", 4, 0, 2, "model-2.safetensors: its size is as its header says");
}

static void test_bad_records(void)
{
	static const char *const texts[] = {
		"", "{", "[]", "{\"version\": 2}", "{\"version\": 1, \"repository\": \"r\", \"commit\": \"c\", \"files\": []}",
		"{\"version\": 1, \"repository\": \"r\", \"commit\": \"c\", \"files\": [{\"name\": \"../x\", \"bytes\": 1, \"sha256\": \"" HEX64 "\"}]}",
		"{\"version\": 1, \"repository\": \"r\", \"commit\": \"c\", \"files\": [{\"name\": \"x\", \"bytes\": -1, \"sha256\": \"" HEX64 "\"}]}",
		"{\"version\": 1, \"repository\": \"r\", \"commit\": \"c\", \"files\": [{\"name\": \"x\", \"bytes\": 1, \"sha256\": \"0\"}]}",
	};

	put_checkpoint("bad", CONFIG_SMALL);
	put_bytes("bad/model.safetensors", TENSORS, N_TENSORS);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		put("bad/mgbatch.json", texts[i]);
		expect("bad", 0, 1, 3, "mgbatch.json: ");
	}
}

static void test_others(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} rows[] = {
		{ TENSORS, N_TENSORS - 1, "by its header it must have 82: it is cut" },
		{ TENSORS "x", N_TENSORS + 1, "by its header it must have 82" },
		{ TENSORS, 20, "its header says to have 66 bytes, the file has 20" },
		{ TENSORS, 7, "it has 7 bytes: it is cut" },
		{ "", 0, "it has 0 bytes" },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff xxx", 12, "its header says" },
		{ "\2\0\0\0\0\0\0\0[]", 10, "no safetensors file" },
		{ "\2\0\0\0\0\0\0\0{x", 10, "its header" },
		{ "\26\0\0\0\0\0\0\0{\"t\":{\"data_offsets\":[]}}", 34, "model.safetensors: " },
		{ "\32\0\0\0\0\0\0\0{\"t\":{\"data_offsets\":[]}} ", 34, "without data_offsets" },
	};

	put_checkpoint("other", CONFIG_SMALL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_bytes("other/model.safetensors", rows[i].bytes, rows[i].len);
		expect("other", 0, 1, 2, rows[i].words);
	}
	put_bytes("other/model.safetensors", TENSORS, N_TENSORS);
	expect("other", 0, 0, 3, "tokenizer.json: it reads as JSON; nothing says");
	put("other/tokenizer.json", "{");
	expect("other", 0, 1, 2, "tokenizer.json: it");
	drop("other/tokenizer.json");
	expect("other", 0, 1, 0, "'tokenizer.json' is missing");
}

/* As Hugging Face's tools keep them: links to what is named after its content. */
static void test_links(void)
{
	static const struct {
		const char *name, *blob, *text;
	} files[] = {
		{ "config.json", "6320cd248dd8aeaab759d5871f8781b5c0505172", "hello world?\n" },
		{ "tokenizer.json", "ce013625030ba8dba906f756967f9e9ca394464a", "hello\n" },
		{ "model.safetensors", "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", "hello\n" },
	};

	for (size_t i = 0; i < 3; i++) {
		char *blob = mem_printf("hub/blobs/%s", files[i].blob), *target = mem_printf("../blobs/%s", files[i].blob);
		char *link = mem_printf("%s/hub/snapshot/%s", some_root, files[i].name);
		struct err err = ERR_INIT;

		put(blob, files[i].text);
		OK(fs_make_parent(link, &err) == 0 && symlink(target, link) == 0, "a link");
		free(blob);
		free(target);
		free(link);
	}
	expect("hub/snapshot", 2, 1, 0, "config.json: its content has changed: git calls it");
	put("hub/blobs/5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", "hallo\n");
	expect("hub/snapshot", 1, 2, 0, "model.safetensors: its content has changed");
}

int main(void)
{
	struct err err = ERR_INIT;
	char *command;

	if (!OK(mkdtemp(some_root) != NULL, "a folder"))
		return tap_done();
	test_pulled();
	test_bad_records();
	test_others();
	test_links();
	OK(store_verify("/nonexistent", see, NULL, &err) == -1 && err.code == ERR_MODEL, "no folder: %s", err.text);
	command = mem_printf("rm -rf '%s'", some_root);
	OK(system(command) == 0, "cleaned up");
	free(command);
	return tap_done();
}
