/* Checkpoints that nobody names: the two places, which of them counts, what is listed. */
#include "unit/store/some_store.h"

#define STEREO_MELODY \
	"{\"model_type\": \"musicgen_melody\", \"decoder\": {\"hidden_size\": 1536, \"num_hidden_layers\": 48, \"audio_channels\": 2}}"
#define COMMIT "4c8334b02c6ec4e8664a91979669a501ec497792"
#define HUB "hub/models--facebook--musicgen-"

static void set(const char *variable, const char *name)
{
	char *path = fs_join(some_root, name);

	OK(setenv(variable, path, 1) == 0, "%s is %s", variable, name);
	free(path);
}

/* want: the folder under some_root, or "! words of the sentence". */
static void expect(const char *version, const char *want)
{
	struct err err = ERR_INIT;
	char *dir = NULL;
	int r = store_find(&dir, version, &err);

	if (want[0] == '!') {
		if (!OK(r == -1 && err.code == ERR_MODEL && strstr(err.text, want + 2), "'%s' is not found: %s", version, want + 2))
			printf("# %s\n", r ? err.text : dir);
	} else if (OK(r == 0, "'%s' is found %s", version, err.text)) {
		IS_TEXT(dir + strlen(some_root) + 1, want, "  there");
	}
	free(dir);
}

static void test_find(void)
{
	expect("small", "! 'small' is not on this machine: `mgbatch models pull small` downloads it (up to about 2.2 GiB), or name its folder with "
			"'checkpoint:' or --checkpoint (there is neither '");
	expect("small", "!/data/mgbatch/models/small' nor '");
	expect("small", "!/hub/models--facebook--musicgen-small')");
	expect("custom", "! 'custom' is not on this machine: name its folder with 'checkpoint:' or --checkpoint (there is neither");
	expect("../small", "! is not on this machine");
	expect("", "! is not on this machine");
	put_checkpoint(HUB "small/snapshots/" COMMIT, CONFIG_SMALL);
	expect("small", "! is not on this machine"); /* no ref says which commit */
	put(HUB "small/refs/main", "../../../etc\n");
	expect("small", "! is not on this machine");
	put(HUB "small/refs/main", COMMIT "\n");
	expect("small", HUB "small/snapshots/" COMMIT);
	put("data/mgbatch/models/small/config.json", CONFIG_SMALL);
	expect("small", HUB "small/snapshots/" COMMIT);
	put_checkpoint("data/mgbatch/models/small", CONFIG_SMALL);
	expect("small", "data/mgbatch/models/small");
	drop("data/mgbatch/models/small/model.safetensors");
	drop(HUB "small/snapshots/" COMMIT "/tokenizer.json");
	expect("small", "!/data/mgbatch/models/small': 'model.safetensors' is missing");
	put_checkpoint("data/mgbatch/models/custom", CONFIG_SMALL);
	expect("custom", "data/mgbatch/models/custom");
}

/* The variables in the order in which they count. */
static void test_variables(void)
{
	static const struct {
		const char *variable, *name, *where;
	} rows[] = {
		{ "HOME", "home", "home/.cache/huggingface/hub" },
		{ "XDG_CACHE_HOME", "cache", "cache/huggingface/hub" },
		{ "HF_HOME", "hf", "hf/hub" },
		{ "HF_HUB_CACHE", "elsewhere", "elsewhere" },
	};

	OK(unsetenv("HF_HUB_CACHE") == 0 && unsetenv("XDG_DATA_HOME") == 0, "nothing is said");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *dir = mem_printf("%s/models--facebook--musicgen-melody", rows[i].where);
		char *ref = mem_printf("%s/refs/main", dir), *snapshot = mem_printf("%s/snapshots/" COMMIT, dir);

		set(rows[i].variable, rows[i].name);
		expect("melody", "! is not on this machine");
		put(ref, COMMIT);
		put_checkpoint(snapshot, STEREO_MELODY);
		expect("melody", snapshot);
		free(dir);
		free(ref);
		free(snapshot);
	}
	put_checkpoint("home/.local/share/mgbatch/models/melody", STEREO_MELODY);
	expect("melody", "home/.local/share/mgbatch/models/melody");
	OK(unsetenv("HOME") == 0 && unsetenv("XDG_CACHE_HOME") == 0 && unsetenv("HF_HOME") == 0 && unsetenv("HF_HUB_CACHE") == 0, "no home at all");
	expect("melody", "! is not on this machine");
}

static void test_list(void)
{
	static const struct {
		const char *name, *place, *version, *why;
		bool is_complete;
		int bytes;
	} want[] = {
		{ "custom", "mgbatch", "small", "", true, (int)sizeof CONFIG_SMALL - 1 + 9 },
		{ "large", "mgbatch", "small", "its download has not ended; `mgbatch models pull large` goes on", false, (int)sizeof CONFIG_SMALL - 1 + 9 },
		{ "small", "mgbatch", "small", "'model.safetensors' is missing", false, (int)sizeof CONFIG_SMALL - 1 + 2 },
		{ "small", "huggingface", "small", "'tokenizer.json' is missing", false, (int)sizeof CONFIG_SMALL - 1 + 7 },
		{ "stereo-melody", "huggingface", "stereo-melody", "", true, (int)sizeof STEREO_MELODY - 1 + 9 },
		{ "strange", "mgbatch", "", "'config.json' is missing", false, 0 },
	};
	struct store_list list;
	struct err err = ERR_INIT;

	set("XDG_DATA_HOME", "data");
	set("HF_HUB_CACHE", "hub");
	put(HUB "stereo-melody/refs/main", COMMIT);
	put_checkpoint(HUB "stereo-melody/snapshots/" COMMIT, STEREO_MELODY);
	put(HUB "large/refs/main", COMMIT); /* nothing downloaded yet */
	put("hub/models--other--thing/refs/main", COMMIT);
	put("data/mgbatch/models/strange/deep/file", "x");
	put("data/mgbatch/models/a-file", "x");
	put("data/mgbatch/models/.small.lock", "");
	put_checkpoint("data/mgbatch/models/large.part", CONFIG_SMALL);
	if (!OK(store_list_read(&list, &err) == 0, "listed %s", err.text))
		return;
	IS_INT(list.n, sizeof want / sizeof *want, "as many as there are");
	for (int i = 0; i < list.n && i < (int)(sizeof want / sizeof *want); i++) {
		const struct store_entry *e = &list.entries[i];

		IS_TEXT(e->name, want[i].name, "by name");
		IS_TEXT(e->place, want[i].place, "  its place");
		IS_TEXT(e->version, want[i].version, "  what it holds");
		OK(e->is_complete == want[i].is_complete && strncmp(e->why, want[i].why, strlen(want[i].why)) == 0, "  %s", e->why);
		IS_INT(e->bytes, want[i].bytes, "  bytes");
	}
	OK(list.n > 4 && list.entries[4].is_stereo && list.entries[4].is_melody, "its kind is known");
	store_list_release(&list);
	set("XDG_DATA_HOME", "nothing");
	set("HF_HUB_CACHE", "nothing");
	OK(store_list_read(&list, &err) == 0 && list.n == 0, "places that are not there are empty");
	store_list_release(&list);
}

int main(void)
{
	char *command;

	if (!OK(mkdtemp(some_root) != NULL, "a folder"))
		return tap_done();
	(void)unsetenv("HF_HOME");
	(void)unsetenv("XDG_CACHE_HOME");
	set("XDG_DATA_HOME", "data");
	set("HF_HUB_CACHE", "hub");
	test_find();
	test_variables();
	test_list();
	command = mem_printf("rm -rf '%s'", some_root);
	OK(system(command) == 0, "cleaned up");
	free(command);
	return tap_done();
}
