#include "cli/choose.h"

#include "base/mem.h"
#include "base/text.h"
#include "cli/select.h"

#include <stdlib.h>
#include <string.h>

/* ---- one row ------------------------------------------------------------------ */

static void forget_row(struct choose *c)
{
	for (int i = 0; i < CHOOSE_N_TEXTS; i++) {
		json_free(c->docs[i]);
		c->docs[i] = NULL;
	}
	c->n_tags = 0;
}

/* NULL where the text is damaged: c->err says so then. */
static const struct json *root_of(struct choose *c, enum choose_text which)
{
	static const char *const whats[] = { [CHOOSE_PARAMS] = "a job's parameters", [CHOOSE_AXES] = "a job's axes", [CHOOSE_TAGS] = "a job's tags" };
	const char *texts[] = { [CHOOSE_PARAMS] = c->row->params, [CHOOSE_AXES] = c->row->axes, [CHOOSE_TAGS] = c->row->tags };

	if (!c->docs[which] && c->err.code == ERR_NONE)
		(void)!json_parse(&c->docs[which], texts[which], strlen(texts[which]), JOB_TEXT_MAX, whats[which], ERR_LEDGER, &c->err);
	return c->docs[which] ? json_root(c->docs[which]) : NULL;
}

/* The subject points at a pointer: a row's texts are read when they are asked for, and the subject is const. */
static struct choose *chooser_of(const void *of)
{
	return *(struct choose *const *)of;
}

static struct value row_param(const void *of, int param)
{
	struct choose *c = chooser_of(of);
	const struct json *n = json_member(root_of(c, CHOOSE_PARAMS), card_param(c->card, param)->name);
	struct value v = VALUE_NONE_INIT;

	if (json_is_string(n)) {
		v.kind = VALUE_TEXT;
		v.as.text = json_string(n, "");
	} else if (json_is_number(n)) {
		v.kind = VALUE_NUMBER;
		v.as.number = json_number(n, 0);
	} else if (json_is_bool(n)) {
		v.kind = VALUE_BOOL;
		v.as.flag = json_bool(n, false);
	}
	return v;
}

static const char *row_variable(const void *of, const char *name)
{
	struct choose *c = chooser_of(of);

	for (const struct json *n = json_first(root_of(c, CHOOSE_AXES)); n; n = json_next(n))
		if (predicate_is_named(json_name(n), name))
			return json_string(n, NULL);
	return NULL;
}

/* An empty list, which most rows have, is not worth a reading. */
static void read_tags(struct choose *c)
{
	if (!strcmp(c->row->tags, "[]"))
		return;
	for (const struct json *n = json_first(root_of(c, CHOOSE_TAGS)); n; n = json_next(n)) {
		MEM_GROW(c->tags, c->n_tags, c->cap_tags);
		c->tags[c->n_tags++] = json_string(n, "");
	}
}

int choose_row(void *arg, const struct ledger_job *row, struct err *err)
{
	struct choose *c = arg;
	struct predicate_subject subject = { .param = row_param, .variable = row_variable, .of = &c, .set = row->set,
					     .state = job_state_name(row->state), .take = row->take };
	bool holds;

	if (!c->predicate)
		return 1;
	c->row = row;
	read_tags(c);
	subject.tags = c->tags;
	subject.n_tags = c->n_tags;
	holds = predicate_holds(c->predicate, &subject);
	forget_row(c);
	if (c->err.code == ERR_NONE)
		return holds;
	*err = c->err;
	return err_wrap(err, "job %s", row->id_text);
}

/* ---- the names there are ---------------------------------------------------------- */

struct naming {
	struct choose *choose;
	struct ledger *ledger;
	bool is_read; /* the rows' variables are in choose->names */
	struct err err;
};

static void add_name(struct choose *c, const char *name)
{
	for (size_t i = 0; i < c->n_names; i++)
		if (!strcmp(c->names[i], name))
			return;
	MEM_GROW(c->names, c->n_names, c->cap_names);
	c->names[c->n_names++] = mem_strdup(name);
}

static int read_names(void *arg, const struct ledger_job *row, struct err *err)
{
	struct choose *c = arg;

	c->row = row;
	for (const struct json *n = json_first(root_of(c, CHOOSE_AXES)); n; n = json_next(n))
		add_name(c, json_name(n));
	forget_row(c);
	if (c->err.code == ERR_NONE)
		return 0;
	*err = c->err;
	return -1;
}

/* Only an expression that names no parameter has the rows read for their variables. */
static void read_all_names(struct naming *n)
{
	if (!n->is_read)
		(void)!ledger_scan(n->ledger, LEDGER_ALL_STATES, read_names, n->choose, &n->err);
	n->is_read = true;
}

static bool is_variable(void *arg, const char *name)
{
	struct naming *n = arg;

	read_all_names(n);
	for (size_t i = 0; i < n->choose->n_names; i++)
		if (predicate_is_named(n->choose->names[i], name))
			return true;
	return false;
}

static const char *suggest(void *arg, const char *name)
{
	struct naming *n = arg;

	read_all_names(n);
	for (size_t i = n->choose->n_names; i-- > 0;)
		if (strchr(n->choose->names[i], '.'))
			add_name(n->choose, strchr(n->choose->names[i], '.') + 1);
	return text_nearest(name, (const char *const *)n->choose->names, n->choose->n_names);
}

/* ---- opening ------------------------------------------------------------------------ */

static int parse(struct choose *c, const char *expression, struct ledger *l, enum param_backend backend, struct err *err)
{
	struct naming naming = { .choose = c, .ledger = l, .err = ERR_INIT };
	struct predicate_names names = { c->card, backend, true, is_variable, suggest, &naming };
	int rc = select_parse(&c->predicate, expression, &names, &c->arena, err);

	if (naming.err.code == ERR_NONE)
		return rc;
	*err = naming.err;
	return -1;
}

int choose_open(struct choose *c, const char *expression, struct ledger *l, struct err *err)
{
	enum param_backend backend = PARAM_NATIVE;
	struct ledger_head head;

	memset(c, 0, sizeof *c);
	if (!expression)
		return 0;
	if (card_open(&c->card, CARD_DEFAULT, err) != 0 || ledger_head(l, &head, err) != 0)
		return -1;
	if (param_backend_find(head.backend, &backend) != 0)
		return err_set(err, ERR_LEDGER, "the ledger is of a backend '%s' that this mgbatch does not know", head.backend);
	return parse(c, expression, l, backend, err);
}

void choose_place(struct choose *c, struct run_place *place)
{
	if (!c->predicate)
		return;
	place->select = choose_row;
	place->select_arg = c;
}

void choose_close(struct choose *c)
{
	forget_row(c);
	for (size_t i = 0; i < c->n_names; i++)
		free(c->names[i]);
	free(c->names);
	free(c->tags);
	arena_release(&c->arena);
	card_close(c->card);
	memset(c, 0, sizeof *c);
}
