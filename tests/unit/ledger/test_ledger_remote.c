/* The ledger of a service that is paid: submissions, ids, credits, inputs that are there already; and ledgers from before. */
#include "unit/ledger/some_ledger.h"

#include "ledger/ledger_sql.h"

struct seen {
	char text[512];
};

static int see_remote(void *arg, const struct ledger_job *row, struct err *err)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	(void)err;
	(void)snprintf(seen->text + len, sizeof seen->text - len, "%s %s %s %lld %g;", job_state_name(row->state),
		       row->remote_id ? row->remote_id : "-", row->asset_id ? row->asset_id : "-", (long long)row->submitted_ms,
		       row->credits);
	return 0;
}

static int see_try(void *arg, const struct ledger_attempt *row, struct err *err)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	(void)err;
	(void)snprintf(seen->text + len, sizeof seen->text - len, "%d %s %lld %g;", row->n, *row->remote_id ? row->remote_id : "-",
		       (long long)row->submitted_ms, row->credits);
	return 0;
}

static void check_jobs(struct ledger *l, const char *want, const char *name)
{
	struct seen seen = { "" };
	struct err err = ERR_INIT;

	OK(ledger_each(l, LEDGER_ALL_STATES, see_remote, &seen, &err) == 0, "each job %s", err.text);
	IS_TEXT(seen.text, want, name);
}

static void check_tries(struct ledger *l, const struct some_jobs *s, const char *want, const char *name)
{
	struct seen seen = { "" };
	struct err err = ERR_INIT;

	OK(ledger_each_attempt(l, s->jobs[0].id, see_try, &seen, &err) == 0, "each try %s", err.text);
	IS_TEXT(seen.text, want, name);
}

static void check_spent(struct ledger *l, double want)
{
	struct ledger_counts counts = { .credits = -1 };
	struct err err = ERR_INIT;
	double spent = -1;

	OK(ledger_get_spent(l, &spent, &err) == 0 && spent == want, "%g credits are spent %s", spent, err.text);
	OK(ledger_count(l, &counts, &err) == 0 && counts.credits == want, "and counted as %g", counts.credits);
}

static struct ledger *with_a_run(struct some_jobs *s)
{
	struct ledger_run run = some_run(1000);
	struct err err = ERR_INIT;
	struct ledger *l;

	some_jobs_open(s, 1);
	l = open_write(s);
	add_all(l, s);
	OK(ledger_start_run(l, &run, &err) == 0 && ledger_start_try(l, 1, 1, 1, 1001, &err) == 0, "a try begins %s", err.text);
	return l;
}

static void test_accepted(void)
{
	struct err err = ERR_INIT;
	struct some_jobs s;
	struct ledger *l = with_a_run(&s);
	double more = 0, paid = 0;

	OK(ledger_submit(l, 1, 1, 1500, 5, &err) == 0, "it is about to be sent %s", err.text);
	check_jobs(l, "submitting - - 1500 5;", "which is known from then on, and what it costs is reserved");
	OK(ledger_accept(l, 1, "job_1", 4.5, &paid, &more, &err) == 0 && paid == 4.5, "it is accepted %s", err.text);
	OK(more == -0.5, "for a little less: %g", more);
	check_jobs(l, "running job_1 - 0 4.5;", "its id is known");
	check_tries(l, &s, "1 job_1 1500 4.5;", "and the try's");
	check_spent(l, 4.5);
	IS_INT(ledger_is_owned(l, "job_1", &err), 1, "the id is this row's");
	IS_INT(ledger_is_owned(l, "job_", &err), 0, "no other one is");
	OK(ledger_put_asset(l, 1, "asset_1", &err) == 0, "its sound is known %s", err.text);
	check_jobs(l, "running job_1 asset_1 0 4.5;", "by its id");
	OK(ledger_forget_remote(l, 1, &err) == 0, "all that is forgotten %s", err.text);
	check_jobs(l, "running - - 0 4.5;", "but not what was spent");
	IS_INT(ledger_is_owned(l, "job_1", &err), 1, "and whose it was");
	ledger_close(l);
	some_jobs_close(&s);
}

/* Nobody knows, and a later try finds out. */
static void test_found_out(bool was_sent)
{
	struct ledger_try_end end = { .seq = 1, .n = 1, .outcome = LEDGER_INTERRUPTED, .state = JOB_SUBMITTING };
	struct err err = ERR_INIT;
	struct some_jobs s;
	struct ledger *l = with_a_run(&s);
	double more = 0, paid = 0;

	OK(ledger_submit(l, 1, 1, 1500, 5, &err) == 0 && ledger_end_try(l, &end, &err) == 0, "cut off while it was sent %s", err.text);
	check_jobs(l, "submitting - - 1500 5;", "what is owed stays owed");
	OK(ledger_start_look(l, 1, 1, 2, 2000, &err) == 0, "a look %s", err.text);
	check_jobs(l, "submitting - - 1500 5;", "changes nothing of it");
	if (was_sent)
		OK(ledger_accept(l, 1, "job_1", 6, &paid, &more, &err) == 0 && more == 1 && paid == 6, "it was accepted %s", err.text);
	else
		OK(ledger_unsubmit(l, 1, &more, &err) == 0 && more == -5, "it was not sent %s", err.text);
	check_tries(l, &s, was_sent ? "1 job_1 1500 6;2 - 0 0;" : "1 - 1500 0;2 - 0 0;", "the try that had sent it has the credits");
	check_jobs(l, was_sent ? "running job_1 - 0 6;" : "submitting - - 0 0;", "the job too");
	check_spent(l, was_sent ? 6 : 0);
	ledger_close(l);
	some_jobs_close(&s);
}

static void test_uploads(void)
{
	static const char *const wants[] = { "asset_b", "", "asset_c" };
	static const char *const asked[][2] = { { "", "sha" }, { "p", "other" }, { "p", "sha" } };
	struct strbuf asset = STRBUF_INIT(64);
	struct err err = ERR_INIT;
	struct some_jobs s;
	struct ledger *l;

	some_jobs_open(&s, 1);
	l = open_write(&s);
	OK(ledger_put_upload(l, "", "sha", "asset_a", 1, &err) == 0 && ledger_put_upload(l, "", "sha", "asset_b", 2, &err) == 0 &&
	   ledger_put_upload(l, "p", "sha", "asset_c", 3, &err) == 0, "three uploads %s", err.text);
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		strbuf_reset(&asset);
		OK(ledger_get_upload(l, asked[i][0], asked[i][1], &asset, &err) == 0, "project '%s', %s %s", asked[i][0], asked[i][1], err.text);
		IS_TEXT(asset.buf, wants[i], "the latest one of the project");
	}
	strbuf_release(&asset);
	ledger_close(l);
	some_jobs_close(&s);
}

static int64_t synchronous(struct ledger *l)
{
	sqlite3_stmt *st = NULL;
	int64_t level = -1;

	if (sqlite3_prepare_v2(l->db, "PRAGMA synchronous", -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		level = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return level;
}

/* What is paid for survives a power cut as soon as it is committed; what is only computed need not. */
static void test_money_is_synced(void)
{
	struct ledger_owner paid = owner;
	struct err err = ERR_INIT;
	struct some_jobs s;
	struct ledger *l;

	some_jobs_open(&s, 1);
	l = open_write(&s);
	IS_INT(synchronous(l), 1, "NORMAL, where nothing is paid for"); /* SQLite's numbers */
	ledger_close(l);
	l = NULL;
	paid.costs_money = true;
	OK(ledger_open_write(&l, s.dir, &paid, &err) == 0, "opened for money %s", err.text);
	IS_INT(l ? synchronous(l) : -1, 2, "FULL");
	ledger_close(l);
	some_jobs_close(&s);
}

static void test_older(void)
{
	static const char *const older[] = { SQL_TO_1, SQL_TO_2, SQL_TO_3 };

	for (size_t i = 0; i < sizeof older / sizeof *older; i++) {
		struct err err = ERR_INIT;
		struct some_jobs s;
		struct ledger *l = with_a_run(&s);

		ledger_close(l);
		sql(&s, older[i]);
		l = open_read(&s);
		check_jobs(l, "running - - 0 0;", "an old ledger as a reader has it");
		check_tries(l, &s, "1 - 0 0;", "and its tries");
		check_spent(l, 0);
		ledger_close(l);
		l = open_write(&s);
		check_jobs(l, "running - - 0 0;", "brought up to date");
		OK(ledger_submit(l, 1, 1, 1500, 5, &err) == 0 && ledger_put_upload(l, "", "sha", "a", 1, &err) == 0, "and used %s", err.text);
		check_spent(l, 5);
		ledger_close(l);
		some_jobs_close(&s);
	}
}

int main(void)
{
	test_accepted();
	test_found_out(true);
	test_found_out(false);
	test_uploads();
	test_money_is_synced();
	test_older();
	return tap_done();
}
