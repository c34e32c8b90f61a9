#include "engine/inside.h"

/* Rows of a decoder pass: both streams of every slot; at least so many that a prompt's condition and an opening go through in few. */
static int max_rows_of(int n_slots)
{
	return 2 * n_slots > KV_BLOCK_POSITIONS ? 2 * n_slots : KV_BLOCK_POSITIONS;
}

void work_init(struct work *w, const struct model *m, struct crew *crew, int n_slots)
{
	size_t slots = (size_t)n_slots, rows = (size_t)max_rows_of(n_slots), f = sizeof(float);
	struct slab *slab = &w->slab;

	t5_init(&w->t5, m, crew, ENGINE_PROMPT_TOKENS_MAX, slab);
	lm_init(&w->lm, m, crew, max_rows_of(n_slots), slab);
	codec_bench_init(&w->bench, m, crew, BATCH_CODEC_LANES, CODEC_TILE_FRAMES, slab);
	codec_init(&w->codec, &w->bench, BATCH_CODEC_LANES, CODEC_TILE_FRAMES, slab);
	encoder_init(&w->encoder, &w->bench, CODEC_TILE_FRAMES, slab);
	w->hidden = slab_take(slab, ENGINE_PROMPT_TOKENS_MAX * (size_t)m->t5.width, f);
	w->condition = slab_take(slab, ENGINE_PROMPT_TOKENS_MAX * (size_t)m->lm.width, f);
	w->logits = slab_take(slab, 2 * slots * (size_t)m->lm.n_codebooks * (size_t)m->lm.n_codes, f);
	w->rows = slab_take(slab, rows, sizeof(*w->rows));
	w->row_ids = slab_take(slab, rows * (size_t)m->lm.n_codebooks, sizeof(*w->row_ids));
	w->zero = slab_take(slab, (size_t)m->lm.width, f);
	w->active = slab_take(slab, slots, sizeof(struct sequence *));
	w->conditional_row = slab_take(slab, slots, sizeof(int));
	w->unconditional_row = slab_take(slab, slots, sizeof(int));
	w->scratch_bytes = (sample_scratch_bytes(m->lm.n_codes) + SLAB_ALIGN - 1) / SLAB_ALIGN * SLAB_ALIGN;
	w->scratch = slab_take(slab, (size_t)crew->n_threads, w->scratch_bytes);
	w->sequences = slab_take(slab, (size_t)batch_n_sequences(n_slots), sizeof(*w->sequences));
	w->shared.n_entries = batch_n_shared(n_slots);
	w->shared.entries = slab_take(slab, (size_t)w->shared.n_entries, sizeof(*w->shared.entries));
}
