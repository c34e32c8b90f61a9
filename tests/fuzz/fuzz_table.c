/*
 * fuzz_table: any bytes as a file of values or rows. The first byte chooses the kind.
 *
 * Holds: either mistakes or cells; lines rise and lie in the file; no cell is empty text; and what was read, written
 * strictly and read again, is the same.
 */
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "manifest/table_file.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 5000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cells(const struct table_file *t, size_t size)
{
	int line = 0;

	for (int64_t r = 0; r < t->n_rows; r++) {
		if (t->lines[r] <= line || (size_t)t->lines[r] > size + 1)
			abort();
		line = t->lines[r];
		for (int c = 0; c < t->n_columns; c++) {
			const char *cell = t->columns[c].cells[r];

			if (cell && (!cell[0] || !text_is_utf8(cell, strlen(cell))))
				abort();
		}
	}
}

static void put_cell(struct strbuf *out, const char *cell, char end)
{
	strbuf_addc(out, '"');
	for (; cell && *cell; cell++) {
		if (*cell == '"')
			strbuf_addc(out, '"');
		strbuf_addc(out, *cell);
	}
	strbuf_addc(out, '"');
	strbuf_addc(out, end);
}

/* As a strict .csv, whatever it was. */
static void check_again(const struct table_file *t)
{
	struct strbuf text = STRBUF_INIT((size_t)1 << 30);
	struct table_file *again;
	size_t len;

	for (int c = 0; c < t->n_columns; c++)
		put_cell(&text, t->columns[c].name, c + 1 < t->n_columns ? ',' : '\n');
	for (int64_t r = 0; r < t->n_rows; r++)
		for (int c = 0; c < t->n_columns; c++)
			put_cell(&text, t->columns[c].cells[r], c + 1 < t->n_columns ? ',' : '\n');
	len = text.len;
	again = table_file_parse(mem_strndup(text.buf, len), len, TABLE_CSV, ROWS);
	strbuf_release(&text);
	if (again->n_mistakes || again->n_columns != t->n_columns || again->n_rows != t->n_rows)
		abort();
	for (int64_t r = 0; r < t->n_rows; r++) {
		for (int c = 0; c < t->n_columns; c++) {
			const char *a = t->columns[c].cells[r], *b = again->columns[c].cells[r];

			if (!a != !b || (a && strcmp(a, b) != 0))
				abort();
		}
	}
	table_file_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum table_kind kind = size ? (enum table_kind)(data[0] % TABLE_N_KINDS) : TABLE_CSV;
	size_t skip = size ? 1 : 0;
	char *text = mem_strndup((const char *)data + skip, size - skip);
	struct table_file *t = table_file_parse(text, size - skip, kind, ROWS);

	for (int i = 0; i < t->n_mistakes && i < TABLE_SAID_MAX; i++)
		if (!t->mistakes[i].text[0] || t->mistakes[i].line < 0 || (size_t)t->mistakes[i].line > size + 1)
			abort();
	if (t->n_mistakes == 0) {
		check_cells(t, size);
		if (kind == TABLE_CSV || kind == TABLE_TSV)
			check_again(t);
	}
	table_file_free(t);
	return 0;
}
