/*
 * run/space: is there room on the disk for what is made?
 *
 *   space_of_job   bytes of a job's file, as far as can be told ahead
 *   space_check    before anything is made: what can never fit is refused, what may not fit is said
 *   space_watch    before jobs are handed out, often: a disk that gets full stops the run while what is in hand still fits
 *
 * The watch is not the guard: a write that finds no room is caught where it happens (fail.c) and costs no try. It only makes
 * that rare, for the ledger and the reports want some room too.
 */
#ifndef RUN_SPACE_H
#define RUN_SPACE_H

#include "run/run.h"

struct run;

/* Headers and tags are generous, FLAC is taken to be as large as WAV. */
double space_of_job(const struct run_config *config, const struct job *job);

/* ERR_DISK_FULL: uncompressed files of known length are more than is free. */
int space_check(struct run *r, struct err *err) WARN_UNUSED;
/* Sets r->stop_class when less is free than what is in hand needs and the reserve. */
void space_watch(struct run *r);

/* The reserve: for the ledger's log until its checkpoint (1000 pages, 4 MiB) twice, but of what was free when the run began at
 * most a share; and for the four reports, which are written beside the old ones (1.0 KB a job, measured). */
#define SPACE_RESERVE_BYTES 8388608.0
#define SPACE_RESERVE_SHARE (1.0 / 16)
#define SPACE_RESERVE_JOB_BYTES 1024.0

#endif
