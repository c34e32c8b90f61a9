/*
 * manifest/table_file: a file of values (.txt) or rows (.csv, .tsv, .jsonl) as cells, before anybody asks what they mean.
 *
 * table_file_open reads a file, table_file_parse reads bytes (tests, fuzzing); then n_mistakes is 0 and the
 * cells are there, or the first TABLE_SAID_MAX mistakes say where and why. table_file_free ends both.
 *
 *   .txt    a value a line, without the blanks around it; blank lines are none.
 *   .csv    RFC 4180: a header row, then rows; "..." may hold commas, line ends and doubled quotes. Beyond it:
 *           blanks around a cell are not part of it unless in quotes, a quote inside a cell that does not
 *           begin with one is itself, and a row whose cells are all empty is none (spreadsheets leave such rows).
 *   .tsv    the same with tabs; spreadsheets and pandas put texts with commas or quotes into quotes here too.
 *   .jsonl  an object a line; columns are the names of all rows, in the order in which they first appear.
 *           null is an empty cell; a list or an object is none either, and is told apart (CELL_NESTED).
 *
 * UTF-8 without NUL, with or without a byte order mark; lines end with LF, CR LF or CR. A cell that is empty is NULL.
 *
 * Why no library: libcsv (3.0.3, Debian's) hands out copies of cells without the lines that they stand on and says of a
 * mistake only the byte; here cells are cut in the file's own memory, so that a million rows cost their bytes and a
 * pointer a cell, and every sentence has its line. JSON is base/json's, one line at a time.
 *
 * Memory: the file (for .jsonl its texts), a pointer a cell, 4 bytes a row; for .jsonl a byte a cell more. A struct is
 * read-only after parsing. No function here says mistakes to the manifest: axis_file.c does.
 */
#ifndef MANIFEST_TABLE_FILE_H
#define MANIFEST_TABLE_FILE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_BYTES_MAX ((size_t)1 << 30) /* JOBS_MAX rows of some 100 bytes; lines are counted in an int */
#define TABLE_COLUMNS_MAX 200             /* more is a slip, or no table */
#define TABLE_CELLS_MAX 64000000          /* their pointers take 512 MB: 64 columns of a million rows */
#define TABLE_CELLS_PER_ROW 64            /* of rows_max, where that is less */
#define TABLE_LINE_MAX ((size_t)4 << 20)  /* of .jsonl: what is read of it takes up to 40 times the line, as in [0,0,0] */
#define TABLE_SAID_MAX 5                  /* mistakes kept: one cause often makes thousands */

enum table_kind { TABLE_LINES, TABLE_CSV, TABLE_TSV, TABLE_JSONL, TABLE_N_KINDS };
enum cell_kind { CELL_DATA /* .txt, .csv, .tsv: whatever it looks like */, CELL_TEXT, CELL_PLAIN /* a number, true, false */, CELL_NESTED };

struct table_column {
	const char *name;     /* "" in a .txt */
	const char **cells;   /* [n_rows]; NULL: empty */
	unsigned char *kinds; /* [n_rows] of enum cell_kind; NULL: all CELL_DATA */
};

struct table_mistake {
	int line; /* 0: the whole file */
	const char *text;
};

struct table_file {
	enum table_kind kind;
	char *text; /* the file's bytes, cut into cells; NULL after .jsonl, whose cells are in the arena */
	struct table_column columns[TABLE_COLUMNS_MAX];
	int n_columns;
	int *lines; /* [n_rows]: where the row begins, from 1 */
	int64_t n_rows, cap_rows, rows_max, cells_max;
	struct table_mistake mistakes[TABLE_SAID_MAX];
	int64_t n_mistakes;
	struct arena arena;
};

/* By the name's end, letter case ignored. -1: another, or none. */
int table_kind_find(const char *path, enum table_kind *ret) WARN_UNUSED;
#define TABLE_KINDS_TEXT ".txt (a value a line), .csv, .tsv or .jsonl (rows)"

/* -1: not a readable file (a folder, a pipe, too large): err says it, ERR_INPUT. */
int table_file_open(struct table_file **ret, const char *path, enum table_kind kind, int64_t rows_max, struct err *err) WARN_UNUSED;
/* Takes text, which is malloc'ed and has a NUL after its len bytes. */
struct table_file *table_file_parse(char *text, size_t len, enum table_kind kind, int64_t rows_max);
void table_file_free(struct table_file *t);

int table_find_column(const struct table_file *t, const char *name); /* -1 */
static inline enum cell_kind table_cell_kind(const struct table_file *t, int64_t row, int column)
{
	return t->columns[column].kinds ? (enum cell_kind)t->columns[column].kinds[row] : CELL_DATA;
}

/* ---- for the readers of the kinds: table_csv.c, table_jsonl.c ------------------- */

void table_csv_read(struct table_file *t, char *text, char separator);
void table_jsonl_read(struct table_file *t, char *text);
bool table_add_column(struct table_file *t, int line, const char *name); /* false: a mistake, said */
bool table_add_row(struct table_file *t, int line); /* all its cells empty; false: too many rows or cells, said */
void table_say(struct table_file *t, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Ends the line that p stands before the end of with a NUL; the next line, NULL at the end of text. */
char *table_end_line(char *p);

#endif
