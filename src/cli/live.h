/*
 * cli/live: what is told on stderr while a run goes on.
 *
 * On a terminal one line that is written over, at most ten times a second;
 * elsewhere one plain line per 5 % of the jobs (a second apart at least) or per minute. Failures are told
 * when they happen, above the live line. is_quiet leaves failures and what a
 * signal brought about. live_end clears the line.
 *
 * live_is_due is pure: the times come from the counts.
 */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include "run/run.h"

#include <stdbool.h>

struct live {
	bool is_terminal; /* stderr can be written over */
	bool has_colour;
	bool is_quiet, is_verbose;
	const char *name; /* the manifest's */
	bool line_shown;
	bool has_told;    /* a progress line has been printed */
	int64_t last_ms;  /* elapsed_ms of the last one */
	int last_step;    /* its share of the jobs in steps of 5 % */
};

void live_begin(struct live *live, const char *name, bool is_quiet, bool is_verbose);
void live_hear(void *arg, const struct run_news *news); /* for run_config.listen */
void live_say(struct live *live, const char *text); /* a line of its own, above the live one */
void live_end(struct live *live);

bool live_is_due(const struct live *live, const struct run_counts *counts);
bool live_is_terminal(void); /* stderr is one that can be written over */
/* The live line, written over what it was; elsewhere a line of its own. */
void live_put(const char *text, bool is_terminal);
void live_clear(bool *line_shown); /* a live line goes, where one is shown */
/* Appends at most `columns` characters of a UTF-8 text. */
void live_cut(struct strbuf *out, const char *text, int columns);

#endif
