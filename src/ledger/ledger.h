/*
 * ledger: what has happened, in SQLite. The door of the room.
 *
 * <output.dir>/.mgbatch/ledger.db, one per output folder and manifest name.
 * WAL on a local disk, TRUNCATE on a network file system; synchronous=NORMAL,
 * FULL when the backend costs money. user_version numbers the schema; an older
 * one is migrated on opening, a newer one is refused. A kernel lock beside it
 * (.mgbatch/lock) lets one run write at a time and dies with the process.
 *
 * Only run opens it for writing. Anyone may read while a run is going, and sees one
 * moment of it; ledger_open_read works in every state that a crash can leave. On a
 * network file system, where who reads holds up who writes, a reader takes a copy first.
 * A row that names a file outside the output folder is ERR_LEDGER, whoever reads it.
 *
 * Times are Unix milliseconds. Not thread-safe.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "base/err.h"
#include "base/hash.h"
#include "job/job.h"

#include <stdbool.h>
#include <stdint.h>

struct ledger;

/* ---- reading ------------------------------------------------------------------ */

/* ERR_LEDGER: there is none ("nothing has been run here yet", sys_errno is ENOENT), a newer version's, or not readable. */
int ledger_open_read(struct ledger **ret, const char *output_dir, struct err *err) WARN_UNUSED;
void ledger_close(struct ledger *l);

/* The ledger's own facts. Borrowed until ledger_close. */
struct ledger_head {
	const char *manifest_name;
	const char *manifest_path; /* of the latest run */
	const char *backend;       /* "native" */
	const char *made_by;       /* "native:<fingerprint>" of the latest run */
	int64_t last_started_ms, last_ended_ms; /* ended 0: still going, or died */
	int last_exit_status;      /* -1: none yet */
	double audio_s_per_s;      /* seconds of audio made per second of run, over finished runs; 0: unknown */
	const char *tool_version;  /* of the latest run */
	const char *last_command_line; /* as cli/command_line writes it */
	const char *last_host;     /* where it runs or ran */
	int64_t last_pid;
};
int ledger_head(struct ledger *l, struct ledger_head *ret, struct err *err) WARN_UNUSED;

/* Whose an output folder is: one manifest's and one backend's. */
struct ledger_owner {
	const char *manifest_name;
	const char *backend;
	bool costs_money; /* ledger_write.h: synchronous=FULL */
};
/* ERR_USAGE with what to do: the folder belongs to another. */
int ledger_check_owner(struct ledger *l, const char *output_dir, const struct ledger_owner *owner, struct err *err) WARN_UNUSED;

struct ledger_counts {
	int64_t by_state[JOB_N_STATES];
	int64_t failed_by_class[FAIL_N_CLASSES];
	double audio_s_by_state[JOB_N_STATES]; /* duration asked for; of the files for done */
	double credits;                        /* spent, on all jobs that ever were in the ledger */
};
int ledger_count(struct ledger *l, struct ledger_counts *ret, struct err *err) WARN_UNUSED;

/* One job's row with its artifact. Texts are borrowed until the visit returns. */
struct ledger_job {
	int64_t seq;          /* the row's own number, for ledger_write.h */
	unsigned char id[HASH_BYTES];
	char id_text[JOB_ID_SIZE];
	const char *canonical;
	const char *set;
	const char *path;     /* relative to output_dir: where its file is when there is one (done, superseded), else where it will be */
	const char *params;   /* JSON object of all effective values, card order */
	const char *axes;     /* JSON object name -> text, in axis order */
	const char *tags;     /* JSON array of texts */
	int take;
	int64_t ordinal;
	enum job_state state;
	enum fail_class class;  /* of the last failure, FAIL_NONE */
	const char *sentence;   /* of the last failure, "" */
	int n_tries;            /* that ended in a file or in a failure that counts */
	int n_interruptions, n_deaths;
	int n_attempts;         /* all that were begun */
	double audio_s;         /* duration asked for */
	int64_t digest;         /* of what may change while the id stays (ledger_digest) */
	int64_t not_before_ms;  /* 0: now */
	/* hosted: what the service has of it; the first of these three that is there says what the next try begins with (run/remote.h) */
	const char *asset_id;   /* the sound that it made, to be fetched again, or NULL */
	const char *remote_id;  /* its job there, or NULL */
	int64_t submitted_ms;   /* it was about to be sent then, and nobody knows whether it was; 0: no such question is open */
	double credits;         /* spent on it, over all its tries: what was accepted or perhaps was */
	int64_t started_ms, ended_ms; /* of the last try; 0 */
	double make_s;          /* work time of the try that made it */
	bool has_artifact;
	const char *file_path;  /* with an artifact: where the file is, or will be once it is settled (made); else "" */
	const char *temp_path;  /* made: where it is until then; else "" */
	const char *wanted_path; /* where the manifest wants the file; differs from path until a renamed one is moved */
	const char *file_sha256, *pcm_sha256, *arithmetic; /* with an artifact, else "" */
	const char *source_sha256; /* hosted: of the file as it was downloaded; else "" */
	const char *format;     /* "wav" */
	int bits;               /* 0: a lossy format has none */
	int64_t n_bytes;
	double seconds;
	int rate_hz, n_channels;
	int model_rate_hz;      /* of the samples as they were made, before output.rate */
	double lkfs, peak;
	const unsigned char *peaks; /* ARTIFACT_PEAKS bytes, or NULL */
	int n_peaks;
};
typedef int (*ledger_visit)(void *arg, const struct ledger_job *row, struct err *err); /* 0 go on, 1 stop, -1 err */

/* Every row whose state is in the mask (1u << JOB_DONE | ...), by ordinal; superseded ones last. */
int ledger_each(struct ledger *l, unsigned state_mask, ledger_visit visit, void *arg, struct err *err) WARN_UNUSED;
/* The same in the order of the rows' numbers: one pass without a sort, for looking at all of a large ledger. */
int ledger_scan(struct ledger *l, unsigned state_mask, ledger_visit visit, void *arg, struct err *err) WARN_UNUSED;
#define LEDGER_ALL_STATES ((1u << JOB_N_STATES) - 1)
#define LEDGER_LIVE_STATES (LEDGER_ALL_STATES & ~(1u << JOB_SUPERSEDED))

/* The row whose id begins with prefix (at least JOB_ID_PREFIX_MIN characters of base32). ERR_USAGE: none (sys_errno is ENOENT), or
 * several (named). */
int ledger_find(struct ledger *l, const char *prefix, ledger_visit visit, void *arg, struct err *err) WARN_UNUSED;

/* The texts of what was noted under a name, each once, in the order in which they were noted last. */
#define LEDGER_LICENCE "licence" /* "native:<fingerprint> cc-by-nc-4.0": under which the weights of a maker are */
typedef int (*ledger_visit_text)(void *arg, const char *text, struct err *err); /* 0 go on, -1 err */
int ledger_each_note(struct ledger *l, const char *what, ledger_visit_text visit, void *arg, struct err *err) WARN_UNUSED;

/* The tries of one job, oldest first. */
struct ledger_attempt {
	int n;
	int64_t started_ms, ended_ms; /* ended 0: never closed */
	const char *outcome;          /* "done", "failed", "interrupted", "called off", "died" */
	const char *class, *sentence; /* "" */
	const char *remote_id;        /* hosted: as what the service accepted it; "" */
	int64_t submitted_ms;         /* hosted: when it was about to be sent; 0 */
	double credits;               /* hosted: what it cost or may have cost */
};
typedef int (*ledger_visit_attempt)(void *arg, const struct ledger_attempt *row, struct err *err);
int ledger_each_attempt(struct ledger *l, const unsigned char id[HASH_BYTES], ledger_visit_attempt visit, void *arg,
			struct err *err) WARN_UNUSED;

/*
 * Is it whole? SQLite's own look at its pages (deep: and at what its indexes say of every row), and whether the rows
 * agree with each other. Each thing that is wrong is one sentence, at most some twenty.
 */
int ledger_check(struct ledger *l, bool deep, ledger_visit_text visit, void *arg, struct err *err) WARN_UNUSED;

/* ---- writing: in ledger_write.h, which is a second door for run alone --------------- */

#endif
