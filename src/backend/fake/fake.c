/* See fake.h. */
#include "backend/fake/fake.h"

#include "base/clock.h"
#include "base/mathf.h"
#include "base/mem.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define FAKE_AMPLITUDE 0.1     /* -20 dBFS: quiet to whoever plays it */
#define FAKE_LOWEST_HZ 220.0   /* the pitches lie in the two octaves from a to a'' */
#define FAKE_OCTAVES 2.0
#define TWO_PI 6.283185307179586476925286766559

struct fake_slot {
	struct backend_task task;
	int64_t taken_ms, ready_ms; /* monotonic */
};

struct fake {
	const struct backend_ops *ops;
	struct fake_slot *slots; /* [n_busy] are taken, in the order they came */
	int n_slots, n_busy;
};

static struct fake *fake_of(struct backend *b)
{
	return (struct fake *)(void *)b;
}

static int fake_open(struct backend **ret, const struct backend_config *config, struct err *err)
{
	int n = config->n_slots ? config->n_slots : FAKE_SLOTS_DEFAULT;
	struct fake *f;

	if (n < 1 || n > FAKE_SLOTS_MAX)
		return err_set(err, ERR_USAGE, "the fake backend has 1 to %d slots, %d were asked for", FAKE_SLOTS_MAX, n);
	f = mem_zalloc(1, sizeof *f);
	f->ops = &fake_backend;
	f->n_slots = n;
	f->slots = mem_zalloc((size_t)n, sizeof *f->slots);
	*ret = (struct backend *)(void *)f;
	return 0;
}

static enum backend_answer fake_submit(struct backend *b, const struct backend_task *task, struct event *refusal)
{
	struct fake *f = fake_of(b);
	struct fake_slot *slot = &f->slots[f->n_busy];
	enum fail_class class;

	if (task->job->fake->fail && fail_class_find(task->job->fake->fail, &class) != 0) {
		*refusal = (struct event){ .kind = EVENT_FAILED, .job = task->job, .class = FAIL_INPUT };
		(void)snprintf(refusal->sentence, sizeof refusal->sentence, "fake: fail names no class of failure: '%s'",
			       task->job->fake->fail);
		return BACKEND_REFUSED;
	}
	if (f->n_busy == f->n_slots)
		return BACKEND_BUSY;
	slot->task = *task;
	slot->taken_ms = clock_monotonic_ms();
	slot->ready_ms = slot->taken_ms + (int64_t)(task->job->fake->delay_s * 1000 + 0.5);
	f->n_busy++;
	return BACKEND_TAKEN;
}

/* The recurrence s[n+1] = 2 cos(w) s[n] - s[n-1] costs one multiplication a sample and no library's sine. */
static struct pcm make_sound(const struct job *job)
{
	double share_s = job_audio_seconds(job) * FAKE_SHARE;
	size_t n = (size_t)((share_s < FAKE_SECONDS ? share_s : FAKE_SECONDS) * FAKE_RATE_HZ);
	struct pcm pcm = { mem_alloc(n * FAKE_CHANNELS * sizeof(float)), n, FAKE_CHANNELS, FAKE_RATE_HZ };
	double place = (job->id[0] * 256 + job->id[1]) / 65536.0;
	double hz = FAKE_LOWEST_HZ * mathd_exp(place * FAKE_OCTAVES * 0.69314718055994530942); /* ln 2 */
	double w = TWO_PI * hz / FAKE_RATE_HZ;
	double twice_cos = 2 * mathd_cos(w);
	double before = -FAKE_AMPLITUDE * mathd_sin(w), now = 0, next;

	for (size_t i = 0; i < n; i++) {
		for (int c = 0; c < FAKE_CHANNELS; c++)
			pcm.samples[i * FAKE_CHANNELS + (size_t)c] = (float)now;
		next = twice_cos * now - before;
		before = now;
		now = next;
	}
	return pcm;
}

/* The way a broken program dies, less the core file. */
_Noreturn static void crash(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	abort();
}

static void finish(const struct fake_slot *slot, struct event *out)
{
	const struct job *job = slot->task.job;
	const struct fake_script *script = job->fake;

	if (slot->task.n_deaths < script->crash_times)
		crash();
	*out = (struct event){ .job = job };
	if (script->fail && (script->fail_times == 0 || slot->task.n_tries < script->fail_times)) {
		out->kind = EVENT_FAILED;
		if (fail_class_find(script->fail, &out->class) != 0)
			BUG("fake_submit let '%s' pass", script->fail);
		(void)snprintf(out->sentence, sizeof out->sentence, "the fake backend was told to fail with '%s'", script->fail);
		return;
	}
	out->kind = EVENT_DONE;
	out->pcm = make_sound(job);
	out->make_s = (double)(clock_monotonic_ms() - slot->taken_ms) / 1000;
}

/* Hands out the jobs whose time is over. */
static int take_ready(struct fake *f, struct event *out, int room, int64_t now_ms)
{
	int n = 0, n_left = 0;

	for (int i = 0; i < f->n_busy; i++) {
		if (n < room && f->slots[i].ready_ms <= now_ms)
			finish(&f->slots[i], &out[n++]);
		else
			f->slots[n_left++] = f->slots[i];
	}
	f->n_busy = n_left;
	return n;
}

static int fake_reap(struct backend *b, struct event *out, int room, int timeout_ms, struct err *err)
{
	struct fake *f = fake_of(b);
	int64_t now_ms = clock_monotonic_ms(), wait_ms = timeout_ms;
	int n = take_ready(f, out, room, now_ms);

	(void)err;
	if (n > 0 || f->n_busy == 0)
		return n;
	for (int i = 0; i < f->n_busy; i++)
		if (f->slots[i].ready_ms - now_ms < wait_ms)
			wait_ms = f->slots[i].ready_ms - now_ms;
	(void)poll(NULL, 0, (int)wait_ms); /* a signal ends it early, as it should */
	return take_ready(f, out, room, clock_monotonic_ms());
}

static void fake_close(struct backend *b, enum backend_close how)
{
	struct fake *f = fake_of(b);

	if (how == BACKEND_FINISH && f->n_busy > 0)
		BUG("the fake backend was closed with %d jobs in its slots", f->n_busy);
	free(f->slots);
	free(f);
}

const struct backend_ops fake_backend = {
	.name = "fake",
	.open = fake_open,
	.submit = fake_submit,
	.reap = fake_reap,
	.close = fake_close,
	.admit = NULL,
	.arithmetic = "fake",
};
