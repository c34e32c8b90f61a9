#include "cli/prepare.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "cli/admit.h"
#include "cli/command_line.h"
#include "cli/version.h"
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

int prepare_clock_rate(double *ret, struct err *err)
{
	const char *rate = getenv("MGBATCH_CLOCK_RATE");

	if (rate && *rate && (!text_parse_number(rate, ret) || *ret <= 0))
		return err_set(err, ERR_USAGE, "MGBATCH_CLOCK_RATE is for tests and must be a number above 0, found '%s': unset it", rate);
	return 0;
}

/* How the service is asked; its credentials, and whether a variable names another project, are the backend's own business. */
static int fill_hosted(struct prepared *p, struct err *err)
{
	const struct manifest_hosted *hosted = &p->manifest->hosted;
	struct backend_config *c = &p->config.backend;

	c->project = hosted->project;
	c->n_slots = hosted->n_jobs;
	c->per_minute = hosted->per_minute;
	c->deadline_s = hosted->deadline_s;
	c->requests = backend_requests_new();
	return prepare_clock_rate(&c->clock_rate, err);
}

static void fill_config(struct prepared *p, const struct options *o)
{
	const struct manifest *m = p->manifest;
	struct run_config *c = &p->config;

	c->output_dir = m->output.dir;
	c->manifest_name = m->name;
	c->manifest_path = m->path;
	c->manifest_text = m->text;
	c->manifest_len = m->text_len;
	c->jobs = m->jobs;
	c->n_jobs = m->n_jobs;
	c->backend.memory_bytes = m->run.memory_bytes;
	c->backend.n_threads = (int)o->threads;
	c->artifact.format = m->output.format;
	c->artifact.bits = m->output.bits;
	c->artifact.rate_hz = m->output.rate_hz;
	c->artifact.arithmetic = c->ops->arithmetic;
	c->made_by = p->made_by;
	c->licences = p->models.licences;
	c->n_licences = p->models.n_licences;
	c->tool_version = MGBATCH_VERSION;
	c->command_line = p->command_line;
	c->tries = m->run.tries;
	c->for_s = o->for_s > 0 ? o->for_s : m->run.for_s;
	c->limit = o->limit;
	c->wait = o->wait;
	c->remake_stale = o->remake_stale;
	c->credits_cap = m->run.credits;
	if (o->credits && !text_parse_number(o->credits, &c->credits_cap))
		BUG("the option --credits lets '%s' pass", o->credits);
	c->retried_classes = m->run.retried_classes;
}

static int read_manifest(struct prepared *p, const struct options *o, struct err *err)
{
	struct manifest_overrides over = {
		.backend = o->backend, .checkpoint = o->checkpoint, .output = o->output, .sets = o->sets, .n_sets = o->n_sets
	};

	if (card_open(&p->card, CARD_DEFAULT, err) < 0 || manifest_read(&p->manifest, o->args[0], p->card, &over, err) < 0)
		return -1;
	p->config.ops = backend_find(p->manifest->backend);
	return 0;
}

/* The reports are ours to replace only in a folder that a run has worked in. Its mark is looked for last: a run makes it first. */
static int check_folder(const char *output_dir, struct err *err)
{
	char *mark = fs_join(output_dir, ".mgbatch");
	const char *found = NULL;
	int has_mark;

	for (int i = 0; report_file(i) && !found; i++) {
		char *path = fs_join(output_dir, report_file(i));

		found = fs_exists(path) ? report_file(i) : NULL;
		free(path);
	}
	has_mark = found ? fs_find(mark, err) : 1;
	free(mark);
	if (has_mark < 0)
		return -1;
	return has_mark ? 0
			: err_set(err, ERR_USAGE,
				  "'%s' has a file '%s' that mgbatch did not write: move it away, or choose another folder with --output DIR",
				  output_dir, found);
}

/* Text -> jobs. What the checkpoints lack is told after the manifest's own mistakes, and counts for less. */
static int find_jobs(struct prepared *p, struct err *err)
{
	struct findings troubles = { .n = 0 };
	int status = 0;

	if (*p->manifest->output.dir) /* else not even the settings could be read: that is the mistake to tell */
		models_open(&p->models, p->manifest, &troubles);
	if (manifest_expand(p->manifest, p->models.list, p->models.n, err) < 0) {
		status = err_exit_status(err->code);
		goto out;
	}
	findings_add_all(&p->findings, p->manifest);
	for (int i = 0; i < troubles.n; i++)
		findings_add(&p->findings, troubles.list[i].line, troubles.list[i].column, troubles.list[i].text);
	if (p->manifest->n_mistakes)
		status = err_exit_status(ERR_MANIFEST);
	else if (troubles.n)
		status = err_exit_status(ERR_MODEL);
out:
	findings_release(&troubles);
	return status;
}

int prepare_open(struct prepared *p, const struct options *o, struct err *err)
{
	int status;

	memset(p, 0, sizeof *p);
	if (o->threads > POOL_THREADS_MAX)
		return err_set(err, ERR_USAGE, "--threads must be from 1 to %d, found %lld", POOL_THREADS_MAX, (long long)o->threads), 2;
	if (read_manifest(p, o, err) < 0)
		return err->code == ERR_IO ? 2 : err_exit_status(err->code); /* no such manifest: nothing ran */
	status = find_jobs(p, err);
	if (status)
		return status;
	if (check_folder(p->manifest->output.dir, err) < 0)
		return err_exit_status(err->code);
	p->made_by = models_join(p->manifest);
	p->command_line = command_line(o);
	fill_config(p, o);
	if (p->manifest->backend == PARAM_SCENARIO && fill_hosted(p, err) < 0)
		return err_exit_status(err->code);
	return admit_jobs(&p->config, &p->findings, err);
}

void prepare_close(struct prepared *p)
{
	manifest_free(p->manifest);
	backend_requests_free(p->config.backend.requests);
	card_close(p->card);
	models_close(&p->models);
	findings_release(&p->findings);
	free(p->made_by);
	free(p->command_line);
	memset(p, 0, sizeof *p);
}
