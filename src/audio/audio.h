/*
 * audio: sound as samples and as files. The door of the room.
 *
 * struct pcm holds f32 samples, nominal range +-1.0, interleaved by channel:
 * samples[frame * n_channels + channel]. Writing and reading files goes through
 * libsndfile, whose header only this room includes. level.c is the program's one
 * meter and normaliser, resample.c the one resampler; they depend on base/mathf.h
 * alone, never on libm, so that equal samples stay equal on every machine (the
 * bytes that a lossy encoder makes of them are its library's).
 *
 * No state: any thread may call anything, on sounds and paths of its own.
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

/* ---- rate --------------------------------------------------------------------- */

/*
 * The sound at another rate, by the model's own resampler (resample.c): the same
 * bits on every machine; at its own rate a copy. *ret is the caller's, of floor(n_frames * rate_hz / pcm->rate_hz)
 * frames; pcm stays. Costs the memory of the result, 4 bytes a sample, and about
 * 50 to 150 multiplications a sample (musicgen.md 9.2: 48 zeros of the filter, wider
 * where the rate falls; 30 s of stereo to 44.1 kHz take 0.03 s). Values may pass +-1 by a little: a filter overshoots.
 * ERR_INPUT: rates whose ratio needs a filter beyond all sense; ERR_MEMORY. Threads: pure.
 */
int pcm_resample(const struct pcm *pcm, int rate_hz, struct pcm *ret, struct err *err) WARN_UNUSED;
/* Brings every sample to +-1. */
void pcm_saturate(struct pcm *pcm);

/* ---- formats ------------------------------------------------------------------ */

/* ogg is Vorbis. The order is that of messages. */
enum audio_format { AUDIO_WAV, AUDIO_FLAC, AUDIO_OGG, AUDIO_MP3, AUDIO_N_FORMATS };

/*
 * The lossy formats have one quality each, chosen to be alike: Vorbis' quality 6 (libvorbis' nominal rate for
 * stereo is 192 kb/s at 44.1 kHz, 180 at 32 kHz) and LAME's -V 2, its "standard" preset (variable; by its manual
 * 170 to 210 kb/s for stereo at 44.1 kHz). FLAC is compressed at libsndfile's own level.
 */
const char *audio_format_name(enum audio_format f);      /* "wav" */
const char *audio_format_extension(enum audio_format f); /* ".wav" */
int audio_format_find(const char *name, enum audio_format *ret) WARN_UNUSED;
bool audio_format_is_lossy(enum audio_format f); /* it has no bits: AUDIO_LOSSY_BITS stands for them */
#define AUDIO_LOSSY_BITS 0
/* The rates a file of the format is written at, ascending, in Hz: the usual ones from 8000 to 192000; mp3 ends at 48000. Static. */
int audio_format_rates(enum audio_format f, const int **ret);
/* About how many bytes the samples take in a file, without its headers: to plan with, where no file is there yet. */
double audio_guess_bytes(enum audio_format f, int bits, int rate_hz, int n_channels, double seconds);

/* ---- files ------------------------------------------------------------------ */

/* Quantised samples: int32, value x 2^(bits-1), rounded to nearest even, saturated; no dither. */
void audio_quantise(const float *samples, size_t n, int bits, int32_t *out);

/* libsndfile 1.2.0 silently drops a WAV comment above some 32 KiB; one limit for all formats, well below. */
#define AUDIO_COMMENT_MAX 16384

struct audio_write_spec {
	enum audio_format format;
	int bits;            /* 16 or 24; AUDIO_LOSSY_BITS for a lossy format, whose encoder gets the f32 samples */
	const char *comment; /* one tag of ASCII text of at most AUDIO_COMMENT_MAX bytes, or NULL */
	uint32_t serial;     /* of an ogg stream, in the place of a random one */
};
/* Writes a whole new file (O_EXCL: an existing path is an error) and leaves it open for reading, for who syncs or hashes it; the
 * caller closes *ret_fd. On failure nothing is left behind. Equal samples, spec and library versions give equal bytes.
 * ERR_IO, ERR_DISK_FULL; ERR_INPUT: a rate or a length that the format cannot hold. */
int audio_write(const char *path, const struct pcm *pcm, const struct audio_write_spec *spec, int *ret_fd, struct err *err) WARN_UNUSED;
/* What audio_read would give, by the file's header: all but the samples, which are NULL. */
int audio_look(const char *path, size_t max_frames, struct pcm *ret, struct err *err) WARN_UNUSED;
/* Reads a whole file of any of the formats as f32; n_frames at most max_frames. ERR_INPUT: no sound, or not a whole one, or a longer one;
 * ERR_IO, ERR_MEMORY. */
int audio_read(const char *path, size_t max_frames, struct pcm *ret, struct err *err) WARN_UNUSED;

/* ---- sounds that go in ------------------------------------------------------- */

/* Rates that are taken: below is no music (a telephone has 8000), above is none that people have. */
#define AUDIO_INPUT_RATE_MIN 1000
#define AUDIO_INPUT_RATE_MAX 192000
#define AUDIO_INPUT_CHANNELS_MAX 2
/* Of what is read at once: 10 minutes at up to 48 kHz, at most 230 MB of stereo. The file may be far longer. */
#define AUDIO_INPUT_SECONDS_MAX 600
#define AUDIO_INPUT_FRAMES_MAX ((size_t)AUDIO_INPUT_SECONDS_MAX * 48000)

/* An MP3 that does not say how long it is is read to its end to learn it; that takes about a second for 20 minutes, so not for ever. */
#define AUDIO_BARE_SECONDS_MAX (6 * 3600)

/*
 * What somebody's sound file is, in anything that libsndfile reads; samples: NULL. Its container must hold what it declares, its last
 * frame must be there, its rate and channels must be in range. ERR_INPUT: a sentence that names the file, what was found and what is
 * expected; ERR_IO.
 *
 * What is noticed: a file that ends before what it declares, in any format that declares it, and one of ogg, flac and opus without its end.
 * An MP3 without a length header (no Xing, Info or VBRI) declares nothing: its length is what is there, up to a tag at its
 * end. One that was cut within a frame, or is not MP3 all through, is refused; one that was cut between two frames is a
 * shorter sound, and nothing in it can show that. (A cut after it was looked at changes its hash, which job_check_input sees.)
 */
int audio_look_input(const char *path, struct pcm *ret, struct err *err) WARN_UNUSED;
/* The n_frames from frame `begin` on of a file that was looked at, at its own rate and channels; 1..AUDIO_INPUT_FRAMES_MAX, within the file. */
int audio_read_input(const char *path, size_t begin, size_t n_frames, struct pcm *ret, struct err *err) WARN_UNUSED;
/* In place, as the model's own: two channels to one by their mean, one to two by copies. ERR_MEMORY: pcm is as it was. */
int pcm_set_channels(struct pcm *pcm, int n_channels, struct err *err) WARN_UNUSED;

#endif
