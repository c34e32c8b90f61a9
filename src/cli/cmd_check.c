#include "base/json_write.h"
#include "base/text.h"
#include "cli/cmds.h"
#include "cli/print.h"
#include "cli/prepare.h"

static void print_json(const struct prepared *p, int status, const struct err *err)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct json_writer json;

	json_begin(&json, &text, 2);
	json_open_object(&json, NULL);
	json_put_bool(&json, "ok", status == 0);
	json_put_int(&json, "exit_status", status);
	json_put_int(&json, "jobs_total", status ? 0 : p->config.n_jobs);
	findings_json(&p->findings, &json);
	if (err->text[0])
		json_put_text(&json, "error", err->text);
	json_close(&json);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

int cmd_check(const struct options *o)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct prepared p;
	struct err err = ERR_INIT;
	int status = prepare_open(&p, o, &err);

	if (o->json) {
		print_json(&p, status, &err);
	} else {
		prepare_print_findings(&p, o);
		if (err.text[0])
			(void)print_err(&err);
		if (!status && !o->is_quiet) {
			char n[48];

			print_visible(&text, o->args[0]);
			strbuf_addf(&text, ": %s, no mistakes\n", text_count(n, sizeof n, p.config.n_jobs, "job"));
			print_out(&text);
		}
	}
	prepare_close(&p);
	strbuf_release(&text);
	return status;
}
