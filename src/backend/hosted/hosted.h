/*
 * backend/hosted: jobs made by a hosted generation API (wire.h's provider_scenario), which takes money for each.
 *
 * The contract is backend.h's. One thread, many waits: a job in a slot goes from step to step (hosted_inside.h, steps.c), the
 * requests of all are under way at once (net/http.h), as fast as pace.h lets them.
 *
 *   input uploaded (once for each content; uploads.c) and its price asked again with it (weigh.c) -> SUBMITTING handed out -> the request leaves at the next reap
 *   -> accepted: ACCEPTED handed out, polled from the next reap on; -> or nobody knows: looked for in the list of jobs (reconcile.c)
 *   -> made: its asset's record is fetched, its sound downloaded to config->work_dir (download.c) -> DONE
 *
 * What its FAILED events mean to who keeps the money's book:
 *   before ACCEPTED, class remote_unknown  it may have been taken: nobody knows
 *   before ACCEPTED, any other class       nothing was taken. is_not_sent: and it was not the job's fault (no network; the service asked
 *                                          to wait; credentials were refused; with its input it costs more than was set aside: price says
 *                                          how much): no try is used up
 *   after ACCEPTED (or with remote_id)     it was taken. remote_failed: and has ended there without a sound; a new try is a new submission.
 *                                          is_gone: it was made, and is not to be had. Any other class: what was made
 *                                          or is being made there stays, a new try with remote_id pays nothing
 *
 * A failed poll or fetch of a record is no failure of the job: it is asked again at its next time, until the deadline. A download
 * that is cut goes on where it was, a few times, with a fresh address where the old one has expired: nothing is paid for anew by either. All other
 * trying again is the caller's.
 *
 * open and price block until the service has answered, and ask a few times where it has trouble; submit reads an input file whole where it is to be uploaded (to see that it
 * is still the one that the job's id was made from); reap waits, but for converting an input that the service does not take.
 *
 * open: ERR_MODEL where the credentials or the service say no or are not to be had (exit 5), ERR_IO, ERR_USAGE.
 */
#ifndef BACKEND_HOSTED_HOSTED_H
#define BACKEND_HOSTED_HOSTED_H

#include "backend/backend.h"

/* Jobs in a slot at most: memory for each is allocated at open. */
#define HOSTED_JOBS_MAX 10000
#define HOSTED_PER_MINUTE_MAX 100000
#define HOSTED_DEADLINE_S 1800.0 /* from acceptance; music takes minutes, a queue before it some more */
#define HOSTED_CLOSE_MS 2000     /* what abandoning may take (DESIGN section 4: the second Ctrl-C ends within two seconds) */

/* A file that is downloaded: 30 s of 32-bit stereo at 192 kHz, the largest thing that the model could say, are 46 MB; the
 * cap is for what is wrong, on a disk that others need too. */
#define HOSTED_FILE_MAX ((int64_t)512 << 20)

extern const struct backend_ops hosted_backend;

#endif
