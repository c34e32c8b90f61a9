#include "engine/inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* When the codec takes over from the decoder: so many clips that its LSTM's weights are shared well, or the oldest has
 * waited for five seconds of audio (DESIGN section 6). Neither changes a sample. */
#define CODEC_CLIPS_WANTED 8
#define CODEC_STEPS_WAITED 250
#define SHARE_OF_AVAILABLE 0.8 /* of the free memory, when the caller names no figure (DESIGN section 6) */
#define SIZE_TEXT 32
#define MIB 1048576.0

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- open and close -------------------------------------------------------------------------------------- */

/* What is left for blocks and samples, and as many blocks as could ever be used of it. */
static int plan_memory(struct batch *b, uint64_t total_bytes, int *n_blocks, struct err *err)
{
	const struct model *m = b->engine->model;
	struct sequence_request shortest = { .n_frames = 1, .guidance = 1 }, longest = { .n_frames = m->lm.max_frames, .guidance = 3 };
	struct request_need least = request_need_of(m, &shortest, 0), most = request_need_of(m, &longest, ENGINE_PROMPT_TOKENS_MAX);
	uint64_t fixed = m->weight_bytes + b->work.slab.n_bytes, block = kv_block_bytes(&b->work.lm.shape), blocks, useful;

	if (total_bytes == 0)
		total_bytes = (uint64_t)((double)engine_available_memory() * SHARE_OF_AVAILABLE);
	if (total_bytes < fixed + request_need_bytes(m, &least))
		return err_set(err, ERR_MEMORY,
			       "%.1f MiB of memory are not enough: weights and work space take %.1f MiB, the shortest clip %.1f MiB more; raise run.memory, or use a smaller model or fewer slots",
			       (double)total_bytes / MIB, (double)fixed / MIB, (double)request_need_bytes(m, &least) / MIB);
	b->budget_bytes = total_bytes - fixed;
	blocks = b->budget_bytes / block;
	useful = (uint64_t)b->n_slots * (uint64_t)(2 * most.stream_blocks) + (uint64_t)b->work.prompts.n_entries * (uint64_t)most.prompt_blocks;
	*n_blocks = (int)(blocks < useful ? blocks : useful);
	return 0;
}

int batch_open(struct batch **ret, struct engine *e, const struct batch_config *config, struct err *err)
{
	struct batch *b = mem_zalloc(1, sizeof(*b));
	int status = -1, n_blocks = 0;

	b->engine = e;
	b->n_slots = config->n_slots > 0 ? config->n_slots : BATCH_SLOTS_DEFAULT;
	b->n_sequences = batch_n_sequences(b->n_slots);
	if (b->n_slots > BATCH_SLOTS_MAX) {
		err_set(err, ERR_USAGE, "%d slots, expected at most %d", b->n_slots, BATCH_SLOTS_MAX);
		goto out;
	}
	if (crew_open(&b->crew, config->kernels, config->n_threads, err))
		goto out;
	work_init(&b->work, e->model, &b->crew, b->n_slots);
	if (slab_make(&b->work.slab, "work space", err))
		goto out;
	work_init(&b->work, e->model, &b->crew, b->n_slots);
	if (plan_memory(b, config->memory_bytes, &n_blocks, err) || kv_open(&b->pool, &b->work.lm.shape, n_blocks, err))
		goto out;
	*ret = b;
	status = 0;
out:
	if (status)
		batch_close(b);
	return status;
}

void batch_close(struct batch *b)
{
	if (!b)
		return;
	for (int i = 0; b->work.slab.base && i < b->n_sequences; i++) {
		free(b->work.sequences[i].samples);
		free(b->work.sequences[i].codes);
	}
	kv_close(&b->pool);
	slab_free(&b->work.slab);
	crew_close(&b->crew);
	free(b);
}

/* ---- adding ---------------------------------------------------------------------------------------------- */

static struct sequence *free_sequence(struct batch *b)
{
	struct sequence *found = NULL;
	int n_in_slots = 0;

	for (int i = 0; i < b->n_sequences; i++) {
		struct sequence *s = &b->work.sequences[i];

		if (s->state == SEQUENCE_FREE)
			found = s;
		n_in_slots += s->state == SEQUENCE_WAITING || s->state == SEQUENCE_DECODING;
	}
	return n_in_slots < b->n_slots ? found : NULL;
}

static bool fits(const struct batch *b, int n_blocks, uint64_t sample_bytes)
{
	int n_taken = b->pool.n_blocks - b->pool.n_free + n_blocks, n_resident = b->pool.n_resident;
	uint64_t used = (uint64_t)(n_taken > n_resident ? n_taken : n_resident) * kv_block_bytes(&b->pool.shape);

	return n_blocks <= b->pool.n_free && used + b->sample_bytes + sample_bytes <= b->budget_bytes;
}

/* Blocks and bytes for the request, at the cost of pages that lie idle, then of prompts that nobody holds. */
static bool make_room(struct batch *b, int n_blocks, uint64_t sample_bytes)
{
	while (!fits(b, n_blocks, sample_bytes)) {
		if (!kv_trim(&b->pool) && !prompts_evict(&b->work.prompts, &b->pool))
			return false;
	}
	return true;
}

static void start_sequence(struct batch *b, struct sequence *s, const struct sequence_request *r, const struct request_need *need)
{
	const struct lm_dims *d = &b->engine->model->lm;

	s->request = *r;
	s->request.prompt = NULL;
	s->pattern = (struct pattern){ d->n_codebooks, d->n_channels, r->n_frames, (uint16_t)d->n_codes };
	s->has_conditional = s->prompt != NULL;
	s->has_unconditional = need->n_streams > s->has_conditional;
	if (s->has_conditional)
		kv_take(&b->pool, &s->conditional, need->stream_blocks);
	if (s->has_unconditional)
		kv_take(&b->pool, &s->unconditional, need->stream_blocks);
	s->column = 1;
	pattern_column(&s->pattern, s->codes, 0, s->ids);
	s->sample_bytes = need->sample_bytes;
	b->sample_bytes += need->sample_bytes;
	s->is_finite = true;
	s->order = b->n_added++;
	s->work_s = 0;
	s->state = s->prompt && !s->prompt->is_ready ? SEQUENCE_WAITING : SEQUENCE_DECODING;
}

/* The prompt is held, or false: no room now. */
static bool hold_prompt(struct batch *b, struct sequence *s, const int *ids, int n_ids, const struct request_need *need)
{
	struct prompts *all = &b->work.prompts;
	struct prompt *known = n_ids > 0 ? prompts_find(all, ids, n_ids) : NULL;
	int n_blocks = need->n_streams * need->stream_blocks;

	if (known)
		prompts_hold(all, known); /* before room is made: it must not be the one that goes */
	if (!make_room(b, n_blocks + (known ? 0 : need->prompt_blocks), need->sample_bytes)) {
		if (known)
			prompts_release(all, &b->pool, known);
		return false;
	}
	if (!known && n_ids > 0) {
		known = prompts_add(all, &b->pool, ids, n_ids);
		if (!known)
			return false;
		prompts_hold(all, known);
	}
	s->prompt = known;
	return true;
}

enum batch_answer batch_add(struct batch *b, const struct sequence_request *r, struct err *err)
{
	const struct model *m = b->engine->model;
	struct sequence *s = free_sequence(b);
	char need_text[SIZE_TEXT], budget_text[SIZE_TEXT];
	int ids[ENGINE_PROMPT_TOKENS_MAX], n_ids;
	struct request_need need;
	uint64_t bytes;

	if (request_check(b->engine, r, err))
		return BATCH_REFUSED;
	if (!s)
		return BATCH_BUSY;
	if (request_ids(b->engine, r, ids, &n_ids, err))
		return BATCH_REFUSED;
	need = request_need_of(m, r, n_ids);
	bytes = request_need_bytes(m, &need);
	if (bytes > b->budget_bytes || need.n_streams * need.stream_blocks + need.prompt_blocks > b->pool.n_blocks) {
		err_set(err, ERR_MEMORY, "this clip needs %s for its keys, values and samples, but only %s are left for all: raise run.memory or ask for a shorter duration",
			text_bytes(need_text, sizeof(need_text), bytes), text_bytes(budget_text, sizeof(budget_text), b->budget_bytes));
		return BATCH_REFUSED;
	}
	s->samples = mem_try((size_t)need.sample_bytes, 1);
	s->codes = mem_try((size_t)r->n_frames * (size_t)m->lm.n_codebooks, sizeof(*s->codes));
	if (!s->samples || !s->codes || !hold_prompt(b, s, ids, n_ids, &need)) {
		free(s->samples);
		free(s->codes);
		s->samples = NULL;
		s->codes = NULL;
		if (batch_n_active(b) > 0)
			return BATCH_BUSY;
		err_set(err, ERR_MEMORY, "out of memory for %s of samples", text_bytes(need_text, sizeof(need_text), need.sample_bytes));
		return BATCH_REFUSED;
	}
	start_sequence(b, s, r, &need);
	return BATCH_TAKEN;
}

/* ---- stepping -------------------------------------------------------------------------------------------- */

static int count(const struct batch *b, enum sequence_state state)
{
	int n = 0;

	for (int i = 0; i < b->n_sequences; i++)
		n += b->work.sequences[i].state == state;
	return n;
}

/* The time since `began`, in equal parts to the n sequences of this state. */
static void charge(struct batch *b, enum sequence_state state, double began)
{
	int n = count(b, state);
	double share = n > 0 ? (now_s() - began) / n : 0;

	for (int i = 0; i < b->n_sequences; i++) {
		if (b->work.sequences[i].state == state)
			b->work.sequences[i].work_s += share;
	}
}

/* Who was taken before this step has had his codes borrowed long enough. */
static void free_taken(struct batch *b)
{
	for (int i = 0; i < b->n_sequences; i++) {
		struct sequence *s = &b->work.sequences[i];

		if (s->state != SEQUENCE_TAKEN)
			continue;
		free(s->codes);
		*s = (struct sequence){ .state = SEQUENCE_FREE };
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
	return count(b, SEQUENCE_DECODED) * b->engine->model->lm.n_channels >= CODEC_CLIPS_WANTED ||
	       b->n_steps - oldest->decoded_at >= CODEC_STEPS_WAITED ||
	       count(b, SEQUENCE_DECODING) + count(b, SEQUENCE_WAITING) == 0;
}

/* Left and right are clips of their own: codebooks alternate between them. */
static void join_codec(struct batch *b, struct sequence *s)
{
	int n_channels = s->pattern.n_channels;
	size_t n_frames = (size_t)s->pattern.n_frames;

	for (int channel = 0; channel < n_channels; channel++) {
		struct codec_clip clip = {
			.codes = s->codes + (size_t)channel * n_frames,
			.codebook_stride = (size_t)n_channels * n_frames,
			.n_codebooks = s->pattern.n_codebooks / n_channels,
			.n_frames = s->pattern.n_frames,
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
	double began = now_s();
	bool is_at_work = count(b, SEQUENCE_IN_CODEC) > 0;
	void *owner;

	if (!is_at_work && !codec_is_due(b))
		return false;
	for (struct sequence *s; (s = oldest_decoded(b)) && codec_n_free(&b->work.codec) >= s->pattern.n_channels;)
		join_codec(b, s);
	codec_step(&b->work.codec);
	charge(b, SEQUENCE_IN_CODEC, began);
	while (codec_take(&b->work.codec, &owner)) {
		struct sequence *s = owner;

		if (--s->n_clips_left == 0)
			finish(b, s);
	}
	return true;
}

static void encode_prompt(struct batch *b, struct prompt *p)
{
	struct work *w = &b->work;
	double began = now_s();

	t5_encode(&w->t5, p->ids, p->n_ids, w->hidden);
	t5_condition(&w->t5, w->hidden, p->n_ids, w->condition);
	lm_cross(&w->lm, w->condition, p->n_ids, &p->cross);
	p->is_ready = true;
	charge(b, SEQUENCE_WAITING, began);
	for (int i = 0; i < b->n_sequences; i++) {
		if (w->sequences[i].state == SEQUENCE_WAITING && w->sequences[i].prompt == p)
			w->sequences[i].state = SEQUENCE_DECODING;
	}
}

int batch_step(struct batch *b, struct err *err)
{
	struct prompt *prompt;
	double began;

	(void)err; /* what can go wrong was refused when it was added */
	free_taken(b);
	if (step_codec(b))
		return 1;
	if ((prompt = prompts_next(&b->work.prompts))) {
		encode_prompt(b, prompt);
		return 1;
	}
	if (count(b, SEQUENCE_DECODING) == 0)
		return 0;
	began = now_s();
	batch_decode(b);
	for (int i = 0; i < b->n_active; i++)
		b->work.active[i]->work_s += (now_s() - began) / b->n_active;
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
		batch_release_streams(b, s);
		codec_drop(&b->work.codec, s);
		b->sample_bytes -= s->sample_bytes;
		free(s->samples);
		free(s->codes);
		*s = (struct sequence){ .state = SEQUENCE_FREE };
	}
}

int batch_n_active(const struct batch *b)
{
	return b->n_sequences - count(b, SEQUENCE_FREE) - count(b, SEQUENCE_TAKEN);
}

double batch_progress(const struct batch *b, uint64_t tag)
{
	for (int i = 0; i < b->n_sequences; i++) {
		const struct sequence *s = &b->work.sequences[i];

		if (s->state != SEQUENCE_FREE && s->state != SEQUENCE_TAKEN && s->request.tag == tag)
			return (double)(s->column - 1) / pattern_n_steps(&s->pattern);
	}
	return 0;
}
