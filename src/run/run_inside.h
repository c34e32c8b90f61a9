/*
 * run_inside: what the files of this room share. struct run is one run from
 * lock to closing row; run.c owns it. job numbers (`index`) are places in
 * config->jobs and in run->jobs alike.
 */
#ifndef RUN_RUN_INSIDE_H
#define RUN_RUN_INSIDE_H

#include "base/err.h"
#include "base/fs.h"
#include "base/pool.h"
#include "ledger/ledger.h"
#include "ledger/ledger_write.h"
#include "run/queue.h"
#include "run/run.h"
#include "run/sync.h"

#define RUN_PART_DIR LEDGER_DIR "/part" /* files not yet in place */
#define RUN_MOVE_DIR LEDGER_DIR "/move" /* whole files on their way to another name */
#define RUN_OLD_DIR LEDGER_DIR "/old"   /* files that were replaced */
#define RUN_CRASH_FILE LEDGER_DIR "/crash"

#define RUN_PATH_MAX 4096   /* bytes of a path: PATH_MAX on Linux */
#define RUN_DEATHS_MAX 3   /* then a job is failed(crash) (DESIGN section 5) */
#define RUN_GROUP_MAX 64   /* files that share one commit (DESIGN section 4, law 3) */
#define RUN_GROUP_MS 200   /* how long the first of them waits */

/* One job as this run knows it. */
struct run_job {
	int64_t seq;
	int64_t not_before_ms; /* Unix; 0: now */
	int n_tries, n_deaths, n_attempts;
	unsigned char state;   /* enum job_state */
	bool is_known;         /* had a row before this run */
	bool has_file;         /* an artifact row that a new file replaces */
	bool was_started;      /* by this run */
};

/* A complete file on its way to its name. Paths are relative to the output folder and owned. */
struct run_file {
	int64_t index;            /* of the job, or -1 where only the ledger knows it */
	int64_t seq;
	int n_attempt;
	char *from, *to;
	bool is_new;              /* made by this run, artifact is filled; else the ledger knows the file and it only moves */
	bool ends_try;            /* the attempt is done once the file is in place */
	bool has_former;          /* is_new: the row may name an older file elsewhere */
	struct artifact artifact;
	double make_s;
};

struct run_slot {
	int64_t index;
	double progress;  /* 0..1 */
	bool is_started;  /* its try is in the ledger */
};

struct run {
	const struct run_config *config;
	struct run_result *result;
	struct ledger *ledger;
	struct backend *backend;      /* NULL: nothing to make */
	struct fs_lock lock;
	struct ledger_run row;
	struct run_job *jobs;         /* [config->n_jobs] */
	struct queue queue;
	struct run_file group[RUN_GROUP_MAX];
	int n_group;
	struct pool *sync_pool;       /* for groups; NULL until one is large */
	int64_t group_ms;             /* monotonic, of the group's first */
	struct run_slot *slots;       /* jobs handed to the backend */
	size_t n_slots, cap_slots;
	bool is_alone;                /* the job in the slot is one that runs alone */
	struct run_counts counts;
	uint64_t random;
	int64_t started_ms, told_ms;  /* monotonic */
	int64_t n_started;            /* of different jobs, for the limit */
	int64_t n_held_back;          /* pending jobs that the limit keeps from being begun */
	int told_level;               /* of the stop signals */
	bool is_out_of_time;
	enum fail_class stop_class;   /* a failure that stops the run, or FAIL_NONE */
	char stop_sentence[EVENT_SENTENCE_MAX];
	bool has_changed;             /* any row but the run's own */
};

char *run_path(const struct run *r, const char *relative); /* under the output folder; caller frees */
void run_tell(struct run *r, enum run_news_kind kind, const struct job *job, const char *text);
void run_tellf(struct run *r, enum run_news_kind kind, const struct job *job, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* A row of the ledger's event table and a RUN_NOTE (or another kind). Inside a transaction. */
int run_note(struct run *r, enum run_news_kind kind, const char *what, const char *text, struct err *err) WARN_UNUSED;

/* settle.c: what a dead run left. Begins this run's row. */
int settle_start(struct run *r, struct err *err) WARN_UNUSED;
int settle_files(struct run *r, struct err *err) WARN_UNUSED;
/* enrol.c: the manifest's jobs become rows; r->jobs and the queue are filled. */
int enrol_jobs(struct run *r, struct err *err) WARN_UNUSED;
/* commit.c: row, file, row for n files at most RUN_GROUP_MAX; frees their paths. */
int commit_files(struct run *r, struct run_file *files, int n, struct err *err) WARN_UNUSED;
void commit_forget(struct run_file *files, int n);
/* One rename, of paths relative to the output folder; dirs: what is to be synced after it. */
int commit_move(const struct run *r, struct sync_dirs *dirs, const char *from, const char *to, struct err *err) WARN_UNUSED;
/* loop.c: fill slots, reap, keep; until nothing is left or something stops it. */
int loop_run(struct run *r, struct err *err) WARN_UNUSED;
int loop_interrupt(struct run *r, struct err *err) WARN_UNUSED; /* what is in a slot becomes pending again */

#endif
