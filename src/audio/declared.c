/*
 * What containers declare, against what is there (sound.h). Layouts: RIFF and its 64-bit form (EBU Tech 3306), AIFF 1.3, AU (its
 * header is six big-endian words), Apple's CAF, Sony Wave64, ID3v1, ID3v2.4, APEv2, and the
 * length headers that MP3 encoders put into the first frame.
 */
#include "audio/sound.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNKS_MAX 4096      /* before the sound; a file has a handful */
#define AU_UNKNOWN 0xffffffffu
#define CAF_UNKNOWN UINT64_MAX /* to the end of the file */
#define W64_HEAD 16          /* a GUID, then 8 bytes of size that count it too */
#define MP3_LOOK_BYTES 4096  /* of the first frame and what may stand before it; a frame has at most 1441 bytes */
#define ID3_HEAD 10
#define ID3V1_BYTES 128
#define APE_FOOT 32

struct source {
	int fd;
	const char *path;
	uint64_t n_bytes; /* of the file */
	struct bare *bare; /* to be told */
};

static bool read_at(const struct source *s, uint64_t at, void *out, size_t n)
{
	return at <= s->n_bytes && n <= s->n_bytes - at && pread(s->fd, out, n, (off_t)at) == (ssize_t)n;
}

static uint64_t number(const unsigned char *bytes, int n, bool is_big)
{
	uint64_t value = 0;

	for (int i = 0; i < n; i++)
		value = value << 8 | bytes[is_big ? i : n - 1 - i];
	return value;
}

static int refuse(const struct source *s, const char *what, uint64_t declared, uint64_t there, struct err *err)
{
	return err_set(err, ERR_INPUT,
		       "cannot use '%s': its %s declares %llu bytes, and %llu are there: the file was cut, or written without an end; "
		       "write it again, as wav or flac",
		       s->path, what, (unsigned long long)declared, (unsigned long long)there);
}

/* How chunks lie in a file: a name of 4 bytes, so many bytes of size, and what it says. */
struct layout {
	const char *sound; /* the chunk with the samples */
	size_t first;      /* where chunks begin */
	int size_bytes;
	bool is_big;       /* big-endian */
	bool is_even;      /* an odd chunk has a byte more */
};

static int check_chunks(const struct source *s, const struct layout *l, struct err *err)
{
	uint64_t at = l->first;
	size_t n_head = 4 + (size_t)l->size_bytes;
	unsigned char head[12];

	for (int i = 0; i < CHUNKS_MAX && read_at(s, at, head, n_head); i++) {
		uint64_t size = number(head + 4, l->size_bytes, l->is_big), rest = s->n_bytes - at - n_head;

		if (memcmp(head, l->sound, 4) == 0 && size != CAF_UNKNOWN && (size > rest || (size == 0 && rest > 1)))
			return refuse(s, "data chunk", size, rest, err);
		if (memcmp(head, l->sound, 4) == 0 || size > rest)
			return 0; /* where there is none, libsndfile has said so */
		at += n_head + size + (l->is_even ? size % 2 : 0);
	}
	return 0;
}

static int check_riff(const struct source *s, struct err *err)
{
	return check_chunks(s, &(struct layout){ "data", 12, 4, false, true }, err);
}

static int check_rifx(const struct source *s, struct err *err)
{
	return check_chunks(s, &(struct layout){ "data", 12, 4, true, true }, err);
}

static int check_form(const struct source *s, struct err *err)
{
	return check_chunks(s, &(struct layout){ "SSND", 12, 4, true, true }, err);
}

static int check_caf(const struct source *s, struct err *err)
{
	return check_chunks(s, &(struct layout){ "data", 8, 8, true, false }, err);
}

/* A word at `at` that is the size of all of the file behind `before`. */
static int check_whole(const struct source *s, const char *what, uint64_t at, uint64_t before, struct err *err)
{
	unsigned char word[8];
	uint64_t size;

	if (!read_at(s, at, word, sizeof word))
		return 0;
	size = number(word, 8, false);
	return size > s->n_bytes - before ? refuse(s, what, size, s->n_bytes - before, err) : 0;
}

static int check_rf64(const struct source *s, struct err *err)
{
	return check_whole(s, "ds64 chunk", 20, 8, err);
}

static int check_w64(const struct source *s, struct err *err)
{
	return check_whole(s, "header", W64_HEAD, 0, err);
}

static int check_au(const struct source *s, bool is_big, struct err *err)
{
	unsigned char head[12];
	uint64_t offset, size;

	if (!read_at(s, 0, head, sizeof head))
		return 0;
	offset = number(head + 4, 4, is_big);
	size = number(head + 8, 4, is_big);
	if (size == AU_UNKNOWN || offset > s->n_bytes || size <= s->n_bytes - offset)
		return 0;
	return refuse(s, "header", size, s->n_bytes - offset, err);
}

static int check_au_big(const struct source *s, struct err *err)
{
	return check_au(s, true, err);
}

static int check_au_little(const struct source *s, struct err *err)
{
	return check_au(s, false, err);
}

/* Where the frames of an MP3 begin: behind its ID3v2 tags. */
static uint64_t mp3_begin(const struct source *s)
{
	unsigned char head[ID3_HEAD];
	uint64_t at = 0;

	while (read_at(s, at, head, sizeof head) && memcmp(head, "ID3", 3) == 0)
		at += sizeof head + ((uint64_t)(head[6] & 127) << 21 | (uint64_t)(head[7] & 127) << 14 | (uint64_t)(head[8] & 127) << 7 | (head[9] & 127)) +
		      (head[5] & 0x10 ? ID3_HEAD : 0); /* a foot */
	return at < s->n_bytes ? at : s->n_bytes;
}

/* And where they end: before an ID3v1 and an APE tag, which a decoder would take for damage. */
static uint64_t mp3_end(const struct source *s, uint64_t begin)
{
	unsigned char tag[ID3V1_BYTES], foot[APE_FOOT];
	uint64_t end = s->n_bytes, size;

	if (end - begin >= sizeof tag && read_at(s, end - sizeof tag, tag, sizeof tag) && memcmp(tag, "TAG", 3) == 0)
		end -= sizeof tag;
	if (end - begin < sizeof foot || !read_at(s, end - sizeof foot, foot, sizeof foot) || memcmp(foot, "APETAGEX", 8) != 0)
		return end;
	size = number(foot + 12, 4, false) + (foot[23] & 0x80 ? APE_FOOT : 0); /* its items and the foot, and a head */
	return size <= end - begin ? end - size : end;
}

/* Is the number of frames in the first one? Xing and Info have a bit for it, VBRI always has it. */
static bool has_length(const unsigned char *first, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i++) {
		bool is_xing = memcmp(first + i, "Xing", 4) == 0 || memcmp(first + i, "Info", 4) == 0;

		if ((is_xing && (first[i + 7] & 1)) || memcmp(first + i, "VBRI", 4) == 0)
			return true;
	}
	return false;
}

static int check_mp3(const struct source *s, struct err *err)
{
	unsigned char first[MP3_LOOK_BYTES];
	uint64_t begin = mp3_begin(s), rest = s->n_bytes - begin;
	size_t n = rest < sizeof first ? (size_t)rest : sizeof first;

	if (!read_at(s, begin, first, n))
		return err_set_sys(err, ERR_IO, errno, "cannot read '%s'", s->path);
	if (!has_length(first, n))
		*s->bare = (struct bare){ s->fd, begin, mp3_end(s, begin) - begin, 0 };
	return 0;
}

/* By libsndfile's type and the file's first bytes; NULL: any (tags may stand before). */
static const struct {
	int type;
	const char *magic;
	int (*check)(const struct source *s, struct err *err);
} containers[] = {
	{ SF_FORMAT_WAV, "RIFF", check_riff }, { SF_FORMAT_WAVEX, "RIFF", check_riff }, { SF_FORMAT_WAV, "RIFX", check_rifx },
	{ SF_FORMAT_AIFF, "FORM", check_form }, { SF_FORMAT_RF64, "RF64", check_rf64 }, { SF_FORMAT_W64, "riff", check_w64 },
	{ SF_FORMAT_AU, ".snd", check_au_big }, { SF_FORMAT_AU, "dns.", check_au_little }, { SF_FORMAT_CAF, "caff", check_caf },
	{ SF_FORMAT_MPEG, NULL, check_mp3 },
};

int sound_check_declared(int fd, int format, const char *path, struct bare *ret, struct err *err)
{
	struct source s = { fd, path, 0, ret };
	unsigned char magic[4] = "";
	struct stat st;

	*ret = (struct bare){ 0 };
	if (fstat(fd, &st) != 0)
		return err_set_sys(err, ERR_IO, errno, "cannot read '%s'", path);
	s.n_bytes = (uint64_t)st.st_size;
	if (!read_at(&s, 0, magic, sizeof magic))
		return 0;
	for (size_t i = 0; i < sizeof containers / sizeof containers[0]; i++)
		if (containers[i].type == (format & SF_FORMAT_TYPEMASK) &&
		    (!containers[i].magic || memcmp(magic, containers[i].magic, sizeof magic) == 0))
			return containers[i].check(&s, err);
	return 0;
}
