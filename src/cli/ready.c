#include "cli/ready.h"

#include "base/json_write.h"
#include "cli/print.h"

#include <stdio.h>
#include <string.h>

int ready_open(struct ready *r, const struct options *o, struct err *err)
{
	int status;

	memset(r, 0, sizeof *r);
	status = prepare_open(&r->p, o, err);
	return status ? status : select_open(&r->select, &r->p, o);
}

static void print_findings(const struct ready *r, const struct options *o)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	findings_print(&r->p.findings, o->args[0], &text);
	(void)fputs(text.buf, stderr);
	strbuf_release(&text);
}

static void print_json(const struct ready *r, int status, const struct err *err)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct json_writer json;

	json_begin(&json, &text, 2);
	json_open_object(&json, NULL);
	json_put_bool(&json, "ok", status == 0);
	json_put_int(&json, "exit_status", status);
	json_put_int(&json, "jobs_total", status ? 0 : r->p.config.n_jobs);
	json_put_int(&json, "jobs_selected", status ? 0 : r->select.n_jobs);
	findings_json(&r->p.findings, &json);
	if (err->text[0])
		json_put_text(&json, "error", err->text);
	json_close(&json);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

void ready_tell(const struct ready *r, const struct options *o, int status, const struct err *err, bool always_json)
{
	if (o->json && (status || always_json))
		print_json(r, status, err);
	else
		print_findings(r, o);
	if (err->text[0])
		(void)print_err(err);
}

void ready_tell_err(const struct ready *r, const struct options *o, int status, const struct err *err)
{
	if (o->json)
		print_json(r, status, err);
	(void)print_err(err);
}

void ready_close(struct ready *r)
{
	select_close(&r->select);
	prepare_close(&r->p);
}
