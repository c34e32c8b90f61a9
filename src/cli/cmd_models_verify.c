/* `mgbatch models verify [VERSION]`. */
#include "base/json_write.h"
#include "base/text.h"
#include "cli/cmd_models.h"
#include "cli/print.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct verifying {
	const struct options *o;
	const char *version;
	struct strbuf text;
	struct json_writer json;
	int n_by[STORE_N_VERDICTS];
};

static const char *const verdicts[STORE_N_VERDICTS] = { [STORE_GOOD] = "good", [STORE_WRONG] = "wrong", [STORE_UNCHECKED] = "unchecked" };

static void visit(void *arg, const struct store_finding *finding)
{
	struct verifying *v = arg;
	char bytes[32];

	v->n_by[finding->verdict]++;
	if (v->o->json) {
		json_open_object(&v->json, NULL);
		json_put_text(&v->json, "file", finding->file);
		json_put_int(&v->json, "bytes", (int64_t)finding->bytes);
		json_put_text(&v->json, "verdict", verdicts[finding->verdict]);
		json_put_text(&v->json, "sentence", finding->sentence);
		json_close(&v->json);
	} else if (!v->o->is_quiet || finding->verdict == STORE_WRONG) {
		strbuf_addf(&v->text, "%-9s  %s  ", verdicts[finding->verdict], v->version);
		print_visible(&v->text, finding->file);
		strbuf_addf(&v->text, "%s%s: ", *finding->file ? ", " : "", *finding->file ? text_bytes(bytes, sizeof bytes, finding->bytes) : "the folder");
		print_visible(&v->text, finding->sentence);
		strbuf_addc(&v->text, '\n');
		print_out(&v->text);
		(void)fflush(stdout); /* the next file may take a while */
	}
}

/* What to do about it: of a public version what is good stays, and the rest comes again. */
static void say_wrong(struct verifying *v, const struct store_entry *e)
{
	if (store_public_bytes(e->name) && !strcmp(e->place, "mgbatch") && !text_ends_with(e->dir, ".part"))
		print_message("to mend it rename '%s' to '%s.part', then `mgbatch models pull %s`: only what is wrong is downloaded again", e->dir, e->dir, v->version);
	else
		print_message("to mend '%s' bring it back from where it came", e->dir);
}

static int verify_one(struct verifying *v, const struct store_entry *e, struct err *err)
{
	int r;

	memset(v->n_by, 0, sizeof v->n_by);
	v->version = e->name;
	if (v->o->json) {
		json_open_object(&v->json, NULL);
		json_put_text(&v->json, "version", e->name);
		json_put_text(&v->json, "folder", e->dir);
		json_open_array(&v->json, "files");
	}
	r = store_verify(e->dir, visit, v, err);
	if (v->o->json) {
		json_close(&v->json);
		json_put_int(&v->json, "good", v->n_by[STORE_GOOD]);
		json_put_int(&v->json, "wrong", v->n_by[STORE_WRONG]);
		json_put_int(&v->json, "unchecked", v->n_by[STORE_UNCHECKED]);
		json_close(&v->json);
		return r;
	}
	if (r == 0 && v->n_by[STORE_WRONG])
		say_wrong(v, e);
	else if (r == 0 && !v->o->is_quiet)
		strbuf_addf(&v->text, "%s: %d good, %d whose content nothing is known of\n", e->name, v->n_by[STORE_GOOD], v->n_by[STORE_UNCHECKED]);
	print_out(&v->text);
	return r;
}

static int verify_all(struct verifying *v, const struct store_list *list, const char *version, struct err *err)
{
	int n = 0, n_wrong = 0;
	char *dir = NULL;

	for (int i = 0; i < list->n; i++) {
		if (version && strcmp(list->entries[i].name, version) != 0)
			continue;
		n++;
		if (verify_one(v, &list->entries[i], err) != 0)
			return print_err(err);
		n_wrong += v->n_by[STORE_WRONG];
	}
	if (n == 0 && version) {
		if (store_find(&dir, version, err) == 0) /* it came meanwhile: as good as not there */
			free(dir);
		else
			return print_err(err);
	}
	if (n == 0)
		print_message("there are no checkpoints in the places where they are looked for; `mgbatch models list` names them");
	return n_wrong ? 1 : 0;
}

int models_verify(const struct options *o, const char *version)
{
	struct verifying v = { .o = o, .text = STRBUF_INIT(PRINT_MAX) };
	struct store_list list;
	struct err err = ERR_INIT;
	int status;

	if (store_list_read(&list, &err) < 0)
		return print_err(&err);
	if (o->json) {
		json_begin(&v.json, &v.text, 2);
		json_open_array(&v.json, NULL);
	}
	status = verify_all(&v, &list, version, &err);
	if (o->json) {
		json_close(&v.json);
		strbuf_addc(&v.text, '\n');
		print_out(&v.text);
	}
	strbuf_release(&v.text);
	store_list_release(&list);
	return status;
}
