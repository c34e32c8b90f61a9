/*
 * run_inside: what the files of this room share. struct run is one run from
 * lock to closing row; run.c owns it. job numbers (`index`) are places in
 * config->jobs and in run->jobs alike.
 */
#ifndef RUN_RUN_INSIDE_H
#define RUN_RUN_INSIDE_H

#include "base/err.h"
#include "base/fs.h"
#include "base/tasks.h"
#include "ledger/ledger.h"
#include "ledger/ledger_write.h"
#include "run/commit.h"
#include "run/queue.h"
#include "run/reported.h"
#include "run/run.h"
#include "run/sync.h"

#define RUN_PART_DIR LEDGER_DIR "/part" /* files not yet in place, "...~"; sounds as a service made them, until they are artifacts */
#define RUN_MOVE_DIR LEDGER_DIR "/move" /* whole files on their way to another name */
#define RUN_OLD_DIR LEDGER_DIR "/old"   /* files that were replaced */
#define RUN_CRASH_FILE LEDGER_DIR "/crash"

#define RUN_PATH_MAX 4096   /* bytes of a path: PATH_MAX on Linux */
#define RUN_DEATHS_MAX 3   /* then a job is failed(crash) (DESIGN section 5) */
#define RUN_GROUP_MS 200   /* how long the first of them waits */
#define RUN_EVENTS_MAX 64  /* of one reap: as many as a group holds */
#define RUN_TURN_MS 100    /* the longest that reap may wait: signals, groups and the progress line are served this often */

/* One job as this run knows it. */
struct run_job {
	int64_t seq;
	int64_t not_before_ms; /* Unix; 0: now */
	double price;          /* in credits; BUDGET_UNASKED */
	int64_t not_sent_ms;   /* Unix: of the first of several failures in a row that could not reach the service; 0: the last was none */
	int n_not_sent;        /* so many in a row */
	int n_tries, n_deaths, n_attempts;
	unsigned char state;   /* enum job_state */
	unsigned char has;     /* enum remote_has: what a service has of it */
	bool is_known;         /* had a row before this run */
	bool has_file;         /* an artifact row that a new file replaces */
	bool was_started;      /* by this run */
	bool is_selected;      /* the others are left alone, and not counted */
};

struct run_slot {
	int64_t index;
	double progress;  /* 0..1; loop.c's set_progress keeps the sums of all slots in counts */
	bool is_started;  /* its try is in the ledger */
	bool is_submitting; /* this try's request leaves or has left, and nobody has said yet what became of it */
	double price;     /* of this try; 0: it pays nothing */
	double reserved;  /* of the price: what the ledger does not count yet */
};

/* Files of one commit: made in the background, then put in place, their folders synced in the background. */
struct run_group {
	struct run_file files[RUN_GROUP_MAX];
	int n;
	int n_made;               /* the first of them that are known to have come out of the background */
	size_t n_pcm_bytes;       /* samples of the others */
	bool has_failed;          /* one of the first could not be made */
	bool is_syncing;          /* all are made */
	int n_synced;             /* the first of them that are known to be */
	int64_t since_ms;         /* monotonic, of the first */
	struct aways aways;
	struct sync_dirs dirs;
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
	struct tasks *tasks;          /* NULL until the first file is to be made */
	struct task_chain taken;      /* files to be made, before keep_begin */
	struct run_group groups[3];   /* keep.c */
	struct run_group *filling, *making, *placing;
	struct run_slot *slots;       /* jobs handed to the backend */
	size_t n_slots, cap_slots;
	bool is_alone;                /* the job in the slot is one that runs alone */
	struct run_counts counts;
	uint64_t random;
	int64_t started_ms, told_ms;  /* monotonic */
	int64_t making_since_ms;      /* monotonic; 0: the loop has not begun */
	int64_t space_ms;             /* monotonic: when the disk was asked last */
	double space_reserve;         /* bytes that stay free (space.h) */
	double n_bytes_made;          /* of the files of this run */
	int64_t n_started;            /* of different jobs, for the limit */
	int64_t n_held_back;          /* pending jobs that the limit or the credits keep from being begun */
	int64_t n_over_credits;       /* of them those that the credits do */
	double next_price;            /* of the first of those; BUDGET_UNASKED */
	double credits_reserved;      /* for jobs in slots, and not yet charged in the ledger */
	int64_t quiet_until_ms;       /* Unix: nothing could be sent, and until then no other job is begun */
	int told_level;               /* of the stop signals */
	bool is_out_of_time;
	enum fail_class stop_class;   /* a failure that stops the run, or FAIL_NONE */
	char stop_sentence[EVENT_SENTENCE_MAX]; /* of it, or of the first that barred a maker */
	const struct job_maker **barred; /* models that cannot be used: their jobs wait for another run, the others go on */
	size_t n_barred, cap_barred;
	bool has_changed;             /* any row but the run's own */
	char reported[REPORTED_SIZE]; /* as it was when the run began */
};

char *run_path(const struct run *r, const char *relative); /* under the output folder; caller frees */
void run_tell(struct run *r, enum run_news_kind kind, const struct job *job, const char *text);
void run_tell_news(struct run *r, struct run_news *news); /* counts and a text that is NULL are filled in */
void run_tellf(struct run *r, enum run_news_kind kind, const struct job *job, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* A row of the ledger's event table and a RUN_NOTE (or another kind). Inside a transaction. */
int run_note(struct run *r, enum run_news_kind kind, const char *what, const char *text, struct err *err) WARN_UNUSED;

/* settle.c: what a dead run left. Begins this run's row. */
int settle_start(struct run *r, struct err *err) WARN_UNUSED;
int settle_files(struct run *r, struct err *err) WARN_UNUSED;
/* enrol.c: the manifest's jobs become rows; r->jobs and the queue are filled. */
int enrol_jobs(struct run *r, struct err *err) WARN_UNUSED;
/* fail.c: one job's try failed. fail_job: inside a transaction. */
int fail_job(struct run *r, int64_t index, const struct event *e, struct err *err) WARN_UNUSED;
/* The same for what went wrong here, with its file. */
int fail_file(struct run *r, const struct run_file *f, struct err *err) WARN_UNUSED;
bool fail_is_barred(const struct run *r, const struct job *job); /* what makes it cannot be used */
/* keep.c: the samples of a job that left its slot become a file in its place. Takes e's samples. */
int keep_job(struct run *r, struct event *e, struct err *err) WARN_UNUSED;
void keep_release(struct event *e); /* drops what came in the place of keeping it */
void keep_begin(struct run *r); /* what keep_job took begins to be made: once for all that came together */
bool keep_is_due(struct run *r); /* called after filling: empty slots mean that nothing can be begun beside the groups */
int64_t keep_wait_ms(const struct run *r); /* how long it need not be asked; INT64_MAX: nothing is kept */
bool keep_is_empty(const struct run *r);
int keep_turn(struct run *r, struct err *err) WARN_UNUSED; /* one step for each group */
int keep_all(struct run *r, struct err *err) WARN_UNUSED;  /* until both are empty */
void keep_drop(struct run *r); /* waits for the background; what was not put in place is settled by the next start */
/* loop.c: fill slots, reap, keep; until nothing is left or something stops it. */
int loop_run(struct run *r, struct err *err) WARN_UNUSED;
int loop_interrupt(struct run *r, struct err *err) WARN_UNUSED; /* what is in a slot becomes pending again */

#endif
