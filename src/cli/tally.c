#include "cli/tally.h"

static int64_t count(const struct tally *row, const void *of)
{
	return *(const int64_t *)(const void *)((const char *)of + row->offset);
}

void tally_lines(struct strbuf *out, const struct tally *rows, size_t n, const void *of)
{
	for (size_t i = 0; i < n; i++)
		if (count(&rows[i], of))
			strbuf_addf(out, "  %8lld %s\n", (long long)count(&rows[i], of), rows[i].say);
}

void tally_json(struct json_writer *w, const struct tally *rows, size_t n, const void *of)
{
	for (size_t i = 0; i < n; i++)
		json_put_int(w, rows[i].name, count(&rows[i], of));
}
