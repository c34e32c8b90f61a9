/*
 * rules: what joins parameters, in a closed form that the card writes.
 *
 *   {"if": COND, "need": NAME or [NAME, ...], "say": TEXT}   broken when COND holds and none of the names is said
 *   {"if": COND, "refuse": NAME, "say": TEXT}                broken when COND holds; points at NAME
 *   {"if": COND, "less": [A, B], "say": TEXT}                broken when COND holds, both have a number, and not A < B
 *
 * "if" may be left out (always holds), "backend": ["native", ...] keeps a rule to
 * those. COND is an object whose members must all hold:
 *   "NAME": "said" or "not said"    the effective value is there, and is not a text of blanks
 *   "NAME": VALUE or [VALUE, ...]   the effective value is (one of) this
 *   "version": "melody", "not melody", "stereo" or "not stereo", or a list of these, all of which must hold:
 *                                   what the checkpoint is
 * TEXT is the whole sentence; {NAME} in it prints the effective value.
 *
 * There is no "or" but lists, no arithmetic and no nesting: two rules say "or".
 */
#include "param/card_inside.h"

#include "base/text.h"

#include <string.h>

static const struct {
	const char *word;
	enum term_kind kind;
} version_terms[] = {
	{ "melody", TERM_MELODY },
	{ "not melody", TERM_NOT_MELODY },
	{ "stereo", TERM_STEREO },
	{ "not stereo", TERM_NOT_STEREO },
};

/* ---- reading -------------------------------------------------------------- */

static int find_subject(const struct card *card, const struct json *n, int *ret, struct err *err)
{
	const char *name = json_string(n, "");

	*ret = card_find(card, name);
	if (*ret < 0)
		return err_set(err, ERR_MANIFEST, "'%.60s' is no parameter", name);
	return 0;
}

static int read_subjects(struct card *card, const struct json *n, struct rule *rule, struct err *err)
{
	const struct json *item;
	size_t count = json_is_array(n) ? json_count(n) : 1;

	if (count == 0 || count > CARD_LIST_MAX)
		return err_set(err, ERR_MANIFEST, "a rule names 1 to %d parameters", CARD_LIST_MAX);
	rule->subjects = arena_alloc(&card->arena, count, sizeof *rule->subjects);
	if (!json_is_array(n)) {
		rule->n_subjects = 1;
		return find_subject(card, n, rule->subjects, err);
	}
	for (item = json_first(n); item; item = json_next(item))
		if (find_subject(card, item, &rule->subjects[rule->n_subjects++], err))
			return -1;
	return 0;
}

static int read_verb(struct card *card, const struct json *n, struct rule *rule, struct err *err)
{
	static const char *const verbs[] = { [RULE_NEED] = "need", [RULE_REFUSE] = "refuse", [RULE_LESS] = "less" };
	const struct json *verb = NULL;
	size_t i;

	for (i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		const struct json *m = json_member(n, verbs[i]);

		if (m && verb)
			return err_set(err, ERR_MANIFEST, "only one of 'need', 'refuse' and 'less' may stand in a rule");
		if (m) {
			verb = m;
			rule->kind = (enum rule_kind)i;
		}
	}
	if (!verb)
		return err_set(err, ERR_MANIFEST, "one of 'need', 'refuse' and 'less' must be there");
	if (read_subjects(card, verb, rule, err))
		return -1;
	if (rule->kind == RULE_REFUSE && rule->n_subjects != 1)
		return err_set(err, ERR_MANIFEST, "'refuse' names one parameter");
	if (rule->kind != RULE_LESS)
		return 0;
	if (rule->n_subjects != 2)
		return err_set(err, ERR_MANIFEST, "'less' names two parameters");
	for (i = 0; i < 2; i++)
		if (param_kind(card->params[rule->subjects[i]].type) != VALUE_NUMBER)
			return err_set(err, ERR_MANIFEST, "'less' is for numbers");
	return 0;
}

static int read_version_term(const struct json *n, struct rule_term *term, struct err *err)
{
	size_t i;

	for (i = 0; i < sizeof version_terms / sizeof *version_terms; i++)
		if (strcmp(json_string(n, ""), version_terms[i].word) == 0) {
			term->kind = version_terms[i].kind;
			term->index = -1;
			return 0;
		}
	return err_set(err, ERR_MANIFEST, "'version' must be melody, not melody, stereo or not stereo");
}

static int read_param_term(struct card *card, const struct json *n, struct rule_term *term, struct err *err)
{
	const char *word = json_string(n, "");
	const struct json *item = json_is_array(n) ? json_first(n) : n;
	size_t count = json_is_array(n) ? json_count(n) : 1;
	struct value *any;

	term->index = card_find(card, json_name(n));
	if (term->index < 0)
		return err_set(err, ERR_MANIFEST, "'if': '%.60s' is no parameter", json_name(n));
	if (strcmp(word, "said") == 0 || strcmp(word, "not said") == 0) {
		term->kind = word[0] == 's' ? TERM_SAID : TERM_NOT_SAID;
		return 0;
	}
	term->kind = TERM_IS;
	any = arena_alloc(&card->arena, count, sizeof *any);
	term->any = any;
	for (; term->n_any < count; item = json_next(item))
		if (card_copy_value(card, item, card->params[term->index].type, json_name(n), &any[term->n_any++], err))
			return err_wrap(err, "'if'");
	return 0;
}

static int read_condition(struct card *card, const struct json *cond, struct rule *rule, struct err *err)
{
	const struct json *n, *item;
	size_t count = 0;

	if (!cond)
		return 0;
	if (!json_is_object(cond))
		return err_set(err, ERR_MANIFEST, "'if' must be an object");
	for (n = json_first(cond); n; n = json_next(n)) {
		if (json_is_array(n) && json_count(n) == 0)
			return err_set(err, ERR_MANIFEST, "'if': '%.60s' has no values", json_name(n));
		count += json_is_array(n) ? json_count(n) : 1;
	}
	if (count > CARD_LIST_MAX)
		return err_set(err, ERR_MANIFEST, "'if' has more than %d conditions", CARD_LIST_MAX);
	rule->terms = arena_alloc(&card->arena, count ? count : 1, sizeof *rule->terms);
	for (n = json_first(cond); n; n = json_next(n)) {
		if (json_member(cond, json_name(n)) != n)
			return err_set(err, ERR_MANIFEST, "'if' has '%.60s' twice", json_name(n));
		if (strcmp(json_name(n), "version") != 0) {
			if (read_param_term(card, n, &rule->terms[rule->n_terms++], err))
				return -1;
			continue;
		}
		for (item = json_is_array(n) ? json_first(n) : n; item; item = json_is_array(n) ? json_next(item) : NULL)
			if (read_version_term(item, &rule->terms[rule->n_terms++], err))
				return -1;
	}
	return 0;
}

static int read_backend_list(const struct json *n, struct rule *rule, struct err *err)
{
	const struct json *item;
	enum param_backend b;
	int i;

	for (i = 0; i < PARAM_N_BACKENDS; i++)
		rule->on[i] = !n;
	if (!n)
		return 0;
	if (!json_is_array(n) || !json_first(n))
		return err_set(err, ERR_MANIFEST, "'backend' must be a list of backends");
	for (item = json_first(n); item; item = json_next(item)) {
		if (param_backend_find(json_string(item, ""), &b))
			return err_set(err, ERR_MANIFEST, "'backend': '%.60s' is none", json_string(item, ""));
		rule->on[b] = true;
	}
	return 0;
}

/* The parameter that {NAME} at `at` names, and where the text goes on; -1: the brace is not closed or names none. */
static int placeholder_at(const struct card *card, const char *at, const char **next)
{
	const char *end = strchr(at, '}');
	char name[CARD_NAME_MAX + 1];
	size_t len;

	if (!end || (len = (size_t)(end - at - 1)) > CARD_NAME_MAX)
		return -1;
	memcpy(name, at + 1, len);
	name[len] = '\0';
	*next = end + 1;
	return card_find(card, name);
}

static int check_sentence(const struct card *card, const char *say, struct err *err)
{
	const char *at;

	for (at = strchr(say, '{'); at; at = strchr(at, '{'))
		if (placeholder_at(card, at, &at) < 0)
			return err_set(err, ERR_MANIFEST, "'say': a brace must hold a parameter's name");
	return 0;
}

int card_rule_parse(struct card *card, const struct json *n, struct rule *ret, struct err *err)
{
	static const char *const known[] = { "backend", "if", "need", "refuse", "less", "say", NULL };

	if (card_check_members(n, known, err) || card_copy_text(card, n, "say", true, CARD_TEXT_MAX, &ret->say, err) ||
	    check_sentence(card, ret->say, err) || read_backend_list(json_member(n, "backend"), ret, err) ||
	    read_condition(card, json_member(n, "if"), ret, err))
		return -1;
	return read_verb(card, n, ret, err);
}

/* ---- checking ------------------------------------------------------------- */

static bool is_there(const struct value *v)
{
	if (v->kind != VALUE_TEXT)
		return v->kind != VALUE_NONE;
	return v->as.text[strspn(v->as.text, " \t\r\n")] != '\0';
}

static bool holds_value(const struct rule_term *term, const struct value *v)
{
	size_t i;

	for (i = 0; i < term->n_any; i++)
		if (value_equal(&term->any[i], v))
			return true;
	return false;
}

static bool term_holds(const struct card *card, const struct rule_term *term, const struct value *values,
		       const struct rule_facts *facts)
{
	struct value v = VALUE_NONE_INIT;
	bool holds[TERM_NOT_STEREO + 1] = { false };

	if (term->index >= 0)
		v = param_effective(card, facts->backend, values, term->index);
	holds[TERM_SAID] = is_there(&v);
	holds[TERM_NOT_SAID] = !is_there(&v);
	holds[TERM_IS] = holds_value(term, &v);
	holds[TERM_MELODY] = facts->is_melody;
	holds[TERM_NOT_MELODY] = !facts->is_melody;
	holds[TERM_STEREO] = facts->is_stereo;
	holds[TERM_NOT_STEREO] = !facts->is_stereo;
	return holds[term->kind];
}

static bool any_subject_there(const struct card *card, const struct rule *rule, const struct value *values,
			      const struct rule_facts *facts)
{
	size_t i;

	for (i = 0; i < rule->n_subjects; i++) {
		struct value v = param_effective(card, facts->backend, values, rule->subjects[i]);

		if (is_there(&v))
			return true;
	}
	return false;
}

static bool is_broken(const struct card *card, const struct rule *rule, const struct value *values, const struct rule_facts *facts)
{
	struct value a, b;
	size_t i;

	if (!rule->on[facts->backend])
		return false;
	for (i = 0; i < rule->n_terms; i++)
		if (!term_holds(card, &rule->terms[i], values, facts))
			return false;
	if (rule->kind == RULE_REFUSE)
		return true;
	if (rule->kind == RULE_NEED)
		return !any_subject_there(card, rule, values, facts);
	a = param_effective(card, facts->backend, values, rule->subjects[0]);
	b = param_effective(card, facts->backend, values, rule->subjects[1]);
	return a.kind == VALUE_NUMBER && b.kind == VALUE_NUMBER && !(a.as.number < b.as.number);
}

/* The first parameter of the rule that was said, else of its conditions, else -1. */
static int point_at(const struct rule *rule, const struct value *values)
{
	size_t i;

	for (i = 0; i < rule->n_subjects; i++)
		if (values[rule->subjects[i]].kind != VALUE_NONE)
			return rule->subjects[i];
	for (i = 0; i < rule->n_terms; i++)
		if (rule->terms[i].index >= 0 && values[rule->terms[i].index].kind != VALUE_NONE)
			return rule->terms[i].index;
	return -1;
}

static void print_sentence(const struct card *card, const struct rule *rule, const struct value *values, enum param_backend backend,
			   struct strbuf *out)
{
	const char *at = rule->say;

	while (*at) {
		struct value v;

		if (*at != '{') {
			strbuf_addc(out, *at++);
			continue;
		}
		v = param_effective(card, backend, values, placeholder_at(card, at, &at));
		value_print(out, &v);
	}
}

int rules_check(const struct card *card, const struct value *values, const struct rule_facts *facts, rule_say say, void *arg)
{
	uint64_t pointed = 0;
	int i, n_said = 0;

	for (i = 0; i < card->n_rules; i++) {
		struct strbuf sentence = STRBUF_INIT(ERR_TEXT_MAX);
		int index;

		if (!is_broken(card, &card->rules[i], values, facts))
			continue;
		index = point_at(&card->rules[i], values);
		if (index >= 0 && (pointed >> index & 1) != 0)
			continue;
		if (index >= 0)
			pointed |= (uint64_t)1 << index;
		print_sentence(card, &card->rules[i], values, facts->backend, &sentence);
		say(arg, index, sentence.buf);
		strbuf_release(&sentence);
		n_said++;
	}
	return n_said;
}

void rule_facts_from_version(struct rule_facts *facts, const char *version)
{
	facts->is_melody = version && strstr(version, "melody");
	facts->is_stereo = version && strstr(version, "stereo");
}
