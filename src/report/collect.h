/*
 * report/collect: what all reports need to know before the first line is written.
 *
 * collect_scan walks the ledger once: which columns there are, in which order,
 * and whether any finished job has a value in them. A column is a parameter of
 * the card that some job has a value for (key: the page's name), or an axis,
 * variable or label that is no parameter (key: "axis_" and its name).
 *
 *   collect_scan, then for each row: row_open, row_value..., row_close; collect_release
 *
 * A maker is what made some of the jobs ("native:<fingerprint>"): one ledger may hold jobs of several checkpoints.
 *
 * Columns and makers live until collect_release, a row's nodes and texts until row_close. The head's
 * texts are the ledger's. Rows that another process adds after the scan are
 * told with the columns known then.
 */
#ifndef REPORT_COLLECT_H
#define REPORT_COLLECT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "ledger/ledger.h"
#include "param/param.h"

#include <stdbool.h>
#include <stdint.h>

struct report_column {
	const char *key;
	const struct param *param; /* NULL: an axis */
	const char *axis;          /* its name in the row's axes; NULL: a parameter */
	bool is_seen, is_seen_done;
};

struct report_maker {
	const char *made_by;
	const char *licence; /* of its weights: "cc-by-nc-4.0"; NULL: not known */
	int64_t n_jobs, n_done; /* n_jobs: of any state but superseded */
};

struct collect {
	struct arena arena;
	struct card *card; /* NULL in an empty ledger */
	struct ledger_head head;
	struct ledger_counts counts;
	struct report_column *columns; /* parameters in card order, then axes in the order in which rows with them came into the ledger */
	int n_columns, cap_columns;
	struct report_maker *makers; /* likewise */
	int n_makers, cap_makers;
	bool has_tags_done;
	int64_t n_live; /* rows of any state but superseded */
};

int collect_scan(struct collect *c, struct ledger *l, struct err *err) WARN_UNUSED;
void collect_release(struct collect *c);

struct report_row {
	const struct ledger_job *job;
	struct json_doc *params, *axes, *tags, *canonical;
	const char *made_by; /* of the canonical text, "" when it has none */
};

int row_open(struct report_row *row, const struct ledger_job *job, struct err *err) WARN_UNUSED;
void row_close(struct report_row *row);
/* The row's value in a column, or NULL. */
const struct json *row_value(const struct report_row *row, const struct report_column *column);

#endif
