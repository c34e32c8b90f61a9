/*
 * keep: samples become files in their places, beside the loop.
 *
 * Making a file (normalise, encode, hash, sync) and syncing folders takes longer than handing out jobs, and mostly sleeps:
 * it is done by background threads. The ledger is written here, by the loop's own thread, for three groups that change roles:
 *
 *   filling   takes finished jobs, up to RUN_GROUP_MAX or for RUN_GROUP_MS; its files are being made
 *   making    takes no more; once its files are made they are synced, all together (sync.h)
 *   placing   its rows say `made`, its files have their names, their folders are being synced
 *
 * A turn writes, in one transaction, that those of `placing` are done and those of `making` made; then it gives the latter
 * their names, and they are the next to be placed.
 */
#include "run/run_inside.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

#define PCM_BYTES_MAX ((size_t)16 << 20) /* of samples that wait to be made into files beyond one: two clips of 30 s in stereo */
/* The samples of a sound that a service made: half an hour in stereo at 48 kHz; one with more is not kept. */
#define DOWNLOAD_PCM_MAX ((size_t)1800 * 48000 * 2 * sizeof(float))
#define LOOK_MS 5 /* how often a group in the background is looked at: a sync takes some ms, encoding a clip some tens */

/* ---- what was downloaded ------------------------------------------------------------------ */

static void say_no_sound(struct run_file *f, const struct err *why)
{
	f->is_no_sound = why->code == ERR_INPUT;
	if (f->is_no_sound)
		(void)err_set(&f->why, ERR_INPUT, "what was downloaded is no sound that can be used: %s", why->text);
	else
		f->why = *why;
}

/* How much memory its samples will take is known before any of it is taken. */
static void look_at_source(struct run_file *f)
{
	struct pcm pcm = PCM_INIT;
	struct err why = ERR_INIT;
	size_t n_most = DOWNLOAD_PCM_MAX / sizeof(float);
	int rc = audio_look(f->source, n_most, &pcm, &why);

	if (rc == 0 && (pcm.n_frames == 0 || pcm.n_frames > n_most / (size_t)pcm.n_channels))
		rc = err_set(&why, ERR_INPUT, "'%s' has %zu frames of %d channels", f->source, pcm.n_frames, pcm.n_channels);
	if (rc != 0) {
		say_no_sound(f, &why);
		return;
	}
	f->n_frames = pcm.n_frames;
	f->n_pcm_bytes = pcm.n_frames * (size_t)pcm.n_channels * sizeof(float);
}

/* What was downloaded has done its service: its row is durable, or it failed, and is fetched again by its id. */
static void drop_sources(struct run_file *files, int n)
{
	struct err ignored = ERR_INIT;

	for (int i = 0; i < n; i++) {
		if (files[i].source)
			(void)!fs_remove(files[i].source, &ignored);
		free(files[i].source);
		files[i].source = NULL;
	}
}

/* ---- making ------------------------------------------------------------------------------ */

/* A sound as a service made it becomes samples; its own bytes are remembered by their hash. */
static int decode(struct run_file *f)
{
	unsigned char hash[HASH_BYTES];
	struct err why = ERR_INIT;

	if (f->n_frames == 0 || hash_file(f->source, hash, &f->why) != 0) /* look_at_source has said why */
		return -1;
	hash_hex(f->source_sha256, hash);
	if (audio_read(f->source, f->n_frames, &f->pcm, &why) == 0)
		return 0;
	say_no_sound(f, &why);
	return -1;
}

/* In the background. */
static void make_file(void *arg)
{
	struct run_file *f = arg;
	const struct run_config *c = f->config;
	char *full = fs_join(c->output_dir, f->from);
	bool is_there = !f->source || decode(f) == 0;

	if (is_there && artifact_make(&c->jobs[f->index], &f->pcm, &c->artifact, full, &f->artifact, &f->fd, &f->why) == 0)
		fs_begin_sync(f->fd);
	pcm_release(&f->pcm);
	free(full);
}

/* In the background, once all of its group are made. What is complete is on the disk before its row says so. */
static void sync_file(void *arg)
{
	struct run_file *f = arg;
	char *full = fs_join(f->config->output_dir, f->from);
	struct err ignored = ERR_INIT;

	if (fs_sync_close(f->fd, full, &f->why) != 0)
		(void)!fs_remove(full, &ignored);
	f->fd = -1;
	free(full);
}

void keep_begin(struct run *r)
{
	tasks_add_chain(r->tasks, &r->taken);
}

static void wait_for_first(struct run *r, struct run_group *g)
{
	struct run_file *f = &g->files[g->n_made++];

	keep_begin(r);
	tasks_wait(r->tasks, &f->task);
	g->n_pcm_bytes -= f->n_pcm_bytes;
	g->has_failed = g->has_failed || f->why.code != ERR_NONE;
}

static bool is_made(struct run *r, struct run_group *g)
{
	while (g->n_made < g->n && tasks_done(&g->files[g->n_made].task))
		wait_for_first(r, g);
	return g->n_made == g->n;
}

static void begin_sync(struct run *r, struct run_group *g)
{
	struct task_chain syncs = TASK_CHAIN_INIT;

	if (g->is_syncing)
		return;
	g->is_syncing = true;
	for (int k = 0; k < g->n; k++) {
		struct run_file *f = &g->files[k];

		if (f->why.code != ERR_NONE)
			continue;
		f->task.fn = sync_file;
		task_chain_add(&syncs, &f->task);
	}
	tasks_add_chain(r->tasks, &syncs);
}

/* Made and synced, of `making`. */
static bool is_whole(struct run *r, struct run_group *g)
{
	if (!is_made(r, g))
		return false;
	begin_sync(r, g);
	while (g->n_synced < g->n && tasks_done(&g->files[g->n_synced].task))
		g->n_synced++;
	return g->n_synced == g->n;
}

static void wait_until_whole(struct run *r, struct run_group *g)
{
	while (g->n_made < g->n)
		wait_for_first(r, g);
	begin_sync(r, g);
	for (; g->n_synced < g->n; g->n_synced++)
		tasks_wait(r->tasks, &g->files[g->n_synced].task);
}

/* A new name for every attempt: what a dead attempt left is never written over. */
static char *part_name(const struct job *job, int n_attempt)
{
	char id[JOB_ID_SIZE];

	job_id_text(id, job->id);
	return mem_printf("%s/%s-%d~", RUN_PART_DIR, id, n_attempt);
}

/* The oldest first, until few enough samples wait beside the new ones. */
static void wait_for_room(struct run *r, size_t n_bytes)
{
	struct run_group *const groups[] = { r->making, r->filling };

	for (int i = 0; i < 2; i++)
		while (groups[i]->n_made < groups[i]->n && r->making->n_pcm_bytes + r->filling->n_pcm_bytes + n_bytes > PCM_BYTES_MAX)
			wait_for_first(r, groups[i]);
}

/* `filling` takes no more. */
static void close_filling(struct run *r)
{
	struct run_group *empty = r->making;

	r->making = r->filling;
	r->filling = empty;
}

void keep_release(struct event *e)
{
	struct err ignored = ERR_INIT;

	pcm_release(&e->pcm);
	if (e->file)
		(void)!fs_remove(e->file, &ignored);
	free(e->file);
	e->file = NULL;
}

int keep_job(struct run *r, struct event *e, struct err *err)
{
	int64_t index = (int64_t)(e->job - r->config->jobs);
	struct run_job *job = &r->jobs[index];
	struct run_group *g = r->filling;
	struct run_file *f = &g->files[g->n];

	if (!r->tasks && tasks_open(&r->tasks, SYNC_THREADS, err) != 0) {
		keep_release(e);
		return -1;
	}
	*f = (struct run_file){
		.index = index, .seq = job->seq, .n_attempt = job->n_attempts, .is_new = true, .ends_try = true,
		.has_former = job->has_file, .make_s = e->make_s, .from = part_name(e->job, job->n_attempts),
		.to = mem_strdup(e->job->path), .task = { .fn = make_file, .arg = f }, .config = r->config,
		.pcm = e->pcm, .n_pcm_bytes = e->pcm.n_frames * (size_t)e->pcm.n_channels * sizeof *e->pcm.samples, .fd = -1,
		.source = e->file, .asset_id = e->asset_id ? mem_strdup(e->asset_id) : NULL,
	};
	e->pcm = (struct pcm)PCM_INIT;
	e->file = NULL;
	if (f->source)
		look_at_source(f);
	wait_for_room(r, f->n_pcm_bytes);
	g->n_pcm_bytes += f->n_pcm_bytes;
	if (g->n++ == 0)
		g->since_ms = clock_monotonic_ms();
	task_chain_add(&r->taken, &f->task);
	if (g->n < RUN_GROUP_MAX)
		return 0;
	if (r->making->n > 0 && keep_turn(r, err) != 0)
		return -1;
	close_filling(r);
	return 0;
}

/* ---- turns -------------------------------------------------------------------------------- */

static void empty(struct run_group *g)
{
	drop_sources(g->files, g->n);
	commit_forget(g->files, g->n);
	aways_release(&g->aways);
	sync_dirs_release(&g->dirs);
	g->n = g->n_made = 0;
	g->n_pcm_bytes = 0;
	g->n_synced = 0;
	g->has_failed = g->is_syncing = false;
}

/* What could not be made fails here and leaves the group. */
static int put_rows(struct run *r, struct run_group *g, struct err *err)
{
	int n = 0;

	for (int k = 0; k < g->n; k++) {
		if (g->files[k].why.code == ERR_NONE) {
			if (n != k) {
				g->files[n] = g->files[k];
				g->files[k] = (struct run_file){ .index = -1 }; /* whatever ends this early frees each once */
			}
			if (commit_put_row(r, g->files, n++, &g->aways, err) != 0)
				return -1;
			continue;
		}
		if (fail_file(r, &g->files[k], err) != 0)
			return -1;
		drop_sources(&g->files[k], 1);
		commit_forget(&g->files[k], 1);
	}
	g->n = g->n_made = n;
	return 0;
}

/* What could not be placed fails here. */
static int end_rows(struct run *r, struct run_group *g, struct err *err)
{
	int rc = commit_end_rows(r, &g->aways, err);

	for (int k = 0; rc == 0 && k < g->n; k++) {
		struct run_file *f = &g->files[k];

		if (f->why.code == ERR_NONE) {
			rc = commit_end_row(r, f, err);
			continue;
		}
		rc = commit_undo_row(r, g->files, k, &g->aways, err);
		if (rc == 0)
			rc = fail_file(r, f, err);
		r->jobs[f->index].has_file = false;
	}
	return rc;
}

static void tell_done(struct run *r, const struct run_group *g)
{
	for (int k = 0; k < g->n; k++) {
		const struct run_file *f = &g->files[k];
		const struct job *job = &r->config->jobs[f->index];
		struct run_news news = { .kind = RUN_JOB_DONE, .job = job, .artifact = &f->artifact };
		double audio_s = job_audio_seconds(job);

		if (f->why.code != ERR_NONE)
			continue;
		r->jobs[f->index].state = JOB_DONE;
		r->counts.n_done++;
		r->counts.audio_s_done += audio_s;
		r->counts.audio_s_done_now += audio_s;
		r->counts.audio_s_made += f->artifact.seconds;
		r->counts.work_left -= run_job_work(job);
		r->counts.work_made += run_job_work(job);
		r->n_bytes_made += (double)f->artifact.n_bytes;
		run_tell_news(r, &news);
	}
}

static int write_rows(struct run *r, struct run_group *placed, struct run_group *made, struct err *err)
{
	if (ledger_begin(r->ledger, err) != 0 || end_rows(r, placed, err) != 0 || put_rows(r, made, err) != 0)
		return -1;
	if (ledger_commit(r->ledger, err) != 0)
		return -1;
	return made->aways.n > 0 ? ledger_make_lasting(r->ledger, err) : 0;
}

static void place(struct run *r, struct run_group *made)
{
	struct run_group *empty = r->placing;

	commit_place(r, made->files, made->n, &made->aways, &made->dirs);
	sync_dirs_begin(&made->dirs, r->tasks);
	r->placing = made;
	r->making = empty;
}

int keep_turn(struct run *r, struct err *err)
{
	struct run_group *placed = r->placing, *made = r->making;

	wait_until_whole(r, made);
	if (sync_dirs_end(&placed->dirs, r->tasks, err) != 0 || write_rows(r, placed, made, err) != 0) {
		ledger_rollback(r->ledger);
		keep_drop(r);
		return -1;
	}
	tell_done(r, placed);
	empty(placed);
	if (made->n > 0)
		place(r, made);
	else
		empty(made); /* also where all of them failed */
	return 0;
}

int keep_all(struct run *r, struct err *err)
{
	int rc = 0;

	while (rc == 0 && !keep_is_empty(r)) {
		if (r->making->n == 0)
			close_filling(r);
		rc = keep_turn(r, err);
	}
	return rc;
}

void keep_drop(struct run *r)
{
	struct err ignored = ERR_INIT;

	wait_until_whole(r, r->making);
	while (r->filling->n_made < r->filling->n)
		wait_for_first(r, r->filling);
	for (int k = 0; k < r->filling->n; k++) /* made, and never to be synced */
		if (r->filling->files[k].fd >= 0)
			(void)close(r->filling->files[k].fd);
	if (r->tasks)
		(void)!sync_dirs_end(&r->placing->dirs, r->tasks, &ignored);
	empty(r->filling);
	empty(r->making);
	empty(r->placing);
}

/* ---- when ---------------------------------------------------------------------------------- */

bool keep_is_empty(const struct run *r)
{
	return r->filling->n == 0 && r->making->n == 0 && r->placing->n == 0;
}

static int64_t due_ms(const struct run_group *filling)
{
	return filling->since_ms + RUN_GROUP_MS;
}

int64_t keep_wait_ms(const struct run *r)
{
	int64_t left_ms = r->filling->n > 0 ? due_ms(r->filling) - clock_monotonic_ms() : INT64_MAX;

	/* the background is at work, and nothing tells the loop when it has done */
	return r->making->n > 0 || r->placing->n > 0 || left_ms <= 0 ? LOOK_MS : left_ms;
}

/* It has waited for long enough, or nothing else is to be done; a failure may be a reason to stop, and is told at once. */
static bool is_filled(struct run *r)
{
	(void)is_made(r, r->filling); /* sees a failure */
	return r->filling->n > 0 && (r->n_slots == 0 || r->filling->has_failed || clock_monotonic_ms() >= due_ms(r->filling));
}

bool keep_is_due(struct run *r)
{
	if (r->making->n == 0 && is_filled(r))
		close_filling(r);
	if (r->n_slots == 0)
		return !keep_is_empty(r);
	if (r->making->n > 0 && is_whole(r, r->making))
		return true;
	return r->placing->n > 0 && r->making->n == 0 && sync_dirs_ended(&r->placing->dirs);
}
