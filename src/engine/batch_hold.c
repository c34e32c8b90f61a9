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

/* Whether blocks would fit if all that is idle were given back. */
static bool could_fit(const struct batch *b, int n_blocks)
{
	int n_free = b->pool.n_free + shared_idle_blocks(&b->work.shared);
	uint64_t used = (uint64_t)(b->pool.n_blocks - n_free + n_blocks) * kv_block_bytes(&b->pool.shape);

	return n_blocks <= n_free && used + b->sample_bytes <= b->budget_bytes;
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

/* The entry of this key, held, if there is one. */
static struct shared_entry *hold_known(struct batch *b, const unsigned char key[HASH_BYTES])
{
	struct shared_entry *e = shared_find(&b->work.shared, key);

	if (e)
		shared_hold(&b->work.shared, e);
	return e;
}

/* A new entry for n positions, held. NULL: no room for it. */
static struct shared_entry *hold_new(struct batch *b, const unsigned char key[HASH_BYTES], int n_positions)
{
	struct shared_entry *e = NULL;
	int n_blocks = kv_blocks_for(n_positions);

	/* What others could use again is not driven out in vain. */
	if (could_fit(b, n_blocks) && make_room(b, n_blocks, 0))
		e = shared_add(&b->work.shared, &b->pool, key, n_positions);
	if (e)
		shared_hold(&b->work.shared, e);
	return e;
}

/* What is there already is held before room is made: it must not be the one that goes. */
static void hold_all_known(struct batch *b, struct sequence *s, const struct request_need *need)
{
	unsigned char key[HASH_BYTES];

	if (need->text_blocks > 0) {
		opening_text_key(s->ids_of_prompt, s->n_ids, key);
		s->text = hold_known(b, key);
	}
	for (int i = 0; i < N_STREAMS; i++) {
		struct opening o = batch_opening(b, s, i);

		if (!s->streams[i].is_used || opening_positions(&o) == 0)
			continue;
		opening_key(&o, key);
		s->streams[i].opening = hold_known(b, key);
	}
}

/* An entry for each opening that nobody has made yet; where there is no room for one the stream makes its own. */
static void share_openings(struct batch *b, struct sequence *s)
{
	unsigned char key[HASH_BYTES];

	for (int i = 0; i < N_STREAMS; i++) {
		struct opening o = batch_opening(b, s, i);
		struct stream *stream = &s->streams[i];

		if (!stream->is_used || stream->opening || opening_positions(&o) == 0)
			continue;
		opening_key(&o, key);
		stream->opening = hold_known(b, key); /* the other stream's may be the same */
		if (!stream->opening)
			stream->opening = hold_new(b, key, opening_positions(&o));
	}
}

static void let_go_of_openings(struct batch *b, struct sequence *s)
{
	for (int i = 0; i < N_STREAMS; i++) {
		shared_release(&b->work.shared, &b->pool, s->streams[i].opening);
		s->streams[i].opening = NULL;
	}
}

/* Room for what the sequence cannot do without, at the cost of openings that it could have copied. */
static bool make_room_for_need(struct batch *b, struct sequence *s, const struct request_need *need)
{
	int n_blocks = need->n_streams * need->stream_blocks + (s->text ? 0 : need->text_blocks);

	if (make_room(b, n_blocks, need->sample_bytes))
		return true;
	let_go_of_openings(b, s);
	return make_room(b, n_blocks, need->sample_bytes);
}

bool batch_hold(struct batch *b, struct sequence *s, const struct request_need *need)
{
	unsigned char key[HASH_BYTES];

	hold_all_known(b, s, need);
	if (!make_room_for_need(b, s, need)) {
		batch_release(b, s);
		return false;
	}
	if (need->text_blocks > 0 && !s->text) {
		opening_text_key(s->ids_of_prompt, s->n_ids, key);
		s->text = hold_new(b, key, s->n_ids);
		if (!s->text) {
			batch_release(b, s);
			return false;
		}
	}
	for (int i = 0; i < N_STREAMS; i++)
		kv_take(&b->pool, &s->streams[i].kv, s->streams[i].is_used ? need->stream_blocks : 0);
	b->sample_bytes += need->sample_bytes;
	share_openings(b, s);
	return true;
}

void batch_release(struct batch *b, struct sequence *s)
{
	for (int i = 0; i < N_STREAMS; i++)
		kv_give(&b->pool, &s->streams[i].kv);
	let_go_of_openings(b, s);
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
