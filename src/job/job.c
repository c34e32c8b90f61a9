/*
 * job: what a job is, as text, as an id, as a seed. Pure functions of the job.
 *
 * The two prefixes below separate ids from seeds, and carry the version of the
 * canonical text: a change of its form must change them, and moves every job of
 * every ledger. Do not.
 */
#include "job/job.h"

#include "base/json_write.h"

#include <string.h>

#define JOB_PREFIX "mgbatch/job/1\n"
#define SEED_PREFIX "mgbatch/seed/1\n"

/* Derived seeds are 1..2^31-1: every API and every tool takes these, and none takes them as "random". */
#define DERIVED_SEED_MAX 2147483647u

/* ---- canonical text ------------------------------------------------------- */

struct said {
	const struct param *param;
	struct value value;
};

/* Effective values that are not neutral, by name; answers their number. Files enter by content, elsewhere. */
static int collect_said(const struct job *job, bool with_seed, struct said *said)
{
	int i, n = 0, n_params = card_n_params(job->card);

	for (i = 0; i < n_params; i++) {
		const struct param *p = card_param(job->card, i);
		struct value v = job_value(job, i);
		int at;

		if (p->type == PARAM_FILE || v.kind == VALUE_NONE || value_equal(&v, &p->neutral))
			continue;
		if (!with_seed && strcmp(p->name, "seed") == 0)
			continue;
		for (at = n; at > 0 && strcmp(said[at - 1].param->name, p->name) > 0; at--)
			said[at] = said[at - 1];
		said[at].param = p;
		said[at].value = v;
		n++;
	}
	return n;
}

/* The one input that a job may have stands under the name of the first file parameter that is said. */
static const char *input_name(const struct job *job)
{
	int i;

	for (i = 0; i < card_n_params(job->card); i++)
		if (card_param(job->card, i)->type == PARAM_FILE && job_value(job, i).kind != VALUE_NONE)
			return card_param(job->card, i)->name;
	return NULL;
}

static void write_canonical(const struct job *job, bool for_seed, struct strbuf *out)
{
	struct said said[CARD_PARAMS_MAX];
	const char *input = job->input_sha256 ? input_name(job) : NULL;
	struct json_writer w;
	int i, n = collect_said(job, !for_seed, said);

	json_begin(&w, out, 0);
	json_open_object(&w, NULL);
	if (input) {
		json_open_object(&w, "inputs");
		json_put_text(&w, input, job->input_sha256);
		json_close(&w);
	}
	if (!for_seed)
		json_put_text(&w, "made_by", job->maker->text);
	json_put_text(&w, "model", card_model(job->card));
	json_open_object(&w, "params");
	for (i = 0; i < n; i++)
		value_put(&w, said[i].param->name, &said[i].value);
	json_close(&w);
	json_close(&w);
}

void job_canonical(const struct job *job, struct strbuf *out)
{
	write_canonical(job, false, out);
}

void job_axes(const struct job *job, struct strbuf *out)
{
	struct json_writer w;

	json_begin(&w, out, 0);
	json_open_object(&w, NULL);
	for (int i = 0; i < job->n_axes; i++)
		json_put_text(&w, job->axes[i].name, job->axes[i].text);
	json_close(&w);
}

/* ---- ids and seeds -------------------------------------------------------- */

static void hash_canonical(const struct job *job, bool for_seed, const char *prefix, const char *suffix, unsigned char out[HASH_BYTES])
{
	struct strbuf text = STRBUF_INIT(JOB_TEXT_MAX);
	struct hash_state *st = hash_begin();

	write_canonical(job, for_seed, &text);
	if (!strbuf_ok(&text))
		BUG("a job's canonical text is longer than a manifest can make it");
	hash_add(st, prefix, strlen(prefix));
	hash_add(st, text.buf, text.len);
	hash_add(st, suffix, strlen(suffix));
	hash_end(st, out);
	strbuf_release(&text);
}

void job_identify(struct job *job)
{
	hash_canonical(job, false, JOB_PREFIX, "", job->id);
}

int64_t job_derived_seed(const struct job *job, int take)
{
	struct strbuf suffix = STRBUF_INIT(32);
	unsigned char hash[HASH_BYTES];
	uint64_t v = 0;
	int i;

	strbuf_addf(&suffix, "\n%d", take);
	hash_canonical(job, true, SEED_PREFIX, suffix.buf, hash);
	strbuf_release(&suffix);
	for (i = 0; i < 8; i++) /* big-endian; the bias of the remainder is below 2^-32 */
		v = v << 8 | hash[i];
	return (int64_t)(v % DERIVED_SEED_MAX) + 1;
}

void job_id_text(char out[JOB_ID_SIZE], const unsigned char id[HASH_BYTES])
{
	hash_base32(out, JOB_ID_CHARS, id);
}

/* ---- values --------------------------------------------------------------- */

struct value job_value(const struct job *job, int index)
{
	return param_effective(job->card, job->maker->backend, job->values, index);
}

static struct value value_by_name(const struct job *job, const char *name)
{
	struct value none = VALUE_NONE_INIT;
	int index = card_find(job->card, name);

	return index < 0 ? none : job_value(job, index);
}

double job_number(const struct job *job, const char *name, double fallback)
{
	struct value v = value_by_name(job, name);

	return v.kind == VALUE_NUMBER ? v.as.number : fallback;
}

const char *job_text(const struct job *job, const char *name, const char *fallback)
{
	struct value v = value_by_name(job, name);

	return v.kind == VALUE_TEXT ? v.as.text : fallback;
}

bool job_flag(const struct job *job, const char *name, bool fallback)
{
	struct value v = value_by_name(job, name);

	return v.kind == VALUE_BOOL ? v.as.flag : fallback;
}

double job_audio_seconds(const struct job *job)
{
	return job_number(job, "duration", 0);
}

int job_check_input(const struct job *job, struct err *err)
{
	int is_same = hash_file_is(job->input_path, job->input_sha256, err);

	if (is_same < 0)
		return -1;
	return is_same ? 0 : err_set(err, ERR_INPUT, "'%s' has changed since the manifest was read: run the manifest again", job->input_path);
}
