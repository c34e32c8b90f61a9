/*
 * manifest/inside: what the files of this room share. Not for other rooms.
 *
 *   yaml_tree   text -> nodes                 settings, settings_run   output, backend; run, hosted, fake; checkpoints
 *   members     keys and values of a map of settings
 *   manifest    the calling sequence          place      params, sweep, exclude, takes, tags of the top or a set
 *   choice      one written value             axis       list, range or table -> rows of choices
 *   table_file  a file's cells                axis_file, axis_glob   the same from files; file_say
 *   uses        which variables are used      predicate  exclude's small language
 *   lay         one set's axes, laid out      expand     the product -> jobs; clash, order
 *
 * Everything lives in struct manifest_inside's arena, which manifest_free ends.
 * All mistakes go to its list; functions that only say mistakes answer nothing.
 */
#ifndef MANIFEST_INSIDE_H
#define MANIFEST_INSIDE_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "manifest/manifest.h"
#include "manifest/mistakes.h"
#include "manifest/seen.h"
#include "manifest/table_file.h"
#include "manifest/yaml_tree.h"

#include <stdbool.h>
#include <stdint.h>

#define WHY_MAX (1u << 16)  /* of a sentence's rest as other rooms say it */
#define NAME_MAX_BYTES 64   /* of a manifest's, set's or axis's name: it becomes part of paths */
#define TAG_MAX_BYTES 200
#define TAKES_MAX 1000000
#define TRIES_MAX 100          /* more is a loop, not a retry */
#define FAKE_TIMES_MAX 1000000
#define HOSTED_PROJECT_MAX 128       /* characters; ids of the service that were seen have some 30 */
#define HOSTED_JOBS_MAX 10000        /* in flight on one thread; measured with 2,000 */
#define HOSTED_PER_MINUTE_MAX 100000 /* the times of so many requests are kept */

/* A file that a parameter names; looked at once. */
struct input {
	const char *path; /* absolute */
	const char *sha256; /* hex; NULL: not readable, said */
};

/* One value as somebody wrote it. */
struct choice {
	struct value value;      /* VALUE_NONE: not given (a seed of -1), or not said at all when node is NULL too */
	const char *text;        /* as printed in names and reports; NULL: not said */
	const struct node *node; /* where it stood; NULL: command line, or not said */
	const struct input *input; /* file parameters */
	int file_line;           /* it stood in a file that node, {file: ..}, names: the line there; 0: in the manifest */
	bool is_template;        /* text with braces, from the manifest */
};

/* An entry of params. */
struct setting {
	int param;
	const struct node *key;
	struct choice choice;
};

struct column {
	const char *name;
	const char *full_name; /* "axis.column" */
	int param;             /* -1: a variable */
	bool is_label;
	bool is_shadow; /* a file's variable that is called as a parameter, or sets one: in the job only where a text or condition names it */
	const struct node *key; /* where it is named first; of a file, the axis's name */
	int in_file;            /* axis->file: which of its columns */
	struct choice *choices; /* [n_rows]; NULL: a variable of axis->file, whose cells have the texts */
};

/* What sweep says under one name. A list or range is a table of one column, called like the axis. */
struct axis {
	const char *name; /* as written */
	const char *page_name; /* the card's own where it is a parameter */
	int param; /* of the name; -1: none */
	bool is_table;
	const struct node *key, *value;
	struct column *columns;
	int n_columns;
	int64_t n_rows;
	const char **labels;  /* table: [n_rows], as printed; else NULL */
	const struct table_file *file; /* NULL: all stands in the manifest */
	const int *rows;      /* [n_rows]: which of the file's; NULL: all */
};

/* The file's row that is row r of the axis. */
static inline int64_t axis_file_row(const struct axis *axis, int64_t r) { return axis->rows ? axis->rows[r] : r; }
/* NULL where a row does not say the column. */
static inline const char *axis_text(const struct axis *axis, int64_t r, int column)
{
	const struct column *c = &axis->columns[column];

	return c->choices ? c->choices[r].text : axis->file->columns[c->in_file].cells[axis_file_row(axis, r)];
}

/* An exclude; where its text stood. */
struct exclusion {
	const struct node *node;
	struct predicate *predicate; /* NULL: wrong, said */
	int64_t n_excluded;
};

/* The top of the manifest, or a set. */
struct place {
	const char *name; /* set's name; "" at the top */
	int line, column;
	struct setting *settings;
	int n_settings;
	struct axis *axes;
	int n_axes;
	const struct node *sweep; /* the map as written, NULL where there is none: axes that could not be read are only there */
	struct exclusion *exclusions;
	int n_exclusions;
	const char **tags;
	int n_tags;
	int takes; /* 0: not said */
	const struct node *takes_node;
	struct fake_script *fake; /* the place's own, over the top's */
	bool is_partial; /* something in it is wrong and left out: what follows from it would mislead */
};

/* How many mistakes in the rows of the file that an axis's {file: ..} names. */
struct file_said {
	const struct node *node;
	int64_t n;
};

struct manifest_inside {
	struct manifest *m;
	struct arena arena;
	struct mistakes ms;
	const struct card *card;
	enum param_backend backend;
	int n_params;
	int seed, version; /* indices of the parameters that this room treats on its own; -1: the card has none */
	const char *base_dir; /* of the manifest */
	bool is_stream;       /* it is no file with a folder and a name of its own: base_dir is the working folder */
	const struct node *root; /* NULL: no tree */
	const struct node *output_name; /* where the template stands, or NULL */
	bool has_bad_name; /* the template is wrong, and said to be */
	struct place top;
	struct place *sets;
	int n_sets;
	bool has_sets;
	struct choice *overrides; /* [n_params]; text NULL: not said */
	struct fake_script no_script;
	struct seen uses;         /* variables that templates name: index into used */
	const char **used;
	int n_used, cap_used;
	struct input **inputs;
	int n_inputs, cap_inputs;
	struct seen input_index;
	int64_t jobs_max;
	int64_t n_range_values; /* of all ranges so far */
	int64_t n_file_values;  /* of all files so far */
	struct table_use *table_uses; /* files that are read */
	struct file_said *said;
	int n_said, cap_said;
	struct seen said_before;
	struct strbuf why;        /* scratch */
	struct manifest_version *versions; /* malloc'ed, as m->versions */
	int cap_versions;
	const char *default_version; /* that a map gives; NULL: the card's, or what the one folder holds */
	bool has_bad_checkpoint;     /* said */
	struct manifest_model *models;
	int n_models;
	struct job_maker stand_in;   /* of versions without a model */
	struct job *jobs;         /* malloc'ed: their number is known only at the end */
};

#define NODE_SAY(in, node, ...) mistake_add(&(in)->ms, (node)->line, (node)->column, __VA_ARGS__)
#define NODE_WARN(in, node, ...) mistake_warn(&(in)->ms, (node)->line, (node)->column, __VA_ARGS__)

/* settings.c */
void settings_read_head(struct manifest_inside *in, const struct manifest_overrides *over); /* version, name, model, backend */
void settings_read_rest(struct manifest_inside *in, const struct manifest_overrides *over); /* checkpoint, output, run, hosted */
enum param_backend backend_said(const struct manifest_inside *in); /* the manifest's own, whatever --backend says */
const char *joined(struct manifest_inside *in, const char *dir, const char *name); /* fs_join, in the arena */
bool name_is_good(const char *name); /* [A-Za-z0-9][A-Za-z0-9_-]*, at most NAME_MAX_BYTES */

/* settings_run.c */
void run_read(struct manifest_inside *in);
void hosted_read(struct manifest_inside *in);
const char *why_not_retried(enum fail_class class); /* what run.retry may not name: the rest of a sentence; else NULL */
void fake_read(struct manifest_inside *in, const struct node *n, const struct fake_script *base, struct fake_script **ret);

/* members.c */
/* Each key of map must be among names (NULL-terminated); x-* too when free_keys. */
void keys_check(struct manifest_inside *in, const struct node *map, const char *what, const char *const *names, bool free_keys);
/* A map's member that must be one text; NULL when it is missing or wrong, which is said. */
const struct node *scalar_member(struct manifest_inside *in, const struct node *map, const char *name);
/* The same of a map, a whole number and a time in seconds; *ret stays as it is where there is none, or a wrong one. */
const struct node *map_member(struct manifest_inside *in, const struct node *map, const char *name);
bool member_int(struct manifest_inside *in, const struct node *map, const char *name, int64_t min, int64_t max, int *ret);
const struct node *member_duration(struct manifest_inside *in, const struct node *map, const char *name, double *ret);

/* checkpoints.c */
void checkpoints_read(struct manifest_inside *in, const struct manifest_overrides *over); /* checkpoint: a folder or a map */
void checkpoints_want(struct manifest_inside *in);  /* which versions jobs ask for; after all places are read */
void checkpoints_check(struct manifest_inside *in); /* each model is the version that it is named for */
const struct manifest_model *model_find(const struct manifest_inside *in, const char *version); /* NULL: none */
const struct manifest_model *model_of_all(const struct manifest_inside *in); /* the one folder for all, natively; or NULL */
bool model_fits(const struct manifest_model *model, const char *version);
struct json_writer;
void checkpoints_schema(struct json_writer *w, const struct card *card); /* the member of the JSON Schema */

/* place.c */
void place_read(struct manifest_inside *in, const struct node *map, struct place *place);
void overrides_read(struct manifest_inside *in, const struct manifest_overrides *over);

/* choice.c */
/* A parameter's value; name: as written. False after a mistake. */
bool choice_read(struct manifest_inside *in, int param, const char *name, const struct node *n, struct choice *ret);
/* A variable's value. */
bool choice_read_variable(struct manifest_inside *in, const char *name, const struct node *n, struct choice *ret);
/* Gives a choice of a file parameter its input. */
void choice_find_input(struct manifest_inside *in, const char *name, struct choice *choice, const char *dir);

/* axis.c, table.c */
bool axis_name_is_reserved(const char *name); /* set, id and other words that mean something of their own */
void axis_make_column(struct manifest_inside *in, struct axis *axis); /* the one of a list of n_rows */
bool axis_check_repeats(struct manifest_inside *in, const struct axis *axis);
bool table_label_rows(struct manifest_inside *in, struct axis *axis);
bool axis_read(struct manifest_inside *in, const struct node *key, const struct node *value, struct axis *ret);
bool table_read(struct manifest_inside *in, struct axis *axis);
const char *unknown_name(struct manifest_inside *in, const char *name); /* "unknown parameter 'x', did you mean 'y'?" */

/* axis_file.c, axis_glob.c: the value is a map with file or files */
bool axis_read_file(struct manifest_inside *in, struct axis *axis);
bool axis_read_glob(struct manifest_inside *in, struct axis *axis);
void table_uses_release(struct manifest_inside *in);

/* file_say.c */
const char *file_name_of(const struct node *n); /* {file: NAME}: as written */
/* "prompts.csv:17: .." at n, {file: ..}; line 0: no line. Of each n the first few are said, then, by file_say_rest, how many more. */
void file_say(struct manifest_inside *in, const struct node *n, int line, const char *fmt, ...) PRINTF_LIKE(4, 5);
void file_say_table(struct manifest_inside *in, const struct node *n, const struct table_file *t);
void file_say_rest(struct manifest_inside *in);
/* Where the choice stood, in the manifest or in a file; its node is not NULL. */
void choice_say(struct manifest_inside *in, const struct choice *c, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* uses.c */
bool word_is_taken(struct manifest_inside *in, const char *name); /* a parameter or a word of ours: no column can be meant by it alone */
void uses_add_text(struct manifest_inside *in, const char *text); /* the variables that a template names */
void uses_add(struct manifest_inside *in, const char *name);
bool uses_have(const struct manifest_inside *in, const char *name);
void uses_check(struct manifest_inside *in); /* each variable written is used; output.name's placeholders exist */
/* Does the place have an axis or column of this name that is no parameter? "name", "column" or "axis.column". */
bool place_has_variable(const struct place *place, const char *name);
/* Does one stand under sweep that could not be read? What is wrong with it is said; that it were not there would be false. place may be NULL. */
bool place_lost_variable(const struct place *place, const char *name);
/* A variable of the places that may be meant by a word, or NULL. set may be NULL. */
const char *place_suggest(const struct place *top, const struct place *set, const char *word);

/* exclude.c */
int node_column_at(const struct node *n, size_t offset); /* of a scalar's byte, in the manifest */
void exclusions_read(struct manifest_inside *in); /* after all places are read: their names are known then */
bool exclusions_hold(const struct place *top, const struct place *set, const struct job *job); /* counts for the warning */
void exclusions_check(struct manifest_inside *in); /* warns of those that excluded nothing */

#endif
