/* See why_say.h. */
#include "run/why_say.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "run/judge.h"
#include "run/remote.h"
#include "run/run_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct saying {
	struct run_why *why;
	const struct run_place *place;
	const struct run_config *config;
	int64_t job;
};

void why_say(struct run_why *why, const char *fmt, ...)
{
	size_t len = strlen(why->sentence);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why->sentence + len, sizeof why->sentence - len, fmt, ap);
	va_end(ap);
}

/* The same comparisons as judge_is_stale's, each with its words. */
static void say_stale(struct saying *q, const struct ledger_job *row)
{
	const struct artifact_spec *spec = &q->config->artifact;
	const char *format = audio_format_name(spec->format);
	int rate_hz = spec->rate_hz ? spec->rate_hz : row->model_rate_hz;

	why_say(q->why, "; stale:");
	if (strcmp(row->format, format) != 0)
		why_say(q->why, " format %s, wanted %s;", row->format, format);
	else if (row->bits != spec->bits)
		why_say(q->why, " %d bit, wanted %d bit;", row->bits, spec->bits);
	if (row->rate_hz != rate_hz)
		why_say(q->why, " %d Hz, wanted %d Hz;", row->rate_hz, rate_hz);
	if (strcmp(row->arithmetic, spec->arithmetic) != 0)
		why_say(q->why, " arithmetic %s, now %s;", row->arithmetic, spec->arithmetic);
	why_say(q->why, q->config->remake_stale ? " run makes it again" : " it stays so until run --remake-stale makes it again");
}

static void say_missing(struct saying *q, const struct ledger_job *row, const char *before)
{
	char *full = fs_join(q->place->output_dir, row->file_path);
	const char *again = remote_of_row(row) == REMOTE_NOTHING ? "makes" : "fetches";
	struct err ignored = ERR_INIT;
	uint64_t n_bytes = 0;

	if (!row->has_artifact)
		why_say(q->why, "%sit has no file: run %s it again", before, again);
	else if (!fs_exists(full))
		why_say(q->why, "%sits file '%s' is not there: run %s it again", before, row->file_path, again);
	else if (fs_size(full, &n_bytes, &ignored) == 0 && n_bytes != (uint64_t)row->n_bytes)
		why_say(q->why, "%sits file '%s' has %llu bytes instead of %lld: run %s it again", before, row->file_path,
			(unsigned long long)n_bytes, (long long)row->n_bytes, again);
	else
		why_say(q->why, "%sin the place of its file '%s' lies another: run %s it again", before, row->file_path, again);
	free(full);
}

/* What the next try begins with. */
static void say_next(struct saying *q, const struct ledger_job *row)
{
	char at[CLOCK_TEXT_SIZE];

	switch (remote_of_row(row)) {
	case REMOTE_NOTHING:
		why_say(q->why, "run makes it");
		break;
	case REMOTE_PERHAPS:
		why_say(q->why, "it was about to be sent at %s, and nobody knows whether it was: run asks the service, and sends nothing",
			clock_text(at, row->submitted_ms));
		break;
	case REMOTE_JOB:
		why_say(q->why, "the service has it as '%s': run looks after it there, and pays nothing more", row->remote_id);
		break;
	case REMOTE_SOUND:
		why_say(q->why, "the service has its sound as '%s': run fetches it, and pays nothing more", row->asset_id);
		break;
	}
}

static void say_pending(struct saying *q, const struct ledger_job *row)
{
	char at[CLOCK_TEXT_SIZE];

	why_say(q->why, "%s: ", job_state_name(row->state));
	if (row->state != JOB_PENDING)
		why_say(q->why, "a run has it in hand, or died with it; then the next one goes on with it");
	if (row->state == JOB_PENDING || row->state == JOB_SUBMITTING) {
		why_say(q->why, row->state == JOB_PENDING ? "" : "; ");
		say_next(q, row);
	}
	if (row->n_tries > 0)
		why_say(q->why, "; %d of its tries used up", row->n_tries);
	if (row->n_interruptions > 0)
		why_say(q->why, "; begun and cut off %d times", row->n_interruptions);
	if (row->n_deaths > 0)
		why_say(q->why, "; the program died while making it %d times", row->n_deaths);
	if (row->not_before_ms > 0)
		why_say(q->why, "; not before %s", clock_text(at, row->not_before_ms));
	if (row->class != FAIL_NONE)
		why_say(q->why, "; the last failure: %s: %s", fail_class_name(row->class), row->sentence);
	if (row->has_artifact)
		why_say(q->why, "; its last file '%s' stays until the new one is complete", row->file_path);
}

static void say_failed(struct saying *q, const struct ledger_job *row)
{
	why_say(q->why, "failed for good with %s (%s): %s; after 'mgbatch retry %s %s' ", fail_class_name(row->class),
	    fail_class_phrase(row->class), row->sentence, q->place->called, row->id_text);
	if (remote_of_row(row) == REMOTE_NOTHING) {
		why_say(q->why, "run tries it again");
	} else {
		say_next(q, row);
		why_say(q->why, "; with --pay-again it is made anew, and paid for again");
	}
}

static void say_other(struct saying *q, const struct ledger_job *row)
{
	why_say(q->why, "%s: it may have been paid for, so a run %s; 'mgbatch retry %s %s --pay-again' makes it again", job_state_name(row->state),
	    row->state == JOB_UNKNOWN ? "asks the service about it and sends nothing" : "leaves it alone", q->place->called, row->id_text);
}

/* By the state alone: it is not known what the manifest says of it now. */
static void say_row(struct saying *q, const struct ledger_job *row)
{
	bool is_here = row->state == JOB_SUPERSEDED;

	if (row->state == JOB_FAILED)
		say_failed(q, row);
	else if (row->state == JOB_UNKNOWN || row->state == JOB_LOST)
		say_other(q, row);
	else if (row->state == JOB_DONE)
		why_say(q->why, "done: its file is '%s'", row->file_path);
	else if (!is_here)
		say_pending(q, row);
	else if (row->has_artifact)
		why_say(q->why, "superseded: the manifest has it no more; its file '%s' stays until %sgc is asked", row->file_path,
			text_starts_with(row->file_path, RUN_OLD_DIR "/") ? "" : "another job wants the path, or ");
	else
		why_say(q->why, "superseded: the manifest has it no more; it has no file");
}

static void say_verdict(struct saying *q, const struct ledger_job *row)
{
	const struct job *job = &q->config->jobs[q->job];
	struct verdict v = judge_row(q->config, row, job);

	switch (v.what) {
	case JUDGE_DONE:
	case JUDGE_STALE:
		why_say(q->why, "%s: its file '%s' is there", v.was_superseded ? "back in the manifest, and done" : "done", row->file_path);
		if (v.is_renamed)
			why_say(q->why, "; run gives it the name '%s'", job->path);
		if (v.is_stale)
			say_stale(q, row);
		break;
	case JUDGE_MISSING:
		say_missing(q, row, "was done, but ");
		break;
	case JUDGE_BACK:
		say_missing(q, row, "back in the manifest after it was superseded, but ");
		break;
	case JUDGE_FAILED:
		say_failed(q, row);
		break;
	case JUDGE_GONE:
		why_say(q->why, "was done, but its file '%s' is gone, and nothing says how to fetch it again: run sets it down as lost", row->file_path);
		break;
	case JUDGE_OTHER:
		say_other(q, row);
		break;
	case JUDGE_PENDING:
		say_pending(q, row);
		break;
	}
}

void why_say_row(struct run_why *why, const struct run_place *place, const struct run_config *config, int64_t job,
		 const struct ledger_job *row)
{
	struct saying q = { why, place, config, job };

	if (job >= 0)
		say_verdict(&q, row);
	else if (!config || row->state == JOB_SUPERSEDED)
		say_row(&q, row);
	else
		why_say(why, "%s, and no longer in the manifest: run supersedes it%s", job_state_name(row->state),
			row->has_artifact ? ", and its file stays" : "");
}
