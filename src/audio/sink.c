/* See sink.h. */
#include "audio/sink.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void note_failure(struct sink *sink, int failed)
{
	if (!sink->failed)
		sink->failed = failed;
}

static void write_out(struct sink *sink, const void *bytes, size_t count)
{
	const char *p = bytes;
	size_t done = 0;

	while (done < count && !sink->failed) {
		ssize_t n = write(sink->fd, p + done, count - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0)
			sink->failed = ENOSPC; /* a device that takes nothing and gives no reason */
		else if (errno != EINTR)
			sink->failed = errno;
	}
}

/* From here on everything goes to fd, which is left where the encoder thinks it is. */
static void go_through(struct sink *sink)
{
	if (sink->is_through)
		return;
	sink->is_through = true;
	write_out(sink, sink->bytes, sink->n);
	if (sink->at != sink->n && lseek(sink->fd, (off_t)sink->at, SEEK_SET) < 0)
		note_failure(sink, errno);
	free(sink->bytes);
	sink->bytes = NULL;
}

void sink_end(struct sink *sink)
{
	go_through(sink);
}

static sf_count_t sink_write(const void *bytes, sf_count_t count, void *arg)
{
	struct sink *sink = arg;
	size_t n = (size_t)count;

	if (!sink->is_through && (sink->at > SINK_BYTES_MAX || n > SINK_BYTES_MAX - sink->at))
		go_through(sink);
	if (sink->is_through) {
		write_out(sink, bytes, n);
		return count;
	}
	if (!sink->bytes)
		sink->bytes = mem_alloc(SINK_BYTES_MAX);
	if (sink->at > sink->n) /* an encoder may skip what it writes later */
		memset(sink->bytes + sink->n, 0, sink->at - sink->n);
	memcpy(sink->bytes + sink->at, bytes, n);
	sink->at += n;
	if (sink->n < sink->at)
		sink->n = sink->at;
	return count;
}

static sf_count_t sink_seek(sf_count_t offset, int whence, void *arg)
{
	struct sink *sink = arg;
	sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (sf_count_t)sink->at : (sf_count_t)sink->n;
	off_t at;

	if (!sink->is_through) {
		if (base + offset < 0)
			return -1;
		sink->at = (size_t)(base + offset);
		return base + offset;
	}
	at = lseek(sink->fd, (off_t)offset, whence);
	if (at < 0)
		note_failure(sink, errno);
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

	if (!sink->is_through)
		return (sf_count_t)sink->n;
	if (fstat(sink->fd, &st) == 0)
		return (sf_count_t)st.st_size;
	note_failure(sink, errno);
	return -1;
}

static sf_count_t sink_read(void *bytes, sf_count_t count, void *arg)
{
	struct sink *sink = arg;
	size_t left = sink->n > sink->at ? sink->n - sink->at : 0;
	ssize_t n;

	if (!sink->is_through) {
		left = left < (size_t)count ? left : (size_t)count;
		if (left)
			memcpy(bytes, sink->bytes + sink->at, left);
		sink->at += left;
		return (sf_count_t)left;
	}
	n = read(sink->fd, bytes, (size_t)count);
	if (n < 0)
		note_failure(sink, errno);
	return n < 0 ? 0 : (sf_count_t)n;
}

const SF_VIRTUAL_IO sink_io = { sink_length, sink_seek, sink_read, sink_write, sink_tell };
