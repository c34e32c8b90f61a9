/* run_why: which job is compared with which, and what is said of it. */
#include <signal.h>

#include "unit/run/some_run.h"

/* Asks about job i and says what came of it: "state|in ledger|in manifest|other's id|how|differences" */
static void ask(const struct some_jobs *s, const struct some_run *r, bool has_manifest, int i, struct run_why *why)
{
	struct run_place place = { .output_dir = s->dir, .called = "test.yaml" };
	struct err err = ERR_INIT;

	if (run_why(&place, has_manifest ? &r->config : NULL, id_of(s, i), why, &err) != 0)
		printf("# %s\n", err.text);
}

static void test_places(void)
{
	struct run_why why;
	struct some_jobs s;
	struct some_run r;
	struct job jobs[2];

	some_jobs_open(&s, 4);
	some_run_init(&r, &s);
	ask(&s, &r, true, 0, &why);
	OK(!why.is_in_ledger && why.is_in_manifest, "nothing has been run: it is only in the manifest");
	OK(strncmp(why.sentence, "new:", 4) == 0 && why.n_differences == 0, "new, in nobody's place");
	run_why_release(&why);

	jobs[0] = s.jobs[0];
	jobs[1] = s.jobs[1];
	r.config.jobs = jobs;
	r.config.n_jobs = 2;
	IS_INT(some_run_go(&r), 0, "two jobs");
	jobs[1] = s.jobs[2]; /* another seed under the same name */
	jobs[1].ordinal = 1;
	jobs[1].path = s.jobs[1].path;
	ask(&s, &r, true, 1, &why);
	OK(why.is_in_ledger && !why.is_in_manifest, "one that vanished");
	IS_TEXT(why.other_id_text, id_of(&s, 2), "compared with the one that takes its path");
	IS_TEXT(why.other_how, "the same path", "for that reason");
	OK(!why.other_is_older && why.n_differences == 1, "one field");
	IS_TEXT(why.differences[0].name, "seed", "the seed");
	IS_TEXT(why.differences[0].before, "2", "before");
	IS_TEXT(why.differences[0].now, "3", "now");
	run_why_release(&why);
	ask(&s, &r, true, 2, &why);
	IS_TEXT(why.other_id_text, id_of(&s, 1), "the new one is compared with the old one");
	OK(why.other_is_older && strcmp(why.differences[0].before, "2") == 0, "from old to new");
	run_why_release(&why);
	ask(&s, &r, true, 0, &why);
	/* its axes and set are those of the vanished one too: some_jobs gives all jobs the same */
	IS_TEXT(why.other_how, "the same set and axes", "one that stays, where a row of its set and axes vanished");
	run_why_release(&why);

	IS_INT(some_run_go(&r), 0, "the new one is made");
	ask(&s, &r, false, 2, &why);
	OK(why.state == JOB_DONE && strcmp(why.other_id_text, id_of(&s, 1)) == 0, "a folder alone: the wanted with the superseded");
	run_why_release(&why);
	ask(&s, &r, false, 1, &why);
	OK(why.state == JOB_SUPERSEDED && !why.other_is_older, "and the superseded with the wanted");
	run_why_release(&why);
	some_jobs_close(&s);
}

static void test_refusals(void)
{
	static const char *const prefixes[] = { "", "abc", "a!cde", "aaaaaaaa" };
	struct run_place place = { .called = "test.yaml" };
	struct err err = ERR_INIT;
	char whole[53];
	struct run_why why;
	struct some_jobs s;
	struct some_run r;

	some_jobs_open(&s, 2);
	some_run_init(&r, &s);
	place.output_dir = s.dir;
	IS_INT(run_why(&place, NULL, "aaaaaaaa", &why, &err), -1, "a folder without a ledger");
	OK(strstr(err.text, "nothing has been run here yet") != NULL, "%s", err.text);
	run_why_release(&why);
	IS_INT(some_run_go(&r), 0, "all done");
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		IS_INT(run_why(&place, &r.config, prefixes[i], &why, &err), -1, "no id");
		IS_INT(err.code, ERR_USAGE, err.text);
		run_why_release(&why);
	}
	hash_base32(whole, 52, s.jobs[1].id);
	IS_INT(run_why(&place, &r.config, whole, &why, &err), 0, "an id may be given whole");
	IS_TEXT(why.id_text, id_of(&s, 1), "and is found");
	run_why_release(&why);
	some_jobs_close(&s);
}

int main(void)
{
	test_places();
	test_refusals();
	return tap_done();
}
