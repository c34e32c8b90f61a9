/* The half of wire.h that speaks: addresses and bodies. */
#include "backend/hosted/wire_inside.h"

#include "base/json_write.h"

#include <string.h>

/* ---- addresses ---------------------------------------------------------------- */

/* All but the unreserved characters of RFC 3986 section 2.3. */
void wire_percent(struct strbuf *out, const char *text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text; text++)
		if (strchr(unreserved, *text))
			strbuf_addc(out, *text);
		else
			strbuf_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

/* The name that stands at path[1..], of len bytes, in braces. */
static const char *name_of(const struct wire_names *names, const char *word, size_t len)
{
	const struct {
		const char *word, *value;
	} rows[] = {
		{ "model", names->model }, { "job", names->job }, { "asset", names->asset }, { "upload", names->upload },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strlen(rows[i].word) == len && memcmp(rows[i].word, word, len) == 0 && rows[i].value && *rows[i].value)
			return rows[i].value;
	BUG("an address wants '%.*s', which is not given", (int)len, word);
}

static void add_path(struct strbuf *out, const char *path, const struct wire_names *names)
{
	while (*path) {
		size_t n = strcspn(path, "{");

		strbuf_add(out, path, n);
		path += n;
		if (*path) {
			n = strcspn(path, "}");
			wire_percent(out, name_of(names, path + 1, n - 1));
			path += n + 1;
		}
	}
}

void wire_url(struct strbuf *out, const char *base, const char *path, const struct wire_names *names, const char *query)
{
	char between = strchr(path, '?') ? '&' : '?';

	strbuf_adds(out, base);
	add_path(out, path, names);
	if (names && names->project && *names->project) {
		strbuf_addc(out, between);
		strbuf_adds(out, "projectId=");
		wire_percent(out, names->project);
		between = '&';
	}
	if (query && *query) {
		strbuf_addc(out, between);
		strbuf_adds(out, query);
	}
}

/* ---- bodies --------------------------------------------------------------------- */

/* A default that asks for nothing: false, 0. */
static bool is_idle(const struct value *v, const struct value *fallback)
{
	return value_equal(v, fallback) && ((v->kind == VALUE_BOOL && !v->as.flag) || (v->kind == VALUE_NUMBER && v->as.number == 0));
}

void wire_submit_body(struct strbuf *out, const struct job *job, const char *asset_id)
{
	struct json_writer w;
	int i;

	json_begin(&w, out, 0);
	json_open_object(&w, NULL);
	for (i = 0; i < card_n_params(job->card); i++) {
		const struct param *p = card_param(job->card, i);
		struct value v = param_effective(job->card, PARAM_SCENARIO, job->values, i);

		if (v.kind == VALUE_NONE || is_idle(&v, &p->scope[PARAM_SCENARIO].fallback))
			continue;
		if (p->type != PARAM_FILE) {
			value_put(&w, p->name, &v);
		} else if (asset_id && *asset_id) { /* a job has one input: that of the first such row that is said (job_canonical) */
			json_put_text(&w, p->name, asset_id);
			asset_id = NULL;
		}
	}
	json_close(&w);
}

void wire_price_shape(struct strbuf *out, const struct job *job)
{
	struct json_writer w;
	int i;

	json_begin(&w, out, 0);
	json_open_object(&w, NULL);
	json_put_text(&w, "", card_hosted_model(job->card)); /* no row has that name */
	for (i = 0; i < card_n_params(job->card); i++) {
		const struct param *p = card_param(job->card, i);
		struct value v = param_effective(job->card, PARAM_SCENARIO, job->values, i);

		if (v.kind == VALUE_NONE || p->type == PARAM_TEXT || strcmp(p->name, "seed") == 0)
			continue;
		if (p->type == PARAM_FILE)
			json_put_bool(&w, p->name, true);
		else
			value_put(&w, p->name, &v);
	}
	json_close(&w);
}

void wire_upload_body(struct strbuf *out, const char *file_name, const char *mime, int64_t n_bytes, int n_parts)
{
	struct json_writer w;

	json_begin(&w, out, 0);
	json_open_object(&w, NULL);
	json_put_text(&w, "fileName", file_name);
	json_put_text(&w, "contentType", mime);
	json_put_text(&w, "kind", "audio");
	json_put_int(&w, "parts", n_parts);
	json_put_int(&w, "fileSize", n_bytes);
	json_close(&w);
}

void wire_action_body(struct strbuf *out, const char *action)
{
	struct json_writer w;

	json_begin(&w, out, 0);
	json_open_object(&w, NULL);
	json_put_text(&w, "action", action);
	json_close(&w);
}
