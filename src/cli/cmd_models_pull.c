/* `mgbatch models pull VERSION`. */
#include "base/clock.h"
#include "base/json_write.h"
#include "base/text.h"
#include "cli/cmd_models.h"
#include "cli/live.h"
#include "cli/prepare.h"
#include "cli/print.h"
#include "cli/version.h"
#include "run/run.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MS 100          /* a signal is looked for so often at least, where it did not end the step itself */
#define PLAIN_INTERVAL_MS 60000 /* without a terminal: a line a minute, or for 5 %, a second apart at least; as cli/live */
#define PLAIN_LEAST_MS 1000
#define PLAIN_STEPS 20
#define BAR_COLUMNS 16
#define SIGNAL_STATUS 128    /* the shell's convention */

struct telling {
	const char *version;
	bool is_quiet, is_terminal, line_shown, has_told_licence;
	int64_t begun_ms, last_ms; /* monotonic; last_ms 0: nothing was told */
	int last_step;
	char trouble[200];         /* the last one that was told */
};

/* ---- the line -------------------------------------------------------------------------- */

static void add_bar(struct strbuf *out, double share)
{
	int n = (int)(share * BAR_COLUMNS);

	strbuf_adds(out, "[");
	for (int i = 0; i < BAR_COLUMNS; i++)
		strbuf_addc(out, i < n ? '#' : '.');
	strbuf_adds(out, "] ");
}

void models_pull_line(struct strbuf *out, const char *version, const struct store_pull_progress *progress, double bytes_per_s, bool has_bar)
{
	double share = progress->n_bytes ? (double)progress->n_have / (double)progress->n_bytes : 0;
	char have[32], all[32], text[48];

	strbuf_addf(out, "%s: ", version);
	if (!progress->n_files) {
		strbuf_adds(out, "asking the hub");
		return;
	}
	if (has_bar)
		add_bar(out, share);
	strbuf_addf(out, "%s of %s · %d%%", text_bytes(have, sizeof have, progress->n_have), text_bytes(all, sizeof all, progress->n_bytes), (int)(share * 100));
	if (progress->doing == STORE_PULL_CHECKS)
		strbuf_addf(out, " · checking %s", progress->file);
	else if (progress->doing == STORE_PULL_WAITS)
		strbuf_addf(out, " · next try in %s", text_duration(text, sizeof text, progress->wait_s));
	else if (bytes_per_s > 0)
		strbuf_addf(out, " · %s/s · ETA %s", text_bytes(have, sizeof have, (uint64_t)bytes_per_s),
			    text_duration(text, sizeof text, (double)(progress->n_bytes - progress->n_have) / bytes_per_s));
}

static bool is_due(const struct telling *t, const struct store_pull_progress *progress, int64_t now_ms, int step)
{
	if (t->is_terminal || !progress->n_files)
		return t->is_terminal;
	return now_ms - t->last_ms >= PLAIN_INTERVAL_MS || (now_ms - t->last_ms >= PLAIN_LEAST_MS && step > t->last_step);
}

static void show(struct telling *t, const struct store_pull_progress *progress)
{
	int64_t now_ms = clock_monotonic_ms(), took_ms = now_ms - t->begun_ms;
	int step = progress->n_bytes ? (int)(PLAIN_STEPS * progress->n_have / progress->n_bytes) : 0;
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	if (t->is_quiet || !is_due(t, progress, now_ms, step))
		return;
	models_pull_line(&text, t->version, progress, took_ms > 0 ? (double)progress->n_fetched / (double)took_ms * 1000 : 0, t->is_terminal);
	live_put(text.buf, t->is_terminal);
	t->line_shown = t->is_terminal;
	t->last_ms = now_ms;
	t->last_step = step;
	strbuf_release(&text);
}

/* ---- what is told once ------------------------------------------------------------------- */

static const char *licence_note(const char *licence)
{
	return text_starts_with(licence, "cc-by-nc") ? ", which does not allow commercial use" : "";
}

/* What the line has no room for: whose terms the weights come under, before gigabytes of them do; and every new trouble. */
static void tell(struct telling *t, const struct store_pull_progress *progress)
{
	if (t->is_quiet)
		return;
	if (*progress->licence && !t->has_told_licence) {
		live_clear(&t->line_shown);
		print_message("the licence of these weights is %s%s: https://huggingface.co/facebook/musicgen-%s", progress->licence,
			      licence_note(progress->licence), t->version);
		t->has_told_licence = true;
	}
	if (progress->doing == STORE_PULL_WAITS && strncmp(t->trouble, progress->trouble, sizeof t->trouble - 1) != 0) {
		live_clear(&t->line_shown);
		print_message("%s%s%s: trying again", progress->file, *progress->file ? ": " : "", progress->trouble);
		(void)snprintf(t->trouble, sizeof t->trouble, "%s", progress->trouble);
	}
	if (progress->doing == STORE_PULL_CHECKS)
		t->trouble[0] = '\0';
	show(t, progress);
}

static void print_json(const char *version, const char *dir, const char *commit, const char *licence, bool was_there)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct json_writer json;

	json_begin(&json, &text, 2);
	json_open_object(&json, NULL);
	json_put_text(&json, "version", version);
	json_put_text(&json, "folder", dir);
	json_put_text(&json, "commit", commit);
	json_put_text(&json, "licence", licence);
	json_put_bool(&json, "was_there", was_there);
	json_close(&json);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

static int say_there(const struct options *o, const char *version, const char *dir)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	if (o->json) {
		print_json(version, dir, "", "", true);
	} else if (!o->is_quiet) {
		strbuf_addf(&text, "%s is here already: ", version);
		print_visible(&text, dir);
		strbuf_adds(&text, "\n`mgbatch models verify ");
		strbuf_addf(&text, "%s` reads it again\n", version);
		print_out(&text);
	}
	strbuf_release(&text);
	return 0;
}

static int say_done(const struct options *o, const struct telling *t, const struct store_pull *p, const struct store_pull_progress *progress)
{
	double took_s = (double)(clock_monotonic_ms() - t->begun_ms) / 1000;
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	char all[32], now[32], took[48];

	if (progress->n_files == 0) /* another pull has ended while this one waited for the lock */
		return say_there(o, t->version, store_pull_dir(p));
	if (o->json) {
		print_json(t->version, store_pull_dir(p), store_pull_commit(p), progress->licence, false);
	} else if (!o->is_quiet) {
		strbuf_addf(&text, "%s: %s in %d files, of which %s came now, in %s\nfolder: ", t->version, text_bytes(all, sizeof all, progress->n_bytes),
			    progress->n_files, text_bytes(now, sizeof now, progress->n_fetched), text_duration(took, sizeof took, took_s));
		print_visible(&text, store_pull_dir(p));
		strbuf_addf(&text, "\nlicence: %s%s\n", *progress->licence ? progress->licence : "not named by the hub", licence_note(progress->licence));
		print_out(&text);
	}
	strbuf_release(&text);
	return 0;
}

/* What stays of it, and what to do. */
static void say_rest(const struct telling *t, const struct store_pull *p, const struct store_pull_progress *progress)
{
	char have[32], all[32];

	if (store_pull_has_begun(p))
		print_message("%s of %s are here and stay; `mgbatch models pull %s` goes on with the rest", text_bytes(have, sizeof have, progress->n_have),
			      text_bytes(all, sizeof all, progress->n_bytes), t->version);
}

/* ---- pulling ------------------------------------------------------------------------------ */

static int pull(const struct options *o, struct telling *t, struct store_pull *p)
{
	struct store_pull_progress progress;
	struct err err = ERR_INIT;
	int r = 0;

	while (r == 0 && !run_stop_signal()) {
		r = store_pull_step(p, STEP_MS, &err);
		store_pull_look(p, &progress);
		tell(t, &progress);
	}
	store_pull_look(p, &progress);
	live_clear(&t->line_shown);
	if (r == 1)
		return say_done(o, t, p, &progress);
	if (r < 0) {
		(void)print_err(&err);
		say_rest(t, p, &progress);
		return err_exit_status(err.code);
	}
	print_message("interrupted");
	say_rest(t, p, &progress);
	return SIGNAL_STATUS + run_stop_signal();
}

int models_pull(const struct options *o, const char *version)
{
	struct store_pull_config config = { .user_agent = "mgbatch/" MGBATCH_VERSION };
	struct telling t = { .version = version, .is_quiet = o->is_quiet, .is_terminal = live_is_terminal() };
	struct store_pull *p = NULL;
	struct err err = ERR_INIT, ignored = ERR_INIT;
	char *dir = NULL;
	int status;

	if (store_public_bytes(version) && store_find(&dir, version, &ignored) == 0) {
		status = say_there(o, version, dir);
		free(dir);
		return status;
	}
	if (prepare_clock_rate(&config.clock_rate, &err) < 0 || run_stop_install(&err) < 0 || store_pull_open(&p, version, &config, &err) < 0)
		return print_err(&err);
	t.begun_ms = t.last_ms = clock_monotonic_ms();
	status = pull(o, &t, p);
	store_pull_close(p);
	return status;
}
