/* template: names found, braces, values put in. */
#include "manifest/template.h"

#include "tap.h"

static const char *find(void *arg, const char *name)
{
	(void)arg;
	if (!strcmp(name, "genre"))
		return "jazz";
	if (!strcmp(name, "tempo.bpm"))
		return "80";
	if (!strcmp(name, "braces"))
		return "{genre}";
	return NULL;
}

static void check_render(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "{genre} at {tempo.bpm}", "jazz at 80" },
		{ "{{genre}}", "{genre}" },
		{ "{{{genre}}}", "{jazz}" },
		{ "a } b", "a } b" },
		{ "}}", "}" },
		{ "{braces}", "{genre}" }, /* a value is no template */
		{ "{genre}{genre}", "jazzjazz" },
		{ "{missing}", NULL },
	};
	struct strbuf out = STRBUF_INIT(4096);
	char name[TEMPLATE_NAME_MAX + 1];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int rc;

		strbuf_reset(&out);
		rc = template_render(rows[i].text, find, NULL, &out, name);
		IS_INT(rc, rows[i].want ? 0 : -1, rows[i].text);
		if (rows[i].want)
			IS_TEXT(out.buf, rows[i].want, rows[i].text);
		else
			IS_TEXT(name, "missing", "the missing name is handed out");
	}
	strbuf_release(&out);
}

/* want: the names, or NULL for wrong braces. */
static void check_names(const char *text, const char *want)
{
	struct strbuf why = STRBUF_INIT(4096), got = STRBUF_INIT(4096);
	char name[TEMPLATE_NAME_MAX + 1];
	size_t at = 0;
	int rc;

	while ((rc = template_next(text, &at, name, &why)) > 0)
		strbuf_addf(&got, "%s ", name);
	IS_INT(rc, want ? 0 : -1, text);
	if (want)
		IS_TEXT(got.buf, want, text);
	else
		OK(strstr(why.buf, "write '{name}', or '{{'") != NULL, "'%s': says what to write", text);
	strbuf_release(&why);
	strbuf_release(&got);
}

int main(void)
{
	char longest[TEMPLATE_NAME_MAX + 4];

	check_render();
	check_names("a {b} {c-d.e_1} {{f}}", "b c-d.e_1 ");
	check_names("", "");
	check_names("{", NULL);
	check_names("{}", NULL);
	check_names("{a b}", NULL);
	check_names("{1}", NULL);
	check_names("{a", NULL);
	check_names("{a:04}", NULL);
	memset(longest, 'a', sizeof longest);
	longest[0] = '{';
	longest[TEMPLATE_NAME_MAX + 1] = '}';
	longest[TEMPLATE_NAME_MAX + 2] = 0;
	OK(template_is(longest), "the longest name is a template");
	longest[TEMPLATE_NAME_MAX + 1] = 'a';
	longest[TEMPLATE_NAME_MAX + 2] = '}';
	longest[TEMPLATE_NAME_MAX + 3] = 0;
	check_names(longest, NULL);
	OK(template_name_is("bpm") && !template_name_is("") && !template_name_is("a b") && !template_name_is("1a"), "names");
	return tap_done();
}
