/*
 * report/sink: one report file on its way to being whole.
 *
 * sink_open, any number of sink_add, then sink_keep (sync, rename over the old
 * file, sync of the folder) or sink_drop. The partial file lies under
 * <output_dir>/.mgbatch/, where readers of the folder do not look; a partial
 * file that a dead program left is overwritten. A failed sink_add is kept and
 * told by sink_keep, so that writers need not ask after every piece. Both
 * enders free what the sink owns. Not thread-safe.
 */
#ifndef REPORT_SINK_H
#define REPORT_SINK_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stdio.h>

struct sink {
	FILE *file;
	char *path;      /* final, owned */
	char *temp_path; /* owned */
	char *dir;       /* output_dir, owned */
	bool is_broken;
	int sys_errno;   /* of the first failure */
};

int sink_open(struct sink *s, const char *output_dir, const char *name, struct err *err) WARN_UNUSED;
void sink_add(struct sink *s, const char *bytes, size_t len);
void sink_adds(struct sink *s, const char *text);
void sink_take(struct sink *s, struct strbuf *sb); /* adds sb's bytes and resets it; an overflowed sb breaks the sink */
int sink_keep(struct sink *s, struct err *err) WARN_UNUSED;
void sink_drop(struct sink *s);

#endif
