/*
 * run: one loop, and the one writer of the ledger. The door of the room.
 *
 *   run_plan     what a run would do; writes nothing
 *   run_execute  does it; may be called again after any death and continues
 *
 * run_execute: lock, open the ledger, settle what a dead run left, enrol the
 * jobs, then one loop (fill slots until BUSY, reap, keep finished files in
 * groups by row-file-row), close the run's row. It does not print and does not write
 * reports: the listener is told, and cli does both.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "artifact/artifact.h"
#include "backend/backend.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "job/job.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stdint.h>

/* What is told while a run goes on. Borrowed until the call returns. */
enum run_news_kind {
	RUN_STARTED,   /* counts are filled */
	RUN_SETTLED,   /* text: what a dead run left and what became of it */
	RUN_PROGRESS,  /* counts are filled; about ten times a second at most */
	RUN_JOB_STARTED, /* job: a try of it begins */
	RUN_JOB_ACCEPTED, /* job: a hosted service took it, as remote_id, for credits */
	RUN_JOB_DONE,  /* job, artifact */
	RUN_JOB_FAILED,/* job, text: class and sentence, and whether it is tried again; failure: the same as facts */
	RUN_DRAINING,  /* text: what is waited for */
	RUN_ABORTING,
	RUN_NOTE       /* text: anything else worth saying */
};

struct run_counts {
	int64_t n_jobs;        /* selected */
	int64_t n_done;        /* of them, now and before */
	int64_t n_done_before; /* before this run */
	int64_t n_failed;
	int64_t n_unknown;     /* hosted: perhaps paid for, nobody knows. Filled when the run ends, as n_lost */
	int64_t n_lost;        /* hosted: paid for, and not to be had any more */
	double credits_spent;  /* by the folder's ledger, ever */
	double credits_now;    /* of them by this run */
	int64_t n_running;
	int64_t n_running_most; /* at once, so far */
	int64_t n_waiting;     /* pending, those held back included */
	double audio_s_total, audio_s_done, audio_s_done_now; /* as the jobs ask for it; now: by this run */
	double audio_s_made;   /* in the files that this run made (the fake backend's are short) */
	double running_fraction_s; /* seconds of audio's worth of progress inside running jobs */
	/* work is run_job_work's: what this run still has to do, has done, and has done inside running jobs */
	double work_left, work_made, work_running;
	int64_t making_ms;     /* since the first job could be begun: the model is loaded, the jobs are enrolled */
	int64_t elapsed_ms;
};

struct run_failure {
	enum fail_class class;
	const char *sentence;
	int n_try, tries;  /* tries used up with this one, of how many */
	double again_in_s; /* < 0: not again by this run */
};

struct run_news {
	enum run_news_kind kind;
	const struct job *job;
	const char *text;
	const struct run_counts *counts; /* NULL before the jobs are counted */
	const struct artifact *artifact;
	const struct run_failure *failure;
	const char *remote_id; /* JOB_ACCEPTED */
	double credits;        /* JOB_ACCEPTED: what it costs */
};

struct run_config {
	const char *output_dir;
	const char *manifest_name, *manifest_path, *manifest_text;
	size_t manifest_len;
	const struct job *jobs; /* all of the manifest, by ordinal */
	int64_t n_jobs;
	const struct backend_ops *ops;
	struct backend_config backend;
	struct artifact_spec artifact;
	const char *made_by;
	const char *const *licences; /* "native:<fingerprint> cc-by-nc-4.0", for each maker whose licence is known; the ledger remembers them */
	int n_licences;
	const char *tool_version;
	const char *command_line; /* for the run's row */
	int tries;        /* of one job in all, at least 1 */
	double for_s;     /* stop starting jobs after this; 0: no limit */
	int64_t limit;    /* start at most this many jobs; 0: no limit */
	bool wait;        /* wait for another run's lock instead of ERR_LOCKED */
	bool remake_stale;
	double credits_cap; /* the most that the folder's ledger may have spent, ever (ops->costs_money); < 0: none was said */
	unsigned retried_classes; /* run.retry: tried again beside those that are by default; 1u << enum fail_class */
	/* --select: which jobs a run may make, asked once of each when its state is known (enrolled, before the loop). NULL: all.
	 * What is not selected is enrolled and left alone. With it, or with a limit, a run supersedes nothing. Counts are of the selected. */
	bool (*select)(void *arg, const struct job *job, enum job_state state);
	void *select_arg;
	void (*listen)(void *arg, const struct run_news *news);
	void *listen_arg;
};

struct run_result {
	struct run_counts counts;
	int exit_status;     /* DESIGN section 8 */
	bool ledger_changed; /* reports want rewriting */
	bool reports_are_current; /* nothing was changed, and the last run's reports were written whole (run_note_reports) */
	int64_t number;      /* of the run; 0: it has none */
	char reason[EVENT_SENTENCE_MAX + 128]; /* one sentence: why it ended so; perhaps with what a job said */
};

/* Answers 0 whatever became of the jobs (see exit_status); -1: it could not run or go on, exit status by err's code. */
int run_execute(const struct run_config *config, struct run_result *ret, struct err *err) WARN_UNUSED;

/* What a run would do. Opens the ledger read-only if there is one. */
struct run_plan {
	int64_t n_new, n_pending, n_done, n_failed, n_superseded, n_replaced, n_renamed, n_stale, n_missing, n_back, n_other;
	int64_t n_to_make;           /* what a run would do now */
	double audio_s_total, audio_s_to_make;
	uint64_t bytes_needed, bytes_free; /* files of the jobs to make; of the output's disk */
	double expected_s;           /* from the ledger's own speed; 0: unknown */
	int64_t by_state[JOB_N_STATES]; /* of the manifest's jobs; those not in the ledger count as pending */
	/* of a backend that costs money, else all 0 */
	int64_t n_to_pay;            /* of those to make: the others are looked after or fetched again, and cost nothing more */
	double credits_needed;       /* for those to pay; -1: could not be asked, credits_why says why */
	double credits_spent;        /* by the folder's ledger, ever */
	char credits_why[ERR_TEXT_MAX];
};
int run_plan(const struct run_config *config, struct run_plan *ret, struct err *err) WARN_UNUSED;

/* Once the reports of this run are written, or were current: remembered in .mgbatch/reported, so that the next run, where it
 * changes nothing, need not write them again: a million rows take as long to report as to enrol. */
int run_note_reports(const struct run_config *config, const struct run_result *result, struct err *err) WARN_UNUSED;

/* Signals: run_stop_install makes INT, TERM and HUP raise the stop level (1 drain, 2 abort, 3 leave at once);
 * run_execute looks at it. The signal that came is in run_stop_signal (0: none). */
int run_stop_install(struct err *err) WARN_UNUSED;
int run_stop_signal(void);

/* The process of this machine that works in the folder now; 0: none, or it cannot be seen from here. */
int64_t run_pid(const char *output_dir);

/* Seconds of audio times the rows of the batch that it takes: one where guidance is 1, else two (DESIGN section 6). */
double run_job_work(const struct job *job);
/* progress.c's line: pure, for cli to print. The time to come is by work, not by count. */
void run_progress_line(struct strbuf *out, const struct run_counts *counts); /* "12/36 · 3 running · 1 failed · 0.8 s/s · ETA 4m 10s" */

/* Looking after what is there: run_retry, run_gc, run_verify, run_why. */
#include "run/tend.h"

#endif
