/*
 * The window of a model, and what a tune's rows are of, as generation_config.json and preprocessor_config.json say: the
 * published models' 30 s to the frame, shorter ones and longer ones, what is missing, and what is refused with which words.
 */
#include "engine/model.h"
#include "tap.h"

#include "base/fs.h"
#include "base/mem.h"

#define CONFIG_BYTES_MAX ((size_t)1 << 20)
#define N(rows) (sizeof(rows) / sizeof *(rows))
#define MOST_FRAMES (4096 - 3)          /* of a text model: positions less the delays */
#define MOST_MELODY (4096 - 3 - 9 - 512) /* nine rows of a tune, and the longest text, before them */

/* The dimensions of a fixture of 50 frames a second, or of rate_hz and frames of so many samples. */
static struct model *dims_of(const char *fixture, int rate_hz, int frame_samples)
{
	struct strbuf text = STRBUF_INIT(CONFIG_BYTES_MAX);
	struct model *m = mem_zalloc(1, sizeof *m);
	struct err err = ERR_INIT;
	char path[128];

	(void)snprintf(path, sizeof path, "tests/vectors/%s/config.json", fixture);
	if (fs_read(path, &text, &err) != 0 || model_read_config(m, text.buf, text.len, "here", &err) != 0) {
		printf("Bail out! %s; run from the root of the sources\n", err.text);
		exit(1);
	}
	if (rate_hz) {
		m->codec.rate_hz = rate_hz;
		m->codec.frame_samples = frame_samples;
	}
	strbuf_release(&text);
	return m;
}

/* ---- windows that are taken ---------------------------------------------------------------------------------- */

static const struct {
	const char *name, *text;
	int rate_hz, frame_samples; /* 0: the fixture's own, 50 frames a second */
	int want;
} windows[] = {
	{ "the published models: 30 s, not 29.92 s", "{\"max_length\": 1500}", 0, 0, 1500 },
	{ "30 s as transformers counts them", "{\"max_length\": 1504}", 0, 0, 1500 },
	{ "steps of 30 s", "{\"max_length\": 1503}", 0, 0, 1500 },
	{ "a frame more", "{\"max_length\": 1505}", 0, 0, 1501 },
	{ "no whole seconds near", "{\"max_length\": 1499}", 0, 0, 1495 },
	{ "10 s", "{\"max_length\": 504}", 0, 0, 500 },
	{ "10 s counted as the published ones are", "{\"max_length\": 500}", 0, 0, 500 },
	{ "2 s", "{\"max_length\": 104}", 0, 0, 100 },
	{ "5 s and a part of one", "{\"max_length\": 256}", 0, 0, 252 },
	{ "a minute", "{\"max_length\": 3004}", 0, 0, 3000 },
	{ "less than a second", "{\"max_length\": 24}", 0, 0, 20 },
	{ "the least", "{\"max_length\": 6}", 0, 0, 2 },
	{ "the most", "{\"max_length\": 4097}", 0, 0, MOST_FRAMES },
	{ "the most, whole seconds as it is", "{\"max_length\": 4052}", 0, 0, 4050 },
	{ "the most, where whole seconds would be more", "{\"max_length\": 4097}", 100, 100, MOST_FRAMES },
	{ "a number with a point", "{\"max_length\": 504.0}", 0, 0, 500 },
	{ "other keys", "{\"do_sample\": true, \"guidance_scale\": 3.0, \"max_length\": 504, \"pad_token_id\": 64}", 0, 0, 500 },
	{ "not said", "{}", 0, 0, 1500 },
	{ "said to be nothing", "{\"max_length\": null}", 0, 0, 1500 },
	{ "no object", "[504]", 0, 0, 1500 },
	{ "75 frames a second", "{\"max_length\": 754}", 24000, 320, 750 },
	{ "37.5 frames a second, 10 s", "{\"max_length\": 379}", 24000, 640, 375 },
	{ "37.5 frames a second, 3 s are 112", "{\"max_length\": 113}", 24000, 640, 112 },
	{ "1 frame a second", "{\"max_length\": 30}", 100, 100, 30 },
	{ "6.25 frames a second", "{\"max_length\": 29}", 100, 16, 25 },
};

static void test_windows(void)
{
	for (size_t i = 0; i < N(windows); i++) {
		struct model *m = dims_of("mono", windows[i].rate_hz, windows[i].frame_samples);
		struct err err = ERR_INIT;
		int status;

		status = model_read_generation(m, windows[i].text, strlen(windows[i].text), "here", &err);
		if (OK(status == 0, "%s: read %s", windows[i].name, err.text))
			IS_INT(m->lm.window_frames, windows[i].want, windows[i].name);
		free(m);
	}
}

/* Positions are for the rows before the codes, too. */
static void test_melody_window(void)
{
	struct model *m = dims_of("stereo-melody", 0, 0);
	struct err err = ERR_INIT;
	char text[64];

	(void)snprintf(text, sizeof text, "{\"max_length\": %d}", MOST_MELODY + 4);
	OK(model_read_generation(m, text, strlen(text), "here", &err) == 0 && m->lm.window_frames == MOST_MELODY, "a melody model's longest window: %d frames %s",
	   m->lm.window_frames, err.text);
	(void)snprintf(text, sizeof text, "{\"max_length\": %d}", MOST_MELODY + 5);
	OK(model_read_generation(m, text, strlen(text), "here", &err) == -1 && strstr(err.text, "max_length is 3577, expected a whole number from 6 to 3576"),
	   "and a frame more: %s", err.text);
	free(m);
}

/* ---- what a window hears ------------------------------------------------------------------------------------- */

static void test_chunks(void)
{
	static const struct {
		const char *name, *generation, *text;
		int want_s, want_fft, want_hop;
	} rows[] = {
		{ "not said: as published", "{}", "{}", 30, 16384, 4096 },
		{ "as published: 30 s are 234.4 hops", "{\"max_length\": 1500}", "{\"chunk_length\": 30, \"n_fft\": 16384, \"hop_length\": 4096}", 30, 16384, 4096 },
		{ "2 s, of ten hops", "{\"max_length\": 104}", "{\"chunk_length\": 2, \"n_fft\": 256, \"hop_length\": 200}", 2, 256, 200 },
		{ "more than a window", "{\"max_length\": 104}", "{\"chunk_length\": 3}", 3, 16384, 4096 },
		{ "more than 3.92 s", "{\"max_length\": 201}", "{\"chunk_length\": 4}", 4, 16384, 4096 },
		{ "an hour", "{}", "{\"chunk_length\": 3600}", 3600, 16384, 4096 },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct model *m = dims_of("stereo-melody", 0, 0);
		struct err err = ERR_INIT;

		OK(model_read_generation(m, rows[i].generation, strlen(rows[i].generation), "here", &err) == 0 &&
			   model_read_preprocessor(m, rows[i].text, strlen(rows[i].text), "here", &err) == 0 && m->lm.chunk_s == rows[i].want_s &&
			   m->lm.chroma.n_fft == rows[i].want_fft && m->lm.chroma.hop == rows[i].want_hop,
		   "%s: %d s by %d %s", rows[i].name, m->lm.chunk_s, m->lm.chroma.hop, err.text);
		free(m);
	}
}

/* ---- what is refused ----------------------------------------------------------------------------------------- */

static const struct {
	bool is_preprocessor;
	const char *text, *says;
} refused[] = {
	{ false, "{\"max_length\": 0}", "'here/generation_config.json': max_length is 0, expected a whole number from 6 to 3576" },
	{ false, "{\"max_length\": 5}", "max_length is 5, expected" },
	{ false, "{\"max_length\": -1}", "max_length is -1, expected" },
	{ false, "{\"max_length\": 20000}", "max_length is 20000, expected" },
	{ false, "{\"max_length\": 1e300}", "max_length is 1e+300, expected" },
	{ false, "{\"max_length\": 500.5}", "max_length is 500.5, expected a whole number" },
	{ false, "{\"max_length\": \"504\"}", "max_length is no number, expected a whole number from 6 to 3576" },
	{ false, "{\"max_length\": true}", "max_length is no number" },
	{ false, "{\"max_length\": [504]}", "max_length is no number" },
	{ false, "{\"max_length\": 504", "generation_config.json" },
	{ false, "", "generation_config.json" },
	{ true, "{\"chunk_length\": 0}", "'here/preprocessor_config.json': chunk_length is 0, expected a whole number from 1 to 3600" },
	{ true, "{\"chunk_length\": 3601}", "chunk_length is 3601, expected" },
	{ true, "{\"chunk_length\": 30.5}", "chunk_length is 30.5, expected a whole number" },
	{ true, "{\"chunk_length\": \"30\"}", "chunk_length is no number" },
	{ true, "{\"chunk_length\": 29}",
	  "chunk_length is 29, expected at least the 30 s of a window (max_length of generation_config.json; 30 s where it does not say)" },
	{ true, "{\"hop_length\": 0}", "hop_length is 0, expected" },
	{ true, "{\"hop_length\": 1e9}", "hop_length is 1e+09, expected" },
	{ true, "{\"n_fft\": 8191}", "n_fft is 8191, expected an even" },
};

static void test_refused(void)
{
	for (size_t i = 0; i < N(refused); i++) {
		struct model *m = dims_of("stereo-melody", 0, 0);
		struct err err = ERR_INIT;
		int status = (refused[i].is_preprocessor ? model_read_preprocessor : model_read_generation)(m, refused[i].text, strlen(refused[i].text),
													     "here", &err);

		OK(status == -1 && err.code == ERR_MODEL && strstr(err.text, refused[i].says), "%s: %s", refused[i].text, err.text);
		free(m);
	}
}

int main(void)
{
	test_windows();
	test_melody_window();
	test_chunks();
	test_refused();
	return tap_done();
}
