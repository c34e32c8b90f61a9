/*
 * settings_run: how a manifest's jobs are made: run, hosted, fake.
 */
#include "manifest/inside.h"

#include "base/text.h"

#include <string.h>

/* ---- run.retry ------------------------------------------------------------- */

/* What may be tried again on request is all that is not anyway; of the rest, why it is no choice. */
const char *why_not_retried(enum fail_class class)
{
	if (class == FAIL_REMOTE_UNKNOWN)
		return "may have been paid for: only 'mgbatch retry MANIFEST ID --pay-again' sends it again; remove it";
	if (class == FAIL_CRASH)
		return "is a death of the program, three of which a job may have: remove it";
	if (fail_class_stops_run(class))
		return "stops the run and uses up no try: remove it, for the same command continues";
	if (fail_class_is_retried(class))
		return "is tried again anyway: remove it";
	return NULL;
}

static void say_unknown_class(struct manifest_inside *in, const struct node *n)
{
	const char *names[FAIL_N_CLASSES], *near;
	size_t n_names = 0;
	struct shown s;

	show(&s, n->text);
	strbuf_reset(&in->why);
	for (int c = FAIL_NONE + 1; c < FAIL_N_CLASSES; c++) {
		if (why_not_retried((enum fail_class)c))
			continue;
		strbuf_addf(&in->why, "%s %s", n_names ? "," : "", fail_class_name((enum fail_class)c));
		names[n_names++] = fail_class_name((enum fail_class)c);
	}
	near = text_nearest(n->text, names, n_names);
	if (near)
		NODE_SAY(in, n, "retry has the unknown class of failure '%s', did you mean '%s'?", s.text, near);
	else
		NODE_SAY(in, n, "retry has the unknown class of failure '%s': it may have%s", s.text, in->why.buf);
}

static void read_retried(struct manifest_inside *in, const struct node *n)
{
	enum fail_class class;
	const char *why;

	if (n->kind != NODE_SCALAR || node_is_null(n)) {
		NODE_SAY(in, n, "retry must be a list of classes of failure as [remote_failed], found %s", node_kind_text(n));
		return;
	}
	if (fail_class_find(n->text, &class) || class == FAIL_NONE) {
		say_unknown_class(in, n);
		return;
	}
	why = why_not_retried(class);
	if (why)
		NODE_SAY(in, n, "retry: '%s' %s", n->text, why);
	else if (in->m->run.retried_classes & 1u << class)
		NODE_SAY(in, n, "retry has '%s' twice: remove one", n->text);
	else
		in->m->run.retried_classes |= 1u << class;
}

static void read_retry(struct manifest_inside *in, const struct node *run)
{
	const struct node *n = node_find(run, "retry");

	if (n && n->kind == NODE_LIST)
		for (int i = 0; i < n->n; i++)
			read_retried(in, n->items[i]);
	else if (n)
		read_retried(in, n);
}

/* ---- run ------------------------------------------------------------------- */

static void read_credits(struct manifest_inside *in, const struct node *run)
{
	const struct node *n = scalar_member(in, run, "credits");
	struct shown s;

	in->m->run.credits = -1;
	if (!n)
		return;
	if (n->is_quoted || !text_parse_number(n->text, &in->m->run.credits) || in->m->run.credits < 0) {
		NODE_SAY(in, n, "credits must be a number of at least 0, found '%s'", show(&s, n->text));
		in->m->run.credits = -1;
	} else if (in->backend != PARAM_SCENARIO && backend_said(in) != PARAM_SCENARIO) {
		NODE_WARN(in, n, "credits limit the hosted backend only; '%s' costs none", param_backend_name(in->backend));
	}
}

void run_read(struct manifest_inside *in)
{
	static const char *const keys[] = { "for", "tries", "memory", "credits", "retry", NULL };
	const struct node *run = map_member(in, in->root, "run"), *n;
	struct shown s;

	in->m->run.tries = 3; /* DESIGN section 5 */
	if (run)
		keys_check(in, run, "run", keys, false);
	(void)member_duration(in, run, "for", &in->m->run.for_s);
	member_int(in, run, "tries", 1, TRIES_MAX, &in->m->run.tries);
	n = scalar_member(in, run, "memory");
	if (n && (!text_parse_size(n->text, &in->m->run.memory_bytes) || in->m->run.memory_bytes == 0))
		NODE_SAY(in, n, "memory must be a size as 800M or 6G, found '%s'", show(&s, n->text));
	read_credits(in, run);
	read_retry(in, run);
}

/* ---- hosted ----------------------------------------------------------------- */

/* As the backend takes it (backend/hosted/credentials.c): it becomes part of every request's address. */
static bool project_is_good(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:");

	return n > 0 && n <= HOSTED_PROJECT_MAX && !text[n];
}

void hosted_read(struct manifest_inside *in)
{
	static const char *const keys[] = { "project", "jobs", "requests_per_minute", "deadline", NULL };
	const struct node *hosted = map_member(in, in->root, "hosted"), *n;
	struct manifest_hosted *ret = &in->m->hosted;
	double deadline_s = 0;
	struct shown s;

	if (hosted)
		keys_check(in, hosted, "hosted", keys, false);
	n = scalar_member(in, hosted, "project");
	if (n && project_is_good(n->text))
		ret->project = n->text;
	else if (n)
		NODE_SAY(in, n, "project must be a project's id as proj_AbC123, of letters, digits and _ - . : alone, found '%s'", show(&s, n->text));
	(void)member_int(in, hosted, "jobs", 1, HOSTED_JOBS_MAX, &ret->n_jobs);
	(void)member_int(in, hosted, "requests_per_minute", 1, HOSTED_PER_MINUTE_MAX, &ret->per_minute);
	n = member_duration(in, hosted, "deadline", &deadline_s);
	if (n && deadline_s < 1)
		NODE_SAY(in, n, "deadline must be at least 1s, found '%s': it is how long an accepted job may take (30m unless said)", show(&s, n->text));
	else if (n)
		ret->deadline_s = deadline_s;
}

/* ---- fake ----------------------------------------------------------------- */

static void say_classes(struct manifest_inside *in, const struct node *n)
{
	struct shown s;

	strbuf_reset(&in->why);
	for (int c = FAIL_NONE + 1; c < FAIL_N_CLASSES; c++)
		strbuf_addf(&in->why, "%s%s", c == FAIL_NONE + 1 ? "" : ", ", fail_class_name((enum fail_class)c));
	NODE_SAY(in, n, "fail must be one of %s, found '%s'", in->why.buf, show(&s, n->text));
}

void fake_read(struct manifest_inside *in, const struct node *n, const struct fake_script *base, struct fake_script **ret)
{
	static const char *const keys[] = { "delay", "fail", "times", "crash", NULL };
	struct fake_script *script = arena_alloc(&in->arena, 1, sizeof *script);
	const struct node *fail;
	enum fail_class class;

	*script = *base;
	*ret = script;
	if (!n)
		return;
	if (n->kind != NODE_MAP) {
		NODE_SAY(in, n, "fake must be a map as {delay: 20ms, fail: io, times: 2}, found %s", node_kind_text(n));
		return;
	}
	keys_check(in, n, "fake", keys, false);
	(void)member_duration(in, n, "delay", &script->delay_s);
	fail = scalar_member(in, n, "fail");
	if (fail && (fail_class_find(fail->text, &class) || class == FAIL_NONE))
		say_classes(in, fail);
	else if (fail)
		script->fail = fail_class_name(class);
	member_int(in, n, "times", 0, FAKE_TIMES_MAX, &script->fail_times);
	member_int(in, n, "crash", 0, FAKE_TIMES_MAX, &script->crash_times);
	if (node_find(n, "times") && !script->fail)
		NODE_SAY(in, n, "times counts failures, and no 'fail' says which: add fail, or remove times");
}
