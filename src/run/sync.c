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

/* dir and what is missing above it, each lasting before anything comes into it: a power cut may take back a name that is new, never
 * a folder with an old file in it that was moved there. */
static int make_lasting(const char *dir, struct err *err)
{
	char *above;
	int rc;

	if (fs_is_dir(dir)) /* "/" or "." at the latest */
		return 0;
	above = fs_dirname(dir);
	rc = make_lasting(above, err);
	if (rc == 0)
		rc = fs_make_dirs(dir, err);
	if (rc == 0)
		rc = fs_sync_dir(above, err);
	free(above);
	return rc;
}

/* A folder that could not be made is none to be synced. */
int sync_dirs_make(struct sync_dirs *dirs, const char *file_path, struct err *err)
{
	char *dir = fs_dirname(file_path);
	int rc = has(dirs, dir) ? 0 : make_lasting(dir, err); /* what is there was made or found a moment ago */

	if (rc == 0)
		sync_dirs_add(dirs, file_path);
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
