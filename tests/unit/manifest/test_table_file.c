/*
 * table_file: what bytes give which cells, on which lines; what is said of bytes that give none; that what a strict
 * writer of RFC 4180 writes is read back, whatever the cells hold.
 */
#include "manifest/table_file.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/strbuf.h"

#include "tap.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS_MAX 1000

static struct table_file *parse(const char *text, size_t len, enum table_kind kind)
{
	return table_file_parse(mem_strndup(text, len), len, kind, ROWS_MAX);
}

/* "name|name ; line:cell|cell ..", an empty cell as "-", a nested one as "*", a JSON number as "#3"; or its mistakes. */
static void print(const struct table_file *t, struct strbuf *out)
{
	for (int i = 0; i < t->n_mistakes && i < TABLE_SAID_MAX; i++)
		strbuf_addf(out, "%s%d: %s", i ? "\n" : "", t->mistakes[i].line, t->mistakes[i].text);
	for (int c = 0; c < t->n_columns && t->n_mistakes == 0; c++)
		strbuf_addf(out, "%s%s", c ? "|" : "", t->columns[c].name);
	for (int64_t r = 0; r < t->n_rows && t->n_mistakes == 0; r++) {
		strbuf_addf(out, " ; %d:", t->lines[r]);
		for (int c = 0; c < t->n_columns; c++) {
			enum cell_kind kind = table_cell_kind(t, r, c);
			const char *cell = t->columns[c].cells[r];

			strbuf_addf(out, "%s%s%s", c ? "|" : "", kind == CELL_PLAIN ? "#" : "", cell ? cell : kind == CELL_NESTED ? "*" : "-");
		}
	}
}

static void check(const char *text, size_t len, enum table_kind kind, const char *want, const char *name)
{
	struct strbuf got = STRBUF_INIT(1 << 20);
	struct table_file *t = parse(text, len, kind);

	print(t, &got);
	IS_TEXT(got.buf, want, name);
	strbuf_release(&got);
	table_file_free(t);
}

static void check_cells(void)
{
	static const struct {
		enum table_kind kind;
		const char *text, *want;
	} cases[] = {
		{ TABLE_LINES, "a\nb", " ; 1:a ; 2:b" },
		{ TABLE_LINES, "\xEF\xBB\xBF" "a\r\n\r\n \t b c \r\n", " ; 1:a ; 3:b c" },
		{ TABLE_LINES, "a\rb\r", " ; 1:a ; 2:b" },
		{ TABLE_LINES, "", "" },
		{ TABLE_LINES, "\n\n", "" },
		{ TABLE_LINES, "\"a,b\"", " ; 1:\"a,b\"" },
		{ TABLE_CSV, "x,y\n1,2\n", "x|y ; 2:1|2" },
		{ TABLE_CSV, "\xEF\xBB\xBFx,y\r\n1,2", "x|y ; 2:1|2" },
		{ TABLE_CSV, "x,y\r1,\r,2\r", "x|y ; 2:1|- ; 3:-|2" },
		{ TABLE_CSV, "x,y\n\"a,b\",\"say \"\"hi\"\"\"\n", "x|y ; 2:a,b|say \"hi\"" },
		{ TABLE_CSV, "x,y\n\"a\nb\r\nc\",2\n3,4\n", "x|y ; 2:a\nb\r\nc|2 ; 5:3|4" },
		{ TABLE_CSV, " x ,\" y \"\n  1\t, \" 2 \" \n", "x| y  ; 2:1| 2 " },
		{ TABLE_CSV, "x\n12\" vinyl\n", "x ; 2:12\" vinyl" },
		{ TABLE_CSV, "x,y\n\n,\n \t,\"\"\n1,\n\n", "x|y ; 5:1|-" },
		{ TABLE_CSV, "x\n\"\"\n\"\"\"\"\n", "x ; 3:\"" },
		{ TABLE_CSV, "x,y\n1,2\n\n\n", "x|y ; 2:1|2" },
		{ TABLE_CSV, "\"x;y\"\n1\n", "x;y ; 2:1" },
		{ TABLE_CSV, "", "" },
		{ TABLE_CSV, "\n\nx\n1", "x ; 4:1" },
		{ TABLE_TSV, "x\ty\na, b\t\"c\td\"\n\t e \n", "x|y ; 2:a, b|c\td ; 3:-|e" },
		{ TABLE_JSONL, "{\"x\":\"a\",\"y\":2.50}\n\n{\"y\":true,\"z\":null,\"x\":\"\"}\r\n{\"z\":[1],\"y\":{}}",
		  "x|y|z ; 1:a|#2.5|- ; 3:-|#true|- ; 4:-|*|*" },
		{ TABLE_JSONL, "{\"x\":9007199254740991,\"x\":1}\n{\"x\":\"9007199254740991\"}", "x ; 1:#9007199254740991 ; 2:9007199254740991" },
		{ TABLE_JSONL, "{}\n{\"\\u00e9\":\"\\n\"}", "\xC3\xA9 ; 1:- ; 2:\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char name[40];

		snprintf(name, sizeof name, "cells, case %zu", i + 1);
		check(cases[i].text, strlen(cases[i].text), cases[i].kind, cases[i].want, name);
	}
}

static void check_mistakes(void)
{
	static const struct {
		enum table_kind kind;
		const char *text, *want; /* want: a part of the first mistake, with its line */
	} cases[] = {
		{ TABLE_CSV, "x;y\n1;2\n", "1: the cells are separated by ';'" },
		{ TABLE_CSV, "x\ty\n", "1: the cells are separated by tabs" },
		{ TABLE_CSV, "\"x\";\"y\"\n", "1: the cells are separated by ';'" },
		{ TABLE_TSV, "x,y\n", "1: the cells are separated by commas" },
		{ TABLE_CSV, "\nx,y,x\n", "2: two columns are called 'x'" },
		{ TABLE_CSV, "x,,y\n", "1: column 2 has no name" },
		{ TABLE_CSV, "x,y\n\"a\nb\",2\n1\n", "4: the row has 1 cell and the header 2" },
		{ TABLE_CSV, "x,y\n1,2,3\n", "2: the row has 3 cells and the header 2" },
		{ TABLE_CSV, "x\n1\n\"a\nb\nc\n", "3: a quote that begins here is never closed" },
		{ TABLE_CSV, "x\n\"a\" b\n", "2: text follows a closing quote" },
		{ TABLE_CSV, "\"x\n", "1: a quote that begins here is never closed" },
		{ TABLE_CSV, "x\n1\n\xE9\n", "3: byte 0xE9 is not UTF-8" },
		{ TABLE_CSV, "\xFF\xFEx", "0: the file is UTF-16" },
		{ TABLE_JSONL, "\n[1]\n", "2: the line holds no object" },
		{ TABLE_JSONL, "{\"x\":1}\n{\"x\":}\n", "2: column 6: this is not JSON" },
		{ TABLE_JSONL, "{\"\":1}\n", "1: column 1 has no name" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct strbuf got = STRBUF_INIT(1 << 20);
		struct table_file *t = parse(cases[i].text, strlen(cases[i].text), cases[i].kind);

		print(t, &got);
		if (!OK(!strncmp(got.buf, cases[i].want, strlen(cases[i].want)), "%s", cases[i].want))
			printf("# got: %s\n", got.buf);
		strbuf_release(&got);
		table_file_free(t);
	}
	check("x\na\0b", 5, TABLE_CSV, "2: a NUL byte, so that this is no text file: save it as UTF-8 (a spreadsheet calls that 'CSV UTF-8')",
	      "a NUL");
}

/* The first few of many are kept, all are counted; limits hold. */
static void check_limits(void)
{
	struct strbuf text = STRBUF_INIT(1 << 20);
	struct table_file *t;

	strbuf_adds(&text, "x,y\n");
	for (int i = 0; i < 100; i++)
		strbuf_adds(&text, "1\n");
	t = parse(text.buf, text.len, TABLE_CSV);
	IS_INT(t->n_mistakes, 100, "each wrong row is counted");
	IS_INT(t->mistakes[TABLE_SAID_MAX - 1].line, 6, "and the first five are kept");
	table_file_free(t);

	strbuf_reset(&text);
	for (int i = 0; i < ROWS_MAX + 5; i++)
		strbuf_addf(&text, "%d\n", i);
	t = parse(text.buf, text.len, TABLE_LINES);
	IS_INT(t->n_rows, ROWS_MAX, "no more rows than the limit");
	IS_INT(t->n_mistakes, 1, "which is said once");
	IS_INT(t->mistakes[0].line, ROWS_MAX + 1, "where they are too many");
	table_file_free(t);

	for (int n = TABLE_COLUMNS_MAX; n <= TABLE_COLUMNS_MAX + 2; n++) {
		strbuf_reset(&text);
		for (int i = 0; i < n; i++)
			strbuf_addf(&text, "%sc%d", i ? "," : "", i);
		t = parse(text.buf, text.len, TABLE_CSV);
		IS_INT(t->n_mistakes, n > TABLE_COLUMNS_MAX, "columns up to the limit");
		table_file_free(t);
	}
	strbuf_release(&text);
}

/* A short file must not ask for much memory: by columns that come after many rows, or by a line that is large when it is read. */
static void check_memory(void)
{
	struct strbuf text = STRBUF_INIT(TABLE_LINE_MAX + 100);
	struct table_file *t;

	for (int i = 0; i < ROWS_MAX - 1; i++)
		strbuf_adds(&text, "{}\n");
	strbuf_addc(&text, '{');
	for (int i = 0; i < TABLE_COLUMNS_MAX; i++)
		strbuf_addf(&text, "%s\"c%d\":1", i ? "," : "", i);
	strbuf_adds(&text, "}\n");
	t = parse(text.buf, text.len, TABLE_JSONL);
	OK(t->n_mistakes == 1 && strstr(t->mistakes[0].text, "more than 64000 cells"), "columns of the last row count for all rows");
	IS_INT(t->n_mistakes ? t->mistakes[0].line : 0, ROWS_MAX, "and are said there");
	IS_INT(t->n_columns, TABLE_CELLS_PER_ROW, "no further one is made");
	table_file_free(t);

	strbuf_reset(&text);
	strbuf_adds(&text, "{\"x\":\"a\"}\n{\"x\":[");
	while (text.len < TABLE_LINE_MAX + 20)
		strbuf_adds(&text, "0,");
	strbuf_adds(&text, "0]}\n{\"x\":\"b\"}\n");
	t = parse(text.buf, text.len, TABLE_JSONL);
	OK(t->n_mistakes == 1 && t->mistakes[0].line == 2 && strstr(t->mistakes[0].text, "more than the limit"), "a line has a limit");
	IS_INT(t->n_rows, 2, "and is the only one that is left out");
	table_file_free(t);
	strbuf_release(&text);
}

/* ---- what is written is read ------------------------------------------------------- */

static uint32_t draw(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u; /* Numerical Recipes' generator: any will do */
	return *state >> 8;
}

/* Pieces that a reader could take for something else. */
static void random_cell(uint32_t *state, struct strbuf *out)
{
	static const char *const pieces[] = { "a", "b c", "\"", ",", "\n", "\r\n", "\r", "\t", " ", "\xC3\xA9", "{", "x\"y", ";" };

	for (uint32_t n = draw(state) % 5; n > 0; n--)
		strbuf_adds(out, pieces[draw(state) % (sizeof pieces / sizeof pieces[0])]);
}

static void put_quoted(const char *cell, struct strbuf *out)
{
	strbuf_addc(out, '"');
	for (; *cell; cell++) {
		if (*cell == '"')
			strbuf_addc(out, '"');
		strbuf_addc(out, *cell);
	}
	strbuf_addc(out, '"');
}

/* A file of random cells, each in quotes; answers how many are read back wrong. */
static int wrong_cells(uint32_t seed, enum table_kind kind)
{
	static const char *const ends[] = { "\n", "\r\n", "\r" };
	const char *separator = kind == TABLE_CSV ? "," : "\t", *end = ends[seed % 3];
	struct strbuf text = STRBUF_INIT(1 << 20), cells[20][3];
	uint32_t state = seed;
	struct table_file *t;
	int n_wrong = 0;

	strbuf_addf(&text, "a%sb%sc%s", separator, separator, end);
	for (int r = 0; r < 20; r++) {
		for (int c = 0; c < 3; c++) {
			strbuf_init(&cells[r][c], 1 << 16);
			if (c == 0)
				strbuf_adds(&cells[r][c], "row"); /* an empty row would be none */
			random_cell(&state, &cells[r][c]);
			put_quoted(cells[r][c].buf, &text);
			strbuf_adds(&text, c < 2 ? separator : end);
		}
	}
	t = parse(text.buf, text.len, kind);
	n_wrong += t->n_rows != 20 || t->n_mistakes != 0;
	for (int r = 0; r < 20; r++) {
		for (int c = 0; c < 3; c++) {
			const char *got = r < t->n_rows ? t->columns[c].cells[r] : "no such row";

			n_wrong += strcmp(got ? got : "", cells[r][c].buf) != 0;
			strbuf_release(&cells[r][c]);
		}
	}
	table_file_free(t);
	strbuf_release(&text);
	return n_wrong;
}

static void check_written(void)
{
	int n_wrong = 0;

	for (uint32_t seed = 1; seed <= 300; seed++)
		n_wrong += wrong_cells(seed, TABLE_CSV) + wrong_cells(seed, TABLE_TSV);
	IS_INT(n_wrong, 0, "18,000 cells in quotes are read back as they were, with all three line ends");
}

/* ---- files -------------------------------------------------------------------------- */

static void check_open(void)
{
	char dir[] = "/tmp/table-file-XXXXXX";
	struct err err = ERR_INIT;
	struct table_file *t;
	char *path, *pipe;

	if (!OK(mkdtemp(dir) != NULL, "a folder"))
		return;
	path = fs_join(dir, "a.csv");
	pipe = fs_join(dir, "pipe.csv");
	OK(table_file_open(&t, path, TABLE_CSV, 10, &err) == -1 && err.code == ERR_INPUT && strstr(err.text, "there is no file"), "a missing file");
	OK(table_file_open(&t, dir, TABLE_CSV, 10, &err) == -1 && strstr(err.text, "is a folder"), "a folder");
	OK(mkfifo(pipe, 0600) == 0 && table_file_open(&t, pipe, TABLE_CSV, 10, &err) == -1 && strstr(err.text, "no plain file"), "a pipe is not waited for");
	OK(fs_replace(path, "x\n1\n", 4, &err) == 0 && table_file_open(&t, path, TABLE_CSV, 10, &err) == 0, "a file");
	IS_INT(t->n_rows, 1, "and its row");
	table_file_free(t);
	(void)!truncate(path, (off_t)TABLE_BYTES_MAX + 1); /* a hole, no bytes on the disk */
	OK(table_file_open(&t, path, TABLE_CSV, 10, &err) == -1 && strstr(err.text, "more than the limit"), "a file that is too large is not read");
	(void)unlink(path);
	(void)unlink(pipe);
	(void)rmdir(dir);
	free(path);
	free(pipe);
}

static void check_kinds(void)
{
	static const struct {
		const char *path;
		int kind;
	} cases[] = {
		{ "a.txt", TABLE_LINES }, { "x/a.CSV", TABLE_CSV }, { "a.b.tsv", TABLE_TSV }, { ".jsonl", TABLE_JSONL },
		{ "a.json", -1 }, { "csv", -1 }, { "a.csv/b", -1 }, { "a.csv.gz", -1 }, { "", -1 },
	};
	enum table_kind kind;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		IS_INT(table_kind_find(cases[i].path, &kind) ? -1 : (int)kind, cases[i].kind, cases[i].path);
}

int main(void)
{
	check_cells();
	check_mistakes();
	check_limits();
	check_memory();
	check_written();
	check_open();
	check_kinds();
	return tap_done();
}
