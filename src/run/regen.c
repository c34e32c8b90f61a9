/*
 * regen: a few finished jobs are made again, and their samples compared with the ledger's hash.
 *
 * Which ones: the finished jobs in the order of their ids, every (n / N)th: the same ones each time, and from all over,
 * for an id is as good as a random number. They are made as a run makes them (submit, reap, artifact), each into a file
 * in .mgbatch/part that is removed at once.
 */
#include "run/verify_inside.h"

#include "base/hash.h"
#include "base/mem.h"
#include "run/judge.h"
#include "run/run.h"
#include "run/run_inside.h"
#include "run/stop.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A job on its way, and what its row says. */
struct again {
	const struct job *job;
	char pcm_sha256[HASH_HEX_SIZE], file_sha256[HASH_HEX_SIZE];
	char id_text[JOB_ID_SIZE];
	struct artifact_spec spec;
	int rate_hz; /* of the file */
	int n_tries, n_deaths; /* as many as it was begun: a scripted fault of the fake backend is behind it */
	bool is_taken, is_over;
};

struct regen {
	struct verifying *v;
	const struct run_config *config;
	struct id_index index;
	struct again *list; /* [n] */
	size_t n;
};

/* ---- which ones --------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, HASH_BYTES);
}

static int choose(void *arg, const struct ledger_job *row, struct err *err)
{
	struct regen *g = arg;
	int64_t i = id_index_find(&g->index, row->id);
	const char *arithmetic = g->config->ops->arithmetic;
	struct again *a = &g->list[g->n];

	if (i < 0)
		return verify_find(g->v, RUN_VERIFY_NOT_COMPARED, row->id_text, row->file_path, err, "not made again: the manifest has it no more");
	if (strcmp(row->arithmetic, arithmetic) != 0)
		return verify_find(g->v, RUN_VERIFY_NOT_COMPARED, row->id_text, row->file_path, err,
				   "not made again: it was made by the arithmetic '%s', this mgbatch has '%s', which gives other samples",
				   row->arithmetic, arithmetic);
	*a = (struct again){ .job = &g->config->jobs[i], .rate_hz = row->rate_hz, .n_tries = row->n_attempts, .n_deaths = row->n_attempts };
	if (audio_format_find(row->format, &a->spec.format) != 0)
		return verify_find(g->v, RUN_VERIFY_NOT_COMPARED, row->id_text, row->file_path, err,
				   "not made again: this mgbatch cannot write '%s'", row->format);
	a->spec.bits = row->bits;
	a->spec.arithmetic = arithmetic;
	(void)snprintf(a->pcm_sha256, sizeof a->pcm_sha256, "%s", row->pcm_sha256);
	(void)snprintf(a->file_sha256, sizeof a->file_sha256, "%s", row->file_sha256);
	memcpy(a->id_text, row->id_text, sizeof a->id_text);
	g->n++;
	return 0;
}

/* By the manifest's order: jobs of one folder of weights stand together. */
static int compare_agains(const void *a, const void *b)
{
	const struct again *x = a, *y = b;

	return (x->job->ordinal > y->job->ordinal) - (x->job->ordinal < y->job->ordinal);
}

static int choose_all(struct regen *g, struct err *err)
{
	struct verifying *v = g->v;
	size_t n = v->n_ids < (size_t)v->verify->n_regen ? v->n_ids : (size_t)v->verify->n_regen;
	char id[JOB_ID_WHOLE_CHARS + 1];

	if (n == 0)
		return 0;
	g->list = mem_zalloc(n, sizeof *g->list);
	qsort(v->ids, v->n_ids, sizeof *v->ids, compare_ids);
	for (size_t k = 0; k < n; k++) {
		hash_base32(id, JOB_ID_WHOLE_CHARS, v->ids[(size_t)((double)k * (double)v->n_ids / (double)n)].bytes);
		if (ledger_find(v->ledger, id, choose, g, err) != 0)
			return -1;
	}
	if (g->n > 1)
		qsort(g->list, g->n, sizeof *g->list, compare_agains);
	return 0;
}

/* ---- making them ---------------------------------------------------------------------- */

static int fail(struct regen *g, struct again *a, const char *sentence, struct err *err)
{
	a->is_over = true;
	return verify_find(g->v, RUN_VERIFY_FAILED, a->id_text, a->job->path, err, "could not be made again: %s", sentence);
}

static int compare(struct regen *g, struct again *a, const struct artifact *art, struct err *err)
{
	a->is_over = true;
	if (strcmp(art->pcm_sha256, a->pcm_sha256) != 0)
		return verify_find(g->v, RUN_VERIFY_DIFFERENT, a->id_text, a->job->path, err,
				   "made again with other samples (SHA-256 %.12s..., the ledger has %.12s...): with the same weights and the "
				   "same arithmetic that must not be; please report it",
				   art->pcm_sha256, a->pcm_sha256);
	return verify_find(g->v, RUN_VERIFY_EQUAL, a->id_text, a->job->path, err, "made again: the same samples%s",
			   strcmp(art->file_sha256, a->file_sha256) == 0 ? ", and the same file byte for byte" :
									    "; the file differs, as by another version of a library");
}

static int finish(struct regen *g, struct again *a, struct event *e, struct err *err)
{
	char *name = mem_printf("%s/verify-%s~", RUN_PART_DIR, a->id_text); /* with the lock held it is nobody else's */
	char *full = fs_join(g->config->output_dir, name);
	struct artifact art;
	struct err why = ERR_INIT;
	int rc, fd;

	a->spec.rate_hz = a->rate_hz == e->pcm.rate_hz ? 0 : a->rate_hz;
	rc = fs_make_parent(full, &why);
	if (rc == 0)
		rc = fs_remove(full, &why);
	if (rc == 0)
		rc = artifact_make(a->job, &e->pcm, &a->spec, full, &art, &fd, &why);
	if (rc == 0)
		(void)close(fd); /* it is compared and removed: nothing of it has to last */
	pcm_release(&e->pcm);
	rc = rc == 0 ? compare(g, a, &art, err) : fail(g, a, why.text, err);
	if (rc == 0)
		rc = fs_remove(full, err);
	free(full);
	free(name);
	return rc;
}

static struct again *find(struct regen *g, const struct job *job)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->list[i].job == job)
			return &g->list[i];
	BUG("the backend '%s' speaks of a job that it was not given", g->config->ops->name);
}

/* Offers what is not taken yet; answers how many are in a slot, or -1. */
static int64_t fill(struct regen *g, struct backend *b, struct err *err)
{
	int64_t n_taken = 0;

	for (size_t i = 0; i < g->n; i++) {
		struct again *a = &g->list[i];
		struct backend_task task = { .job = a->job, .n_tries = a->n_tries, .n_deaths = a->n_deaths };
		struct event refusal = { .kind = EVENT_FAILED };
		enum backend_answer answer = BACKEND_TAKEN;

		if (a->is_over)
			continue;
		if (!a->is_taken)
			answer = g->config->ops->submit(b, &task, &refusal);
		if (answer == BACKEND_BUSY && n_taken == 0)
			return err_set(err, ERR_BUG, "the backend '%s' says that it is busy with nothing in its slots", g->config->ops->name);
		if (answer == BACKEND_BUSY)
			break;
		if (answer == BACKEND_REFUSED && fail(g, a, refusal.sentence, err) != 0)
			return -1;
		a->is_taken = answer == BACKEND_TAKEN;
		n_taken += a->is_taken;
	}
	return n_taken;
}

static int reap(struct regen *g, struct backend *b, struct event *events, struct err *err)
{
	int n = g->config->ops->reap(b, events, RUN_EVENTS_MAX, RUN_TURN_MS, err), rc = n < 0 ? -1 : 0;

	for (int i = 0; i < n; i++) {
		if (events[i].kind == EVENT_DONE && rc == 0)
			rc = finish(g, find(g, events[i].job), &events[i], err);
		else if (events[i].kind == EVENT_DONE)
			pcm_release(&events[i].pcm);
		else if (events[i].kind == EVENT_FAILED && rc == 0)
			rc = fail(g, find(g, events[i].job), events[i].sentence, err);
	}
	return rc;
}

static int make_all(struct regen *g, struct err *err)
{
	struct event *events;
	struct backend *b = NULL;
	int64_t n_taken = 0;
	int rc;

	if (g->config->ops->open(&b, &g->config->backend, err) != 0)
		return -1;
	events = mem_zalloc(RUN_EVENTS_MAX, sizeof *events);
	do {
		n_taken = fill(g, b, err);
		rc = n_taken < 0 ? -1 : 0;
		if (rc == 0 && n_taken > 0)
			rc = reap(g, b, events, err);
		g->v->result->is_interrupted = stop_level() > 0;
	} while (rc == 0 && n_taken > 0 && !g->v->result->is_interrupted);
	free(events);
	g->config->ops->close(b, BACKEND_ABANDON);
	return rc;
}

int regen_some(struct verifying *v, struct err *err)
{
	struct regen g = { .v = v, .config = v->verify->config };
	int rc = id_index_build(&g.index, g.config->jobs, g.config->n_jobs, err);

	if (rc != 0)
		return -1;
	rc = choose_all(&g, err);
	if (rc == 0 && g.n > 0)
		rc = make_all(&g, err);
	free(g.list);
	id_index_release(&g.index);
	return rc;
}
