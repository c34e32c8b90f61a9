/*
 * manifest/axis_file: what the files share that turn a table file into an axis. Not for others of the room.
 *
 *   axis_file   files, read once; cells; a list of lines      axis_use   which columns set what      axis_where   which rows
 */
#ifndef MANIFEST_AXIS_FILE_H
#define MANIFEST_AXIS_FILE_H

#include "manifest/inside.h"

struct reading {
	struct manifest_inside *in;
	struct axis *axis;
	const struct node *node; /* the map */
	const struct table_file *t;
	const char *dir;         /* that its cells' paths start from */
	const char *name;        /* as written */
	int use_of[TABLE_COLUMNS_MAX]; /* how many of use's entries take the column */
};

/* axis_use.c: the axis's columns, without their choices. False after a mistake. */
bool axis_make_file_columns(struct reading *rd);
/* axis_where.c: the axis's rows. False after a mistake. */
bool axis_keep_rows(struct reading *rd);

/* The file's columns, for sentences and guesses. */
const char *file_list_columns(struct reading *rd); /* "'a', 'b' and 3 more" */
const char *file_nearest_column(const struct table_file *t, const char *word); /* or NULL */

#endif
