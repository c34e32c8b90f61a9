/*
 * fake_ledger.h: the ledger's door played from rows in a test, so that reports can be
 * given every row there is without a run. Linked instead of the room's own objects.
 *
 *   fake_head, fake_rows, n_fake_rows: fill, then call report_write(NULL, dir, &err).
 */
#ifndef FAKE_LEDGER_H
#define FAKE_LEDGER_H

#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

static struct ledger_head fake_head;
static struct ledger_job *fake_rows;
static int n_fake_rows;

int ledger_head(struct ledger *l, struct ledger_head *ret, struct err *err)
{
	(void)l;
	(void)err;
	*ret = fake_head;
	return 0;
}

int ledger_count(struct ledger *l, struct ledger_counts *ret, struct err *err)
{
	(void)l;
	(void)err;
	memset(ret, 0, sizeof *ret);
	for (int i = 0; i < n_fake_rows; i++) {
		const struct ledger_job *job = &fake_rows[i];

		ret->by_state[job->state]++;
		if (job->state == JOB_FAILED)
			ret->failed_by_class[job->class]++;
		ret->audio_s_by_state[job->state] += job->seconds;
		ret->credits += job->credits;
	}
	return 0;
}

int ledger_each(struct ledger *l, unsigned state_mask, ledger_visit visit, void *arg, struct err *err)
{
	(void)l;
	for (int i = 0; i < n_fake_rows; i++) {
		int r = state_mask & 1u << fake_rows[i].state ? visit(arg, &fake_rows[i], err) : 0;

		if (r)
			return r < 0 ? -1 : 0;
	}
	return 0;
}

static const char *fake_licence; /* NULL: none was noted */

int ledger_each_note(struct ledger *l, const char *what, ledger_visit_text visit, void *arg, struct err *err)
{
	(void)l;
	return fake_licence && !strcmp(what, LEDGER_LICENCE) ? visit(arg, fake_licence, err) : 0;
}

/* The rows of a test stand in their order in both. */
int ledger_scan(struct ledger *l, unsigned state_mask, ledger_visit visit, void *arg, struct err *err)
{
	return ledger_each(l, state_mask, visit, arg, err);
}

#endif
