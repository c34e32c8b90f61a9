/*
 * axis_glob: {files: "melodies/NAME*.wav"} is a list of paths, sorted by their bytes so that no locale moves a job.
 *
 * The pattern is glob(7)'s: * and ? and [a-z] within a folder; hidden files are not matched; folders are left out. A
 * relative one starts at the manifest, and the paths are told as they would be written there.
 */
#include "manifest/inside.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The manifest's folder before the pattern, its own * and [ made plain. */
static char *full_pattern(const struct manifest_inside *in, const char *pattern)
{
	struct strbuf dir = STRBUF_INIT(WHY_MAX);
	char *joined;

	for (const char *p = in->base_dir; *p; p++) {
		if (strchr("*?[]\\", *p))
			strbuf_addc(&dir, '\\');
		strbuf_addc(&dir, *p);
	}
	joined = fs_join(dir.buf, pattern);
	strbuf_release(&dir);
	return joined;
}

/* As it would be written in the manifest. */
static const char *shown_path(const struct manifest_inside *in, const char *pattern, const char *path)
{
	char *start = fs_join(in->base_dir, "");
	size_t len = strlen(start);

	if (pattern[0] != '/' && !strncmp(path, start, len))
		path += len;
	free(start);
	return path;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_path(struct manifest_inside *in, struct axis *axis, const char *path)
{
	struct choice *c = &axis->columns[0].choices[axis->n_rows];
	struct shown s;

	if (!text_is_utf8(path, strlen(path))) {
		NODE_SAY(in, axis->value, "%s: a file's name is not UTF-8, as '%s': rename it", axis->name, show(&s, path));
		return false;
	}
	c->node = axis->value;
	c->text = c->value.as.text = arena_strdup(&in->arena, path);
	c->value.kind = VALUE_TEXT;
	if (axis->param >= 0)
		choice_find_input(in, axis->name, c, in->base_dir);
	axis->n_rows++;
	return true;
}

static bool add_paths(struct manifest_inside *in, struct axis *axis, const struct node *files, const glob_t *found)
{
	bool good = true;
	struct shown s;

	if ((int64_t)found->gl_pathc > in->jobs_max) {
		NODE_SAY(in, files, "%s: '%s' matches %zu files, more than the limit of %" PRId64, axis->name, show(&s, files->text), found->gl_pathc,
			 in->jobs_max);
		return false;
	}
	qsort(found->gl_pathv, found->gl_pathc, sizeof *found->gl_pathv, by_bytes);
	axis->n_rows = (int64_t)found->gl_pathc;
	axis_make_column(in, axis);
	axis->n_rows = 0;
	for (size_t i = 0; i < found->gl_pathc; i++)
		if (!fs_is_dir(found->gl_pathv[i]))
			good &= add_path(in, axis, shown_path(in, files->text, found->gl_pathv[i]));
	if (axis->n_rows == 0 && good)
		NODE_SAY(in, files, "%s: '%s' matches only folders: write the files in them, as '%s/*.wav'", axis->name, show(&s, files->text),
			 files->text);
	return good && axis->n_rows > 0;
}

static bool match(struct manifest_inside *in, struct axis *axis, const struct node *files)
{
	char *pattern = full_pattern(in, files->text);
	glob_t found;
	int rc = glob(pattern, GLOB_NOSORT, NULL, &found);
	bool good = false;
	struct shown s;

	if (rc == GLOB_NOMATCH)
		NODE_SAY(in, files, "%s: no file matches '%.200s': a relative pattern starts at the manifest's folder", axis->name, pattern);
	else if (rc)
		NODE_SAY(in, files, "%s: the files of '%s' cannot be listed", axis->name, show(&s, files->text));
	else
		good = add_paths(in, axis, files, &found);
	if (rc == 0)
		globfree(&found);
	free(pattern);
	return good;
}

bool axis_read_glob(struct manifest_inside *in, struct axis *axis)
{
	static const char *const keys[] = { "files", NULL };
	const struct node *files = node_find(axis->value, "files");
	int n_before = in->ms.n_mistakes;

	if (node_find(axis->value, "file") || node_find(axis->value, "use") || node_find(axis->value, "where")) {
		NODE_SAY(in, axis->value, "%s: files stands alone, it gives paths: 'use' and 'where' belong to a table, {file: x.csv}", axis->name);
		return false;
	}
	keys_check(in, axis->value, axis->name, keys, false);
	if (in->ms.n_mistakes > n_before || !axis->value->is_sound)
		return false;
	if (files->kind != NODE_SCALAR || node_is_null(files) || !files->text[0])
		NODE_SAY(in, files, "files must be one pattern as \"melodies/*.wav\", found %s", node_kind_text(files));
	else if (strstr(files->text, "**"))
		NODE_SAY(in, files, "'**' is not known here: write one '*' for each level of folders, as \"melodies/*/*.wav\"");
	else if (axis->param >= 0 && card_param(in->card, axis->param)->type != PARAM_FILE)
		NODE_SAY(in, files, "files gives paths, and '%s' takes none: write {file: x.txt} for a value a line", axis->name);
	else
		return match(in, axis, files);
	return false;
}
