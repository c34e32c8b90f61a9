#include "base/fs.h"
#include "base/json_write.h"
#include "cli/cmds.h"
#include "cli/folder.h"
#include "cli/print.h"
#include "cli/ready.h"

#include <string.h>

static void add_text(struct strbuf *text, const char *what, const char *value)
{
	strbuf_addf(text, "%-10s ", what);
	print_visible(text, value);
	strbuf_addc(text, '\n');
}

static void add_other(struct strbuf *text, const struct run_why *why)
{
	strbuf_addf(text, "\n%s %s  ", why->other_is_older ? "instead of" : "in its place", why->other_id_text);
	print_visible(text, why->other_path);
	strbuf_addf(text, "  (%s)\n", why->other_how);
	for (int i = 0; i < why->n_differences; i++) {
		const struct run_difference *d = &why->differences[i];

		strbuf_addf(text, "  %s: ", d->name);
		print_visible(text, d->before);
		strbuf_adds(text, " -> ");
		print_visible(text, d->now);
		if (*d->note)
			strbuf_addf(text, "  (%s)", d->note);
		strbuf_addc(text, '\n');
	}
	strbuf_addc(text, '\n');
	add_text(text, "before", why->other_is_older ? why->other_canonical : why->canonical);
	add_text(text, "now", why->other_is_older ? why->canonical : why->other_canonical);
}

static void print_text(const struct run_why *why)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	add_text(&text, "job", why->id_text);
	add_text(&text, "path", why->path);
	add_text(&text, "why", why->sentence);
	if (why->n_differences > 0)
		add_other(&text, why);
	else
		add_text(&text, "identity", why->canonical);
	print_out(&text);
	strbuf_release(&text);
}

static void put_other(struct json_writer *json, const struct run_why *why)
{
	json_open_object(json, "other");
	json_put_text(json, "id", why->other_id_text);
	json_put_text(json, "path", why->other_path);
	json_put_text(json, "how", why->other_how);
	json_put_bool(json, "is_older", why->other_is_older);
	json_put_raw(json, "identity", why->other_canonical);
	json_close(json);
	json_open_array(json, "differences");
	for (int i = 0; i < why->n_differences; i++) {
		json_open_object(json, NULL);
		json_put_text(json, "field", why->differences[i].name);
		json_put_text(json, "before", why->differences[i].before);
		json_put_text(json, "now", why->differences[i].now);
		json_put_text(json, "note", why->differences[i].note);
		json_close(json);
	}
	json_close(json);
}

static void print_json(const struct run_why *why)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct json_writer json;

	json_begin(&json, &text, 2);
	json_open_object(&json, NULL);
	json_put_text(&json, "id", why->id_text);
	json_put_text(&json, "path", why->path);
	json_put_bool(&json, "in_ledger", why->is_in_ledger);
	json_put_bool(&json, "in_manifest", why->is_in_manifest);
	if (why->is_in_ledger)
		json_put_text(&json, "state", job_state_name(why->state));
	else
		json_put_null(&json, "state");
	json_put_text(&json, "sentence", why->sentence);
	json_put_raw(&json, "identity", why->canonical);
	if (why->n_differences > 0)
		put_other(&json, why);
	json_close(&json);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

static int tell(const struct options *o, const struct run_place *place, const struct run_config *config)
{
	struct run_why why;
	struct err err = ERR_INIT;
	int status = 0;

	if (run_why(place, config, o->args[1], &why, &err) < 0)
		status = print_err(&err);
	else if (o->json)
		print_json(&why);
	else
		print_text(&why);
	run_why_release(&why);
	return status;
}

/* A folder has no manifest to compare with: only its rows. */
static int tell_folder(const struct options *o)
{
	struct run_place place;
	struct folder f;
	int status;

	if (o->checkpoint || o->n_sets) {
		print_message("--checkpoint and --set go with a manifest; '%s' is a folder", o->args[0]);
		return 2;
	}
	status = folder_open(&f, o);
	if (!status) {
		folder_place(&f, o, &place);
		folder_let_go(&f);
		status = tell(o, &place, NULL);
	}
	folder_close(&f);
	return status;
}

int cmd_why(const struct options *o)
{
	struct run_place place;
	struct ready r;
	struct err err = ERR_INIT;
	int status;

	if (fs_is_dir(o->args[0]))
		return tell_folder(o);
	status = ready_open(&r, o, &err);
	ready_tell(&r, o, status, &err, false);
	if (!status) {
		const struct run_config *config = &r.p.config;

		place = (struct run_place){ .output_dir = config->output_dir, .called = o->args[0], .manifest_name = config->manifest_name,
					    .backend = config->ops->name };
		status = tell(o, &place, config);
	}
	ready_close(&r);
	return status;
}
