/* keep and commit: what goes wrong with one file is that job's failure, and the others of its group do not suffer. */
#include "unit/run/some_run.h"

#include <math.h>

#include "run/run_inside.h"

/* A file stands where one job wants a folder: its file can be made and not be placed. */
static void test_no_place_for_one(void)
{
	struct some_jobs s;
	struct some_run r;
	struct some_row row;

	some_jobs_open(&s, 150);
	some_run_init(&r, &s);
	put_file(&s, "b", "not a folder");
	some_jobs_name(&s, 70, "b/", 70, ".wav");
	IS_INT(some_run_go(&r), 1, "one job fails, the run goes on");
	row = row_of(&s, 70);
	IS_INT(row.state, JOB_FAILED, "it is failed");
	IS_INT(row.class, FAIL_IO, "with io");
	IS_INT(row.n_tries, 3, "after its three tries");
	OK(strstr(row.sentence, "/b") != NULL, "the sentence names the place: %s", row.sentence);
	IS_INT(count_of(&s, JOB_DONE), 149, "all others are done");
	IS_INT(r.n_done, 149, "and told");
	IS_INT(n_files(&s, RUN_PART_DIR), 0, "nothing half made is left");
	IS_TEXT(row.sha, "", "its row has no file");
	some_jobs_close(&s);
}

static void test_place_comes_free(void)
{
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 3);
	some_run_init(&r, &s);
	r.config.tries = 1;
	put_file(&s, "b", "not a folder");
	some_jobs_name(&s, 1, "b/", 1, ".wav");
	IS_INT(some_run_go(&r), 1, "one fails");
	OK(remove_all_of(&s, "b"), "what was in its way goes");
	some_jobs_name(&s, 1, "c/", 1, ".wav");
	IS_INT(some_run_go(&r), 1, "a failure is remembered");
	IS_INT(row_of(&s, 1).n_attempts, 1, "and not tried again unasked");
	some_jobs_close(&s);
}

/* The first job's samples cannot be made into a file. */
static int spoil_first(struct backend *b, struct event *out, int room, int timeout_ms, struct err *err)
{
	int n = backend_find(PARAM_FAKE)->reap(b, out, room, timeout_ms, err);

	for (int i = 0; i < n; i++)
		if (out[i].kind == EVENT_DONE && out[i].job->ordinal == 0)
			out[i].pcm.samples[0] = NAN;
	return n;
}

/* One of a group cannot be made, and behind it another's place cannot be looked at, which ends the run in the middle of the
 * group's rows. */
static void test_rows_end_in_the_middle(void)
{
	struct backend_ops ops = *backend_find(PARAM_FAKE);
	struct some_jobs s;
	struct some_run r;
	char loop[128];

	some_jobs_open(&s, 6);
	some_run_init(&r, &s);
	ops.reap = spoil_first;
	r.config.ops = &ops;
	(void)snprintf(loop, sizeof loop, "%s/b", s.dir);
	IS_INT(symlink("b", loop), 0, "a link to itself");
	some_jobs_name(&s, 4, "b/", 4, ".wav");
	IS_INT(some_run_go(&r), 5, "the run ends");
	OK(strstr(r.err.text, "b/004.wav") != NULL, "with what cannot be looked at: %s", r.err.text);
	IS_INT(count_of(&s, JOB_DONE), 0, "the group is not kept");
	OK(remove_all_of(&s, "b"), "the link goes");
	r.config.ops = backend_find(PARAM_FAKE);
	IS_INT(some_run_go(&r), 0, "the same command continues");
	IS_INT(n_not_once(&s), 0, "each job was done once");
	IS_INT(n_files(&s, RUN_PART_DIR), 0, "nothing half made is left");
	some_jobs_close(&s);
}

/* ---- commit_place by itself ------------------------------------------------------------------ */

static struct run_file file_of(const char *from, const char *to)
{
	return (struct run_file){ .from = mem_strdup(from), .to = mem_strdup(to), .is_new = true };
}

static void read_text(const struct some_jobs *s, const char *relative, char out[32])
{
	struct strbuf text = STRBUF_INIT(31);
	char *path = fs_join(s->dir, relative);

	(void)!fs_read(path, &text, NULL);
	(void)snprintf(out, 32, "%s", text.buf);
	strbuf_release(&text);
	free(path);
}

/* Three go to places where older files are; the second's file is not there. */
static void test_old_file_comes_back(bool is_shared)
{
	struct some_jobs s;
	struct run_config config;
	struct run r = { .config = &config };
	struct aways aways = { .n = 3 };
	struct sync_dirs dirs = SYNC_DIRS_INIT;
	struct run_file files[3];
	char text[32];

	some_jobs_open(&s, 1);
	config = (struct run_config){ .output_dir = s.dir };
	for (int k = 0; k < 3; k++) {
		char from[32], to[32];

		(void)snprintf(from, sizeof from, "part/%d", k);
		(void)snprintf(to, sizeof to, "place/%d", k);
		if (k != 1)
			put_file(&s, from, "new");
		put_file(&s, to, "old");
		files[k] = file_of(from, to);
		aways.list[k] = (struct away){ .path = mem_strdup(to), .old = mem_printf("kept/%d", k), .owner = k, .is_shared = is_shared && k == 1 };
	}
	commit_place(&r, files, 3, &aways, &dirs);
	OK(files[0].why.code == ERR_NONE && files[2].why.code == ERR_NONE, "the others are placed");
	IS_INT(files[1].why.code, ERR_IO, "one is not");
	read_text(&s, "place/0", text);
	IS_TEXT(text, "new", "a new file in its place");
	read_text(&s, "kept/2", text);
	IS_TEXT(text, "old", "the old one is kept");
	read_text(&s, is_shared ? "kept/1" : "place/1", text);
	IS_TEXT(text, "old", is_shared ? "what another one wants away too stays away" : "what had made way for nothing is back");
	IS_INT(aways.list[1].is_back, !is_shared, "and known to be");
	OK(!has_file(&s, "part/0"), "nothing lies in two places");
	commit_forget(files, 3);
	aways_release(&aways);
	sync_dirs_release(&dirs);
	some_jobs_close(&s);
}

/* What the first should have taken out of the second's way stays where it is: the second does not go over it. */
static void test_nothing_goes_over(void)
{
	struct some_jobs s;
	struct run_config config;
	struct run r = { .config = &config };
	struct aways aways = { .n = 1 };
	struct sync_dirs dirs = SYNC_DIRS_INIT;
	struct run_file files[2];
	char text[32];

	some_jobs_open(&s, 1);
	config = (struct run_config){ .output_dir = s.dir };
	put_file(&s, "part/0", "new");
	put_file(&s, "part/1", "new");
	put_file(&s, "place/1", "old");
	put_file(&s, "kept", "not a folder");
	files[0] = file_of("part/0", "place/0");
	files[1] = file_of("part/1", "place/1");
	aways.list[0] = (struct away){ .path = mem_strdup("place/1"), .old = mem_strdup("kept/1"), .owner = 0, .is_shared = true };
	commit_place(&r, files, 2, &aways, &dirs);
	IS_INT(files[0].why.code, ERR_IO, "the first cannot move it");
	IS_INT(files[1].why.code, ERR_IO, "nor the second, which is not placed");
	read_text(&s, "place/1", text);
	IS_TEXT(text, "old", "the old file is there");
	commit_forget(files, 2);
	aways_release(&aways);
	sync_dirs_release(&dirs);
	some_jobs_close(&s);
}

int main(void)
{
	test_rows_end_in_the_middle();
	test_nothing_goes_over();
	test_no_place_for_one();
	test_place_comes_free();
	test_old_file_comes_back(false);
	test_old_file_comes_back(true);
	return tap_done();
}
