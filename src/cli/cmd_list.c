#include "base/json.h"
#include "base/json_write.h"
#include "base/text.h"
#include "cli/choose.h"
#include "cli/cmds.h"
#include "cli/folder.h"
#include "cli/print.h"

#include <string.h>

#define SET_WIDTH_MAX 24
#define STATE_WIDTH 10 /* "submitting" and "superseded" */

struct listing {
	const struct options *o;
	struct choose choose;
	struct strbuf text;
	int set_width; /* of the longest set name; 0: no sets */
	int64_t n;
};

static int measure(void *arg, const struct ledger_job *job, struct err *err)
{
	struct listing *list = arg;
	size_t len = strlen(job->set);
	int meant = choose_row(&list->choose, job, err);

	if (meant <= 0)
		return meant;
	if (len > SET_WIDTH_MAX)
		len = SET_WIDTH_MAX;
	if ((int)len > list->set_width)
		list->set_width = (int)len;
	return 0;
}

static int add_axes(struct strbuf *text, const struct ledger_job *job, struct err *err)
{
	struct json_doc *axes = NULL;

	if (json_parse(&axes, job->axes, strlen(job->axes), JOB_TEXT_MAX, "axes", ERR_LEDGER, err) < 0)
		return -1;
	for (const struct json *n = json_first(json_root(axes)); n; n = json_next(n)) {
		strbuf_adds(text, "  ");
		print_visible(text, json_name(n));
		strbuf_addc(text, '=');
		print_visible(text, json_string(n, ""));
	}
	json_free(axes);
	return 0;
}

static int add_line(struct listing *list, const struct ledger_job *job, struct err *err)
{
	strbuf_addf(&list->text, "%s  %-*s  ", job->id_text, STATE_WIDTH, job_state_name(job->state));
	if (list->set_width) {
		size_t before = list->text.len;

		print_visible(&list->text, job->set);
		while (list->text.len < before + (size_t)list->set_width + 2)
			strbuf_addc(&list->text, ' ');
	}
	print_visible(&list->text, job->path);
	if (add_axes(&list->text, job, err) < 0)
		return -1;
	if (job->class != FAIL_NONE) {
		strbuf_addf(&list->text, "  %s: ", fail_class_name(job->class));
		print_visible(&list->text, job->sentence);
	}
	strbuf_addc(&list->text, '\n');
	return 0;
}

static void add_json(struct listing *list, const struct ledger_job *job)
{
	struct json_writer json;

	strbuf_adds(&list->text, list->n ? ",\n" : "\n");
	json_begin(&json, &list->text, 0);
	json_open_object(&json, NULL);
	json_put_text(&json, "id", job->id_text);
	json_put_text(&json, "state", job_state_name(job->state));
	json_put_text(&json, "set", job->set);
	json_put_text(&json, "path", job->path);
	json_put_int(&json, "take", job->take);
	json_put_raw(&json, "axes", job->axes);
	json_put_raw(&json, "tags", job->tags);
	json_put_raw(&json, "params", job->params);
	if (job->class != FAIL_NONE) {
		json_put_text(&json, "class", fail_class_name(job->class));
		json_put_text(&json, "sentence", job->sentence);
	}
	if (job->remote_id)
		json_put_text(&json, "remote_id", job->remote_id);
	if (job->remote_id || job->credits > 0)
		json_put_number(&json, "credits", text_credits_rounded(job->credits));
	json_close(&json);
}

static int visit(void *arg, const struct ledger_job *job, struct err *err)
{
	struct listing *list = arg;
	int meant = choose_row(&list->choose, job, err);

	if (meant <= 0)
		return meant;
	if (list->o->json)
		add_json(list, job);
	else if (add_line(list, job, err) < 0)
		return -1;
	list->n++;
	print_out(&list->text);
	return print_is_broken();
}

static int print_all(struct listing *list, struct ledger *l, unsigned mask, struct err *err)
{
	struct strbuf *text = &list->text;
	int r;

	if (!list->o->json)
		return ledger_each(l, mask, measure, list, err) < 0 ? -1 : ledger_each(l, mask, visit, list, err);
	strbuf_addc(text, '[');
	r = ledger_each(l, mask, visit, list, err);
	strbuf_adds(text, list->n ? "\n]\n" : "]\n");
	print_out(text);
	return r;
}

int cmd_list(const struct options *o)
{
	struct listing list = { .o = o, .text = STRBUF_INIT(PRINT_MAX) };
	unsigned mask = LEDGER_ALL_STATES;
	struct err err = ERR_INIT;
	struct folder f = { 0 };
	enum job_state state;
	int status;

	if (o->state) {
		if (job_state_find(o->state, &state) < 0)
			BUG("the option --state lets '%s' pass", o->state);
		mask = 1u << state;
	}
	status = folder_open(&f, o);
	if (!status && choose_open(&list.choose, o->select, f.ledger, &err) < 0)
		status = print_err(&err);
	if (!status && print_all(&list, f.ledger, mask, &err) < 0)
		status = print_err(&err);
	if (!status && list.n == 0 && o->select && !o->json) /* an empty list is an answer; a slip of the pen gives one too */
		print_message("no job here%s%s matches --select '%s'", o->state ? " that is " : "", o->state ? o->state : "", o->select);
	choose_close(&list.choose);
	folder_close(&f);
	strbuf_release(&list.text);
	return status;
}
