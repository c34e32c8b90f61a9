/* expand: seeds that stay, orders, sharing, and what many jobs cost. */
#include "manifest_case.h"
#include "tap.h"

#include "base/mem.h"
#include "manifest/expand.h"

#include <time.h>

static struct card *card;

static struct manifest *expand(const char *text)
{
	struct manifest_case c = { 0 };
	struct err err = ERR_INIT;

	if (manifest_read_text(&c.m, "x.yaml", text, strlen(text), card, NULL, &err) || case_expand(&c)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	for (int i = 0; i < c.m->n_mistakes && i < 5; i++)
		printf("# %d:%d: %s\n", c.m->mistakes[i].line, c.m->mistakes[i].column, c.m->mistakes[i].text);
	return c.m;
}

static const struct job *find_job(const struct manifest *m, const unsigned char id[HASH_BYTES])
{
	for (int64_t i = 0; i < m->n_jobs; i++)
		if (!memcmp(m->jobs[i].id, id, HASH_BYTES))
			return &m->jobs[i];
	return NULL;
}

/* Every job of a is in b too: the same id, hence the same seed and values. */
static int n_missing(const struct manifest *a, const struct manifest *b)
{
	int n = 0;

	for (int64_t i = 0; i < a->n_jobs; i++)
		n += !find_job(b, a->jobs[i].id);
	return n;
}

static void check_stability(void)
{
	struct manifest *a = expand("version: 1\ntakes: 3\nsweep: {prompt: [rain, wind], temperature: [0.8, 1]}\n");
	static const char *const same[] = {
		"version: 1\ntakes: 5\nsweep: {prompt: [rain, wind], temperature: [0.8, 1]}\n",
		"version: 1\ntakes: 3\nsweep: {prompt: [snow, rain, wind], temperature: [0.7, 0.8, 1]}\n",
		"version: 1\ntakes: 3\nsweep: {temperature: [1, 0.8], prompt: [wind, rain]}\n",
		("version: 1\nname: other\ntakes: 4\ntags: [x]\noutput: {name: '{id}', format: flac}\nparams: {duration: 8, guidance: 3.0}\n"
		"sets: {s: {sweep: {prompt: [rain]}}, t: {sweep: {prompt: [wind]}}}\nsweep: {temperature: [8e-1, 1.0]}\n"),
	};
	static const char *const what[] = { "growing takes", "adding a prompt and a temperature", "another order",
					    "names, sets, tags, formats, spelled defaults and spellings of numbers" };

	IS_INT(a->n_jobs, 12, "12 jobs");
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		struct manifest *b = expand(same[i]);

		OK(n_missing(a, b) == 0 && b->n_jobs >= 12, "%s moves no job", what[i]);
		manifest_free(b);
	}
	manifest_free(a);
	a = expand("version: 1\nsweep: {prompt: [rain, wind], temperature: [0.8, 1]}\n");
	struct manifest *b = expand("version: 1\ntakes: 2\nsweep: {prompt: [rain, wind], temperature: [0.8, 1]}\n");

	OK(n_missing(a, b) == 0 && b->n_jobs == 8, "a job without takes is take 1");
	manifest_free(a);
	manifest_free(b);
}

static void check_order(void)
{
	struct manifest *m = expand("version: 1\nbackend: fake\ntakes: 2\nparams: {prompt: x}\nsets:\n"
				    "  a: {sweep: {modelVersion: [large, small], temperature: [1, 2]}}\n"
				    "  b: {params: {modelVersion: large, temperature: 3}}\n");
	static const char *const want[] = { "a large 1 1", "a large 1 2", "b large 1 3", "a large 2 1", "a large 2 2", "b large 2 3",
					    "a small 1 1", "a small 1 2", "a small 2 1", "a small 2 2" };

	if (!OK(m->n_jobs == 10, "10 jobs"))
		return;
	for (int i = 0; i < 10; i++) {
		const struct job *job = &m->jobs[i];
		char got[100];

		snprintf(got, sizeof got, "%s %s %d %.0f", job->set, job_text(job, "modelVersion", ""), job->take, job_number(job, "temperature", 0));
		IS_TEXT(got, want[i], "by checkpoint, then take, then as written");
		IS_INT(job->ordinal, i, "ordinal");
	}
	manifest_free(m);
}

/* 60,000 takes of one combination: by chance some derived seeds would be equal (60,000^2 / 2^32 = 0.8 pairs); all differ. */
static void check_many_takes(void)
{
	struct manifest *a = expand("version: 1\ntakes: 60000\nparams: {prompt: x}\nsweep: {temperature: [1, 2, 3]}\noutput: {name: '{id:2}/{id}'}\n");
	struct manifest *b = expand("version: 1\ntakes: 60\nparams: {prompt: x}\nsweep: {temperature: [1, 2, 3]}\noutput: {name: '{id:2}/{id}'}\n");

	IS_INT(a->n_jobs, 180000, "180,000 jobs, no two alike");
	IS_INT(n_missing(b, a), 0, "and the first 60 takes are those of 60");
	manifest_free(a);
	manifest_free(b);
}

static void check_cost(void)
{
	clock_t start = clock();
	struct manifest *m = expand("version: 1\nparams: {prompt: x}\nsweep: {seed: 1..50000, temperature: [0.8, 1], guidance: [2, 3]}\noutput: {name: '{id:2}/{axes}'}\n");
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	int n_alike = 0;

	IS_INT(m->n_jobs, 200000, "200,000 jobs");
	OK(seconds < 20, "%.2f s for 200,000 jobs (20 under a sanitizer on a slow machine)", seconds);
	for (int64_t i = 1; i < m->n_jobs; i++)
		n_alike += m->jobs[i].set == m->jobs[0].set && job_text(&m->jobs[i], "prompt", "") == job_text(&m->jobs[0], "prompt", "");
	IS_INT(n_alike, 199999, "texts are shared");
	manifest_free(m);
}

static void check_full_folder(void)
{
	struct manifest *m = expand("version: 1\nparams: {prompt: x}\nsweep: {seed: 1..10001}\noutput: {name: '{seed}'}\n");

	OK(m->n_mistakes == 0 && m->n_warnings == 1 && strstr(m->mistakes[0].text, "10001 files"), "a folder over 10,000 files is a warning");
	manifest_free(m);
	m = expand("version: 1\nparams: {prompt: x}\nsweep: {seed: 1..10000}\noutput: {name: '{seed}'}\n");
	IS_INT(m->n_warnings, 0, "one of 10,000 is not");
	manifest_free(m);
}

static void check_split_words(void)
{
	static const struct {
		const char *path;
		size_t at, len;
	} rows[] = {
		{ "a/test.wav", 2, 4 }, { "testing/a.wav", 0, 7 }, { "a-val_1.wav", 2, 3 }, { "a1dev2.wav", 2, 3 }, { "x/my train/a.wav", 5, 5 },
		{ "contest.wav", 0, 0 }, { "validity.wav", 0, 0 }, { "Test.wav", 0, 0 }, { "", 0, 0 }, { "trainer/evals.wav", 0, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *split;
		size_t at = 0, len = split_word(rows[i].path, &at, &split);

		OK(len == rows[i].len && (len == 0 || at == rows[i].at), "split word of '%s'", rows[i].path);
	}
}

/* An id may hold a split's word by chance; its path must not. 120,000 ids hold some six. */
static void check_ids_are_no_splits(void)
{
	struct manifest *m = expand("version: 1\nparams: {prompt: x}\nsweep: {seed: 1..120000}\noutput: {name: '{id:3}/{id}'}\n");
	int n_capitals = 0, n_bad = 0;

	for (int64_t i = 0; i < m->n_jobs; i++) {
		const char *split;
		size_t at = 0;

		n_capitals += strpbrk(m->jobs[i].path, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
		n_bad += split_word(m->jobs[i].path, &at, &split) > 0;
	}
	IS_INT(m->n_jobs, 120000, "ids as names are never refused");
	IS_INT(n_bad, 0, "no path means a split");
	OK(n_capitals > 0, "%d paths needed capitals", n_capitals);
	manifest_free(m);
}

int main(void)
{
	struct err err = ERR_INIT;

	if (card_open(&card, "meta-musicgen", &err))
		return 1;
	check_stability();
	check_order();
	check_many_takes();
	check_cost();
	check_full_folder();
	check_split_words();
	check_ids_are_no_splits();
	card_close(card);
	return tap_done();
}
