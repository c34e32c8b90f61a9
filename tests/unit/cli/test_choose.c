/* --select over ledger rows: which rows are chosen, what is said of mistakes, that a damaged row is an err and no answer. */
#include <signal.h>

#include "unit/run/some_run.h"

#include "cli/choose.h"

#include <sqlite3.h>

static const struct {
	const char *expression;
	int n; /* of 6 jobs: seeds 1..6, sets a and b, the odd ones tagged */
} cases[] = {
	{ NULL, 6 },
	{ "seed = 3", 1 },
	{ "seed >= 3 and seed < 5", 2 },
	{ "not seed in [1, 2]", 4 },
	{ "set = b", 3 },
	{ "prompt = 'soft rain'", 6 },
	{ "prompt != 'soft rain'", 0 },
	{ "odd in tags", 3 },
	{ "tags = odd and set = a", 2 },
	{ "state = done", 6 },
	{ "state = failed", 0 },
	{ "take = 1", 6 },
	{ "tempo = fast", 2 },
	{ "bpm > 120", 2 },
	{ "tempo.bpm = 80", 4 },
	{ "guidance = 3", 6 }, /* a default, by its other name */
	{ "continuation", 0 },
};

static const struct {
	const char *expression, *words;
} mistakes[] = {
	{ "sed = 1", "--select, at character 1: unknown name 'sed', did you mean 'seed'?" },
	{ "seed = 1 and bmp > 100", "at character 14: unknown name 'bmp', did you mean 'bpm'?" },
	{ "sett = a", "at character 1: unknown name 'sett', did you mean 'set'?" },
	{ "state = don", "unknown state 'don'" },
	{ "seed = ", "at character 8" },
	{ "set = a and", "--select" },
};

static struct job_axis axes[6][2];

static void prepare(struct some_jobs *s)
{
	static const char *const odd[] = { "odd" };

	for (int i = 0; i < s->n; i++) {
		axes[i][0] = (struct job_axis){ "tempo", i < 2 ? "fast" : "slow" };
		axes[i][1] = (struct job_axis){ "tempo.bpm", i < 2 ? "160" : "80" };
		s->jobs[i].axes = axes[i];
		s->jobs[i].n_axes = 2;
		s->jobs[i].set = i < 3 ? "a" : "b";
		s->jobs[i].tags = odd;
		s->jobs[i].n_tags = i % 2 == 0; /* seeds 1, 3, 5 */
	}
}

struct counting {
	struct choose choose;
	int n;
};

static int count_row(void *arg, const struct ledger_job *row, struct err *err)
{
	struct counting *c = arg;
	int meant = choose_row(&c->choose, row, err);

	c->n += meant == 1;
	return meant < 0 ? -1 : 0;
}

/* How many rows are chosen, or -1 with err. */
static int count(const struct some_jobs *s, const char *expression, struct err *err)
{
	struct counting c = { .n = 0 };
	struct ledger *l = NULL;
	int rc = ledger_open_read(&l, s->dir, err);

	if (rc == 0)
		rc = choose_open(&c.choose, expression, l, err);
	if (rc == 0)
		rc = ledger_scan(l, LEDGER_ALL_STATES, count_row, &c, err);
	choose_close(&c.choose);
	ledger_close(l);
	return rc == 0 ? c.n : -1;
}

/* No manifest makes such a row: damage does. */
static void spoil(const struct some_jobs *s)
{
	char *path = fs_join(s->dir, LEDGER_FILE);
	sqlite3 *db = NULL;

	OK(sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, "UPDATE job SET params = '{' WHERE seq = 1", NULL, NULL, NULL) == SQLITE_OK,
	   "a row is spoilt");
	(void)sqlite3_close(db);
	free(path);
}

int main(void)
{
	struct err err = ERR_INIT;
	struct some_jobs s;
	struct some_run r;
	char *longest = mem_alloc(PREDICATE_BYTES_MAX + 2);

	some_jobs_open(&s, 6);
	prepare(&s);
	some_run_init(&r, &s);
	IS_INT(some_run_go(&r), 0, "six jobs");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		IS_INT(count(&s, cases[i].expression, &err), cases[i].n, cases[i].expression ? cases[i].expression : "no expression");
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		err = (struct err)ERR_INIT;
		IS_INT(count(&s, mistakes[i].expression, &err), -1, mistakes[i].expression);
		OK(err.code == ERR_USAGE && strstr(err.text, mistakes[i].words) != NULL, "%s", err.text);
	}
	memset(longest, '(', PREDICATE_BYTES_MAX + 1);
	longest[PREDICATE_BYTES_MAX + 1] = '\0';
	IS_INT(count(&s, longest, &err), -1, "too long");
	OK(strstr(err.text, "64 KiB") != NULL, "%s", err.text);
	spoil(&s);
	IS_INT(count(&s, "set = a", &err), 3, "a damaged text that is not asked for does no harm");
	IS_INT(count(&s, "seed = 2", &err), -1, "one that is asked for");
	OK(err.code == ERR_LEDGER && strstr(err.text, "a job's parameters") != NULL, "is an err: %s", err.text);
	free(longest);
	some_jobs_close(&s);
	return tap_done();
}
