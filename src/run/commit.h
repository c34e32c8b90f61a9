/*
 * run/commit: row, file, row (DESIGN section 4, law 3).
 *
 * For complete files that lie, synced, under temp names:
 *   1. one transaction: each job is `made`, its row says path, bytes, hashes; what is in their way, and where it goes
 *   2. move what is in the way to .mgbatch/old/, rename, sync the folders
 *   3. one transaction: each job is `done`, nothing makes way any more
 * A death between any two of these steps is settled at the next start
 * (settle.c): the row says what the file must be, and one of two names has it.
 *
 * commit_files goes all the way for files that the ledger knows and that only move. New files go step by step (keep.c), so that
 * the next ones are made meanwhile:
 *   ledger_begin, commit_put_row for each, ledger_commit
 *   commit_place        a file that could not be placed says so in `why`, the others do not suffer
 *   the folders are synced (sync.h)
 *   ledger_begin, commit_end_rows, for each commit_end_row or, for one with a `why`, commit_undo_row, ledger_commit
 *   commit_forget, aways_release
 */
#ifndef RUN_COMMIT_H
#define RUN_COMMIT_H

#include "artifact/artifact.h"
#include "base/err.h"
#include "base/tasks.h"
#include "run/sync.h"

#include <stdbool.h>
#include <stdint.h>

#define RUN_GROUP_MAX 64 /* files that share one commit (DESIGN section 4, law 3) */

struct run;
struct run_config;

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
	char *source;             /* a downloaded sound in the samples' place, or NULL; keep.c removes it */
	char source_sha256[HASH_HEX_SIZE]; /* "": there was none */
	char *asset_id;           /* the service's name for it, or NULL */
	bool is_no_sound;         /* `why`: the download is not what it should be, and is fetched again */
	struct err why;           /* code ERR_NONE: nothing went wrong with this file so far */
	/* while it is made, in the background (keep.c) */
	struct task task;
	const struct run_config *config;
	struct pcm pcm;
	size_t n_pcm_bytes;       /* of the samples, those that are still in `source` too */
	size_t n_frames;          /* of the source */
	int fd;                   /* of the file from its making to its sync, which closes it */
};

/* An older file at `path` that goes to `old` because files[owner] goes there, or replaces it. */
struct away {
	char *path, *old;
	int owner;
	bool is_shared; /* more than one file of the group wants it away */
	bool is_moved;
	bool is_back;   /* its owner could not be placed, and it lies at `path` again */
};

/* Of one group: at most the place and the former file of each. */
struct aways {
	struct away list[2 * RUN_GROUP_MAX];
	int n;
};

/* files[k] of a group; in a transaction. */
int commit_put_row(struct run *r, struct run_file *files, int k, struct aways *aways, struct err *err) WARN_UNUSED;
/* Changes files and not the ledger. dirs: what is to be synced after it. */
void commit_place(struct run *r, struct run_file *files, int n, struct aways *aways, struct sync_dirs *dirs);
/* In one transaction: first that nothing makes way any more, then each file's end. */
int commit_end_rows(struct run *r, const struct aways *aways, struct err *err) WARN_UNUSED;
int commit_end_row(struct run *r, const struct run_file *f, struct err *err) WARN_UNUSED;
/* The row has no file again; its state is set by the caller, in the same transaction. */
int commit_undo_row(struct run *r, const struct run_file *files, int k, const struct aways *aways, struct err *err) WARN_UNUSED;

/* All of it for n files at most RUN_GROUP_MAX that only move; the first that cannot be placed is the err. */
int commit_files(struct run *r, struct run_file *files, int n, struct err *err) WARN_UNUSED;

/* One rename, of paths relative to the output folder; dirs: what is to be synced after it. */
int commit_move(const struct run *r, struct sync_dirs *dirs, const char *from, const char *to, struct err *err) WARN_UNUSED;

void commit_forget(struct run_file *files, int n); /* frees their paths and samples */
void aways_release(struct aways *a);

#endif
