/* See sync.h. */
#include "run/sync.h"

#include "base/fs.h"
#include "base/mem.h"

#include <stdbool.h>
#include <string.h>

/* Takes dir over. */
static void add(struct sync_dirs *dirs, char *dir)
{
	for (size_t i = dirs->n; i > 0; i--) /* neighbours mostly share their folder */
		if (strcmp(dirs->paths[i - 1], dir) == 0) {
			free(dir);
			return;
		}
	MEM_GROW(dirs->paths, dirs->n, dirs->cap);
	dirs->paths[dirs->n++] = dir;
}

void sync_dirs_add(struct sync_dirs *dirs, const char *file_path)
{
	add(dirs, fs_dirname(file_path));
}

int sync_dirs_make(struct sync_dirs *dirs, const char *file_path, struct err *err)
{
	char *dir = fs_dirname(file_path), *above;

	sync_dirs_add(dirs, file_path);
	while (!fs_is_dir(dir)) { /* ends at "/" or "." at the latest */
		above = fs_dirname(dir);
		add(dirs, mem_strdup(above));
		free(dir);
		dir = above;
	}
	free(dir);
	return fs_make_parent(file_path, err);
}

int sync_dirs_now(struct sync_dirs *dirs, struct err *err)
{
	for (size_t i = 0; i < dirs->n; i++)
		if (fs_sync_dir(dirs->paths[i], err) != 0)
			return -1;
	return 0;
}

void sync_dirs_release(struct sync_dirs *dirs)
{
	for (size_t i = 0; i < dirs->n; i++)
		free(dirs->paths[i]);
	free(dirs->paths);
	*dirs = (struct sync_dirs)SYNC_DIRS_INIT;
}

struct syncing {
	char *const *paths;
	struct err errs[SYNC_THREADS];
};

static void sync_range(void *arg, int worker, int begin, int end)
{
	struct syncing *s = arg;

	for (int i = begin; i < end && s->errs[worker].code == ERR_NONE; i++)
		(void)!fs_sync_file(s->paths[i], &s->errs[worker]);
}

int sync_files(struct pool **pool, char *const *paths, size_t n, struct err *err)
{
	struct syncing s = { .paths = paths };
	bool is_few = n <= SYNC_ONE_BY_ONE_MAX;

	if (!is_few && !*pool && pool_open(pool, SYNC_THREADS, err) != 0)
		return -1;
	if (is_few)
		sync_range(&s, 0, 0, (int)n);
	else
		pool_run(*pool, (int)n, sync_range, &s);
	for (int i = 0; i < SYNC_THREADS; i++)
		if (s.errs[i].code != ERR_NONE)
			return err_set(err, s.errs[i].code, "%s", s.errs[i].text);
	return 0;
}
