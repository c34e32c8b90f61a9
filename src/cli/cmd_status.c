#include "base/clock.h"
#include "base/json_write.h"
#include "base/text.h"
#include "cli/cmds.h"
#include "cli/folder.h"
#include "cli/owed.h"
#include "cli/print.h"

static int64_t n_live(const struct ledger_counts *counts)
{
	int64_t n = 0;

	for (int s = 0; s < JOB_N_STATES; s++)
		if (s != JOB_SUPERSEDED)
			n += counts->by_state[s];
	return n;
}

/* The latest run is going on as we look; the lock may be another verb's, which has no run's row. */
static bool is_going(const struct ledger_head *head, int64_t holder)
{
	return head->last_started_ms && !head->last_ended_ms && holder == head->last_pid;
}

static void add_last_run(struct strbuf *text, const struct ledger_head *head, int64_t holder)
{
	char at[CLOCK_TEXT_SIZE];

	if (!head->last_started_ms)
		return;
	strbuf_addf(text, "last run  began %s, ", clock_text(at, head->last_started_ms));
	if (is_going(head, holder)) {
		strbuf_addf(text, "is going on: process %lld\n", (long long)head->last_pid);
		return;
	}
	if (head->last_ended_ms)
		strbuf_addf(text, "ended %s with exit status %d\n", clock_text(at, head->last_ended_ms), head->last_exit_status);
	else
		strbuf_addf(text, "has not ended: it died, or goes on where it is not seen from here (process %lld on %s); the same command "
			    "continues\n", (long long)head->last_pid, head->last_host);
}

static void print_text(const struct folder *f, const struct ledger_head *head, const struct ledger_counts *counts, int64_t holder)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	char a[48], b[48];

	print_visible(&text, head->manifest_name);
	strbuf_addf(&text, ": %lld of %s done, %s of audio\n", (long long)counts->by_state[JOB_DONE],
		    text_count(a, sizeof a, n_live(counts), "job"), text_duration(b, sizeof b, counts->audio_s_by_state[JOB_DONE]));
	for (int s = 0; s < JOB_N_STATES; s++)
		if (counts->by_state[s])
			strbuf_addf(&text, "  %8lld %s\n", (long long)counts->by_state[s], job_state_name((enum job_state)s));
	for (int k = 0; k < FAIL_N_CLASSES; k++)
		if (counts->failed_by_class[k])
			strbuf_addf(&text, "  %8lld failed with %s: %s\n", (long long)counts->failed_by_class[k],
				    fail_class_name((enum fail_class)k), fail_class_phrase((enum fail_class)k));
	owed_lines(&text, counts->by_state[JOB_UNKNOWN], counts->by_state[JOB_LOST], f->output_dir);
	if (counts->credits > 0)
		strbuf_addf(&text, "paid      %s\n", text_credits(a, sizeof a, counts->credits));
	strbuf_adds(&text, "made by   ");
	print_visible(&text, head->made_by);
	strbuf_addc(&text, '\n');
	add_last_run(&text, head, holder);
	strbuf_adds(&text, "output    ");
	print_visible(&text, f->output_dir);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

static void put_time(struct json_writer *json, const char *name, int64_t unix_ms)
{
	char at[CLOCK_TEXT_SIZE];

	if (unix_ms)
		json_put_text(json, name, clock_text(at, unix_ms));
	else
		json_put_null(json, name);
}

static void put_running(struct json_writer *json, const struct ledger_head *head, int64_t holder)
{
	if (!is_going(head, holder)) {
		json_put_null(json, "current_run");
		return;
	}
	json_open_object(json, "current_run");
	json_put_int(json, "pid", head->last_pid);
	json_put_text(json, "host", head->last_host);
	put_time(json, "since", head->last_started_ms);
	json_close(json);
}

static void print_json(const struct folder *f, const struct ledger_head *head, const struct ledger_counts *counts, int64_t holder)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct json_writer json;

	json_begin(&json, &text, 2);
	json_open_object(&json, NULL);
	json_put_text(&json, "manifest", head->manifest_name);
	json_put_text(&json, "backend", head->backend);
	json_put_text(&json, "made_by", head->made_by);
	json_put_text(&json, "output", f->output_dir);
	json_put_int(&json, "jobs_total", n_live(counts));
	json_open_object(&json, "jobs_by_state");
	for (int s = 0; s < JOB_N_STATES; s++)
		json_put_int(&json, job_state_name((enum job_state)s), counts->by_state[s]);
	json_close(&json);
	json_open_object(&json, "failures_by_class");
	for (int k = 0; k < FAIL_N_CLASSES; k++)
		if (counts->failed_by_class[k])
			json_put_int(&json, fail_class_name((enum fail_class)k), counts->failed_by_class[k]);
	json_close(&json);
	json_put_float(&json, "audio_seconds", counts->audio_s_by_state[JOB_DONE]);
	json_put_number(&json, "credits_spent", text_credits_rounded(counts->credits));
	put_time(&json, "last_started", head->last_started_ms);
	put_time(&json, "last_ended", head->last_ended_ms);
	if (head->last_exit_status >= 0)
		json_put_int(&json, "last_exit_status", head->last_exit_status);
	else
		json_put_null(&json, "last_exit_status");
	put_running(&json, head, holder);
	json_close(&json);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

int cmd_status(const struct options *o)
{
	struct folder f;
	struct ledger_head head;
	struct ledger_counts counts;
	struct err err = ERR_INIT;
	int status = folder_open(&f, o);
	int64_t holder;

	if (status)
		goto out;
	holder = run_pid(f.output_dir);
	if (ledger_head(f.ledger, &head, &err) < 0 || ledger_count(f.ledger, &counts, &err) < 0)
		status = print_err(&err);
	else if (o->json)
		print_json(&f, &head, &counts, holder);
	else
		print_text(&f, &head, &counts, holder);
out:
	folder_close(&f);
	return status;
}
