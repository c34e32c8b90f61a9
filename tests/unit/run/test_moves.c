/* Files that change places: swaps, what makes way, and kills in the middle of either. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "unit/run/some_run.h"

static void move_by_hand(const struct some_jobs *s, const char *from, const char *to)
{
	char *full_from = fs_join(s->dir, from), *full_to = fs_join(s->dir, to);
	struct err err = ERR_INIT;

	OK(fs_make_parent(full_to, &err) == 0 && fs_rename(full_from, full_to, &err) == 0, "%s goes to %s %s", from, to, err.text);
	free(full_from);
	free(full_to);
}

/* A gets B's name and B A's, and both are made again besides. */
static void test_swap_and_remake(void)
{
	struct some_jobs s;
	struct some_run r;
	char sha[2][HASH_HEX_SIZE], old[HASH_HEX_SIZE];

	some_jobs_open(&s, 2);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "two jobs");
	sha_of(&s, "a/000.wav", sha[0]);
	sha_of(&s, "a/001.wav", sha[1]);
	some_jobs_name(&s, 0, "a/", 1, ".wav");
	some_jobs_name(&s, 1, "a/", 0, ".wav");
	r.config.artifact.bits = 24;
	r.config.remake_stale = true;
	IS_INT(some_run_go(&r), 0, "names swapped, other bits");
	IS_INT(r.n_done, 2, "both are made again");
	IS_INT(n_untrue(&s, 2), 0, "rows and files agree");
	sha_of(&s, ".mgbatch/old/2/a/000.wav", old);
	IS_TEXT(old, sha[0], "the first one's old file is kept aside");
	sha_of(&s, ".mgbatch/old/2/a/001.wav", old);
	IS_TEXT(old, sha[1], "and the second one's");
	IS_INT(n_files(&s, ".mgbatch/old/2/a"), 2, "each once");
	some_jobs_close(&s);
}

/* Another manifest gives a job the name of one that it has no more, and a third manifest has both. */
static void test_name_of_a_superseded(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 2);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "two jobs");
	r.config.n_jobs = 1;
	some_jobs_name(&s, 0, "a/", 1, ".wav");
	IS_INT(some_run_go(&r), 0, "one vanishes, the other takes its name");
	IS_INT(r.n_done, 0, "nothing is made");
	OK(has_file(&s, ".mgbatch/old/2/a/001.wav") && !has_file(&s, "a/000.wav"), "the superseded file made way");
	r.config.n_jobs = 2;
	some_jobs_name(&s, 1, "a/", 0, ".wav");
	IS_INT(some_run_go(&r), 0, "both are back, swapped");
	IS_INT(r.n_done, 0, "nothing is made: the row knew where its file had gone");
	IS_INT(n_untrue(&s, 2), 0, "rows and files agree");
	IS_INT(row_of(&s, 1).n_attempts, 1, "the file that came back is the first one");
	some_jobs_close(&s);
}

/* Sizes do not tell files apart: one duration, one size. */
static void test_impostor(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 2);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "two jobs");
	r.config.n_jobs = 1;
	IS_INT(some_run_go(&r), 0, "one is superseded");
	move_by_hand(&s, "a/001.wav", "elsewhere");
	{
		char *from = fs_join(s.dir, "a/000.wav"), *to = fs_join(s.dir, "a/001.wav");
		struct strbuf bytes = STRBUF_INIT(1 << 20);
		struct err err = ERR_INIT;

		OK(fs_read(from, &bytes, &err) == 0 && fs_replace(to, bytes.buf, bytes.len, &err) == 0, "another sound of its size lies there");
		strbuf_release(&bytes);
		free(from);
		free(to);
	}
	r.config.n_jobs = 2;
	IS_INT(some_run_go(&r), 0, "it comes back");
	IS_INT(r.n_done, 1, "and is made again");
	IS_INT(n_untrue(&s, 2), 0, "rows and files agree");
	some_jobs_close(&s);
}

/* A dead run had stepped one file aside, and the place it is to have is taken. */
static void test_half_a_swap(void)
{
	struct some_jobs s;
	struct some_run r;
	struct ledger *l;
	struct err err = ERR_INIT;

	some_jobs_open(&s, 2);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "two jobs");
	l = open_write(&s);
	OK(ledger_begin(l, &err) == 0 && ledger_put_move(l, 1, "a/000.wav", ".mgbatch/move/1", &err) == 0 &&
		   ledger_put_settled(l, 1, &err) == 0 && ledger_set_state(l, 1, JOB_DONE, &err) == 0 && ledger_commit(l, &err) == 0,
	   "its row says so %s", err.text);
	ledger_close(l);
	move_by_hand(&s, "a/000.wav", ".mgbatch/move/1");
	some_jobs_name(&s, 0, "a/", 1, ".wav");
	some_jobs_name(&s, 1, "a/", 0, ".wav");
	IS_INT(some_run_go(&r), 0, "the swap is finished");
	IS_INT(r.n_done, 0, "nothing is made");
	IS_INT(n_untrue(&s, 2), 0, "rows and files agree");
	IS_INT(n_files(&s, ".mgbatch/move"), 0, "nothing is left aside");
	OK(!has_file(&s, ".mgbatch/old"), "nothing was put away");
	some_jobs_close(&s);
}

/* ---- wav to flac, and a kill between the rows and the files -------------------------------- */

struct remake_case {
	const char *name;
	bool is_away, is_in_place;
};

/* What a run leaves that dies while it puts a remade file in place: is_away, is_in_place say how far it came. */
static void leave_remade(const struct some_jobs *s, const struct remake_case *c)
{
	static const char bytes[] = "whole", temp[] = ".mgbatch/part/x-2~", old[] = ".mgbatch/old/9/a/000.wav";
	struct ledger_run run = dead_run();
	unsigned char hash[HASH_BYTES];
	char sha[HASH_HEX_SIZE];
	struct ledger_file file = made_file(temp, "a/000.flac", bytes, hash, sha);
	struct ledger *l = open_write(s);
	struct err err = ERR_INIT;

	file.format = "flac";
	put_file(s, c->is_in_place ? file.path : temp, bytes);
	OK(ledger_begin(l, &err) == 0 && ledger_start_run(l, &run, &err) == 0 && ledger_renew_job(l, 1, &err) == 0 &&
		   ledger_start_try(l, 1, run.number, 2, 1, &err) == 0 && ledger_put_file(l, &file, &err) == 0 &&
		   ledger_put_away(l, "a/000.wav", old, &err) == 0 && ledger_commit(l, &err) == 0,
	   "%s %s", c->name, err.text);
	ledger_close(l);
	if (c->is_away)
		move_by_hand(s, "a/000.wav", old);
}

static void test_killed_remake(const struct remake_case *c)
{
	struct some_jobs s;
	struct some_run r;
	char sha[HASH_HEX_SIZE], old[HASH_HEX_SIZE];

	some_jobs_open(&s, 1);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "a wav file");
	sha_of(&s, "a/000.wav", sha);
	leave_remade(&s, c);
	some_jobs_name(&s, 0, "a/", 0, ".flac");
	r.config.artifact.format = AUDIO_FLAC;
	IS_INT(some_run_go(&r), 0, "the next run");
	IS_INT(r.n_done, 0, "makes nothing");
	IS_INT(n_untrue(&s, 1), 0, "the new file is in place");
	OK(!has_file(&s, "a/000.wav"), "the older one made way");
	sha_of(&s, ".mgbatch/old/9/a/000.wav", old);
	IS_TEXT(old, sha, "to where the dead run had said");
	IS_INT(n_files(&s, "a"), 1, "nothing else lies there");
	IS_INT(some_run_go(&r), 0, "once more");
	IS_INT(n_files(&s, "a"), 1, "nothing moves");
	some_jobs_close(&s);
}

/* ---- kills at any moment of a renaming ------------------------------------------------------- */

/* 0: the child came to its end. */
static int run_and_kill(const struct some_jobs *s, int after_ms, bool remakes)
{
	struct some_run r;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		some_run_init(&r, s);
		r.config.artifact.bits = remakes ? 24 : 16;
		r.config.remake_stale = true;
		_exit(some_run_go(&r));
	}
	(void)poll(NULL, 0, after_ms);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return WIFSIGNALED(status);
}

/* Each round swaps all names; every other one changes the bits too, so that all are made again. */
static void test_kills(void)
{
	struct some_jobs s;
	struct some_run r;
	int n_kills = 0, n_wrong = 0, n_extra = 0;

	some_jobs_open(&s, 100);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "100 jobs");
	for (int round = 1; round <= 6; round++) {
		bool remakes = round / 2 % 2;

		for (int i = 0; i < s.n; i++)
			some_jobs_name(&s, i, "a/", round % 2 ? s.n - 1 - i : i, ".wav");
		for (int after_ms = 1 + round; after_ms < 400 && run_and_kill(&s, after_ms, remakes); after_ms += 1 + after_ms / 3)
			n_kills++;
		r.config.artifact.bits = remakes ? 24 : 16;
		r.config.remake_stale = true;
		n_wrong += some_run_go(&r) != 0;
		n_wrong += n_untrue(&s, s.n);
		n_extra += n_files(&s, "a") - s.n + n_files(&s, ".mgbatch/move") + n_files(&s, ".mgbatch/part");
	}
	OK(n_kills >= 6, "%d kills", n_kills);
	IS_INT(n_wrong, 0, "each job has its own file under its own name");
	IS_INT(n_extra, 0, "and there is no other");
	some_jobs_close(&s);
}

int main(void)
{
	static const struct remake_case cases[] = {
		{ "neither moved", false, false }, { "the old one moved", true, false }, { "both moved", true, true },
		{ "a power cut kept the later move only", false, true },
	};

	test_swap_and_remake();
	test_name_of_a_superseded();
	test_impostor();
	test_half_a_swap();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		test_killed_remake(&cases[i]);
	test_kills();
	return tap_done();
}
