/*
 * axis_file: {file: x.txt} is a list of values, {file: x.csv, use: .., where: ..} a table. What a file's cells are before
 * anybody asks what they mean is in table_file.h; files is in axis_glob.c.
 *
 * A column of a table sets the parameter of its name. With `use` only the columns that it names set something; "label",
 * there or as a column's name, names the rows. All other columns are variables, as {axis.column}, and as {column} unless
 * the word means something already (a parameter, "set", "id"). Text is data, never a template. A column that `use` names, or
 * that is called as a parameter, is in the jobs as a variable only where a text or a condition names it.
 *
 * A file is read once however many axes name it. Variables are the file's own cells; only parameters cost a choice each.
 */
#include "manifest/axis_file.h"

#include "base/fs.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of all files' values and labels together, for each job that there may be: a short text must not ask for all the memory there is. */
#define VALUES_PER_JOB 5

/* ---- files, read once ---------------------------------------------------------- */

struct table_use {
	const char *path; /* absolute */
	struct table_file *table;
	struct table_use *next;
};

void table_uses_release(struct manifest_inside *in)
{
	for (struct table_use *u = in->table_uses; u; u = u->next)
		table_file_free(u->table);
}

static const struct table_file *open_table(struct reading *rd, const char *path, enum table_kind kind)
{
	struct manifest_inside *in = rd->in;
	struct table_use *u = arena_alloc(&in->arena, 1, sizeof *u);
	struct err err = ERR_INIT;

	u->path = path;
	u->next = in->table_uses;
	in->table_uses = u;
	if (table_file_open(&u->table, joined(in, in->base_dir, rd->name), kind, in->jobs_max, &err))
		NODE_SAY(in, node_find(rd->node, "file"), "%s: %s", rd->axis->name, err.text);
	else
		file_say_table(in, rd->node, u->table);
	return u->table;
}

/* NULL: it cannot be used, which is said once. */
static const struct table_file *find_table(struct reading *rd, enum table_kind kind)
{
	struct manifest_inside *in = rd->in;
	struct err err = ERR_INIT;
	char *absolute = fs_absolute(joined(in, in->base_dir, rd->name), &err);
	const struct table_file *t = NULL;
	const struct table_use *u;

	if (!absolute) {
		NODE_SAY(in, node_find(rd->node, "file"), "%s: %s", rd->axis->name, err.text);
		return NULL;
	}
	for (u = in->table_uses; u && strcmp(u->path, absolute) != 0; u = u->next)
		;
	t = u ? u->table : open_table(rd, arena_strdup(&in->arena, absolute), kind);
	free(absolute);
	return t && t->n_mistakes == 0 ? t : NULL;
}

/* ---- cells ----------------------------------------------------------------------- */

/* As printed; the cell itself where it is written so already, as mostly. */
static const char *printed(struct manifest_inside *in, const struct value *v, const char *cell)
{
	if (v->kind == VALUE_TEXT || v->kind == VALUE_NONE)
		return cell;
	strbuf_reset(&in->why);
	value_print(&in->why, v);
	return strcmp(in->why.buf, cell) ? arena_strdup(&in->arena, in->why.buf) : cell;
}

/* name: how sentences call the column. */
static bool read_cell(struct reading *rd, int param, const char *name, int column, int64_t row, struct choice *ret)
{
	struct manifest_inside *in = rd->in;
	enum param_type type = card_param(in->card, param)->type;
	enum cell_kind kind = table_cell_kind(rd->t, row, column);
	const char *cell = rd->t->columns[column].cells[row];
	bool is_text = kind == CELL_TEXT || type == PARAM_TEXT || type == PARAM_FILE || type == PARAM_CHOICE;
	struct shown s;

	if (kind == CELL_NESTED) {
		file_say(in, rd->node, rd->t->lines[row], "%s is a list or an object here, where one value goes", name);
		return false;
	}
	if (!cell)
		return true;
	if (value_read(in->card, param, in->backend, cell, is_text, &ret->value, &in->why)) {
		file_say(in, rd->node, rd->t->lines[row], "%s %s", show(&s, name), in->why.buf);
		return false;
	}
	ret->node = rd->node;
	ret->file_line = rd->t->lines[row];
	ret->text = printed(in, &ret->value, cell);
	if (type == PARAM_FILE)
		choice_find_input(in, name, ret, rd->dir);
	return true;
}

static void read_variable(struct reading *rd, int64_t row, struct choice *ret)
{
	double number;

	ret->node = rd->node;
	ret->file_line = rd->t->lines[row];
	ret->text = ret->value.as.text = rd->t->columns[0].cells[row];
	ret->value.kind = VALUE_TEXT;
	if (text_parse_number(ret->text, &number)) {
		ret->value.kind = VALUE_NUMBER;
		ret->value.as.number = number;
	}
}

/* ---- a list of lines ---------------------------------------------------------------- */

static bool check_budget(struct reading *rd, int64_t n)
{
	struct manifest_inside *in = rd->in;

	in->n_file_values += n;
	if (in->n_file_values <= VALUES_PER_JOB * in->jobs_max)
		return true;
	NODE_SAY(in, rd->node, "%s and the files before it have more than %" PRId64 " values: use fewer rows or columns, or split the manifest",
		 rd->axis->name, VALUES_PER_JOB * in->jobs_max);
	return false;
}

static bool read_list(struct reading *rd)
{
	struct axis *axis = rd->axis;
	bool good = true;

	for (int i = 0; i < rd->node->n; i++) {
		if (!strcmp(node_key(rd->node, i)->text, "file"))
			continue;
		NODE_SAY(rd->in, node_key(rd->node, i), "'%s' chooses columns or rows of a table, and a .txt has only lines: remove it, or name a .csv, .tsv or .jsonl",
			 node_key(rd->node, i)->text);
		return false;
	}
	axis->n_rows = rd->t->n_rows;
	if (!check_budget(rd, axis->n_rows))
		return false;
	axis_make_column(rd->in, axis);
	for (int64_t r = 0; r < axis->n_rows; r++) {
		if (axis->param < 0)
			read_variable(rd, r, &axis->columns[0].choices[r]);
		else
			good &= read_cell(rd, axis->param, axis->name, 0, r, &axis->columns[0].choices[r]);
	}
	return good && axis_check_repeats(rd->in, axis);
}

/* ---- a table --------------------------------------------------------------------------------- */

/* How sentences call what column c sets: "prompt", or "prompt (column 'caption')". */
static const char *column_title(struct reading *rd, const struct column *c)
{
	const char *name = rd->t->columns[c->in_file].name;
	struct shown s;

	return !strcmp(name, c->name) ? name : arena_printf(&rd->in->arena, "%s (column '%s')", c->name, show(&s, name));
}

static bool read_column(struct reading *rd, struct column *c)
{
	struct axis *axis = rd->axis;
	const char *title = column_title(rd, c);
	bool good = true;

	if (!check_budget(rd, axis->n_rows))
		return false;
	c->choices = arena_alloc(&rd->in->arena, (size_t)axis->n_rows, sizeof *c->choices);
	for (int64_t r = 0; r < axis->n_rows; r++)
		good &= read_cell(rd, c->param, title, c->in_file, axis_file_row(axis, r), &c->choices[r]);
	return good;
}

static bool read_table(struct reading *rd)
{
	struct axis *axis = rd->axis;
	bool good = true;

	axis->is_table = true;
	axis->file = rd->t;
	if (!axis_make_file_columns(rd) || !axis_keep_rows(rd) || !check_budget(rd, axis->n_rows)) /* a label a row, at least */
		return false;
	for (int c = 0; c < axis->n_columns; c++)
		if (axis->columns[c].param >= 0)
			good &= read_column(rd, &axis->columns[c]);
	return good && table_label_rows(rd->in, axis);
}

/* ---- the door ----------------------------------------------------------------------------------- */

/* Of a file that gives no axis. */
static const char *emptiness(const struct table_file *t)
{
	if (t->n_rows > 0)
		return "has only empty objects, which set nothing"; /* .jsonl has no header */
	if (t->kind == TABLE_LINES)
		return "has no lines, so that no job is left";
	return t->n_columns ? "has a header and no rows, so that no job is left" : "has neither header nor rows, so that no job is left";
}

static bool read_file(struct reading *rd)
{
	struct manifest_inside *in = rd->in;
	const struct node *file = node_find(rd->node, "file");
	enum table_kind kind;
	struct shown s;

	if (file->kind != NODE_SCALAR || node_is_null(file) || !file->text[0]) {
		NODE_SAY(in, file, "file must be the path of a %s, found %s", TABLE_KINDS_TEXT, node_kind_text(file));
		return false;
	}
	rd->name = file->text;
	if (table_kind_find(rd->name, &kind)) {
		NODE_SAY(in, file, "'%s' has an ending that is not known here: name a %s", show(&s, rd->name), TABLE_KINDS_TEXT);
		return false;
	}
	rd->t = find_table(rd, kind);
	if (!rd->t)
		return false;
	if (rd->t->n_rows == 0 || rd->t->n_columns == 0) {
		NODE_SAY(in, file, "%s: %s %s: write some, or remove the axis", rd->axis->name, show(&s, rd->name), emptiness(rd->t));
		return false;
	}
	return kind == TABLE_LINES ? read_list(rd) : read_table(rd);
}

bool axis_read_file(struct manifest_inside *in, struct axis *axis)
{
	static const char *const keys[] = { "file", "use", "where", NULL };
	struct reading rd = { .in = in, .axis = axis, .node = axis->value };
	const struct node *file = node_find(axis->value, "file");
	int n_before = in->ms.n_mistakes;
	char *dir;

	keys_check(in, axis->value, axis->name, keys, false);
	if (in->ms.n_mistakes > n_before || !axis->value->is_sound)
		return false;
	dir = fs_dirname(joined(in, in->base_dir, file->kind == NODE_SCALAR ? file->text : ""));
	rd.dir = arena_strdup(&in->arena, dir);
	free(dir);
	return read_file(&rd);
}
