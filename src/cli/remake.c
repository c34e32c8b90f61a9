#include "cli/remake.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/text.h"

#include <string.h>

#define ROW_MAX (1u << 20) /* longest params text of one row that is read */

static void add_text(struct strbuf *out, const char *text)
{
	struct strbuf doubled = STRBUF_INIT(2 * ROW_MAX);

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

/* "native:<fingerprint>" of the row itself: a folder may hold jobs of several checkpoints. */
static int add_made_by(struct strbuf *out, const struct ledger_job *job, struct err *err)
{
	struct json_doc *doc = NULL;

	if (json_parse(&doc, job->canonical, strlen(job->canonical), ROW_MAX, "canonical text", ERR_LEDGER, err) < 0)
		return -1;
	strbuf_addf(out, "# made by %s\n", json_string(json_member(json_root(doc), "made_by"), ""));
	json_free(doc);
	return 0;
}

int remake_manifest(struct strbuf *out, const struct ledger_job *job, const char *backend, struct err *err)
{
	struct json_doc *doc = NULL;

	if (json_parse(&doc, job->params, strlen(job->params), ROW_MAX, "params", ERR_LEDGER, err) < 0)
		return -1;
	if (add_made_by(out, job, err) < 0) {
		json_free(doc);
		return -1;
	}
	strbuf_addf(out, "version: 1\nname: job-%s\nbackend: %s\nparams:\n", job->id_text, backend);
	for (const struct json *n = json_first(json_root(doc)); n; n = json_next(n)) {
		if (json_is_null(n))
			continue;
		strbuf_addf(out, "  %s: ", json_name(n));
		add_value(out, n);
		strbuf_addc(out, '\n');
	}
	if (job->has_artifact)
		strbuf_addf(out, "output: {format: %s, bits: %d}\n", job->format, job->bits);
	json_free(doc);
	return 0;
}
