#include "engine/inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define SHARE_OF_AVAILABLE 0.8 /* of the free memory, when the caller names no figure (DESIGN section 6) */
/* Room for openings beside the streams, in streams of the longest clip: one is some nine openings of a melody, or three of a sound
 * of ten seconds. Jobs of a sweep that share one come one after the other; and whatever is kept is memory that another program lacks. */
#define STREAMS_OF_OPENINGS 2
#define SIZE_TEXT 32
#define MIB 1048576.0

/* ---- open and close -------------------------------------------------------------------------------------- */

/* What is left for blocks and samples, and as many blocks as could ever be used of it. */
static int plan_memory(struct batch *b, uint64_t total_bytes, int *n_blocks, struct err *err)
{
	const struct model *m = b->engine->model;
	struct sequence_request shortest = { .n_frames = 1, .guidance = 1 }, longest = { .n_frames = m->lm.window_frames, .guidance = 3 };
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
	useful = (uint64_t)(2 * b->n_slots + STREAMS_OF_OPENINGS) * (uint64_t)most.stream_blocks + (uint64_t)b->work.shared.n_entries * (uint64_t)most.text_blocks;
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
	for (int i = 0; b->work.slab.base && i < b->n_sequences; i++)
		batch_forget(&b->work.sequences[i]);
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

/* The codes and classes themselves: what lies outside of a table must never be looked up. */
static int check_given(const struct lm_dims *d, const struct sequence_request *r, int n_windows, struct err *err)
{
	size_t n_codes = (size_t)r->n_codes_frames * (size_t)d->n_codebooks, n_classes = (size_t)n_windows * (size_t)d->melody_classes;

	if (n_codes > 0 && !r->codes)
		return err_set(err, ERR_INPUT, "%d frames of codes are said to be there, but none are", r->n_codes_frames);
	for (size_t i = 0; i < n_codes; i++) {
		if (r->codes[i] >= d->n_codes)
			return err_set(err, ERR_INPUT, "code %d is given, this model has codes up to %d", r->codes[i], d->n_codes - 1);
	}
	for (size_t i = 0; r->melody && i < n_classes; i++) {
		if (r->melody[i] >= CHROMA_CLASSES)
			return err_set(err, ERR_INPUT, "pitch class %d is given, there are 0 to %d", r->melody[i], CHROMA_CLASSES - 1);
	}
	return 0;
}

/* Memory for all that the sequence remembers. The request's own is copied. -1: there is none. */
static int remember(const struct batch *b, struct sequence *s, const struct sequence_request *r, const int *ids, int n_ids)
{
	const struct lm_dims *d = &b->engine->model->lm;
	size_t n_frames = (size_t)r->n_frames, n_known = (size_t)r->n_codes_frames, codebooks = (size_t)d->n_codebooks;
	size_t n_classes = r->melody ? (size_t)windows_count(&s->windows) * (size_t)d->melody_classes : 0;

	s->samples = mem_try((size_t)s->sample_bytes, 1);
	s->codes = mem_try(n_frames * codebooks, sizeof(*s->codes));
	s->ids_of_prompt = mem_try((size_t)n_ids + 1, sizeof(*s->ids_of_prompt));
	s->melody = n_classes > 0 ? mem_try(n_classes, 1) : NULL;
	if (!s->samples || !s->codes || !s->ids_of_prompt || (n_classes > 0 && !s->melody))
		return -1;
	for (size_t k = 0; k < codebooks && n_known > 0; k++)
		memcpy(s->codes + k * n_frames, r->codes + k * n_known, n_known * sizeof(*s->codes));
	memcpy(s->ids_of_prompt, ids, (size_t)n_ids * sizeof(*ids));
	if (n_classes > 0)
		memcpy(s->melody, r->melody, n_classes);
	return 0;
}

/* Steps of all windows. */
static int count_steps(const struct batch *b, const struct windows *w)
{
	int n = 0;

	for (int i = 0; i < windows_count(w); i++) {
		struct window at = windows_at(w, i);

		n += at.n_frames - at.n_known + model_n_delays(&b->engine->model->lm);
	}
	return n;
}

/* The sequence as it begins, or -1: no memory, or no room for what it holds; then it is free again. */
static int start_sequence(struct batch *b, struct sequence *s, const struct sequence_request *r, const int *ids, int n_ids,
			  const struct request_need *need)
{
	const struct lm_dims *d = &b->engine->model->lm;

	*s = (struct sequence){ .request = *r, .n_ids = n_ids, .n_text = need->n_text, .n_before = model_n_before(d, need->n_text) };
	s->request.prompt = NULL;
	s->request.codes = NULL;
	s->request.melody = NULL;
	s->windows = windows_of(b->engine, r->n_frames, r->n_codes_frames);
	s->n_steps = count_steps(b, &s->windows);
	s->sample_bytes = need->sample_bytes;
	s->is_finite = true;
	s->order = b->n_added;
	for (int i = 0; i < N_STREAMS; i++)
		s->streams[i].is_used = need->has[i];
	if (!remember(b, s, r, ids, n_ids)) {
		batch_begin_window(b, s, 0);
		if (batch_hold(b, s, need)) {
			b->n_added++;
			return 0;
		}
	}
	batch_forget(s);
	return -1;
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
	if (request_ids(b->engine, r, ids, &n_ids, err) ||
	    check_given(&m->lm, r, engine_n_windows(b->engine, r->n_frames, r->n_codes_frames), err))
		return BATCH_REFUSED;
	need = request_need_of(m, r, n_ids);
	bytes = request_need_bytes(m, &need);
	if (bytes > b->budget_bytes || need.n_streams * need.stream_blocks + need.text_blocks > b->pool.n_blocks) {
		err_set(err, ERR_MEMORY, "this clip needs %s for its keys, values and samples, but only %s are left for all: raise run.memory or ask for a shorter duration",
			text_bytes(need_text, sizeof(need_text), bytes), text_bytes(budget_text, sizeof(budget_text), b->budget_bytes));
		return BATCH_REFUSED;
	}
	if (!start_sequence(b, s, r, ids, n_ids, &need))
		return BATCH_TAKEN;
	if (b->sample_bytes > 0) /* somebody's, who gives them back: a sequence, or who has borrowed some */
		return BATCH_BUSY;
	err_set(err, ERR_MEMORY, "out of memory for %s of samples", text_bytes(need_text, sizeof(need_text), need.sample_bytes));
	return BATCH_REFUSED;
}
