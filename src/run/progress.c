/* The one line that says how far a run is: pure, for cli to print. */
#include "run/run.h"

#include "base/text.h"

/* Seconds of audio still to come: by work, not by count. Failed jobs are taken to be of average length. */
static double seconds_left(const struct run_counts *c)
{
	double failed = c->n_jobs > 0 ? c->audio_s_total * (double)c->n_failed / (double)c->n_jobs : 0;
	double left = c->audio_s_total - c->audio_s_done - c->running_fraction_s - failed;

	return left > 0 ? left : 0;
}

void run_progress_line(struct strbuf *out, const struct run_counts *c)
{
	double made = c->audio_s_done_now + c->running_fraction_s;
	double speed = c->elapsed_ms > 0 ? made / ((double)c->elapsed_ms / 1000) : 0;
	char eta[32];

	strbuf_addf(out, "%lld/%lld", (long long)c->n_done, (long long)c->n_jobs);
	if (c->n_running > 0)
		strbuf_addf(out, " · %lld running", (long long)c->n_running);
	if (c->n_failed > 0)
		strbuf_addf(out, " · %lld failed", (long long)c->n_failed);
	if (speed <= 0)
		return;
	strbuf_addf(out, speed < 10 ? " · %.2g s/s" : " · %.0f s/s", speed);
	if (c->n_running + c->n_waiting > 0)
		strbuf_addf(out, " · ETA %s", text_duration(eta, sizeof eta, seconds_left(c) / speed));
}
