/* ledger_check: a whole ledger has nothing to say; rows that contradict each other and damaged pages have. */
#include "unit/ledger/some_ledger.h"

#include <fcntl.h>

struct said {
	int n;
	char text[2048];
};

static int note(void *arg, const char *text, struct err *err)
{
	struct said *said = arg;

	(void)err;
	said->n++;
	(void)snprintf(said->text + strlen(said->text), sizeof said->text - strlen(said->text), "%s\n", text);
	return 0;
}

static struct said check(const struct some_jobs *s, bool deep)
{
	struct said said = { 0, "" };
	struct err err = ERR_INIT;
	struct ledger *l = NULL;

	if (ledger_open_read(&l, s->dir, &err) != 0 || ledger_check(l, deep, note, &said, &err) != 0) {
		printf("# %s\n", err.text);
		said.n = -1;
	}
	ledger_close(l);
	return said;
}

static int put_done(struct ledger *l, const struct job *job, const char *path, struct err *err)
{
	static const char hash[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct ledger_file file = { .temp_path = "t", .path = path, .file_sha256 = hash, .pcm_sha256 = hash, .arithmetic = "fake",
				    .format = "wav", .bits = 16, .n_bytes = 4, .peaks = (const unsigned char *)"", .n_peaks = 0 };

	if (ledger_add_job(l, job, &file.seq, err) != 0 || ledger_start_try(l, file.seq, 1, 1, 1000, err) != 0 ||
	    ledger_put_file(l, &file, err) != 0 || ledger_put_settled(l, file.seq, err) != 0)
		return -1;
	return ledger_set_state(l, file.seq, JOB_DONE, err);
}

/* Overwrites all but the first two pages: the header and the schema are read before anything is looked at. */
static void damage(const struct some_jobs *s)
{
	char *path = fs_join(s->dir, LEDGER_FILE);
	char garbage[4096];
	uint64_t size = 0;
	struct err err = ERR_INIT;
	int fd = open(path, O_RDWR), rc = fs_size(path, &size, &err);

	memset(garbage, 0xee, sizeof garbage);
	for (off_t at = 2 * (off_t)sizeof garbage; fd >= 0 && rc == 0 && (uint64_t)at < size; at += (off_t)sizeof garbage)
		if (pwrite(fd, garbage, sizeof garbage, at) != (ssize_t)sizeof garbage)
			rc = -1;
	OK(fd >= 0 && rc == 0 && size > 8 * sizeof garbage, "pages are overwritten");
	(void)close(fd);
	free(path);
}

int main(void)
{
	struct err err = ERR_INIT;
	struct ledger *l;
	struct some_jobs s;
	struct said said;

	some_jobs_open(&s, 40);
	l = open_write(&s);
	IS_INT(ledger_begin(l, &err), 0, "begin");
	for (int i = 0; i < 40; i++)
		if (put_done(l, &s.jobs[i], s.jobs[i].path, &err) != 0)
			OK(0, "%s", err.text);
	IS_INT(ledger_commit(l, &err), 0, "commit");
	IS_INT(check(&s, false).n, 0, "whole: nothing to say");
	IS_INT(check(&s, true).n, 0, "nor looked at closely");
	if (ledger_begin(l, &err) != 0 || ledger_drop_file(l, 3, &err) != 0 || ledger_drop_file(l, 4, &err) != 0 || ledger_commit(l, &err) != 0)
		OK(0, "%s", err.text);
	said = check(&s, false);
	IS_INT(said.n, 1, "two finished jobs lose their files' rows");
	IS_TEXT(said.text, "2 of the finished jobs have no row of a file\n", "and that is said");
	if (ledger_begin(l, &err) != 0 || ledger_put_move(l, 6, "t", s.jobs[6].path, &err) != 0 ||
	    ledger_set_state(l, 6, JOB_DONE, &err) != 0 || ledger_commit(l, &err) != 0)
		OK(0, "%s", err.text);
	said = check(&s, false);
	IS_INT(said.n, 2, "two finished jobs name one file");
	OK(strstr(said.text, "two finished jobs name one file, 'a/006.wav'") != NULL, "and that is said");
	ledger_close(l);
	damage(&s);
	said = check(&s, true);
	OK(said.n != 0 && said.n != 2, "damaged pages are found");
	some_jobs_close(&s);
	return tap_done();
}
