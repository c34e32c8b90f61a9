/*
 * run/judge: what becomes of one row of the ledger under this manifest, and which job of the manifest a row is.
 *
 * The same verdict serves run_plan, which counts it, and enrol.c, which does it.
 */
#ifndef RUN_JUDGE_H
#define RUN_JUDGE_H

#include "ledger/ledger.h"
#include "run/run.h"

enum judgement {
	JUDGE_PENDING, /* to be made, as it was to be before */
	JUDGE_DONE,
	JUDGE_FAILED,
	JUDGE_MISSING, /* was done; its file is gone or has another size: to be made */
	JUDGE_STALE,   /* was done with another format, bits, rate or arithmetic, and is to be made again */
	JUDGE_BACK,    /* was superseded and is to be made again */
	JUDGE_GONE,    /* was paid for and done; its file is gone, and nobody knows by which name to fetch it: lost */
	JUDGE_OTHER    /* unknown; lost, and no file of it is here: not for a run to decide; an unknown one is asked about once more */
};

struct verdict {
	enum judgement what;
	bool is_stale;   /* the file's format, bits, rate or arithmetic are not today's */
	bool is_renamed; /* the file is good and belongs elsewhere */
	bool was_superseded;
	bool pays;       /* making it is paid for: a service has nothing of it yet */
};

/* Are the format, bits, rate or arithmetic of the row's file others than the run asks for? A rate not said is the model's own. */
bool judge_is_stale(const struct artifact_spec *spec, const struct ledger_job *row);
struct verdict judge_row(const struct run_config *config, const struct ledger_job *row, const struct job *job);
bool judge_is_made(const struct verdict *v); /* a run makes such jobs */
enum job_state judge_state(const struct verdict *v, enum job_state now); /* the job's from then on */
/*
 * Does the run's selection take the job? It is told of the state that the job has once it is enrolled, but `done` for one
 * whose file is stale: that is what the user sees, and where it is not selected it stays so (*v is JUDGE_DONE then).
 */
bool judge_selects(const struct run_config *config, struct verdict *v, enum job_state now, const struct job *job);

/* A run of a part of the jobs (--select, --limit): it supersedes nothing (DESIGN section 3). */
bool judge_is_partial(const struct run_config *config);

/* From ids to places in config->jobs; open addressing on the id's own bits, which are as good as random. */
struct id_index {
	int64_t *places; /* [size], -1: free */
	size_t size;     /* a power of two, at least twice the jobs */
	const struct job *jobs;
};
/* ERR_MANIFEST: one job stands there twice. */
int id_index_build(struct id_index *ret, const struct job *jobs, int64_t n_jobs, struct err *err) WARN_UNUSED;
int64_t id_index_find(const struct id_index *x, const unsigned char id[HASH_BYTES]); /* -1: none */
void id_index_release(struct id_index *x);

#endif
