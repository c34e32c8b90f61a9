/*
 * store_files: which files of a checkpoint folder count, and what its lack of them means.
 *
 * A sharded model's index is taken where it exists, as transformers does. Its
 * shard names come from outside: each must be a plain name of a file in the
 * folder, so that an index can neither name /etc/passwd nor a device.
 */
#include "store/store_inside.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define INDEX_BYTES_MAX ((size_t)16 << 20) /* the largest public one has 200 KiB */
#define SHARDS_MAX 256
#define NAME_MAX_BYTES 200

#define WEIGHTS "model.safetensors"
#define WEIGHTS_INDEX "model.safetensors.index.json"
#define FOLDER_HOLDS "a checkpoint folder holds config.json, tokenizer.json and " WEIGHTS " (or its index and shards)"

/* What other folders hold that people take for a checkpoint, and what to do. */
static const struct {
	const char *name, *hint;
} strangers[] = {
	{ "state_dict.bin", "this is audiocraft's own format: take the model's files in the form of Hugging Face transformers" },
	{ "pytorch_model.bin", "these weights are a pickle: take the model's " WEIGHTS ", or convert them with transformers' "
			       "save_pretrained" },
	{ "pytorch_model.bin.index.json", "these weights are pickles: take the model's " WEIGHTS " or its shards, or convert them "
					  "with transformers' save_pretrained" },
	{ "decoder_model.onnx", "these weights are in ONNX: take the model's " WEIGHTS },
};

static bool has(const char *dir, const char *name)
{
	char *path = fs_join(dir, name);
	bool exists = fs_exists(path) && !fs_is_dir(path);

	free(path);
	return exists;
}

static int say_missing(const char *dir, const char *name, struct err *err)
{
	size_t i;

	for (i = 0; i < sizeof strangers / sizeof *strangers; i++)
		if (has(dir, strangers[i].name))
			return err_set(err, ERR_MODEL, "'%s' is missing, found '%s': %s", name, strangers[i].name, strangers[i].hint);
	return err_set(err, ERR_MODEL, "'%s' is missing: " FOLDER_HOLDS, name);
}

static void add_name(struct store_files *files, const char *name)
{
	MEM_GROW(files->names, files->n, files->cap);
	files->names[files->n++] = mem_strdup(name);
}

/* ---- shards --------------------------------------------------------------- */

bool store_is_plain_name(const char *name)
{
	if (name[0] == '.' || name[0] == '\0' || strlen(name) > NAME_MAX_BYTES)
		return false;
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '/' || *c == '\\')
			return false;
	return true;
}

static bool is_listed(const struct store_files *files, size_t from, const char *name)
{
	size_t i;

	/* An index lists tensors in the order of their shards, nearly: the last one is the likeliest. */
	for (i = files->n; i > from; i--)
		if (strcmp(files->names[i - 1], name) == 0)
			return true;
	return false;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static int add_shards(struct store_files *files, const struct json *map, struct err *err)
{
	const struct json *n;
	size_t from = files->n;

	if (!json_is_object(map) || !json_first(map))
		return err_set(err, ERR_MODEL, "'weight_map' is missing: it must be an object from tensor to file");
	for (n = json_first(map); n; n = json_next(n)) {
		const char *name = json_string(n, "");

		if (!store_is_plain_name(name) || !text_ends_with(name, ".safetensors"))
			return err_set(err, ERR_MODEL, "tensor '%.60s' is in '%.60s', which is no plain name of a .safetensors file "
				       "in this folder", json_name(n), name);
		if (is_listed(files, from, name))
			continue;
		if (files->n - from == SHARDS_MAX)
			return err_set(err, ERR_MODEL, "names more than %d files", SHARDS_MAX);
		add_name(files, name);
	}
	files->n_weights = files->n - from;
	qsort(&files->names[from], files->n_weights, sizeof *files->names, compare_names);
	return 0;
}

static int find_shards(struct store_files *files, const char *dir, struct err *err)
{
	struct strbuf text = STRBUF_INIT(INDEX_BYTES_MAX);
	char *path = fs_join(dir, WEIGHTS_INDEX);
	struct json_doc *doc = NULL;
	int r = -1;

	if (fs_read(path, &text, err) || json_parse(&doc, text.buf, text.len, INDEX_BYTES_MAX, WEIGHTS_INDEX, ERR_MODEL, err))
		goto out;
	add_name(files, WEIGHTS_INDEX);
	r = add_shards(files, json_member(json_root(doc), "weight_map"), err);
	if (r)
		(void)err_wrap(err, WEIGHTS_INDEX);
out:
	json_free(doc);
	strbuf_release(&text);
	free(path);
	return r;
}

/* ---- the folder ----------------------------------------------------------- */

int store_files_find(struct store_files *ret, const char *dir, struct err *err)
{
	static const char *const always[] = { "config.json", "tokenizer.json" };
	size_t i;

	if (!fs_exists(dir))
		return err_set(err, ERR_MODEL, "the folder does not exist: " FOLDER_HOLDS);
	if (!fs_is_dir(dir))
		return err_set(err, ERR_MODEL, "it is a file: name the folder; " FOLDER_HOLDS);
	for (i = 0; i < sizeof always / sizeof *always; i++) {
		if (!has(dir, always[i]))
			return say_missing(dir, always[i], err);
		add_name(ret, always[i]);
	}
	if (has(dir, WEIGHTS_INDEX)) {
		if (find_shards(ret, dir, err))
			return -1;
	} else {
		add_name(ret, WEIGHTS);
		ret->n_weights = 1;
	}
	for (i = 0; i < ret->n; i++)
		if (!has(dir, ret->names[i]))
			return say_missing(dir, ret->names[i], err);
	return 0;
}

void store_files_release(struct store_files *files)
{
	size_t i;

	for (i = 0; i < files->n; i++)
		free(files->names[i]);
	free(files->names);
	files->names = NULL;
	files->n = 0;
}
