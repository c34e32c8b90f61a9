/* backend/hosted: prices, and the first word with the service. */
#include "unit/backend/some_server.h"

#define N_JOBS 12

static int ask_prices(struct hosted_run *r, double *credits, struct err *err)
{
	struct backend_config config = { .clock_rate = SOME_RATE };
	const struct job *jobs[N_JOBS];

	for (int i = 0; i < r->s.n; i++)
		jobs[i] = &r->s.jobs[i];
	*err = (struct err)ERR_INIT;
	return backend_find(PARAM_SCENARIO)->price(&config, jobs, r->s.n, credits, err);
}

static void set_value(struct hosted_run *r, int i, const char *name, struct value value)
{
	r->s.values[i * card_n_params(r->s.card) + card_find(r->s.card, name)] = value;
	job_identify(&r->s.jobs[i]);
}

/* Twelve jobs of three durations and as many prompts as jobs; three of them continue a sound that is nowhere yet. */
static void test_shapes(const char *options, const char *name)
{
	double credits[N_JOBS];
	struct some_server v;
	struct hosted_run r;
	struct err err;
	char hex[65];
	int n_wrong = 0;

	some_server_open(&v, NULL, options);
	hosted_run_jobs(&r, N_JOBS);
	memset(hex, 'a', 64);
	hex[64] = '\0';
	for (int i = 0; i < N_JOBS; i++) {
		set_value(&r, i, "duration", (struct value){ .as.number = 5 + 5 * (i % 3), .kind = VALUE_NUMBER });
		set_prompt(&r, i, i % 2 ? "rain" : "sun");
		if (i < 9)
			continue;
		r.s.jobs[i].input_sha256 = hex;
		r.s.jobs[i].input_path = "/nowhere.wav";
		set_value(&r, i, "inputAudio", (struct value){ .as.text = "/nowhere.wav", .kind = VALUE_TEXT });
		set_value(&r, i, "continuation", (struct value){ .as.flag = true, .kind = VALUE_BOOL });
		set_value(&r, i, "prompt", (struct value)VALUE_NONE_INIT);
	}
	OK(ask_prices(&r, credits, &err) == 0, "%s: prices are there %s", name, err.text);
	for (int i = 3; i < N_JOBS; i++)
		n_wrong += !(credits[i] > 0) || credits[i] != credits[i - 3];
	IS_INT(n_wrong, 0, "  equal shapes have equal prices");
	OK(credits[0] < credits[2], "  longer costs more");
	IS_INT(n_booked(&v, "\"is\": \"dry_run\"", NULL), 6, "  one question for each shape");
	IS_INT(n_paid(&v), 0, "  and nothing is paid for");
	some_jobs_close(&r.s);
	some_server_close(&v);
}

static void test_faults(void)
{
	static const struct {
		const char *rule;
		enum err_code code;
		const char *words;
	} rows[] = {
		{ "\"nth\": 1, \"do\": \"429\", \"retry_after\": 2", ERR_NONE, NULL },
		{ "\"nth\": [1, 2], \"do\": \"503\"", ERR_NONE, NULL },
		{ "\"nth\": 1, \"do\": \"lost\"", ERR_NONE, NULL },
		{ "\"do\": \"429\"", ERR_MODEL, "429" },
		{ "\"do\": \"400\", \"reason\": \"no such rain\"", ERR_INPUT, "no such rain" },
		{ "\"do\": \"401\"", ERR_MODEL, "SCENARIO_API_KEY" },
		{ "\"do\": \"403\"", ERR_MODEL, "project" },
		{ "\"do\": \"402\"", ERR_MODEL, "credits" },
		{ "\"do\": \"500\"", ERR_MODEL, "500" },
		{ "\"do\": \"lost\"", ERR_MODEL, "cannot be asked" },
		{ "\"do\": \"html\"", ERR_MODEL, "price" },
		{ "\"do\": \"bad_json\"", ERR_MODEL, "price" },
	};
	double credits[N_JOBS];
	char rule[200];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct some_server v;
		struct hosted_run r;
		struct err err;

		(void)snprintf(rule, sizeof rule, "[{\"on\": \"dry_run\", %s}]", rows[i].rule);
		some_server_open(&v, rule, NULL);
		hosted_run_jobs(&r, 1);
		IS_INT(ask_prices(&r, credits, &err), rows[i].code == ERR_NONE ? 0 : -1, rows[i].rule);
		OK(err.code == rows[i].code && (!rows[i].words || strstr(err.text, rows[i].words)), "  says: %s", err.text);
		IS_INT(n_paid(&v), 0, "  nothing is paid for");
		some_jobs_close(&r.s);
		some_server_close(&v);
	}
}

static void test_hello(void)
{
	static const struct {
		const char *rule, *secret;
		const char *words; /* NULL: it opens */
	} rows[] = {
		{ NULL, "secret_for_tests", NULL },
		{ NULL, "another", "SCENARIO_API_SECRET" },
		{ "\"nth\": [1, 2, 3], \"do\": \"502\", \"html\": true", "secret_for_tests", NULL },
		{ "\"do\": \"403\"", "secret_for_tests", "project" },
		{ "\"do\": \"404\"", "secret_for_tests", "404" },
		{ "\"do\": \"500\"", "secret_for_tests", "500" },
		{ "\"do\": \"lost\"", "secret_for_tests", "cannot be reached" },
		{ "\"do\": \"redirect\", \"location\": \"http://127.0.0.1:1/\"", "secret_for_tests", "another address" },
	};
	char rule[200];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct some_server v;
		struct hosted_run r;
		struct backend_config config = { .clock_rate = SOME_RATE };
		int rc;

		(void)snprintf(rule, sizeof rule, "[{\"on\": \"model\", %s}]", rows[i].rule ? rows[i].rule : "");
		some_server_open(&v, rows[i].rule ? rule : NULL, NULL);
		(void)setenv("SCENARIO_API_SECRET", rows[i].secret, 1);
		hosted_run_jobs(&r, 1);
		config.work_dir = r.s.dir;
		rc = hosted_run_config(&r, &config);
		OK((rc == 0) == !rows[i].words, "%s: %s", rows[i].rule ? rows[i].rule : rows[i].secret, r.err.text);
		if (rc == 0)
			backend_find(PARAM_SCENARIO)->close(r.b, BACKEND_FINISH);
		else
			OK(rows[i].words && strstr(r.err.text, rows[i].words) && err_exit_status(r.err.code) == 5, "  exit 5, and says '%s'",
			   rows[i].words ? rows[i].words : "");
		some_jobs_close(&r.s);
		some_server_close(&v);
	}
}

/* Nobody is there, and settings that make no sense. */
static void test_no_service(void)
{
	struct hosted_run r;
	struct backend_config config = { .clock_rate = SOME_RATE };
	double credits[N_JOBS];
	struct err err;

	(void)setenv("SCENARIO_API_URL", "http://127.0.0.1:9/v1", 1); /* discard: nothing listens there */
	hosted_run_jobs(&r, 1);
	config.work_dir = r.s.dir;
	OK(hosted_run_config(&r, &config) != 0 && r.err.code == ERR_MODEL && strstr(r.err.text, "cannot be reached"), "%s", r.err.text);
	OK(ask_prices(&r, credits, &err) != 0 && err.code == ERR_MODEL && strstr(err.text, "cannot be asked for a price"), "%s", err.text);
	OK(strstr(err.text, "network") && strstr(err.text, "SCENARIO_API_URL"), "says where to look");
	config.n_slots = -1;
	OK(hosted_run_config(&r, &config) != 0 && r.err.code == ERR_USAGE, "%s", r.err.text);
	some_jobs_close(&r.s);
}

int main(void)
{
	test_shapes(NULL, "200");
	test_shapes("--dry-run-status 269", "269");
	test_shapes("--dry-run-status 402", "402");
	test_faults();
	test_hello();
	test_no_service();
	return tap_done();
}
