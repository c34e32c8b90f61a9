/*
 * report/report_parts: the writers of the single files, rows of report.c's table.
 *
 * One walk over the ledger feeds all of them: begin with what collect found, row for each job in running order, end, which
 * frees what begin made. Each adds to its own sink and cannot fail: sink_keep tells what went wrong with the file.
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

struct report_part {
	const char *name; /* of the file */
	void *(*begin)(const struct collect *c, struct sink *out);
	void (*row)(void *part, const struct report_row *row);
	void (*end)(void *part);
};

extern const struct report_part report_jsonl, report_csv, report_summary, report_html;

/* Which jobs the page shows: all, or the first in running order with room kept for those that failed, are unknown or lost. */
struct page_part {
	int64_t n_all, n_shown;
	int64_t n_bad;                /* failed, unknown, lost */
	int64_t room_bad, room_rest;  /* how many of these and of the others are shown */
};
struct page_part page_part_of(const struct ledger_counts *counts);

/* The page's data (report_html_data.c says its form), safe inside <script>. Called as a struct report_part's. */
void *page_data_begin(const struct collect *c, struct sink *out);
void page_data_row(void *data, const struct report_row *row);
void page_data_end(void *data);

#endif
