/*
 * artifact: a finished file from samples. The door of the room.
 *
 * artifact_make normalises, hashes, brings to the asked rate, quantises, encodes
 * and tags one job's samples into a temp file, and measures it. It never gives a file its final
 * name: that is law 3 of DESIGN section 4 and belongs to run.
 */
#ifndef ARTIFACT_ARTIFACT_H
#define ARTIFACT_ARTIFACT_H

#include "audio/audio.h"
#include "base/err.h"
#include "base/hash.h"
#include "job/job.h"

#define ARTIFACT_PEAKS 200 /* columns of the waveform picture */

struct artifact_spec {
	enum audio_format format;
	int bits;               /* 16 or 24; AUDIO_LOSSY_BITS for a lossy format */
	const char *arithmetic; /* "f32-1", or "fake" */
	int rate_hz;            /* of the file, one of audio_format_rates; 0: as the samples come */
};

struct artifact {
	char file_sha256[HASH_HEX_SIZE];
	/* of the f32 little-endian interleaved samples as they came, after normalisation, before another rate and
	 * quantisation: the same for every format, bit depth and rate */
	char pcm_sha256[HASH_HEX_SIZE];
	int64_t n_bytes;
	double seconds;   /* of the file, like all below */
	int rate_hz;
	int model_rate_hz; /* of the samples as they came */
	int n_channels;
	double lkfs; /* of the samples handed to the encoder; LEVEL_SILENT for silence */
	double peak;
	unsigned char peaks[ARTIFACT_PEAKS]; /* largest |sample| of each of 200 equal stretches, 0..255 */
};

/* pcm is normalised in place by the job's normalizationStrategy. temp_path must not exist. On failure no file is left.
 * Another rate costs the memory of the samples at that rate once more. ERR_NONFINITE, ERR_IO, ERR_DISK_FULL,
 * ERR_MEMORY; ERR_INPUT: a rate that the format has not, a sound too long for it. *ret_fd: the file, still open, for who syncs
 * it; the caller closes it. Threads: any, each with its own pcm and path. */
int artifact_make(const struct job *job, struct pcm *pcm, const struct artifact_spec *spec, const char *temp_path,
		  struct artifact *ret, int *ret_fd, struct err *err) WARN_UNUSED;

#endif
