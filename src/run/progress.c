/* The one line that says how far a run is: pure, for cli to print. */
#include "run/run.h"

#include "base/text.h"

double run_job_work(const struct job *job)
{
	return job_audio_seconds(job) * (job_number(job, "classifierFreeGuidance", 0) == 1 ? 1 : 2);
}

void run_progress_line(struct strbuf *out, const struct run_counts *c)
{
	double spent_s = (double)c->making_ms / 1000;
	double made_s = c->audio_s_done_now + c->running_fraction_s, work = c->work_made + c->work_running;
	double left = c->work_left - c->work_running;
	char eta[32];

	strbuf_addf(out, "%lld/%lld", (long long)c->n_done, (long long)c->n_jobs);
	if (c->n_running > 0)
		strbuf_addf(out, " · %lld running", (long long)c->n_running);
	if (c->n_failed > 0)
		strbuf_addf(out, " · %lld failed", (long long)c->n_failed);
	if (spent_s <= 0 || made_s <= 0)
		return;
	strbuf_addf(out, made_s / spent_s < 10 ? " · %.2g s/s" : " · %.0f s/s", made_s / spent_s);
	if (c->n_running + c->n_waiting > 0 && work > 0)
		strbuf_addf(out, " · ETA %s", text_duration(eta, sizeof eta, (left > 0 ? left : 0) / (work / spent_s)));
}
