/*
 * fuzz_preprocessor: any bytes as the preprocessor_config.json of a melody model whose other files are in order.
 *
 * Where the engine takes it, the model hears two sounds by it, one shorter and one longer than most spectra. Run from the
 * root of the repository: the other files are those of tests/vectors/melody.
 */
#include "base/fs.h"
#include "base/mem.h"
#include "checkpoint.h"
#include "engine/engine.h"
#include "engine/model.h"
#include "must.h"

#include <stdint.h>

#define CHECKPOINT "melody"
#define CONFIG_BYTES_MAX ((size_t)1 << 20)
#define FRAMES 3
#define N_SAMPLES 3000
#define SPECTRUM_MAX 8192 /* longer ones are right as these are, and slow: each has its samples times 12 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_of_small_primes(int n)
{
	for (int p = 2; p <= 5; p++)
		while (n % p == 0)
			n /= p;
	return n == 1;
}

/* By what stands in data, and config.json as it is. */
static int read_chroma(const uint8_t *data, size_t size, struct chroma_shape *ret)
{
	struct model *m = mem_zalloc(1, sizeof *m);
	struct strbuf config = STRBUF_INIT(CONFIG_BYTES_MAX);
	struct err err = ERR_INIT;
	char path[FUZZ_PATH_SIZE];
	int status;

	fuzz_path(path, "config.json");
	MUST(fs_read(path, &config, &err) == 0 && model_read_config(m, config.buf, config.len, "here", &err) == 0);
	status = model_read_preprocessor(m, (const char *)data, size, "here", &err);
	MUST(status == 0 || (err.code == ERR_MODEL && err.text[0]));
	*ret = m->lm.chroma;
	strbuf_release(&config);
	free(m);
	return status;
}

static void listen(const struct engine *e, size_t n_samples)
{
	int n_classes = engine_get_info(e)->melody_classes;
	uint8_t *classes = mem_zalloc((size_t)n_classes, 1);
	float mono[N_SAMPLES];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < n_samples; i++)
		mono[i] = (float)(i * i % 17) / 17 - 0.5f;
	MUST(engine_melody(e, mono, n_samples, FRAMES, 0, classes, &err) == 0);
	for (int i = 0; i < n_classes; i++)
		MUST(classes[i] < CHROMA_CLASSES);
	free(classes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const others[] = { "config.json", "model.safetensors", "tokenizer.json" };
	struct chroma_shape shape;
	struct engine *e = NULL;
	struct err err = ERR_INIT;

	for (size_t i = fuzz_dir[0] ? 3 : 0; i < 3; i++)
		fuzz_link(CHECKPOINT, others[i]);
	if (read_chroma(data, size, &shape) != 0)
		return 0;
	MUST(shape.rate_hz > 0 && shape.hop > 0 && shape.n_fft > 0 && shape.n_fft % 2 == 0 && is_of_small_primes(shape.n_fft));
	if (shape.n_fft > SPECTRUM_MAX)
		return 0;
	fuzz_put("preprocessor_config.json", data, size);
	MUST(engine_measure(&e, fuzz_folder(), &err) == 0);
	listen(e, 1);
	listen(e, N_SAMPLES);
	engine_close(e);
	return 0;
}
