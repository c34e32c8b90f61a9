#include "base/fs.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "cli/cmds.h"
#include "cli/events.h"
#include "cli/live.h"
#include "cli/owed.h"
#include "cli/print.h"
#include "cli/ready.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB 1048576.0

/* Whatever became of the run, what the ledger holds is told; -1 with err when that failed. */
static int write_reports(const char *output_dir, struct err *err)
{
	struct ledger *l = NULL;
	int r;

	if (ledger_open_read(&l, output_dir, err) < 0)
		return -1;
	r = report_write(l, output_dir, err);
	ledger_close(l);
	return r < 0 ? err_wrap(err, "writing the reports in '%s'", output_dir) : 0;
}

static bool reports_are_there(const char *output_dir)
{
	bool all = true;

	for (int i = 0; report_file(i) && all; i++) {
		char *path = fs_join(output_dir, report_file(i));

		all = fs_exists(path);
		free(path);
	}
	return all;
}

/* A run killed between its last commit and its reports left old ones: the next one writes them though it has nothing to do. */
static int keep_reports(const struct run_config *config, const struct run_result *result, struct err *err)
{
	if (!(result->reports_are_current && reports_are_there(config->output_dir)) && write_reports(config->output_dir, err) < 0)
		return -1;
	return run_note_reports(config, result, err);
}

static int64_t jobs_left(const struct run_counts *c)
{
	return c->n_jobs - c->n_done - c->n_failed - c->n_unknown - c->n_lost;
}

static void add_counts(struct strbuf *text, const struct run_counts *c, bool is_selection)
{
	int64_t n_left = jobs_left(c);
	char n[48], made[48], took[48];

	strbuf_addf(text, "%lld of %s%s done", (long long)c->n_done, is_selection ? "the selected " : "", text_count(n, sizeof n, c->n_jobs, "job"));
	if (c->n_done_before)
		strbuf_addf(text, " (%lld before)", (long long)c->n_done_before);
	if (c->n_failed)
		strbuf_addf(text, ", %lld failed", (long long)c->n_failed);
	if (n_left > 0)
		strbuf_addf(text, ", %lld to do", (long long)n_left);
	strbuf_addf(text, "; made %s of audio in %s\n", text_duration(made, sizeof made, c->audio_s_made),
		    text_duration(took, sizeof took, (double)c->elapsed_ms / 1000));
	if (c->credits_spent > 0 || c->credits_now > 0)
		strbuf_addf(text, "paid %s now, %s in all\n", text_credits(made, sizeof made, c->credits_now),
			    text_credits(took, sizeof took, c->credits_spent));
}

/* has_report: false where writing it failed, which has been said. */
static void print_text(const struct prepared *p, const struct run_result *result, bool has_report, FILE *to)
{
	const struct run_counts *c = &result->counts;
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	print_visible(&text, p->config.manifest_name);
	strbuf_adds(&text, ": ");
	if (p->config.select && c->n_jobs == 0)
		strbuf_adds(&text, "no job is in a state that --select asks for\n");
	else
		add_counts(&text, c, p->config.select != NULL);
	if (c->n_failed) {
		struct strbuf dir = STRBUF_INIT(PRINT_MAX);

		shell_word_add(&dir, p->config.output_dir);
		strbuf_adds(&text, "what failed is not tried again before: mgbatch retry");
		print_visible(&text, dir.buf);
		strbuf_addc(&text, '\n');
		strbuf_release(&dir);
	}
	owed_lines(&text, c->n_unknown, c->n_lost, p->config.output_dir);
	/* That jobs failed is said already, but not why others are left. */
	if (result->reason[0] && (result->exit_status > 1 || (result->exit_status == 1 && jobs_left(c) > 0))) {
		print_visible(&text, result->reason);
		strbuf_addc(&text, '\n');
	}
	if (has_report) {
		strbuf_adds(&text, "report: ");
		print_visible(&text, p->config.output_dir);
		strbuf_adds(&text, "/report.html\n");
	}
	(void)fwrite(text.buf, 1, text.len, to);
	strbuf_release(&text);
}

/* With -v: what it took, beside what the manifest allows. */
static void print_memory(const struct prepared *p, const struct run_counts *c)
{
	uint64_t allowed = p->config.backend.memory_bytes;
	char limit[48] = "", jobs[48];

	if (allowed)
		(void)snprintf(limit, sizeof limit, ", run.memory %.1f MiB", (double)allowed / MIB);
	print_message("memory: peak %.1f MiB%s, at most %s at once", (double)mem_peak_resident() / MIB, limit,
		      text_count(jobs, sizeof jobs, c->n_running_most, "job"));
}

static void print_json(const struct prepared *p, const struct run_result *result)
{
	const struct run_counts *c = &result->counts;
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct json_writer json;
	char *report = fs_join(p->config.output_dir, "report.html");

	json_begin(&json, &text, 2);
	json_open_object(&json, NULL);
	json_put_text(&json, "manifest", p->config.manifest_name);
	json_put_int(&json, "exit_status", result->exit_status);
	json_put_text(&json, "reason", result->reason);
	json_put_int(&json, "jobs_total", c->n_jobs);
	json_put_int(&json, "done", c->n_done);
	json_put_int(&json, "done_before", c->n_done_before);
	json_put_int(&json, "failed", c->n_failed);
	json_put_int(&json, "unknown", c->n_unknown);
	json_put_int(&json, "lost", c->n_lost);
	json_put_int(&json, "left", jobs_left(c));
	json_put_number(&json, "credits_now", text_credits_rounded(c->credits_now));
	json_put_number(&json, "credits_spent", text_credits_rounded(c->credits_spent));
	json_put_float(&json, "audio_seconds", c->audio_s_done);
	json_put_float(&json, "audio_seconds_now", c->audio_s_made);
	json_put_float(&json, "elapsed_seconds", (double)c->elapsed_ms / 1000);
	json_put_int(&json, "running_most", c->n_running_most);
	json_put_int(&json, "memory_peak_bytes", (int64_t)mem_peak_resident());
	json_put_text(&json, "report", report);
	json_close(&json);
	strbuf_addc(&text, '\n');
	print_out(&text);
	free(report);
	strbuf_release(&text);
}

/* ---- the run ----------------------------------------------------------------- */

static bool events_on_stdout(const struct options *o)
{
	return o->events && !strcmp(o->events, "-");
}

struct hearing {
	struct live live;
	struct events events;
};

static void hear(void *arg, const struct run_news *news)
{
	struct hearing *h = arg;
	const char *trouble;

	events_hear(&h->events, news);
	trouble = events_trouble(&h->events);
	if (trouble)
		live_say(&h->live, trouble);
	live_hear(&h->live, news);
}

static void end_hearing(struct hearing *h, int status, const char *reason, const struct run_counts *counts)
{
	const char *trouble;

	live_end(&h->live);
	events_end(&h->events, status, reason, counts);
	trouble = events_trouble(&h->events);
	if (trouble)
		print_message("%s", trouble);
}

/* The run and, on every way out of it but another's lock, the reports. Where a JSON reader waits, an err is told in its object too. */
static int execute(struct ready *r, const struct options *o, struct hearing *h)
{
	struct prepared *p = &r->p;
	struct run_result result = { 0 };
	struct err err = ERR_INIT, report_err = ERR_INIT;
	bool ran = run_execute(&p->config, &result, &err) == 0;
	int status = ran ? result.exit_status : err_exit_status(err.code);

	if ((ran || result.ledger_changed) && keep_reports(&p->config, &result, &report_err) < 0)
		status = status ? status : err_exit_status(report_err.code);
	end_hearing(h, status, ran ? result.reason : err.text, &result.counts);
	if (report_err.text[0])
		(void)print_err(&report_err);
	if (!ran) {
		ready_tell_err(r, o, status, &err);
		return status;
	}
	if (o->is_verbose && !o->is_quiet)
		print_memory(p, &result.counts);
	if (o->json)
		print_json(p, &result);
	else if (!o->is_quiet || status)
		print_text(p, &result, !report_err.text[0], o->is_quiet || events_on_stdout(o) ? stderr : stdout);
	return status;
}

static int listen_and_execute(struct ready *r, const struct options *o)
{
	struct hearing h;
	struct err err = ERR_INIT;
	int status;

	if (events_open(&h.events, o->events, &r->p.config, &err) < 0 || run_stop_install(&err) < 0) {
		ready_tell_err(r, o, err_exit_status(err.code), &err);
		events_close(&h.events);
		return err_exit_status(err.code);
	}
	live_begin(&h.live, r->p.config.manifest_name, o->is_quiet, o->is_verbose);
	r->p.config.listen = hear;
	r->p.config.listen_arg = &h;
	status = execute(r, o, &h);
	events_close(&h.events);
	return status;
}

int cmd_run(const struct options *o)
{
	struct ready r;
	struct err err = ERR_INIT;
	int status;

	if (o->json && events_on_stdout(o)) {
		print_message("--events - and --json both write to standard output: give --events a file");
		return 2;
	}
	status = ready_open(&r, o, &err);
	ready_tell(&r, o, status, &err, false);
	if (!status)
		status = listen_and_execute(&r, o);
	ready_close(&r);
	return status;
}
