/* ledger: what is written is read back; what is not a ledger of ours is refused. */
#include <errno.h>

#include "ledger/ledger_sql.h"
#include "unit/ledger/some_ledger.h"

/* ---- reading back --------------------------------------------------------------------- */

struct seen {
	int n;
	int64_t order[16];
	char params[256], axes[64], tags[64], id_text[JOB_ID_SIZE], path[64];
	double audio_s;
	int64_t digest;
};

static int see(void *arg, const struct ledger_job *row, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	if (seen->n < 16)
		seen->order[seen->n] = row->ordinal;
	if (seen->n++ > 0)
		return 0;
	(void)snprintf(seen->params, sizeof seen->params, "%s", row->params);
	(void)snprintf(seen->axes, sizeof seen->axes, "%s", row->axes);
	(void)snprintf(seen->tags, sizeof seen->tags, "%s", row->tags);
	(void)snprintf(seen->id_text, sizeof seen->id_text, "%s", row->id_text);
	(void)snprintf(seen->path, sizeof seen->path, "%s", row->path);
	seen->audio_s = row->audio_s;
	seen->digest = row->digest;
	return 0;
}

static int stop_at_two(void *arg, const struct ledger_job *row, struct err *err)
{
	int *n = arg;

	(void)row;
	(void)err;
	return ++*n == 2;
}

static void test_rows(void)
{
	struct some_jobs s;
	struct err err = ERR_INIT;
	struct ledger *w, *l;
	struct ledger_counts counts;
	struct seen seen = { .n = 0 };
	char id[JOB_ID_SIZE];
	int n = 0;

	some_jobs_open(&s, 5);
	w = open_write(&s);
	add_all(w, &s);
	OK(ledger_begin(w, &err) == 0 && ledger_set_state(w, 2, JOB_SUPERSEDED, &err) == 0 && ledger_commit(w, &err) == 0, "supersede one");
	OK(ledger_begin(w, &err) == 0 && ledger_set_state(w, 1, JOB_SUBMITTING, &err) == 0, "begin, and read from elsewhere meanwhile");
	l = open_read(&s);
	IS_INT(ledger_each(l, LEDGER_ALL_STATES, see, &seen, &err), 0, "each");
	IS_INT(seen.n, 5, "five rows");
	OK(seen.order[0] == 0 && seen.order[1] == 2 && seen.order[4] == 1, "by ordinal, superseded last");
	OK(strstr(seen.params, "\"seed\":1") && strstr(seen.params, "\"temperature\":"), "effective parameters: %s", seen.params);
	IS_TEXT(seen.axes, "{\"seed\":\"x\"}", "axes");
	IS_TEXT(seen.tags, "[\"t\"]", "tags");
	IS_TEXT(seen.path, "a/000.wav", "path");
	job_id_text(id, s.jobs[0].id);
	IS_TEXT(seen.id_text, id, "id");
	IS_NEAR(seen.audio_s, 1, 0, "seconds asked for");
	IS_INT(seen.digest, ledger_digest(&s.jobs[0]), "digest");
	seen.n = 0;
	IS_INT(ledger_each(l, LEDGER_LIVE_STATES, see, &seen, &err), 0, "live ones");
	IS_INT(seen.n, 4, "four");
	IS_INT(ledger_each(l, LEDGER_ALL_STATES, stop_at_two, &n, &err), 0, "a visit may stop");
	IS_INT(n, 2, "at two");
	IS_INT(ledger_count(l, &counts, &err), 0, "count");
	IS_INT(counts.by_state[JOB_PENDING], 4, "what is not committed is not seen");
	IS_NEAR(counts.audio_s_by_state[JOB_PENDING], 4, 0, "four seconds");
	ledger_close(l);
	ledger_rollback(w);
	OK(ledger_begin(w, &err) == 0 && ledger_commit(w, &err) == 0, "a new transaction after a rollback");
	ledger_close(w);
	some_jobs_close(&s);
}

/* ---- tries and runs ---------------------------------------------------------------------- */

struct tries {
	int n;
	char text[256];
};

static int see_attempt(void *arg, const struct ledger_attempt *row, struct err *err)
{
	struct tries *t = arg;
	size_t len = strlen(t->text);

	(void)err;
	t->n++;
	(void)snprintf(t->text + len, sizeof t->text - len, "%d %s %s;", row->n, row->outcome, row->class);
	return 0;
}

static int try_once(struct ledger *l, int64_t run, int n, const struct ledger_try_end *end, struct err *err)
{
	if (ledger_begin(l, err) != 0 || ledger_start_try(l, end->seq, run, n, 100, err) != 0 || ledger_end_try(l, end, err) != 0)
		return -1;
	return ledger_commit(l, err);
}

static void test_tries(void)
{
	static const struct ledger_try_end ends[] = {
		{ .seq = 1, .n = 1, .outcome = LEDGER_INTERRUPTED, .state = JOB_PENDING, .class = FAIL_NONE },
		{ .seq = 1, .n = 2, .outcome = LEDGER_FAILED, .state = JOB_PENDING, .counts = true, .class = FAIL_IO, .sentence = "disk" },
		{ .seq = 1, .n = 3, .outcome = LEDGER_DIED, .state = JOB_FAILED, .class = FAIL_CRASH, .sentence = "died" },
	};
	struct some_jobs s;
	struct err err = ERR_INIT;
	struct ledger *l;
	struct ledger_run run = some_run(1000), dead;
	struct ledger_head head;
	struct ledger_counts counts;
	struct tries tries = { 0, "" };

	some_jobs_open(&s, 2);
	l = open_write(&s);
	add_all(l, &s);
	IS_INT(ledger_dead_run(l, &dead, &err), 0, "no run yet: none is dead");
	OK(ledger_begin(l, &err) == 0 && ledger_start_run(l, &run, &err) == 0 && ledger_commit(l, &err) == 0, "a run");
	IS_INT(ledger_dead_run(l, &dead, &err), 1, "it has not ended");
	IS_TEXT(dead.boot_id, "b", "its boot");
	IS_INT(dead.n_oom_kills, 3, "its count of kills");
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		IS_INT(try_once(l, run.number, (int)i + 1, &ends[i], &err), 0, "a try");
	run.ended_ms = 5000;
	run.exit_status = 1;
	run.audio_s = 12;
	OK(ledger_begin(l, &err) == 0 && ledger_end_run(l, &run, &err) == 0 && ledger_commit(l, &err) == 0, "it ends");
	IS_INT(ledger_dead_run(l, &dead, &err), 0, "and is not dead");
	ledger_close(l);
	l = open_read(&s);
	IS_INT(ledger_each_attempt(l, s.jobs[0].id, see_attempt, &tries, &err), 0, "attempts");
	IS_TEXT(tries.text, "1 interrupted ;2 failed io;3 died crash;", "in their order");
	IS_INT(ledger_head(l, &head, &err), 0, "head");
	IS_TEXT(head.manifest_name, "test", "name");
	IS_TEXT(head.backend, "fake", "backend");
	IS_INT(head.last_exit_status, 1, "status");
	IS_NEAR(head.audio_s_per_s, 3, 1e-9, "12 s of audio in 4 s");
	IS_INT(ledger_count(l, &counts, &err), 0, "count");
	IS_INT(counts.failed_by_class[FAIL_CRASH], 1, "failed by class");
	ledger_close(l);
	some_jobs_close(&s);
}

/* ---- finding ------------------------------------------------------------------------------- */

static void test_find(void)
{
	static const struct {
		const char *prefix, *want; /* NULL: found */
	} rows[] = {
		{ "abc", "too short" }, { "ab1d", "no job id" }, { "zzzzzzzz", "no job's id begins" }, { "aaaa", "several" },
		{ "aaaac", NULL },	{ "AAAAC", NULL },
	};
	struct some_jobs s;
	struct err err;
	struct ledger *l;
	struct seen seen;

	some_jobs_open(&s, 2);
	memset(s.jobs[0].id, 0, HASH_BYTES); /* aaaaaaaa... */
	memset(s.jobs[1].id, 0, HASH_BYTES);
	s.jobs[1].id[2] = 0x01; /* bits 20 to 24 are 00010: the letter c */
	l = open_write(&s);
	add_all(l, &s);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int rc;

		seen.n = 0;
		err = (struct err)ERR_INIT;
		rc = ledger_find(l, rows[i].prefix, see, &seen, &err);
		OK(rows[i].want ? rc != 0 && err.code == ERR_USAGE && strstr(err.text, rows[i].want) : rc == 0 && seen.n == 1 && seen.order[0] == 1,
		   "find %s: %s", rows[i].prefix, err.text);
	}
	ledger_close(l);
	some_jobs_close(&s);
}

/* ---- what is not in the id ------------------------------------------------------------------- */

static void test_digest(void)
{
	struct some_jobs s;
	struct job job;
	static const char *const tags[] = { "t", "u" };
	int64_t before;

	some_jobs_open(&s, 1);
	before = ledger_digest(&s.jobs[0]);
	job = s.jobs[0];
	OK(ledger_digest(&job) == before, "the same job has the same digest");
	job.path = "b/000.wav";
	OK(ledger_digest(&job) != before, "another path has not");
	job = s.jobs[0];
	job.ordinal = 9;
	OK(ledger_digest(&job) != before, "another place");
	job = s.jobs[0];
	job.tags = tags;
	job.n_tags = 2;
	OK(ledger_digest(&job) != before, "another tag");
	job = s.jobs[0];
	job.set = "ab";
	OK(ledger_digest(&job) != before, "another set");
	some_jobs_close(&s);
}

/* ---- what is refused --------------------------------------------------------------------------- */

static void test_refusals(void)
{
	struct some_jobs s;
	struct err err = ERR_INIT;
	struct ledger *l = NULL;
	struct ledger_owner other = owner;
	char path[128];

	some_jobs_open(&s, 1);
	IS_INT(ledger_open_read(&l, s.dir, &err), -1, "nothing there");
	OK(err.code == ERR_LEDGER && err.sys_errno == ENOENT, "is told apart: %s", err.text);
	ledger_close(open_write(&s));
	other.manifest_name = "other";
	IS_INT(ledger_open_write(&l, s.dir, &other, &err), -1, "another manifest's");
	IS_INT(err.code, ERR_USAGE, "exit status 2");
	other = owner;
	other.backend = "native";
	IS_INT(ledger_open_write(&l, s.dir, &other, &err), -1, "another backend's");
	OK(strstr(err.text, "--backend fake") != NULL, "says what to do: %s", err.text);
	sql(&s, "PRAGMA user_version = 99");
	IS_INT(ledger_open_read(&l, s.dir, &err), -1, "a newer version's");
	OK(strstr(err.text, "version 99") != NULL, "says so: %s", err.text);
	IS_INT(ledger_open_write(&l, s.dir, &owner, &err), -1, "nor for writing");
	sql(&s, "PRAGMA user_version = 1; PRAGMA application_id = 5");
	IS_INT(ledger_open_read(&l, s.dir, &err), -1, "another program's database");
	(void)snprintf(path, sizeof path, "%s/%s", s.dir, LEDGER_FILE);
	IS_INT(truncate(path, 0), 0, "a run that died at its very first step");
	err = (struct err)ERR_INIT;
	IS_INT(ledger_open_read(&l, s.dir, &err), -1, "left an empty file");
	IS_INT(err.sys_errno, ENOENT, "that is: nothing yet");
	ledger_close(open_write(&s));
	ledger_close(open_read(&s));
	IS_INT(fs_replace(path, "not a database, but long enough to be taken for one by its size alone", 60, &err), 0, "damage");
	IS_INT(ledger_open_read(&l, s.dir, &err), -1, "is refused");
	OK(err.code == ERR_LEDGER && strstr(err.text, "damaged"), "with a sentence: %s", err.text);
	some_jobs_close(&s);
}

/* ---- which state may follow which ---------------------------------------------------------------- */

static int set_state(struct ledger *l, enum job_state to, struct err *err)
{
	return ledger_set_state(l, 1, to, err);
}

static int renew(struct ledger *l, enum job_state to, struct err *err)
{
	(void)to;
	return ledger_renew_job(l, 1, err);
}

static int start_try(struct ledger *l, enum job_state to, struct err *err)
{
	(void)to;
	return ledger_start_try(l, 1, 1, 1, 1, err);
}

static int end_try(struct ledger *l, enum job_state to, struct err *err)
{
	struct ledger_try_end end = { .seq = 1, .n = 1, .outcome = LEDGER_FAILED, .state = to, .class = FAIL_IO };

	return ledger_end_try(l, &end, err);
}

static int put_move(struct ledger *l, enum job_state to, struct err *err)
{
	(void)to;
	return ledger_put_move(l, 1, "t", "p", err);
}

/* Every way to set a state from every state: what job_state_may allows happens, all else is refused and changes nothing. */
static void test_law(void)
{
	static const struct {
		const char *name;
		int (*set)(struct ledger *, enum job_state, struct err *);
		int only; /* the one state it sets; -1: any */
	} ways[] = {
		{ "set_state", set_state, -1 }, { "renew_job", renew, JOB_PENDING }, { "start_try", start_try, JOB_RUNNING },
		{ "end_try", end_try, -1 },	{ "put_move", put_move, JOB_MADE },
	};
	struct some_jobs s;
	char text[96], id[JOB_ID_SIZE];
	struct err err;
	struct ledger *l;

	some_jobs_open(&s, 1);
	l = open_write(&s);
	add_all(l, &s);
	job_id_text(id, s.jobs[0].id);
	for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
		int n_allowed = 0, n_wrong = 0;

		for (int i = 0; i < JOB_N_STATES * JOB_N_STATES; i++) {
			enum job_state from = (enum job_state)(i / JOB_N_STATES), to = (enum job_state)(i % JOB_N_STATES);
			bool may = job_state_may(from, to);
			int rc;

			if (ways[w].only >= 0 && ways[w].only != (int)to)
				continue;
			err = (struct err)ERR_INIT;
			(void)snprintf(text, sizeof text, "UPDATE job SET state = '%s'", job_state_name(from));
			rc = ledger_begin(l, &err) != 0 || sqlite3_exec(l->db, text, NULL, NULL, NULL) != SQLITE_OK ? -2 :
														     ways[w].set(l, to, &err);
			ledger_rollback(l);
			n_allowed += may;
			n_wrong += may ? rc != 0 : rc != -1 || err.code != ERR_BUG || !strstr(err.text, id) ||
							   !strstr(err.text, job_state_name(from)) || !strstr(err.text, job_state_name(to));
			if (n_wrong == 1)
				printf("# from %s to %s: %d %s\n", job_state_name(from), job_state_name(to), rc, err.text);
		}
		OK(n_wrong == 0 && n_allowed > 0, "%s: %d transitions happen, all others are refused by name", ways[w].name, n_allowed);
	}
	err = (struct err)ERR_INIT;
	OK(ledger_set_state(l, 77, JOB_DONE, &err) == -1 && err.code == ERR_BUG, "a job that is not there: %s", err.text);
	ledger_close(l);
	some_jobs_close(&s);
}

/* ---- what makes way, and a ledger from before that was written down ------------------------------------ */

static void test_aways(void)
{
	struct strbuf text = STRBUF_INIT(256);
	struct some_jobs s;
	struct err err = ERR_INIT;
	struct ledger *l;

	some_jobs_open(&s, 1);
	ledger_close(open_write(&s));
	sql(&s, SQL_TO_1);
	ledger_close(open_read(&s));
	l = open_write(&s);
	OK(ledger_put_away(l, "a", "old/a", &err) == 0 && ledger_put_away(l, "b", "old/b", &err) == 0, "two make way %s", err.text);
	IS_INT(ledger_each_away(l, see_away, &text, &err), 0, "each");
	IS_TEXT(text.buf, "a>old/a;b>old/b;", "in a ledger of version 1 that was opened by this one");
	strbuf_reset(&text);
	OK(ledger_drop_aways(l, &err) == 0 && ledger_each_away(l, see_away, &text, &err) == 0 && text.len == 0, "and are forgotten");
	ledger_close(l);
	strbuf_release(&text);
	some_jobs_close(&s);
}

/* ---- what older versions left --------------------------------------------------------------- */

/* Versions 1 and 2 had no model_rate_hz: a reader sees the file's own rate, a writer keeps it so. */
static void test_older(void)
{
	static const char *const older[] = { SQL_TO_1, SQL_TO_2 };
	struct ledger_file file = { .seq = 1, .temp_path = "t", .path = "a.wav", .file_sha256 = "f", .pcm_sha256 = "p", .arithmetic = "fake",
				    .format = "wav", .bits = 16, .n_bytes = 4, .seconds = 1, .rate_hz = 44100, .model_rate_hz = 32000,
				    .n_channels = 2 };
	struct ledger_run run = some_run(1000);

	for (size_t i = 0; i < sizeof older / sizeof *older; i++) {
		struct err err = ERR_INIT;
		struct some_jobs s;
		struct ledger *l;

		some_jobs_open(&s, 2);
		l = open_write(&s);
		add_all(l, &s);
		OK(ledger_begin(l, &err) == 0 && ledger_start_run(l, &run, &err) == 0 &&
		   ledger_start_try(l, 1, run.number, 1, 1001, &err) == 0 && ledger_put_file(l, &file, &err) == 0 &&
		   ledger_commit(l, &err) == 0, "a file %s", err.text);
		check_rates(l, "made 44100 of 32000 Hz;pending 0 of 0 Hz;", "both rates are read back");
		ledger_close(l);
		sql(&s, older[i]);
		l = open_read(&s);
		check_rates(l, "made 44100 of 44100 Hz;pending 0 of 0 Hz;", "an old ledger as a reader has it");
		ledger_close(l);
		ledger_close(open_write(&s));
		l = open_read(&s);
		check_rates(l, "made 44100 of 44100 Hz;pending 0 of 0 Hz;", "and brought up to date");
		ledger_close(l);
		some_jobs_close(&s);
	}
}

int main(void)
{
	test_older();
	test_law();
	test_aways();
	test_rows();
	test_tries();
	test_find();
	test_digest();
	test_refusals();
	return tap_done();
}
