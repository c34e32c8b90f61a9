/*
 * summary.json: the whole folder in one page, for scripts.
 *
 * schema_version rises when a key changes its meaning or goes; new keys may
 * come at any time. jobs_total counts every state but superseded.
 */
#include "base/clock.h"
#include "base/text.h"
#include "report/report_parts.h"

#include <math.h>

#define SUMMARY_SCHEMA_VERSION 1

/* A sum of many seconds carries rounding that says nothing. */
static double to_ms(double seconds)
{
	return floor(seconds * 1000 + 0.5) / 1000;
}

static void put_time(struct json_writer *w, const char *name, int64_t unix_ms)
{
	char text[CLOCK_TEXT_SIZE];

	if (unix_ms)
		json_put_text(w, name, clock_text(text, unix_ms));
	else
		json_put_null(w, name);
}

static void put_states(struct json_writer *w, const struct ledger_counts *counts)
{
	json_open_object(w, "jobs_by_state");
	for (int s = 0; s < JOB_N_STATES; s++)
		json_put_int(w, job_state_name((enum job_state)s), counts->by_state[s]);
	json_close(w);
	json_open_object(w, "failures_by_class");
	for (int f = 0; f < FAIL_N_CLASSES; f++)
		if (counts->failed_by_class[f])
			json_put_int(w, fail_class_name((enum fail_class)f), counts->failed_by_class[f]);
	json_close(w);
}

static void put_last_run(struct json_writer *w, const struct ledger_head *head)
{
	json_open_object(w, "last_run");
	put_time(w, "started", head->last_started_ms);
	put_time(w, "ended", head->last_ended_ms);
	if (head->last_exit_status >= 0)
		json_put_int(w, "exit_status", head->last_exit_status);
	else
		json_put_null(w, "exit_status");
	json_close(w);
}

/* made_by is the latest run's text, all of its checkpoints in one; this says which made how many, and the licence of its weights as their
 * model card names it (null: not known, or not weights of this machine). */
static void put_makers(struct json_writer *w, const struct collect *c)
{
	json_open_array(w, "makers");
	for (int i = 0; i < c->n_makers; i++) {
		json_open_object(w, NULL);
		json_put_text(w, "made_by", c->makers[i].made_by);
		if (c->makers[i].licence)
			json_put_text(w, "licence", c->makers[i].licence);
		else
			json_put_null(w, "licence");
		json_put_int(w, "jobs", c->makers[i].n_jobs);
		json_put_int(w, "done", c->makers[i].n_done);
		json_close(w);
	}
	json_close(w);
}

/* All that it says is known before the first row. */
static void *begin(const struct collect *c, struct sink *out)
{
	struct strbuf text = STRBUF_INIT(PIECE_MAX);
	struct json_writer w;

	json_begin(&w, &text, 2);
	json_open_object(&w, NULL);
	json_put_int(&w, "schema_version", SUMMARY_SCHEMA_VERSION);
	json_put_text(&w, "manifest", c->head.manifest_name);
	json_put_text(&w, "backend", c->head.backend);
	json_put_text(&w, "made_by", c->head.made_by);
	put_makers(&w, c);
	json_put_text(&w, "tool_version", c->head.tool_version);
	json_put_int(&w, "jobs_total", c->n_live);
	put_states(&w, &c->counts);
	json_put_float(&w, "audio_seconds", to_ms(c->counts.audio_s_by_state[JOB_DONE]));
	json_put_number(&w, "credits_spent", text_credits_rounded(c->counts.credits));
	/* seconds of audio per second of run, over finished runs */
	if (c->head.audio_s_per_s > 0)
		json_put_float(&w, "throughput", to_ms(c->head.audio_s_per_s));
	else
		json_put_null(&w, "throughput");
	put_last_run(&w, &c->head);
	json_close(&w);
	strbuf_addc(&text, '\n');
	sink_take(out, &text);
	strbuf_release(&text);
	return NULL;
}

static void row(void *part, const struct report_row *row)
{
	(void)part;
	(void)row;
}

static void end(void *part)
{
	(void)part;
}

const struct report_part report_summary = { "summary.json", begin, row, end };
