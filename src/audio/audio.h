/*
 * audio: sound as samples and as files. The door of the room.
 *
 * struct pcm holds f32 samples, nominal range +-1.0, interleaved by channel:
 * samples[frame * n_channels + channel]. Writing and reading files goes through
 * libsndfile, whose header only this room includes. level.c is the program's one
 * meter and normaliser; it depends on base/mathf.h alone, never on libm, so
 * that equal samples stay equal on every machine.
 */
#ifndef AUDIO_AUDIO_H
#define AUDIO_AUDIO_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcm {
	float *samples; /* [n_frames * n_channels], owned; free() */
	size_t n_frames;
	int n_channels;
	int rate_hz;
};

#define PCM_INIT { NULL, 0, 0, 0 }

void pcm_release(struct pcm *pcm);

/* ---- level (musicgen.md 10.3) ---------------------------------------------- */

enum level_strategy { LEVEL_LOUDNESS, LEVEL_CLIP, LEVEL_PEAK, LEVEL_RMS };

const char *level_strategy_name(enum level_strategy s); /* "loudness" */
int level_strategy_find(const char *name, enum level_strategy *ret) WARN_UNUSED;

struct level {
	double lkfs;    /* integrated loudness as the model's own meter has it; LEVEL_SILENT when nothing passes the gates */
	double peak;    /* largest absolute sample */
	double rms;     /* over all samples */
};
#define LEVEL_SILENT (-1000.0)

/* A sample that is not finite is an ERR_NONFINITE. */
int level_measure(const struct pcm *pcm, struct level *ret, struct err *err) WARN_UNUSED;
/* Applies the strategy in place. Silence stays silence. */
int level_normalise(struct pcm *pcm, enum level_strategy strategy, struct err *err) WARN_UNUSED;

/* ---- files ------------------------------------------------------------------ */

enum audio_format { AUDIO_WAV, AUDIO_FLAC, AUDIO_N_FORMATS };

const char *audio_format_name(enum audio_format f);      /* "wav" */
const char *audio_format_extension(enum audio_format f); /* ".wav" */
int audio_format_find(const char *name, enum audio_format *ret) WARN_UNUSED;

/* Quantised samples: int32, value x 2^(bits-1), rounded to nearest even, saturated; no dither. */
void audio_quantise(const float *samples, size_t n, int bits, int32_t *out);

/* libsndfile 1.2.0 silently drops a WAV comment above some 32 KiB; one limit for all formats, well below. */
#define AUDIO_COMMENT_MAX 16384

struct audio_write_spec {
	enum audio_format format;
	int bits;            /* 16 or 24 */
	const char *comment; /* one tag of ASCII text of at most AUDIO_COMMENT_MAX bytes, or NULL */
};
/* Writes a whole new file (O_EXCL: an existing path is an error). On failure nothing is left behind.
 * Equal samples, spec and library versions give equal bytes. */
int audio_write(const char *path, const struct pcm *pcm, const struct audio_write_spec *spec, struct err *err) WARN_UNUSED;
/* Reads a whole file as f32; n_frames at most max_frames. Used by tests and later by input audio. */
int audio_read(const char *path, size_t max_frames, struct pcm *ret, struct err *err) WARN_UNUSED;

#endif
