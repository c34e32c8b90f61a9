/*
 * fuzz_tokenizer: any bytes as a text to encode, up to the first newline, and a tokenizer.json behind it; or, where the first
 * byte is a C, as a text of the length that the second byte says and the bytes of a precompiled character map.
 *
 * Holds: every id is one that the tokenizer said it could give, the last is </s>, and a second encoding gives the same.
 */
#include "base/mem.h"
#include "engine/charsmap.h"
#include "engine/tokenizer.h"
#include "folder.h"

#include <stdint.h>

#define TEXT_MAX 2000
#define IDS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *base64(const uint8_t *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = mem_zalloc(len / 3 * 4 + 5, 1), *at = text;

	for (size_t i = 0; i < len; i += 3) {
		unsigned long bits = (unsigned long)bytes[i] << 16;

		if (i + 1 < len)
			bits |= (unsigned long)bytes[i + 1] << 8;
		if (i + 2 < len)
			bits |= bytes[i + 2];
		for (size_t k = 0; k < 4; k++)
			*at++ = i + k > len ? '=' : digits[bits >> (18 - 6 * k) & 63];
	}
	return text;
}

static void try_map(const uint8_t *data, size_t size)
{
	size_t len = size && data[0] < size ? data[0] : 0;
	struct strbuf out = STRBUF_INIT(1 << 20);
	struct charsmap *map = NULL;
	struct err err = ERR_INIT;
	char *text, *code;

	if (size < 1)
		return;
	text = mem_strndup((const char *)data + 1, len);
	code = base64(data + 1 + len, size - 1 - len);
	if (charsmap_open(&map, code, &err) == 0)
		charsmap_apply(map, text, strlen(text), &out);
	charsmap_close(map);
	strbuf_release(&out);
	free(code);
	free(text);
}

static void try_text(const struct tokenizer *t, const char *text)
{
	int *ids = mem_zalloc(IDS_MAX, sizeof *ids), *again = mem_zalloc(IDS_MAX, sizeof *again), n, n_again;
	struct err err = ERR_INIT;

	if (tokenizer_encode(t, text, ids, IDS_MAX, &n, &err) == 0) {
		if (n < 1 || n > IDS_MAX || ids[n - 1] != TOKENIZER_END_ID)
			abort();
		for (int i = 0; i < n; i++)
			if (ids[i] < 0 || ids[i] > tokenizer_max_id(t))
				abort();
		if (tokenizer_encode(t, text, again, IDS_MAX, &n_again, &err) || n != n_again || memcmp(ids, again, (size_t)n * sizeof *ids))
			abort();
	} else if (!err.text[0]) {
		abort();
	}
	free(ids);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size < TEXT_MAX ? size : TEXT_MAX) : NULL;
	size_t len = end ? (size_t)(end - data) : 0;
	struct tokenizer *t = NULL;
	struct err err = ERR_INIT;
	char path[FUZZ_PATH_SIZE], *text;

	if (size && data[0] == 'C') {
		try_map(data + 1, size - 1);
		return 0;
	}
	fuzz_put("tokenizer.json", end ? end + 1 : data, end ? size - len - 1 : size);
	fuzz_path(path, "tokenizer.json");
	if (tokenizer_open(&t, path, &err))
		return 0;
	text = mem_strndup((const char *)data, len);
	try_text(t, text);
	free(text);
	tokenizer_close(t);
	return 0;
}
