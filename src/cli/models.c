#include "cli/models.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define MADE_BY_MAX (1u << 16) /* of some ten fingerprints of 64 characters */

/* text becomes the list's own. */
static const char *keep(struct models *models, char *text)
{
	MEM_GROW(models->texts, models->n_texts, models->cap_texts);
	return models->texts[models->n_texts++] = text;
}

static struct manifest_model *add_model(struct models *models, enum param_backend backend, char *made_by)
{
	struct manifest_model *model;

	MEM_GROW(models->list, models->n, models->cap);
	model = &models->list[models->n++];
	*model = (struct manifest_model){ .maker = { backend, keep(models, made_by), NULL } };
	return model;
}

/* version: NULL for all. */
static void open_folder(struct models *models, const char *version, const char *dir, int line, int column, struct findings *findings)
{
	struct manifest_model *model;
	struct checkpoint c;
	struct err err = ERR_INIT;

	if (store_open(&c, dir, &err) < 0) {
		findings_add(findings, line, column, err.text);
		return;
	}
	MEM_GROW(models->checkpoints, models->n_checkpoints, models->cap_checkpoints);
	models->checkpoints[models->n_checkpoints++] = c;
	model = add_model(models, PARAM_NATIVE, mem_printf("native:%s", c.fingerprint));
	if (*c.licence) {
		MEM_GROW(models->licences, models->n_licences, models->cap_licences);
		models->licences[models->n_licences++] = keep(models, mem_printf("native:%s %s", c.fingerprint, c.licence));
	}
	model->maker.checkpoint = c.dir;
	model->version = version;
	model->holds = keep(models, mem_strdup(c.version));
	model->is_melody = c.is_melody;
	model->is_stereo = c.is_stereo;
}

static const struct manifest_checkpoint *find_named(const struct manifest *m, const char *version)
{
	for (int i = 0; i < m->n_checkpoints; i++)
		if (!strcmp(m->checkpoints[i].version, version))
			return &m->checkpoints[i];
	return NULL;
}

static void open_version(struct models *models, const struct manifest *m, const struct manifest_version *version, struct findings *findings)
{
	const struct manifest_checkpoint *named = find_named(m, version->name);
	struct err err = ERR_INIT;
	char *dir = NULL;

	if (named) {
		open_folder(models, version->name, named->dir, named->line, named->column, findings);
	} else if (store_find(&dir, version->name, &err) == 0) {
		open_folder(models, version->name, dir, version->line, version->column, findings);
	} else {
		if (version->is_default)
			(void)err_wrap(&err, "no checkpoint is named and no modelVersion said, so the default is taken");
		findings_add(findings, version->line, version->column, err.text);
	}
	free(dir);
}

void models_open(struct models *ret, const struct manifest *m, struct findings *findings)
{
	memset(ret, 0, sizeof *ret);
	if (m->backend == PARAM_SCENARIO)
		(void)add_model(ret, m->backend, mem_printf("scenario:%s", card_hosted_model(m->card)));
	else if (m->backend == PARAM_FAKE)
		(void)add_model(ret, m->backend, mem_strdup("fake"));
	else if (m->n_checkpoints == 1 && !m->checkpoints[0].version)
		open_folder(ret, NULL, m->checkpoints[0].dir, m->checkpoints[0].line, m->checkpoints[0].column, findings);
	else
		for (int i = 0; i < m->n_versions; i++)
			open_version(ret, m, &m->versions[i], findings);
}

char *models_join(const struct manifest *m)
{
	struct strbuf text = STRBUF_INIT(MADE_BY_MAX);
	const struct job_maker *last = NULL;

	for (int64_t i = 0; i < m->n_jobs; i++) {
		const struct job_maker *maker = m->jobs[i].maker;

		if (maker == last)
			continue;
		last = maker;
		if (!strstr(text.buf, maker->text)) /* fingerprints are of one length: none is a part of another */
			strbuf_addf(&text, "%s%s", text.len ? ", " : "", maker->text);
	}
	return strbuf_detach(&text);
}

uint64_t models_weight_bytes(const struct models *models)
{
	uint64_t most = 0;

	for (int i = 0; i < models->n_checkpoints; i++)
		if (models->checkpoints[i].weight_bytes > most)
			most = models->checkpoints[i].weight_bytes;
	return most;
}

void models_close(struct models *models)
{
	for (int i = 0; i < models->n_checkpoints; i++)
		store_release(&models->checkpoints[i]);
	for (int i = 0; i < models->n_texts; i++)
		free(models->texts[i]);
	free(models->checkpoints);
	free(models->licences);
	free(models->texts);
	free(models->list);
	memset(models, 0, sizeof *models);
}
