/*
 * bench_batch CHECKPOINT [SECONDS]: speed of the whole engine, one clip against many sharing each pass.
 *
 * Prints, for 1, 2, 4 and 8 clips at once with guidance 3: seconds, clip-steps a second, seconds of audio a second, the
 * ratio against one clip, and the peak resident size. Not a test: nothing passes or fails.
 */
#include "base/clock.h"
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static int fail(const struct err *err)
{
	fprintf(stderr, "bench_batch: %s\n", err->text);
	return -1;
}

static int add_clips(struct batch *b, int n_clips, int n_frames, struct err *err)
{
	for (int i = 0; i < n_clips; i++) {
		struct sequence_request r = {
			.prompt = "warm piano and soft drums", .n_frames = n_frames, .guidance = 3, .temperature = 1,
			.top_k = 250, .seed = (uint64_t)i + 1, .tag = (uint64_t)i,
		};

		if (batch_add(b, &r, err) != BATCH_TAKEN)
			return err_wrap(err, "clip %d was not taken", i);
	}
	return 0;
}

static int finish(struct batch *b, struct err *err)
{
	int did;

	while ((did = batch_step(b, err)) > 0) {
		struct sequence_result result;

		while (batch_take(b, &result))
			free(result.samples);
	}
	return did;
}

static double run_clips(struct engine *e, int n_clips, int n_frames, struct err *err)
{
	struct batch_config config = { .n_slots = n_clips };
	struct batch *b = NULL;
	int64_t start = 0;
	double seconds = -1;

	if (batch_open(&b, e, &config, err) < 0 || add_clips(b, n_clips, n_frames, err) < 0)
		goto out;
	start = clock_monotonic_ms();
	if (finish(b, err) < 0)
		goto out;
	seconds = (double)(clock_monotonic_ms() - start) / 1000;
out:
	batch_close(b);
	return seconds;
}

int main(int argc, char **argv)
{
	struct engine *e = NULL;
	struct err err = ERR_INIT;
	double one = 0, wanted_s = argc > 2 ? strtod(argv[2], NULL) : 2;
	int n_frames;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_batch CHECKPOINT [SECONDS]\n");
		return 2;
	}
	if (engine_open(&e, argv[1], &err) < 0)
		return fail(&err), 5;
	n_frames = (int)(wanted_s * engine_get_info(e)->frame_rate_hz);
	printf("clips,seconds,clip_steps_per_s,audio_s_per_s,ratio_to_one,peak_rss_mib\n");
	for (int n_clips = 1; n_clips <= 8; n_clips *= 2) {
		double seconds = run_clips(e, n_clips, n_frames, &err), steps = (double)n_clips * (n_frames + 3);
		struct rusage usage;

		if (seconds < 0)
			return fail(&err), 5;
		if (n_clips == 1)
			one = steps / seconds;
		getrusage(RUSAGE_SELF, &usage);
		printf("%d,%.2f,%.2f,%.3f,%.2f,%ld\n", n_clips, seconds, steps / seconds, n_clips * wanted_s / seconds,
		       steps / seconds / one, usage.ru_maxrss / 1024);
		fflush(stdout);
	}
	engine_close(e);
	return 0;
}
