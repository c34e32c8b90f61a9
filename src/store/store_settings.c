/*
 * store_settings: what two small files beside config.json say that decides what the model says: how long its window is, and
 * how it hears a tune (engine/MODEL.md 1).
 *
 * The ten public checkpoints say the same in both, and so does a file that is missing: that leaves a fingerprint as it is.
 * What is said otherwise is a part of it, value by value: the files hold much else that changes no sample.
 */
#include "store/store_inside.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

#define SETTINGS_BYTES_MAX ((size_t)1 << 20) /* the public ones have below 1 KiB */

static const struct {
	const char *file;
	bool is_of_melody; /* other models have a file of that name too, which says nothing of this */
	const char *key;
	double usual;
} settings[] = {
	{ "generation_config.json", false, "max_length", 1500 },
	{ "preprocessor_config.json", true, "n_fft", 16384 },
	{ "preprocessor_config.json", true, "hop_length", 4096 },
	{ "preprocessor_config.json", true, "chunk_length", 30 },
};

/* The number; `usual` where the file does not say one: what cannot be used of it is for the engine to refuse. */
static double read_setting(const char *dir, const char *file, const char *key, double usual)
{
	struct strbuf text = STRBUF_INIT(SETTINGS_BYTES_MAX);
	char *path = fs_join(dir, file);
	struct json_doc *doc = NULL;
	struct err ignored = ERR_INIT;
	double value = usual;

	if (fs_is_file(path) && fs_read(path, &text, &ignored) == 0 &&
	    json_parse(&doc, text.buf, text.len, SETTINGS_BYTES_MAX, file, ERR_MODEL, &ignored) == 0)
		value = json_number(json_member(json_root(doc), key), usual);
	json_free(doc);
	strbuf_release(&text);
	free(path);
	return value;
}

void store_settings_hash(struct hash_state *st, const struct checkpoint *c)
{
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		double value = settings[i].is_of_melody && !c->is_melody ? settings[i].usual :
									     read_setting(c->dir, settings[i].file, settings[i].key, settings[i].usual);
		char *line;

		if (value == settings[i].usual)
			continue;
		line = mem_printf("%s %s %.17g\n", settings[i].file, settings[i].key, value);
		hash_add(st, line, strlen(line));
		free(line);
	}
}
