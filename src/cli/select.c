#include "cli/select.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 256 /* variables that a suggestion is looked for among */

/* ---- the names there are ---------------------------------------------------- */

static bool is_variable(void *arg, const char *name)
{
	const struct manifest *m = arg;

	for (int64_t i = 0; i < m->n_jobs; i++)
		for (int k = 0; k < m->jobs[i].n_axes; k++)
			if (predicate_is_named(m->jobs[i].axes[k].name, name))
				return true;
	return false;
}

static size_t add_name(const char **names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return n;
	if (n < NAMES_MAX)
		names[n++] = name;
	return n;
}

static const char *suggest(void *arg, const char *name)
{
	const struct manifest *m = arg;
	const char *names[NAMES_MAX];
	size_t n = 0;

	for (int64_t i = 0; i < m->n_jobs; i++)
		for (int k = 0; k < m->jobs[i].n_axes; k++)
			n = add_name(names, n, m->jobs[i].axes[k].name);
	return text_nearest(name, names, n);
}

/* ---- asking ------------------------------------------------------------------ */

static bool holds(void *arg, const struct job *job, enum job_state state)
{
	const struct select *s = arg;
	struct predicate_subject subject;

	predicate_subject_of_job(&subject, job, job_state_name(state));
	return predicate_holds(s->predicate, &subject);
}

static bool may_hold(struct select *s, const struct job *job)
{
	int n_states = s->asks_state ? JOB_N_STATES : 1;

	for (int state = 0; state < n_states; state++)
		if (holds(s, job, (enum job_state)state))
			return true;
	return false;
}

int select_parse(struct predicate **ret, const char *expression, const struct predicate_names *names, struct arena *arena, struct err *err)
{
	struct strbuf why = STRBUF_INIT(ERR_TEXT_MAX);
	struct predicate *p = NULL;
	size_t offset = 0;
	char *before;
	int rc = predicate_parse(&p, expression, names, arena, &offset, &why);

	if (rc == 0) {
		*ret = p;
	} else {
		before = mem_strndup(expression, offset);
		rc = err_set(err, ERR_USAGE, "--select, at character %zu: %s", text_utf8_length(before) + 1, why.buf);
		free(before);
	}
	strbuf_release(&why);
	return rc;
}

/* Without `state` first: that it does not read so tells that it asks for it. */
static int parse(struct select *s, struct prepared *p, const char *text)
{
	struct predicate_names names = { p->card, p->manifest->backend, false, is_variable, suggest, p->manifest };
	struct err why = ERR_INIT;
	int rc = select_parse(&s->predicate, text, &names, &s->arena, &why);

	if (rc < 0) {
		s->asks_state = names.has_state = true;
		rc = select_parse(&s->predicate, text, &names, &s->arena, &why);
	}
	if (rc < 0)
		findings_add(&p->findings, 0, 0, why.text);
	return rc;
}

int select_open(struct select *s, struct prepared *p, const struct options *o)
{
	char n[48];

	memset(s, 0, sizeof *s);
	if (!o->select) {
		s->n_jobs = p->config.n_jobs;
		return 0;
	}
	if (parse(s, p, o->select) < 0)
		return err_exit_status(ERR_USAGE);
	for (int64_t i = 0; i < p->config.n_jobs; i++)
		s->n_jobs += may_hold(s, &p->config.jobs[i]);
	if (s->n_jobs == 0) {
		char *sentence = mem_printf("--select matches none of the manifest's %s: '%s'",
					    text_count(n, sizeof n, p->config.n_jobs, "job"), o->select);

		findings_add(&p->findings, 0, 0, sentence);
		free(sentence);
		return err_exit_status(ERR_USAGE);
	}
	p->config.select = holds;
	p->config.select_arg = s;
	return 0;
}

void select_close(struct select *s)
{
	arena_release(&s->arena);
	memset(s, 0, sizeof *s);
}
