#include "base/fs.h"
#include "base/json_write.h"
#include "base/text.h"
#include "cli/choose.h"
#include "cli/cmds.h"
#include "cli/folder.h"
#include "cli/print.h"
#include "cli/ready.h"
#include "report/report.h"

#include <string.h>

#define LISTED_MAX 10   /* of the findings that are not wrong, lines of one kind; --json has all */
#define REPORTS_MAX 16
#define SIGNAL_STATUS 128 /* the shell's convention */

static const char *const whats[RUN_VERIFY_N_WHATS] = {
	[RUN_VERIFY_LEDGER] = "ledger", [RUN_VERIFY_MISSING] = "missing", [RUN_VERIFY_SIZE] = "size", [RUN_VERIFY_CONTENT] = "content",
	[RUN_VERIFY_DIFFERENT] = "different", [RUN_VERIFY_FAILED] = "failed", [RUN_VERIFY_EQUAL] = "equal",
	[RUN_VERIFY_NOT_COMPARED] = "not_compared", [RUN_VERIFY_UNKNOWN] = "unknown", [RUN_VERIFY_STRAY] = "stray",
};

struct looking {
	const struct options *o;
	struct strbuf text;
	struct json_writer json;
	int n_listed[RUN_VERIFY_N_WHATS];
};

static void add_json(struct looking *look, const struct run_verify_finding *finding)
{
	json_open_object(&look->json, NULL);
	json_put_text(&look->json, "what", whats[finding->what]);
	json_put_bool(&look->json, "wrong", RUN_VERIFY_IS_WRONG(finding->what));
	json_put_text(&look->json, "id", finding->id_text);
	json_put_text(&look->json, "path", finding->path);
	json_put_text(&look->json, "sentence", finding->sentence);
	json_close(&look->json);
}

static void add_line(struct looking *look, const struct run_verify_finding *finding)
{
	struct strbuf *text = &look->text;

	strbuf_addf(text, "%-12s  ", whats[finding->what]);
	if (*finding->id_text)
		strbuf_addf(text, "%s  ", finding->id_text);
	if (*finding->path) {
		print_visible(text, finding->path);
		strbuf_adds(text, ": ");
	}
	print_visible(text, finding->sentence);
	strbuf_addc(text, '\n');
}

static int visit(void *arg, const struct run_verify_finding *finding, struct err *err)
{
	struct looking *look = arg;
	bool is_wrong = RUN_VERIFY_IS_WRONG(finding->what);

	(void)err;
	if (look->o->json)
		add_json(look, finding);
	else if (is_wrong || (look->n_listed[finding->what]++ < LISTED_MAX && !look->o->is_quiet))
		add_line(look, finding);
	print_now(&look->text);
	return 0;
}

static void end_text(struct looking *look, const struct run_verify_result *r)
{
	int64_t n_wrong = run_verify_wrong(r), n_made = r->n_found[RUN_VERIFY_EQUAL] + r->n_found[RUN_VERIFY_DIFFERENT];
	struct strbuf *text = &look->text;
	char n[48], bytes[32];

	if (look->o->is_quiet && !n_wrong)
		return;
	for (int what = RUN_VERIFY_EQUAL; what < RUN_VERIFY_N_WHATS; what++)
		if (r->n_found[what] > LISTED_MAX && !look->o->is_quiet)
			strbuf_addf(text, "%-12s  and %lld more; --json lists them all\n", whats[what], (long long)r->n_found[what] - LISTED_MAX);
	strbuf_addf(text, "%s, %s", text_count(n, sizeof n, r->n_finished, "finished file"), text_bytes(bytes, sizeof bytes, (uint64_t)r->n_bytes));
	if (n_wrong)
		strbuf_addf(text, ": %s wrong\n", text_count(n, sizeof n, n_wrong, "thing"));
	else
		strbuf_adds(text, look->o->deep ? ": all there, with the content that was made\n" : ": all there, each of its size\n");
	if (look->o->n_regen)
		strbuf_addf(text, "%s made again, %lld with the same samples\n", text_count(n, sizeof n, n_made, "job"),
			    (long long)r->n_found[RUN_VERIFY_EQUAL]);
	if (r->is_going_on)
		strbuf_adds(text, "the latest run has not ended, or died: files that no job made were not looked for\n");
	if (r->is_interrupted)
		strbuf_adds(text, "interrupted: not all was looked at\n");
}

static void end_json(struct looking *look, const struct run_verify_result *r)
{
	struct json_writer *json = &look->json;

	json_close(json); /* the findings */
	json_put_int(json, "finished", r->n_finished);
	json_put_int(json, "bytes", r->n_bytes);
	json_put_int(json, "wrong", run_verify_wrong(r));
	json_open_object(json, "found");
	for (int what = 0; what < RUN_VERIFY_N_WHATS; what++)
		json_put_int(json, whats[what], r->n_found[what]);
	json_close(json);
	json_put_bool(json, "deep", look->o->deep);
	json_put_bool(json, "going_on", r->is_going_on);
	json_put_bool(json, "interrupted", r->is_interrupted);
	json_close(json);
	strbuf_addc(json->out, '\n');
}

static int verify(const struct options *o, struct run_verify *ask)
{
	struct looking look = { .o = o, .text = STRBUF_INIT(PRINT_MAX) };
	struct run_verify_result result;
	struct err err = ERR_INIT;
	int status;

	ask->visit = visit;
	ask->visit_arg = &look;
	if (o->json) {
		json_begin(&look.json, &look.text, 2);
		json_open_object(&look.json, NULL);
		json_open_array(&look.json, "findings");
	}
	if (run_stop_install(&err) < 0 || run_verify(ask, &result, &err) < 0) {
		status = print_err(&err);
		goto out;
	}
	if (o->json)
		end_json(&look, &result);
	else
		end_text(&look, &result);
	print_out(&look.text);
	status = result.is_interrupted ? SIGNAL_STATUS + run_stop_signal() : run_verify_wrong(&result) > 0;
out:
	strbuf_release(&look.text);
	return status;
}

/* --regen needs what a run needs; which jobs --select leaves is asked of the ledger's rows, not of the manifest. */
static int prepare(struct ready *r, const struct options *o, const struct folder *f)
{
	struct err err = ERR_INIT;
	int status;

	if (!o->n_regen)
		return 0;
	if (!f->manifest_name) {
		print_message("--regen makes jobs again, so it needs their manifest: 'mgbatch verify MANIFEST --regen %lld'; found the folder '%s'",
			      (long long)o->n_regen, o->args[0]);
		return 2;
	}
	if (!strcmp(f->backend, param_backend_name(PARAM_SCENARIO))) {
		print_message("--regen makes jobs again, and what the hosted model makes is paid for each time: leave --regen out");
		return 2;
	}
	status = prepare_open(&r->p, o, &err);
	ready_tell(r, o, status, &err, false);
	return status;
}

int cmd_verify(const struct options *o)
{
	const char *reports[REPORTS_MAX];
	struct run_verify ask = { .deep = o->deep, .n_regen = o->n_regen, .ignored = reports };
	struct choose choose = { .predicate = NULL };
	struct err err = ERR_INIT;
	struct ready r = { .p = { .card = NULL } };
	struct folder f = { 0 };
	int status = folder_open(&f, o);

	while (ask.n_ignored < REPORTS_MAX && report_file(ask.n_ignored)) {
		reports[ask.n_ignored] = report_file(ask.n_ignored);
		ask.n_ignored++;
	}
	if (!status && choose_open(&choose, o->select, f.ledger, &err) < 0)
		status = print_err(&err);
	if (!status)
		status = prepare(&r, o, &f);
	if (!status) {
		folder_place(&f, o, &ask.place);
		choose_place(&choose, &ask.place);
		ask.config = o->n_regen ? &r.p.config : NULL;
		folder_let_go(&f);
		status = verify(o, &ask);
	}
	ready_close(&r);
	choose_close(&choose);
	folder_close(&f);
	return status;
}
