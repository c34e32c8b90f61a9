/* The one line that says how far a run is: pure, for cli to print. */
#include "run/run.h"

#include "base/text.h"

#define ETA_MIN_S 0.1 /* what is less would be printed as 0.0 s: the last samples are being made, or a limit is reached */

double run_job_work(const struct job *job)
{
	double guidance = job_number(job, "classifierFreeGuidance", 3); /* the card's default */
	bool has_condition = *job_text(job, "prompt", "") || (job->input_path && !job_flag(job, "continuation", false));

	return job_audio_seconds(job) * (guidance == 0 || guidance == 1 || !has_condition ? 1 : 2);
}

void run_progress_line(struct strbuf *out, const struct run_counts *c)
{
	double spent_s = (double)c->making_ms / 1000;
	double made_s = c->audio_s_done_now + c->running_fraction_s, work = c->work_made + c->work_running;
	double left = c->work_left - c->work_running, eta_s = work > 0 ? left * spent_s / work : 0;
	char eta[32];

	strbuf_addf(out, "%lld/%lld", (long long)c->n_done, (long long)c->n_jobs);
	if (c->n_running > 0)
		strbuf_addf(out, " · %lld running", (long long)c->n_running);
	if (c->n_failed > 0)
		strbuf_addf(out, " · %lld failed", (long long)c->n_failed);
	if (spent_s <= 0 || made_s <= 0)
		return;
	strbuf_addf(out, made_s / spent_s < 10 ? " · %.2g s/s" : " · %.0f s/s", made_s / spent_s);
	if (c->n_running + c->n_waiting > 0 && eta_s >= ETA_MIN_S)
		strbuf_addf(out, " · ETA %s", text_duration(eta, sizeof eta, eta_s));
}
