#include "manifest/schema.h"

#include <string.h>

void schema_types(struct json_writer *w, const char *const *types)
{
	json_open_array(w, "type");
	for (; *types; types++)
		json_put_text(w, NULL, *types);
	json_close(w);
}

void schema_ref(struct json_writer *w, const char *member, const char *kind, const char *name)
{
	struct strbuf ref = STRBUF_INIT(1024);

	strbuf_addf(&ref, "#/definitions/%s%s%s", kind, name[0] ? "-" : "", name);
	json_open_object(w, member);
	json_put_text(w, "$ref", ref.buf);
	json_close(w);
	strbuf_release(&ref);
}

void schema_scalar(struct json_writer *w, const char *member)
{
	static const char *const types[] = { "string", "number", "boolean", NULL };

	json_open_object(w, member);
	schema_types(w, types);
	json_close(w);
}

void schema_quantity(struct json_writer *w, const char *member, const char *pattern, const char *help)
{
	static const char *const types[] = { "string", "number", NULL };

	json_open_object(w, member);
	json_put_text(w, "description", help);
	schema_types(w, types);
	json_put_text(w, "pattern", pattern); /* of the texts; a number is its own form */
	json_close(w);
}

void schema_integer(struct json_writer *w, const char *member, int min, int max, const char *help)
{
	json_open_object(w, member);
	json_put_text(w, "description", help);
	json_put_text(w, "type", "integer");
	json_put_int(w, "minimum", min);
	json_put_int(w, "maximum", max);
	json_close(w);
}

void schema_text(struct json_writer *w, const char *member, const char *pattern, const char *help)
{
	json_open_object(w, member);
	json_put_text(w, "description", help);
	json_put_text(w, "type", "string");
	if (pattern)
		json_put_text(w, "pattern", pattern);
	json_close(w);
}
