/*
 * store_places: where checkpoints lie that nobody names, and what lies there.
 */
#include "store/store_inside.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REF_BYTES_MAX 256 /* refs/main holds a commit of 40 */
#define HUB_PREFIX "models--facebook--musicgen-"
#define PART_SUFFIX ".part" /* of a folder that is being pulled (pull.h) */

/* ---- the two places --------------------------------------------------------------- */

/* Joined, or NULL when the environment does not have the variable. */
static char *under(const char *variable, const char *rest)
{
	const char *dir = getenv(variable);

	if (!dir || !*dir)
		return NULL;
	return *rest ? fs_join(dir, rest) : mem_strdup(dir);
}

char *store_own_root(void)
{
	char *dir = under("XDG_DATA_HOME", "mgbatch/models");

	return dir ? dir : under("HOME", ".local/share/mgbatch/models");
}

/* As huggingface_hub's constants.py looks for it. */
static char *hub_root(void)
{
	static const struct {
		const char *variable, *rest;
	} rows[] = {
		{ "HF_HUB_CACHE", "" },
		{ "HF_HOME", "hub" },
		{ "XDG_CACHE_HOME", "huggingface/hub" },
		{ "HOME", ".cache/huggingface/hub" },
	};
	char *dir = NULL;

	for (size_t i = 0; i < sizeof rows / sizeof *rows && !dir; i++)
		dir = under(rows[i].variable, rows[i].rest);
	return dir;
}

static char *own_dir(const char *root, const char *name)
{
	return fs_join(root, name);
}

/* Where the newest snapshot lies, or NULL: none is there, or what names it is no commit. */
static char *hub_dir(const char *root, const char *name)
{
	struct strbuf commit = STRBUF_INIT(REF_BYTES_MAX);
	char *ref = mem_printf("%s/" HUB_PREFIX "%s/refs/main", root, name), *dir = NULL;
	struct err ignored = ERR_INIT;

	if (fs_read(ref, &commit, &ignored) == 0) {
		while (commit.len > 0 && isspace((unsigned char)commit.buf[commit.len - 1]))
			strbuf_setlen(&commit, commit.len - 1);
		if (commit.len > 0 && strspn(commit.buf, "0123456789abcdef") == commit.len)
			dir = mem_printf("%s/" HUB_PREFIX "%s/snapshots/%s", root, name, commit.buf);
	}
	strbuf_release(&commit);
	free(ref);
	return dir;
}

static const struct place {
	const char *name;
	const char *prefix; /* of the names of folders in its root */
	char *(*root)(void);
	char *(*dir)(const char *root, const char *name);
} places[] = {
	{ "mgbatch", "", store_own_root, own_dir },
	{ "huggingface", HUB_PREFIX, hub_root, hub_dir },
};

#define N_PLACES (sizeof places / sizeof *places)

/* ---- one version ------------------------------------------------------------------- */

static bool is_complete(const char *dir, struct err *why)
{
	struct store_files files = { 0 };
	int r = store_files_find(&files, dir, why);

	store_files_release(&files);
	return r == 0;
}

static int say_nowhere(const char *version, struct err *err)
{
	struct strbuf where = STRBUF_INIT(ERR_TEXT_MAX), how = STRBUF_INIT(ERR_TEXT_MAX);
	uint64_t bytes = store_public_bytes(version);
	char size[32];

	for (size_t i = 0; i < N_PLACES; i++) {
		char *root = places[i].root();

		if (root)
			strbuf_addf(&where, "%s'%s/%s%s'", where.len ? " nor " : "neither ", root, places[i].prefix, version);
		free(root);
	}
	if (bytes)
		strbuf_addf(&how, "`mgbatch models pull %s` downloads it (up to about %s), or ", version, text_bytes(size, sizeof size, bytes));
	err_set(err, ERR_MODEL, "the checkpoint '%s' is not on this machine: %sname its folder with 'checkpoint:' or --checkpoint%s%s%s", version, how.buf,
		where.len ? " (there is " : "", strbuf_ok(&where) ? where.buf : "nothing where it was looked for", where.len ? ")" : "");
	strbuf_release(&where);
	strbuf_release(&how);
	return -1;
}

int store_find(char **ret_dir, const char *version, struct err *err)
{
	struct err first = ERR_INIT;

	for (size_t i = 0; i < N_PLACES && store_is_plain_name(version); i++) {
		char *root = places[i].root(), *dir = root ? places[i].dir(root, version) : NULL;
		struct err why = ERR_INIT;
		bool exists = dir && fs_exists(dir);

		free(root);
		if (exists && is_complete(dir, &why)) {
			*ret_dir = dir;
			return 0;
		}
		if (exists && first.code == ERR_NONE) {
			first = why;
			(void)err_wrap(&first, "checkpoint '%s'", dir);
		}
		free(dir);
	}
	if (first.code == ERR_NONE)
		return say_nowhere(version, err);
	if (err)
		*err = first;
	return -1;
}

/* ---- all of them --------------------------------------------------------------------- */

static void look_into(struct store_entry *e)
{
	struct checkpoint c = { .dir = e->dir };
	struct err why = ERR_INIT, ignored = ERR_INIT;

	e->has_config = store_config_open(&c, &ignored) == 0;
	e->is_complete = is_complete(e->dir, &why);
	if (e->is_complete && !e->has_config) {
		e->is_complete = false;
		why = ignored;
	}
	e->why = mem_strdup(e->is_complete ? "" : why.text);
	memcpy(e->version, c.version, sizeof e->version);
	e->is_melody = c.is_melody;
	e->is_stereo = c.is_stereo;
	store_read_licence(e->licence, e->dir);
}

/* A pull that goes on or was interrupted: told under the version's own name. */
static void look_at_part(struct store_entry *e)
{
	e->name[strlen(e->name) - strlen(PART_SUFFIX)] = '\0';
	free(e->why);
	e->is_complete = false;
	e->why = mem_printf("its download has not ended; `mgbatch models pull %s` goes on with it", e->name);
}

/* Links count as what they point to: a hub's snapshot is made of them. */
static void add_sizes(struct store_entry *e, DIR *d)
{
	const struct dirent *item;

	while ((item = readdir(d))) {
		char *path = fs_join(e->dir, item->d_name);
		struct err ignored = ERR_INIT;
		uint64_t bytes = 0;

		if (!fs_is_dir(path) && fs_size(path, &bytes, &ignored) == 0)
			e->bytes += bytes;
		free(path);
	}
}

static void add_entry(struct store_list *list, const struct place *place, const char *root, const char *name)
{
	char *dir = place->dir(root, name);
	struct store_entry *e;
	DIR *d = dir ? opendir(dir) : NULL;

	if (!d) {
		free(dir);
		return;
	}
	MEM_GROW(list->entries, list->n, list->cap);
	e = &list->entries[list->n++];
	*e = (struct store_entry){ .name = mem_strdup(name), .dir = dir, .place = place->name };
	add_sizes(e, d);
	(void)closedir(d);
	look_into(e);
	if (place->dir == own_dir && text_ends_with(name, PART_SUFFIX) && strlen(name) > strlen(PART_SUFFIX))
		look_at_part(e);
}

static int add_place(struct store_list *list, const struct place *place, const char *root, struct err *err)
{
	DIR *d = opendir(root);
	const struct dirent *item;

	if (!d)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_set_sys(err, ERR_IO, errno, "reading '%s'", root);
	while ((item = readdir(d)))
		if (item->d_name[0] != '.' && text_starts_with(item->d_name, place->prefix))
			add_entry(list, place, root, item->d_name + strlen(place->prefix));
	(void)closedir(d);
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct store_entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : -strcmp(x->place, y->place); /* our own place first, as it is looked at */
}

int store_list_read(struct store_list *ret, struct err *err)
{
	struct store_list list = { .n = 0 };
	int r = 0;

	for (size_t i = 0; i < N_PLACES && r == 0; i++) {
		list.roots[i] = places[i].root();
		if (list.roots[i])
			r = add_place(&list, &places[i], list.roots[i], err);
	}
	if (r) {
		store_list_release(&list);
		return -1;
	}
	if (list.n > 0)
		qsort(list.entries, (size_t)list.n, sizeof *list.entries, compare_entries);
	*ret = list;
	return 0;
}

void store_list_release(struct store_list *list)
{
	for (int i = 0; i < list->n; i++) {
		free(list->entries[i].name);
		free(list->entries[i].dir);
		free(list->entries[i].why);
	}
	for (size_t i = 0; i < N_PLACES; i++)
		free(list->roots[i]);
	free(list->entries);
	memset(list, 0, sizeof *list);
}
