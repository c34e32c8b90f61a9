/*
 * manifest_case.h: one manifest of tests/data as its test sees it.
 *
 * Lines "# test: KEY VALUE" anywhere in the file say how it is read:
 *   backend B    as --backend B        set NAME=VALUE   as --set
 *   version V    the checkpoint's version, fixed as one folder fixes it
 *   jobs N       how many jobs it has
 */
#ifndef MANIFEST_CASE_H
#define MANIFEST_CASE_H

#include "base/fs.h"
#include "base/json_write.h"
#include "manifest/manifest.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASE_SETS_MAX 16
#define CASE_TEXT_MAX (64u << 20)

struct manifest_case {
	char lines[CASE_SETS_MAX][100];
	const char *sets[CASE_SETS_MAX];
	char backend[20], version[40];
	long long n_jobs;
	struct manifest_overrides over;
	struct manifest *m;
};

static inline void case_read_line(struct manifest_case *c, const char *line)
{
	if (sscanf(line, "# test: backend %19s", c->backend) == 1)
		c->over.backend = c->backend;
	else if (sscanf(line, "# test: set %99[^\n]", c->lines[c->over.n_sets]) == 1 && c->over.n_sets < CASE_SETS_MAX - 1)
		c->over.n_sets++;
	else if (sscanf(line, "# test: jobs %lld", &c->n_jobs) != 1)
		(void)sscanf(line, "# test: version %39s", c->version);
}

static inline int case_expand(struct manifest_case *c)
{
	static const char *const makers[PARAM_N_BACKENDS] = { "native:0123456789abcdef", "scenario:model_meta-musicgen", "fake" };
	struct manifest_model model = { { c->m->backend, NULL, NULL }, NULL, NULL, false, false };
	struct err err = ERR_INIT;

	model.maker.text = makers[c->m->backend];
	model.holds = c->version[0] ? c->version : NULL;
	model.is_melody = strstr(c->version, "melody") != NULL;
	model.is_stereo = strstr(c->version, "stereo") != NULL;
	return manifest_expand(c->m, &model, 1, &err);
}

/* Reads and expands the file. -1: it could not. manifest_free(c->m) afterwards. */
static inline int case_open(struct manifest_case *c, const char *path, const struct card *card)
{
	struct strbuf text = STRBUF_INIT(CASE_TEXT_MAX);
	struct err err = ERR_INIT;

	memset(c, 0, sizeof *c);
	c->n_jobs = -1;
	if (fs_read(path, &text, &err))
		return -1;
	for (const char *p = text.buf; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		case_read_line(c, p);
	}
	strbuf_release(&text);
	for (int i = 0; i < c->over.n_sets; i++)
		c->sets[i] = c->lines[i];
	c->over.sets = c->sets;
	if (manifest_read(&c->m, path, card, &c->over, &err))
		return -1;
	return case_expand(c);
}

/* All that a manifest gave, as text: mistakes, arithmetic, jobs in running order. */
static inline void case_print(const struct manifest_case *c, struct strbuf *out)
{
	const struct manifest *m = c->m;

	for (int i = 0; i < m->n_mistakes + m->n_warnings; i++)
		strbuf_addf(out, "%d:%d: %s%s\n", m->mistakes[i].line, m->mistakes[i].column, m->mistakes[i].is_warning ? "warning: " : "",
			    m->mistakes[i].text);
	if (m->n_mistakes > 0)
		return;
	for (int i = 0; i < m->n_counts; i++)
		strbuf_addf(out, "%s%s%s\n", m->counts[i].set, m->counts[i].set[0] ? ": " : "", m->counts[i].arithmetic);
	for (int64_t i = 0; i < m->n_jobs; i++) {
		const struct job *job = &m->jobs[i];
		char id[JOB_ID_SIZE];

		job_id_text(id, job->id);
		strbuf_addf(out, "%s %s take %d seed %.0f ", id, job->path, job->take, job_number(job, "seed", -1));
		json_quote(out, job_text(job, "prompt", ""), false);
		strbuf_adds(out, "\n");
	}
}

#endif
