#include "engine/charsmap.h"

#include "base/mem.h"
#include "engine/grapheme.h"
#include "engine/utf8.h"

#include <stdint.h>
#include <string.h>

#define SHORT_CLUSTER_MAX 5 /* bytes; the `tokenizers` library's constant */

struct charsmap {
	uint32_t *units;
	size_t n_units;
	char *replacements; /* with a NUL behind the last */
	size_t n_bytes;
};

/* ---- base64 (RFC 4648 section 4) ----------------------------------------------------------------------- */

static int base64_value(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Bytes written to out (room for 3/4 of len), or -1. */
static long base64_decode(unsigned char *out, const char *text, size_t len)
{
	unsigned char table[256];
	uint32_t bits = 0;
	long n = 0;

	for (int c = 0; c < 256; c++) {
		int value = base64_value((char)c);

		table[c] = value < 0 ? 255 : (unsigned char)value;
	}
	if (len % 4)
		return -1;
	while (len && text[len - 1] == '=')
		len--;
	if (len % 4 == 1)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (table[(unsigned char)text[i]] == 255)
			return -1;
		bits = bits << 6 | table[(unsigned char)text[i]];
		if (i % 4)
			out[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
	}
	return n;
}

/* ---- opening ------------------------------------------------------------------------------------------------ */

static uint32_t read_u32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int split_parts(struct charsmap *map, const unsigned char *bytes, size_t len, struct err *err)
{
	size_t trie = len < 4 ? 0 : read_u32(bytes);

	if (len < 8 || trie > len - 4 || trie < 4 || trie % 4)
		return err_set(err, ERR_MODEL, "the character map of the normaliser has %zu bytes and says that %zu are its trie: it is damaged",
			       len, trie);
	map->n_units = trie / 4;
	map->units = mem_zalloc(map->n_units, sizeof *map->units);
	for (size_t i = 0; i < map->n_units; i++)
		map->units[i] = read_u32(bytes + 4 + 4 * i);
	map->n_bytes = len - 4 - trie;
	map->replacements = mem_strndup((const char *)bytes + 4 + trie, map->n_bytes);
	return 0;
}

int charsmap_open(struct charsmap **ret, const char *base64, struct err *err)
{
	size_t len = strlen(base64);
	unsigned char *bytes = mem_alloc(len + 1);
	struct charsmap *map = mem_zalloc(1, sizeof *map);
	long n = base64_decode(bytes, base64, len);
	int rc;

	if (n < 0)
		rc = err_set(err, ERR_MODEL, "the character map of the normaliser is no base64");
	else
		rc = split_parts(map, bytes, (size_t)n, err);
	free(bytes);
	if (rc) {
		charsmap_close(map);
		return -1;
	}
	*ret = map;
	return 0;
}

void charsmap_close(struct charsmap *map)
{
	if (!map)
		return;
	free(map->units);
	free(map->replacements);
	free(map);
}

/* ---- the trie: a unit has a label (8 bits), an offset to its children, and whether a value is among them ------- */

static uint32_t unit_offset(uint32_t u)
{
	return (u >> 10) << ((u & 0x200) >> 6);
}

static int unit_has_value(uint32_t u)
{
	return u & 0x100 ? 1 : 0;
}

static uint32_t unit_label(uint32_t u)
{
	return u & 0x800000ff; /* a value's unit has the top bit set: no byte equals it */
}

/* The replacement of the shortest beginning of s that is in the map, or NULL. */
static const char *replacement_of(const struct charsmap *map, const char *s, size_t len)
{
	size_t at = unit_offset(map->units[0]);

	for (size_t i = 0; i < len; i++) {
		uint32_t byte = (unsigned char)s[i], unit, where;

		at ^= byte;
		if (byte == 0 || at >= map->n_units)
			return NULL;
		unit = map->units[at];
		if (unit_label(unit) != byte)
			return NULL;
		at ^= unit_offset(unit);
		if (at >= map->n_units)
			return NULL;
		if (unit_has_value(unit)) {
			where = map->units[at] & 0x7fffffff;
			return where < map->n_bytes ? map->replacements + where : "";
		}
	}
	return NULL;
}

static bool replace(const struct charsmap *map, const char *s, size_t len, struct strbuf *out)
{
	const char *replacement = replacement_of(map, s, len);

	if (replacement)
		strbuf_adds(out, replacement);
	return replacement != NULL;
}

void charsmap_apply(const struct charsmap *map, const char *text, size_t len, struct strbuf *out)
{
	for (size_t i = 0; i < len;) {
		size_t cluster = grapheme_length(text + i, len - i), end = i + cluster, step;
		uint32_t code;

		if (cluster <= SHORT_CLUSTER_MAX && replace(map, text + i, cluster, out)) {
			i = end;
			continue;
		}
		for (; i < end; i += step) {
			step = utf8_next(text + i, end - i, &code);
			if (!replace(map, text + i, step, out))
				strbuf_add(out, text + i, step);
		}
	}
}
