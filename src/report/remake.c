#include "report/remake.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/text.h"

#include <string.h>

/* What a YAML reader refuses or takes for the end of a line, though JSON does not (YAML 1.2 5.1, 5.4; the old ends of line too). */
static bool needs_escape(uint32_t c)
{
	return (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

static void add_escaped(struct strbuf *out, const char *text, size_t len)
{
	size_t step;
	uint32_t c;

	for (size_t at = 0; (step = text_utf8_next(text + at, len - at, &c)) > 0; at += step) {
		if (needs_escape(c))
			strbuf_addf(out, "\\u%04x", (unsigned)c);
		else
			strbuf_add(out, text + at, step);
	}
}

/* A brace in a text is doubled, for text in a manifest is a template. */
static void add_text(struct strbuf *out, const char *text)
{
	struct strbuf doubled = STRBUF_INIT(2 * JOB_TEXT_MAX), quoted = STRBUF_INIT(4 * JOB_TEXT_MAX);

	for (; *text; text++) {
		if (*text == '{' || *text == '}')
			strbuf_addc(&doubled, *text);
		strbuf_addc(&doubled, *text);
	}
	json_quote(&quoted, doubled.buf, false);
	add_escaped(out, quoted.buf, quoted.len);
	strbuf_release(&doubled);
	strbuf_release(&quoted);
}

static void add_value(struct strbuf *out, const struct json *n)
{
	char number[TEXT_NUMBER_MAX];

	if (json_is_string(n))
		add_text(out, json_string(n, ""));
	else if (json_is_bool(n))
		strbuf_adds(out, json_bool(n, false) ? "true" : "false");
	else
		strbuf_adds(out, text_number(number, json_number(n, 0)));
}

/* What the lines cannot hold: folders of weights and paths differ from machine to machine, contents do not. */
static void add_needs(struct strbuf *out, const struct report_row *row, const char *backend)
{
	/* The row's own maker: a folder may hold jobs of several checkpoints. */
	strbuf_addf(out, "# made by %s\n", row->made_by);
	if (!strcmp(backend, "native"))
		strbuf_adds(out, "# (these weights: where they are not installed, name their folder by --checkpoint)\n");
	for (const struct json *n = json_first(json_member(json_root(row->canonical), "inputs")); n; n = json_next(n))
		strbuf_addf(out, "# %s: the file of SHA-256 %s; a path is relative to where this manifest lies\n", json_name(n),
			    json_string(n, ""));
}

void remake_row(struct strbuf *out, const struct report_row *row, const char *backend)
{
	const struct ledger_job *job = row->job;

	add_needs(out, row, backend);
	strbuf_addf(out, "version: 1\nname: job-%s\nbackend: %s\nparams:\n", job->id_text, backend);
	for (const struct json *n = json_first(json_root(row->params)); n; n = json_next(n)) {
		if (json_is_null(n))
			continue;
		strbuf_addf(out, "  %s: ", json_name(n));
		add_value(out, n);
		strbuf_addc(out, '\n');
	}
	if (!job->has_artifact)
		return;
	strbuf_addf(out, "output: {format: %s", job->format);
	if (job->bits != AUDIO_LOSSY_BITS)
		strbuf_addf(out, ", bits: %d", job->bits);
	if (job->rate_hz != job->model_rate_hz)
		strbuf_addf(out, ", rate: %d", job->rate_hz);
	strbuf_adds(out, "}\n");
}
