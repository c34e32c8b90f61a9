/* See native.h. */
#include "backend/native/native.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_EVERY_MS 250 /* run shows counts ten times a second at most; a step takes milliseconds */
#define SLOTS_MAX 64          /* of a batch (engine.h) */
#define MIB 1048576.0         /* for figures that two sizes of a GiB would both print as 1.3 GiB */
#define MEMORY_SHARE 0.8      /* of what is available, where the manifest says nothing (DESIGN section 6) */

struct native {
	const struct backend_ops *ops;
	struct backend_config config;
	const char *checkpoint;            /* what engine and batch are of, a maker's; NULL: none is open */
	struct engine *engine;
	struct batch *batch;
	const struct job *waiting;         /* taken; the next reap opens its checkpoint */
	const struct job *jobs[SLOTS_MAX]; /* by tag; NULL: free */
	int64_t next_progress_ms;          /* monotonic */
};

static struct native *native_of(struct backend *b)
{
	return (struct native *)(void *)b;
}

static void unload(struct native *n)
{
	if (n->batch)
		batch_close(n->batch);
	if (n->engine)
		engine_close(n->engine);
	n->batch = NULL;
	n->engine = NULL;
	n->checkpoint = NULL;
}

static int load(struct native *n, const char *checkpoint, struct err *err)
{
	struct batch_config batch = { .n_slots = n->config.n_slots, .n_threads = n->config.n_threads,
				      .memory_bytes = n->config.memory_bytes, .kernels = NULL };

	unload(n);
	if (engine_open(&n->engine, checkpoint, err) != 0 || batch_open(&n->batch, n->engine, &batch, err) != 0) {
		unload(n);
		return err_wrap(err, "checkpoint '%s'", checkpoint);
	}
	n->checkpoint = checkpoint;
	return 0;
}

static int native_open(struct backend **ret, const struct backend_config *config, struct err *err)
{
	struct native *n = mem_zalloc(1, sizeof *n);

	(void)err;
	n->ops = &native_backend;
	n->config = *config;
	*ret = (struct backend *)(void *)n;
	return 0;
}

/* ---- a job as a request -------------------------------------------------------- */

static struct sequence_request request_of(const struct job *job, const struct engine_info *info)
{
	int n_frames = (int)(job_number(job, "duration", 8) * info->frame_rate_hz); /* 8 s: the card's default */
	double seed = job_number(job, "seed", 0);

	return (struct sequence_request){
		.prompt = job_text(job, "prompt", ""),
		.n_frames = n_frames < 1 ? 1 : n_frames,
		.guidance = (float)job_number(job, "classifierFreeGuidance", 3),
		.temperature = (float)job_number(job, "temperature", 1),
		.top_k = (int)job_number(job, "topK", 250),
		.top_p = (float)job_number(job, "topP", 0),
		.seed = seed > 0 ? (uint64_t)seed : 0,
	};
}

static enum fail_class class_of(enum err_code code)
{
	static const struct {
		enum err_code code;
		enum fail_class class;
	} rows[] = {
		{ ERR_MODEL, FAIL_MODEL },	 { ERR_NONFINITE, FAIL_NONFINITE }, { ERR_IO, FAIL_IO },
		{ ERR_DISK_FULL, FAIL_DISK_FULL }, { ERR_BUG, FAIL_BUG },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].code == code)
			return rows[i].class;
	return FAIL_INPUT; /* a prompt too long, more memory than there is: this job cannot be done, others can */
}

static int free_tag(const struct native *n)
{
	for (int i = 0; i < SLOTS_MAX; i++)
		if (!n->jobs[i])
			return i;
	return -1;
}

static void fail(struct event *ret, const struct job *job, enum fail_class class, const char *sentence)
{
	*ret = (struct event){ .kind = EVENT_FAILED, .job = job, .class = class };
	(void)snprintf(ret->sentence, sizeof ret->sentence, "%.*s", EVENT_SENTENCE_MAX - 1, sentence);
}

/* The job's checkpoint is open. */
static enum backend_answer add(struct native *n, const struct job *job, struct event *refusal)
{
	struct sequence_request request = request_of(job, engine_get_info(n->engine));
	struct err why = ERR_INIT;
	enum batch_answer answer;
	int tag = free_tag(n);

	if (tag < 0)
		return BACKEND_BUSY;
	request.tag = (uint64_t)tag;
	answer = batch_add(n->batch, &request, &why);
	if (answer == BATCH_BUSY)
		return BACKEND_BUSY;
	if (answer == BATCH_REFUSED) {
		fail(refusal, job, class_of(why.code), why.text);
		return BACKEND_REFUSED;
	}
	n->jobs[tag] = job;
	return BACKEND_TAKEN;
}

static enum backend_answer native_submit(struct backend *b, const struct backend_task *task, struct event *refusal)
{
	struct native *n = native_of(b);
	const struct job *job = task->job;

	if (!job->maker->checkpoint)
		BUG("job '%s' goes to the native backend without a checkpoint", job->path);
	if (n->waiting)
		return BACKEND_BUSY;
	if (n->checkpoint && !strcmp(n->checkpoint, job->maker->checkpoint))
		return add(n, job, refusal);
	if (n->checkpoint && batch_n_active(n->batch) > 0)
		return BACKEND_BUSY;
	n->waiting = job;
	return BACKEND_TAKEN;
}

/* Opens the checkpoint of the job that waits, and puts it into a slot. Answers how many events that gave. */
static int begin_waiting(struct native *n, struct event *out)
{
	const struct job *job = n->waiting;
	struct err err = ERR_INIT;
	enum backend_answer answer;

	n->waiting = NULL;
	if (load(n, job->maker->checkpoint, &err) != 0) {
		fail(out, job, FAIL_MODEL, err.text); /* whatever it was: no job can be done with it */
		return 1;
	}
	answer = add(n, job, out);
	if (answer == BACKEND_BUSY)
		BUG("the engine says that it is busy with nothing in its slots");
	return answer == BACKEND_REFUSED;
}

/* ---- results ------------------------------------------------------------------- */

static void give_result(struct native *n, struct sequence_result *r, struct event *out)
{
	const struct engine_info *info = engine_get_info(n->engine);

	if (r->tag >= SLOTS_MAX || !n->jobs[r->tag])
		BUG("the engine handed back a sequence that nobody gave it: tag %llu", (unsigned long long)r->tag);
	*out = (struct event){ .kind = EVENT_DONE, .job = n->jobs[r->tag], .make_s = r->work_s };
	n->jobs[r->tag] = NULL;
	if (r->is_finite) {
		out->pcm = (struct pcm){ r->samples, r->n_samples, info->n_channels, info->rate_hz };
		return;
	}
	free(r->samples);
	out->kind = EVENT_FAILED;
	out->class = FAIL_NONFINITE;
	(void)snprintf(out->sentence, sizeof out->sentence,
		       "the model gave numbers that are not finite; the checkpoint may be damaged, or the temperature too extreme");
}

static int give_progress(struct native *n, struct event *out, int room)
{
	int64_t now_ms = clock_monotonic_ms();
	int n_out = 0;

	if (now_ms < n->next_progress_ms)
		return 0;
	n->next_progress_ms = now_ms + PROGRESS_EVERY_MS;
	for (int i = 0; i < SLOTS_MAX && n_out < room; i++)
		if (n->jobs[i])
			out[n_out++] = (struct event){ .kind = EVENT_PROGRESS, .job = n->jobs[i],
						       .progress = batch_progress(n->batch, (uint64_t)i) };
	return n_out;
}

static int native_reap(struct backend *b, struct event *out, int room, int timeout_ms, struct err *err)
{
	struct native *n = native_of(b);
	struct sequence_result result;
	int n_out = 0;

	(void)timeout_ms; /* one unit of work is what it may take */
	if (n->waiting)
		return begin_waiting(n, out);
	if (!n->batch)
		return 0;
	if (batch_step(n->batch, err) < 0)
		return -1;
	while (n_out < room && batch_take(n->batch, &result))
		give_result(n, &result, &out[n_out++]);
	return n_out + give_progress(n, out + n_out, room - n_out);
}

static void native_close(struct backend *b, enum backend_close how)
{
	struct native *n = native_of(b);
	int n_active = (n->waiting != NULL) + (n->batch ? batch_n_active(n->batch) : 0);

	if (how == BACKEND_FINISH && n_active > 0)
		BUG("the native backend was closed with %d jobs in its slots", n_active);
	if (n->batch)
		batch_drop_all(n->batch);
	unload(n);
	free(n);
}

/* ---- admission ------------------------------------------------------------------- */

static void answer(struct backend_question *q, const struct engine *e, uint64_t fixed_bytes, uint64_t have_bytes)
{
	struct sequence_request request = request_of(q->job, engine_get_info(e));
	uint64_t need_bytes = fixed_bytes + engine_request_bytes(e, &request);
	struct err why = ERR_INIT, ignored = ERR_INIT;

	if (engine_check_request(e, &request, &why) != 0)
		(void)err_wrap(&why, "'%s'", q->job->path);
	else if (need_bytes > have_bytes)
		err_set(&why, ERR_MEMORY,
			"'%s' needs %.1f MiB of memory with the model, and %.1f MiB may be used: shorten its duration, raise run.memory, or "
			"take a smaller checkpoint",
			q->job->path, ceil((double)need_bytes * 10 / MIB) / 10, floor((double)have_bytes * 10 / MIB) / 10);
	q->code = why.code;
	request.prompt = "";
	q->is_about_prompt = why.code == ERR_INPUT && engine_check_request(e, &request, &ignored) == 0;
	q->why = why.code == ERR_NONE ? NULL : mem_strdup(why.text);
}

static int answer_checkpoint(const struct backend_config *config, const char *checkpoint, struct backend_question *questions, int n,
			     uint64_t have_bytes, struct err *err)
{
	uint64_t fixed_bytes;
	struct engine *e;

	if (engine_measure(&e, checkpoint, err) != 0)
		return -1;
	fixed_bytes = engine_fixed_bytes(e, config->n_slots, config->n_threads);
	for (int i = 0; i < n; i++)
		if (!strcmp(questions[i].job->maker->checkpoint, checkpoint))
			answer(&questions[i], e, fixed_bytes, have_bytes);
	engine_close(e);
	return 0;
}

static bool is_among(const char *const *checkpoints, int n, const char *checkpoint)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(checkpoints[i], checkpoint))
			return true;
	return false;
}

static int native_admit(const struct backend_config *config, struct backend_question *questions, int n, struct err *err)
{
	uint64_t have_bytes = config->memory_bytes;
	const char **checkpoints = NULL; /* answered */
	int n_checkpoints = 0, cap = 0, rc = 0;

	if (have_bytes == 0)
		have_bytes = (uint64_t)((double)engine_available_memory() * MEMORY_SHARE);
	for (int i = 0; i < n && rc == 0; i++) {
		const char *checkpoint = questions[i].job->maker->checkpoint;

		if (is_among(checkpoints, n_checkpoints, checkpoint))
			continue;
		MEM_GROW(checkpoints, n_checkpoints, cap);
		checkpoints[n_checkpoints++] = checkpoint;
		rc = answer_checkpoint(config, checkpoint, questions, n, have_bytes, err);
	}
	free(checkpoints);
	return rc;
}

const struct backend_ops native_backend = {
	.name = "native",
	.open = native_open,
	.submit = native_submit,
	.reap = native_reap,
	.close = native_close,
	.admit = native_admit,
	.arithmetic = ENGINE_ARITHMETIC,
	.is_as_long_as_asked = true,
};
