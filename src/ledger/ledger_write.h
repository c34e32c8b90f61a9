/*
 * ledger_write: changing the ledger. The second door of the room, for run alone.
 *
 *   ledger_open_write     makes what is missing, migrates, refuses another manifest's ledger
 *   ledger_begin .. ledger_commit around every change; ledger_rollback drops what was begun
 *   ledger_close
 *
 * The caller holds the lock beside the ledger (.mgbatch/lock). Rows are named by
 * seq, which ledger_add_job hands out and ledger_scan reads back. Which state may
 * follow which is job_state_may's to say: a function that would set another one
 * changes nothing and answers ERR_BUG with the job, its state and the one wanted.
 * All answer 0 or -1; a full disk is ERR_DISK_FULL, everything else ERR_LEDGER.
 */
#ifndef LEDGER_LEDGER_WRITE_H
#define LEDGER_LEDGER_WRITE_H

#include "ledger/ledger.h"

/* Where things lie under the output folder. */
#define LEDGER_DIR ".mgbatch"
#define LEDGER_FILE ".mgbatch/ledger.db"
#define LEDGER_LOCK ".mgbatch/lock"
#define LEDGER_REPORTED ".mgbatch/reported" /* run/reported.h; removed whenever the ledger is opened for writing */

/* ERR_USAGE: the folder belongs to another manifest name or backend. ERR_LEDGER: unusable. */
int ledger_open_write(struct ledger **ret, const char *output_dir, const struct ledger_owner *owner, struct err *err) WARN_UNUSED;

int ledger_begin(struct ledger *l, struct err *err) WARN_UNUSED;
int ledger_commit(struct ledger *l, struct err *err) WARN_UNUSED;
/* Outside a transaction: what was committed so far, a power cut cannot take back. Asked before files that are there already
 * are moved: a lost row would no longer know them. Where every commit lasts (synchronous=FULL) nothing happens. */
int ledger_make_lasting(struct ledger *l, struct err *err) WARN_UNUSED;
void ledger_rollback(struct ledger *l); /* nothing happens outside a transaction */
/* The end of what was begun: commits where rc is 0, else, and where that fails, drops it. 0 or -1. */
int ledger_end(struct ledger *l, int rc, struct err *err) WARN_UNUSED;

/* ---- runs ----------------------------------------------------------------------- */

struct ledger_run {
	int64_t number;
	int64_t started_ms, ended_ms;
	int exit_status;        /* -1: not ended */
	const char *command_line, *host, *boot_id, *tool_version, *made_by, *manifest_path, *manifest_sha256;
	int64_t pid;
	int64_t n_oom_kills;    /* of the machine since its boot, when the run began; -1: not known */
	double audio_s;         /* made by it */
};
int ledger_keep_manifest(struct ledger *l, const char *sha256, const char *path, const char *text, size_t len, struct err *err) WARN_UNUSED;
int ledger_start_run(struct ledger *l, struct ledger_run *run, struct err *err) WARN_UNUSED; /* fills number */
int ledger_end_run(struct ledger *l, const struct ledger_run *run, struct err *err) WARN_UNUSED;
/* 1: the latest run never ended (ret is filled; texts borrowed until the next call); 0: none such. */
int ledger_dead_run(struct ledger *l, struct ledger_run *ret, struct err *err) WARN_UNUSED;
int ledger_note(struct ledger *l, int64_t run, int64_t seq, const char *what, const char *text, struct err *err) WARN_UNUSED; /* an event; seq 0: none */

/* ---- jobs ------------------------------------------------------------------------ */

/* A hash of everything that a row holds of the manifest and that is not in the id: names, place, set, tags, axes, values as said. */
int64_t ledger_digest(const struct job *job);
int ledger_add_job(struct ledger *l, const struct job *job, int64_t *ret_seq, struct err *err) WARN_UNUSED; /* pending */
int ledger_change_job(struct ledger *l, int64_t seq, const struct job *job, struct err *err) WARN_UNUSED;   /* same id, other digest */
int ledger_set_state(struct ledger *l, int64_t seq, enum job_state state, struct err *err) WARN_UNUSED;
/* Pending as if never tried: a file that is missing, stale or back. */
int ledger_renew_job(struct ledger *l, int64_t seq, struct err *err) WARN_UNUSED;

/* Every row that a run has in hand (submitting, running, made), by ordinal. The visit may change rows. */
int ledger_each_open(struct ledger *l, ledger_visit visit, void *arg, struct err *err) WARN_UNUSED;

/* Begins attempt n (1-based, growing over all runs) of a job: state running. */
int ledger_start_try(struct ledger *l, int64_t seq, int64_t run, int n, int64_t now_ms, struct err *err) WARN_UNUSED;
/* The same of one that was about to be sent by an earlier attempt, to find out whether it was: state submitting. */
int ledger_start_look(struct ledger *l, int64_t seq, int64_t run, int n, int64_t now_ms, struct err *err) WARN_UNUSED;

/* CALLED_OFF: interrupted, and the service was asked to cancel it. */
enum ledger_outcome { LEDGER_DONE, LEDGER_FAILED, LEDGER_INTERRUPTED, LEDGER_CALLED_OFF, LEDGER_DIED };
struct ledger_try_end {
	int64_t seq;
	int n;                     /* the attempt */
	enum ledger_outcome outcome;
	enum job_state state;      /* of the job from now on */
	bool counts;               /* uses up one of the job's tries */
	int64_t ended_ms;          /* 0: nobody knows */
	int64_t not_before_ms;
	enum fail_class class;     /* FAIL_NONE keeps what the row says, except for done, which clears it */
	const char *sentence;
	double make_s;
};
int ledger_end_try(struct ledger *l, const struct ledger_try_end *end, struct err *err) WARN_UNUSED;

/* ---- what a service was asked for, and money (ledger_remote.c) ---------------------- */

/*
 * One submission: ledger_submit (durable before the request leaves), then ledger_accept or ledger_unsubmit, perhaps in
 * a later attempt or run; until then job.submitted_ms says that nobody knows. The credits of a submission stay with the attempt that made
 * it, whichever found out. *ret_more: how much more the ledger counts as spent than before (less than nothing: given back).
 */
int ledger_submit(struct ledger *l, int64_t seq, int n, int64_t now_ms, double credits, struct err *err) WARN_UNUSED;
/* credits < 0: what was reserved stands. State running. *ret_credits: what the submission counts for now. */
int ledger_accept(struct ledger *l, int64_t seq, const char *remote_id, double credits, double *ret_credits, double *ret_more,
		  struct err *err) WARN_UNUSED;
/* It was not sent, or refused: nothing is owed for it. */
int ledger_unsubmit(struct ledger *l, int64_t seq, double *ret_more, struct err *err) WARN_UNUSED;
/* The job begins anew with the next try, and is paid for again; what was spent stays spent, the attempts keep their ids. */
int ledger_forget_remote(struct ledger *l, int64_t seq, struct err *err) WARN_UNUSED;
int ledger_put_asset(struct ledger *l, int64_t seq, const char *asset_id, struct err *err) WARN_UNUSED;
/* What the service has of a job: appended to the two texts, nothing where there is none. */
int ledger_get_remote(struct ledger *l, int64_t seq, struct strbuf *remote_id, struct strbuf *asset_id, int64_t *submitted_ms,
		      struct err *err) WARN_UNUSED;
/* Has any try called it off since it was sent the last time? 1, 0, -1. */
int ledger_was_called_off(struct ledger *l, int64_t seq, struct err *err) WARN_UNUSED;
int ledger_is_owned(struct ledger *l, const char *remote_id, struct err *err) WARN_UNUSED; /* by any attempt: 1, 0, -1 */
int ledger_get_spent(struct ledger *l, double *ret_credits, struct err *err) WARN_UNUSED; /* on all jobs that ever were here */

/* Inputs that a project of the service has already. project "": the credentials' own. */
int ledger_put_upload(struct ledger *l, const char *project, const char *input_sha256, const char *asset_id, int64_t now_ms,
		      struct err *err) WARN_UNUSED;
int ledger_get_upload(struct ledger *l, const char *project, const char *input_sha256, struct strbuf *asset_id, struct err *err) WARN_UNUSED;

/* ---- files ----------------------------------------------------------------------- */

/* A complete file lying at temp_path that is to be at path: the job is `made`. Paths are relative to the output folder. */
struct ledger_file {
	int64_t seq;
	const char *temp_path, *path;
	const char *file_sha256, *pcm_sha256, *arithmetic, *format;
	int bits;
	int64_t n_bytes;
	double seconds, lkfs, peak, make_s;
	int rate_hz, n_channels;
	int model_rate_hz;
	const unsigned char *peaks;
	int n_peaks;
	const char *source_sha256; /* hosted: of the file as it was downloaded; NULL: there was none */
	const char *asset_id;      /* hosted: the service's name for it, by which it may be fetched again; NULL: none */
};
int ledger_put_file(struct ledger *l, const struct ledger_file *file, struct err *err) WARN_UNUSED;
/* The same for a file that is known already and only moves. */
int ledger_put_move(struct ledger *l, int64_t seq, const char *temp_path, const char *path, struct err *err) WARN_UNUSED;
/* The file is at its path now; the state is set by ledger_set_state or ledger_end_try. */
int ledger_put_settled(struct ledger *l, int64_t seq, struct err *err) WARN_UNUSED;
/* Whatever other row's file was said to be at path is at new_path from now on. */
int ledger_move_others(struct ledger *l, int64_t seq, const char *path, const char *new_path, struct err *err) WARN_UNUSED;
/*
 * What makes way for new files is written down before it is moved, in the transaction of the new files' rows, and
 * forgotten in the one that ends them: so a dead run's move is found and finished.
 */
int ledger_put_away(struct ledger *l, const char *path, const char *old_path, struct err *err) WARN_UNUSED;
typedef int (*ledger_visit_away)(void *arg, const char *path, const char *old_path, struct err *err);
/* Those whose path is not a finished job's. */
int ledger_each_away(struct ledger *l, ledger_visit_away visit, void *arg, struct err *err) WARN_UNUSED;
/* Forgets all of them; a finished job whose file has made way is superseded. */
int ledger_drop_aways(struct ledger *l, struct err *err) WARN_UNUSED;
int ledger_drop_file(struct ledger *l, int64_t seq, struct err *err) WARN_UNUSED;
/* Appends where the job's file is said to be; nothing when it has none. */
int ledger_get_file_path(struct ledger *l, int64_t seq, struct strbuf *out, struct err *err) WARN_UNUSED;

#endif
