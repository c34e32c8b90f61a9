/* backend/fake: plays its script and makes the same sound for the same job. */
#include "backend/backend.h"
#include "backend/fake/fake.h"
#include "base/clock.h"
#include "unit/run/some_jobs.h"

static struct backend *open_fake(int n_slots)
{
	struct backend_config config = { .n_slots = n_slots };
	struct backend *b = NULL;
	struct err err = ERR_INIT;

	OK(fake_backend.open(&b, &config, &err) == 0, "open with %d slots %s", n_slots, err.text);
	return b;
}

static enum backend_answer submit(struct backend *b, const struct job *job, int n_tries)
{
	struct backend_task task = { .job = job, .n_tries = n_tries };
	struct event refusal;

	return fake_backend.submit(b, &task, &refusal);
}

/* Reaps until one event has come. */
static struct event reap_one(struct backend *b)
{
	struct event e = { .kind = EVENT_PROGRESS };
	struct err err = ERR_INIT;

	while (fake_backend.reap(b, &e, 1, 1000, &err) == 0)
		;
	return e;
}

static void test_slots(void)
{
	struct some_jobs s;
	struct backend *b = open_fake(2);
	struct event e[4];
	struct err err = ERR_INIT;
	int64_t began_ms;
	int n;

	some_jobs_open(&s, 3);
	s.scripts[1].delay_s = 60;
	s.scripts[0].delay_s = 0.02;
	IS_INT(fake_backend.reap(b, e, 4, 1000, &err), 0, "nothing in a slot: nothing comes, at once");
	began_ms = clock_monotonic_ms();
	IS_INT(submit(b, &s.jobs[0], 0), BACKEND_TAKEN, "first");
	IS_INT(submit(b, &s.jobs[1], 0), BACKEND_TAKEN, "second");
	IS_INT(submit(b, &s.jobs[2], 0), BACKEND_BUSY, "third");
	while ((n = fake_backend.reap(b, e, 4, 1000, &err)) == 0)
		;
	IS_INT(n, 1, "one is ready");
	OK(clock_monotonic_ms() - began_ms >= 20, "when its time is over");
	OK(e[0].job == &s.jobs[0] && e[0].kind == EVENT_DONE, "the first");
	OK(e[0].pcm.n_channels == 2 && e[0].pcm.rate_hz == 32000 && e[0].pcm.n_frames == 3200, "a tenth of a second of sound");
	pcm_release(&e[0].pcm);
	began_ms = clock_monotonic_ms();
	IS_INT(fake_backend.reap(b, e, 4, 30, &err), 0, "the other takes its time");
	OK(clock_monotonic_ms() - began_ms < 1000, "but reap does not");
	fake_backend.close(b, BACKEND_ABANDON);
	some_jobs_close(&s);
}

static void test_scripts(void)
{
	struct some_jobs s;
	struct backend *b = open_fake(0);
	struct event e;

	some_jobs_open(&s, 2);
	s.scripts[0] = (struct fake_script){ .fail = "remote_rate", .fail_times = 2 };
	s.scripts[1] = (struct fake_script){ .fail = "no such class" };
	for (int n_tries = 0; n_tries < 3; n_tries++) {
		IS_INT(submit(b, &s.jobs[0], n_tries), BACKEND_TAKEN, "taken");
		e = reap_one(b);
		IS_INT(e.kind, n_tries < 2 ? EVENT_FAILED : EVENT_DONE, "fails twice, then not");
		if (e.kind == EVENT_FAILED)
			IS_INT(e.class, FAIL_REMOTE_RATE, "as told");
		pcm_release(&e.pcm);
	}
	IS_INT(submit(b, &s.jobs[1], 0), BACKEND_REFUSED, "a script that makes no sense is refused");
	fake_backend.close(b, BACKEND_FINISH);
	some_jobs_close(&s);
}

static void test_sound(void)
{
	struct some_jobs s;
	struct backend *b = open_fake(0);
	struct event e[3];
	size_t n_bytes;
	float peak = 0;

	some_jobs_open(&s, 2);
	for (int i = 0; i < 3; i++) {
		IS_INT(submit(b, &s.jobs[i / 2], 0), BACKEND_TAKEN, "taken");
		e[i] = reap_one(b);
	}
	n_bytes = e[0].pcm.n_frames * 2 * sizeof(float);
	OK(memcmp(e[0].pcm.samples, e[1].pcm.samples, n_bytes) == 0, "the same job sounds the same");
	OK(memcmp(e[0].pcm.samples, e[2].pcm.samples, n_bytes) != 0, "another does not");
	for (size_t i = 0; i < e[0].pcm.n_frames * 2; i++)
		peak = fmaxf(peak, fabsf(e[0].pcm.samples[i]));
	IS_NEAR((double)peak, 0.1, 0.001, "quietly");
	for (int i = 0; i < 3; i++)
		pcm_release(&e[i].pcm);
	fake_backend.close(b, BACKEND_FINISH);
	some_jobs_close(&s);
}

int main(void)
{
	OK(backend_find(PARAM_FAKE) == &fake_backend, "found by its kind");
	IS_TEXT(backend_find(PARAM_SCENARIO)->name, "scenario", "the hosted one is");
	IS_TEXT(backend_find(PARAM_NATIVE)->name, "native", "the native one is");
	test_slots();
	test_scripts();
	test_sound();
	return tap_done();
}
