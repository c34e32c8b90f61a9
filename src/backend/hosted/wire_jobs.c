/* The list of jobs: which of them is the one that we asked for. */
#include "backend/hosted/wire_inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

/* ---- times -------------------------------------------------------------------------------- */

/* Days from 1970-01-01 to a date of the Gregorian calendar; years are counted from March, so that the odd day is the last. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* n digits at *s as a number from least to most; moves *s. */
static bool take_digits(const char **s, int n, int64_t least, int64_t most, int64_t *ret)
{
	int64_t v = 0;
	int i;

	for (i = 0; i < n; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		v = 10 * v + (**s - '0');
	}
	*ret = v;
	return v >= least && v <= most;
}

static bool take_char(const char **s, const char *any)
{
	if (!**s || !strchr(any, **s))
		return false;
	(*s)++;
	return true;
}

/* "Z", "+02:00", "-0530" or nothing (then Z is meant). */
static bool take_zone(const char **s, int64_t *ret_minutes)
{
	int64_t sign = **s == '-' ? -1 : 1, hours = 0, minutes = 0;

	*ret_minutes = 0;
	if (!**s || take_char(s, "Zz"))
		return true;
	if (!take_char(s, "+-") || !take_digits(s, 2, 0, 23, &hours))
		return false;
	(void)take_char(s, ":");
	if (**s && !take_digits(s, 2, 0, 59, &minutes))
		return false;
	*ret_minutes = sign * (60 * hours + minutes);
	return true;
}

static int64_t take_milliseconds(const char **s)
{
	int64_t ms = 0, scale = 100;

	if (!take_char(s, ".,"))
		return 0;
	for (; **s >= '0' && **s <= '9'; (*s)++, scale /= 10)
		ms += scale * (**s - '0');
	return ms;
}

static int64_t parse_iso(const char *s)
{
	int64_t year, month, day, hour, minute, second, ms, zone;

	if (!take_digits(&s, 4, 1970, 9999, &year) || !take_char(&s, "-") || !take_digits(&s, 2, 1, 12, &month) || !take_char(&s, "-") ||
	    !take_digits(&s, 2, 1, 31, &day) || !take_char(&s, "Tt ") || !take_digits(&s, 2, 0, 23, &hour) || !take_char(&s, ":") ||
	    !take_digits(&s, 2, 0, 59, &minute) || !take_char(&s, ":") || !take_digits(&s, 2, 0, 60, &second))
		return 0;
	ms = take_milliseconds(&s);
	if (!take_zone(&s, &zone) || *s)
		return 0;
	return (((days_to(year, month, day) * 24 + hour) * 60 + minute - zone) * 60 + second) * 1000 + ms;
}

int64_t wire_time_ms(const struct json *n)
{
	double v = json_number(n, 0);
	int64_t ms = 0;

	if (json_is_string(n) && !text_parse_number(json_string(n, ""), &v))
		ms = parse_iso(json_string(n, ""));
	else if (v >= 1 && v < 1e14)
		ms = (int64_t)(v < 1e11 ? v * 1000 : v); /* 1e11 s is the year 5138, 1e11 ms is 1973 */
	return ms > 0 ? ms : 0;
}

/* ---- likeness -------------------------------------------------------------------------------- */

/* What is looked for. */
struct sought {
	const struct wire_asked *asked;
	const struct json *body; /* asked->body, read again */
	struct json_doc *doc;
};

#define N_PLACES 4

/* What a listed job says of its inputs, in each of the places that may have them; NULL: nothing there. */
struct inputs {
	const struct json *at[N_PLACES];
	struct json_doc *docs[N_PLACES];
};

static bool is_equal(const struct json *a, const struct json *b)
{
	if (json_is_string(a) && json_is_string(b))
		return strcmp(json_string(a, ""), json_string(b, "")) == 0;
	if (json_is_number(a) && json_is_number(b))
		return json_number(a, 0) == json_number(b, 0); /* exact on purpose: the same text was read twice */
	return json_is_bool(a) && json_is_bool(b) && json_bool(a, false) == json_bool(b, false);
}

static bool is_value(const struct json *n, const struct value *v)
{
	if (v->kind == VALUE_TEXT)
		return json_is_string(n) && strcmp(json_string(n, ""), v->as.text) == 0;
	if (v->kind == VALUE_NUMBER)
		return json_is_number(n) && json_number(n, 0) == v->as.number;
	return v->kind == VALUE_BOOL && json_is_bool(n) && json_bool(n, false) == v->as.flag;
}

static bool are_same_inputs(const struct sought *s, const struct json *inputs)
{
	const struct card *card = s->asked->card;
	const struct json *n;
	int i;

	for (n = json_first(s->body); n; n = json_next(n))
		if (!is_equal(n, json_member(inputs, json_name(n))))
			return false;
	for (i = 0; i < card_n_params(card); i++) {
		const struct param *p = card_param(card, i);

		n = json_member(inputs, p->name);
		if (!n || json_is_null(n) || json_member(s->body, p->name))
			continue;
		if (!is_value(n, &p->scope[PARAM_SCENARIO].fallback) && !is_value(n, &p->not_given))
			return false;
	}
	return true;
}

/* Which model it was, where a job's own members, its metadata or its inputs say so; where none does, the inputs alone decide. */
static bool may_be_model(const struct card *card, const struct json *job, const struct json *inputs)
{
	static const char *const names[] = { "modelId", "model_id", "model" };
	const struct json *const places[] = { job, json_member(job, "metadata"), inputs };
	const char *ours = card_hosted_model(card);
	bool is_named = false;
	size_t i, k;

	for (i = 0; i < sizeof places / sizeof *places; i++)
		for (k = 0; k < sizeof names / sizeof *names; k++) {
			const char *model = json_string(json_member(places[i], names[k]), NULL);

			if (!model || (places[i] == inputs && card_find(card, names[k]) >= 0))
				continue;
			if (strcmp(model, ours) == 0)
				return true;
			is_named = true;
		}
	return !is_named;
}

/* An object, or a text of one; *doc is to be freed. NULL: neither. */
static const struct json *open_inputs(const struct json *n, struct json_doc **doc)
{
	const char *text = json_string(n, NULL);
	struct err ignored = ERR_INIT;
	const struct json *object = NULL;

	*doc = NULL;
	if (json_is_object(n))
		return n;
	if (text && wire_parse(doc, &object, text, strlen(text), NULL, &ignored))
		return NULL;
	return object;
}

static void open_all_inputs(struct inputs *ret, const struct json *job)
{
	static const char *const names[] = { "input", "inputs" };
	const struct json *metadata = json_member(job, "metadata");

	for (size_t i = 0; i < N_PLACES; i++)
		ret->at[i] = open_inputs(json_member(i < 2 ? metadata : job, names[i % 2]), &ret->docs[i]);
}

static bool is_like(const struct sought *s, const struct json *job, const struct inputs *inputs)
{
	for (size_t i = 0; i < N_PLACES; i++)
		if (inputs->at[i] && are_same_inputs(s, inputs->at[i]) && may_be_model(s->asked->card, job, inputs->at[i]))
			return true;
	return false;
}

/* ---- the page --------------------------------------------------------------------------------- */

static int take_next(const struct json *root, struct wire_page *page, struct err *err)
{
	const struct json *n = json_member(root, "nextPaginationToken");
	struct strbuf token = STRBUF_INIT(sizeof page->next - 1);
	bool is_good = !n || json_is_null(n) || json_is_string(n);

	wire_percent(&token, json_string(n, ""));
	is_good = is_good && strbuf_ok(&token);
	if (is_good)
		memcpy(page->next, token.buf, token.len + 1);
	strbuf_release(&token);
	if (!is_good)
		return err_set(err, ERR_INPUT, "the service's list of jobs has a 'nextPaginationToken' that is no text of up to %zu bytes",
			       sizeof page->next - 1);
	return 0;
}

/* On one page: what all its jobs are compared with, and who is told. */
struct search {
	const struct provider *provider;
	struct sought *sought;
	size_t n;
	wire_visit_like visit;
	void *arg;
};

static int open_search(struct search *ret, const struct wire_asked *asked, struct err *err)
{
	ret->sought = mem_zalloc(ret->n, sizeof *ret->sought);
	for (size_t i = 0; i < ret->n; i++) {
		struct sought *s = &ret->sought[i];

		s->asked = &asked[i];
		if (json_parse(&s->doc, asked[i].body, strlen(asked[i].body), JOB_TEXT_MAX, "what was asked for", ERR_BUG, err))
			return -1;
		s->body = json_root(s->doc);
	}
	return 0;
}

static void close_search(struct search *search)
{
	for (size_t i = 0; i < search->n; i++)
		json_free(search->sought[i].doc);
	free(search->sought);
}

static void look_at_job(const struct search *search, const struct json *n, const struct wire_job *job)
{
	struct inputs inputs;

	open_all_inputs(&inputs, n);
	for (size_t i = 0; i < search->n; i++) {
		const struct wire_asked *asked = search->sought[i].asked;

		if (job->created_ms >= asked->since_ms && job->created_ms <= asked->until_ms && is_like(&search->sought[i], n, &inputs))
			search->visit(search->arg, i, job);
	}
	for (size_t i = 0; i < N_PLACES; i++)
		json_free(inputs.docs[i]);
}

static void look_at_jobs(const struct search *search, const struct json *jobs, struct wire_page *page)
{
	for (const struct json *n = json_first(jobs); n; n = json_next(n)) {
		struct err ignored = ERR_INIT;
		struct wire_job job;

		if (wire_take_job(search->provider, n, &job, &ignored) && !*job.id) /* one without an id is no candidate */
			continue;
		if (job.created_ms > 0 && (page->oldest_ms == 0 || job.created_ms < page->oldest_ms))
			page->oldest_ms = job.created_ms;
		look_at_job(search, n, &job);
	}
}

int wire_read_jobs(const struct provider *p, const char *text, size_t len, const struct wire_asked *asked, size_t n_asked,
		   wire_visit_like visit, void *arg, struct wire_page *ret, struct err *err)
{
	struct search search = { p, NULL, n_asked, visit, arg };
	const struct json *root, *jobs;
	struct json_doc *doc;
	int r = -1;

	*ret = (struct wire_page){ .oldest_ms = 0 };
	if (wire_parse(&doc, &root, text, len, NULL, err))
		return -1;
	jobs = json_member(root, "jobs");
	if (!json_is_array(jobs)) {
		json_free(doc);
		return err_set(err, ERR_INPUT, "the service's answer has no list 'jobs'");
	}
	if (take_next(root, ret, err) == 0 && open_search(&search, asked, err) == 0) {
		look_at_jobs(&search, jobs, ret);
		r = 0;
	}
	if (search.sought)
		close_search(&search);
	json_free(doc);
	return r;
}
