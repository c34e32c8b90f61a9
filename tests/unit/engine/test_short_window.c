/*
 * A model whose window is 2 s (tests/vectors/short-window): what it says of itself, what it lets in, the memory that a piece
 * takes, and that pieces beyond its window are made in several. (What comes out of two of them: test_vectors_greedy.c.)
 */
#include "unit/engine/some_batch.h"

#define DIR "tests/vectors/short-window"
#define WINDOW 100  /* frames: 2 s */
#define STRIDE 60
#define CLASSES 10
#define WINDOWS_MAX 8

static void test_info(const struct engine *e)
{
	const struct engine_info *info = engine_get_info(e);

	IS_INT(info->window_frames, WINDOW, "frames of a window");
	IS_INT(info->melody_classes, CLASSES, "rows of melody");
	IS_INT(info->melody_samples, 2000, "samples that a window hears");
	IS_INT(e->model->lm_w.n_positions, CLASSES + ENGINE_PROMPT_TOKENS_MAX + WINDOW + 3, "positions, as many as a window has");
	IS_INT(engine_n_windows(e, WINDOW, 0), 1, "2 s are one window");
	IS_INT(engine_n_windows(e, WINDOW + 1, 0), 2, "a frame more are two");
	IS_INT(engine_n_windows(e, 1500, 0), 25, "30 s are 25");
}

/* Keys and values are those of a window, whatever the length of the whole. */
static void test_memory(const struct engine *e)
{
	struct kv_shape shape = lm_kv_shape(e->model);
	struct sequence_request r = { .guidance = 3, .temperature = 1 };
	uint64_t block = kv_block_bytes(&shape), frame = (uint64_t)e->info.frame_samples * (uint64_t)e->info.n_channels * sizeof(float);

	r.n_frames = WINDOW; /* and no prompt: one stream of 10 + 1 + 103 positions */
	IS_INT(engine_request_bytes(e, &r), 2 * block + WINDOW * frame, "bytes of a full window");
	r.n_frames = 1500;
	IS_INT(engine_request_bytes(e, &r), 2 * block + 1500 * frame, "bytes of 30 s: those of a window, and of the samples");
	r.prompt = "soft rain";
	IS_INT(engine_request_bytes(e, &r), 4 * block + 1500 * frame, "with a prompt two streams of it");
}

static bool is_refused(const struct engine *e, int n_frames, int n_given, const char *says)
{
	struct sequence_request r = { .prompt = "rain", .n_frames = n_frames, .guidance = 3, .temperature = 1, .n_codes_frames = n_given };
	struct err err = ERR_INIT;
	bool is = engine_check_request(e, &r, &err) != 0;

	if (is)
		printf("# %s\n", err.text);
	return is && strstr(err.text, says);
}

static void test_given(const struct engine *e)
{
	struct sequence_request r = { .prompt = "rain", .n_frames = 1500, .guidance = 3, .temperature = 1, .n_codes_frames = WINDOW - 1 };
	struct err err = ERR_INIT;

	OK(engine_check_request(e, &r, &err) == 0, "a frame less than a window can be continued %s", err.text);
	OK(is_refused(e, 1500, WINDOW, "100 frames (2.00 s), this model takes fewer than 100 (2.00 s)"), "a window can not");
	OK(is_refused(e, 50, 50, "and the clip with it 50 (1.00 s)"), "nor can the whole");
}

/* Pieces of one window and of several, of a tune, of frames that are given, together: all come out, as long as asked. */
static void test_lengths(struct engine *e)
{
	static const struct {
		int n_frames, n_given;
		bool has_melody;
	} rows[] = { { WINDOW, 0, false }, { WINDOW + 1, 0, true }, { 250, 0, true }, { 400, 0, false }, { 250, WINDOW - 1, false }, { 161, 7, false } };
	struct some_run run = { .engine = e, .batch = open_some_batch(e, 3, SOME_ROOM) };
	struct sequence_request requests[sizeof rows / sizeof *rows];
	uint8_t melody[WINDOWS_MAX * CLASSES];
	uint16_t codes[8 * WINDOW];
	int n = (int)(sizeof rows / sizeof *rows);

	for (int i = 0; i < WINDOWS_MAX * CLASSES; i++)
		melody[i] = (uint8_t)(i * i % CHROMA_CLASSES);
	for (int i = 0; i < 8 * WINDOW; i++)
		codes[i] = (uint16_t)(i * 7 % 64);
	for (int i = 0; i < n; i++)
		requests[i] = (struct sequence_request){ .prompt = "soft rain", .n_frames = rows[i].n_frames, .guidance = 3, .temperature = 1, .top_k = 250, .seed = 1,
							 .codes = rows[i].n_given ? codes : NULL, .n_codes_frames = rows[i].n_given,
							 .melody = rows[i].has_melody ? melody : NULL };
	run_all(&run, requests, n, 0);
	for (int i = 0; i < n; i++)
		OK(run.outcomes[i].is_finite && run.outcomes[i].n_values == (size_t)(rows[i].n_frames * e->info.frame_samples * e->info.n_channels),
		   "%d frames, %d of them given%s: %d windows", rows[i].n_frames, rows[i].n_given, rows[i].has_melody ? ", of a tune" : "",
		   engine_n_windows(e, rows[i].n_frames, rows[i].n_given));
	run_clear(&run);
	batch_close(run.batch);
}

int main(void)
{
	struct engine *e = open_some_engine(DIR);

	test_info(e);
	test_memory(e);
	test_given(e);
	test_lengths(e);
	engine_close(e);
	return tap_done();
}
