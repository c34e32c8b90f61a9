#include "base/json_write.h"
#include "base/text.h"
#include "cli/cmd_models.h"
#include "cli/cmds.h"
#include "cli/print.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#define KIND_WIDTH 13 /* "stereo melody" */
#define SIZE_WIDTH 10 /* "1023.9 MiB" */

static const char *kind_text(const struct store_entry *e)
{
	static const char *const kinds[2][2] = { { "mono", "mono melody" }, { "stereo", "stereo melody" } };

	return e->has_config ? kinds[e->is_stereo][e->is_melody] : "?";
}

static void print_text(const struct store_list *list)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	char bytes[32];
	int width = 0;

	for (int i = 0; i < list->n; i++)
		if ((int)strlen(list->entries[i].name) > width)
			width = (int)strlen(list->entries[i].name);
	for (int i = 0; i < list->n; i++) {
		const struct store_entry *e = &list->entries[i];
		size_t before = text.len;

		print_visible(&text, e->name);
		while (text.len < before + (size_t)width + 2)
			strbuf_addc(&text, ' ');
		strbuf_addf(&text, "%-*s  %*s  ", KIND_WIDTH, kind_text(e), SIZE_WIDTH, text_bytes(bytes, sizeof bytes, e->bytes));
		print_visible(&text, e->dir);
		if (!e->is_complete) {
			strbuf_adds(&text, "  not complete: ");
			print_visible(&text, e->why);
		} else if (*e->version && strcmp(e->version, e->name) != 0) {
			strbuf_adds(&text, "  holds ");
			print_visible(&text, e->version);
			strbuf_adds(&text, ": no job's modelVersion finds it under this name");
		}
		strbuf_addc(&text, '\n');
	}
	print_out(&text);
	strbuf_release(&text);
}

static void print_json(const struct store_list *list)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct json_writer json;

	json_begin(&json, &text, 2);
	json_open_array(&json, NULL);
	for (int i = 0; i < list->n; i++) {
		const struct store_entry *e = &list->entries[i];

		json_open_object(&json, NULL);
		json_put_text(&json, "version", e->name);
		json_put_text(&json, "holds", e->version);
		json_put_bool(&json, "is_stereo", e->is_stereo);
		json_put_bool(&json, "is_melody", e->is_melody);
		json_put_int(&json, "bytes", (int64_t)e->bytes);
		json_put_bool(&json, "is_complete", e->is_complete);
		json_put_text(&json, "missing", e->why);
		json_put_text(&json, "place", e->place);
		json_put_text(&json, "folder", e->dir);
		json_put_text(&json, "licence", e->licence);
		json_close(&json);
	}
	json_close(&json);
	strbuf_addc(&text, '\n');
	print_out(&text);
	strbuf_release(&text);
}

static void say_none(const struct store_list *list)
{
	const char *const *roots = (const char *const *)list->roots;

	print_message("there are no checkpoints in '%s' or '%s'; `mgbatch models pull small` downloads one, others are named by folder, with 'checkpoint:' "
		      "or --checkpoint", roots[0] ? roots[0] : "", roots[1] ? roots[1] : "");
}

static int models_list(const struct options *o, const char *unused)
{
	struct store_list list;
	struct err err = ERR_INIT;

	(void)unused;
	if (store_list_read(&list, &err) < 0)
		return print_err(&err);
	if (o->json)
		print_json(&list);
	else if (list.n > 0)
		print_text(&list);
	else
		say_none(&list);
	store_list_release(&list);
	return 0;
}

static int models_path(const struct options *o, const char *version)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct err err = ERR_INIT;
	char *dir = NULL;

	(void)o;
	if (store_find(&dir, version, &err) < 0)
		return print_err(&err);
	strbuf_addf(&text, "%s\n", dir); /* as it is: for $(...) */
	print_out(&text);
	strbuf_release(&text);
	free(dir);
	return 0;
}

int cmd_models(const struct options *o)
{
	static const struct {
		const char *word;
		int min_words, max_words; /* after it */
		int (*run)(const struct options *o, const char *version);
	} rows[] = {
		{ "list", 0, 0, models_list },
		{ "pull", 1, 1, models_pull },
		{ "verify", 0, 1, models_verify },
		{ "path", 1, 1, models_path },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].word, o->args[0]) && o->n_args - 1 >= rows[i].min_words && o->n_args - 1 <= rows[i].max_words)
			return rows[i].run(o, o->n_args > 1 ? o->args[1] : NULL);
	print_message("usage: mgbatch models list | pull VERSION | verify [VERSION] | path VERSION; found '%s%s%s'", o->args[0], o->n_args > 1 ? " " : "",
		      o->n_args > 1 ? o->args[1] : "");
	return 2;
}
