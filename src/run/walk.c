/* See walk.h. */
#include "run/walk.h"

#include "base/fs.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
	const char *root;
	const char *skip;
	walk_visit visit;
	void *arg;
};

struct names {
	char **list;
	size_t n, cap;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void release_names(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
}

static int read_names(struct names *names, const char *dir_path, const char *skip, struct err *err)
{
	DIR *dir = opendir(dir_path);
	struct dirent *entry;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_set_sys(err, ERR_IO, errno, "cannot read the folder '%s'", dir_path);
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (skip && strcmp(name, skip) == 0))
			continue;
		MEM_GROW(names->list, names->n, names->cap);
		names->list[names->n++] = mem_strdup(name);
	}
	(void)closedir(dir);
	if (names->n > 1)
		qsort(names->list, names->n, sizeof *names->list, compare);
	return 0;
}

static int walk_dir(const struct walk *w, const char *below, int depth, struct err *err);

static int walk_entry(const struct walk *w, const char *path, int depth, struct err *err)
{
	char *full = fs_join(w->root, path);
	struct stat st;
	int rc = 0;

	if (lstat(full, &st) != 0) /* gone since its folder was read */
		rc = errno == ENOENT ? 0 : err_set_sys(err, ERR_IO, errno, "cannot look at '%s'", full);
	else if (S_ISDIR(st.st_mode))
		rc = walk_dir(w, path, depth + 1, err);
	else
		rc = w->visit(w->arg, path, (int64_t)st.st_size, err);
	free(full);
	return rc;
}

/* The recursion is bounded by WALK_DEPTH_MAX. */
static int walk_dir(const struct walk *w, const char *below, int depth, struct err *err)
{
	struct names names = { NULL, 0, 0 };
	char *dir_path = *below ? fs_join(w->root, below) : mem_strdup(w->root);
	int rc = 0;

	if (depth > WALK_DEPTH_MAX)
		rc = err_set(err, ERR_IO, "the folder '%s' lies more than %d folders deep", dir_path, WALK_DEPTH_MAX);
	if (rc == 0)
		rc = read_names(&names, dir_path, depth == 0 ? w->skip : NULL, err);
	for (size_t i = 0; rc == 0 && i < names.n; i++) {
		char *path = fs_join(below, names.list[i]);

		rc = walk_entry(w, path, depth, err);
		free(path);
	}
	release_names(&names);
	free(dir_path);
	return rc;
}

int walk_files(const char *root, const char *below, const char *skip, walk_visit visit, void *arg, struct err *err)
{
	struct walk w = { root, skip, visit, arg };
	char *inside = mem_printf("%s/", below);
	bool is_linked = *below && fs_is_past_link(root, inside);

	free(inside);
	return is_linked ? 0 : walk_dir(&w, below, 0, err);
}
