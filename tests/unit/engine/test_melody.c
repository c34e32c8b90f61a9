/* melody: a sound's classes cut and tiled to the windows of a sequence. */
#include "engine/chroma.h"
#include "engine/engine.h"
#include "engine/window.h"

#include "base/fs.h"
#include "base/mem.h"
#include "vectors.h"

#include <unistd.h>

static struct engine *opened(const char *dir)
{
	struct engine *e = NULL;
	struct err err = ERR_INIT;

	OK(engine_measure(&e, dir, &err) == 0, "%s %s", dir, err.text);
	if (!e)
		exit(1);
	return e;
}

/* Of one window, as the reference's extractor finds them and its model takes them. */
static void check_reference(const char *dir, const int *lengths)
{
	struct vectors *v = vectors_open(dir);
	struct engine *e = opened(dir);
	int n_classes = engine_get_info(e)->melody_classes;
	uint8_t *got = mem_zalloc((size_t)n_classes, 1);

	OK(engine_get_info(e)->is_melody, "%s follows melodies", dir);
	for (int i = 0; lengths[i]; i++) {
		size_t n_in = 0, n_want = 0;
		struct err err = ERR_INIT;
		const int32_t *want;
		const float *in;
		char name[64];
		int n_right = 0;

		(void)snprintf(name, sizeof name, "tune.%d.in", lengths[i]);
		in = vectors_floats(v, name, &n_in);
		(void)snprintf(name, sizeof name, "tune.%d.window", lengths[i]);
		want = vectors_ints(v, name, &n_want);
		OK(engine_melody(e, in, n_in, 1, 0, got, &err) == 0, "heard %s", err.text);
		for (int k = 0; k < n_classes; k++)
			n_right += got[k] == want[k];
		OK(n_right == n_classes && n_want == (size_t)n_classes, "%s: %d samples: %d of %d classes", dir, lengths[i], n_right, n_classes);
	}
	free(got);
	engine_close(e);
	vectors_close(v);
}

static float tone(size_t i, double hz, int rate_hz)
{
	double x = (double)i * hz / rate_hz;

	return x - floor(x) < 0.5 ? 0.3f : -0.3f;
}

/* Steps of a scale, so that neighbouring classes differ. */
static float *scale(size_t n, int rate_hz, size_t step)
{
	float *mono = mem_zalloc(n, sizeof *mono);

	for (size_t i = 0; i < n; i++)
		mono[i] = tone(i, 55 * exp2((double)(i / step * 5 % 12) / 12), rate_hz);
	return mono;
}

/* A sound as transformers' extractor hears it, a window at a time. */
static void check_reference_windows(const char *dir, int n_frames)
{
	struct vectors *v = vectors_open_part(dir, "ref-long");
	struct engine *e = opened(dir);
	int n_classes = engine_get_info(e)->melody_classes, n_windows = engine_n_windows(e, n_frames, 0), n_right = 0;
	size_t n_in = 0, n_want = 0;
	const float *in = vectors_floats(v, "long.in", &n_in);
	const int32_t *want = vectors_ints(v, "long.window", &n_want);
	uint8_t *got = mem_zalloc((size_t)n_classes, 1);
	struct err err = ERR_INIT;

	IS_INT(n_windows * n_classes, (long long)n_want, "as many windows as the reference has");
	for (int i = 0; i < n_windows; i++) {
		OK(engine_melody(e, in, n_in, n_frames, i, got, &err) == 0, "heard %s", err.text);
		for (int k = 0; k < n_classes && i * n_classes + k < (int)n_want; k++)
			n_right += got[k] == want[i * n_classes + k];
	}
	IS_INT(n_right, (long long)n_want, "and the classes of all of them");
	free(got);
	engine_close(e);
	vectors_close(v);
}

/* Each window hears so many seconds of the sound from its own beginning on, begun again when it ends (musicgen.md 11). */
static void check_windows(const char *dir, const struct chroma_shape *shape, size_t n, int seconds)
{
	struct engine *e = opened(dir);
	const struct engine_info *info = engine_get_info(e);
	int n_frames = info->window_frames * 2 + 7, n_windows = engine_n_windows(e, n_frames, 0), n_classes = info->melody_classes;
	size_t window = (size_t)seconds * (size_t)info->rate_hz, step = (size_t)windows_stride(info->window_frames) * (size_t)info->frame_samples;
	size_t n_found = chroma_n_frames(shape, window);
	float *mono = scale(n, info->rate_hz, window / 9), *part = mem_zalloc(window, sizeof *part);
	uint8_t *got = mem_zalloc((size_t)(n_windows * n_classes), 1), *found = mem_zalloc(n_found, 1);
	struct chroma *c = NULL;
	struct err err = ERR_INIT;

	IS_INT(n_windows, 3, "two windows and a little are three");
	OK(chroma_open(&c, shape, &err) == 0, "opened %s", err.text);
	for (int i = 0; i < n_windows; i++) {
		size_t begin = (size_t)i * step;
		int n_right = 0;

		OK(engine_melody(e, mono, n, n_frames, i, got + i * n_classes, &err) == 0, "heard %s", err.text);
		for (size_t k = 0; k < window; k++)
			part[k] = mono[(begin + k) % n];
		chroma_classes(c, part, window, found);
		for (int k = 0; k < n_classes; k++)
			n_right += got[i * n_classes + k] == found[(size_t)k % n_found];
		IS_INT(n_right, n_classes, "a window's classes");
	}
	OK(memcmp(got, got + n_classes, (size_t)n_classes) != 0, "windows of a tune differ");
	chroma_close(c);
	free(mono);
	free(part);
	free(got);
	free(found);
	engine_close(e);
}

/* A melody model whose windows of spectra overlap as the published ones' do: n_fft is four hops. */
static void make_overlapping(char *dir, size_t size)
{
	static const char *const files[] = { "config.json", "model.safetensors", "tokenizer.json" };
	static const char text[] = "{\"sampling_rate\": 1000, \"n_fft\": 2048, \"hop_length\": 512}\n";
	char here[512], from[640], to[128];
	struct err err = ERR_INIT;

	(void)snprintf(dir, size, "/tmp/mgbatch-melody-XXXXXX");
	if (!mkdtemp(dir) || !getcwd(here, sizeof here))
		exit(1);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(from, sizeof from, "%s/tests/vectors/stereo-melody/%s", here, files[i]);
		(void)snprintf(to, sizeof to, "%s/%s", dir, files[i]);
		if (symlink(from, to) != 0)
			exit(1);
	}
	(void)snprintf(to, sizeof to, "%s/preprocessor_config.json", dir);
	if (fs_replace(to, text, sizeof text - 1, &err) != 0)
		exit(1);
}

static void remove_overlapping(const char *dir)
{
	static const char *const files[] = { "config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json" };
	char path[128];

	for (int i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	IS_INT(rmdir(dir), 0, "nothing is left behind");
}

/* What lies behind all that a window hears is not listened to, and changes nothing, to the last class. */
static void check_cutting(void)
{
	static const struct chroma_shape shape = { 1000, 2048, 512 };
	char dir[64];
	struct chroma *c = NULL;
	struct err err = ERR_INIT;
	struct engine *e;
	int n_right, n_classes;
	uint8_t *got, *found;

	make_overlapping(dir, sizeof dir);
	e = opened(dir);
	n_classes = engine_get_info(e)->melody_classes;
	got = mem_zalloc((size_t)n_classes, 1);
	found = mem_zalloc(chroma_n_frames(&shape, 20000), 1);
	OK(chroma_open(&c, &shape, &err) == 0, "opened %s", err.text);
	for (size_t n = 3000; n <= 20000; n += 170) { /* at every distance behind what is heard, faster and slower tunes */
		float *mono = scale(n, 1000, 150 + n / 20);
		size_t n_found = chroma_n_frames(&shape, n);

		chroma_classes(c, mono, n, found);
		n_right = 0;
		if (engine_melody(e, mono, n, 1, 0, got, &err) == 0)
			for (int k = 0; k < n_classes; k++)
				n_right += got[k] == found[(size_t)k % n_found];
		free(mono);
		if (n_right != n_classes)
			break;
	}
	IS_INT(n_right, n_classes, "a window hears of a sound what all of it has");
	chroma_close(c);
	free(got);
	free(found);
	engine_close(e);
	remove_overlapping(dir);
}

int main(void)
{
	static const int mono[] = { 1, 3000, 9000, 20000, 0 }, stereo[] = { 5000, 0 };
	static const int brief[] = { 1, 700, 2000, 0 };
	static const struct chroma_shape shape = { 1000, 4096, 3750 }; /* melody's preprocessor_config.json */
	static const struct chroma_shape brief_shape = { 1000, 256, 200 }; /* short-window's */

	check_reference("tests/vectors/melody", mono);
	check_reference("tests/vectors/stereo-melody", stereo);
	check_reference("tests/vectors/short-window", brief);
	check_reference_windows("tests/vectors/short-window", 130);
	check_windows("tests/vectors/melody", &shape, 41234, 30); /* longer than a window */
	check_windows("tests/vectors/melody", &shape, 7001, 30);  /* shorter */
	check_windows("tests/vectors/short-window", &brief_shape, 3100, 2);
	check_windows("tests/vectors/short-window", &brief_shape, 700, 2);
	check_cutting();
	return tap_done();
}
