/*
 * run_retry: jobs become pending again, as if never tried; their attempts stay in the ledger.
 *
 * All rows are looked at first and changed in one transaction, so a death in the middle leaves all as they were. A
 * finished job keeps its artifact row: the next run finds a former file and puts it aside when the new one is complete.
 * What a service has of a job is forgotten only with --pay-again: without it a job that failed here is looked after
 * or fetched there, and costs nothing more.
 */
#include "run/tend_inside.h"

#include "base/mem.h"
#include "base/text.h"
#include "run/remote.h"

#include <stdio.h>

struct retrying {
	const struct run_retry *retry;
	struct run_retry_result *result;
	bool by_id;     /* the row was named, not selected */
	int64_t *seqs;  /* of the rows to renew */
	size_t n, cap;
};

static void add(struct retrying *r, const struct ledger_job *row, int64_t *count)
{
	for (size_t i = 0; i < r->n && r->by_id; i++)
		if (r->seqs[i] == row->seq)
			return; /* one job, named twice */
	MEM_GROW(r->seqs, r->n, r->cap);
	r->seqs[r->n++] = row->seq;
	++*count;
}

/* Paid for, or perhaps so. */
static int add_paid(struct retrying *r, const struct ledger_job *row, struct err *err)
{
	if (!r->by_id) {
		r->result->n_left_unknown++;
		return 0;
	}
	if (!r->retry->pay_again)
		return err_set(err, ERR_USAGE,
			       "job %s ('%s') is %s: it may have been paid for already, and making it again may be paid for once more; "
			       "if you want that, say --pay-again",
			       row->id_text, row->path, job_state_name(row->state));
	add(r, row, &r->result->n_paid);
	return 0;
}

static int look_at_row(void *arg, const struct ledger_job *row, struct err *err)
{
	struct retrying *r = arg;
	struct run_retry_result *result = r->result;
	int meant = r->by_id ? 1 : tend_is_meant(&r->retry->place, row, err);

	if (meant <= 0)
		return meant;
	switch (row->state) {
	case JOB_FAILED:
		add(r, row, &result->n_failed);
		break;
	case JOB_DONE:
		if (r->by_id && remote_of_row(row) != REMOTE_NOTHING)
			return add_paid(r, row, err);
		if (r->by_id)
			add(r, row, &result->n_done);
		else
			result->n_left_done++;
		break;
	case JOB_UNKNOWN:
	case JOB_LOST:
		return add_paid(r, row, err);
	case JOB_PENDING:
		result->n_pending++;
		break;
	case JOB_SUPERSEDED:
		result->n_superseded++;
		break;
	case JOB_SUBMITTING:
	case JOB_RUNNING:
	case JOB_MADE:
	case JOB_N_STATES:
		result->n_in_hand++;
		break;
	}
	return 0;
}

static int look_at_all(struct retrying *r, struct ledger *l, struct err *err)
{
	const struct run_retry *retry = r->retry;
	int rc = 0;

	r->by_id = retry->n_ids > 0;
	if (!r->by_id)
		return ledger_scan(l, LEDGER_ALL_STATES, look_at_row, r, err);
	for (int i = 0; rc == 0 && i < retry->n_ids; i++)
		rc = ledger_find(l, retry->ids[i], look_at_row, r, err);
	return rc;
}

static int renew_all(struct retrying *r, struct ledger *l, struct err *err)
{
	char text[160], count[32];
	int rc = ledger_begin(l, err);

	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		rc = ledger_renew_job(l, r->seqs[i], err);
		if (rc == 0 && r->retry->pay_again)
			rc = ledger_forget_remote(l, r->seqs[i], err);
	}
	(void)snprintf(text, sizeof text, "%s to be made again, with all tries", text_count(count, sizeof count, (int64_t)r->n, "job"));
	if (rc == 0)
		rc = ledger_note(l, 0, 0, "retry", text, err);
	return ledger_end(l, rc, err);
}

int run_retry(const struct run_retry *retry, struct run_retry_result *ret, struct err *err)
{
	struct run_retry_result result = { 0 };
	struct retrying r = { .retry = retry, .result = &result };
	struct tend t;
	int rc;

	if (retry->pay_again && retry->n_ids == 0)
		return err_set(err, ERR_USAGE, "--pay-again goes with the ids of the jobs that may be paid for once more: none is named");
	if (tend_open(&t, &retry->place, err) != 0)
		return -1;
	rc = look_at_all(&r, t.ledger, err);
	if (rc == 0 && r.n > 0)
		rc = renew_all(&r, t.ledger, err);
	if (rc == 0)
		*ret = result;
	free(r.seqs);
	tend_close(&t);
	return rc;
}
