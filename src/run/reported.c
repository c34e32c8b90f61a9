/* See reported.h; and run_note_reports of run.h. */
#include "run/reported.h"

#include "base/fs.h"
#include "ledger/ledger_write.h"
#include "run/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_text(char out[REPORTED_SIZE], int64_t run, int exit_status, const char *tool_version)
{
	(void)snprintf(out, REPORTED_SIZE, "%" PRId64 " %d %s\n", run, exit_status, tool_version);
}

void reported_read(char out[REPORTED_SIZE], const char *output_dir)
{
	char *path = fs_join(output_dir, LEDGER_REPORTED);
	struct strbuf text = STRBUF_INIT(REPORTED_SIZE - 1);

	if (fs_read(path, &text, NULL) != 0)
		strbuf_reset(&text);
	(void)snprintf(out, REPORTED_SIZE, "%s", text.buf);
	strbuf_release(&text);
	free(path);
}

bool reported_is_of(const char *text, int64_t run, int exit_status, const char *tool_version)
{
	char want[REPORTED_SIZE];

	put_text(want, run, exit_status, tool_version);
	return strcmp(text, want) == 0;
}

int run_note_reports(const struct run_config *config, const struct run_result *result, struct err *err)
{
	char text[REPORTED_SIZE], *path;
	int rc;

	if (result->number == 0)
		return 0;
	put_text(text, result->number, result->exit_status, config->tool_version);
	path = fs_join(config->output_dir, LEDGER_REPORTED);
	rc = fs_replace(path, text, strlen(text), err);
	free(path);
	return rc;
}
