/* See space.h. */
#include "run/space.h"

#include "base/clock.h"
#include "base/text.h"
#include "run/run_inside.h"

#include <stdio.h>
#include <string.h>

#define RATE_HZ 32000       /* of every public checkpoint (musicgen.md 1.1) */
#define HEADER_BYTES 4096.0 /* a file's headers and tags, generously */
#define DOWNLOAD_BYTES_PER_S (48000.0 * 2 * 4) /* as large as a sound of a service gets: 32-bit stereo at 48 kHz */
#define LOOK_MS 250         /* how often the disk is asked at most: the kernel answers in microseconds, a server may not */

static double samples_bytes(const struct run_config *config, const struct job *job)
{
	const struct artifact_spec *spec = &config->artifact;
	bool is_stereo = strstr(job_text(job, "modelVersion", ""), "stereo") != NULL;

	return audio_guess_bytes(spec->format, spec->bits, spec->rate_hz ? spec->rate_hz : RATE_HZ, is_stereo ? 2 : 1,
				 job_audio_seconds(job));
}

double space_of_job(const struct run_config *config, const struct job *job)
{
	return HEADER_BYTES + samples_bytes(config, job);
}

/* Does the file have exactly these samples, uncompressed? A checkpoint of one's own may have any rate. */
static bool is_sure(const struct run_config *config, const struct job *job)
{
	return config->artifact.format == AUDIO_WAV && config->ops->is_as_long_as_asked &&
	       (config->artifact.rate_hz || !text_ends_with(job_text(job, "modelVersion", ""), "custom"));
}

struct need {
	int64_t n_jobs;
	double least, likely; /* bytes */
};

/* Of the jobs that this run makes: with a limit the first ones, though a retry may come before them. */
static struct need need_of_run(const struct run *r)
{
	const struct run_config *c = r->config;
	struct need need = { 0, 0, 0 };

	for (int64_t i = 0; i < c->n_jobs && (c->limit == 0 || need.n_jobs < c->limit); i++) {
		if (!r->jobs[i].is_selected || r->jobs[i].state != JOB_PENDING)
			continue;
		need.n_jobs++;
		need.likely += space_of_job(c, &c->jobs[i]);
		if (is_sure(c, &c->jobs[i]))
			need.least += samples_bytes(c, &c->jobs[i]);
	}
	if (!c->ops->is_as_long_as_asked)
		need.likely = 0;
	return need;
}

int space_check(struct run *r, struct err *err)
{
	struct need need = need_of_run(r);
	const char *dir = r->config->output_dir;
	char wanted[32], there[32], jobs[32], text[RUN_PATH_MAX + 256];
	uint64_t n_free = 0;

	if (fs_free_bytes(dir, &n_free, err) != 0)
		return -1;
	r->space_reserve = (double)n_free * SPACE_RESERVE_SHARE;
	if (r->space_reserve > SPACE_RESERVE_BYTES)
		r->space_reserve = SPACE_RESERVE_BYTES;
	r->space_reserve += SPACE_RESERVE_JOB_BYTES * (double)r->config->n_jobs;
	(void)text_count(jobs, sizeof jobs, need.n_jobs, "job");
	(void)text_bytes(there, sizeof there, n_free);
	if (need.least > (double)n_free && r->config->for_s <= 0) {
		(void)text_bytes(wanted, sizeof wanted, (uint64_t)need.least);
		return err_set(err, ERR_DISK_FULL,
			       "the files of %s need %s, and %s are free in '%s': free some space, choose another folder with --output DIR, "
			       "or make fewer at a time with --limit N", jobs, wanted, there, dir);
	}
	if (need.likely <= (double)n_free)
		return 0;
	(void)text_bytes(wanted, sizeof wanted, (uint64_t)need.likely);
	(void)snprintf(text, sizeof text,
		       "the files of %s may need up to %s, and %s are free in '%s': when the disk gets full the run stops and can be continued",
		       jobs, wanted, there, dir);
	run_tell(r, RUN_NOTE, NULL, text);
	return 0;
}

/* What the jobs in slots and the samples that wait will take; by this run's own files once there are some. */
static double in_hand(const struct run *r)
{
	double made_s = r->counts.audio_s_done_now, bytes = 0;
	double per_s = made_s > 0 ? r->n_bytes_made / made_s : -1;
	const struct run_config *c = r->config;

	for (size_t i = 0; i < r->n_slots; i++) {
		const struct job *job = &c->jobs[r->slots[i].index];

		if (per_s >= 0)
			bytes += per_s * job_audio_seconds(job);
		else if (c->ops->is_as_long_as_asked || c->ops->costs_money)
			bytes += space_of_job(c, job);
		if (c->ops->costs_money) /* its download lies beside the file that is made of it */
			bytes += DOWNLOAD_BYTES_PER_S * job_audio_seconds(job);
	}
	return bytes + (double)(r->filling->n_pcm_bytes + r->making->n_pcm_bytes); /* no format needs more than f32 */
}

void space_watch(struct run *r)
{
	int64_t now_ms = clock_monotonic_ms();
	double need = in_hand(r) + r->space_reserve;
	struct err ignored = ERR_INIT;
	char wanted[32], there[32];
	uint64_t n_free = 0;

	if (now_ms - r->space_ms < LOOK_MS || r->stop_class != FAIL_NONE)
		return;
	r->space_ms = now_ms;
	if (fs_free_bytes(r->config->output_dir, &n_free, &ignored) != 0 || (double)n_free >= need)
		return;
	r->stop_class = FAIL_DISK_FULL;
	(void)snprintf(r->stop_sentence, sizeof r->stop_sentence,
		       "the disk gets full: %s are free in '%.200s', and %s are kept for the jobs in hand, the ledger and the reports",
		       text_bytes(there, sizeof there, n_free), r->config->output_dir, text_bytes(wanted, sizeof wanted, (uint64_t)need));
	run_tellf(r, RUN_NOTE, NULL, "%s; no more are begun", r->stop_sentence);
}
