/*
 * What a step does: the codec's turn, what sequences wait for, or one decoder step; and what comes out.
 */
#include "engine/inside.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* When the codec takes over from the decoder: so many clips that its LSTM's weights are shared well, or the oldest has
 * waited for five seconds of audio (DESIGN section 6). Neither changes a sample. */
#define CODEC_CLIPS_WANTED 8
#define CODEC_STEPS_WAITED 250

double batch_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int batch_count(const struct batch *b, enum sequence_state state)
{
	int n = 0;

	for (int i = 0; i < b->n_sequences; i++)
		n += b->work.sequences[i].state == state;
	return n;
}

void batch_charge(struct batch *b, enum sequence_state state, double began_s)
{
	int n = batch_count(b, state);
	double share = n > 0 ? (batch_now_s() - began_s) / n : 0;

	for (int i = 0; i < b->n_sequences; i++) {
		if (b->work.sequences[i].state == state)
			b->work.sequences[i].work_s += share;
	}
}

void batch_forget(struct sequence *s)
{
	free(s->samples);
	free(s->codes);
	free(s->ids_of_prompt);
	free(s->melody);
	*s = (struct sequence){ .state = SEQUENCE_FREE };
}

/* Who was taken before this step has had his codes borrowed long enough. */
static void free_taken(struct batch *b)
{
	for (int i = 0; i < b->n_sequences; i++) {
		struct sequence *s = &b->work.sequences[i];

		if (s->state == SEQUENCE_TAKEN)
			batch_forget(s);
	}
}

static struct sequence *oldest_decoded(struct batch *b)
{
	struct sequence *oldest = NULL;

	for (int i = 0; i < b->n_sequences; i++) {
		struct sequence *s = &b->work.sequences[i];

		if (s->state == SEQUENCE_DECODED && (!oldest || s->decoded_at < oldest->decoded_at))
			oldest = s;
	}
	return oldest;
}

static bool codec_is_due(struct batch *b)
{
	const struct sequence *oldest = oldest_decoded(b);

	if (!oldest)
		return false;
	return batch_count(b, SEQUENCE_DECODED) * b->engine->model->lm.n_channels >= CODEC_CLIPS_WANTED ||
	       b->n_steps - oldest->decoded_at >= CODEC_STEPS_WAITED ||
	       batch_count(b, SEQUENCE_DECODING) + batch_count(b, SEQUENCE_WAITING) == 0;
}

/* Left and right are clips of their own: codebooks alternate between them. */
static void join_codec(struct batch *b, struct sequence *s)
{
	int n_channels = s->pattern.n_channels;
	size_t n_frames = (size_t)s->request.n_frames;

	for (int channel = 0; channel < n_channels; channel++) {
		struct codec_clip clip = {
			.codes = s->codes + (size_t)channel * n_frames,
			.codebook_stride = (size_t)n_channels * n_frames,
			.n_codebooks = s->pattern.n_codebooks / n_channels,
			.n_frames = s->request.n_frames,
			.out = s->samples + channel,
			.out_stride = (size_t)n_channels,
			.owner = s,
		};

		codec_join(&b->work.codec, &clip);
	}
	s->n_clips_left = n_channels;
	s->state = SEQUENCE_IN_CODEC;
}

static void finish(struct batch *b, struct sequence *s)
{
	size_t n = s->sample_bytes / sizeof(float);

	for (size_t i = 0; i < n && s->is_finite; i++)
		s->is_finite = isfinite(s->samples[i]);
	s->state = SEQUENCE_DONE;
	s->order = b->n_done++;
}

/* One stretch or tile of the codec, when it is at work or due. */
static bool step_codec(struct batch *b)
{
	double began_s = batch_now_s();
	bool is_at_work = batch_count(b, SEQUENCE_IN_CODEC) > 0;
	void *owner;

	if (!is_at_work && !codec_is_due(b))
		return false;
	for (struct sequence *s; (s = oldest_decoded(b)) && codec_n_free(&b->work.codec) >= s->pattern.n_channels;)
		join_codec(b, s);
	codec_step(&b->work.codec);
	batch_charge(b, SEQUENCE_IN_CODEC, began_s);
	while (codec_take(&b->work.codec, &owner)) {
		struct sequence *s = owner;

		if (--s->n_clips_left == 0)
			finish(b, s);
	}
	return true;
}

int batch_step(struct batch *b, struct err *err)
{
	double began_s;

	(void)err; /* what can go wrong was refused when it was added */
	free_taken(b);
	if (step_codec(b))
		return 1;
	if (batch_prefill(b))
		return 1;
	if (batch_count(b, SEQUENCE_DECODING) == 0)
		return 0;
	began_s = batch_now_s();
	batch_decode(b);
	for (int i = 0; i < b->n_active; i++)
		b->work.active[i]->work_s += (batch_now_s() - began_s) / b->n_active;
	return 1;
}

/* ---- taking ---------------------------------------------------------------------------------------------- */

int batch_take(struct batch *b, struct sequence_result *ret)
{
	struct sequence *first = NULL;

	for (int i = 0; i < b->n_sequences; i++) {
		struct sequence *s = &b->work.sequences[i];

		if (s->state == SEQUENCE_DONE && (!first || s->order < first->order))
			first = s;
	}
	if (!first)
		return 0;
	*ret = (struct sequence_result){
		.tag = first->request.tag,
		.is_finite = first->is_finite,
		.samples = first->is_finite ? first->samples : NULL,
		.n_samples = first->is_finite ? (size_t)first->request.n_frames * (size_t)b->engine->info.frame_samples : 0,
		.codes = first->codes,
		.work_s = first->work_s,
	};
	if (!first->is_finite)
		free(first->samples);
	first->samples = NULL;
	b->sample_bytes -= first->sample_bytes;
	first->state = SEQUENCE_TAKEN;
	return 1;
}

void batch_drop_all(struct batch *b)
{
	for (int i = 0; i < b->n_sequences; i++) {
		struct sequence *s = &b->work.sequences[i];

		if (s->state == SEQUENCE_FREE || s->state == SEQUENCE_TAKEN)
			continue;
		batch_release(b, s);
		codec_drop(&b->work.codec, s);
		b->sample_bytes -= s->sample_bytes;
		batch_forget(s);
	}
}

int batch_n_active(const struct batch *b)
{
	return b->n_sequences - batch_count(b, SEQUENCE_FREE) - batch_count(b, SEQUENCE_TAKEN);
}

double batch_progress(const struct batch *b, uint64_t tag)
{
	for (int i = 0; i < b->n_sequences; i++) {
		const struct sequence *s = &b->work.sequences[i];

		if (s->state != SEQUENCE_FREE && s->state != SEQUENCE_TAKEN && s->request.tag == tag)
			return (double)s->n_steps_done / s->n_steps;
	}
	return 0;
}
