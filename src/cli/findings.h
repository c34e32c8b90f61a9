/*
 * cli/findings: every mistake and warning found about a manifest before anything runs.
 *
 * Those of the manifest's own reading and expanding, and those that only cli
 * can find (no checkpoint, a job that never fits in memory). Texts live until
 * findings_release. Printed as "file:line:column: sentence", warnings with
 * "warning: " before the sentence.
 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include "base/arena.h"
#include "base/json_write.h"
#include "base/strbuf.h"
#include "manifest/manifest.h"

struct findings {
	struct arena arena;
	struct mistake *list;
	int n, cap;
	int n_mistakes; /* without warnings */
};

void findings_add(struct findings *f, int line, int column, const char *text); /* a mistake; the same sentence twice counts once */
void findings_warn(struct findings *f, int line, int column, const char *text); /* likewise */
void findings_add_all(struct findings *f, const struct manifest *m);
void findings_print(const struct findings *f, const char *path, struct strbuf *out);
void findings_json(const struct findings *f, struct json_writer *w); /* member "mistakes" */
void findings_release(struct findings *f);

#endif
