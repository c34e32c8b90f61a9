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

/* The page's data: {"jobs":[...]} of the first REPORT_CELLS_MAX live jobs, safe inside <script>. */
int report_html_data(struct ledger *l, struct sink *out, struct err *err) WARN_UNUSED;

/* Lines of the page's style and script; NULL ends. Arrays of lines, for C99 promises only 4,095 characters of literal. */
extern const char *const report_html_style[];
extern const char *const report_html_script[];

#endif
