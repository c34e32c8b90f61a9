/*
 * audio/sink: where an encoder's bytes go.
 *
 *   struct sink sink = SINK_INIT(fd);
 *   sf_open_virtual(a copy of sink_io, ..., &sink), ..., sf_close; sink_end(&sink); then fd holds the file, or sink.failed says why not
 *
 * libsndfile writes a small file in a dozen pieces, going back to mend the header for each: up to SINK_BYTES_MAX are gathered
 * in memory and written at once. A longer file goes on as it comes. The first errno is kept, and every write is said to have
 * succeeded (write.c says why).
 */
#ifndef AUDIO_SINK_H
#define AUDIO_SINK_H

#include <sndfile.h>
#include <stdbool.h>
#include <stddef.h>

#define SINK_BYTES_MAX (64 * 1024) /* less than glibc maps for itself each time */

struct sink {
	int fd;
	int failed;           /* errno of the first system call that failed */
	bool is_through;      /* what comes goes to fd; before: to bytes */
	unsigned char *bytes; /* [SINK_BYTES_MAX], NULL until the first */
	size_t n, at;         /* how many there are, where the next goes */
};

#define SINK_INIT(fd) { fd, 0, false, NULL, 0, 0 }

extern const SF_VIRTUAL_IO sink_io; /* libsndfile wants a writable one: give it a copy */
void sink_end(struct sink *sink);

#endif
