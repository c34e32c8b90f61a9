/*
 * The table of what people get wrong, tests/data/mistakes.txt: each block is a manifest with one slip, the files that
 * it reads, and exactly what it is told: line, column, and what to write instead. The first line of the table says its form.
 *
 *   test_mistakes TITLE   prints what the blocks whose title begins so are told
 */
#include "manifest_case.h"
#include "tap.h"

#include "base/mem.h"

#include <unistd.h>

#define TABLE "tests/data/mistakes.txt"
#define BLOCKS_MIN 40 /* a table that lost its rows would pass */

struct block {
	char title[200];
	struct strbuf says;
	int n_parts;
};

struct reading {
	const char *at; /* in the table's text */
	FILE *part;     /* the file that is being written, or NULL */
	bool in_says;
};

/* The next line without its end, into line; false after the last. */
static bool next_line(struct reading *r, char *line, size_t size)
{
	size_t n = strcspn(r->at, "\n");

	if (!*r->at)
		return false;
	snprintf(line, size, "%.*s", (int)n, r->at);
	r->at += n + (r->at[n] == '\n');
	return true;
}

static void begin_part(struct reading *r, struct block *b, const char *what)
{
	char name[100] = "m.yaml";

	if (r->part)
		fclose(r->part);
	r->part = NULL;
	r->in_says = !strcmp(what, "says");
	if (r->in_says || !strncmp(what, "schema ", 7))
		return;
	if (sscanf(what, "file %99s", name) == 1 || !strcmp(what, "manifest")) {
		r->part = fopen(name, "w");
		b->n_parts++;
	}
	OK(r->part != NULL, "%s: '%s' is a part that a block may have", b->title, what);
}

/* Writes the block's files into the working directory. False after the last block. */
static bool read_block(struct reading *r, struct block *b)
{
	char line[4096];

	strbuf_reset(&b->says);
	b->n_parts = 0;
	while (strncmp(r->at, "=== ", 4) != 0)
		if (!next_line(r, line, sizeof line))
			return false;
	(void)next_line(r, line, sizeof line);
	snprintf(b->title, sizeof b->title, "%.190s", line + 4);
	while (strncmp(r->at, "=== ", 4) != 0 && next_line(r, line, sizeof line)) {
		if (!strncmp(line, "--- ", 4))
			begin_part(r, b, line + 4);
		else if (r->part)
			fprintf(r->part, "%s\n", line);
		else if (r->in_says && line[0])
			strbuf_addf(&b->says, "%s\n", line);
	}
	if (r->part)
		fclose(r->part);
	r->part = NULL;
	return true;
}

static void say_all(const struct card *card, struct strbuf *out)
{
	struct manifest_case c;

	if (case_open(&c, "m.yaml", card) != 0) {
		strbuf_adds(out, "could not be read\n");
		return;
	}
	for (int i = 0; i < c.m->n_mistakes + c.m->n_warnings; i++)
		strbuf_addf(out, "%d:%d: %s%s\n", c.m->mistakes[i].line, c.m->mistakes[i].column,
			    c.m->mistakes[i].is_warning ? "warning: " : "", c.m->mistakes[i].text);
	manifest_free(c.m);
}

static void check_block(const struct block *b, const struct card *card, const char *only)
{
	struct strbuf got = STRBUF_INIT(CASE_TEXT_MAX);

	say_all(card, &got);
	if (only)
		printf("=== %s\n%s", b->title, got.buf);
	else if (!OK(b->says.len > 0 && !strcmp(got.buf, b->says.buf), "%s", b->title))
		printf("#  got: %s# want: %s", got.buf, b->says.buf);
	strbuf_release(&got);
}

static int check_all(const char *table, const struct card *card, const char *only)
{
	struct reading r = { .at = table };
	struct block b = { .says = STRBUF_INIT(CASE_TEXT_MAX) };
	int n = 0;

	while (read_block(&r, &b)) {
		if (!only || !strncmp(b.title, only, strlen(only)))
			check_block(&b, card, only);
		n++;
	}
	strbuf_release(&b.says);
	return n;
}

int main(int argc, char **argv)
{
	struct strbuf table = STRBUF_INIT(CASE_TEXT_MAX);
	const char *only = argc > 1 ? argv[1] : NULL;
	char dir[] = "/tmp/test_mistakes.XXXXXX", *command;
	struct err err = ERR_INIT;
	struct card *card;
	int n, rc = 0;

	if (card_open(&card, "meta-musicgen", &err) || fs_read(TABLE, &table, &err) || !mkdtemp(dir) || chdir(dir)) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	n = check_all(table.buf, card, only);
	if (!only) {
		OK(n >= BLOCKS_MIN, "%d blocks", n);
		rc = tap_done();
	}
	command = mem_printf("rm -rf %s", dir);
	rc = system(command) || rc;
	free(command);
	strbuf_release(&table);
	card_close(card);
	return rc;
}
