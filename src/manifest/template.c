#include "manifest/template.h"

#include <string.h>

bool template_is(const char *text)
{
	return strpbrk(text, "{}") != NULL;
}

static bool is_name_start(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_name_char(char c)
{
	return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool template_name_is(const char *name)
{
	size_t n = 0;

	if (!is_name_start(*name))
		return false;
	while (is_name_char(name[n]))
		n++;
	return name[n] == 0 && n <= TEMPLATE_NAME_MAX;
}

/* Length of the name that begins at p and ends before '}'; 0: none. */
static size_t name_length(const char *p)
{
	size_t n = 0;

	if (!is_name_start(*p))
		return 0;
	while (is_name_char(p[n]))
		n++;
	return p[n] == '}' && n <= TEMPLATE_NAME_MAX ? n : 0;
}

int template_next(const char *text, size_t *at, char name[TEMPLATE_NAME_MAX + 1], struct strbuf *why)
{
	size_t n;

	strbuf_reset(why);
	for (; text[*at]; (*at)++) {
		if (text[*at] != '{')
			continue;
		if (text[*at + 1] == '{') {
			(*at)++;
			continue;
		}
		n = name_length(text + *at + 1);
		if (n == 0) {
			strbuf_adds(why, "has a '{' that begins no variable: write '{name}', or '{{' for a brace");
			return -1;
		}
		memcpy(name, text + *at + 1, n);
		name[n] = 0;
		*at += n + 2;
		return 1;
	}
	return 0;
}

int template_render(const char *text, const char *(*find)(void *arg, const char *name), void *arg, struct strbuf *out,
		    char name[TEMPLATE_NAME_MAX + 1])
{
	while (*text) {
		size_t plain = strcspn(text, "{}"), n;
		const char *value;

		strbuf_add(out, text, plain);
		text += plain;
		if (!*text)
			break;
		n = *text == '{' ? name_length(text + 1) : 0;
		if (n == 0) {
			strbuf_addc(out, *text);
			text += text[1] == text[0] ? 2 : 1;
			continue;
		}
		memcpy(name, text + 1, n);
		name[n] = 0;
		value = find(arg, name);
		if (!value)
			return -1;
		strbuf_adds(out, value);
		text += n + 2;
	}
	return 0;
}
