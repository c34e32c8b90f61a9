/*
 * What a sequence holds while it is made: blocks of its own, and entries that others may share.
 */
#include "engine/inside.h"

static bool fits(const struct batch *b, int n_blocks, uint64_t sample_bytes)
{
	int n_taken = b->pool.n_blocks - b->pool.n_free + n_blocks, n_resident = b->pool.n_resident;
	uint64_t used = (uint64_t)(n_taken > n_resident ? n_taken : n_resident) * kv_block_bytes(&b->pool.shape);

	return n_blocks <= b->pool.n_free && used + b->sample_bytes + sample_bytes <= b->budget_bytes;
}

/* Blocks and bytes for the request, at the cost of pages that lie idle, then of entries that nobody holds. */
static bool make_room(struct batch *b, int n_blocks, uint64_t sample_bytes)
{
	while (!fits(b, n_blocks, sample_bytes)) {
		if (!kv_trim(&b->pool) && !shared_evict(&b->work.shared, &b->pool))
			return false;
	}
	return true;
}

/* The prompt's keys and values, held if they are there. Else false: they are to be made, and key is theirs. */
static bool hold_known_text(struct batch *b, struct sequence *s, unsigned char key[HASH_BYTES])
{
	opening_text_key(s->ids_of_prompt, s->n_ids, key);
	s->text = shared_find(&b->work.shared, key);
	if (s->text)
		shared_hold(&b->work.shared, s->text);
	return s->text != NULL;
}

/* What the streams begin with, by key; one that is there has been used now, so that others make room before it. */
static void name_openings(struct batch *b, struct sequence *s)
{
	for (int i = 0; i < N_STREAMS; i++) {
		struct opening o = batch_opening(b, s, i);
		struct stream *stream = &s->streams[i];

		stream->n_opening = stream->is_used ? opening_positions(&o) : 0;
		if (stream->n_opening == 0)
			continue;
		opening_key(&o, stream->key);
		(void)shared_find(&b->work.shared, stream->key);
	}
}

bool batch_hold(struct batch *b, struct sequence *s, const struct request_need *need)
{
	/* What is there already is held before room is made: it must not be the one that goes. */
	unsigned char key[HASH_BYTES];
	bool needs_text = need->text_blocks > 0 && !hold_known_text(b, s, key);

	name_openings(b, s);
	if (!make_room(b, need->n_streams * need->stream_blocks + (needs_text ? need->text_blocks : 0), need->sample_bytes)) {
		batch_release(b, s);
		return false;
	}
	if (needs_text) {
		s->text = shared_add(&b->work.shared, &b->pool, key, s->n_ids);
		if (!s->text) {
			batch_release(b, s);
			return false;
		}
		shared_hold(&b->work.shared, s->text);
	}
	for (int i = 0; i < N_STREAMS; i++)
		kv_take(&b->pool, &s->streams[i].kv, s->streams[i].is_used ? need->stream_blocks : 0);
	b->sample_bytes += need->sample_bytes;
	return true;
}

/* What the stream began with stays for those that come later: its blocks, which it has no use for any more. */
static void hand_on_opening(struct batch *b, struct stream *stream)
{
	if (stream->is_open && stream->n_opening > 0 && !shared_find(&b->work.shared, stream->key))
		shared_adopt(&b->work.shared, &b->pool, stream->key, &stream->kv, kv_blocks_for(stream->n_opening));
	stream->n_opening = 0;
}

void batch_release(struct batch *b, struct sequence *s)
{
	for (int i = 0; i < N_STREAMS; i++) {
		hand_on_opening(b, &s->streams[i]);
		kv_give(&b->pool, &s->streams[i].kv);
	}
	shared_release(&b->work.shared, &b->pool, s->text);
	s->text = NULL;
	if (b->prefilled == s)
		b->prefilled = NULL;
}

bool batch_borrow(struct batch *b, uint64_t bytes)
{
	if (!make_room(b, 0, bytes))
		return false;
	b->sample_bytes += bytes;
	return true;
}

void batch_give_back(struct batch *b, uint64_t bytes)
{
	b->sample_bytes -= bytes;
}
