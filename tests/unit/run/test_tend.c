/* run_retry, run_gc and run_verify over a folder that run_execute made: what they change, and what they leave alone. */
#include <signal.h>

#include "unit/run/some_run.h"

#include "run/lock.h"

static struct run_place place_of(const struct some_jobs *s)
{
	return (struct run_place){ .output_dir = s->dir, .called = "test.yaml", .manifest_name = "test", .backend = "fake" };
}

/* Chooses rows of an even ordinal. */
static int even(void *arg, const struct ledger_job *row, struct err *err)
{
	(void)arg;
	(void)err;
	return row->ordinal % 2 == 0;
}

static int broken(void *arg, const struct ledger_job *row, struct err *err)
{
	(void)arg;
	return err_set(err, ERR_LEDGER, "the question about %s cannot be answered", row->id_text);
}

/* ---- retry ------------------------------------------------------------------------- */

static int retry(const struct some_jobs *s, const char *const *ids, int n_ids, bool pay_again, struct run_retry_result *result)
{
	struct run_retry ask = { .place = place_of(s), .ids = ids, .n_ids = n_ids, .pay_again = pay_again };
	struct err err = ERR_INIT;

	memset(result, 0, sizeof *result);
	return run_retry(&ask, result, &err) == 0 ? 0 : err_exit_status(err.code);
}

static void set_state(const struct some_jobs *s, int i, enum job_state state)
{
	struct err err = ERR_INIT;
	struct ledger *l = NULL;

	if (ledger_open_write(&l, s->dir, &owner, &err) != 0 || ledger_begin(l, &err) != 0 ||
	    ledger_set_state(l, i + 1, state, &err) != 0 || ledger_commit(l, &err) != 0) /* rows are numbered from 1 as they come */
		printf("# %s\n", err.text);
	ledger_close(l);
}

static void test_retry_failed(void)
{
	struct run_retry_result result;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 6);
	some_run_init(&r, &s);
	IS_INT(retry(&s, NULL, 0, false, &result), 5, "nothing has been run here: refused");
	OK(!has_file(&s, ".mgbatch"), "and nothing is made");
	s.scripts[1].fail = s.scripts[2].fail = "input";
	IS_INT(some_run_go(&r), 1, "two fail");
	IS_INT(retry(&s, NULL, 0, false, &result), 0, "retry");
	IS_INT(result.n_failed, 2, "both");
	IS_INT(result.n_left_done, 4, "the finished are left");
	IS_INT(count_of(&s, JOB_PENDING), 2, "they are pending");
	IS_INT(row_of(&s, 1).n_tries, 0, "with all their tries");
	IS_INT(row_of(&s, 1).class, FAIL_NONE, "and no failure");
	IS_INT(row_of(&s, 1).n_attempts, 1, "their attempts stay");
	IS_INT(retry(&s, NULL, 0, false, &result), 0, "again");
	IS_INT(result.n_failed, 0, "nothing has failed");
	IS_INT(result.n_pending, 2, "two are pending anyway");
	s.scripts[1].fail = s.scripts[2].fail = NULL;
	IS_INT(some_run_go(&r), 0, "mended, they are made");
	IS_INT(r.n_done, 2, "those two");
	some_jobs_close(&s);
}

static void test_retry_by_id(void)
{
	char before[HASH_HEX_SIZE], after[HASH_HEX_SIZE];
	struct run_retry_result result;
	const char *ids[3];
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 4);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all done");
	sha_of(&s, "a/001.wav", before);
	ids[0] = ids[1] = id_of(&s, 1);
	ids[2] = "aaaaaaaaaaaa";
	IS_INT(retry(&s, ids, 3, false, &result), 2, "an id that nobody has: refused");
	IS_INT(count_of(&s, JOB_DONE), 4, "and nothing is changed");
	IS_INT(retry(&s, ids, 2, false, &result), 0, "one job, named twice");
	IS_INT(result.n_done, 1, "counts once");
	IS_INT(count_of(&s, JOB_PENDING), 1, "it is pending");
	OK(has_file(&s, "a/001.wav"), "its file stays");
	s.scripts[1].fail = "input";
	IS_INT(some_run_go(&r), 1, "made again, it fails");
	sha_of(&s, "a/001.wav", after);
	IS_TEXT(after, before, "and its file still stays");
	s.scripts[1].fail = NULL;
	IS_INT(retry(&s, ids, 1, false, &result), 0, "once more");
	IS_INT(some_run_go(&r), 0, "made again");
	IS_INT(n_untrue(&s, 4), 0, "rows and files agree");
	OK(has_file(&s, ".mgbatch/old/3/a/001.wav"), "the old file is kept aside");
	some_jobs_close(&s);
}

static void test_retry_paid(void)
{
	struct run_retry_result result;
	const char *ids[1];
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 3);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all done");
	set_state(&s, 0, JOB_LOST);
	ids[0] = id_of(&s, 0);
	IS_INT(retry(&s, NULL, 0, false, &result), 0, "unasked");
	IS_INT(result.n_left_unknown, 1, "a lost one is left alone");
	IS_INT(retry(&s, NULL, 0, true, &result), 2, "--pay-again without ids is refused");
	IS_INT(retry(&s, ids, 1, false, &result), 2, "and an id without --pay-again");
	IS_INT(count_of(&s, JOB_LOST), 1, "it is lost as before");
	IS_INT(retry(&s, ids, 1, true, &result), 0, "both together");
	IS_INT(result.n_paid, 1, "make it again");
	IS_INT(count_of(&s, JOB_PENDING), 1, "it is pending");
	some_jobs_close(&s);
}

/* ---- gc ------------------------------------------------------------------------------ */

static int gc(const struct some_jobs *s, bool removes, bool only_even, struct run_gc_result *result)
{
	struct run_gc ask = { .place = place_of(s), .removes = removes };
	struct err err = ERR_INIT;

	ask.place.select = only_even ? even : NULL;
	memset(result, 0, sizeof *result);
	return run_gc(&ask, result, &err) == 0 ? 0 : err_exit_status(err.code);
}

static void test_gc(void)
{
	struct run_gc_result result;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 600); /* more than two groups */
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all done");
	r.config.n_jobs = 10;
	IS_INT(some_run_go(&r), 0, "most of them vanish");
	put_file(&s, ".mgbatch/part/abc-1~", "half");
	put_file(&s, "a/599.wav", "another's file");
	OK(remove_all_of(&s, "a/598.wav"), "one lost its file");
	IS_INT(gc(&s, false, false, &result), 0, "look");
	IS_INT(result.n_files[RUN_GC_SUPERSEDED], 588, "588 superseded files");
	IS_INT(result.n_files[RUN_GC_LEFT], 1, "one half file");
	IS_INT(result.n_foreign, 1, "one file that is not the job's");
	OK(has_file(&s, "a/010.wav"), "nothing is removed yet");
	IS_INT(gc(&s, true, true, &result), 0, "the even ones");
	IS_INT(result.n_files[RUN_GC_SUPERSEDED], 294, "half of them");
	IS_INT(result.n_files[RUN_GC_LEFT], 0, "a selection is about jobs");
	OK(!has_file(&s, "a/010.wav") && has_file(&s, "a/011.wav"), "those are gone, the odd are there");
	IS_INT(gc(&s, true, false, &result), 0, "the rest");
	IS_INT(result.n_files[RUN_GC_SUPERSEDED], 294, "the other half");
	OK(has_file(&s, "a/599.wav"), "another's file stays");
	IS_INT(gc(&s, true, false, &result), 0, "again");
	IS_INT(result.n_files[RUN_GC_SUPERSEDED] + result.n_files[RUN_GC_LEFT] + result.n_foreign, 0, "nothing is left to say");
	IS_INT(n_untrue(&s, 10), 0, "what is wanted is whole");
	IS_INT(count_of(&s, JOB_SUPERSEDED), 590, "the rows stay");
	some_jobs_close(&s);
}

/* The folder's files were moved elsewhere and linked; so was what a dead run had left. Nothing outside the folder is removed. */
static void test_gc_and_links(void)
{
	struct run_gc_result result;
	struct some_jobs s, elsewhere;
	struct some_run r;
	char from[160], to[160];

	some_jobs_open(&s, 4);
	some_jobs_open(&elsewhere, 1);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all done");
	r.config.n_jobs = 2;
	IS_INT(some_run_go(&r), 0, "two vanish");
	(void)snprintf(from, sizeof from, "%s/a", s.dir);
	(void)snprintf(to, sizeof to, "%s/a", elsewhere.dir);
	OK(rename(from, to) == 0 && symlink(to, from) == 0, "the sounds lie elsewhere");
	put_file(&elsewhere, "mine/notes.txt~", "mine");
	OK(remove_all_of(&s, ".mgbatch/part"), "the folder of what is half made goes");
	(void)snprintf(from, sizeof from, "%s/.mgbatch/part", s.dir);
	(void)snprintf(to, sizeof to, "%s/mine", elsewhere.dir);
	IS_INT(symlink(to, from), 0, "and is a link to another");
	IS_INT(gc(&s, true, false, &result), 0, "gc");
	IS_INT(result.n_files[RUN_GC_SUPERSEDED] + result.n_files[RUN_GC_LEFT], 0, "removes nothing");
	IS_INT(result.n_foreign, 2, "two files behind a link");
	IS_INT(some_run_go(&r), 0, "a run");
	OK(has_file(&elsewhere, "a/003.wav") && has_file(&elsewhere, "mine/notes.txt~"), "all of it is there");
	r.config.n_jobs = 4;
	IS_INT(some_run_go(&r), 0, "the two are back");
	IS_INT(r.n_done, 0, "and were never forgotten");
	some_jobs_close(&elsewhere);
	some_jobs_close(&s);
}

/* What a dead run's rows and moves name is for the next run to settle. */
static void test_gc_leaves_unsettled(void)
{
	unsigned char hash[HASH_BYTES];
	char sha[HASH_HEX_SIZE];
	struct ledger_file file = made_file(".mgbatch/part/made-1~", "a/000.wav", "made", hash, sha);
	struct run_gc_result result;
	struct err err = ERR_INIT;
	struct ledger *l;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 2);
	some_run_init(&r, &s);
	s.scripts[0].fail = "input";
	IS_INT(some_run_go(&r), 1, "one done");
	put_file(&s, ".mgbatch/part/made-1~", "made");
	put_file(&s, ".mgbatch/old/7/b.wav", "away");
	put_file(&s, ".mgbatch/old/7/c.wav", "old");
	l = open_write(&s); /* a run that dies between its rows */
	if (ledger_begin(l, &err) != 0 || ledger_renew_job(l, 1, &err) != 0 || ledger_start_try(l, 1, 1, 2, 1000, &err) != 0 ||
	    ledger_put_file(l, &file, &err) != 0 || ledger_put_away(l, "b.wav", ".mgbatch/old/7/b.wav", &err) != 0 || ledger_commit(l, &err) != 0)
		OK(0, "%s", err.text);
	ledger_close(l);
	IS_INT(gc(&s, true, false, &result), 0, "gc");
	OK(has_file(&s, ".mgbatch/part/made-1~"), "a made file on its way stays");
	OK(has_file(&s, ".mgbatch/old/7/b.wav"), "and what made way for it");
	OK(!has_file(&s, ".mgbatch/old/7/c.wav"), "what is only old goes");
	IS_INT(result.n_files[RUN_GC_OLD], 1, "that one");
	some_jobs_close(&s);
}

static void test_refusals(void)
{
	struct run_retry_result result;
	struct run_gc_result swept;
	struct run_gc ask;
	struct fs_lock lock = { -1 };
	struct lock_wish wish = { .wait = false };
	struct err err = ERR_INIT;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 2);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all done");
	wish.output_dir = s.dir;
	IS_INT(lock_take(&lock, &wish, &err), 0, "somebody has the folder");
	IS_INT(retry(&s, NULL, 0, false, &result), 4, "retry: another holds it");
	IS_INT(gc(&s, true, false, &swept), 4, "gc: another holds it");
	fs_lock_release(&lock);
	ask = (struct run_gc){ .place = place_of(&s) };
	ask.place.manifest_name = "another";
	IS_INT(run_gc(&ask, &swept, &err), -1, "another manifest's folder");
	OK(strstr(err.text, "--output") != NULL, "is refused with what to do: %s", err.text);
	ask.place.manifest_name = ask.place.backend = NULL;
	IS_INT(run_gc(&ask, &swept, &err), 0, "a folder alone is whose it is");
	r.config.n_jobs = 1;
	IS_INT(some_run_go(&r), 0, "one vanishes");
	ask.place.select = broken;
	IS_INT(run_gc(&ask, &swept, &err), -1, "a selection that fails");
	OK(strstr(err.text, "cannot be answered") != NULL, "stops it");
	some_jobs_close(&s);
}

/* ---- verify --------------------------------------------------------------------------- */

static struct run_verify_result verify(const struct some_jobs *s, const struct some_run *r, bool deep, int n_regen)
{
	struct run_verify ask = { .place = place_of(s), .deep = deep, .n_regen = n_regen, .config = &r->config };
	struct run_verify_result result = { .n_finished = -1 };
	struct err err = ERR_INIT;

	if (run_verify(&ask, &result, &err) != 0)
		printf("# %s\n", err.text);
	return result;
}

static void test_verify(void)
{
	struct run_verify_result result;
	char path[128];
	struct some_jobs s;
	struct some_run r;
	FILE *f;

	some_jobs_open(&s, 8);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "all done");
	result = verify(&s, &r, true, 3);
	IS_INT(result.n_finished, 8, "eight files");
	IS_INT(run_verify_wrong(&result), 0, "nothing wrong");
	IS_INT(result.n_found[RUN_VERIFY_EQUAL], 3, "three made again and equal");
	OK(!has_file(&s, ".mgbatch/part/abc"), "and removed");
	OK(remove_all_of(&s, "a/000.wav"), "one vanishes");
	(void)snprintf(path, sizeof path, "%s/a/001.wav", s.dir);
	IS_INT(truncate(path, 10), 0, "one is cut");
	(void)snprintf(path, sizeof path, "%s/a/002.wav", s.dir);
	f = fopen(path, "r+b");
	if (!f || fseek(f, 4000, SEEK_SET) != 0 || fputc('x', f) == EOF || fclose(f) != 0)
		OK(0, "one is changed");
	put_file(&s, "a/stranger", "x");
	put_file(&s, ".mgbatch/part/abc-1~", "x");
	result = verify(&s, &r, false, 0);
	IS_INT(result.n_found[RUN_VERIFY_MISSING], 1, "missing");
	IS_INT(result.n_found[RUN_VERIFY_SIZE], 1, "of another size");
	IS_INT(result.n_found[RUN_VERIFY_CONTENT], 0, "content is not looked at");
	IS_INT(result.n_found[RUN_VERIFY_UNKNOWN], 1, "a stranger");
	IS_INT(result.n_found[RUN_VERIFY_STRAY], 1, "a half file");
	IS_INT(run_verify_wrong(&result), 2, "two are wrong");
	result = verify(&s, &r, true, 0);
	IS_INT(result.n_found[RUN_VERIFY_CONTENT], 1, "deep: another content");
	IS_INT(run_verify_wrong(&result), 3, "three are wrong");
	some_jobs_close(&s);
}

/* Samples come from the job alone: whatever the row's tries were, it is made; a failing one is told. */
static void test_regen(void)
{
	struct run_verify_result result;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 30);
	some_run_init(&r, &s);
	r.config.artifact = (struct artifact_spec){ .format = AUDIO_FLAC, .bits = 24, .arithmetic = "fake" };
	s.scripts[3].fail = "io";
	s.scripts[3].fail_times = 1;
	IS_INT(some_run_go(&r), 0, "all done, one at its second try");
	result = verify(&s, &r, false, 100);
	IS_INT(result.n_found[RUN_VERIFY_EQUAL], 30, "all are equal");
	r.config.artifact = (struct artifact_spec){ .format = AUDIO_WAV, .bits = 16, .arithmetic = "fake" };
	result = verify(&s, &r, false, 100);
	IS_INT(result.n_found[RUN_VERIFY_EQUAL], 30, "whatever format the manifest asks for now");
	s.scripts[5].fail = "input";
	result = verify(&s, &r, false, 100);
	IS_INT(result.n_found[RUN_VERIFY_FAILED], 1, "one cannot be made again");
	IS_INT(run_verify_wrong(&result), 1, "which is wrong");
	r.config.n_jobs = 10;
	result = verify(&s, &r, false, 100);
	IS_INT(result.n_found[RUN_VERIFY_NOT_COMPARED], 20, "twenty are not in the manifest");
	some_jobs_close(&s);
}

int main(void)
{
	test_retry_failed();
	test_retry_by_id();
	test_retry_paid();
	test_gc();
	test_gc_and_links();
	test_gc_leaves_unsettled();
	test_refusals();
	test_verify();
	test_regen();
	return tap_done();
}
