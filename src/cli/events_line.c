/* events_line: what a line of --events says (events.h). */
#include "cli/events.h"

#include "base/clock.h"
#include "base/json_write.h"
#include "base/text.h"
#include "cli/events_inside.h"
#include "cli/version.h"

#include <unistd.h>

void events_begin_line(struct json_writer *w, struct strbuf *out, const char *name, int64_t unix_ms)
{
	char at[CLOCK_TEXT_SIZE];

	json_begin(w, out, 0);
	json_open_object(w, NULL);
	json_put_int(w, "version", EVENTS_VERSION);
	json_put_text(w, "event", name);
	json_put_text(w, "time", clock_text(at, unix_ms));
}

void events_put_counts(struct json_writer *w, const struct run_counts *counts)
{
	static const struct run_counts none;
	const struct run_counts *c = counts ? counts : &none;

	json_put_int(w, "jobs_total", c->n_jobs);
	json_put_int(w, "done", c->n_done);
	json_put_int(w, "done_before", c->n_done_before);
	json_put_int(w, "failed", c->n_failed);
	json_put_int(w, "running", c->n_running);
	json_put_int(w, "waiting", c->n_waiting);
	json_put_int(w, "unknown", c->n_unknown);
	json_put_int(w, "lost", c->n_lost);
	json_put_float(w, "audio_seconds", c->audio_s_done);
	json_put_float(w, "audio_seconds_total", c->audio_s_total);
	json_put_float(w, "elapsed_seconds", (double)c->elapsed_ms / 1000);
	json_put_number(w, "credits_now", text_credits_rounded(c->credits_now));
	json_put_number(w, "credits_spent", text_credits_rounded(c->credits_spent));
}

static void put_start(struct json_writer *w, const struct run_config *config, const struct run_news *news)
{
	json_put_text(w, "manifest", config->manifest_name);
	json_put_text(w, "output", config->output_dir);
	json_put_text(w, "backend", config->ops->name);
	json_put_text(w, "tool_version", MGBATCH_VERSION);
	json_put_int(w, "pid", getpid());
	events_put_counts(w, news->counts);
}

static void put_text(struct json_writer *w, const struct run_config *config, const struct run_news *news)
{
	(void)config;
	json_put_text(w, "text", news->text ? news->text : "");
}

static void put_counts(struct json_writer *w, const struct run_config *config, const struct run_news *news)
{
	(void)config;
	events_put_counts(w, news->counts);
}

static void put_job(struct json_writer *w, const struct run_config *config, const struct run_news *news)
{
	char id[JOB_ID_SIZE];

	(void)config;
	job_id_text(id, news->job->id);
	json_put_text(w, "id", id);
	json_put_text(w, "set", news->job->set);
	json_put_text(w, "path", news->job->path);
}

static void put_accepted(struct json_writer *w, const struct run_config *config, const struct run_news *news)
{
	put_job(w, config, news);
	json_put_text(w, "remote_id", news->remote_id);
	json_put_number(w, "credits", text_credits_rounded(news->credits));
}

static void put_done(struct json_writer *w, const struct run_config *config, const struct run_news *news)
{
	const struct artifact *a = news->artifact;

	put_job(w, config, news);
	if (!a)
		return;
	json_put_int(w, "bytes", a->n_bytes);
	json_put_float(w, "seconds", a->seconds);
	json_put_int(w, "rate_hz", a->rate_hz);
	json_put_int(w, "channels", a->n_channels);
	json_put_float(w, "lkfs", a->lkfs);
	json_put_float(w, "peak", a->peak);
	json_put_text(w, "pcm_sha256", a->pcm_sha256);
}

static void put_failed(struct json_writer *w, const struct run_config *config, const struct run_news *news)
{
	const struct run_failure *f = news->failure;

	put_job(w, config, news);
	if (!f)
		return;
	json_put_text(w, "class", fail_class_name(f->class));
	json_put_text(w, "sentence", f->sentence);
	json_put_int(w, "try", f->n_try);
	json_put_int(w, "tries", f->tries);
	if (f->again_in_s >= 0)
		json_put_float(w, "again_in_seconds", f->again_in_s);
	else
		json_put_null(w, "again_in_seconds");
}

void events_line(struct strbuf *out, const struct run_config *config, const struct run_news *news, int64_t unix_ms)
{
	static const struct {
		const char *name;
		void (*put)(struct json_writer *w, const struct run_config *config, const struct run_news *news);
	} kinds[] = {
		[RUN_STARTED] = { "run_started", put_start },	   [RUN_SETTLED] = { "note", put_text },
		[RUN_PROGRESS] = { "progress", put_counts },	   [RUN_JOB_STARTED] = { "job_started", put_job },
		[RUN_JOB_ACCEPTED] = { "job_accepted", put_accepted },
		[RUN_JOB_DONE] = { "job_done", put_done },	   [RUN_JOB_FAILED] = { "job_failed", put_failed },
		[RUN_DRAINING] = { "draining", put_text },	   [RUN_ABORTING] = { "aborting", put_text },
		[RUN_NOTE] = { "note", put_text },
	};
	struct json_writer w;

	events_begin_line(&w, out, kinds[news->kind].name, unix_ms);
	kinds[news->kind].put(&w, config, news);
	json_close(&w);
	strbuf_addc(out, '\n');
}
