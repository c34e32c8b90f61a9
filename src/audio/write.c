/*
 * Sound files, written.
 *
 * libsndfile encodes, but every byte goes to the disk through the functions
 * here, which keep the first errno: libsndfile forgets most failures that
 * happen while it closes, and a full disk shows itself exactly there (FLAC
 * hands over its last frame then).
 *
 * Nothing that differs from run to run enters a file: no date, no software
 * string; WAV and FLAC have no serial numbers.
 */
#include "audio/audio.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_FRAMES 4096
#define WAV_DATA_MAX UINT64_C(4290000000) /* sizes in RIFF have 32 bits; some room for header and tag */

static const struct format_row {
	const char *name;
	const char *extension;
	int container; /* libsndfile's */
	uint64_t max_data_bytes; /* of the samples before packing; 0: no limit */
} formats[AUDIO_N_FORMATS] = {
	[AUDIO_WAV] = { "wav", ".wav", SF_FORMAT_WAV, WAV_DATA_MAX },
	[AUDIO_FLAC] = { "flac", ".flac", SF_FORMAT_FLAC, 0 },
};

const char *audio_format_name(enum audio_format f)
{
	return formats[f].name;
}

const char *audio_format_extension(enum audio_format f)
{
	return formats[f].extension;
}

int audio_format_find(const char *name, enum audio_format *ret)
{
	int i;

	for (i = 0; i < AUDIO_N_FORMATS; i++) {
		if (strcmp(name, formats[i].name) == 0) {
			*ret = (enum audio_format)i;
			return 0;
		}
	}
	return -1;
}

/* ---- where the bytes go ------------------------------------------------------ */

struct sink {
	int fd;
	int failed; /* errno of the first system call that failed */
};

static sf_count_t sink_write(const void *bytes, sf_count_t count, void *arg)
{
	struct sink *sink = arg;
	const char *p = bytes;
	sf_count_t done = 0;

	while (done < count && !sink->failed) {
		ssize_t n = write(sink->fd, p + done, (size_t)(count - done));

		if (n > 0)
			done += n;
		else if (n == 0)
			sink->failed = ENOSPC; /* a device that takes nothing and gives no reason */
		else if (errno != EINTR)
			sink->failed = errno;
	}
	return done;
}

static sf_count_t sink_seek(sf_count_t offset, int whence, void *arg)
{
	struct sink *sink = arg;
	off_t at = lseek(sink->fd, (off_t)offset, whence);

	if (at < 0 && !sink->failed)
		sink->failed = errno;
	return (sf_count_t)at;
}

static sf_count_t sink_tell(void *arg)
{
	return sink_seek(0, SEEK_CUR, arg);
}

static sf_count_t sink_length(void *arg)
{
	struct sink *sink = arg;
	struct stat st;

	if (fstat(sink->fd, &st) == 0)
		return (sf_count_t)st.st_size;
	if (!sink->failed)
		sink->failed = errno;
	return -1;
}

static sf_count_t sink_read(void *bytes, sf_count_t count, void *arg)
{
	struct sink *sink = arg;
	ssize_t n = read(sink->fd, bytes, (size_t)count);

	if (n < 0 && !sink->failed)
		sink->failed = errno;
	return n < 0 ? 0 : (sf_count_t)n;
}

/* ---- encoding ---------------------------------------------------------------- */

/* libsndfile takes 32-bit integers left-justified and drops the low bits: nothing is rounded twice. */
static int write_samples(SNDFILE *file, const struct pcm *pcm, int bits)
{
	size_t n_channels = (size_t)pcm->n_channels, at, i;
	int32_t *quantised = mem_zalloc(CHUNK_FRAMES * n_channels, sizeof *quantised);
	int *chunk = mem_zalloc(CHUNK_FRAMES * n_channels, sizeof *chunk);
	int rc = 0;

	for (at = 0; at < pcm->n_frames && rc == 0; at += CHUNK_FRAMES) {
		size_t n = pcm->n_frames - at < CHUNK_FRAMES ? pcm->n_frames - at : CHUNK_FRAMES;

		audio_quantise(pcm->samples + at * n_channels, n * n_channels, bits, quantised);
		for (i = 0; i < n * n_channels; i++)
			chunk[i] = quantised[i] * (1 << (32 - bits)); /* not <<: a negative value has no defined one */
		if (sf_writef_int(file, chunk, (sf_count_t)n) != (sf_count_t)n)
			rc = -1;
	}
	free(chunk);
	free(quantised);
	return rc;
}

/* rc: what went well so far; the sink's errno is the better reason. */
static int explain(int rc, const struct sink *sink, const char *path, const char *reason, struct err *err)
{
	if (sink->failed)
		return err_set_sys(err, ERR_IO, sink->failed, "cannot write '%s'", path);
	if (rc != 0)
		return err_set(err, ERR_IO, "cannot write '%s': %s", path, reason);
	return 0;
}

static int encode(struct sink *sink, const char *path, const struct pcm *pcm, const struct audio_write_spec *spec, struct err *err)
{
	SF_VIRTUAL_IO io = { sink_length, sink_seek, sink_read, sink_write, sink_tell };
	SF_INFO info = { 0 };
	SNDFILE *file;
	char reason[256];
	int rc = 0;

	info.samplerate = pcm->rate_hz;
	info.channels = pcm->n_channels;
	info.format = formats[spec->format].container | (spec->bits == 24 ? SF_FORMAT_PCM_24 : SF_FORMAT_PCM_16);
	file = sf_open_virtual(&io, SFM_WRITE, &info, sink);
	if (!file)
		return explain(-1, sink, path, sf_strerror(NULL), err);
	if (spec->comment)
		rc = sf_set_string(file, SF_STR_COMMENT, spec->comment);
	if (rc == 0)
		rc = write_samples(file, pcm, spec->bits);
	(void)snprintf(reason, sizeof reason, "%s", sf_strerror(file));
	if (sf_close(file) != 0)
		rc = -1;
	return explain(rc, sink, path, reason, err);
}

static int check_spec(const char *path, const struct pcm *pcm, const struct audio_write_spec *spec, struct err *err)
{
	const struct format_row *row = &formats[spec->format];
	uint64_t frame_bytes = (uint64_t)pcm->n_channels * (uint64_t)spec->bits / 8;

	if (spec->bits != 16 && spec->bits != 24)
		BUG("%d bits asked for; 16 or 24 are written", spec->bits);
	if (pcm->n_channels < 1 || pcm->rate_hz < 1)
		BUG("sound of %d channels at %d Hz", pcm->n_channels, pcm->rate_hz);
	if (spec->comment && strlen(spec->comment) > AUDIO_COMMENT_MAX)
		BUG("a comment of %zu bytes; at most %d are written", strlen(spec->comment), AUDIO_COMMENT_MAX);
	if (row->max_data_bytes && pcm->n_frames > row->max_data_bytes / frame_bytes)
		return err_set(err, ERR_IO, "cannot write '%s': %zu frames are more than a %s file can hold (4 GiB); use flac", path,
			       pcm->n_frames, row->name);
	return 0;
}

int audio_write(const char *path, const struct pcm *pcm, const struct audio_write_spec *spec, struct err *err)
{
	struct sink sink = { -1, 0 };
	int rc;

	if (check_spec(path, pcm, spec, err) != 0)
		return -1;
	sink.fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (sink.fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot create '%s'", path);
	rc = encode(&sink, path, pcm, spec, err);
	if (close(sink.fd) != 0 && rc == 0) /* network file systems report late */
		rc = err_set_sys(err, ERR_IO, errno, "cannot write '%s'", path);
	if (rc != 0)
		(void)unlink(path);
	return rc;
}
