/*
 * manifest: text -> jobs, or every mistake. The door of the room.
 *
 * Two steps, because a job's id needs to know what makes the audio, and finding
 * that out needs the manifest's head:
 *   manifest_read    text -> settings (backend, checkpoint, output, run), grammar checked
 *   (the caller finds the checkpoint and fills struct manifest_model)
 *   manifest_expand  -> jobs with values, ids, seeds and names, in running order
 * Both collect all mistakes instead of stopping at the first; a manifest with
 * mistakes gives no jobs. After manifest_read said mistakes, manifest_expand may
 * still be called to find those of the sweeps too.
 *
 * What DESIGN section 3 leaves open is so: a set's own axes vary slowest, then the top's.
 * Nearer wins name by name (command line, set, top); tags of top and set are united, and a
 * combination goes when any exclude of either holds; takes is the nearer. takes: 2 or more makes an axis "take"
 * (k1, k2 in {axes}). A table's row without a label is called by its number. The same job twice, in a
 * list or in two sets, is a mistake. An exclude looks at given seeds, not at derived ones. In a prompt stand
 * {axis}, {column}, {axis.column}, {take} and parameters that are no texts. output.name takes {column} for {axis.column}.
 * --backend B that is not the manifest's own adds "-B" to output.dir. A path that gets "val" or
 * "dev" from its job's id has that word in capitals (see expand.c).
 *
 * One arena holds everything; manifest_free ends it. Pure but for reading the
 * files that the manifest names. Limits: 16 MiB of text, depth 64, 1,000 anchors,
 * JOBS_MAX jobs, MISTAKES_MAX mistakes.
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include "audio/audio.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "job/job.h"
#include "param/param.h"

#include <stdbool.h>
#include <stdint.h>

#define MANIFEST_BYTES_MAX (16u << 20)
#define JOBS_MAX 10000000
#define MISTAKES_MAX 100

struct mistake {
	int line, column; /* 1-based; 0: the whole file (or the command line) */
	bool is_warning;
	const char *text; /* one sentence */
};

/* What the command line may say over the manifest; all may be NULL / 0. */
struct manifest_overrides {
	const char *backend;
	const char *checkpoint;
	const char *output;      /* relative to the working directory */
	/* "NAME=VALUE": one value, nearer than all that the manifest says. It takes the place of a sweep of the same
	 * parameter (the axis is not there) and of a table's column; it is no template; a path is relative to the working directory. */
	const char *const *sets;
	int n_sets;
	int64_t jobs_max; /* 0: JOBS_MAX (tests, fuzzing) */
};

struct manifest_output {
	const char *dir;  /* absolute or relative to the working directory */
	const char *name; /* template */
	enum audio_format format;
	int bits;
};

struct manifest_run {
	double for_s;          /* 0: no limit */
	int tries;             /* all tries of a job together; 3 unless said */
	uint64_t memory_bytes; /* 0: not said */
	double credits;        /* < 0: not said */
};

/* Per set, how many jobs come from what, for plan's arithmetic. */
struct manifest_count {
	const char *set;
	const char *arithmetic; /* "temperature 3 x guidance 3 x seed 4 = 36, 4 excluded, 32 jobs" */
	int64_t n_jobs;
};

struct manifest {
	const char *path;  /* as given */
	const char *text;  /* the whole file */
	size_t text_len;
	const char *name;
	const struct card *card;      /* borrowed from the caller */
	enum param_backend backend;
	const char *checkpoint;       /* folder (resolved against the manifest), or NULL: not said */
	int checkpoint_line, checkpoint_column;
	struct manifest_output output;
	struct manifest_run run;
	struct mistake *mistakes; /* in file order; beyond MISTAKES_MAX the last says that there are more */
	int n_mistakes;           /* without warnings */
	int n_warnings;
	struct job *jobs; /* in running order; NULL before manifest_expand */
	int64_t n_jobs;
	struct manifest_count *counts;
	int n_counts;
	struct manifest_inside *inside; /* the room's own */
};

/* card: see param.h; it must outlive the manifest. -1 only where the file cannot be read at all. */
int manifest_read(struct manifest **ret, const char *path, const struct card *card, const struct manifest_overrides *over,
		  struct err *err) WARN_UNUSED;
/* The same from memory (tests, fuzzing); path is used in names and for relative paths. */
int manifest_read_text(struct manifest **ret, const char *path, const char *text, size_t len, const struct card *card,
		       const struct manifest_overrides *over, struct err *err) WARN_UNUSED;

struct manifest_model {
	struct job_maker maker;
	const char *version; /* what the checkpoint is; modelVersion's default; NULL: the card's default */
	bool version_is_fixed; /* natively: another explicit modelVersion is an error */
};
/* 0 also with mistakes (see n_mistakes); model is copied. */
int manifest_expand(struct manifest *m, const struct manifest_model *model, struct err *err) WARN_UNUSED;
void manifest_free(struct manifest *m);

/* The JSON Schema (draft-07) of manifests for a card, appended to out, with a final newline. */
void manifest_schema(const struct card *card, struct strbuf *out);

#endif
