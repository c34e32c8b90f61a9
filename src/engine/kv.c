#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE, madvise */

#include "engine/kv.h"

#include "base/mem.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t block_floats(const struct kv_shape *s)
{
	return (size_t)s->n_layers * 2 * (size_t)s->n_heads * KV_BLOCK_POSITIONS * (size_t)s->head_width;
}

size_t kv_block_bytes(const struct kv_shape *shape)
{
	return block_floats(shape) * sizeof(float);
}

int kv_open(struct kv_pool *pool, const struct kv_shape *shape, int n_blocks, struct err *err)
{
	size_t n_bytes;
	void *memory;

	*pool = (struct kv_pool){ .shape = *shape, .block_floats = block_floats(shape), .n_blocks = n_blocks, .n_free = n_blocks };
	if (n_blocks == 0)
		return 0;
	if (!mem_mul((size_t)n_blocks, kv_block_bytes(shape), &n_bytes))
		return err_set(err, ERR_MEMORY, "%d blocks of %zu bytes for keys and values are more than this machine can address",
			       n_blocks, kv_block_bytes(shape));
	memory = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return err_set_sys(err, ERR_MEMORY, errno, "cannot map %zu bytes for keys and values: give run.memory a smaller figure",
				   n_bytes);
	pool->memory = memory;
	pool->free = mem_zalloc((size_t)n_blocks, sizeof(*pool->free));
	for (int i = 0; i < n_blocks; i++)
		pool->free[i] = pool->memory + (size_t)(n_blocks - 1 - i) * pool->block_floats;
	return 0;
}

void kv_close(struct kv_pool *pool)
{
	if (pool->memory)
		munmap(pool->memory, (size_t)pool->n_blocks * pool->block_floats * sizeof(float));
	free(pool->free);
	*pool = (struct kv_pool){ 0 };
}

void kv_take(struct kv_pool *pool, struct kv_stream *stream, int n)
{
	if (n > pool->n_free || n > KV_STREAM_BLOCKS_MAX - stream->n_blocks)
		BUG("%d blocks wanted, %d of %d free, the stream has %d", n, pool->n_free, pool->n_blocks, stream->n_blocks);
	for (int i = 0; i < n; i++)
		stream->blocks[stream->n_blocks++] = pool->free[--pool->n_free];
	if (pool->n_resident < pool->n_blocks - pool->n_free)
		pool->n_resident = pool->n_blocks - pool->n_free;
}

void kv_give(struct kv_pool *pool, struct kv_stream *stream)
{
	while (stream->n_blocks > 0)
		pool->free[pool->n_free++] = stream->blocks[--stream->n_blocks];
}

void kv_move(struct kv_stream *from, struct kv_stream *to, int n)
{
	if (to->n_blocks > 0 || n > from->n_blocks)
		BUG("%d of %d blocks are to move to a stream that has %d", n, from->n_blocks, to->n_blocks);
	memcpy(to->blocks, from->blocks, (size_t)n * sizeof(*to->blocks));
	to->n_blocks = n;
	from->n_blocks -= n;
	memmove(from->blocks, from->blocks + n, (size_t)from->n_blocks * sizeof(*from->blocks));
}

/* Of a model so small that its blocks are no whole pages, the pages at both ends of a block stay. */
static void drop_pages(float *block, size_t n_bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = ((uintptr_t)block + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)block + n_bytes) / page * page;

	if (first < end)
		(void)madvise((unsigned char *)block + (first - (uintptr_t)block), end - first, MADV_DONTNEED);
}

bool kv_trim(struct kv_pool *pool)
{
	int n_taken = pool->n_blocks - pool->n_free;

	if (pool->n_resident == n_taken)
		return false;
	for (int i = pool->n_blocks - pool->n_resident; i < pool->n_free; i++)
		drop_pages(pool->free[i], pool->block_floats * sizeof(float));
	pool->n_resident = n_taken;
	return true;
}

void kv_write(const struct kv_shape *shape, const struct kv_stream *stream, int layer, int position, const float *k, const float *v)
{
	float *block = stream->blocks[position / KV_BLOCK_POSITIONS];
	size_t width = (size_t)shape->head_width, row = (size_t)(position % KV_BLOCK_POSITIONS) * width;

	for (int head = 0; head < shape->n_heads; head++) {
		memcpy(kv_keys(shape, block, layer, head) + row, k + (size_t)head * width, width * sizeof(float));
		memcpy(kv_values(shape, block, layer, head) + row, v + (size_t)head * width, width * sizeof(float));
	}
}
