/*
 * naming: a job's file name from a template. See job.h.
 *
 * {axes} joins one piece per axis with "_": a letter and a number for a
 * parameter (t0p8), a slug for a text, the axis' own name before another number
 * (bpm80), k and the number for takes. Pieces hold no "_" but those of "_"
 * themselves, numbers print exactly, and the order of the axes is the same for
 * all jobs of a set, so that two combinations print alike only where two texts
 * have one slug; that is what the manifest's check for equal names finds.
 *
 * A name is safe by construction: values print [a-z0-9-] and letters, so only
 * the template itself can hold anything else, and name_check has looked at it.
 */
#include "job/job.h"
#include "job/name_piece.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLUG_BYTES 40       /* as DESIGN has it */
#define COMPONENT_BYTES 100 /* leaves room for extension and ".new~" below the 143 of the narrowest (eCryptfs) */
#define PATH_BYTES 240      /* Windows ends at 260 with its drive */

/* ---- text and numbers ------------------------------------------------------ */

/* Latin letters with a mark, U+00C0 to U+00FF, without it; '-' for the two signs between them. */
static const char latin_plain[] = "aaaaaaaceeeeiiiidnooooo-ouuuuyts"
				  "aaaaaaaceeeeiiiidnooooo-ouuuuyty";

/* The slug character at *at, which is moved on; '-' for anything that has none, '\0' for what is dropped. */
static char slug_char(const unsigned char **at)
{
	unsigned char c = *(*at)++;

	if (c == 0xc3 && **at >= 0x80 && **at <= 0xbf)
		return latin_plain[*(*at)++ - 0x80];
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return (char)c;
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '\'' ? '\0' : '-';
}

/* At most max bytes, no '-' first, last or twice; a text without any letter is named by its hash. */
static void add_slug(const char *text, size_t max, struct strbuf *out)
{
	const unsigned char *at = (const unsigned char *)text;
	unsigned char hash[HASH_BYTES];
	bool is_gap = false;
	size_t n = 0;
	char code[9];

	while (*at) {
		char c = slug_char(&at);

		if (c == '-')
			is_gap = n > 0;
		if (c == '-' || c == '\0')
			continue;
		if (n + (is_gap ? 2 : 1) > max)
			break;
		if (is_gap)
			strbuf_addc(out, '-');
		strbuf_addc(out, c);
		n += is_gap ? 2 : 1;
		is_gap = false;
	}
	if (n > 0)
		return;
	if (text[0] == '\0') {
		strbuf_adds(out, "empty");
		return;
	}
	hash_bytes(text, strlen(text), hash);
	hash_base32(code, sizeof code - 1, hash);
	strbuf_addf(out, "x%s", code);
}

void name_slug(const char *text, struct strbuf *out)
{
	add_slug(text, SLUG_BYTES, out);
}

/* 0.8 as 0p8, -1 as m1, 1e+21 as 1e21: a dot ends the key of a WebDataset's sample, and '-' is an option's. */
static void add_safe_number(struct strbuf *out, const char *number)
{
	for (; *number; number++)
		if (*number != '+')
			strbuf_addc(out, *number == '.' ? 'p' : *number == '-' ? 'm' : *number);
}

/* The file's name without folders and extension. */
static void add_stem(const char *path, size_t max, struct strbuf *out)
{
	const char *name = strrchr(path, '/'), *dot;
	struct strbuf stem = STRBUF_INIT(4096);

	name = name ? name + 1 : path;
	dot = strrchr(name, '.');
	strbuf_add(&stem, name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
	add_slug(stem.buf, max, out);
	strbuf_release(&stem);
}

void name_stem(const char *path, struct strbuf *out)
{
	add_stem(path, SLUG_BYTES, out);
}

/* ---- one placeholder ------------------------------------------------------- */

static int wrong_form(const struct name_piece *p, const char *what, const char *instead, struct strbuf *why)
{
	strbuf_addf(why, "has placeholder '{%s}' in a form that %s cannot take: write '{%s%s}'", p->name, what, p->name, instead);
	return -1;
}

static int put_number(double v, const struct name_piece *p, struct strbuf *out, struct strbuf *why)
{
	struct strbuf text = STRBUF_INIT(512); /* %.9f of the greatest double is 319 bytes */
	char buf[TEXT_NUMBER_MAX];

	if (p->length > 0)
		return wrong_form(p, "a number", ":04", why);
	if (p->width > 0 && (floor(v) != v || fabs(v) > 9007199254740992.0)) /* 2^53: whole and exact up to there */
		return wrong_form(p, "a number with a fraction", ":.2f", why);
	if (p->width > 0)
		strbuf_addf(&text, "%0*.0f", p->width, v);
	else if (p->decimals >= 0)
		strbuf_addf(&text, "%.*f", p->decimals, v);
	else
		strbuf_adds(&text, text_number(buf, v));
	add_safe_number(out, text.buf);
	strbuf_release(&text);
	return 0;
}

static int put_text(const char *text, bool is_path, const struct name_piece *p, struct strbuf *out, struct strbuf *why)
{
	size_t max = p->length > 0 ? (size_t)p->length : SLUG_BYTES;

	if (p->width > 0 || p->decimals >= 0)
		return wrong_form(p, "a text", ":20", why);
	if (is_path)
		add_stem(text, max, out);
	else
		add_slug(text, max, out);
	return 0;
}

static int put_value(const struct value *v, enum param_type type, const struct name_piece *p, struct strbuf *out, struct strbuf *why)
{
	if (v->kind == VALUE_NUMBER)
		return put_number(v->as.number, p, out, why);
	if (v->kind == VALUE_TEXT)
		return put_text(v->as.text, type == PARAM_FILE, p, out, why);
	if (v->kind == VALUE_BOOL)
		return put_text(v->as.flag ? "true" : "false", false, p, out, why);
	return put_text("none", false, p, out, why);
}

/* Text that is no parameter's: a number where it is one. */
static int put_free(const char *text, const struct name_piece *p, struct strbuf *out, struct strbuf *why)
{
	double v;

	if (text_parse_number(text, &v))
		return put_number(v, p, out, why);
	return put_text(text, false, p, out, why);
}

/* ---- {axes} ---------------------------------------------------------------- */

static const struct job_axis *find_axis(const struct job *job, const char *name, size_t len)
{
	int i;

	for (i = 0; i < job->n_axes; i++)
		if (strlen(job->axes[i].name) == len && memcmp(job->axes[i].name, name, len) == 0)
			return &job->axes[i];
	return NULL;
}

/* A column of a table whose axis is there too is told by the axis' label. */
static bool is_told_by_label(const struct job *job, const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && find_axis(job, name, (size_t)(dot - name));
}

static void put_axis(const struct job *job, const struct job_axis *axis, struct strbuf *out, struct strbuf *why)
{
	static const struct name_piece plain = NAME_PIECE_PLAIN;
	const char *dot = strchr(axis->name, '.'), *name = dot ? dot + 1 : axis->name;
	int index = card_find(job->card, name);
	double v;

	if (index >= 0) {
		const struct param *p = card_param(job->card, index);
		struct value value = job_value(job, index);

		if (value.kind == VALUE_NUMBER || value.kind == VALUE_BOOL)
			strbuf_adds(out, p->name_letter);
		if (value.kind == VALUE_BOOL)
			strbuf_addc(out, value.as.flag ? '1' : '0');
		else
			(void)put_value(&value, p->type, &plain, out, why); /* a plain piece has no wrong form */
		return;
	}
	if (text_parse_number(axis->text, &v)) {
		if (strcmp(name, "take") == 0)
			strbuf_addc(out, 'k');
		else
			name_slug(name, out);
	}
	(void)put_free(axis->text, &plain, out, why);
}

/* A job without any axis is called after its set, which has no other. */
static void put_axes(const struct job *job, struct strbuf *out, struct strbuf *why)
{
	size_t start = out->len;
	int i;

	for (i = 0; i < job->n_axes; i++) {
		if (is_told_by_label(job, job->axes[i].name))
			continue;
		if (out->len > start)
			strbuf_addc(out, '_');
		put_axis(job, &job->axes[i], out, why);
	}
	if (job->take > 1 && !find_axis(job, "take", strlen("take")))
		strbuf_addf(out, "%sk%d", out->len > start ? "_" : "", job->take);
	if (out->len == start)
		name_put_set(job->set[0] ? job->set : "single", out);
}

void name_put_set(const char *set, struct strbuf *out)
{
	size_t n = strspn(set, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	if (set[n] == '\0')
		strbuf_adds(out, set);
	else
		name_slug(set, out);
}

/* ---- names ----------------------------------------------------------------- */

static int put_id(const struct job *job, const struct name_piece *p, struct strbuf *out, struct strbuf *why)
{
	char id[JOB_ID_SIZE];

	if (p->width > 0 || p->decimals >= 0 || p->length > JOB_ID_CHARS)
		return wrong_form(p, "an id of 12 characters", ":2", why);
	job_id_text(id, job->id);
	strbuf_add(out, id, p->length > 0 ? (size_t)p->length : JOB_ID_CHARS);
	return 0;
}

static int put_place(const struct job *job, const struct name_piece *p, struct strbuf *out, struct strbuf *why)
{
	const struct job_axis *axis;
	int index;

	if (strcmp(p->name, "id") == 0)
		return put_id(job, p, out, why);
	if (strcmp(p->name, "take") == 0)
		return put_number(job->take, p, out, why);
	if (strcmp(p->name, "set") == 0 || strcmp(p->name, "axes") == 0) {
		if (p->width > 0 || p->decimals >= 0 || p->length > 0)
			return wrong_form(p, "it", "", why);
		if (p->name[0] == 's')
			name_put_set(job->set, out);
		else
			put_axes(job, out, why);
		return 0;
	}
	index = card_find(job->card, p->name);
	if (index >= 0) {
		struct value v = job_value(job, index);

		return put_value(&v, card_param(job->card, index)->type, p, out, why);
	}
	axis = find_axis(job, p->name, strlen(p->name));
	if (axis)
		return put_free(axis->text, p, out, why);
	strbuf_addf(why, "has placeholder '{%s}', which has no value in set '%s': no parameter, axis or column has this name there", p->name,
		    job->set);
	return -1;
}

/* Device names of Windows, which no file there may have, with any extension. */
static bool is_device(const char *name, size_t len)
{
	static const char *const devices[] = { "con", "prn", "aux", "nul" };
	char stem[5];
	size_t i;

	for (i = 0; i < len && name[i] != '.'; i++)
		if (i < sizeof stem - 1)
			stem[i] = name[i];
	if (i != 3 && i != 4)
		return false;
	stem[i] = '\0';
	if (i == 4 && stem[3] >= '1' && stem[3] <= '9') {
		stem[3] = '\0';
		return text_equal_ignoring_case(stem, "com") || text_equal_ignoring_case(stem, "lpt");
	}
	for (i = 0; i < sizeof devices / sizeof *devices; i++)
		if (text_equal_ignoring_case(stem, devices[i]))
			return true;
	return false;
}

/* The part of a path between two slashes, without the joints that an empty value leaves at its ends. */
static int put_component(const char *at, size_t len, struct strbuf *out, size_t start, struct strbuf *why)
{
	while (len > 0 && strchr("-_. ", at[0])) {
		at++;
		len--;
	}
	while (len > 0 && strchr("-_. ", at[len - 1]))
		len--;
	if (len == 0)
		return 0;
	if (len > COMPONENT_BYTES) {
		strbuf_addf(why, "gives the name '%.40s...' of %zu bytes, at most %d can be: use {id}, or fewer and shorter placeholders",
			    at, len, COMPONENT_BYTES);
		return -1;
	}
	if (out->len > start)
		strbuf_addc(out, '/');
	strbuf_add(out, at, len);
	if (is_device(at, len))
		strbuf_addc(out, '_');
	return 0;
}

static int put_path(const char *raw, struct strbuf *out, struct strbuf *why)
{
	size_t start = out->len;

	while (*raw) {
		size_t len = strcspn(raw, "/");

		if (put_component(raw, len, out, start, why))
			return -1;
		raw += len;
		raw += *raw == '/';
	}
	if (out->len == start) {
		strbuf_adds(why, "gives an empty name: add {axes} or {id}");
		return -1;
	}
	if (out->len - start > PATH_BYTES || !strbuf_ok(out)) {
		strbuf_addf(why, "gives a path of %zu bytes, at most %d can be: use {id}, or fewer and shorter placeholders",
			    out->len - start, PATH_BYTES);
		return -1;
	}
	return 0;
}

int job_name(const struct job *job, const char *template, struct strbuf *out, struct strbuf *why)
{
	struct strbuf raw = STRBUF_INIT(16384);
	struct name_piece piece;
	int r = -1;

	strbuf_reset(why);
	do {
		if (name_piece_next(&template, &piece, why))
			goto out;
		if (piece.kind == NAME_TEXT)
			strbuf_add(&raw, piece.text, piece.len);
		if (piece.kind == NAME_PLACE && put_place(job, &piece, &raw, why))
			goto out;
	} while (piece.kind != NAME_END);
	if (!strbuf_ok(&raw))
		strbuf_adds(why, "gives a path that is too long: use {id}");
	else
		r = put_path(raw.buf, out, why);
out:
	strbuf_release(&raw);
	return r;
}
