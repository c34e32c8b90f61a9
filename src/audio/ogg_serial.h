/*
 * ogg_serial: the serial number of an Ogg stream, set to a known one.
 *
 * libsndfile draws it at random, which makes equal samples into unequal files. It
 * stands in the header of every page, under the page's checksum (RFC 3533,
 * section 6); both are written anew in place. For this room alone.
 */
#ifndef AUDIO_OGG_SERIAL_H
#define AUDIO_OGG_SERIAL_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Sets the serial number of all pages of the one stream in fd, a file open for reading and writing; its offset
 * stays. path is for messages. ERR_IO, ERR_DISK_FULL; what is no whole Ogg stream is an ERR_IO.
 */
int ogg_serial_set(int fd, const char *path, uint32_t serial, struct err *err) WARN_UNUSED;

/* The checksum of RFC 3533: CRC-32 of 0x04c11db7, not reflected, from 0, without a final inversion. */
uint32_t ogg_crc(const unsigned char *bytes, size_t n);

#endif
