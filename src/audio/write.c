/*
 * Sound files, written.
 *
 * libsndfile encodes, but every byte goes to the disk through the sink
 * (sink.c), which keeps the first errno: libsndfile forgets most failures that
 * happen while it closes, and a full disk shows itself exactly there (FLAC
 * hands over its last frame then). It is never told of a failed write: 1.2.0
 * begins an ogg stream anew while closing one whose header failed, and leaks
 * the first. Each chunk looks at the errno instead.
 *
 * Nothing that differs from run to run enters a file: no date, no software
 * string but those that the encoders sign with (their version); WAV, FLAC and
 * mp3 have no serial numbers, that of an ogg stream is set (ogg_serial.c).
 *
 * A lossy encoder gets the f32 samples themselves: to quantise them first would
 * only add noise. By sf_writef_float, for what 1.2.0 makes of 16-bit stereo in
 * mp3 is noise (sf_writef_short copies half of each chunk). 4,096 frames at a time:
 * libsndfile's Vorbis takes the memory of a whole call from the stack.
 */
#include "audio/formats.h"
#include "audio/ogg_serial.h"
#include "audio/sink.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_FRAMES 4096

/* ---- encoding ---------------------------------------------------------------- */

/* libsndfile takes 32-bit integers left-justified and drops the low bits: nothing is rounded twice. */
static int write_quantised(SNDFILE *file, const struct sink *sink, const struct pcm *pcm, int bits)
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
		if (sf_writef_int(file, chunk, (sf_count_t)n) != (sf_count_t)n || sink->failed)
			rc = -1;
	}
	free(chunk);
	free(quantised);
	return rc;
}

static int write_floats(SNDFILE *file, const struct sink *sink, const struct pcm *pcm)
{
	for (size_t at = 0; at < pcm->n_frames; at += CHUNK_FRAMES) {
		size_t n = pcm->n_frames - at < CHUNK_FRAMES ? pcm->n_frames - at : CHUNK_FRAMES;

		if (sf_writef_float(file, pcm->samples + at * (size_t)pcm->n_channels, (sf_count_t)n) != (sf_count_t)n || sink->failed)
			return -1;
	}
	return 0;
}

/*
 * What a lossy encoder is told before its first sample. Of mp3 the mode comes first, and its answer says nothing (1.2.0
 * answers no whenever the quality is not known yet), so it is asked for again.
 */
static int set_quality(SNDFILE *file, const struct format_row *row)
{
	double compression = row->compression;
	int mode = SF_BITRATE_MODE_VARIABLE;

	if ((row->container & SF_FORMAT_TYPEMASK) == SF_FORMAT_MPEG) {
		(void)sf_command(file, SFC_SET_BITRATE_MODE, &mode, sizeof mode);
		if (sf_command(file, SFC_GET_BITRATE_MODE, NULL, 0) != SF_BITRATE_MODE_VARIABLE)
			return -1;
	}
	return sf_command(file, SFC_SET_COMPRESSION_LEVEL, &compression, sizeof compression) == SF_TRUE ? 0 : -1;
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

static int write_all(SNDFILE *file, const struct sink *sink, const struct pcm *pcm, const struct audio_write_spec *spec)
{
	const struct format_row *row = format_row(spec->format);

	if (row->is_lossy && set_quality(file, row) != 0)
		return -1;
	if (spec->comment && sf_set_string(file, SF_STR_COMMENT, spec->comment) != 0)
		return -1;
	return row->is_lossy ? write_floats(file, sink, pcm) : write_quantised(file, sink, pcm, spec->bits);
}

static int encode(struct sink *sink, const char *path, const struct pcm *pcm, const struct audio_write_spec *spec, struct err *err)
{
	const struct format_row *row = format_row(spec->format);
	SF_VIRTUAL_IO io = sink_io;
	SF_INFO info = { 0 };
	SNDFILE *file;
	char reason[256];
	int rc;

	info.samplerate = pcm->rate_hz;
	info.channels = pcm->n_channels;
	info.format = row->container;
	if (!row->is_lossy)
		info.format |= spec->bits == 24 ? SF_FORMAT_PCM_24 : SF_FORMAT_PCM_16;
	file = sf_open_virtual(&io, SFM_WRITE, &info, sink);
	if (!file) {
		sink_end(sink);
		return explain(-1, sink, path, sf_strerror(NULL), err);
	}
	rc = write_all(file, sink, pcm, spec);
	(void)snprintf(reason, sizeof reason, "%s", sf_strerror(file));
	if (sf_close(file) != 0)
		rc = -1;
	sink_end(sink);
	rc = explain(rc, sink, path, reason, err);
	if (rc == 0 && (row->container & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG)
		rc = ogg_serial_set(sink->fd, path, spec->serial, err);
	return rc;
}

/* mp3 knows its list of rates and no other; the rest hold whatever the samples have. */
static int check_rate(const char *path, const struct pcm *pcm, enum audio_format format, struct err *err)
{
	const int *rates;
	int n = audio_format_rates(format, &rates);

	if (format != AUDIO_MP3)
		return 0;
	for (int i = 0; i < n; i++)
		if (rates[i] == pcm->rate_hz)
			return 0;
	return err_set(err, ERR_INPUT, "cannot write '%s': %s has no rate of %d Hz; say output.rate, as %d, or another format", path,
		       audio_format_name(format), pcm->rate_hz, rates[n - 1]);
}

static int check_spec(const char *path, const struct pcm *pcm, const struct audio_write_spec *spec, struct err *err)
{
	const struct format_row *row = format_row(spec->format);
	uint64_t frame_bytes = (uint64_t)pcm->n_channels * (uint64_t)spec->bits / 8;

	if (row->is_lossy ? spec->bits != AUDIO_LOSSY_BITS : spec->bits != 16 && spec->bits != 24)
		BUG("%s of %d bits asked for", row->name, spec->bits);
	if (pcm->n_channels < 1 || pcm->rate_hz < 1)
		BUG("sound of %d channels at %d Hz", pcm->n_channels, pcm->rate_hz);
	if (spec->comment && strlen(spec->comment) > AUDIO_COMMENT_MAX)
		BUG("a comment of %zu bytes; at most %d are written", strlen(spec->comment), AUDIO_COMMENT_MAX);
	if (row->max_data_bytes && pcm->n_frames > row->max_data_bytes / frame_bytes)
		return err_set(err, ERR_INPUT, "cannot write '%s': %zu frames are more than a %s file can hold (4 GiB); use flac", path,
			       pcm->n_frames, row->name);
	return check_rate(path, pcm, spec->format, err);
}

int audio_write(const char *path, const struct pcm *pcm, const struct audio_write_spec *spec, int *ret_fd, struct err *err)
{
	struct sink sink = SINK_INIT(-1);
	int rc;

	if (check_spec(path, pcm, spec, err) != 0)
		return -1;
	sink.fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (sink.fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot create '%s'", path);
	rc = encode(&sink, path, pcm, spec, err);
	if (rc == 0) {
		*ret_fd = sink.fd;
		return 0;
	}
	(void)close(sink.fd);
	(void)unlink(path);
	return rc;
}
