/*
 * card: a model card from JSON, and look-ups in it. See param.h; rows are in card_row.c, rules in rules.c.
 *
 * The top of a card: {"card": 1, "model": .., "hosted_model": .., "source": .., "params": [..], "rules": [..]}.
 * Everything unknown, twice or out of range is an error, so that a slip in a card is found when it is built in
 * and not when somebody's manifest meets it.
 */
#include "param/card_inside.h"

#include "base/mem.h"
#include "base/text.h"
#include "param/card_data.h"

#include <string.h>

#define CARD_FORMAT 1

/* Words that name templates, predicates or conditions use already. */
static const char *const reserved_names[] = { "set", "axes", "take", "id", "tags", "state", "label", "version" };

int card_check_members(const struct json *object, const char *const *known, struct err *err)
{
	const struct json *m;
	size_t i;

	if (!json_is_object(object))
		return err_set(err, ERR_MANIFEST, "must be an object");
	for (m = json_first(object); m; m = json_next(m)) {
		for (i = 0; known[i] && strcmp(known[i], json_name(m)) != 0; i++)
			;
		if (!known[i])
			return err_set(err, ERR_MANIFEST, "'%s' is not known here", json_name(m));
		if (json_member(object, json_name(m)) != m)
			return err_set(err, ERR_MANIFEST, "'%s' is there twice", json_name(m));
	}
	return 0;
}

static bool is_plain(const char *text, size_t max)
{
	size_t i;

	for (i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f || i == max)
			return false;
	}
	return i > 0;
}

int card_copy_text(struct card *card, const struct json *object, const char *name, bool needed, size_t max, const char **ret,
		   struct err *err)
{
	const struct json *n = json_member(object, name);
	const char *text = json_string(n, NULL);

	if (!n && !needed)
		return 0;
	if (!text || !is_plain(text, max))
		return err_set(err, ERR_MANIFEST, "'%s' must be a text of 1 to %zu bytes without control characters", name, max);
	*ret = arena_strdup(&card->arena, text);
	return 0;
}

static int list_take(struct card *card, const struct json *n, const char *name, char **list, size_t at, struct err *err)
{
	const char *text = json_string(n, NULL);
	size_t i;

	if (!text || !is_plain(text, CARD_NAME_MAX))
		return err_set(err, ERR_MANIFEST, "'%s' must hold texts of 1 to %d bytes", name, CARD_NAME_MAX);
	for (i = 0; i < at; i++)
		if (strcmp(list[i], text) == 0)
			return err_set(err, ERR_MANIFEST, "'%s' holds '%s' twice", name, text);
	list[at] = arena_strdup(&card->arena, text);
	return 0;
}

int card_copy_list(struct card *card, const struct json *object, const char *name, const char *const **ret, size_t *n_ret,
		   struct err *err)
{
	const struct json *n = json_member(object, name), *item;
	size_t count = json_count(n), i = 0;
	char **list;

	if (!n)
		return 0;
	if (!json_is_array(n) || count == 0 || count > CARD_LIST_MAX)
		return err_set(err, ERR_MANIFEST, "'%s' must be a list of 1 to %d texts", name, CARD_LIST_MAX);
	list = arena_alloc(&card->arena, count, sizeof *list);
	for (item = json_first(n); item; item = json_next(item), i++)
		if (list_take(card, item, name, list, i, err))
			return -1;
	*ret = (const char *const *)list;
	*n_ret = count;
	return 0;
}

int card_copy_value(struct card *card, const struct json *n, enum param_type type, const char *what, struct value *ret,
		    struct err *err)
{
	struct value v = VALUE_NONE_INIT;

	if (json_is_number(n)) {
		v.kind = VALUE_NUMBER;
		v.as.number = json_number(n, 0);
	} else if (json_is_bool(n)) {
		v.kind = VALUE_BOOL;
		v.as.flag = json_bool(n, false);
	} else if (json_is_string(n)) {
		v.kind = VALUE_TEXT;
		v.as.text = arena_strdup(&card->arena, json_string(n, ""));
	}
	if (v.kind == VALUE_NONE || v.kind != param_kind(type))
		return err_set(err, ERR_MANIFEST, "'%s' is not of the parameter's type", what);
	*ret = v;
	return 0;
}

/* ---- the whole ------------------------------------------------------------ */

/* Names and aliases share one name space, letters another: {axes} must stay injective. */
static int check_new_row(const struct card *card, const struct param *p, struct err *err)
{
	size_t i;
	int k;

	for (i = 0; i < sizeof reserved_names / sizeof *reserved_names; i++)
		if (text_equal_ignoring_case(reserved_names[i], p->name) ||
		    (p->alias && text_equal_ignoring_case(reserved_names[i], p->alias)))
			return err_set(err, ERR_MANIFEST, "the name '%s' is reserved", reserved_names[i]);
	for (k = 0; k < card->n_params; k++) {
		const struct param *q = &card->params[k];
		const char *const mine[] = { p->name, p->alias }, *const other[] = { q->name, q->alias };
		int a, b;

		for (a = 0; a < 2; a++)
			for (b = 0; b < 2; b++)
				if (mine[a] && other[b] && text_equal_ignoring_case(mine[a], other[b]))
					return err_set(err, ERR_MANIFEST, "the name '%s' is taken", mine[a]);
		if (strcmp(p->name_letter, q->name_letter) == 0)
			return err_set(err, ERR_MANIFEST, "the letter '%s' is taken by '%s'", p->name_letter, q->name);
	}
	return 0;
}

static int parse_rows(struct card *card, const struct json *rows, struct err *err)
{
	const struct json *n;
	size_t count = json_count(rows);

	if (!json_is_array(rows) || count == 0 || count > CARD_PARAMS_MAX)
		return err_set(err, ERR_MANIFEST, "'params' must be a list of 1 to %d rows", CARD_PARAMS_MAX);
	card->params = arena_alloc(&card->arena, count, sizeof *card->params);
	for (n = json_first(rows); n; n = json_next(n)) {
		struct param *p = &card->params[card->n_params];
		const char *name = json_string(json_member(n, "name"), NULL);

		if (card_row_parse(card, n, p, err) || check_new_row(card, p, err))
			return name ? err_wrap(err, "parameter '%.60s'", name)
				    : err_wrap(err, "parameter %d", card->n_params + 1);
		card->n_params++;
	}
	return 0;
}

static int parse_rules(struct card *card, const struct json *rules, struct err *err)
{
	const struct json *n;
	size_t count = json_count(rules);

	if (!rules)
		return 0;
	if (!json_is_array(rules) || count > CARD_RULES_MAX)
		return err_set(err, ERR_MANIFEST, "'rules' must be a list of at most %d rules", CARD_RULES_MAX);
	card->rules = arena_alloc(&card->arena, count, sizeof *card->rules);
	for (n = json_first(rules); n; n = json_next(n)) {
		if (card_rule_parse(card, n, &card->rules[card->n_rules], err))
			return err_wrap(err, "rule %d", card->n_rules + 1);
		card->n_rules++;
	}
	return 0;
}

static int card_fill(struct card *card, const struct json *root, struct err *err)
{
	static const char *const known[] = { "card", "model", "hosted_model", "source", "params", "rules", NULL };
	const char *source = NULL;

	if (card_check_members(root, known, err))
		return -1;
	if (json_number(json_member(root, "card"), 0) != (double)CARD_FORMAT)
		return err_set(err, ERR_MANIFEST, "'card' must be %d, the format of this version", CARD_FORMAT);
	if (card_copy_text(card, root, "model", true, CARD_NAME_MAX, &card->model, err) ||
	    card_copy_text(card, root, "hosted_model", true, CARD_NAME_MAX, &card->hosted_model, err) ||
	    card_copy_text(card, root, "source", false, CARD_TEXT_MAX, &source, err))
		return -1;
	if (parse_rows(card, json_member(root, "params"), err))
		return -1;
	return parse_rules(card, json_member(root, "rules"), err);
}

/* ---- words people type instead -------------------------------------------- */

static void add_word(struct card *card, const char *word, const char *means)
{
	card->words[card->n_words].word = word;
	card->words[card->n_words].means = means;
	card->n_words++;
}

static void collect_words(struct card *card)
{
	size_t n = 0, k;
	int i;

	for (i = 0; i < card->n_params; i++)
		n += 2 + card->params[i].n_also;
	card->words = arena_alloc(&card->arena, n, sizeof *card->words);
	for (i = 0; i < card->n_params; i++)
		add_word(card, card->params[i].name, card->params[i].name);
	for (i = 0; i < card->n_params; i++)
		if (card->params[i].alias)
			add_word(card, card->params[i].alias, card->params[i].alias);
	for (i = 0; i < card->n_params; i++)
		for (k = 0; k < card->params[i].n_also; k++)
			add_word(card, card->params[i].also[k], card->params[i].name);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_joint(char c)
{
	return c == '_' || c == '-' || c == ' ';
}

/* cfg_scale, cfg-scale, cfgScale and CFGSCALE are one word. */
static bool same_word(const char *a, const char *b)
{
	for (;;) {
		while (is_joint(*a))
			a++;
		while (is_joint(*b))
			b++;
		if (lower(*a) != lower(*b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

const char *card_suggest(const struct card *card, const char *word)
{
	const char **near;
	const char *best, *ret = NULL;
	size_t i, n = 0;

	for (i = 0; i < card->n_words; i++)
		if (same_word(card->words[i].word, word))
			return card->words[i].means;
	near = mem_zalloc(card->n_words, sizeof *near);
	/* The shortest words (k, p, mbd) are near to anything: they count only when they are exact. */
	for (i = 0; i < card->n_words; i++)
		if (strlen(card->words[i].word) >= 4)
			near[n++] = card->words[i].word;
	best = text_nearest(word, near, n);
	for (i = 0; best && !ret && i < card->n_words; i++)
		if (card->words[i].word == best)
			ret = card->words[i].means;
	free(near);
	return ret;
}

/* ---- the door ------------------------------------------------------------- */

int card_parse(struct card **ret, const char *json, size_t len, struct err *err)
{
	struct json_doc *doc = NULL;
	struct card *card = NULL;
	int r = -1;

	if (json_parse(&doc, json, len, CARD_BYTES_MAX, "the model card", ERR_MANIFEST, err))
		return -1;
	card = mem_zalloc(1, sizeof *card);
	if (card_fill(card, json_root(doc), err)) {
		(void)err_wrap(err, "the model card");
		goto out;
	}
	collect_words(card);
	*ret = card;
	card = NULL;
	r = 0;
out:
	card_close(card);
	json_free(doc);
	return r;
}

int card_open(struct card **ret, const char *name, struct err *err)
{
	struct strbuf names = STRBUF_INIT(ERR_TEXT_MAX / 2);
	const struct embedded *d;

	for (d = card_data; d->name; d++) {
		if (strcmp(d->name, name) == 0)
			return card_parse(ret, d->text, d->len, err);
		strbuf_addf(&names, "%s'%s'", names.len ? ", " : "", d->name);
	}
	(void)err_set(err, ERR_MANIFEST, "model '%.60s' is not known: the models are %s", name, names.buf);
	strbuf_release(&names);
	return -1;
}

void card_close(struct card *card)
{
	if (!card)
		return;
	arena_release(&card->arena);
	free(card);
}

const char *card_model(const struct card *card)
{
	return card->model;
}

const char *card_hosted_model(const struct card *card)
{
	return card->hosted_model;
}

int card_n_params(const struct card *card)
{
	return card->n_params;
}

const struct param *card_param(const struct card *card, int index)
{
	if (index < 0 || index >= card->n_params)
		BUG("parameter %d of %d", index, card->n_params);
	return &card->params[index];
}

int card_find(const struct card *card, const char *name)
{
	int i;

	for (i = 0; i < card->n_params; i++) {
		const struct param *p = &card->params[i];

		if (strcmp(p->name, name) == 0 || (p->alias && strcmp(p->alias, name) == 0))
			return i;
	}
	return -1;
}
