/*
 * run_why: why a job is what it is.
 *
 * A job is asked about by its id. It is in the ledger, or among the manifest's jobs, or in both. What a run would do
 * with it is said by the same verdict that the run goes by (judge.h). Then the other one is looked for that stands, or
 * stood, in its place: of the same path, else of the same set and axes, else the nearest by its fields; and what differs
 * between the two is why they are two. A folder alone has only its rows to look among.
 */
#include "run/why_say.h"

#include "base/mem.h"
#include "base/text.h"
#include "run/differ.h"
#include "run/judge.h"
#include "run/run.h"
#include "run/tend_inside.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* What is compared of a job, whether a row or the manifest has it. Owned. */
struct sketch {
	char id_text[JOB_ID_SIZE];
	unsigned char id[HASH_BYTES];
	char *path, *set, *axes, *canonical;
};

enum likeness { LIKE_NOT, LIKE_NEAREST, LIKE_AXES, LIKE_PATH, LIKE_N };

static const char *const likeness_names[LIKE_N] = { "", "the one most like it", "the same set and axes", "the same path" };

struct asking {
	const struct run_place *place;
	const struct run_config *config; /* NULL: a folder alone */
	struct run_why *why;
	struct ledger *ledger; /* NULL: nothing has been run yet */
	struct id_index index;
	struct sketch self;
	struct differ_fields *fields; /* self's */
	int64_t job;           /* its place in config->jobs, or -1 */
	/* the best candidate so far */
	struct sketch other;
	enum likeness likeness;
	bool by_fields;        /* the second pass: candidates are compared field by field */
	int n_different;       /* of the nearest so far: its fields, and how far its path is */
	int distance;
};

static void sketch_release(struct sketch *s)
{
	free(s->path);
	free(s->set);
	free(s->axes);
	free(s->canonical);
	memset(s, 0, sizeof *s);
}

static void sketch_row(struct sketch *ret, const struct ledger_job *row)
{
	*ret = (struct sketch){ .path = mem_strdup(row->wanted_path), .set = mem_strdup(row->set), .axes = mem_strdup(row->axes),
				.canonical = mem_strdup(row->canonical) };
	memcpy(ret->id, row->id, HASH_BYTES);
	memcpy(ret->id_text, row->id_text, sizeof ret->id_text);
}

static char *axes_of(const struct job *job)
{
	struct strbuf text = STRBUF_INIT(JOB_TEXT_MAX);

	job_axes(job, &text);
	return strbuf_detach(&text);
}

static void sketch_job(struct sketch *ret, const struct job *job)
{
	struct strbuf canonical = STRBUF_INIT(JOB_TEXT_MAX);

	job_canonical(job, &canonical);
	*ret = (struct sketch){ .path = mem_strdup(job->path), .set = mem_strdup(job->set), .axes = axes_of(job),
				.canonical = strbuf_detach(&canonical) };
	memcpy(ret->id, job->id, HASH_BYTES);
	job_id_text(ret->id_text, job->id);
}

/* ---- which one -------------------------------------------------------------------------- */

static int take_row(void *arg, const struct ledger_job *row, struct err *err)
{
	struct asking *q = arg;

	(void)err;
	sketch_row(&q->self, row);
	q->why->is_in_ledger = true;
	q->why->state = row->state;
	q->job = q->config ? id_index_find(&q->index, row->id) : -1;
	why_say_row(q->why, q->place, q->config, q->job, row);
	return 0;
}

static bool id_begins(const struct job *job, const char *prefix)
{
	char id[JOB_ID_WHOLE_CHARS + 1];
	size_t len = strlen(prefix);

	hash_base32(id, JOB_ID_WHOLE_CHARS, job->id);
	for (size_t i = 0; i < len; i++)
		if (i >= JOB_ID_WHOLE_CHARS || tolower((unsigned char)prefix[i]) != id[i])
			return false;
	return true;
}

/* Among the manifest's jobs: its place, -1 for none, or -2 with err where there are several. */
static int64_t find_job(const struct asking *q, const char *prefix, struct err *err)
{
	char first[JOB_ID_SIZE], second[JOB_ID_SIZE];
	int64_t found = -1;

	for (int64_t i = 0; q->config && i < q->config->n_jobs; i++) {
		if (!id_begins(&q->config->jobs[i], prefix))
			continue;
		if (found >= 0) {
			job_id_text(first, q->config->jobs[found].id);
			job_id_text(second, q->config->jobs[i].id);
			(void)err_set(err, ERR_USAGE, "the id '%s' fits several jobs: %s (%s), %s (%s); give more of its characters", prefix, first,
				      q->config->jobs[found].path, second, q->config->jobs[i].path);
			return -2;
		}
		found = i;
	}
	return found;
}

static int find_self(struct asking *q, const char *prefix, struct err *err)
{
	struct err why = ERR_INIT;
	int64_t i;

	if (strlen(prefix) < JOB_ID_PREFIX_MIN)
		return err_set(err, ERR_USAGE, "the id '%s' is too short: give at least %d of its characters", prefix, JOB_ID_PREFIX_MIN);
	i = find_job(q, prefix, err);
	if (i == -2)
		return -1;
	if (q->ledger && ledger_find(q->ledger, prefix, take_row, q, &why) != 0 && why.sys_errno != ENOENT) {
		*err = why;
		return -1;
	}
	if (q->why->is_in_ledger && i >= 0 && i != q->job)
		return err_set(err, ERR_USAGE, "the id '%s' fits several jobs: %s (%s) and one of the manifest (%s); give more of its characters",
			       prefix, q->self.id_text, q->self.path, q->config->jobs[i].path);
	if (!q->why->is_in_ledger && i < 0)
		return err_set(err, ERR_USAGE, "no job's id begins with '%s'%s: 'mgbatch list' shows the ids of those that were enrolled", prefix,
			       q->config ? ", neither in the ledger nor in the manifest" : "");
	q->why->is_in_manifest = i >= 0;
	q->job = i;
	if (!q->why->is_in_ledger) {
		sketch_job(&q->self, &q->config->jobs[i]);
		why_say(q->why, "new: the manifest has it and no run has seen it yet; run makes it");
	}
	return 0;
}

/* ---- the other one ------------------------------------------------------------------------ */

static enum likeness likeness_of(const struct sketch *a, const char *path, const char *set, const char *axes)
{
	if (strcmp(a->path, path) == 0)
		return LIKE_PATH;
	return strcmp(a->set, set) == 0 && strcmp(a->axes, axes) == 0 ? LIKE_AXES : LIKE_NOT;
}

/* Takes the sketch over, or drops it. Of equals the last one is the best: rows come oldest first. */
static void offer(struct asking *q, struct sketch *s, enum likeness likeness)
{
	if (likeness < q->likeness) {
		sketch_release(s);
		return;
	}
	sketch_release(&q->other);
	q->other = *s;
	q->likeness = likeness;
}

static int offer_by_fields(struct asking *q, struct sketch *s, struct err *err)
{
	struct differ_fields *fields = NULL;
	int n, distance = 0;

	if (differ_read(&fields, s->canonical, err) != 0) {
		sketch_release(s);
		return -1;
	}
	n = differ_count(q->fields, fields);
	differ_free(fields);
	if (q->likeness == LIKE_NOT || n <= q->n_different)
		distance = text_distance(q->self.path, s->path); /* of as many fields: the one that is called most like it */
	if (q->likeness == LIKE_NOT || n < q->n_different || (n == q->n_different && distance <= q->distance)) {
		q->n_different = n;
		q->distance = distance;
		offer(q, s, LIKE_NEAREST);
	} else {
		sketch_release(s);
	}
	return 0;
}

/* A row may stand there for a job that the manifest has no more; for a folder alone every other row may. */
static int consider_row(void *arg, const struct ledger_job *row, struct err *err)
{
	struct asking *q = arg;
	enum likeness likeness = likeness_of(&q->self, row->wanted_path, row->set, row->axes);
	struct sketch s;

	if (memcmp(row->id, q->self.id, HASH_BYTES) == 0 || (q->config && id_index_find(&q->index, row->id) >= 0))
		return 0;
	if (!q->config && (row->state == JOB_SUPERSEDED) == (q->why->state == JOB_SUPERSEDED))
		return 0; /* of two rows that are both wanted, or both not, neither took the other's place */
	if (!q->by_fields && likeness == LIKE_NOT)
		return 0;
	sketch_row(&s, row);
	if (q->by_fields)
		return offer_by_fields(q, &s, err);
	offer(q, &s, likeness);
	return 0;
}

static int consider_jobs(struct asking *q, struct err *err)
{
	for (int64_t i = 0; i < q->config->n_jobs; i++) {
		const struct job *job = &q->config->jobs[i];
		enum likeness likeness = LIKE_NOT;
		struct sketch s;

		if (!q->by_fields) {
			char *axes = axes_of(job);

			likeness = likeness_of(&q->self, job->path, job->set, axes);
			free(axes);
		}
		if (!q->by_fields && likeness == LIKE_NOT)
			continue;
		sketch_job(&s, job);
		if (!q->by_fields)
			offer(q, &s, likeness);
		else if (offer_by_fields(q, &s, err) != 0)
			return -1;
	}
	return 0;
}

/* A job that is only in the ledger is looked for in the manifest, every other one among the rows. */
static int consider_all(struct asking *q, struct err *err)
{
	if (q->config && q->why->is_in_ledger && !q->why->is_in_manifest)
		return consider_jobs(q, err);
	return q->ledger ? ledger_scan(q->ledger, LEDGER_ALL_STATES, consider_row, q, err) : 0;
}

/* A seed that follows from the rest is no change of its own. */
static void mark_seed(struct asking *q)
{
	const struct job *job = q->job >= 0 ? &q->config->jobs[q->job] : NULL;
	int64_t i = q->config && !job && q->likeness != LIKE_NOT ? id_index_find(&q->index, q->other.id) : -1;

	if (i >= 0)
		job = &q->config->jobs[i];
	for (int k = 0; job && k < q->why->n_differences; k++)
		if (strcmp(q->why->differences[k].name, "seed") == 0 &&
		    (double)job_derived_seed(job, job->take) == job_number(job, "seed", -1))
			q->why->differences[k].note = "derived from the other values";
}

static int compare_other(struct asking *q, struct err *err)
{
	struct run_why *why = q->why;
	struct differ_fields *other = NULL;
	struct card *card = NULL;
	struct err ignored = ERR_INIT;

	if (differ_read(&other, q->other.canonical, err) != 0)
		return -1;
	/* the ledger's row is the older one; of two rows, the one that is no longer wanted */
	why->other_is_older = q->config ? why->is_in_manifest : why->state != JOB_SUPERSEDED;
	(void)!card_open(&card, differ_model(q->fields), &ignored); /* without it neutral values have no text */
	differ_list(why->other_is_older ? other : q->fields, why->other_is_older ? q->fields : other, card, why);
	card_close(card);
	differ_free(other);
	mark_seed(q);
	why->other_how = likeness_names[q->likeness];
	memcpy(why->other_id_text, q->other.id_text, sizeof why->other_id_text);
	why->other_path = mem_strdup(q->other.path);
	why->other_canonical = mem_strdup(q->other.canonical);
	return 0;
}

/* One that is wanted and known needs no nearest: it is there in its own right. */
static int find_other(struct asking *q, struct err *err)
{
	bool is_settled = q->why->is_in_ledger && (q->config ? q->why->is_in_manifest : q->why->state != JOB_SUPERSEDED);

	if (differ_read(&q->fields, q->self.canonical, err) != 0 || consider_all(q, err) != 0)
		return -1;
	if (q->likeness == LIKE_NOT && !is_settled) {
		q->by_fields = true;
		if (consider_all(q, err) != 0)
			return -1;
	}
	return q->likeness == LIKE_NOT ? 0 : compare_other(q, err);
}

/* ---- the whole ------------------------------------------------------------------------------ */

int run_why(const struct run_place *place, const struct run_config *config, const char *prefix, struct run_why *ret, struct err *err)
{
	struct asking q = { .place = place, .config = config, .why = ret, .job = -1 };
	struct err why = ERR_INIT;
	int rc = 0;

	memset(ret, 0, sizeof *ret);
	if (config && id_index_build(&q.index, config->jobs, config->n_jobs, err) != 0)
		return -1;
	if (tend_read(&q.ledger, place, &why) != 0 && (!config || why.sys_errno != ENOENT)) {
		*err = why;
		rc = -1;
	}
	if (rc == 0)
		rc = find_self(&q, prefix, err);
	if (rc == 0)
		rc = find_other(&q, err);
	if (rc == 0) {
		memcpy(ret->id_text, q.self.id_text, sizeof ret->id_text);
		ret->path = mem_strdup(q.self.path);
		ret->canonical = mem_strdup(q.self.canonical);
	}
	differ_free(q.fields);
	sketch_release(&q.self);
	sketch_release(&q.other);
	ledger_close(q.ledger);
	if (config)
		id_index_release(&q.index);
	return rc;
}

void run_why_release(struct run_why *why)
{
	for (int i = 0; i < why->n_differences; i++) {
		free(why->differences[i].name);
		free(why->differences[i].before);
		free(why->differences[i].now);
	}
	free(why->differences);
	free(why->path);
	free(why->canonical);
	free(why->other_path);
	free(why->other_canonical);
	memset(why, 0, sizeof *why);
}
