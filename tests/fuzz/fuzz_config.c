/*
 * fuzz_config: any bytes as the config.json of a checkpoint whose tensors and tokenizer are in order.
 *
 * Both readers of the file have it, the store's and the engine's. Where the engine takes it and the tensors fit, the
 * model is opened and makes a clip of a few frames: what a config may say decides how far the codec pads, dilates and
 * trims. Run from the root of the repository: the tensors are those of tests/vectors/mono.
 */
#include "base/mem.h"
#include "checkpoint.h"
#include "engine/engine.h"
#include "engine/model.h"
#include "store/store_inside.h"

#include <stdint.h>

#define CHECKPOINT "mono"
#define BATCH_BYTES (256u << 20)
#define FRAMES 3
#define STEPS_MAX 10000 /* a clip of three frames takes some twenty */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_dims(const struct model *m)
{
	int frame = 1;

	for (int i = 0; i < m->codec.n_ratios; i++)
		frame *= m->codec.ratios[i];
	if (frame != m->codec.frame_samples || frame > m->codec.rate_hz)
		abort();
	if (m->lm.head_width * m->lm.n_heads != m->lm.width || m->lm.window_frames < 1)
		abort();
}

static void make_clip(struct engine *e)
{
	struct batch_config config = { .n_slots = 1, .n_threads = 1, .memory_bytes = BATCH_BYTES };
	struct sequence_request request = { .prompt = "rain", .n_frames = FRAMES, .guidance = 3, .temperature = 1, .seed = 1 };
	struct sequence_result result;
	struct batch *b = NULL;
	struct err err = ERR_INIT;
	int i = 0;

	if (batch_open(&b, e, &config, &err))
		return;
	if (batch_add(b, &request, &err) == BATCH_TAKEN) {
		while (!batch_take(b, &result))
			if (batch_step(b, &err) != 1 || ++i > STEPS_MAX)
				abort();
		if (result.is_finite && result.n_samples != (size_t)FRAMES * (size_t)engine_get_info(e)->frame_samples)
			abort();
		free(result.samples);
	}
	batch_close(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checkpoint checkpoint = { 0 };
	struct model *m = mem_zalloc(1, sizeof *m);
	struct engine *e = NULL;
	struct err err = ERR_INIT;

	if (!fuzz_dir[0]) {
		fuzz_link(CHECKPOINT, "model.safetensors");
		fuzz_link(CHECKPOINT, "tokenizer.json");
	}
	if (store_config_read(&checkpoint, (const char *)data, size, &err) == 0 && !checkpoint.version[0])
		abort();
	if (model_read_config(m, (const char *)data, size, "here", &err) == 0) {
		check_dims(m);
		fuzz_put("config.json", data, size);
		if (engine_open(&e, fuzz_folder(), &err) == 0)
			make_clip(e);
		engine_close(e);
	}
	free(m);
	return 0;
}
