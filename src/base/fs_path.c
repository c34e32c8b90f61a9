/* The half of base/fs.h that treats paths as text. */
#include "base/fs.h"

#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

char *fs_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);

	if (*name == '/' || len == 0 || strcmp(dir, ".") == 0)
		return mem_strdup(name);
	return mem_printf("%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
}

bool fs_stays_below(const char *name)
{
	if (*name == '/' || *name == '\0')
		return false;
	for (const char *s = name; (s = strstr(s, "..")); s += 2)
		if ((s == name || s[-1] == '/') && (s[2] == '/' || s[2] == '\0'))
			return false;
	return true;
}

char *fs_dirname(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/') /* "a/b/" is "a/b" */
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	if (len == 0)
		return mem_strdup(".");
	while (len > 1 && path[len - 1] == '/')
		len--;
	return mem_strndup(path, len);
}

const char *fs_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Folds "", "." and ".." of an absolute path in place. */
static void fold_path(char *path)
{
	char *out = path, *s = path;

	while (*s) {
		size_t len;

		while (*s == '/')
			s++;
		len = strcspn(s, "/");
		if (len == 2 && s[0] == '.' && s[1] == '.') {
			while (out > path && *--out != '/')
				;
		} else if (len > 0 && !(len == 1 && s[0] == '.')) {
			*out++ = '/';
			memmove(out, s, len);
			out += len;
		}
		s += len;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

char *fs_absolute(const char *path, struct err *err)
{
	char *cwd, *full;

	if (*path == '/') {
		full = mem_strdup(path);
	} else {
		cwd = mem_alloc(PATH_MAX);
		if (!getcwd(cwd, PATH_MAX)) {
			err_set_sys(err, ERR_IO, errno, "cannot tell the working folder");
			free(cwd);
			return NULL;
		}
		full = mem_printf("%s/%s", cwd, path);
		free(cwd);
	}
	fold_path(full);
	return full;
}
