/* backend/native: jobs through the engine and back, with the small random checkpoint of tests/data, and with a second one. */
#include "unit/backend/some_native.h"

#define CHECKPOINT "tests/data/model"
#define OTHER "tests/vectors/mono"


static struct job_maker native_maker = { PARAM_NATIVE, "native:random", CHECKPOINT };
static struct job_maker no_maker = { PARAM_NATIVE, "native:none", "manifests" };
static struct job_maker other_maker = { PARAM_NATIVE, "native:mono", OTHER };

static void open_jobs(struct some_jobs *s, int n)
{
	some_jobs_open(s, n);
	for (int i = 0; i < n; i++)
		s->jobs[i].maker = &native_maker;
}

static void test_jobs(void)
{
	struct some_jobs s;
	struct event wide[5] = { { .job = NULL } }, narrow[5] = { { .job = NULL } };
	struct backend *b;
	int n_progress = 0, n_differ = 0;

	open_jobs(&s, 5);
	for (int i = 0; i < 5; i++)
		set_number(&s, i, "duration", 0.2 * (i + 1));
	set_number(&s, 4, "duration", 7200);
	b = open_native(4, 0);
	OK(b != NULL, "open");
	make_all(b, &s, wide, &n_progress);
	native_backend.close(b, BACKEND_FINISH);
	b = open_native(1, 0);
	make_all(b, &s, narrow, &n_progress);
	native_backend.close(b, BACKEND_FINISH);
	for (int i = 0; i < 4; i++) {
		const struct pcm *p = &wide[i].pcm, *q = &narrow[i].pcm;

		OK(wide[i].kind == EVENT_DONE && wide[i].make_s > 0, "job %d is done", i);
		IS_INT(p->n_frames, (int)(0.2 * (i + 1) * 50) * 640, "duration x 50 frames of 640 samples");
		IS_INT(p->rate_hz, 32000, "rate");
		n_differ += p->n_frames != q->n_frames || p->n_channels != q->n_channels ||
			    memcmp(p->samples, q->samples, p->n_frames * (size_t)p->n_channels * sizeof(float)) != 0;
		pcm_release(&wide[i].pcm);
		pcm_release(&narrow[i].pcm);
	}
	IS_INT(n_differ, 0, "one slot or four: the same samples");
	IS_INT(wide[4].kind, EVENT_FAILED, "two hours are refused");
	IS_INT(wide[4].class, FAIL_INPUT, "as a request that cannot be done");
	OK(strlen(wide[4].sentence) > 10, "with a sentence: %s", wide[4].sentence);
	some_jobs_close(&s);
}

static void test_memory(void)
{
	struct backend_config config = { .memory_bytes = 1000 };
	struct backend_question q[3] = { { .job = NULL } };
	struct some_jobs s;
	struct err err = ERR_INIT;

	open_jobs(&s, 3);
	set_number(&s, 1, "duration", 30);
	set_number(&s, 2, "duration", 7200);
	for (int i = 0; i < 3; i++)
		q[i].job = &s.jobs[i];
	IS_INT(native_backend.admit(&config, q, 1, &err), 0, "asked about one job in 1000 bytes");
	IS_INT(q[0].code, ERR_MEMORY, "which are not enough");
	OK(q[0].why && strstr(q[0].why, " MiB of memory with the model, and 0.0 MiB may be used") != NULL, "the figure is said: %s", q[0].why);
	free(q[0].why);
	config.memory_bytes = 1u << 30;
	IS_INT(native_backend.admit(&config, q, 3, &err), 0, "asked about three in a GiB");
	OK(q[0].code == ERR_NONE && !q[0].why && q[1].code == ERR_NONE && !q[1].why, "two can be done");
	IS_INT(q[2].code, ERR_INPUT, "two hours cannot, whatever the memory");
	OK(q[2].why && strstr(q[2].why, s.jobs[2].path) != NULL, "the job is named: %s", q[2].why);
	free(q[2].why);
	s.jobs[1].maker = &no_maker;
	IS_INT(native_backend.admit(&config, q, 3, &err), -1, "a folder that is no checkpoint");
	IS_INT(err.code, ERR_MODEL, "is the model's trouble");
	free(q[2].why);
	some_jobs_close(&s);
}

/* Each question is answered by its own checkpoint's figures, whatever their order. */
static void test_admit_several(void)
{
	struct backend_config config = { .memory_bytes = 1u << 30 };
	struct backend_question q[4] = { { .job = NULL } };
	struct some_jobs s;
	struct err err = ERR_INIT;
	char words[4000] = "";

	for (int i = 0; i < 700; i++)
		memcpy(words + 5 * i, "rain ", 5);
	open_jobs(&s, 4);
	s.jobs[1].maker = s.jobs[3].maker = &other_maker;
	s.values[3 * card_n_params(s.card) + card_find(s.card, "prompt")].as.text = words;
	set_number(&s, 2, "duration", 7200);
	for (int i = 0; i < 4; i++)
		q[i].job = &s.jobs[i];
	IS_INT(native_backend.admit(&config, q, 4, &err), 0, "asked about two checkpoints");
	OK(q[0].code == ERR_NONE && q[1].code == ERR_NONE, "a job of each can be done");
	OK(q[2].code == ERR_INPUT && !q[2].is_about_prompt, "two hours cannot: %s", q[2].why);
	OK(q[3].code == ERR_INPUT && q[3].is_about_prompt, "700 words cannot, and the prompt is why: %s", q[3].why);
	free(q[2].why);
	free(q[3].why);
	config.memory_bytes = 1000;
	IS_INT(native_backend.admit(&config, q, 2, &err), 0, "in 1000 bytes");
	OK(q[0].code == ERR_MEMORY && q[1].code == ERR_MEMORY && strcmp(strstr(q[0].why, "needs"), strstr(q[1].why, "needs")) != 0,
	   "each needs its own");
	free(q[0].why);
	free(q[1].why);
	some_jobs_close(&s);
}

/* ---- several checkpoints ---------------------------------------------------------- */

static void test_several(void)
{
	struct some_jobs s;
	struct event events[6] = { { .job = NULL } }, alone;
	struct backend *b = open_native(3, 0);
	int n_progress = 0, n_differ = 0;

	open_jobs(&s, 6);
	for (int i = 0; i < 6; i++)
		set_number(&s, i, "duration", 0.2);
	s.jobs[2].maker = s.jobs[3].maker = s.jobs[5].maker = &other_maker; /* random, random, other, other, random, other */
	make_all(b, &s, events, &n_progress);
	native_backend.close(b, BACKEND_FINISH);
	for (int i = 0; i < 6; i++) {
		alone = make_alone(&s, i);
		n_differ += !same_samples(&events[i], &alone);
		IS_INT(events[i].pcm.n_channels, s.jobs[i].maker == &other_maker ? 1 : 2, "the channels of its checkpoint");
		pcm_release(&alone.pcm);
		pcm_release(&events[i].pcm);
	}
	IS_INT(n_differ, 0, "each has the samples that it has alone");
	some_jobs_close(&s);
}

/* BUSY never comes with nothing in a slot, and two checkpoints are never in slots together. */
static void test_flow(void)
{
	struct some_jobs s;
	struct event e[4];
	struct err err = ERR_INIT;
	struct backend *b = open_native(2, 0);
	struct backend_task tasks[3];
	bool is_done = false;
	int n;

	open_jobs(&s, 3);
	s.jobs[1].maker = &other_maker;
	s.jobs[2].maker = &no_maker;
	for (int i = 0; i < 3; i++) {
		set_number(&s, i, "duration", 0.04);
		tasks[i] = (struct backend_task){ .job = &s.jobs[i] };
	}
	IS_INT(native_backend.submit(b, &tasks[0], e), BACKEND_TAKEN, "the first is taken, with no model loaded yet");
	IS_INT(native_backend.submit(b, &tasks[0], e), BACKEND_BUSY, "and no other until it is");
	IS_INT(native_backend.reap(b, e, 4, 0, &err), 0, "loading gives no event");
	IS_INT(native_backend.submit(b, &tasks[1], e), BACKEND_BUSY, "another checkpoint waits for the slot");
	for (int i = 0; i < 1000 && !is_done; i++) {
		n = native_backend.reap(b, e, 4, 0, &err);
		is_done = n > 0 && e[0].kind == EVENT_DONE;
	}
	if (OK(is_done, "the first is done"))
		pcm_release(&e[0].pcm);
	IS_INT(native_backend.submit(b, &tasks[2], e), BACKEND_TAKEN, "a folder that is no checkpoint is taken too");
	IS_INT(native_backend.reap(b, e, 4, 0, &err), 1, "and failed by the next reap");
	OK(e[0].kind == EVENT_FAILED && e[0].class == FAIL_MODEL && e[0].job == &s.jobs[2], "by the model: %s", e[0].sentence);
	OK(strstr(e[0].sentence, "manifests") != NULL, "whose folder is named");
	IS_INT(native_backend.submit(b, &tasks[1], e), BACKEND_TAKEN, "what comes after it can be done");
	native_backend.close(b, BACKEND_ABANDON);
	some_jobs_close(&s);
}

static void test_abandon(void)
{
	struct some_jobs s;
	struct backend *b = open_native(2, 0);
	struct event e[4];
	struct err err = ERR_INIT;
	struct backend_task task;

	open_jobs(&s, 1);
	task = (struct backend_task){ .job = &s.jobs[0] };
	OK(native_backend.submit(b, &task, e) == BACKEND_TAKEN, "taken");
	OK(native_backend.reap(b, e, 4, 0, &err) >= 0, "begun");
	native_backend.close(b, BACKEND_ABANDON);
	OK(1, "and abandoned");
	some_jobs_close(&s);
}

int main(void)
{
	if (!fs_exists(CHECKPOINT "/config.json")) {
		printf("Bail out! no " CHECKPOINT ": run from the top folder\n");
		return 1;
	}
	test_jobs();
	test_memory();
	test_admit_several();
	test_several();
	test_flow();
	test_abandon();
	return tap_done();
}
