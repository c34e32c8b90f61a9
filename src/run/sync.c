/* See sync.h. */
#define _GNU_SOURCE /* syncfs: Linux has it, POSIX does not */
#include "run/sync.h"

#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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

static int sync_file_system(const char *dir, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot open the folder '%s'", dir);
	if (syncfs(fd) != 0)
		rc = err_set_sys(err, ERR_IO, errno, "cannot sync the file system of '%s'", dir);
	close(fd);
	return rc;
}

int sync_files(const char *dir, char *const *paths, size_t n, struct err *err)
{
	if (n > SYNC_ONE_BY_ONE_MAX)
		return sync_file_system(dir, err);
	for (size_t i = 0; i < n; i++)
		if (fs_sync_file(paths[i], err) != 0)
			return -1;
	return 0;
}
