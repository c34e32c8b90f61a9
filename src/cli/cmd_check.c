#include "base/text.h"
#include "cli/cmds.h"
#include "cli/print.h"
#include "cli/ready.h"

static void print_text(const struct ready *r, const struct options *o)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	char n[48];

	print_visible(&text, o->args[0]);
	strbuf_addf(&text, ": %s, no mistakes", text_count(n, sizeof n, r->p.config.n_jobs, "job"));
	if (o->select)
		strbuf_addf(&text, "; %s%lld selected", r->select.asks_state ? "by their states, at most " : "", (long long)r->select.n_jobs);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

int cmd_check(const struct options *o)
{
	struct ready r;
	struct err err = ERR_INIT;
	int status = ready_open(&r, o, &err);

	ready_tell(&r, o, status, &err, true);
	if (!status && !o->json && !o->is_quiet)
		print_text(&r, o);
	ready_close(&r);
	return status;
}
