/* See differ.h. */
#include "run/differ.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <string.h>

#define FIELDS_MAX (CARD_PARAMS_MAX + 8)  /* parameters, inputs, model, made_by */
#define NOT_SAID "(not said)"

struct field {
	const char *name;
	const struct json *value;
};

struct differ_fields {
	struct json_doc *doc;
	struct field list[FIELDS_MAX]; /* model and made_by first, then by name as the text has them */
	int n;
};

static void add(struct differ_fields *f, const char *name, const struct json *value)
{
	if (value && f->n < FIELDS_MAX)
		f->list[f->n++] = (struct field){ name, value };
}

static void add_members(struct differ_fields *f, const struct json *object)
{
	for (const struct json *n = json_first(object); n; n = json_next(n))
		add(f, json_name(n), n);
}

int differ_read(struct differ_fields **ret, const char *canonical, struct err *err)
{
	struct differ_fields *f = mem_zalloc(1, sizeof *f);
	const struct json *root;

	if (json_parse(&f->doc, canonical, strlen(canonical), JOB_TEXT_MAX, "a job's canonical text", ERR_LEDGER, err) != 0) {
		free(f);
		return -1;
	}
	root = json_root(f->doc);
	add(f, "model", json_member(root, "model"));
	add(f, "made_by", json_member(root, "made_by"));
	add_members(f, json_member(root, "inputs"));
	add_members(f, json_member(root, "params"));
	*ret = f;
	return 0;
}

void differ_free(struct differ_fields *f)
{
	if (!f)
		return;
	json_free(f->doc);
	free(f);
}

const char *differ_model(const struct differ_fields *f)
{
	return json_string(json_member(json_root(f->doc), "model"), "");
}

static const struct json *find(const struct differ_fields *f, const char *name)
{
	for (int i = 0; i < f->n; i++)
		if (strcmp(f->list[i].name, name) == 0)
			return f->list[i].value;
	return NULL;
}

static bool same(const struct json *a, const struct json *b)
{
	if (!a || !b)
		return a == b;
	if (json_is_string(a))
		return json_is_string(b) && strcmp(json_string(a, ""), json_string(b, "")) == 0;
	if (json_is_bool(a))
		return json_is_bool(b) && json_bool(a, false) == json_bool(b, false);
	return json_is_number(a) && json_is_number(b) && json_number(a, 0) == json_number(b, 0);
}

int differ_count(const struct differ_fields *a, const struct differ_fields *b)
{
	int n = 0;

	for (int i = 0; i < a->n; i++)
		n += !same(a->list[i].value, find(b, a->list[i].name));
	for (int i = 0; i < b->n; i++)
		n += !find(a, b->list[i].name);
	return n;
}

/* As people write it; a value that the text leaves out is the neutral one. */
static char *print_value(const struct json *v, const char *name, const struct card *card)
{
	struct strbuf text = STRBUF_INIT(JOB_TEXT_MAX);
	int index = card ? card_find(card, name) : -1;
	char number[TEXT_NUMBER_MAX];

	if (json_is_string(v))
		strbuf_adds(&text, json_string(v, ""));
	else if (json_is_bool(v))
		strbuf_adds(&text, json_bool(v, false) ? "true" : "false");
	else if (json_is_number(v))
		strbuf_adds(&text, text_number(number, json_number(v, 0)));
	else if (index >= 0 && card_param(card, index)->neutral.kind != VALUE_NONE)
		value_print(&text, &card_param(card, index)->neutral);
	else
		strbuf_adds(&text, NOT_SAID);
	return strbuf_detach(&text);
}

static const char *note_of(const char *name, const char *before, const char *now, const struct card *card)
{
	size_t len = strcspn(before, ":");
	int index = card ? card_find(card, name) : -1;

	if (strcmp(name, "made_by") == 0)
		return strncmp(before, now, len + 1) == 0 ? "other weights" : "another backend";
	return index >= 0 && card_param(card, index)->type == PARAM_FILE ? "the file's content, by its SHA-256" : "";
}

static void add_difference(struct run_why *ret, const char *name, const struct json *before, const struct json *now, const struct card *card)
{
	struct run_difference *d;

	ret->differences = mem_realloc(ret->differences, (size_t)ret->n_differences + 1, sizeof *ret->differences);
	d = &ret->differences[ret->n_differences++];
	*d = (struct run_difference){ mem_strdup(name), print_value(before, name, card), print_value(now, name, card), "" };
	d->note = note_of(name, d->before, d->now, card);
}

void differ_list(const struct differ_fields *before, const struct differ_fields *now, const struct card *card, struct run_why *ret)
{
	for (int i = 0; i < before->n; i++) {
		const struct json *v = find(now, before->list[i].name);

		if (!same(before->list[i].value, v))
			add_difference(ret, before->list[i].name, before->list[i].value, v, card);
	}
	for (int i = 0; i < now->n; i++)
		if (!find(before, now->list[i].name))
			add_difference(ret, now->list[i].name, NULL, now->list[i].value, card);
}
