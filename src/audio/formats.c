/* The file formats: what each is called, holds and costs. */
#include "audio/formats.h"

#include <sndfile.h>
#include <string.h>

#define WAV_DATA_MAX UINT64_C(4290000000) /* sizes in RIFF have 32 bits; some room for header and tag */

/*
 * libsndfile's compression level: of Vorbis 1 - quality / 10, of mp3 with a variable bit rate LAME's -V / 10.
 */
#define VORBIS_QUALITY 6
#define LAME_V 2

/*
 * The rates that sound cards and files have (MPEG-1, 2 and 2.5 know the first nine and no other; the rest are
 * multiples of 32, 44.1 and 48 kHz). libFLAC and libvorbis take all of them; above 65,535 Hz libFLAC wants multiples
 * of 10, and libvorbis ends at 200,000.
 */
static const int rates[] = { 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000 };
#define N_RATES ((int)(sizeof rates / sizeof *rates))
#define N_MPEG_RATES 9

/*
 * Bytes a second of one channel of a lossy file: 110 kb/s, the nominal rate of libvorbis for one channel at quality 6
 * and 44.1 kHz (two take 192). LAME's -V 2 takes about 95 a channel.
 */
#define LOSSY_BYTES_PER_S (110000.0 / 8)

static const struct format_row formats[AUDIO_N_FORMATS] = {
	[AUDIO_WAV] = { "wav", ".wav", SF_FORMAT_WAV, WAV_DATA_MAX, false, 0, N_RATES },
	[AUDIO_FLAC] = { "flac", ".flac", SF_FORMAT_FLAC, 0, false, 0, N_RATES },
	[AUDIO_OGG] = { "ogg", ".ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0, true, 1 - VORBIS_QUALITY / 10.0, N_RATES },
	[AUDIO_MP3] = { "mp3", ".mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 0, true, LAME_V / 10.0, N_MPEG_RATES },
};

const struct format_row *format_row(enum audio_format f)
{
	if ((unsigned)f >= AUDIO_N_FORMATS)
		BUG("format %d", (int)f);
	return &formats[f];
}

const char *audio_format_name(enum audio_format f)
{
	return format_row(f)->name;
}

const char *audio_format_extension(enum audio_format f)
{
	return format_row(f)->extension;
}

int audio_format_find(const char *name, enum audio_format *ret)
{
	int i;

	for (i = 0; i < AUDIO_N_FORMATS; i++) {
		if (strcmp(name, formats[i].name) == 0) {
			*ret = (enum audio_format)i;
			return 0;
		}
	}
	return -1;
}

bool audio_format_is_lossy(enum audio_format f)
{
	return format_row(f)->is_lossy;
}

int audio_format_rates(enum audio_format f, const int **ret)
{
	*ret = rates;
	return format_row(f)->n_rates;
}

double audio_guess_bytes(enum audio_format f, int bits, int rate_hz, int n_channels, double seconds)
{
	double per_channel = format_row(f)->is_lossy ? LOSSY_BYTES_PER_S : (double)rate_hz * bits / 8;

	return seconds * n_channels * per_channel;
}
