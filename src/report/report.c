#include "report/report.h"

#include "report/remake.h"
#include "report/report_parts.h"

static const struct {
	const char *name;
	int (*write)(struct ledger *l, struct collect *c, struct sink *out, struct err *err);
} files[] = {
	{ "metadata.jsonl", report_jsonl },
	{ "jobs.csv", report_csv },
	{ "summary.json", report_summary },
	{ "report.html", report_html },
};

#define N_FILES ((int)(sizeof files / sizeof *files))

const char *report_file(int i)
{
	return i < N_FILES ? files[i].name : NULL;
}

int report_write(struct ledger *l, const char *output_dir, struct err *err)
{
	struct collect c;
	int r = -1;

	if (collect_scan(&c, l, err) < 0)
		return -1;
	for (int i = 0; i < N_FILES; i++) {
		struct sink out;

		if (sink_open(&out, output_dir, files[i].name, err) < 0)
			goto out;
		if (files[i].write(l, &c, &out, err) < 0) {
			sink_drop(&out);
			goto out;
		}
		if (sink_keep(&out, err) < 0)
			goto out;
	}
	r = 0;
out:
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
