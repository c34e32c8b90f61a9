/* Checkpoint folders: what is missing, which model it is, the fingerprint. */
#include "unit/store/some_store.h"

static int open_store(struct checkpoint *c, struct err *err)
{
	struct err none = ERR_INIT;

	*err = none;
	return store_open(c, some_root, err);
}

static void expect_error(const char *want)
{
	struct checkpoint c = { 0 };
	struct err err;
	int r = open_store(&c, &err);

	if (!OK(r == -1 && err.code == ERR_MODEL && strstr(err.text, want), "refused: %s", want))
		printf("# %s\n", err.text);
	OK(strstr(err.text, some_root), "  and the folder is named");
	store_release(&c);
}

/* ---- tests -------------------------------------------------------------------- */

static void test_missing(void)
{
	struct checkpoint c = { 0 };
	struct err err = ERR_INIT;

	OK(store_open(&c, "/nonexistent/folder", &err) == -1 && err.code == ERR_MODEL && strstr(err.text, "does not exist"),
	   "no folder: %s", err.text);
	OK(store_open(&c, "/dev/null", &err) == -1 && strstr(err.text, "name the folder"), "no folder but something else");
	expect_error("'config.json' is missing: a checkpoint folder holds");
	put("state_dict.bin", "x");
	expect_error("audiocraft's own format");
	drop("state_dict.bin");
	put("config.json", CONFIG_SMALL);
	expect_error("'tokenizer.json' is missing");
	put("tokenizer.json", "{}");
	expect_error("'model.safetensors' is missing: a checkpoint");
	put("pytorch_model.bin", "x");
	expect_error("'model.safetensors' is missing, found 'pytorch_model.bin'");
	drop("pytorch_model.bin");
	put("model.safetensors", "weights");
	OK(open_store(&c, &err) == 0, "complete %s", err.text);
	IS_TEXT(c.dir, some_root, "  its folder");
	IS_INT(c.weight_bytes, 7, "  bytes of the tensors");
	store_release(&c);
}

static const struct {
	const char *type;
	int width, n_layers;
	const char *channels;
	const char *want; /* version, or "! error" */
} configs[] = {
	{ "musicgen", 1024, 24, NULL, "small" },
	{ "musicgen", 1536, 48, "1", "medium" },
	{ "musicgen", 2048, 48, "1", "large" },
	{ "musicgen", 1024, 24, "2", "stereo-small" },
	{ "musicgen", 1536, 48, "2", "stereo-medium" },
	{ "musicgen", 2048, 48, "2", "stereo-large" },
	{ "musicgen_melody", 1536, 48, "1", "melody" },
	{ "musicgen_melody", 2048, 48, "1", "melody-large" },
	{ "musicgen_melody", 1536, 48, "2", "stereo-melody" },
	{ "musicgen_melody", 2048, 48, "2", "stereo-melody-large" },
	{ "musicgen", 64, 2, "1", "custom" },
	{ "musicgen", 1024, 48, "1", "custom" },
	{ "musicgen", 64, 2, "2", "stereo-custom" },
	{ "musicgen_melody", 1024, 24, "2", "stereo-custom" },
	{ "t5", 1024, 24, "1", "! 'model_type' is 't5', expected 'musicgen'" },
	{ "musicgen", 0, 24, "1", "! 'hidden_size' must be a whole number" },
	{ "musicgen", 1024, -1, "1", "! 'num_hidden_layers' must be a whole number" },
	{ "musicgen", 1024, 24, "3", "! 'audio_channels' must be 1 or 2" },
	{ "musicgen", 1024, 24, "\"2\"", "! 'audio_channels' must be 1 or 2" },
	{ "musicgen", 1024, 24, "null, \"x\": ]", "! config.json" },
};

static void test_versions(void)
{
	size_t i;

	put_checkpoint("", CONFIG_SMALL);
	for (i = 0; i < sizeof configs / sizeof *configs; i++) {
		const char *want = configs[i].want;
		struct checkpoint c = { 0 };
		struct err err;
		char text[400], channels[60] = "";

		if (configs[i].channels)
			(void)snprintf(channels, sizeof channels, ", \"audio_channels\": %s", configs[i].channels);
		(void)snprintf(text, sizeof text,
			       "{\"model_type\": \"%s\", \"decoder\": {\"hidden_size\": %d, \"num_hidden_layers\": %d%s}}", configs[i].type,
			       configs[i].width, configs[i].n_layers, channels);
		put("config.json", text);
		if (want[0] == '!') {
			expect_error(want + 2);
			continue;
		}
		if (!OK(open_store(&c, &err) == 0, "%s %s", want, err.text))
			continue;
		IS_TEXT(c.version, want, "  version");
		OK(c.is_stereo == (strstr(want, "stereo") != NULL), "  stereo or not");
		OK(c.is_melody == (strcmp(configs[i].type, "musicgen_melody") == 0), "  melody or not");
		store_release(&c);
	}
	put("config.json", "{\"model_type\": \"musicgen\"}");
	expect_error("'decoder' is missing");
	put("config.json", "{\"decoder\": {}}");
	expect_error("model_type");
	put("config.json", "{\"model_type\": \"musicgen\", \"decoder\": {\"hidden_size\": 1.5, \"num_hidden_layers\": 1}}");
	expect_error("whole number");
}

static void fingerprint(char out[HASH_HEX_SIZE])
{
	struct checkpoint c = { 0 };
	struct err err;

	if (!OK(open_store(&c, &err) == 0, "opened %s", err.text))
		return;
	memcpy(out, c.fingerprint, HASH_HEX_SIZE);
	store_release(&c);
}

/* sha256 of "mgbatch/checkpoint/1\n" and a line of name, size and sha256 for each file, computed apart from this program. */
#define FINGERPRINT_GOOD "ec0d674b28d905835a86410413292d0d0b4a62b5cf56cb232d7fc0ab1b6e122c"
#define FINGERPRINT_SHARDS "8d65032716923c0921633e03f6c92e593229702b88e201fa900dc68b42db00bb"

static void test_fingerprint(void)
{
	char first[HASH_HEX_SIZE] = "", other[HASH_HEX_SIZE] = "";

	put_checkpoint("", CONFIG_SMALL);
	fingerprint(first);
	IS_TEXT(first, FINGERPRINT_GOOD, "the fingerprint");
	put("README.md", "about");
	fingerprint(other);
	IS_TEXT(other, first, "other files are not in it");
	put("model.safetensors", "weightS");
	fingerprint(other);
	OK(strcmp(other, first) != 0, "one byte of the weights is");
	put("model.safetensors", "weights");
	put("tokenizer.json", "{ }");
	fingerprint(other);
	OK(strcmp(other, first) != 0, "the tokenizer is");
	put("tokenizer.json", "{}");
	put("config.json", CONFIG_SMALL "\n");
	fingerprint(other);
	OK(strcmp(other, first) != 0, "config.json is");
}

/* Of FINGERPRINT_GOOD's text and the line "generation_config.json max_length 504"; of the same with a melody model's config.json, as it is,
 * and with "preprocessor_config.json hop_length 6400", then "... chunk_length 10"; computed apart from this program. */
#define FINGERPRINT_SHORT "8479786c5e8d4c9d5cc3c78c7172b4a99cfb791f60f8d9c032d1f6c79eba12d1"
#define FINGERPRINT_MELODY "e630a73e9c74043ccb2e2934408c73e9c98146d4002da8f6dbef35903dfeb8e4"
#define FINGERPRINT_HEARD "444d13517c23c90388a375598afe1d4a18c81f37107a827149590273c0ec8d19"
#define CONFIG_MELODY "{\"model_type\": \"musicgen_melody\", \"decoder\": {\"hidden_size\": 1536, \"num_hidden_layers\": 48}}"
#define HEARD "{\"n_fft\": 16384, \"hop_length\": 6400, \"chunk_length\": 10, \"sampling_rate\": 32000}"

/* What decides samples, of files that may be missing: in the fingerprint where it is said otherwise than the public models say it. */
static void test_settings(void)
{
	static const struct {
		const char *config, *file, *text, *want;
	} rows[] = {
		{ CONFIG_SMALL, "generation_config.json", "{}", FINGERPRINT_GOOD },
		{ CONFIG_SMALL, "generation_config.json", "{\"max_length\": 1500, \"guidance_scale\": 2}", FINGERPRINT_GOOD },
		{ CONFIG_SMALL, "generation_config.json", "{\"max_length\": null}", FINGERPRINT_GOOD },
		{ CONFIG_SMALL, "generation_config.json", "{\"max_length\": ", FINGERPRINT_GOOD },
		{ CONFIG_SMALL, "generation_config.json", "{\"max_length\": 504}", FINGERPRINT_SHORT },
		{ CONFIG_SMALL, "generation_config.json", "{\"guidance_scale\": 2, \"max_length\":5.04e2}", FINGERPRINT_SHORT },
		{ CONFIG_SMALL, "preprocessor_config.json", HEARD, FINGERPRINT_GOOD },
		{ CONFIG_MELODY, "preprocessor_config.json", "{\"n_fft\": 16384, \"hop_length\": 4096, \"chunk_length\": 30}", FINGERPRINT_MELODY },
		{ CONFIG_MELODY, "preprocessor_config.json", HEARD, FINGERPRINT_HEARD },
	};
	char got[HASH_HEX_SIZE] = "";

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_checkpoint("", rows[i].config);
		put(rows[i].file, rows[i].text);
		fingerprint(got);
		IS_TEXT(got, rows[i].want, rows[i].text);
		drop(rows[i].file);
	}
}

static void test_shards(void)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{ "{}", "'weight_map' is missing" },
		{ "{\"weight_map\": {}}", "'weight_map' is missing" },
		{ "{\"weight_map\": []}", "'weight_map' is missing" },
		{ "{\"weight_map\": {\"t\": 1}}", "no plain name" },
		{ "{\"weight_map\": {\"t\": \"../a.safetensors\"}}", "'../a.safetensors', which is no plain name" },
		{ "{\"weight_map\": {\"t\": \"/etc/passwd\"}}", "no plain name" },
		{ "{\"weight_map\": {\"t\": \".a.safetensors\"}}", "no plain name" },
		{ "{\"weight_map\": {\"t\": \"a\\\\b.safetensors\"}}", "no plain name" },
		{ "{\"weight_map\": {\"t\": \"a.bin\"}}", "no plain name" },
		{ "{\"weight_map\": {\"t\": \"gone.safetensors\"}}", "'gone.safetensors' is missing" },
		{ "{\"weight_map\": ", "model.safetensors.index.json" },
	};
	struct checkpoint c = { 0 };
	struct err err;
	char text[HASH_HEX_SIZE] = "";
	size_t i;

	put_checkpoint("", CONFIG_SMALL);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		put("model.safetensors.index.json", bad[i].text);
		expect_error(bad[i].want);
	}
	drop("model.safetensors");
	put("model-2.safetensors", "two");
	put("model-1.safetensors", "first");
	put("model.safetensors.index.json",
	    "{\"weight_map\": {\"b\": \"model-2.safetensors\", \"a\": \"model-1.safetensors\", \"c\": \"model-2.safetensors\"}}");
	if (!OK(open_store(&c, &err) == 0, "shards %s", err.text))
		return;
	IS_INT(c.weight_bytes, 8, "bytes of all shards, each once");
	memcpy(text, c.fingerprint, sizeof text);
	IS_TEXT(text, FINGERPRINT_SHARDS, "their fingerprint, in the order of names");
	store_release(&c);
}

/* What the README of a folder says of its licence. */
static void test_licence(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "---\nlicense: cc-by-nc-4.0\n---\n# card\n", "cc-by-nc-4.0" },
		{ "---\r\nlicense:   \"apache-2.0\"\r\n---\r\n", "apache-2.0" },
		{ "---\ntags:\n- x\nlicense: 'mit' # ours\n---\n", "mit" },
		{ "---\nlicense: other\nlicense_name: x\n---\n", "other" },
		{ "---\ntags: [x]\n---\nlicense: mit\n", "" },
		{ "# card\nlicense: mit\n", "" },
		{ "---\nlicense: <script>\n---\n", "" },
		{ "---\nlicense: two words are one\n---\n", "two" },
		{ "---\nlicense: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n---\n", "" },
		{ "---\nlicense:\n---\n", "" },
		{ "---", "" },
		{ "", "" },
	};
	struct checkpoint c = { 0 };
	struct err err;

	put_checkpoint("", CONFIG_SMALL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put("README.md", rows[i].text);
		if (!OK(open_store(&c, &err) == 0, "opened %s", err.text))
			return;
		IS_TEXT(c.licence, rows[i].want, "its licence");
		store_release(&c);
	}
	drop("README.md");
	if (OK(open_store(&c, &err) == 0, "opened without a README %s", err.text))
		IS_TEXT(c.licence, "", "no licence");
	store_release(&c);
	for (int i = 0; store_public_at(i); i++)
		OK(store_public_bytes(store_public_at(i)) > 1000000000, "the size of '%s' is known", store_public_at(i));
	OK(store_public_bytes("custom") == 0 && store_public_bytes("") == 0, "others have none");
}

static void clean(void)
{
	static const char *const names[] = { "config.json", "tokenizer.json", "model.safetensors", "model.safetensors.index.json",
					     "model-1.safetensors", "model-2.safetensors", "README.md" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		drop(names[i]);
	OK(rmdir(some_root) == 0, "nothing else was written into the folder");
}

int main(void)
{
	if (!OK(mkdtemp(some_root) != NULL, "a folder"))
		return tap_done();
	(void)unsetenv("HOME"); /* no cache of fingerprints: test_store_cache.c is about it */
	(void)unsetenv("XDG_CACHE_HOME");
	test_missing();
	test_versions();
	test_fingerprint();
	test_settings();
	test_shards();
	drop("model.safetensors.index.json");
	test_licence();
	clean();
	return tap_done();
}
