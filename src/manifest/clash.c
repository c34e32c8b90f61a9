/*
 * clash: what two jobs must not share, and where paths must not lead.
 */
#include "manifest/expand.h"

#include "base/mem.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_FILES_MAX 10000 /* the Hugging Face Hub's limit of entries per folder (its repository limits page) */

/* ---- paths that mean a split --------------------------------------------------------- */

/* datasets/data_files.py: SPLIT_KEYWORDS, between any of NON_WORDS_CHARS "-._ 0-9", or '/' and the path's ends. */
static const struct {
	const char *word, *split;
} split_words[] = {
	{ "train", "train" },	{ "training", "train" },	{ "validation", "validation" }, { "valid", "validation" },
	{ "dev", "validation" }, { "val", "validation" },	{ "test", "test" },		{ "testing", "test" },
	{ "eval", "test" },	{ "evaluation", "test" },
};

size_t split_word(const char *path, size_t *at, const char **ret_split)
{
	static const char between[] = "-._ /0123456789";

	while (path[*at]) {
		size_t n = strcspn(path + *at, between);

		for (size_t i = 0; i < sizeof split_words / sizeof split_words[0]; i++) {
			if (strlen(split_words[i].word) != n || memcmp(split_words[i].word, path + *at, n) != 0)
				continue;
			*ret_split = split_words[i].split;
			return n;
		}
		*at += n;
		*at += strspn(path + *at, between);
	}
	return 0;
}

/* ---- equal ids and paths ---------------------------------------------------------------- */

struct job_key {
	const struct job *jobs;
	const struct job *job;
};

static bool same_id(const void *arg, int64_t value)
{
	const struct job_key *key = arg;

	return !memcmp(key->jobs[value].id, key->job->id, HASH_BYTES);
}

static bool same_path(const void *arg, int64_t value)
{
	const struct job_key *key = arg;

	return text_equal_ignoring_case(key->jobs[value].path, key->job->path);
}

static const struct place *place_of(const struct expansion *x, const struct job *job)
{
	for (int i = 0; i < x->in->n_sets; i++)
		if (x->in->sets[i].name == job->set)
			return &x->in->sets[i];
	return &x->in->top;
}

static const struct axis *find_axis(const struct place *p, const char *name)
{
	for (int i = 0; i < p->n_axes; i++)
		if (!strcmp(p->axes[i].page_name, name))
			return &p->axes[i];
	return NULL;
}

struct spot {
	int line, column;
};

/* Where the job is mended: the axis of that name, the job's set, else what the top sweeps. */
static struct spot spot_of(const struct expansion *x, const struct job *job, const char *axis_name)
{
	const struct place *p = place_of(x, job), *top = &x->in->top;
	const struct axis *axis = find_axis(p, axis_name);

	if (!axis)
		axis = find_axis(top, axis_name);
	if (axis)
		return (struct spot){ axis->key->line, axis->key->column };
	if (p == top && p->sweep)
		return (struct spot){ p->sweep->line, p->sweep->column };
	return (struct spot){ p->line, p->column };
}

/* The file's row that the job's axis i stands on, as " (prompts.csv:17)". */
static void add_file_row(const struct expansion *x, const struct job *job, int i, struct strbuf *out)
{
	const struct place *places[] = { place_of(x, job), &x->in->top };

	for (int k = 0; k < 2; k++) {
		for (int a = 0; a < places[k]->n_axes; a++) {
			const struct axis *axis = &places[k]->axes[a];

			for (int64_t r = 0; axis->file && !strcmp(axis->page_name, job->axes[i].name) && r < axis->n_rows; r++) {
				if (axis->labels[r] != job->axes[i].text)
					continue;
				strbuf_addf(out, " (%s:%d)", file_name_of(axis->value), axis->file->lines[axis_file_row(axis, r)]);
				return;
			}
		}
	}
}

/* "temperature 0.8, seed 1 of set 'rain'" */
static const char *describe(const struct expansion *x, const struct job *job)
{
	struct strbuf sb = STRBUF_INIT(WHY_MAX);
	const char *text;
	struct shown s;

	for (int i = 0; i < job->n_axes; i++) {
		if (strchr(job->axes[i].name, '.'))
			continue;
		strbuf_addf(&sb, "%s%s %s", sb.len ? ", " : "", job->axes[i].name, show(&s, job->axes[i].text));
		add_file_row(x, job, i, &sb);
	}
	if (sb.len == 0)
		strbuf_adds(&sb, "the job");
	if (job->set[0])
		strbuf_addf(&sb, " of set '%s'", job->set);
	text = arena_strdup(&x->in->arena, sb.buf);
	strbuf_release(&sb);
	return text;
}

/* What tells two jobs with one path apart: its name, both texts, and the placeholder. False: no axis differs. */
static bool find_difference(const struct job *a, const struct job *b, const char **name, const char **ta, const char **tb)
{
	for (int i = 0; i < a->n_axes; i++) {
		for (int k = 0; k < b->n_axes; k++) {
			if (strcmp(a->axes[i].name, b->axes[k].name) != 0 || !strcmp(a->axes[i].text, b->axes[k].text))
				continue;
			*name = a->axes[i].name;
			*ta = a->axes[i].text;
			*tb = b->axes[k].text;
			return true;
		}
	}
	return false;
}

static void say_same_job(struct expansion *x, const struct job *a, const struct job *b)
{
	const char *name = "", *ta, *tb;
	bool is_other_file = a->input_path && b->input_path && strcmp(a->input_path, b->input_path) != 0;
	struct spot at;

	/* Of two sets the later is pointed at, whole: an axis of one alone is not why they are equal. */
	(void)(a->set == b->set && find_difference(a, b, &name, &ta, &tb));
	at = spot_of(x, b, name);
	mistake_add(&x->in->ms, at.line, at.column,
		    "%s and %s are the same job, with all parameters equal%s: remove one of them, or give them different seeds", describe(x, a),
		    describe(x, b), is_other_file ? " (their input files have the same content)" : "");
}

/* Texts with one slug are not told apart by their placeholder, nor are files of one name in two folders or formats. */
static bool slugs_differ(const struct card *card, const char *name, const char *a, const char *b)
{
	int param = card_find(card, name);
	bool is_path = param >= 0 && card_param(card, param)->type == PARAM_FILE;
	struct strbuf sa = STRBUF_INIT(4096), sb = STRBUF_INIT(4096);
	double x;
	bool differ;

	(is_path ? name_stem : name_slug)(a, &sa);
	(is_path ? name_stem : name_slug)(b, &sb);
	differ = text_parse_number(a, &x) || strcmp(sa.buf, sb.buf) != 0;
	strbuf_release(&sa);
	strbuf_release(&sb);
	return differ;
}

static void say_same_path(struct expansion *x, const struct job *a, const struct job *b)
{
	const struct node *n = x->in->output_name;
	const char *name = "", *ta = "", *tb = "";
	struct spot at;
	const char *placeholder = "id";
	struct strbuf how = STRBUF_INIT(WHY_MAX);
	struct shown s1, s2;

	if (a->set != b->set) {
		strbuf_adds(&how, "they differ in the set");
		placeholder = text_equal_ignoring_case(a->set, b->set) ? "id" : "set";
	} else if (find_difference(a, b, &name, &ta, &tb)) {
		strbuf_addf(&how, "they differ in %s ('%s' and '%s')", name, show(&s1, ta), show(&s2, tb));
		if (slugs_differ(x->in->card, name, ta, tb))
			placeholder = name;
	} else {
		strbuf_adds(&how, "they differ in parameters that no axis names");
	}
	at = n ? (struct spot){ n->line, n->column } : spot_of(x, b, name);
	mistake_add(&x->in->ms, at.line, at.column,
		    "%s and %s would both be the file '%s' (letter case aside); %s: put {%s} into output.name", describe(x, a), describe(x, b),
		    b->path, how.buf, placeholder);
	strbuf_release(&how);
}

static int64_t find_id(struct seen *seen, const struct expansion *x, int64_t i)
{
	struct job_key key = { x->jobs, &x->jobs[i] };

	return seen_put(seen, seen_hash(x->jobs[i].id, 8), i, same_id, &key);
}

static int64_t find_path(struct seen *seen, const struct expansion *x, int64_t i)
{
	struct job_key key = { x->jobs, &x->jobs[i] };

	return seen_put(seen, seen_hash_folded(x->jobs[i].path, strlen(x->jobs[i].path)), i, same_path, &key);
}

/* Of each kind the first few are said: the same cause often makes thousands. */
#define SAID_MAX 5

static void check_pairs(struct expansion *x)
{
	struct seen ids = SEEN_INIT, paths = SEEN_INIT;
	int64_t n_jobs = 0, n_paths = 0;

	for (int64_t i = 0; i < x->n; i++) {
		int64_t twin = find_id(&ids, x, i), other;

		if (twin >= 0) {
			if (n_jobs++ < SAID_MAX)
				say_same_job(x, &x->jobs[twin], &x->jobs[i]);
			continue;
		}
		other = find_path(&paths, x, i);
		if (other >= 0 && n_paths++ < SAID_MAX)
			say_same_path(x, &x->jobs[other], &x->jobs[i]);
	}
	if (n_jobs > SAID_MAX)
		mistake_add(&x->in->ms, 0, 0, "%" PRId64 " jobs in all are the same as another", n_jobs);
	if (n_paths > SAID_MAX)
		mistake_add(&x->in->ms, 0, 0, "%" PRId64 " jobs in all would have another's path", n_paths);
	seen_release(&ids);
	seen_release(&paths);
}

/* ---- full folders ------------------------------------------------------------------------- */

struct folder {
	const char *path;
	size_t len;
	int64_t n;
};

struct folder_key {
	const struct folder *folders;
	const char *path;
	size_t len;
};

static bool same_folder(const void *arg, int64_t value)
{
	const struct folder_key *key = arg;
	const struct folder *f = &key->folders[value];

	return f->len == key->len && !memcmp(f->path, key->path, f->len);
}

static void check_folders(struct expansion *x)
{
	struct seen seen = SEEN_INIT;
	struct folder *folders = mem_zalloc((size_t)x->n, sizeof *folders);
	int64_t n = 0;
	char count[32];

	for (int64_t i = 0; i < x->n; i++) {
		const char *slash = strrchr(x->jobs[i].path, '/');
		struct folder_key key = { folders, x->jobs[i].path, slash ? (size_t)(slash - x->jobs[i].path) : 0 };
		int64_t at = seen_put(&seen, seen_hash(key.path, key.len), n, same_folder, &key);

		if (at < 0) {
			at = n++;
			folders[at].path = key.path;
			folders[at].len = key.len;
		}
		folders[at].n++;
	}
	for (int64_t i = 0; i < n; i++)
		if (folders[i].n > FOLDER_FILES_MAX)
			mistake_warn(&x->in->ms, x->in->output_name ? x->in->output_name->line : 0, x->in->output_name ? x->in->output_name->column : 0,
				     "the %sfolder%s%.*s%s gets %s, more than the %d that data set hubs take: begin output.name with {id:2}/",
				     folders[i].len ? "" : "output ", folders[i].len ? " '" : "", (int)folders[i].len, folders[i].path,
				     folders[i].len ? "'" : "", text_count(count, sizeof count, folders[i].n, "file"), FOLDER_FILES_MAX);
	free(folders);
	seen_release(&seen);
}

void clash_check(struct expansion *x)
{
	if (x->n == 0)
		return;
	check_pairs(x);
	check_folders(x);
}
