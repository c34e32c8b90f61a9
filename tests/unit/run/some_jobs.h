/*
 * some_jobs.h: jobs made by hand, a folder of one's own, and a run over them, for the tests of ledger and run.
 *
 *   struct some_jobs s; some_jobs_open(&s, 10); ... s.jobs[i], s.scripts[i] ...; some_jobs_close(&s);
 */
#ifndef SOME_JOBS_H
#define SOME_JOBS_H

#include "base/fs.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "job/job.h"
#include "tap.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

struct some_jobs {
	struct card *card;
	struct job_maker maker;
	struct job *jobs;
	struct value *values;
	struct fake_script *scripts;
	int n;
	char dir[64]; /* a new folder under TMPDIR */
};

static inline void some_jobs_name(struct some_jobs *s, int i, const char *prefix, int n, const char *ending)
{
	free((void *)(uintptr_t)s->jobs[i].path);
	s->jobs[i].path = mem_printf("%s%03d%s", prefix, n, ending);
}

/* n jobs that differ in their seed, one second each, named a/000.wav, a/001.wav, ... */
static inline void some_jobs_open(struct some_jobs *s, int n)
{
	static const struct job_axis no_axes[1] = { { "seed", "x" } };
	static const char *const no_tags[1] = { "t" };
	struct err err = ERR_INIT;
	int n_params, seed, duration, prompt;

	memset(s, 0, sizeof *s);
	if (card_open(&s->card, "meta-musicgen", &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	(void)snprintf(s->dir, sizeof s->dir, "/tmp/mgbatch-test-XXXXXX");
	if (!mkdtemp(s->dir))
		exit(1);
	n_params = card_n_params(s->card);
	seed = card_find(s->card, "seed");
	duration = card_find(s->card, "duration");
	prompt = card_find(s->card, "prompt");
	s->n = n;
	s->maker = (struct job_maker){ PARAM_FAKE, "fake", NULL };
	s->jobs = mem_zalloc((size_t)n, sizeof *s->jobs);
	s->scripts = mem_zalloc((size_t)n, sizeof *s->scripts);
	s->values = mem_zalloc((size_t)(n * n_params), sizeof *s->values);
	for (int i = 0; i < n; i++) {
		struct value *v = &s->values[i * n_params];

		v[seed] = (struct value){ .as.number = i + 1, .kind = VALUE_NUMBER };
		v[duration] = (struct value){ .as.number = 1, .kind = VALUE_NUMBER };
		v[prompt] = (struct value){ .as.text = "soft rain", .kind = VALUE_TEXT };
		s->jobs[i] = (struct job){ .card = s->card, .maker = &s->maker, .values = v, .set = "a", .axes = no_axes, .n_axes = 1,
					   .tags = no_tags, .n_tags = 1, .take = 1, .ordinal = i, .fake = &s->scripts[i] };
		some_jobs_name(s, i, "a/", i, ".wav");
		job_identify(&s->jobs[i]);
	}
}

static inline void remove_all(const char *path)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && (dir = opendir(path))) {
		while ((entry = readdir(dir))) {
			char *child = fs_join(path, entry->d_name);

			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				remove_all(child);
			free(child);
		}
		(void)closedir(dir);
	}
	(void)remove(path);
}

static inline void some_jobs_close(struct some_jobs *s)
{
	for (int i = 0; i < s->n; i++)
		free((void *)(uintptr_t)s->jobs[i].path);
	free(s->jobs);
	free(s->scripts);
	free(s->values);
	card_close(s->card);
	remove_all(s->dir);
}

static inline bool remove_all_of(const struct some_jobs *s, const char *relative)
{
	char *path = fs_join(s->dir, relative);
	bool was = fs_exists(path);

	remove_all(path);
	free(path);
	return was;
}

static inline bool has_file(const struct some_jobs *s, const char *relative)
{
	char *path = fs_join(s->dir, relative);
	bool has = fs_exists(path);

	free(path);
	return has;
}

static inline void put_file(const struct some_jobs *s, const char *relative, const char *bytes)
{
	char *path = fs_join(s->dir, relative);
	struct err err = ERR_INIT;

	if (fs_make_parent(path, &err) != 0 || fs_replace(path, bytes, strlen(bytes), &err) != 0)
		printf("# %s\n", err.text);
	free(path);
}

/* In a folder, hidden ones not counted; 0 where there is no folder. */
static inline int n_files(const struct some_jobs *s, const char *relative)
{
	char *path = fs_join(s->dir, relative);
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		(void)closedir(dir);
	free(path);
	return n;
}

/* One of four buffers by turns. */
static inline char *id_of(const struct some_jobs *s, int i)
{
	static char texts[4][JOB_ID_SIZE];
	static int n;
	char *text = texts[n++ % 4];

	job_id_text(text, s->jobs[i].id);
	return text;
}

#endif
