/* backend/native/inputs: which part of a sound is used; sounds that are continued and followed, heard once for all that ask; what cannot be. */
#include "backend/native/inputs.h"
#include "unit/backend/some_native.h"
#include "vectors.h"

#define MONO "tests/vectors/mono"
#define MELODY "tests/vectors/stereo-melody"
#define RATE_HZ 8000
#define N(rows) (sizeof(rows) / sizeof *(rows))

static struct job_maker mono_maker = { PARAM_NATIVE, "native:mono", MONO }, melody_maker = { PARAM_NATIVE, "native:melody", MELODY };

static void set_value(struct some_jobs *s, int i, const char *name, struct value value)
{
	s->values[i * card_n_params(s->card) + card_find(s->card, name)] = value;
}

static void set_text(struct some_jobs *s, int i, const char *name, const char *text)
{
	set_value(s, i, name, (struct value){ .as.text = text, .kind = VALUE_TEXT });
}

static void set_flag(struct some_jobs *s, int i, const char *name, bool flag)
{
	set_value(s, i, name, (struct value){ .as.flag = flag, .kind = VALUE_BOOL });
}

/* ---- the part of a sound: pure ------------------------------------------------------------------------------ */

static void test_parts(void)
{
	static const struct engine_info info = { .rate_hz = 32000, .frame_samples = 640, .frame_rate_hz = 50, .window_frames = 1500, .n_channels = 1 };
	static const struct {
		const char *name;
		size_t n_frames; /* of the file */
		int rate_hz;
		double start, end, duration; /* end -1: not said */
		bool is_continued;
		size_t want_begin, want_frames;
		int want_codes;
		const char *want; /* a part of the sentence; NULL: none */
	} rows[] = {
		{ "all of it", 44100, 44100, 0, -1, 8, false, 0, 44100, 0, NULL },
		{ "all of it, by its end", 44100, 44100, 0, 1, 8, false, 0, 44100, 0, NULL },
		{ "whole seconds", 441000, 44100, 2, 5, 8, false, 88200, 132300, 0, NULL },
		/* as the reference's int(rate * seconds): 44100 * 0.57 is a little less than 25137 */
		{ "fractions of seconds", 44100, 44100, 0.1, 0.57, 8, false, 4410, 25136 - 4410, 0, NULL },
		{ "fractions of samples", 22050, 22050, 0.00007, 0.99999, 8, false, 1, 22049 - 1, 0, NULL },
		{ "a continuation's frames are begun ones", 32001, 32000, 0, -1, 8, true, 0, 32001, 51, NULL },
		{ "at another rate too", 44100, 44100, 0, 0.5, 8, true, 0, 22050, 25, NULL },
		{ "the last frame that can be continued", 32000 * 8, 32000, 0, 7.98, 8, true, 0, 255360, 399, NULL },
		{ "as long as the whole", 32000 * 8, 32000, 0, -1, 8, true, 0, 0, 0, "8.00 s of 'tune.wav' would be continued, and the whole, that part included, lasts 8.00 s" },
		{ "longer than the whole", 32000 * 20, 32000, 0, -1, 8, true, 0, 0, 0, "20.00 s of 'tune.wav' would be continued, and the whole" },
		{ "as long as the window", 32000 * 30, 32000, 0, -1, 60, true, 0, 0, 0, "30.00 s of 'tune.wav' would be continued, and at most 29.98 s can be" },
		{ "a frame less", 32000 * 30 - 640, 32000, 0, -1, 60, true, 0, 959360, 1499, NULL },
		{ "a start at the end", 32000, 32000, 1, -1, 8, false, 0, 0, 0, "continuationStart (1 s) is not within 'tune.wav', which lasts 1.00 s" },
		{ "an end beyond it", 32000, 32000, 0, 1.5, 8, false, 0, 0, 0, "continuationEnd (1.5 s) is beyond 'tune.wav', which lasts 1.00 s" },
		{ "less than a sample", 32000, 32000, 0.00001, 0.00002, 8, false, 0, 0, 0, "no sound is left of 'tune.wav'" },
		{ "less than a sample of the model's", 96000, 96000, 0, 0.00002, 8, false, 0, 0, 0, "no sound is left of 'tune.wav'" },
		{ "three hours", (size_t)10800 * 44100, 44100, 0, -1, 8, false, 0, 0, 0, "10800 s of 'tune.wav' would be used, and at most 600 s at its 44100 Hz" },
		{ "a part of three hours", (size_t)10800 * 44100, 44100, 9000, 9012.5, 8, false, (size_t)9000 * 44100, 551250, 0, NULL },
		{ "many samples", (size_t)400 * 192000, 192000, 0, -1, 8, false, 0, 0, 0, "400 s of 'tune.wav' would be used, and at most 150 s at its 192000 Hz" },
	};
	struct some_jobs s;

	some_jobs_open(&s, (int)N(rows));
	for (size_t i = 0; i < N(rows); i++) {
		struct pcm look = { NULL, rows[i].n_frames, 2, rows[i].rate_hz };
		struct input_part part = { 0 };
		struct err err = ERR_INIT;
		int rc;

		s.jobs[i].input_path = "tune.wav";
		set_number(&s, (int)i, "duration", rows[i].duration);
		set_number(&s, (int)i, "continuationStart", rows[i].start);
		if (rows[i].end >= 0)
			set_number(&s, (int)i, "continuationEnd", rows[i].end);
		set_flag(&s, (int)i, "continuation", rows[i].is_continued);
		rc = input_part_of(&s.jobs[i], &info, &look, &part, &err);
		if (rows[i].want)
			OK(rc < 0 && err.code == ERR_INPUT && strstr(err.text, rows[i].want), "%s: %s", rows[i].name, err.text);
		else
			OK(rc == 0 && part.begin == rows[i].want_begin && part.n_frames == rows[i].want_frames && part.n_codes_frames == rows[i].want_codes &&
				   part.bytes > part.n_frames * 8,
			   "%s: %zu from %zu on, %d frames %s", rows[i].name, part.n_frames, part.begin, part.n_codes_frames, err.text);
	}
	some_jobs_close(&s);
}

/* ---- sounds ------------------------------------------------------------------------------------------------- */

static void put(unsigned char **at, uint32_t value, int n)
{
	for (int i = 0; i < n; i++)
		*(*at)++ = (unsigned char)(value >> 8 * i);
}

/* A WAV file of f32 samples in the jobs' folder; its path is the caller's. */
static char *write_wav(const struct some_jobs *s, const char *name, const float *samples, size_t n_frames, int n_channels, int rate_hz)
{
	size_t n = n_frames * (size_t)n_channels * 4;
	unsigned char *bytes = mem_zalloc(44 + n, 1), *at = bytes;
	char *path = fs_join(s->dir, name);
	struct err err = ERR_INIT;

	memcpy(at, "RIFF....WAVEfmt ", 16);
	at += 4;
	put(&at, (uint32_t)(36 + n), 4);
	at += 8;
	put(&at, 16, 4);
	put(&at, 3, 2); /* IEEE floats */
	put(&at, (uint32_t)n_channels, 2);
	put(&at, (uint32_t)rate_hz, 4);
	put(&at, (uint32_t)(rate_hz * n_channels * 4), 4);
	put(&at, (uint32_t)n_channels * 4, 2);
	put(&at, 32, 2);
	memcpy(at, "data", 4);
	at += 4;
	put(&at, (uint32_t)n, 4);
	memcpy(at, samples, n);
	if (fs_replace(path, bytes, 44 + n, &err) != 0)
		exit(1);
	free(bytes);
	return path;
}

/* A tune of rising steps, one second of it; which: another each. */
static char *write_tune(const struct some_jobs *s, const char *name, int which, size_t n_frames)
{
	float *samples = mem_zalloc(n_frames, sizeof *samples);
	char *path;

	for (size_t i = 0; i < n_frames; i++) {
		double x = (double)i * (110 + 30 * which) * (1 + (double)(i / 2000)) / RATE_HZ;

		samples[i] = x - floor(x) < 0.5 ? 0.25f : -0.25f;
	}
	path = write_wav(s, name, samples, n_frames, 1, RATE_HZ);
	free(samples);
	return path;
}

static void set_input(struct some_jobs *s, int i, const char *path)
{
	static char hex[16][HASH_HEX_SIZE];
	unsigned char hash[HASH_BYTES];
	struct err err = ERR_INIT;

	if (i >= 16 || hash_file(path, hash, &err) != 0)
		exit(1);
	hash_hex(hex[i], hash);
	s->jobs[i].input_path = path;
	s->jobs[i].input_sha256 = hex[i];
}

/* From the reference's sound to the reference's samples: read, encoded, continued, decoded. */
static void test_reference(void)
{
	static struct job_maker makers[] = { { PARAM_NATIVE, "native:mono", MONO }, { PARAM_NATIVE, "native:stereo", "tests/vectors/stereo" } };

	for (int k = 0; k < 2; k++) {
		struct vectors *v = vectors_open_part(makers[k].checkpoint, "ref-continue");
		const char *prompt = json_string(json_member(vectors_facts(v), "prompt"), "");
		size_t n_in = 0, n_want = 0, n_channels = k ? 2 : 1;
		const float *in = vectors_floats_transposed(v, "heard.in", &n_in), *want = vectors_floats_transposed(v, "heard.wav", &n_want);
		struct event e = { .job = NULL };
		struct some_jobs s;
		int n_progress = 0;
		struct backend *b = open_native(2, 0);
		char *path;

		some_jobs_open(&s, 1);
		path = write_wav(&s, "in.wav", in, n_in / n_channels, (int)n_channels, 1000);
		s.jobs[0].maker = &makers[k];
		set_input(&s, 0, path);
		set_flag(&s, 0, "continuation", true);
		set_text(&s, 0, "prompt", prompt);
		set_number(&s, 0, "temperature", 0);
		set_number(&s, 0, "duration", (double)(n_want / n_channels) / 1000);
		make_all(b, &s, &e, &n_progress);
		native_backend.close(b, BACKEND_FINISH);
		OK(e.kind == EVENT_DONE && e.pcm.n_frames * n_channels == n_want, "%s is continued: %s", makers[k].checkpoint, e.sentence);
		if (e.kind == EVENT_DONE && e.pcm.n_frames * n_channels == n_want)
			vectors_near(makers[k].checkpoint, "a sound, continued", e.pcm.samples, want, n_want, 1e-4);
		pcm_release(&e.pcm);
		free(path);
		some_jobs_close(&s);
		vectors_close(v);
	}
}

/* Text, continuations and melodies in one batch, of three files and of parts of them: each as it is alone; the files are read once. */
static void test_mixed(bool is_melody)
{
	struct some_jobs s;
	struct event events[8] = { { .job = NULL } }, alone;
	struct backend *b = open_native(3, 0);
	int n_progress = 0, n_differ = 0, n_same = 0;
	char *paths[2];

	some_jobs_open(&s, 8);
	paths[0] = write_tune(&s, "one.wav", 0, RATE_HZ / 2);
	paths[1] = write_tune(&s, "two.wav", 1, 3 * RATE_HZ);
	for (int i = 0; i < 8; i++) {
		s.jobs[i].maker = is_melody ? &melody_maker : &mono_maker;
		set_number(&s, i, "duration", 0.3 * (1 + i % 3));
		set_number(&s, i, "classifierFreeGuidance", i % 2 ? 3 : 1);
		if (i % 4 == 0)
			continue; /* of its prompt alone */
		set_input(&s, i, paths[i % 2]);
		set_flag(&s, i, "continuation", !is_melody || i % 3 == 0);
		set_number(&s, i, "continuationStart", 0.1 * (i % 2));
		set_number(&s, i, "continuationEnd", 0.1 * (i % 2) + 0.15);
	}
	if (is_melody)
		set_number(&s, 5, "duration", 30.2); /* two windows, of the sound that jobs 1 and 7 follow in one */
	make_all(b, &s, events, &n_progress);
	native_backend.close(b, BACKEND_FINISH);
	for (int i = 0; i < 8; i++) {
		if (events[i].kind != EVENT_DONE)
			printf("# job %d: %s\n", i, events[i].sentence);
		alone = make_alone(&s, i);
		n_differ += !same_samples(&events[i], &alone);
		n_same += i > 0 && same_samples(&events[i], &events[i - 1]);
		pcm_release(&alone.pcm);
	}
	for (int i = 0; i < 8; i++)
		pcm_release(&events[i].pcm);
	IS_INT(n_differ, 0, is_melody ? "followed and continued by a melody model: as alone" : "continued: as alone");
	IS_INT(n_same, 0, "and neighbours differ");
	free(paths[0]);
	free(paths[1]);
	some_jobs_close(&s);
}

/* A sweep over one file hears it once: it may go away then. Another part of it is heard anew. */
static void test_once(bool is_continued)
{
	struct some_jobs s;
	struct event first[1] = { { .job = NULL } }, rest[3] = { { .job = NULL } };
	struct backend *b = open_native(2, 0);
	struct some_jobs one, others;
	int n_progress = 0;
	char *path;

	some_jobs_open(&s, 4);
	path = write_tune(&s, "tune.wav", 2, RATE_HZ);
	for (int i = 0; i < 4; i++) {
		s.jobs[i].maker = is_continued ? &mono_maker : &melody_maker;
		set_input(&s, i, path);
		set_flag(&s, i, "continuation", is_continued);
		set_number(&s, i, "duration", 1.2);
		set_number(&s, i, "continuationEnd", i == 3 ? 0.5 : 0.4);
	}
	one = (struct some_jobs){ .jobs = s.jobs, .n = 1 };
	others = (struct some_jobs){ .jobs = s.jobs + 1, .n = 3 };
	make_all(b, &one, first, &n_progress);
	OK(first[0].kind == EVENT_DONE, "the first is done %s", first[0].sentence);
	remove(path);
	make_all(b, &others, rest, &n_progress);
	native_backend.close(b, BACKEND_FINISH);
	OK(rest[0].kind == EVENT_DONE && rest[1].kind == EVENT_DONE, "without the file two more are: %s", rest[0].sentence);
	OK(rest[2].kind == EVENT_FAILED && rest[2].class == FAIL_IO && strstr(rest[2].sentence, "tune.wav"), "but none of another part: %s",
	   rest[2].sentence);
	pcm_release(&first[0].pcm);
	for (int i = 0; i < 3; i++)
		pcm_release(&rest[i].pcm);
	free(path);
	some_jobs_close(&s);
}

/* One reap; what came of the jobs goes into events, by their number. */
static void reap_into(struct backend *b, const struct some_jobs *s, struct event *events)
{
	struct event got[4];
	struct err err = ERR_INIT;
	int n = native_backend.reap(b, got, 4, 0, &err);

	for (int i = 0; i < n; i++)
		if (got[i].kind != EVENT_PROGRESS)
			events[got[i].job - s->jobs] = got[i];
}

/* A sound is heard while the only slot is taken; once that was done its job waits, and the file is not wanted again. */
static void test_waiting(void)
{
	struct some_jobs s;
	struct event events[2] = { { .job = NULL } };
	struct backend *b = open_native(1, 0);
	struct backend_task tasks[2];
	char *path;

	some_jobs_open(&s, 2);
	path = write_tune(&s, "tune.wav", 2, RATE_HZ / 2);
	for (int i = 0; i < 2; i++) {
		s.jobs[i].maker = &mono_maker;
		tasks[i] = (struct backend_task){ .job = &s.jobs[i] };
	}
	set_number(&s, 0, "duration", 20); /* 1000 steps: hearing half a second takes a few */
	set_input(&s, 1, path);
	set_flag(&s, 1, "continuation", true);
	IS_INT(native_backend.submit(b, &tasks[0], &events[0]), BACKEND_TAKEN, "one without a sound is taken");
	for (int i = 0; i < 10; i++)
		reap_into(b, &s, events);
	IS_INT(native_backend.submit(b, &tasks[1], &events[1]), BACKEND_TAKEN, "so is one with a sound, beside it");
	IS_INT(native_backend.submit(b, &tasks[1], &events[1]), BACKEND_BUSY, "and none more");
	for (int i = 0; i < 200; i++)
		reap_into(b, &s, events);
	OK(!events[0].job, "the first is still at work");
	remove(path);
	for (int i = 0; i < TURNS_MAX && !(events[0].job && events[1].job); i++)
		reap_into(b, &s, events);
	for (int i = 0; i < 2; i++)
		OK(events[i].job && events[i].kind == EVENT_DONE, "done %s", events[i].sentence);
	native_backend.close(b, BACKEND_FINISH);
	pcm_release(&events[0].pcm);
	pcm_release(&events[1].pcm);
	free(path);
	some_jobs_close(&s);
}

/* What is wrong with a sound is its job's failure, and the others are made. */
static void test_failures(void)
{
	struct some_jobs s;
	struct event events[4] = { { .job = NULL } };
	struct backend *b = open_native(2, 0);
	int n_progress = 0;
	char *changed, *text, *good;

	some_jobs_open(&s, 4);
	changed = write_tune(&s, "changed.wav", 0, RATE_HZ / 2);
	good = write_tune(&s, "good.wav", 0, RATE_HZ / 2);
	put_file(&s, "text.wav", "verse one\n");
	text = fs_join(s.dir, "text.wav");
	for (int i = 0; i < 4; i++) {
		s.jobs[i].maker = &mono_maker;
		set_flag(&s, i, "continuation", true);
		set_input(&s, i, i == 0 ? changed : i == 1 ? text : good);
		set_number(&s, i, "duration", i == 2 ? 0.4 : 0.8);
	}
	free(write_tune(&s, "changed.wav", 5, RATE_HZ / 2));
	make_all(b, &s, events, &n_progress);
	native_backend.close(b, BACKEND_FINISH);
	for (int i = 0; i < 3; i++)
		IS_INT(events[i].kind == EVENT_FAILED ? events[i].class : FAIL_NONE, FAIL_INPUT, "failed by its input");
	OK(strstr(events[0].sentence, "changed.wav' has changed since"), "%s", events[0].sentence);
	OK(strstr(events[1].sentence, "text.wav' is not a sound file"), "%s", events[1].sentence);
	OK(strstr(events[2].sentence, "0.50 s of '") && strstr(events[2].sentence, "lasts 0.40 s"), "%s", events[2].sentence);
	OK(events[3].kind == EVENT_DONE, "the last is made %s", events[3].sentence);
	pcm_release(&events[3].pcm);
	free(changed);
	free(text);
	free(good);
	some_jobs_close(&s);
}

/* The memory that hearing takes is admitted with the job, asked for before the sound is read, and given back. */
static void test_memory(void)
{
	struct backend_config config = { .memory_bytes = 1u << 30 };
	struct backend_question q[10] = { { .job = NULL } };
	struct event events[10] = { { .job = NULL } };
	struct some_jobs s;
	struct err err = ERR_INIT;
	struct backend *b;
	int n_progress = 0, n_refused = 0, n_done = 0;
	char *path;

	some_jobs_open(&s, 10);
	path = write_tune(&s, "long.wav", 1, 600 * RATE_HZ); /* 19 MB, and 5 MB at the model's rate */
	for (int i = 0; i < 10; i++) {
		s.jobs[i].maker = &melody_maker;
		set_input(&s, i, path);
		set_number(&s, i, "duration", 0.2);
		if (i > 0)
			set_number(&s, i, "continuationEnd", 60 + i); /* 2.5 MB each */
		q[i].job = &s.jobs[i];
	}
	IS_INT(native_backend.admit(&config, q, 10, &err), 0, "asked about all in a GiB");
	for (int i = 0; i < 10; i++)
		n_refused += q[i].why != NULL;
	IS_INT(n_refused, 0, "they can be done");
	config.memory_bytes = 16u << 20;
	IS_INT(native_backend.admit(&config, q, 10, &err), 0, "in 16 MiB");
	OK(q[0].code == ERR_MEMORY && strstr(q[0].why, "shorten its part of inputAudio"), "the long one cannot: %s", q[0].why);
	OK(!q[1].why && !q[9].why, "parts of it can %s", q[1].why ? q[1].why : "");
	b = open_native(2, config.memory_bytes);
	make_all(b, &s, events, &n_progress);
	native_backend.close(b, BACKEND_FINISH);
	OK(events[0].kind == EVENT_FAILED && events[0].class == FAIL_INPUT && strstr(events[0].sentence, "MiB of memory"), "nor when it is tried: %s",
	   events[0].sentence);
	for (int i = 1; i < 10; i++) {
		n_done += events[i].kind == EVENT_DONE;
		pcm_release(&events[i].pcm);
	}
	IS_INT(n_done, 9, "the others are made, one after another");
	free(q[0].why);
	free(path);
	some_jobs_close(&s);
}

/* A sound that is no use is no mistake of the manifest's: its job fails later. One that is, asked for wrongly, is. */
static void test_admit(void)
{
	struct backend_config config = { .memory_bytes = 1u << 30 };
	struct backend_question q[3] = { { .job = NULL } };
	struct some_jobs s;
	struct err err = ERR_INIT;
	char *text, *tune;

	some_jobs_open(&s, 3);
	tune = write_tune(&s, "tune.wav", 1, RATE_HZ);
	put_file(&s, "text.wav", "verse one\n");
	text = fs_join(s.dir, "text.wav");
	for (int i = 0; i < 3; i++) {
		s.jobs[i].maker = &mono_maker;
		set_input(&s, i, i ? tune : text);
		set_flag(&s, i, "continuation", true);
		set_number(&s, i, "duration", i == 2 ? 2 : 1);
		q[i].job = &s.jobs[i];
	}
	IS_INT(native_backend.admit(&config, q, 3, &err), 0, "asked about three");
	OK(q[0].code == ERR_INPUT && q[0].is_later && strstr(q[0].why, "text.wav' is not a sound file"), "one fails later: %s", q[0].why);
	OK(q[1].code == ERR_INPUT && !q[1].is_later && q[1].is_about_input && strstr(q[1].why, "1.00 s of '"), "one is a mistake: %s", q[1].why);
	OK(q[2].code == ERR_NONE && !q[2].why, "one can be made %s", q[2].why);
	for (int i = 0; i < 3; i++)
		free(q[i].why);
	free(text);
	free(tune);
	some_jobs_close(&s);
}

int main(void)
{
	test_parts();
	test_reference();
	test_mixed(false);
	test_mixed(true);
	test_once(true);
	test_once(false);
	test_waiting();
	test_failures();
	test_memory();
	test_admit();
	return tap_done();
}
