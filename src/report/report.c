#include "report/report.h"

#include "report/remake.h"
#include "report/report_parts.h"

#include <string.h>

static const struct report_part *const parts[] = { &report_jsonl, &report_csv, &report_summary, &report_html };

#define N_PARTS ((int)(sizeof parts / sizeof *parts))

/* All files on their way. */
struct reports {
	struct sink sinks[N_PARTS];
	void *state[N_PARTS];
};

const char *report_file(int i)
{
	return i < N_PARTS ? parts[i]->name : NULL;
}

static int open_sinks(struct reports *all, const char *output_dir, struct err *err)
{
	for (int i = 0; i < N_PARTS; i++)
		if (sink_open(&all->sinks[i], output_dir, parts[i]->name, err) < 0)
			return -1;
	return 0;
}

static int visit(void *arg, const struct ledger_job *job, struct err *err)
{
	struct reports *all = arg;
	struct report_row row;

	if (row_open(&row, job, err) < 0)
		return -1;
	for (int i = 0; i < N_PARTS; i++)
		parts[i]->row(all->state[i], &row);
	row_close(&row);
	return 0;
}

static int fill(struct reports *all, struct ledger *l, const struct collect *c, struct err *err)
{
	int r;

	for (int i = 0; i < N_PARTS; i++)
		all->state[i] = parts[i]->begin(c, &all->sinks[i]);
	r = ledger_each(l, LEDGER_ALL_STATES, visit, all, err);
	for (int i = 0; i < N_PARTS; i++)
		parts[i]->end(all->state[i]);
	return r < 0 ? -1 : 0;
}

int report_write(struct ledger *l, const char *output_dir, struct err *err)
{
	struct reports all;
	struct collect c;
	int r;

	memset(&all, 0, sizeof all);
	if (collect_scan(&c, l, err) < 0)
		return -1;
	r = open_sinks(&all, output_dir, err);
	if (r == 0)
		r = fill(&all, l, &c, err);
	for (int i = 0; r == 0 && i < N_PARTS; i++)
		r = sink_keep(&all.sinks[i], err);
	for (int i = 0; i < N_PARTS; i++) /* nothing is left of those that were kept */
		sink_drop(&all.sinks[i]);
	collect_release(&c);
	return r;
}

int report_remake(struct strbuf *out, const struct ledger_job *job, const char *backend, struct err *err)
{
	struct report_row row;

	if (row_open(&row, job, err) < 0)
		return -1;
	remake_row(out, &row, backend);
	row_close(&row);
	return 0;
}
