/* backend/hosted: what an earlier run left in the middle of a submission is looked for, and never sent again; the pace holds. */
#include "unit/backend/some_server.h"

#define MINUTE_MS 60000

static const char *const *owned_ids; /* NULL-ended, of the test that runs */

static bool is_owned(void *arg, const char *remote_id)
{
	(void)arg;
	for (const char *const *id = owned_ids; id && *id; id++)
		if (strcmp(*id, remote_id) == 0)
			return true;
	return false;
}

static void give_submitted(struct hosted_run *r, int i, int64_t submitted_ms)
{
	struct backend_task task = { .job = &r->s.jobs[i], .submitted_ms = submitted_ms, .is_owned = is_owned };
	struct event refusal;

	IS_INT(backend_find(PARAM_SCENARIO)->submit(r->b, &task, &refusal), BACKEND_TAKEN, "taken");
}

/* Submits jobs 0..n-1 and forgets them once they are accepted, as a run that dies before it can write that down. */
static void submit_and_die(int n, char ids[][200])
{
	struct hosted_run r;

	hosted_run_open(&r, n, n, 0);
	for (int i = 0; i < n; i++)
		(void)give(&r, i);
	for (int i = 0; i < n; i++) {
		OK(until_seen(&r, i, EVENT_ACCEPTED), "accepted");
		(void)snprintf(ids[i], 200, "%s", r.seen[i].remote_id);
	}
	hosted_run_close(&r, BACKEND_ABANDON);
}

/* Five were taken, three never left: one walk finds out, and nothing is sent. */
static void test_after_death(void)
{
	int64_t then_ms = clock_unix_ms();
	char ids[5][200];
	struct some_server v;
	struct hosted_run r;
	int n_found = 0, n_lists;

	some_server_open(&v, NULL, "--cancel none");
	submit_and_die(5, ids);
	hosted_run_open(&r, 8, 8, 0);
	for (int i = 0; i < 8; i++)
		give_submitted(&r, i, then_ms);
	OK(until_ended(&r, 8), "all end");
	for (int i = 0; i < 8; i++) {
		n_found += r.seen[i].end.kind == EVENT_DONE && strcmp(r.seen[i].remote_id, ids[i % 5]) == 0;
		OK(r.seen[i].n[EVENT_SUBMITTING] == 0 && r.seen[i].n[EVENT_ACCEPTED] == (i < 5), "found or not: %s", r.seen[i].order);
		OK(i < 5 || (r.seen[i].end.class == FAIL_REMOTE_UNKNOWN && !r.seen[i].end.is_not_sent), "unknown: %s", r.seen[i].end.sentence);
	}
	IS_INT(n_found, 5, "each found its own");
	n_lists = n_booked(&v, "\"step\": \"list\"", NULL);
	OK(n_lists >= 3 && n_lists <= 7, "a walk serves all that look: %d requests", n_lists);
	IS_INT(n_paid(&v), 5, "nothing was paid for again");
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
}

/* What is another row's is nobody's candidate; nor is what was made at another time. */
static void test_not_ours(void)
{
	int64_t then_ms = clock_unix_ms();
	const char *others[2] = { NULL, NULL };
	char ids[1][200];
	struct some_server v;
	struct hosted_run r;

	some_server_open(&v, NULL, "--cancel none");
	submit_and_die(1, ids);
	others[0] = ids[0];
	owned_ids = others;
	hosted_run_open(&r, 1, 1, 0);
	give_submitted(&r, 0, then_ms);
	OK(until_ended(&r, 1) && r.seen[0].end.class == FAIL_REMOTE_UNKNOWN, "another row's: %s", r.seen[0].end.sentence);
	owned_ids = NULL;
	give_submitted(&r, 0, then_ms + 10 * MINUTE_MS);
	OK(until_ended(&r, 2) && r.seen[0].end.class == FAIL_REMOTE_UNKNOWN, "made long before it was submitted");
	give_submitted(&r, 0, then_ms + MINUTE_MS);
	OK(until_ended(&r, 3) && r.seen[0].end.kind == EVENT_DONE, "a minute is what clocks may differ by");
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
}

/* An old one is looked for once: a list does not lag for so long. */
static void test_long_ago(void)
{
	struct some_server v;
	struct hosted_run r;

	some_server_open(&v, NULL, NULL);
	hosted_run_open(&r, 1, 1, 0);
	give_submitted(&r, 0, clock_unix_ms() - 60 * MINUTE_MS);
	OK(until_ended(&r, 1) && r.seen[0].end.class == FAIL_REMOTE_UNKNOWN, "unknown");
	IS_INT(n_booked(&v, "\"step\": \"list\"", NULL), 1, "by one look");
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
}

/* The list lags, and others begin to look all the while: the walks that these begin use up none of the first one's looks. */
static void test_lag(void)
{
	enum { N = 8 };
	int64_t then_ms = clock_unix_ms(), until_ms = clock_monotonic_ms() + SOME_PATIENCE_MS;
	char ids[1][200];
	struct some_server v;
	struct hosted_run r;

	some_server_open(&v, "[{\"on\": \"submit\", \"do\": \"hidden\", \"ms\": 20000}]", "--cancel none");
	submit_and_die(1, ids);
	hosted_run_open(&r, N, N, 0);
	for (int i = 0; i < N; i++) {
		int n_lists = n_booked(&v, "\"step\": \"list\"", NULL);

		give_submitted(&r, i, then_ms);
		while (n_booked(&v, "\"step\": \"list\"", NULL) == n_lists && clock_monotonic_ms() < until_ms)
			(void)turn(&r, 10);
	}
	OK(until_ended(&r, N), "all end");
	OK(r.seen[0].end.kind == EVENT_DONE && strcmp(r.seen[0].remote_id, ids[0]) == 0, "found when it is listed: %s", r.seen[0].end.sentence);
	for (int i = 1; i < N; i++)
		OK(r.seen[i].end.class == FAIL_REMOTE_UNKNOWN, "never there: %s", r.seen[i].end.sentence);
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
}

/* The list cannot be read for a while: the job waits, and is found then. */
static void test_no_list(void)
{
	static const char *const faults[] = { "\"500\"", "\"reset\"", "\"bad_json\"", "\"429\", \"retry_after\": 1", "\"html\"", "\"404\"" };
	int64_t then_ms = clock_unix_ms();
	struct strbuf cases = STRBUF_INIT(4096);
	char ids[1][200];
	struct some_server v;
	struct hosted_run r;

	strbuf_adds(&cases, "[");
	for (int i = 0; i < 6; i++)
		strbuf_addf(&cases, "%s{\"on\": \"list\", \"nth\": %d, \"do\": %s}", i ? "," : "", i + 1, faults[i]);
	strbuf_adds(&cases, "]");
	some_server_open(&v, cases.buf, "--cancel none");
	submit_and_die(1, ids);
	hosted_run_open(&r, 1, 1, 0);
	give_submitted(&r, 0, then_ms);
	OK(until_ended(&r, 1) && r.seen[0].end.kind == EVENT_DONE, "found in the end: %s", r.seen[0].end.sentence);
	IS_INT(n_booked(&v, "\"step\": \"list\"", "\"status\": 200"), 3, "two that could not be read, and one that could");
	IS_INT(n_paid(&v), 1, "paid for once");
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
	strbuf_release(&cases);
}

/* ---- pace ------------------------------------------------------------------------------------- */

/* When the requests to the API came, in the service's milliseconds. */
static int read_times(const struct some_server *v, double *times, int most)
{
	struct strbuf text = STRBUF_INIT(64u << 20);
	struct err err = ERR_INIT;
	const char *at;
	int n = 0;

	if (fs_read(v->book, &text, &err) == 0)
		for (char *line = text.buf, *end; (end = strchr(line, '\n')) && n < most; line = end + 1) {
			*end = '\0';
			at = strstr(line, "\"at_ms\": ");
			if (at && strstr(line, "\"is\": \"request\"") && strstr(line, "\"host\": \"api\""))
				times[n++] = strtod(at + 9, NULL) * SOME_RATE;
		}
	strbuf_release(&text);
	return n;
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void test_pace(void)
{
	enum { PER_MINUTE = 100, MOST = 20000, MINUTES = 3 };
	double *times = mem_alloc(MOST * sizeof *times);
	struct some_server v;
	struct hosted_run r;
	int n, n_most = 0, n_first = 0;
	int64_t until_ms;

	some_server_open(&v, "[{\"on\": \"submit\", \"do\": \"stuck\"}]", NULL);
	hosted_run_open(&r, 60, 60, PER_MINUTE);
	for (int i = 0; i < 60; i++)
		(void)give(&r, i);
	until_ms = clock_monotonic_ms() + (int64_t)(MINUTES * MINUTE_MS / SOME_RATE);
	while (clock_monotonic_ms() < until_ms)
		(void)turn(&r, 50);
	n = read_times(&v, times, MOST);
	qsort(times, (size_t)n, sizeof *times, by_time);
	for (int i = 0, j = 0; i < n; i++) {
		while (times[i] - times[j] >= MINUTE_MS)
			j++;
		if (i - j + 1 > n_most)
			n_most = i - j + 1;
		n_first += times[i] - times[0] < (MINUTES - 1) * MINUTE_MS;
	}
	/* by the service's clock, SOME_RATE times as fast: what a busy machine delays on the way counts many times. The exact rule is test_pace's. */
	OK(n_most <= PER_MINUTE * 11 / 10, "%d requests in the fullest minute, %d are allowed, give or take the way", n_most, PER_MINUTE);
	OK(n_first >= (MINUTES - 1) * PER_MINUTE * 85 / 100, "%d of %d were used", n_first, (MINUTES - 1) * PER_MINUTE);
	IS_INT(n_paid(&v), 60, "polling does not keep submissions from leaving");
	hosted_run_close(&r, BACKEND_ABANDON);
	some_server_close(&v);
	free(times);
}

int main(void)
{
	test_after_death();
	test_not_ours();
	test_long_ago();
	test_lag();
	test_no_list();
	test_pace();
	return tap_done();
}
