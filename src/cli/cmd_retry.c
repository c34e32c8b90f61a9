#include "base/json_write.h"
#include "base/text.h"
#include "cli/choose.h"
#include "cli/cmds.h"
#include "cli/command_line.h"
#include "cli/folder.h"
#include "cli/print.h"
#include "cli/tally.h"

#include <stddef.h>
#include <stdlib.h>

/* What was found of the jobs that were meant, in the order in which it is told. */
static const struct tally rows[] = { /* of struct run_retry_result */
	{ offsetof(struct run_retry_result, n_failed), "failed", "had failed: pending again, with all tries" },
	{ offsetof(struct run_retry_result, n_done), "done", "finished: to be made again, the old file stays until the new one is complete" },
	{ offsetof(struct run_retry_result, n_paid), "paid", "perhaps paid for already: to be made again" },
	{ offsetof(struct run_retry_result, n_pending), "pending", "pending anyway: nothing to do" },
	{ offsetof(struct run_retry_result, n_in_hand), "in_hand", "in the hands of a run that died: the next one begins them again by itself" },
	{ offsetof(struct run_retry_result, n_superseded), "superseded", "no longer in the manifest: left alone" },
	{ offsetof(struct run_retry_result, n_left_done), "left_done", "finished, and made again only by their ids" },
	{ offsetof(struct run_retry_result, n_left_unknown), "left_unknown",
	  "unknown or lost, perhaps paid for: made again only by their ids with --pay-again" },
};

#define N_ROWS (sizeof rows / sizeof *rows)

/* The run of the same manifest into the same folder. A folder alone does not say which manifest's it is. */
static void add_run(struct strbuf *text, const struct options *o, const struct folder *f)
{
	struct options same = { .output = o->output, .backend = o->backend, .credits = f->lacks_cap ? "N" : NULL, .args = o->args, .n_args = 1 };
	char *line = f->manifest_name ? command_line(&same) : NULL;

	print_visible(text, line ? line : "mgbatch run");
	strbuf_adds(text, line ? "" : " with its manifest");
	free(line);
}

static void print_text(const struct run_retry_result *result, int64_t n_renewed, const struct options *o, const struct folder *f)
{
	bool is_whole = o->n_args == 1 && !o->select;
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	char n[48];

	/* without ids or a selection only the failed were meant: the others are not worth a line each */
	tally_lines(&text, rows, is_whole ? 1 : N_ROWS, result);
	if (n_renewed) {
		strbuf_addf(&text, "%s to be made again by: ", text_count(n, sizeof n, n_renewed, "job"));
		add_run(&text, o, f);
		strbuf_addc(&text, '\n');
	} else {
		strbuf_adds(&text, is_whole ? "no job has failed: nothing to retry\n" : "none of these jobs is to be made again\n");
	}
	print_out(&text);
	strbuf_release(&text);
}

static void print_json(const struct run_retry_result *result, int64_t n_renewed)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct json_writer json;

	json_begin(&json, &text, 2);
	json_open_object(&json, NULL);
	json_put_int(&json, "to_make_again", n_renewed);
	tally_json(&json, rows, N_ROWS, result);
	json_close(&json);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

static int retry(struct folder *f, struct choose *choose, const struct options *o)
{
	struct run_retry ask = { .ids = o->args + 1, .n_ids = o->n_args - 1, .pay_again = o->pay_again };
	struct run_retry_result result;
	struct err err = ERR_INIT;
	int64_t n_renewed;

	folder_place(f, o, &ask.place);
	choose_place(choose, &ask.place);
	folder_let_go(f);
	if (run_retry(&ask, &result, &err) < 0)
		return print_err(&err);
	n_renewed = result.n_failed + result.n_done + result.n_paid;
	if (o->json)
		print_json(&result, n_renewed);
	else
		print_text(&result, n_renewed, o, f);
	return 0;
}

int cmd_retry(const struct options *o)
{
	struct choose choose = { .predicate = NULL };
	struct err err = ERR_INIT;
	struct folder f = { 0 };
	int status;

	if (o->select && o->n_args > 1) {
		print_message("--select chooses jobs, and so do ids: say one of them; found '%s' and '%s'", o->select, o->args[1]);
		return 2;
	}
	status = folder_open(&f, o);
	if (!status && choose_open(&choose, o->select, f.ledger, &err) < 0)
		status = print_err(&err);
	if (!status)
		status = retry(&f, &choose, o);
	choose_close(&choose);
	folder_close(&f);
	return status;
}
