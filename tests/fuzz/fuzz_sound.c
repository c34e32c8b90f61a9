/*
 * fuzz_sound: any bytes as the sound file that somebody gives.
 *
 * First our own reading of what containers declare, by every type that libsndfile may take the file for; then the file as a
 * whole, looked at and read. Holds: a sound that was looked at keeps to audio.h's ranges, its last frame can be had, and one frame
 * more cannot; one that had to be read to its end can be read again.
 */
#include "audio/sound.h"
#include "folder.h"
#include "must.h"

#include <fcntl.h>
#include <math.h>
#include <stdint.h>

#define FILE_BYTES_MAX 16384
#define READ_FRAMES_MAX 8192 /* some headers promise far more than the file has bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int types[] = { SF_FORMAT_WAV, SF_FORMAT_WAVEX, SF_FORMAT_AIFF, SF_FORMAT_RF64, SF_FORMAT_W64,
			     SF_FORMAT_AU,  SF_FORMAT_CAF,   SF_FORMAT_FLAC, SF_FORMAT_MPEG };

/* The file itself can be read. */
static void must_be_told(const struct err *err)
{
	MUST(err->text[0] && err->code == ERR_INPUT);
}

static void check_declared(const char *path, uint64_t n_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	MUST(fd >= 0);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct bare bare = { -1, 1, 1, 1 };
		struct err err = ERR_INIT;

		if (sound_check_declared(fd, types[i], path, &bare, &err) != 0)
			must_be_told(&err);
		else if (bare.n_bytes > 0)
			MUST(types[i] == SF_FORMAT_MPEG && bare.fd == fd && bare.at == 0 && bare.begin < n_bytes && bare.n_bytes <= n_bytes - bare.begin);
		MUST(lseek(fd, 0, SEEK_CUR) == 0);
	}
	close(fd);
}

/* 1: had; 0: refused, with a reason. */
static int read_part(const char *path, const struct pcm *looked, size_t begin, size_t n_frames)
{
	struct pcm pcm = PCM_INIT;
	struct err err = ERR_INIT;

	if (audio_read_input(path, begin, n_frames, &pcm, &err) != 0) {
		must_be_told(&err);
		return 0;
	}
	MUST(pcm.n_frames == n_frames && pcm.n_channels == looked->n_channels && pcm.rate_hz == looked->rate_hz);
	for (size_t i = 0; i < n_frames * (size_t)pcm.n_channels; i++)
		MUST(fabsf(pcm.samples[i]) <= SOUND_SAMPLE_MAX);
	pcm_release(&pcm);
	return 1;
}

/* An MP3 without a length, all of which was read when it was looked at. */
static int is_bare(const char *path)
{
	struct bare bare = { 0 };
	struct err err = ERR_INIT;
	SF_INFO info;
	int fd = -1;
	SNDFILE *file = sound_open(path, &fd, &info, &err);

	MUST(file && sound_check_declared(fd, info.format, path, &bare, &err) == 0);
	sf_close(file);
	close(fd);
	return bare.n_bytes > 0;
}

static void use_sound(const char *path, const struct pcm *looked)
{
	size_t n = looked->n_frames;

	MUST(!looked->samples && n > 0 && looked->n_channels >= 1 && looked->n_channels <= AUDIO_INPUT_CHANNELS_MAX);
	MUST(looked->rate_hz >= AUDIO_INPUT_RATE_MIN && looked->rate_hz <= AUDIO_INPUT_RATE_MAX);
	MUST(read_part(path, looked, 0, n < READ_FRAMES_MAX ? n : READ_FRAMES_MAX) || !is_bare(path));
	MUST(read_part(path, looked, n - 1, 1) && !read_part(path, looked, n, 1));
	MUST(!read_part(path, looked, 0, 0) && !read_part(path, looked, SIZE_MAX, 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_SIZE];
	struct pcm pcm = PCM_INIT;
	struct err err = ERR_INIT;

	if (size > FILE_BYTES_MAX)
		return 0;
	fuzz_path(path, "sound");
	fuzz_put("sound", data, size);
	check_declared(path, size);
	if (audio_look_input(path, &pcm, &err) == 0)
		use_sound(path, &pcm);
	else
		must_be_told(&err);
	if (audio_read(path, READ_FRAMES_MAX, &pcm, &err) == 0)
		MUST(pcm.n_frames <= READ_FRAMES_MAX);
	pcm_release(&pcm);
	return 0;
}
