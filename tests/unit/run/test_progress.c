/* run/progress: the line that says how far a run is. */
#include "run/run.h"
#include "tap.h"
#include "unit/run/some_jobs.h"

/* Two rows of the batch for each second, and one where the guidance needs no second. */
static void test_work(void)
{
	struct some_jobs s;
	int guidance, prompt, n_params;

	some_jobs_open(&s, 2);
	guidance = card_find(s.card, "classifierFreeGuidance");
	n_params = card_n_params(s.card);
	s.values[n_params + guidance] = (struct value){ .as.number = 1, .kind = VALUE_NUMBER };
	prompt = card_find(s.card, "prompt");
	IS_NEAR(run_job_work(&s.jobs[0]), 2, 1e-9, "a job of a second");
	IS_NEAR(run_job_work(&s.jobs[1]), 1, 1e-9, "with a guidance of 1");
	s.values[n_params + guidance].as.number = 0;
	IS_NEAR(run_job_work(&s.jobs[1]), 1, 1e-9, "with a guidance of 0");
	s.values[prompt].as.text = "";
	IS_NEAR(run_job_work(&s.jobs[0]), 1, 1e-9, "without a prompt");
	some_jobs_close(&s);
}

int main(void)
{
	static const struct {
		const char *name, *want;
		struct run_counts counts;
	} rows[] = {
		{ "nothing begun", "0/36", { .n_jobs = 36, .n_waiting = 36, .work_left = 576, .making_ms = 10 } },
		{ "before the loop", "0/36", { .n_jobs = 36, .n_waiting = 36, .work_left = 576, .elapsed_ms = 5000 } },
		{ "under way", "12/36 · 3 running · 1 failed · 0.8 s/s · ETA 3m 50s",
		  { .n_jobs = 36, .n_done = 12, .n_done_before = 2, .n_failed = 1, .n_running = 3, .n_waiting = 20, .audio_s_done = 96,
		    .audio_s_done_now = 80, .work_made = 160, .work_left = 368, .making_ms = 100000, .elapsed_ms = 200000 } },
		{ "progress inside jobs counts", "0/2 · 1 running · 0.5 s/s · ETA 30.0 s",
		  { .n_jobs = 2, .n_running = 1, .n_waiting = 1, .running_fraction_s = 5, .work_running = 10, .work_left = 40,
		    .making_ms = 10000 } },
		{ "by work: what is left takes one row, what was made took two", "1/2 · 1 running · 1 s/s · ETA 5.0 s",
		  { .n_jobs = 2, .n_done = 1, .n_running = 1, .audio_s_done_now = 10, .work_made = 20, .work_left = 10, .making_ms = 10000 } },
		{ "a limit is reached", "1/3 · 12 s/s", { .n_jobs = 3, .n_done = 1, .n_waiting = 2, .audio_s_done_now = 70, .work_made = 140,
							  .making_ms = 6000 } },
		{ "all done", "2/2 · 40 s/s", { .n_jobs = 2, .n_done = 2, .audio_s_done = 20, .audio_s_done_now = 20, .work_made = 40,
						.making_ms = 500 } },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct strbuf line = STRBUF_INIT(256);

		run_progress_line(&line, &rows[i].counts);
		IS_TEXT(line.buf, rows[i].want, rows[i].name);
		strbuf_release(&line);
	}
	test_work();
	return tap_done();
}
