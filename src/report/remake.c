#include "report/remake.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/text.h"

#include <string.h>

/* A brace in a text is doubled, for text in a manifest is a template. */
static void add_text(struct strbuf *out, const char *text)
{
	struct strbuf doubled = STRBUF_INIT(2 * ROW_TEXT_MAX);

	for (; *text; text++) {
		if (*text == '{' || *text == '}')
			strbuf_addc(&doubled, *text);
		strbuf_addc(&doubled, *text);
	}
	json_quote(out, doubled.buf, false);
	strbuf_release(&doubled);
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

void remake_row(struct strbuf *out, const struct report_row *row, const char *backend)
{
	const struct ledger_job *job = row->job;

	/* The row's own maker: a folder may hold jobs of several checkpoints. */
	strbuf_addf(out, "# made by %s\nversion: 1\nname: job-%s\nbackend: %s\nparams:\n", row->made_by, job->id_text, backend);
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
