/*
 * fuzz_generation: any bytes as the generation_config.json of two models whose other files are in order.
 *
 * Both readers of the file have it: the engine's, and the store's for the fingerprint. Holds: a window that is taken has frames and
 * positions, moves on by its stride, and the longest piece is made in a number of them that fits. Run from the root of the repository.
 */
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "checkpoint.h"
#include "engine/engine.h"
#include "engine/model.h"
#include "engine/window.h"
#include "must.h"
#include "store/store_inside.h"

#include <stdint.h>

#define CONFIG_BYTES_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_window(const struct model *m)
{
	int full = m->lm.window_frames, stride = windows_stride(full);
	struct windows longest = { (int)((int64_t)ENGINE_SECONDS_MAX * m->codec.rate_hz / m->codec.frame_samples), 0, full, stride };
	struct window last;

	MUST(full >= MODEL_WINDOW_FRAMES_MIN && stride >= 1 && stride < full);
	MUST(full + model_n_delays(&m->lm) + model_n_before(&m->lm, ENGINE_PROMPT_TOKENS_MAX) <= MODEL_POSITIONS_MAX);
	last = windows_at(&longest, windows_count(&longest) - 1);
	MUST(last.begin + last.n_frames == longest.n_frames && last.n_frames > last.n_known);
}

/* config.json of a fixture: read once. */
static const struct model *dims_of(const char *config_path)
{
	struct model *m = mem_zalloc(1, sizeof *m);
	struct strbuf config = STRBUF_INIT(CONFIG_BYTES_MAX);
	struct err err = ERR_INIT;

	MUST(fs_read(config_path, &config, &err) == 0 && model_read_config(m, config.buf, config.len, "here", &err) == 0);
	strbuf_release(&config);
	return m;
}

static void read_as(const struct model *dims, const uint8_t *data, size_t size)
{
	static struct model m;
	struct err err = ERR_INIT;

	m = *dims;
	if (model_read_generation(&m, (const char *)data, size, "here", &err) == 0)
		check_window(&m);
	else
		MUST(err.code == ERR_MODEL && err.text[0]);
}

static void fingerprint(const uint8_t *data, size_t size)
{
	struct hash_state *st = hash_begin();
	unsigned char hash[HASH_BYTES];
	struct checkpoint c = { .dir = NULL };

	fuzz_put("generation_config.json", data, size);
	c.dir = mem_strdup(fuzz_folder());
	store_settings_hash(st, &c);
	hash_end(st, hash);
	store_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct model *text, *melody;

	text = text ? text : dims_of("tests/vectors/mono/config.json");
	melody = melody ? melody : dims_of("tests/vectors/stereo-melody/config.json");
	read_as(text, data, size);
	read_as(melody, data, size);
	fingerprint(data, size);
	return 0;
}
