/*
 * some_run.h: one run_execute over some_jobs with the fake backend, and looks into the ledger afterwards.
 */
#ifndef SOME_RUN_H
#define SOME_RUN_H

#include "unit/ledger/some_ledger.h"

#include "base/hash.h"
#include "run/run.h"
#include "run/stop.h"

#include <signal.h>

struct some_run {
	struct run_config config;
	struct run_result result;
	struct err err;
	int n_done, n_failed, n_notes, n_settled, n_draining, n_aborting; /* news */
	double credits;       /* of the last job that a service accepted; -1: none */
	char text[512];       /* of the last news that had one */
	int signal_after;     /* raise `signal` when so many jobs are done; 0: never */
	int signal, n_signals;
};

static inline void some_listen(void *arg, const struct run_news *news)
{
	struct some_run *r = arg;

	r->n_done += news->kind == RUN_JOB_DONE;
	r->n_failed += news->kind == RUN_JOB_FAILED;
	r->n_notes += news->kind == RUN_NOTE;
	r->n_settled += news->kind == RUN_SETTLED;
	r->n_draining += news->kind == RUN_DRAINING;
	r->n_aborting += news->kind == RUN_ABORTING;
	if (news->kind == RUN_JOB_ACCEPTED)
		r->credits = news->credits;
	if (news->text[0])
		(void)snprintf(r->text, sizeof r->text, "%s", news->text);
	if (news->kind == RUN_JOB_DONE && r->signal_after > 0 && r->n_done == r->signal_after)
		for (int i = 0; i < r->n_signals; i++)
			(void)raise(r->signal);
}

static inline void some_run_init(struct some_run *r, const struct some_jobs *s)
{
	static const char text[] = "version: 1\nname: test\n";

	memset(r, 0, sizeof *r);
	r->config = (struct run_config){
		.output_dir = s->dir, .manifest_name = "test", .manifest_path = "test.yaml", .manifest_text = text,
		.manifest_len = sizeof text - 1, .jobs = s->jobs, .n_jobs = s->n, .ops = backend_find(PARAM_FAKE),
		.artifact = { AUDIO_WAV, 16, "fake", 0 }, .made_by = "fake", .tool_version = "0", .command_line = "test", .tries = 3,
		.listen = some_listen, .listen_arg = r,
	};
}

/* The exit status, an err's included. */
static inline int some_run_go(struct some_run *r)
{
	r->n_done = r->n_failed = r->n_notes = r->n_settled = r->n_draining = r->n_aborting = 0;
	r->text[0] = '\0';
	r->credits = -1;
	r->err = (struct err)ERR_INIT;
	r->config.listen_arg = r;
	return run_execute(&r->config, &r->result, &r->err) == 0 ? r->result.exit_status : err_exit_status(r->err.code);
}

/* ---- the ledger afterwards ------------------------------------------------------------ */

/* What is asked of one row; texts are copied. */
struct some_row {
	int64_t ordinal;
	bool found;
	enum job_state state;
	enum fail_class class;
	int n_tries, n_interruptions, n_deaths, n_attempts;
	char path[256], sentence[256], sha[HASH_HEX_SIZE];
};

static inline int some_visit(void *arg, const struct ledger_job *row, struct err *err)
{
	struct some_row *want = arg;

	(void)err;
	if (row->ordinal != want->ordinal || (want->found && row->state == JOB_SUPERSEDED))
		return 0;
	want->found = true;
	want->state = row->state;
	want->class = row->class;
	want->n_tries = row->n_tries;
	want->n_interruptions = row->n_interruptions;
	want->n_deaths = row->n_deaths;
	want->n_attempts = row->n_attempts;
	(void)snprintf(want->path, sizeof want->path, "%s", row->path);
	(void)snprintf(want->sentence, sizeof want->sentence, "%s", row->sentence);
	(void)snprintf(want->sha, sizeof want->sha, "%s", row->file_sha256);
	return 0;
}

/* The live row of an ordinal. */
static inline struct some_row row_of(const struct some_jobs *s, int64_t ordinal)
{
	struct some_row row = { .ordinal = ordinal };
	struct err err = ERR_INIT;
	struct ledger *l = NULL;

	if (ledger_open_read(&l, s->dir, &err) != 0 || ledger_each(l, LEDGER_ALL_STATES, some_visit, &row, &err) != 0)
		printf("# %s\n", err.text);
	ledger_close(l);
	return row;
}

static inline int64_t count_of(const struct some_jobs *s, enum job_state state)
{
	struct ledger_counts counts = { .by_state = { 0 } };
	struct err err = ERR_INIT;
	struct ledger *l = NULL;

	if (ledger_open_read(&l, s->dir, &err) != 0 || ledger_count(l, &counts, &err) != 0)
		printf("# %s\n", err.text);
	ledger_close(l);
	return counts.by_state[state];
}

/* ---- what a dead run left ------------------------------------------------------------------ */

/* Its row. */
static inline struct ledger_run dead_run(void)
{
	return (struct ledger_run){ .started_ms = 1, .exit_status = -1, .command_line = "", .host = "", .boot_id = "", .tool_version = "",
				    .made_by = "", .manifest_path = "", .manifest_sha256 = "", .n_oom_kills = -1 };
}

/* The row of a wav file that it made of these bytes. hash and sha keep what the row points to. */
static inline struct ledger_file made_file(const char *temp_path, const char *path, const char *bytes, unsigned char hash[HASH_BYTES],
					   char sha[HASH_HEX_SIZE])
{
	hash_bytes(bytes, strlen(bytes), hash);
	hash_hex(sha, hash);
	return (struct ledger_file){ .seq = 1, .temp_path = temp_path, .path = path, .file_sha256 = sha, .pcm_sha256 = sha,
				     .arithmetic = "fake", .format = "wav", .bits = 16, .n_bytes = (int64_t)strlen(bytes), .seconds = 1,
				     .rate_hz = 32000, .model_rate_hz = 32000, .n_channels = 2, .peaks = hash, .n_peaks = HASH_BYTES };
}

/* ---- files ------------------------------------------------------------------------------ */

static inline void sha_of(const struct some_jobs *s, const char *relative, char out[HASH_HEX_SIZE])
{
	unsigned char hash[HASH_BYTES];
	struct err err = ERR_INIT;
	char *path = fs_join(s->dir, relative);

	out[0] = '\0';
	if (hash_file(path, hash, &err) == 0)
		hash_hex(out, hash);
	free(path);
}

/* The rows' hashes are the hashes of the files that they name. */
static inline int n_untrue(const struct some_jobs *s, int n)
{
	int n_wrong = 0;

	for (int i = 0; i < n; i++) {
		struct some_row row = row_of(s, i);
		char sha[HASH_HEX_SIZE];

		sha_of(s, row.path, sha);
		n_wrong += row.state != JOB_DONE || strcmp(sha, row.sha) != 0;
	}
	return n_wrong;
}

static inline int some_count_try(void *arg, const struct ledger_attempt *row, struct err *err)
{
	int *n_done = arg;

	(void)err;
	*n_done += strcmp(row->outcome, "done") == 0;
	return 0;
}

/* Jobs that were not done exactly once. */
static inline int n_not_once(const struct some_jobs *s)
{
	struct err err = ERR_INIT;
	struct ledger *l = NULL;
	int n_wrong = 0;

	if (ledger_open_read(&l, s->dir, &err) != 0)
		return -1;
	for (int i = 0; i < s->n; i++) {
		int n_done = 0;

		n_wrong += ledger_each_attempt(l, s->jobs[i].id, some_count_try, &n_done, &err) != 0 || n_done != 1;
	}
	ledger_close(l);
	return n_wrong;
}

#endif
