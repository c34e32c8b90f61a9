/*
 * engine/kv: keys and values in blocks of KV_BLOCK_POSITIONS positions of one pool.
 *
 *   kv_open; kv_take n blocks for a stream, kv_give them back; kv_close
 *
 * A block holds the keys and values of 64 positions for all layers and heads, laid
 * out [layer][keys, values][head][64][head_width] f32, so that one head of one layer
 * streams from one place. The pool is mapped without being touched: a block never
 * taken is never resident, and given blocks are taken again first; kv_trim hands those
 * that nobody has back to the system. Admission is the caller's: taking more than the
 * pool has is a bug of ours. One thread.
 */
#ifndef ENGINE_KV_H
#define ENGINE_KV_H

#include "base/err.h"
#include "engine/kernels.h"

#include <stdbool.h>
#include <stddef.h>

#define KV_STREAM_BLOCKS_MAX 64

struct kv_shape {
	int n_layers, n_heads, head_width;
};

/* The blocks of one stream, in the order of its positions. */
struct kv_stream {
	int n_blocks;
	float *blocks[KV_STREAM_BLOCKS_MAX];
};

struct kv_pool {
	struct kv_shape shape;
	size_t block_floats;
	int n_blocks, n_free;
	int n_resident; /* taken, or once taken and not trimmed since */
	float *memory; /* [n_blocks][block_floats], mapped */
	float **free;  /* [n_blocks], the top is taken next; never resident ones lie at the bottom */
};

size_t kv_block_bytes(const struct kv_shape *shape);
static inline int kv_blocks_for(int n_positions) { return (n_positions + KV_BLOCK_POSITIONS - 1) / KV_BLOCK_POSITIONS; }

/* n_blocks 0 is fine: a pool that has none. */
int kv_open(struct kv_pool *pool, const struct kv_shape *shape, int n_blocks, struct err *err) WARN_UNUSED;
void kv_close(struct kv_pool *pool); /* a zeroed pool is fine */

/* Adds n blocks to the stream. */
void kv_take(struct kv_pool *pool, struct kv_stream *stream, int n);
void kv_give(struct kv_pool *pool, struct kv_stream *stream); /* all of them */
/* The first n blocks of a stream become those of an empty one. */
void kv_move(struct kv_stream *from, struct kv_stream *to, int n);
/* Only taken blocks stay resident. False: nothing was to trim. */
bool kv_trim(struct kv_pool *pool);

/* The first position of one head: [64, head_width] with row stride head_width. */
static inline float *kv_keys(const struct kv_shape *s, float *block, int layer, int head)
{
	return block + ((size_t)layer * 2 * (size_t)s->n_heads + (size_t)head) * KV_BLOCK_POSITIONS * (size_t)s->head_width;
}

static inline float *kv_values(const struct kv_shape *s, float *block, int layer, int head)
{
	return kv_keys(s, block, layer, s->n_heads + head);
}

/* Writes one position: k and v are [n_heads * head_width]. */
void kv_write(const struct kv_shape *shape, const struct kv_stream *stream, int layer, int position, const float *k, const float *v);

#endif
