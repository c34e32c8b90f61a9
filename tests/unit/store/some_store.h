/*
 * some_store.h: checkpoint folders of a few bytes below a folder of one's own, for the tests of the store.
 *
 *   main: mkdtemp(some_root); then put, put_checkpoint and drop, by names below it; the test removes it in the end.
 */
#ifndef SOME_STORE_H
#define SOME_STORE_H

#include "base/fs.h"
#include "base/mem.h"
#include "store/store.h"
#include "tap.h"

#include <unistd.h>

#define CONFIG_SMALL "{\"model_type\": \"musicgen\", \"decoder\": {\"hidden_size\": 1024, \"num_hidden_layers\": 24}}"

static char some_root[] = "/tmp/mgbatch-store-XXXXXX";

static inline void put(const char *name, const char *text)
{
	char *path = fs_join(some_root, name);
	struct err err = ERR_INIT;

	if (fs_make_parent(path, &err) || fs_replace(path, text, strlen(text), &err))
		OK(0, "%s", err.text);
	free(path);
}

/* All that a checkpoint must have, with this config.json; dir "": the folder itself. */
static inline void put_checkpoint(const char *dir, const char *config)
{
	static const char *const names[] = { "config.json", "tokenizer.json", "model.safetensors" };
	const char *const texts[] = { config, "{}", "weights" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *name = fs_join(dir, names[i]);

		put(name, texts[i]);
		free(name);
	}
}

static inline void drop(const char *name)
{
	char *path = fs_join(some_root, name);
	struct err err = ERR_INIT;

	if (fs_remove(path, &err))
		OK(0, "%s", err.text);
	free(path);
}

#endif
