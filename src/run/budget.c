/* See budget.h. */
#include "run/budget.h"

#include "base/mem.h"
#include "base/text.h"
#include "run/remote.h"
#include "run/run_inside.h"

#include <math.h>
#include <stdio.h>

int budget_price(const struct run_config *config, const struct job *const *jobs, int64_t n, double *ret, struct err *err)
{
	const struct backend_ops *ops = config->ops;

	for (int64_t i = 0; i < n; i++)
		ret[i] = 0;
	if (!ops->costs_money || !ops->price || n == 0)
		return 0;
	if (ops->price(&config->backend, jobs, n, ret, err) != 0)
		return -1;
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(ret[i]) || ret[i] < 0)
			return err_set(err, ERR_BUG, "the backend '%s' has a price of %g credits for '%s'", ops->name, ret[i], jobs[i]->path);
	return 0;
}

int budget_check(const struct run_config *config, struct err *err)
{
	char jobs[32], price[48], spent[80] = "", total[48];
	struct run_plan plan;

	if (!config->ops->costs_money || config->credits_cap >= 0)
		return 0;
	if (run_plan(config, &plan, err) != 0)
		return -1;
	if (plan.n_to_pay == 0)
		return 0; /* what has been paid for is looked after and fetched without any */
	if (plan.credits_needed < 0)
		return err_set(err, ERR_USAGE, "nothing says how much may be spent, and the price could not be asked (%s): say it with --credits N, "
			       "or with credits: N under run: in the manifest", plan.credits_why);
	if (plan.credits_spent > 0)
		(void)snprintf(spent, sizeof spent, ", after %s that are spent already", text_credits(total, sizeof total, plan.credits_spent));
	return err_set(err, ERR_USAGE, "to make %s costs %s%s, and nothing says how much may be spent: say --credits N, or credits: N under run: in the "
		       "manifest. N is what all runs of this folder may cost together; %s is enough for all",
		       text_count(jobs, sizeof jobs, plan.n_to_pay, "job"), text_credits(price, sizeof price, plan.credits_needed), spent,
		       text_credits(total, sizeof total, ceil(plan.credits_spent + plan.credits_needed - BACKEND_CREDITS_DUST)));
}

/* ---- a run's ------------------------------------------------------------------------------ */

static bool pays(const struct run *r, int64_t index)
{
	return r->config->ops->costs_money && r->jobs[index].has == REMOTE_NOTHING;
}

int budget_open(struct run *r, struct err *err)
{
	int64_t n = 0, n_jobs = r->config->n_jobs;
	const struct job **jobs;
	double *prices;
	int rc;

	if (!r->config->ops->costs_money)
		return 0;
	jobs = mem_alloc((size_t)n_jobs * sizeof *jobs);
	prices = mem_alloc((size_t)n_jobs * sizeof *prices);
	for (int64_t i = 0; i < n_jobs; i++) {
		r->jobs[i].price = BUDGET_UNASKED;
		if (r->jobs[i].is_selected && r->jobs[i].state == JOB_PENDING && pays(r, i))
			jobs[n++] = &r->config->jobs[i];
	}
	rc = budget_price(r->config, jobs, n, prices, err);
	for (int64_t k = 0; rc == 0 && k < n; k++)
		r->jobs[jobs[k] - r->config->jobs].price = prices[k];
	free(jobs);
	free(prices);
	return rc;
}

/* One that was not to be paid for when the run began: the service failed at it, and the manifest wants it tried again. */
static bool ask_now(struct run *r, int64_t index)
{
	const struct job *job = &r->config->jobs[index];
	struct err why = ERR_INIT;

	if (budget_price(r->config, &job, 1, &r->jobs[index].price, &why) == 0)
		return true;
	r->jobs[index].price = BUDGET_UNASKED;
	run_tellf(r, RUN_NOTE, job, "'%s' waits for the next run: what it costs could not be asked (%.300s)", job->path, why.text);
	return false;
}

enum budget_answer budget_ask(struct run *r, int64_t index)
{
	struct run_job *job = &r->jobs[index];
	double sum;

	if (!pays(r, index))
		return BUDGET_FITS;
	if (job->price < 0 && !ask_now(r, index))
		return BUDGET_OVER;
	sum = r->counts.credits_spent + r->credits_reserved + job->price;
	if (sum <= r->config->credits_cap + BACKEND_CREDITS_DUST)
		return BUDGET_FITS;
	for (size_t i = 0; i < r->n_slots; i++)
		if (r->slots[i].reserved > 0 || r->slots[i].is_submitting)
			return BUDGET_WAITS;
	return BUDGET_OVER;
}

void budget_reserve(struct run *r, struct run_slot *slot)
{
	if (!pays(r, slot->index))
		return;
	slot->price = slot->reserved = r->jobs[slot->index].price;
	r->credits_reserved += slot->reserved;
}

void budget_release(struct run *r, const struct run_slot *slot)
{
	r->credits_reserved -= slot->reserved;
	if (r->n_slots == 0)
		r->credits_reserved = 0; /* without the dust of many sums */
}
