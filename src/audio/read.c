/* Sound files, read. */
#include "audio/sound.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define CHANNELS_MAX 64 /* far above any music file; keeps frames * channels in range */

static int check_info(const SF_INFO *info, const char *path, size_t max_frames, struct err *err)
{
	if (info->channels < 1 || info->channels > CHANNELS_MAX || info->samplerate < 1)
		return err_set(err, ERR_INPUT, "cannot use '%s': it has %d channels at %d Hz", path, info->channels, info->samplerate);
	if (info->frames < 0 || (uint64_t)info->frames > max_frames)
		return err_set(err, ERR_INPUT, "cannot use '%s': it has %lld frames, at most %zu are accepted", path,
			       (long long)info->frames, max_frames);
	return 0;
}

/* From frame 0 on nobody seeks: some formats cannot. */
static sf_count_t read_from(SNDFILE *file, size_t begin, float *out, size_t n_frames)
{
	if (begin > 0 && sf_seek(file, (sf_count_t)begin, SEEK_SET) != (sf_count_t)begin)
		return 0;
	return sf_readf_float(file, out, (sf_count_t)n_frames);
}

int sound_check_samples(const float *samples, size_t n_frames, int n_channels, size_t begin, const char *path, struct err *err)
{
	size_t n = n_frames * (size_t)n_channels, i = 0;

	while (i < n && fabsf(samples[i]) <= SOUND_SAMPLE_MAX) /* no NaN is */
		i++;
	if (i == n)
		return 0;
	return err_set(err, ERR_INPUT, "cannot use '%s': sample %zu is %g, expected numbers around -1 to 1", path, begin + i / (size_t)n_channels,
		       (double)samples[i]);
}

int sound_read(SNDFILE *file, const SF_INFO *info, const char *path, size_t begin, size_t n_frames, struct pcm *ret, struct err *err)
{
	size_t n = 0;
	struct pcm pcm = { NULL, n_frames, info->channels, info->samplerate };
	sf_count_t got;

	if (!mem_mul(n_frames, (size_t)info->channels, &n))
		return err_set(err, ERR_INPUT, "cannot use '%s': its size overflows", path);
	pcm.samples = mem_try(n, sizeof *pcm.samples);
	if (!pcm.samples)
		return err_set(err, ERR_MEMORY, "cannot read '%s': no memory for %zu samples", path, n);
	got = read_from(file, begin, pcm.samples, n_frames);
	if (got != (sf_count_t)n_frames) {
		pcm_release(&pcm);
		return err_set(err, ERR_INPUT, "cannot use '%s': its frames %zu to %zu cannot be read: it was cut or is damaged", path,
			       begin + (size_t)(got > 0 ? got : 0), begin + n_frames - 1);
	}
	if (sound_check_samples(pcm.samples, n_frames, info->channels, begin, path, err) != 0) {
		pcm_release(&pcm);
		return -1;
	}
	*ret = pcm;
	return 0;
}

SNDFILE *sound_open(const char *path, int *ret_fd, SF_INFO *info, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC); /* by descriptor: libsndfile takes the path "-" for stdin */
	SNDFILE *file;

	if (fd < 0) {
		(void)err_set_sys(err, ERR_IO, errno, "cannot read '%s'", path);
		return NULL;
	}
	memset(info, 0, sizeof *info);
	file = sf_open_fd(fd, SFM_READ, info, 0);
	if (!file) {
		(void)err_set(err, ERR_INPUT, "'%s' is not a sound file that can be read, as wav, flac, ogg, opus, mp3 or aiff are: %s", path, sf_strerror(NULL));
		close(fd);
	}
	*ret_fd = fd;
	return file;
}

static int read_sound(const char *path, size_t max_frames, bool with_samples, struct pcm *ret, struct err *err)
{
	SF_INFO info;
	int fd, rc;
	SNDFILE *file = sound_open(path, &fd, &info, err);

	if (!file)
		return -1;
	rc = check_info(&info, path, max_frames, err);
	if (rc == 0 && with_samples)
		rc = sound_read(file, &info, path, 0, (size_t)info.frames, ret, err);
	else if (rc == 0)
		*ret = (struct pcm){ NULL, (size_t)info.frames, info.channels, info.samplerate };
	sf_close(file);
	close(fd);
	return rc;
}

int audio_look(const char *path, size_t max_frames, struct pcm *ret, struct err *err)
{
	return read_sound(path, max_frames, false, ret, err);
}

int audio_read(const char *path, size_t max_frames, struct pcm *ret, struct err *err)
{
	return read_sound(path, max_frames, true, ret, err);
}
