/* The pool of key/value blocks: no block twice, what is written is read back, untouched blocks are not resident. */
#define _DEFAULT_SOURCE /* mincore */

#include "tap.h"

#include "engine/kv.h"

#include <sys/mman.h>
#include <unistd.h>

#define N_BLOCKS 12
#define POSITIONS 150

static const struct kv_shape shape = { .n_layers = 2, .n_heads = 3, .head_width = 16 };

static size_t resident_pages(void *memory, size_t n_bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n_pages = n_bytes / page, n = 0;
	unsigned char *map = malloc(n_pages);

	if (map && mincore(memory, n_pages * page, map) == 0) {
		for (size_t i = 0; i < n_pages; i++)
			n += map[i] & 1;
	}
	free(map);
	return n;
}

/* A value that names its place. */
static float value_at(int stream, int layer, int position, int which, int i)
{
	return (float)(stream * 1000000 + layer * 300000 + position * 1000 + which * 500 + i);
}

static void write_stream(const struct kv_stream *s, int stream)
{
	float k[48], v[48];

	for (int layer = 0; layer < shape.n_layers; layer++) {
		for (int position = 0; position < POSITIONS; position++) {
			for (int i = 0; i < 48; i++) {
				k[i] = value_at(stream, layer, position, 0, i);
				v[i] = value_at(stream, layer, position, 1, i);
			}
			kv_write(&shape, s, layer, position, k, v);
		}
	}
}

static int count_wrong(const struct kv_stream *s, int stream)
{
	int wrong = 0;

	for (int layer = 0; layer < shape.n_layers; layer++) {
		for (int position = 0; position < POSITIONS; position++) {
			float *block = s->blocks[position / KV_BLOCK_POSITIONS];
			int row = position % KV_BLOCK_POSITIONS * shape.head_width;

			for (int i = 0; i < 48; i++) {
				int head = i / shape.head_width, at = row + i % shape.head_width;

				wrong += kv_keys(&shape, block, layer, head)[at] != value_at(stream, layer, position, 0, i);
				wrong += kv_values(&shape, block, layer, head)[at] != value_at(stream, layer, position, 1, i);
			}
		}
	}
	return wrong;
}

static void test_streams(void)
{
	struct kv_stream a = { 0 }, b = { 0 }, c = { 0 };
	struct err err = ERR_INIT;
	struct kv_pool pool;
	int n = kv_blocks_for(POSITIONS);

	IS_INT(n, 3, "150 positions are 3 blocks");
	IS_INT(kv_blocks_for(64), 1, "64 positions are 1 block");
	IS_INT(kv_blocks_for(65), 2, "65 are 2");
	IS_INT(kv_block_bytes(&shape), 2 * 2 * 3 * 64 * 16 * 4, "bytes of a block");
	OK(!kv_open(&pool, &shape, N_BLOCKS, &err), "the pool opens");
	kv_take(&pool, &a, 1);
	kv_take(&pool, &b, n);
	kv_take(&pool, &a, n - 1);
	write_stream(&a, 1);
	write_stream(&b, 2);
	IS_INT(count_wrong(&a, 1) + count_wrong(&b, 2), 0, "two streams keep what was written");
	kv_give(&pool, &a);
	IS_INT(pool.n_free, N_BLOCKS - n, "given blocks are free");
	kv_take(&pool, &c, N_BLOCKS - n);
	IS_INT(pool.n_free, 0, "the whole pool can be taken");
	for (int i = 0; i < c.n_blocks; i++)
		for (int j = 0; j < b.n_blocks; j++)
			if (c.blocks[i] == b.blocks[j])
				OK(0, "a block was handed out twice");
	write_stream(&c, 3);
	IS_INT(count_wrong(&b, 2) + count_wrong(&c, 3), 0, "a new stream does not touch the old one");
	kv_close(&pool);
}

static void test_residence(void)
{
	struct kv_shape big = { .n_layers = 24, .n_heads = 16, .head_width = 64 }; /* 12 MiB a block */
	size_t block = kv_block_bytes(&big);
	struct kv_stream s = { 0 };
	struct err err = ERR_INIT;
	struct kv_pool pool;

	OK(!kv_open(&pool, &big, 1000, &err), "12 GB of blocks are mapped");
	IS_INT(resident_pages(pool.memory, 1000 * block), 0, "none is resident");
	for (int round = 0; round < 3; round++) {
		kv_take(&pool, &s, 1);
		memset(s.blocks[0], 1, block);
		kv_give(&pool, &s);
	}
	OK(resident_pages(pool.memory, 1000 * block) <= block / 4096 + 1, "a given block is taken again before a new one");
	kv_close(&pool);
}

static void test_trim(void)
{
	struct kv_shape big = { .n_layers = 24, .n_heads = 16, .head_width = 64 };
	size_t block = kv_block_bytes(&big), page = (size_t)sysconf(_SC_PAGESIZE);
	struct kv_stream s = { 0 }, kept = { 0 };
	struct err err = ERR_INIT;
	struct kv_pool pool;

	OK(!kv_open(&pool, &big, 60, &err) && !kv_trim(&pool), "nothing to trim in a new pool");
	kv_take(&pool, &s, 2);
	kv_take(&pool, &kept, 1);
	kv_take(&pool, &s, 2);
	for (int i = 0; i < 4; i++)
		memset(s.blocks[i], 1, block);
	memset(kept.blocks[0], 7, block);
	OK(!kv_trim(&pool), "nor while all are taken");
	kv_give(&pool, &s);
	IS_INT(pool.n_resident, 5, "given blocks stay resident");
	OK(kv_trim(&pool) && pool.n_resident == 1, "until they are trimmed");
	OK(resident_pages(pool.memory, 60 * block) <= block / page + 1, "then only the taken one is");
	OK(((unsigned char *)kept.blocks[0])[0] == 7 && ((unsigned char *)kept.blocks[0])[block - 1] == 7, "and keeps what was written");
	kv_take(&pool, &s, 59);
	IS_INT(pool.n_free, 0, "all can be taken again");
	kv_close(&pool);
}

int main(void)
{
	struct kv_pool none;
	struct err err = ERR_INIT;

	test_streams();
	test_residence();
	test_trim();
	OK(!kv_open(&none, &shape, 0, &err), "a pool of no blocks opens");
	kv_close(&none);
	return tap_done();
}
