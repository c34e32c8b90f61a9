/*
 * base/hash: SHA-256 and git's names of files (OpenSSL's libcrypto behind this header only), hex and base32.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define HASH_BYTES 32
#define HASH_HEX_SIZE 65 /* 64 digits and NUL */

struct hash_state; /* libcrypto's context */

struct hash_state *hash_begin(void); /* aborts when memory is out */
void hash_add(struct hash_state *st, const void *bytes, size_t len);
void hash_end(struct hash_state *st, unsigned char out[HASH_BYTES]); /* frees st */

void hash_bytes(const void *bytes, size_t len, unsigned char out[HASH_BYTES]);
int hash_file(const char *path, unsigned char out[HASH_BYTES], struct err *err) WARN_UNUSED; /* streamed */
/* Of an open file from its first byte to its end, wherever it stands; path is for messages. *n_bytes: how many there were. */
int hash_fd(int fd, const char *path, unsigned char out[HASH_BYTES], int64_t *n_bytes, struct err *err) WARN_UNUSED;

/* Has the file this hash, in lower-case hex? 1, 0, or -1: it cannot be read. */
int hash_file_is(const char *path, const char *hex, struct err *err) WARN_UNUSED;

/* What git calls such a file: the SHA-1, in lower-case hex, of "blob <length>", a NUL and the bytes. */
#define HASH_GIT_SIZE 41 /* 40 digits and NUL */
void hash_git_blob(char out[HASH_GIT_SIZE], const void *bytes, size_t len);

void hash_hex(char out[HASH_HEX_SIZE], const unsigned char hash[HASH_BYTES]);       /* lower case */
int hash_from_hex(unsigned char out[HASH_BYTES], const char *hex) WARN_UNUSED;      /* -1 unless 64 digits */
/* The first n_chars of the lower-case RFC 4648 base32 of the hash, and a NUL; n_chars at most 52. */
void hash_base32(char *out, size_t n_chars, const unsigned char hash[HASH_BYTES]);

#endif
