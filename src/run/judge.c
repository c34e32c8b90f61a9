/* See judge.h. */
#include "run/judge.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "run/remote.h"

#include <errno.h>
#include <string.h>

/*
 * By its size; a superseded job's file by its content too: while nobody looked after it another job may have
 * taken the name, and files of one duration are of one size.
 */
static bool has_its_file(const struct run_config *config, const struct ledger_job *row)
{
	char *path = fs_join(config->output_dir, row->file_path);
	struct err why = ERR_INIT;
	uint64_t n_bytes = 0;
	bool has = row->has_artifact;

	if (has && fs_size(path, &n_bytes, &why) == 0)
		has = n_bytes == (uint64_t)row->n_bytes;
	else if (has) /* what cannot be looked at is not missing: the disk has a trouble, and verify says which */
		has = why.sys_errno != ENOENT && why.sys_errno != ENOTDIR;

	if (has && row->state == JOB_SUPERSEDED)
		has = hash_file_is(path, row->file_sha256, &why) == 1;
	free(path);
	return has;
}

static bool has_format(const struct artifact_spec *spec, const struct ledger_job *row)
{
	return strcmp(row->format, audio_format_name(spec->format)) == 0;
}

bool judge_is_stale(const struct artifact_spec *spec, const struct ledger_job *row)
{
	int rate_hz = spec->rate_hz ? spec->rate_hz : row->model_rate_hz;

	return !has_format(spec, row) || row->bits != spec->bits || row->rate_hz != rate_hz ||
	       strcmp(row->arithmetic, spec->arithmetic) != 0;
}

struct verdict judge_row(const struct run_config *config, const struct ledger_job *row, const struct job *job)
{
	const struct artifact_spec *spec = &config->artifact;
	struct verdict v = { .what = JUDGE_PENDING, .was_superseded = row->state == JOB_SUPERSEDED };

	v.pays = config->ops->costs_money && remote_of_row(row) == REMOTE_NOTHING;
	if (row->state == JOB_FAILED)
		v.what = JUDGE_FAILED;
	if (row->state == JOB_UNKNOWN || row->state == JOB_LOST)
		v.what = JUDGE_OTHER;
	if (row->state != JOB_DONE && row->state != JOB_SUPERSEDED && row->state != JOB_LOST)
		return v;
	if (!has_its_file(config, row)) {
		if (row->state == JOB_LOST)
			return v;
		v.what = v.was_superseded ? JUDGE_BACK : JUDGE_MISSING;
		if (v.pays && row->has_artifact)
			v.what = JUDGE_GONE;
		return v;
	}
	v.what = JUDGE_DONE;
	v.is_stale = judge_is_stale(spec, row);
	if (v.is_stale && config->remake_stale)
		v.what = JUDGE_STALE;
	else /* a file of another format keeps its name, whose ending says what it is */
		v.is_renamed = has_format(spec, row) && strcmp(row->file_path, job->path) != 0;
	return v;
}

/* ---- what follows ------------------------------------------------------------------------ */

bool judge_is_made(const struct verdict *v)
{
	return v->what == JUDGE_PENDING || v->what == JUDGE_MISSING || v->what == JUDGE_STALE || v->what == JUDGE_BACK;
}

enum job_state judge_state(const struct verdict *v, enum job_state now)
{
	if (v->what == JUDGE_DONE)
		return JOB_DONE;
	if (v->what == JUDGE_GONE)
		return JOB_LOST;
	return judge_is_made(v) && now != JOB_SUBMITTING ? JOB_PENDING : now;
}

bool judge_selects(const struct run_config *config, struct verdict *v, enum job_state now, const struct job *job)
{
	bool is_stale = v->what == JUDGE_STALE;

	if (!config->select || config->select(config->select_arg, job, is_stale ? JOB_DONE : judge_state(v, now)))
		return true;
	if (is_stale)
		v->what = JUDGE_DONE;
	return false;
}

bool judge_is_partial(const struct run_config *config)
{
	return config->select || config->limit > 0;
}

/* ---- the index ------------------------------------------------------------------------- */

static size_t place_of(const struct id_index *x, const unsigned char id[HASH_BYTES])
{
	uint64_t bits;

	memcpy(&bits, id, sizeof bits);
	return (size_t)bits & (x->size - 1);
}

int id_index_build(struct id_index *ret, const struct job *jobs, int64_t n_jobs, struct err *err)
{
	struct id_index x = { NULL, 16, jobs };
	size_t at;

	while (x.size < 2 * (size_t)n_jobs)
		x.size *= 2;
	x.places = mem_alloc(x.size * sizeof *x.places);
	memset(x.places, 0xff, x.size * sizeof *x.places);
	for (int64_t i = 0; i < n_jobs; i++) {
		for (at = place_of(&x, jobs[i].id); x.places[at] >= 0; at = (at + 1) & (x.size - 1)) {
			const struct job *other = &jobs[x.places[at]];

			if (memcmp(other->id, jobs[i].id, HASH_BYTES) != 0)
				continue;
			free(x.places);
			return err_set(err, ERR_MANIFEST, "'%s' and '%s' are the same job: all their parameters agree; drop one of them",
				       other->path, jobs[i].path);
		}
		x.places[at] = i;
	}
	*ret = x;
	return 0;
}

int64_t id_index_find(const struct id_index *x, const unsigned char id[HASH_BYTES])
{
	for (size_t at = place_of(x, id); x->places[at] >= 0; at = (at + 1) & (x->size - 1))
		if (memcmp(x->jobs[x->places[at]].id, id, HASH_BYTES) == 0)
			return x->places[at];
	return -1;
}

void id_index_release(struct id_index *x)
{
	free(x->places);
	x->places = NULL;
}
