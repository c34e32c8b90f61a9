/*
 * table_csv: RFC 4180 and its kin with tabs, cut in place. See table_file.h.
 *
 * A cell never grows while it is cut (a quote goes, two become one), so that each ends with a NUL where its
 * separator or line end stood. One row at a time is gathered and then checked against the header.
 */
#include "manifest/table_file.h"

#include "manifest/mistakes.h"

#include <string.h>

enum cell_end { END_CELL, END_ROW, END_TEXT, END_WRONG };

struct reader {
	struct table_file *t;
	char *p;
	char separator;
	int line; /* that p stands on */
	char *cells[TABLE_COLUMNS_MAX + 1];
	int n_cells; /* counts on where cells has no room */
	bool has_content; /* some cell of the row is not empty */
	bool has_quotes;  /* some cell of the row stood in quotes */
};

/* ---- wrong separators ---------------------------------------------------------- */

/* Is found what separates the cells of another kind of file? Says so. */
static bool say_separator(struct reader *r, int line, char found)
{
	const char *sentence = NULL;

	if (r->separator == ',' && found == ';')
		sentence = "the cells are separated by ';', where a .csv has commas: save it with commas, or with tabs as .tsv";
	else if (r->separator == ',' && found == '\t')
		sentence = "the cells are separated by tabs, where a .csv has commas: call the file .tsv";
	else if (r->separator == '\t' && found == ',')
		sentence = "the cells are separated by commas, where a .tsv has tabs: call the file .csv";
	if (sentence)
		table_say(r->t, line, "%s", sentence);
	return sentence != NULL;
}

/* The first character of text that may be another file's separator, or 0. */
static char foreign_separator(const char *text)
{
	return text[strcspn(text, ";\t,")];
}

/* ---- cells ------------------------------------------------------------------- */

static bool is_blank(const struct reader *r, char c)
{
	return c == ' ' || (c == '\t' && r->separator != '\t');
}

static void skip_blanks(struct reader *r)
{
	while (is_blank(r, *r->p))
		r->p++;
}

/* What ends the cell at p; steps over it. */
static enum cell_end take_end(struct reader *r)
{
	char c = *r->p;

	if (c == 0)
		return END_TEXT;
	r->p++;
	if (c == r->separator)
		return END_CELL;
	if (c == '\r' && *r->p == '\n')
		r->p++;
	r->line++;
	return END_ROW;
}

static enum cell_end take_plain(struct reader *r, char **ret)
{
	const char stops[] = { r->separator, '\r', '\n', 0 };
	char *end;
	enum cell_end how;

	*ret = r->p;
	r->p += strcspn(r->p, stops);
	for (end = r->p; end > *ret && is_blank(r, end[-1]);)
		end--;
	how = take_end(r);
	*end = 0;
	return how;
}

/* To the next line, out of a row that cannot be read. */
static enum cell_end give_up(struct reader *r)
{
	r->p += strcspn(r->p, "\r\n");
	return *r->p ? (take_end(r), END_WRONG) : END_WRONG;
}

/* Counts line ends as it goes: lone CR, lone LF, or both. */
static void copy_inside(struct reader *r, char **out)
{
	r->line += *r->p == '\n' || (*r->p == '\r' && r->p[1] != '\n');
	*(*out)++ = *r->p++;
}

static enum cell_end take_quoted(struct reader *r, char **ret)
{
	int first_line = r->line;
	char *out = ++r->p, *start = out;
	enum cell_end how;

	*ret = start;
	while (*r->p && !(r->p[0] == '"' && r->p[1] != '"')) {
		r->p += r->p[0] == '"';
		copy_inside(r, &out);
	}
	if (!*r->p) {
		table_say(r->t, first_line, "a quote that begins here is never closed: close it, or write two quotes for one");
		return END_WRONG;
	}
	r->p++;
	skip_blanks(r);
	if (*r->p && *r->p != r->separator && *r->p != '\r' && *r->p != '\n') {
		if (r->t->n_columns > 0 || !say_separator(r, r->line, *r->p))
			table_say(r->t, r->line, "text follows a closing quote: inside quotes, write two quotes for one");
		return give_up(r);
	}
	how = take_end(r);
	*out = 0;
	return how;
}

/* ---- rows --------------------------------------------------------------------- */

/* Gathers a row into cells. END_ROW, END_TEXT or END_WRONG. */
static enum cell_end take_row(struct reader *r)
{
	enum cell_end how;

	r->n_cells = 0;
	r->has_content = r->has_quotes = false;
	do {
		char *cell;

		skip_blanks(r);
		r->has_quotes |= *r->p == '"';
		how = *r->p == '"' ? take_quoted(r, &cell) : take_plain(r, &cell);
		if (how == END_WRONG)
			return how;
		r->has_content |= *cell != 0;
		if (r->n_cells <= TABLE_COLUMNS_MAX)
			r->cells[r->n_cells] = cell;
		r->n_cells++;
	} while (how == END_CELL);
	return how;
}

static bool add_header(struct reader *r, int line)
{
	/* A wrong separator makes one column of all. */
	if (r->n_cells == 1 && !r->has_quotes && say_separator(r, line, foreign_separator(r->cells[0])))
		return false;
	for (int i = 0; i < r->n_cells; i++)
		if (!table_add_column(r->t, line, r->cells[i])) /* false at TABLE_COLUMNS_MAX: no further cell is looked at */
			return false;
	return true;
}

/* False: the rest need not be read. */
static bool add_row(struct reader *r, int line)
{
	struct table_file *t = r->t;

	if (r->n_cells != t->n_columns) {
		table_say(t, line, "the row has %d cell%s and the header %d: %s", r->n_cells, r->n_cells == 1 ? "" : "s", t->n_columns,
			  r->n_cells > t->n_columns ? "put a text with a separator in it in quotes" : "write every cell, an empty one too");
		return true;
	}
	if (!table_add_row(t, line))
		return false;
	for (int i = 0; i < t->n_columns; i++)
		if (r->cells[i][0])
			t->columns[i].cells[t->n_rows - 1] = r->cells[i];
	return true;
}

void table_csv_read(struct table_file *t, char *text, char separator)
{
	struct reader r = { .t = t, .p = text, .separator = separator, .line = 1 };

	while (*r.p) {
		int line = r.line;
		enum cell_end how = take_row(&r);

		if (how == END_WRONG && t->n_columns == 0)
			return;
		if (how == END_WRONG || !r.has_content)
			continue;
		if (t->n_columns == 0 ? !add_header(&r, line) : !add_row(&r, line))
			return;
	}
}
