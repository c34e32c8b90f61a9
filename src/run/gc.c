/*
 * run_gc: the files that nobody wants any more go.
 *
 * First everything is looked at: the rows (which files are wanted, which superseded job still has one), then
 * .mgbatch/old, part and move. What a finished job, a job that waits for its replacement, or a dead run's unsettled
 * move names is never touched, whatever else is said of it; a superseded job's file only where its content is what the
 * row says, for somebody may have put another file there, and none behind a link, for that is not in this folder.
 *
 * Then, in groups: the files are unlinked, their folders synced, and only then do their rows forget them. A death in
 * between leaves rows that name a file which is not there: everyone takes that for what it is (a job that comes back is
 * made again), and the next gc lets the row forget it. The other order would leave files that no row knows.
 */
#include "run/tend_inside.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/run_inside.h"
#include "run/walk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GC_GROUP 256 /* files whose folders are synced, and whose rows are written, together */

/* A row's file, or one of a row's two names while it moves. */
struct claim {
	char *path;
	int64_t seq;
	bool is_wanted; /* not to be removed */
	bool is_listed; /* as a superseded job's */
};

struct waste {
	enum run_gc_kind kind;
	char *path;
	char id_text[JOB_ID_SIZE];
	int64_t seq; /* of the row that forgets it, or 0 */
	int64_t n_bytes;
	bool has_file; /* else only the row is to forget it */
};

struct sweep {
	const struct run_gc *gc;
	struct run_gc_result *result;
	struct claim *claims; /* by path once they are sorted */
	size_t n_claims, cap_claims;
	struct waste *list;
	size_t n, cap;
	enum run_gc_kind kind; /* of what is walked over */
};

static void release(struct sweep *s)
{
	for (size_t i = 0; i < s->n_claims; i++)
		free(s->claims[i].path);
	for (size_t i = 0; i < s->n; i++)
		free(s->list[i].path);
	free(s->claims);
	free(s->list);
}

/* ---- what the rows name --------------------------------------------------------------- */

static void add_claim(struct sweep *s, const char *path, int64_t seq, bool is_wanted)
{
	MEM_GROW(s->claims, s->n_claims, s->cap_claims);
	s->claims[s->n_claims++] = (struct claim){ mem_strdup(path), seq, is_wanted, false };
}

static struct waste *add_waste(struct sweep *s, enum run_gc_kind kind, const char *path, int64_t n_bytes)
{
	MEM_GROW(s->list, s->n, s->cap);
	s->list[s->n] = (struct waste){ .kind = kind, .path = mem_strdup(path), .n_bytes = n_bytes, .has_file = true };
	return &s->list[s->n++];
}

static int look_at_row(void *arg, const struct ledger_job *row, struct err *err)
{
	struct sweep *s = arg;
	struct waste *waste;
	int meant;

	if (!row->has_artifact)
		return 0;
	if (row->state != JOB_SUPERSEDED) {
		/* a job that was made again under another name has its last file in old/ until then, and nothing needs that */
		add_claim(s, row->file_path, row->seq, row->state == JOB_DONE || row->state == JOB_MADE ||
					       !text_starts_with(row->file_path, RUN_OLD_DIR "/"));
		if (row->temp_path[0])
			add_claim(s, row->temp_path, row->seq, true);
		return 0;
	}
	meant = tend_is_meant(&s->gc->place, row, err);
	add_claim(s, row->file_path, row->seq, meant == 0);
	if (meant <= 0)
		return meant;
	s->claims[s->n_claims - 1].is_listed = true;
	waste = add_waste(s, RUN_GC_SUPERSEDED, row->file_path, row->n_bytes);
	waste->seq = row->seq;
	memcpy(waste->id_text, row->id_text, sizeof waste->id_text);
	return 0;
}

static int look_at_away(void *arg, const char *path, const char *old_path, struct err *err)
{
	(void)err;
	add_claim(arg, path, 0, true);
	add_claim(arg, old_path, 0, true);
	return 0;
}

static int compare_claims(const void *a, const void *b)
{
	return strcmp(((const struct claim *)a)->path, ((const struct claim *)b)->path);
}

/* The first claim to path, or NULL; others follow it. */
static const struct claim *find_claim(const struct sweep *s, const char *path)
{
	size_t low = 0, high = s->n_claims;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->claims[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n_claims && strcmp(s->claims[low].path, path) == 0 ? &s->claims[low] : NULL;
}

/* What all claims to path together say. */
static struct claim sum_up(const struct sweep *s, const char *path)
{
	const struct claim *end = s->claims + s->n_claims;
	struct claim sum = { NULL, 0, false, false };

	for (const struct claim *c = find_claim(s, path); c && c < end && strcmp(c->path, path) == 0; c++) {
		sum.is_wanted = sum.is_wanted || c->is_wanted;
		sum.is_listed = sum.is_listed || c->is_listed;
		sum.seq = c->seq;
	}
	return sum;
}

static int read_rows(struct sweep *s, struct ledger *l, struct err *err)
{
	int rc = ledger_scan(l, LEDGER_ALL_STATES, look_at_row, s, err);

	if (rc == 0)
		rc = ledger_each_away(l, look_at_away, s, err);
	if (rc == 0 && s->n_claims > 1)
		qsort(s->claims, s->n_claims, sizeof *s->claims, compare_claims);
	return rc;
}

/* ---- what lies there --------------------------------------------------------------------- */

struct rows {
	struct sweep *s;
	struct waste *waste;
};

static int check_content(void *arg, const struct ledger_job *row, struct err *err)
{
	struct rows *rows = arg;
	const char *root = rows->s->gc->place.output_dir;
	char *path = fs_join(root, row->file_path);
	struct waste *w = rows->waste;
	struct err ignored = ERR_INIT;
	int there = fs_find(path, &ignored), is_its = 0;

	(void)err;
	if (there == 1 && sum_up(rows->s, row->file_path).is_wanted)
		there = 0; /* another's by now */
	if (there == 1)
		is_its = fs_is_past_link(root, row->file_path) ? -1 : hash_file_is(path, row->file_sha256, &ignored);
	if (there < 0 || is_its < 0)
		w->seq = 0; /* it may be the job's: its row keeps it */
	w->has_file = is_its == 1;
	rows->s->result->n_foreign += there != 0 && is_its != 1;
	free(path);
	return 0;
}

/* Each superseded job's file is the one that it made, or it is left alone. */
static int check_superseded(struct sweep *s, struct ledger *l, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		struct rows rows = { s, &s->list[i] };

		if (ledger_find(l, s->list[i].id_text, check_content, &rows, err) != 0)
			return -1;
	}
	return 0;
}

static int look_at_file(void *arg, const char *path, int64_t n_bytes, struct err *err)
{
	struct sweep *s = arg;
	struct claim claim = sum_up(s, path);

	(void)err;
	if (!claim.is_wanted && !claim.is_listed)
		add_waste(s, s->kind, path, n_bytes)->seq = claim.seq;
	return 0;
}

/* Not with a selection: it is about jobs, and these files are nobody's. */
static int walk_house(struct sweep *s, struct err *err)
{
	static const struct {
		const char *dir;
		enum run_gc_kind kind;
	} places[] = { { RUN_OLD_DIR, RUN_GC_OLD }, { RUN_PART_DIR, RUN_GC_LEFT }, { RUN_MOVE_DIR, RUN_GC_LEFT } };

	for (size_t i = 0; i < sizeof places / sizeof *places && !s->gc->place.select; i++) {
		s->kind = places[i].kind;
		if (walk_files(s->gc->place.output_dir, places[i].dir, NULL, look_at_file, s, err) != 0)
			return -1;
	}
	return 0;
}

static int tell_all(struct sweep *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct waste *w = &s->list[i];
		struct run_gc_file file = { w->kind, w->path, w->id_text, w->n_bytes };

		if (!w->has_file)
			continue;
		s->result->n_files[w->kind]++;
		s->result->n_bytes[w->kind] += w->n_bytes;
		if (s->gc->visit && s->gc->visit(s->gc->visit_arg, &file, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- removing ------------------------------------------------------------------------------ */

/* The folder of path (relative) and those above go while they are empty; what stays is to be synced. */
static void prune(const char *root, const char *path, struct sync_dirs *dirs)
{
	char *dir = fs_dirname(path), *full, *inside;

	while (strcmp(dir, ".") != 0) {
		char *above = fs_dirname(dir);

		full = fs_join(root, dir);
		if (fs_exists(full) && rmdir(full) != 0) { /* not empty, most likely */
			free(full);
			free(above);
			break;
		}
		free(full);
		free(dir);
		dir = above;
	}
	full = strcmp(dir, ".") != 0 ? fs_join(root, dir) : mem_strdup(root);
	inside = mem_printf("%s/x", full);
	sync_dirs_add(dirs, inside);
	free(inside);
	free(full);
	free(dir);
}

static int unlink_group(const struct sweep *s, const struct waste *list, size_t n, struct err *err)
{
	const char *root = s->gc->place.output_dir;
	struct sync_dirs dirs = SYNC_DIRS_INIT;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		char *full = fs_join(root, list[i].path);

		if (list[i].has_file)
			rc = fs_remove(full, err);
		free(full);
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (list[i].has_file)
			prune(root, list[i].path, &dirs);
	for (size_t i = 0; rc == 0 && i < dirs.n; i++) /* one that was pruned after it was listed is gone */
		if (fs_is_dir(dirs.list[i].path))
			rc = fs_sync_dir(dirs.list[i].path, err);
	sync_dirs_release(&dirs);
	return rc;
}

static int forget_group(struct ledger *l, const struct waste *list, size_t n, struct err *err)
{
	int rc = ledger_begin(l, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (list[i].seq != 0)
			rc = ledger_drop_file(l, list[i].seq, err);
	return ledger_end(l, rc, err);
}

void run_gc_sum(const struct run_gc_result *result, int64_t *n_files, int64_t *n_bytes)
{
	*n_files = *n_bytes = 0;
	for (int k = 0; k < RUN_GC_N_KINDS; k++) {
		*n_files += result->n_files[k];
		*n_bytes += result->n_bytes[k];
	}
}

static int note(struct sweep *s, struct ledger *l, struct err *err)
{
	int64_t n_files, n_bytes;
	char text[160], files[32], bytes[32];
	int rc;

	run_gc_sum(s->result, &n_files, &n_bytes);
	(void)snprintf(text, sizeof text, "%s removed, %s", text_count(files, sizeof files, n_files, "file"),
		       text_bytes(bytes, sizeof bytes, (uint64_t)n_bytes));
	rc = ledger_begin(l, err);
	if (rc == 0)
		rc = ledger_note(l, 0, 0, "gc", text, err);
	return ledger_end(l, rc, err);
}

static int remove_all(struct sweep *s, struct ledger *l, struct err *err)
{
	for (size_t at = 0; at < s->n; at += GC_GROUP) {
		size_t n = s->n - at < GC_GROUP ? s->n - at : GC_GROUP;

		if (unlink_group(s, s->list + at, n, err) != 0 || forget_group(l, s->list + at, n, err) != 0)
			return -1;
	}
	return s->n > 0 ? note(s, l, err) : 0;
}

int run_gc(const struct run_gc *gc, struct run_gc_result *ret, struct err *err)
{
	struct run_gc_result result = { .n_foreign = 0 };
	struct sweep s = { .gc = gc, .result = &result };
	struct tend t;
	int rc;

	if ((gc->removes ? tend_open : tend_open_read)(&t, &gc->place, err) != 0)
		return -1;
	rc = read_rows(&s, t.ledger, err);
	if (rc == 0)
		rc = check_superseded(&s, t.ledger, err);
	if (rc == 0)
		rc = walk_house(&s, err);
	if (rc == 0)
		rc = tell_all(&s, err);
	if (rc == 0 && gc->removes)
		rc = remove_all(&s, t.ledger, err);
	if (rc == 0)
		*ret = result;
	release(&s);
	tend_close(&t);
	return rc;
}
