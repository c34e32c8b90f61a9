/*
 * artifact: a finished file from samples. The door of the room.
 *
 * artifact_make normalises, hashes, quantises, encodes and tags one job's
 * samples into a temp file, and measures it. It never gives a file its final
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
	int bits;
	const char *arithmetic; /* "f32-1", or "fake" */
};

struct artifact {
	char file_sha256[HASH_HEX_SIZE];
	/* of the f32 little-endian interleaved samples after normalisation, before quantisation:
	 * the same for every format and bit depth */
	char pcm_sha256[HASH_HEX_SIZE];
	int64_t n_bytes;
	double seconds;
	int rate_hz;
	int n_channels;
	double lkfs; /* of the finished samples; LEVEL_SILENT for silence */
	double peak;
	unsigned char peaks[ARTIFACT_PEAKS]; /* largest |sample| of each of 200 equal stretches, 0..255 */
};

/* pcm is normalised in place by the job's normalizationStrategy. temp_path must not exist. On failure no file is left.
 * ERR_NONFINITE, ERR_IO, ERR_DISK_FULL. */
int artifact_make(const struct job *job, struct pcm *pcm, const struct artifact_spec *spec, const char *temp_path,
		  struct artifact *ret, struct err *err) WARN_UNUSED;

#endif
