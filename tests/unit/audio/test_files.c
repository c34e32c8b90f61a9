#include "audio/audio.h"
#include "base/fs.h"
#include "base/mem.h"

#include "tap.h"
#include "unit/audio/muted.h"

#include "unit/audio/write_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Under AddressSanitizer: libsndfile 1.2.0 forgets one struct of libvorbis (6 KB) for each ogg file it is to read that ends
 * within its headers.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:vorbis_info_init\n";
}

static char root[64];
static char path_a[128], path_b[128];

/* Noise of n frames: a linear congruence (Knuth), seed fixed, so that no encoder finds much to save. */
static struct pcm noise(size_t n, int n_channels)
{
	struct pcm pcm = { NULL, n, n_channels, 32000 };
	uint32_t state = 12345;
	size_t i;

	pcm.samples = mem_zalloc(n * (size_t)n_channels + 1, sizeof *pcm.samples);
	for (i = 0; i < n * (size_t)n_channels; i++) {
		state = state * 1664525u + 1013904223u;
		pcm.samples[i] = (float)((double)state / 2147483648.0 - 1.0) * 0.9f;
	}
	return pcm;
}

/* 16 bit, where the format has bits. */
static struct audio_write_spec spec_of(int format, const char *comment)
{
	int bits = audio_format_is_lossy((enum audio_format)format) ? AUDIO_LOSSY_BITS : 16;

	return (struct audio_write_spec){ (enum audio_format)format, bits, comment, 0x01020304 };
}

static void check_quantising(void)
{
	static const struct {
		float v;
		int bits;
		int32_t want;
	} rows[] = {
		{ 0.0f, 16, 0 },           { 1.0f, 16, 32767 },     { -1.0f, 16, -32768 },   { 2.0f, 16, 32767 },
		{ -2.0f, 16, -32768 },     { 0.5f, 16, 16384 },     { 0.5f / 32768, 16, 0 }, { 1.5f / 32768, 16, 2 },
		{ 2.5f / 32768, 16, 2 },   { -1.5f / 32768, 16, -2 }, { 1.0f, 24, 8388607 }, { -1.0f, 24, -8388608 },
		{ 0.25f, 24, 2097152 },    { 3e38f, 24, 8388607 },  { 0.99999f, 16, 32767 }, { NAN, 16, 0 },
		{ INFINITY, 16, 32767 },
	};
	int32_t out = 0;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		audio_quantise(&rows[i].v, 1, rows[i].bits, &out);
		IS_INT(out, rows[i].want, "quantised");
	}
}

static int same_file(const char *a, const char *b)
{
	struct fs_map m = { NULL, 0 }, n = { NULL, 0 };
	struct err err = ERR_INIT;
	int same = fs_map_open(&m, a, &err) == 0 && fs_map_open(&n, b, &err) == 0 && m.len == n.len && !memcmp(m.bytes, n.bytes, m.len);

	fs_map_close(&m);
	fs_map_close(&n);
	return same;
}

static int contains(const char *path, const char *text)
{
	struct fs_map m = { NULL, 0 };
	struct err err = ERR_INIT;
	size_t len = strlen(text), i;
	int found = 0;

	if (fs_map_open(&m, path, &err) != 0)
		return 0;
	for (i = 0; i + len <= m.len && !found; i++)
		found = !memcmp(m.bytes + i, text, len);
	fs_map_close(&m);
	return found;
}

/* What is read back is what was quantised, to the bit, for every lossless format, depth, channel count and length. */
static void check_round_trip(void)
{
	static const size_t lengths[] = { 1, 100, 4096, 4097, 20000 };
	struct err err = ERR_INIT;
	size_t l, i;
	int f, bits, channels;

	for (f = 0; f < AUDIO_N_FORMATS && !audio_format_is_lossy((enum audio_format)f); f++)
		for (bits = 16; bits <= 24; bits += 8)
			for (channels = 1; channels <= 2; channels++)
				for (l = 0; l < sizeof lengths / sizeof *lengths; l++) {
					struct audio_write_spec spec = { (enum audio_format)f, bits, "{\"a\":1}", 0 };
					struct pcm pcm = noise(lengths[l], channels), back = PCM_INIT;
					size_t n = lengths[l] * (size_t)channels;
					int32_t *want = mem_zalloc(n, sizeof *want);
					int right;

					audio_quantise(pcm.samples, n, bits, want);
					right = write_file(path_a, &pcm, &spec, &err) == 0 && audio_read(path_a, 20000, &back, &err) == 0 &&
						back.n_frames == lengths[l] && back.n_channels == channels && back.rate_hz == 32000;
					for (i = 0; right && i < n; i++)
						right = (double)back.samples[i] * (bits == 16 ? 32768 : 8388608) == want[i];
					OK(right, "%s %d bit, %d channels, %zu frames %s", audio_format_name((enum audio_format)f), bits, channels,
					   lengths[l], right ? "" : err.text);
					free(want);
					pcm_release(&pcm);
					pcm_release(&back);
					unlink(path_a);
				}
}

/* A tone of its own in each channel. */
static struct pcm two_tones(size_t n, int n_channels, int rate_hz)
{
	struct pcm pcm = { mem_zalloc(n * (size_t)n_channels, sizeof(float)), n, n_channels, rate_hz };

	for (size_t i = 0; i < n; i++)
		for (int c = 0; c < n_channels; c++)
			pcm.samples[i * (size_t)n_channels + (size_t)c] =
				(float)((c ? 0.3 : 0.5) * sin(2 * 3.14159265358979 * (c ? 330 : 700) * (double)i / rate_hz));
	return pcm;
}

/* Largest part of a channel's energy that the copy gets wrong, over the whole length. */
static double wrong_part(const struct pcm *a, const struct pcm *b)
{
	size_t n_channels = (size_t)a->n_channels;
	double worst = 0;

	for (size_t c = 0; c < n_channels; c++) {
		double energy = 0, wrong = 0;

		for (size_t i = c; i < a->n_frames * n_channels; i += n_channels) {
			double d = (double)a->samples[i] - (double)b->samples[i];

			energy += (double)a->samples[i] * (double)a->samples[i];
			wrong += d * d;
		}
		worst = wrong / energy > worst ? wrong / energy : worst;
	}
	return worst;
}

/*
 * A lossy file has every frame, in its place, at every rate of its format and each channel for itself: what is wrong is
 * under a hundredth of the energy (that two channels are mixed up or a frame is late shows as more than a tenth).
 */
static void check_lossy(void)
{
	static const size_t lengths[] = { 1, 100, 4096, 4097, 50000 };
	struct err err = ERR_INIT;
	const int *rates;

	for (int f = 0; f < AUDIO_N_FORMATS; f++) {
		int n_rates = audio_format_rates((enum audio_format)f, &rates);
		struct audio_write_spec spec = spec_of(f, "{}");

		if (!audio_format_is_lossy((enum audio_format)f))
			continue;
		for (int i = 0; i < 2 * n_rates; i++) {
			for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
				struct pcm pcm = two_tones(lengths[l], i % 2 + 1, rates[i / 2]), back = PCM_INIT;
				int read = write_file(path_a, &pcm, &spec, &err) == 0 && audio_read(path_a, 50000, &back, &err) == 0;
				int whole = read && back.n_frames == pcm.n_frames && back.n_channels == pcm.n_channels &&
					    back.rate_hz == pcm.rate_hz;
				double wrong = whole && pcm.n_frames > 40000 ? wrong_part(&pcm, &back) : 0;

				OK(whole && wrong < 0.01, "%s, %d Hz, %d channels, %zu frames: %zu, %.2g of the energy is wrong %s",
				   audio_format_name((enum audio_format)f), rates[i / 2], pcm.n_channels, lengths[l], back.n_frames, wrong,
				   read ? "" : err.text);
				pcm_release(&pcm);
				pcm_release(&back);
				unlink(path_a);
			}
		}
	}
}

/* The second file is written when the wall clock shows another second: no date may be inside. libsndfile's random
 * numbers are of the clock too, so that two ogg files of one process would have different serial numbers. */
static void check_same_bytes(void)
{
	struct err err = ERR_INIT;
	time_t second;
	int same = 1;

	for (int i = 0; i < 2 * AUDIO_N_FORMATS; i++) {
		int f = i / 2, is_lossy = audio_format_is_lossy((enum audio_format)f);
		struct audio_write_spec spec = spec_of(f, "{\"mgbatch\":{}}");
		struct pcm pcm = noise(5000, i % 2 + 1);

		second = time(NULL);
		spec.bits = is_lossy ? AUDIO_LOSSY_BITS : i % 2 ? 24 : 16;
		same = same && write_file(path_a, &pcm, &spec, &err) == 0;
		while (i == 0 && time(NULL) == second) /* once is enough */
			nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
		same = same && write_file(path_b, &pcm, &spec, &err) == 0;
		OK(same && same_file(path_a, path_b), "equal samples make equal %s files of %d channels", audio_format_name((enum audio_format)f),
		   pcm.n_channels);
		OK(contains(path_a, "{\"mgbatch\":{}}"), "the comment is inside");
		OK(f == AUDIO_OGG || (!contains(path_a, "libsndfile") && !contains(path_a, "ISFT")), "no software tag");
		pcm_release(&pcm);
		unlink(path_a);
		unlink(path_b);
	}
}

static void check_long_comment(void)
{
	char comment[AUDIO_COMMENT_MAX + 1];
	struct err err = ERR_INIT;
	struct pcm pcm = noise(100, 1), back = PCM_INIT;
	int f;

	memset(comment, 'x', sizeof comment - 1);
	memcpy(comment, "{begin", 6);
	memcpy(comment + sizeof comment - 5, "end}", 4);
	comment[sizeof comment - 1] = '\0';
	for (f = 0; f < AUDIO_N_FORMATS; f++) {
		struct audio_write_spec spec = spec_of(f, comment);

		OK(write_file(path_a, &pcm, &spec, &err) == 0 && contains(path_a, comment), "the longest comment in %s",
		   audio_format_name((enum audio_format)f));
		OK(audio_read(path_a, 100, &back, &err) == 0 && back.n_frames == 100, "and the sound behind it");
		pcm_release(&back);
		unlink(path_a);
	}
	pcm_release(&pcm);
}

static void check_refusals(void)
{
	struct audio_write_spec spec = spec_of(AUDIO_WAV, NULL), mp3 = spec_of(AUDIO_MP3, NULL);
	struct err err = ERR_INIT;
	struct pcm pcm = noise(1000, 1), back = PCM_INIT, huge = { pcm.samples, (size_t)1 << 32, 1, 32000 };

	IS_INT(fs_replace(path_a, "mine", 4, &err), 0, "a file is there");
	IS_INT(write_file(path_a, &pcm, &spec, &err), -1, "it is not overwritten");
	OK(err.sys_errno == EEXIST && contains(path_a, "mine"), "%s", err.text);
	IS_INT(audio_read(path_a, 1000, &back, &err), -1, "text is no sound");
	OK(err.code == ERR_INPUT && !back.samples, "%s", err.text);
	unlink(path_a);
	IS_INT(audio_read(path_a, 1000, &back, &err), -1, "a missing file");
	OK(err.code == ERR_IO && err.sys_errno == ENOENT, "%s", err.text);
	IS_INT(write_file(path_a, &huge, &spec, &err), -1, "4 GiB of wav");
	OK(err.code == ERR_INPUT && strstr(err.text, "4 GiB") && !fs_exists(path_a), "%s", err.text);
	pcm.rate_hz = 96000;
	IS_INT(write_file(path_a, &pcm, &mp3, &err), -1, "a rate that mp3 has not");
	OK(err.code == ERR_INPUT && strstr(err.text, "96000") && strstr(err.text, "48000") && !fs_exists(path_a), "%s", err.text);
	pcm.rate_hz = 32000;
	IS_INT(write_file(path_a, &pcm, &spec, &err), 0, "written");
	IS_INT(audio_read(path_a, 999, &back, &err), -1, "longer than allowed");
	IS_INT(audio_look(path_a, 999, &back, &err), -1, "which its header says");
	IS_INT(audio_look(path_a, 1000, &back, &err), 0, "as it says of one that is not");
	OK(back.n_frames == 1000 && !back.samples, "how long that is");
	OK(strstr(err.text, "1000 frames") && strstr(err.text, "at most 999"), "%s", err.text);
	unlink(path_a);
	pcm_release(&pcm);
}

/* A cut or damaged file of any format is an error or a sound within the cap, never a crash. */
static void check_damage(void)
{
	struct err err = ERR_INIT;
	struct pcm pcm = noise(300, 2);
	size_t i, tried = 0;
	int f, bounded = 1, kept;

	for (f = 0; f < AUDIO_N_FORMATS; f++) {
		struct audio_write_spec spec = spec_of(f, "{}");
		struct strbuf file = STRBUF_INIT(100000);

		if (write_file(path_a, &pcm, &spec, &err) != 0 || fs_read(path_a, &file, &err) != 0)
			exit(1);
		for (i = 0; i < file.len; i += i < 120 ? 1 : 41) {
			struct pcm back = PCM_INIT;
			FILE *out = fopen(path_b, "wb");
			char byte = (char)(file.buf[i] ^ 0x5A);

			if (!out)
				exit(1);
			if (i % 2)
				(void)!fwrite(file.buf, 1, i, out);
			else
				(void)!(fwrite(file.buf, 1, i, out) + fwrite(&byte, 1, 1, out) + fwrite(file.buf + i + 1, 1, file.len - i - 1, out));
			fclose(out);
			kept = mute_stderr();
			if (audio_read(path_b, 100000, &back, &err) == 0)
				bounded = bounded && back.n_frames <= 100000 && back.n_channels >= 1;
			give_stderr_back(kept);
			pcm_release(&back);
			tried++;
		}
		strbuf_release(&file);
		unlink(path_a);
	}
	unlink(path_b);
	OK(bounded && tried > 250, "%zu damaged files", tried);
	pcm_release(&pcm);
}

/* At every length at which the disk may be full the writer says so and leaves nothing. The limit on a file's size stands
 * for the disk: both end in a failed write, here with EFBIG. */
static void check_full_disk(void)
{
	struct pcm pcm = noise(10000, 1);
	struct rlimit limit, old;
	struct err err = ERR_INIT;
	uint64_t size = 0, at;
	int f;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	for (f = 0; f < AUDIO_N_FORMATS; f++) {
		struct audio_write_spec spec = spec_of(f, "{\"a\":1}");
		int said = 1, clean = 1;

		if (write_file(path_a, &pcm, &spec, &err) != 0 || fs_size(path_a, &size, &err) != 0)
			exit(1);
		unlink(path_a);
		for (at = 0; at < size; at += at < 200 ? 13 : at + 700 > size ? 11 : 997) {
			err.sys_errno = 0;
			limit = old;
			limit.rlim_cur = (rlim_t)at;
			setrlimit(RLIMIT_FSIZE, &limit);
			said = said && write_file(path_a, &pcm, &spec, &err) == -1 && err.sys_errno == EFBIG;
			setrlimit(RLIMIT_FSIZE, &old);
			clean = clean && !fs_exists(path_a);
			unlink(path_a);
		}
		OK(said, "%s: a write that fails at any byte is said, with its reason", audio_format_name((enum audio_format)f));
		OK(clean, "and leaves no file");
		limit = old;
		limit.rlim_cur = (rlim_t)size;
		setrlimit(RLIMIT_FSIZE, &limit);
		OK(write_file(path_a, &pcm, &spec, &err) == 0, "the exact size is enough");
		setrlimit(RLIMIT_FSIZE, &old);
		unlink(path_a);
	}
	pcm_release(&pcm);
}

static void check_names(void)
{
	enum audio_format f = AUDIO_WAV;

	OK(audio_format_find("flac", &f) == 0 && f == AUDIO_FLAC, "found");
	OK(audio_format_find("Flac", &f) == -1 && f == AUDIO_FLAC, "not found");
	IS_TEXT(audio_format_extension(AUDIO_WAV), ".wav", "extension");
	IS_NEAR(audio_guess_bytes(AUDIO_WAV, 24, 48000, 2, 10), 2880000, 0, "bytes of 10 s");
	OK(audio_guess_bytes(AUDIO_MP3, 0, 48000, 2, 10) < 320000 / 8 * 10, "less than the largest rate of mp3");
}

int main(void)
{
	(void)snprintf(root, sizeof root, "%s", "/tmp/mgbatch-audio-XXXXXX");
	if (!mkdtemp(root))
		return 1;
	(void)snprintf(path_a, sizeof path_a, "%s/a", root);
	(void)snprintf(path_b, sizeof path_b, "%s/b", root);
	check_quantising();
	check_round_trip();
	check_lossy();
	check_same_bytes();
	check_long_comment();
	check_refusals();
	check_damage();
	check_full_disk();
	check_names();
	OK(rmdir(root) == 0, "nothing is left behind");
	return tap_done();
}
