/*
 * fuzz_manifest: any bytes as a manifest, read and expanded; every byte handed back is looked at.
 *
 * The first byte chooses the backend; at most JOBS jobs, so that a short text cannot ask for ten million.
 * Holds: mistakes lie in the text, jobs come only without mistakes, and all ids and paths differ.
 *
 *   clang -fsanitize=fuzzer,address,undefined ... or replay.c as main.
 */
#include "base/mem.h"
#include "manifest/manifest.h"

#include <stdlib.h>
#include <string.h>

#define JOBS 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct card *the_card(void)
{
	static struct card *card; /* opened once: the fuzzer calls a million times */
	struct err err = ERR_INIT;

	if (!card && card_open(&card, "meta-musicgen", &err))
		abort();
	return card;
}

static void check_mistakes(const struct manifest *m)
{
	int n_lines = 2;

	for (size_t i = 0; i < m->text_len; i++)
		n_lines += m->text[i] == '\n' || m->text[i] == '\r' || (unsigned char)m->text[i] >= 0x80; /* U+0085, U+2028 end lines too */
	for (int i = 0; i < m->n_mistakes + m->n_warnings; i++)
		if (m->mistakes[i].line < 0 || m->mistakes[i].line > n_lines || m->mistakes[i].column < 0 || !m->mistakes[i].text[0])
			abort();
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_jobs(const struct manifest *m)
{
	const char **paths = mem_zalloc((size_t)m->n_jobs, sizeof *paths);

	for (int64_t i = 0; i < m->n_jobs; i++) {
		const struct job *job = &m->jobs[i];

		if (job->ordinal != i || job->path[0] == '/' || strstr(job->path, "..") || job->take < 1)
			abort();
		for (int k = 0; k < job->n_axes; k++)
			if (!job->axes[k].name[0] || !job->axes[k].text)
				abort();
		paths[i] = job->path;
	}
	qsort(paths, (size_t)m->n_jobs, sizeof *paths, by_path);
	for (int64_t i = 1; i < m->n_jobs; i++)
		if (!strcmp(paths[i - 1], paths[i]))
			abort();
	free(paths);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest_overrides over = { .backend = size && data[0] % 2 ? "fake" : NULL, .jobs_max = JOBS };
	struct manifest_model model = { { PARAM_NATIVE, "native:0", NULL }, size % 5 == 1 ? "small" : NULL, size % 3 ? "small" : NULL, false, false };
	struct manifest *m;
	struct err err = ERR_INIT;

	if (manifest_read_text(&m, "no-such-folder/x.yaml", (const char *)data, size, the_card(), &over, &err))
		return 0;
	model.maker.backend = m->backend;
	if (manifest_expand(m, &model, size % 7 != 1, &err) == 0) {
		check_mistakes(m);
		if (m->n_mistakes && (m->jobs || m->n_jobs))
			abort();
		check_jobs(m);
	}
	manifest_free(m);
	return 0;
}
