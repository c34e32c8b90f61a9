/* MP3s that do not say how long they are, read to their end (sound.h). */
#include "audio/sound.h"

#include "base/mem.h"

#include <unistd.h>

/*
 * libsndfile reads no further than the length that it takes a file to have, and libmpg123 takes it from the size of the file and the
 * bit rate of the first frame. So it is told a size that is this many times too large. Bit rates within a layer and version of
 * MPEG audio differ by 20 at most (8 to 160 kb/s; ISO/IEC 13818-3, 2.4.2.3).
 */
#define BARE_STRETCH 64
#define BARE_CHUNK 65536 /* frames that are read at once: 512 KiB of stereo */

static sf_count_t bare_length(void *data)
{
	const struct bare *b = data;

	return (sf_count_t)b->n_bytes;
}

/* The size of a file is asked for by a seek to its end; a tag there by one that goes back from it, and that one is told the truth. */
static sf_count_t bare_seek(sf_count_t offset, int whence, void *data)
{
	struct bare *b = data;
	sf_count_t from = 0;

	if (whence == SEEK_CUR)
		from = (sf_count_t)b->at;
	else if (whence == SEEK_END)
		from = (sf_count_t)b->n_bytes * (offset < 0 ? 1 : BARE_STRETCH);
	if (from + offset < 0)
		return -1;
	b->at = (uint64_t)(from + offset);
	return from + offset;
}

static sf_count_t bare_read(void *out, sf_count_t n, void *data)
{
	struct bare *b = data;
	uint64_t rest = b->at < b->n_bytes ? b->n_bytes - b->at : 0;
	ssize_t got = pread(b->fd, out, (uint64_t)n < rest ? (size_t)n : (size_t)rest, (off_t)(b->begin + b->at));

	b->at += got > 0 ? (uint64_t)got : 0;
	return got > 0 ? got : 0;
}

static sf_count_t bare_tell(void *data)
{
	const struct bare *b = data;

	return (sf_count_t)b->at;
}

SNDFILE *bare_open(struct bare *bare, const char *path, SF_INFO *info, struct err *err)
{
	SF_VIRTUAL_IO io = { .get_filelen = bare_length, .seek = bare_seek, .read = bare_read, .tell = bare_tell };
	SNDFILE *file;

	*info = (SF_INFO){ 0 };
	bare->at = 0;
	file = sf_open_virtual(&io, SFM_READ, info, bare);
	if (!file)
		(void)err_set(err, ERR_INPUT, "cannot use '%s': this MP3 does not say how long it is, and cannot be read to its end: %s; convert it to wav or flac",
			      path, sf_strerror(NULL));
	return file;
}

int bare_measure(const struct bare *bare, SNDFILE *file, SF_INFO *info, const char *path, struct err *err)
{
	float *chunk = mem_try(BARE_CHUNK * (size_t)info->channels, sizeof *chunk);
	sf_count_t most = (sf_count_t)AUDIO_BARE_SECONDS_MAX * info->samplerate, n = 0, got = 1;
	int rc = 0;

	if (!chunk)
		return err_set(err, ERR_MEMORY, "cannot read '%s': no memory for %d samples", path, BARE_CHUNK * info->channels);
	while (rc == 0 && got > 0 && n <= most) {
		got = sf_readf_float(file, chunk, BARE_CHUNK);
		rc = sound_check_samples(chunk, got > 0 ? (size_t)got : 0, info->channels, (size_t)n, path, err);
		n += got > 0 ? got : 0;
	}
	free(chunk);
	if (rc != 0)
		; /* said */
	else if (n > most)
		rc = err_set(err, ERR_INPUT, "cannot use '%s': this MP3 does not say how long it is, and is longer than %d hours: convert it to wav or flac",
			     path, AUDIO_BARE_SECONDS_MAX / 3600);
	else if (sf_error(file) != SF_ERR_NO_ERROR || bare->at < bare->n_bytes)
		rc = err_set(err, ERR_INPUT, "cannot use '%s': this MP3 was cut or is damaged, some time after %.1f s, at byte %llu: convert what there is to wav or flac",
			     path, (double)n / info->samplerate, (unsigned long long)(bare->begin + bare->at));
	else if (n == 0)
		rc = err_set(err, ERR_INPUT, "cannot use '%s': it is empty, expected a sound", path);
	info->frames = n;
	return rc;
}
