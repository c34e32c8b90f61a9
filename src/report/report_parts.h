/*
 * report/report_parts: the writers of the single files, called from report.c's table.
 *
 * Each walks the ledger again with what collect found and adds to the sink;
 * only reading the ledger can fail, writing is told by sink_keep.
 */
#ifndef REPORT_REPORT_PARTS_H
#define REPORT_REPORT_PARTS_H

#include "base/json_write.h"
#include "report/collect.h"
#include "report/sink.h"

/* Longest piece handed to a sink at once: a row with its texts, of which escape_json_in_html makes a byte up to 6. */
#define PIECE_MAX ((size_t)1 << 30)

#define REPORT_CELLS_MAX 2000 /* jobs shown in report.html; a page with more is slow to open (DESIGN section 7) */

/* What a number that was not said is told as: the page's own "not given" (seed -1), never null. */
#define NUMBER_NOT_SAID (-1)

int report_jsonl(struct ledger *l, struct collect *c, struct sink *out, struct err *err) WARN_UNUSED;
int report_csv(struct ledger *l, struct collect *c, struct sink *out, struct err *err) WARN_UNUSED;
int report_summary(struct ledger *l, struct collect *c, struct sink *out, struct err *err) WARN_UNUSED;
int report_html(struct ledger *l, struct collect *c, struct sink *out, struct err *err) WARN_UNUSED;

/* Which jobs the page shows: all, or the first in running order with room kept for those that failed, are unknown or lost. */
struct page_part {
	int64_t n_all, n_shown;
	int64_t n_bad;                /* failed, unknown, lost */
	int64_t room_bad, room_rest;  /* how many of these and of the others are shown */
};
struct page_part page_part_of(const struct ledger_counts *counts);

/* The page's data (report_html_data.c says its form), safe inside <script>. */
int report_html_data(struct ledger *l, const struct collect *c, const struct page_part *part, struct sink *out,
		     struct err *err) WARN_UNUSED;

#endif
