/* manifest_schema: the file that ships is what the card gives; every reference leads somewhere; every parameter is there. */
#include "manifest/manifest.h"

#include "base/fs.h"
#include "base/json.h"

#include "tap.h"

#define SCHEMA_MAX ((size_t)1 << 20)

static int n_refs, n_lost;

static void check_ref(const struct json *definitions, const char *ref)
{
	static const char start[] = "#/definitions/";

	n_refs++;
	if (strncmp(ref, start, strlen(start)) != 0 || !json_member(definitions, ref + strlen(start))) {
		n_lost++;
		printf("# '%s' leads nowhere\n", ref);
	}
}

static void walk(const struct json *definitions, const struct json *n)
{
	for (const struct json *c = json_first(n); c; c = json_next(c)) {
		if (json_name(c) && !strcmp(json_name(c), "$ref"))
			check_ref(definitions, json_string(c, ""));
		walk(definitions, c);
	}
}

static void check_params(const struct card *card, const struct json *definitions)
{
	const struct json *params = json_member(json_member(definitions, "params"), "properties");
	const struct json *sweep = json_member(json_member(definitions, "sweep"), "properties");

	for (int i = 0; i < card_n_params(card); i++) {
		const struct param *p = card_param(card, i);

		OK(json_member(params, p->name) && json_member(sweep, p->name), "%s is in params and sweep", p->name);
		if (p->alias)
			OK(json_member(params, p->alias) && json_member(sweep, p->alias), "%s too", p->alias);
	}
}

int main(void)
{
	struct strbuf made = STRBUF_INIT(SCHEMA_MAX), shipped = STRBUF_INIT(SCHEMA_MAX);
	struct err err = ERR_INIT;
	struct json_doc *doc = NULL;
	struct card *card;
	const struct json *definitions;

	if (card_open(&card, "meta-musicgen", &err))
		return 1;
	manifest_schema(card, &made);
	OK(strbuf_ok(&made), "the schema fits");
	if (!OK(json_parse(&doc, made.buf, made.len, SCHEMA_MAX, "schema", ERR_BUG, &err) == 0, "it is JSON"))
		return 1;
	definitions = json_member(json_root(doc), "definitions");
	IS_TEXT(json_string(json_member(json_root(doc), "$schema"), ""), "http://json-schema.org/draft-07/schema#", "draft-07");
	walk(definitions, json_root(doc));
	OK(n_refs > 20, "%d references", n_refs);
	IS_INT(n_lost, 0, "all lead somewhere");
	check_params(card, definitions);
	OK(fs_read("schema/manifest.schema.json", &shipped, &err) == 0, "schema/manifest.schema.json is there");
	if (!OK(!strcmp(made.buf, shipped.buf), "and is what the card gives"))
		printf("# make it again: mgbatch schema > schema/manifest.schema.json\n");
	json_free(doc);
	strbuf_release(&made);
	strbuf_release(&shipped);
	card_close(card);
	return tap_done();
}
