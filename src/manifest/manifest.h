/*
 * manifest: text -> jobs, or every mistake. The door of the room.
 *
 * Two steps, because a job's id needs to know what makes the audio, and finding
 * that out needs the manifest's head:
 *   manifest_read    text -> settings (backend, checkpoints, output, run), grammar checked, versions wanted
 *   (the caller opens the checkpoints of these versions and fills a struct manifest_model for each)
 *   manifest_expand  -> jobs with values, ids, seeds and names, in running order
 * Both collect all mistakes instead of stopping at the first; a manifest with
 * mistakes gives no jobs. After manifest_read said mistakes, manifest_expand may
 * still be called to find those of the sweeps too.
 *
 * What DESIGN section 3 leaves open is so: a set's own axes vary slowest, then the top's.
 * Nearer wins name by name (command line, set, top); tags of top and set are united, and a
 * combination goes when any exclude of either holds; takes is the nearer. takes: 2 or more makes an axis "take"
 * (k1, k2 in {axes}). A table's row without a label is called by its number (in its file, whatever `where` keeps). The same job twice, in a
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
	int bits;    /* AUDIO_LOSSY_BITS for a lossy format */
	int rate_hz; /* 0: not said, the model's own */
};

struct manifest_run {
	double for_s;          /* 0: no limit */
	int tries;             /* all tries of a job together; 3 unless said */
	uint64_t memory_bytes; /* 0: not said */
	double credits;        /* < 0: not said */
	unsigned retried_classes; /* 1u << FAIL_..: tried again beside those that are anyway */
};

/* How the hosted service is asked. 0: not said, the backend's own choice. */
struct manifest_hosted {
	const char *project; /* NULL: not said, the key's own */
	int n_jobs;          /* in flight at once */
	int per_minute;      /* requests */
	double deadline_s;   /* of an accepted job */
};

/* A folder of weights that the manifest or the command line names. */
struct manifest_checkpoint {
	const char *version; /* which modelVersion it is for; NULL: for all, and the only one */
	const char *dir;     /* resolved against the manifest; --checkpoint's as given */
	int line, column;    /* 0: the command line */
};

/* A modelVersion that some job asks for. */
struct manifest_version {
	const char *name;
	int line, column; /* where it is said first; 0: on the command line, or nowhere */
	bool is_default;  /* nobody says it */
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
	const struct manifest_checkpoint *checkpoints; /* in the manifest's order; none: look for the versions on this machine */
	int n_checkpoints;
	const struct manifest_version *versions; /* natively: whose weights are needed, as first seen; with a map those that it has */
	int n_versions;
	struct manifest_output output;
	struct manifest_run run;
	struct manifest_hosted hosted;
	struct mistake *mistakes; /* in file order; beyond MISTAKES_MAX the last says that there are more */
	int n_mistakes;           /* without warnings */
	int n_warnings;
	struct job *jobs; /* in running order; NULL before manifest_expand */
	int64_t n_jobs;
	struct manifest_count *counts;
	int n_counts;
	struct manifest_inside *inside; /* the room's own */
};

/* card: see param.h; it must outlive the manifest. -1 only where the file cannot be read at all. "-" is standard input: of
 * that and of a pipe relative paths start at the working folder, and the manifest must say its name. */
int manifest_read(struct manifest **ret, const char *path, const struct card *card, const struct manifest_overrides *over,
		  struct err *err) WARN_UNUSED;
/* The same from memory (tests, fuzzing); path is used in names and for relative paths. */
int manifest_read_text(struct manifest **ret, const char *path, const char *text, size_t len, const struct card *card,
		       const struct manifest_overrides *over, struct err *err) WARN_UNUSED;

/* Who makes the audio of a version. */
struct manifest_model {
	struct job_maker maker;
	const char *version; /* which modelVersion it makes; NULL: all */
	const char *holds;   /* natively: which version the folder holds (store.h); NULL: not known */
	bool is_melody, is_stereo; /* with holds: what it is */
};
/*
 * 0 also with mistakes (see n_mistakes); models are copied. A folder that is for all versions makes modelVersion's default
 * what it holds, and another explicit one a mistake; "custom" and "stereo-custom" fit every folder of as many channels.
 * Natively a version without a model gets a stand-in that only serves to find the other mistakes: such jobs are not to be made.
 */
int manifest_expand(struct manifest *m, const struct manifest_model *models, int n_models, struct err *err) WARN_UNUSED;
void manifest_free(struct manifest *m);

/* The JSON Schema (draft-07) of manifests for a card, appended to out, with a final newline. */
void manifest_schema(const struct card *card, struct strbuf *out);

#endif
