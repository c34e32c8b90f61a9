/*
 * backend/hosted: every fault of tests/server/matrix.py at every step of a job, all at once on one server; each fault meets its own job, by
 * its prompt. What fails is tried again as a run does. Whatever happens, no job is paid for twice, and what was paid for is
 * known: done, or failed with the service's id, or unknown.
 *
 * Left out: what everybody feels (the service is down, credentials are refused); test_hosted_faults.c has them one by one.
 */
#include "unit/backend/some_server.h"

#define TRIES 3
#define LINES_MAX (1u << 20)

static const char *const left_out[] = { "\"down\"", "\"401\"", "\"402\"", "\"403\"" };

struct again {
	int n_tries;
	char remote_id[200];
	int64_t not_before_ms;
	bool is_over;
};

/* The lines of `matrix.py STEP`, after one another. */
static void read_matrix(struct strbuf *out, const char *step, const char *dir)
{
	char *path = fs_join(dir, "matrix");
	struct err err = ERR_INIT;
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		if (fd >= 0 && dup2(fd, 1) == 1)
			(void)execlp("python3", "python3", "tests/server/matrix.py", step, (char *)NULL);
		_exit(127);
	}
	OK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && fs_read(path, out, &err) == 0, "the matrix of %s", step);
	(void)remove(path);
	free(path);
}

static bool is_left_out(const char *line)
{
	for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
		if (strstr(line, left_out[i]))
			return true;
	return false;
}

/* Each line "[{...}]" becomes a rule for its own prompt; rules[i] is what it says. */
static int take_rules(struct strbuf *cases, char *lines, const char **rules, char prompts[][24], int most)
{
	int n = 0;

	strbuf_adds(cases, "[");
	for (char *end; (end = strchr(lines, '\n')) && n < most; lines = end + 1) {
		*end = '\0';
		if (end - lines < 5 || is_left_out(lines))
			continue;
		(void)snprintf(prompts[n], sizeof prompts[n], "case %03d", n);
		strbuf_addf(cases, "%s{\"prompt\": \"%s\", %.*s", n ? ",\n" : "", prompts[n], (int)(end - lines) - 3, lines + 2);
		rules[n++] = lines;
	}
	strbuf_adds(cases, "]");
	return n;
}

static void give_again(struct hosted_run *r, int i, struct again *a)
{
	struct backend_task task = { .job = &r->s.jobs[i], .n_tries = a->n_tries, .remote_id = a->remote_id[0] ? a->remote_id : NULL };
	struct event refusal;

	if (backend_find(PARAM_SCENARIO)->submit(r->b, &task, &refusal) == BACKEND_TAKEN) {
		r->seen[i].has_ended = false;
		a->not_before_ms = INT64_MAX;
		a->n_tries++;
	}
}

/* A try has ended: is there another? */
static void look_at(struct hosted_run *r, int i, struct again *a)
{
	const struct event *e = &r->seen[i].end;

	(void)snprintf(a->remote_id, sizeof a->remote_id, "%s", r->seen[i].remote_id);
	if (e->kind == EVENT_DONE || e->is_gone || !fail_class_is_retried(e->class) || a->n_tries >= TRIES)
		a->is_over = true;
	else
		a->not_before_ms = clock_monotonic_ms() + e->retry_after_ms;
}

static int run_all(struct hosted_run *r, struct again *again)
{
	int64_t until_ms = clock_monotonic_ms() + 3 * SOME_PATIENCE_MS;
	int n_over = 0;

	while (n_over < r->s.n && clock_monotonic_ms() < until_ms) {
		n_over = 0;
		for (int i = 0; i < r->s.n; i++) {
			if (!again[i].is_over && again[i].not_before_ms <= clock_monotonic_ms())
				give_again(r, i, &again[i]);
			n_over += again[i].is_over;
		}
		(void)turn(r, 20);
		for (int i = 0; i < r->s.n; i++)
			if (r->seen[i].has_ended && !again[i].is_over && again[i].not_before_ms == INT64_MAX)
				look_at(r, i, &again[i]);
	}
	return n_over;
}

static void check(const struct some_server *v, const struct seen *seen, const char *prompt, const char *rule)
{
	const struct event *e = &seen->end;
	int n = n_booked(v, "\"is\": \"submission\"", prompt);
	bool is_fine = n <= 1 && seen->has_ended;

	if (n == 1)
		is_fine &= seen->n[EVENT_ACCEPTED] == 1 || e->class == FAIL_REMOTE_UNKNOWN;
	else
		is_fine &= e->kind == EVENT_FAILED && seen->n[EVENT_ACCEPTED] == 0;
	OK(is_fine, "%s: paid for %d times, %s %s %s", rule, n, seen->order, e->kind == EVENT_DONE ? "done" : fail_class_name(e->class), e->sentence);
}

int main(void)
{
	static const char *const steps[] = { "submit", "poll", "asset", "download" };
	static char prompts[SEEN_MAX][24];
	static const char *rules[SEEN_MAX];
	struct strbuf lines = STRBUF_INIT(LINES_MAX), cases = STRBUF_INIT(2 * LINES_MAX);
	struct some_jobs folder;
	struct some_server v;
	struct hosted_run *r = mem_zalloc(1, sizeof *r);
	struct again *again = mem_zalloc(SEEN_MAX, sizeof *again);
	int n, n_done = 0;

	some_jobs_open(&folder, 1);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		read_matrix(&lines, steps[i], folder.dir);
	some_jobs_close(&folder);
	n = take_rules(&cases, lines.buf, rules, prompts, SEEN_MAX);
	OK(n > 100, "%d faults", n);
	some_server_open(&v, cases.buf, NULL);
	hosted_run_jobs(r, n);
	for (int i = 0; i < n; i++)
		set_prompt(r, i, prompts[i]);
	hosted_run_start(r, n, 0, 60); /* a deadline that lets one of them be reached */
	IS_INT(run_all(r, again), n, "all come to an end");
	for (int i = 0; i < n; i++) {
		check(&v, &r->seen[i], prompts[i], rules[i]);
		n_done += r->seen[i].end.kind == EVENT_DONE;
	}
	OK(n_done * 10 >= n * 7, "%d of %d were done all the same", n_done, n);
	IS_INT(n_booked(&v, "\"is\": \"leak\"", NULL) + n_booked(&v, "\"is\": \"bug\"", NULL), 0, "no credentials went where none belong");
	hosted_run_close(r, BACKEND_FINISH);
	some_server_close(&v);
	strbuf_release(&lines);
	strbuf_release(&cases);
	free(again);
	free(r);
	return tap_done();
}
