/* See sync.h. */
#include "run/sync.h"

#include "base/fs.h"
#include "base/mem.h"

#include <stdbool.h>
#include <string.h>

static bool has(const struct sync_dirs *dirs, const char *dir)
{
	for (size_t i = dirs->n; i > 0; i--) /* neighbours mostly share their folder */
		if (strcmp(dirs->list[i - 1].path, dir) == 0)
			return true;
	return false;
}

/* Takes dir over. */
static void add(struct sync_dirs *dirs, char *dir)
{
	if (has(dirs, dir)) {
		free(dir);
		return;
	}
	MEM_GROW(dirs->list, dirs->n, dirs->cap);
	dirs->list[dirs->n++] = (struct sync_dir){ .path = dir };
}

void sync_dirs_add(struct sync_dirs *dirs, const char *file_path)
{
	add(dirs, fs_dirname(file_path));
}

/* dir and the folders above it that are missing. */
static int count_missing(const char *path)
{
	char *dir = mem_strdup(path), *above;
	int n = 0;

	for (; !fs_is_dir(dir); n++) { /* ends at "/" or "." at the latest */
		above = fs_dirname(dir);
		free(dir);
		dir = above;
	}
	free(dir);
	return n;
}

/* A folder that could not be made is none to be synced. */
int sync_dirs_make(struct sync_dirs *dirs, const char *file_path, struct err *err)
{
	char *dir = fs_dirname(file_path), *above;
	bool is_known = has(dirs, dir); /* made or found a moment ago */
	int n_missing = is_known ? 0 : count_missing(dir), rc = 0;

	if (n_missing > 0)
		rc = fs_make_dirs(dir, err);
	for (int i = 0; rc == 0 && !is_known && i <= n_missing; i++) { /* the one above the last has a new name in it */
		above = fs_dirname(dir);
		add(dirs, dir);
		dir = above;
	}
	free(dir);
	return rc;
}

int sync_dirs_now(struct sync_dirs *dirs, struct err *err)
{
	for (size_t i = 0; i < dirs->n; i++)
		if (fs_sync_dir(dirs->list[i].path, err) != 0)
			return -1;
	return 0;
}

static void sync_one(void *arg)
{
	struct sync_dir *dir = arg;

	(void)!fs_sync_dir(dir->path, &dir->err);
}

void sync_dirs_begin(struct sync_dirs *dirs, struct tasks *tasks)
{
	struct task_chain chain = TASK_CHAIN_INIT;

	for (size_t i = 0; i < dirs->n; i++) {
		dirs->list[i].task = (struct task){ .fn = sync_one, .arg = &dirs->list[i] };
		task_chain_add(&chain, &dirs->list[i].task);
	}
	tasks_add_chain(tasks, &chain);
}

bool sync_dirs_ended(const struct sync_dirs *dirs)
{
	for (size_t i = 0; i < dirs->n; i++)
		if (!tasks_done(&dirs->list[i].task))
			return false;
	return true;
}

int sync_dirs_end(struct sync_dirs *dirs, struct tasks *tasks, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < dirs->n; i++) {
		tasks_wait(tasks, &dirs->list[i].task);
		if (rc == 0 && dirs->list[i].err.code != ERR_NONE) {
			*err = dirs->list[i].err;
			rc = -1;
		}
	}
	return rc;
}

void sync_dirs_release(struct sync_dirs *dirs)
{
	for (size_t i = 0; i < dirs->n; i++)
		free(dirs->list[i].path);
	free(dirs->list);
	*dirs = (struct sync_dirs)SYNC_DIRS_INIT;
}
