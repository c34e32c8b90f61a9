/* The tables of states and of classes of failures. */
#include "tap.h"

#include "job/job.h"

/* Each state's row: what it may become, by names joined with blanks. DESIGN section 5. */
static const char *const arrows[JOB_N_STATES] = {
	[JOB_PENDING] = "submitting running superseded",
	[JOB_SUBMITTING] = "pending submitting running failed unknown superseded",
	[JOB_RUNNING] = "pending submitting made failed unknown superseded lost",
	[JOB_MADE] = "pending made done failed superseded",
	[JOB_DONE] = "pending made superseded lost",
	[JOB_FAILED] = "pending superseded",
	[JOB_UNKNOWN] = "pending submitting running failed superseded",
	[JOB_SUPERSEDED] = "pending done unknown lost",
	[JOB_LOST] = "pending done superseded",
};

static void test_states(void)
{
	enum job_state state;
	int i, k;

	for (i = 0; i < JOB_N_STATES; i++) {
		char row[200] = "";

		OK(job_state_find(job_state_name((enum job_state)i), &state) == 0 && (int)state == i, "state %d by its name", i);
		for (k = 0; k < JOB_N_STATES; k++)
			if (job_state_may((enum job_state)i, (enum job_state)k)) {
				size_t len = strlen(row);

				(void)snprintf(row + len, sizeof row - len, "%s%s", len ? " " : "", job_state_name((enum job_state)k));
			}
		IS_TEXT(row, arrows[i], job_state_name((enum job_state)i));
	}
	OK(job_state_find("Done", &state) == -1 && job_state_find("", &state) == -1, "no other state");
}

/* Every state can be left on a way that ends in done, so that no job is stuck. */
static void test_nothing_is_stuck(void)
{
	bool reaches[JOB_N_STATES] = { false };
	int round, i, k, n = 0;

	reaches[JOB_DONE] = true;
	for (round = 0; round < JOB_N_STATES; round++)
		for (i = 0; i < JOB_N_STATES; i++)
			for (k = 0; k < JOB_N_STATES; k++)
				if (reaches[k] && job_state_may((enum job_state)i, (enum job_state)k))
					reaches[i] = true;
	for (i = 0; i < JOB_N_STATES; i++)
		n += reaches[i];
	IS_INT(n, JOB_N_STATES, "done can be reached from every state");
}

static void test_classes(void)
{
	static const char retried[] = " remote_rate remote io ", stops[] = " model disk_full ";
	enum fail_class class;
	int i;

	for (i = 1; i < FAIL_N_CLASSES; i++) {
		const char *name = fail_class_name((enum fail_class)i);
		char word[40];

		(void)snprintf(word, sizeof word, " %s ", name);
		OK(fail_class_find(name, &class) == 0 && (int)class == i, "class %s", name);
		OK(fail_class_is_retried((enum fail_class)i) == (strstr(retried, word) != NULL), "  retried or not");
		OK(fail_class_stops_run((enum fail_class)i) == (strstr(stops, word) != NULL), "  stops the run or not");
		OK(strlen(fail_class_phrase((enum fail_class)i)) > 5, "  has a phrase");
	}
	OK(fail_class_find("", &class) == -1 && fail_class_find("weather", &class) == -1, "no other class");
}

int main(void)
{
	test_states();
	test_nothing_is_stuck();
	test_classes();
	return tap_done();
}
