#include "cli/prepare.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/pool.h"
#include "cli/admit.h"
#include "cli/print.h"
#include "cli/version.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The only model of this version; another is another card and the manifest's `model:`. */
#define MODEL "meta-musicgen"

/* modelVersion's default while no checkpoint says what it is: no rule about versions speaks of this one. */
#define STAND_IN_VERSION "custom"

/* The checkpoint natively; 0 also where the manifest names none (a finding). */
static int find_checkpoint(struct prepared *p, struct err *err)
{
	const struct manifest *m = p->manifest;

	if (m->backend != PARAM_NATIVE)
		return 0;
	if (!m->checkpoint && !*m->output.dir)
		return 0; /* not even the settings could be read: that is the mistake to tell */
	if (!m->checkpoint) {
		findings_add(&p->findings, 0, 0, "no checkpoint: say 'checkpoint: FOLDER' in the manifest or --checkpoint FOLDER");
		return 0;
	}
	if (store_open(&p->checkpoint, m->checkpoint, err) < 0)
		return -1;
	p->has_checkpoint = true;
	return 0;
}

/* What makes the audio. Without a checkpoint a stand-in that only serves to find the other mistakes. */
static int expand(struct prepared *p, struct err *err)
{
	struct manifest *m = p->manifest;
	struct manifest_model model = { { m->backend, NULL, NULL }, NULL, false };

	if (m->backend == PARAM_SCENARIO)
		p->made_by = mem_printf("scenario:%s", card_hosted_model(p->card));
	else if (m->backend == PARAM_FAKE)
		p->made_by = mem_strdup("fake");
	else
		p->made_by = mem_printf("native:%s", p->has_checkpoint ? p->checkpoint.fingerprint : "none");
	model.maker.text = p->made_by;
	if (p->has_checkpoint) {
		model.version = p->checkpoint.version;
		model.version_is_fixed = true;
	} else if (m->backend == PARAM_NATIVE) {
		model.version = STAND_IN_VERSION;
	}
	return manifest_expand(m, &model, err);
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
	c->backend.checkpoint = m->checkpoint;
	c->backend.memory_bytes = m->run.memory_bytes;
	c->backend.n_threads = (int)o->threads;
	c->artifact.format = m->output.format;
	c->artifact.bits = m->output.bits;
	c->artifact.arithmetic = c->ops->arithmetic;
	c->made_by = p->made_by;
	c->tool_version = MGBATCH_VERSION;
	c->command_line = p->command_line;
	c->tries = m->run.tries;
	c->for_s = o->for_s > 0 ? o->for_s : m->run.for_s;
	c->limit = o->limit;
	c->wait = o->wait;
	c->remake_stale = o->remake_stale;
}

static char *command_line(const struct options *o)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	strbuf_adds(&text, "mgbatch run");
	for (int i = 0; i < o->n_args; i++)
		strbuf_addf(&text, " %s", o->args[i]);
	if (o->output)
		strbuf_addf(&text, " --output %s", o->output);
	if (o->backend)
		strbuf_addf(&text, " --backend %s", o->backend);
	if (o->checkpoint)
		strbuf_addf(&text, " --checkpoint %s", o->checkpoint);
	for (int i = 0; i < o->n_sets; i++)
		strbuf_addf(&text, " --set %s", o->sets[i]);
	return strbuf_detach(&text);
}

static int read_manifest(struct prepared *p, const struct options *o, struct err *err)
{
	struct manifest_overrides over = {
		.backend = o->backend, .checkpoint = o->checkpoint, .output = o->output, .sets = o->sets, .n_sets = o->n_sets
	};

	if (card_open(&p->card, MODEL, err) < 0 || manifest_read(&p->manifest, o->args[0], p->card, &over, err) < 0)
		return -1;
	p->config.ops = backend_find(p->manifest->backend);
	return 0;
}

/* The reports are ours to replace only in a folder that a run has worked in. Its mark is looked for last: a run makes it first. */
static int check_folder(const char *output_dir, struct err *err)
{
	char *mark = fs_join(output_dir, ".mgbatch");
	const char *found = NULL;

	for (int i = 0; report_file(i) && !found; i++) {
		char *path = fs_join(output_dir, report_file(i));

		found = fs_exists(path) ? report_file(i) : NULL;
		free(path);
	}
	if (found && fs_exists(mark))
		found = NULL;
	free(mark);
	return !found ? 0
		      : err_set(err, ERR_USAGE,
				"'%s' has a file '%s' that mgbatch did not write: move it away, or choose another folder with --output DIR",
				output_dir, found);
}

int prepare_open(struct prepared *p, const struct options *o, struct err *err)
{
	struct err model_err = ERR_INIT;
	int model;

	memset(p, 0, sizeof *p);
	if (o->threads > POOL_THREADS_MAX)
		return err_set(err, ERR_USAGE, "--threads must be from 1 to %d, found %lld", POOL_THREADS_MAX, (long long)o->threads), 2;
	if (read_manifest(p, o, err) < 0)
		return err->code == ERR_IO ? 2 : err_exit_status(err->code); /* no such manifest: nothing ran */
	model = find_checkpoint(p, &model_err);
	if (expand(p, err) < 0)
		return err_exit_status(err->code);
	findings_add_all(&p->findings, p->manifest);
	if (p->findings.n_mistakes)
		return 2;
	if (model < 0) {
		*err = model_err;
		return err_exit_status(err->code);
	}
	if (!p->config.ops) {
		err_set(err, ERR_USAGE, "backend '%s' is not in this version yet; there are native and fake",
			param_backend_name(p->manifest->backend));
		return err_exit_status(err->code);
	}
	if (check_folder(p->manifest->output.dir, err) < 0)
		return err_exit_status(err->code);
	p->command_line = command_line(o);
	fill_config(p, o);
	return admit_jobs(&p->config, &p->findings, err);
}

void prepare_close(struct prepared *p)
{
	manifest_free(p->manifest);
	card_close(p->card);
	if (p->has_checkpoint)
		store_release(&p->checkpoint);
	findings_release(&p->findings);
	free(p->made_by);
	free(p->command_line);
	memset(p, 0, sizeof *p);
}

void prepare_print_findings(const struct prepared *p, const struct options *o)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	findings_print(&p->findings, o->args[0], &text);
	(void)fputs(text.buf, stderr);
	strbuf_release(&text);
}
