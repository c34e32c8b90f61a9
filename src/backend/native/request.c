/* See request.h. */
#include "backend/native/request.h"

#include "backend/native/inputs.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define MIB 1048576.0    /* for figures that two sizes of a GiB would both print as 1.3 GiB */
#define MEMORY_SHARE 0.8 /* of what is available, where the manifest says nothing (DESIGN section 6) */

struct sequence_request request_of(const struct job *job, const struct engine_info *info)
{
	double seed = job_number(job, "seed", 0);

	return (struct sequence_request){
		.prompt = job_text(job, "prompt", ""),
		.n_frames = input_n_frames(job, info),
		.guidance = (float)job_number(job, "classifierFreeGuidance", 3),
		.temperature = (float)job_number(job, "temperature", 1),
		.top_k = (int)job_number(job, "topK", 250),
		.top_p = (float)job_number(job, "topP", 0),
		.seed = seed > 0 ? (uint64_t)seed : 0,
	};
}

/* ---- admission ---------------------------------------------------------------------- */

/* Sounds that were looked at: a sweep asks about one many times. */
struct look {
	const char *path;
	struct pcm sound; /* its header */
	struct err why;   /* ERR_NONE: it can be used */
};

/* What is asked about one checkpoint. */
struct asked {
	const struct engine *engine;
	uint64_t fixed_bytes, have_bytes;
	struct look *looks;
	int n_looks, cap;
};

static const struct look *look_at(struct asked *a, const char *path)
{
	struct look *look;

	for (int i = 0; i < a->n_looks; i++)
		if (a->looks[i].path == path || strcmp(a->looks[i].path, path) == 0)
			return &a->looks[i];
	MEM_GROW(a->looks, a->n_looks, a->cap);
	look = &a->looks[a->n_looks++];
	*look = (struct look){ .path = path, .sound = PCM_INIT, .why = ERR_INIT };
	if (audio_look_input(path, &look->sound, &look->why) != 0 && look->why.code == ERR_NONE)
		BUG("'%s' was refused without a reason", path);
	return look;
}

/* The job's sound, as far as the request depends on it: what it has is not looked at here. */
static void ask_sound(struct asked *a, struct backend_question *q, struct sequence_request *request, uint64_t *hear_bytes, struct err *why)
{
	static const uint8_t some_melody[1];
	const struct look *look = look_at(a, q->job->input_path);
	struct input_part part;

	q->is_about_input = true;
	if (look->why.code != ERR_NONE) {
		q->is_later = true;
		(void)err_set(why, look->why.code, "'%s' will fail, and the other jobs go on: %s", q->job->path, look->why.text);
	} else if (input_part_of(q->job, engine_get_info(a->engine), &look->sound, &part, why) != 0) {
		(void)err_wrap(why, "'%s'", q->job->path);
	} else {
		q->is_about_input = false;
		request->n_codes_frames = part.n_codes_frames;
		request->melody = part.n_codes_frames > 0 ? NULL : some_melody;
		*hear_bytes = part.bytes;
	}
}

static void answer(struct asked *a, struct backend_question *q)
{
	struct sequence_request request = request_of(q->job, engine_get_info(a->engine));
	struct err why = ERR_INIT, ignored = ERR_INIT;
	uint64_t hear_bytes = 0, bytes, need_bytes;

	if (q->job->input_path)
		ask_sound(a, q, &request, &hear_bytes, &why);
	bytes = engine_request_bytes(a->engine, &request); /* a sound is heard first, and its memory is given back then */
	need_bytes = a->fixed_bytes + (bytes > hear_bytes ? bytes : hear_bytes);
	if (why.code == ERR_NONE && engine_check_request(a->engine, &request, &why) != 0)
		(void)err_wrap(&why, "'%s'", q->job->path);
	else if (why.code == ERR_NONE && need_bytes > a->have_bytes)
		(void)err_set(&why, ERR_MEMORY,
			      "'%s' needs %.1f MiB of memory with the model, and %.1f MiB may be used: shorten its %s, raise run.memory, or "
			      "take a smaller checkpoint",
			      q->job->path, ceil((double)need_bytes * 10 / MIB) / 10, floor((double)a->have_bytes * 10 / MIB) / 10,
			      hear_bytes > bytes ? "part of inputAudio" : "duration");
	q->code = why.code;
	request.prompt = "";
	q->is_about_prompt = why.code == ERR_INPUT && !q->is_about_input && engine_check_request(a->engine, &request, &ignored) == 0;
	q->why = why.code == ERR_NONE ? NULL : mem_strdup(why.text);
}

static int answer_checkpoint(const struct backend_config *config, const char *checkpoint, struct backend_question *questions, int n,
			     uint64_t have_bytes, struct err *err)
{
	struct asked asked = { .have_bytes = have_bytes };
	struct engine *e;

	if (engine_measure(&e, checkpoint, err) != 0)
		return -1;
	asked.engine = e;
	asked.fixed_bytes = engine_fixed_bytes(e, config->n_slots, config->n_threads);
	for (int i = 0; i < n; i++)
		if (!strcmp(questions[i].job->maker->checkpoint, checkpoint))
			answer(&asked, &questions[i]);
	free(asked.looks);
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

int native_admit(const struct backend_config *config, struct backend_question *questions, int n, struct err *err)
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
