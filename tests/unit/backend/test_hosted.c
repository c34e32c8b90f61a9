/* backend/hosted: the happy way, against the scripted server; what leaves when; re-attaching; closing. */
#include "unit/backend/some_server.h"

#include "audio/audio.h"

static bool is_sound(const char *path)
{
	struct pcm pcm = PCM_INIT;
	struct err err = ERR_INIT;
	bool is = path && audio_read(path, 1 << 20, &pcm, &err) == 0 && pcm.n_frames > 0;

	pcm_release(&pcm);
	return is;
}

static void test_happy(void)
{
	struct some_server v;
	struct hosted_run r;

	some_server_open(&v, NULL, NULL);
	hosted_run_open(&r, 3, 2, 0);
	IS_INT(give(&r, 0), BACKEND_TAKEN, "the first is taken");
	IS_INT(give(&r, 1), BACKEND_TAKEN, "the second");
	IS_INT(give(&r, 2), BACKEND_BUSY, "there are two slots");
	OK(until_ended(&r, 1), "one ends");
	IS_INT(give(&r, 2), BACKEND_TAKEN, "then there is room");
	OK(until_ended(&r, 3), "all end");
	for (int i = 0; i < 3; i++) {
		IS_INT(r.seen[i].end.kind, EVENT_DONE, r.seen[i].end.sentence);
		OK(strncmp(r.seen[i].order, "SA", 2) == 0, "submitting, accepted, then the rest: %s", r.seen[i].order);
		OK(r.seen[i].remote_id[0] && r.seen[i].asset_id[0], "its ids are told");
		OK(r.seen[i].credits > 0, "and what it costs");
		OK(is_sound(r.seen[i].end.file), "its file is a sound");
	}
	IS_INT(n_paid(&v), 3, "three were paid for");
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
}

/* The request leaves with the reap after SUBMITTING. */
static void test_not_before_it_is_told(void)
{
	struct some_server v;
	struct hosted_run r;

	some_server_open(&v, NULL, NULL);
	hosted_run_open(&r, 1, 1, 0);
	(void)give(&r, 0);
	OK(until_seen(&r, 0, EVENT_SUBMITTING), "it is told");
	(void)poll(NULL, 0, 100); /* what had left would be there by now */
	IS_INT(n_booked(&v, "\"step\": \"submit\"", NULL), 0, "nothing has left");
	hosted_run_close(&r, BACKEND_ABANDON);
	IS_INT(n_booked(&v, "\"step\": \"submit\"", NULL), 0, "nor does it when the run ends there");
	some_server_close(&v);
}

/* Accepted, and the program dies: another looks after it by its id; done, and the file was lost: by its asset. */
static void test_again_by_id(void)
{
	struct some_server v;
	struct hosted_run r;
	struct backend_task task;
	struct event refusal;
	char remote_id[200], asset_id[200];

	some_server_open(&v, NULL, "--cancel none");
	hosted_run_open(&r, 1, 1, 0);
	(void)give(&r, 0);
	OK(until_seen(&r, 0, EVENT_ACCEPTED), "accepted");
	(void)snprintf(remote_id, sizeof remote_id, "%s", r.seen[0].remote_id);
	hosted_run_close(&r, BACKEND_ABANDON);
	hosted_run_open(&r, 1, 1, 0);
	task = (struct backend_task){ .job = &r.s.jobs[0], .remote_id = remote_id };
	IS_INT(backend_find(PARAM_SCENARIO)->submit(r.b, &task, &refusal), BACKEND_TAKEN, "taken by its id");
	OK(until_ended(&r, 1), "ends");
	IS_INT(r.seen[0].end.kind, EVENT_DONE, r.seen[0].end.sentence);
	IS_INT(r.seen[0].n[EVENT_SUBMITTING] + r.seen[0].n[EVENT_ACCEPTED], 0, "it is not submitted again");
	(void)snprintf(asset_id, sizeof asset_id, "%s", r.seen[0].asset_id);
	hosted_run_close(&r, BACKEND_FINISH);
	hosted_run_open(&r, 1, 1, 0);
	task = (struct backend_task){ .job = &r.s.jobs[0], .remote_id = remote_id, .asset_id = asset_id };
	IS_INT(backend_find(PARAM_SCENARIO)->submit(r.b, &task, &refusal), BACKEND_TAKEN, "taken by its asset");
	OK(until_ended(&r, 1) && is_sound(r.seen[0].end.file), "fetched again");
	hosted_run_close(&r, BACKEND_FINISH);
	IS_INT(n_paid(&v), 1, "one was paid for");
	some_server_close(&v);
}

static void test_call_off(void)
{
	struct some_server v;
	struct hosted_run r;
	int64_t began_ms;

	some_server_open(&v, NULL, "--cancel all --job-ms 600000");
	hosted_run_open(&r, 2, 2, 0);
	(void)give(&r, 0);
	(void)give(&r, 1);
	OK(until_seen(&r, 0, EVENT_ACCEPTED) && until_seen(&r, 1, EVENT_ACCEPTED), "both are made there");
	began_ms = clock_monotonic_ms();
	hosted_run_close(&r, BACKEND_ABANDON);
	OK(clock_monotonic_ms() - began_ms < 2500, "abandoning is quick");
	IS_INT(n_booked(&v, "\"is\": \"cancel\"", NULL), 2, "both were called off");
	some_server_close(&v);
	some_server_open(&v, "[{\"on\": \"cancel\", \"do\": \"stall\", \"ms\": 600000}]", "--job-ms 600000");
	hosted_run_open(&r, 1, 1, 0);
	(void)give(&r, 0);
	OK(until_seen(&r, 0, EVENT_ACCEPTED), "accepted");
	began_ms = clock_monotonic_ms();
	hosted_run_close(&r, BACKEND_ABANDON);
	OK(clock_monotonic_ms() - began_ms < 2500, "even where the service does not answer");
	some_server_close(&v);
}

int main(void)
{
	OK(backend_find(PARAM_SCENARIO)->costs_money, "it costs money");
	test_happy();
	test_not_before_it_is_told();
	test_again_by_id();
	test_call_off();
	return tap_done();
}
