/*
 * replay: a plain main for a fuzz target, so that what fuzzing once found stays found without a fuzzer (zstd's
 * regression driver is the pattern). Runs each file given, or, without arguments, all of
 * tests/fuzz/corpus/TARGET/, where TARGET comes from the program's name, replay_TARGET. Prints TAP; a crash is the failure.
 */
#include "base/fs.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int n_tests, n_failed;

static void replay(const char *path)
{
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	struct err err = ERR_INIT;
	char *exact;

	printf("# %s\n", path);
	fflush(stdout); /* a crash is told by the last name */
	if (fs_read(path, &text, &err)) {
		printf("not ok %d - %s\n# %s\n", ++n_tests, path, err.text);
		n_failed++;
		return;
	}
	exact = malloc(text.len ? text.len : 1); /* its own size: one byte too far is seen by a sanitizer */
	if (!exact)
		abort();
	memcpy(exact, text.buf, text.len);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, text.len);
	printf("ok %d - %s\n", ++n_tests, path);
	free(exact);
	strbuf_release(&text);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void replay_folder(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char **names = NULL;
	size_t n = 0;

	while (d && (e = readdir(d))) {
		char **more = e->d_name[0] == '.' ? NULL : realloc(names, (n + 1) * sizeof *names);

		if (!more)
			continue;
		names = more;
		names[n++] = fs_join(dir, e->d_name);
	}
	if (d)
		closedir(d);
	if (n > 0)
		qsort(names, n, sizeof *names, by_name);
	for (size_t i = 0; i < n; i++) {
		replay(names[i]);
		free(names[i]);
	}
	free(names);
	if (n == 0) {
		printf("not ok %d - %s holds no files\n", ++n_tests, dir);
		n_failed++;
	}
}

int main(int argc, char **argv)
{
	const char *name = strstr(fs_basename(argv[0]), "replay_");
	char dir[300];

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc == 1) {
		snprintf(dir, sizeof dir, "tests/fuzz/corpus/%.200s", name ? name + strlen("replay_") : "");
		replay_folder(dir);
	}
	printf("1..%d\n", n_tests);
	return n_failed ? 1 : 0;
}
