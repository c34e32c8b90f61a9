/*
 * axis_where: which rows of a table file are kept. Names are the file's own columns, all of them variables.
 */
#include "manifest/axis_file.h"

#include "base/text.h"
#include "manifest/predicate.h"

#include <string.h>

struct file_row {
	const struct table_file *t;
	int64_t row;
};

static bool is_column(void *arg, const char *name)
{
	const struct reading *rd = arg;

	return table_find_column(rd->t, name) >= 0;
}

static const char *suggest_column(void *arg, const char *name)
{
	const struct reading *rd = arg;

	return file_nearest_column(rd->t, name);
}

/* An empty cell is the empty text here, so that caption != '' keeps the rows that have one. */
static const char *cell_of(const void *of, const char *name)
{
	const struct file_row *at = of;
	const char *cell = at->t->columns[table_find_column(at->t, name)].cells[at->row];

	return cell ? cell : "";
}

static const struct predicate *parse_where(struct reading *rd, const struct node *n)
{
	struct manifest_inside *in = rd->in;
	struct predicate_names names = { .is_variable = is_column, .suggest = suggest_column, .arg = rd };
	struct predicate *p = NULL;
	size_t offset = 0;

	if (n->kind != NODE_SCALAR || node_is_null(n))
		NODE_SAY(in, n, "where must be a condition as 'genre = jazz and bpm >= 80', found %s", node_kind_text(n));
	else if (n->has_comment)
		NODE_SAY(in, n, "where ends before ' #', which begins a comment in YAML: put the condition in quotes");
	else if (predicate_parse(&p, n->text, &names, &in->arena, &offset, &in->why))
		mistake_add(&in->ms, n->line, node_column_at(n, offset), "where: %s", in->why.buf);
	else
		return p;
	return NULL;
}

bool axis_keep_rows(struct reading *rd)
{
	const struct node *n = node_find(rd->node, "where");
	const struct table_file *t = rd->t;
	struct file_row at = { t, 0 };
	struct predicate_subject subject = { .variable = cell_of, .of = &at };
	const struct predicate *p;
	int *rows, n_kept = 0;
	char count[32];
	struct shown s;

	rd->axis->n_rows = t->n_rows;
	if (!n)
		return true;
	p = parse_where(rd, n);
	if (!p)
		return false;
	rows = arena_alloc(&rd->in->arena, (size_t)t->n_rows, sizeof *rows);
	for (at.row = 0; at.row < t->n_rows; at.row++)
		if (predicate_holds(p, &subject))
			rows[n_kept++] = (int)at.row;
	rd->axis->rows = rows;
	rd->axis->n_rows = n_kept;
	if (n_kept == 0)
		NODE_SAY(rd->in, n, "where keeps none of %s of %s: loosen it", text_count(count, sizeof count, t->n_rows, "row"), show(&s, rd->name));
	return n_kept > 0;
}
