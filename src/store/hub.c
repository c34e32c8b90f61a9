#include "store/hub.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "net/http.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC_HUB "https://huggingface.co"
#define BASE_MAX 500
#define INDEX "model.safetensors.index.json"
#define WHOLE "model.safetensors"

#define CONVERT "mgbatch does not convert them: load the model with transformers, write it with save_pretrained, and name that folder with " \
		"'checkpoint:' or --checkpoint"

/* In the order in which they are downloaded: what can show that the rest is in vain comes first. */
static const struct {
	const char *name;
	bool is_needed;
} small_files[] = {
	{ "config.json", true },
	{ "README.md", false }, /* names the licence */
	{ "tokenizer.json", true },
	{ "tokenizer_config.json", false },
	{ "special_tokens_map.json", false },
	{ "spiece.model", false },
	{ "generation_config.json", false },
	{ "preprocessor_config.json", false },
};

/* What stands there in the place of what is missing. */
static const struct {
	const char *missing, *found;
} others[] = {
	{ "tokenizer.json", "spiece.model" },
	{ WHOLE, "pytorch_model.bin" },
	{ WHOLE, "pytorch_model.bin.index.json" },
	{ WHOLE, "state_dict.bin" },
};

/* ---- addresses ----------------------------------------------------------------------- */

int hub_base(char **ret, struct err *err)
{
	const char *said = getenv("HF_ENDPOINT"), *base = said && *said ? said : PUBLIC_HUB;
	size_t len = strlen(base);
	char host[256];
	bool is_https = false;

	while (len > 0 && base[len - 1] == '/')
		len--;
	/* The value is not printed: it may hold a password. */
	if (len > BASE_MAX || strpbrk(base, "?#") || !http_url_host(base, &is_https, host, sizeof host) || (!is_https && !http_host_is_loopback(host)))
		return err_set(err, ERR_USAGE, "HF_ENDPOINT is no address of a model hub: expected https://HOST, without a user name or a question "
			       "mark (or http:// to this machine); unset it for " PUBLIC_HUB);
	*ret = mem_strndup(base, len);
	return 0;
}

char *hub_listing_url(const char *base, const char *version)
{
	return mem_printf("%s/api/models/facebook/musicgen-%s/revision/main?blobs=true", base, version);
}

char *hub_file_url(const char *base, const char *version, const char *commit, const char *name)
{
	return mem_printf("%s/facebook/musicgen-%s/resolve/%s/%s", base, version, commit, name);
}

/* ---- one file of the list ------------------------------------------------------------- */

static bool is_hex(const char *s, size_t len)
{
	return strlen(s) == len && strspn(s, "0123456789abcdef") == len;
}

/* "model-00001-of-00003.safetensors" */
static bool is_shard(const char *name)
{
	static const char form[] = "model-#####-of-#####.safetensors";
	size_t i;

	for (i = 0; form[i]; i++)
		if (form[i] == '#' ? name[i] < '0' || name[i] > '9' : name[i] != form[i])
			return false;
	return name[i] == '\0';
}

static const char *name_of(const struct json *sibling)
{
	return json_string(json_member(sibling, "rfilename"), "");
}

/* NULL: the list does not have it. */
static const struct json *find(const struct json *siblings, const char *name)
{
	const struct json *n = json_first(siblings);

	while (n && strcmp(name_of(n), name) != 0)
		n = json_next(n);
	return n;
}

static int read_size(const char *name, const struct json *n, bool is_small, uint64_t *ret, struct err *err)
{
	double size = json_number(n, -1), most = (double)(is_small ? HUB_SMALL_MAX : HUB_FILE_MAX);

	if (!(size >= 0 && size <= most) || floor(size) != size)
		return err_set(err, ERR_MODEL, "the hub's list gives '%s' no size from 0 to %.0f bytes", name, most);
	*ret = (uint64_t)size;
	return 0;
}

static int add(struct hub_listing *listing, const struct json *sibling, struct err *err)
{
	const struct json *lfs = json_member(sibling, "lfs");
	const char *sha256 = json_string(json_member(lfs, "sha256"), ""), *git = json_string(json_member(sibling, "blobId"), "");
	struct hub_file f = { .name = "" };
	const char *name = name_of(sibling);

	memcpy(f.name, name, strlen(name) + 1); /* a name of small_files, or of the form of a shard: shorter than HUB_NAME_SIZE */
	if (json_is_object(lfs)) {
		if (read_size(name, json_member(lfs, "size"), false, &f.bytes, err) != 0)
			return -1;
		if (!is_hex(sha256, HASH_HEX_SIZE - 1))
			return err_set(err, ERR_MODEL, "the hub's list gives '%s' no SHA-256", name);
		memcpy(f.sha256, sha256, sizeof f.sha256);
	} else {
		if (read_size(name, json_member(sibling, "size"), true, &f.bytes, err) != 0)
			return -1;
		if (!is_hex(git, HASH_GIT_SIZE - 1))
			return err_set(err, ERR_MODEL, "the hub's list gives '%s' no hash (a blobId of 40 digits)", name);
		memcpy(f.git, git, sizeof f.git);
	}
	if (listing->n == HUB_FILES_MAX)
		return err_set(err, ERR_MODEL, "the hub lists more than %d files of weights", HUB_FILES_MAX);
	for (int i = 0; i < listing->n; i++)
		if (!strcmp(listing->files[i].name, name))
			return err_set(err, ERR_MODEL, "the hub lists '%s' twice", name);
	MEM_GROW(listing->files, listing->n, listing->cap);
	listing->files[listing->n++] = f;
	listing->n_bytes += f.bytes;
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------ */

static int say_missing(const struct json *siblings, const char *name, struct err *err)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (!strcmp(others[i].missing, name) && find(siblings, others[i].found))
			return err_set(err, ERR_MODEL, "it has no '%s', but '%s': " CONVERT, name, others[i].found);
	return err_set(err, ERR_MODEL, "it has no '%s', which mgbatch needs", name);
}

static int choose_small(struct hub_listing *listing, const struct json *siblings, struct err *err)
{
	for (size_t i = 0; i < sizeof small_files / sizeof *small_files; i++) {
		const struct json *n = find(siblings, small_files[i].name);

		if (!n && small_files[i].is_needed)
			return say_missing(siblings, small_files[i].name, err);
		if (n && add(listing, n, err) != 0)
			return -1;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct hub_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* An index and its shards where there is one, as store_files.c takes them, else the one file. */
static int choose_weights(struct hub_listing *listing, const struct json *siblings, struct err *err)
{
	const struct json *index = find(siblings, INDEX), *whole = find(siblings, WHOLE);
	int first;

	if (!index)
		return whole ? add(listing, whole, err) : say_missing(siblings, WHOLE, err);
	if (add(listing, index, err) != 0)
		return -1;
	first = listing->n;
	for (const struct json *n = json_first(siblings); n; n = json_next(n))
		if (is_shard(name_of(n)) && add(listing, n, err) != 0)
			return -1;
	if (listing->n == first)
		return err_set(err, ERR_MODEL, "it has '" INDEX "' but none of the files model-NNNNN-of-NNNNN.safetensors");
	qsort(&listing->files[first], (size_t)(listing->n - first), sizeof *listing->files, compare_names);
	return 0;
}

int hub_read_listing(struct hub_listing *ret, const char *version, const char *text, size_t len, struct err *err)
{
	struct hub_listing listing = { .n = 0 };
	const struct json *siblings;
	struct json_doc *doc = NULL;
	const char *commit;
	int r = -1;

	if (json_parse(&doc, text, len, HUB_LISTING_MAX, "the hub's list", ERR_MODEL, err) != 0)
		goto out;
	commit = json_string(json_member(json_root(doc), "sha"), "");
	siblings = json_member(json_root(doc), "siblings");
	if (!is_hex(commit, HUB_COMMIT_SIZE - 1) || !json_is_array(siblings)) {
		(void)err_set(err, ERR_MODEL, "the hub's list has no 'sha' of 40 digits and 'siblings': HF_ENDPOINT is perhaps no model hub");
		goto out;
	}
	memcpy(listing.commit, commit, sizeof listing.commit);
	if (choose_small(&listing, siblings, err) != 0 || choose_weights(&listing, siblings, err) != 0)
		goto out;
	*ret = listing;
	listing = (struct hub_listing){ .n = 0 };
	r = 0;
out:
	if (r != 0)
		(void)err_wrap(err, "facebook/musicgen-%s", version);
	hub_listing_release(&listing);
	json_free(doc);
	return r;
}

void hub_listing_release(struct hub_listing *listing)
{
	free(listing->files);
	memset(listing, 0, sizeof *listing);
}
