/* See native.h. */
#include "backend/native/native.h"

#include "backend/native/inputs.h"
#include "backend/native/request.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_EVERY_MS 250 /* run shows counts ten times a second at most; a step takes milliseconds */
#define SLOTS_MAX 64          /* of a batch (engine.h) */

struct native {
	const struct backend_ops *ops;
	struct backend_config config;
	const char *checkpoint;            /* what engine and batch are of, a maker's; NULL: none is open */
	bool was_looked_at;                /* are its weights finite? */
	struct err damage;                 /* ERR_NONE: as far as is known they are */
	struct engine *engine;
	struct batch *batch;
	struct inputs *inputs;             /* as the open checkpoint hears them */
	const struct job *waiting;         /* taken; a reap opens its checkpoint, hears its sound, puts it into a slot */
	const struct job *jobs[SLOTS_MAX]; /* by tag; NULL: free */
	int64_t next_progress_ms;          /* monotonic */
};

static struct native *native_of(struct backend *b)
{
	return (struct native *)(void *)b;
}

static void unload(struct native *n)
{
	inputs_forget(n->inputs);
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
	if (engine_open(&n->engine, checkpoint, err) != 0)
		return -1;
	if (batch_open(&n->batch, n->engine, &batch, err) != 0) {
		unload(n);
		return err_wrap(err, "checkpoint '%s'", checkpoint);
	}
	n->checkpoint = checkpoint;
	n->was_looked_at = false;
	n->damage = (struct err)ERR_INIT;
	return 0;
}

static int native_open(struct backend **ret, const struct backend_config *config, struct err *err)
{
	struct native *n = mem_zalloc(1, sizeof *n);

	(void)err;
	n->ops = &native_backend;
	n->config = *config;
	n->inputs = inputs_new();
	*ret = (struct backend *)(void *)n;
	return 0;
}

/* ---- jobs into slots -------------------------------------------------------------- */

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

/* Whatever it was: no job can be done with the checkpoint. */
static void fail_model(struct event *ret, const struct job *job, const struct err *why)
{
	char sentence[ERR_TEXT_MAX + 96]; /* and the advice */

	(void)snprintf(sentence, sizeof sentence, "%s%s", why->text,
		       why->code == ERR_MODEL ? "; `mgbatch models verify` tells how one that was pulled is mended" : "");
	fail(ret, job, FAIL_MODEL, sentence);
}

/* The job's checkpoint is open, and its sound has been heard. */
static enum backend_answer add(struct native *n, const struct job *job, struct event *refusal)
{
	struct sequence_request request = request_of(job, engine_get_info(n->engine));
	struct err why = ERR_INIT;
	enum batch_answer answer;
	int tag = free_tag(n);

	if (tag < 0)
		return BACKEND_BUSY;
	if (!inputs_fill(n->inputs, job, n->engine, &request))
		BUG("job '%s' goes into a slot before its sound was heard", job->path);
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
	bool is_open;

	if (!job->maker->checkpoint)
		BUG("job '%s' goes to the native backend without a checkpoint", job->path);
	if (n->waiting)
		return BACKEND_BUSY;
	is_open = n->checkpoint && !strcmp(n->checkpoint, job->maker->checkpoint);
	if (is_open && inputs_has(n->inputs, job, n->engine))
		return add(n, job, refusal);
	if (!is_open && n->checkpoint && batch_n_active(n->batch) > 0)
		return BACKEND_BUSY;
	n->waiting = job;
	return BACKEND_TAKEN;
}

/*
 * One unit for the job that waits: its checkpoint is opened, its sound is heard piece by piece, it gets its slot. Before the slots
 * go on: the sooner it is in one, the more share a pass over the weights. Answers how many events that gave; *is_busy: nothing can
 * be done for it before something else has ended.
 */
static int serve_waiting(struct native *n, struct event *out, bool *is_busy)
{
	const struct job *job = n->waiting;
	struct err err = ERR_INIT;
	enum backend_answer answer = BACKEND_BUSY;

	if (!n->checkpoint || strcmp(n->checkpoint, job->maker->checkpoint) != 0) {
		if (load(n, job->maker->checkpoint, &err) == 0)
			return 0;
		fail_model(out, job, &err);
		n->waiting = NULL;
		return 1;
	}
	switch (inputs_hear(n->inputs, job, n->engine, n->batch, &err)) {
	case HEAR_MORE:
		return 0;
	case HEAR_FAILED:
		fail(out, job, class_of(err.code), err.text);
		n->waiting = NULL;
		return 1;
	case HEAR_DONE:
		answer = add(n, job, out);
		break;
	case HEAR_BUSY:
		break;
	}
	*is_busy = answer == BACKEND_BUSY;
	if (*is_busy && batch_n_active(n->batch) == 0)
		BUG("the engine says that it is busy with nothing in its slots");
	if (!*is_busy)
		n->waiting = NULL;
	return answer == BACKEND_REFUSED;
}

/* ---- results ------------------------------------------------------------------- */

/* Some number on the way was none. Is one in the weights? That is looked for once: it takes seconds. */
static void give_nonfinite(struct native *n, const struct job *job, struct event *out)
{
	if (!n->was_looked_at && engine_check_weights(n->engine, &n->damage) != 0)
		(void)err_wrap(&n->damage, "checkpoint '%s'", n->checkpoint);
	n->was_looked_at = true;
	if (n->damage.code != ERR_NONE)
		fail_model(out, job, &n->damage);
	else
		fail(out, job, FAIL_NONFINITE,
		     "the model gave numbers that are not finite, though its weights are: try a temperature that is less extreme");
}

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
	give_nonfinite(n, out->job, out);
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
	bool is_busy = false;

	(void)timeout_ms; /* one unit of work is what it may take */
	if (n->waiting) {
		n_out = serve_waiting(n, out, &is_busy);
		if (!is_busy)
			return n_out;
	}
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
	inputs_free(n->inputs);
	free(n);
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
