/* The hub's list: what is taken of it, and what is said of one that cannot be used. Addresses. */
#include "store/hub.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SMALL(name) "{\"rfilename\":\"" name "\",\"size\":7,\"blobId\":\"" SHA "\"}"
#define LARGE(name, bytes) "{\"rfilename\":\"" name "\",\"size\":" #bytes ",\"blobId\":\"" SHA "\",\"lfs\":{\"sha256\":\"" SHA256 "\",\"size\":" #bytes "}}"
#define BASIS SMALL("config.json") "," SMALL("tokenizer.json")

static char *listing(const char *siblings)
{
	return mem_printf("{\"sha\":\"" SHA "\",\"siblings\":[%s]}", siblings);
}

static const struct {
	const char *siblings;
	const char *want; /* the names that are taken, or "! words of the sentence" */
} rows[] = {
	{ LARGE("model.safetensors", 5000000000) "," SMALL(".gitattributes") "," SMALL("README.md") "," BASIS "," LARGE("state_dict.bin", 9),
	  "config.json README.md tokenizer.json model.safetensors" },
	{ BASIS "," SMALL("spiece.model") "," SMALL("preprocessor_config.json") "," SMALL("generation_config.json") "," SMALL("special_tokens_map.json") ","
	  SMALL("tokenizer_config.json") "," LARGE("model.safetensors", 5),
	  "config.json tokenizer.json tokenizer_config.json special_tokens_map.json spiece.model generation_config.json preprocessor_config.json "
	  "model.safetensors" },
	{ BASIS "," LARGE("model-00002-of-00002.safetensors", 5) "," SMALL("model.safetensors.index.json") "," LARGE("model-00001-of-00002.safetensors", 5) ","
	  LARGE("model.safetensors", 5),
	  "config.json tokenizer.json model.safetensors.index.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors" },
	{ BASIS "," SMALL("../model.safetensors") "," SMALL("/etc/passwd") "," SMALL("model-00001-of-00001.safetensors/../x") "," SMALL("model-0001-of-00001.safetensors")
	  ",{},7,null,{\"rfilename\":9}," LARGE("model.safetensors", 0), "config.json tokenizer.json model.safetensors" },
	{ SMALL("tokenizer.json") "," LARGE("model.safetensors", 5), "!'config.json', which mgbatch needs" },
	{ SMALL("config.json") "," SMALL("spiece.model"), "!no 'tokenizer.json', but 'spiece.model': mgbatch does not convert" },
	{ SMALL("config.json"), "!no 'tokenizer.json', which" },
	{ BASIS "," LARGE("pytorch_model.bin", 5), "!no 'model.safetensors', but 'pytorch_model.bin': mgbatch does not convert" },
	{ BASIS "," LARGE("pytorch_model.bin.index.json", 5), "!but 'pytorch_model.bin.index.json'" },
	{ BASIS "," LARGE("state_dict.bin", 5), "!but 'state_dict.bin'" },
	{ BASIS, "!no 'model.safetensors', which" },
	{ "", "!no 'config.json'" },
	{ BASIS "," SMALL("model.safetensors.index.json") "," LARGE("model.safetensors", 5), "!none of the files model-NNNNN" },
	{ BASIS "," SMALL("model.safetensors.index.json") "," LARGE("model-00001-of-00001.safetensors", 5) "," LARGE("model-00001-of-00001.safetensors", 5), "!twice" },
	{ BASIS "," LARGE("model.safetensors", 68719476737), "!no size from 0 to 68719476736" },
	{ BASIS "," LARGE("model.safetensors", -1), "!no size" },
	{ BASIS "," LARGE("model.safetensors", 1.5), "!no size" },
	{ BASIS "," LARGE("model.safetensors", "5"), "!no size" },
	{ "{\"rfilename\":\"config.json\",\"size\":16777217,\"blobId\":\"" SHA "\"}", "!'config.json' no size from 0 to 16777216" },
	{ "{\"rfilename\":\"config.json\",\"size\":7}", "!'config.json' no hash" },
	{ "{\"rfilename\":\"config.json\",\"size\":7,\"blobId\":\"" SHA "0\"}", "!'config.json' no hash" },
	{ "{\"rfilename\":\"config.json\",\"size\":7,\"blobId\":\"0123456789ABCDEF0123456789abcdef01234567\"}", "!'config.json' no hash" },
	{ BASIS ",{\"rfilename\":\"model.safetensors\",\"lfs\":{\"size\":7,\"sha256\":\"" SHA "\"}}", "!'model.safetensors' no SHA-256" },
	{ BASIS ",{\"rfilename\":\"model.safetensors\",\"lfs\":{\"size\":7}}", "!'model.safetensors' no SHA-256" },
};

static void expect(const char *text, const char *want)
{
	struct hub_listing l = { .n = 0 };
	struct err err = ERR_INIT;
	int r = hub_read_listing(&l, "small", text, strlen(text), &err);
	char names[1000] = "";

	if (want[0] == '!') {
		if (!OK(r == -1 && err.code == ERR_MODEL && strstr(err.text, want + 1) && strstr(err.text, "facebook/musicgen-small"), "refused: %s", want + 1))
			printf("# %s\n", err.text);
		return;
	}
	if (!OK(r == 0, "%s %s", want, err.text))
		return;
	for (int i = 0; i < l.n; i++)
		(void)snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? " " : "", l.files[i].name);
	IS_TEXT(names, want, "what is taken, in order");
	IS_TEXT(l.commit, SHA, "the commit");
	OK(strlen(l.files[0].git) == 40 && !*l.files[0].sha256, "git's name of a small file");
	OK(strlen(l.files[l.n - 1].sha256) == 64, "the SHA-256 of a large one");
	hub_listing_release(&l);
}

static void test_listings(void)
{
	static const char *const broken[] = { "", "{", "[]", "7", "{\"siblings\":[]}", "{\"sha\":\"" SHA "\"}", "{\"sha\":\"" SHA "\",\"siblings\":{}}",
					      "{\"sha\":\"../../etc\",\"siblings\":[]}", "{\"sha\":7,\"siblings\":[]}", "<html>" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = listing(rows[i].siblings);

		expect(text, rows[i].want);
		free(text);
	}
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		expect(broken[i], "!the hub's list");
}

/* More shards than there can be, each good. */
static void test_many_shards(void)
{
	struct strbuf text = STRBUF_INIT(1 << 20);

	strbuf_adds(&text, "{\"sha\":\"" SHA "\",\"siblings\":[" BASIS "," SMALL("model.safetensors.index.json"));
	for (int i = 1; i <= HUB_FILES_MAX; i++)
		strbuf_addf(&text, ",{\"rfilename\":\"model-%05d-of-00300.safetensors\",\"lfs\":{\"size\":1,\"sha256\":\"" SHA256 "\"}}", i);
	strbuf_adds(&text, "]}");
	expect(text.buf, "!more than 300 files");
	strbuf_release(&text);
}

static void test_base(void)
{
	static const struct {
		const char *said, *want; /* NULL: refused */
	} bases[] = {
		{ NULL, "https://huggingface.co" },
		{ "", "https://huggingface.co" },
		{ "https://mirror.example", "https://mirror.example" },
		{ "https://mirror.example/hub//", "https://mirror.example/hub" },
		{ "http://127.0.0.1:1234/", "http://127.0.0.1:1234" },
		{ "http://localhost:1234", "http://localhost:1234" },
		{ "http://mirror.example", NULL },
		{ "https://me:secret_word@mirror.example", NULL },
		{ "https://mirror.example/?token=secret_word", NULL },
		{ "ftp://mirror.example", NULL },
		{ "mirror", NULL },
		{ "/", NULL },
	};

	for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
		char *base = NULL;
		struct err err = ERR_INIT;
		int r;

		if (bases[i].said)
			(void)setenv("HF_ENDPOINT", bases[i].said, 1);
		else
			(void)unsetenv("HF_ENDPOINT");
		r = hub_base(&base, &err);
		if (bases[i].want)
			IS_TEXT(base, bases[i].want, bases[i].said ? bases[i].said : "unset");
		else
			OK(r == -1 && err.code == ERR_USAGE && !strstr(err.text, "secret_word"), "refused: %s: %s", bases[i].said, err.text);
		free(base);
	}
}

static void test_urls(void)
{
	char *url = hub_listing_url("https://h", "stereo-melody");

	IS_TEXT(url, "https://h/api/models/facebook/musicgen-stereo-melody/revision/main?blobs=true", "the list's address");
	free(url);
	url = hub_file_url("https://h", "small", SHA, "config.json");
	IS_TEXT(url, "https://h/facebook/musicgen-small/resolve/" SHA "/config.json", "a file's address");
	free(url);
}

int main(void)
{
	test_listings();
	test_many_shards();
	test_base();
	test_urls();
	return tap_done();
}
