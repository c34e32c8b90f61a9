/*
 * run/tend: looking after what is there: retry, gc, verify, why. Part of the door run.h.
 *
 * run_retry and run_gc take the folder's lock as a run does and change the ledger, but are no runs: what a dead run had
 * in hand stays as it is, for the next run to settle. run_verify and run_why change nothing. None of them prints: what is
 * found goes to a visitor, whose texts are borrowed until it returns. One thread.
 */
#ifndef RUN_TEND_H
#define RUN_TEND_H

#include "base/err.h"
#include "job/job.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stdint.h>

struct run_config;

/* Which folder, on whose behalf, and which of its jobs. */
struct run_place {
	const char *output_dir;
	const char *called;        /* what people type for it: sentences say "mgbatch retry <called> ID" */
	const char *manifest_name; /* both NULL: a folder alone, whoever it belongs to; else another's is ERR_USAGE */
	const char *backend;
	bool wait;                 /* for another run's lock, instead of ERR_LOCKED */
	int (*select)(void *arg, const struct ledger_job *row, struct err *err); /* 1: meant, 0: not, -1: err. NULL: all */
	void *select_arg;
	void (*tell)(void *arg, const char *text); /* whom is waited for; may be NULL */
	void *tell_arg;
};

/* ---- retry (retry_jobs.c) ------------------------------------------------------------ */

/*
 * Jobs become pending with all their tries again; the history of attempts stays. Without ids: all failed ones that are
 * selected. With ids (prefixes; `select` is not asked): failed ones, and finished ones, whose file stays until its
 * replacement is complete. All or nothing: a job that may not be made again (ERR_USAGE) leaves every other one as it was.
 * What may have been paid for (unknown, lost, finished by a hosted service) is made again only by its id and with pay_again; what failed
 * although the service has it is looked after there, unless pay_again says otherwise.
 */
struct run_retry {
	struct run_place place;
	const char *const *ids;
	int n_ids;
	bool pay_again;
};
struct run_retry_result {
	int64_t n_failed; /* are pending now, as the next two */
	int64_t n_done;   /* finished ones, by their id */
	int64_t n_paid;   /* unknown or lost ones, and finished ones that were paid for */
	int64_t n_pending;      /* meant, and pending anyway */
	int64_t n_in_hand;      /* meant, and left in a slot by a dead run: the next one begins them again by itself */
	int64_t n_superseded;   /* meant, and no longer in the manifest */
	int64_t n_left_done;    /* selected, and finished: made again only by id */
	int64_t n_left_unknown; /* selected, and perhaps paid for */
};
int run_retry(const struct run_retry *retry, struct run_retry_result *ret, struct err *err) WARN_UNUSED;

/* ---- gc (gc.c) ----------------------------------------------------------------------- */

enum run_gc_kind {
	RUN_GC_SUPERSEDED, /* the file of a job that is no longer in the manifest */
	RUN_GC_OLD,        /* replaced, and kept in .mgbatch/old until now */
	RUN_GC_LEFT,       /* not finished by a run that died, and no row names it */
	RUN_GC_N_KINDS
};
struct run_gc_file {
	enum run_gc_kind kind;
	const char *path; /* relative to the output folder */
	const char *id_text; /* of the job that it belongs to, or "" */
	int64_t n_bytes;
};
struct run_gc {
	struct run_place place; /* with `select` only files of selected superseded jobs go */
	bool removes;           /* false: only say what would go */
	int (*visit)(void *arg, const struct run_gc_file *file, struct err *err); /* before anything is removed; 0 or -1 */
	void *visit_arg;
};
struct run_gc_result {
	int64_t n_files[RUN_GC_N_KINDS], n_bytes[RUN_GC_N_KINDS];
	/* files in a superseded job's place that stay: it did not make them, and its row forgets them; or they cannot be read or lie
	 * behind a link, and its row keeps them */
	int64_t n_foreign;
};
int run_gc(const struct run_gc *gc, struct run_gc_result *ret, struct err *err) WARN_UNUSED;
void run_gc_sum(const struct run_gc_result *result, int64_t *n_files, int64_t *n_bytes); /* over all kinds */

/* ---- verify (verify.c, regen.c) --------------------------------------------------------- */

enum run_verify_what {
	RUN_VERIFY_LEDGER,    /* the ledger is damaged or contradicts itself */
	RUN_VERIFY_MISSING,   /* a finished job's file is not there */
	RUN_VERIFY_SIZE,      /* has another size */
	RUN_VERIFY_CONTENT,   /* has its size and another content (deep) */
	RUN_VERIFY_DIFFERENT, /* made again, its samples are others (regen) */
	RUN_VERIFY_FAILED,    /* could not be made again (regen) */
	RUN_VERIFY_EQUAL,     /* made again: the same samples. From here on nothing is wrong */
	RUN_VERIFY_NOT_COMPARED, /* made by another arithmetic than this program's, or no longer in the manifest */
	RUN_VERIFY_UNKNOWN,   /* a file in the folder that no row knows */
	RUN_VERIFY_STRAY,     /* left by a run that died */
	RUN_VERIFY_N_WHATS
};
#define RUN_VERIFY_IS_WRONG(what) ((what) < RUN_VERIFY_EQUAL)

struct run_verify_finding {
	enum run_verify_what what;
	const char *id_text;  /* or "" */
	const char *path;     /* or "" */
	const char *sentence; /* what is wrong and what to do */
};
struct run_verify {
	struct run_place place;
	const struct run_config *config; /* regen: the manifest's jobs, and the backend; else NULL */
	bool deep;       /* every file is read and hashed, and the ledger's pages are looked at one by one */
	int64_t n_regen; /* so many finished jobs are made again; takes the folder's lock. 0: none */
	const char *const *ignored; /* files at the top of the folder that are no job's: the reports */
	int n_ignored;
	int (*visit)(void *arg, const struct run_verify_finding *finding, struct err *err); /* 0 or -1 */
	void *visit_arg;
};
struct run_verify_result {
	int64_t n_finished; /* selected, and looked at */
	int64_t n_bytes;    /* that their files should have */
	int64_t n_found[RUN_VERIFY_N_WHATS];
	bool is_going_on;   /* the latest run has not closed its row: unknown and stray files are not looked for */
	bool is_interrupted; /* a signal ended it early */
};
/* 0 whatever was found. */
int run_verify(const struct run_verify *verify, struct run_verify_result *ret, struct err *err) WARN_UNUSED;
int64_t run_verify_wrong(const struct run_verify_result *result); /* findings that are wrong */

/* ---- why (why.c, differ.c) ----------------------------------------------------------------- */

struct run_difference {
	char *name;          /* "prompt", "made_by", "inputAudio" (its content's hash) */
	char *before, *now;  /* as people write values; "(not said)" */
	const char *note;    /* more about it, or "" */
};
struct run_why {
	char id_text[JOB_ID_SIZE];
	bool is_in_ledger, is_in_manifest;
	enum job_state state;   /* with a row */
	char *path;
	char *canonical;        /* of the job that was asked about */
	char sentence[2048];    /* what it is, and what a run would do with it */
	/* the one that stands, or stood, in its place; "" when there is none */
	char other_id_text[JOB_ID_SIZE];
	char *other_path, *other_canonical;
	bool other_is_older;    /* it is the ledger's, and the job asked about takes its place; else the other way round */
	const char *other_how;  /* how it was found: "the same path" */
	struct run_difference *differences; /* from the older to the newer */
	int n_differences;
};
/* config: with the manifest's jobs, or NULL for a folder alone. prefix: of the id of a job of either. Released also after -1. */
int run_why(const struct run_place *place, const struct run_config *config, const char *prefix, struct run_why *ret,
	    struct err *err) WARN_UNUSED;
void run_why_release(struct run_why *why);

#endif
