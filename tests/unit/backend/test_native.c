/* backend/native: jobs through the engine and back, with the small random checkpoint of the demo. */
#include "backend/backend.h"
#include "backend/native/native.h"
#include "unit/run/some_jobs.h"

#define CHECKPOINT "manifests/demo/model"

static void set_number(struct some_jobs *s, int i, const char *name, double number)
{
	int index = card_find(s->card, name);

	s->values[i * card_n_params(s->card) + index] = (struct value){ .as.number = number, .kind = VALUE_NUMBER };
}

static struct backend *open_native(int n_slots, uint64_t memory_bytes)
{
	struct backend_config config = { .checkpoint = CHECKPOINT, .n_slots = n_slots, .memory_bytes = memory_bytes };
	struct backend *b = NULL;
	struct err err = ERR_INIT;

	if (native_backend.open(&b, &config, &err) != 0)
		printf("# %s\n", err.text);
	return b;
}

/* Makes all jobs in their order; events[i] is job i's. */
static void make_all(struct backend *b, const struct some_jobs *s, struct event *events, int *n_progress)
{
	struct event got[8];
	struct err err = ERR_INIT;
	int next = 0, n_out = 0, n;

	while (n_out < s->n) {
		for (; next < s->n; next++) {
			struct backend_task task = { &s->jobs[next], 0, 0 };
			enum backend_answer answer = native_backend.submit(b, &task, &events[next]);

			if (answer == BACKEND_BUSY)
				break;
			n_out += answer == BACKEND_REFUSED;
		}
		n = native_backend.reap(b, got, 8, 100, &err);
		if (n < 0) {
			printf("Bail out! %s\n", err.text);
			exit(1);
		}
		for (int i = 0; i < n; i++) {
			*n_progress += got[i].kind == EVENT_PROGRESS;
			if (got[i].kind != EVENT_PROGRESS) {
				events[got[i].job - s->jobs] = got[i];
				n_out++;
			}
		}
	}
}

static void test_jobs(void)
{
	struct some_jobs s;
	struct event wide[5] = { { .job = NULL } }, narrow[5] = { { .job = NULL } };
	struct backend *b;
	int n_progress = 0, n_differ = 0;

	some_jobs_open(&s, 5);
	for (int i = 0; i < 5; i++)
		set_number(&s, i, "duration", 0.2 * (i + 1));
	set_number(&s, 4, "duration", 3600);
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
	IS_INT(wide[4].kind, EVENT_FAILED, "an hour is refused");
	IS_INT(wide[4].class, FAIL_INPUT, "as a request that cannot be done");
	OK(strlen(wide[4].sentence) > 10, "with a sentence: %s", wide[4].sentence);
	some_jobs_close(&s);
}

static void test_memory(void)
{
	struct backend_config config = { .checkpoint = CHECKPOINT, .memory_bytes = 1000 };
	struct backend_question q[3] = { { .job = NULL } };
	struct some_jobs s;
	struct err err = ERR_INIT;

	some_jobs_open(&s, 3);
	set_number(&s, 1, "duration", 30);
	set_number(&s, 2, "duration", 3600);
	for (int i = 0; i < 3; i++)
		q[i].job = &s.jobs[i];
	IS_INT(native_backend.admit(&config, q, 1, &err), 0, "asked about one job in 1000 bytes");
	IS_INT(q[0].code, ERR_MEMORY, "which are not enough");
	OK(q[0].why && strstr(q[0].why, " MiB of memory with the model, and 0.0 MiB may be used") != NULL, "the figure is said: %s", q[0].why);
	free(q[0].why);
	config.memory_bytes = 1u << 30;
	IS_INT(native_backend.admit(&config, q, 3, &err), 0, "asked about three in a GiB");
	OK(q[0].code == ERR_NONE && !q[0].why && q[1].code == ERR_NONE && !q[1].why, "two can be done");
	IS_INT(q[2].code, ERR_INPUT, "an hour cannot, whatever the memory");
	OK(q[2].why && strstr(q[2].why, s.jobs[2].path) != NULL, "the job is named: %s", q[2].why);
	free(q[2].why);
	config.checkpoint = "manifests";
	IS_INT(native_backend.admit(&config, q, 3, &err), -1, "a folder that is no checkpoint");
	IS_INT(err.code, ERR_MODEL, "is the model's trouble");
	some_jobs_close(&s);
}

static void test_abandon(void)
{
	struct some_jobs s;
	struct backend *b = open_native(2, 0);
	struct event e[4];
	struct err err = ERR_INIT;
	struct backend_task task;

	some_jobs_open(&s, 1);
	task = (struct backend_task){ &s.jobs[0], 0, 0 };
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
	test_abandon();
	return tap_done();
}
