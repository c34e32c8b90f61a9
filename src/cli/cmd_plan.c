#include "base/json_write.h"
#include "base/text.h"
#include "cli/cmds.h"
#include "cli/owed.h"
#include "cli/print.h"
#include "cli/ready.h"
#include "cli/tally.h"
#include "engine/engine.h"

#include <stddef.h>

/* What a run would find, in the order in which it is told. */
static const struct tally rows[] = { /* of struct run_plan */
	{ offsetof(struct run_plan, n_new), "new", "new" },
	{ offsetof(struct run_plan, n_pending), "pending", "known from before, not made yet" },
	{ offsetof(struct run_plan, n_done), "done", "done" },
	{ offsetof(struct run_plan, n_failed), "failed", "failed" },
	{ offsetof(struct run_plan, n_replaced), "replaced", "of the new take the path of an old file, which moves to .mgbatch/old" },
	{ offsetof(struct run_plan, n_renamed), "renamed", "of the done are to be renamed" },
	{ offsetof(struct run_plan, n_stale), "stale", "of the done have another format, bits, rate or arithmetic (--remake-stale makes them again)" },
	{ offsetof(struct run_plan, n_missing), "missing", "done, but the file is missing or of another size: made again (of a hosted job: fetched)" },
	{ offsetof(struct run_plan, n_back), "back", "back from superseded" },
	{ offsetof(struct run_plan, n_superseded), "superseded", "no longer in the manifest; their files stay" },
	{ offsetof(struct run_plan, n_other), "other", "in another state" },
};

#define N_ROWS (sizeof rows / sizeof *rows)

/* What the plan is about: all of the manifest, or what --select leaves of it. */
static int64_t n_planned(const struct run_plan *plan)
{
	int64_t n = 0;

	for (int s = 0; s < JOB_N_STATES; s++)
		n += plan->by_state[s];
	return n;
}

/* What the jobs cost, what has been spent, and how far it may go. Without an answer of the service the rest of the plan is told all the same. */
static void add_credits(struct strbuf *text, const struct prepared *p, const struct run_plan *plan)
{
	double cap = p->config.credits_cap;
	char a[48], b[48], n[48];

	if (!p->config.ops->costs_money)
		return;
	if (plan->credits_needed < 0) {
		strbuf_adds(text, "credits   unknown: ");
		print_visible(text, plan->credits_why);
	} else {
		strbuf_addf(text, "credits   %s for %s", text_credits(a, sizeof a, plan->credits_needed), text_count(n, sizeof n, plan->n_to_pay, "job"));
		if (plan->n_to_make > plan->n_to_pay)
			strbuf_addf(text, "; %s at the service already", text_count(n, sizeof n, plan->n_to_make - plan->n_to_pay, "job"));
	}
	strbuf_addf(text, "\n          %s spent so far", text_credits(a, sizeof a, plan->credits_spent));
	if (cap >= 0)
		strbuf_addf(text, "; the cap is %s for all runs of this folder together%s", text_credits(b, sizeof b, cap),
			    plan->credits_needed > 0 && plan->credits_spent + plan->credits_needed > cap + BACKEND_CREDITS_DUST ? ": not enough for all" : "");
	else if (plan->n_to_pay > 0)
		strbuf_adds(text, "; no cap: a run needs --credits N, or run.credits, which is for all runs of this folder together");
	strbuf_addc(text, '\n');
}

static void put_credits(struct json_writer *json, const struct prepared *p, const struct run_plan *plan)
{
	bool costs = p->config.ops->costs_money;

	json_put_int(json, "jobs_to_pay", plan->n_to_pay);
	if (plan->credits_needed >= 0)
		json_put_number(json, "credits_needed", text_credits_rounded(plan->credits_needed));
	else
		json_put_null(json, "credits_needed");
	if (plan->credits_needed < 0)
		json_put_text(json, "credits_why", plan->credits_why);
	json_put_number(json, "credits_spent", text_credits_rounded(plan->credits_spent));
	if (costs && p->config.credits_cap >= 0)
		json_put_number(json, "credits_max", p->config.credits_cap);
	else
		json_put_null(json, "credits_max");
}

static void add_memory(struct strbuf *text, const struct prepared *p)
{
	uint64_t limit = p->config.backend.memory_bytes;
	char need[32], have[32];

	if (p->models.n_checkpoints == 0)
		return;
	strbuf_addf(text, "memory    %s of weights; ", text_bytes(need, sizeof need, models_weight_bytes(&p->models)));
	if (limit)
		strbuf_addf(text, "the manifest allows %s\n", text_bytes(have, sizeof have, limit));
	else
		strbuf_addf(text, "%s available\n", text_bytes(have, sizeof have, engine_available_memory()));
}

/* The model's own program separates a mix before it follows its tune (musicgen.md 9.1); the native backend does not. */
static void add_melodies(struct strbuf *text, const struct prepared *p)
{
	int64_t n = 0;
	char a[48];

	for (int64_t i = 0; i < p->config.n_jobs && p->models.n_checkpoints > 0; i++)
		n += p->config.jobs[i].input_path && !job_flag(&p->config.jobs[i], "continuation", false);
	if (n > 0)
		strbuf_addf(text, "melody    of %s inputAudio is followed as it sounds: drums and bass are not taken out first (no stem separation yet)\n",
			    text_count(a, sizeof a, n, "job"));
}

static void print_text(const struct prepared *p, const struct run_plan *plan)
{
	const struct manifest *m = p->manifest;
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	char a[48], b[48];

	print_visible(&text, m->name);
	strbuf_adds(&text, ": ");
	if (p->config.select)
		strbuf_addf(&text, "%lld of ", (long long)n_planned(plan));
	strbuf_addf(&text, "%s%s, %s of audio\n", text_count(a, sizeof a, m->n_jobs, "job"), p->config.select ? " selected" : "",
		    text_duration(b, sizeof b, plan->audio_s_total));
	for (int i = 0; i < m->n_counts; i++) {
		strbuf_adds(&text, "  ");
		if (*m->counts[i].set) {
			print_visible(&text, m->counts[i].set);
			strbuf_adds(&text, ": ");
		}
		print_visible(&text, m->counts[i].arithmetic);
		strbuf_addc(&text, '\n');
	}
	tally_lines(&text, rows, N_ROWS, plan);
	strbuf_addf(&text, "to make   %s, %s of audio\n", text_count(a, sizeof a, plan->n_to_make, "job"),
		    text_duration(b, sizeof b, plan->audio_s_to_make));
	strbuf_addf(&text, "disk      %s needed, %s free%s\n", text_bytes(a, sizeof a, plan->bytes_needed),
		    text_bytes(b, sizeof b, plan->bytes_free), plan->bytes_needed > plan->bytes_free ? ": not enough for all" : "");
	add_memory(&text, p);
	add_melodies(&text, p);
	add_credits(&text, p, plan);
	owed_lines(&text, plan->by_state[JOB_UNKNOWN], plan->by_state[JOB_LOST], p->config.output_dir);
	if (plan->n_to_make)
		strbuf_addf(&text, "time      %s\n",
			    plan->expected_s > 0 ? text_duration(a, sizeof a, plan->expected_s)
						 : "unknown until something has been made here");
	strbuf_adds(&text, "backend   ");
	print_visible(&text, p->made_by);
	strbuf_adds(&text, "\noutput    ");
	print_visible(&text, p->config.output_dir);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

static void put_sets(struct json_writer *json, const struct manifest *m)
{
	json_open_array(json, "sets");
	for (int i = 0; i < m->n_counts; i++) {
		json_open_object(json, NULL);
		json_put_text(json, "set", m->counts[i].set);
		json_put_text(json, "arithmetic", m->counts[i].arithmetic);
		json_put_int(json, "jobs", m->counts[i].n_jobs);
		json_close(json);
	}
	json_close(json);
}

static void print_json(const struct prepared *p, const struct run_plan *plan)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct json_writer json;

	json_begin(&json, &text, 2);
	json_open_object(&json, NULL);
	json_put_text(&json, "manifest", p->manifest->name);
	json_put_text(&json, "backend", param_backend_name(p->manifest->backend));
	json_put_text(&json, "made_by", p->made_by);
	json_put_text(&json, "output", p->config.output_dir);
	json_put_int(&json, "jobs_total", p->manifest->n_jobs);
	json_put_int(&json, "jobs_selected", n_planned(plan));
	json_open_object(&json, "jobs_by_state");
	for (int s = 0; s < JOB_N_STATES; s++)
		json_put_int(&json, job_state_name((enum job_state)s), plan->by_state[s]);
	json_close(&json);
	tally_json(&json, rows, N_ROWS, plan);
	json_put_int(&json, "to_make", plan->n_to_make);
	json_put_float(&json, "audio_seconds", plan->audio_s_total);
	json_put_float(&json, "audio_seconds_to_make", plan->audio_s_to_make);
	json_put_int(&json, "bytes_needed", (int64_t)plan->bytes_needed);
	json_put_int(&json, "bytes_free", (int64_t)plan->bytes_free);
	if (plan->expected_s > 0)
		json_put_float(&json, "expected_seconds", plan->expected_s);
	else
		json_put_null(&json, "expected_seconds");
	put_credits(&json, p, plan);
	put_sets(&json, p->manifest);
	json_close(&json);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

int cmd_plan(const struct options *o)
{
	struct ready r;
	struct run_plan plan = { 0 };
	struct err err = ERR_INIT;
	int status = ready_open(&r, o, &err);

	if (!status && run_plan(&r.p.config, &plan, &err) < 0)
		status = err_exit_status(err.code);
	ready_tell(&r, o, status, &err, false);
	if (!status && o->json)
		print_json(&r.p, &plan);
	else if (!status)
		print_text(&r.p, &plan);
	ready_close(&r);
	return status;
}
