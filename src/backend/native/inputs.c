/* See inputs.h. */
#include "backend/native/inputs.h"

#include "audio/audio.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

#define MIB 1048576.0
#define KEPT_MAX 4096                     /* sounds: a search walks them all */
#define KEPT_BYTES_MAX ((size_t)32 << 20) /* some 1,300 continuations of 30 s, or melodies without end */

/* A part of some content as the open checkpoint hears it. */
struct heard {
	char sha256[HASH_HEX_SIZE];
	double start_s, end_s; /* end_s -1: the end of the file */
	bool is_continued;
	int n_windows;         /* of a melody; 1 of a continuation */
	uint16_t *codes;
	uint8_t *melody;
	int n_codes_frames;
	size_t n_bytes;
	uint64_t used;         /* of inputs.n_used */
};

struct inputs {
	struct heard **list; /* heard */
	int n, cap;
	size_t n_bytes;
	uint64_t n_used;
	struct heard *now;   /* being heard, or NULL */
	struct input_part part; /* of its file */
	int n_windows;       /* of that: done */
	struct pcm sound;    /* at the model's rate, as soon as memory is borrowed */
	struct batch *batch; /* from which */
};

/* ---- a part of a file -------------------------------------------------------------------------------------- */

int input_n_frames(const struct job *job, const struct engine_info *info)
{
	int n = (int)(job_number(job, "duration", 8) * info->frame_rate_hz); /* 8 s: the card's default */

	return n < 1 ? 1 : n;
}

static bool is_continued(const struct job *job)
{
	return job_flag(job, "continuation", false);
}

static int check_range(const struct job *job, const struct pcm *look, double start_s, double end_s, struct err *err)
{
	double whole_s = (double)look->n_frames / look->rate_hz;

	if (start_s * look->rate_hz >= (double)look->n_frames)
		return err_set(err, ERR_INPUT, "continuationStart (%g s) is not within '%s', which lasts %.2f s: make it smaller", start_s, job->input_path,
			       whole_s);
	if (end_s * look->rate_hz > (double)look->n_frames)
		return err_set(err, ERR_INPUT,
			       "continuationEnd (%g s) is beyond '%s', which lasts %.2f s: make it smaller, or remove it to go to the end of the file", end_s,
			       job->input_path, whole_s);
	return 0;
}

/* What a model continues: fewer frames than its window has, and than the whole. */
static int check_continued(const struct job *job, const struct engine_info *info, int n_frames, struct err *err)
{
	double rate = info->frame_rate_hz, longest_s = (info->window_frames - 1) / rate;
	int n_whole = input_n_frames(job, info);

	if (n_frames >= info->window_frames)
		return err_set(err, ERR_INPUT,
			       "%.2f s of '%s' would be continued, and at most %.2f s can be: name a shorter part with continuationStart and continuationEnd",
			       n_frames / rate, job->input_path, longest_s);
	if (n_frames >= n_whole)
		return err_set(err, ERR_INPUT,
			       "%.2f s of '%s' would be continued, and the whole, that part included, lasts %.2f s: make the duration longer, or name a "
			       "shorter part with continuationStart and continuationEnd",
			       n_frames / rate, job->input_path, n_whole / rate);
	return 0;
}

/* Of the part as it is read, at the model's rate, and in the channels that are heard; a melody's windows are copied one by one. */
static uint64_t bytes_of(const struct input_part *part, const struct engine_info *info)
{
	bool is_continued = part->n_codes_frames > 0;
	uint64_t n_out = is_continued ? (uint64_t)info->n_channels : 1, n_channels = (uint64_t)part->n_channels;
	uint64_t n_window = is_continued ? 0 : (uint64_t)info->melody_samples;

	return ((uint64_t)part->n_frames * n_channels + (uint64_t)part->n_samples * (n_channels + n_out) + n_window) * sizeof(float);
}

int input_part_of(const struct job *job, const struct engine_info *info, const struct pcm *look, struct input_part *ret, struct err *err)
{
	double start_s = job_number(job, "continuationStart", 0), end_s = job_number(job, "continuationEnd", -1);
	size_t most = (size_t)AUDIO_INPUT_SECONDS_MAX * (size_t)look->rate_hz, end = look->n_frames;
	struct input_part part = { .n_channels = look->n_channels, .rate_hz = look->rate_hz };

	if (check_range(job, look, start_s, end_s, err) != 0)
		return -1;
	part.begin = (size_t)(start_s * look->rate_hz);
	end = end_s < 0 ? end : (size_t)(end_s * look->rate_hz);
	part.n_frames = end > part.begin ? end - part.begin : 0;
	most = most < AUDIO_INPUT_FRAMES_MAX ? most : AUDIO_INPUT_FRAMES_MAX;
	if (part.n_frames > most)
		return err_set(err, ERR_INPUT,
			       "%.0f s of '%s' would be used, and at most %.0f s at its %d Hz can be: name a part with continuationStart and continuationEnd",
			       (double)part.n_frames / look->rate_hz, job->input_path, (double)most / look->rate_hz, look->rate_hz);
	part.n_samples = (size_t)((uint64_t)part.n_frames * (uint64_t)info->rate_hz / (uint64_t)look->rate_hz); /* as pcm_resample has it */
	if (part.n_samples < 1)
		return err_set(err, ERR_INPUT, "no sound is left of '%s' between continuationStart and continuationEnd: name a longer part",
			       job->input_path);
	if (is_continued(job)) {
		part.n_codes_frames = (int)((part.n_samples + (size_t)info->frame_samples - 1) / (size_t)info->frame_samples);
		if (check_continued(job, info, part.n_codes_frames, err) != 0)
			return -1;
	}
	part.bytes = bytes_of(&part, info);
	*ret = part;
	return 0;
}

/* ---- what is kept ------------------------------------------------------------------------------------------- */

static void heard_free(struct heard *h)
{
	if (!h)
		return;
	free(h->codes);
	free(h->melody);
	free(h);
}

static struct heard key_of(const struct job *job, const struct engine *e)
{
	const struct engine_info *info = engine_get_info(e);
	struct heard key = { .start_s = job_number(job, "continuationStart", 0), .end_s = job_number(job, "continuationEnd", -1),
			     .is_continued = is_continued(job), .n_windows = 1 };

	memcpy(key.sha256, job->input_sha256, sizeof key.sha256);
	if (!key.is_continued)
		key.n_windows = engine_n_windows(e, input_n_frames(job, info), 0);
	return key;
}

static bool is_same(const struct heard *a, const struct heard *b)
{
	return a->is_continued == b->is_continued && a->n_windows == b->n_windows && !(a->start_s < b->start_s) && !(a->start_s > b->start_s) &&
	       !(a->end_s < b->end_s) && !(a->end_s > b->end_s) && strcmp(a->sha256, b->sha256) == 0;
}

static struct heard *find(struct inputs *in, const struct heard *key)
{
	for (int i = 0; i < in->n; i++)
		if (is_same(in->list[i], key))
			return in->list[i];
	return NULL;
}

static void drop_unused(struct inputs *in)
{
	while (in->n > 1 && (in->n > KEPT_MAX || in->n_bytes > KEPT_BYTES_MAX)) {
		int oldest = 0;

		for (int i = 1; i < in->n; i++)
			if (in->list[i]->used < in->list[oldest]->used)
				oldest = i;
		in->n_bytes -= in->list[oldest]->n_bytes;
		heard_free(in->list[oldest]);
		in->list[oldest] = in->list[--in->n];
	}
}

static void keep(struct inputs *in, struct heard *h)
{
	MEM_GROW(in->list, in->n, in->cap);
	h->used = ++in->n_used;
	in->n_bytes += h->n_bytes;
	in->list[in->n++] = h;
	drop_unused(in);
}

struct inputs *inputs_new(void)
{
	return mem_zalloc(1, sizeof(struct inputs));
}

/* The sound is no longer needed, nor is its memory. */
static void end_hearing(struct inputs *in)
{
	pcm_release(&in->sound);
	if (in->batch)
		batch_give_back(in->batch, in->part.bytes);
	in->batch = NULL;
	in->now = NULL;
}

void inputs_forget(struct inputs *in)
{
	heard_free(in->now);
	end_hearing(in);
	for (int i = 0; i < in->n; i++)
		heard_free(in->list[i]);
	in->n = 0;
	in->n_bytes = 0;
}

void inputs_free(struct inputs *in)
{
	if (!in)
		return;
	inputs_forget(in);
	free(in->list);
	free(in);
}

bool inputs_has(struct inputs *in, const struct job *job, const struct engine *e)
{
	struct sequence_request ignored;

	return inputs_fill(in, job, e, &ignored);
}

bool inputs_fill(struct inputs *in, const struct job *job, const struct engine *e, struct sequence_request *request)
{
	struct heard key, *h;

	if (!job->input_sha256)
		return true;
	key = key_of(job, e);
	h = find(in, &key);
	if (!h)
		return false;
	h->used = ++in->n_used;
	request->codes = h->codes;
	request->n_codes_frames = h->n_codes_frames;
	request->melody = h->melody;
	return true;
}

/* ---- hearing ------------------------------------------------------------------------------------------------ */

/* The part at the model's rate, in as many channels as are heard. Its peak is what input_part.bytes says. */
static int read_part(const struct job *job, const struct input_part *part, const struct engine_info *info, struct pcm *ret, struct err *err)
{
	struct pcm file, sound;
	int status;

	if (audio_read_input(job->input_path, part->begin, part->n_frames, &file, err) != 0)
		return -1;
	status = pcm_resample(&file, info->rate_hz, &sound, err);
	pcm_release(&file);
	if (status != 0)
		return err_wrap(err, "'%s'", job->input_path);
	if (pcm_set_channels(&sound, part->n_codes_frames > 0 ? info->n_channels : 1, err) != 0) {
		pcm_release(&sound);
		return err_wrap(err, "'%s'", job->input_path);
	}
	*ret = sound;
	return 0;
}

/* Memory for the sound, and the sound. */
static enum hear_answer read_sound(struct inputs *in, const struct job *job, const struct engine *e, struct batch *b, struct err *err)
{
	if (batch_borrow(b, in->part.bytes)) {
		in->batch = b;
		if (read_part(job, &in->part, engine_get_info(e), &in->sound, err) != 0)
			return HEAR_FAILED;
		if (in->now->codes)
			batch_encode_begin(b, in->sound.samples, in->sound.n_frames, in->now->codes);
		return HEAR_MORE;
	}
	if (batch_n_active(b) > 0)
		return HEAR_BUSY;
	(void)err_set(err, ERR_MEMORY,
		      "to hear '%s' takes %.1f MiB of memory, and there is less left: name a shorter part with continuationStart and continuationEnd, or "
		      "raise run.memory",
		      job->input_path, (double)in->part.bytes / MIB);
	return HEAR_FAILED;
}

/* The file, as it was when the job's id was made. */
static enum hear_answer begin(struct inputs *in, const struct job *job, const struct engine *e, struct err *err)
{
	const struct engine_info *info = engine_get_info(e);
	struct pcm look;
	struct heard *h;

	if (job_check_input(job, err) != 0 || audio_look_input(job->input_path, &look, err) != 0 || input_part_of(job, info, &look, &in->part, err) != 0)
		return HEAR_FAILED;
	h = mem_alloc(sizeof *h);
	*h = key_of(job, e);
	h->n_codes_frames = in->part.n_codes_frames;
	h->n_bytes = h->is_continued ? (size_t)h->n_codes_frames * (size_t)info->n_codebooks * sizeof *h->codes
				     : (size_t)h->n_windows * (size_t)info->melody_classes;
	h->codes = h->is_continued ? mem_alloc(h->n_bytes) : NULL;
	h->melody = h->is_continued ? NULL : mem_alloc(h->n_bytes);
	in->now = h;
	in->n_windows = 0;
	return HEAR_MORE;
}

/* One unit of the sound that is being heard. */
static enum hear_answer go_on(struct inputs *in, const struct job *job, const struct engine *e, struct batch *b, struct err *err)
{
	const struct engine_info *info = engine_get_info(e);
	struct heard *h = in->now;

	if (!in->sound.samples)
		return read_sound(in, job, e, b, err);
	if (h->codes)
		return batch_encode_step(b) ? HEAR_MORE : HEAR_DONE;
	if (engine_melody(e, in->sound.samples, in->sound.n_frames, input_n_frames(job, info), in->n_windows,
			  h->melody + (size_t)in->n_windows * (size_t)info->melody_classes, err) != 0)
		return HEAR_FAILED;
	return ++in->n_windows < h->n_windows ? HEAR_MORE : HEAR_DONE;
}

enum hear_answer inputs_hear(struct inputs *in, const struct job *job, const struct engine *e, struct batch *b, struct err *err)
{
	struct heard *h = in->now, key;
	enum hear_answer answer;

	if (!job->input_sha256)
		return HEAR_DONE;
	key = key_of(job, e);
	if (!h)
		return find(in, &key) ? HEAR_DONE : begin(in, job, e, err);
	if (!is_same(h, &key))
		BUG("'%s' is to be heard while another sound is", job->input_path);
	answer = go_on(in, job, e, b, err);
	if (answer == HEAR_DONE || answer == HEAR_FAILED)
		end_hearing(in);
	if (answer == HEAR_DONE)
		keep(in, h);
	if (answer == HEAR_FAILED)
		heard_free(h);
	return answer;
}
