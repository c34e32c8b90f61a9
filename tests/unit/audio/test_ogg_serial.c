/* ogg_serial: pages are found, their serial numbers set, their checksums right; what is no Ogg stream is refused. */
#include "audio/audio.h"
#include "audio/ogg_serial.h"
#include "base/fs.h"
#include "base/mem.h"

#include "tap.h"

#include "unit/audio/write_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FILE_MAX 2000000
#define HEADER 27

static char root[64], path[128];

/* Bit by bit, as RFC 3533 describes it: another way than the table's. */
static uint32_t slow_crc(const unsigned char *bytes, size_t n)
{
	uint32_t r = 0;

	for (size_t i = 0; i < n; i++)
		for (int bit = 7; bit >= 0; bit--) {
			uint32_t top = r >> 31 ^ (uint32_t)(bytes[i] >> bit & 1);

			r = r << 1 ^ (top ? 0x04c11db7u : 0);
		}
	return r;
}

static void check_crc(void)
{
	unsigned char bytes[300];
	int same = 1;

	/* the value of the catalogues for this polynomial from 0 (CRC-32/CKSUM before its inversion) */
	OK(ogg_crc((const unsigned char *)"123456789", 9) == 0x89A1897Fu, "a known checksum");
	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] = (unsigned char)(i * 7 + i / 5);
		same = same && ogg_crc(bytes, i) == slow_crc(bytes, i);
	}
	OK(same, "the same as bit by bit");
}

static uint32_t u32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Pages of the file, all of them with this serial number and a right checksum; 0 when anything is wrong. */
static int count_pages(const struct strbuf *file, uint32_t serial)
{
	unsigned char *page = mem_alloc(65536 + HEADER);
	size_t at = 0, length;
	int n = 0, right = 1;

	for (; right && at + HEADER <= file->len; at += length, n++) {
		const unsigned char *p = (const unsigned char *)file->buf + at;

		length = HEADER + (size_t)p[26];
		for (int i = 0; i < p[26]; i++)
			length += p[HEADER + i];
		right = !memcmp(p, "OggS", 4) && at + length <= file->len && u32(p + 14) == serial;
		memcpy(page, p, right ? length : 0);
		memset(page + 22, 0, 4);
		right = right && slow_crc(page, length) == u32(p + 22);
	}
	free(page);
	return right && at == file->len ? n : 0;
}

static void slurp(struct strbuf *file)
{
	struct err err = ERR_INIT;

	strbuf_reset(file);
	if (fs_read(path, file, &err) != 0)
		exit(1);
}

/* A sound of some pages, with the longest comment: its header alone takes more than one. */
static void write_sound(uint32_t serial, int n_channels)
{
	struct audio_write_spec spec = { AUDIO_OGG, AUDIO_LOSSY_BITS, NULL, serial };
	struct pcm pcm = { mem_zalloc(64000 * (size_t)n_channels, sizeof(float)), 64000, n_channels, 32000 };
	char *comment = mem_zalloc(AUDIO_COMMENT_MAX + 1, 1);
	struct err err = ERR_INIT;
	uint32_t state = 1;

	memset(comment, 'c', AUDIO_COMMENT_MAX);
	spec.comment = comment;
	for (size_t i = 0; i < 64000 * (size_t)n_channels; i++) {
		state = state * 1664525u + 1013904223u; /* Knuth's noise: nothing to save, so many pages */
		pcm.samples[i] = (float)((double)state / 4294967296.0 - 0.5);
	}
	(void)unlink(path);
	OK(write_file(path, &pcm, &spec, &err) == 0, "written %s", err.text);
	pcm_release(&pcm);
	free(comment);
}

static void check_file(void)
{
	struct strbuf a = STRBUF_INIT(FILE_MAX), b = STRBUF_INIT(FILE_MAX);
	struct err err = ERR_INIT;

	for (int n_channels = 1; n_channels <= 2; n_channels++) {
		int fd, n;

		write_sound(0xFEDCBA98u, n_channels);
		slurp(&a);
		n = count_pages(&a, 0xFEDCBA98u);
		OK(n > 5, "%d pages with the serial number and right checksums", n);
		fd = open(path, O_RDWR);
		OK(fd >= 0 && ogg_serial_set(fd, path, 1, &err) == 0, "another one %s", err.text);
		slurp(&b);
		IS_INT(count_pages(&b, 1), n, "is on every page");
		OK(a.len == b.len && memcmp(a.buf, b.buf, a.len) != 0, "in a file of the same length");
		OK(ogg_serial_set(fd, path, 0xFEDCBA98u, &err) == 0, "and back");
		close(fd);
		slurp(&b);
		OK(!memcmp(a.buf, b.buf, a.len), "is the first file");
	}
	unlink(path);
	strbuf_release(&a);
	strbuf_release(&b);
}

/* No length at which the file may be cut, and nothing else, is taken for a stream. */
static void check_damage(void)
{
	static const char other[] = "RIFF....WAVEfmt and so on, longer than a page's header";
	size_t cut, n_pages = 0, n_refused = 0;
	struct err err = ERR_INIT;
	int fd;

	write_sound(3, 1);
	fd = open(path, O_RDONLY);
	IS_INT(ogg_serial_set(fd, path, 7, &err), -1, "a file that cannot be written");
	OK(err.sys_errno == EBADF && strstr(err.text, "cannot write"), "%s", err.text);
	close(fd);
	fd = open(path, O_RDWR);
	for (cut = 30000; cut > 0; cut--) {
		if (ftruncate(fd, (off_t)cut - 1) != 0)
			exit(1);
		if (ogg_serial_set(fd, path, 7, &err) == 0)
			n_pages++; /* the cut lies between two pages */
		else
			n_refused += err.code == ERR_IO && strstr(err.text, "no whole Ogg stream") != NULL;
	}
	OK(n_refused + n_pages == 30000 && n_pages > 1 && n_pages < 20, "%zu cuts refused, %zu between pages", n_refused, n_pages);
	if (write(fd, other, sizeof other) != (ssize_t)sizeof other)
		exit(1);
	IS_INT(ogg_serial_set(fd, path, 7, &err), -1, "no Ogg at all");
	close(fd);
	unlink(path);
}

int main(void)
{
	(void)snprintf(root, sizeof root, "%s", "/tmp/mgbatch-ogg-XXXXXX");
	if (!mkdtemp(root))
		return 1;
	(void)snprintf(path, sizeof path, "%s/a.ogg", root);
	check_crc();
	check_file();
	check_damage();
	OK(rmdir(root) == 0, "nothing is left behind");
	return tap_done();
}
