/* backend/hosted: each fault of the service, at each step: how the job ends, and how often it was paid for. */
#include "unit/backend/some_server.h"

#include "base/hash.h"

struct fault {
	const char *rules; /* without their braces, one after the other apart by '|' */
	enum event_kind kind;
	enum fail_class class;
	int n_paid;
	bool is_not_sent, is_gone;
	const char *words; /* of the sentence, or NULL */
};

#define ON_SUBMIT "\"on\": \"submit\", \"nth\": 1, \"do\": "
#define ON_POLL "\"on\": \"poll\", \"nth\": 1, \"do\": "
#define ON_ASSET "\"on\": \"asset\", \"nth\": 1, \"do\": "
#define ON_LOAD "\"on\": \"download\", \"nth\": 1, \"do\": "
#define AFTER ", \"when\": \"after\""
#define DONE EVENT_DONE, FAIL_NONE
#define FAILS(class) EVENT_FAILED, class

static const struct fault faults[] = {
	/* refused: nothing is owed */
	{ ON_SUBMIT "\"400\", \"reason\": \"prompt is too long\"", FAILS(FAIL_INPUT), 0, false, false, "prompt is too long" },
	{ ON_SUBMIT "\"422\"", FAILS(FAIL_INPUT), 0, false, false, "422" },
	{ ON_SUBMIT "\"404\"", FAILS(FAIL_INPUT), 0, false, false, "404" },
	{ ON_SUBMIT "\"status\", \"status\": 409", FAILS(FAIL_INPUT), 0, false, false, "409" },
	{ ON_SUBMIT "\"429\", \"retry_after\": 2", FAILS(FAIL_REMOTE_RATE), 0, true, false, "429" },
	/* nobody knows, and it was not taken */
	{ ON_SUBMIT "\"500\"", FAILS(FAIL_REMOTE_UNKNOWN), 0, false, false, "no job that could be it" },
	{ ON_SUBMIT "\"408\"", FAILS(FAIL_REMOTE_UNKNOWN), 0, false, false, "--pay-again" },
	{ ON_SUBMIT "\"reset\"", FAILS(FAIL_REMOTE_UNKNOWN), 0, false, false, "submitted at 20" },
	{ ON_SUBMIT "\"redirect\", \"location\": \"http://127.0.0.1:1/\"", FAILS(FAIL_REMOTE_UNKNOWN), 0, false, false, NULL },
	/* nobody knows, and it was: found again */
	{ ON_SUBMIT "\"500\"" AFTER, DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"504\"" AFTER, DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"html\"" AFTER, DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"lost\"", DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"reset\"" AFTER, DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"cut\"", DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"wrong_length\", \"by\": 10", DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"bad_json\"", DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"garbage\"" AFTER, DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"huge\"", DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"lost\"|" ON_SUBMIT "\"hidden\", \"ms\": 6000", DONE, 1, false, false, NULL },
	/* two that could be it */
	{ ON_SUBMIT "\"lost\"|" ON_SUBMIT "\"twin\"", FAILS(FAIL_REMOTE_UNKNOWN), 1, false, false, "more than one job" },
	/* what is not a fault at all */
	{ ON_SUBMIT "\"drop\"", DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"chunked\"", DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"no_price\"", DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"word\", \"word\": \"pondering\"", DONE, 1, false, false, NULL },
	{ ON_SUBMIT "\"slow\", \"ms\": 4000", DONE, 1, false, false, NULL },
	/* what becomes of it there */
	{ ON_SUBMIT "\"failed\", \"error\": \"out of tune\"", FAILS(FAIL_REMOTE_FAILED), 1, false, false, "out of tune" },
	{ ON_SUBMIT "\"canceled\"", FAILS(FAIL_REMOTE_FAILED), 1, false, false, "cancelled" },
	{ ON_SUBMIT "\"gone\"", FAILS(FAIL_REMOTE), 1, false, false, "does not know job" },
	{ ON_SUBMIT "\"no_asset\"", FAILS(FAIL_REMOTE_FAILED), 1, false, false, "names no sound" },
	{ ON_SUBMIT "\"bad_result\", \"text\": \"no sound\"", FAILS(FAIL_REMOTE), 1, false, false, "is no sound" },
	/* a failed poll is no failure */
	{ ON_POLL "\"500\"", DONE, 1, false, false, NULL },
	{ ON_POLL "\"502\", \"html\": true", DONE, 1, false, false, NULL },
	{ ON_POLL "\"html\"", DONE, 1, false, false, NULL },
	{ ON_POLL "\"bad_json\"", DONE, 1, false, false, NULL },
	{ ON_POLL "\"cut\"", DONE, 1, false, false, NULL },
	{ ON_POLL "\"reset\"", DONE, 1, false, false, NULL },
	{ ON_POLL "\"429\", \"retry_after\": 1", DONE, 1, false, false, NULL },
	{ ON_POLL "\"huge\"", DONE, 1, false, false, NULL },
	{ ON_POLL "\"404\"", DONE, 1, false, false, NULL },
	{ "\"on\": \"poll\", \"do\": \"404\"", FAILS(FAIL_REMOTE), 1, false, false, "check the key, and the project" },
	{ ON_POLL "\"400\"", FAILS(FAIL_REMOTE), 1, false, false, "400" },
	/* nor is one of the record */
	{ ON_ASSET "\"500\"", DONE, 1, false, false, NULL },
	{ ON_ASSET "\"lost\"", DONE, 1, false, false, NULL },
	{ ON_ASSET "\"bad_json\"", DONE, 1, false, false, NULL },
	{ ON_ASSET "\"429\"", DONE, 1, false, false, NULL },
	{ ON_ASSET "\"expired\"", DONE, 1, false, false, NULL },
	{ ON_ASSET "\"404\"", DONE, 1, false, false, NULL },
	{ "\"on\": \"asset\", \"do\": \"404\"", FAILS(FAIL_REMOTE), 1, false, true, "not to be had" },
	{ "\"on\": \"asset\", \"do\": \"403\"", FAILS(FAIL_REMOTE), 1, false, true, "not to be had" },
	{ ON_ASSET "\"gone\"", FAILS(FAIL_REMOTE), 1, false, true, "not to be had" },
	{ ON_ASSET "\"url\", \"url\": \"https://evil.example/a.wav?Signature=hush\"", FAILS(FAIL_REMOTE), 1, false, false, "'evil.example'" },
	{ ON_ASSET "\"url\", \"url\": \"http://cdn.cloud.scenario.com/a.wav\"", FAILS(FAIL_REMOTE), 1, false, false, "expected https" },
	/* a download goes on */
	{ ON_LOAD "\"cut\", \"keep\": 1000", DONE, 1, false, false, NULL },
	{ ON_LOAD "\"cut\", \"keep\": 1000|\"on\": \"download\", \"nth\": 2, \"do\": \"no_range\"", DONE, 1, false, false, NULL },
	{ ON_LOAD "\"cut\", \"keep\": 1000|\"on\": \"download\", \"nth\": 2, \"do\": \"expired\"", DONE, 1, false, false, NULL },
	/* nor on with another file, be it as long as the record says */
	{ ON_LOAD "\"cut\", \"keep\": 1000|\"on\": \"download\", \"nth\": 2, \"do\": \"wrong_bytes\"|\"on\": \"asset\", \"do\": \"size\", \"bytes\": 1300",
	  FAILS(FAIL_REMOTE), 1, false, false, "is no sound" },
	{ ON_LOAD "\"wrong_length\", \"by\": 10", DONE, 1, false, false, NULL },
	{ ON_LOAD "\"reset\"", DONE, 1, false, false, NULL },
	{ ON_LOAD "\"503\"", DONE, 1, false, false, NULL },
	{ ON_LOAD "\"429\"", DONE, 1, false, false, NULL },
	{ ON_LOAD "\"expired\"", DONE, 1, false, false, NULL },
	{ ON_LOAD "\"404\"", DONE, 1, false, false, NULL },
	{ ON_LOAD "\"octets\"", DONE, 1, false, false, NULL },
	{ ON_LOAD "\"wrong_bytes\", \"text\": \"hello\"", FAILS(FAIL_REMOTE), 1, false, false, "no sound" },
	{ ON_LOAD "\"empty\"", FAILS(FAIL_REMOTE), 1, false, false, "no sound" },
	{ "\"on\": \"download\", \"do\": \"cut\", \"keep\": 0", FAILS(FAIL_REMOTE), 1, false, false, "could not be downloaded" },
	{ "\"on\": \"download\", \"do\": \"expired\"", FAILS(FAIL_REMOTE), 1, false, false, "could not be downloaded" },
};

#define N_FAULTS ((int)(sizeof faults / sizeof faults[0]))

/* All rows' rules, each for its own job, by its prompt. */
static void cases_of(struct strbuf *out, const struct fault *rows, int n, char prompts[][24])
{
	const char *between = "[";

	for (int i = 0; i < n; i++) {
		const char *at = rows[i].rules;

		(void)snprintf(prompts[i], sizeof prompts[i], "case %03d", i);
		for (size_t len; *at; at += len + (at[len] == '|')) {
			len = strcspn(at, "|");
			strbuf_addf(out, "%s{\"prompt\": \"%s\", %.*s}", between, prompts[i], (int)len, at);
			between = ",\n";
		}
	}
	strbuf_adds(out, "]");
}

/* In the book its sound's hash stands beside its job. */
static bool is_whole(const struct some_server *v, const char *file)
{
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE];
	struct err err = ERR_INIT;

	if (!file || hash_file(file, hash, &err) != 0)
		return false;
	hash_hex(hex, hash);
	return n_booked(v, "\"is\": \"result\"", hex) > 0;
}

static void check(const struct fault *f, const struct seen *seen, const struct some_server *v, const char *prompt)
{
	const struct event *e = &seen->end;
	bool is_secret = strstr(e->sentence, "Signature") || strstr(e->sentence, "secret_for_tests") || strstr(e->sentence, "sig=");

	OK(seen->has_ended && e->kind == f->kind && (e->kind == EVENT_DONE || e->class == f->class), "%s: ends as it should: %s %s (%s)",
	   f->rules, seen->order, seen->has_ended ? fail_class_name(e->class) : "not at all", e->sentence);
	OK(n_booked(v, "\"is\": \"submission\"", prompt) == f->n_paid, "  paid for %d times, expected %d", n_booked(v, "\"is\": \"submission\"", prompt),
	   f->n_paid);
	OK(e->is_not_sent == f->is_not_sent && e->is_gone == f->is_gone, "  not sent, gone: %d %d", e->is_not_sent, e->is_gone);
	OK(!f->words || strstr(e->sentence, f->words), "  says '%s'", f->words ? f->words : "");
	OK(!is_secret, "  and no secret");
	OK(e->kind != EVENT_DONE || is_whole(v, e->file), "  its file is the service's");
	OK(e->kind != EVENT_DONE || (e->make_s > 0 && e->make_s < 60), "  in %.1f s", e->make_s);
	OK(f->n_paid == 0 || f->class == FAIL_REMOTE_UNKNOWN || seen->n[EVENT_ACCEPTED] == 1, "  what is paid for was told as accepted");
}

/* All at once, on one server. */
static void test_all(void)
{
	static char prompts[N_FAULTS][24];
	struct strbuf cases = STRBUF_INIT(1 << 20);
	struct some_server v;
	struct hosted_run r;

	cases_of(&cases, faults, N_FAULTS, prompts);
	some_server_open(&v, cases.buf, NULL);
	hosted_run_jobs(&r, N_FAULTS);
	for (int i = 0; i < N_FAULTS; i++)
		set_prompt(&r, i, prompts[i]);
	hosted_run_start(&r, N_FAULTS, 0, 0);
	for (int i = 0; i < N_FAULTS; i++)
		if (give(&r, i) != BACKEND_TAKEN)
			OK(false, "%d is taken", i);
	OK(until_ended(&r, N_FAULTS), "all end");
	for (int i = 0; i < N_FAULTS; i++)
		check(&faults[i], &r.seen[i], &v, prompts[i]);
	IS_INT(n_booked(&v, "\"is\": \"leak\"", NULL), 0, "no credentials went where none belong");
	IS_INT(n_booked(&v, "\"is\": \"bug\"", NULL), 0, "the server made no mistake");
	OK(n_booked(&v, "\"is\": \"download\"", "\"first\": 1000") >= 2, "what was cut went on where it was");
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
	strbuf_release(&cases);
}

/* Those that everybody feels have a server of their own, and three jobs. */
static const struct fault barring[] = {
	{ ON_SUBMIT "\"401\"", FAILS(FAIL_MODEL), 0, true, false, "SCENARIO_API_KEY" },
	{ ON_SUBMIT "\"402\"", FAILS(FAIL_MODEL), 0, true, false, "credits" },
	{ ON_SUBMIT "\"403\"", FAILS(FAIL_MODEL), 0, true, false, "project" },
	{ ON_POLL "\"401\"", FAILS(FAIL_MODEL), 1, false, false, "SCENARIO_API_KEY" },
};

static void test_barred(const struct fault *f)
{
	char prompts[1][24];
	struct strbuf cases = STRBUF_INIT(1 << 16);
	struct some_server v;
	struct hosted_run r;

	cases_of(&cases, f, 1, prompts);
	some_server_open(&v, cases.buf, NULL);
	hosted_run_jobs(&r, 2);
	set_prompt(&r, 0, prompts[0]);
	hosted_run_start(&r, 2, 0, 0);
	(void)give(&r, 0);
	OK(until_ended(&r, 1), "it ends");
	check(f, &r.seen[0], &v, prompts[0]);
	(void)give(&r, 1);
	OK(until_ended(&r, 2), "so does the next");
	OK(r.seen[1].end.class == FAIL_MODEL && r.seen[1].end.is_not_sent && r.seen[1].n[EVENT_SUBMITTING] == 0, "which is not even sent");
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
	strbuf_release(&cases);
}

/* No network: nothing leaves, nothing is unknown, and each try waits longer. */
static void test_no_network(void)
{
	struct some_server v;
	struct hosted_run r;
	int64_t first_ms;

	some_server_open(&v, NULL, NULL);
	hosted_run_open(&r, 1, 1, 0);
	(void)kill(v.pid, SIGKILL);
	(void)waitpid(v.pid, NULL, 0);
	(void)give(&r, 0);
	OK(until_ended(&r, 1), "ends");
	OK(r.seen[0].end.class == FAIL_REMOTE && r.seen[0].end.is_not_sent, "not sent: %s", r.seen[0].end.sentence);
	first_ms = r.seen[0].end.retry_after_ms;
	for (int i = 2; i < 8; i++) {
		r.seen[0].has_ended = false;
		(void)give(&r, 0);
		(void)until_ended(&r, i);
	}
	OK(first_ms > 0 && r.seen[0].end.retry_after_ms > 4 * first_ms, "later and later");
	hosted_run_close(&r, BACKEND_FINISH);
	v.pid = fork(); /* some_server_close has one to end */
	if (v.pid == 0)
		_exit(0);
	some_server_close(&v);
}

static void test_deadline(void)
{
	struct some_server v;
	struct hosted_run r;

	some_server_open(&v, "[{\"on\": \"submit\", \"do\": \"stuck\"}]", NULL);
	hosted_run_jobs(&r, 1);
	hosted_run_start(&r, 1, 0, 20);
	(void)give(&r, 0);
	OK(until_ended(&r, 1), "ends");
	OK(r.seen[0].end.class == FAIL_REMOTE && !r.seen[0].end.is_gone && strstr(r.seen[0].end.sentence, "after 20"), "at the deadline: %s",
	   r.seen[0].end.sentence);
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
}

/* A concurrency limit is learnt. */
static void test_fewer_jobs(void)
{
	struct some_server v;
	struct hosted_run r;
	int n_taken = 0;

	some_server_open(&v, NULL, "--jobs-limit 2 --job-ms 20000");
	hosted_run_open(&r, 4, 4, 0);
	for (int i = 0; i < 4; i++)
		n_taken += give(&r, i) == BACKEND_TAKEN;
	IS_INT(n_taken, 4, "four are taken at first");
	OK(until_ended(&r, 2), "two are refused");
	for (int i = 0; i < 4; i++)
		OK(!r.seen[i].has_ended || (r.seen[i].end.class == FAIL_REMOTE_RATE && r.seen[i].end.is_not_sent && r.seen[i].end.retry_after_ms > 0),
		   "for now: %s", r.seen[i].end.sentence);
	for (int i = 0; i < 4; i++)
		if (r.seen[i].has_ended) {
			r.seen[i].has_ended = false;
			IS_INT(give(&r, i), BACKEND_BUSY, "and are not offered again before others have ended");
		}
	OK(until_ended(&r, 4), "the others end");
	IS_INT(n_paid(&v), 2, "two were paid for");
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
}

int main(void)
{
	test_all();
	for (size_t i = 0; i < sizeof barring / sizeof barring[0]; i++)
		test_barred(&barring[i]);
	test_no_network();
	test_deadline();
	test_fewer_jobs();
	return tap_done();
}
