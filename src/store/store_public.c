/*
 * store_public: the checkpoints that Meta has published, as facebook/musicgen-VERSION on the model hub, and what is said of licences.
 *
 * Bytes: the weights that inference uses in single precision, computed from the models' shapes (LM, projections, T5-base encoder, EnCodec).
 * Where a version is published in half precision it has half of that.
 */
#include "store/store_inside.h"

#include "base/fs.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define README_BYTES_MAX ((size_t)1 << 20) /* the public ones have some 10 KiB */

static const struct {
	const char *version;
	uint64_t mb; /* 10^6 bytes */
} versions[] = {
	{ "small", 2350 }, { "medium", 8030 }, { "large", 13700 }, { "melody", 6210 }, { "melody-large", 10480 },
	{ "stereo-small", 2420 }, { "stereo-medium", 8130 }, { "stereo-large", 13830 }, { "stereo-melody", 6310 }, { "stereo-melody-large", 10610 },
};

#define N_VERSIONS ((int)(sizeof versions / sizeof *versions))

const char *store_public_at(int i)
{
	return i < N_VERSIONS ? versions[i].version : NULL;
}

uint64_t store_public_bytes(const char *version)
{
	for (int i = 0; i < N_VERSIONS; i++)
		if (!strcmp(versions[i].version, version))
			return versions[i].mb * 1000000;
	return 0;
}

/* ---- the licence ---------------------------------------------------------------------- */

/* The value of "license: cc-by-nc-4.0", with or without quotes; what is no such name is not taken. */
static void read_value(char out[STORE_LICENCE_SIZE], const char *value, size_t len)
{
	size_t n;

	while (len > 0 && strchr(" \t\"'", *value))
		value++, len--;
	for (n = 0; n < len && n < STORE_LICENCE_SIZE - 1; n++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789.-+_", value[n]))
			break;
	if (n == 0 || (n < len && !strchr(" \t\r\"'#", value[n])))
		return;
	memcpy(out, value, n);
	out[n] = '\0';
}

/* The lines between two of "---" at the top, as the hub's model cards have them. */
void store_read_licence(char out[STORE_LICENCE_SIZE], const char *dir)
{
	static const char key[] = "license:";
	struct strbuf text = STRBUF_INIT(README_BYTES_MAX);
	char *path = fs_join(dir, "README.md");
	struct err ignored = ERR_INIT;
	const char *line;

	out[0] = '\0';
	if (fs_is_file(path) && fs_read(path, &text, &ignored) == 0 && text_starts_with(text.buf, "---"))
		for (line = strchr(text.buf, '\n'); line && !text_starts_with(line, "\n---"); line = strchr(line + 1, '\n'))
			if (text_starts_with(line + 1, key))
				read_value(out, line + sizeof key, strcspn(line + sizeof key, "\n"));
	strbuf_release(&text);
	free(path);
}
