/* What an error answer means, and what a person can do about it. */
#include "backend/hosted/wire_inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A day: a service that wants more is not waited for but told of. */
#define WAIT_S_MAX 86400.0
#define JOBS_MAX 100000

/* Of one name or value that is quoted. */
#define NAME_MAX_BYTES 80

/* What a sentence is made of. */
struct told {
	const struct provider *p;
	int status;
	char words[WIRE_TEXT_MAX + 1]; /* "": none */
	char field[NAME_MAX_BYTES + 1], model[NAME_MAX_BYTES + 1], plan[NAME_MAX_BYTES + 1];
	bool is_about_plan;
};

/* ---- reading --------------------------------------------------------------------------------- */

/* A number, or a text of one; NAN: neither. */
static double number_of(const struct json *n)
{
	double v;

	if (json_is_number(n))
		return json_number(n, 0);
	return json_is_string(n) && text_parse_number(json_string(n, ""), &v) ? v : (double)NAN;
}

/* A text or a number, fit for a sentence. */
static void take_name(char out[NAME_MAX_BYTES + 1], const struct json *n)
{
	char number[TEXT_NUMBER_MAX];
	const char *text = json_is_number(n) ? text_number(number, json_number(n, 0)) : json_string(n, "");

	wire_words(out, NAME_MAX_BYTES + 1, text, strlen(text));
}

/* Which field is meant: no page says where it stands, so it is looked for where such services have it. */
static void take_field(struct told *told, const struct json *root)
{
	static const char *const names[] = { "field", "param", "parameter", "property", "path", "instancePath" };
	static const char *const places[] = { "details", "errors", "error", "detail" };
	size_t i, k;

	for (i = 0; i <= sizeof places / sizeof *places; i++) {
		const struct json *at = i ? json_member(root, places[i - 1]) : root;

		if (json_is_array(at))
			at = json_first(at);
		for (k = 0; k < sizeof names / sizeof *names && !*told->field; k++)
			take_name(told->field, json_member(at, names[k]));
	}
}

static void take_waits(const struct json *root, struct wire_error *ret)
{
	const struct json *details = json_member(root, "details"), *limit = json_member(details, "actionLimit");
	double n = number_of(limit ? limit : json_member(root, "actionLimit"));
	double s = number_of(json_member(root, "remainingSeconds"));

	if (isnan(s))
		s = number_of(json_member(details, "remainingSeconds"));
	if (n >= 1 && n <= JOBS_MAX)
		ret->n_jobs = (int)n;
	if (limit || json_member(details, "actionName") || json_member(root, "actionLimit"))
		ret->trouble = WIRE_TOO_MANY_JOBS;
	if (s >= 0) {
		ret->wait_ms = (int64_t)ceil((s < WAIT_S_MAX ? s : WAIT_S_MAX) * 1000);
		if (ret->trouble != WIRE_TOO_MANY_JOBS)
			ret->trouble = WIRE_COOLDOWN;
	}
}

static void read_json(const struct json *root, struct told *told, struct wire_error *ret)
{
	const char *words = wire_words_of(root);

	if (!words)
		words = wire_words_of(json_member(root, "errors"));
	if (!words)
		words = wire_words_of(json_member(root, "details"));
	if (words)
		wire_words(told->words, sizeof told->words, words, strlen(words));
	if (ret->trouble == WIRE_TOO_MANY_REQUESTS)
		take_waits(root, ret);
	take_field(told, root);
	take_name(told->model, json_member(root, "modelId"));
	take_name(told->plan, json_member(root, "requiredPlan"));
	told->is_about_plan = *told->plan || !strcmp(json_string(json_member(root, "name"), ""), "ModelAccessRestrictedError");
}

/* ---- pages ------------------------------------------------------------------------------------- */

/* Where word begins in text[0..len), ASCII case ignored; len: nowhere. */
static size_t find(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word), i;

	for (i = 0; n <= len && i <= len - n; i++)
		if (strncasecmp(text + i, word, n) == 0)
			return i;
	return len;
}

/* What lies between two tags; false: there are none. */
static bool between(const char **text, size_t *len, const char *from, const char *to)
{
	size_t begin = find(*text, *len, from), n;

	if (begin == *len)
		return false;
	begin += strlen(from);
	n = find(*text + begin, *len - begin, to);
	*text += begin;
	*len = n;
	return true;
}

/* The text of a page without its tags, scripts and styles. */
static void strip_tags(struct strbuf *out, const char *text, size_t len)
{
	static const char *const silent[] = { "script", "style" };
	size_t i = 0, k;

	while (i < len) {
		if (text[i] != '<') {
			strbuf_addc(out, text[i++]);
			continue;
		}
		i++;
		for (k = 0; k < sizeof silent / sizeof *silent; k++) {
			size_t n = strlen(silent[k]);

			if (len - i >= n && strncasecmp(text + i, silent[k], n) == 0)
				i += find(text + i, len - i, k ? "</style" : "</script");
		}
		while (i < len && text[i] != '>')
			i++;
		i += i < len;
		strbuf_addc(out, ' ');
	}
}

/*
 * Of a page its title, else its first words; of an XML document, which may hold parts of a signature (S3), only its message; of
 * anything else that is no JSON the first words.
 */
static void read_page(const char *content_type, const char *text, size_t len, struct told *told)
{
	size_t n = len < 4096 ? len : 4096, blanks = 0;
	struct strbuf plain = STRBUF_INIT(4096);
	bool is_xml, is_page;

	while (blanks < n && strchr(" \t\r\n", text[blanks]))
		blanks++;
	text += blanks;
	n -= blanks;
	is_xml = strstr(content_type, "xml") != NULL || find(text, n, "<?xml") == 0 || find(text, n, "<Error>") < n;
	is_page = !is_xml && n > 0 && text[0] == '<';
	if (is_xml && !between(&text, &n, "<Message>", "</Message>"))
		n = 0;
	if (is_page)
		(void)between(&text, &n, "<title>", "</title>");
	if (is_page || is_xml)
		strip_tags(&plain, text, n);
	else
		strbuf_add(&plain, text, n);
	wire_words(told->words, sizeof told->words, plain.buf, plain.len);
	strbuf_release(&plain);
}

/* ---- sentences ---------------------------------------------------------------------------------- */

/* " (403: 'words')" */
static void add_words(struct strbuf *out, const struct told *told)
{
	strbuf_addf(out, " (%d", told->status);
	if (*told->words)
		strbuf_addf(out, ": '%s'", told->words);
	strbuf_addc(out, ')');
}

static void say_bad_request(struct strbuf *out, const struct told *told)
{
	strbuf_adds(out, "the service refuses the request");
	if (*told->field)
		strbuf_addf(out, " for '%s'", told->field);
	add_words(out, told);
	strbuf_adds(out, ": change it in the manifest");
}

static void say_unauthorised(struct strbuf *out, const struct told *told)
{
	strbuf_adds(out, "the service does not accept the API key and its secret");
	add_words(out, told);
	strbuf_addf(out, ": check %s and %s, or the file in their place", told->p->key_variable, told->p->secret_variable);
}

static void say_unpaid(struct strbuf *out, const struct told *told)
{
	strbuf_adds(out, "the service wants credits or a plan that this account does not have");
	add_words(out, told);
	strbuf_adds(out, ": buy credits there, or wait until the plan renews them");
}

static void say_forbidden(struct strbuf *out, const struct told *told)
{
	if (told->is_about_plan) {
		strbuf_adds(out, "the account's plan does not include the model");
		if (*told->model)
			strbuf_addf(out, " '%s'", told->model);
		if (*told->plan)
			strbuf_addf(out, ", it needs the plan '%s'", told->plan);
		add_words(out, told);
		strbuf_adds(out, ": change the plan there, or take another model");
		return;
	}
	strbuf_adds(out, "the service does not let this API key do that");
	add_words(out, told);
	strbuf_addf(out, ": check that the project (%s, or hosted.project) belongs to the key, or name none", told->p->project_variable);
}

static void say_not_found(struct strbuf *out, const struct told *told)
{
	strbuf_adds(out, "the service does not know what was asked for");
	add_words(out, told);
	strbuf_addf(out, ": check the model, and the project (%s, or hosted.project); what was deleted there is gone", told->p->project_variable);
}

static void say_too_many_jobs(struct strbuf *out, const struct told *told)
{
	strbuf_adds(out, "the service has as many jobs of this account as it takes at once");
	add_words(out, told);
	strbuf_adds(out, ": it takes more when some have ended; a lower hosted.jobs avoids this");
}

static void say_cooldown(struct strbuf *out, const struct told *told)
{
	strbuf_adds(out, "the service wants a pause before the next request");
	add_words(out, told);
	strbuf_adds(out, ": try again after it");
}

static void say_too_many_requests(struct strbuf *out, const struct told *told)
{
	strbuf_adds(out, "the service got more requests than it takes");
	add_words(out, told);
	strbuf_adds(out, ": try again later; a lower hosted.requests_per_minute avoids this");
}

static void say_server(struct strbuf *out, const struct told *told)
{
	if (told->status >= 300 && told->status < 400) {
		strbuf_adds(out, "the service sends us to another address");
		add_words(out, told);
		strbuf_addf(out, ", where a key is never sent: check %s", told->p->url_variable);
		return;
	}
	strbuf_adds(out, told->status >= 500 ? "the service has trouble of its own" : "the service gave an answer that was not expected");
	add_words(out, told);
	strbuf_adds(out, ": try again later");
}

/* ---- the whole ------------------------------------------------------------------------------------ */

static enum wire_trouble trouble_of(int status)
{
	static const struct {
		int status;
		enum wire_trouble trouble;
	} rows[] = {
		{ 400, WIRE_BAD_REQUEST }, { 422, WIRE_BAD_REQUEST }, { 401, WIRE_UNAUTHORISED },	 { 402, WIRE_UNPAID },
		{ 403, WIRE_FORBIDDEN },   { 404, WIRE_NOT_FOUND },   { 429, WIRE_TOO_MANY_REQUESTS },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].status == status)
			return rows[i].trouble;
	return WIRE_SERVER;
}

/* The service's words are shortened where else what to do would be cut off. */
static void say(struct told *told, struct wire_error *ret)
{
	static void (*const sayers[])(struct strbuf *, const struct told *) = {
		[WIRE_BAD_REQUEST] = say_bad_request,	[WIRE_UNAUTHORISED] = say_unauthorised,
		[WIRE_UNPAID] = say_unpaid,		[WIRE_FORBIDDEN] = say_forbidden,
		[WIRE_NOT_FOUND] = say_not_found,	[WIRE_TOO_MANY_JOBS] = say_too_many_jobs,
		[WIRE_COOLDOWN] = say_cooldown,		[WIRE_TOO_MANY_REQUESTS] = say_too_many_requests,
		[WIRE_SERVER] = say_server,
	};
	struct strbuf sentence = STRBUF_INIT(4096);
	size_t n_words = strlen(told->words);

	sayers[ret->trouble](&sentence, told);
	if (sentence.len >= sizeof ret->sentence) {
		size_t n_over = sentence.len - (sizeof ret->sentence - 1);

		wire_words(told->words, n_over < n_words ? n_words - n_over + 1 : 1, told->words, n_words);
		strbuf_reset(&sentence);
		sayers[ret->trouble](&sentence, told);
	}
	wire_words(ret->sentence, sizeof ret->sentence, sentence.buf, sentence.len);
	strbuf_release(&sentence);
}

void wire_read_error(const struct provider *p, int status, const char *content_type, const char *text, size_t len, struct wire_error *ret)
{
	struct told told = { .p = p, .status = status };
	struct json_doc *doc = NULL;
	struct err ignored = ERR_INIT;

	*ret = (struct wire_error){ .trouble = trouble_of(status), .wait_ms = -1 };
	if (len > 0 && json_parse(&doc, text, len, WIRE_ANSWER_MAX, "an error", ERR_INPUT, &ignored) == 0)
		read_json(json_root(doc), &told, ret);
	else if (len > 0)
		read_page(content_type ? content_type : "", text, len, &told);
	json_free(doc);
	say(&told, ret);
}
