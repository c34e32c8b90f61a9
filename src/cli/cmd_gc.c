#include "base/json_write.h"
#include "base/text.h"
#include "cli/choose.h"
#include "cli/cmds.h"
#include "cli/folder.h"
#include "cli/print.h"

static const struct {
	const char *name, *say;
} kinds[RUN_GC_N_KINDS] = {
	[RUN_GC_SUPERSEDED] = { "superseded", "of jobs that are no longer in the manifest" },
	[RUN_GC_OLD] = { "old", "replaced by others and kept in .mgbatch/old" },
	[RUN_GC_LEFT] = { "left", "left half done by a run that died" },
};

struct sweeping {
	struct strbuf text;
	struct json_writer json;
	bool is_json;
};

static int visit(void *arg, const struct run_gc_file *file, struct err *err)
{
	struct sweeping *s = arg;

	(void)err;
	if (s->is_json) {
		json_open_object(&s->json, NULL);
		json_put_text(&s->json, "kind", kinds[file->kind].name);
		json_put_text(&s->json, "path", file->path);
		json_put_text(&s->json, "id", file->id_text);
		json_put_int(&s->json, "bytes", file->n_bytes);
		json_close(&s->json);
	} else {
		strbuf_addf(&s->text, "%-10s  %10lld  ", kinds[file->kind].name, (long long)file->n_bytes);
		print_visible(&s->text, file->path);
		strbuf_addc(&s->text, '\n');
	}
	print_out(&s->text);
	return 0;
}

static void end_text(struct strbuf *text, const struct run_gc_result *result, bool removes)
{
	int64_t n_files, n_bytes;
	char n[48], bytes[32];

	run_gc_sum(result, &n_files, &n_bytes);
	for (int k = 0; k < RUN_GC_N_KINDS; k++)
		if (result->n_files[k])
			strbuf_addf(text, "  %8lld %s: %s\n", (long long)result->n_files[k], kinds[k].say,
				    text_bytes(bytes, sizeof bytes, (uint64_t)result->n_bytes[k]));
	if (result->n_foreign)
		strbuf_addf(text, "  %8lld in the place of a superseded job's, with another content, unreadable or behind a link: left alone\n",
			    (long long)result->n_foreign);
	if (!n_files)
		strbuf_adds(text, "nothing to remove\n");
	else
		strbuf_addf(text, "%s, %s%s\n", text_count(n, sizeof n, n_files, "file"), text_bytes(bytes, sizeof bytes, (uint64_t)n_bytes),
			    removes ? " removed" : "; --yes removes them");
}

static void end_json(struct json_writer *json, const struct run_gc_result *result, bool removes)
{
	int64_t n_files, n_bytes;

	run_gc_sum(result, &n_files, &n_bytes);
	json_close(json); /* the files */
	for (int k = 0; k < RUN_GC_N_KINDS; k++) {
		json_open_object(json, kinds[k].name);
		json_put_int(json, "files", result->n_files[k]);
		json_put_int(json, "bytes", result->n_bytes[k]);
		json_close(json);
	}
	json_put_int(json, "foreign", result->n_foreign);
	json_put_int(json, "n_files", n_files);
	json_put_int(json, "n_bytes", n_bytes);
	json_put_bool(json, "removed", removes);
	json_close(json);
	strbuf_addc(json->out, '\n');
}

static int sweep(struct folder *f, struct choose *choose, const struct options *o)
{
	struct sweeping s = { .text = STRBUF_INIT(PRINT_MAX), .is_json = o->json };
	struct run_gc ask = { .removes = o->yes, .visit = visit, .visit_arg = &s };
	struct run_gc_result result;
	struct err err = ERR_INIT;
	int status = 0;

	folder_place(f, o, &ask.place);
	choose_place(choose, &ask.place);
	folder_let_go(f);
	if (o->json) {
		json_begin(&s.json, &s.text, 2);
		json_open_object(&s.json, NULL);
		json_open_array(&s.json, "files");
	}
	if (run_gc(&ask, &result, &err) < 0)
		status = print_err(&err);
	else if (o->json)
		end_json(&s.json, &result, o->yes);
	else
		end_text(&s.text, &result, o->yes);
	if (!status)
		print_out(&s.text);
	strbuf_release(&s.text);
	return status;
}

int cmd_gc(const struct options *o)
{
	struct choose choose = { .predicate = NULL };
	struct err err = ERR_INIT;
	struct folder f = { 0 };
	int status = folder_open(&f, o);

	if (!status && choose_open(&choose, o->select, f.ledger, &err) < 0)
		status = print_err(&err);
	if (!status)
		status = sweep(&f, &choose, o);
	choose_close(&choose);
	folder_close(&f);
	return status;
}
