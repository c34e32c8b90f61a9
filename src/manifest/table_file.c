/*
 * table_file: opening, what every kind has in common, and .txt. See table_file.h.
 */
#include "manifest/table_file.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "manifest/mistakes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- mistakes -------------------------------------------------------------- */

void table_say(struct table_file *t, int line, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list ap;

	if (t->n_mistakes < TABLE_SAID_MAX) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof text, fmt, ap);
		va_end(ap);
		t->mistakes[t->n_mistakes].line = line;
		t->mistakes[t->n_mistakes].text = arena_strdup(&t->arena, text);
	}
	t->n_mistakes++;
}

/* ---- columns and rows ------------------------------------------------------- */

int table_find_column(const struct table_file *t, const char *name)
{
	for (int i = 0; i < t->n_columns; i++)
		if (!strcmp(t->columns[i].name, name))
			return i;
	return -1;
}

static void grow_column(struct table_file *t, struct table_column *c)
{
	c->cells = mem_realloc(c->cells, (size_t)t->cap_rows, sizeof *c->cells);
	if (t->kind == TABLE_JSONL)
		c->kinds = mem_realloc(c->kinds, (size_t)t->cap_rows, sizeof *c->kinds);
}

static void clear_cell(struct table_column *c, int64_t row)
{
	c->cells[row] = NULL;
	if (c->kinds)
		c->kinds[row] = CELL_DATA;
}

static bool say_cells(struct table_file *t, int line)
{
	table_say(t, line, "there are more than %" PRId64 " cells: remove columns that are not used, or split the file", t->cells_max);
	return false;
}

bool table_add_column(struct table_file *t, int line, const char *name)
{
	struct table_column *c = &t->columns[t->n_columns];
	struct shown s;

	if (t->n_columns == TABLE_COLUMNS_MAX) {
		table_say(t, line, "there are more than %d columns: keep those that are used", TABLE_COLUMNS_MAX);
		return false;
	}
	if (!name[0] && t->kind != TABLE_LINES) {
		table_say(t, line, "column %d has no name: name it, or remove it", t->n_columns + 1);
		return false;
	}
	if (table_find_column(t, name) >= 0) {
		table_say(t, line, "two columns are called '%s': rename one", show(&s, name));
		return false;
	}
	if (t->n_rows > t->cells_max / (t->n_columns + 1)) /* of .jsonl, whose last row may bring all its columns */
		return say_cells(t, line);
	memset(c, 0, sizeof *c);
	c->name = name;
	t->n_columns++;
	if (t->cap_rows > 0)
		grow_column(t, c);
	for (int64_t r = 0; r < t->n_rows; r++)
		clear_cell(c, r);
	return true;
}

bool table_add_row(struct table_file *t, int line)
{
	if (t->n_rows == t->rows_max) {
		table_say(t, line, "there are more than %" PRId64 " rows, the limit of jobs: split the file", t->rows_max);
		return false;
	}
	if (t->n_rows >= t->cells_max / (t->n_columns ? t->n_columns : 1))
		return say_cells(t, line);
	if (t->n_rows == t->cap_rows) {
		t->cap_rows = t->cap_rows ? 2 * t->cap_rows : 64;
		t->lines = mem_realloc(t->lines, (size_t)t->cap_rows, sizeof *t->lines);
		for (int i = 0; i < t->n_columns; i++)
			grow_column(t, &t->columns[i]);
	}
	for (int i = 0; i < t->n_columns; i++)
		clear_cell(&t->columns[i], t->n_rows);
	t->lines[t->n_rows++] = line;
	return true;
}

/* ---- lines ------------------------------------------------------------------- */

char *table_end_line(char *p)
{
	char *end = p + strcspn(p, "\r\n"), *next;

	if (!*end)
		return NULL;
	next = end + (end[0] == '\r' && end[1] == '\n' ? 2 : 1);
	*end = 0;
	return *next ? next : NULL;
}

/* Without blanks at both ends. */
static char *trim(char *p)
{
	size_t len;

	p += strspn(p, " \t");
	len = strlen(p);
	while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
		p[--len] = 0;
	return p;
}

static void read_lines(struct table_file *t, char *text)
{
	int line = 1;

	(void)table_add_column(t, 0, "");
	for (char *p = text, *next; p; p = next, line++) {
		next = table_end_line(p);
		p = trim(p);
		if (!*p)
			continue;
		if (!table_add_row(t, line))
			return;
		t->columns[0].cells[t->n_rows - 1] = p;
	}
}

/* ---- encoding ------------------------------------------------------------------ */

static int line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n' || (*text == '\r' && text[1] != '\n');
	return line;
}

/* True when the whole is UTF-8 text; says what it is instead. */
static bool check_encoding(struct table_file *t, const char *text, size_t len)
{
	static const char how[] = "save it as UTF-8 (a spreadsheet calls that 'CSV UTF-8')";
	const char *nul = memchr(text, 0, len);
	size_t at = 0, n;
	uint32_t c;

	if (len >= 2 && (!memcmp(text, "\xFF\xFE", 2) || !memcmp(text, "\xFE\xFF", 2))) {
		table_say(t, 0, "the file is UTF-16: %s", how);
		return false;
	}
	if (nul) {
		table_say(t, line_of(text, nul), "a NUL byte, so that this is no text file: %s", how);
		return false;
	}
	if (text_is_utf8(text, len))
		return true;
	while ((n = text_utf8_next(text + at, len - at, &c)) > 0)
		at += n;
	table_say(t, line_of(text, text + at), "byte 0x%02X is not UTF-8 (old spreadsheets write Latin-1 or Windows-1252): %s",
		  (unsigned)(unsigned char)text[at], how);
	return false;
}

/* ---- the door -------------------------------------------------------------------- */

static void read_csv(struct table_file *t, char *text)
{
	table_csv_read(t, text, ',');
}

static void read_tsv(struct table_file *t, char *text)
{
	table_csv_read(t, text, '\t');
}

static const struct {
	const char *end;
	void (*read)(struct table_file *t, char *text);
} kinds[TABLE_N_KINDS] = {
	[TABLE_LINES] = { ".txt", read_lines },
	[TABLE_CSV] = { ".csv", read_csv },
	[TABLE_TSV] = { ".tsv", read_tsv },
	[TABLE_JSONL] = { ".jsonl", table_jsonl_read },
};

int table_kind_find(const char *path, enum table_kind *ret)
{
	const char *dot = strrchr(fs_basename(path), '.');

	for (int k = 0; dot && k < TABLE_N_KINDS; k++) {
		if (text_equal_ignoring_case(kinds[k].end, dot)) {
			*ret = (enum table_kind)k;
			return 0;
		}
	}
	return -1;
}

struct table_file *table_file_parse(char *text, size_t len, enum table_kind kind, int64_t rows_max)
{
	struct table_file *t = mem_zalloc(1, sizeof *t);
	char *start = text;

	t->kind = kind;
	t->text = text;
	t->rows_max = rows_max;
	t->cells_max = rows_max < TABLE_CELLS_MAX / TABLE_CELLS_PER_ROW ? TABLE_CELLS_PER_ROW * rows_max : TABLE_CELLS_MAX;
	if (len >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3)) {
		start += 3;
		len -= 3;
	}
	if (check_encoding(t, start, len))
		kinds[kind].read(t, start);
	if (kind == TABLE_JSONL) { /* its cells are copies */
		free(t->text);
		t->text = NULL;
	}
	return t;
}

static int check_file(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT || errno == ENOTDIR ? err_set(err, ERR_INPUT, "there is no file '%.400s'", path)
							   : err_set_sys(err, ERR_INPUT, errno, "cannot read '%.400s'", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "'%.400s' is a folder: name a file in it", path);
	if (!S_ISREG(st.st_mode)) /* a pipe could go on for ever, and cannot be read again by the next run */
		return err_set(err, ERR_INPUT, "'%.400s' is no plain file", path);
	if ((uint64_t)st.st_size > TABLE_BYTES_MAX)
		return err_set(err, ERR_INPUT, "'%.400s' has %lld bytes, more than the limit of %zu: split it", path, (long long)st.st_size,
			       TABLE_BYTES_MAX);
	return 0;
}

int table_file_open(struct table_file **ret, const char *path, enum table_kind kind, int64_t rows_max, struct err *err)
{
	struct strbuf bytes = STRBUF_INIT(TABLE_BYTES_MAX);
	size_t len;

	if (check_file(path, err) || fs_read(path, &bytes, err)) {
		err->code = ERR_INPUT;
		strbuf_release(&bytes);
		return -1;
	}
	len = bytes.len;
	*ret = table_file_parse(strbuf_detach(&bytes), len, kind, rows_max);
	return 0;
}

void table_file_free(struct table_file *t)
{
	if (!t)
		return;
	for (int i = 0; i < t->n_columns; i++) {
		free(t->columns[i].cells);
		free(t->columns[i].kinds);
	}
	free(t->lines);
	free(t->text);
	arena_release(&t->arena);
	free(t);
}
