#include "cli/folder.h"

#include "base/fs.h"
#include "base/mem.h"
#include "cli/findings.h"
#include "cli/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Only the head of the manifest is needed: mistakes in its sweeps do not hide what has been made. */
static int read_manifest(struct folder *f, const struct options *o)
{
	struct manifest_overrides over = { .backend = o->backend, .output = o->output };
	struct findings findings = { 0 };
	struct manifest *m = NULL;
	struct card *card = NULL;
	struct err err = ERR_INIT;
	int status = 2;

	if (card_open(&card, CARD_DEFAULT, &err) < 0 || manifest_read(&m, o->args[0], card, &over, &err) < 0) {
		(void)print_err(&err);
		goto out;
	}
	if (m->n_mistakes || !m->output.dir) {
		struct strbuf text = STRBUF_INIT(PRINT_MAX);

		findings_add_all(&findings, m);
		findings_print(&findings, o->args[0], &text);
		(void)fputs(text.buf, stderr);
		strbuf_release(&text);
		print_message("the manifest has mistakes; name the output folder instead");
		goto out;
	}
	f->output_dir = mem_strdup(m->output.dir);
	f->manifest_name = mem_strdup(m->name);
	f->backend = param_backend_name(m->backend);
	f->lacks_cap = m->backend == PARAM_SCENARIO && m->run.credits < 0;
	status = 0;
out:
	findings_release(&findings);
	manifest_free(m);
	card_close(card);
	return status;
}

static int check_owner(const struct folder *f, struct err *err)
{
	struct ledger_owner owner = { f->manifest_name, f->backend, false };

	return f->manifest_name ? ledger_check_owner(f->ledger, f->output_dir, &owner, err) : 0;
}

int folder_open(struct folder *f, const struct options *o)
{
	struct err err = ERR_INIT;
	int status;

	memset(f, 0, sizeof *f);
	if (fs_is_dir(o->args[0])) {
		if (o->output || o->backend) {
			print_message("--output and --backend go with a manifest; '%s' is a folder already", o->args[0]);
			return 2;
		}
		f->output_dir = fs_join("", o->args[0]);
	} else {
		status = read_manifest(f, o);
		if (status)
			return status;
	}
	if (ledger_open_read(&f->ledger, f->output_dir, &err) < 0 || check_owner(f, &err) < 0)
		return print_err(&err);
	return 0;
}

void folder_let_go(struct folder *f)
{
	ledger_close(f->ledger);
	f->ledger = NULL;
}

void folder_close(struct folder *f)
{
	folder_let_go(f);
	free(f->output_dir);
	free(f->manifest_name);
	memset(f, 0, sizeof *f);
}

static void tell(void *arg, const char *text)
{
	(void)arg;
	print_message("%s", text);
}

void folder_place(const struct folder *f, const struct options *o, struct run_place *ret)
{
	*ret = (struct run_place){ .output_dir = f->output_dir, .called = o->args[0], .manifest_name = f->manifest_name,
				   .backend = f->backend, .wait = o->wait, .tell = tell };
}
