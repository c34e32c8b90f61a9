#include "base/hash.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 65536

struct hash_state {
	EVP_MD_CTX *context;
};

struct hash_state *hash_begin(void)
{
	struct hash_state *st = mem_alloc(sizeof *st);

	st->context = EVP_MD_CTX_new();
	if (!st->context || EVP_DigestInit_ex(st->context, EVP_sha256(), NULL) != 1)
		BUG("libcrypto gives no SHA-256"); /* or is out of memory, which aborts as base/mem does */
	return st;
}

void hash_add(struct hash_state *st, const void *bytes, size_t len)
{
	if (EVP_DigestUpdate(st->context, bytes, len) != 1)
		BUG("libcrypto refuses %zu bytes", len);
}

void hash_end(struct hash_state *st, unsigned char out[HASH_BYTES])
{
	if (EVP_DigestFinal_ex(st->context, out, NULL) != 1)
		BUG("libcrypto gives no digest");
	EVP_MD_CTX_free(st->context);
	free(st);
}

void hash_bytes(const void *bytes, size_t len, unsigned char out[HASH_BYTES])
{
	struct hash_state *st = hash_begin();

	hash_add(st, bytes, len);
	hash_end(st, out);
}

int hash_fd(int fd, const char *path, unsigned char out[HASH_BYTES], int64_t *n_bytes, struct err *err)
{
	struct hash_state *st = hash_begin();
	char *chunk = mem_alloc(READ_BYTES);
	unsigned char digest[HASH_BYTES];
	int64_t at = 0;
	int failed = 0;
	ssize_t n;

	do {
		n = pread(fd, chunk, READ_BYTES, (off_t)at);
		failed = n < 0 ? errno : 0;
		if (n > 0) {
			hash_add(st, chunk, (size_t)n);
			at += n;
		}
	} while (n > 0 || failed == EINTR);
	free(chunk);
	hash_end(st, digest);
	if (failed)
		return err_set_sys(err, ERR_IO, failed, "cannot read '%s'", path);
	memcpy(out, digest, HASH_BYTES);
	*n_bytes = at;
	return 0;
}

int hash_file(const char *path, unsigned char out[HASH_BYTES], struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int64_t n_bytes;
	int rc;

	if (fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot read '%s'", path);
	rc = hash_fd(fd, path, out, &n_bytes, err);
	close(fd);
	return rc;
}

static void put_hex(char *out, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

void hash_hex(char out[HASH_HEX_SIZE], const unsigned char hash[HASH_BYTES])
{
	put_hex(out, hash, HASH_BYTES);
}

void hash_git_blob(char out[HASH_GIT_SIZE], const void *bytes, size_t len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	char head[32];
	unsigned n = 0;

	(void)snprintf(head, sizeof head, "blob %zu", len);
	if (!context || EVP_DigestInit_ex(context, EVP_sha1(), NULL) != 1 || EVP_DigestUpdate(context, head, strlen(head) + 1) != 1 ||
	    EVP_DigestUpdate(context, bytes, len) != 1 || EVP_DigestFinal_ex(context, digest, &n) != 1 || 2 * n + 1 != HASH_GIT_SIZE)
		BUG("libcrypto gives no SHA-1");
	EVP_MD_CTX_free(context);
	put_hex(out, digest, n);
}

int hash_file_is(const char *path, const char *hex, struct err *err)
{
	unsigned char hash[HASH_BYTES];
	char found[HASH_HEX_SIZE];

	if (hash_file(path, hash, err) != 0)
		return -1;
	hash_hex(found, hash);
	return strcmp(found, hex) == 0;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hash_from_hex(unsigned char out[HASH_BYTES], const char *hex)
{
	unsigned char bytes[HASH_BYTES];
	size_t i;

	if (strlen(hex) != 2 * HASH_BYTES)
		return -1;
	for (i = 0; i < HASH_BYTES; i++) {
		int high = digit_value(hex[2 * i]), low = digit_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		bytes[i] = (unsigned char)(high * 16 + low);
	}
	memcpy(out, bytes, HASH_BYTES);
	return 0;
}

void hash_base32(char *out, size_t n_chars, const unsigned char hash[HASH_BYTES])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648 section 6, lower case */
	size_t i;

	if (n_chars > (HASH_BYTES * 8 + 4) / 5)
		BUG("%zu characters of base32 of a hash", n_chars);
	for (i = 0; i < n_chars; i++) {
		size_t bit = 5 * i, byte = bit / 8;
		unsigned next = byte + 1 < HASH_BYTES ? hash[byte + 1] : 0U; /* the last group is filled with zero bits */
		unsigned pair = (unsigned)hash[byte] << 8 | next;

		out[i] = digits[pair >> (11 - bit % 8) & 31];
	}
	out[n_chars] = '\0';
}
