/*
 * audio/sound: a sound file, open, for the files of this room that read.
 *
 * sound_open and then sound_read once, for a part or all of it; the caller closes file and descriptor. For a file that somebody
 * gives: sound_check_declared after sound_open; where it finds an MP3 without a length, the file is closed and bare_open
 * gives another one of the same descriptor.
 */
#ifndef AUDIO_SOUND_H
#define AUDIO_SOUND_H

#include "audio/audio.h"

#include <sndfile.h>

/* What 16 bits make of a sound that nobody has scaled to +-1, twice over: beyond it is no sound, and squares stay far from infinity. */
#define SOUND_SAMPLE_MAX 65536.0f

/* The file and what its header says. ERR_IO; ERR_INPUT: no sound. */
SNDFILE *sound_open(const char *path, int *ret_fd, SF_INFO *info, struct err *err);
/* n_frames from frame `begin` on, all of them, finite and within +-SOUND_SAMPLE_MAX: else ERR_INPUT; ERR_MEMORY. */
int sound_read(SNDFILE *file, const SF_INFO *info, const char *path, size_t begin, size_t n_frames, struct pcm *ret, struct err *err) WARN_UNUSED;

/* That part of it, on samples of frame `begin` on: ERR_INPUT names the first that is none. */
int sound_check_samples(const float *samples, size_t n_frames, int n_channels, size_t begin, const char *path, struct err *err) WARN_UNUSED;

/* Where in its file the sound of an MP3 lies that does not say how long it is: between the tags. n_bytes 0: it is none of these. */
struct bare {
	int fd; /* borrowed */
	uint64_t begin, n_bytes;
	uint64_t at; /* from begin: how far it has been read */
};

/*
 * Does the file hold what its container declares? libsndfile plays what is there of a cut WAV, AIFF, AU, CAF, W64 or RF64 and
 * says nothing. ERR_INPUT names what was declared and what is there; other formats pass, and an MP3 that declares nothing is
 * told in *ret. format: as libsndfile says. fd keeps its offset.
 */
int sound_check_declared(int fd, int format, const char *path, struct bare *ret, struct err *err) WARN_UNUSED;

/*
 * bare.c: libsndfile guesses the length of such an MP3 by the bit rate of its first frame and reads no further, which may be less than half
 * of one of variable bit rate. Opened this way it reads to the end: info->frames is then far too many, sound_read and sf_seek
 * go anywhere within the file. bare stays where it is until the file is closed. ERR_INPUT.
 */
SNDFILE *bare_open(struct bare *bare, const char *path, SF_INFO *info, struct err *err);
/* Reads it to its end, once, and sets info->frames. ERR_INPUT: it ends within a frame, holds what is no sound, or is longer than AUDIO_BARE_SECONDS_MAX. */
int bare_measure(const struct bare *bare, SNDFILE *file, SF_INFO *info, const char *path, struct err *err) WARN_UNUSED;

#endif
