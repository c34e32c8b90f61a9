/*
 * cli/events: --events FILE, what happens in a run as NDJSON: one object a line, written as it happens.
 *
 * Every line has "version" (1), "event" and "time" (UTC, ISO 8601 with milliseconds), then:
 *   run_started  manifest, output, backend, tool_version, pid, and COUNTS
 *   note         text: what a dead run left, and anything else worth saying
 *   job_started  JOB
 *   job_accepted JOB, remote_id, credits: a hosted service took it, and takes so much for it
 *   job_done     JOB, bytes, seconds, rate_hz, channels, lkfs, peak, pcm_sha256
 *   job_failed   JOB, class, sentence, try, tries, again_in_seconds (null: not again by this run)
 *   progress     COUNTS; at most once a second
 *   draining     text; aborting  text
 *   lost         lines: how many were left out before this one, because nobody read
 *   run_ended    exit_status, reason, COUNTS; the last line, whatever became of the run, unless the process was killed
 * JOB is id, set, path. COUNTS is jobs_total, done, done_before, failed, running, waiting, unknown and lost (of hosted jobs, when the
 * run ends), audio_seconds (done), audio_seconds_total, elapsed_seconds, credits_now (paid to a hosted service by this
 * run), credits_spent (by the folder, ever). Keys may be added; what one means never changes within a version.
 *
 * A file is appended to, after a look that it holds events and nothing else; "-" is standard output; a FIFO is
 * opened when its reader is there. A run never waits for a reader: what a pipe has no room for is kept up to
 * EVENTS_PENDING_MAX bytes, then left out whole line by line. A write that fails ends the
 * events and not the run; events_trouble says so once.
 *
 * events_open, events_hear for each news, events_end, events_close (also after a failure). One thread.
 */
#ifndef CLI_EVENTS_H
#define CLI_EVENTS_H

#include "base/err.h"
#include "base/strbuf.h"
#include "run/run.h"

#include <stdbool.h>
#include <stdint.h>

#define EVENTS_VERSION 1
#define EVENTS_PENDING_MAX (1u << 20)

struct events {
	int fd; /* -1: not asked for, or ended by a failure */
	const char *path;
	const struct run_config *config; /* of the run that is told of */
	struct strbuf pending; /* whole lines, but the first may have been written in part */
	int64_t n_lost;
	int64_t progress_ms;   /* elapsed_ms of the last progress line; -1: none yet */
	bool has_trouble;      /* not asked for yet */
	char trouble[ERR_TEXT_MAX];
};

/* path NULL: no events, and the others do nothing. ERR_USAGE where the file cannot be had. */
int events_open(struct events *e, const char *path, const struct run_config *config, struct err *err) WARN_UNUSED;
void events_hear(struct events *e, const struct run_news *news);
void events_end(struct events *e, int exit_status, const char *reason, const struct run_counts *counts);
/* What went wrong since it was asked last, or NULL: one sentence, until the next call. */
const char *events_trouble(struct events *e);
void events_close(struct events *e);

/* Appends the line of one news at a time, with its newline. */
void events_line(struct strbuf *out, const struct run_config *config, const struct run_news *news, int64_t unix_ms);

#endif
