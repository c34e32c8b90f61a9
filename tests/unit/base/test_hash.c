#include "base/fs.h"
#include "base/hash.h"

#include "tap.h"

#include <unistd.h>

/* FIPS 180-4 examples (NIST, SHA256.pdf) and the empty message. */
static void check_vectors(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	unsigned char hash[HASH_BYTES], back[HASH_BYTES];
	char hex[HASH_HEX_SIZE];
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		hash_bytes(rows[i].text, strlen(rows[i].text), hash);
		hash_hex(hex, hash);
		IS_TEXT(hex, rows[i].want, "SHA-256");
		OK(hash_from_hex(back, hex) == 0 && !memcmp(back, hash, HASH_BYTES), "hex reads back");
	}
	OK(hash_from_hex(back, "12") == -1, "short hex");
	hex[5] = 'g';
	OK(hash_from_hex(back, hex) == -1 && !memcmp(back, hash, HASH_BYTES), "no hex digit");
}

static void check_base32(void)
{
	unsigned char hash[HASH_BYTES] = { 'f', 'o', 'o', 'b', 'a', 'r' }; /* RFC 4648 section 10: MZXW6YTBOI====== */
	char text[53];

	hash_base32(text, 9, hash);
	IS_TEXT(text, "mzxw6ytbo", "RFC 4648's foobar");
	hash_base32(text, 0, hash);
	IS_TEXT(text, "", "no characters");
	memset(hash, 0xFF, sizeof hash);
	hash_base32(text, 52, hash);
	IS_TEXT(text, "777777777777777777777777777777777777777777777777777q", "all 52: the last has one bit");
}

static void check_files(void)
{
	enum { N = 200000 };
	static unsigned char bytes[N];
	unsigned char whole[HASH_BYTES], pieces[HASH_BYTES], file[HASH_BYTES];
	char path[] = "/tmp/mgbatch-hash-XXXXXX", hex[HASH_HEX_SIZE];
	struct hash_state *st = hash_begin();
	struct err err = ERR_INIT;
	size_t i;
	int fd = mkstemp(path);

	for (i = 0; i < N; i++)
		bytes[i] = (unsigned char)(i * 31 >> 3);
	hash_bytes(bytes, N, whole);
	for (i = 0; i < N; i += 1000)
		hash_add(st, bytes + i, 1000);
	hash_end(st, pieces);
	OK(!memcmp(whole, pieces, HASH_BYTES), "in pieces");
	OK(fd >= 0 && fs_replace(path, bytes, N, &err) == 0, "a file");
	OK(hash_file(path, file, &err) == 0 && !memcmp(whole, file, HASH_BYTES), "of a file");
	hash_hex(hex, whole);
	IS_INT(hash_file_is(path, hex, &err), 1, "a file has its hash");
	hex[7] ^= 1;
	IS_INT(hash_file_is(path, hex, &err), 0, "and no other");
	close(fd);
	unlink(path);
	IS_INT(hash_file_is(path, hex, &err), -1, "one that cannot be read");
	OK(hash_file(path, file, &err) == -1 && !memcmp(whole, file, HASH_BYTES), "a missing file: %s", err.text);
	OK(hash_file("/tmp", file, &err) == -1, "a folder: %s", err.text);
}

/* As git hash-object says. */
static void check_git(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391" },
		{ "hello\n", "ce013625030ba8dba906f756967f9e9ca394464a" },
		{ "what is up, doc?", "bd9dbf5aae1a3862dd1526723246b20206e5fc37" },
	};
	char hex[HASH_GIT_SIZE];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		hash_git_blob(hex, rows[i].text, strlen(rows[i].text));
		IS_TEXT(hex, rows[i].want, "git's name of a file");
	}
}

int main(void)
{
	check_vectors();
	check_base32();
	check_files();
	check_git();
	return tap_done();
}
