#include "cli/cmds.h"
#include "cli/folder.h"
#include "cli/print.h"
#include "report/report.h"

int cmd_report(const struct options *o)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct folder f;
	struct err err = ERR_INIT;
	int status = folder_open(&f, o);

	if (!status && report_write(f.ledger, f.output_dir, &err) < 0) {
		err_wrap(&err, "writing the reports in '%s'", f.output_dir);
		status = print_err(&err);
	}
	if (!status && !o->is_quiet) {
		strbuf_adds(&text, "report: ");
		print_visible(&text, f.output_dir);
		strbuf_adds(&text, "/report.html\n");
		print_out(&text);
	}
	folder_close(&f);
	strbuf_release(&text);
	return status;
}
