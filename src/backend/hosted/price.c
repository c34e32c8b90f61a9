/*
 * price: what jobs cost, asked of the service by the same request with dryRun=true in its query (in its body that would be paid for), once
 * for each shape of job (wire_price_shape).
 *
 * An input sound that is to be uploaded has no name there yet, and a job is not refused for a price: it is asked for without its
 * input, and without what would make no sense without one (the card's rules say what).
 */
#include "backend/hosted/hosted.h"

#include "backend/hosted/hosted_inside.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define CONNECTIONS 1
#define WORDS "music"         /* where a job that has only an input must say something */

/* A job's shape, and where it stands in what was asked. */
struct priced {
	unsigned char shape[HASH_BYTES];
	int64_t index;
};

struct pricing {
	struct service service;
	struct http *http;
	struct backend_requests *requests;
};

/* ---- what is asked --------------------------------------------------------------------------------- */

struct trimmed {
	const struct card *card;
	struct value *values;
	bool has_changed;
};

static void drop_value(void *arg, int index, const char *sentence)
{
	struct trimmed *t = arg;

	(void)sentence;
	if (index >= 0 && t->values[index].kind != VALUE_NONE) {
		t->values[index] = (struct value)VALUE_NONE_INIT;
		t->has_changed = true;
	}
}

static void say_something(struct trimmed *t)
{
	for (int i = 0; i < card_n_params(t->card); i++)
		if (card_param(t->card, i)->type == PARAM_TEXT && card_param(t->card, i)->scope[PARAM_SCENARIO].exists &&
		    t->values[i].kind == VALUE_NONE) {
			t->values[i] = (struct value){ .as.text = WORDS, .kind = VALUE_TEXT };
			return;
		}
}

static void price_body(struct strbuf *out, const struct job *job)
{
	int n = card_n_params(job->card);
	struct trimmed t = { job->card, mem_zalloc((size_t)n, sizeof *t.values), true };
	struct rule_facts facts = { .backend = PARAM_SCENARIO };
	struct job asked = *job;

	memcpy(t.values, job->values, (size_t)n * sizeof *t.values);
	asked.values = t.values;
	if (job->input_sha256) {
		rule_facts_from_version(&facts, job_text(job, "modelVersion", NULL));
		for (int i = 0; i < n; i++)
			if (card_param(job->card, i)->type == PARAM_FILE)
				t.values[i] = (struct value)VALUE_NONE_INIT;
		say_something(&t);
		while (t.has_changed) { /* each turn takes a value away */
			t.has_changed = false;
			(void)rules_check(job->card, t.values, &facts, drop_value, &t);
		}
	}
	wire_submit_body(out, &asked, NULL);
	free(t.values);
}

/* ---- asking ------------------------------------------------------------------------------------------- */

static int read_answer(const struct service *service, const struct http_answer *answer, double *ret, struct err *err)
{
	const char *body = answer->body.buf, *name = service->provider->name;
	bool is_good = answer->status >= 200 && answer->status <= 299;
	struct wire_error error;
	struct err why = ERR_INIT;

	if (answer->end != HTTP_ANSWERED)
		return ask_unheard(service, answer, "cannot be asked for a price", err);
	/* 402 may be how it says a price (the service's documentation) */
	if ((is_good || answer->status == 402) && wire_read_price(body, answer->body.len, ret, &why) == 0)
		return 0;
	if (is_good)
		return err_set(err, ERR_MODEL, "asking '%s' for a price: %.800s", name, why.text);
	wire_read_error(service->provider, answer->status, answer->content_type, body, answer->body.len, &error);
	return err_set(err, error.trouble == WIRE_BAD_REQUEST ? ERR_INPUT : ERR_MODEL, "asking '%s' for a price: %s", name, error.sentence);
}

static int ask_price(struct pricing *p, const struct job *job, double *ret, struct err *err)
{
	struct strbuf body = STRBUF_INIT(JOB_TEXT_MAX);
	struct http_answer answer;
	struct err why = ERR_INIT;
	struct ask ask;
	int rc;

	price_body(&body, job);
	ask = ask_for_price(&p->service, job, body.buf);
	rc = ask_wait(p->http, &p->service, p->requests, &ask, &answer, &why);
	strbuf_release(&body);
	if (rc == 0) {
		rc = read_answer(&p->service, &answer, ret, &why);
		http_answer_release(&answer);
	}
	if (rc == 0)
		return 0;
	*err = why;
	return why.code == ERR_INPUT ? err_wrap(err, "'%s'", job->path) : -1;
}

/* ---- all of them ----------------------------------------------------------------------------------------- */

void price_shape(const struct job *job, unsigned char ret[HASH_BYTES])
{
	struct strbuf text = STRBUF_INIT(JOB_TEXT_MAX);

	wire_price_shape(&text, job);
	hash_bytes(text.buf, text.len, ret);
	strbuf_release(&text);
}

static int by_shape(const void *a, const void *b)
{
	const struct priced *x = a, *y = b;
	int order = memcmp(x->shape, y->shape, HASH_BYTES);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static struct priced *shapes_of(const struct job *const *jobs, int64_t n)
{
	struct priced *list = mem_zalloc((size_t)n, sizeof *list);

	for (int64_t i = 0; i < n; i++) {
		price_shape(jobs[i], list[i].shape);
		list[i].index = i;
	}
	qsort(list, (size_t)n, sizeof *list, by_shape);
	return list;
}

static int price_all(struct pricing *p, const struct job *const *jobs, int64_t n, double *ret_credits, struct err *err)
{
	struct priced *list = shapes_of(jobs, n);
	double credits = 0;
	int rc = 0;

	for (int64_t i = 0; i < n && rc == 0; i++) {
		if (i == 0 || memcmp(list[i].shape, list[i - 1].shape, HASH_BYTES) != 0)
			rc = ask_price(p, jobs[list[i].index], &credits, err);
		ret_credits[list[i].index] = credits;
	}
	free(list);
	return rc;
}

int hosted_price(const struct backend_config *config, const struct job *const *jobs, int64_t n, double *ret_credits, struct err *err)
{
	struct pricing p = { .requests = NULL };
	bool has_own_requests;
	int rc;

	if (n == 0)
		return 0;
	if (service_read(&p.service, &provider_scenario, config->project, err) != 0)
		return -1;
	p.requests = requests_open(config, &has_own_requests);
	rc = ask_open(&p.http, &p.service, CONNECTIONS, err);
	if (rc == 0) {
		rc = price_all(&p, jobs, n, ret_credits, err);
		http_close(p.http);
	}
	if (has_own_requests)
		backend_requests_free(p.requests);
	service_release(&p.service);
	return rc;
}
