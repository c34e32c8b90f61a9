#include "base/clock.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/text.h"
#include "cli/cmds.h"
#include "cli/folder.h"
#include "cli/owed.h"
#include "cli/print.h"
#include "report/report.h"

#include <string.h>

struct showing {
	struct ledger *ledger;
	const char *folder, *backend;
	struct strbuf text;
	bool json;
};

static void add_text(struct strbuf *text, const char *what, const char *value)
{
	if (!value || !*value)
		return;
	strbuf_addf(text, "%-11s ", what);
	print_visible(text, value);
	strbuf_addc(text, '\n');
}

static void add_time(struct strbuf *text, const char *what, int64_t unix_ms)
{
	char at[CLOCK_TEXT_SIZE];

	if (unix_ms)
		add_text(text, what, clock_text(at, unix_ms));
}

static void add_artifact(struct strbuf *text, const struct ledger_job *job)
{
	char bytes[32], count[32];

	if (!job->has_artifact)
		return;
	strbuf_addf(text, "%-11s %s, ", "file", job->format);
	if (job->bits != AUDIO_LOSSY_BITS)
		strbuf_addf(text, "%d bit, ", job->bits);
	strbuf_addf(text, "%d Hz", job->rate_hz);
	if (job->rate_hz != job->model_rate_hz)
		strbuf_addf(text, " (made at %d Hz)", job->model_rate_hz);
	strbuf_addf(text, ", %s, %.3f s, %s\n", text_count(count, sizeof count, job->n_channels, "channel"), job->seconds,
		    text_bytes(bytes, sizeof bytes, (uint64_t)job->n_bytes));
	if (job->lkfs > LEVEL_SILENT)
		strbuf_addf(text, "%-11s %.2f LKFS, peak %.4f\n", "level", job->lkfs, job->peak);
	else
		strbuf_addf(text, "%-11s no loudness (silent, or under 0.4 s), peak %.4f\n", "level", job->peak);
	add_text(text, "samples", job->pcm_sha256);
	add_text(text, "file hash", job->file_sha256);
	add_text(text, "original", job->source_sha256);
	add_text(text, "arithmetic", job->arithmetic);
	strbuf_addf(text, "%-11s %.2f s of work\n", "made in", job->make_s);
}

/* What a hosted service has of it, and what that cost. */
static void add_remote(struct showing *s, const struct ledger_job *job)
{
	struct strbuf *text = &s->text;
	char paid[48];

	add_text(text, "remote id", job->remote_id);
	add_text(text, "asset id", job->asset_id);
	if (job->credits > 0)
		strbuf_addf(text, "%-11s %s%s\n", "paid", text_credits(paid, sizeof paid, job->credits), job->state == JOB_UNKNOWN ? ", perhaps" : "");
	if (!owed_is(job->state))
		return;
	strbuf_addf(text, "%-11s ", "to do");
	owed_add(text, job->state, s->folder, job->id_text);
	strbuf_addc(text, '\n');
}

static int show_attempt(void *arg, const struct ledger_attempt *attempt, struct err *err)
{
	struct strbuf *text = arg;
	char began[CLOCK_TEXT_SIZE], paid[48];

	(void)err;
	strbuf_addf(text, "%-11s %d, began %s", "try", attempt->n, clock_text(began, attempt->started_ms));
	if (attempt->ended_ms)
		strbuf_addf(text, ", took %.1f s", (double)(attempt->ended_ms - attempt->started_ms) / 1000);
	strbuf_addf(text, ": %s", attempt->outcome && *attempt->outcome ? attempt->outcome : "not ended");
	if (attempt->remote_id && *attempt->remote_id) {
		strbuf_adds(text, ", accepted as ");
		print_visible(text, attempt->remote_id);
	}
	if (attempt->credits > 0)
		strbuf_addf(text, ", %s", text_credits(paid, sizeof paid, attempt->credits));
	if (attempt->class && *attempt->class) {
		strbuf_addf(text, " (%s) ", attempt->class);
		print_visible(text, attempt->sentence);
	}
	strbuf_addc(text, '\n');
	return 0;
}

static int show_text(struct showing *s, const struct ledger_job *job, struct err *err)
{
	struct strbuf *text = &s->text;

	add_text(text, "job", job->id_text);
	add_text(text, "state", job_state_name(job->state));
	add_text(text, "set", job->set);
	add_text(text, "path", job->path);
	strbuf_addf(text, "%-11s %d\n", "take", job->take);
	add_text(text, "axes", job->axes);
	add_text(text, "tags", job->tags);
	add_text(text, "params", job->params);
	add_text(text, "identity", job->canonical);
	if (job->class != FAIL_NONE) {
		add_text(text, "failure", fail_class_name(job->class));
		add_text(text, "", job->sentence);
	}
	strbuf_addf(text, "%-11s %d used up, %d interrupted, %d died\n", "tries", job->n_tries, job->n_interruptions, job->n_deaths);
	add_time(text, "not before", job->not_before_ms);
	add_remote(s, job);
	add_artifact(text, job);
	if (ledger_each_attempt(s->ledger, job->id, show_attempt, text, err) < 0)
		return -1;
	strbuf_adds(text, "\n# a manifest that makes it again:\n");
	return report_remake(text, job, s->backend, err);
}

static int put_attempt(void *arg, const struct ledger_attempt *attempt, struct err *err)
{
	struct json_writer *json = arg;
	char at[CLOCK_TEXT_SIZE];

	(void)err;
	json_open_object(json, NULL);
	json_put_int(json, "n", attempt->n);
	json_put_text(json, "started", clock_text(at, attempt->started_ms));
	if (attempt->ended_ms)
		json_put_text(json, "ended", clock_text(at, attempt->ended_ms));
	else
		json_put_null(json, "ended");
	json_put_text(json, "outcome", attempt->outcome ? attempt->outcome : "");
	json_put_text(json, "class", attempt->class ? attempt->class : "");
	json_put_text(json, "sentence", attempt->sentence ? attempt->sentence : "");
	if (attempt->submitted_ms)
		json_put_text(json, "submitted", clock_text(at, attempt->submitted_ms));
	if (attempt->remote_id && *attempt->remote_id)
		json_put_text(json, "remote_id", attempt->remote_id);
	if (attempt->submitted_ms || attempt->credits > 0)
		json_put_number(json, "credits", text_credits_rounded(attempt->credits));
	json_close(json);
	return 0;
}

static void put_artifact(struct json_writer *json, const struct ledger_job *job)
{
	json_open_object(json, "artifact");
	json_put_text(json, "format", job->format);
	if (job->bits != AUDIO_LOSSY_BITS)
		json_put_int(json, "bits", job->bits);
	json_put_int(json, "bytes", job->n_bytes);
	json_put_float(json, "seconds", job->seconds);
	json_put_int(json, "rate_hz", job->rate_hz);
	json_put_int(json, "model_rate_hz", job->model_rate_hz);
	json_put_int(json, "channels", job->n_channels);
	json_put_float(json, "lkfs", job->lkfs);
	json_put_float(json, "peak", job->peak);
	json_put_text(json, "pcm_sha256", job->pcm_sha256);
	json_put_text(json, "file_sha256", job->file_sha256);
	if (job->source_sha256 && *job->source_sha256)
		json_put_text(json, "source_sha256", job->source_sha256);
	json_put_text(json, "arithmetic", job->arithmetic);
	json_put_float(json, "make_seconds", job->make_s);
	json_close(json);
}

static void put_remote(struct json_writer *json, const struct showing *s, const struct ledger_job *job)
{
	struct strbuf to_do = STRBUF_INIT(PRINT_MAX);

	if (job->remote_id)
		json_put_text(json, "remote_id", job->remote_id);
	if (job->asset_id)
		json_put_text(json, "asset_id", job->asset_id);
	if (job->remote_id || job->credits > 0)
		json_put_number(json, "credits", text_credits_rounded(job->credits));
	if (owed_is(job->state)) {
		owed_add(&to_do, job->state, s->folder, job->id_text);
		json_put_text(json, "to_do", to_do.buf);
	}
	strbuf_release(&to_do);
}

static int show_json(struct showing *s, const struct ledger_job *job, struct err *err)
{
	struct strbuf lines = STRBUF_INIT(PRINT_MAX);
	struct json_writer json;
	int r = -1;

	json_begin(&json, &s->text, 2);
	json_open_object(&json, NULL);
	json_put_text(&json, "id", job->id_text);
	json_put_text(&json, "state", job_state_name(job->state));
	json_put_text(&json, "set", job->set);
	json_put_text(&json, "path", job->path);
	json_put_int(&json, "take", job->take);
	json_put_raw(&json, "axes", job->axes);
	json_put_raw(&json, "tags", job->tags);
	json_put_raw(&json, "params", job->params);
	json_put_raw(&json, "identity", job->canonical);
	json_put_text(&json, "class", fail_class_name(job->class));
	json_put_text(&json, "sentence", job->sentence);
	json_put_int(&json, "tries", job->n_tries);
	json_put_int(&json, "interruptions", job->n_interruptions);
	json_put_int(&json, "deaths", job->n_deaths);
	put_remote(&json, s, job);
	if (job->has_artifact)
		put_artifact(&json, job);
	json_open_array(&json, "attempts");
	if (ledger_each_attempt(s->ledger, job->id, put_attempt, &json, err) < 0 || report_remake(&lines, job, s->backend, err) < 0)
		goto out;
	json_close(&json);
	json_put_text(&json, "manifest", lines.buf);
	json_close(&json);
	strbuf_addc(&s->text, '\n');
	r = 0;
out:
	strbuf_release(&lines);
	return r;
}

static int visit(void *arg, const struct ledger_job *job, struct err *err)
{
	struct showing *s = arg;

	return s->json ? show_json(s, job, err) : show_text(s, job, err);
}

int cmd_show(const struct options *o)
{
	struct showing s = { NULL, NULL, NULL, STRBUF_INIT(PRINT_MAX), o->json };
	struct ledger_head head;
	struct err err = ERR_INIT;
	struct folder f;
	int status = folder_open(&f, o);

	if (status)
		goto out;
	s.ledger = f.ledger;
	s.folder = f.output_dir;
	if (ledger_head(f.ledger, &head, &err) < 0) {
		status = print_err(&err);
		goto out;
	}
	s.backend = head.backend;
	if (ledger_find(f.ledger, o->args[1], visit, &s, &err) < 0)
		status = print_err(&err);
	else
		print_out(&s.text);
out:
	folder_close(&f);
	strbuf_release(&s.text);
	return status;
}
