/* input: what libsndfile writes is read back, in parts too; what is cut, lies or is no sound is told, and names the file. */
#include "audio/audio.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/strbuf.h"

#include "tap.h"
#include "unit/audio/muted.h"

#include <fcntl.h>
#include <sndfile.h>
#include <unistd.h>

#define N_FRAMES 40000
#define FILE_MAX ((size_t)8 << 20)
#define N(rows) (sizeof(rows) / sizeof *(rows))

/* As in test_files.c: libsndfile 1.2.0 forgets a struct of libvorbis for an ogg file that ends within its headers. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:vorbis_info_init\n";
}

static char root[64], path[128];

static const struct kind {
	const char *name;
	int format, rate_hz;
	double near; /* how far from what was written; 0: 16 bits */
} kinds[] = {
	{ "wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 0 },   { "wav of floats", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 22050, 0 },
	{ "wavex", SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, 48000, 0 }, { "rifx", SF_FORMAT_WAV | SF_FORMAT_PCM_16 | SF_ENDIAN_BIG, 8000, 0 },
	{ "aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 44100, 0 },  { "au", SF_FORMAT_AU | SF_FORMAT_PCM_16, 16000, 0 },
	{ "little au", SF_FORMAT_AU | SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE, 16000, 0 },
	{ "w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16, 32000, 0 },    { "rf64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 96000, 0 },
	{ "caf", SF_FORMAT_CAF | SF_FORMAT_PCM_16, 32000, 0 },    { "flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 0 },
	{ "ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 32000, 0.2 },  { "opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 0.2 },
	{ "mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 32000, 0.2 },
};

/* A slow wave, so that a lossy encoder keeps it; the channels differ. */
static float sample_at(size_t frame, int channel)
{
	double x = (double)frame * 0.01 * (1 + channel);

	x -= 6.283185307179586 * floor(x / 6.283185307179586);
	return (float)(x < 3.141592653589793 ? x - 1.57 : 4.71 - x) * 0.3f;
}

static bool write_sound(const struct kind *kind, int n_channels, size_t n_frames)
{
	SF_INFO info = { .samplerate = kind->rate_hz, .channels = n_channels, .format = kind->format };
	SNDFILE *file = sf_open(path, SFM_WRITE, &info);
	float *samples = mem_zalloc(n_frames * (size_t)n_channels + 1, sizeof *samples);
	bool is_written;

	if (!file)
		exit(1);
	for (size_t i = 0; i < n_frames * (size_t)n_channels; i++)
		samples[i] = sample_at(i / (size_t)n_channels, (int)(i % (size_t)n_channels));
	is_written = sf_writef_float(file, samples, (sf_count_t)n_frames) == (sf_count_t)n_frames;
	free(samples);
	return sf_close(file) == 0 && is_written;
}

static void replace(const void *bytes, size_t n)
{
	struct err err = ERR_INIT;

	if (fs_replace(path, bytes, n, &err) != 0)
		exit(1);
}

static bool is_near(const struct pcm *pcm, size_t begin, double near)
{
	for (size_t i = 0; i < pcm->n_frames * (size_t)pcm->n_channels; i++) {
		float want = sample_at(begin + i / (size_t)pcm->n_channels, (int)(i % (size_t)pcm->n_channels));

		if (!(fabs((double)pcm->samples[i] - (double)want) <= near + 1.0 / 32768))
			return false;
	}
	return true;
}

static void check_parts(const struct kind *kind, int n_channels)
{
	static const struct {
		size_t begin, n;
	} parts[] = { { 0, N_FRAMES }, { 0, 1 }, { N_FRAMES - 1, 1 }, { 12345, 6789 }, { 1, 20000 } };
	struct err err = ERR_INIT;
	struct pcm look = PCM_INIT, part;
	size_t n_right = 0;

	OK(audio_look_input(path, &look, &err) == 0 && look.n_frames == N_FRAMES && look.n_channels == n_channels &&
		   look.rate_hz == kind->rate_hz && !look.samples,
	   "%s of %d: is what it is %s", kind->name, n_channels, err.text);
	for (size_t i = 0; i < N(parts); i++) {
		if (audio_read_input(path, parts[i].begin, parts[i].n, &part, &err) != 0)
			continue;
		n_right += part.n_frames == parts[i].n && part.n_channels == n_channels && is_near(&part, parts[i].begin, kind->near);
		pcm_release(&part);
	}
	OK(n_right == N(parts), "%s of %d: parts are where they are %s", kind->name, n_channels, err.text);
	OK(audio_read_input(path, N_FRAMES - 1, 2, &part, &err) < 0 && audio_read_input(path, N_FRAMES + 1, 1, &part, &err) < 0 &&
		   audio_read_input(path, 5, 0, &part, &err) < 0 && err.code == ERR_INPUT && strstr(err.text, path),
	   "%s: none beyond the end", kind->name);
}

static void check_cuts(const struct kind *kind, const char *bytes, size_t n)
{
	static const double shares[] = { 0.99, 0.9, 0.5, 0.1, 0.01 };
	struct err err = ERR_INIT;
	struct pcm look = PCM_INIT;
	size_t n_refused = 0;

	for (size_t i = 0; i < N(shares); i++) {
		replace(bytes, (size_t)(shares[i] * (double)n));
		err = (struct err)ERR_INIT;
		n_refused += audio_look_input(path, &look, &err) < 0 && err.code == ERR_INPUT && strstr(err.text, path);
	}
	OK(n_refused == N(shares), "%s: %zu of %zu cut ones are refused; %s", kind->name, n_refused, N(shares), err.text);
}

/* Bytes changed at random: a sentence or numbers, never a crash and nothing that is not finite. */
static void check_damage(const struct kind *kind, const char *bytes, size_t n)
{
	char *copy = mem_alloc(n);
	uint32_t state = 2024;
	int n_refused = 0, n_wrong = 0;

	for (int round = 0; round < 60; round++) {
		struct err err = ERR_INIT;
		struct pcm look = PCM_INIT, part = PCM_INIT;

		memcpy(copy, bytes, n);
		for (int i = 0; i < 8; i++) {
			state = state * 1664525u + 1013904223u; /* Knuth's linear congruence */
			copy[(state >> 8) % (round % 2 ? n : n < 200 ? n : 200)] = (char)(state >> 3);
		}
		replace(copy, n);
		if (audio_look_input(path, &look, &err) < 0) {
			n_refused++;
			n_wrong += err.code == ERR_NONE || !strstr(err.text, path);
			continue;
		}
		n_wrong += look.n_frames < 1 || look.n_channels < 1 || look.n_channels > 2;
		if (audio_read_input(path, 0, look.n_frames < 50000 ? look.n_frames : 50000, &part, &err) < 0) {
			n_refused++;
			continue;
		}
		for (size_t i = 0; i < part.n_frames * (size_t)part.n_channels; i++)
			n_wrong += !isfinite(part.samples[i]);
		pcm_release(&part);
	}
	OK(n_wrong == 0, "%s: of 60 damaged files %d are refused, none is believed", kind->name, n_refused);
	free(copy);
}

static void check_kinds(void)
{
	int kept = mute_stderr();

	for (size_t i = 0; i < N(kinds); i++) {
		struct strbuf bytes = STRBUF_INIT(FILE_MAX);
		struct err err = ERR_INIT;

		for (int n_channels = 2; n_channels >= 1; n_channels--) {
			if (!write_sound(&kinds[i], n_channels, N_FRAMES))
				exit(1);
			check_parts(&kinds[i], n_channels);
		}
		if (fs_read(path, &bytes, &err) != 0)
			exit(1);
		check_cuts(&kinds[i], bytes.buf, bytes.len);
		check_damage(&kinds[i], bytes.buf, bytes.len);
		strbuf_release(&bytes);
	}
	give_stderr_back(kept);
}

/* ---- files that are wrong in one thing --------------------------------------------------------------------- */

struct wav {
	const char *name;
	int n_channels, rate_hz;
	uint32_t n_declared, n_there; /* bytes of f32 samples */
	float odd;                    /* in the place of sample 7 */
	const char *want[3];          /* the sentence has */
};

static void put(unsigned char **at, uint32_t value, int n)
{
	for (int i = 0; i < n; i++)
		*(*at)++ = (unsigned char)(value >> 8 * i);
}

static void write_wav(const struct wav *w)
{
	unsigned char *bytes = mem_zalloc(44 + (size_t)w->n_there, 1), *at = bytes;
	uint32_t frame = (uint32_t)w->n_channels * 4;

	memcpy(at, "RIFF....WAVEfmt ", 16);
	at += 4;
	put(&at, 36 + w->n_declared, 4);
	at += 8;
	put(&at, 16, 4);
	put(&at, 3, 2); /* IEEE floats */
	put(&at, (uint32_t)w->n_channels, 2);
	put(&at, (uint32_t)w->rate_hz, 4);
	put(&at, (uint32_t)w->rate_hz * frame, 4);
	put(&at, frame, 2);
	put(&at, 32, 2);
	memcpy(at, "data", 4);
	at += 4;
	put(&at, w->n_declared, 4);
	for (uint32_t i = 0; i < w->n_there / 4; i++) {
		float value = i == 7 ? w->odd : 0.25f;

		memcpy(at + 4 * i, &value, 4);
	}
	replace(bytes, 44 + (size_t)w->n_there);
	free(bytes);
}

static int look_and_read(struct pcm *part, struct err *err)
{
	struct pcm look = PCM_INIT;

	*err = (struct err)ERR_INIT;
	return audio_look_input(path, &look, err) || audio_read_input(path, 0, look.n_frames, part, err);
}

static void check_wavs(void)
{
	static const struct wav rows[] = {
		{ "a good one", 2, 32000, 800, 800, 0.5f, { NULL } },
		{ "the lowest rate", 1, 1000, 800, 800, 0.5f, { NULL } },
		{ "an odd byte behind the sound", 1, 32000, 800, 803, 0.5f, { NULL } },
		{ "8 channels", 8, 32000, 3200, 3200, 0.5f, { "8 channels", "expected 1 or 2", NULL } },
		{ "400 Hz", 1, 400, 800, 800, 0.5f, { "400 Hz", "1000 to 192000 Hz", NULL } },
		{ "a rate beyond all use", 1, 500000, 800, 800, 0.5f, { "500000 Hz", "1000 to 192000 Hz", NULL } },
		{ "no samples", 1, 32000, 0, 0, 0, { "empty", NULL, NULL } },
		{ "two bytes too many declared", 1, 32000, 802, 800, 0.5f, { "declares 802 bytes", "800 are there", NULL } },
		{ "a wav from a pipe", 1, 32000, 0xffffffffu, 800, 0.5f, { "declares 4294967295 bytes", "800 are there", NULL } },
		{ "a wav that was never ended", 1, 32000, 0, 800, 0.5f, { "declares 0 bytes", "800 are there", NULL } },
		{ "NaN", 2, 32000, 800, 800, NAN, { "sample 3", "nan", "-1 to 1" } },
		{ "infinity", 2, 32000, 800, 800, -INFINITY, { "sample 3", "-inf", "-1 to 1" } },
		{ "numbers of no sound", 1, 32000, 800, 800, 1e30f, { "sample 7", "1e+30", "-1 to 1" } },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct pcm part = PCM_INIT;
		struct err err = ERR_INIT;
		int rc, has = 1;

		write_wav(&rows[i]);
		rc = look_and_read(&part, &err);
		if (!rows[i].want[0])
			OK(rc == 0, "%s %s", rows[i].name, err.text);
		for (int k = 0; k < 3 && rows[i].want[k]; k++)
			has = has && strstr(err.text, rows[i].want[k]);
		if (rows[i].want[0])
			OK(rc != 0 && err.code == ERR_INPUT && has && strstr(err.text, path), "%s: %s", rows[i].name, err.text);
		pcm_release(&part);
	}
}

static void check_no_sounds(void)
{
	static const struct {
		const char *name, *bytes;
	} rows[] = { { "a text", "verse one\nverse two\n" }, { "nothing", "" }, { "half a header", "RIFF\x10" } };
	struct err err = ERR_INIT;
	struct pcm part = PCM_INIT;

	for (size_t i = 0; i < N(rows); i++) {
		replace(rows[i].bytes, strlen(rows[i].bytes));
		OK(look_and_read(&part, &err) != 0 && err.code == ERR_INPUT && strstr(err.text, path) && strstr(err.text, "not a sound file"), "%s: %s",
		   rows[i].name, err.text);
	}
	unlink(path);
	OK(look_and_read(&part, &err) != 0 && err.code == ERR_IO && strstr(err.text, path), "no file: %s", err.text);
	OK(audio_look_input(root, &part, &err) < 0 && strstr(err.text, root), "a folder: %s", err.text);
}

/* ---- MP3s without a length ------------------------------------------------------------------------------------ */

#define MP3_DELAY 1105  /* frames that a decoder removes where LAME's header says so: 576 of the encoder, 529 of the decoder */
#define MP3_FRAME 1152

/* Noise for a second, then the slow wave: of variable bit rate, and the first frame has the most. Its header's frame is cut off. */
static void make_bare(struct strbuf *ret)
{
	SF_INFO info = { .samplerate = 32000, .channels = 1, .format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III };
	SNDFILE *file = sf_open(path, SFM_WRITE, &info);
	float *samples = mem_alloc(6 * N_FRAMES * sizeof *samples);
	struct strbuf bytes = STRBUF_INIT(FILE_MAX);
	struct err err = ERR_INIT;
	uint32_t state = 7;
	size_t second = 4;

	for (size_t i = 0; i < (size_t)6 * N_FRAMES; i++) {
		state = state * 1664525u + 1013904223u;
		samples[i] = i < 32000 ? (float)(state >> 8) / 16777216 - 0.5f : sample_at(i, 0);
	}
	if (!file || sf_writef_float(file, samples, 6 * N_FRAMES) != 6 * N_FRAMES || sf_close(file) != 0 || fs_read(path, &bytes, &err) != 0)
		exit(1);
	while (second < bytes.len - 2 && memcmp(bytes.buf + second, bytes.buf, 2) != 0)
		second++;
	strbuf_add(ret, bytes.buf + second, bytes.len - second);
	strbuf_release(&bytes);
	free(samples);
}

static size_t guessed_frames(void)
{
	struct pcm look = PCM_INIT;
	struct err err = ERR_INIT;

	return audio_look(path, SIZE_MAX, &look, &err) == 0 ? look.n_frames : 0;
}

static const char ape[] = "APETAGEX\xd0\7\0\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"; /* a foot of 32 bytes alone */
static const char head[] = "ID3\3\0\0\0\0\0\12__________";                                       /* 10 bytes of it, and 10 more */

static void check_bare_whole(const struct strbuf *bare)
{
	char old_tag[128] = "TAGx";
	const struct {
		const char *name, *before, *after, *last;
		size_t n_before, n_after, n_last;
	} rows[] = {
		{ "no tag", "", "", "", 0, 0, 0 },
		{ "a tag before", head, "", "", 20, 0, 0 },
		{ "an old tag", "", old_tag, "", 0, sizeof old_tag, 0 },
		{ "an APE tag", "", ape, "", 0, 32, 0 },
		{ "all three", head, ape, old_tag, 20, 32, sizeof old_tag },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct strbuf bytes = STRBUF_INIT(FILE_MAX);
		struct pcm look = PCM_INIT, part = PCM_INIT;
		struct err err = ERR_INIT;
		bool is_looked;

		strbuf_add(&bytes, rows[i].before, rows[i].n_before);
		strbuf_add(&bytes, bare->buf, bare->len);
		strbuf_add(&bytes, rows[i].after, rows[i].n_after);
		strbuf_add(&bytes, rows[i].last, rows[i].n_last);
		replace(bytes.buf, bytes.len);
		is_looked = audio_look_input(path, &look, &err) == 0;
		OK(is_looked && look.n_frames % MP3_FRAME == 0 && look.n_frames > 6 * N_FRAMES &&
			   look.n_frames < 6 * N_FRAMES + 3 * MP3_FRAME,
		   "an mp3 without a length, %s: all of it, %zu frames %s", rows[i].name, look.n_frames, err.text);
		OK(guessed_frames() < look.n_frames / 2, "of which a look at the first frame alone makes %zu", guessed_frames());
		OK(audio_read_input(path, MP3_DELAY + 5 * N_FRAMES, 12345, &part, &err) == 0 && is_near(&part, 5 * N_FRAMES, 0.2),
		   "a part near the end is where it is %s", err.text);
		pcm_release(&part);
		OK(audio_read_input(path, look.n_frames - 1, 1, &part, &err) == 0, "so is the last frame %s", err.text);
		pcm_release(&part);
		OK(audio_read_input(path, look.n_frames, 1, &part, &err) < 0 && strstr(err.text, path), "and none behind it: %s", err.text);
		strbuf_release(&bytes);
	}
}

static void check_bare_broken(const struct strbuf *bare)
{
	static const struct {
		const char *name;
		double cut, hole; /* shares of the file; 0: none */
		const char *want;
	} rows[] = {
		{ "cut", 0.5, 0, "was cut or is damaged" },
		{ "a hole", 0, 0.5, "was cut or is damaged" },
		{ "cut at the very end", 0.9995, 0, "was cut or is damaged" },
	};

	for (size_t i = 0; i < N(rows); i++) {
		char *copy = mem_alloc(bare->len);
		struct pcm look = PCM_INIT;
		struct err err = ERR_INIT;

		memcpy(copy, bare->buf, bare->len);
		if (rows[i].hole > 0)
			memset(copy + (size_t)(rows[i].hole * (double)bare->len), 0, 5000);
		replace(copy, rows[i].cut > 0 ? (size_t)(rows[i].cut * (double)bare->len) : bare->len);
		OK(audio_look_input(path, &look, &err) < 0 && err.code == ERR_INPUT && strstr(err.text, path) && strstr(err.text, rows[i].want),
		   "an mp3 without a length, %s: %s", rows[i].name, err.text);
		free(copy);
	}
}

static void check_bare_mp3(void)
{
	struct strbuf bare = STRBUF_INIT(FILE_MAX);
	int kept = mute_stderr();

	make_bare(&bare);
	check_bare_whole(&bare);
	check_bare_broken(&bare);
	give_stderr_back(kept);
	strbuf_release(&bare);
}

static void check_channels(void)
{
	struct pcm pcm = { mem_zalloc(6, sizeof(float)), 3, 2, 32000 };
	struct err err = ERR_INIT;

	for (int i = 0; i < 6; i++)
		pcm.samples[i] = (float)i;
	OK(pcm_set_channels(&pcm, 2, &err) == 0 && pcm.n_channels == 2, "two are two");
	OK(pcm_set_channels(&pcm, 1, &err) == 0 && pcm.n_channels == 1 && pcm.n_frames == 3, "one of two");
	IS_NEAR((double)pcm.samples[1], 2.5, 0, "is their mean");
	OK(pcm_set_channels(&pcm, 2, &err) == 0 && pcm.n_channels == 2 && pcm.n_frames == 3, "two of one");
	IS_NEAR((double)pcm.samples[2], 2.5, 0, "are it");
	IS_NEAR((double)pcm.samples[5], 4.5, 0, "and it again");
	pcm_release(&pcm);
}

int main(void)
{
	(void)snprintf(root, sizeof root, "/tmp/mgbatch-input-XXXXXX");
	if (!mkdtemp(root))
		return 1;
	(void)snprintf(path, sizeof path, "%s/sound", root);
	check_kinds();
	check_wavs();
	check_no_sounds();
	check_bare_mp3();
	check_channels();
	unlink(path);
	IS_INT(rmdir(root), 0, "nothing is left behind");
	return tap_done();
}
