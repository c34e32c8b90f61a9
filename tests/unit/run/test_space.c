/* Room on the disk: what can never fit is refused, what may not fit is said, a disk that gets full stops the run in time. */
#include "unit/run/some_run.h"

#include "param/param.h"
#include "run/space.h"

/* The fake backend, taken to make sounds as long as asked. */
static struct backend_ops long_ops(void)
{
	struct backend_ops ops = *backend_find(PARAM_FAKE);

	ops.is_as_long_as_asked = true;
	return ops;
}

static void last(struct some_jobs *s, double seconds)
{
	int duration = card_find(s->card, "duration"), n_params = card_n_params(s->card);

	for (int i = 0; i < s->n; i++) {
		s->values[i * n_params + duration].as.number = seconds;
		job_identify(&s->jobs[i]);
	}
}

static void set_version(struct some_jobs *s, const char *version)
{
	int at = card_find(s->card, "modelVersion"), n_params = card_n_params(s->card);

	for (int i = 0; i < s->n; i++)
		s->values[i * n_params + at] = (struct value){ .as.text = version, .kind = VALUE_TEXT };
}

static void test_size(void)
{
	static const struct {
		const char *version;
		enum audio_format format;
		int bits, rate_hz;
		double want;
	} rows[] = {
		{ "small", AUDIO_WAV, 16, 0, 4096 + 10 * 32000 * 2 },
		{ "stereo-small", AUDIO_WAV, 24, 0, 4096 + 10 * 32000 * 2 * 3 },
		{ "stereo-small", AUDIO_FLAC, 16, 44100, 4096 + 10 * 44100 * 2 * 2 },
	};
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 1);
	some_run_init(&r, &s);
	last(&s, 10);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		set_version(&s, rows[i].version);
		r.config.artifact = (struct artifact_spec){ rows[i].format, rows[i].bits, "fake", rows[i].rate_hz };
		IS_NEAR(space_of_job(&r.config, &s.jobs[0]), rows[i].want, 0.5, rows[i].version);
	}
	some_jobs_close(&s);
}

#define FOREVER_S 1e12 /* 64 petabytes a job */

static void test_never_fits(void)
{
	struct backend_ops ops = long_ops();
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 40);
	some_run_init(&r, &s);
	last(&s, FOREVER_S);
	set_version(&s, "small");
	r.config.ops = &ops;
	IS_INT(some_run_go(&r), 5, "wav that can never fit: exit status 5");
	IS_INT(r.err.code, ERR_DISK_FULL, "as a full disk");
	OK(strstr(r.err.text, "40 jobs need") && strstr(r.err.text, "are free") && strstr(r.err.text, "--output DIR"), "both figures: %s",
	   r.err.text);
	IS_INT(count_of(&s, JOB_PENDING), 40, "all wait");
	IS_INT(row_of(&s, 0).n_attempts, 0, "none was begun");
	r.config.ops = backend_find(PARAM_FAKE);
	IS_INT(some_run_go(&r), 0, "where the length is not known nobody is refused");
	some_jobs_close(&s);
}

/* What is not sure is only said, and then the watch ends it: after what the backend's slots hold, nothing more is begun. */
static void test_may_not_fit(const char *version, enum audio_format format, double for_s)
{
	struct backend_ops ops = long_ops();
	struct some_jobs s;
	struct some_run r;
	int n_begun;

	some_jobs_open(&s, 40);
	some_run_init(&r, &s);
	last(&s, FOREVER_S);
	set_version(&s, version);
	for (int i = 0; i < s.n; i++)
		s.scripts[i].delay_s = 0.4; /* longer than the disk is not looked at */
	r.config.ops = &ops;
	r.config.artifact.format = format;
	r.config.for_s = for_s;
	r.config.backend.n_slots = 1;
	IS_INT(some_run_go(&r), 5, "the disk gets full: exit status 5");
	IS_INT(r.n_notes > 0, 1, "it was said before");
	OK(strstr(r.result.reason, "the disk gets full") && strstr(r.result.reason, "are free"), "and why: %s", r.result.reason);
	n_begun = r.n_done;
	OK(n_begun >= 1 && n_begun < 40, "what was begun is finished: %d", n_begun);
	IS_INT(count_of(&s, JOB_PENDING), 40 - n_begun, "the rest waits");
	IS_INT(row_of(&s, 39).n_attempts, 0, "without a try");
	some_jobs_close(&s);
}

int main(void)
{
	test_size();
	test_never_fits();
	test_may_not_fit("small", AUDIO_FLAC, 0);
	test_may_not_fit("stereo-custom", AUDIO_WAV, 0);
	test_may_not_fit("small", AUDIO_WAV, 3600);
	return tap_done();
}
