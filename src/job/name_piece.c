#include "job/name_piece.h"

#include "base/mem.h"
#include "base/text.h"
#include "job/job.h"

#include <stdlib.h>
#include <string.h>

/* What every template may name, besides parameters, axes and columns. */
static const char *const builtins[] = { "set", "axes", "take", "id" };
#define N_BUILTINS (sizeof builtins / sizeof *builtins)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '.' || c == '-';
}

/* One or two digits before the '}', 1..99; 0: something else. */
static int read_count(const char *at)
{
	int n = 0, i;

	for (i = 0; i < 2 && is_digit(at[i]); i++)
		n = 10 * n + (at[i] - '0');
	return at[i] == '}' ? n : 0;
}

/* What stands between ':' and '}'. False: no form that we know. */
static bool read_form(const char *at, struct name_piece *ret)
{
	if (at[0] == '.' && is_digit(at[1]) && at[2] == 'f' && at[3] == '}') {
		ret->decimals = at[1] - '0';
		return true;
	}
	if (at[0] == '0') {
		ret->width = read_count(at + 1);
		return ret->width > 0 && ret->width <= 20;
	}
	ret->length = read_count(at);
	return ret->length > 0;
}

static int read_place(const char **at, struct name_piece *ret, struct strbuf *why)
{
	const char *name = *at + 1, *end;
	size_t len = 0;

	while (is_name_char(name[len]))
		len++;
	if (len == 0 || len > NAME_PLACE_MAX || (name[len] != '}' && name[len] != ':')) {
		strbuf_adds(why, "has a '{' that begins no placeholder: write '{name}', or '{{' for a brace");
		return -1;
	}
	memcpy(ret->name, name, len);
	ret->name[len] = '\0';
	end = strchr(name, '}');
	if (!end || (name[len] == ':' && !read_form(name + len + 1, ret))) {
		strbuf_addf(why,
			    "has placeholder '{%s:...}' with an unknown form: '04' puts zeros in front, '.2f' keeps two digits after the "
			    "point, '20' keeps twenty characters",
			    ret->name);
		return -1;
	}
	*at = end + 1;
	return 0;
}

int name_piece_next(const char **at, struct name_piece *ret, struct strbuf *why)
{
	static const struct name_piece plain = NAME_PIECE_PLAIN;
	const char *p = *at;

	*ret = plain;
	if (*p == '{' && p[1] != '{')
		return read_place(at, ret, why);
	ret->kind = *p ? NAME_TEXT : NAME_END;
	ret->text = p;
	if (*p == '{' || *p == '}') {
		ret->len = 1;
		*at = p + (p[1] == p[0] ? 2 : 1);
		return 0;
	}
	ret->len = strcspn(p, "{}");
	*at = p + ret->len;
	return 0;
}

/* ---- the check of a template ------------------------------------------------ */

static int check_known(const char *name, const char *const *names, size_t n_names, struct strbuf *why)
{
	const char **all = mem_zalloc(n_names + N_BUILTINS, sizeof *all), *near;
	size_t i, n = 0;
	int r = -1;

	for (i = 0; i < n_names; i++) /* of two equally near, the parameter: '{sed}' is {seed}, not {set} */
		all[n++] = names[i];
	for (i = 0; i < N_BUILTINS; i++)
		all[n++] = builtins[i];
	for (i = 0; i < n && r < 0; i++)
		if (strcmp(all[i], name) == 0)
			r = 0;
	if (r < 0) {
		near = text_nearest(name, all, n);
		strbuf_addf(why, "has the unknown placeholder '{%s}'", name);
		if (near)
			strbuf_addf(why, ", did you mean '{%s}'?", near);
		else
			strbuf_adds(why, ": there are {set}, {axes}, {take}, {id}, the parameters, and the axes and columns of the sweep");
	}
	free(all);
	return r;
}

/* What a path on some system cannot hold, or what would leave the output folder. */
static int check_path(const char *t, struct strbuf *why)
{
	static const char *const extensions[] = { ".wav", ".flac", ".ogg", ".mp3" };
	const char *part;
	size_t i;

	for (i = 0; t[i]; i++)
		if ((unsigned char)t[i] < 0x20 || t[i] == 0x7f || strchr("\\*?\"<>|", t[i])) {
			strbuf_adds(why, "holds a control character or one of \\ * ? \" < > |, which a file name cannot have everywhere");
			return -1;
		}
	for (part = t; part; part = strchr(part, '/')) {
		part += *part == '/' && part != t;
		if (*part == '/' || *part == '\0' || *part == '.' || *part == '-' || *part == ' ') {
			strbuf_adds(why, "has an empty part, or one that begins with '.', '-' or a blank: each part between '/' must begin "
					 "with a letter, a digit or a placeholder, and the path stays inside output.dir");
			return -1;
		}
	}
	for (i = 0; i < sizeof extensions / sizeof *extensions; i++)
		if (text_ends_with(t, extensions[i])) {
			strbuf_addf(why, "ends with '%s': remove it, output.format adds the extension", extensions[i]);
			return -1;
		}
	return 0;
}

/* ':' belongs to forms; in the text between placeholders it is a drive or a stream on Windows. */
static int check_text(const struct name_piece *piece, struct strbuf *why)
{
	if (!memchr(piece->text, ':', piece->len))
		return 0;
	strbuf_adds(why, "holds ':' outside a placeholder, which a file name cannot have everywhere");
	return -1;
}

int name_check(const char *template, const char *const *names, size_t n_names, struct strbuf *why)
{
	const char *at = template;
	struct name_piece piece;

	strbuf_reset(why);
	if (check_path(template, why))
		return -1;
	do {
		if (name_piece_next(&at, &piece, why))
			return -1;
		if (piece.kind == NAME_TEXT && check_text(&piece, why))
			return -1;
		if (piece.kind == NAME_PLACE && check_known(piece.name, names, n_names, why))
			return -1;
	} while (piece.kind != NAME_END);
	return 0;
}
