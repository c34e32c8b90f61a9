/* See ogg_serial.h. */
#include "audio/ogg_serial.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A page (RFC 3533, section 6): offsets and sizes in bytes, numbers little-endian. */
#define PAGE_HEADER 27      /* up to the table of segments */
#define PAGE_SERIAL 14
#define PAGE_CRC 22
#define PAGE_N_SEGMENTS 26
#define PAGE_MAX (PAGE_HEADER + 255 + 255 * 255)

#define POLYNOMIAL UINT32_C(0x04c11db7)

static void crc_table(uint32_t table[256])
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t r = i << 24;

		for (int bit = 0; bit < 8; bit++)
			r = r << 1 ^ (r >> 31 ? POLYNOMIAL : 0);
		table[i] = r;
	}
}

static uint32_t crc(const uint32_t table[256], const unsigned char *bytes, size_t n)
{
	uint32_t r = 0;

	for (size_t i = 0; i < n; i++)
		r = r << 8 ^ table[(r >> 24 ^ bytes[i]) & 0xFF];
	return r;
}

uint32_t ogg_crc(const unsigned char *bytes, size_t n)
{
	uint32_t table[256];

	crc_table(table);
	return crc(table, bytes, n);
}

static void put_u32(unsigned char *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(v >> 8 * i & 0xFF);
}

/* Reads up to n bytes; fewer are there at the end of the file alone. -1: errno. */
static ssize_t read_at(int fd, unsigned char *bytes, size_t n, off_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, bytes + done, n - done, at + (off_t)done);

		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0)
			done += (size_t)got;
	}
	return (ssize_t)done;
}

static int write_at(int fd, const unsigned char *bytes, size_t n, off_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t put = pwrite(fd, bytes + done, n - done, at + (off_t)done);

		if (put == 0)
			errno = ENOSPC; /* a device that takes nothing and gives no reason */
		if (put == 0 || (put < 0 && errno != EINTR))
			return -1;
		if (put > 0)
			done += (size_t)put;
	}
	return 0;
}

/* The length of the page whose first n bytes these are; 0: it is none. */
static size_t page_length(const unsigned char *page, size_t n)
{
	size_t length;

	if (n < PAGE_HEADER || memcmp(page, "OggS", 4) != 0 || n < PAGE_HEADER + (size_t)page[PAGE_N_SEGMENTS])
		return 0;
	length = PAGE_HEADER + (size_t)page[PAGE_N_SEGMENTS];
	for (int i = 0; i < page[PAGE_N_SEGMENTS]; i++)
		length += page[PAGE_HEADER + i];
	return length;
}

/* The page at `at`: its length, 0 at the end of the file, -1 where none begins or it is cut. */
static ssize_t read_page(int fd, unsigned char *page, off_t at, const char *path, struct err *err)
{
	ssize_t n = read_at(fd, page, PAGE_HEADER + 255, at), rest = 0;
	size_t length = 0;

	if (n > 0)
		length = page_length(page, (size_t)n);
	if (length > (size_t)n && n > 0)
		rest = read_at(fd, page + n, length - (size_t)n, at + n);
	if (n < 0 || rest < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot read back '%s'", path);
	if (n == 0 && at > 0)
		return 0;
	if (length == 0 || length > (size_t)(n + rest))
		return err_set(err, ERR_IO, "'%s' is no whole Ogg stream: byte %lld begins no page", path, (long long)at);
	return (ssize_t)length;
}

static int set_pages(int fd, unsigned char *page, const char *path, uint32_t serial, struct err *err)
{
	uint32_t table[256];
	off_t at = 0;
	ssize_t length;

	crc_table(table);
	while ((length = read_page(fd, page, at, path, err)) > 0) {
		put_u32(page + PAGE_SERIAL, serial);
		put_u32(page + PAGE_CRC, 0); /* the sum is made over zeros in its own place */
		put_u32(page + PAGE_CRC, crc(table, page, (size_t)length));
		if (write_at(fd, page, PAGE_HEADER, at) != 0)
			return err_set_sys(err, ERR_IO, errno, "cannot write '%s'", path);
		at += length;
	}
	return (int)length;
}

int ogg_serial_set(int fd, const char *path, uint32_t serial, struct err *err)
{
	unsigned char *page = mem_alloc(PAGE_MAX);
	int rc = set_pages(fd, page, path, serial, err);

	free(page);
	return rc;
}
