/* Sound files that people give: looked at with suspicion, read in parts. */
#include "audio/sound.h"

#include "base/mem.h"

#include <unistd.h>

static int check_kind(const SF_INFO *info, const char *path, struct err *err)
{
	if (info->channels < 1 || info->channels > AUDIO_INPUT_CHANNELS_MAX)
		return err_set(err, ERR_INPUT, "cannot use '%s': it has %d channels, expected 1 or 2: mix it down", path, info->channels);
	if (info->samplerate < AUDIO_INPUT_RATE_MIN || info->samplerate > AUDIO_INPUT_RATE_MAX)
		return err_set(err, ERR_INPUT, "cannot use '%s': its rate is %d Hz, expected %d to %d Hz", path, info->samplerate,
			       AUDIO_INPUT_RATE_MIN, AUDIO_INPUT_RATE_MAX);
	if (info->frames == SF_COUNT_MAX) /* an Ogg without its last page, a FLAC that went into a pipe */
		return err_set(err, ERR_INPUT,
			       "cannot use '%s': it does not say how long it is: it was cut, or written without an end; write it again, as wav or flac",
			       path);
	if (info->frames < 1)
		return err_set(err, ERR_INPUT, "cannot use '%s': it is empty, expected a sound", path);
	return 0;
}

/* The last frame of a file that was cut cannot be had, whatever its header says. */
static int check_end(SNDFILE *file, const SF_INFO *info, const char *path, struct err *err)
{
	struct pcm last;

	if (sound_read(file, info, path, (size_t)info->frames - 1, 1, &last, err) != 0)
		return -1;
	pcm_release(&last);
	return 0;
}

struct input {
	SNDFILE *file;
	int fd;
	SF_INFO info;
	struct bare bare;
};

static void input_close(struct input *in)
{
	if (in->file)
		sf_close(in->file);
	close(in->fd);
}

static int input_open(const char *path, struct input *in, struct err *err)
{
	in->file = sound_open(path, &in->fd, &in->info, err);
	if (!in->file)
		return -1;
	if (sound_check_declared(in->fd, in->info.format, path, &in->bare, err) != 0)
		goto out;
	if (in->bare.n_bytes > 0) {
		sf_close(in->file);
		in->file = bare_open(&in->bare, path, &in->info, err);
	}
	if (in->file && check_kind(&in->info, path, err) == 0)
		return 0;
out:
	input_close(in);
	return -1;
}

int audio_look_input(const char *path, struct pcm *ret, struct err *err)
{
	struct input in;
	int rc;

	if (input_open(path, &in, err) != 0)
		return -1;
	if (in.bare.n_bytes > 0)
		rc = bare_measure(&in.bare, in.file, &in.info, path, err);
	else
		rc = check_end(in.file, &in.info, path, err);
	if (rc == 0)
		*ret = (struct pcm){ NULL, (size_t)in.info.frames, in.info.channels, in.info.samplerate };
	input_close(&in);
	return rc;
}

int audio_read_input(const char *path, size_t begin, size_t n_frames, struct pcm *ret, struct err *err)
{
	struct input in;
	int rc;

	if (input_open(path, &in, err) != 0)
		return -1;
	if (n_frames < 1 || n_frames > AUDIO_INPUT_FRAMES_MAX || begin > (size_t)in.info.frames || n_frames > (size_t)in.info.frames - begin)
		rc = err_set(err, ERR_INPUT, "cannot use '%s': %zu frames from frame %zu on are asked of its %lld, at most %zu at once", path,
			     n_frames, begin, (long long)in.info.frames, AUDIO_INPUT_FRAMES_MAX);
	else
		rc = sound_read(in.file, &in.info, path, begin, n_frames, ret, err);
	input_close(&in);
	return rc;
}

int pcm_set_channels(struct pcm *pcm, int n_channels, struct err *err)
{
	float *samples;

	if (pcm->n_channels == n_channels)
		return 0;
	if (pcm->n_channels > 2 || n_channels < 1 || n_channels > 2)
		BUG("%d channels cannot be made of %d", n_channels, pcm->n_channels);
	samples = mem_try(pcm->n_frames * (size_t)n_channels, sizeof *samples);
	if (!samples)
		return err_set(err, ERR_MEMORY, "no memory for %d channels of %zu samples", n_channels, pcm->n_frames);
	for (size_t i = 0; i < pcm->n_frames; i++) {
		if (n_channels == 1)
			samples[i] = (pcm->samples[2 * i] + pcm->samples[2 * i + 1]) / 2;
		else
			samples[2 * i] = samples[2 * i + 1] = pcm->samples[i];
	}
	free(pcm->samples);
	pcm->samples = samples;
	pcm->n_channels = n_channels;
	return 0;
}
