/* The part of ledger.h that looks after a ledger: is it whole, do its rows agree? */
#include "ledger/ledger.h"

#include "ledger/ledger_sql.h"

#include <stdio.h>
#include <string.h>

/* SQLite's check answers rows of text, one "ok" where nothing is wrong. */
static int check_pages(struct ledger *l, bool deep, ledger_visit_text visit, void *arg, struct err *err)
{
	sqlite3_stmt *st = sql_get(l, deep ? SQL_FULL_CHECK : SQL_QUICK_CHECK, err);
	int rc;

	if (!st)
		return -1;
	while ((rc = sql_row(l, st, err)) == 1) {
		const char *text = sql_column_text(st, 0);

		if (strcmp(text, "ok") == 0)
			continue;
		rc = visit(arg, text, err);
		if (rc != 0) {
			sql_done(st);
			return -1;
		}
	}
	return rc;
}

/* Statements that have a row only where something is wrong; its column stands in the sentence. */
static const struct {
	enum sql_id id;
	const char *before, *after;
} agreements[] = {
	{ SQL_FILELESS, "", " of the finished jobs have no row of a file" },
	{ SQL_JOBLESS, "", " of the files' rows have no job" },
	{ SQL_TWO_OF_A_NAME, "two finished jobs name one file, '", "'" },
};

int ledger_check(struct ledger *l, bool deep, ledger_visit_text visit, void *arg, struct err *err)
{
	char text[512];
	int rc = check_pages(l, deep, visit, arg, err);

	for (size_t i = 0; rc == 0 && i < sizeof agreements / sizeof *agreements; i++) {
		sqlite3_stmt *st = sql_get(l, agreements[i].id, err);

		rc = st ? sql_row(l, st, err) : -1;
		if (rc != 1)
			continue;
		(void)snprintf(text, sizeof text, "%s%.300s%s", agreements[i].before, sql_column_text(st, 0), agreements[i].after);
		sql_done(st);
		rc = visit(arg, text, err);
	}
	return rc < 0 ? -1 : 0;
}
