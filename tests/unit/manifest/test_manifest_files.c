/*
 * Every manifest of tests/data/manifests gives exactly what its .expect holds: each
 * mistake with line, column and sentence, or the arithmetic and every job's id, path, take,
 * seed and prompt. Ids must never move: a ledger holds them.
 *
 *   test_manifest_files FILE   prints what FILE.expect would have to hold
 */
#include "manifest_case.h"
#include "tap.h"

static int show(const char *path, const struct card *card)
{
	struct strbuf out = STRBUF_INIT(CASE_TEXT_MAX);
	struct manifest_case c;

	if (case_open(&c, path, card))
		return 1;
	case_print(&c, &out);
	fputs(out.buf, stdout);
	strbuf_release(&out);
	manifest_free(c.m);
	return 0;
}

/* The first line in which two texts differ. */
static void diag(const char *got, const char *want)
{
	int line = 1;

	while (*got && *got == *want) {
		line += *got == '\n';
		got++;
		want++;
	}
	printf("# from line %d on\n#  got: %.300s\n# want: %.300s\n", line, got, want);
}

static void check_file(const char *path, const struct card *card, bool is_good)
{
	struct strbuf want = STRBUF_INIT(CASE_TEXT_MAX), got = STRBUF_INIT(CASE_TEXT_MAX);
	char expect[600];
	struct manifest_case c;
	struct err err = ERR_INIT;

	snprintf(expect, sizeof expect, "%.*s.expect", (int)(strlen(path) - strlen(".yaml")), path);
	if (!OK(case_open(&c, path, card) == 0, "%s is read", path))
		return;
	case_print(&c, &got);
	OK((c.m->n_mistakes == 0) == is_good, "%s: %s", path, is_good ? "no mistakes" : "mistakes");
	OK((c.m->jobs != NULL) == is_good, "%s: %s", path, is_good ? "jobs" : "no jobs");
	if (c.n_jobs >= 0)
		IS_INT(c.m->n_jobs, c.n_jobs, path);
	if (!OK(fs_read(expect, &want, &err) == 0, "%s is there", expect))
		printf("# %s\n", err.text);
	else if (!OK(!strcmp(got.buf, want.buf), "%s: as expected", path))
		diag(got.buf, want.buf);
	strbuf_release(&got);
	strbuf_release(&want);
	manifest_free(c.m);
}

static void check_folder(const char *dir, const struct card *card, bool is_good)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[500];
	int n = 0;

	if (!OK(d != NULL, "%s is there", dir))
		return;
	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name);

		if (len < 5 || strcmp(e->d_name + len - 5, ".yaml") != 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		check_file(path, card, is_good);
		n++;
	}
	closedir(d);
	OK(n >= 10, "%s: %d manifests", dir, n);
}

/* The examples that people start from: no mistakes, no warnings. */
static void check_examples(const char *dir, const struct card *card, int n_min)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[500];
	int n = 0;

	while (d && (e = readdir(d))) {
		struct manifest_case c;

		if (!strstr(e->d_name, ".yaml"))
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (!OK(case_open(&c, path, card) == 0, "%s is read", path))
			continue;
		OK(c.m->n_mistakes == 0 && c.m->n_warnings == 0 && c.m->n_jobs > 0, "%s gives jobs without a warning", path);
		OK(strstr(c.m->text, "# yaml-language-server: $schema=") == c.m->text, "%s names its schema", path);
		manifest_free(c.m);
		n++;
	}
	if (d)
		closedir(d);
	OK(n >= n_min, "%s: %d examples", dir, n);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct card *card;
	int rc;

	if (card_open(&card, "meta-musicgen", &err)) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	if (argc > 1) {
		rc = show(argv[1], card);
	} else {
		check_folder("tests/data/manifests/good", card, true);
		check_folder("tests/data/manifests/bad", card, false);
		check_examples("manifests", card, 5);
		check_examples("manifests/demo", card, 1);
		rc = tap_done();
	}
	card_close(card);
	return rc;
}
