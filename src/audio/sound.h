/*
 * audio/sound: a sound file, open, for the files of this room that read.
 *
 * sound_open and then sound_read once, for a part or all of it; the caller closes file and descriptor.
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

/*
 * Does the file hold what its container declares? libsndfile plays what is there of a cut WAV, AIFF, AU, CAF, W64 or RF64 and
 * says nothing, and guesses the length of an MP3 that does not tell it. ERR_INPUT names what was declared and what is there; other formats
 * pass. format: as libsndfile says. fd keeps its offset.
 */
int sound_check_declared(int fd, int format, const char *path, struct err *err) WARN_UNUSED;

#endif
