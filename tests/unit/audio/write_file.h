/*
 * write_file.h: audio_write, and the file is closed.
 */
#ifndef WRITE_FILE_H
#define WRITE_FILE_H

#include "audio/audio.h"

#include <unistd.h>

static inline int write_file(const char *path, const struct pcm *pcm, const struct audio_write_spec *spec, struct err *err)
{
	int fd, rc = audio_write(path, pcm, spec, &fd, err);

	if (rc == 0 && close(fd) != 0)
		rc = err_set(err, ERR_IO, "cannot close '%s'", path);
	return rc;
}

#endif
