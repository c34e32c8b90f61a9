/*
 * checkpoint: a checkpoint in fuzz_folder() whose files are one's of tests/vectors, but for the one that is fuzzed.
 *
 *   if (!fuzz_dir[0])
 *           fuzz_link("mono", "model.safetensors")
 *
 * Run from the root of the repository.
 */
#ifndef TESTS_FUZZ_CHECKPOINT_H
#define TESTS_FUZZ_CHECKPOINT_H

#include "folder.h"

static inline void fuzz_link(const char *checkpoint, const char *name)
{
	char here[FUZZ_PATH_SIZE], path[FUZZ_PATH_SIZE], to[2 * FUZZ_PATH_SIZE];

	fuzz_path(path, name);
	if (!getcwd(here, sizeof here))
		abort();
	snprintf(to, sizeof to, "%s/tests/vectors/%s/%s", here, checkpoint, name);
	if (access(to, R_OK) || symlink(to, path)) {
		perror(to);
		abort();
	}
}

#endif
