/*
 * folder: a folder of its own for a fuzz target whose parser wants files.
 *
 *   fuzz_put("config.json", data, size)     written anew on every call
 *   fuzz_drop("config.json")                gone, if it was there
 *   fuzz_folder()                           its path, made on first use and removed at exit
 *
 * It lies in memory where there is /dev/shm: the fuzzer writes a thousand times a second. One thread.
 */
#ifndef TESTS_FUZZ_FOLDER_H
#define TESTS_FUZZ_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUZZ_PATH_SIZE 512

static char fuzz_dir[64];

static inline void fuzz_remove(void)
{
	char path[FUZZ_PATH_SIZE];
	DIR *d = opendir(fuzz_dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof path, "%s/%s", fuzz_dir, e->d_name);
		(void)unlink(path); /* "." and ".." are no files */
	}
	if (d)
		closedir(d);
	(void)rmdir(fuzz_dir);
}

static inline const char *fuzz_folder(void)
{
	if (fuzz_dir[0])
		return fuzz_dir;
	snprintf(fuzz_dir, sizeof fuzz_dir, "%s/mgbatch-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(fuzz_dir)) {
		perror(fuzz_dir);
		abort();
	}
	atexit(fuzz_remove);
	return fuzz_dir;
}

static inline void fuzz_path(char path[FUZZ_PATH_SIZE], const char *name)
{
	snprintf(path, FUZZ_PATH_SIZE, "%s/%s", fuzz_folder(), name);
}

static inline void fuzz_put(const char *name, const void *bytes, size_t len)
{
	char path[FUZZ_PATH_SIZE];
	FILE *f;

	fuzz_path(path, name);
	f = fopen(path, "wb");
	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0) {
		perror(path);
		abort();
	}
}

static inline void fuzz_drop(const char *name)
{
	char path[FUZZ_PATH_SIZE];

	fuzz_path(path, name);
	(void)unlink(path);
}

#endif
