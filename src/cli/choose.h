/*
 * cli/choose: --select EXPR over rows of the ledger, for the verbs that look at what is there.
 *
 *   choose_open    reads the expression against the card's parameters and the axes and columns that the rows have;
 *                  a mistake is ERR_USAGE with its character and what may be meant
 *   choose_row     asks it of a row: 1 it holds, 0 it does not, -1 err (a damaged row). Fits run_place.select.
 *   choose_close   also after a failure
 *
 * Without an expression every row is chosen. Rows have their effective parameters, set, take, tags and state. What a
 * row's texts say is read only when the expression asks for it.
 */
#ifndef CLI_CHOOSE_H
#define CLI_CHOOSE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "ledger/ledger.h"
#include "manifest/predicate.h"
#include "param/param.h"
#include "run/run.h"

/* One of a row's three JSON texts. */
enum choose_text { CHOOSE_PARAMS, CHOOSE_AXES, CHOOSE_TAGS, CHOOSE_N_TEXTS };

struct choose {
	struct arena arena;
	struct card *card;
	struct predicate *predicate; /* NULL: every row */
	char **names;                /* the variables that rows have: axes and "axis.column"; owned */
	size_t n_names, cap_names;
	/* the row that is asked about */
	const struct ledger_job *row;
	struct json_doc *docs[CHOOSE_N_TEXTS]; /* as far as they were asked for */
	const char **tags;
	int n_tags, cap_tags;
	struct err err;              /* of reading them */
};

int choose_open(struct choose *c, const char *expression, struct ledger *l, struct err *err) WARN_UNUSED;
int choose_row(void *arg, const struct ledger_job *row, struct err *err) WARN_UNUSED; /* arg: the struct choose */
/* Gives the expression, where there is one, to what a verb asks of run. */
void choose_place(struct choose *c, struct run_place *place);
void choose_close(struct choose *c);

#endif
