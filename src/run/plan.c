/* run_plan: what a run would do, from the same verdicts, without writing anything. */
#include "run/run.h"

#include "base/fs.h"
#include "base/mem.h"
#include "ledger/ledger_write.h"
#include "run/budget.h"
#include "run/judge.h"
#include "run/space.h"

#include <errno.h>
#include <string.h>

struct planning {
	const struct run_config *config;
	struct run_plan *plan;
	struct id_index index;
	bool *is_known;   /* [n_jobs] */
	bool *is_selected; /* [n_jobs] */
	bool *is_made;    /* [n_jobs]: selected, and a run would make it */
	bool *is_paid;    /* [n_jobs]: and that costs nothing, or nothing more */
	const struct job **to_pay; /* [n_jobs]: plan->n_to_pay of those that cost something */
	char **occupied;  /* paths of files whose jobs are not in the manifest any more */
	size_t n_occupied, cap_occupied;
	double bytes_done, audio_s_done; /* of finished files of today's format, bits and rate: what a second takes here */
};

static void count_verdict(struct planning *p, const struct verdict *v)
{
	struct run_plan *plan = p->plan;
	int64_t *const counters[] = { [JUDGE_PENDING] = &plan->n_pending, [JUDGE_DONE] = &plan->n_done,
				      [JUDGE_FAILED] = &plan->n_failed,	  [JUDGE_MISSING] = &plan->n_missing,
				      [JUDGE_STALE] = &plan->n_stale,	  [JUDGE_BACK] = &plan->n_back,
				      [JUDGE_GONE] = &plan->n_other,	  [JUDGE_OTHER] = &plan->n_other };

	++*counters[v->what];
	if (v->what == JUDGE_DONE) {
		plan->n_renamed += v->is_renamed;
		plan->n_stale += v->is_stale;
		plan->n_back += v->was_superseded;
	}
}

static int plan_row(void *arg, const struct ledger_job *row, struct err *err)
{
	struct planning *p = arg;
	int64_t i = id_index_find(&p->index, row->id);
	struct verdict v;

	(void)err;
	if (row->state == JOB_DONE && row->has_artifact && !judge_is_stale(&p->config->artifact, row)) {
		p->bytes_done += (double)row->n_bytes;
		p->audio_s_done += row->audio_s;
	}
	if (i < 0) {
		p->plan->n_superseded += row->state != JOB_SUPERSEDED && !judge_is_partial(p->config);
		if (row->has_artifact) {
			MEM_GROW(p->occupied, p->n_occupied, p->cap_occupied);
			p->occupied[p->n_occupied++] = mem_strdup(row->file_path);
		}
		return 0;
	}
	p->is_known[i] = true;
	v = judge_row(p->config, row, &p->config->jobs[i]);
	if (!judge_selects(p->config, &v, row->state, &p->config->jobs[i]))
		return 0;
	count_verdict(p, &v);
	p->is_selected[i] = true;
	p->is_made[i] = judge_is_made(&v);
	p->is_paid[i] = !v.pays;
	p->plan->by_state[judge_state(&v, row->state)]++;
	return 0;
}

static int read_ledger(struct planning *p, struct err *err)
{
	const struct run_config *c = p->config;
	struct ledger_owner owner = { c->manifest_name, c->ops->name, c->ops->costs_money };
	struct ledger_head head = { .audio_s_per_s = 0 };
	struct ledger *l = NULL;
	struct err why = ERR_INIT;
	int rc;

	if (ledger_open_read(&l, c->output_dir, &why) != 0) {
		if (why.sys_errno == ENOENT)
			return 0; /* nothing has been run here yet */
		*err = why;
		return -1;
	}
	rc = ledger_check_owner(l, c->output_dir, &owner, err);
	if (rc == 0)
		rc = ledger_get_spent(l, &p->plan->credits_spent, err);
	if (rc == 0)
		rc = ledger_scan(l, LEDGER_ALL_STATES, plan_row, p, err);
	if (rc == 0)
		rc = ledger_head(l, &head, err);
	ledger_close(l);
	p->plan->expected_s = head.audio_s_per_s > 0 ? 1 / head.audio_s_per_s : 0; /* per second of audio; the caller multiplies */
	return rc;
}

/* ---- sums ----------------------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_new(struct planning *p, int64_t i)
{
	p->is_selected[i] = p->is_made[i] =
		judge_selects(p->config, &(struct verdict){ .what = JUDGE_PENDING }, JOB_PENDING, &p->config->jobs[i]);
	p->plan->n_new += p->is_selected[i];
	p->plan->by_state[JOB_PENDING] += p->is_selected[i];
}

/* Returns the bytes of its file. */
static double add_to_make(struct planning *p, const struct job *job, double audio_s)
{
	struct run_plan *plan = p->plan;
	double per_s = p->audio_s_done > 0 ? p->bytes_done / p->audio_s_done : 0;

	plan->n_to_make++;
	plan->audio_s_to_make += audio_s;
	plan->n_replaced += p->n_occupied > 0 &&
			    bsearch(&job->path, p->occupied, p->n_occupied, sizeof *p->occupied, compare_texts) != NULL;
	return per_s > 0 ? per_s * audio_s : space_of_job(p->config, job);
}

static void add_up(struct planning *p)
{
	const struct run_config *c = p->config;
	struct run_plan *plan = p->plan;
	double bytes = 0;

	if (p->n_occupied > 1)
		qsort(p->occupied, p->n_occupied, sizeof *p->occupied, compare_texts);
	for (int64_t i = 0; i < c->n_jobs; i++) {
		double audio_s = job_audio_seconds(&c->jobs[i]);

		if (!p->is_known[i])
			add_new(p, i);
		if (p->is_selected[i])
			plan->audio_s_total += audio_s;
		if (!p->is_made[i] || (c->limit > 0 && plan->n_to_make >= c->limit))
			continue;
		bytes += add_to_make(p, &c->jobs[i], audio_s);
		if (c->ops->costs_money && !p->is_paid[i])
			p->to_pay[plan->n_to_pay++] = &c->jobs[i];
	}
	plan->bytes_needed = (uint64_t)bytes;
	plan->expected_s *= plan->audio_s_to_make;
}

/* The rest of a plan is worth telling also where the service cannot be asked. */
static void add_prices(struct planning *p)
{
	struct run_plan *plan = p->plan;
	double *prices = mem_zalloc((size_t)plan->n_to_pay + 1, sizeof *prices);
	struct err why = ERR_INIT;

	if (budget_price(p->config, p->to_pay, plan->n_to_pay, prices, &why) != 0) {
		plan->credits_needed = -1;
		memcpy(plan->credits_why, why.text, sizeof plan->credits_why);
	}
	for (int64_t i = 0; plan->credits_needed >= 0 && i < plan->n_to_pay; i++)
		plan->credits_needed += prices[i];
	free(prices);
}

int run_plan(const struct run_config *config, struct run_plan *ret, struct err *err)
{
	size_t n = (size_t)config->n_jobs;
	struct planning p = { .config = config, .plan = ret };
	int rc;

	memset(ret, 0, sizeof *ret);
	if (id_index_build(&p.index, config->jobs, config->n_jobs, err) != 0)
		return -1;
	p.is_known = mem_zalloc(n, sizeof *p.is_known);
	p.is_selected = mem_zalloc(n, sizeof *p.is_selected);
	p.is_made = mem_zalloc(n, sizeof *p.is_made);
	p.is_paid = mem_zalloc(n, sizeof *p.is_paid);
	p.to_pay = mem_zalloc(n, sizeof *p.to_pay);
	rc = read_ledger(&p, err);
	if (rc == 0) {
		add_up(&p);
		add_prices(&p);
		rc = fs_free_bytes(config->output_dir, &ret->bytes_free, err);
	}
	for (size_t i = 0; i < p.n_occupied; i++)
		free(p.occupied[i]);
	free(p.occupied);
	free(p.is_known);
	free(p.is_selected);
	free(p.is_made);
	free(p.is_paid);
	free(p.to_pay);
	id_index_release(&p.index);
	return rc;
}
