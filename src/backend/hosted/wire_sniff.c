/* What a sound is by its first bytes: a service's word for its type is not relied on (a CDN may say application/octet-stream). */
#include "backend/hosted/wire.h"

#include <string.h>

/* The header of an MPEG audio frame, layer III (ISO 11172-3 section 2.4.2.3): sync, a version, a bit rate and a sample rate that exist. */
static bool is_mp3_frame(const unsigned char *b)
{
	return b[0] == 0xFF && (b[1] & 0xE0) == 0xE0 && (b[1] & 0x18) != 0x08 && (b[1] & 0x06) == 0x02 && (b[2] & 0xF0) != 0xF0 &&
	       (b[2] & 0x0C) != 0x0C;
}

const char *wire_sniff(const unsigned char *bytes, size_t n)
{
	static const struct {
		const char *extension, *at_0;
		size_t n_more_at;  /* 0: nothing more is looked at */
		const char *more;
	} rows[] = {
		{ ".wav", "RIFF", 8, "WAVE" }, { ".wav", "RF64", 8, "WAVE" }, { ".flac", "fLaC", 0, "" },   { ".ogg", "OggS", 0, "" },
		{ ".mp3", "ID3", 0, "" },      { ".m4a", "", 4, "ftypM4A" },  { ".m4a", "", 4, "ftypM4B" }, { ".m4a", "", 4, "ftypmp4" },
		{ ".m4a", "", 4, "ftypiso" },  { ".m4a", "", 4, "ftypdash" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n_first = strlen(rows[i].at_0), n_more = strlen(rows[i].more), at = rows[i].n_more_at;

		if (n >= n_first && n >= at + n_more && memcmp(bytes, rows[i].at_0, n_first) == 0 && memcmp(bytes + at, rows[i].more, n_more) == 0)
			return rows[i].extension;
	}
	return n >= 4 && is_mp3_frame(bytes) ? ".mp3" : NULL;
}
