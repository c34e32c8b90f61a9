/* formats: the table of file formats, for this room alone; others ask by audio.h. */
#ifndef AUDIO_FORMATS_H
#define AUDIO_FORMATS_H

#include "audio/audio.h"

struct format_row {
	const char *name;
	const char *extension;
	int container;           /* libsndfile's; of a lossy format with the codec */
	uint64_t max_data_bytes; /* of the samples before packing; 0: no limit */
	bool is_lossy;
	double compression;      /* libsndfile's, 0 to 1; lossy formats only */
	int n_rates;             /* the first of the list of rates */
};

const struct format_row *format_row(enum audio_format f);

#endif
